/* SPDX-License-Identifier: BSD-2-Clause */
/* Scalars: rasSystem, rasHistory, rasNotifyControl. One snapshot serves all that a PDU asks for. */
#include <errno.h>
#include <stdio.h>

#include "agent/mib.h"
#include "agent/objects.h"
#include "agent/set.h"
#include "sys/log.h"

struct scalars {
	struct ras *ras;
	struct ras_totals totals;
	uint32_t entries_failed, dials_in_progress;
	uint32_t settings[RAS_SETTING_MAX];
	const char *version, *name;
	uint32_t max_entries;
};

/* ---- rows ---- */

static bool is_instance(const struct table_index *index)
{
	return index->n == 1 && index->sub[0] == 0;
}

static const void *take(struct agent *agent, const struct table_index *index)
{
	static struct objects_snapshot snapshot;
	static struct scalars s;
	const uint32_t *by_status = s.totals.by_status;

	if (!is_instance(index))
		return NULL;
	if (objects_snapshot_fresh(&snapshot, agent, 0))
		return &s;
	s = (struct scalars){.ras = agent->ras,
			     .version = RASDIAL_VERSION,
			     .name = agent->name,
			     .max_entries = agent->max_entries};
	ras_totals_get(agent->ras, &s.totals);
	s.entries_failed = by_status[RAS_STATUS_FAILED] + by_status[RAS_STATUS_WAITING_REDIAL];
	s.dials_in_progress = by_status[RAS_STATUS_DIALING] + by_status[RAS_STATUS_AUTHENTICATING];
	for (int i = 0; i < RAS_SETTING_MAX; i++)
		s.settings[i] = ras_setting_get(agent->ras, (enum ras_setting)i);
	return &s;
}

static bool next(struct agent *agent UNUSED, const struct table_index *after, struct table_index *ret)
{
	if (after->n)
		return false;
	ret->n = 1;
	ret->sub[0] = 0;
	return true;
}

static const struct table_source source = {take, next};

/* Not part of the snapshot: each reading gives another value. */
static void value_index_next(const void *field, struct value *ret)
{
	ret->number = ras_index_next(*(struct ras *const *)field);
}

/* ---- settings ---- */

static int admit(struct agent *agent UNUSED, struct set_write *write)
{
	return is_instance(&write->index) ? SNMP_ERR_NOERROR : SNMP_ERR_NOCREATION;
}

/* Column name and setting, and how its value reads. */
static enum ras_setting setting_of(const struct set_write *write)
{
	return (enum ras_setting)((write->column->offset - offsetof(struct scalars, settings)) / sizeof(uint32_t));
}

static int setting_reserve(struct agent *agent, struct set_write *write)
{
	write->old = ras_setting_get(agent->ras, setting_of(write));
	ras_setting_expect(agent->ras, setting_of(write), &write->number);
	return SNMP_ERR_NOERROR;
}

static void setting_release(struct agent *agent, struct set_write *write)
{
	ras_setting_expect(agent->ras, setting_of(write), NULL);
}

static int setting_store(struct agent *agent, struct set_write *write)
{
	int r = ras_setting_store(agent->ras, setting_of(write), write->number);

	return r < 0 ? set_refuse(write, SNMP_ERR_COMMITFAILED, "cannot be stored: %s", strerror(-r)) :
		       SNMP_ERR_NOERROR;
}

static void setting_undo(struct agent *agent, struct set_write *write)
{
	int r = ras_setting_store(agent->ras, setting_of(write), write->old);

	if (r < 0)
		log_error("%s: the value before cannot be stored again: %s", write->column->name, strerror(-r));
}

static const char *describe(const struct set_write *write, uint32_t number, char *text, size_t size)
{
	const struct limit *limit = &write->column->limit;
	size_t at = 0;

	switch (limit->kind) {
	case LIMIT_LABELS:
		return ras_label_name(limit->labels, (int32_t)number);
	case LIMIT_BITS:
		text[0] = '\0';
		for (int bit = 0; bit < RAS_NOTIFY_MAX; bit++)
			if (number & 1u << bit && at < size)
				at += (size_t)snprintf(text + at, size - at, "%s%s", at ? "," : "",
						       ras_label_name(ras_notify_type_labels, bit));
		return at ? text : "none";
	default:
		snprintf(text, size, "%u", number);
		return text;
	}
}

static void setting_commit(struct agent *agent, struct set_write *write)
{
	char old[SET_REASON_MAX], new[SET_REASON_MAX];

	ras_setting_apply(agent->ras, setting_of(write), write->number);
	ras_setting_expect(agent->ras, setting_of(write), NULL);
	log_info("set %s.0: %s -> %s", write->column->name, describe(write, write->old, old, sizeof(old)),
		 describe(write, write->number, new, sizeof(new)));
}

static const struct set_writer setting = {.reserve = setting_reserve,
					  .store = setting_store,
					  .commit = setting_commit,
					  .undo = setting_undo,
					  .release = setting_release};

/* TestAndIncr: the right value is taken, and the next one is what will be read. */
static int spin_lock_reserve(struct agent *agent, struct set_write *write)
{
	write->old = ras_setting_get(agent->ras, RAS_SETTING_SPIN_LOCK);
	if (write->number != write->old)
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "it is %u now", write->old);
	write->number = write->old == INT32_MAX ? 0 : write->old + 1;
	return SNMP_ERR_NOERROR;
}

static const struct set_writer spin_lock = {.reserve = spin_lock_reserve,
					    .store = setting_store,
					    .commit = setting_commit,
					    .undo = setting_undo};

/* ---- columns ---- */

#define FIELD(member) .offset = offsetof(struct scalars, member)
#define SETTING(which) FIELD(settings) + sizeof(uint32_t) * (which), .access = TABLE_WRITE
#define BY_STATUS(which) FIELD(totals.by_status) + sizeof(uint32_t) * (which)

static const struct table_column system_columns[] = {
	{MIB_VERSION, "rasVersion", ASN_OCTET_STR, value_string, FIELD(version)},
	{MIB_UP_TIME, "rasUpTime", ASN_TIMETICKS, value_ticks_since, FIELD(totals.start_mono_ms)},
	{MIB_DISCONTINUITY_TIME, "rasDiscontinuityTime", ASN_TIMETICKS, value_time_stamp, FIELD(totals.start_mono_ms)},
	{MIB_ADMIN_MODE, "rasAdminMode", ASN_INTEGER, value_u32, SETTING(RAS_SETTING_ADMIN_MODE),
	 LABELS(ras_admin_mode_labels), .writer = &setting},
	{MIB_MAX_CONCURRENT_DIALS, "rasMaxConcurrentDials", ASN_UNSIGNED, value_u32,
	 SETTING(RAS_SETTING_MAX_CONCURRENT_DIALS), RANGE(0, 65535), .writer = &setting},
	{MIB_MAX_ENTRIES, "rasMaxEntries", ASN_UNSIGNED, value_u32, FIELD(max_entries)},
	{MIB_ENTRIES, "rasEntries", ASN_GAUGE, value_u32, FIELD(totals.entries)},
	{MIB_ENTRIES_UP, "rasEntriesUp", ASN_GAUGE, value_u32, BY_STATUS(RAS_STATUS_UP)},
	{MIB_ENTRIES_FAILED, "rasEntriesFailed", ASN_GAUGE, value_u32, FIELD(entries_failed)},
	{MIB_DIALS_IN_PROGRESS, "rasDialsInProgress", ASN_GAUGE, value_u32, FIELD(dials_in_progress)},
	{MIB_THREADS, "rasThreads", ASN_GAUGE, value_u32, FIELD(totals.threads)},
	{MIB_DIAL_ATTEMPTS, "rasDialAttempts", ASN_COUNTER, value_u32, FIELD(totals.attempts)},
	{MIB_DIAL_SUCCESSES, "rasDialSuccesses", ASN_COUNTER, value_u32, FIELD(totals.successes)},
	{MIB_DIAL_FAILURES, "rasDialFailures", ASN_COUNTER, value_u32, FIELD(totals.failures)},
	{MIB_DROPS, "rasDrops", ASN_COUNTER, value_u32, FIELD(totals.drops)},
	{MIB_DIALS_REJECTED, "rasDialsRejected", ASN_COUNTER, value_u32, FIELD(totals.rejected)},
	{MIB_PHONEBOOK_LAST_CHANGE, "rasPhonebookLastChange", ASN_TIMETICKS, value_time_stamp,
	 FIELD(totals.phonebook_change_mono_ms)},
	{MIB_ENTRY_INDEX_NEXT, "rasEntryIndexNext", ASN_UNSIGNED, value_index_next, FIELD(ras)},
	{MIB_AGENT_NAME, "rasAgentName", ASN_OCTET_STR, value_string, FIELD(name)},
	{MIB_STORAGE_STATUS, "rasStorageStatus", ASN_INTEGER, value_enum, FIELD(totals.storage_status)},
	{MIB_STORAGE_PROBLEMS, "rasStorageProblems", ASN_COUNTER, value_u32, FIELD(totals.storage_problems)},
	{MIB_SPIN_LOCK, "rasSpinLock", ASN_INTEGER, value_u32, SETTING(RAS_SETTING_SPIN_LOCK), RANGE(0, INT32_MAX),
	 .writer = &spin_lock},
};

const struct table table_system = {.prefix = {MIB_SYSTEM},
				   .prefix_len = 1,
				   .columns = system_columns,
				   .n_columns = ARRAY_SIZE(system_columns),
				   .source = &source,
				   .admit = admit};

static const struct table_column history_columns[] = {
	{MIB_HIST_MAX_ENTRIES, "rasHistMaxEntries", ASN_UNSIGNED, value_u32, SETTING(RAS_SETTING_HIST_MAX_ENTRIES),
	 RANGE(0, 65535), .writer = &setting},
	{MIB_HIST_RETAIN_TIME, "rasHistRetainTime", ASN_UNSIGNED, value_u32, SETTING(RAS_SETTING_HIST_RETAIN_TIME),
	 RANGE(0, 525600), .writer = &setting},
	{MIB_HIST_ENTRIES, "rasHistEntries", ASN_GAUGE, value_u32, FIELD(totals.hist_entries)},
	{MIB_HIST_NEWEST, "rasHistNewest", ASN_UNSIGNED, value_u32, FIELD(totals.hist_newest)},
	{MIB_HIST_EVICTED, "rasHistEvicted", ASN_COUNTER, value_u32, FIELD(totals.hist_evicted)},
};

const struct table table_history = {.prefix = {MIB_HISTORY},
				    .prefix_len = 1,
				    .columns = history_columns,
				    .n_columns = ARRAY_SIZE(history_columns),
				    .source = &source,
				    .admit = admit};

static const struct table_column notify_control_columns[] = {
	{MIB_NOTIFY_TYPES, "rasNotifyTypes", ASN_OCTET_STR, value_bits, SETTING(RAS_SETTING_NOTIFY_TYPES),
	 BITS(RAS_NOTIFY_MAX), .writer = &setting},
	{MIB_NOTIFY_MIN_INTERVAL, "rasNotifyMinInterval", ASN_UNSIGNED, value_u32,
	 SETTING(RAS_SETTING_NOTIFY_MIN_INTERVAL), RANGE(0, 3600), .writer = &setting},
	{MIB_NOTIFY_SENT, "rasNotifySent", ASN_COUNTER, value_u32, FIELD(totals.notify_sent)},
	{MIB_NOTIFY_SUPPRESSED, "rasNotifySuppressed", ASN_COUNTER, value_u32, FIELD(totals.notify_suppressed)},
	{MIB_NOTIFY_PENDING, "rasNotifyPending", ASN_GAUGE, value_u32, FIELD(totals.notify_pending)},
	{MIB_NOTIFY_DROPPED, "rasNotifyDropped", ASN_COUNTER, value_u32, FIELD(totals.notify_dropped)},
};

const struct table table_notify_control = {.prefix = {MIB_NOTIFY_CONTROL},
					   .prefix_len = 1,
					   .columns = notify_control_columns,
					   .n_columns = ARRAY_SIZE(notify_control_columns),
					   .source = &source,
					   .admit = admit};
