/* SPDX-License-Identifier: BSD-2-Clause */
/* Records: what is written is read back, and nothing that is damaged is taken for a record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "sys/macro.h"
#include "sys/record.h"

/* The line of a finished record as record_parse() takes it: no newline, ended by NUL. */
static void line_of(struct record_writer *w, char line[RECORD_MAX])
{
	assert_int_equal(record_end(w), 0);
	assert_in_range(w->len, 2, RECORD_MAX);
	assert_int_equal(w->text[w->len - 1], '\n');
	memcpy(line, w->text, w->len - 1);
	line[w->len - 1] = '\0';
}

/* Puts the right checksum behind a body that no writer would write. */
static int parse_body(const char *body, struct record *ret)
{
	static char line[2 * RECORD_MAX]; /* ret points into it */
	uint32_t crc = 0xffffffff;
	size_t n = strlen(body);

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)body[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	snprintf(line, sizeof(line), "%s sum=%08x", body, ~crc);
	return record_parse(line, ret);
}

static void sample(char line[RECORD_MAX])
{
	struct record_writer w;

	record_begin(&w, "conn");
	record_put_str(&w, "name", "hq");
	record_put_u64(&w, "index", 1);
	record_put_i64(&w, "code", -5);
	record_put_str(&w, "text", "The \"line\" is\tbusy \\ 100% \xc3\xa4");
	line_of(&w, line);
}

static void test_line_looks_as_documented(void **state)
{
	char line[RECORD_MAX];

	(void)state;
	sample(line);
	line[strlen(line) - 8] = '\0';
	assert_string_equal(line, "conn name=\"hq\" index=1 code=-5 "
				  "text=\"The \\\"line\\\" is\\x09busy \\\\ 100% \xc3\xa4\" sum=");
}

/* The check value that every catalogue of CRCs gives for CRC-32. */
static void test_checksum_is_crc32(void **state)
{
	char line[] = "123456789 sum=cbf43926";
	struct record r;

	(void)state;
	assert_int_equal(record_parse(line, &r), 0);
	assert_string_equal(r.kind, "123456789");
	assert_int_equal(r.n, 0);
}

static void test_round_trip(void **state)
{
	char line[RECORD_MAX];
	uint64_t index = 0;
	int64_t code = 0;
	struct record r;

	(void)state;
	sample(line);
	assert_int_equal(record_parse(line, &r), 0);
	assert_string_equal(r.kind, "conn");
	assert_int_equal(r.n, 4);
	assert_string_equal(record_get_str(&r, "name"), "hq");
	assert_int_equal(record_get_u64(&r, "index", &index), 0);
	assert_int_equal(index, 1);
	assert_int_equal(record_get_i64(&r, "code", &code), 0);
	assert_int_equal(code, -5);
	assert_string_equal(record_get_str(&r, "text"), "The \"line\" is\tbusy \\ 100% \xc3\xa4");
	assert_null(record_get_str(&r, "nam"));
	assert_null(record_get_str(&r, "sum"));
}

static void test_every_octet(void **state)
{
	char value[256], line[RECORD_MAX];
	struct record_writer w;
	struct record r;

	(void)state;
	for (int i = 1; i < 256; i++)
		value[i - 1] = (char)i;
	value[255] = '\0';

	record_begin(&w, "octets");
	record_put_str(&w, "all", value);
	record_put_str(&w, "none", "");
	for (int i = 1; i < 256; i++) {
		const char one[2] = {(char)i, '\0'};

		if (i % 4 == 0) /* within RECORD_FIELDS */
			record_put_str(&w, "one", one);
	}
	line_of(&w, line);

	for (const char *p = line; *p; p++)
		assert_false((unsigned char)*p < 0x20 || *p == 0x7f);
	assert_int_equal(record_parse(line, &r), 0);
	assert_string_equal(record_get_str(&r, "all"), value);
	assert_string_equal(record_get_str(&r, "none"), "");
	assert_int_equal(r.n, 65);
	for (size_t i = 2; i < r.n; i++) {
		assert_int_equal((unsigned char)r.field[i].value[0], 4 * (i - 1));
		assert_int_equal(r.field[i].value[1], '\0');
	}
}

static void test_number_limits(void **state)
{
	char line[RECORD_MAX];
	struct record_writer w;
	uint64_t u64 = 7;
	uint32_t u32 = 7;
	int64_t i64 = 7;
	int32_t i32 = 7;
	struct record r;

	(void)state;
	record_begin(&w, "n");
	record_put_u64(&w, "u64", UINT64_MAX);
	record_put_u64(&w, "u32", UINT32_MAX);
	record_put_u64(&w, "u33", (uint64_t)UINT32_MAX + 1);
	record_put_i64(&w, "i64", INT64_MIN);
	record_put_i64(&w, "max", INT64_MAX);
	record_put_i64(&w, "i32", INT32_MIN);
	record_put_i64(&w, "i33", (int64_t)INT32_MIN - 1);
	record_put_u64(&w, "zero", 0);
	line_of(&w, line);
	assert_int_equal(record_parse(line, &r), 0);

	/* Out of range: refused, the default kept. */
	assert_int_equal(record_get_u32(&r, "u33", &u32), -EBADMSG);
	assert_int_equal(record_get_u32(&r, "i32", &u32), -EBADMSG);
	assert_int_equal(record_get_u64(&r, "i64", &u64), -EBADMSG);
	assert_int_equal(record_get_i64(&r, "u64", &i64), -EBADMSG);
	assert_int_equal(record_get_i32(&r, "i33", &i32), -EBADMSG);
	assert_int_equal(record_get_i32(&r, "u32", &i32), -EBADMSG);
	assert_int_equal(record_get_u32(&r, "none", &u32), -ENOENT);
	assert_int_equal(record_get_u64(&r, "none", &u64), -ENOENT);
	assert_int_equal(record_get_i32(&r, "none", &i32), -ENOENT);
	assert_int_equal(record_get_i64(&r, "none", &i64), -ENOENT);
	assert_true(u32 == 7 && u64 == 7 && i32 == 7 && i64 == 7);

	assert_int_equal(record_get_u64(&r, "u64", &u64), 0);
	assert_true(u64 == UINT64_MAX);
	assert_int_equal(record_get_u32(&r, "u32", &u32), 0);
	assert_true(u32 == UINT32_MAX);
	assert_int_equal(record_get_i64(&r, "i64", &i64), 0);
	assert_true(i64 == INT64_MIN);
	assert_int_equal(record_get_i64(&r, "max", &i64), 0);
	assert_true(i64 == INT64_MAX);
	assert_int_equal(record_get_i32(&r, "i32", &i32), 0);
	assert_true(i32 == INT32_MIN);
	assert_int_equal(record_get_u32(&r, "zero", &u32), 0);
	assert_int_equal(u32, 0);
}

static void test_number_words(void **state)
{
	static const char *const bad[] = {"",   " 1", "+1", "1 ", "0x1", "1e3", "-", "--1", "18446744073709551616",
					  "one"};
	uint64_t u64 = 7;
	int64_t i64 = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct record r = {.kind = "k", .n = 1, .field[0] = {"n", bad[i]}};

		assert_int_equal(record_get_u64(&r, "n", &u64), -EBADMSG);
		assert_int_equal(record_get_i64(&r, "n", &i64), -EBADMSG);
	}
	assert_true(u64 == 7 && i64 == 7);
}

static void test_cut_anywhere(void **state)
{
	char whole[RECORD_MAX], line[RECORD_MAX];
	struct record r;

	(void)state;
	sample(whole);
	for (size_t len = 0; len < strlen(whole); len++) {
		memcpy(line, whole, len);
		line[len] = '\0';
		assert_int_equal(record_parse(line, &r), -EBADMSG);
		/* What a crash leaves at the end may also lack its beginning. */
		str_copy(line, whole + len + 1, sizeof(line));
		assert_int_equal(record_parse(line, &r), -EBADMSG);
	}
	str_copy(line, whole, sizeof(line));
	line[strlen(line) + 1] = '\0';
	line[strlen(line)] = 'x';
	assert_int_equal(record_parse(line, &r), -EBADMSG);
}

static void test_flipped_bits(void **state)
{
	char whole[RECORD_MAX], line[RECORD_MAX];
	struct record r = {.n = 77};
	size_t len;

	(void)state;
	sample(whole);
	len = strlen(whole);
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(line, whole, len + 1);
			line[i] = (char)(line[i] ^ 1 << bit);
			assert_int_equal(record_parse(line, &r), -EBADMSG);
		}
	}
	assert_int_equal(r.n, 77); /* the output is untouched */
}

static void test_swapped_octets(void **state)
{
	char whole[RECORD_MAX], line[RECORD_MAX];
	struct record r;
	char c;

	(void)state;
	sample(whole);
	for (size_t i = 1; i < strlen(whole); i++) {
		str_copy(line, whole, sizeof(line));
		if (line[i] == line[i - 1])
			continue;
		c = line[i];
		line[i] = line[i - 1];
		line[i - 1] = c;
		assert_int_equal(record_parse(line, &r), -EBADMSG);
	}
}

/* The sum is right, the line is not: nobody but us writes records, but anybody can compute a sum. */
static void test_wrong_but_summed(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		" k=1",
		"Conn k=1",
		"co_nn k=1",
		"conn ",
		"conn  k=1",
		"conn k=1 ",
		"conn\tk=1",
		"conn k",
		"conn =1",
		"conn k=",
		"conn K=1",
		"conn k=x",
		"conn k=1x",
		"conn k=+1",
		"conn k=-",
		"conn k=1.5",
		"conn k =1",
		"conn k= 1",
		"conn k=\"",
		"conn k=\"x",
		"conn k=\"x\\\"",
		"conn k=\"\\",
		"conn k=\"\\q\"",
		"conn k=\"\\x",
		"conn k=\"\\x1",
		"conn k=\"\\x1\"",
		"conn k=\"\\x1g\"",
		"conn k=\"\\xG1\"",
		"conn k=\"\\x0A\"",
		"conn k=\"\\x00\"",
		"conn k=\"\t\"",
		"conn k=\"\x7f\"",
		"conn k=\"a\"b=1",
		"conn k=\"a\"\"b\"",
		"conn k=1\nconn k=2",
		"\xc3\xa4 k=1",
	};
	struct record r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse_body(bad[i], &r) != -EBADMSG)
			fail_msg("taken for a record: %s", bad[i]);
	assert_int_equal(parse_body("conn k=1 sum=2", &r), 0); /* the last one counts */
	assert_int_equal(parse_body("conn", &r), 0);
}

static void test_fields_are_limited(void **state)
{
	char body[RECORD_MAX] = "conn", line[RECORD_MAX];
	size_t len = strlen(body);
	struct record_writer w;
	struct record r;

	(void)state;
	record_begin(&w, "conn");
	for (int i = 0; i < RECORD_FIELDS; i++) {
		record_put_u64(&w, "k", 1);
		len += (size_t)snprintf(body + len, sizeof(body) - len, " k=1");
	}
	line_of(&w, line);
	assert_int_equal(record_parse(line, &r), 0);
	assert_int_equal(r.n, RECORD_FIELDS);
	assert_int_equal(parse_body(body, &r), 0);

	snprintf(body + len, sizeof(body) - len, " k=1");
	assert_int_equal(parse_body(body, &r), -EBADMSG);

	record_begin(&w, "conn");
	for (int i = 0; i < RECORD_FIELDS + 1; i++)
		record_put_u64(&w, "k", 1);
	assert_int_equal(record_end(&w), -EMSGSIZE);

	/* A writer can be used again after a failure. */
	record_begin(&w, "conn");
	line_of(&w, line);
	assert_int_equal(record_parse(line, &r), 0);
}

static void test_length_is_limited(void **state)
{
	static char value[RECORD_MAX + 1], body[RECORD_MAX + 64], line[RECORD_MAX];
	const size_t around = strlen("c v=\"\" sum=00000000\n");
	struct record_writer w;
	struct record r;

	(void)state;
	for (size_t len = RECORD_MAX - around - 2; len <= RECORD_MAX; len++) {
		memset(value, 'x', len);
		value[len] = '\0';
		record_begin(&w, "c");
		record_put_str(&w, "v", value);
		snprintf(body, sizeof(body), "c v=\"%s\"", value);
		if (len + around <= RECORD_MAX) {
			line_of(&w, line);
			assert_int_equal(w.len, len + around);
			assert_int_equal(record_parse(line, &r), 0);
			assert_string_equal(record_get_str(&r, "v"), value);
			assert_int_equal(parse_body(body, &r), 0);
		} else {
			record_put_u64(&w, "after", 1);
			assert_int_equal(record_end(&w), -EMSGSIZE);
			assert_int_equal(parse_body(body, &r), -EBADMSG);
		}
	}

	/* Escapes count as they are written. */
	memset(value, '\n', RECORD_MAX / 4);
	value[RECORD_MAX / 4] = '\0';
	record_begin(&w, "c");
	record_put_str(&w, "v", value);
	assert_int_equal(record_end(&w), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_looks_as_documented),
		cmocka_unit_test(test_checksum_is_crc32),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_octet),
		cmocka_unit_test(test_number_limits),
		cmocka_unit_test(test_number_words),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_swapped_octets),
		cmocka_unit_test(test_wrong_but_summed),
		cmocka_unit_test(test_fields_are_limited),
		cmocka_unit_test(test_length_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
