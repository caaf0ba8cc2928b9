/* SPDX-License-Identifier: BSD-2-Clause */
/* The table engine, called with made requests on made tables: GET and GETNEXT. */
#include "test_agent_tables.h"

#include "sys/log.h"

static void run(int mode)
{
	info.mode = mode;
	if (mode == MODE_GET)
		table_get(&list, NULL, requests);
	else
		table_next(&list, NULL, &pdu, requests);
}

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
	static const struct table_index bad[] = {{.n = 0},
						 {.n = 1, .sub = {0}},
						 {.n = 1, .sub = {2}},
						 {.n = 1, .sub = {8}},
						 {.n = 2, .sub = {7, 0}},
						 {.n = 2, .sub = {7, 7}},
						 {.n = 1, .sub = {2147483648}},
						 {.n = 65, .sub = {7}}};
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

/* ---- what the project declares ---- */

static void declarations_are_in_order(void **state UNUSED)
{
	oid before[MAX_OID_LEN] = {0}, name[MAX_OID_LEN];
	size_t before_len = 1;

	for (size_t i = 0; i < objects_list.n; i++) {
		const struct table *table = objects_list.tables[i];

		for (size_t k = 0; k < table->n_columns; k++) {
			const struct table_column *column = &table->columns[k];
			size_t len = table_oid(table, column->number, &(struct table_index){.n = 0}, name);

			assert_true(snmp_oid_compare(before, before_len, name, len) < 0);
			assert_non_null(column->get);
			assert_memory_equal(column->name, "ras", 3);
			if (column->access == TABLE_WRITE) {
				assert_non_null(table->admit);
				assert_non_null(column->writer);
			}
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
		TEST(declarations_are_in_order),
	};

	log_open("test_agent_table", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("agent: table engine", tests, setup, NULL);
}
