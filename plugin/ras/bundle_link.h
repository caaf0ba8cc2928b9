/* SPDX-License-Identifier: BSD-2-Clause */
/* A bundle and its links, between the two files that make them: bundle.c and bundle_link.c. */
#ifndef RASDIAL_RAS_BUNDLE_LINK_H
#define RASDIAL_RAS_BUNDLE_LINK_H

#include "ras/bundle.h"

enum link_orders { LINK_LIVE, LINK_HANG_UP, LINK_RELEASE };

/* A link and its thread. */
struct bundle_link {
	struct bundle *bundle;
	struct ras_call line; /* what its driver works on */
	struct ras_entry *entry;
	struct record record; /* adopted: the fields of its driver */
	pthread_t thread;
	bool running;
	bool adopts;
	atomic_int orders; /* enum link_orders */
	uint32_t tried;    /* attempts since the bundle was dialed or the link was up */

	/* bundle.lock */
	bool up;      /* until it is known why it ended */
	bool counts;  /* its driver can be asked for traffic */
	bool settled; /* its first attempt has come to an end */
};

struct bundle {
	struct ras_call *call;
	int event_fd;            /* something has changed at a link */
	pthread_mutex_t lock;    /* before conn.lock */
	struct ras_error last;   /* of the link that ended last */
	struct ras_traffic gone; /* of links that are no longer up */
	struct bundle_link links[BUNDLE_LINKS_MAX];
	size_t n;
};

/* What is shown of a link; NULL: it has no row. conn.lock held. */
struct ras_link *bundle_row(struct ras_conn *conn, uint32_t subentry);

/* All that the thread of a link does. arg: the struct bundle_link. */
void *bundle_link_main(void *arg);

#endif
