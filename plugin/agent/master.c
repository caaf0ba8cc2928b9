/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/master.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_transport.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/macro.h"

static struct {
	char *address;
	int family;         /* AF_UNIX; AF_UNSPEC, AF_INET6 for tcp */
	const char *target; /* behind the prefix */
	char trouble[256];  /* told already */
	int sock;           /* of the session; -1: none */
} master = {.sock = -1};

/* ---- connecting ---- */

/* One line for each new trouble. */
static void complain(const char *what, const char *way_out)
{
	char text[sizeof(master.trouble)];

	snprintf(text, sizeof(text), "%s%s%s", what, *way_out ? "; " : "", way_out);
	if (str_equal(text, master.trouble))
		return;
	str_copy(master.trouble, text, sizeof(master.trouble));
	log_warning("cannot reach the master agent at %s: %s", master.address, text);
}

static const char *hint(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return "is snmpd running, with \"master agentx\" in its configuration?";
	case EACCES:
	case EPERM:
		return "let us in with agentXPerms in snmpd.conf, or put agentXSocket into a folder that we may enter";
	case EAGAIN:
	case ETIMEDOUT:
		return "it does not take connections now";
	default:
		return "";
	}
}

/* Waits until fd is ready or the time is over. Returns 0 or -ETIMEDOUT. */
static int wait_ready(int fd, short events, int64_t until_ms)
{
	struct pollfd pollfd = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = until_ms - clock_mono_ms();
		int r = left > 0 ? poll(&pollfd, 1, (int)left) : 0;

		if (r > 0)
			return 0;
		if (r == 0)
			return -ETIMEDOUT;
	}
}

/* Returns a descriptor or negative errno. */
static int connect_to(const struct sockaddr *addr, socklen_t len)
{
	_cleanup_fd_ int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int64_t until = clock_mono_ms() + MASTER_WAIT_MS;
	int error = 0, on = 1;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return -errno;
	if (addr->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, addr, len) == 0)
		return TAKE_FD(fd);
	if (errno != EINPROGRESS)
		return -errno;
	if (wait_ready(fd, POLLOUT, until) < 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return error ? -error : TAKE_FD(fd);
}

static int connect_unix(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlen(master.target) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	str_copy(addr.sun_path, master.target, sizeof(addr.sun_path));
	return connect_to((const struct sockaddr *)&addr, sizeof(addr));
}

/* Splits HOST:PORT or [HOST]:PORT in place. Returns false if it is neither. */
static bool split(char *target, const char **ret_host, const char **ret_port)
{
	char *colon = strrchr(target, ':');

	if (!colon)
		return false;
	*colon = '\0';
	*ret_port = colon + 1;
	*ret_host = target;
	if (*target == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		*ret_host = target + 1;
	}
	return true;
}

static int connect_tcp(void)
{
	const struct addrinfo want = {.ai_family = master.family, .ai_socktype = SOCK_STREAM};
	_cleanup_free_ char *target = strdup(master.target);
	struct addrinfo *list;
	const char *host, *port;
	int fd = -ENOENT;
	int r;

	if (!target)
		return -ENOMEM;
	if (!split(target, &host, &port))
		return -EINVAL;
	r = getaddrinfo(host, port, &want, &list);
	if (r != 0) {
		complain(gai_strerror(r), "");
		return 0;
	}
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = connect_to(a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	return fd;
}

/* ---- the transport ---- */

static int transport_recv(netsnmp_transport *t, void *data, int size, void **opaque, int *olength)
{
	ssize_t n;

	*opaque = NULL;
	*olength = 0;
	do
		n = recv(t->sock, data, (size_t)size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		t->flags |= NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
		return 0;
	}
	return (int)n;
}

/* All or nothing: after a part the stream is of no use, so the connection is ended, and the library hears of it from
 * recv. */
static int transport_send(netsnmp_transport *t, const void *data, int size, void **opaque UNUSED, int *olength UNUSED)
{
	int64_t until = clock_mono_ms() + MASTER_WAIT_MS;
	const char *at = data;
	size_t left = (size_t)size;

	while (left > 0) {
		ssize_t n = send(t->sock, at, left, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			at += n;
			left -= (size_t)n;
		} else if (errno != EINTR && (errno != EAGAIN || wait_ready(t->sock, POLLOUT, until) < 0)) {
			shutdown(t->sock, SHUT_RDWR);
			return -1;
		}
	}
	return size;
}

static int transport_close(netsnmp_transport *t)
{
	if (t->sock == master.sock)
		master.sock = -1;
	t->sock = fd_close(t->sock);
	return 0;
}

static netsnmp_transport *transport_open(const char *string UNUSED, int local, const char *default_target UNUSED)
{
	static const oid domain[] = {0, 0};
	netsnmp_transport *t;
	int fd;

	if (local)
		return NULL;
	fd = master.family == AF_UNIX ? connect_unix() : connect_tcp();
	if (fd < 0)
		complain(strerror(-fd), hint(-fd));
	t = fd > 0 ? calloc(1, sizeof(*t)) : NULL;
	if (!t) {
		if (fd > 0)
			fd_close(fd);
		return NULL;
	}
	t->domain = domain;
	t->domain_length = ARRAY_SIZE(domain);
	t->sock = master.sock = fd;
	t->flags = NETSNMP_TRANSPORT_FLAG_STREAM;
	t->msgMaxSize = SNMP_MAX_PACKET_LEN;
	t->f_recv = transport_recv;
	t->f_send = transport_send;
	t->f_close = transport_close;
	return t;
}

/* ---- */

const char *master_address(void)
{
	return master.address;
}

void master_reached(void)
{
	master.trouble[0] = '\0';
}

void master_leave(void)
{
	if (master.sock >= 0)
		shutdown(master.sock, SHUT_RDWR);
}

/* What stands before the target, and the family that it means. */
static const struct {
	const char *prefix;
	int family;
} kinds[] = {{"unix:", AF_UNIX}, {"tcp:", AF_UNSPEC}, {"tcp6:", AF_INET6}};

int master_init(const char *address)
{
	static const oid name[] = {0, 0};
	static netsnmp_tdomain domain = {
		.name = name,
		.name_length = ARRAY_SIZE(name),
		.f_create_from_tstring_new = transport_open,
	};

	/* The library frees it at its end. */
	domain.prefix = calloc(2, sizeof(*domain.prefix));
	master.address = strdup(address ? address : "unix:" NETSNMP_AGENTX_SOCKET);
	if (!master.address || !domain.prefix)
		return -ENOMEM;
	domain.prefix[0] = "rasdial";
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(master.address, kinds[i].prefix, len) != 0)
			continue;
		master.family = kinds[i].family;
		master.target = master.address + len;
		netsnmp_tdomain_register(&domain);
		return 0;
	}
	return -EINVAL;
}
