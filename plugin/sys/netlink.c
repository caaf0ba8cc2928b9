/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/netlink.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/fd.h"
#include "sys/macro.h"

#define REPLY_MAX 4096

struct stats_request {
	struct nlmsghdr header;
	struct if_stats_msg stats;
};

static int send_message(int fd, const struct nlmsghdr *message)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (sendto(fd, message, message->nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

/* ---- counters ---- */

static int send_request(int fd, unsigned ifindex)
{
	struct stats_request request = {
		.header = {.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETSTATS, .nlmsg_flags = NLM_F_REQUEST},
		.stats = {.ifindex = ifindex, .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)},
	};

	return send_message(fd, &request.header);
}

static void copy_stats(const char *data, size_t size, struct netlink_stats *ret)
{
	struct rtnl_link_stats64 s = {};

	/* Later kernels may have more counters at the end, earlier ones fewer. */
	memcpy(&s, data, MIN(size, sizeof(s)));
	*ret = (struct netlink_stats){
		.in_octets = s.rx_bytes,
		.out_octets = s.tx_bytes,
		.in_packets = s.rx_packets,
		.out_packets = s.tx_packets,
		.in_errors = s.rx_errors,
		.out_errors = s.tx_errors,
	};
}

/* Finds the counters among the attributes of an answer. */
static int parse_stats(const struct nlmsghdr *header, struct netlink_stats *ret)
{
	size_t offset = NLMSG_SPACE(sizeof(struct if_stats_msg));
	const char *message = (const char *)header;
	struct nlattr attr;

	while (offset + sizeof(attr) <= header->nlmsg_len) {
		memcpy(&attr, message + offset, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > header->nlmsg_len - offset)
			return -EBADMSG;
		if ((attr.nla_type & NLA_TYPE_MASK) == IFLA_STATS_LINK_64) {
			copy_stats(message + offset + sizeof(attr), attr.nla_len - sizeof(attr), ret);
			return 0;
		}
		offset += NLMSG_ALIGN((size_t)attr.nla_len);
	}
	return -ENODATA;
}

static int receive_stats(int fd, struct netlink_stats *ret)
{
	_Alignas(struct nlmsghdr) char reply[REPLY_MAX];
	const struct nlmsghdr *header = (const struct nlmsghdr *)reply;
	const struct nlmsgerr *error;
	ssize_t n;

	/* The kernel answers within the send, so the answer is here or will never be. */
	n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	if (!NLMSG_OK(header, (size_t)n))
		return -EBADMSG;

	if (header->nlmsg_type == NLMSG_ERROR && header->nlmsg_len >= NLMSG_LENGTH(sizeof(*error))) {
		error = NLMSG_DATA(header);
		return error->error < 0 ? error->error : -EBADMSG;
	}
	if (header->nlmsg_type != RTM_NEWSTATS || header->nlmsg_len < NLMSG_LENGTH(sizeof(struct if_stats_msg)))
		return -EBADMSG;
	return parse_stats(header, ret);
}

static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd_high(fd);
}

int netlink_stats(unsigned ifindex, struct netlink_stats *ret)
{
	_cleanup_fd_ int fd = -1;
	int r;

	if (ifindex == 0 || ifindex > INT_MAX)
		return -ENODEV;

	fd = open_socket();
	if (fd < 0)
		return fd;

	r = send_request(fd, ifindex);
	if (r < 0)
		return r;
	return receive_stats(fd, ret);
}

/* ---- routes ---- */

#define DUMP_MAX 8192 /* octets of a part of an answer */

struct route_request {
	struct nlmsghdr header;
	struct rtmsg route;
	char attributes[64];
};

static void add_attribute(struct route_request *request, unsigned short type, const void *data, size_t size)
{
	struct rtattr attr = {.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(size)};
	char *end = (char *)request + NLMSG_ALIGN(request->header.nlmsg_len);

	memcpy(end, &attr, sizeof(attr));
	memcpy(end + RTA_LENGTH(0), data, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + (uint32_t)RTA_SPACE(size);
}

/* The answer to a change: an error of 0 is none. */
static int receive_ack(int fd)
{
	_Alignas(struct nlmsghdr) char reply[REPLY_MAX];
	const struct nlmsghdr *header = (const struct nlmsghdr *)reply;
	const struct nlmsgerr *error;
	ssize_t n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if (!NLMSG_OK(header, (size_t)n) || header->nlmsg_type != NLMSG_ERROR ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
		return -EBADMSG;
	error = NLMSG_DATA(header);
	return error->error;
}

static int change_route(const struct netlink_route *route, uint16_t type, uint16_t flags)
{
	struct route_request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags},
		.route = {.rtm_family = (unsigned char)route->family,
			  .rtm_dst_len = route->prefix_len,
			  .rtm_table = RT_TABLE_MAIN,
			  .rtm_protocol = NETLINK_PROTOCOL,
			  .rtm_scope = route->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
			  .rtm_type = RTN_UNICAST},
	};
	_cleanup_fd_ int fd = -1;
	int r;

	if (route->ifindex == 0 || route->ifindex > INT_MAX)
		return -ENODEV;
	fd = open_socket();
	if (fd < 0)
		return fd;
	if (route->prefix_len > 0)
		add_attribute(&request, RTA_DST, route->destination, route->family == AF_INET ? 4 : 16);
	add_attribute(&request, RTA_OIF, &route->ifindex, sizeof(route->ifindex));
	r = send_message(fd, &request.header);
	return r < 0 ? r : receive_ack(fd);
}

int netlink_route_add(const struct netlink_route *route)
{
	return change_route(route, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
}

int netlink_route_remove(const struct netlink_route *route)
{
	return change_route(route, RTM_DELROUTE, 0);
}

static bool is_default_through(const struct nlmsghdr *header, unsigned ifindex)
{
	const struct rtmsg *route = NLMSG_DATA(header);
	const struct rtattr *attr = RTM_RTA(route);
	unsigned left = header->nlmsg_len - (unsigned)NLMSG_LENGTH(sizeof(*route)), out;

	if (route->rtm_dst_len != 0 || route->rtm_table != RT_TABLE_MAIN || route->rtm_type != RTN_UNICAST)
		return false;
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type != RTA_OIF || RTA_PAYLOAD(attr) < sizeof(out))
			continue;
		memcpy(&out, RTA_DATA(attr), sizeof(out));
		return out == ifindex;
	}
	return false;
}

bool netlink_has_default(unsigned ifindex, int family)
{
	const struct route_request request = {
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
			   .nlmsg_type = RTM_GETROUTE,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.route = {.rtm_family = (unsigned char)family},
	};
	_Alignas(struct nlmsghdr) char part[DUMP_MAX];
	_cleanup_fd_ int fd = open_socket();
	ssize_t n;

	if (fd < 0 || send_message(fd, &request.header) < 0)
		return false;
	/* The kernel makes each part while it is read. */
	while ((n = recv(fd, part, sizeof(part), MSG_DONTWAIT)) > 0) {
		size_t left = (size_t)n;

		for (const struct nlmsghdr *header = (const struct nlmsghdr *)part; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type != RTM_NEWROUTE)
				return false; /* the end, or an error */
			if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg)) &&
			    is_default_through(header, ifindex))
				return true;
		}
	}
	return false;
}
