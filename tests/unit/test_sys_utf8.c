/* SPDX-License-Identifier: BSD-2-Clause */
/* UTF-8: every character there is, and every way to write one wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "sys/macro.h"
#include "sys/utf8.h"

static size_t encode(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static void test_every_character(void **state)
{
	uint32_t code;
	char text[4];
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < 0x110000; i++) {
		if (i >= 0xd800 && i < 0xe000)
			continue;
		len = encode(i, text);
		code = ~i;
		if (utf8_char(text, len, &code) != len || code != i)
			fail_msg("U+%04x is not read back", i);
		if (utf8_char(text, len - 1, &code) != 0)
			fail_msg("U+%04x is read without its end", i);
	}
}

static void test_what_is_none(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80",
		"\xc1\xbf",
		"\xc3",
		"\xc3x",
		"\xc3\xc3",
		"\xe0\x80\x80",
		"\xe0\x9f\xbf",
		"\xe2\x82",
		"\xe2x\x82",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf0\x80\x80\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf7\xbf\xbf\xbf",
		"\xf8\x88\x80\x80\x80",
		"\xfc\x84\x80\x80\x80\x80",
		"\xfe",
		"\xff",
	};
	uint32_t code = 4711;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(utf8_char(bad[i], strlen(bad[i]), &code), 0);
	assert_int_equal(utf8_char("x", 0, &code), 0);
	assert_int_equal(code, 4711);
	assert_int_equal(utf8_char("\xc3\xa4", 2, NULL), 2);
}

static void test_controls(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 0x20; i++)
		assert_true(utf8_is_control(i));
	for (uint32_t i = 0x20; i < 0x7f; i++)
		assert_false(utf8_is_control(i));
	for (uint32_t i = 0x7f; i < 0xa0; i++)
		assert_true(utf8_is_control(i));
	assert_false(utf8_is_control(0xa0));
	assert_false(utf8_is_control(0x10ffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
