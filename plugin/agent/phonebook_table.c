/* SPDX-License-Identifier: BSD-2-Clause */
/* rasPhonebookTable: the entries as they are dialed. Those of the configuration file are read here; others are made,
 * changed and removed here, if the file allows it. */
#include "agent/edit.h"
#include "agent/mib.h"
#include "agent/objects.h"

static const void *take(struct agent *agent, const struct table_index *index)
{
	const struct ras_conn *conn = objects_conn(agent, index);

	return conn ? ras_conn_entry(conn) : NULL;
}

const struct table_source source_entry = {take, objects_next_entry};

static void value_secret_stored(const void *field, struct value *ret)
{
	const char *secret = *(const char *const *)field;
	const bool stored = secret && *secret;

	value_bool(&stored, ret);
}

/* Who writes a permanent row may write these (RFC 2579, StorageType). */
static bool changes_when_permanent(uint32_t column)
{
	return column == MIB_ENTRY_USER_NAME || column == MIB_ENTRY_SECRET || column == MIB_ENTRY_NOTIFY_TYPES;
}

static enum edit_row row_of(const struct ras_entry *entry, uint32_t column)
{
	if (!entry)
		return EDIT_ROW_NONE;
	if (entry->storage_type == RAS_STORAGE_PERMANENT && changes_when_permanent(column))
		return EDIT_ROW_OPEN;
	return edit_of_file(entry) ? EDIT_ROW_FIXED : EDIT_ROW_OPEN;
}

static int admit(struct agent *agent, struct set_write *write)
{
	uint32_t column = write->column->number;
	const struct ras_entry *entry;
	enum edit_row row;
	int error;

	if (!objects_entry_index_good(&write->index))
		return SNMP_ERR_NOCREATION;
	entry = take(agent, &write->index);
	row = row_of(entry, column);
	if (column == MIB_ENTRY_STORAGE_TYPE && row == EDIT_ROW_FIXED)
		return set_refuse(write, SNMP_ERR_WRONGVALUE, "entry %s is of the configuration file", entry->name);
	error = edit_admit(agent, write, row);
	if (!error && column == MIB_ENTRY_SECRET && !ras_permits_secrets(agent->ras))
		return set_refuse(write, SNMP_ERR_NOTWRITABLE, "agent.allow-snmp-secrets is false");
	return error;
}

#define FIELD(member) .offset = offsetof(struct ras_entry, member)
#define CREATE(how) .access = TABLE_WRITE, .writer = &edit_writer, .put = (how)

static const struct table_column columns[] = {
	{MIB_ENTRY_NAME, "rasEntryName", ASN_OCTET_STR, value_text, FIELD(name), CREATE(edit_put_text),
	 TEXT(1, RAS_NAME_MAX - 1)},
	{MIB_ENTRY_DESCR, "rasEntryDescr", ASN_OCTET_STR, value_text, FIELD(descr), CREATE(edit_put_text),
	 TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_ENTRY_DEVICE_TYPE, "rasEntryDeviceType", ASN_INTEGER, value_enum, FIELD(device_type),
	 CREATE(edit_put_number), LABELS(ras_device_type_labels)},
	{MIB_ENTRY_DEVICE_NAME, "rasEntryDeviceName", ASN_OCTET_STR, value_text, FIELD(device_name),
	 CREATE(edit_put_text), TEXT(0, RAS_DEVICE_NAME_MAX - 1)},
	{MIB_ENTRY_DESTINATION, "rasEntryDestination", ASN_OCTET_STR, value_text, FIELD(destination),
	 CREATE(edit_put_text), TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_ENTRY_USER_NAME, "rasEntryUserName", ASN_OCTET_STR, value_text, FIELD(user_name), CREATE(edit_put_text),
	 TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_ENTRY_SECRET, "rasEntrySecret", ASN_OCTET_STR, value_empty, FIELD(secret), CREATE(edit_put_secret),
	 SECRET(RAS_SECRET_MAX)},
	{MIB_ENTRY_SECRET_STORED, "rasEntrySecretStored", ASN_INTEGER, value_secret_stored, FIELD(secret)},
	{MIB_ENTRY_AUTH_METHODS, "rasEntryAuthMethods", ASN_OCTET_STR, value_bits, FIELD(auth_methods),
	 CREATE(edit_put_number), BITS(RAS_AUTH_MAX)},
	{MIB_ENTRY_DIAL_MODE, "rasEntryDialMode", ASN_INTEGER, value_enum, FIELD(dial_mode), CREATE(edit_put_number),
	 LABELS(ras_dial_mode_labels)},
	{MIB_ENTRY_LINK_MODE, "rasEntryLinkMode", ASN_INTEGER, value_enum, FIELD(link_mode), CREATE(edit_put_number),
	 LABELS(ras_link_mode_labels)},
	{MIB_ENTRY_REDIAL_MAX, "rasEntryRedialMax", ASN_UNSIGNED, value_u32, FIELD(redial_max), CREATE(edit_put_number),
	 RANGE(0, 65535)},
	{MIB_ENTRY_REDIAL_PAUSE, "rasEntryRedialPause", ASN_UNSIGNED, value_u32, FIELD(redial_pause),
	 CREATE(edit_put_number), RANGE(1, 86400)},
	{MIB_ENTRY_REDIAL_PAUSE_MAX, "rasEntryRedialPauseMax", ASN_UNSIGNED, value_u32, FIELD(redial_pause_max),
	 CREATE(edit_put_number), RANGE(0, 86400)},
	{MIB_ENTRY_REDIAL_ON_DROP, "rasEntryRedialOnDrop", ASN_INTEGER, value_bool, FIELD(redial_on_drop),
	 CREATE(edit_put_bool), TRUTH_VALUE},
	{MIB_ENTRY_DIAL_TIMEOUT, "rasEntryDialTimeout", ASN_UNSIGNED, value_u32, FIELD(dial_timeout),
	 CREATE(edit_put_number), RANGE(1, 3600)},
	{MIB_ENTRY_IDLE_TIMEOUT, "rasEntryIdleTimeout", ASN_UNSIGNED, value_u32, FIELD(idle_timeout),
	 CREATE(edit_put_number), RANGE(0, 2592000)},
	{MIB_ENTRY_MAX_DURATION, "rasEntryMaxDuration", ASN_UNSIGNED, value_u32, FIELD(max_duration),
	 CREATE(edit_put_number), RANGE(0, 2592000)},
	{MIB_ENTRY_OPTIONS, "rasEntryOptions", ASN_OCTET_STR, value_bits, FIELD(options), CREATE(edit_put_number),
	 BITS(RAS_OPTION_MAX)},
	{MIB_ENTRY_NOTIFY_TYPES, "rasEntryNotifyTypes", ASN_OCTET_STR, value_bits, FIELD(notify_types),
	 CREATE(edit_put_number), BITS(RAS_NOTIFY_MAX)},
	{MIB_ENTRY_NOTIFY_FAILURES, "rasEntryNotifyFailures", ASN_UNSIGNED, value_u32, FIELD(notify_failures),
	 CREATE(edit_put_number), RANGE(1, 65535)},
	{MIB_ENTRY_ORIGIN, "rasEntryOrigin", ASN_INTEGER, value_enum, FIELD(origin)},
	{MIB_ENTRY_LAST_CHANGE, "rasEntryLastChange", ASN_OCTET_STR, value_date, FIELD(last_change_ms)},
	{MIB_ENTRY_STORAGE_TYPE, "rasEntryStorageType", ASN_INTEGER, value_enum, FIELD(storage_type),
	 CREATE(edit_put_number), ONE_OF(1u << RAS_STORAGE_VOLATILE | 1u << RAS_STORAGE_NON_VOLATILE)},
	{MIB_ENTRY_ROW_STATUS, "rasEntryRowStatus", ASN_INTEGER, value_enum, FIELD(row_status), CREATE(NULL),
	 MIB_ROW_STATUS},
};

const struct table table_phonebook = {
	.prefix = {MIB_PHONEBOOK, MIB_ENTRY_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source_entry,
	.row_status = MIB_ENTRY_ROW_STATUS,
	.admit = admit,
};
