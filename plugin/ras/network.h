/* SPDX-License-Identifier: BSD-2-Clause */
/* What a link brings to this host while it is up: routes through it, and the scripts of the operator. The same for all
 * drivers. What was done is in the record of the link before it is done, so that it can be undone by whoever comes to
 * the end of the link: also after a crash, with another configuration, or when the interface is gone.
 *
 * All of it runs in the dial thread. */
#ifndef RASDIAL_RAS_NETWORK_H
#define RASDIAL_RAS_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ras/driver.h"
#include "sys/record.h"

struct call_network {
	unsigned ifindex; /* of the interface that routes lead through */
	char ifname[16];  /* also once it is gone: scripts are told */
	uint32_t index;   /* likewise, by which the entry went then */
	struct ras_addr *routes;
	size_t n_routes;
	char *down_script; /* owed at the end; NULL: none */
	pid_t script_pid;  /* script that runs, or ran when an earlier agent was killed; 0: none */
	uint64_t script_started;
};

/* After dial of the driver, before the link counts as up: sets routes, runs up-script, owes down-script. Returns 0, or
 * negative with ras_call_fail() said, or what ras_call_wait() returned; network_down() undoes what was done until then.
 */
int network_up(struct ras_call *call);

/* After hang_up of the driver: ends a script that an earlier agent left, removes routes, runs down-script if it is
 * owed. What does not work is logged. */
void network_down(struct ras_call *call);

/* Fields of the record; those of an earlier agent. */
void network_put(const struct ras_call *call, struct record_writer *w);
void network_restore(struct ras_call *call, const struct record *r);

/* Forgets, and undoes nothing. */
void network_clear(struct ras_call *call);

#endif
