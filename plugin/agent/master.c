/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/master.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_transport.h>

#include "agent/agentx.h"
#include "agent/quiet.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/macro.h"
#include "sys/resolve.h"

static struct {
	char *address;
	int family;         /* AF_UNIX; AF_UNSPEC, AF_INET6 for tcp */
	const char *target; /* behind the prefix */
	char trouble[256];  /* told already */
	struct resolve lookup;
	struct agentx_stream stream;
	int sock;      /* of the session; -1: none */
	bool stands;   /* the master has accepted it */
	int quiet;     /* other end of what took its place when the master ended it before that; -1: none */
	bool broken;   /* it has failed with octets unread */
	int last;      /* of the one before, which is over; -1: none, or settled */
	bool lost;     /* see master_reached() */
	int64_t tried; /* when the last attempt was over */
} master = {.lookup = RESOLVE_NONE, .sock = -1, .quiet = -1, .last = -1};

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

/* Errors that come in turn for one and the same trouble have one text. */
static void complain_of(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		complain(strerror(error), "is snmpd running, with \"master agentx\" in its configuration?");
		break;
	case EACCES:
	case EPERM:
		complain(strerror(error),
			 "let us in with agentXPerms in snmpd.conf, or put agentXSocket into a folder that "
			 "we may enter");
		break;
	case EAGAIN:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
		complain("it does not take connections now",
			 master.family == AF_UNIX ? "" : "is its host there, and the network between?");
		break;
	case ENOPKG:
		complain(strerror(error), "names are looked up with /usr/bin/getent; an address needs none");
		break;
	default:
		complain(strerror(error), "");
		break;
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
static int connect_to(const struct sockaddr *addr, socklen_t len, int64_t until_ms)
{
	_cleanup_fd_ int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
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
	if (wait_ready(fd, POLLOUT, until_ms) < 0)
		return -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return error ? -error : TAKE_FD(fd);
}

static int connect_unix(int64_t until_ms)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlen(master.target) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	str_copy(addr.sun_path, master.target, sizeof(addr.sun_path));
	return connect_to((const struct sockaddr *)&addr, sizeof(addr), until_ms);
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

/* host is an address, not a name. */
static int connect_address(const char *host, const char *port, int64_t until_ms)
{
	const struct addrinfo want = {
		.ai_family = master.family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *address;
	int fd;

	if (getaddrinfo(host, port, &want, &address) != 0)
		return -EDESTADDRREQ;
	fd = connect_to(address->ai_addr, address->ai_addrlen, until_ms);
	freeaddrinfo(address);
	return fd;
}

/* Returns a descriptor, negative errno, or 0 if there was a trouble that has been told. */
static int connect_name(const char *host, const char *port, int64_t until_ms)
{
	char addresses[RESOLVE_MAX][RESOLVE_ADDR_MAX];
	int n = resolve(&master.lookup, host, until_ms, addresses);
	int fd = n;

	switch (n) {
	case -ENOENT:
		complain("no address is known for that name", "is it spelled right, and does the name server answer?");
		return 0;
	case -EINPROGRESS:
	case -ETIMEDOUT:
		complain("the name server does not answer", "an address, or a line in /etc/hosts, needs none");
		return 0;
	default:
		break;
	}
	for (int i = 0; i < n && (i == 0 || fd < 0); i++) {
		int64_t now = clock_mono_ms();

		fd = connect_address(addresses[i], port, now + (until_ms - now) / (n - i));
	}
	return fd;
}

static int connect_tcp(int64_t until_ms)
{
	_cleanup_free_ char *target = strdup(master.target);
	const char *host, *port;
	int fd;

	if (!target)
		return -ENOMEM;
	if (!split(target, &host, &port))
		return -EINVAL;
	fd = connect_address(host, port, until_ms);
	return fd == -EDESTADDRREQ ? connect_name(host, port, until_ms) : fd;
}

/* ---- the session that is over ---- */

/* Whether something that was sent has not been read, and never will be. If the master has died, its kernel has told; if
 * it is only slow, the octets wait for it. If the network fails, there are octets that the other end has not
 * acknowledged, and more of them than the end of the stream, which counts for one. */
static bool unread(int fd)
{
	int error = 0, waiting = 0;
	socklen_t size = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (master.family != AF_UNIX)
		ioctl(fd, SIOCOUTQ, &waiting);
	return (error != 0 && error != EPIPE) || waiting > 1;
}

/* A socket is kept until the next one is connected. Only then can the master's host be told that the old one is void:
 * after a failure of the network it would hold our objects for a session that nobody has. */
static void settle_last(void)
{
	const struct linger reset = {.l_onoff = 1};

	if (master.last < 0)
		return;
	master.lost = unread(master.last) || master.broken;
	master.broken = false;
	if (master.family != AF_UNIX)
		setsockopt(master.last, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	master.last = fd_close(master.last);
}

/* ---- the transport ---- */

static void broken(const netsnmp_transport *t, int error)
{
	if (t->sock == master.sock && master.stands && error != EPIPE && error != EAGAIN)
		master.broken = true;
}

/* The library does not bear an end of the connection while it waits for its session to be opened: with each one it
 * makes another timer to try again. So it hears nothing instead, and gives up by itself. */
static bool silence(const netsnmp_transport *t)
{
	int pair[2];

	if (t->sock != master.sock || master.stands || master.quiet >= 0)
		return false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return false;
	dup3(pair[0], t->sock, O_CLOEXEC);
	fd_close(pair[0]);
	master.quiet = pair[1];
	return true;
}

/* Sends all or nothing: after a part the stream is of no use, so the connection is ended, and the library hears of it
 * from recv. */
static int send_all(const netsnmp_transport *t, const void *data, size_t size)
{
	int64_t until = clock_mono_ms() + MASTER_WAIT_MS;
	const char *at = data;

	while (size > 0) {
		ssize_t n = send(t->sock, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			at += n;
			size -= (size_t)n;
		} else if (errno != EINTR && (errno != EAGAIN || wait_ready(t->sock, POLLOUT, until) < 0)) {
			broken(t, errno);
			shutdown(t->sock, SHUT_RDWR);
			return -1;
		}
	}
	return 0;
}

static int refuse_too_big(const netsnmp_transport *t, const char *what, const uint8_t answer[AGENTX_ERROR_SIZE])
{
	static struct quiet quiet;

	quiet_log(&quiet, LOG_LEVEL_INFO, "refused a request: %s is larger than the %u octets of AgentX (tooBig)", what,
		  AGENTX_PDU_MAX);
	return send_all(t, answer, AGENTX_ERROR_SIZE);
}

/* Like recv(); what the library shall not see leaves EAGAIN. */
static ssize_t receive(const netsnmp_transport *t, uint8_t *data, size_t size)
{
	uint8_t answer[AGENTX_ERROR_SIZE];
	bool answered;
	ssize_t n;

	do
		n = recv(t->sock, data + AGENTX_HEADER, size - AGENTX_HEADER, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	n = (ssize_t)agentx_filter(&master.stream, data, (size_t)n, answer, &answered);
	if (answered)
		refuse_too_big(t, "it", answer);
	if (n > 0)
		return n;
	errno = EAGAIN;
	return -1;
}

static int transport_recv(netsnmp_transport *t, void *data, int size, void **opaque, int *olength)
{
	bool nothing;
	ssize_t n;

	*opaque = NULL;
	*olength = 0;
	n = receive(t, data, MIN((size_t)size, (size_t)AGENTX_PDU_MAX));
	nothing = n < 0 && errno == EAGAIN;
	if (n < 0 && !nothing)
		broken(t, errno);
	if (!nothing && n <= 0)
		nothing = silence(t);
	if (!nothing)
		return (int)n;
	t->flags |= NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
	return 0;
}

static int transport_send(netsnmp_transport *t, const void *data, int size, void **opaque UNUSED, int *olength UNUSED)
{
	uint8_t answer[AGENTX_ERROR_SIZE];
	int r;

	r = agentx_too_big(data, (size_t)size, answer) ? refuse_too_big(t, "its answer", answer) :
							 send_all(t, data, (size_t)size);
	return r < 0 ? r : size;
}

static int transport_close(netsnmp_transport *t)
{
	if (t->sock == master.sock) {
		master.sock = -1;
		if (master.stands) {
			shutdown(t->sock, SHUT_RDWR);
			master.last = TAKE_FD(t->sock);
		} else {
			complain("it opens no session",
				 "is it a master agent, and is one there at the far end of a tunnel?");
		}
		master.stands = false;
		master.quiet = fd_close(master.quiet);
	}
	t->sock = fd_close(t->sock);
	return 0;
}

static netsnmp_transport *transport_open(const char *string UNUSED, int local, const char *default_target UNUSED)
{
	static const oid domain[] = {0, 0};
	int64_t until = clock_mono_ms() + MASTER_WAIT_MS;
	netsnmp_transport *t;
	int fd;

	/* Timers that have fallen due meanwhile are run first: with an interval as short as the wait, nothing else
	 * would have its turn. */
	if (local || clock_mono_ms() - master.tried < MASTER_WAIT_MS / 2)
		return NULL;
	fd = master.family == AF_UNIX ? connect_unix(until) : connect_tcp(until);
	master.tried = clock_mono_ms();
	if (fd < 0)
		complain_of(-fd);
	t = fd > 0 ? calloc(1, sizeof(*t)) : NULL;
	if (!t) {
		if (fd > 0)
			fd_close(fd);
		return NULL;
	}
	if (master.family != AF_UNIX)
		settle_last();
	t->domain = domain;
	t->domain_length = ARRAY_SIZE(domain);
	t->sock = master.sock = fd;
	master.stream = (struct agentx_stream){.have = 0};
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

bool master_reached(void)
{
	bool lost;

	settle_last();
	lost = master.lost;
	master.lost = false;
	master.stands = true;
	master.trouble[0] = '\0';
	return lost;
}

void master_leave(void)
{
	if (master.sock >= 0)
		shutdown(master.sock, SHUT_RDWR);
}

void master_close(void)
{
	resolve_stop(&master.lookup);
	fd_close(master.last);
	master.last = -1;
	free(master.address);
	master.address = NULL;
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
