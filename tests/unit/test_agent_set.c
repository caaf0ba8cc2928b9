/* SPDX-License-Identifier: BSD-2-Clause */
/* The phases of SET, called with made requests on made tables. */
#include "test_agent_tables.h"

#include "sys/log.h"

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
	assert_int_equal(set_number(&by_number, LIMITED, &(struct table_index){.n = 0}, ASN_UNSIGNED, 7),
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

	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	ask_number(&by_number, LIMITED, INDEX(1), ASN_UNSIGNED, 12);
	ask_number(&by_number, LIMITED, INDEX(2), ASN_UNSIGNED, 13);
	ask_number(&by_number, COLOUR, INDEX(5), ASN_INTEGER, 7);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, &at), SNMP_ERR_INCONSISTENTNAME);
	assert_int_equal(at, 2);
	assert_false(set_pending());
	assert_string_equal(phases, "");
}

/* Whether a row is there is asked only when all values are good. */
static void set_values_come_before_rows(void **state UNUSED)
{
	size_t at = 99;

	ask_number(&by_number, LIMITED, INDEX(2), ASN_UNSIGNED, 11);
	ask_number(&by_number, LIMITED, INDEX(5), ASN_UNSIGNED, 12);
	ask_number(&by_number, COLOUR, INDEX(7), ASN_INTEGER, 13);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, &at), SNMP_ERR_WRONGVALUE);
	assert_int_equal(at, 2);
	assert_string_equal(phases, "");
}

/* However the PDU has them. */
static void set_goes_in_the_order_of_oids(void **state UNUSED)
{
	ask_number(&by_pair, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	ask_number(&by_number, LIMITED, INDEX(2147483647), ASN_UNSIGNED, 12);
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 13);
	ask_number(&by_number, COLOUR, INDEX(7), ASN_INTEGER, 7);
	ask_number(&scalars, LIMITED, INDEX(0), ASN_UNSIGNED, 14);
	assert_int_equal(run_set(1), SNMP_ERR_NOERROR);
	assert_string_equal(phases, "r14 r7 r13 r12 r11 s14 s7 s13 s12 s11 c14 c7 c13 c12 c11");
}

/* A phase with other varbinds than the first is none of its SET. */
static void set_of_another_size(void **state UNUSED)
{
	ask_number(&by_number, LIMITED, INDEX(7), ASN_UNSIGNED, 11);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, NULL), SNMP_ERR_NOERROR);
	ask_number(&by_number, LIMITED, INDEX(1), ASN_UNSIGNED, 12);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, NULL), SNMP_ERR_RESOURCEUNAVAILABLE);
	assert_int_equal(phase(MODE_SET_ACTION, 1, NULL), SNMP_ERR_COMMITFAILED);
	assert_string_equal(phases, "");
	set_expire(NULL, 0);
}

static void assert_varbind(size_t at, const char *octets, size_t size)
{
	assert_int_equal(requests[at].requestvb->val_len, size);
	assert_memory_equal(requests[at].requestvb->val.string, octets, size);
}

/* A secret stays in the varbinds no longer than it is needed, also if it is refused. */
static void set_wipes_secrets(void **state UNUSED)
{
	ask_set(&by_number, SECRET_TEXT, INDEX(7), ASN_OCTET_STR, "abcd", 4);
	ask_set(&by_number, NAME, INDEX(7), ASN_OCTET_STR, "name", 4);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, NULL), SNMP_ERR_NOERROR);
	assert_varbind(0, "abcd", 4);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, NULL), SNMP_ERR_NOERROR);
	assert_varbind(0, "\0\0\0\0", 4);
	assert_varbind(1, "name", 4);
	phase(MODE_SET_FREE, 1, NULL);

	/* Over AgentX each phase has its own copy. */
	for (int mode = MODE_SET_ACTION; mode <= MODE_SET_UNDO; mode++) {
		forget();
		ask_set(&by_number, SECRET_TEXT, INDEX(7), ASN_OCTET_STR, "abcd", 4);
		phase(mode, 2, NULL);
		assert_varbind(0, "\0\0\0\0", 4);
	}
	forget();
	ask_set(&by_number, SECRET_TEXT, INDEX(7), ASN_OCTET_STR, "a\ncd", 4);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, NULL), SNMP_ERR_WRONGVALUE);
	assert_varbind(0, "\0\0\0\0", 4);
	forget();
	ask_number(&by_number, SECRET_TEXT, INDEX(7), ASN_INTEGER, 5);
	assert_int_equal(phase(MODE_SET_RESERVE1, 1, NULL), SNMP_ERR_WRONGTYPE);
	assert_int_equal(*requests[0].requestvb->val.integer, 5);
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
	assert_string_equal(phases, "r12 r11 r13 f11 f12");
	phase(MODE_SET_FREE, 1, NULL);
	assert_string_equal(phases, "r12 r11 r13 f11 f12");
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
	assert_string_equal(phases, "");
}

static void set_partners(void **state UNUSED)
{
	const struct table_column *limited = table_column(&by_number, LIMITED), *name = table_column(&by_number, NAME);
	struct set *set = calloc(1, sizeof(*set) + 4 * sizeof(set->writes[0]));
	struct set_write *order[4], *writes = set->writes;

	assert_non_null(set);
	set->n = 4;
	set->order = order;
	for (size_t i = 0; i < set->n; i++)
		order[i] = &writes[i];
	writes[0] = (struct set_write){.table = &by_number, .column = limited, .index = *INDEX(7), .set = set};
	writes[1] = (struct set_write){.table = &by_number, .column = name, .index = *INDEX(1), .set = set};
	writes[2] = (struct set_write){.table = &by_number, .column = name, .index = *INDEX(7), .set = set};
	writes[3] = (struct set_write){.table = &in_group, .column = limited, .index = *INDEX(1), .set = set};
	assert_ptr_equal(set_partner(&writes[0], NAME), &writes[2]);
	assert_ptr_equal(set_partner(&writes[1], NAME), &writes[1]);
	assert_null(set_partner(&writes[1], LIMITED));
	assert_null(set_partner(&writes[0], COLOUR));
	assert_ptr_equal(set_instance(set, &in_group, LIMITED, INDEX(1)), &writes[3]);
	assert_null(set_instance(set, &in_group, LIMITED, INDEX(7)));
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
	assert_string_equal(phases, "r12 r11");
	set_expire(NULL, 0);
	assert_false(set_pending());
	assert_string_equal(phases, "r12 r11 f11 f12");
	/* After ACTION what is on disk is taken back too. */
	phases[0] = '\0';
	phase(MODE_SET_RESERVE1, 1, NULL);
	phase(MODE_SET_RESERVE2, 1, NULL);
	phase(MODE_SET_ACTION, 1, NULL);
	set_expire(NULL, 0);
	assert_string_equal(phases, "r12 r11 s12 s11 u11 f11 u12 f12");
	/* But not by age: the master may be waiting for others. */
	phases[0] = '\0';
	phase(MODE_SET_RESERVE1, 1, NULL);
	phase(MODE_SET_RESERVE2, 1, NULL);
	phase(MODE_SET_ACTION, 1, NULL);
	set_expire(NULL, -1);
	assert_true(set_pending());
	phase(MODE_SET_COMMIT, 1, NULL);
	assert_string_equal(phases, "r12 r11 s12 s11 c12 c11");
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

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, setup)
	const struct CMUnitTest tests[] = {
		TEST(set_all_phases),
		TEST(set_of_what_is_read_only),
		TEST(set_of_wrong_type),
		TEST(set_of_wrong_value),
		TEST(set_of_text),
		TEST(set_of_secret),
		TEST(set_of_bits),
		TEST(set_of_wrong_instance),
		TEST(set_error_is_of_its_varbind),
		TEST(set_values_come_before_rows),
		TEST(set_goes_in_the_order_of_oids),
		TEST(set_of_another_size),
		TEST(set_wipes_secrets),
		TEST(set_refused_in_reserve),
		TEST(set_refused_in_store),
		TEST(set_refused_elsewhere),
		TEST(set_twice_in_one_pdu),
		TEST(set_partners),
		TEST(set_repeated_by_the_master),
		TEST(set_phase_out_of_the_blue),
		TEST(set_expires),
		TEST(set_transactions_have_a_limit),
	};

	log_open("test_agent_set", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("agent: phases of SET", tests, setup, NULL);
}
