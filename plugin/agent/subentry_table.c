/* SPDX-License-Identifier: BSD-2-Clause */
/* rasSubentryTable: further destinations of entries. rasLinkTable augments it, so both share the rows. */
#include "agent/mib.h"
#include "agent/objects.h"
#include "agent/set.h"

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
	for (size_t at = ras_conn_position(agent->ras, entry_least); at < ras_conn_count(agent->ras); at++) {
		const struct ras_entry *entry = ras_conn_entry(ras_conn_at(agent->ras, at));
		const struct ras_subentry *subentry = find(entry, entry->index == entry_least ? least : 0);

		if (!subentry)
			continue;
		ret->n = 2;
		ret->sub[0] = entry->index;
		ret->sub[1] = subentry->index;
		return true;
	}
	return false;
}

const struct table_source source_subentry = {take, next};

static void value_active(const void *field UNUSED, struct value *ret)
{
	ret->number = RAS_ROW_ACTIVE;
}

static int admit(struct agent *agent, struct set_write *write)
{
	if (!index_good(&write->index))
		return SNMP_ERR_NOCREATION;
	if (take(agent, &write->index))
		return set_refuse(write, SNMP_ERR_NOTWRITABLE, "entries cannot be changed over SNMP");
	if (write->column->number == MIB_SUBENTRY_ROW_STATUS && write->number == MIB_ROW_DESTROY)
		return SNMP_ERR_NOERROR; /* it is gone, as wanted */
	return set_refuse(write, SNMP_ERR_NOCREATION, "entries cannot be made over SNMP");
}

#define FIELD(member) .offset = offsetof(struct ras_subentry, member)
#define CREATE .access = TABLE_WRITE

static const struct table_column columns[] = {
	{MIB_SUBENTRY_DEVICE_TYPE, "rasSubentryDeviceType", ASN_INTEGER, value_enum, FIELD(device_type), CREATE,
	 LABELS(ras_device_type_labels)},
	{MIB_SUBENTRY_DEVICE_NAME, "rasSubentryDeviceName", ASN_OCTET_STR, value_text, FIELD(device_name), CREATE,
	 TEXT(0, RAS_DEVICE_NAME_MAX - 1)},
	{MIB_SUBENTRY_DESTINATION, "rasSubentryDestination", ASN_OCTET_STR, value_text, FIELD(destination), CREATE,
	 TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_SUBENTRY_ROW_STATUS, "rasSubentryRowStatus", ASN_INTEGER, value_active, FIELD(index), CREATE,
	 MIB_ROW_STATUS},
};

const struct table table_subentry = {
	.prefix = {MIB_PHONEBOOK, MIB_SUBENTRY_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source_subentry,
	.admit = admit,
};
