/* SPDX-License-Identifier: BSD-2-Clause */
/* rasLinkTable: the member links of multilink entries, one row for each subentry. One that was never dialed as a link
 * is down, or out of service, without an error. */
#include "agent/mib.h"
#include "agent/objects.h"

static const void *take(struct agent *agent, const struct table_index *index)
{
	const struct ras_subentry *subentry = source_subentry.take(agent, index);
	const struct ras_conn *conn;
	static struct ras_link link;

	if (!subentry)
		return NULL;
	link = (struct ras_link){.status = RAS_STATUS_DOWN, .state = RAS_DISCONNECTED, .last_error = RAS_ERROR_INIT};
	conn = ras_conn_find(agent->ras, index->sub[0]);
	/* What it was as a link, before the entry was given another mode, is over. */
	if (ras_entry_is_bundle(ras_conn_entry(conn)))
		ras_conn_link(conn, subentry->index, &link);
	if (subentry->row_status != RAS_ROW_ACTIVE && link.status == RAS_STATUS_DOWN)
		link.status = RAS_STATUS_NOT_READY;
	return &link;
}

static bool next(struct agent *agent, const struct table_index *after, struct table_index *ret)
{
	return source_subentry.next(agent, after, ret);
}

static const struct table_source source = {take, next};

#define FIELD(member) .offset = offsetof(struct ras_link, member)

static const struct table_column columns[] = {
	{MIB_LINK_OPER_STATUS, "rasLinkOperStatus", ASN_INTEGER, value_enum, FIELD(status)},
	{MIB_LINK_STATE, "rasLinkState", ASN_INTEGER, value_enum, FIELD(state)},
	{MIB_LINK_LAST_CAUSE, "rasLinkLastCause", ASN_INTEGER, value_enum, FIELD(last_error.cause)},
	{MIB_LINK_LAST_ERROR_CODE, "rasLinkLastErrorCode", ASN_INTEGER, value_i32, FIELD(last_error.code)},
	{MIB_LINK_LAST_ERROR_TEXT, "rasLinkLastErrorText", ASN_OCTET_STR, value_text, FIELD(last_error.text)},
	{MIB_LINK_IF_INDEX, "rasLinkIfIndex", ASN_INTEGER, value_u32, FIELD(ifindex)},
	{MIB_LINK_ATTEMPTS, "rasLinkAttempts", ASN_COUNTER, value_u32, FIELD(attempts)},
	{MIB_LINK_FAILURES, "rasLinkFailures", ASN_COUNTER, value_u32, FIELD(failures)},
};

const struct table table_link = {
	.prefix = {MIB_CONN, MIB_LINK_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source,
};
