/* SPDX-License-Identifier: BSD-2-Clause */
/* rasNameTable: from the name of an entry to its index. */
#include "agent/mib.h"
#include "agent/objects.h"
#include "sys/search.h"

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

struct sought {
	const struct ras *ras;
	const struct table_index *index;
	bool behind; /* the first above the index, not the first that is not below */
};

static bool before(size_t at, const void *data)
{
	const struct sought *sought = data;
	struct table_index index;
	int order;

	index_of(ras_conn_entry(ras_name_at(sought->ras, at)), &index);
	order = compare(&index, sought->index);
	return order < 0 || (sought->behind && order == 0);
}

static const struct ras_entry *find(const struct agent *agent, const struct table_index *index, bool behind,
				    size_t *ret_at)
{
	size_t n = ras_conn_count(agent->ras);

	*ret_at = search_sorted(n, index->hint, before, &(struct sought){agent->ras, index, behind});
	return *ret_at < n ? ras_conn_entry(ras_name_at(agent->ras, *ret_at)) : NULL;
}

static const void *take(struct agent *agent, const struct table_index *index)
{
	size_t at;
	const struct ras_entry *entry = find(agent, index, false, &at);
	struct table_index found;

	if (!entry)
		return NULL;
	index_of(entry, &found);
	return table_index_equal(&found, index) ? entry : NULL;
}

static bool next(struct agent *agent, const struct table_index *after, struct table_index *ret)
{
	size_t at;
	const struct ras_entry *entry = find(agent, after, true, &at);

	if (!entry)
		return false;
	index_of(entry, ret);
	ret->hint = at;
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
