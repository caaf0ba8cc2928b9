/* SPDX-License-Identifier: BSD-2-Clause */
/* Who started us: a service manager that wants to be told how we are, or a shell that wants its prompt back. */
#ifndef RASDIAL_AGENT_SUPERVISOR_H
#define RASDIAL_AGENT_SUPERVISOR_H

#include <stdbool.h>

/* Tells the service manager, if there is one (NOTIFY_SOCKET, see sd_notify(3)). Never waits. Any thread. */
void supervisor_ready(void);
void supervisor_reloading(void); /* supervisor_ready() follows */
void supervisor_stopping(void);

/* Opens those of standard input, output and error that are closed, so that nothing else gets their numbers, which
 * detach_done() takes away. Before anything else is opened. Returns 0 or negative errno. */
int standard_streams(void);

/* Leaves the terminal and the parent, which waits until detach_done() and then exits with 0, or with 1 if we end before
 * that. Before any thread exists. Returns in the new process a descriptor for detach_done(), or negative errno in the
 * old one. */
int detach(void);

/* Lets the parent go, and standard input, output and (unless it is kept for the log) error. Takes -1. */
void detach_done(int fd, bool keep_stderr);

#endif
