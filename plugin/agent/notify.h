/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications: from what the engine says is owed to what the master is given. */
#ifndef RASDIAL_AGENT_NOTIFY_H
#define RASDIAL_AGENT_NOTIFY_H

#include <stdbool.h>

#include "agent/objects.h"

/* So many may be handed to the library in one turn of the loop. */
#define NOTIFY_PER_TURN 8

/* The master answers each notification. If it gets more of them than it has answered, a burst fills the buffers of both
 * ways, and both sides wait in write for each other for good. */
#define NOTIFY_UNANSWERED_MAX 8

/* How many can be sent now. */
unsigned notify_room(const struct agent *agent);

/* A session with the master begins. lost: those that the last one has not answered are sent again; else they are held
 * to have arrived. */
void notify_connected(bool lost);

/* It is over. */
void notify_disconnected(const struct agent *agent);

/* Sends what waits, as much as there is room for. Returns whether more may wait. */
bool notify_send_waiting(struct agent *agent);

/* The varbinds of a notification, snmpTrapOID.0 first, then the objects in the order of the MIB; NULL without memory.
 * The caller frees them with snmp_free_varbind(). */
netsnmp_variable_list *notify_varbinds(const struct agent *agent, const struct ras_notice *notice);

#endif
