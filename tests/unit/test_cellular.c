/* SPDX-License-Identifier: BSD-2-Clause */
/* Access points that may be set, and what a cellular modem says of SIM and network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "driver/cellular.h"
#include "sys/macro.h"

static void access_points(void **state UNUSED)
{
	static const char *const good[] = {"", "internet", "web.example-1.mnc012.mcc345.gprs", "m2m_fixed", "A"};
	static const char *const bad[] = {"a b", "a\"b", "a'b", "a,b", "a;b",      "a\\b",   "a^M",         "a\rATH",
					  "a\n", "a=b",  "a$b", "a/b", "\xc3\xa9", "a\x01b", "@/etc/shadow"};
	char name[] = "00000000001111111111222222222233333333334444444444"
		      "555555555566666666667777777777888888888899999999990";
	struct ras_error error;

	assert_int_equal(cellular_check_apn(NULL, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (cellular_check_apn(good[i], &error) < 0)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (cellular_check_apn(bad[i], &error) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(error.code, 625);
		assert_null(strstr(error.text, bad[i]));
	}
	assert_true(cellular_check_apn(name, &error) < 0);
	name[100] = '\0';
	assert_int_equal(cellular_check_apn(name, &error), 0);
}

static int32_t complained(const char *line, bool over)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_int_equal(cellular_complaint(line, &error), over);
	if (error.code != RAS_ERROR_NONE) {
		assert_int_not_equal(error.text[0], '\0');
		assert_non_null(ras_error_find(error.code));
	}
	return error.code;
}

static void complaints(void **state UNUSED)
{
	assert_int_equal(complained("+CME ERROR: SIM not inserted^M", true), 692);
	assert_int_equal(complained("+CME ERROR: sim PIN required", true), 691);
	assert_int_equal(complained("+CME ERROR: 11^M", true), 691);
	assert_int_equal(complained("+CME ERROR: incorrect password^M", true), 691);
	assert_int_equal(complained("+CME ERROR: network not allowed - emergency calls only^M", true), 649);
	assert_int_equal(complained("+CME ERROR: 30\r", true), 680);
	assert_int_equal(complained("+CME ERROR: 1^M", true), 651);
	assert_int_equal(complained("+CME ERROR: 99999999999999999999^M", true), 651);
	assert_int_equal(complained("+CME ERROR: ^M", true), 651);
	assert_int_equal(complained("+CME ERROR: operation not allowed^M", false), 651);
	assert_int_equal(complained("+CME ERROR: 3^M", false), 651);
	/* none */
	assert_int_equal(complained("", false), 0);
	assert_int_equal(complained("ERROR^M", false), 0);
	assert_int_equal(complained("OK^M", false), 0);
	assert_int_equal(complained("say +CME ERROR: 11", false), 0);
}

/* Words that are not known are not shown, however long they are. */
static void unknown_words(void **state UNUSED)
{
	struct ras_error error = RAS_ERROR_INIT;
	char line[1000];

	memset(line, 'x', sizeof(line));
	memcpy(line, "+CME ERROR: ", strlen("+CME ERROR: "));
	line[sizeof(line) - 1] = '\0';
	assert_true(cellular_complaint(line, &error));
	assert_int_equal(error.code, 651);
	assert_null(strstr(error.text, "xx"));
}

/* What did not matter is forgotten with the next OK. */
static void forgotten(void **state UNUSED)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_false(cellular_complaint("+CME ERROR: operation not allowed^M", &error));
	assert_int_equal(error.code, 651);
	assert_false(cellular_complaint("^M", &error));
	assert_int_equal(error.code, 651);
	assert_false(cellular_complaint("OK^M", &error));
	assert_int_equal(error.code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(access_points),
		cmocka_unit_test(complaints),
		cmocka_unit_test(unknown_words),
		cmocka_unit_test(forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cellular", tests, NULL, NULL);
}
