/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/tunnel.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/resolve.h"

#define SERVER_MAX 253 /* RFC 1035, without the last dot */
#define RESOLVER_END_MS 200
#define ANY_PORT 1701 /* nothing is sent there */

/* ---- the name ---- */

int tunnel_check_server(const char *server, struct ras_error *ret_error)
{
	if (strlen(server) > SERVER_MAX) {
		ras_error_set(ret_error, 723, RAS_BACKEND_NONE, "The name of the server is longer than %d characters",
			      SERVER_MAX);
		return -EINVAL;
	}
	for (const char *p = server; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || (p > server && strchr("-._", *p)))
			continue;
		ras_error_set(ret_error, 749, RAS_BACKEND_NONE,
			      "The destination must be the name of a host or an IPv4 address: letters, digits, - . _");
		return -EINVAL;
	}
	return 0;
}

int tunnel_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	int r = tunnel_check_server(entry->destination, ret_error);

	return r < 0 ? r : pppd_options_check(entry, ret_error);
}

/* ---- the address ---- */

static int unresolved(struct ras_call *call, int error)
{
	switch (error) {
	case -ENOENT:
		return ras_call_fail(call, 868, RAS_BACKEND_NONE, NULL);
	case -ETIMEDOUT:
	case -ECANCELED:
		return ras_call_fail(call, 868, RAS_BACKEND_NONE, "No name server answers");
	case -ENOPKG:
		return ras_call_fail(call, 609, RAS_BACKEND_NONE, "getent cannot be run (package libc-bin)");
	default:
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "Names cannot be looked up: %s", strerror(-error));
	}
}

/* A later agent would have to end it. */
static void note_resolver(struct ras_call *call, const struct process *child)
{
	ras_call_note_u64(call, "d-resolver", (uint64_t)child->pid);
	ras_call_note_u64(call, "d-resolver-started", child->started);
	ras_call_save(call);
}

static int look_up(struct ras_call *call, const char *server, struct in_addr *ret)
{
	char found[RESOLVE_MAX][RESOLVE_ADDR_MAX];
	struct resolve look = RESOLVE_NONE;
	int n, r;

	if (inet_pton(AF_INET, server, ret) == 1)
		return 0;
	n = resolve(&look, server, clock_mono_ms(), found);
	if (n == -EINPROGRESS)
		note_resolver(call, &look.child);
	while (n == -EINPROGRESS) {
		struct pollfd answer = {.fd = look.fd, .events = POLLIN};

		r = ras_call_wait(call, &answer, 1, RESOLVE_LONGEST_MS);
		if (r < 0) {
			resolve_stop(&look);
			/* If it was the deadline, this tells more. */
			unresolved(call, r);
			return r;
		}
		n = resolve(&look, server, clock_mono_ms(), found);
	}
	if (n < 0)
		return unresolved(call, n);
	for (int i = 0; i < n; i++)
		if (inet_pton(AF_INET, found[i], ret) == 1)
			return 0;
	return ras_call_fail(call, 868, RAS_BACKEND_NONE, "The server has no IPv4 address, which such a tunnel needs");
}

/* ---- both ends ---- */

static void add_end(struct pppd_link *link, enum ras_addr_role role, struct in_addr addr)
{
	struct ras_addr *a = &link->ends[link->n_ends++];

	*a = (struct ras_addr){.role = role, .len = sizeof(addr), .prefix_len = 32};
	memcpy(a->octets, &addr, sizeof(addr));
}

/* The address from which the server is reached. Nothing is sent. */
static int find_source(struct in_addr server, struct in_addr *ret)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ANY_PORT), .sin_addr = server};
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&from, &len) < 0)
		return -errno;
	*ret = from.sin_addr;
	return 0;
}

int tunnel_find_server(struct ras_call *call, struct pppd_link *link, char ret[INET_ADDRSTRLEN])
{
	const char *name = ras_call_destination(call);
	char text[INET_ADDRSTRLEN];
	struct in_addr server, source;
	struct ras_error error;
	int r;

	/* A subentry may have another server than the one that was checked. */
	if (tunnel_check_server(name, &error) < 0)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	r = look_up(call, name, &server);
	if (r < 0)
		return r;
	r = find_source(server, &source);
	if (r < 0)
		return ras_call_fail(call, 800, RAS_BACKEND_NONE, "There is no way to the server: %s", strerror(-r));
	add_end(link, RAS_ADDR_TUNNEL_PEER, server);
	add_end(link, RAS_ADDR_TUNNEL_LOCAL, source);
	inet_ntop(AF_INET, &server, ret, INET_ADDRSTRLEN);
	ras_call_note_str(call, "d-server", ret);
	ras_call_note_str(call, "d-source", inet_ntop(AF_INET, &source, text, sizeof(text)));
	return 0;
}

int tunnel_restore(struct ras_call *call UNUSED, struct pppd_link *link, const struct record *record)
{
	const char *server = record_get_str(record, "d-server"), *source = record_get_str(record, "d-source");
	struct process resolver = PROCESS_NONE;
	uint64_t started = 0;
	uint32_t pid = 0;
	struct in_addr addr;
	int r;

	link->n_ends = 0;
	if (server && inet_pton(AF_INET, server, &addr) == 1)
		add_end(link, RAS_ADDR_TUNNEL_PEER, addr);
	if (source && inet_pton(AF_INET, source, &addr) == 1)
		add_end(link, RAS_ADDR_TUNNEL_LOCAL, addr);
	record_get_u32(record, "d-resolver", &pid);
	record_get_u64(record, "d-resolver-started", &started);
	r = pid > 0 ? process_adopt((pid_t)pid, started, &resolver) : -ESRCH;
	if (r == 0) {
		process_end(&resolver, RESOLVER_END_MS);
		process_release(&resolver);
	}
	return file_shortage(r) ? r : 0;
}

void tunnel_server(const struct pppd_link *link, char ret[INET_ADDRSTRLEN])
{
	ret[0] = '\0';
	for (size_t i = 0; i < link->n_ends; i++)
		if (link->ends[i].role == RAS_ADDR_TUNNEL_PEER)
			inet_ntop(AF_INET, link->ends[i].octets, ret, INET_ADDRSTRLEN);
}
