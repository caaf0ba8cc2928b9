/* SPDX-License-Identifier: BSD-2-Clause */
/* What our object inside pppd says of the link; see pppd-plugin/wire.h. */
#ifndef RASDIAL_DRIVER_PPPD_STATE_H
#define RASDIAL_DRIVER_PPPD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/driver.h"

struct pppd_state {
	pid_t pid;        /* 0: nothing is known */
	uint64_t started; /* see process_started() */
	unsigned phase;   /* enum wire_phase */
	char ifname[16];
	bool has_ip4, has_ip6;
	struct ras_addr addrs[8];
	size_t n_addrs;
	bool master, joined; /* of a bundle */
	bool heard, ip_rejected, peer_ended;
	int mschap_error, reason;
	int exit_status; /* -1: has not ended */
};
#define PPPD_STATE_NONE ((struct pppd_state){.exit_status = -1})

enum pppd_message { PPPD_MESSAGE_STATE, PPPD_MESSAGE_ASK };

/* Reads one message, which is NUL-ended and changed. Returns its kind with ret filled for a state, or -EBADMSG and
 * ret untouched. */
int pppd_message_parse(char *text, struct pppd_state *ret);

/* Reads the file that the object keeps. Returns 0, -ENOENT, or -EBADMSG. */
int pppd_state_read(int dirfd, const char *file, struct pppd_state *ret);

#endif
