/* SPDX-License-Identifier: BSD-2-Clause */
/* What chat is told and what it tells: numbers and commands that may be sent, the scripts, its exit status, the speed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/modem_chat.h"
#include "sys/macro.h"

static char script[CHAT_SCRIPT_MAX];

/* ---- numbers and commands ---- */

static void numbers(void **state UNUSED)
{
	static const char *const good[] = {"5550100",  "+15550100",       "0,5550100", "*99***1#", "0W5550100",
					   "T5550100", "(555) 0100-12.3", "123;",      "ABCD0"};
	static const char *const bad[] = {
		"",
		"x",
		"555'0100",
		"555\"0100",
		"555\\0100",
		"555^M0100",
		"555\n0100",
		"555\r0100",
		"5550100=",
		"@/etc/shadow",
		"555$(reboot)",
		"555`id`",
		"555|id",
		"555&id",
		"555>x",
		"555/1",
		"L",
		"+++",
		"555\x01",
		"555\x7f",
		"555\xc3\xa9",
		"E5550100",
		"5550100;D5550199",
		"5550100; D5550199",
		"5550100;;",
	};
	char number[] = "00000000001111111111222222222233333333334444444444555555555566666";
	struct ras_error error;

	assert_int_equal(strlen(number), 65);
	assert_true(chat_check_number(number, &error) < 0);
	assert_int_equal(error.code, 723);
	number[64] = '\0';
	assert_int_equal(chat_check_number(number, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (chat_check_number(good[i], &error) < 0)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (chat_check_number(bad[i], &error) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(error.code, 749);
		assert_null(strstr(error.text, "555"));
	}
}

static int check_init(const char *command, struct ras_error *error)
{
	char *list[] = {(char *)command, NULL};

	return chat_check_init(list, error);
}

static void commands(void **state UNUSED)
{
	static const char *const good[] = {"ATZ",         "at&f1", "ATX3", "AT+CGDCONT=1,\"IP\",\"internet\"",
					   "ATS7=55L0M1", "AT%C0", "AT"};
	static const char *const bad[] = {"",      "Z",        " ATZ",         "ATZ'",   "AT\\c",  "AT^M",
					  "ATZ\n", "ATZ\rATH", "@/etc/shadow", "+++ATH", "ATZ\x80"};
	char command[256];
	struct ras_error error;

	assert_int_equal(chat_check_init(NULL, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (check_init(good[i], &error) < 0)
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (check_init(bad[i], &error) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(error.code, 625);
	}
	memset(command, '0', sizeof(command));
	memcpy(command, "AT", 2);
	command[200] = '\0';
	assert_int_equal(check_init(command, &error), 0);
	command[200] = '0';
	command[201] = '\0';
	assert_true(check_init(command, &error) < 0);
	/* A PIN must not come to stand on a second line of log. */
	memcpy(command, "AT+CPIN=", 8);
	command[64] = '\0';
	assert_int_equal(check_init(command, &error), 0);
	command[64] = '0';
	command[65] = '\0';
	assert_true(check_init(command, &error) < 0);
}

/* ---- scripts ---- */

static void dial_script(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();
	int len = chat_script(CHAT_DIAL, entry, "+1 555 0100", 40, script);

	assert_int_equal(len, strlen(script));
	assert_string_equal(script, "ABORT 'BUSY'\nABORT 'NO CARRIER'\nABORT 'NO DIALTONE'\nABORT 'NO DIAL TONE'\n"
				    "ABORT 'NO ANSWER'\nABORT 'VOICE'\nABORT '\\nERROR'\nABORT 'DELAYED'\n"
				    "REPORT CONNECT\nTIMEOUT 40\n'' 'ATD+1 555 0100' CONNECT '\\c'\n");
}

static void init_script(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();

	chat_script(CHAT_INIT, entry, "5550100", 40, script);
	assert_non_null(strstr(script, "'' 'ATZ' OK '\\c'\n"));
	assert_null(strstr(script, "5550100"));

	entry->modem_init = calloc(3, sizeof(char *));
	entry->modem_init[0] = strdup("AT&F");
	entry->modem_init[1] = strdup("AT+CGDCONT=1,\"IP\",\"x\"");
	chat_script(CHAT_INIT, entry, "5550100", 40, script);
	assert_non_null(strstr(script, "'' 'AT&F' OK '\\c'\n'' 'AT+CGDCONT=1,\"IP\",\"x\"' OK '\\c'\n"));
	assert_null(strstr(script, "ATZ"));
}

/* A SIM that has its PIN already may answer anything but OK. */
static void pin_script(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();

	entry->modem_init = calloc(2, sizeof(char *));
	entry->modem_init[0] = strdup("at+cpin=\"1234\"");
	chat_script(CHAT_INIT, entry, "5550100", 40, script);
	assert_non_null(strstr(script, "'' 'at+cpin=\"1234\"' OK-AT-OK '\\c'\n"));
}

/* Errors in words are asked for before anything can be refused, the access point is told last. */
static void cellular_script(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();
	const char *words, *aborts;
	int len;

	entry->device_type = RAS_DEVICE_CELLULAR;
	len = chat_script(CHAT_INIT, entry, "*99#", 40, script);
	assert_int_equal(len, strlen(script));
	assert_non_null(strstr(script, "'' 'ATZ' OK '\\c'\n'' 'AT+CMEE=2' OK-AT-OK '\\c'\nABORT 'BUSY'\n"));
	assert_null(strstr(script, "CGDCONT"));
	assert_null(strstr(script, "*99#"));

	entry->apn = strdup("internet");
	entry->modem_init = calloc(2, sizeof(char *));
	entry->modem_init[0] = strdup("AT+CFUN=1");
	chat_script(CHAT_INIT, entry, "*99#", 40, script);
	assert_null(strstr(script, "ATZ"));
	words = strstr(script, "AT+CMEE=2");
	aborts = strstr(script, "ABORT");
	assert_true(words && aborts && words < aborts);
	assert_non_null(strstr(aborts, "'' 'AT+CFUN=1' OK '\\c'\n'' 'AT+CGDCONT=1,\"IP\",\"internet\"' OK '\\c'\n"));

	entry->options |= 1u << RAS_OPTION_IPV6;
	chat_script(CHAT_INIT, entry, "*99#", 40, script);
	assert_non_null(strstr(script, "'AT+CGDCONT=1,\"IPV4V6\",\"internet\"'"));
	chat_script(CHAT_DIAL, entry, "*99#", 40, script);
	assert_non_null(strstr(script, "'' 'ATD*99#' CONNECT '\\c'\n"));
	assert_null(strstr(script, "CGDCONT"));
}

static void script_too_long(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();
	char command[200] = "AT";

	memset(command + 2, '0', sizeof(command) - 3);
	entry->modem_init = calloc(40, sizeof(char *));
	for (int i = 0; i < 39; i++)
		entry->modem_init[i] = strdup(command);
	assert_true(chat_script(CHAT_INIT, entry, "5550100", 40, script) < 0);
}

/* What pppd runs through a shell is made of constants and digits. */
static void shell_line(void **state UNUSED)
{
	char line[512];

	chat_line(6, 7, 5, line, sizeof(line));
	assert_string_equal(line,
			    "step() { n=$1; shift; /usr/sbin/chat -v -S -s \"$@\"; s=$?; echo $n $s >&5; "
			    "[ $s -eq 0 ] || exit $s; }; echo open >&5; step probe TIMEOUT 3 '' AT OK-AT-OK '\\c'; "
			    "step init -f /proc/self/fd/6; step dial -f /proc/self/fd/7");

	/* of a line on which nobody dials */
	chat_line(6, 0, 5, line, sizeof(line));
	assert_non_null(strstr(line, "; step init -f /proc/self/fd/6"));
	assert_null(strstr(line, "dial"));
}

/* ---- what came of it ---- */

static int32_t explained(const char *text)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct chat_report report;

	chat_report_parse(text, &report);
	if (!chat_explain(&report, 40, &error))
		return 0;
	assert_int_not_equal(error.text[0], '\0');
	assert_int_not_equal(error.backend, RAS_BACKEND_NONE);
	assert_non_null(ras_error_find(error.code));
	assert_null(strchr(error.text, '\\'));
	return error.code;
}

/* The order of the ABORT lines is the meaning of the status. */
static void each_abort(void **state UNUSED)
{
	static const struct {
		const char *says;
		int32_t code;
	} meanings[] = {
		{"BUSY", 676},      {"NO CARRIER", 679}, {"NO DIALTONE", 680}, {"NO DIAL TONE", 680},
		{"NO ANSWER", 678}, {"VOICE", 677},      {"\\nERROR", 651},    {"DELAYED", 676},
	};
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();
	char text[64], abort_line[64];
	const char *at = script;

	chat_script(CHAT_DIAL, entry, "1", 40, script);
	for (int i = 0; i < (int)ARRAY_SIZE(meanings); i++) {
		snprintf(abort_line, sizeof(abort_line), "ABORT '%s'\n", meanings[i].says);
		assert_int_equal(strncmp(at, abort_line, strlen(abort_line)), 0);
		at += strlen(abort_line);
		snprintf(text, sizeof(text), "open\nprobe 0\ninit 0\ndial %d\n", 4 + i);
		assert_int_equal(explained(text), meanings[i].code);
	}
	assert_int_not_equal(strncmp(at, "ABORT", 5), 0);
}

static void other_ends(void **state UNUSED)
{
	assert_int_equal(explained(""), 0);
	assert_int_equal(explained("open\n"), 0);
	assert_int_equal(explained("open\ninit 0\n"), 0);
	assert_int_equal(explained("open\ninit 0\ndial 0\n"), 0);
	assert_int_equal(explained("open\nprobe 3\n"), 660);
	assert_int_equal(explained("open\nprobe 2\n"), 630);
	assert_int_equal(explained("open\nprobe 0\ninit 3\n"), 652);
	assert_int_equal(explained("open\ninit 10\n"), 651);
	assert_int_equal(explained("open\ninit 4\n"), 652);
	assert_int_equal(explained("open\ninit 0\ndial 3\n"), 678);
	assert_int_equal(explained("open\ninit 0\ndial 1\n"), 752);
	assert_int_equal(explained("open\ninit 0\ndial 2\n"), 630);
	assert_int_equal(explained("open\ninit 127\n"), 752);
	assert_int_equal(explained("open\ninit 0\ndial 143\n"), 752);
	/* no report of ours */
	assert_int_equal(explained("dial\ninit\n"), 0);
	assert_int_equal(explained("init x\ndial y\n"), 0);
	assert_int_equal(explained("init 99999999999999999999\n"), 752);
}

static void speeds(void **state UNUSED)
{
	assert_int_equal(chat_connect_speed("chat:  Nov 23 21:17:04 CONNECT 115200"), 115200);
	assert_int_equal(chat_connect_speed("chat:  Nov 23 21:17:04 CONNECT 57600/ARQ/V42BIS"), 57600);
	assert_int_equal(chat_connect_speed("chat:  Nov 23 21:17:04 CONNECT"), 0);
	assert_int_equal(chat_connect_speed("chat:  Nov 23 21:17:04 CONNECT fast"), 0);
	assert_int_equal(chat_connect_speed("chat:  Nov 23 21:17:04 CONNECT 99999999999999"), 999999999);
	assert_int_equal(chat_connect_speed("CONNECT 115200"), 0);
	assert_int_equal(chat_connect_speed("Serial connection established."), 0);
	assert_int_equal(chat_connect_speed(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),         cmocka_unit_test(commands),   cmocka_unit_test(dial_script),
		cmocka_unit_test(init_script),     cmocka_unit_test(pin_script), cmocka_unit_test(cellular_script),
		cmocka_unit_test(script_too_long), cmocka_unit_test(shell_line), cmocka_unit_test(each_abort),
		cmocka_unit_test(other_ends),      cmocka_unit_test(speeds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("modem_chat", tests, NULL, NULL);
}
