/* SPDX-License-Identifier: BSD-2-Clause */
/* Child processes: what they inherit, how they end, who is taken for whom. This program is also the child: it is
 * started with the name of a role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/macro.h"
#include "sys/process.h"

#define PATIENCE_MS 20000 /* for what must happen soon */

static char self[PATH_MAX];

/* The kernels before 6.9 know no signal to a group by pidfd. */
static bool old_kernel;

int pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags)
{
	if (old_kernel && flags != 0) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags);
}

/* ---- roles of the child ---- */

/* Writes "target:device:inode " for each open descriptor to a file. */
static int role_fds(const char *path)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;
	char list[4096];
	struct stat st;
	size_t len = 0;
	int fd;

	if (!dir)
		return 1;
	while ((d = readdir(dir)) != NULL) {
		fd = atoi(d->d_name);
		if (*d->d_name == '.' || fd == dirfd(dir) || fstat(fd, &st) < 0)
			continue;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%d:%ju:%ju ", fd, (uintmax_t)st.st_dev,
					(uintmax_t)st.st_ino);
	}
	closedir(dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	return fd_write_all(fd, list, len) < 0;
}

static int role_environment(void)
{
	for (char **e = environ; *e; e++)
		printf("%s\n", *e);
	return 0;
}

static int role_signals(void)
{
	_cleanup_free_ char *line = NULL;
	FILE *f = fopen("/proc/self/status", "re");
	size_t size = 0;

	if (!f)
		return 1;
	while (getline(&line, &size, f) > 0)
		if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
			fputs(line, stdout);
	return fclose(f);
}

static _Noreturn void say_pid_and_wait(void)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	fd_write_all(STDOUT_FILENO, text, (size_t)n);
	for (;;)
		pause();
}

/* A member of our group that SIGTERM does not end. */
static _Noreturn void role_family(void)
{
	if (fork() == 0) {
		signal(SIGTERM, SIG_IGN);
		say_pid_and_wait();
	}
	for (;;)
		pause();
}

/* A process that leaves a family behind, in a group of its own, and goes: the family is nobody's child then. */
static int role_orphan(const char *role)
{
	struct process_fd out = {STDOUT_FILENO, STDOUT_FILENO};
	const char *const argv[] = {self, role, NULL};
	struct process p;

	if (process_spawn(argv, NULL, &out, 1, &p) < 0)
		return 1;
	printf("%d %llu\n", (int)p.pid, (unsigned long long)p.started);
	return 0;
}

static int play(const char *role, const char *argument)
{
	if (str_equal(role, "exit"))
		return atoi(argument);
	if (str_equal(role, "fds"))
		return role_fds(argument);
	if (str_equal(role, "environment"))
		return role_environment();
	if (str_equal(role, "signals"))
		return role_signals();
	if (str_equal(role, "abort"))
		return kill(getpid(), SIGKILL);
	if (str_equal(role, "wait"))
		say_pid_and_wait();
	if (str_equal(role, "stubborn")) {
		signal(SIGTERM, SIG_IGN);
		say_pid_and_wait();
	}
	if (str_equal(role, "family"))
		role_family();
	if (str_equal(role, "orphan"))
		return role_orphan(argument);
	return 99;
}

/* ---- help ---- */

static bool wait_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t deadline = clock_mono_ms() + PATIENCE_MS, left;

	while ((left = deadline - clock_mono_ms()) > 0)
		if (poll(&p, 1, (int)left) > 0)
			return true;
	return false;
}

static void wait_end(struct process *p)
{
	assert_true(wait_readable(p->pidfd));
	assert_true(process_reap(p));
}

/* Reads lines of the child from a pipe. */
struct output {
	int fd;
	char text[4096];
	size_t len;
};

static const char *read_line(struct output *o)
{
	static char line[4096];
	char *newline;
	ssize_t n;

	while ((newline = memchr(o->text, '\n', o->len)) == NULL) {
		assert_true(wait_readable(o->fd));
		n = read(o->fd, o->text + o->len, sizeof(o->text) - o->len);
		assert_true(n >= 0);
		if (n == 0)
			return NULL;
		o->len += (size_t)n;
	}
	str_copy(line, o->text, (size_t)(newline - o->text) + 1);
	o->len -= (size_t)(newline - o->text) + 1;
	memmove(o->text, newline + 1, o->len);
	return line;
}

/* Starts a role whose standard output we read. */
static void start(const char *role, const char *argument, struct process *p, struct output *ret_output)
{
	const char *const argv[] = {self, role, argument, NULL};
	struct process_fd out = {.target = STDOUT_FILENO};
	int pair[2];

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	out.fd = pair[1];
	assert_int_equal(process_spawn(argv, NULL, &out, 1, p), 0);
	fd_close(pair[1]);
	ret_output->fd = pair[0];
	ret_output->len = 0;
}

/* Reads the pid that a role says, and makes a descriptor that tells when that process is gone. */
static int watch_said(struct output *o)
{
	const char *line = read_line(o);
	int pidfd;

	assert_non_null(line);
	pidfd = pidfd_open(atoi(line), 0);
	assert_true(pidfd >= 0);
	return pidfd;
}

static bool is_alive(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

static void finish(struct process *p, struct output *o)
{
	fd_close(o->fd);
	process_release(p);
	assert_int_equal(p->pidfd, -1);
}

static int on_this_kernel(void **state)
{
	(void)state;
	old_kernel = false;
	return 0;
}

static int on_old_kernel(void **state)
{
	(void)state;
	old_kernel = true;
	return 0;
}

/* ---- start ---- */

static void expect_spawn_error(const char *path, const struct process_fd *fds, size_t n_fds, int error)
{
	const char *const argv[] = {path, NULL};
	struct process p = {.pid = 4711, .pidfd = 4712};

	assert_int_equal(process_spawn(argv, NULL, fds, n_fds, &p), error);
	assert_true(p.pid == 4711 && p.pidfd == 4712);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left over */
	assert_int_equal(errno, ECHILD);
}

static void test_no_program(void **state)
{
	(void)state;
	expect_spawn_error("/nonexistent/program", NULL, 0, -ENOENT);
	expect_spawn_error("/etc/passwd", NULL, 0, -EACCES);
	expect_spawn_error("/tmp", NULL, 0, -EACCES);
	expect_spawn_error("/etc/passwd/x", NULL, 0, -ENOTDIR);
	expect_spawn_error("sh", NULL, 0, -EINVAL);
	expect_spawn_error("./sh", NULL, 0, -EINVAL);
	expect_spawn_error("", NULL, 0, -EINVAL);
}

static void test_wrong_descriptors(void **state)
{
	struct process_fd many[PROCESS_FDS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct process_fd){STDERR_FILENO, (int)i};
	expect_spawn_error(self, many, ARRAY_SIZE(many), -EINVAL);
	expect_spawn_error(self, (struct process_fd[]){{-1, 0}}, 1, -EBADF);
	expect_spawn_error(self, (struct process_fd[]){{1500, 0}}, 1, -EBADF);
	expect_spawn_error(self, (struct process_fd[]){{50, 60}}, 1, -EBADF);
	expect_spawn_error(self, (struct process_fd[]){{2, -1}}, 1, -EINVAL);
	expect_spawn_error(self, (struct process_fd[]){{2, PROCESS_TARGET_MAX + 1}}, 1, -EINVAL);
	expect_spawn_error(self, (struct process_fd[]){{2, 7}, {1, 7}}, 2, -EINVAL);
}

static void test_status(void **state)
{
	static const struct {
		const char *role, *argument;
		int status;
	} cases[] = {{"exit", "0", 0}, {"exit", "7", 7}, {"exit", "255", 255}, {"abort", NULL, 128 + SIGKILL}};
	struct process p;
	struct output o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start(cases[i].role, cases[i].argument, &p, &o);
		assert_true(p.pid > 1 && p.child);
		assert_true(p.pidfd >= FD_HIGH);
		assert_true((fcntl(p.pidfd, F_GETFD) & FD_CLOEXEC) != 0);
		wait_end(&p);
		assert_int_equal(p.status, cases[i].status);

		/* Its number is not free until it is let go. */
		assert_int_equal(kill(p.pid, 0), 0);
		assert_int_equal(process_started(p.pid), 0);
		assert_true(process_reap(&p));
		finish(&p, &o);
		assert_int_equal(kill(p.pid, 0), -1);
		assert_int_equal(p.status, cases[i].status);
	}
}

/* Field 22 of the line, read in another way than process.c does. */
static void test_of_output(void **state)
{
	static const char *const argv[] = {"/bin/sleep", "1000", NULL};
	char path[] = "/tmp/rasdial-output-XXXXXX";
	struct process p;
	int fd, out;

	(void)state;
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	out = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(process_of_output(fd), 0);
	assert_int_equal(process_spawn(argv, NULL, &(struct process_fd){out, STDOUT_FILENO}, 1, &p), 0);
	assert_int_equal(process_of_output(fd), p.pid);
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	process_release(&p);
	assert_int_equal(process_of_output(fd), 0);
	assert_int_equal(process_of_output(-1), 0);
	close(fd);
	close(out);
	unlink(path);
}

static void test_start_tick(void **state)
{
	char path[64], line[1024], *word, *save;
	struct process p;
	struct output o;
	FILE *f;

	(void)state;
	start("wait", NULL, &p, &o);
	assert_non_null(read_line(&o));
	assert_false(process_reap(&p));
	assert_int_equal(p.status, -1);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)p.pid);
	f = fopen(path, "re");
	assert_non_null(fgets(line, sizeof(line), f));
	fclose(f);
	word = strtok_r(line, " ", &save);
	for (int i = 1; i < 22; i++)
		word = strtok_r(NULL, " ", &save);
	assert_true(p.started == strtoull(word, NULL, 10));
	assert_true(p.started > 0 && process_started(p.pid) == p.started);
	assert_int_equal(p.session, getsid(0));
	assert_int_equal(getpgid(p.pid), p.pid);
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_int_equal(p.status, 128 + SIGTERM);
	finish(&p, &o);
	assert_int_equal(process_started(p.pid), 0);
	assert_int_equal(process_started(0), 0);
	assert_int_equal(process_started(-1), 0);
}

static void test_environment(void **state)
{
	const char *const argv[] = {self, "environment", NULL};
	const char *const envp[] = {"ONE=1", "TWO=zwei und mehr", NULL};
	struct process_fd out = {.target = STDOUT_FILENO};
	struct output o = {.fd = -1};
	struct process p;
	int pair[2];

	(void)state;
	start("environment", NULL, &p, &o);
	assert_int_equal(strncmp(read_line(&o), "PATH=/", 6), 0);
	assert_string_equal(read_line(&o), "LC_ALL=C");
	assert_null(read_line(&o));
	wait_end(&p);
	finish(&p, &o);

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	out.fd = pair[1];
	assert_int_equal(process_spawn(argv, envp, &out, 1, &p), 0);
	fd_close(pair[1]);
	o.fd = pair[0];
	assert_string_equal(read_line(&o), "ONE=1");
	assert_string_equal(read_line(&o), "TWO=zwei und mehr");
	assert_null(read_line(&o));
	wait_end(&p);
	finish(&p, &o);
}

static void test_signals_are_default(void **state)
{
	sigset_t all, old;
	struct process p;
	struct output o;

	(void)state;
	sigfillset(&all);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &all, &old), 0);
	start("signals", NULL, &p, &o);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, NULL), 0);
	assert_string_equal(read_line(&o), "SigBlk:\t0000000000000000");
	/* posix_spawn() leaves 32 and 33, which the C library has for itself, ignored. */
	assert_int_equal(strtoull(read_line(&o) + strlen("SigIgn:"), NULL, 16) & ~UINT64_C(0x180000000), 0);
	wait_end(&p);
	finish(&p, &o);
	signal(SIGUSR2, SIG_DFL);
}

/* ---- descriptors ---- */

/* A file for each source, so that it is known again. */
static void source(int fd)
{
	int file = memfd_create("source", 0);

	assert_true(file >= 0);
	assert_int_equal(dup2(file, fd), fd);
	if (file != fd)
		fd_close(file);
}

static void append(char *list, size_t size, int target, const char *path, int fd)
{
	size_t len = strlen(list);
	struct stat st;

	assert_int_equal(path ? stat(path, &st) : fstat(fd, &st), 0);
	snprintf(list + len, size - len, "%d:%ju:%ju ", target, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
}

/* Starts a child with fds and compares all its open descriptors with what they must be. */
static void expect_fds(const struct process_fd *fds, size_t n)
{
	char path[] = "/tmp/rasdial-fds-XXXXXX", expected[4096] = "", got[4096];
	const char *const argv[] = {self, "fds", path, NULL};
	struct process p;
	ssize_t len;
	size_t i;
	int fd;

	for (int target = 0; target <= PROCESS_TARGET_MAX; target++) {
		for (i = 0; i < n && fds[i].target != target; i++)
			;
		if (i < n)
			append(expected, sizeof(expected), target, NULL, fds[i].fd);
		else if (target <= STDERR_FILENO)
			append(expected, sizeof(expected), target, "/dev/null", -1);
	}

	fd = mkostemp(path, O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(process_spawn(argv, NULL, fds, n, &p), 0);
	wait_end(&p);
	assert_int_equal(p.status, 0);
	process_release(&p);
	len = pread(fd, got, sizeof(got) - 1, 0);
	assert_true(len >= 0);
	got[len] = '\0';
	fd_close(fd);
	unlink(path);
	assert_string_equal(got, expected);
}

#define BASE 20
#define SOURCES 4

static void test_every_permutation(void **state)
{
	struct process_fd fds[SOURCES];
	int order[SOURCES];

	(void)state;
	for (int i = 0; i < SOURCES; i++)
		source(BASE + i);
	for (int n = 0; n < 256; n++) {
		int seen = 0;

		for (int i = 0; i < SOURCES; i++) {
			order[i] = n >> 2 * i & 3;
			seen |= 1 << order[i];
		}
		if (seen != 15)
			continue;
		for (int i = 0; i < SOURCES; i++)
			fds[i] = (struct process_fd){BASE + i, BASE + order[i]};
		expect_fds(fds, SOURCES);
	}
	for (int i = 0; i < SOURCES; i++)
		fd_close(BASE + i);
}

static void test_mixed_descriptors(void **state)
{
	const struct process_fd onto_stdio[] = {{BASE, 0}, {BASE + 1, 1}, {BASE + 2, 2}, {BASE + 3, BASE}};
	const struct process_fd onto_itself[] = {{BASE, BASE}, {BASE + 1, BASE + 2}};
	const struct process_fd twice[] = {{BASE, 1}, {BASE, 2}, {BASE, BASE + 1}, {BASE, 0}};
	const struct process_fd ends[] = {{1500, PROCESS_TARGET_MAX}, {1501, 0}, {BASE, 62}};
	struct process_fd most[PROCESS_FDS_MAX];

	(void)state;
	for (int i = 0; i < SOURCES; i++)
		source(BASE + i);
	source(1500);
	source(1501);
	source(1502); /* not close-on-exec, never asked for */
	expect_fds(NULL, 0);
	expect_fds(onto_stdio, ARRAY_SIZE(onto_stdio));
	expect_fds(onto_itself, ARRAY_SIZE(onto_itself));
	expect_fds(twice, ARRAY_SIZE(twice));
	expect_fds(ends, ARRAY_SIZE(ends));
	for (int i = 0; i < PROCESS_FDS_MAX; i++)
		most[i] = (struct process_fd){BASE + i % SOURCES, 2 * PROCESS_FDS_MAX - i};
	expect_fds(most, ARRAY_SIZE(most));

	/* One that is close-on-exec here is open there. */
	assert_int_equal(fcntl(BASE, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(fcntl(1500, F_SETFD, FD_CLOEXEC), 0);
	expect_fds(onto_itself, ARRAY_SIZE(onto_itself));
	expect_fds(ends, ARRAY_SIZE(ends));

	/* Standard input is closed here: sources and copies may get its number. */
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
	close(STDIN_FILENO);
	expect_fds(onto_stdio, ARRAY_SIZE(onto_stdio));
	expect_fds(NULL, 0);
	if (saved >= 0)
		dup2(saved, STDIN_FILENO);
	fd_close(saved);

	for (int i = 0; i < SOURCES; i++)
		fd_close(BASE + i);
	for (int fd = 1500; fd <= 1502; fd++)
		fd_close(fd);
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_nothing_stays_open_here(void **state)
{
	const char *const missing[] = {"/nonexistent/program", NULL};
	const struct process_fd fds[] = {{STDERR_FILENO, 0}, {STDERR_FILENO, 1}, {99, 2}};
	int before = count_fds();
	struct process p;
	struct output o;

	(void)state;
	assert_int_equal(process_spawn(missing, NULL, fds, 2, &p), -ENOENT);
	assert_int_equal(process_spawn(missing, NULL, fds, 3, &p), -EBADF);
	start("exit", "0", &p, &o);
	wait_end(&p);
	finish(&p, &o);
	assert_int_equal(process_adopt(1, 1, &p), -ESRCH);
	assert_int_equal(process_adopt(getppid(), 1, &p), -ESRCH);
	assert_int_equal(count_fds(), before);
}

/* ---- end ---- */

static void test_end_by_term(void **state)
{
	struct process p;
	struct output o;

	(void)state;
	start("wait", NULL, &p, &o);
	assert_non_null(read_line(&o));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_true(p.ended);
	assert_int_equal(p.status, 128 + SIGTERM);
	assert_int_equal(kill(p.pid, 0), -1); /* reaped */
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_int_equal(p.status, 128 + SIGTERM);
	finish(&p, &o);
}

static void test_end_by_kill(void **state)
{
	int64_t before;
	struct process p;
	struct output o;

	(void)state;
	start("stubborn", NULL, &p, &o);
	assert_non_null(read_line(&o));
	before = clock_mono_ms();
	assert_int_equal(process_end(&p, 600), 0);
	assert_true(clock_mono_ms() - before >= 300);
	assert_int_equal(p.status, 128 + SIGKILL);
	finish(&p, &o);
}

static void test_end_of_a_stopped_one(void **state)
{
	siginfo_t info;
	struct process p;
	struct output o;

	(void)state;
	start("wait", NULL, &p, &o);
	assert_non_null(read_line(&o));
	assert_int_equal(kill(p.pid, SIGSTOP), 0);
	assert_int_equal(waitid(P_PIDFD, (id_t)p.pidfd, &info, WSTOPPED), 0);
	assert_false(process_reap(&p));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_int_equal(p.status, 128 + SIGTERM);
	finish(&p, &o);
}

static void test_end_without_time(void **state)
{
	struct process p;
	struct output o;
	int r;

	(void)state;
	start("stubborn", NULL, &p, &o);
	assert_non_null(read_line(&o));
	r = process_end(&p, 0);
	assert_true(r == 0 || r == -ETIMEDOUT);
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_int_equal(p.status, 128 + SIGKILL);
	finish(&p, &o);
}

/* The leader goes at once, the rest of its group does not want to. */
static void test_end_of_a_group(void **state)
{
	struct process p;
	struct output o;
	int member;

	(void)state;
	start("family", NULL, &p, &o);
	member = watch_said(&o);
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_int_equal(p.status, 128 + SIGTERM);
	assert_false(is_alive(member));
	fd_close(member);
	finish(&p, &o);
}

/* The leader has ended, and its end was noticed, before anybody ends the group. */
static void test_end_of_a_group_without_leader(void **state)
{
	struct process p;
	struct output o;
	int member;

	(void)state;
	start("family", NULL, &p, &o);
	member = watch_said(&o);
	assert_int_equal(kill(p.pid, SIGKILL), 0);
	wait_end(&p);
	assert_true(is_alive(member));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_int_equal(p.status, 128 + SIGKILL);
	assert_false(is_alive(member));
	fd_close(member);
	finish(&p, &o);
}

static void test_signal_reaches_the_group(void **state)
{
	struct process p;
	struct output o;
	int member;

	(void)state;
	start("family", NULL, &p, &o);
	member = watch_said(&o);
	process_signal_group(&p, SIGTERM);
	wait_end(&p);
	assert_int_equal(p.status, 128 + SIGTERM);
	assert_true(is_alive(member)); /* ignores it */
	process_signal_group(&p, SIGKILL);
	assert_true(wait_readable(member));
	fd_close(member);
	finish(&p, &o);
}

static void test_release_leaves_it_alone(void **state)
{
	struct process p;
	struct output o;
	int pidfd;

	(void)state;
	start("wait", NULL, &p, &o);
	pidfd = watch_said(&o);
	process_release(&p);
	assert_int_equal(p.pidfd, -1);
	assert_true(is_alive(pidfd));
	process_release(&p);
	process_signal_group(&p, SIGKILL); /* released: not ours to signal */
	assert_int_equal(process_end(&p, 0), 0);
	assert_true(is_alive(pidfd));
	assert_int_equal(kill(p.pid, SIGKILL), 0);
	assert_int_equal(waitpid(p.pid, NULL, 0), p.pid);
	fd_close(pidfd);
	fd_close(o.fd);
}

static void test_none(void **state)
{
	struct process p = PROCESS_NONE;

	(void)state;
	process_signal_group(&p, SIGKILL); /* kill(-0) would be the end of this test */
	assert_int_equal(process_end(&p, 1000), 0);
	assert_true(process_reap(&p));
	process_release(&p);
	assert_int_equal(p.status, -1);
}

/* Somebody else in the process reaps whatever ends, as careless hosts do. */
static void test_reaped_by_somebody_else(void **state)
{
	struct process p;
	struct output o;

	(void)state;
	start("exit", "3", &p, &o);
	assert_int_equal(waitpid(p.pid, NULL, 0), p.pid);
	wait_end(&p);
	assert_int_equal(p.status, -1);
	assert_int_equal(process_end(&p, 1000), 0);
	finish(&p, &o);

	signal(SIGCHLD, SIG_IGN);
	start("wait", NULL, &p, &o);
	assert_non_null(read_line(&o));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_true(p.ended);
	signal(SIGCHLD, SIG_DFL);
	finish(&p, &o);
}

/* ---- adoption ---- */

/* Makes a process that is nobody's child and reads who it is. member tells when the one that spoke is gone. */
static void make_orphan(const char *role, pid_t *ret_pid, uint64_t *ret_started, int *ret_member, struct output *o)
{
	unsigned long long started = 0;
	struct process parent;
	const char *line;
	int pid = 0, n;

	*ret_member = -1;
	start("orphan", role, &parent, o);
	for (int i = 0; i < 2; i++) { /* the parent's line and the child's, in any order */
		line = read_line(o);
		assert_non_null(line);
		n = 0;
		if (strchr(line, ' ')) {
			assert_int_equal(sscanf(line, "%d %llu%n", &pid, &started, &n), 2);
		} else {
			*ret_member = pidfd_open(atoi(line), 0);
			assert_true(*ret_member >= 0);
		}
	}
	wait_end(&parent);
	assert_int_equal(parent.status, 0);
	process_release(&parent);
	*ret_pid = pid;
	*ret_started = started;
}

static void test_adopt(void **state)
{
	uint64_t started;
	struct process p;
	struct output o;
	int member;
	pid_t pid;

	(void)state;
	make_orphan("wait", &pid, &started, &member, &o);
	assert_int_equal(process_adopt(pid, started, &p), 0);
	assert_int_equal(p.pid, pid);
	assert_true(p.started == started && !p.child && !p.ended);
	assert_true(p.pidfd >= FD_HIGH);
	assert_false(process_reap(&p));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_true(p.ended);
	assert_int_equal(p.status, -1);
	assert_true(wait_readable(member));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	fd_close(member);
	finish(&p, &o);
	assert_int_equal(process_adopt(pid, started, &p), -ESRCH);
}

static void test_adopt_another_one(void **state)
{
	struct process p = {.pid = 4711}, child;
	struct output o;

	(void)state;
	start("wait", NULL, &child, &o);
	assert_non_null(read_line(&o));
	assert_int_equal(process_adopt(child.pid, child.started + 1, &p), -ESRCH);
	assert_int_equal(process_adopt(child.pid, child.started - 1, &p), -ESRCH);
	assert_int_equal(process_adopt(child.pid, 0, &p), -ESRCH);
	assert_int_equal(process_adopt(0, 0, &p), -ESRCH);
	assert_int_equal(process_adopt(1, process_started(1), &p), -ESRCH);
	assert_int_equal(process_adopt(-1, 1, &p), -ESRCH);
	assert_int_equal(process_adopt(-child.pid, child.started, &p), -ESRCH);
	assert_int_equal(process_adopt(getpid(), process_started(getpid()), &p), -ESRCH);
	assert_int_equal(process_adopt(INT_MAX, 1, &p), -ESRCH);

	/* One that has ended, though it is still in the process table. */
	assert_int_equal(kill(child.pid, SIGKILL), 0);
	wait_end(&child);
	assert_int_equal(process_adopt(child.pid, child.started, &p), -ESRCH);
	assert_int_equal(p.pid, 4711);
	finish(&child, &o);
	assert_int_equal(process_adopt(child.pid, child.started, &p), -ESRCH);
}

/* An agent that starts anew within its process finds its own children. */
static void test_adopt_own_child(void **state)
{
	struct process first, p;
	struct output o;

	(void)state;
	start("stubborn", NULL, &first, &o);
	assert_non_null(read_line(&o));
	process_release(&first);
	assert_int_equal(process_adopt(first.pid, first.started, &p), 0);
	assert_true(p.child);
	process_signal_group(&p, SIGKILL);
	wait_end(&p);
	assert_int_equal(p.status, 128 + SIGKILL);
	finish(&p, &o);
	assert_int_equal(kill(p.pid, 0), -1);
}

/* Nor does it leave one in the process table that ended in between. */
static void test_adopt_own_child_too_late(void **state)
{
	struct process first, p;
	struct pollfd end = {.events = POLLIN};
	struct output o;

	(void)state;
	start("wait", NULL, &first, &o);
	assert_non_null(read_line(&o));
	assert_int_equal(kill(first.pid, SIGKILL), 0);
	end.fd = first.pidfd;
	assert_int_equal(poll(&end, 1, PATIENCE_MS), 1);
	assert_int_equal(kill(first.pid, 0), 0);
	assert_int_equal(process_adopt(first.pid, first.started + 1, &p), -ESRCH);
	assert_int_equal(kill(first.pid, 0), 0);
	assert_int_equal(process_adopt(first.pid, first.started, &p), -ESRCH);
	assert_int_equal(kill(first.pid, 0), -1);
	finish(&first, &o);
}

static void test_adopted_group(void **state)
{
	uint64_t started;
	struct process p;
	struct output o;
	int member;
	pid_t pid;

	(void)state;
	make_orphan("family", &pid, &started, &member, &o);
	assert_int_equal(process_adopt(pid, started, &p), 0);
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_true(p.ended);
	assert_false(is_alive(member));
	fd_close(member);
	finish(&p, &o);
}

static void test_adopted_group_without_leader(void **state)
{
	uint64_t started;
	struct process p;
	struct output o;
	int member;
	pid_t pid;

	(void)state;
	make_orphan("family", &pid, &started, &member, &o);
	assert_int_equal(process_adopt(pid, started, &p), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_end(&p);
	assert_true(is_alive(member));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_false(is_alive(member));
	fd_close(member);
	finish(&p, &o);
}

static void test_orphans_of_one_that_has_ended(void **state)
{
	uint64_t started;
	struct process p, late;
	struct output o;
	int member;
	pid_t pid;

	(void)state;
	make_orphan("family", &pid, &started, &member, &o);
	assert_int_equal(process_adopt(pid, started, &p), 0);
	process_end_orphans(pid, p.session); /* it lives */
	assert_false(process_reap(&p));
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_end(&p);
	assert_int_equal(process_adopt(pid, started, &late), -ESRCH);
	process_end_orphans(pid, p.session + 1);
	process_end_orphans(pid, -1);
	process_end_orphans(0, p.session);
	assert_true(is_alive(member));
	process_end_orphans(pid, p.session);
	assert_false(is_alive(member));
	fd_close(member);
	finish(&p, &o);
}

static void *tell_number(void *arg)
{
	int *ends = arg;
	pid_t number = gettid();
	char end;

	assert_int_equal(write(ends[1], &number, sizeof(number)), sizeof(number));
	assert_int_equal(read(ends[1], &end, 1), 1);
	return NULL;
}

/* The number of one that has ended may be a thread's. */
static void test_adopt_a_thread(void **state UNUSED)
{
	struct process p;
	pthread_t thread;
	pid_t number;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pthread_create(&thread, NULL, tell_number, ends), 0);
	assert_int_equal(read(ends[0], &number, sizeof(number)), sizeof(number));
	assert_int_equal(process_adopt(number, process_started(number), &p), -ESRCH);
	assert_int_equal(write(ends[0], "", 1), 1);
	pthread_join(thread, NULL);
	fd_close(ends[0]);
	fd_close(ends[1]);
}

/* On an old kernel a group is known by number and session: the number alone may be another one's by now. */
static void test_group_of_another_session(void **state)
{
	uint64_t started;
	struct process p;
	struct output o;
	int64_t deadline;
	pid_t pid, session;
	int member;

	(void)state;
	make_orphan("family", &pid, &started, &member, &o);
	assert_int_equal(process_adopt(pid, started, &p), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_end(&p);
	/* While the dead leader is in the process table, its number cannot be another's. */
	deadline = clock_mono_ms() + PATIENCE_MS;
	while (kill(pid, 0) == 0 && clock_mono_ms() < deadline)
		poll(NULL, 0, 10);
	if (kill(pid, 0) == 0) {
		print_message("nobody reaps orphans here\n");
	} else {
		session = p.session;
		p.session = session + 1;
		assert_int_equal(process_end(&p, PATIENCE_MS), 0);
		assert_true(is_alive(member));
		p.session = session;
	}
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_true(wait_readable(member));
	fd_close(member);
	finish(&p, &o);
}

/* ---- threads ---- */

#define THREADS 8
#define ROUNDS 10

static void *start_and_end_often(void *arg)
{
	const char *const quick[] = {self, "exit", arg, NULL};
	const char *const slow[] = {self, "wait", NULL};
	struct process a, b;
	struct pollfd fd;

	for (int i = 0; i < ROUNDS; i++) {
		if (process_spawn(quick, NULL, NULL, 0, &a) < 0 || process_spawn(slow, NULL, NULL, 0, &b) < 0)
			return "spawn";
		fd = (struct pollfd){.fd = a.pidfd, .events = POLLIN};
		poll(&fd, 1, PATIENCE_MS);
		if (!process_reap(&a) || a.status != atoi(arg))
			return "status of the quick one";
		if (process_end(&b, PATIENCE_MS) < 0 || b.status != 128 + SIGTERM)
			return "status of the slow one";
		process_release(&a);
		process_release(&b);
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	static char names[THREADS][4];
	pthread_t threads[THREADS];
	pthread_attr_t attr;
	void *error;

	(void)state;
	assert_int_equal(pthread_attr_init(&attr), 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_int_equal(pthread_attr_setstacksize(&attr, 64 * 1024), 0); /* as dial threads have */
#endif
	for (int i = 0; i < THREADS; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", 10 + i);
		assert_int_equal(pthread_create(&threads[i], &attr, start_and_end_often, names[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &error), 0);
		if (error)
			fail_msg("thread %d: %s", i, (const char *)error);
	}
	pthread_attr_destroy(&attr);
}

/* ---- asked alone, found by its arguments ---- */

static void test_ask(void **state)
{
	struct process p, none = PROCESS_NONE;
	struct output o;
	int member;

	(void)state;
	assert_true(process_ask(&none, SIGTERM, 0));
	start("family", NULL, &p, &o);
	member = watch_said(&o);
	assert_true(process_ask(&p, SIGINT, PATIENCE_MS));
	assert_int_equal(p.status, 128 + SIGINT);
	assert_true(is_alive(member));
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	assert_true(wait_readable(member));
	fd_close(member);
	finish(&p, &o);

	start("stubborn", NULL, &p, &o);
	assert_non_null(read_line(&o));
	assert_false(process_ask(&p, SIGTERM, 50));
	assert_false(p.ended);
	assert_int_equal(process_end(&p, 100), 0);
	assert_true(process_ask(&p, SIGTERM, 0));
	finish(&p, &o);
}

static void test_find(void **state)
{
	char path[64];
	struct process p;
	struct output o;

	(void)state;
	snprintf(path, sizeof(path), "/run/no-such-folder/%d.pid", (int)getpid());
	assert_int_equal(process_find(path), 0);
	start("wait", path, &p, &o);
	assert_non_null(read_line(&o));
	assert_int_equal(process_find(path), p.pid);
	path[strlen(path) - 1] = '\0';
	assert_int_equal(process_find(path), 0);
	assert_int_equal(process_end(&p, PATIENCE_MS), 0);
	finish(&p, &o);
}

#define on_both_kernels(f)                                                                                             \
	{#f, f, on_this_kernel, NULL, NULL},                                                                           \
	{                                                                                                              \
#f "_on_old_kernel", f, on_old_kernel, NULL, NULL                                                      \
	}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_wrong_descriptors),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_of_output),
		cmocka_unit_test(test_start_tick),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_signals_are_default),
		cmocka_unit_test(test_every_permutation),
		cmocka_unit_test(test_mixed_descriptors),
		cmocka_unit_test(test_nothing_stays_open_here),
		on_both_kernels(test_end_by_term),
		on_both_kernels(test_end_by_kill),
		on_both_kernels(test_end_of_a_stopped_one),
		on_both_kernels(test_end_without_time),
		on_both_kernels(test_end_of_a_group),
		on_both_kernels(test_end_of_a_group_without_leader),
		on_both_kernels(test_signal_reaches_the_group),
		on_both_kernels(test_release_leaves_it_alone),
		on_both_kernels(test_none),
		on_both_kernels(test_reaped_by_somebody_else),
		on_both_kernels(test_adopt),
		cmocka_unit_test(test_adopt_another_one),
		on_both_kernels(test_adopt_own_child),
		on_both_kernels(test_adopt_own_child_too_late),
		on_both_kernels(test_adopted_group),
		on_both_kernels(test_adopted_group_without_leader),
		on_both_kernels(test_orphans_of_one_that_has_ended),
		on_both_kernels(test_adopt_a_thread),
		cmocka_unit_test_setup(test_group_of_another_session, on_old_kernel),
		on_both_kernels(test_many_threads),
		on_both_kernels(test_ask),
		cmocka_unit_test(test_find),
	};
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0)
		return 1;
	self[len] = '\0';
	if (argc > 1)
		return play(argv[1], argc > 2 ? argv[2] : "");

	fd_raise_limit();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
