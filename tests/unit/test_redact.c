/* SPDX-License-Identifier: BSD-2-Clause */
/* No user name, number or secret stays in a text, in whatever form pppd or chat print it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "driver/redact.h"
#include "sys/macro.h"

static char out[256];

static const char *redacted(const char *secret, const char *user, const char *number, const char *text)
{
	const char *const words[3] = {secret, user, number};

	redact_words(words, text, out, sizeof(out));
	return out;
}

static void plain(void **state UNUSED)
{
	assert_string_equal(redacted("sesame", "branch7", "+15550100", "send (ATD+15550100^M)"),
			    "send (ATD<number>^M)");
	assert_string_equal(redacted("sesame", "branch7", "+15550100", "user=\"branch7\" password=sesame"),
			    "user=\"<user>\" password=<secret>");
	assert_string_equal(redacted("sesame", "branch7", "1", "xbranch7branch7sesamesesame"),
			    "x<user><user><secret><secret>");
	assert_string_equal(redacted(NULL, "", NULL, "nothing to hide"), "nothing to hide");
	assert_string_equal(redacted("a", "b", "c", ""), "");
}

static void short_words(void **state UNUSED)
{
	assert_string_equal(redacted(NULL, "ip", "99", "ip: skipping ATD99^M, line 991, ATD199"),
			    "<user>: skipping ATD<number>^M, line 991, ATD199");
	/* A secret goes wherever it stands. */
	assert_string_equal(redacted("x", NULL, NULL, "axb"), "a<secret>b");
}

static void modem_commands(void **state UNUSED)
{
	static const char *const lines[] = {
		"send (AT+CPIN=1234^M)",
		"send (at+cpin=\"1234\",\"1234\"^M)",
		"AT +CPIN = 1234",
		"AT+CFUN=1;+CPIN=1234",
		"AT+CLCK=\"SC\",1,\"1234\"^M^M",
		"AT+CPWD=\"SC\",\"1234\",\"12)34\"",
		"AT+CGAUTH=1,1,1234,u",
		"AT$QCPDPP=1,1,\"1234\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (strstr(redacted(NULL, NULL, NULL, lines[i]), "34") || !strstr(out, "=<secret>"))
			fail_msg("%s", out);
	assert_string_equal(redacted("s", "AT+C", "12", "send (AT+CPIN=1234^M)"), "<secret>end (<user>PIN=<secret>");
	assert_string_equal(redacted(NULL, NULL, NULL, "AT+CPIN?^M^M+CPIN: SIM PIN"), "AT+CPIN?^M^M+CPIN: SIM PIN");
	assert_string_equal(redacted(NULL, NULL, NULL, "AT+CPIN="), "AT+CPIN=");
}

static void as_pppd_prints(void **state UNUSED)
{
	assert_string_equal(redacted("a\"b\\c", "u\t\xe9", NULL, "name = \"u\\t\\351\", \"a\\\"b\\\\c\""),
			    "name = \"<user>\", \"<secret>\"");
	assert_string_equal(redacted("a\"b\\c", NULL, NULL, "a\"b\\c"), "<secret>");
	/* cut in the middle of an escape */
	assert_string_equal(redacted("a\xe9", NULL, NULL, "a\\35"), "a\\35");
	assert_string_equal(redacted("a\xe9", NULL, NULL, "a\\"), "a\\");
	assert_string_equal(redacted("ab", NULL, NULL, "a"), "a");
}

/* Each octet of a name as %q and %v of pppd print it. */
static void as_pppd_logs(void **state UNUSED)
{
	static const char user[] = "u\t\r\b\x7f\x80\x89\xe9\xff\\";

	assert_string_equal(redacted(NULL, user, NULL, "a \"u\\t\\x0d\\b\\x7f\\x80\\x89\xe9\xff\\\\\" b"),
			    "a \"<user>\" b");
	assert_string_equal(redacted(NULL, user, NULL, "a u\t^M^H^?M-^@M-\tM-iM-^?\\ b"), "a <user> b");
	assert_string_equal(redacted(NULL, user, NULL, "a u\\t\\r\\010\\177\\200\\211\\351\\377\\\\ b"), "a <user> b");
	assert_string_equal(redacted(NULL, "j\xc3\xb6rg", NULL, "jM-CM-6rg j\\303\\266rg j\xc3\xb6rg"),
			    "<user> <user> <user>");
}

/* What the end of a text that was cut leaves of a word. */
static void cut_texts(void **state UNUSED)
{
	static const char *const words[3] = {"sesame", "branch7@example.org", "5550100"};
	static const char *const tails[] = {"branch7@example.or", "branch7@ex", "b", "sesam", "s", "55501"};
	char text[REDACT_TEXT_MAX], shown[REDACT_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		memset(text, '-', sizeof(text));
		str_copy(text + sizeof(text) - 1 - strlen(tails[i]), tails[i], strlen(tails[i]) + 1);
		redact_words(words, text, shown, sizeof(shown));
		assert_null(strstr(shown, tails[i][1] ? tails[i] : "-b"));
		redact_words(words, text + 1, shown, sizeof(shown));
		assert_non_null(strstr(shown, tails[i]));
	}
}

static void sizes(void **state UNUSED)
{
	const char *const words[3] = {"secret", NULL, NULL};
	char small[8];

	for (size_t size = 1; size <= sizeof(small); size++) {
		memset(small, 'x', sizeof(small));
		redact_words(words, "a secret, secret", small, size);
		assert_true(strlen(small) < size);
	}
	assert_string_equal(small, "a <secr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),          cmocka_unit_test(short_words),  cmocka_unit_test(modem_commands),
		cmocka_unit_test(as_pppd_prints), cmocka_unit_test(as_pppd_logs), cmocka_unit_test(cut_texts),
		cmocka_unit_test(sizes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
