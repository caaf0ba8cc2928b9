/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a call of pppd ended: each decisive line, each exit status, whole logs as pppd has written them, and lines that
 * are none of its. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/pppd_log.h"
#include "driver/redact.h"
#include "sys/macro.h"

static const struct pppd_facts nothing_known = {.heard = true, .exit_status = -1};

/* ---- lines ---- */

static const struct {
	const char *line;
	int32_t setup, up; /* 0: says nothing then */
	const char *text;  /* must be in the text; NULL: does not matter */
} lines[] = {
	{"rasdial: no answer to the request for the secret", 645, 645, "agent"},
	{"No secret found for PAP login", 691, 691, "there is none"},
	{"No CHAP secret found for authenticating us to \"far\"", 691, 691, "there is none"},
	{"MS-CHAPv2 mutual authentication failed.", 778, 778, NULL},
	{"MS-CHAPv2 Success packet is badly formed.", 778, 778, NULL},
	{"MS-CHAP authentication failed: E=646 Restricted logon hours", 646, 646, NULL},
	{"MS-CHAP authentication failed: E=647 Account disabled", 647, 647, NULL},
	{"MS-CHAP authentication failed: E=648 Password expired", 648, 648, NULL},
	{"MS-CHAP authentication failed: E=649 No dialin permission", 649, 649, NULL},
	{"MS-CHAP authentication failed: E=691 Authentication failure", 691, 691, NULL},
	{"MS-CHAP authentication failed: E=709 Error changing password", 709, 709, NULL},
	{"Unknown MS-CHAP authentication failure: E=99999999999999999999 R=1", 691, 691, NULL},
	{"MS-CHAP authentication failed: E=12 who knows", 691, 691, NULL},
	{"MS-CHAP authentication failed: E=631 so you hung up", 691, 691, NULL},
	{"MS-CHAP authentication failed: E=828 so you were idle", 691, 691, NULL},
	{"MS-CHAP authentication failed: Access denied", 691, 691, ": Access denied"},
	{"PAP authentication failed due to protocol-reject", 733, 733, NULL},
	{"CHAP authentication failed due to protocol-reject", 733, 733, NULL},
	{"EAP authentication failed due to Protocol-Reject", 733, 733, NULL},
	{"CHAP authentication failed: I don't like you.", 691, 691, ": I don't like you."},
	{"CHAP authentication failed", 691, 691, NULL},
	{"PAP authentication failed", 691, 691, ": Login incorrect"},
	{"EAP: peer reports authentication failure", 691, 691, NULL},
	{"No response to PAP authenticate-requests", 718, 718, NULL},
	{"EAP: timeout waiting for Request from peer", 718, 718, NULL},
	{"peer refused to authenticate: terminating link", 778, 778, NULL},
	{"PADS: System-Error: RP-PPPoE: Server: No client slots available", 813, 0,
	 ": RP-PPPoE: Server: No client slots"},
	{"PADS: Generic-Error: User session limit reached", 813, 0, "session limit"},
	{"PADS: Generic-Error: too many sessions", 813, 0, "too many sessions"},
	{"PADS: System-Error: out of memory", 771, 0, "System-Error: out of memory"},
	{"PADO: Generic-Error: come again", 815, 0, "come again"},
	{"PADS: Service-Name-Error: no such service", 749, 0, "no such service"},
	{"PADO: Service-Name-Error: No session limit here", 749, 0, "No session limit here"},
	{"Timeout waiting for PADS packets", 815, 0, "did not open"},
	{"Timeout waiting for PADO packets", 0, 0, NULL},
	{"Unable to complete PPPoE Discovery", 0, 0, NULL},
	{"error sending pppoe packet: Network is down", 814, 0, "is down"},
	{"MPPE required but peer negotiation failed", 742, 742, NULL},
	{"MPPE required but peer refused", 742, 742, NULL},
	{"MPPE required, but MS-CHAP[v2] nor EAP-TLS auth are performed.", 742, 742, NULL},
	{"MPPE required, but kernel has no support.", 741, 741, NULL},
	{"MPPE required but not available in kernel", 741, 741, NULL},
	{"MPPE disabled, closing LCP", 742, 742, NULL},
	{"Too many MPPE errors, closing LCP", 732, 732, NULL},
	{"LCP terminated by peer (Authentication failed)", 691, 629, NULL},
	{"LCP terminated by peer (MPPE required but peer negotiation failed)", 743, 629, NULL},
	{"LCP terminated by peer (peer refused to authenticate)", 734, 629, ": peer refused to authenticate"},
	{"LCP terminated by peer (User request)", 734, 629, ": User request"},
	{"LCP terminated by peer", 734, 629, NULL},
	{"IPCP terminated by peer (pool is empty)", 736, 736, ": pool is empty"},
	{"IPCP terminated by peer", 736, 736, NULL},
	{"Protocol-Reject for 'Internet Protocol Control Protocol' (0x8021) received", 733, 733, NULL},
	{"Could not determine local IP address", 738, 738, NULL},
	{"Peer refused to agree to our IP address", 735, 735, NULL},
	{"Peer is not authorized to use remote address 10.0.0.1", 735, 735, NULL},
	{"LCP: timeout sending Config-Requests", 718, 718, NULL},
	{"IPCP: timeout sending Config-Requests", 718, 0, NULL},
	{"Serial line is looped back.", 737, 737, NULL},
	{"No response to 4 echo-requests", 721, 721, NULL},
	{"Serial link appears to be disconnected.", 721, 721, NULL},
	{"Terminating connection due to lack of activity.", 828, 828, NULL},
	{"Connect time expired", 932, 932, NULL},
	{"Traffic limit reached. Limit: 10 Used: 11", 932, 932, NULL},
	{"Device /dev/ttyUSB0 is locked by pid 4711", 633, 633, "4711"},
	{"Can't create lock file /var/lock/LCK..ttyS0: Read-only file system", 633, 633, NULL},
	{"Can't lock /dev/x: not a character device", 615, 615, NULL},
	{"Failed to open /dev/ttyUSB0: No such file or directory", 608, 608, "/dev/ttyUSB0"},
	{"Failed to open /dev/ttyUSB0: No such device", 608, 608, NULL},
	{"Failed to reopen /dev/ttyS0: Device or resource busy", 633, 633, NULL},
	{"Failed to open /dev/ttyS9: Input/output error", 630, 630, NULL},
	{"Failed to open /dev/ttyS0: Permission denied", 615, 615, NULL},
	{"tcgetattr: Inappropriate ioctl for device (line 975)", 615, 615, NULL},
	{"tcsetattr: Input/output error (line 1033)", 630, 630, NULL},
	{"Couldn't open the /dev/ppp device: No such file or directory", 609, 609, NULL},
	{"Couldn't open /dev/ppp: No such device", 609, 609, NULL},
	{"Couldn't set tty to PPP discipline: Invalid argument", 609, 609, NULL},
	{"Couldn't rename interface ppp0 to ras7: File exists", 602, 602, "ras7"},
	{"Couldn't create new ppp unit: Too many open files", 664, 664, NULL},
	{"Couldn't allocate pseudo-tty", 664, 664, NULL},
	{"Failed to create child process: Resource temporarily unavailable", 664, 0, NULL},
	{"fork failed: Cannot allocate memory", 664, 0, NULL},
	{"Out of memory in timeout()!", 664, 664, NULL},
	{"Virtual memory exhausted allocating option argument", 664, 664, NULL},
	{"Critical shortage of file descriptors: dup failed: Too many open files", 664, 664, NULL},
	{"Fatal signal 11", 645, 645, NULL},
	{"/usr/sbin/pppd: This system lacks kernel support for PPP.  This could be because", 609, 609, NULL},
	{"/usr/sbin/pppd: In file /proc/self/fd/3: unrecognized option 'nix'", 625, 625, "unrecognized option 'nix'"},
	{"/usr/sbin/pppd: Plugin /x.so is for pppd version 2.4.9, this is 2.5.1", 625, 625, "2.5.1"},
	{"Hangup (SIGHUP)", 635, 628, NULL},
	{"Terminating on signal 15", 635, 628, "signal 15"},
	{"Modem hangup", 619, 829, NULL},
	/* what decides nothing */
	{"", 0, 0, NULL},
	{"Using interface ras7", 0, 0, NULL},
	{"Connect: ras7 <--> /dev/pts/1", 0, 0, NULL},
	{"Connect script failed", 0, 0, NULL},
	{"Connection terminated.", 0, 0, NULL},
	{"CHAP authentication succeeded: Welcome", 0, 0, NULL},
	{"local  IP address 10.0.0.2", 0, 0, NULL},
	{"Protocol-Reject for 'IPv6 Control Protocol' (0x8057) received", 0, 0, NULL},
	{"IPV6CP: timeout sending Config-Requests", 0, 0, NULL},
	{"Connect time 0.1 minutes.", 0, 0, NULL},
	{"Failed (BUSY)", 0, 0, NULL},
	/* words of a peer or of a modem that look like pppd's own */
	{"Remote message: Serial line is looped back.", 0, 0, NULL},
	{"Remote message: Modem hangup", 0, 0, NULL},
	{" LCP terminated by peer", 0, 0, NULL},
	{"rcvd [LCP TermReq id=0x2 \"Modem hangup\"]", 0, 0, NULL},
	{"/usr/bin/ssh: connect to host x port 22: Connection refused", 0, 0, NULL},
};

static void each_line(void **state UNUSED)
{
	struct pppd_verdict v;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		for (int up = 0; up <= 1; up++) {
			pppd_log_classify(lines[i].line, lines[i].line, "Login incorrect", up, &v);
			if (v.code != (up ? lines[i].up : lines[i].setup))
				fail_msg("\"%s\" (%s): %d", lines[i].line, up ? "up" : "set-up", v.code);
			if (v.code == 0)
				continue;
			assert_int_not_equal(v.text[0], '\0');
			if (lines[i].text && (!up || lines[i].setup == lines[i].up) && !strstr(v.text, lines[i].text))
				fail_msg("\"%s\": text is \"%s\"", lines[i].line, v.text);
		}
	}
}

/* The codes of the tables are ones that the table of errors knows. */
static void codes_are_known(void **state UNUSED)
{
	struct pppd_verdict v;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		assert_true(lines[i].setup == 0 || ras_error_find(lines[i].setup));
		assert_true(lines[i].up == 0 || ras_error_find(lines[i].up));
	}
	for (int status = -1; status < 256; status++) {
		for (int up = 0; up <= 1; up++) {
			pppd_exit_classify(status, up, &v);
			assert_non_null(ras_error_find(v.code));
			assert_int_not_equal(v.text[0], '\0');
		}
	}
}

/* ---- exit status ---- */

static void each_status(void **state UNUSED)
{
	static const struct {
		int status;
		int32_t setup, up;
	} rows[] = {
		{-1, 635, 628},  {0, 628, 628},   {1, 645, 645},   {2, 625, 625},  {3, 625, 625},  {4, 609, 609},
		{5, 635, 628},   {6, 633, 633},   {7, 615, 615},   {8, 651, 651},  {9, 664, 664},  {10, 732, 732},
		{11, 778, 778},  {12, 828, 828},  {13, 932, 932},  {14, 704, 704}, {15, 721, 721}, {16, 619, 829},
		{17, 737, 737},  {18, 651, 651},  {19, 691, 691},  {20, 932, 932}, {21, 625, 625}, {99, 635, 628},
		{127, 645, 645}, {137, 635, 628}, {139, 635, 628},
	};
	struct pppd_verdict v;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pppd_exit_classify(rows[i].status, false, &v);
		assert_int_equal(v.code, rows[i].setup);
		pppd_exit_classify(rows[i].status, true, &v);
		assert_int_equal(v.code, rows[i].up);
	}
	pppd_exit_classify(137, true, &v);
	assert_non_null(strstr(v.text, "signal 9"));
}

/* ---- whole logs ---- */

static size_t n_told;
static char last_told[PPPD_LINE_MAX];
static char last_text[RAS_ERROR_TEXT_MAX];

static void tell(void *context, const char *line, char shown[PPPD_LINE_MAX])
{
	static const char *const words[3] = {NULL, "branch7@example.org", NULL};

	assert_ptr_equal(context, &n_told);
	n_told++;
	str_copy(last_told, line, sizeof(last_told));
	assert_null(strchr(line, '\n'));
	redact_words(words, line, shown, PPPD_LINE_MAX);
}

static int32_t judge(const char *text, bool up, struct pppd_facts facts)
{
	struct pppd_log log = {.len = 0};
	struct pppd_verdict v;

	n_told = 0;
	facts.up = up;
	/* In pieces, as a pipe may give it. */
	for (size_t i = 0; i < strlen(text); i += 7)
		pppd_log_feed(&log, text + i, MIN(strlen(text + i), (size_t)7), up, tell, &n_told);
	pppd_log_end(&log, up, tell, &n_told);
	pppd_judge(&log, &facts, &v);
	assert_int_not_equal(v.text[0], '\0');
	str_copy(last_text, v.text, sizeof(last_text));
	return v.code;
}

static void first_decisive_line(void **state UNUSED)
{
	struct pppd_facts facts = nothing_known;

	/* As pppd 2.4.9 wrote it; the status was 16, which alone would be a lost line. */
	facts.exit_status = 16;
	assert_int_equal(judge("Using interface ppp0\nConnect: ppp0 <--> /dev/pts/1\n"
			       "Remote message: Login incorrect\nPAP authentication failed\n"
			       "LCP terminated by peer (Authentication failed)\nConnection terminated.\nModem hangup\n",
			       false, facts),
			 691);
	assert_int_equal(n_told, 7);
	assert_int_equal(judge("No response to 3 echo-requests\nSerial link appears to be disconnected.\n"
			       "Connect time 0.2 minutes.\nModem hangup\nConnection terminated.\n",
			       true, facts),
			 721);
	assert_int_equal(judge("LCP terminated by peer (User request)\nModem hangup\n", true, facts), 629);
	assert_int_equal(judge("Modem hangup\nConnection terminated.\n", true, facts), 829);
	assert_int_equal(judge("fork failed: Cannot allocate memory\nModem hangup\n", true, facts), 829);
	assert_int_equal(judge("Serial line is looped back.\nConnection terminated.\n", false, facts), 737);
	assert_int_equal(judge("MS-CHAPv2 mutual authentication failed.\nCHAP authentication failed\n", false, facts),
			 778);
	assert_int_equal(judge("Connection terminated.\n", false, facts), 619);
}

static void what_the_object_saw(void **state UNUSED)
{
	static const char timeout[] = "LCP: timeout sending Config-Requests\nConnection terminated.\nModem hangup\n";
	struct pppd_facts facts = {.exit_status = 16};

	assert_int_equal(judge(timeout, false, facts), 721);
	facts.heard = true;
	assert_int_equal(judge(timeout, false, facts), 718);

	facts.mschap_error = 649;
	assert_int_equal(judge("MS-CHAP authentication failed: Kein Zugang\nCHAP authentication failed\n", false,
			       facts),
			 649);
	assert_non_null(strstr(last_text, ": Kein Zugang"));
	assert_null(strstr(last_text, ras_error_text(691)));
	assert_int_equal(judge("CHAP authentication failed\n", false, facts), 649);
	assert_string_equal(last_text, ras_error_text(649));
	facts.mschap_error = 123;
	assert_int_equal(judge("MS-CHAP authentication failed: Kein Zugang\n", false, facts), 691);
	/* It refines a refusal and nothing else. */
	facts.mschap_error = 649;
	assert_int_equal(judge("Modem hangup\n", true, facts), 829);

	facts = (struct pppd_facts){.exit_status = -1, .ip_rejected = true};
	assert_int_equal(judge("", false, facts), 733);
	assert_int_equal(judge("", true, facts), 628);
	facts = (struct pppd_facts){.exit_status = 16, .peer_ended = true};
	assert_int_equal(judge("", true, facts), 629);
	assert_int_equal(judge("", false, facts), 734);
	/* pppd ends so without a word if it has nothing to speak. */
	facts = (struct pppd_facts){.exit_status = 16, .reason = 10, .network = true};
	assert_int_equal(judge("", false, facts), 720);
	assert_int_equal(judge("", true, facts), 732);
	facts.network = false;
	assert_int_equal(judge("", false, facts), 732);
	facts = (struct pppd_facts){.exit_status = 16, .reason = 15};
	assert_int_equal(judge("", true, facts), 721);
}

/* A name at any place of a line, also where the text is cut, is in no text that is kept. */
static void no_part_of_a_name(void **state UNUSED)
{
	static const char *const heads[] = {"CHAP authentication failed: ", "LCP terminated by peer (",
					    "Remote message: "};
	char text[2 * PPPD_LINE_MAX];
	struct pppd_verdict v;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		for (int before = 0; before < PPPD_LINE_MAX; before++) {
			struct pppd_log log = {.len = 0};

			snprintf(text, sizeof(text), "%s%0*dbranch7@example.org\nPAP authentication failed\n", heads[i],
				 before, 0);
			pppd_log_feed(&log, text, strlen(text), false, tell, &n_told);
			assert_int_not_equal(log.first.code, 0);
			if (strstr(log.first.text, "0b") || strstr(log.remote, "0b"))
				fail_msg("%d: %s", before, log.first.text);
		}
	}
	/* What is hidden still decides. */
	pppd_log_classify("Modem hangup", "<user> hangup", "", true, &v);
	assert_int_equal(v.code, 829);
}

/* ---- lines that are no lines ---- */

static void odd_lines(void **state UNUSED)
{
	struct pppd_log log = {.len = 0};
	char piece[400];

	n_told = 0;
	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 100; i++)
		pppd_log_feed(&log, piece, sizeof(piece), false, tell, &n_told);
	assert_int_equal(n_told, 0);
	pppd_log_feed(&log, "\n", 1, false, tell, &n_told);
	assert_int_equal(n_told, 1);
	assert_int_equal(strlen(last_told), PPPD_LINE_MAX - 1);
	/* The next one is whole again. */
	pppd_log_feed(&log, "Modem hangup\r\n", 14, false, tell, &n_told);
	assert_string_equal(last_told, "Modem hangup");
	assert_int_equal(log.first.code, 619);

	pppd_log_feed(&log, "\n\n\n", 3, false, tell, &n_told);
	assert_int_equal(n_told, 2);
	pppd_log_feed(&log, "a\0b\n", 4, false, tell, &n_told);
	assert_string_equal(last_told, "a b");
	pppd_log_end(&log, false, tell, &n_told);
	assert_int_equal(n_told, 3);
}

static void any_octets(void **state UNUSED)
{
	struct pppd_log log = {.len = 0};
	unsigned seed = 1;
	char data[64];

	for (int i = 0; i < 20000; i++) {
		for (size_t j = 0; j < sizeof(data); j++)
			data[j] = (char)rand_r(&seed);
		pppd_log_feed(&log, data, sizeof(data), i % 2, tell, &n_told);
	}
	assert_int_equal(log.first.code, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line),           cmocka_unit_test(codes_are_known),
		cmocka_unit_test(each_status),         cmocka_unit_test(first_decisive_line),
		cmocka_unit_test(what_the_object_saw), cmocka_unit_test(odd_lines),
		cmocka_unit_test(any_octets),          cmocka_unit_test(no_part_of_a_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pppd_log", tests, NULL, NULL);
}
