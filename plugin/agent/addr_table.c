/* SPDX-License-Identifier: BSD-2-Clause */
/* rasAddrTable: all addresses and routes of the links that are up. */
#include "agent/mib.h"
#include "agent/objects.h"

static const void *take(struct agent *agent, const struct table_index *index)
{
	static struct ras_addr addrs[RAS_SHOWN_MAX];
	const struct ras_conn *conn;

	if (index->n != 2 || !index->sub[1])
		return NULL;
	conn = ras_conn_find(agent->ras, index->sub[0]);
	return conn && index->sub[1] <= ras_conn_addrs(conn, addrs) ? &addrs[index->sub[1] - 1] : NULL;
}

static bool next(struct agent *agent, const struct table_index *after, struct table_index *ret)
{
	struct ras_addr addrs[RAS_SHOWN_MAX];
	uint32_t entry_least, least;

	if (!table_after_pair(after, &entry_least, &least))
		return false;
	for (size_t at = ras_conn_position(agent->ras, entry_least, after->hint); at < ras_conn_count(agent->ras);
	     at++) {
		const struct ras_conn *conn = ras_conn_at(agent->ras, at);
		uint32_t index = ras_conn_entry(conn)->index;
		uint32_t number = index == entry_least ? MAX(least, 1u) : 1;

		if (number > ras_conn_addrs(conn, addrs))
			continue;
		ret->n = 2;
		ret->hint = at;
		ret->sub[0] = index;
		ret->sub[1] = number;
		return true;
	}
	return false;
}

static const struct table_source source = {take, next};

#define FIELD(member) .offset = offsetof(struct ras_addr, member)

static const struct table_column columns[] = {
	{MIB_ADDR_ROLE, "rasAddrRole", ASN_INTEGER, value_enum, FIELD(role)},
	{MIB_ADDR_TYPE, "rasAddrType", ASN_INTEGER, value_addr_type, .offset = 0},
	{MIB_ADDR_ADDR, "rasAddrAddr", ASN_OCTET_STR, value_addr, .offset = 0},
	{MIB_ADDR_PREFIX_LENGTH, "rasAddrPrefixLength", ASN_UNSIGNED, value_u8, FIELD(prefix_len)},
};

const struct table table_addr = {
	.prefix = {MIB_CONN, MIB_ADDR_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source,
};
