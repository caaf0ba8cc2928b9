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

static int send_request(int fd, unsigned ifindex)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct stats_request request = {
		.header = {.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETSTATS, .nlmsg_flags = NLM_F_REQUEST},
		.stats = {.ifindex = ifindex, .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64)},
	};

	if (sendto(fd, &request, sizeof(request), 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
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

int netlink_stats(unsigned ifindex, struct netlink_stats *ret)
{
	_cleanup_fd_ int fd = -1;
	int r;

	if (ifindex == 0 || ifindex > INT_MAX)
		return -ENODEV;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	fd = fd_high(fd);
	if (fd < 0)
		return fd;

	r = send_request(fd, ifindex);
	if (r < 0)
		return r;
	return receive_stats(fd, ret);
}
