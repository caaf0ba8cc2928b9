/* SPDX-License-Identifier: BSD-2-Clause */
/* SET over declared columns. Checks come in the order of RFC 3416: writable at all (notWritable), type (wrongType),
 * length (wrongLength), value (wrongValue), for all varbinds of the PDU; then, for all of them, what the table says of
 * existence and of the row (admit), which depends on what else the PDU holds; then state and resources (reserve). All
 * that can be refused is refused before COMMIT, since over AgentX nobody hears of an error there.
 *
 * RFC 3416 has all varbinds of a PDU set as if at once. From reserve on they are taken in the order of their OIDs,
 * however the manager has put them, and given back in the reverse order: what scalars say comes before the phonebook,
 * and that before the connections.
 *
 * What a SET has reserved is kept here under the transaction of the master until it is committed, undone or released. A
 * master that dies between the phases does none of these: its transactions are dropped when the session is lost, and
 * after SET_MAX_AGE_MS. */
#ifndef RASDIAL_AGENT_SET_H
#define RASDIAL_AGENT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/table.h"
#include "sys/macro.h"

#define SET_MAX_AGE_MS 10000
#define SET_TRANSACTIONS_MAX 64 /* a master has one at a time */
#define SET_REASON_MAX 192

/* One varbind of a SET. */
struct set_write {
	const struct table *table;
	const struct table_column *column;
	struct table_index index;
	uint32_t number;       /* the value: an integer, or BITS as a mask of bit numbers */
	const uint8_t *octets; /* the value of an octet string, up to and in reserve; NULL later */
	size_t size;
	const struct set *set;         /* all of the PDU */
	netsnmp_request_info *request; /* during a phase */
	void *held;                    /* the writer's reservation */
	uint32_t old;                  /* the writer's: the value before, or the number of what is held */
	bool reserved, stored;         /* phases passed */
	char reason[SET_REASON_MAX];   /* why it is refused, in words */
};

/* All varbinds of a PDU that are ours. */
struct set {
	struct set *next;
	const struct table_list *list;
	int transaction;
	int64_t since_ms;
	size_t n;
	struct set_write **order;  /* in the order of their OIDs; equal ones as in the PDU */
	struct set_write writes[]; /* as in the PDU */
};

/* One phase (MODE_SET_*) of a SET. Requests that are refused get their error. Secrets are overwritten in the varbinds
 * as soon as no later phase needs them. */
void set_phase(const struct table_list *list, struct agent *agent, int mode, int transaction,
	       netsnmp_request_info *requests);

/* Are there transactions that wait for their next phase? */
bool set_pending(void);

/* Drops transactions older than max_age_ms that are not stored yet: of those that are, the master has the last word,
 * which waits for other agents. 0: there is no master any more; all are dropped. */
void set_expire(struct agent *agent, int64_t max_age_ms);

/* The end of the agent: gives back what is reserved. What has been stored stays: the manager may have been told already
 * that it is done. */
void set_leave(struct agent *agent);

/* The first varbind of a PDU that writes this instance; NULL if there is none. */
struct set_write *set_instance(const struct set *set, const struct table *table, uint32_t column,
			       const struct table_index *index);

/* The one of the same PDU that writes this column of the row that write is about. */
struct set_write *set_partner(const struct set_write *write, uint32_t column);

/* Says why a write is refused and returns error, so that "return set_refuse(...)" reads well. */
int set_refuse(struct set_write *write, int error, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
