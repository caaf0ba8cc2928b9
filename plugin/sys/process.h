/* SPDX-License-Identifier: BSD-2-Clause */
/* Child processes: posix_spawn into a process group of their own, default signals, empty mask, every descriptor
 * closed but those handed over on purpose; watched and reaped through a pidfd, never by waitpid(-1). */
#ifndef RASDIAL_SYS_PROCESS_H
#define RASDIAL_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;        /* 0: none */
	int pidfd;        /* -1: none; readable when the process has ended; FD_HIGH or above */
	uint64_t started; /* field 22 of /proc/PID/stat, in clock ticks since boot: tells a reused pid */
	pid_t session;    /* field 6: with pid it tells a reused process group */
	bool child;       /* ours to reap; false for one of another parent, or once it is reaped */
	bool ended;       /* as process_reap() found */
	int status;       /* of a child that has ended: exit status, or 128 + signal; -1: not known */
};
#define PROCESS_FDS_MAX 16
#define PROCESS_TARGET_MAX 63
#define PROCESS_NONE ((struct process){.pidfd = -1, .status = -1})

/* One descriptor for the child: fd of ours becomes number target (0..PROCESS_TARGET_MAX) there. Any fd may go to any
 * target, also crosswise; a target is named once. */
struct process_fd {
	int fd;
	int target;
};

/* What a program finds where nothing else is said. */
#define PROCESS_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Starts argv[0] (an absolute path; no search) with the given environment (NULL-ended; NULL: PATH and LC_ALL=C only).
 * What of 0, 1, 2 is not in fds is /dev/null. Returns 0 or negative errno (-ENOENT: no such program; -EINVAL: not an
 * absolute path, or fds beyond the limits above). Any thread. End it with process_end() or let go with
 * process_release(). */
int process_spawn(const char *const argv[], const char *const envp[], const struct process_fd *fds, size_t n_fds,
		  struct process *ret);

/* Takes over a process that an earlier agent started, if pid still is the one that started at that tick. It may be our
 * own child too (an agent that starts anew within its process). Returns 0, -ESRCH if it has ended (our own child is
 * reaped then) or is another one, or negative errno. */
int process_adopt(pid_t pid, uint64_t started, struct process *ret);

/* SIGKILLs what is left of the group of a process that has ended, which process_adopt() did not find any more, and
 * waits as process_end() does. While any of it lives the number is given to nobody else; the session (of struct
 * process; 0 where it began outside of our name space) tells a group that came later. Blocks: dial threads only. */
void process_end_orphans(pid_t group, pid_t session);

/* Takes note of the end without waiting, once the pidfd is readable. Returns true if the process has ended (now or
 * before). A child stays in the process table, its number and group not to be reused, until process_end() or
 * process_release(). */
bool process_reap(struct process *p);

/* Ends the process and its whole group: SIGTERM, after half of timeout_ms SIGKILL, waits for the end of the leader up
 * to timeout_ms, then SIGKILLs what is left of the group, which has half a second to be gone. Returns 0 or -ETIMEDOUT.
 * A process that has ended already only has its group cleaned. The pidfd stays open until process_release(). Blocks:
 * dial threads only. */
int process_end(struct process *p, int timeout_ms);

/* Sends a signal to the process alone, not to its group, and waits up to timeout_ms for its end. Returns true if it has
 * ended; process_end() is still to follow. Blocks: dial threads only. */
bool process_ask(struct process *p, int sig, int timeout_ms);

/* Sends a signal to the whole group; never to one that has got the same number later. Does nothing for PROCESS_NONE. */
void process_signal_group(const struct process *p, int sig);

/* Closes the pidfd, and reaps a child that has ended. A living process is left alone. pid and status remain. */
void process_release(struct process *p);

/* Start tick of a living process; 0 if there is none. */
uint64_t process_started(pid_t pid);

/* A living process that has this argument, which must be a path that no other program is given. Returns its number, 0
 * if there is none. */
pid_t process_find(const char *argument);
/* A process, not ourselves, whose standard output is the same file as our descriptor fd, by the path that the kernel
 * shows; 0 if there is none. Reads all of /proc: not for every day. */
pid_t process_of_output(int fd);

/* Neither this process nor what it starts leaves a core, unless somebody raises the limit again (prlimit(1)). It is one
 * octet: too small for a file, and the value with which the kernel starts no collector of cores either, as it would
 * with 0 (core(5)). Returns 0 or negative errno. */
int process_forbid_core(void);

#endif
