/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif

int64_t fd_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;

	if (limit.rlim_cur != limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return -errno;
	}

	return limit.rlim_cur > INT_MAX ? INT_MAX : (int64_t)limit.rlim_cur;
}

static int set_cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int fd_high(int fd)
{
	int high, r;

	if (fd < FD_HIGH) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, FD_HIGH);
		if (high >= 0) {
			fd_close(fd);
			return high;
		}
		/* EINVAL: the limit is below FD_HIGH. EMFILE: it is reached there. */
		if (errno != EINVAL && errno != EMFILE) {
			r = -errno;
			fd_close(fd);
			return r;
		}
	}

	r = set_cloexec(fd);
	if (r < 0) {
		fd_close(fd);
		return r;
	}
	return fd;
}

int fd_event(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd_high(fd);
}

int fd_event_of_many(void)
{
	int fd = fd_event();
	struct rlimit limit;

	if (fd < 0 || fd >= FD_HIGH || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fd;
	if (limit.rlim_cur <= FD_HIGH && (rlim_t)fd + FD_RESERVE < limit.rlim_cur)
		return fd;
	fd_close(fd);
	return -EMFILE;
}

void fd_event_post(int fd)
{
	const uint64_t one = 1;
	int saved = errno;

	/* EAGAIN: the counter is full, hence readable already. */
	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	errno = saved;
}

void fd_event_drain(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

int fd_pipe(int flags, int *ret_read, int *ret_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | flags) < 0)
		return -errno;
	ends[0] = fd_high(ends[0]);
	ends[1] = fd_high(ends[1]);
	if (ends[0] < 0 || ends[1] < 0) {
		fd_close(ends[0]);
		fd_close(ends[1]);
		return -EMFILE;
	}
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *p = data;
	ssize_t n;

	while (size > 0) {
		n = write(fd, p, size);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Linux 5.10 has no CLOSE_RANGE_CLOEXEC. */
static void cloexec_each(int first)
{
	struct dirent *d;
	char *end;
	long fd;
	DIR *dir;

	dir = opendir("/proc/self/fd");
	if (!dir)
		return;
	while ((d = readdir(dir)) != NULL) {
		fd = strtol(d->d_name, &end, 10);
		if (end != d->d_name && *end == '\0' && fd >= first)
			set_cloexec((int)fd);
	}
	closedir(dir);
}

void fd_cloexec_from(int first)
{
	if (close_range((unsigned)first, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
		cloexec_each(first);
}

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}
