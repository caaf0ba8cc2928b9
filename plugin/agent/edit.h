/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing rasPhonebookTable and rasSubentryTable. All varbinds of a PDU that write them make one edit of the phonebook,
 * so that all rows change or none. The first varbind, in the order of OIDs, makes the edit and takes it through the
 * phases; the others only answer for what is wrong with them. */
#ifndef RASDIAL_AGENT_EDIT_H
#define RASDIAL_AGENT_EDIT_H

#include "agent/set.h"
#include "ras/entry.h"

extern const struct set_writer edit_writer;

/* Values into fields of a row, by the type of the field. */
int edit_put_text(void *row, const struct set_write *write);   /* char[] that holds what the limit allows, and NUL */
int edit_put_number(void *row, const struct set_write *write); /* uint32_t, enumerations and masks too */
int edit_put_bool(void *row, const struct set_write *write);   /* TruthValue */
int edit_put_secret(void *row, const struct set_write *write); /* of a struct ras_entry */

/* What there is of a row before the SET. */
enum edit_row {
	EDIT_ROW_NONE,   /* it is not there and can be made */
	EDIT_ROW_ORPHAN, /* it is not there, nor is what it would belong to */
	EDIT_ROW_NEVER,  /* it is not there and can never be made */
	EDIT_ROW_OPEN,   /* it is there and can be changed */
	EDIT_ROW_FIXED,  /* it is there, and the configuration file decides about it */
};

/* Is it an entry that the configuration file decides about? */
bool edit_of_file(const struct ras_entry *entry);

/* May a column of the row be written, so far as RowStatus and the permissions decide? Returns SNMP_ERR_*. */
int edit_admit(struct agent *agent, struct set_write *write, enum edit_row row);

#endif
