/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors. libnetsnmp waits with select(), so low numbers are kept for it: everything here that makes a
 * descriptor puts it at FD_HIGH or above and close-on-exec. */
#ifndef RASDIAL_SYS_FD_H
#define RASDIAL_SYS_FD_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define FD_HIGH 1024
#define FD_RESERVE 32

/* Raises RLIMIT_NOFILE to its hard limit. Returns the limit now in force, or negative errno. */
int64_t fd_raise_limit(void);

/* Moves fd to FD_HIGH or above, close-on-exec; closes the old number. Returns the new descriptor or negative errno
 * (fd is closed then too). If the limit on descriptors leaves no room there, a low number is kept. */
int fd_high(int fd);

/* An eventfd (EFD_NONBLOCK). Returns the descriptor or negative errno. */
int fd_event(void);

/* As fd_event(), for one of many that wait for a request of somebody outside: they must not use up what the rest of the
 * process needs. -EMFILE also if there are only low numbers left, or FD_RESERVE of them. */
int fd_event_of_many(void);

/* Makes an eventfd readable. Never blocks, never fails in a way a caller could mend. Safe in a signal handler. */
void fd_event_post(int fd);

/* Makes it unreadable again. */
void fd_event_drain(int fd);

/* A pipe, both ends high and close-on-exec; flags as for pipe2(2). Returns 0 or negative errno, nothing open then. */
int fd_pipe(int flags, int *ret_read, int *ret_write);

/* Writes all of data, over short writes and EINTR. Returns 0 or negative errno. */
int fd_write_all(int fd, const void *data, size_t size);

/* Sets close-on-exec on every open descriptor of the process from first on (libnetsnmp sets it on none of its own). */
void fd_cloexec_from(int first);

/* close(2) that takes -1 and keeps errno. Returns -1, so that fd = fd_close(fd) reads well. */
int fd_close(int fd);

static inline void fd_cleanup(int *fd)
{
	fd_close(*fd);
}
#define _cleanup_fd_ __attribute__((cleanup(fd_cleanup)))

/* Takes the descriptor out of a variable and leaves -1. */
#define TAKE_FD(fd)                                                                                                    \
	({                                                                                                             \
		int *take_fd_ = &(fd);                                                                                 \
		int take_val_ = *take_fd_;                                                                             \
		*take_fd_ = -1;                                                                                        \
		take_val_;                                                                                             \
	})

#endif
