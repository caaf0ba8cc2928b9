/* SPDX-License-Identifier: BSD-2-Clause */
/* What helpers say: lines of all kinds, and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "driver/exec_protocol.h"
#include "sys/macro.h"

static struct exec_message m;

/* ---- lines ---- */

/* Puts a text and gives back how many lines it ended; line holds the last one. */
static int put(struct exec_line *line, const char *text, size_t size)
{
	int n = 0;

	for (size_t i = 0; i < size; i++)
		n += exec_line_put(line, text[i]);
	return n;
}

static void lines(void **state UNUSED)
{
	struct exec_line line = {.octets = 0};

	assert_int_equal(put(&line, "UP\n", 3), 1);
	assert_string_equal(line.text, "UP");
	assert_int_equal(put(&line, "DO", 2), 0);
	assert_int_equal(put(&line, "WN\r\n", 4), 1);
	assert_string_equal(line.text, "DOWN");
	assert_int_equal(put(&line, "\n", 1), 1);
	assert_string_equal(line.text, "");
	assert_int_equal(put(&line, "a\nb\nc\n", 6), 3);
	assert_string_equal(line.text, "c");
	assert_int_equal(put(&line, "x\0y\n", 4), 1);
	assert_string_equal(line.text, "x?y");
}

static void last_line(void **state UNUSED)
{
	struct exec_line line = {.octets = 0};

	assert_false(exec_line_end(&line));
	put(&line, "whole\n", 6);
	assert_false(exec_line_end(&line));
	put(&line, "rest", 4);
	assert_true(exec_line_end(&line));
	assert_string_equal(line.text, "rest");
	assert_false(exec_line_end(&line));
}

static void long_lines(void **state UNUSED)
{
	struct exec_line line = {.octets = 0};
	char text[5 * EXEC_LINE_MAX];

	memset(text, 'x', sizeof(text));
	for (size_t len = EXEC_LINE_MAX - 1; len <= EXEC_LINE_MAX + 1; len++) {
		text[len] = '\n';
		assert_int_equal(put(&line, text, len + 1), 1);
		assert_int_equal(strlen(line.text), MIN(len, (size_t)EXEC_LINE_MAX));
		text[len] = 'x';
	}
	text[sizeof(text) - 1] = '\n';
	assert_int_equal(put(&line, text, sizeof(text)), 1);
	assert_int_equal(strlen(line.text), EXEC_LINE_MAX);
	assert_int_equal(put(&line, "UP\n", 3), 1);
	assert_string_equal(line.text, "UP");
}

/* ---- STATE ---- */

static void states(void **state UNUSED)
{
	static const char *const bad[] = {
		"STATE",
		"STATE ",
		"STATE nonsense",
		"STATE connected",
		"STATE disconnected",
		"STATE retryAuthentication",
		"STATE subentryConnected",
		"STATE authenticate now",
		"STATEauthenticate",
		"state authenticate",
		" STATE authenticate",
		"STATE 5",
	};

	assert_int_equal(exec_parse("STATE authenticate", &m), EXEC_STATE);
	assert_int_equal(m.state, RAS_AUTHENTICATE);
	assert_int_equal(exec_parse("STATE  all-devices-connected ", &m), EXEC_STATE);
	assert_int_equal(m.state, RAS_ALL_DEVICES_CONNECTED);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(exec_parse(bad[i], &m), EXEC_OTHER);
}

/* ---- UP ---- */

static void up(void **state UNUSED)
{
	static const uint8_t local[] = {10, 0, 0, 2}, dns[] = {10, 0, 0, 53};

	assert_int_equal(exec_parse("UP", &m), EXEC_UP);
	assert_int_equal(m.n_addrs, 0);
	assert_string_equal(m.ifname, "");
	assert_int_equal(
		exec_parse("UP if=tun0 local=10.0.0.2/24 peer=10.0.0.1 speed=56000 dns=10.0.0.53 dns=2001:db8::1", &m),
		EXEC_UP);
	assert_string_equal(m.ifname, "tun0");
	assert_int_equal(m.speed, 56000);
	assert_int_equal(m.n_addrs, 4);
	assert_memory_equal(m.addrs[0].octets, local, sizeof(local));
	assert_int_equal(m.addrs[0].prefix_len, 24);
	assert_int_equal(m.addrs[1].role, RAS_ADDR_PEER);
	assert_int_equal(m.addrs[1].prefix_len, 32);
	assert_int_equal(m.addrs[2].role, RAS_ADDR_DNS);
	assert_memory_equal(m.addrs[2].octets, dns, sizeof(dns));
	assert_int_equal(m.addrs[2].prefix_len, 0);
	assert_int_equal(m.addrs[3].len, 16);
	assert_string_equal(m.wrong, "");
}

static void up_link_local(void **state UNUSED)
{
	assert_int_equal(exec_parse("UP local=fe80::1 if=lo", &m), EXEC_UP);
	assert_int_equal(m.addrs[0].len, 20);
	assert_int_equal(exec_parse("UP local=fe80::1", &m), EXEC_UP);
	assert_int_equal(m.addrs[0].len, 16);
}

/* What makes no sense is left out, and the rest holds. */
static void up_with_nonsense(void **state UNUSED)
{
	static const char *const bad[] = {
		"if=",
		"if=a/b",
		"if=sixteen-letters0",
		"local=",
		"local=300.1.1.1",
		"local=1.2.3",
		"local=1.2.3.4/33",
		"peer=::/129",
		"peer=::g",
		"speed=-1",
		"speed=",
		"speed=1x",
		"speed=99999999999999999999",
		"dns=name",
		"if",
		"other=1",
		"=",
		"local=1.2.3.4/",
	};
	char line[256];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(line, sizeof(line), "UP %s local=127.0.0.1", bad[i]);
		assert_int_equal(exec_parse(line, &m), EXEC_UP);
		assert_int_equal(m.n_addrs, 1);
		assert_string_equal(m.ifname, "");
		assert_int_equal(m.speed, 0);
		assert_string_equal(m.wrong, bad[i]);
	}
	assert_int_equal(exec_parse("UP speed=5000000000", &m), EXEC_UP);
	assert_int_equal(m.speed, UINT32_MAX);
	assert_int_equal(exec_parse("UPPER", &m), EXEC_OTHER);
}

static void many_addresses(void **state UNUSED)
{
	char line[EXEC_LINE_MAX] = "UP";

	for (int i = 0; i < RAS_ADDRS_MAX + 10; i++)
		str_copy(line + strlen(line), " dns=::1", sizeof(line) - strlen(line));
	assert_int_equal(exec_parse(line, &m), EXEC_UP);
	assert_int_equal(m.n_addrs, RAS_ADDRS_MAX);
}

/* ---- the others ---- */

static void stats(void **state UNUSED)
{
	static const char *const bad[] = {
		"STATS",
		"STATS in=1",
		"STATS out=1",
		"STATS in=-1 out=2",
		"STATS in=1 out=",
		"STATS in=1x out=2",
		"STATS 1 2",
		"STATS in=18446744073709551616 out=1",
		"STATS in= 1 out=2",
		"STATS in=1 out=2 more=3",
		"STATS in=+1 out=2",
	};

	assert_int_equal(exec_parse("STATS in=18446744073709551615 out=0", &m), EXEC_STATS);
	assert_true(m.in_octets == UINT64_MAX && m.out_octets == 0);
	assert_int_equal(exec_parse("STATS out=7 in=8", &m), EXEC_STATS);
	assert_true(m.in_octets == 8 && m.out_octets == 7);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(exec_parse(bad[i], &m), EXEC_OTHER);
}

static void errors(void **state UNUSED)
{
	static const char *const bad[] = {"ERROR",         "ERROR ",          "ERROR text",
					  "ERROR 0 x",     "ERROR 599 x",     "ERROR 1000 x",
					  "ERROR -5000 x", "ERROR 691x text", "ERROR 6910000000000000000000 x",
					  "DOWN",          "DOWN now"};

	assert_int_equal(exec_parse("ERROR 691 the password is refused", &m), EXEC_ERROR);
	assert_int_equal(m.code, 691);
	assert_string_equal(m.text, "the password is refused");
	assert_int_equal(exec_parse("ERROR -110", &m), EXEC_ERROR);
	assert_int_equal(m.code, -110);
	assert_string_equal(m.text, "");
	assert_int_equal(exec_parse("DOWN 629 \t bye", &m), EXEC_DOWN);
	assert_int_equal(m.code, 629);
	assert_string_equal(m.text, "bye");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(exec_parse(bad[i], &m), EXEC_OTHER);
}

static void names(void **state UNUSED)
{
	static const char *const good[] = {"a", "wg-quick", "open_vpn.2", "7", "A.b-c_d"};
	static const char *const bad[] = {"",     ".",   "..",  ".x",       "-x",  "a/b",
					  "../x", "a b", "a\n", "\xc3\xbc", "a;b", "$x"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(exec_name_is_good(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(exec_name_is_good(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(last_line),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(states),
		cmocka_unit_test(up),
		cmocka_unit_test(up_link_local),
		cmocka_unit_test(up_with_nonsense),
		cmocka_unit_test(many_addresses),
		cmocka_unit_test(stats),
		cmocka_unit_test(errors),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
