/* SPDX-License-Identifier: BSD-2-Clause */
/* What both hosts of the agent, rasdiald and snmpd, make of a configuration. The thread that owns libnetsnmp calls all
 * of it. What goes wrong is told in the log. */
#ifndef RASDIAL_AGENT_HOST_H
#define RASDIAL_AGENT_HOST_H

#include "config/config.h"
#include "control/control_server.h"
#include "ras/ras.h"

/* Puts what the command line or snmpd.conf says in the place of a setting of the file; NULL leaves it. Returns 0 or
 * -ENOMEM. */
int host_replace(char **setting, const char *with);

/* The engine with its phonebook; no thread yet. Returns 0 or negative errno. */
int host_engine_new(const struct config *config, struct ras **ret);

/* Warns if the system does not allow as many connections at a time as there are entries. After limits_raise(). */
void host_check_limits(const struct ras *ras);

/* The socket for commands on this host, watched by the loop. NULL if it cannot be had: all else goes on. */
struct control_server *host_control_new(struct ras *ras, const struct config *config);

/* No longer watched. After ras_stop(), before ras_free(). Takes NULL, returns NULL. */
struct control_server *host_control_free(struct control_server *control);

#endif
