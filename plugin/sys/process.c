/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/macro.h"

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1u << 2) /* Linux 6.9 */
#endif

#define GROUP_END_MS 500 /* one that hangs in the kernel is not waited for */

/* ---- /proc ---- */

struct proc_stat {
	char state;
	pid_t parent, group, session;
	uint64_t started;
};

static int read_stat(pid_t pid, struct proc_stat *ret)
{
	_cleanup_fd_ int fd = -1;
	char path[32], line[1024], *p;
	struct proc_stat st = {};
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, line, sizeof(line) - 1);
	if (n < 0)
		return -errno;
	line[n] = '\0';

	/* The second field is the name in brackets, and may hold anything, brackets too. */
	p = strrchr(line, ')');
	if (!p || sscanf(p + 1, " %c %d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
			 &st.state, &st.parent, &st.group, &st.session, &st.started) != 5)
		return -EBADMSG;
	*ret = st;
	return 0;
}

static bool stat_is_dead(const struct proc_stat *st)
{
	return st->state == 'Z' || st->state == 'X';
}

uint64_t process_started(pid_t pid)
{
	struct proc_stat st = {};

	if (pid <= 0 || read_stat(pid, &st) < 0 || stat_is_dead(&st))
		return 0;
	return st.started;
}

/* Arguments stand one behind the other, each ended by a NUL. */
static bool has_argument(pid_t pid, const void *argument)
{
	_cleanup_fd_ int fd = -1;
	char path[32], text[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	for (const char *p = text; p < text + n; p += strlen(p) + 1)
		if (str_equal(p, argument))
			return true;
	return false;
}

/* The first process, not ourselves, of which is() says so; 0 if there is none. */
static pid_t search(bool (*is)(pid_t pid, const void *what), const void *what)
{
	pid_t pid, found = 0;
	struct dirent *d;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return 0;
	while (found == 0 && (d = readdir(proc)) != NULL) {
		pid = isdigit((unsigned char)d->d_name[0]) ? (pid_t)atoi(d->d_name) : 0;
		if (pid > 1 && pid != getpid() && is(pid, what))
			found = pid;
	}
	closedir(proc);
	return found;
}

pid_t process_find(const char *argument)
{
	return search(has_argument, argument);
}

/* A group lies within one session, so both numbers together name it. */
struct group {
	pid_t group, session;
};

static bool is_in_group(pid_t pid, const void *what)
{
	const struct group *g = what;
	struct proc_stat st = {};

	return read_stat(pid, &st) == 0 && !stat_is_dead(&st) && st.group == g->group && st.session == g->session;
}

static bool group_lives(pid_t group, pid_t session)
{
	return search(is_in_group, &(struct group){group, session}) != 0;
}

static bool read_fd_path(pid_t pid, int fd, char ret[PATH_MAX])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	n = readlink(path, ret, PATH_MAX - 1);
	ret[MAX(n, 0)] = '\0';
	return n > 0;
}

static bool writes_to(pid_t pid, const void *file)
{
	char path[PATH_MAX];

	return read_fd_path(pid, STDOUT_FILENO, path) && str_equal(path, file);
}

pid_t process_of_output(int fd)
{
	char file[PATH_MAX];

	return read_fd_path(getpid(), fd, file) ? search(writes_to, file) : 0;
}

/* ---- start ---- */

static int top_target(const struct process_fd *fds, size_t n_fds)
{
	uint64_t seen = 0;
	int top = STDERR_FILENO;

	if (n_fds > PROCESS_FDS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n_fds; i++) {
		if (fds[i].fd < 0)
			return -EBADF;
		if (fds[i].target < 0 || fds[i].target > PROCESS_TARGET_MAX || seen & UINT64_C(1) << fds[i].target)
			return -EINVAL;
		seen |= UINT64_C(1) << fds[i].target;
		top = MAX(top, fds[i].target);
	}
	return top;
}

/* What the child does with its descriptors. Sources are all above top, so no dup2 overwrites a later source. */
static int add_actions(posix_spawn_file_actions_t *actions, const int *sources, const struct process_fd *fds,
		       size_t n_fds, int top)
{
	bool taken[PROCESS_TARGET_MAX + 1] = {};
	int e = 0;

	for (size_t i = 0; i < n_fds && e == 0; i++) {
		taken[fds[i].target] = true;
		e = posix_spawn_file_actions_adddup2(actions, sources[i], fds[i].target);
	}
	for (int fd = 0; fd <= top && e == 0; fd++) {
		if (taken[fd])
			continue;
		if (fd <= STDERR_FILENO)
			e = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
		else
			e = posix_spawn_file_actions_addclose(actions, fd);
	}
	if (e == 0)
		e = posix_spawn_file_actions_addclosefrom_np(actions, top + 1);
	return -e;
}

static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int e;

	sigfillset(&all);
	sigemptyset(&none);
	e = posix_spawnattr_setsigdefault(attr, &all);
	if (e == 0)
		e = posix_spawnattr_setsigmask(attr, &none);
	if (e == 0)
		e = posix_spawnattr_setpgroup(attr, 0);
	if (e == 0)
		e = posix_spawnattr_setflags(attr,
					     POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return -e;
}

static int spawn(const char *const argv[], const char *const envp[], const int *sources, const struct process_fd *fds,
		 size_t n_fds, int top, pid_t *ret_pid)
{
	static const char *const plain[] = {PROCESS_PATH, "LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attr);
	if (r < 0)
		goto out_actions;

	r = add_actions(&actions, sources, fds, n_fds, top);
	if (r == 0)
		r = set_attributes(&attr);
	if (r == 0)
		r = -posix_spawn(ret_pid, argv[0], &actions, &attr, (char *const *)argv,
				 (char *const *)(envp ? envp : plain));

	posix_spawnattr_destroy(&attr);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* A descriptor that stands for the process and nothing else, whatever becomes of its number. */
static int open_pidfd(pid_t pid)
{
	int fd = pidfd_open(pid, 0);

	return fd < 0 ? -errno : fd_high(fd);
}

int process_spawn(const char *const argv[], const char *const envp[], const struct process_fd *fds, size_t n_fds,
		  struct process *ret)
{
	int top, r = 0, sources[PROCESS_FDS_MAX], copies[PROCESS_FDS_MAX];
	struct process p = PROCESS_NONE;
	struct proc_stat st = {};
	size_t n = 0;

	if (argv[0][0] != '/')
		return -EINVAL;
	top = top_target(fds, n_fds);
	if (top < 0)
		return top;

	/* A source that lies where targets are could be overwritten before its turn: take a copy above. */
	for (; n < n_fds && r == 0; n++) {
		sources[n] = fds[n].fd;
		copies[n] = -1;
		if (fds[n].fd <= top) {
			copies[n] = fcntl(fds[n].fd, F_DUPFD_CLOEXEC, top + 1);
			sources[n] = copies[n];
			if (copies[n] < 0)
				r = -errno;
		}
	}
	if (r == 0)
		r = spawn(argv, envp, sources, fds, n_fds, top, &p.pid);
	while (n-- > 0)
		fd_close(copies[n]);
	if (r < 0)
		return r;

	p.child = true;
	p.pidfd = open_pidfd(p.pid);
	if (p.pidfd < 0) {
		kill(-p.pid, SIGKILL);
		waitid(P_PID, (id_t)p.pid, NULL, WEXITED);
		return p.pidfd;
	}
	if (read_stat(p.pid, &st) == 0) {
		p.started = st.started;
		p.session = st.session;
	}
	*ret = p;
	return 0;
}

/* Gives the number of a child that has ended back to the kernel. */
static void reap_finally(struct process *p)
{
	siginfo_t info;

	if (p->child && p->ended) {
		waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG);
		p->child = false;
	}
}

int process_adopt(pid_t pid, uint64_t started, struct process *ret)
{
	struct process p = PROCESS_NONE;
	struct proc_stat st = {};
	int r;

	/* Not what kill(2) takes for more than one process, nor ourselves, whatever a record says. */
	if (pid <= 1 || pid == getpid())
		return -ESRCH;

	/* First the descriptor, then the question whose it is: if the number still is that process's now, it was
	 * before. */
	p.pidfd = open_pidfd(pid);
	/* EINVAL, ENOENT with new kernels: it is just being reaped, or the number is a thread's now. */
	if (p.pidfd < 0)
		return p.pidfd == -EINVAL || p.pidfd == -ENOENT ? -ESRCH : p.pidfd;
	r = read_stat(pid, &st);
	if (r == 0 && (st.started != started || stat_is_dead(&st))) {
		r = -ESRCH;
		/* Nobody else will reap it. */
		p.child = p.ended = st.started == started && st.parent == getpid();
		reap_finally(&p);
	}
	if (r < 0) {
		fd_close(p.pidfd);
		return r;
	}

	p.pid = pid;
	p.started = started;
	p.session = st.session;
	p.child = st.parent == getpid();
	*ret = p;
	return 0;
}

/* ---- end ---- */

static bool pidfd_readable(int pidfd, int timeout_ms)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	return poll(&fd, 1, timeout_ms) > 0;
}

bool process_reap(struct process *p)
{
	siginfo_t info = {};

	if (p->ended || p->pid == 0)
		return true;
	if (p->pidfd < 0)
		return false;

	if (p->child && waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
		p->child = false; /* somebody in our process reaped it, or ignores SIGCHLD */

	if (p->child) {
		if (info.si_pid == 0)
			return false;
		p->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
		p->ended = true;
	} else {
		p->ended = pidfd_readable(p->pidfd, 0);
	}
	return p->ended;
}

/* Kernels before 6.9 know groups by number only. The number is safe while the leader is there, dead or alive, and as
 * long as any member lives. */
static bool group_is_ours(const struct process *p)
{
	if (p->child || pidfd_send_signal(p->pidfd, 0, NULL, 0) == 0 || errno == EPERM)
		return true;
	return group_lives(p->pid, p->session);
}

void process_signal_group(const struct process *p, int sig)
{
	int r;

	if (p->pid <= 1 || p->pidfd < 0)
		return;

	r = pidfd_send_signal(p->pidfd, sig, NULL, PIDFD_SIGNAL_PROCESS_GROUP);
	if (r < 0 && errno == EINVAL && group_is_ours(p))
		r = kill(-p->pid, sig);
	/* One that left its group. */
	if (r < 0 && !p->ended)
		pidfd_send_signal(p->pidfd, sig, NULL, 0);
}

/* The kernel has no event for it. One that has been killed still ends the system call that it is in. Who runs is looked
 * up only if they are not all gone and reaped a moment later: /proc may be long. */
static void wait_for_group(pid_t group, pid_t session)
{
	for (int pause = 1; pause < GROUP_END_MS && kill(-group, 0) == 0; pause *= 2) {
		if (pause > 1 && !group_lives(group, session))
			return;
		poll(NULL, 0, pause);
	}
}

void process_end_orphans(pid_t group, pid_t session)
{
	struct proc_stat st = {};

	if (group <= 1 || session < 0 || (read_stat(group, &st) == 0 && !stat_is_dead(&st)))
		return;
	if (group_lives(group, session)) {
		kill(-group, SIGKILL);
		wait_for_group(group, session);
	}
}

static bool wait_until(struct process *p, int64_t deadline)
{
	int64_t left;

	while (!process_reap(p)) {
		left = deadline - clock_mono_ms();
		if (left <= 0)
			return false;
		pidfd_readable(p->pidfd, (int)left);
	}
	return true;
}

bool process_ask(struct process *p, int sig, int timeout_ms)
{
	if (p->pid == 0 || p->pidfd < 0 || process_reap(p))
		return true;
	pidfd_send_signal(p->pidfd, sig, NULL, 0);
	pidfd_send_signal(p->pidfd, SIGCONT, NULL, 0);
	return wait_until(p, clock_mono_ms() + timeout_ms);
}

int process_end(struct process *p, int timeout_ms)
{
	int64_t start = clock_mono_ms();

	if (p->pid == 0 || p->pidfd < 0)
		return 0;

	if (!process_reap(p)) {
		process_signal_group(p, SIGTERM);
		process_signal_group(p, SIGCONT);
		if (!wait_until(p, start + timeout_ms / 2)) {
			process_signal_group(p, SIGKILL);
			if (!wait_until(p, start + timeout_ms))
				return -ETIMEDOUT;
		}
	}

	process_signal_group(p, SIGKILL);
	reap_finally(p);
	wait_for_group(p->pid, p->session);
	return 0;
}

void process_release(struct process *p)
{
	if (p->pidfd < 0)
		return;
	process_reap(p);
	reap_finally(p);
	p->pidfd = fd_close(p->pidfd);
}

int process_forbid_core(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return -errno;
	/* Only root may raise a hard limit of 0, at which a collector would be started. */
	limit.rlim_cur = 1;
	limit.rlim_max = MAX(limit.rlim_max, (rlim_t)1);
	if (setrlimit(RLIMIT_CORE, &limit) == 0)
		return 0;
	limit.rlim_cur = limit.rlim_max = 0;
	return setrlimit(RLIMIT_CORE, &limit) < 0 ? -errno : 0;
}
