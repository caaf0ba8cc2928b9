/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel tells of a network interface (rtnetlink). Each call opens and closes its own socket. */
#ifndef RASDIAL_SYS_NETLINK_H
#define RASDIAL_SYS_NETLINK_H

#include <stdint.h>

struct netlink_stats {
	uint64_t in_octets, out_octets;
	uint64_t in_packets, out_packets;
	uint64_t in_errors, out_errors;
};

/* 64-bit counters of an interface. Returns 0, -ENODEV if it is gone, or negative errno. Any thread; microseconds. */
int netlink_stats(unsigned ifindex, struct netlink_stats *ret);

#endif
