/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of an AgentX subagent with libnetsnmp: settings, log, session with the master, loop, end. One thread calls
 * all of it, and no other thread calls libnetsnmp at all. */
#ifndef RASDIAL_AGENT_AGENT_H
#define RASDIAL_AGENT_AGENT_H

#include <stdint.h>

#include "ras/ras.h"

struct agent_settings {
	const char *name;       /* rasAgentName */
	const char *context;    /* "": the default one */
	const char *agentx;     /* see master_init(); NULL: as net-snmp */
	uint32_t ping_interval; /* s; of pings and of attempts to connect */
	uint32_t max_entries;   /* rasMaxEntries */
};

/* Sets the environment of libnetsnmp (it shall read no MIB). Before any other thread exists. */
void agent_environment(void);

/* Starts libnetsnmp, registers the objects and tries to reach the master; that it is not there is no error. ras must
 * outlive agent_close(). Strings are copied. Once in the life of a process. Returns 0 or negative errno. */
int agent_open(struct ras *ras, const struct agent_settings *settings);

/* Settings of a file that was read again. Name and limit hold from now on, the ping interval from the next session;
 * context and address stay. */
void agent_reload(const struct agent_settings *settings);

/* Has fd watched by the loop: call(fd, data) while it is readable. Returns 0 or -ENOSPC. */
int agent_watch(int fd, void (*call)(int fd, void *data), void *data);

/* One turn of the loop: waits until there is something to do, and does it. */
void agent_turn(void);

/* Takes leave of the master. Waits for it a second at most. */
void agent_close(void);

#endif
