/* SPDX-License-Identifier: BSD-2-Clause */
/* Who answers the command: the agent, or, where there is none, an engine of the command's own, which serves the control
 * socket too, so that a second command reaches it. Either way the command speaks through a socket. */
#ifndef RASDIAL_CLI_HOST_H
#define RASDIAL_CLI_HOST_H

#include <stdbool.h>

struct host;

/* What is needed of an engine of our own. */
enum host_use {
	HOST_LOOKS, /* reads what was kept; no link is touched */
	HOST_DIALS, /* takes up links, dials, is there for other commands */
};

/* Finds the agent, or makes the engine. config_path: see rasdial.yaml(5); run_dir NULL: as it says. An engine of our
 * own dials nothing by itself. Returns the socket, non-blocking, with *ret the engine, NULL if it is another process's;
 * -1 after a message on standard error. */
int host_reach(const char *config_path, const char *run_dir, enum host_use use, struct host **ret);

/* Waits for an answer on fd, or for signal_fd (-1: none), and does meanwhile what the engine needs. Returns true if
 * signal_fd is readable. */
bool host_wait(struct host *host, int fd, int signal_fd);

/* Ends the engine; links that are up stay. Takes NULL, returns NULL. */
struct host *host_free(struct host *host);

#endif
