/* SPDX-License-Identifier: BSD-2-Clause */
/* rasNameTable: from the name of an entry to its index. */
#include "agent/mib.h"
#include "agent/objects.h"

/* A string index is its length and its octets. */
static void index_of(const struct ras_entry *entry, struct table_index *ret)
{
	size_t len = strlen(entry->name);

	ret->n = len + 1;
	ret->sub[0] = (uint32_t)len;
	for (size_t i = 0; i < len; i++)
		ret->sub[i + 1] = (uint8_t)entry->name[i];
}

static int compare(const struct table_index *a, const struct table_index *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (a->sub[i] != b->sub[i])
			return a->sub[i] < b->sub[i] ? -1 : 1;
	return a->n == b->n ? 0 : a->n < b->n ? -1 : 1;
}

/* Position of the first name whose index is not below (behind false) or is above (behind true) the given one. */
static size_t position(const struct agent *agent, const struct table_index *index, bool behind)
{
	size_t low = 0, high = ras_conn_count(agent->ras);

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct table_index at;
		int order;

		index_of(ras_conn_entry(ras_name_at(agent->ras, middle)), &at);
		order = compare(&at, index);
		if (order < 0 || (behind && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct ras_entry *entry_at(const struct agent *agent, size_t at)
{
	return at < ras_conn_count(agent->ras) ? ras_conn_entry(ras_name_at(agent->ras, at)) : NULL;
}

static const void *take(struct agent *agent, const struct table_index *index)
{
	const struct ras_entry *entry = entry_at(agent, position(agent, index, false));
	struct table_index found;

	if (!entry)
		return NULL;
	index_of(entry, &found);
	return table_index_equal(&found, index) ? entry : NULL;
}

static bool next(struct agent *agent, const struct table_index *after, struct table_index *ret)
{
	const struct ras_entry *entry = entry_at(agent, position(agent, after, true));

	if (!entry)
		return false;
	index_of(entry, ret);
	return true;
}

static const struct table_source source = {take, next};

static const struct table_column columns[] = {
	{MIB_NAME_ENTRY_INDEX, "rasNameEntryIndex", ASN_UNSIGNED, value_u32,
	 .offset = offsetof(struct ras_entry, index)},
};

const struct table table_name = {
	.prefix = {MIB_PHONEBOOK, MIB_NAME_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source,
};
