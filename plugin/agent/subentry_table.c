/* SPDX-License-Identifier: BSD-2-Clause */
/* rasSubentryTable: further destinations of entries. rasLinkTable augments it, so both share the rows. */
#include "agent/edit.h"
#include "agent/mib.h"
#include "agent/objects.h"

/* Subentries are sorted by index; there are few. Returns the first that is not below, NULL if there is none. */
static const struct ras_subentry *find(const struct ras_entry *entry, uint32_t least)
{
	for (size_t i = 0; i < entry->n_subentries; i++)
		if (entry->subentries[i].index >= least)
			return &entry->subentries[i];
	return NULL;
}

static bool index_good(const struct table_index *index)
{
	return index->n == 2 && index->sub[0] >= 1 && index->sub[0] <= RAS_INDEX_MAX && index->sub[1] >= 1 &&
	       index->sub[1] <= RAS_SUBENTRIES_MAX;
}

static const void *take(struct agent *agent, const struct table_index *index)
{
	const struct ras_subentry *subentry;
	const struct ras_conn *conn;

	conn = index_good(index) ? ras_conn_find(agent->ras, index->sub[0]) : NULL;
	subentry = conn ? find(ras_conn_entry(conn), index->sub[1]) : NULL;
	return subentry && subentry->index == index->sub[1] ? subentry : NULL;
}

static bool next(struct agent *agent, const struct table_index *after, struct table_index *ret)
{
	uint32_t entry_least, least;

	if (!table_after_pair(after, &entry_least, &least))
		return false;
	for (size_t at = ras_conn_position(agent->ras, entry_least, after->hint); at < ras_conn_count(agent->ras);
	     at++) {
		const struct ras_entry *entry = ras_conn_entry(ras_conn_at(agent->ras, at));
		const struct ras_subentry *subentry = find(entry, entry->index == entry_least ? least : 0);

		if (!subentry)
			continue;
		ret->n = 2;
		ret->hint = at;
		ret->sub[0] = entry->index;
		ret->sub[1] = subentry->index;
		return true;
	}
	return false;
}

const struct table_source source_subentry = {take, next};

/* Will there be an entry for it, by what the PDU says of that? */
static bool entry_comes(const struct set_write *write)
{
	const struct table_index index = {.n = 1, .sub = {write->index.sub[0]}};
	const struct set_write *status = set_instance(write->set, &table_phonebook, MIB_ENTRY_ROW_STATUS, &index);

	return status && status->number == MIB_ROW_CREATE_AND_GO;
}

static enum edit_row row_of(struct agent *agent, const struct set_write *write)
{
	const struct ras_conn *conn = ras_conn_find(agent->ras, write->index.sub[0]);
	const bool there = take(agent, &write->index);

	if (!conn)
		return entry_comes(write) ? EDIT_ROW_NONE : EDIT_ROW_ORPHAN;
	if (edit_of_file(ras_conn_entry(conn)))
		return there ? EDIT_ROW_FIXED : EDIT_ROW_NEVER;
	return there ? EDIT_ROW_OPEN : EDIT_ROW_NONE;
}

static int admit(struct agent *agent, struct set_write *write)
{
	return index_good(&write->index) ? edit_admit(agent, write, row_of(agent, write)) : SNMP_ERR_NOCREATION;
}

#define FIELD(member) .offset = offsetof(struct ras_subentry, member)
#define CREATE(how) .access = TABLE_WRITE, .writer = &edit_writer, .put = (how)

static const struct table_column columns[] = {
	{MIB_SUBENTRY_DEVICE_TYPE, "rasSubentryDeviceType", ASN_INTEGER, value_enum, FIELD(device_type),
	 CREATE(edit_put_number), LABELS(ras_device_type_labels)},
	{MIB_SUBENTRY_DEVICE_NAME, "rasSubentryDeviceName", ASN_OCTET_STR, value_text, FIELD(device_name),
	 CREATE(edit_put_text), TEXT(0, RAS_DEVICE_NAME_MAX - 1)},
	{MIB_SUBENTRY_DESTINATION, "rasSubentryDestination", ASN_OCTET_STR, value_text, FIELD(destination),
	 CREATE(edit_put_text), TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_SUBENTRY_ROW_STATUS, "rasSubentryRowStatus", ASN_INTEGER, value_enum, FIELD(row_status), CREATE(NULL),
	 MIB_ROW_STATUS},
};

const struct table table_subentry = {
	.prefix = {MIB_PHONEBOOK, MIB_SUBENTRY_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source_subentry,
	.row_status = MIB_SUBENTRY_ROW_STATUS,
	.admit = admit,
};
