/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/macro.h"

#define SET_ASIDE_MAX 1000
#define READ_FIRST 4096

/* ---- folders ---- */

static int open_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Makes the parents of path, then path. */
static int make_dirs(const char *path, mode_t mode)
{
	char parent[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(parent))
		return -ENAMETOOLONG;
	while (len > 1 && path[len - 1] == '/')
		len--; /* "a/" is "a", not a parent */

	for (size_t i = 1; i < len; i++) {
		if (path[i] != '/')
			continue;
		str_copy(parent, path, i + 1);
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

int dir_open(const char *path, mode_t mode)
{
	int fd, r;

	fd = open_dir(AT_FDCWD, path);
	if (fd == -ENOENT) {
		r = make_dirs(path, mode);
		if (r < 0)
			return r;
		fd = open_dir(AT_FDCWD, path);
	}
	return fd < 0 ? fd : fd_high(fd);
}

/* Where nothing can be written: whoever locked the file while it could be has it still; among readers flock(2) decides,
 * on the folder if there is no file. (Its header has the name of ours.) */
static int lock_read_only(int dirfd)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	_cleanup_fd_ int fd = openat(dirfd, "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	if (fd < 0)
		fd = open_dir(dirfd, ".");
	if (fd < 0)
		return fd;
	if (syscall(SYS_flock, fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return fd_high(TAKE_FD(fd));
}

int dir_lock(int dirfd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	_cleanup_fd_ int fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EROFS)
		return lock_read_only(dirfd);
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	return fd_high(TAKE_FD(fd));
}

/* ".NAME.NUMBER", as file_replace() calls them. */
static bool is_temporary(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] == '.' && dot > name + 1 && dot[1] && dot[1 + strspn(dot + 1, "0123456789")] == '\0';
}

void dir_remove_temporary(int dirfd)
{
	int fd = open_dir(dirfd, ".");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (is_temporary(entry->d_name))
			unlinkat(dirfd, entry->d_name, 0);
	closedir(dir);
}

/* ---- reading ---- */

/* Size of the first buffer: the whole file and one octet more, where its size is known. */
static size_t first_size(int fd, size_t max)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return MIN(max + 1, (size_t)READ_FIRST);
	return MIN(max, (size_t)st.st_size) + 1;
}

int file_read(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_size)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_fd_ int fd = -1;
	size_t room, size = 0;
	ssize_t n;
	char *p;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;

	/* The size in the inode is a hint: /proc has none, and a file may grow. So one octet more is asked for. */
	room = first_size(fd, max);
	for (;;) {
		p = realloc(data, room + 1);
		if (!p)
			return -ENOMEM;
		data = p;

		n = read(fd, data + size, room - size);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		size += n < 0 ? 0 : (size_t)n;
		if (size > max)
			return -EFBIG;
		if (size == room)
			room = MIN(2 * room, max + 1);
	}

	data[size] = '\0';
	*ret_data = TAKE_PTR(data);
	*ret_size = size;
	return 0;
}

bool file_shortage(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

/* ---- writing ---- */

/* Opens the folder of path and tells the name in it. */
static int open_parent(int dirfd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];

	if (!slash) {
		*ret_name = path;
		return open_dir(dirfd, ".");
	}
	if ((size_t)(slash - path) + 2 > sizeof(parent))
		return -ENAMETOOLONG;
	str_copy(parent, path, (size_t)(slash - path) + 2); /* with the slash: "/x" is in "/" */
	*ret_name = slash + 1;
	return open_dir(dirfd, parent);
}

static int write_new(int dirfd, const char *name, const void *data, size_t size, bool durable)
{
	int fd, r;

	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, size);
	if (r == 0 && durable && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* A name for each thread. */
static bool temporary_name(const char *name, pid_t thread, char ret[NAME_MAX + 1])
{
	return snprintf(ret, NAME_MAX + 1, ".%s.%d", name, (int)thread) <= NAME_MAX;
}

void file_remove_temporary(int dirfd, const char *name, pid_t thread)
{
	char temporary[NAME_MAX + 1];

	if (temporary_name(name, thread, temporary))
		unlinkat(dirfd, temporary, 0);
}

int file_replace(int dirfd, const char *path, const void *data, size_t size, bool durable)
{
	_cleanup_fd_ int folder = -1;
	char temporary[NAME_MAX + 1];
	const char *name;
	int r;

	folder = open_parent(dirfd, path, &name);
	if (folder < 0)
		return folder;

	if (!temporary_name(name, gettid(), temporary))
		return -ENAMETOOLONG;
	/* What a crash left of this name is nobody's. */
	r = write_new(folder, temporary, data, size, durable);
	if (r == -EEXIST && unlinkat(folder, temporary, 0) == 0)
		r = write_new(folder, temporary, data, size, durable);
	if (r == 0 && renameat(folder, temporary, folder, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(folder, temporary, 0);
		return r;
	}

	/* EINVAL: a file system that keeps no folders on a disk. */
	if (durable && fsync(folder) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

/* Renames, but never over another file. */
static int rename_to_free(int dirfd, const char *from, const char *to)
{
	if (renameat2(dirfd, from, dirfd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;

	/* The file system does not know the flag. */
	if (linkat(dirfd, from, dirfd, to, 0) < 0)
		return -errno;
	if (unlinkat(dirfd, from, 0) < 0)
		return -errno;
	return 0;
}

int file_set_aside(int dirfd, const char *path, const char *why, char *ret_name, size_t size)
{
	char name[PATH_MAX];
	int r = -EEXIST;

	for (int i = 1; i <= SET_ASIDE_MAX && r == -EEXIST; i++) {
		if (snprintf(name, sizeof(name), "%s.%s-%d", path, why, i) >= (int)sizeof(name))
			return -ENAMETOOLONG;
		r = rename_to_free(dirfd, path, name);
	}
	if (r == 0)
		str_copy(ret_name, name, size);
	return r;
}

const char *file_not_trusted(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to neither root nor the user of the agent (chown root)";
	return st->st_mode & (S_IWGRP | S_IWOTH) ? "can be written by others than its owner (chmod go-w)" : NULL;
}
