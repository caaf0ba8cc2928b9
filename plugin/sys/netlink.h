/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells of a network interface, and routes through it (rtnetlink). Each call opens and closes its own
 * socket. */
#ifndef RASDIAL_SYS_NETLINK_H
#define RASDIAL_SYS_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

struct netlink_stats {
	uint64_t in_octets, out_octets;
	uint64_t in_packets, out_packets;
	uint64_t in_errors, out_errors;
};

/* 64-bit counters of an interface. Returns 0, -ENODEV if it is gone, or negative errno. Any thread; microseconds. */
int netlink_stats(unsigned ifindex, struct netlink_stats *ret);

/* A route straight through an interface, without a gateway. */
struct netlink_route {
	int family; /* AF_INET, AF_INET6 */
	uint8_t prefix_len;
	uint8_t destination[16]; /* 4 octets for AF_INET */
	unsigned ifindex;
};

/* Adds a route to the main table, marked as ours (protocol NETLINK_PROTOCOL). Returns 0, -EEXIST if there is one for
 * this destination already, -EPERM, -ENODEV, or negative errno. */
int netlink_route_add(const struct netlink_route *route);

/* Removes it, and never one that is not ours. Returns 0, -ESRCH or -ENODEV if there is none, or negative errno. */
int netlink_route_remove(const struct netlink_route *route);

/* Is there a default route through this interface, whoever has set it? Reads the whole table. */
bool netlink_has_default(unsigned ifindex, int family);

#define NETLINK_PROTOCOL 114 /* rtm_protocol of our routes: "ip route show proto 114" */

#endif
