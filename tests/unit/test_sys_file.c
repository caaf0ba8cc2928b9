/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files: read, put in place, set aside; folders and their lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "sys/macro.h"

struct folder {
	char path[64];
	int fd;
};

static int remove_tree(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct dirent *d;
	DIR *dir;

	if (fd < 0)
		return unlinkat(parent, name, 0);
	dir = fdopendir(fd);
	while ((d = readdir(dir)) != NULL)
		if (!str_equal(d->d_name, ".") && !str_equal(d->d_name, ".."))
			remove_tree(fd, d->d_name);
	closedir(dir);
	return unlinkat(parent, name, AT_REMOVEDIR);
}

static int setup(void **state)
{
	static struct folder folder;

	umask(022);
	snprintf(folder.path, sizeof(folder.path), "/tmp/rasdial-file-XXXXXX");
	if (!mkdtemp(folder.path))
		return -1;
	folder.fd = dir_open(folder.path, 0700);
	*state = &folder;
	return folder.fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct folder *folder = *state;

	fd_close(folder->fd);
	return remove_tree(AT_FDCWD, folder->path);
}

/* Names in the folder, "." and ".." not counted. */
static int count_names(const struct folder *folder)
{
	DIR *dir = opendir(folder->path);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void put(const struct folder *folder, const char *name, const char *text)
{
	assert_int_equal(file_replace(folder->fd, name, text, strlen(text), false), 0);
}

static void expect(const struct folder *folder, const char *name, const char *text)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0;

	assert_int_equal(file_read(folder->fd, name, 1 << 20, &data, &size), 0);
	assert_int_equal(size, strlen(text));
	assert_string_equal(data, text);
}

static mode_t mode_of(const struct folder *folder, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

/* ---- folders ---- */

static void test_dir_is_made_with_parents(void **state)
{
	struct folder *folder = *state;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/a/b//c/", folder->path);
	fd = dir_open(path, 0700);
	assert_true(fd >= FD_HIGH);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(fsync(fd), 0);
	fd_close(fd);
	assert_int_equal(mode_of(folder, "a"), 0755);
	assert_int_equal(mode_of(folder, "a/b"), 0755);
	assert_int_equal(mode_of(folder, "a/b/c"), 0700);

	assert_int_equal(fchmodat(folder->fd, "a/b/c", 0750, 0), 0);
	fd = dir_open(path, 0700);
	assert_true(fd >= 0);
	fd_close(fd);
	assert_int_equal(mode_of(folder, "a/b/c"), 0750);
}

static void test_dir_that_cannot_be(void **state)
{
	struct folder *folder = *state;
	char path[PATH_MAX + 16];

	put(folder, "file", "x");
	snprintf(path, sizeof(path), "%s/file", folder->path);
	assert_int_equal(dir_open(path, 0700), -ENOTDIR);
	snprintf(path, sizeof(path), "%s/file/sub", folder->path);
	assert_int_equal(dir_open(path, 0700), -ENOTDIR);
	assert_int_equal(dir_open("", 0700), -ENOENT);
	assert_int_equal(symlinkat("nowhere/at/all", folder->fd, "dangling"), 0);
	snprintf(path, sizeof(path), "%s/dangling", folder->path);
	assert_int_equal(dir_open(path, 0700), -ENOENT);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(dir_open(path, 0700), -ENAMETOOLONG);
}

static void test_lock(void **state)
{
	struct folder *folder = *state;
	int lock, status;
	pid_t pid;

	lock = dir_lock(folder->fd);
	assert_true(lock >= FD_HIGH);
	assert_int_equal(mode_of(folder, "lock"), 0600);
	assert_int_equal(dir_lock(folder->fd), -EBUSY);

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(dir_lock(folder->fd) == -EBUSY ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	/* Another folder is another lock; a folder whose lock was let go can be taken. */
	fd_close(lock);
	lock = dir_lock(folder->fd);
	assert_true(lock >= 0);
	fd_close(lock);
	assert_int_equal(dir_lock(-1), -EBADF);
}

static void test_lock_ends_with_its_process(void **state)
{
	struct folder *folder = *state;
	int ready[2], lock;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		lock = dir_lock(folder->fd);
		fd_write_all(ready[1], lock >= 0 ? "+" : "-", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, '+');
	assert_int_equal(dir_lock(folder->fd), -EBUSY);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	lock = dir_lock(folder->fd);
	assert_true(lock >= 0);
	fd_close(lock);
	fd_close(ready[0]);
	fd_close(ready[1]);
}

static void test_lock_follows_no_link(void **state)
{
	struct folder *folder = *state;

	put(folder, "other", "");
	assert_int_equal(symlinkat("other", folder->fd, "lock"), 0);
	assert_int_equal(dir_lock(folder->fd), -ELOOP);
}

/* ---- reading ---- */

static void test_read_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8191, 8192, 100000};
	_cleanup_free_ char *text = malloc(100001);
	struct folder *folder = *state;
	size_t size = 77;
	char *data;

	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(text, 'a' + (int)i, sizes[i]);
		text[sizes[i]] = '\0';
		put(folder, "f", text);

		/* Exactly as long as is allowed, then one octet too long. */
		assert_int_equal(file_read(folder->fd, "f", sizes[i], &data, &size), 0);
		assert_int_equal(size, sizes[i]);
		assert_string_equal(data, text);
		free(data);
		if (sizes[i] == 0)
			continue;
		data = text;
		size = 77;
		assert_int_equal(file_read(folder->fd, "f", sizes[i] - 1, &data, &size), -EFBIG);
		assert_true(data == text && size == 77);
	}
}

static void test_read_keeps_nul(void **state)
{
	struct folder *folder = *state;
	char *data;
	size_t size;

	assert_int_equal(file_replace(folder->fd, "f", "a\0b", 3, false), 0);
	assert_int_equal(file_read(folder->fd, "f", 3, &data, &size), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(data, "a\0b", 4);
	free(data);
}

/* Files of /proc say that their size is 0. */
static void test_read_without_size(void **state)
{
	char *data;
	size_t size;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 1 << 16, &data, &size), 0);
	assert_true(size > 100 && strlen(data) == size);
	free(data);
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 50, &data, &size), -EFBIG);
	assert_int_equal(file_read(AT_FDCWD, "/dev/zero", 10000, &data, &size), -EFBIG);
	assert_int_equal(file_read(AT_FDCWD, "/dev/null", 0, &data, &size), 0);
	assert_int_equal(size, 0);
	free(data);
}

static void test_read_fails(void **state)
{
	struct folder *folder = *state;
	size_t size = 77;
	char *data = NULL;

	assert_int_equal(file_read(folder->fd, "none", 10, &data, &size), -ENOENT);
	assert_int_equal(file_read(folder->fd, ".", 10, &data, &size), -EISDIR);
	assert_int_equal(file_read(-1, "none", 10, &data, &size), -EBADF);
	assert_true(!data && size == 77);
}

/* ---- writing ---- */

static void test_replace(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(file_replace(folder->fd, "f", "one", 3, true), 0);
	expect(folder, "f", "one");
	assert_int_equal(mode_of(folder, "f"), 0600);
	assert_int_equal(file_replace(folder->fd, "f", "second", 6, false), 0);
	expect(folder, "f", "second");
	assert_int_equal(file_replace(folder->fd, "f", "", 0, true), 0);
	expect(folder, "f", "");
	assert_int_equal(count_names(folder), 1);
}

static void test_replace_below(void **state)
{
	struct folder *folder = *state;
	char path[256];

	assert_int_equal(mkdirat(folder->fd, "sub", 0700), 0);
	assert_int_equal(file_replace(folder->fd, "sub/f", "x", 1, true), 0);
	expect(folder, "sub/f", "x");
	snprintf(path, sizeof(path), "%s/g", folder->path);
	assert_int_equal(file_replace(AT_FDCWD, path, "y", 1, true), 0);
	expect(folder, "g", "y");
	assert_int_equal(count_names(folder), 2);
}

/* A reader that has the old file open keeps it whole; a link is replaced, not followed. */
static void test_replace_is_a_rename(void **state)
{
	struct folder *folder = *state;
	char c = 0;
	int fd;

	put(folder, "f", "o");
	fd = openat(folder->fd, "f", O_RDONLY);
	put(folder, "f", "n");
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(c, 'o');
	fd_close(fd);

	put(folder, "victim", "v");
	assert_int_equal(symlinkat("victim", folder->fd, "link"), 0);
	put(folder, "link", "l");
	expect(folder, "victim", "v");
	expect(folder, "link", "l");
}

static void test_replace_fails(void **state)
{
	struct folder *folder = *state;
	char name[NAME_MAX + 2];

	assert_int_equal(mkdirat(folder->fd, "dir", 0700), 0);
	assert_int_equal(file_replace(folder->fd, "dir", "x", 1, false), -EISDIR);
	assert_int_equal(file_replace(folder->fd, "none/f", "x", 1, false), -ENOENT);
	assert_int_equal(file_replace(-1, "f", "x", 1, false), -EBADF);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(file_replace(folder->fd, name, "x", 1, false), -ENAMETOOLONG);
	assert_int_equal(count_names(folder), 1);
}

/* A full disk, as RLIMIT_FSIZE makes one: the old file stays, nothing is left over. */
static void test_replace_without_space(void **state)
{
	_cleanup_free_ char *much = calloc(1, 10000);
	struct folder *folder = *state;
	struct rlimit old, small;
	int r;

	assert_non_null(much);
	put(folder, "f", "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 5000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = file_replace(folder->fd, "f", much, 10000, true);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(r, -EFBIG);
	expect(folder, "f", "old");
	assert_int_equal(count_names(folder), 1);
}

/* What an agent that was killed left behind, with the name this thread would use. */
static void test_replace_over_leftover(void **state)
{
	struct folder *folder = *state;
	char name[64];

	snprintf(name, sizeof(name), ".f.%d", (int)gettid());
	put(folder, name, "half");
	put(folder, "f", "whole");
	expect(folder, "f", "whole");
	assert_int_equal(count_names(folder), 1);
}

#define WRITERS 4
#define ROUNDS 200

static void *write_often(void *arg)
{
	const struct folder *folder = arg;
	static unsigned next;
	char text[2000];
	unsigned char c = (unsigned char)('a' + __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % 26);

	memset(text, c, sizeof(text));
	for (int i = 0; i < ROUNDS; i++)
		if (file_replace(folder->fd, "f", text, sizeof(text), false) < 0)
			return NULL;
	return arg;
}

static void test_replace_from_many_threads(void **state)
{
	struct folder *folder = *state;
	pthread_t threads[WRITERS];
	char *data = NULL;
	size_t size;
	void *ok;

	put(folder, "f", "");
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_often, folder), 0);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(file_read(folder->fd, "f", 1 << 16, &data, &size), 0);
		assert_true(size == 0 || size == 2000);
		for (size_t k = 1; k < size; k++)
			assert_int_equal(data[k], data[0]);
		free(data);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(threads[i], &ok), 0);
		assert_non_null(ok);
	}
	assert_int_equal(count_names(folder), 1);
}

static void test_leftovers_go(void **state)
{
	static const char *const stay[] = {"f", ".hidden", ".f.12a", "f.12", "..12"};
	struct folder *folder = *state;

	for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
		put(folder, stay[i], "stays");
	put(folder, ".f.12", "goes");
	put(folder, ".3.link.40001", "goes");
	dir_remove_temporary(folder->fd);
	assert_int_equal(count_names(folder), (int)ARRAY_SIZE(stay));
	for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
		expect(folder, stay[i], "stays");
}

static void test_leftover_of_one_writer(void **state)
{
	struct folder *folder = *state;

	put(folder, "f", "stays");
	put(folder, ".f.11", "stays");
	put(folder, ".g.12", "stays");
	put(folder, ".f.12", "goes");
	file_remove_temporary(folder->fd, "f", 12);
	file_remove_temporary(folder->fd, "f", 13);
	assert_int_equal(count_names(folder), 3);
	expect(folder, ".f.11", "stays");
	expect(folder, ".g.12", "stays");
}

/* ---- setting aside ---- */

static void test_set_aside(void **state)
{
	struct folder *folder = *state;
	char name[64] = "";

	put(folder, "f", "1");
	assert_int_equal(file_set_aside(folder->fd, "f", "damaged", name, sizeof(name)), 0);
	assert_string_equal(name, "f.damaged-1");
	put(folder, "f", "2");
	assert_int_equal(file_set_aside(folder->fd, "f", "damaged", name, sizeof(name)), 0);
	assert_string_equal(name, "f.damaged-2");
	expect(folder, "f.damaged-1", "1");
	expect(folder, "f.damaged-2", "2");

	/* A gap is filled; nothing is overwritten. */
	assert_int_equal(unlinkat(folder->fd, "f.damaged-1", 0), 0);
	put(folder, "f", "3");
	assert_int_equal(file_set_aside(folder->fd, "f", "damaged", name, 4), 0);
	assert_string_equal(name, "f.d");
	expect(folder, "f.damaged-1", "3");
	expect(folder, "f.damaged-2", "2");
	assert_int_equal(count_names(folder), 2);
}

static void test_set_aside_fails(void **state)
{
	struct folder *folder = *state;
	char name[64] = "as it was";
	char file[32];

	assert_int_equal(file_set_aside(folder->fd, "none", "damaged", name, sizeof(name)), -ENOENT);
	put(folder, "f", "x");
	for (int i = 1; i <= 1000; i++) {
		snprintf(file, sizeof(file), "f.damaged-%d", i);
		put(folder, file, "");
	}
	assert_int_equal(file_set_aside(folder->fd, "f", "damaged", name, sizeof(name)), -EEXIST);
	expect(folder, "f", "x");
	assert_string_equal(name, "as it was");
}

#define file_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		file_test(test_dir_is_made_with_parents),
		file_test(test_dir_that_cannot_be),
		file_test(test_lock),
		file_test(test_lock_ends_with_its_process),
		file_test(test_lock_follows_no_link),
		file_test(test_read_sizes),
		file_test(test_read_keeps_nul),
		file_test(test_read_without_size),
		file_test(test_read_fails),
		file_test(test_replace),
		file_test(test_replace_below),
		file_test(test_replace_is_a_rename),
		file_test(test_replace_fails),
		file_test(test_replace_without_space),
		file_test(test_replace_over_leftover),
		file_test(test_replace_from_many_threads),
		file_test(test_leftovers_go),
		file_test(test_leftover_of_one_writer),
		file_test(test_set_aside),
		file_test(test_set_aside_fails),
	};

	fd_raise_limit(); /* room for high numbers */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
