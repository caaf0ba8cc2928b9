/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/table.h"

#include <string.h>

#include "agent/mib.h"
#include "sys/macro.h"

static const oid objects[] = {MIB_ROOT, MIB_OBJECTS};

/* ---- names ---- */

const struct table_column *table_column(const struct table *table, uint32_t number)
{
	size_t low = 0, high = table->n_columns;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (table->columns[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < table->n_columns && table->columns[low].number == number ? &table->columns[low] : NULL;
}

size_t table_oid(const struct table *table, uint32_t column, const struct table_index *index, oid ret[MAX_OID_LEN])
{
	size_t len = ARRAY_SIZE(objects);

	memcpy(ret, objects, sizeof(objects));
	for (size_t i = 0; i < table->prefix_len; i++)
		ret[len++] = table->prefix[i];
	ret[len++] = column;
	for (size_t i = 0; i < index->n; i++)
		ret[len++] = index->sub[i];
	return len;
}

bool table_index_equal(const struct table_index *a, const struct table_index *b)
{
	return a->n == b->n && !memcmp(a->sub, b->sub, a->n * sizeof(a->sub[0]));
}

/* Order of an OID against that of a table: below 0 if it is before all of the table, 0 if it is the table's or within
 * it, above 0 if it is behind. */
static int compare(const struct table *table, const oid *name, size_t len)
{
	size_t prefix_len = ARRAY_SIZE(objects) + table->prefix_len;

	for (size_t i = 0; i < prefix_len; i++) {
		oid want = i < ARRAY_SIZE(objects) ? objects[i] : table->prefix[i - ARRAY_SIZE(objects)];

		if (i == len || name[i] < want)
			return -1;
		if (name[i] > want)
			return 1;
	}
	return 0;
}

/* Sub-identifiers behind the column. What no row can have, too many of them or too great a one, is kept as near as it
 * fits, which leaves its order against all rows as it is. Returns false if something was lost. */
static bool index_parse(const oid *sub, size_t n, struct table_index *ret)
{
	bool fit = true;

	ret->n = MIN(n, (size_t)TABLE_INDEX_MAX);
	for (size_t i = 0; i < ret->n; i++) {
		/* Behind a number that is too great nothing counts any more. */
		fit = fit && sub[i] <= UINT32_MAX;
		ret->sub[i] = fit ? (uint32_t)sub[i] : UINT32_MAX;
	}
	return fit && n <= TABLE_INDEX_MAX;
}

bool table_resolve(const struct table_list *list, const oid *name, size_t len, const struct table **ret_table,
		   const struct table_column **ret_column, struct table_index *ret_index)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct table *table = list->tables[i];
		size_t at = ARRAY_SIZE(objects) + table->prefix_len;
		const struct table_column *column;

		if (len <= at || compare(table, name, len) != 0 || name[at] > UINT32_MAX)
			continue;
		column = table_column(table, (uint32_t)name[at]);
		if (!column)
			continue;
		if (!index_parse(name + at + 1, len - at - 1, ret_index))
			ret_index->n = 0; /* no row has an empty index */
		*ret_table = table;
		*ret_column = column;
		return true;
	}
	return false;
}

bool table_after(const struct table_index *after, uint32_t *ret)
{
	if (!after->n) {
		*ret = 0;
		return true;
	}
	if (after->sub[0] == UINT32_MAX)
		return false;
	*ret = after->sub[0] + 1;
	return true;
}

bool table_after_pair(const struct table_index *after, uint32_t *ret_first, uint32_t *ret_second)
{
	if (after->n >= 2 && after->sub[1] == UINT32_MAX) {
		*ret_second = 0;
		return table_after(after, ret_first);
	}
	*ret_first = after->n >= 1 ? after->sub[0] : 0;
	*ret_second = after->n >= 2 ? after->sub[1] + 1 : 0;
	return true;
}

/* ---- GET and GETNEXT ---- */

/* The instance that answers one request. */
struct hit {
	netsnmp_request_info *request;
	const struct table *table; /* NULL: none, or answered already */
	const struct table_column *column;
	struct table_index index;
};

/* The first instance of a table behind an OID. */
static bool next_in_table(const struct table *table, struct agent *agent, const oid *name, size_t len, struct hit *hit)
{
	size_t at = ARRAY_SIZE(objects) + table->prefix_len;
	struct table_index after = {.n = 0};
	int order = compare(table, name, len);
	oid start = order == 0 && len > at ? name[at] : 0;

	if (order > 0)
		return false;
	for (size_t i = 0; i < table->n_columns; i++) {
		const struct table_column *column = &table->columns[i];

		if (column->number < start)
			continue;
		if (column->number == start)
			index_parse(name + at + 1, len - at - 1, &after);
		else
			after.n = 0;
		if (table->source->next(agent, &after, &hit->index)) {
			hit->table = table;
			hit->column = column;
			return true;
		}
		if (!after.n)
			return false; /* all columns have the same rows, and there are none */
	}
	return false;
}

static bool next_in_list(const struct table_list *list, struct agent *agent, const oid *name, size_t len,
			 struct hit *hit)
{
	for (size_t i = 0; i < list->n; i++)
		if (next_in_table(list->tables[i], agent, name, len, hit))
			return true;
	hit->table = NULL;
	return false;
}

static void fill(const struct hit *hit, const void *row)
{
	netsnmp_variable_list *var = hit->request->requestvb;
	struct value value = {.octets = ""};
	union value_wire wire;
	oid name[MAX_OID_LEN];
	const void *data;
	size_t size;

	hit->column->get((const char *)row + hit->column->offset, &value);
	data = value_wire(hit->column->type, &value, &wire, &size);
	snmp_set_var_objid(var, name, table_oid(hit->table, hit->column->number, &hit->index, name));
	snmp_set_var_typed_value(var, hit->column->type, data, size);
}

/* Fills all requests for the same row from one snapshot. */
static void fill_row(struct hit *hits, size_t n, const void *row)
{
	const struct table_source *source = hits[0].table->source;
	const struct table_index index = hits[0].index;

	for (size_t i = 0; i < n; i++) {
		if (!hits[i].table || hits[i].table->source != source || !table_index_equal(&hits[i].index, &index))
			continue;
		fill(&hits[i], row);
		hits[i].table = NULL;
	}
}

static void find(const struct table_list *list, struct agent *agent, int mode, struct hit *hit)
{
	netsnmp_variable_list *var = hit->request->requestvb;
	bool found = table_resolve(list, var->name, var->name_length, &hit->table, &hit->column, &hit->index);

	if (mode == MODE_GET) {
		if (!found)
			netsnmp_request_set_error(hit->request, SNMP_NOSUCHOBJECT);
	} else if (!found || !hit->request->inclusive || !hit->table->source->take(agent, &hit->index)) {
		next_in_list(list, agent, var->name, var->name_length, hit);
	}
}

/* The snapshot for a hit. A row may go between finding and taking: then the next one answers. */
static const void *take(const struct table_list *list, struct agent *agent, int mode, struct hit *hit)
{
	oid name[MAX_OID_LEN];

	for (;;) {
		const void *row = hit->table->source->take(agent, &hit->index);

		if (row)
			return row;
		if (mode == MODE_GET) {
			netsnmp_request_set_error(hit->request, SNMP_NOSUCHINSTANCE);
			return NULL;
		}
		if (!next_in_list(list, agent, name, table_oid(hit->table, hit->column->number, &hit->index, name),
				  hit))
			return NULL;
	}
}

void table_get(const struct table_list *list, struct agent *agent, int mode, netsnmp_request_info *requests)
{
	_cleanup_free_ struct hit *hits = NULL;
	netsnmp_request_info *request;
	size_t n = 0, i = 0;

	for (request = requests; request; request = request->next)
		n++;
	hits = calloc(n, sizeof(*hits));
	if (!hits) {
		netsnmp_request_set_error(requests, SNMP_ERR_GENERR);
		return;
	}
	for (request = requests; request; request = request->next, i++) {
		hits[i].request = request;
		find(list, agent, mode, &hits[i]);
	}
	for (i = 0; i < n; i++) {
		const void *row = hits[i].table ? take(list, agent, mode, &hits[i]) : NULL;

		if (row)
			fill_row(&hits[i], n - i, row);
	}
}
