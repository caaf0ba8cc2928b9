/* SPDX-License-Identifier: BSD-2-Clause */
/* The table engine, called with made requests on made tables: GET, GETNEXT and the phases of SET. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/mib.h"
#include "agent/objects.h"
#include "agent/set.h"
#include "agent/table.h"
#include "sys/log.h"
#include "sys/macro.h"

/* ---- made tables: every kind of index, one of them empty ---- */

struct row {
	int32_t number;
	uint32_t unsigned_number;
	uint64_t big;
	bool truth;
	char text[32];
	uint32_t bits;
};

static unsigned takes; /* snapshots taken */
static unsigned gone;  /* so many takes from now on find their row gone */

static const struct row *snapshot(uint32_t seed)
{
	static struct row row;

	takes++;
	if (gone > 0) {
		gone--;
		return NULL;
	}
	/* Another text each time, so that a mixture of two snapshots shows. */
	row = (struct row){-(int32_t)seed, seed, UINT64_C(0x100000002) + seed, seed % 2 == 0,
			   .bits = 1u << 1 | 1u << 7};
	snprintf(row.text, sizeof(row.text), "row %u take %u", seed, takes);
	return &row;
}

static const void *scalar_take(struct agent *agent UNUSED, const struct table_index *index)
{
	return index->n == 1 && index->sub[0] == 0 ? snapshot(0) : NULL;
}

static bool scalar_next(struct agent *agent UNUSED, const struct table_index *after, struct table_index *ret)
{
	if (after->n)
		return false;
	*ret = (struct table_index){1, {0}};
	return true;
}

static const uint32_t numbers[] = {1, 5, 7, 2147483647, 4294967295};

static const void *number_take(struct agent *agent UNUSED, const struct table_index *index)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (index->n == 1 && index->sub[0] == numbers[i])
			return snapshot(numbers[i]);
	return NULL;
}

static bool number_next(struct agent *agent UNUSED, const struct table_index *after, struct table_index *ret)
{
	uint32_t least;

	if (!table_after(after, &least))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i] < least)
			continue;
		*ret = (struct table_index){1, {numbers[i]}};
		return true;
	}
	return false;
}

static const uint32_t pairs[][2] = {{1, 1}, {1, 3}, {4, 2}, {4, 4294967295}, {4294967295, 4294967295}};

static const void *pair_take(struct agent *agent UNUSED, const struct table_index *index)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (index->n == 2 && index->sub[0] == pairs[i][0] && index->sub[1] == pairs[i][1])
			return snapshot(pairs[i][1]);
	return NULL;
}

static bool pair_next(struct agent *agent UNUSED, const struct table_index *after, struct table_index *ret)
{
	uint32_t first, second;

	if (!table_after_pair(after, &first, &second))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (pairs[i][0] < first || (pairs[i][0] == first && pairs[i][1] < second))
			continue;
		*ret = (struct table_index){2, {pairs[i][0], pairs[i][1]}};
		return true;
	}
	return false;
}

static const void *empty_take(struct agent *agent UNUSED, const struct table_index *index UNUSED)
{
	return NULL;
}

static bool empty_next(struct agent *agent UNUSED, const struct table_index *after UNUSED,
		       struct table_index *ret UNUSED)
{
	return false;
}

static const struct table_source scalar_source = {scalar_take, scalar_next};
static const struct table_source number_source = {number_take, number_next};
static const struct table_source pair_source = {pair_take, pair_next};
static const struct table_source empty_source = {empty_take, empty_next};

/* ---- a writer that tells what is done with it ---- */

static char phases[512];
static const char *refuse_in; /* phase that refuses, by its letter and the value, as in "r3" */

static int step(char letter, const struct set_write *write)
{
	char text[16];

	snprintf(text, sizeof(text), "%c%u", letter, write->number);
	snprintf(phases + strlen(phases), sizeof(phases) - strlen(phases), "%s%s", phases[0] ? " " : "", text);
	return refuse_in && str_equal(refuse_in, text) ?
		       (letter == 'r' ? SNMP_ERR_INCONSISTENTVALUE : SNMP_ERR_COMMITFAILED) :
		       SNMP_ERR_NOERROR;
}

static int on_reserve(struct agent *agent UNUSED, struct set_write *write)
{
	return step('r', write);
}

static int on_store(struct agent *agent UNUSED, struct set_write *write)
{
	return step('s', write);
}

static void on_commit(struct agent *agent UNUSED, struct set_write *write)
{
	step('c', write);
}

static void on_undo(struct agent *agent UNUSED, struct set_write *write)
{
	step('u', write);
}

static void on_release(struct agent *agent UNUSED, struct set_write *write)
{
	step('f', write);
}

static const struct set_writer writer = {on_reserve, on_store, on_commit, on_undo, on_release};

/* Numbers: 1..2147483647; row 5 cannot be changed, others but those there are cannot be. */
static int admit(struct agent *agent, struct set_write *write)
{
	if (write->table->source == &scalar_source)
		return write->index.n == 1 && write->index.sub[0] == 0 ? SNMP_ERR_NOERROR : SNMP_ERR_NOCREATION;
	if (!objects_entry_index_good(&write->index))
		return SNMP_ERR_NOCREATION;
	if (!number_take(agent, &write->index))
		return SNMP_ERR_INCONSISTENTNAME;
	return write->index.sub[0] == 5 ? SNMP_ERR_NOTWRITABLE : SNMP_ERR_NOERROR;
}

static const struct ras_label colours[] = {{1, "red"}, {2, "green"}, {7, "blue"}, {0, NULL}};

#define FIELD(member) .offset = offsetof(struct row, member)
#define RW .access = TABLE_WRITE, .writer = &writer

enum {
	INT = 1,
	COUNTER,
	GAUGE,
	TICKS,
	BIG,
	TRUTH,
	STRING,
	FLAGS,
	COLOUR = 11,
	LIMITED,
	NAME,
	SECRET_TEXT,
	SMALL,
	BITS3
};

static const struct table_column columns[] = {
	{INT, "int", ASN_INTEGER, value_i32, FIELD(number)},
	{COUNTER, "counter", ASN_COUNTER, value_u32, FIELD(unsigned_number)},
	{GAUGE, "gauge", ASN_GAUGE, value_u32, FIELD(unsigned_number)},
	{TICKS, "ticks", ASN_TIMETICKS, value_u32, FIELD(unsigned_number)},
	{BIG, "big", ASN_COUNTER64, value_u64, FIELD(big)},
	{TRUTH, "truth", ASN_INTEGER, value_bool, FIELD(truth)},
	{STRING, "string", ASN_OCTET_STR, value_text, FIELD(text)},
	{FLAGS, "flags", ASN_OCTET_STR, value_bits, FIELD(bits)},
	{COLOUR, "colour", ASN_INTEGER, value_u32, FIELD(number), RW, LABELS(colours)},
	{LIMITED, "limited", ASN_UNSIGNED, value_u32, FIELD(unsigned_number), RW, RANGE(1, 65535)},
	{NAME, "name", ASN_OCTET_STR, value_text, FIELD(text), RW, TEXT(1, 8)},
	{SECRET_TEXT, "secret", ASN_OCTET_STR, value_empty, FIELD(text), RW, SECRET(4)},
	{SMALL, "small", ASN_INTEGER, value_u32, FIELD(number), RW, TRUTH_VALUE},
	{BITS3, "bits", ASN_OCTET_STR, value_bits, FIELD(bits), RW, BITS(3)},
};

#define TABLE(src, len, ...)                                                                                           \
	{                                                                                                              \
		.prefix = {__VA_ARGS__}, .prefix_len = (len), .columns = columns, .n_columns = ARRAY_SIZE(columns),    \
		.source = (src), .admit = admit                                                                        \
	}

/* A group of scalars whose arc a table shares, as rasHistory does. */
static const struct table_column few_columns[] = {
	{1, "first", ASN_INTEGER, value_i32, FIELD(number)},
	{2, "second", ASN_INTEGER, value_i32, FIELD(number)},
};

static const struct table scalars = TABLE(&scalar_source, 1, 1);
static const struct table none = TABLE(&empty_source, 3, 2, 1, 1);
static const struct table by_number = TABLE(&number_source, 3, 3, 1, 1);
static const struct table by_pair = TABLE(&pair_source, 3, 3, 3, 1);
static const struct table group = {.prefix = {4},
				   .prefix_len = 1,
				   .columns = few_columns,
				   .n_columns = ARRAY_SIZE(few_columns),
				   .source = &scalar_source};
static const struct table in_group = TABLE(&number_source, 3, 4, 6, 1);
static const struct table last = TABLE(&empty_source, 3, 5, 1, 1);

static const struct table *const tables[] = {&scalars, &none, &by_number, &by_pair, &group, &in_group, &last};
static const struct table_list list = {tables, ARRAY_SIZE(tables)};

/* ---- made requests ---- */

#define REQUESTS_MAX 8

static netsnmp_agent_request_info info;
static netsnmp_request_info requests[REQUESTS_MAX];
static size_t n_requests;

static void forget(void)
{
	for (size_t i = 0; i < n_requests; i++)
		snmp_free_var(requests[i].requestvb);
	memset(requests, 0, sizeof(requests));
	n_requests = 0;
}

static netsnmp_variable_list *ask(const oid *name, size_t len, uint8_t type, const void *data, size_t size)
{
	netsnmp_request_info *request = &requests[n_requests];
	netsnmp_variable_list *var = NULL;

	assert_true(n_requests < REQUESTS_MAX);
	assert_non_null(snmp_varlist_add_variable(&var, name, len, type, data, size));
	request->requestvb = var;
	request->agent_req_info = &info;
	if (n_requests++)
		request[-1].next = request;
	return var;
}

static netsnmp_variable_list *ask_get(const struct table *table, uint32_t column, const struct table_index *index)
{
	oid name[MAX_OID_LEN];

	return ask(name, table_oid(table, column, index, name), ASN_NULL, NULL, 0);
}

static void run(int mode)
{
	info.mode = mode;
	table_get(&list, NULL, mode, requests);
}

#define INDEX(...) (&(struct table_index){sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), {__VA_ARGS__}})

/* Answer to a GET of one instance: its type, or the exception. */
static uint8_t get_type(const oid *name, size_t len)
{
	uint8_t type;

	forget();
	ask(name, len, ASN_NULL, NULL, 0);
	run(MODE_GET);
	type = requests[0].requestvb->type;
	return type;
}

static int setup(void **state UNUSED)
{
	forget();
	takes = gone = 0;
	phases[0] = '\0';
	refuse_in = NULL;
	set_expire(NULL, 0);
	phases[0] = '\0';
	return 0;
}

/* ---- GET ---- */

static void get_of_each_type(void **state UNUSED)
{
	struct counter64 *big;

	for (uint32_t column = INT; column <= FLAGS; column++)
		ask_get(&by_number, column, INDEX(7));
	run(MODE_GET);
	assert_int_equal(requests[INT - 1].requestvb->type, ASN_INTEGER);
	assert_int_equal(*requests[INT - 1].requestvb->val.integer, -7);
	assert_int_equal(requests[COUNTER - 1].requestvb->type, ASN_COUNTER);
	assert_int_equal(*requests[COUNTER - 1].requestvb->val.integer, 7);
	assert_int_equal(requests[GAUGE - 1].requestvb->type, ASN_GAUGE);
	assert_int_equal(requests[TICKS - 1].requestvb->type, ASN_TIMETICKS);
	assert_int_equal(requests[BIG - 1].requestvb->type, ASN_COUNTER64);
	big = requests[BIG - 1].requestvb->val.counter64;
	assert_int_equal(big->high, 1);
	assert_int_equal(big->low, 9);
	assert_int_equal(*requests[TRUTH - 1].requestvb->val.integer, 2);
	assert_int_equal(requests[STRING - 1].requestvb->type, ASN_OCTET_STR);
	assert_int_equal(requests[STRING - 1].requestvb->val_len, strlen("row 7 take 1"));
	assert_memory_equal(requests[STRING - 1].requestvb->val.string, "row 7 take 1", strlen("row 7 take 1"));
	/* Bit 1 and bit 7, counted from the left. */
	assert_int_equal(requests[FLAGS - 1].requestvb->val_len, 1);
	assert_int_equal(requests[FLAGS - 1].requestvb->val.string[0], 0x41);
}

static void get_numbers_at_the_edge(void **state UNUSED)
{
	ask_get(&by_number, INT, INDEX(2147483647));
	ask_get(&by_number, GAUGE, INDEX(4294967295));
	ask_get(&scalars, GAUGE, INDEX(0));
	run(MODE_GET);
	assert_int_equal(*requests[0].requestvb->val.integer, -2147483647);
	assert_int_equal((unsigned long)*requests[1].requestvb->val.integer, 4294967295);
	assert_int_equal(*requests[2].requestvb->val.integer, 0);
}

/* What is asked of a row in one PDU comes from one snapshot, however the columns are mixed with those of other rows. */
static void one_snapshot_for_a_row(void **state UNUSED)
{
	ask_get(&by_number, STRING, INDEX(7));
	ask_get(&by_number, STRING, INDEX(1));
	ask_get(&by_number, NAME, INDEX(7));
	ask_get(&by_number, NAME, INDEX(1));
	ask_get(&in_group, STRING, INDEX(7)); /* another table with the same rows */
	run(MODE_GET);
	assert_int_equal(takes, 2);
	assert_memory_equal(requests[0].requestvb->val.string, "row 7 take 1", 12);
	assert_memory_equal(requests[1].requestvb->val.string, "row 1 take 2", 12);
	assert_memory_equal(requests[2].requestvb->val.string, "row 7 take 1", 12);
	assert_memory_equal(requests[3].requestvb->val.string, "row 1 take 2", 12);
	assert_memory_equal(requests[4].requestvb->val.string, "row 7 take 1", 12);
}

static void one_snapshot_in_getnext(void **state UNUSED)
{
	ask_get(&by_number, STRING, INDEX(5));
	ask_get(&by_number, NAME, INDEX(5, 9));
	ask_get(&by_number, GAUGE, INDEX(6));
	run(MODE_GETNEXT);
	assert_int_equal(takes, 1);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(requests[i].requestvb->name[requests[i].requestvb->name_length - 1], 7);
}

static void get_of_no_object(void **state UNUSED)
{
	static const oid root[] = {MIB_ROOT, MIB_OBJECTS};
	oid name[MAX_OID_LEN];
	size_t len = table_oid(&by_number, INT, INDEX(7), name);

	assert_int_equal(get_type(root, ARRAY_SIZE(root)), SNMP_NOSUCHOBJECT);
	for (size_t shorter = ARRAY_SIZE(root); shorter < len - 1; shorter++)
		assert_int_equal(get_type(name, shorter), SNMP_NOSUCHOBJECT);
	/* Columns that are not there: before, between, behind, beyond what a number can be. */
	for (oid column = 0; column < 20; column++) {
		bool there = (column >= INT && column <= FLAGS) || (column >= COLOUR && column <= BITS3);

		name[len - 2] = column;
		assert_int_equal(get_type(name, len) == SNMP_NOSUCHOBJECT, !there);
	}
	name[len - 2] = UINT32_MAX;
	assert_int_equal(get_type(name, len), SNMP_NOSUCHOBJECT);
	name[len - 2] = (oid)UINT32_MAX + 1 + INT;
	assert_int_equal(get_type(name, len), SNMP_NOSUCHOBJECT);
	/* The group and its table share an arc. */
	table_oid(&group, 6, INDEX(0), name);
	assert_int_equal(get_type(name, len - 2), SNMP_NOSUCHOBJECT);
}

static void get_of_no_instance(void **state UNUSED)
{
	static const struct table_index bad[] = {{0},         {1, {0}},    {1, {2}},          {1, {8}},
						 {2, {7, 0}}, {2, {7, 7}}, {1, {2147483648}}, {65, {7}}};
	oid name[MAX_OID_LEN];
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(get_type(name, table_oid(&by_number, INT, &bad[i], name)), SNMP_NOSUCHINSTANCE);
	assert_int_equal(get_type(name, table_oid(&scalars, INT, INDEX(1), name)), SNMP_NOSUCHINSTANCE);
	assert_int_equal(get_type(name, table_oid(&scalars, INT, &bad[0], name)), SNMP_NOSUCHINSTANCE);
	assert_int_equal(get_type(name, table_oid(&scalars, INT, INDEX(0, 0), name)), SNMP_NOSUCHINSTANCE);
	assert_int_equal(get_type(name, table_oid(&by_pair, INT, INDEX(1), name)), SNMP_NOSUCHINSTANCE);
	assert_int_equal(get_type(name, table_oid(&by_pair, INT, INDEX(1, 2), name)), SNMP_NOSUCHINSTANCE);
	assert_int_equal(get_type(name, table_oid(&none, INT, INDEX(1), name)), SNMP_NOSUCHINSTANCE);
	/* As long as an OID can be, and numbers that wrap to a good one. */
	len = table_oid(&by_number, INT, INDEX(7), name);
	for (size_t i = len; i < MAX_OID_LEN; i++)
		name[i] = 1;
	assert_int_equal(get_type(name, MAX_OID_LEN), SNMP_NOSUCHINSTANCE);
	name[len - 1] = (oid)UINT32_MAX + 1 + 7;
	assert_int_equal(get_type(name, len), SNMP_NOSUCHINSTANCE);
}

static void row_goes_while_it_is_read(void **state UNUSED)
{
	oid name[MAX_OID_LEN];
	size_t len = table_oid(&by_number, INT, INDEX(7), name);

	gone = 1;
	assert_int_equal(get_type(name, len), SNMP_NOSUCHINSTANCE);
	/* GETNEXT answers with the row behind it. */
	setup(NULL);
	gone = 2;
	ask_get(&by_number, INT, INDEX(1));
	run(MODE_GETNEXT);
	assert_int_equal(requests[0].requestvb->name[len - 1], 2147483647);
	assert_int_equal(*requests[0].requestvb->val.integer, -2147483647);
}

/* ---- GETNEXT ---- */

#define INSTANCES_MAX 256
static struct {
	oid name[MAX_OID_LEN];
	size_t len;
} instances[INSTANCES_MAX];
static size_t n_instances;

/* All instances by GETNEXT from the root. */
static void walk(void)
{
	oid name[MAX_OID_LEN] = {MIB_ROOT};
	size_t len = MIB_ROOT_LEN;

	for (n_instances = 0;; n_instances++) {
		netsnmp_variable_list *var;

		forget();
		var = ask(name, len, ASN_NULL, NULL, 0);
		run(MODE_GETNEXT);
		if (var->type == ASN_NULL)
			return;
		assert_true(snmp_oid_compare(var->name, var->name_length, name, len) > 0);
		assert_true(n_instances < INSTANCES_MAX);
		len = var->name_length;
		memcpy(name, var->name, len * sizeof(oid));
		memcpy(instances[n_instances].name, name, len * sizeof(oid));
		instances[n_instances].len = len;
	}
}

static void walk_is_complete(void **state UNUSED)
{
	walk();
	assert_int_equal(n_instances, ARRAY_SIZE(columns) * (1 + 2 * ARRAY_SIZE(numbers) + ARRAY_SIZE(pairs)) + 2);
	for (size_t i = 0; i < n_instances; i++)
		assert_true(get_type(instances[i].name, instances[i].len) < 0x80);
}

/* The answer must be the first instance behind the name, whatever that is. */
static void check_next(const oid *name, size_t len)
{
	netsnmp_variable_list *var;
	size_t want = 0;

	while (want < n_instances && snmp_oid_compare(instances[want].name, instances[want].len, name, len) <= 0)
		want++;
	forget();
	var = ask(name, len, ASN_NULL, NULL, 0);
	run(MODE_GETNEXT);
	if (want == n_instances) {
		assert_int_equal(var->type, ASN_NULL);
		assert_int_equal(snmp_oid_compare(var->name, var->name_length, name, len), 0);
		return;
	}
	assert_int_equal(snmp_oid_compare(var->name, var->name_length, instances[want].name, instances[want].len), 0);
}

static void getnext_from_anywhere(void **state UNUSED)
{
	static const oid odd[] = {0, 1, 2, 2147483647, 2147483648, 4294967294, 4294967295, 4294967296};
	oid name[MAX_OID_LEN];

	walk();
	for (size_t i = 0; i < n_instances; i++) {
		size_t len = instances[i].len;

		memcpy(name, instances[i].name, len * sizeof(oid));
		for (size_t shorter = 1; shorter <= len; shorter++)
			check_next(name, shorter);
		for (size_t place = MIB_ROOT_LEN; place < len; place++) {
			oid was = name[place];

			for (size_t k = 0; k < ARRAY_SIZE(odd); k++) {
				name[place] = odd[k];
				check_next(name, len);
			}
			name[place] = was + 1;
			check_next(name, len);
			name[place] = was ? was - 1 : 0;
			check_next(name, len);
			name[place] = was;
		}
		for (size_t k = 0; k < ARRAY_SIZE(odd); k++) {
			name[len] = odd[k];
			check_next(name, len + 1);
		}
		for (size_t k = len; k < MAX_OID_LEN; k++)
			name[k] = 4294967295;
		check_next(name, MAX_OID_LEN);
	}
}

static void end_of_mib(void **state UNUSED)
{
	static const oid behind[] = {MIB_ROOT, MIB_OBJECTS + 1};
	netsnmp_variable_list *var = ask(behind, ARRAY_SIZE(behind), ASN_NULL, NULL, 0);

	run(MODE_GETNEXT);
	assert_int_equal(var->type, ASN_NULL);
	assert_int_equal(requests[0].status, SNMP_ERR_NOERROR);
}

/* A search range of AgentX may include its start. */
static void inclusive(void **state UNUSED)
{
	netsnmp_variable_list *there = ask_get(&by_number, INT, INDEX(5));
	netsnmp_variable_list *not_there = ask_get(&by_number, INT, INDEX(6));

	requests[0].inclusive = requests[1].inclusive = 1;
	run(MODE_GETNEXT);
	assert_int_equal(there->name[there->name_length - 1], 5);
	assert_int_equal(not_there->name[not_there->name_length - 1], 7);
}

/* ---- SET ---- */

static void ask_set(const struct table *table, uint32_t column, const struct table_index *index, uint8_t type,
		    const void *data, size_t size)
{
	oid name[MAX_OID_LEN];

	ask(name, table_oid(table, column, index, name), type, data, size);
}

static void ask_number(const struct table *table, uint32_t column, const struct table_index *index, uint8_t type,
		       long number)
{
	ask_set(table, column, index, type, &number, sizeof(number));
}

/* One phase; returns the first error and, in ret_at, whose it is. */
static int phase(int mode, int transaction, size_t *ret_at)
{
	info.mode = mode;
	for (size_t i = 0; i < n_requests; i++)
		requests[i].status = SNMP_ERR_NOERROR;
	set_phase(&list, NULL, mode, transaction, requests);
	for (size_t i = 0; i < n_requests; i++) {
		if (!requests[i].status)
			continue;
		if (ret_at)
			*ret_at = i;
		return requests[i].status;
	}
	return SNMP_ERR_NOERROR;
}

/* All phases as a master goes through them. Returns the first error. */
static int run_set(int transaction)
{
	int error = phase(MODE_SET_RESERVE1, transaction, NULL);

	if (!error)
		error = phase(MODE_SET_RESERVE2, transaction, NULL);
	if (error) {
		phase(MODE_SET_FREE, transaction, NULL);
		return error;
	}
	error = phase(MODE_SET_ACTION, transaction, NULL);
	phase(error ? MODE_SET_UNDO : MODE_SET_COMMIT, transaction, NULL);
	return error;
}

static int set_number(const struct table *table, uint32_t column, const struct table_index *index, uint8_t type,
		      long number)
{
	forget();
	ask_number(table, column, index, type, number);
	return run_set(1);
}

static int set_octets(uint32_t column, const char *octets, size_t size)
{
	forget();
	ask_set(&by_number, column, INDEX(7), ASN_OCTET_STR, octets, size);
	return run_set(1);
}

static void set_all_phases(void **state UNUSED)
{
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 65535), SNMP_ERR_NOERROR);
	assert_string_equal(phases, "r65535 s65535 c65535");
	assert_false(set_pending());
	phases[0] = '\0';
	assert_int_equal(set_number(&scalars, COLOUR, INDEX(0), ASN_INTEGER, 7), SNMP_ERR_NOERROR);
	assert_string_equal(phases, "r7 s7 c7");
}

static void set_of_what_is_read_only(void **state UNUSED)
{
	static const oid nothing[] = {MIB_ROOT, MIB_OBJECTS, 9, 9};

	/* Whatever else is wrong with it. */
	assert_int_equal(set_number(&by_number, INT, INDEX(7), ASN_INTEGER, 1), SNMP_ERR_NOTWRITABLE);
	assert_int_equal(set_number(&by_number, INT, INDEX(0), ASN_OCTET_STR, 1), SNMP_ERR_NOTWRITABLE);
	assert_int_equal(set_number(&by_number, FLAGS + 1, INDEX(7), ASN_INTEGER, 1), SNMP_ERR_NOTWRITABLE);
	forget();
	ask(nothing, ARRAY_SIZE(nothing), ASN_INTEGER, &(long){1}, sizeof(long));
	assert_int_equal(run_set(1), SNMP_ERR_NOTWRITABLE);
	assert_string_equal(phases, "");
}

static void set_of_wrong_type(void **state UNUSED)
{
	/* Type comes before value and before existence. */
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(7), ASN_INTEGER, 7), SNMP_ERR_WRONGTYPE);
	assert_int_equal(set_number(&by_number, COLOUR, INDEX(0), ASN_UNSIGNED, 99), SNMP_ERR_WRONGTYPE);
	assert_int_equal(set_number(&by_number, COLOUR, INDEX(7), ASN_OCTET_STR, 1), SNMP_ERR_WRONGTYPE);
	assert_int_equal(set_number(&by_number, NAME, INDEX(7), ASN_INTEGER, 1), SNMP_ERR_WRONGTYPE);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(7), ASN_COUNTER, 1), SNMP_ERR_WRONGTYPE);
	assert_string_equal(phases, "");
}

static void set_of_wrong_value(void **state UNUSED)
{
	static const long bad_colours[] = {0, 3, 6, 8, -1, 2147483647};

	for (size_t i = 0; i < ARRAY_SIZE(bad_colours); i++)
		assert_int_equal(set_number(&by_number, COLOUR, INDEX(7), ASN_INTEGER, bad_colours[i]),
				 SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 0), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 65536), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 4294967295), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_number(&by_number, SMALL, INDEX(7), ASN_INTEGER, 0), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_number(&by_number, SMALL, INDEX(7), ASN_INTEGER, 3), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_number(&by_number, SMALL, INDEX(7), ASN_INTEGER, 33), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_number(&by_number, SMALL, INDEX(7), ASN_INTEGER, -31), SNMP_ERR_WRONGVALUE);
	/* Value comes before existence. */
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(0), ASN_UNSIGNED, 0), SNMP_ERR_WRONGVALUE);
	assert_string_equal(phases, "");
}

static void set_of_text(void **state UNUSED)
{
	static const struct {
		const char *octets;
		size_t size;
		int error;
	} cases[] = {
		{"", 0, SNMP_ERR_WRONGLENGTH},
		{"123456789", 9, SNMP_ERR_WRONGLENGTH},
		{"\xff"
		 "23456789",
		 9, SNMP_ERR_WRONGLENGTH}, /* length comes before value */
		{"12345678", 8, SNMP_ERR_NOERROR},
		{"a", 1, SNMP_ERR_NOERROR},
		{"\xc3\xa4\xe2\x82\xac", 5, SNMP_ERR_NOERROR},
		{"\xf0\x9f\x93\x9e", 4, SNMP_ERR_NOERROR},
		{"a\0b", 3, SNMP_ERR_WRONGVALUE},
		{"a\n", 2, SNMP_ERR_WRONGVALUE},
		{"\x7f", 1, SNMP_ERR_WRONGVALUE},
		{"\xc2\x85", 2, SNMP_ERR_WRONGVALUE}, /* a control character of C1 */
		{"\xc3", 1, SNMP_ERR_WRONGVALUE},
		{"\x80", 1, SNMP_ERR_WRONGVALUE},
		{"\xc0\xaf", 2, SNMP_ERR_WRONGVALUE},         /* overlong */
		{"\xed\xa0\x80", 3, SNMP_ERR_WRONGVALUE},     /* surrogate */
		{"\xf4\x90\x80\x80", 4, SNMP_ERR_WRONGVALUE}, /* beyond U+10FFFF */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(set_octets(NAME, cases[i].octets, cases[i].size), cases[i].error);
}

static void set_of_secret(void **state UNUSED)
{
	assert_int_equal(set_octets(SECRET_TEXT, "", 0), SNMP_ERR_NOERROR);
	assert_int_equal(set_octets(SECRET_TEXT, "\xff\x01\t\x7f", 4), SNMP_ERR_NOERROR);
	assert_int_equal(set_octets(SECRET_TEXT, "12345", 5), SNMP_ERR_WRONGLENGTH);
	assert_int_equal(set_octets(SECRET_TEXT, "a\0", 2), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_octets(SECRET_TEXT, "a\n", 2), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_octets(SECRET_TEXT, "\r", 1), SNMP_ERR_WRONGVALUE);
}

static void set_of_bits(void **state UNUSED)
{
	/* The mask goes to the writer: the leftmost bit is bit 0. */
	assert_int_equal(set_octets(BITS3, "\xa0", 1), SNMP_ERR_NOERROR);
	assert_string_equal(phases, "r5 s5 c5");
	phases[0] = '\0';
	assert_int_equal(set_octets(BITS3, "", 0), SNMP_ERR_NOERROR);
	assert_string_equal(phases, "r0 s0 c0");
	phases[0] = '\0';
	assert_int_equal(set_octets(BITS3, "\x40\0\0\0\0\0\0\0", 8), SNMP_ERR_NOERROR);
	assert_string_equal(phases, "r2 s2 c2");
	phases[0] = '\0';
	assert_int_equal(set_octets(BITS3, "\x10", 1), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_octets(BITS3, "\x80\x01", 2), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_octets(BITS3, "\x80\0\0\0\0\0\0\x01", 8), SNMP_ERR_WRONGVALUE);
	assert_int_equal(set_octets(BITS3, "\x80\0\0\0\0\0\0\0\0", 9), SNMP_ERR_WRONGLENGTH);
	assert_string_equal(phases, "");
}

static void set_of_wrong_instance(void **state UNUSED)
{
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(0), ASN_UNSIGNED, 7), SNMP_ERR_NOCREATION);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(2147483648), ASN_UNSIGNED, 7), SNMP_ERR_NOCREATION);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(4294967295), ASN_UNSIGNED, 7), SNMP_ERR_NOCREATION);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(7, 1), ASN_UNSIGNED, 7), SNMP_ERR_NOCREATION);
	assert_int_equal(set_number(&by_number, LIMITED, &(struct table_index){0}, ASN_UNSIGNED, 7),
			 SNMP_ERR_NOCREATION);
	assert_int_equal(set_number(&scalars, LIMITED, INDEX(1), ASN_UNSIGNED, 7), SNMP_ERR_NOCREATION);
	assert_int_equal(set_number(&scalars, LIMITED, INDEX(0, 0), ASN_UNSIGNED, 7), SNMP_ERR_NOCREATION);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(2), ASN_UNSIGNED, 7), SNMP_ERR_INCONSISTENTNAME);
	assert_int_equal(set_number(&by_number, LIMITED, INDEX(5), ASN_UNSIGNED, 7), SNMP_ERR_NOTWRITABLE);
	assert_string_equal(phases, "");
}

static void set_error_is_of_its_varbind(void **state UNUSED)
{
	size_t at = 99;

	ask_number(&by_number, LIMITED, INDEX(1), ASN_UNSIGNED, 11);
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 12);
	ask_number(&by_number, LIMITED, INDEX(2), ASN_UNSIGNED, 13);
	ask_number(&by_number, COLOUR, INDEX(2), ASN_INTEGER, 13);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, &at), SNMP_ERR_INCONSISTENTNAME);
	assert_int_equal(at, 2);
	assert_false(set_pending());
	assert_string_equal(phases, "");
}

/* One refused in RESERVE2: what was reserved before it is released at once, and FREE finds nothing more to do. */
static void set_refused_in_reserve(void **state UNUSED)
{
	size_t at = 99;

	ask_number(&by_number, LIMITED, INDEX(1), ASN_UNSIGNED, 11);
	ask_number(&scalars, LIMITED, INDEX(0), ASN_UNSIGNED, 12);
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 13);
	ask_number(&by_number, LIMITED, INDEX(2147483647), ASN_UNSIGNED, 14);
	refuse_in = "r13";
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, NULL), SNMP_ERR_NOERROR);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, &at), SNMP_ERR_INCONSISTENTVALUE);
	assert_int_equal(at, 2);
	assert_string_equal(phases, "r11 r12 r13 f12 f11");
	phase(MODE_SET_FREE, 1, NULL);
	assert_string_equal(phases, "r11 r12 r13 f12 f11");
	assert_false(set_pending());
}

static void set_refused_in_store(void **state UNUSED)
{
	size_t at = 99;

	ask_number(&by_number, LIMITED, INDEX(1), ASN_UNSIGNED, 11);
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 12);
	ask_number(&by_number, LIMITED, INDEX(2147483647), ASN_UNSIGNED, 13);
	refuse_in = "s12";
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, NULL), SNMP_ERR_NOERROR);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, NULL), SNMP_ERR_NOERROR);
	phases[0] = '\0';
	assert_int_equal(phase(MODE_SET_ACTION, 1, &at), SNMP_ERR_COMMITFAILED);
	assert_int_equal(at, 1);
	phase(MODE_SET_UNDO, 1, NULL);
	/* Only what was stored is taken back; all is released. */
	assert_string_equal(phases, "s11 s12 f13 f12 u11 f11");
	assert_false(set_pending());
}

/* Another agent refuses its part after our RESERVE2, or after our ACTION. */
static void set_refused_elsewhere(void **state UNUSED)
{
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	phase(MODE_SET_RESERVE1, 1, NULL);
	phase(MODE_SET_RESERVE2, 1, NULL);
	phase(MODE_SET_FREE, 1, NULL);
	assert_string_equal(phases, "r11 f11");
	phases[0] = '\0';
	phase(MODE_SET_RESERVE1, 2, NULL);
	phase(MODE_SET_RESERVE2, 2, NULL);
	phase(MODE_SET_ACTION, 2, NULL);
	phase(MODE_SET_UNDO, 2, NULL);
	assert_string_equal(phases, "r11 s11 u11 f11");
	assert_false(set_pending());
}

static void set_twice_in_one_pdu(void **state UNUSED)
{
	size_t at = 99;

	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	ask_number(&by_number, LIMITED, INDEX(1), ASN_UNSIGNED, 12);
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, NULL), SNMP_ERR_NOERROR);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, &at), SNMP_ERR_INCONSISTENTVALUE);
	assert_int_equal(at, 2);
	assert_string_equal(phases, "r11 r12 f12 f11");
}

static void set_partners(void **state UNUSED)
{
	struct set_write *writes;
	struct set *set = calloc(1, sizeof(*set) + 3 * sizeof(set->writes[0]));

	assert_non_null(set);
	set->n = 3;
	writes = set->writes;
	for (size_t i = 0; i < 3; i++)
		writes[i] = (struct set_write){.table = &by_number, .set = set};
	writes[0].column = table_column(&by_number, LIMITED);
	writes[0].index = *INDEX(7);
	writes[1].column = table_column(&by_number, NAME);
	writes[1].index = *INDEX(1);
	writes[2].column = table_column(&by_number, NAME);
	writes[2].index = *INDEX(7);
	assert_ptr_equal(set_partner(&writes[0], NAME), &writes[2]);
	assert_ptr_equal(set_partner(&writes[1], NAME), &writes[1]);
	assert_null(set_partner(&writes[1], LIMITED));
	assert_null(set_partner(&writes[0], COLOUR));
	free(set);
}

/* The master asks again when an answer is late: each phase again, or all from the start. */
static void set_repeated_by_the_master(void **state UNUSED)
{
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	phase(MODE_SET_RESERVE1, 1, NULL);
	phase(MODE_SET_RESERVE2, 1, NULL);
	phase(MODE_SET_RESERVE1, 1, NULL);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, NULL), SNMP_ERR_NOERROR);
	assert_string_equal(phases, "r11 f11 r11");
	phase(MODE_SET_RESERVE2, 1, NULL);
	phase(MODE_SET_ACTION, 1, NULL);
	phase(MODE_SET_ACTION, 1, NULL);
	phase(MODE_SET_COMMIT, 1, NULL);
	phase(MODE_SET_COMMIT, 1, NULL);
	assert_string_equal(phases, "r11 f11 r11 s11 c11");
	assert_false(set_pending());
}

static void set_phase_out_of_the_blue(void **state UNUSED)
{
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	assert_int_equal(phase(MODE_SET_ACTION, 1, NULL), SNMP_ERR_COMMITFAILED);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, NULL), SNMP_ERR_RESOURCEUNAVAILABLE);
	phase(MODE_SET_UNDO, 1, NULL);
	phase(MODE_SET_FREE, 1, NULL);
	phase(MODE_SET_COMMIT, 1, NULL);
	assert_string_equal(phases, "");
}

/* A master that died between the phases. */
static void set_expires(void **state UNUSED)
{
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	ask_number(&by_number, LIMITED, INDEX(1), ASN_UNSIGNED, 12);
	phase(MODE_SET_RESERVE1, 1, NULL);
	phase(MODE_SET_RESERVE2, 1, NULL);
	set_expire(NULL, SET_MAX_AGE_MS);
	assert_true(set_pending());
	assert_string_equal(phases, "r11 r12");
	set_expire(NULL, 0);
	assert_false(set_pending());
	assert_string_equal(phases, "r11 r12 f12 f11");
	/* After ACTION what is on disk is taken back too. */
	phases[0] = '\0';
	phase(MODE_SET_RESERVE1, 1, NULL);
	phase(MODE_SET_RESERVE2, 1, NULL);
	phase(MODE_SET_ACTION, 1, NULL);
	set_expire(NULL, 0);
	assert_string_equal(phases, "r11 r12 s11 s12 u12 f12 u11 f11");
}

static void set_transactions_have_a_limit(void **state UNUSED)
{
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	for (int i = 0; i < SET_TRANSACTIONS_MAX; i++)
		assert_int_equal(phase(MODE_SET_RESERVE1, 100 + i, NULL), SNMP_ERR_NOERROR);
	assert_int_equal(phase(MODE_SET_RESERVE1, 99, NULL), SNMP_ERR_RESOURCEUNAVAILABLE);
	set_expire(NULL, 0);
	assert_int_equal(phase(MODE_SET_RESERVE1, 99, NULL), SNMP_ERR_NOERROR);
}

/* ---- what the project declares ---- */

static void declarations_are_in_order(void **state UNUSED)
{
	oid before[MAX_OID_LEN] = {0}, name[MAX_OID_LEN];
	size_t before_len = 1;

	for (size_t i = 0; i < objects_list.n; i++) {
		const struct table *table = objects_list.tables[i];

		for (size_t k = 0; k < table->n_columns; k++) {
			const struct table_column *column = &table->columns[k];
			size_t len = table_oid(table, column->number, &(struct table_index){0}, name);

			assert_true(snmp_oid_compare(before, before_len, name, len) < 0);
			assert_non_null(column->get);
			assert_memory_equal(column->name, "ras", 3);
			if (column->access == TABLE_WRITE)
				assert_non_null(table->admit);
			before_len = len;
			memcpy(before, name, len * sizeof(oid));
		}
	}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, setup)
	const struct CMUnitTest tests[] = {
		TEST(get_of_each_type),
		TEST(get_numbers_at_the_edge),
		TEST(one_snapshot_for_a_row),
		TEST(one_snapshot_in_getnext),
		TEST(get_of_no_object),
		TEST(get_of_no_instance),
		TEST(row_goes_while_it_is_read),
		TEST(walk_is_complete),
		TEST(getnext_from_anywhere),
		TEST(end_of_mib),
		TEST(inclusive),
		TEST(set_all_phases),
		TEST(set_of_what_is_read_only),
		TEST(set_of_wrong_type),
		TEST(set_of_wrong_value),
		TEST(set_of_text),
		TEST(set_of_secret),
		TEST(set_of_bits),
		TEST(set_of_wrong_instance),
		TEST(set_error_is_of_its_varbind),
		TEST(set_refused_in_reserve),
		TEST(set_refused_in_store),
		TEST(set_refused_elsewhere),
		TEST(set_twice_in_one_pdu),
		TEST(set_partners),
		TEST(set_repeated_by_the_master),
		TEST(set_phase_out_of_the_blue),
		TEST(set_expires),
		TEST(set_transactions_have_a_limit),
		TEST(declarations_are_in_order),
	};

	log_open("test_agent_table", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("agent: table engine", tests, setup, NULL);
}
