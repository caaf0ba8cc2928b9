/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to the master agent: a transport of our own for libnetsnmp, whose own ones connect and write for as long as
 * it takes. This one waits at most MASTER_WAIT_MS, so that a master that is frozen, silent or not there never holds the
 * loop for long, and it is close-on-exec. */
#ifndef RASDIAL_AGENT_MASTER_H
#define RASDIAL_AGENT_MASTER_H

#include <stdbool.h>

#define MASTER_WAIT_MS 1000

/* What to give libnetsnmp as the address of the master (NETSNMP_DS_AGENT_X_SOCKET). */
#define MASTER_X_SOCKET "rasdial:"

/* Makes the transport known to libnetsnmp, before init_snmp(). address: unix:PATH, tcp:HOST:PORT or
 * tcp6:[ADDRESS]:PORT; NULL: the socket that net-snmp was built for. It is copied. Once in the life of a process.
 * Returns 0, -EINVAL (none of these) or -ENOMEM. */
int master_init(const char *address);

/* The address, for messages. */
const char *master_address(void);

/* Tells that a session stands, so that the next failure is worth a line again. Returns whether something that was sent
 * in the session before was never read. */
bool master_reached(void);

/* Ends the session that stands; the library hears of it in the next turn of the loop and makes another one. */
void master_leave(void);

/* Frees everything; after the end of the library. */
void master_close(void);

#endif
