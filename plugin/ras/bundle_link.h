/* SPDX-License-Identifier: BSD-2-Clause */
/* A bundle and its links, between the files that make them: bundle.c, bundle_link.c, bundle_adopt.c, bundle_load.c. */
#ifndef RASDIAL_RAS_BUNDLE_LINK_H
#define RASDIAL_RAS_BUNDLE_LINK_H

#include "ras/bundle.h"
#include "ras/load.h"

#define BUNDLE_SAMPLE_MS 500 /* how often the traffic of links, and of the bundle, is read */

enum link_orders {
	LINK_LIVE,
	LINK_HANG_UP,
	LINK_RELEASE,
	LINK_DROP, /* hang up: the load does not need it */
};

/* A link and its thread. */
struct bundle_link {
	struct bundle *bundle;
	uint32_t subentry;
	struct ras_entry *entry;
	struct ras_call *line; /* what its driver works on (bundle.lock for others than its thread) */
	int wake_fd;
	pthread_t thread;
	bool running;      /* has a thread to be joined; the bundle's, of the carrier bundle.lock */
	atomic_int orders; /* enum link_orders */
	uint32_t tried;    /* attempts since the bundle was dialed or the link was up */

	/* bundle.lock */
	bool up;      /* until it is known why it ended */
	bool settled; /* its first attempt has come to an end, or it is adopted */
	bool ended;   /* its thread has nothing more to do */

	uint32_t in_vain; /* how often it was added for the load since it was up */
};

struct bundle {
	struct ras_call *call;
	bool adopts;             /* of an earlier agent, and was up */
	int event_fd;            /* something has changed at a link */
	pthread_mutex_t lock;    /* before conn.lock */
	struct ras_error last;   /* of the link that ended last */
	bool lost;               /* with what carried the links */
	struct ras_traffic gone; /* of lines that are no longer there */
	struct bundle_link links[BUNDLE_LINKS_MAX];
	size_t n;

	/* A line that was lost and still carries the others: its link goes on with another one. */
	struct bundle_link carrier;

	struct bundle_load load; /* dialAsNeeded */
};

/* What is shown of a link; NULL: it has no row. conn.lock held. */
struct ras_link *bundle_row(struct ras_conn *conn, uint32_t subentry);

/* ---- bundle.c; the bundle's thread ---- */

/* A bundle without links, as the data of the call. NULL: the call has failed. */
struct bundle *bundle_new(struct ras_call *call);

/* Without threads. */
void bundle_free(struct bundle *b);

/* Adds a link, which takes the entry (NULL: there was no memory for it). Returns NULL without memory. */
struct bundle_link *bundle_add_link(struct bundle *b, uint32_t subentry, struct ras_entry *entry);

/* Rows for the links there are now; one that was there before goes on with its counters. Returns 0 or -ENOMEM. */
int bundle_make_rows(struct bundle *b);

/* Lets the thread of a link go. Returns 0, or negative with ras_call_fail() said for the bundle. */
int bundle_start_link(struct bundle_link *link);
void bundle_order_link(struct bundle_link *link, enum link_orders orders);

/* Waits for the first link that is up, or for the last one to fail. Returns 0, or negative: the call must end. */
int bundle_come_up(struct bundle *b);

/* ---- bundle_link.c ---- */

/* A fresh line of a link. NULL without memory. */
struct ras_call *bundle_line_new(struct bundle_link *link);

/* Takes NULL, returns NULL. */
struct ras_call *bundle_line_free(struct ras_call *line);

/* All that the threads of a link and of the carrier do. arg: the struct bundle_link. */
void *bundle_link_main(void *arg);
void *bundle_carrier_main(void *arg);

/* ---- bundle_adopt.c: as adopt of a driver ---- */

int bundle_adopt(struct ras_call *call, const struct record *record, bool up);

/* The fields of the bundle itself: how many links, number, traffic of lines that are gone. bundle.lock held. */
void bundle_note(struct bundle *b);

/* ---- bundle_load.c ---- */

/* One look at the load, every BUNDLE_SAMPLE_MS: adds or drops a link. */
void bundle_balance(struct bundle *b);

#endif
