/* SPDX-License-Identifier: BSD-2-Clause */
/* pptp and l2tp: which texts are servers, what the programs of the tunnels are told, what their words mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/l2tp_words.h"
#include "driver/pptp_words.h"
#include "driver/tunnel.h"
#include "sys/macro.h"

/* ---- servers ---- */

static int code_of_server(const char *server)
{
	struct ras_error error = RAS_ERROR_INIT;

	return tunnel_check_server(server, &error) < 0 ? error.code : 0;
}

static void servers(void **state UNUSED)
{
	static const char *const good[] = {"vpn.example.net", "10.0.0.1", "a", "7", "x-y_z.example", "example.net."};
	static const char *const bad[] = {"-c",           ".a",        "_a",   "a b", "a;b",    "a\tb", "a\nb",
					  "$(a)",         "`a`",       "a'b",  "a/b", "a:1701", "a@b",  "::1",
					  "fe80::1%eth0", "h\xc3\xb6", "a\"b", "a#b", "a=b",    "a,b",  "a|b",
					  "a&b",          "a\\b",      "*",    "a~",  "[a]"};
	char longest[300];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(code_of_server(good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(code_of_server(bad[i]), 749);
	memset(longest, 'a', sizeof(longest));
	longest[253] = '\0';
	assert_int_equal(code_of_server(longest), 0);
	longest[253] = 'a';
	longest[254] = '\0';
	assert_int_equal(code_of_server(longest), 723);
}

/* ---- what the programs are told ---- */

static void pptp_is_told(void **state UNUSED)
{
	char text[PPTP_SCRIPT_MAX];
	size_t len = pptp_script("255.255.255.255", "/var/run/pptp/255.255.255.255:255.255.255.255", 6, 7, text);

	assert_int_equal(len, strlen(text));
	assert_string_equal(text,
			    "exec 8>&1 6<&-\n"
			    "if grep -q ' /var/run/pptp/255.255.255.255:255.255.255.255$' /proc/net/unix; then"
			    " echo 'rasdial]: Call manager for 255.255.255.255 is already running.' >&7; exit 1; fi\n"
			    "echo open >&5\n"
			    "{ /usr/sbin/pptp 255.255.255.255 --nolaunchpppd --nohostroute --logstring rasdial"
			    " 2>&1 >&8 8>&- 5>&- 7>&-; echo end $? >&5; } | { cat >&7; echo call >&5; }\n");
}

static void l2tp_is_told(void **state UNUSED)
{
	char text[L2TP_CONFIG_MAX];
	size_t len = l2tp_config("255.255.255.255", text);

	assert_int_equal(len, strlen(text));
	assert_string_equal(text, "[global]\n"
				  "port = 0\n"
				  "auth file = /dev/null\n"
				  "rand source = dev\n"
				  "[lac rasdial]\n"
				  "lns = 255.255.255.255\n"
				  "autodial = yes\n"
				  "redial = no\n"
				  "pppoptfile = /proc/self/fd/3\n");
}

/* ---- what they say ---- */

static const struct {
	const struct pppd_line_row *rows;
	const char *line;
	int32_t setup, up; /* 0: says nothing then */
	const char *text;  /* what it ends with; NULL: that of the code */
} lines[] = {
	{pptp_rows, "rasdial warn[open_inetsock:pptp_callmgr.c:329]: connect: Connection refused", 808, 0, NULL},
	{pptp_rows, "rasdial warn[open_inetsock:pptp_callmgr.c:329]: connect: Connection timed out", 809, 0, NULL},
	{pptp_rows, "rasdial warn[open_inetsock:pptp_callmgr.c:329]: connect: No route to host", 800, 0,
	 "cannot be reached: No route to host"},
	{pptp_rows, "rasdial warn[open_unixsock:pptp_callmgr.c:375]: Call manager for 10.0.0.1 is already running.",
	 633, 0, "one for each"},
	{pptp_rows, "rasdial fatal[main:pptp.c:369]: Cannot bind GRE socket, aborting.", 609, 0, "send GRE"},
	{pptp_rows, "rasdial fatal[callmgr_main:pptp_callmgr.c:142]: Could not fork.", 664, 0, "Could not fork."},
	{pptp_rows, "/proc/self/fd/6: 3: /usr/sbin/pptp: not found", 609, 0, ": not found"},
	{pptp_rows, "rasdial fatal[callmgr_main:pptp_callmgr.c:134]: Could not open control connection to 10.0.0.1", 0,
	 0, NULL},
	{pptp_rows, "Modem hangup", 0, 0, NULL},
	{l2tp_rows, "xl2tpd[7]: control_finish: Connection closed to 10.8.0.1, serial 1 ()", 808, 629, NULL},
	{l2tp_rows,
	 "xl2tpd[7]: control_finish: Connection closed to 10.8.0.1, port 1701 (Goodbye!), Local: 1, Remote: 2", 808,
	 629, ": Goodbye!"},
	{l2tp_rows,
	 "xl2tpd[7]: control_finish: Connection closed to 10.8.0.1, serial 1 (a) xl2tpd: Maximum retries exceeded for "
	 "tunnel 3)",
	 808, 629, ": a) xl2tpd: Maximum retries exceeded for tunnel 3"},
	{l2tp_rows, "xl2tpd[7]: Maximum retries exceeded for tunnel 24317.  Closing.", 809, 807, NULL},
	{l2tp_rows, "xl2tpd[7]: handle_challenge: no secret for challenge", 808, 0, "not supported"},
	{l2tp_rows, "xl2tpd[7]: start_pppd: Unable to allocate PPPoL2TP socket.", 609, 609, "PPPoL2TP socket."},
	{l2tp_rows, "xl2tpd[7]: start_pppd: unable to allocate pty, abandoning!", 664, 664, "abandoning!"},
	{l2tp_rows, "xl2tpd[7]: init_network: Unable to bind socket: Address already in use. Terminating.", 664, 664,
	 "Terminating."},
	{l2tp_rows, "xl2tpd[7]: start_pppd: I'm running: ", 0, 0, NULL},
	{l2tp_rows, "xl2tpd[7]: Connection established to 10.8.0.1, 1701.  Local: 1, Remote: 2 (ref=0/0).", 0, 0, NULL},
	{l2tp_rows, "Maximum retries exceeded for tunnel 1", 0, 0, NULL},
	{l2tp_rows, "LCP terminated by peer (xl2tpd: Maximum retries exceeded for tunnel 1)", 0, 0, NULL},
};

static void each_line(void **state UNUSED)
{
	struct pppd_verdict v;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (int up = 0; up < 2; up++) {
			int32_t code = up ? lines[i].up : lines[i].setup;
			const char *text = lines[i].text ? lines[i].text : ras_error_text(code);

			pppd_rows_classify(lines[i].rows, lines[i].line, lines[i].line, "", up, &v);
			if (v.code != code)
				fail_msg("%s: %d, not %d", lines[i].line, v.code, code);
			if (code != 0 && !(lines[i].text == NULL && up))
				assert_string_equal(v.text + strlen(v.text) - MIN(strlen(text), strlen(v.text)), text);
			assert_false(v.follows);
		}
	}
}

static void over(void **state UNUSED)
{
	assert_true(l2tp_is_over("xl2tpd[7]: child_handler : pppd exited for call 63017 with code 2"));
	assert_true(l2tp_is_over("xl2tpd[7]: child_handler : pppd terminated for call 1 by signal 9"));
	assert_true(l2tp_is_over("xl2tpd[7]: control_finish: Connection closed to 10.8.0.1, serial 1 ()"));
	assert_true(l2tp_is_over("xl2tpd[7]: Connection 0 closed to 10.8.0.9, port 1701 (Timeout)"));
	assert_true(l2tp_is_over("xl2tpd[7]: start_pppd: Unable to connect PPPoL2TP socket."));
	assert_false(l2tp_is_over("xl2tpd[7]: start_pppd: I'm running: "));
	assert_false(l2tp_is_over("xl2tpd[7]: Connection established to 10.8.0.1, 1701."));
	assert_false(l2tp_is_over("Connection terminated."));
	assert_false(l2tp_is_over(""));
}

/* Feeds both as pppd.c does: one log for xl2tpd and its pppd. */
static void no_line(void *context UNUSED, const char *line, char shown[PPPD_LINE_MAX])
{
	str_copy(shown, line, PPPD_LINE_MAX);
}

static int32_t code_of_log(const char *text, bool up)
{
	struct pppd_log *log = calloc(1, sizeof(*log));
	int32_t code;

	assert_non_null(log);
	log->rows = l2tp_rows;
	pppd_log_feed(log, text, strlen(text), up, no_line, NULL);
	code = log->first.code;
	free(log);
	return code;
}

static void one_log(void **state UNUSED)
{
	assert_int_equal(
		code_of_log("CHAP authentication failed\nxl2tpd[7]: control_finish: Connection closed to x ()\n",
			    false),
		691);
	assert_int_equal(code_of_log("xl2tpd[7]: control_finish: Connection closed to x (Goodbye!)\n"
				     "Terminating on signal 15\n",
				     true),
			 629);
	assert_int_equal(code_of_log("xl2tpd[7]: Using l2tp kernel support.\nModem hangup\n", false), 619);
}

/* The words of pptp are read apart from those of pppd, and pass for none of them. */
static void foreign_log(void **state UNUSED)
{
	static const char text[] = "Modem hangup\nLCP terminated by peer\n",
			  refused[] = "x]: connect: Connection refused\n";
	struct pppd_log *log = calloc(1, sizeof(*log));

	assert_non_null(log);
	log->foreign = true;
	log->rows = pptp_rows;
	pppd_log_feed(log, text, strlen(text), false, no_line, NULL);
	assert_int_equal(log->first.code, 0);
	pppd_log_feed(log, refused, strlen(refused), false, no_line, NULL);
	assert_int_equal(log->first.code, 808);
	free(log);
}

static void follows(void **state UNUSED)
{
	struct pppd_verdict v;

	pppd_log_classify("Modem hangup", "Modem hangup", "", false, &v);
	assert_true(v.code == 619 && v.follows);
	pppd_log_classify("Terminating on signal 15", "Terminating on signal 15", "", true, &v);
	assert_true(v.code == 628 && v.follows);
	pppd_log_classify("CHAP authentication failed", "CHAP authentication failed", "", false, &v);
	assert_true(v.code == 691 && !v.follows);
}

/* ---- with all that is known ---- */

static const struct {
	bool up, heard;
	const char *report;
	int32_t line, wanted;
} pptp_cases[] = {
	{false, false, "open\n", 0, 809},
	{false, false, "open\n", 718, 809},
	{false, false, "open\ncall\n", 0, 806},
	{false, false, "open\ncall\n", 718, 806},
	{false, false, "open\nend 0\ncall\n", 619, 806},
	{false, false, "open\nend 143\ncall\n", 619, 808},
	{false, false, "open\nend 1\ncall\n", 619, 619},
	{false, false, "open\n", 619, 619},
	{false, false, "open\n", 808, 808},
	{false, true, "open\ncall\n", 0, 0},
	{false, true, "open\ncall\n", 718, 718},
	{false, true, "open\ncall\n", 691, 691},
	{true, true, "open\ncall\n", 829, 807},
	{true, true, "open\ncall\n", 629, 629},
	{true, true, "open\ncall\n", 721, 721},
	{true, true, "open\ncall\n", 0, 0},
};

static void pptp_ends(void **state UNUSED)
{
	struct pppd_link *link = calloc(1, sizeof(*link));

	assert_non_null(link);
	for (size_t i = 0; i < ARRAY_SIZE(pptp_cases); i++) {
		struct pppd_verdict v = {.code = pptp_cases[i].line};

		link->up = pptp_cases[i].up;
		link->state.heard = pptp_cases[i].heard;
		str_copy(link->report, pptp_cases[i].report, sizeof(link->report));
		pptp_refine(link, &v);
		if (v.code != pptp_cases[i].wanted)
			fail_msg("case %zu: %d, not %d", i, v.code, pptp_cases[i].wanted);
	}
	free(link);
}

static const struct {
	bool up;
	pid_t pppd;
	bool heard, parent_ended;
	int32_t line;
	bool follows;
	int32_t wanted;
} l2tp_cases[] = {
	{false, 0, false, false, 0, false, 809}, {false, 7, false, false, 0, false, 721},
	{false, 7, true, false, 0, false, 0},    {false, 7, true, false, 691, false, 691},
	{false, 0, false, true, 0, false, 635},  {false, 0, false, true, 664, false, 664},
	{true, 7, true, true, 829, true, 628},   {true, 7, true, true, 629, false, 629},
	{true, 7, true, false, 829, true, 807},  {true, 7, true, false, 0, false, 0},
};

static void l2tp_ends(void **state UNUSED)
{
	struct pppd_link *link = calloc(1, sizeof(*link));

	assert_non_null(link);
	for (size_t i = 0; i < ARRAY_SIZE(l2tp_cases); i++) {
		struct pppd_verdict v = {.code = l2tp_cases[i].line, .follows = l2tp_cases[i].follows};

		link->up = l2tp_cases[i].up;
		link->state.pid = l2tp_cases[i].pppd;
		link->state.heard = l2tp_cases[i].heard;
		link->parent = (struct process){.ended = l2tp_cases[i].parent_ended, .status = 128 + 9};
		l2tp_refine(link, &v);
		if (v.code != l2tp_cases[i].wanted)
			fail_msg("case %zu: %d, not %d", i, v.code, l2tp_cases[i].wanted);
		if (v.code == 628)
			assert_string_equal(v.text, "xl2tpd was killed by signal 9");
	}
	free(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers),     cmocka_unit_test(pptp_is_told), cmocka_unit_test(l2tp_is_told),
		cmocka_unit_test(each_line),   cmocka_unit_test(over),         cmocka_unit_test(one_log),
		cmocka_unit_test(foreign_log), cmocka_unit_test(follows),      cmocka_unit_test(pptp_ends),
		cmocka_unit_test(l2tp_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tunnels", tests, NULL, NULL);
}
