/* SPDX-License-Identifier: BSD-2-Clause */
/* rasHistTable: ended calls and failed attempts. */
#include "agent/mib.h"
#include "agent/objects.h"

static const void *take(struct agent *agent, const struct table_index *index)
{
	static struct ras_history_row row;

	if (index->n != 1 || ras_history_next(agent->ras, index->sub[0], &row) < 0)
		return NULL;
	return row.index == index->sub[0] ? &row : NULL;
}

static bool next(struct agent *agent, const struct table_index *after, struct table_index *ret)
{
	uint32_t least, index = table_after(after, &least) ? ras_history_next_index(agent->ras, least) : 0;

	if (!index)
		return false;
	ret->n = 1;
	ret->sub[0] = index;
	return true;
}

static const struct table_source source = {take, next};

#define FIELD(member) .offset = offsetof(struct ras_history_row, member)

static const struct table_column columns[] = {
	{MIB_HIST_CALL_ID, "rasHistCallId", ASN_UNSIGNED, value_u32, FIELD(call_id)},
	{MIB_HIST_ENTRY_INDEX, "rasHistEntryIndex", ASN_UNSIGNED, value_u32, FIELD(entry_index)},
	{MIB_HIST_ENTRY_NAME, "rasHistEntryName", ASN_OCTET_STR, value_text, FIELD(entry_name)},
	{MIB_HIST_TRIGGER, "rasHistTrigger", ASN_INTEGER, value_enum, FIELD(trigger)},
	{MIB_HIST_REQUEST_ID, "rasHistRequestId", ASN_UNSIGNED, value_u32, FIELD(request_id)},
	{MIB_HIST_DEVICE_TYPE, "rasHistDeviceType", ASN_INTEGER, value_enum, FIELD(device_type)},
	{MIB_HIST_DEVICE_NAME, "rasHistDeviceName", ASN_OCTET_STR, value_text, FIELD(device_name)},
	{MIB_HIST_DESTINATION, "rasHistDestination", ASN_OCTET_STR, value_text, FIELD(destination)},
	{MIB_HIST_SETUP_TIME, "rasHistSetupTime", ASN_OCTET_STR, value_date, FIELD(setup_time_ms)},
	{MIB_HIST_CONNECT_TIME, "rasHistConnectTime", ASN_OCTET_STR, value_date, FIELD(connect_time_ms)},
	{MIB_HIST_END_TIME, "rasHistEndTime", ASN_OCTET_STR, value_date, FIELD(end_time_ms)},
	{MIB_HIST_SETUP_DURATION, "rasHistSetupDuration", ASN_UNSIGNED, value_u32, FIELD(setup_duration_ms)},
	{MIB_HIST_UP_DURATION, "rasHistUpDuration", ASN_UNSIGNED, value_u32, FIELD(up_duration_s)},
	{MIB_HIST_CONNECTED, "rasHistConnected", ASN_INTEGER, value_bool, FIELD(connected)},
	{MIB_HIST_CAUSE, "rasHistCause", ASN_INTEGER, value_enum, FIELD(error.cause)},
	{MIB_HIST_ERROR_CODE, "rasHistErrorCode", ASN_INTEGER, value_i32, FIELD(error.code)},
	{MIB_HIST_BACKEND_CODE, "rasHistBackendCode", ASN_INTEGER, value_i32, FIELD(error.backend)},
	{MIB_HIST_ERROR_TEXT, "rasHistErrorText", ASN_OCTET_STR, value_text, FIELD(error.text)},
	{MIB_HIST_ERROR_STATE, "rasHistErrorState", ASN_INTEGER, value_enum, FIELD(error.state)},
	{MIB_HIST_LOCAL_ADDR_TYPE, "rasHistLocalAddrType", ASN_INTEGER, value_addr_type, FIELD(local)},
	{MIB_HIST_LOCAL_ADDR, "rasHistLocalAddr", ASN_OCTET_STR, value_addr, FIELD(local)},
	{MIB_HIST_PEER_ADDR_TYPE, "rasHistPeerAddrType", ASN_INTEGER, value_addr_type, FIELD(peer)},
	{MIB_HIST_PEER_ADDR, "rasHistPeerAddr", ASN_OCTET_STR, value_addr, FIELD(peer)},
	{MIB_HIST_IN_OCTETS, "rasHistInOctets", ASN_COUNTER64, value_u64, FIELD(in_octets)},
	{MIB_HIST_OUT_OCTETS, "rasHistOutOctets", ASN_COUNTER64, value_u64, FIELD(out_octets)},
};

const struct table table_hist = {
	.prefix = {MIB_HISTORY, MIB_HIST_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source,
};
