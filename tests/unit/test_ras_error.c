/* SPDX-License-Identifier: BSD-2-Clause */
/* The error table, and what error texts may hold. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ras/error.h"
#include "sys/utf8.h"

/* Which cause a code has, and whether another attempt is made: written down a second time on purpose. */
static const struct {
	enum ras_cause cause;
	bool redial;
	int32_t codes[16];
} rules[] = {
	{RAS_CAUSE_LOCAL_REQUEST, false, {631, 929}},
	{RAS_CAUSE_IDLE_TIMEOUT, false, {828}},
	{RAS_CAUSE_MAX_DURATION, false, {932}},
	{RAS_CAUSE_DIAL_TIMEOUT, true, {638}},
	{RAS_CAUSE_PORT_UNAVAILABLE, true, {602, 608, 615, 633, 756, 813, 814}},
	{RAS_CAUSE_HARDWARE_FAILURE, true, {630, 651, 652, 660, 666, 692}},
	{RAS_CAUSE_LINE_BUSY, true, {676}},
	{RAS_CAUSE_NO_ANSWER, true, {678}},
	{RAS_CAUSE_NO_CARRIER, true, {679}},
	{RAS_CAUSE_NO_DIAL_TONE, true, {680}},
	{RAS_CAUSE_BAD_ADDRESS, false, {677, 704, 723, 749, 773}},
	{RAS_CAUSE_NAME_RESOLUTION, true, {868}},
	{RAS_CAUSE_SERVER_UNREACHABLE, true, {771, 800, 806, 808, 809, 815}},
	{RAS_CAUSE_PEER_DEAD, true, {721}},
	{RAS_CAUSE_PROTOCOL_ERROR, true, {718, 732}},
	{RAS_CAUSE_PROTOCOL_ERROR, false, {720, 731, 733, 741, 742, 743}},
	{RAS_CAUSE_LOOPBACK, true, {737}},
	{RAS_CAUSE_AUTH_FAILURE, false, {691, 787, 811}},
	{RAS_CAUSE_CREDENTIAL_EXPIRED, false, {648, 708, 709}},
	{RAS_CAUSE_NOT_PERMITTED, false, {646, 647, 649, 812}},
	{RAS_CAUSE_PEER_AUTH_FAILURE, false, {778}},
	{RAS_CAUSE_ADDRESS_FAILURE, false, {735}},
	{RAS_CAUSE_ADDRESS_FAILURE, true, {717, 738}},
	{RAS_CAUSE_LINK_LOST, true, {619, 628, 807, 829}},
	{RAS_CAUSE_REMOTE_HANGUP, true, {629, 719, 734, 736}},
	{RAS_CAUSE_CONFIG_ERROR, false, {716, 623, 625}},
	{RAS_CAUSE_NO_KERNEL_SUPPORT, false, {609}},
	{RAS_CAUSE_NO_RESOURCES, true, {614, 664}},
	{RAS_CAUSE_INTERNAL_ERROR, true, {635, 645, 834}},
	{RAS_CAUSE_SCRIPT_FAILURE, false, {752}},
};

static bool has_rule(int32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		for (const int32_t *c = rules[i].codes; *c; c++)
			if (*c == code)
				return true;
	return false;
}

static void table_is_complete(void **state)
{
	const struct ras_error_info *info = ras_error_table;

	(void)state;
	for (int32_t code = 600; code <= 875; code++, info++)
		assert_int_equal(info->code, code);
	for (int32_t code = 900; code <= 956; code++) {
		if (code == 947)
			continue;
		assert_int_equal(info->code, code);
		info++;
	}
	assert_int_equal(info->code, 0);
}

static void find(void **state)
{
	(void)state;
	for (const struct ras_error_info *info = ras_error_table; info->code; info++)
		assert_ptr_equal(ras_error_find(info->code), info);
	assert_null(ras_error_find(0));
	assert_null(ras_error_find(599));
	assert_null(ras_error_find(876));
	assert_null(ras_error_find(899));
	assert_null(ras_error_find(947));
	assert_null(ras_error_find(957));
	assert_null(ras_error_find(-EIO));
	assert_null(ras_error_find(INT32_MIN));
	assert_null(ras_error_find(INT32_MAX));
}

static void symbols(void **state)
{
	(void)state;
	assert_string_equal(ras_error_find(600)->symbol, "PENDING");
	assert_string_equal(ras_error_find(676)->symbol, "LINE_BUSY");
	assert_string_equal(ras_error_find(691)->symbol, "AUTHENTICATION_FAILURE");
	assert_string_equal(ras_error_find(829)->symbol, "LINK_FAILURE");
	assert_string_equal(ras_error_find(875)->symbol, "DEVICE_COMPLIANCE");
	assert_string_equal(ras_error_find(956)->symbol, "REMOTEACCESS_NOT_CONFIGURED");
	for (const struct ras_error_info *a = ras_error_table; a->code; a++) {
		assert_int_equal(strspn(a->symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), strlen(a->symbol));
		for (const struct ras_error_info *b = a + 1; b->code; b++)
			assert_string_not_equal(a->symbol, b->symbol);
	}
}

static void texts(void **state)
{
	(void)state;
	for (const struct ras_error_info *a = ras_error_table; a->code; a++) {
		size_t len = strlen(a->text);

		assert_in_range(len, 10, 120);
		assert_in_range(a->text[0], 'A', 'Z');
		assert_int_not_equal(a->text[len - 1], '.');
		assert_int_not_equal(a->text[len - 1], ' ');
		assert_null(strchr(a->text, '\n'));
		assert_null(strstr(a->text, "  "));
		for (const struct ras_error_info *b = a + 1; b->code; b++)
			assert_string_not_equal(a->text, b->text);
	}
}

static void cause_and_redial(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		for (const int32_t *code = rules[i].codes; *code; code++) {
			assert_non_null(ras_error_find(*code));
			assert_int_equal(ras_error_cause(*code), rules[i].cause);
			assert_int_equal(ras_error_redial(*code), rules[i].redial);
		}
	}
	for (int32_t code = 1; code < 1100; code++) {
		if (has_rule(code))
			continue;
		assert_int_equal(ras_error_cause(code), RAS_CAUSE_OTHER);
		assert_true(ras_error_redial(code));
	}
	assert_int_equal(ras_error_cause(0), RAS_CAUSE_NONE);
	assert_int_equal(ras_error_cause(-ENOENT), RAS_CAUSE_INTERNAL_ERROR);
	assert_true(ras_error_redial(-ENOENT));
	assert_int_equal(ras_error_cause(INT32_MIN), RAS_CAUSE_INTERNAL_ERROR);
	assert_true(ras_error_redial(INT32_MIN));
}

static void text_of_any_number(void **state)
{
	(void)state;
	assert_string_equal(ras_error_text(676), ras_error_find(676)->text);
	assert_string_equal(ras_error_text(0), "");
	assert_string_equal(ras_error_text(-ENOENT), "ENOENT");
	assert_int_not_equal(strlen(ras_error_text(947)), 0);
	assert_int_not_equal(strlen(ras_error_text(-100000)), 0);
	assert_int_not_equal(strlen(ras_error_text(INT32_MIN)), 0);
	assert_int_not_equal(strlen(ras_error_text(INT32_MAX)), 0);
}

static void set_takes_the_table(void **state)
{
	struct ras_error e = RAS_ERROR_INIT;

	(void)state;
	e.state = RAS_AUTHENTICATE;
	e.time_ms = 12345;
	ras_error_set(&e, 691, 19, NULL);
	assert_int_equal(e.code, 691);
	assert_int_equal(e.backend, 19);
	assert_int_equal(e.cause, RAS_CAUSE_AUTH_FAILURE);
	assert_string_equal(e.text, ras_error_text(691));
	assert_int_equal(e.state, RAS_AUTHENTICATE);
	assert_int_equal(e.time_ms, 12345);

	ras_error_set(&e, -EPIPE, RAS_BACKEND_NONE, NULL);
	assert_int_equal(e.cause, RAS_CAUSE_INTERNAL_ERROR);
	assert_string_equal(e.text, "EPIPE");
}

static void set_formats(void **state)
{
	struct ras_error e = RAS_ERROR_INIT;

	(void)state;
	ras_error_set(&e, 608, RAS_BACKEND_NONE, "%s: no such device (%d)", "ttyS9", 2);
	assert_string_equal(e.text, "ttyS9: no such device (2)");
	assert_int_equal(e.cause, RAS_CAUSE_PORT_UNAVAILABLE);

	/* Its own old text may be part of the new one. */
	ras_error_set(&e, 608, RAS_BACKEND_NONE, "%s again", e.text);
	assert_string_equal(e.text, "ttyS9: no such device (2) again");

	ras_error_set(&e, 608, RAS_BACKEND_NONE, "%s", "");
	assert_string_equal(e.text, "");
}

static void unfit_octets(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"a\nb\tc\x7f\x1b[2J", "a?b?c??[2J"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"caf\xe9", "caf?"},
		{"\xc3", "?"},
		{"\xc3(", "?("},
		{"\xe2\x82", "??"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"\xf0\x9f\x93\x9e", "\xf0\x9f\x93\x9e"},
		{"\xf0\x9f\x93", "???"},
		{"\xff\xfe", "??"},
		{"\x80", "?"},
		{"\xc0\x80", "??"},           /* overlong */
		{"\xed\xa0\x80", "???"},      /* surrogate */
		{"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
		{"\xc2\x85x", "?x"},          /* C1 control */
	};
	struct ras_error e = RAS_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ras_error_set(&e, 651, RAS_BACKEND_NONE, "%s", cases[i].in);
		assert_string_equal(e.text, cases[i].out);
	}
}

static void assert_utf8(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t n = utf8_char(text + i, len - i, NULL);

		assert_int_not_equal(n, 0);
		i += n;
	}
}

/* A character of each size at each place around the end of the room: whole or not there, and never a '?' for it. */
static void cut_at_every_length(void **state)
{
	static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\x9e", "\xc2\x85"};
	char text[4 * RAS_ERROR_TEXT_MAX];

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(characters); c++) {
		size_t size = strlen(characters[c]);
		bool control = c == ARRAY_SIZE(characters) - 1;
		size_t shown = control ? 1 : size;

		for (size_t lead = 0; lead < 300; lead++) {
			struct ras_error e = RAS_ERROR_INIT;
			size_t len = lead, expected;

			memset(text, 'a', lead);
			while (len + size < sizeof(text) - 1) {
				memcpy(text + len, characters[c], size);
				len += size;
			}
			text[len] = '\0';
			ras_error_set(&e, 651, RAS_BACKEND_NONE, "%s", text);
			assert_utf8(e.text);
			expected = lead >= 255 ? 255 : lead + (255 - lead) / shown * shown;
			assert_int_equal(strlen(e.text), expected);
			if (control)
				assert_int_equal(strspn(e.text, "a?"), expected);
			else
				assert_memory_equal(e.text, text, expected);
		}
	}
}

static void long_text_of_each_length(void **state)
{
	char text[1200];

	(void)state;
	memset(text, 'z', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++) {
		struct ras_error e = RAS_ERROR_INIT;

		ras_error_set(&e, 651, RAS_BACKEND_NONE, "%.*s", (int)len, text);
		assert_int_equal(strlen(e.text), MIN(len, RAS_ERROR_TEXT_MAX - 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_complete),
		cmocka_unit_test(find),
		cmocka_unit_test(symbols),
		cmocka_unit_test(texts),
		cmocka_unit_test(cause_and_redial),
		cmocka_unit_test(text_of_any_number),
		cmocka_unit_test(set_takes_the_table),
		cmocka_unit_test(set_formats),
		cmocka_unit_test(unfit_octets),
		cmocka_unit_test(cut_at_every_length),
		cmocka_unit_test(long_text_of_each_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
