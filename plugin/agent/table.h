/* SPDX-License-Identifier: BSD-2-Clause */
/* The one table engine. A table is declared: columns, and a source of rows in the order of SNMP. A group of scalars is
 * a table too, with the one row .0 and no row object in its OID. The engine answers GET, GETNEXT and GETBULK; set.h has
 * the SET. */
#ifndef RASDIAL_AGENT_TABLE_H
#define RASDIAL_AGENT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/limit.h"
#include "agent/value.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>

#define TABLE_INDEX_MAX 65 /* sub-identifiers: a name of 64 octets and its length */
#define TABLE_PREFIX_MAX 3

struct agent; /* what the tables look at; the engine hands it through */
struct set_write;

/* The part of an instance OID that names the row. */
struct table_index {
	size_t n;
	uint32_t sub[TABLE_INDEX_MAX];
	size_t hint; /* the source's: where it has found the row, so as to find it and the next one at once; any number,
			SIZE_MAX where it has not looked yet */
};

/* Rows of one kind; several tables may show the same rows (AUGMENTS). */
struct table_source {
	/* Consistent copy of the row that has exactly this index; NULL if there is none. Valid until the next take. */
	const void *(*take)(struct agent *agent, const struct table_index *index);

	/* Index of the first row behind after, which may be of any length and hold any numbers; an empty one is before
	 * all rows. ret may be after. Returns false, with ret untouched, if there is none. */
	bool (*next)(struct agent *agent, const struct table_index *after, struct table_index *ret);
};

enum table_access { TABLE_READ, TABLE_WRITE };

/* How a column that can be set is set, in the phases of a SET: reserve (RESERVE2, may refuse and makes all that is
 * needed), then either store (ACTION: to stable storage) and commit (COMMIT: cannot fail), or release (FREE, instead of
 * all that), or undo (UNDO, after store) and release. They return SNMP_ERR_*. */
struct set_writer {
	int (*reserve)(struct agent *agent, struct set_write *write);
	int (*store)(struct agent *agent, struct set_write *write);
	void (*commit)(struct agent *agent, struct set_write *write);
	void (*undo)(struct agent *agent, struct set_write *write);
	void (*release)(struct agent *agent, struct set_write *write);
};

struct table_column {
	uint32_t number;
	const char *name;
	uint8_t type; /* ASN_* */
	value_getter *get;
	size_t offset; /* of the field in the row */
	enum table_access access;
	struct limit limit;              /* of what may be written */
	const struct set_writer *writer; /* NULL where it is read-only */

	/* For writers that make a row and hand it over as a whole: puts a value that was found good into the row.
	 * Returns 0 or -ENOMEM. */
	int (*put)(void *row, const struct set_write *write);
};

struct table {
	uint32_t prefix[TABLE_PREFIX_MAX]; /* below rasObjects, the row object included */
	size_t prefix_len;
	const struct table_column *columns; /* in ascending order of number */
	size_t n_columns;
	const struct table_source *source;
	uint32_t row_status; /* column of RowStatus; 0: none */

	/* May this instance be written, now that type, length and value are good? Answers what is malformed
	 * (noCreation), missing (noCreation or inconsistentName) or not to be changed (notWritable). NULL where all
	 * columns are read-only. */
	int (*admit)(struct agent *agent, struct set_write *write);
};

/* A group of tables in the order of their OIDs, below one root. */
struct table_list {
	const struct table *const *tables;
	size_t n;

	/* Around what the writers of a SET store: it comes to the disk at the end, as a whole or, if keep is false or
	 * an SNMP_ERR_* is returned, not at all. NULL: each writer by itself. */
	void (*store_begin)(struct agent *agent);
	int (*store_end)(struct agent *agent, bool keep);
};

/* Answers the requests of one PDU. All columns of a row that are asked for together come from one snapshot.
 *
 * A GET of what there is not gets its exception. table_next() is for GETNEXT and GETBULK, and fills all repetitions.
 * The library checks only the first of them against the view of the PDU (RFC 3415), so each is checked here; what lies
 * behind the last is left to the library. */
void table_get(const struct table_list *list, struct agent *agent, netsnmp_request_info *requests);
void table_next(const struct table_list *list, struct agent *agent, netsnmp_pdu *pdu, netsnmp_request_info *requests);

/* Table and column that an instance OID belongs to, and the index behind. Returns false if there is no such object. */
bool table_resolve(const struct table_list *list, const oid *name, size_t len, const struct table **ret_table,
		   const struct table_column **ret_column, struct table_index *ret_index);

/* OID of an instance. ret has room for MAX_OID_LEN. Returns its length. */
size_t table_oid(const struct table *table, uint32_t column, const struct table_index *index, oid ret[MAX_OID_LEN]);

/* For rows numbered by one number, or by two: the least that a row behind after can have. Returns false if none can be
 * behind. */
bool table_after(const struct table_index *after, uint32_t *ret);
bool table_after_pair(const struct table_index *after, uint32_t *ret_first, uint32_t *ret_second);

bool table_index_equal(const struct table_index *a, const struct table_index *b);

/* The column with this number; NULL if there is none. */
const struct table_column *table_column(const struct table *table, uint32_t number);

#endif
