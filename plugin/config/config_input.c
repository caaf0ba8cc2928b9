/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/macro.h"

#define ROOM_MIN 4096

/* Reads to the end. The size the file had is a guess only: it may grow or shrink meanwhile. */
static int read_all(int fd, size_t guess, size_t max, char **ret_data, size_t *ret_size)
{
	size_t room = MIN(guess, max) + ROOM_MIN, size = 0;
	char *data = malloc(room + 1);
	ssize_t n = 1;
	int r = 0;

	if (!data)
		return -ENOMEM;
	while (r == 0 && n > 0 && size < room) {
		n = read(fd, data + size, room - size);
		if (n < 0)
			r = -errno;
		else
			size += (size_t)n;
	}
	if (r == 0 && size > max)
		r = -EFBIG;
	else if (r == 0 && size == room)
		r = -EAGAIN; /* it grew while it was read */
	if (r < 0) {
		explicit_bzero(data, size);
		free(data);
		return r;
	}
	data[size] = '\0';
	*ret_data = data;
	*ret_size = size;
	return 0;
}

int input_read(const char *path, size_t max, char **ret_data, size_t *ret_size, struct stat *ret_stat)
{
	/* O_NONBLOCK: a FIFO or a serial line must not hold us. */
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, ret_stat) < 0)
		return -errno;
	if (S_ISDIR(ret_stat->st_mode))
		return -EISDIR;
	if (!S_ISREG(ret_stat->st_mode) && !(S_ISCHR(ret_stat->st_mode) && ret_stat->st_rdev == makedev(1, 3)))
		return -EINVAL;
	if (ret_stat->st_size > (off_t)max)
		return -EFBIG;
	return read_all(fd, (size_t)ret_stat->st_size, max, ret_data, ret_size);
}

const char *input_exposed(mode_t mode, uid_t owner, char buf[INPUT_EXPOSED_MAX])
{
	if (owner != 0 && owner != geteuid())
		snprintf(buf, INPUT_EXPOSED_MAX, "belongs to user %u, who can read and change it (chown it to root)",
			 owner);
	else if (mode & 077)
		snprintf(buf, INPUT_EXPOSED_MAX, "can be read or changed by others, its mode is %04o (chmod 600)",
			 mode & 07777);
	else
		return NULL;
	return buf;
}

const char *input_error(int error)
{
	switch (error) {
	case -EFBIG:
		return "too large";
	case -EINVAL:
		return "not a regular file";
	case -EAGAIN:
		return "changes while it is read";
	default:
		return strerror(-error);
	}
}
