/* SPDX-License-Identifier: BSD-2-Clause */
/* SET over declared columns. Checks come in the order of RFC 3416: writable at all (notWritable), type (wrongType),
 * length (wrongLength), value (wrongValue), then what the table says of existence and of the row (admit), then state
 * and resources (reserve). All that can be refused is refused before COMMIT, since over AgentX nobody hears of an error
 * there.
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
	uint32_t number;             /* the value: an integer, or BITS as a mask of bit numbers */
	const struct set *set;       /* all of the PDU */
	void *held;                  /* the writer's reservation */
	uint32_t old;                /* the writer's: the value before */
	bool reserved, stored;       /* phases passed */
	char reason[SET_REASON_MAX]; /* why it is refused, in words */
};

/* All varbinds of a PDU that are ours, in their order. */
struct set {
	struct set *next;
	int transaction;
	int64_t since_ms;
	size_t n;
	struct set_write writes[];
};

/* One phase (MODE_SET_*) of a SET. Requests that are refused get their error. */
void set_phase(const struct table_list *list, struct agent *agent, int mode, int transaction,
	       netsnmp_request_info *requests);

/* Are there transactions that wait for their next phase? */
bool set_pending(void);

/* Drops transactions older than max_age_ms (0: all). */
void set_expire(struct agent *agent, int64_t max_age_ms);

/* The end of the agent: gives back what is reserved. What has been stored stays: the manager may have been told already
 * that it is done. */
void set_leave(struct agent *agent);

/* The varbind of the same PDU that writes this column of the row that write is about; NULL if there is none. */
const struct set_write *set_partner(const struct set_write *write, uint32_t column);

/* Says why a write is refused and returns error, so that "return set_refuse(...)" reads well. */
int set_refuse(struct set_write *write, int error, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
