/* SPDX-License-Identifier: BSD-2-Clause */
/* The table engine, called with made requests on made tables: GETNEXT and GETBULK with the view of who asks. */
#include "test_agent_tables.h"

#include <net-snmp/agent/agent_callbacks.h>

#include "sys/log.h"

/* ---- views ---- */

/* What is excluded begins with this; n 0: no rule. of_rows: only of rows with an odd number. */
static struct rule {
	oid name[MAX_OID_LEN];
	size_t len;
	bool of_rows;
} rules[4];
static size_t n_rules;

static netsnmp_pdu viewed = {.version = SNMP_VERSION_2c};

static void exclude(const struct table *table, uint32_t column, bool of_rows)
{
	struct rule *rule = &rules[n_rules++];

	assert_true(n_rules <= ARRAY_SIZE(rules));
	rule->len = table_oid(table, column, &(struct table_index){.n = 0}, rule->name) - (column ? 0 : 1);
	rule->of_rows = of_rows;
}

static bool below(const oid *name, size_t len, const struct rule *rule)
{
	return snmp_oidtree_compare(name, len, rule->name, rule->len) == 0;
}

static int in_view(int major UNUSED, int minor UNUSED, void *parameters, void *data UNUSED)
{
	struct view_parameters *view = parameters;

	for (size_t i = 0; i < n_rules; i++)
		if (view->namelen >= rules[i].len && below(view->name, view->namelen, &rules[i]) &&
		    (!rules[i].of_rows || view->name[view->namelen - 1] % 2))
			view->errorcode = VACM_NOTINVIEW;
	return 0;
}

static int subtree_in_view(int major UNUSED, int minor UNUSED, void *parameters, void *data UNUSED)
{
	struct view_parameters *view = parameters;

	for (size_t i = 0; i < n_rules; i++) {
		if (!below(view->name, view->namelen, &rules[i]))
			continue;
		if (rules[i].of_rows || view->namelen < rules[i].len) {
			if (view->errorcode != VACM_NOTINVIEW)
				view->errorcode = VACM_SUBTREE_UNKNOWN;
		} else {
			view->errorcode = VACM_NOTINVIEW;
		}
	}
	return 0;
}

static bool visible(const oid *name, size_t len)
{
	return in_a_view((oid *)(uintptr_t)name, &len, &viewed, ASN_INTEGER) == VACM_SUCCESS;
}

static int open_view(void **state)
{
	n_rules = 0;
	return setup(state);
}

/* ---- requests ---- */

static void ask_bulk(const oid *name, size_t len, int repetitions)
{
	netsnmp_variable_list *var = ask(name, len, ASN_NULL, NULL, 0);

	requests[n_requests - 1].repeat = requests[n_requests - 1].orig_repeat = repetitions - 1;
	for (int i = 1; i < repetitions; i++) {
		var->next_variable = calloc(1, sizeof(*var));
		var = var->next_variable;
		var->type = ASN_NULL;
	}
}

static void run(void)
{
	table_next(&list, NULL, &viewed, requests);
}

#define INSTANCES_MAX 256
static struct instance {
	oid name[MAX_OID_LEN];
	size_t len;
} instances[INSTANCES_MAX];
static size_t n_instances;

static void set_instance_name(struct instance *instance, const netsnmp_variable_list *var)
{
	memcpy(instance->name, var->name, var->name_length * sizeof(oid));
	instance->len = var->name_length;
}

/* All instances there are, whoever may see them. */
static void list_all(void)
{
	struct instance at = {{MIB_ROOT}, MIB_ROOT_LEN};

	for (n_instances = 0; n_instances < INSTANCES_MAX; n_instances++) {
		forget();
		ask(at.name, at.len, ASN_NULL, NULL, 0);
		table_next(&list, NULL, &pdu, requests);
		if (requests[0].requestvb->type == ASN_NULL)
			return;
		set_instance_name(&at, requests[0].requestvb);
		instances[n_instances] = at;
	}
	fail();
}

/* The first instance in the view from position on; n_instances if there is none. */
static size_t next_visible(size_t position)
{
	while (position < n_instances && !visible(instances[position].name, instances[position].len))
		position++;
	return position;
}

/* The chain of answers to a request is what is visible behind a position, and where it ends the library can go on. */
static void check_answers(const netsnmp_request_info *request, size_t position)
{
	const netsnmp_variable_list *var = request->requestvb_start;
	const struct instance *before = NULL;
	int left = request->orig_repeat;
	bool ended;

	for (;; left--, var = var->next_variable) {
		position = next_visible(position);
		ended = position == n_instances;
		if (ended)
			break;
		assert_int_equal(snmp_oid_compare(var->name, var->name_length, instances[position].name,
						  instances[position].len),
				 0);
		assert_true(var->type != ASN_NULL);
		before = &instances[position++];
		if (left == 0)
			break;
	}
	assert_ptr_equal(request->requestvb, var);
	assert_int_equal(request->repeat, left);
	if (!ended)
		return;
	assert_int_equal(var->type, ASN_NULL);
	if (before)
		assert_int_equal(snmp_oid_compare(var->name, var->name_length, before->name, before->len), 0);
}

static void bulks_from_everywhere(void)
{
	static const int repetitions[] = {1, 2, 3, 10, 300};

	for (size_t i = 0; i < n_instances; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(repetitions); k++) {
			/* Three columns at a time: behind an instance, at its column, and from the root. */
			forget();
			ask_bulk(instances[i].name, instances[i].len, repetitions[k]);
			ask_bulk(instances[(i * 7) % n_instances].name, instances[(i * 7) % n_instances].len,
				 repetitions[k]);
			ask_bulk(instances[0].name, MIB_ROOT_LEN, repetitions[k]);
			run();
			check_answers(&requests[0], i + 1);
			check_answers(&requests[1], (i * 7) % n_instances + 1);
			check_answers(&requests[2], 0);
		}
	}
}

/* ---- tests ---- */

static void bulk_is_repeated_next(void **state UNUSED)
{
	list_all();
	bulks_from_everywhere();
}

static void columns_excluded(void **state UNUSED)
{
	list_all();
	exclude(&by_number, STRING, false);
	exclude(&by_number, INT, false);
	exclude(&by_number, BITS3, false);
	exclude(&by_pair, TICKS, false);
	bulks_from_everywhere();
}

static void rows_excluded(void **state UNUSED)
{
	list_all();
	exclude(&by_number, STRING, true);
	exclude(&by_pair, 0, true);
	bulks_from_everywhere();
}

static void tables_excluded(void **state UNUSED)
{
	list_all();
	exclude(&by_number, 0, false);
	exclude(&in_group, 0, false);
	exclude(&scalars, GAUGE, false);
	bulks_from_everywhere();
}

static void everything_excluded(void **state UNUSED)
{
	list_all();
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		exclude((const struct table *[]){&scalars, &by_number, &by_pair, &in_group}[i], 0, false);
	bulks_from_everywhere();
}

/* A hidden column is not gone through row by row. */
static void hidden_column_costs_nothing(void **state UNUSED)
{
	oid name[MAX_OID_LEN];

	exclude(&by_number, STRING, false);
	ask_bulk(name, table_oid(&by_number, STRING, &(struct table_index){.n = 0}, name), 1);
	run();
	assert_int_equal(takes, 1);
	assert_int_equal(requests[0].requestvb->name[requests[0].requestvb->name_length - 2], FLAGS);
}

static void no_counter64_in_version_1(void **state UNUSED)
{
	oid name[MAX_OID_LEN];

	viewed.version = SNMP_VERSION_1;
	ask_bulk(name, table_oid(&by_number, BIG, &(struct table_index){.n = 0}, name), 1);
	run();
	viewed.version = SNMP_VERSION_2c;
	assert_int_equal(takes, 1);
	assert_int_equal(requests[0].requestvb->type, ASN_INTEGER);
	assert_int_equal(requests[0].requestvb->name[requests[0].requestvb->name_length - 2], TRUTH);
}

/* All columns of a row in one repetition come from one snapshot. */
static void one_snapshot_for_each_row(void **state UNUSED)
{
	oid name[MAX_OID_LEN];

	for (uint32_t column = INT; column <= FLAGS; column++)
		ask_bulk(name, table_oid(&by_number, column, &(struct table_index){.n = 0}, name), 3);
	run();
	assert_int_equal(takes, 3);
	for (uint32_t column = INT; column <= FLAGS; column++)
		assert_int_equal(requests[column - 1].repeat, 0);
}

static void more_columns_than_usual(void **state UNUSED)
{
	oid name[MAX_OID_LEN];

	for (size_t i = 0; i < REQUESTS_MAX; i++)
		ask_bulk(name, table_oid(&by_number, INT, &(struct table_index){.n = 0}, name), 5);
	run();
	assert_int_equal(takes, 5);
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		assert_int_equal(*requests[i].requestvb->val.integer, (int32_t)-4294967295);
}

static void row_goes_between_repetitions(void **state UNUSED)
{
	oid name[MAX_OID_LEN];
	size_t len = table_oid(&by_number, INT, INDEX(1), name);

	ask_bulk(name, len, 2);
	gone = 1;
	run();
	assert_int_equal(requests[0].requestvb_start->name[len - 1], 7);
	assert_int_equal(requests[0].requestvb->name[len - 1], 2147483647);
}

/* Another agent has a part of our range: what is found behind its beginning is not ours to give. */
static void range_ends_within(void **state UNUSED)
{
	oid name[MAX_OID_LEN], end[MAX_OID_LEN];
	size_t len = table_oid(&by_number, INT, INDEX(1), name), end_len = table_oid(&by_number, INT, INDEX(7), end);

	for (int repetitions = 1; repetitions <= 4; repetitions++) {
		forget();
		ask_bulk(name, len, repetitions);
		requests[0].range_end = end;
		requests[0].range_end_len = end_len;
		run();
		assert_int_equal(requests[0].requestvb_start->name[len - 1], 5);
		if (repetitions == 1)
			continue;
		assert_int_equal(requests[0].requestvb->type, ASN_NULL);
		assert_int_equal(requests[0].requestvb->name[len - 1], 5);
		assert_int_equal(requests[0].repeat, repetitions - 2);
	}
}

static __attribute__((noinline)) void soil_stack(void)
{
	volatile unsigned char soil[128 * 1024];

	for (size_t i = 0; i < sizeof(soil); i++)
		soil[i] = 0xa5;
}

static void expect_hint(size_t wanted, const oid *name, size_t len, bool next)
{
	forget();
	hinted = false;
	ask(name, len, ASN_NULL, NULL, 0);
	soil_stack();
	if (next)
		run();
	else
		table_get(&list, NULL, requests);
	assert_true(hinted);
	assert_int_equal(hint, wanted);
}

/* A source is never hinted at what was on the stack. */
static void hints(void **state UNUSED)
{
	oid name[MAX_OID_LEN];
	size_t len = table_oid(&by_number, INT, INDEX(1), name);

	expect_hint(SIZE_MAX, name, len, false);
	expect_hint(SIZE_MAX, name, len, true);
	expect_hint(SIZE_MAX, name, len - 1, true);
	expect_hint(0, name, len - 2, true);
}

static void inclusive(void **state UNUSED)
{
	oid name[MAX_OID_LEN];
	size_t len = table_oid(&by_number, INT, INDEX(5), name);

	ask_bulk(name, len, 2);
	requests[0].inclusive = 1;
	run();
	assert_int_equal(requests[0].requestvb_start->name[len - 1], 5);
	assert_int_equal(requests[0].requestvb->name[len - 1], 7);
	assert_int_equal(requests[0].inclusive, 0);
	/* Not what is hidden. */
	forget();
	exclude(&by_number, INT, true);
	ask_bulk(name, len, 1);
	requests[0].inclusive = 1;
	run();
	assert_int_not_equal(requests[0].requestvb->name[len - 2], INT);
}

/* What no row can have is not the row that is near it. */
static void inclusive_of_what_cannot_be(void **state UNUSED)
{
	oid name[MAX_OID_LEN];
	size_t len = table_oid(&by_number, INT, INDEX(4294967295), name);

	name[len - 1] += 5;
	ask(name, len, ASN_NULL, NULL, 0);
	requests[0].inclusive = 1;
	run();
	assert_int_equal(requests[0].requestvb->name[len - 2], COUNTER);
	assert_int_equal(requests[0].requestvb->name[len - 1], 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, open_view)
	const struct CMUnitTest tests[] = {
		TEST(bulk_is_repeated_next),
		TEST(columns_excluded),
		TEST(rows_excluded),
		TEST(tables_excluded),
		TEST(everything_excluded),
		TEST(hidden_column_costs_nothing),
		TEST(no_counter64_in_version_1),
		TEST(one_snapshot_for_each_row),
		TEST(more_columns_than_usual),
		TEST(row_goes_between_repetitions),
		TEST(range_ends_within),
		TEST(hints),
		TEST(inclusive),
		TEST(inclusive_of_what_cannot_be),
	};

	log_open("test_agent_bulk", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_ACM_CHECK, in_view, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_ACM_CHECK_SUBTREE, subtree_in_view, NULL);
	return cmocka_run_group_tests_name("agent: GETBULK and views", tests, open_view, NULL);
}
