/* SPDX-License-Identifier: BSD-2-Clause */
/* rasConnTable: the state of every entry, and the two columns that start and stop its connection. */
#include <errno.h>
#include <stdio.h>

#include "agent/mib.h"
#include "agent/objects.h"
#include "agent/set.h"
#include "sys/log.h"

static const void *take(struct agent *agent, const struct table_index *index)
{
	static struct objects_snapshot snapshot;
	static struct ras_conn_info info;
	const struct ras_conn *conn = objects_conn(agent, index);

	if (!conn)
		return NULL;
	if (!objects_snapshot_fresh(&snapshot, agent, index->sub[0]))
		ras_conn_get(conn, &info);
	return &info;
}

const struct table_source source_conn = {take, objects_next_entry};

/* ---- actions ---- */

static int admit(struct agent *agent, struct set_write *write)
{
	if (!objects_entry_index_good(&write->index))
		return SNMP_ERR_NOCREATION;
	if (!objects_conn(agent, &write->index))
		return set_refuse(write, SNMP_ERR_INCONSISTENTNAME, "there is no such entry");
	return SNMP_ERR_NOERROR;
}

/* Does the same PDU do to the entry what does not go with a dial? */
static bool entry_goes(const struct set_write *write)
{
	const struct set_write *status = set_instance(write->set, &table_phonebook, MIB_ENTRY_ROW_STATUS,
						      &write->index);

	return (status && status->number != MIB_ROW_ACTIVE) ||
	       set_instance(write->set, &table_phonebook, MIB_ENTRY_NAME, &write->index);
}

/* What the manager's request was refused for, in the operator's words. */
static int explain(struct agent *agent, struct set_write *write, const struct ras_conn *conn, uint32_t request_id,
		   int r)
{
	const char *name = ras_conn_entry(conn)->name;
	enum ras_action action = (enum ras_action)write->number;
	bool dials = action == RAS_ACTION_DIAL || action == RAS_ACTION_REDIAL;
	uint32_t mode = ras_setting_coming(agent->ras, RAS_SETTING_ADMIN_MODE);
	struct ras_conn_info info;

	ras_conn_get(conn, &info);
	if (r == -EAGAIN)
		return set_refuse(write, SNMP_ERR_RESOURCEUNAVAILABLE, "entry %s: no free place or thread to dial",
				  name);
	if (r != -EINVAL)
		return set_refuse(write, SNMP_ERR_RESOURCEUNAVAILABLE, "entry %s: %s", name, strerror(-r));
	if (request_id && request_id == info.request_id)
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "entry %s: request %u was another action", name,
				  request_id);
	if (dials && mode != RAS_ADMIN_ENABLED)
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "entry %s: rasAdminMode is %s", name,
				  ras_label_name(ras_admin_mode_labels, (int32_t)mode));
	if (entry_goes(write))
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE,
				  "entry %s: the same request renames it or takes it out of service", name);
	return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "entry %s is %s", name,
			  ras_label_name(ras_status_labels, (int32_t)info.status));
}

static int action_reserve(struct agent *agent, struct set_write *write)
{
	const struct set_write *id = set_partner(write, MIB_CONN_REQUEST_ID);
	struct ras_conn *conn = objects_conn(agent, &write->index);
	uint32_t request_id = id ? id->number : 0;
	struct ras_request *request;
	int r;

	if (!conn)
		return set_refuse(write, SNMP_ERR_INCONSISTENTNAME, "there is no such entry");
	r = ras_request_reserve(agent->ras, conn, (enum ras_action)write->number, request_id, RAS_TRIGGER_SNMP,
				&request);
	if (r < 0)
		return explain(agent, write, conn, request_id, r);
	write->old = ras_request_number(request);
	return SNMP_ERR_NOERROR;
}

/* The reservation, unless the entry went away under it. */
static struct ras_request *held(struct agent *agent, const struct set_write *write)
{
	return ras_request_find(agent->ras, write->old);
}

static int action_store(struct agent *agent, struct set_write *write)
{
	struct ras_request *request = held(agent, write);
	int r;

	if (!request)
		return set_refuse(write, SNMP_ERR_COMMITFAILED, "the entry is gone");
	r = ras_request_write(request);
	return r < 0 ? set_refuse(write, SNMP_ERR_COMMITFAILED, "cannot be stored: %s", strerror(-r)) :
		       SNMP_ERR_NOERROR;
}

static void action_commit(struct agent *agent, struct set_write *write)
{
	const struct set_write *id = set_partner(write, MIB_CONN_REQUEST_ID);
	struct ras_conn *conn = objects_conn(agent, &write->index);
	struct ras_request *request = held(agent, write);
	char text[32] = "";

	if (!conn || !request)
		return;
	if (id)
		snprintf(text, sizeof(text), ", request %u", id->number);
	/* First the line, then the lines of the dial thread. */
	log_info("set rasConnAction.%u (entry %s): %s%s", write->index.sub[0], ras_conn_entry(conn)->name,
		 ras_label_name(ras_action_labels, (int32_t)write->number), text);
	ras_request_commit(request);
}

static void action_undo(struct agent *agent, struct set_write *write)
{
	struct ras_request *request = held(agent, write);

	if (request)
		ras_request_undo(request);
}

static void action_release(struct agent *agent, struct set_write *write)
{
	ras_request_cancel(held(agent, write));
}

static const struct set_writer action = {
	.reserve = action_reserve,
	.store = action_store,
	.commit = action_commit,
	.undo = action_undo,
	.release = action_release,
};

/* Goes with the action of the same row, and only with it. */
static int request_id_reserve(struct agent *agent UNUSED, struct set_write *write)
{
	if (!set_partner(write, MIB_CONN_ACTION))
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "it needs rasConnAction in the same request");
	return SNMP_ERR_NOERROR;
}

static const struct set_writer request_id = {.reserve = request_id_reserve};

static void value_no_action(const void *field UNUSED, struct value *ret)
{
	ret->number = RAS_ACTION_NONE;
}

/* ---- columns ---- */

#define FIELD(member) .offset = offsetof(struct ras_conn_info, member)

static const struct table_column columns[] = {
	{MIB_CONN_ACTION, "rasConnAction", ASN_INTEGER, value_no_action, .access = TABLE_WRITE,
	 LABELS(ras_action_labels), .writer = &action},
	{MIB_CONN_REQUEST_ID, "rasConnRequestId", ASN_UNSIGNED, value_u32, FIELD(request_id), .access = TABLE_WRITE,
	 RANGE(0, UINT32_MAX), .writer = &request_id},
	{MIB_CONN_DESIRED, "rasConnDesired", ASN_INTEGER, value_enum, FIELD(desired)},
	{MIB_CONN_OPER_STATUS, "rasConnOperStatus", ASN_INTEGER, value_enum, FIELD(status)},
	{MIB_CONN_STATE, "rasConnState", ASN_INTEGER, value_enum, FIELD(state)},
	{MIB_CONN_LAST_CHANGE, "rasConnLastChange", ASN_TIMETICKS, value_time_stamp, FIELD(last_change_mono_ms)},
	{MIB_CONN_CALL_ID, "rasConnCallId", ASN_UNSIGNED, value_u32, FIELD(call_id)},
	{MIB_CONN_START_TIME, "rasConnStartTime", ASN_OCTET_STR, value_date, FIELD(start_time_ms)},
	{MIB_CONN_DURATION, "rasConnDuration", ASN_GAUGE, value_seconds_since, FIELD(up_since_mono_ms)},
	{MIB_CONN_ATTEMPTS, "rasConnAttempts", ASN_COUNTER, value_u32, FIELD(counters.attempts)},
	{MIB_CONN_SUCCESSES, "rasConnSuccesses", ASN_COUNTER, value_u32, FIELD(counters.successes)},
	{MIB_CONN_FAILURES, "rasConnFailures", ASN_COUNTER, value_u32, FIELD(counters.failures)},
	{MIB_CONN_DROPS, "rasConnDrops", ASN_COUNTER, value_u32, FIELD(counters.drops)},
	{MIB_CONN_CONSECUTIVE_FAILURES, "rasConnConsecutiveFailures", ASN_GAUGE, value_u32,
	 FIELD(counters.consecutive_failures)},
	{MIB_CONN_REDIALS_LEFT, "rasConnRedialsLeft", ASN_GAUGE, value_u32, FIELD(redials_left)},
	{MIB_CONN_NEXT_REDIAL, "rasConnNextRedial", ASN_GAUGE, value_seconds_until, FIELD(next_redial_mono_ms)},
	{MIB_CONN_LAST_CAUSE, "rasConnLastCause", ASN_INTEGER, value_enum, FIELD(last_error.cause)},
	{MIB_CONN_LAST_ERROR_CODE, "rasConnLastErrorCode", ASN_INTEGER, value_i32, FIELD(last_error.code)},
	{MIB_CONN_LAST_BACKEND_CODE, "rasConnLastBackendCode", ASN_INTEGER, value_i32, FIELD(last_error.backend)},
	{MIB_CONN_LAST_ERROR_TEXT, "rasConnLastErrorText", ASN_OCTET_STR, value_text, FIELD(last_error.text)},
	{MIB_CONN_LAST_ERROR_STATE, "rasConnLastErrorState", ASN_INTEGER, value_enum, FIELD(last_error.state)},
	{MIB_CONN_LAST_ERROR_TIME, "rasConnLastErrorTime", ASN_OCTET_STR, value_date, FIELD(last_error.time_ms)},
	{MIB_CONN_IF_INDEX, "rasConnIfIndex", ASN_INTEGER, value_u32, FIELD(ifindex)},
	{MIB_CONN_IF_NAME, "rasConnIfName", ASN_OCTET_STR, value_text, FIELD(ifname)},
	{MIB_CONN_LOCAL_ADDR_TYPE, "rasConnLocalAddrType", ASN_INTEGER, value_addr_type, FIELD(local)},
	{MIB_CONN_LOCAL_ADDR, "rasConnLocalAddr", ASN_OCTET_STR, value_addr, FIELD(local)},
	{MIB_CONN_PEER_ADDR_TYPE, "rasConnPeerAddrType", ASN_INTEGER, value_addr_type, FIELD(peer)},
	{MIB_CONN_PEER_ADDR, "rasConnPeerAddr", ASN_OCTET_STR, value_addr, FIELD(peer)},
	{MIB_CONN_DEVICE_NAME, "rasConnDeviceName", ASN_OCTET_STR, value_text, FIELD(device_name)},
	{MIB_CONN_SPEED, "rasConnSpeed", ASN_GAUGE, value_u32, FIELD(speed)},
	{MIB_CONN_LINKS_UP, "rasConnLinksUp", ASN_GAUGE, value_u32, FIELD(links_up)},
	{MIB_CONN_THREAD_STATE, "rasConnThreadState", ASN_INTEGER, value_enum, FIELD(thread_state)},
	{MIB_CONN_THREAD_ID, "rasConnThreadId", ASN_UNSIGNED, value_u32, FIELD(thread_id)},
	{MIB_CONN_PROCESS_ID, "rasConnProcessId", ASN_UNSIGNED, value_u32, FIELD(process_id)},
	{MIB_CONN_LAST_HIST_INDEX, "rasConnLastHistIndex", ASN_UNSIGNED, value_u32, FIELD(last_hist_index)},
	{MIB_CONN_DESTINATION, "rasConnDestination", ASN_OCTET_STR, value_text, FIELD(destination)},
	{MIB_CONN_SUBENTRY, "rasConnSubentry", ASN_UNSIGNED, value_u32, FIELD(subentry)},
};

const struct table table_conn = {
	.prefix = {MIB_CONN, MIB_CONN_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source_conn,
	.admit = admit,
};
