/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "sys/fd.h"
#include "sys/macro.h"

/* ---- service manager ---- */

static void tell(const char *state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	_cleanup_fd_ int fd = -1;
	socklen_t len;

	if (!path || strlen(path) >= sizeof(addr.sun_path))
		return;
	str_copy(addr.sun_path, path, sizeof(addr.sun_path));
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	/* A name in the abstract namespace. */
	if (addr.sun_path[0] == '@')
		addr.sun_path[0] = '\0';
	else
		len++;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* There is nobody to tell of a failure. */
	if (fd >= 0 &&
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&addr, len) < 0)
		(void)0;
}

void supervisor_ready(void)
{
	tell("READY=1");
}

void supervisor_reloading(void)
{
	struct timespec now;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		 (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(text);
}

void supervisor_stopping(void)
{
	tell("STOPPING=1");
}

/* ---- shell ---- */

int standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

static _Noreturn void await_child(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int detach(void)
{
	int ends[2];
	pid_t pid;

	/* What the shell had open is none of a daemon's business. */
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(ends[1]);
		await_child(ends[0]);
	}
	close(ends[0]);
	setsid();
	/* No leader of a session, so that no terminal that is opened becomes ours. */
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		_exit(EXIT_SUCCESS);
	return ends[1];
}

void detach_done(int fd, bool keep_stderr)
{
	int null;

	if (fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		for (int i = STDIN_FILENO; i <= (keep_stderr ? STDOUT_FILENO : STDERR_FILENO); i++)
			dup2(null, i);
		if (null > STDERR_FILENO)
			close(null);
	}
	if (chdir("/") < 0)
		(void)0;
	fd_write_all(fd, "", 1);
	fd_close(fd);
}
