/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects of RASDIAL-MIB as they stand in an agent of libnetsnmp, whichever process that is: their registration,
 * the one handler, the wake-up by the engine. All of it belongs to the thread that owns libnetsnmp. */
#ifndef RASDIAL_AGENT_OBJECTS_H
#define RASDIAL_AGENT_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/table.h"
#include "ras/ras.h"

/* A master, which answers each notification that it was sent. */
struct agent_uplink {
	/* Sends one. Returns whether it has gone. */
	bool (*send)(netsnmp_variable_list *vars, const char *context);
	/* How many have gone since the session began and are not answered yet. */
	unsigned (*unanswered)(void);
};

/* What the tables look at. Strings stay the caller's and must live as long as it. */
struct agent {
	struct ras *ras;
	const char *name;     /* rasAgentName */
	const char *context;  /* SNMPv3 context; "": the default one */
	uint32_t max_entries; /* rasMaxEntries */

	/* The way of notifications to a master. Without one (NULL) they go to the agent itself, where none is lost. */
	const struct agent_uplink *uplink;
	bool held; /* notifications may wait for room */

	int transaction; /* of the PDU that is being answered */
};

/* Registers the objects, the module in sysORTable and the wake-up. agent must stay until objects_unregister(). Returns
 * 0 or negative errno, with nothing left registered; -EEXIST: within this process another agent has them. */
int objects_register(struct agent *agent);

void objects_unregister(struct agent *agent);

/* A session with the master begins. lost: what it was sent in the one before was not read. */
void objects_connected(struct agent *agent, bool lost);

/* It is over: notifications wait, and what SETs had reserved is dropped. */
void objects_disconnected(struct agent *agent);

/* Goes on with notifications that waited for room, if there is some now. After each turn of the loop. */
void objects_turn(struct agent *agent);

/* A snapshot that is kept while one PDU is answered: GETBULK comes as one request for each repetition, and all of them
 * shall see the same. */
struct objects_snapshot {
	int transaction;
	uint32_t index;
	int64_t taken_ms; /* 0: never */
};

/* Is the snapshot the one of this PDU and index? If not, it is marked to be, and the caller takes it anew. */
bool objects_snapshot_fresh(struct objects_snapshot *snapshot, const struct agent *agent, uint32_t index);

/* The objects, in the order of their OIDs. */
extern const struct table_list objects_list;

extern const struct table table_system, table_phonebook, table_name, table_subentry, table_conn, table_stats,
	table_addr, table_link, table_history, table_hist, table_notify_control;

/* Rows: struct ras_entry; struct ras_conn_info, of rasStatsTable too; struct ras_subentry. */
extern const struct table_source source_entry, source_conn, source_subentry;

/* A connection by the index of its row; NULL if the index is malformed or there is none. */
struct ras_conn *objects_conn(const struct agent *agent, const struct table_index *index);

/* Index of the first entry behind after. */
bool objects_next_entry(struct agent *agent, const struct table_index *after, struct table_index *ret);

/* Could the index be that of an entry (one number, 1..2147483647)? */
bool objects_entry_index_good(const struct table_index *index);

#endif
