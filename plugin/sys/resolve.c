/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/macro.h"

#define GETENT "/usr/bin/getent"
#define STOP_MS 200

static int start(struct resolve *r, const char *host)
{
	const char *argv[] = {GETENT, "ahosts", "--", host, NULL};
	_cleanup_fd_ int in = -1, out = -1;
	int pipes[2], error;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	out = pipes[1];
	in = fd_high(pipes[0]);
	if (in < 0)
		return in;
	error = process_spawn(argv, NULL, &(struct process_fd){out, STDOUT_FILENO}, 1, &r->child);
	if (error < 0)
		return error == -ENOENT ? -ENOPKG : error;
	r->fd = TAKE_FD(in);
	r->len = 0;
	r->begin = clock_mono_ms();
	return 0;
}

void resolve_stop(struct resolve *r)
{
	if (r->fd < 0)
		return;
	process_end(&r->child, STOP_MS);
	process_release(&r->child);
	fd_close(r->fd);
	*r = RESOLVE_NONE;
}

/* Reads what there is. Returns 0 at its end, -EAGAIN, or -EINPROGRESS when the time is over. */
static int read_some(struct resolve *r, int64_t until_ms)
{
	struct pollfd pollfd = {.fd = r->fd, .events = POLLIN};
	int64_t left = until_ms - clock_mono_ms();
	char rest[256];
	bool full = r->len >= sizeof(r->text) - 1;
	ssize_t n;

	if (poll(&pollfd, 1, (int)MAX(left, 0)) <= 0)
		return left > 0 ? -EAGAIN : -EINPROGRESS;
	n = full ? read(r->fd, rest, sizeof(rest)) : read(r->fd, r->text + r->len, sizeof(r->text) - 1 - r->len);
	if (n > 0 && !full)
		r->len += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR) ? -EAGAIN : 0;
}

/* Lines "ADDRESS KIND NAME", an address several times for the kinds of sockets. */
static int parse(char *text, char ret[RESOLVE_MAX][RESOLVE_ADDR_MAX])
{
	int found = 0;
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line && found < RESOLVE_MAX;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strcspn(line, " ");

		if (len == 0 || len >= RESOLVE_ADDR_MAX || !strstr(line, " STREAM"))
			continue;
		line[len] = '\0';
		str_copy(ret[found++], line, RESOLVE_ADDR_MAX);
	}
	return found;
}

int resolve(struct resolve *r, const char *host, int64_t until_ms, char ret[RESOLVE_MAX][RESOLVE_ADDR_MAX])
{
	char text[sizeof(r->text)];
	int error = r->fd < 0 ? start(r, host) : 0;
	int found;

	if (error < 0)
		return error;
	do
		error = read_some(r, until_ms);
	while (error == -EAGAIN);
	if (error < 0 && clock_mono_ms() - r->begin < RESOLVE_LONGEST_MS)
		return error;
	memcpy(text, r->text, r->len);
	text[r->len] = '\0';
	resolve_stop(r);
	if (error < 0)
		return -ETIMEDOUT;
	found = parse(text, ret);
	return found > 0 ? found : -ENOENT;
}
