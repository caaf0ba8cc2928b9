/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hosts. getaddrinfo() waits for name servers as long as it likes and cannot be woken, so it runs in a child:
 * getent(1) of the C library. */
#ifndef RASDIAL_SYS_RESOLVE_H
#define RASDIAL_SYS_RESOLVE_H

#include <net/if.h>
#include <netinet/in.h>

#include "sys/process.h"

#define RESOLVE_MAX 4                                     /* addresses of a host that are looked at */
#define RESOLVE_ADDR_MAX (INET6_ADDRSTRLEN + IF_NAMESIZE) /* with the interface of a link-local one */
#define RESOLVE_LONGEST_MS 60000                          /* then the child is given up */

/* A look-up under way. */
struct resolve {
	struct process child;
	int fd; /* what it writes; -1: none is under way */
	char text[1024];
	size_t len;
	int64_t begin;
};
#define RESOLVE_NONE ((struct resolve){.child = {.pidfd = -1, .status = -1}, .fd = -1})

/* The addresses of a host as texts, in the order in which they should be tried. Waits for them until the given moment
 * of clock_mono_ms(); a look-up that takes longer goes on, and the next call (with the same host) comes back to it.
 * Returns how many there are, -EINPROGRESS (ask again), -ENOENT (none is known), -ETIMEDOUT (RESOLVE_LONGEST_MS are
 * over) or another negative errno. */
int resolve(struct resolve *r, const char *host, int64_t until_ms, char ret[RESOLVE_MAX][RESOLVE_ADDR_MAX]);

/* Gives up what is under way. Waits a moment for the end of the child. */
void resolve_stop(struct resolve *r);

#endif
