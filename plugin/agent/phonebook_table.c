/* SPDX-License-Identifier: BSD-2-Clause */
/* rasPhonebookTable: the entries as they are dialed. A value is checked as the MIB says before its row is looked at; no
 * row can be changed or made here: entries are those of the configuration file. */
#include "agent/mib.h"
#include "agent/objects.h"
#include "agent/set.h"

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

static int admit(struct agent *agent, struct set_write *write)
{
	uint32_t column = write->column->number;
	const struct ras_entry *entry;

	if (!objects_entry_index_good(&write->index))
		return SNMP_ERR_NOCREATION;
	entry = take(agent, &write->index);
	if (!entry) {
		if (column == MIB_ENTRY_ROW_STATUS && write->number == MIB_ROW_DESTROY)
			return SNMP_ERR_NOERROR; /* it is gone, as wanted */
		return set_refuse(write, SNMP_ERR_NOCREATION, "entries cannot be made over SNMP");
	}
	if (column == MIB_ENTRY_STORAGE_TYPE &&
	    (entry->storage_type == RAS_STORAGE_PERMANENT || entry->storage_type == RAS_STORAGE_READ_ONLY))
		return set_refuse(write, SNMP_ERR_WRONGVALUE, "entry %s is of the configuration file", entry->name);
	return set_refuse(write, SNMP_ERR_NOTWRITABLE, "entry %s cannot be changed over SNMP", entry->name);
}

#define FIELD(member) .offset = offsetof(struct ras_entry, member)
#define CREATE .access = TABLE_WRITE

static const struct table_column columns[] = {
	{MIB_ENTRY_NAME, "rasEntryName", ASN_OCTET_STR, value_text, FIELD(name), CREATE, TEXT(1, RAS_NAME_MAX - 1)},
	{MIB_ENTRY_DESCR, "rasEntryDescr", ASN_OCTET_STR, value_text, FIELD(descr), CREATE, TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_ENTRY_DEVICE_TYPE, "rasEntryDeviceType", ASN_INTEGER, value_enum, FIELD(device_type), CREATE,
	 LABELS(ras_device_type_labels)},
	{MIB_ENTRY_DEVICE_NAME, "rasEntryDeviceName", ASN_OCTET_STR, value_text, FIELD(device_name), CREATE,
	 TEXT(0, RAS_DEVICE_NAME_MAX - 1)},
	{MIB_ENTRY_DESTINATION, "rasEntryDestination", ASN_OCTET_STR, value_text, FIELD(destination), CREATE,
	 TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_ENTRY_USER_NAME, "rasEntryUserName", ASN_OCTET_STR, value_text, FIELD(user_name), CREATE,
	 TEXT(0, RAS_TEXT_MAX - 1)},
	{MIB_ENTRY_SECRET, "rasEntrySecret", ASN_OCTET_STR, value_empty, FIELD(secret), CREATE, SECRET(255)},
	{MIB_ENTRY_SECRET_STORED, "rasEntrySecretStored", ASN_INTEGER, value_secret_stored, FIELD(secret)},
	{MIB_ENTRY_AUTH_METHODS, "rasEntryAuthMethods", ASN_OCTET_STR, value_bits, FIELD(auth_methods), CREATE,
	 BITS(RAS_AUTH_MAX)},
	{MIB_ENTRY_DIAL_MODE, "rasEntryDialMode", ASN_INTEGER, value_enum, FIELD(dial_mode), CREATE,
	 LABELS(ras_dial_mode_labels)},
	{MIB_ENTRY_LINK_MODE, "rasEntryLinkMode", ASN_INTEGER, value_enum, FIELD(link_mode), CREATE,
	 LABELS(ras_link_mode_labels)},
	{MIB_ENTRY_REDIAL_MAX, "rasEntryRedialMax", ASN_UNSIGNED, value_u32, FIELD(redial_max), CREATE,
	 RANGE(0, 65535)},
	{MIB_ENTRY_REDIAL_PAUSE, "rasEntryRedialPause", ASN_UNSIGNED, value_u32, FIELD(redial_pause), CREATE,
	 RANGE(1, 86400)},
	{MIB_ENTRY_REDIAL_PAUSE_MAX, "rasEntryRedialPauseMax", ASN_UNSIGNED, value_u32, FIELD(redial_pause_max), CREATE,
	 RANGE(0, 86400)},
	{MIB_ENTRY_REDIAL_ON_DROP, "rasEntryRedialOnDrop", ASN_INTEGER, value_bool, FIELD(redial_on_drop), CREATE,
	 TRUTH_VALUE},
	{MIB_ENTRY_DIAL_TIMEOUT, "rasEntryDialTimeout", ASN_UNSIGNED, value_u32, FIELD(dial_timeout), CREATE,
	 RANGE(1, 3600)},
	{MIB_ENTRY_IDLE_TIMEOUT, "rasEntryIdleTimeout", ASN_UNSIGNED, value_u32, FIELD(idle_timeout), CREATE,
	 RANGE(0, 2592000)},
	{MIB_ENTRY_MAX_DURATION, "rasEntryMaxDuration", ASN_UNSIGNED, value_u32, FIELD(max_duration), CREATE,
	 RANGE(0, 2592000)},
	{MIB_ENTRY_OPTIONS, "rasEntryOptions", ASN_OCTET_STR, value_bits, FIELD(options), CREATE, BITS(RAS_OPTION_MAX)},
	{MIB_ENTRY_NOTIFY_TYPES, "rasEntryNotifyTypes", ASN_OCTET_STR, value_bits, FIELD(notify_types), CREATE,
	 BITS(RAS_NOTIFY_MAX)},
	{MIB_ENTRY_NOTIFY_FAILURES, "rasEntryNotifyFailures", ASN_UNSIGNED, value_u32, FIELD(notify_failures), CREATE,
	 RANGE(1, 65535)},
	{MIB_ENTRY_ORIGIN, "rasEntryOrigin", ASN_INTEGER, value_enum, FIELD(origin)},
	{MIB_ENTRY_LAST_CHANGE, "rasEntryLastChange", ASN_OCTET_STR, value_date, FIELD(last_change_ms)},
	{MIB_ENTRY_STORAGE_TYPE, "rasEntryStorageType", ASN_INTEGER, value_enum, FIELD(storage_type), CREATE,
	 ONE_OF(1u << RAS_STORAGE_VOLATILE | 1u << RAS_STORAGE_NON_VOLATILE)},
	{MIB_ENTRY_ROW_STATUS, "rasEntryRowStatus", ASN_INTEGER, value_enum, FIELD(row_status), CREATE, MIB_ROW_STATUS},
};

const struct table table_phonebook = {
	.prefix = {MIB_PHONEBOOK, MIB_ENTRY_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source_entry,
	.admit = admit,
};
