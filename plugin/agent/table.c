/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/table.h"

#include <string.h>

#include "agent/mib.h"
#include "sys/macro.h"
#include "sys/search.h"

static const oid objects[] = {MIB_ROOT, MIB_OBJECTS}, objects_end[] = {MIB_ROOT, MIB_OBJECTS + 1};

/* ---- names ---- */

struct sought_column {
	const struct table *table;
	oid number;
};

static bool column_before(size_t at, const void *sought)
{
	const struct sought_column *column = sought;

	return column->table->columns[at].number < column->number;
}

/* Of the first column whose number is not less; behind the last if there is none. */
static const struct table_column *column_from(const struct table *table, oid number)
{
	return table->columns +
	       search_sorted(table->n_columns, SIZE_MAX, column_before, &(struct sought_column){table, number});
}

static bool column_is(const struct table *table, const struct table_column *column, oid number)
{
	return column < table->columns + table->n_columns && column->number == number;
}

const struct table_column *table_column(const struct table *table, uint32_t number)
{
	const struct table_column *column = column_from(table, number);

	return column_is(table, column, number) ? column : NULL;
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
	ret->hint = SIZE_MAX;
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

		if (len <= at || compare(table, name, len) != 0)
			continue;
		column = column_from(table, name[at]);
		if (!column_is(table, column, name[at]))
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

/* ---- the instance that a request is about ---- */

/* What the requests of a PDU are answered from. */
struct asked {
	const struct table_list *list;
	struct agent *agent;
	netsnmp_pdu *pdu;
};

enum view { VIEW_UNKNOWN, VIEW_WHOLE, VIEW_PART };

/* How far one request has come. */
struct walk {
	netsnmp_request_info *request;
	size_t number;                     /* of the table in the list */
	const struct table *table;         /* NULL: there is nothing more */
	const struct table_column *column; /* behind the last: all of them have been gone through */
	struct table_index index;          /* before the search, what it shall be behind */
	enum view view;                    /* how much of the column is in the PDU's view */
	bool bounded;                      /* the request's range ends within our objects */
	bool filled;                       /* the variable in turn is answered */
	netsnmp_variable_list *last;       /* that was filled; NULL: none */
};

static size_t walk_oid(const struct walk *walk, oid ret[MAX_OID_LEN])
{
	return table_oid(walk->table, walk->column->number, &walk->index, ret);
}

/* Another agent may have taken a part of our range; then the library goes on there. */
static bool out_of_range(const struct walk *walk)
{
	const netsnmp_request_info *request = walk->request;
	oid name[MAX_OID_LEN];

	return walk->bounded &&
	       snmp_oid_compare(name, walk_oid(walk, name), request->range_end, request->range_end_len) >= 0;
}

static void fill(struct walk *walk, const void *row)
{
	const struct table_column *column = walk->column;
	netsnmp_variable_list *var = walk->request->requestvb;
	struct value value = {.octets = ""};
	union value_wire wire;
	oid name[MAX_OID_LEN];
	const void *data;
	size_t size;

	column->get((const char *)row + column->offset, &value);
	data = value_wire(column->type, &value, &wire, &size);
	snmp_set_var_objid(var, name, walk_oid(walk, name));
	snmp_set_var_typed_value(var, column->type, data, size);
	walk->last = var;
}

/* Fills the variables of all walks that have come to the row of the first: they show one snapshot. NULL: there is no
 * such row. */
static void fill_row(struct walk *walks, size_t n, const void *row)
{
	const struct table_source *source = walks->table->source;

	for (size_t i = 0; i < n; i++) {
		struct walk *walk = &walks[i];

		if (walk->filled || !walk->table || walk->table->source != source ||
		    !table_index_equal(&walk->index, &walks->index) || out_of_range(walk))
			continue;
		walk->filled = true;
		if (row)
			fill(walk, row);
		else
			netsnmp_request_set_error(walk->request, SNMP_NOSUCHINSTANCE);
	}
}

/* ---- GET ---- */

static void get_all(const struct asked *asked, struct walk *walks, size_t n, netsnmp_request_info *requests)
{
	netsnmp_request_info *request = requests;

	for (size_t i = 0; i < n; i++, request = request->next) {
		const netsnmp_variable_list *var = request->requestvb;
		struct walk *walk = &walks[i];

		walk->request = request;
		walk->bounded = walk->filled = false;
		if (table_resolve(asked->list, var->name, var->name_length, &walk->table, &walk->column, &walk->index))
			continue;
		walk->table = NULL;
		netsnmp_request_set_error(request, SNMP_NOSUCHOBJECT);
	}
	for (size_t i = 0; i < n; i++)
		if (walks[i].table && !walks[i].filled)
			fill_row(walks + i, n - i, walks[i].table->source->take(asked->agent, &walks[i].index));
}

/* ---- GETNEXT and GETBULK ---- */

static void enter_column(struct walk *walk, const struct table_column *column)
{
	walk->column = column;
	walk->index.n = walk->index.hint = 0;
	walk->view = VIEW_UNKNOWN;
}

/* To the beginning of a table, or to the end of the list. */
static void enter_table(const struct asked *asked, struct walk *walk, size_t number)
{
	walk->number = number;
	walk->table = number < asked->list->n ? asked->list->tables[number] : NULL;
	enter_column(walk, walk->table ? walk->table->columns : NULL);
}

static bool all_columns_over(const struct walk *walk)
{
	return walk->column == walk->table->columns + walk->table->n_columns;
}

/* To the column of the table where a name is, or to the one behind it. */
static void start_in_table(struct walk *walk, const oid *name, size_t len)
{
	size_t at = ARRAY_SIZE(objects) + walk->table->prefix_len;

	if (len <= at)
		return;
	walk->column = column_from(walk->table, name[at]);
	if (column_is(walk->table, walk->column, name[at]))
		index_parse(name + at + 1, len - at - 1, &walk->index);
}

/* To where a name is in the list, or would be. A table may lie behind the columns of a group, on the same arc. */
static void start_at(const struct asked *asked, struct walk *walk, const oid *name, size_t len)
{
	for (size_t i = 0; i < asked->list->n; i++) {
		int order = compare(asked->list->tables[i], name, len);

		if (order > 0)
			continue;
		enter_table(asked, walk, i);
		if (order == 0)
			start_in_table(walk, name, len);
		if (!all_columns_over(walk))
			return;
	}
	enter_table(asked, walk, asked->list->n);
}

/* Is the column hidden as a whole? Who speaks SNMPv1 sees no Counter64 (RFC 3584, 4.2.2.1). */
static bool hidden(const struct asked *asked, struct walk *walk)
{
	oid name[MAX_OID_LEN];
	size_t len;

	if (walk->view != VIEW_UNKNOWN)
		return false;
	if (asked->pdu->version == SNMP_VERSION_1 && walk->column->type == ASN_COUNTER64)
		return true;
	len = table_oid(walk->table, walk->column->number, &(struct table_index){.n = 0}, name);
	switch (netsnmp_acm_check_subtree(asked->pdu, name, len)) {
	case VACM_SUCCESS:
		walk->view = VIEW_WHOLE;
		return false;
	case VACM_SUBTREE_UNKNOWN:
		walk->view = VIEW_PART;
		return false;
	default:
		return true;
	}
}

static bool shown(const struct asked *asked, const struct walk *walk)
{
	oid name[MAX_OID_LEN];
	size_t len;

	if (walk->view == VIEW_WHOLE)
		return true;
	len = walk_oid(walk, name);
	return in_a_view(name, &len, asked->pdu, walk->column->type) == VACM_SUCCESS;
}

/* To the next instance of the column that may be seen. Returns false if there is none. */
static bool advance_in_column(const struct asked *asked, struct walk *walk)
{
	while (walk->table->source->next(asked->agent, &walk->index, &walk->index))
		if (shown(asked, walk))
			return true;
	return false;
}

/* To the next instance that may be seen; to the end of the list if there is none. */
static void advance(const struct asked *asked, struct walk *walk)
{
	while (walk->table) {
		bool over = all_columns_over(walk);

		if (!over && !hidden(asked, walk)) {
			if (advance_in_column(asked, walk))
				return;
			/* All columns have the same rows, and there are none. */
			over = walk->index.n == 0;
		}
		if (over)
			enter_table(asked, walk, walk->number + 1);
		else
			enter_column(walk, walk->column + 1);
	}
}

/* The search of another agent's master may include its start. */
static bool starts_with_it(const struct asked *asked, struct walk *walk)
{
	const netsnmp_variable_list *var = walk->request->requestvb;
	const struct table_column *column;
	const struct table *table;
	struct table_index index;

	return walk->table && walk->request->inclusive &&
	       table_resolve(asked->list, var->name, var->name_length, &table, &column, &index) &&
	       table == walk->table && column == walk->column && table->source->take(asked->agent, &index) &&
	       !hidden(asked, walk) && shown(asked, walk);
}

static void begin(const struct asked *asked, struct walk *walk, netsnmp_request_info *request)
{
	const netsnmp_variable_list *var = request->requestvb;

	walk->request = request;
	walk->last = NULL;
	walk->filled = false;
	walk->bounded = request->range_end && snmp_oid_compare(request->range_end, request->range_end_len, objects_end,
							       ARRAY_SIZE(objects_end)) < 0;
	start_at(asked, walk, var->name, var->name_length);
	if (!starts_with_it(asked, walk))
		advance(asked, walk);
}

/* The row that a walk has come to. It may go between finding and taking: then the next one is it. */
static const void *take(const struct asked *asked, struct walk *walk)
{
	while (walk->table && !out_of_range(walk)) {
		const void *row = walk->table->source->take(asked->agent, &walk->index);

		if (row)
			return row;
		advance(asked, walk);
	}
	walk->table = NULL;
	return NULL;
}

/* To the next repetition. Returns false if there is none. */
static bool repeat(const struct asked *asked, struct walk *walk)
{
	netsnmp_request_info *request = walk->request;

	if (!walk->filled || request->repeat <= 0 || !walk->last->next_variable)
		return false;
	request->repeat--;
	request->inclusive = 0;
	request->requestvb = walk->last->next_variable;
	walk->filled = false;
	advance(asked, walk);
	return true;
}

/* The library goes on behind what was found last. */
static void end(const struct walk *walk)
{
	if (walk->filled || !walk->last)
		return;
	snmp_set_var_objid(walk->request->requestvb, walk->last->name, walk->last->name_length);
	walk->request->requestvb->type = ASN_NULL;
}

static void walk_all(const struct asked *asked, struct walk *walks, size_t n, netsnmp_request_info *requests)
{
	netsnmp_request_info *request = requests;
	bool more = true;

	for (size_t i = 0; i < n; i++, request = request->next)
		begin(asked, &walks[i], request);
	while (more) {
		for (size_t i = 0; i < n; i++) {
			const void *row = walks[i].filled ? NULL : take(asked, &walks[i]);

			if (row)
				fill_row(walks + i, n - i, row);
		}
		more = false;
		for (size_t i = 0; i < n; i++)
			more |= repeat(asked, &walks[i]);
	}
	for (size_t i = 0; i < n; i++)
		end(&walks[i]);
}

/* ---- both ---- */

typedef void answer_all(const struct asked *asked, struct walk *walks, size_t n, netsnmp_request_info *requests);

/* Makes room for a walk for each request; few of them need no allocation. */
static void answer(const struct asked *asked, netsnmp_request_info *requests, answer_all *all)
{
	_cleanup_free_ struct walk *many = NULL;
	struct walk few[64];
	size_t n = 0;

	for (const netsnmp_request_info *request = requests; request; request = request->next)
		n++;
	if (n > ARRAY_SIZE(few)) {
		many = calloc(n, sizeof(*many));
		if (!many) {
			netsnmp_request_set_error(requests, SNMP_ERR_GENERR);
			return;
		}
	}
	all(asked, many ? many : few, n, requests);
}

void table_get(const struct table_list *list, struct agent *agent, netsnmp_request_info *requests)
{
	answer(&(struct asked){list, agent, NULL}, requests, get_all);
}

void table_next(const struct table_list *list, struct agent *agent, netsnmp_pdu *pdu, netsnmp_request_info *requests)
{
	answer(&(struct asked){list, agent, pdu}, requests, walk_all);
}
