/* SPDX-License-Identifier: BSD-2-Clause */
/* Made tables with every kind of index and column, one of them empty, and a writer that tells what is done with it. */
#ifndef RASDIAL_TESTS_AGENT_TABLES_H
#define RASDIAL_TESTS_AGENT_TABLES_H

#include "agent/mib.h"
#include "agent/objects.h"

#include "test_agent_requests.h"

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
static bool hinted;
static size_t hint; /* with which a numbered row was looked for first */

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
	*ret = (struct table_index){.n = 1, .sub = {0}};
	return true;
}

static const uint32_t numbers[] = {1, 5, 7, 2147483647, 4294967295};

static void note_hint(const struct table_index *index)
{
	hint = hinted ? hint : index->hint;
	hinted = true;
}

static const void *number_take(struct agent *agent UNUSED, const struct table_index *index)
{
	note_hint(index);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (index->n == 1 && index->sub[0] == numbers[i])
			return snapshot(numbers[i]);
	return NULL;
}

static bool number_next(struct agent *agent UNUSED, const struct table_index *after, struct table_index *ret)
{
	uint32_t least;

	note_hint(after);
	if (!table_after(after, &least))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i] < least)
			continue;
		*ret = (struct table_index){.n = 1, .sub = {numbers[i]}};
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
		*ret = (struct table_index){.n = 2, .sub = {pairs[i][0], pairs[i][1]}};
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
static const struct table_list list = {.tables = tables, .n = ARRAY_SIZE(tables)};

UNUSED static int setup(void **state UNUSED)
{
	asked_list = &list;
	asked_agent = NULL;
	forget();
	takes = gone = 0;
	hinted = false;
	phases[0] = '\0';
	refuse_in = NULL;
	set_expire(NULL, 0);
	phases[0] = '\0';
	return 0;
}

#endif
