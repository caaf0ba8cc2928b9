/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications: from what the engine says is owed to what the master is given. */
#ifndef RASDIAL_AGENT_NOTIFY_H
#define RASDIAL_AGENT_NOTIFY_H

#include <stdbool.h>

#include "agent/objects.h"

/* So many may be handed to the library in one turn of the loop. */
#define NOTIFY_PER_TURN 8

/* Sends what waits, as much as there is room for. Returns whether more may wait. */
bool notify_send_waiting(struct agent *agent);

/* The varbinds of a notification, snmpTrapOID.0 first, then the objects in the order of the MIB; NULL without memory.
 * The caller frees them with snmp_free_varbind(). */
netsnmp_variable_list *notify_varbinds(const struct agent *agent, const struct ras_notice *notice);

#endif
