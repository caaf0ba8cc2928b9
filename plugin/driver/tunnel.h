/* SPDX-License-Identifier: BSD-2-Clause */
/* What links through a tunnel have in common (pptp, l2tp): a server, which is looked up anew for each attempt, and the
 * addresses at both ends of the tunnel. Both programs that make tunnels know IPv4 only. */
#ifndef RASDIAL_DRIVER_TUNNEL_H
#define RASDIAL_DRIVER_TUNNEL_H

#include <netinet/in.h>

#include "driver/pppd.h"

/* What goes through a tunnel must fit into a packet that carries it. */
#define TUNNEL_MTU 1400

/* Can the text be the name or the IPv4 address of a host? Returns 0, or -EINVAL with ret_error filled: 749, or 723 if
 * it is too long. */
int tunnel_check_server(const char *server, struct ras_error *ret_error);

/* The check of both drivers. */
int tunnel_check(const struct ras_entry *entry, struct ras_error *ret_error);

/* Looks up the server of the call and the way to it; notes both ends of the tunnel in link and record. Returns 0 and
 * the address as text, or negative with ras_call_fail() said (868 without an address, 800 without a way), or what
 * ras_call_wait() returned. */
int tunnel_find_server(struct ras_call *call, struct pppd_link *link, char ret[INET_ADDRSTRLEN]);

/* Takes from the record what the former did; ends a look-up that is still under way. Returns 0, or the shortage
 * (file_shortage()) for which it is called again. */
int tunnel_restore(struct ras_call *call, struct pppd_link *link, const struct record *record);

/* Address of the server as text; "" before it is known. */
void tunnel_server(const struct pppd_link *link, char ret[INET_ADDRSTRLEN]);

#endif
