/* SPDX-License-Identifier: BSD-2-Clause */
/* What the object inside pppd says: good messages, and anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/pppd_state.h"
#include "pppd-plugin/wire.h"
#include "sys/file.h"

static struct record_writer w;
static struct pppd_state s;

static void begin(const char *kind)
{
	record_begin(&w, kind);
	record_put_u64(&w, WIRE_PID, 4711);
	record_put_u64(&w, WIRE_STARTED, 123456);
	record_put_u64(&w, WIRE_PHASE, WIRE_PHASE_RUNNING);
}

static int parse(void)
{
	assert_int_equal(record_end(&w), 0);
	w.text[w.len - 1] = '\0';
	s = PPPD_STATE_NONE;
	return pppd_message_parse(w.text, &s);
}

static void of_a_bundle(void **state UNUSED)
{
	begin(WIRE_KIND_STATE);
	record_put_u64(&w, WIRE_MASTER, 1);
	assert_int_equal(parse(), PPPD_MESSAGE_STATE);
	assert_true(s.master && !s.joined);
	begin(WIRE_KIND_STATE);
	record_put_u64(&w, WIRE_JOINED, 1);
	assert_int_equal(parse(), PPPD_MESSAGE_STATE);
	assert_true(s.joined && !s.master);
}

static void whole_state(void **state UNUSED)
{
	static const uint8_t local[4] = {10, 0, 0, 2}, dns[4] = {10, 0, 0, 53};
	uint32_t zone;

	begin(WIRE_KIND_STATE);
	record_put_str(&w, WIRE_IFNAME, "lo");
	record_put_str(&w, WIRE_LOCAL, "10.0.0.2");
	record_put_str(&w, WIRE_PEER, "10.0.0.1");
	record_put_str(&w, WIRE_LOCAL6, "fe80::2");
	record_put_str(&w, WIRE_PEER6, "fe80::1");
	record_put_str(&w, WIRE_DNS1, "10.0.0.53");
	record_put_u64(&w, WIRE_HEARD, 1);
	record_put_u64(&w, WIRE_MSCHAP_ERROR, 649);
	record_put_u64(&w, WIRE_REASON, 15);
	record_put_u64(&w, WIRE_EXIT, 16);
	assert_int_equal(parse(), PPPD_MESSAGE_STATE);
	assert_int_equal(s.pid, 4711);
	assert_int_equal(s.started, 123456);
	assert_int_equal(s.phase, WIRE_PHASE_RUNNING);
	assert_string_equal(s.ifname, "lo");
	assert_true(s.has_ip4 && s.has_ip6 && s.heard);
	assert_false(s.master || s.joined);
	assert_false(s.ip_rejected || s.peer_ended);
	assert_int_equal(s.mschap_error, 649);
	assert_int_equal(s.reason, 15);
	assert_int_equal(s.exit_status, 16);

	assert_int_equal(s.n_addrs, 5);
	assert_int_equal(s.addrs[0].role, RAS_ADDR_LOCAL);
	assert_int_equal(s.addrs[0].len, 4);
	assert_memory_equal(s.addrs[0].octets, local, 4);
	assert_int_equal(s.addrs[0].prefix_len, 32);
	assert_int_equal(s.addrs[2].len, 20);
	memcpy(&zone, s.addrs[2].octets + 16, sizeof(zone));
	assert_int_equal(__builtin_bswap32(zone), if_nametoindex("lo"));
	assert_int_equal(s.addrs[4].role, RAS_ADDR_DNS);
	assert_memory_equal(s.addrs[4].octets, dns, 4);
	assert_int_equal(s.addrs[4].prefix_len, 0);
}

static void least_state(void **state UNUSED)
{
	begin(WIRE_KIND_STATE);
	assert_int_equal(parse(), PPPD_MESSAGE_STATE);
	assert_int_equal(s.exit_status, -1);
	assert_int_equal(s.n_addrs, 0);
	assert_string_equal(s.ifname, "");
}

static void the_question(void **state UNUSED)
{
	record_begin(&w, WIRE_KIND_ASK);
	assert_int_equal(parse(), PPPD_MESSAGE_ASK);
	assert_int_equal(s.pid, 0);
}

static void refused(void **state UNUSED)
{
	static const char *const pids[] = {"0", "1", "4294967295", "99999999999999999999", "-5", "x", ""};
	char text[] = "ppp pid=4711 started=1 phase=8 sum=00000000";

	assert_int_equal(pppd_message_parse(text, &s), -EBADMSG);
	begin("other");
	assert_int_equal(parse(), -EBADMSG);
	record_begin(&w, WIRE_KIND_STATE);
	assert_int_equal(parse(), -EBADMSG);
	assert_int_equal(s.pid, 0);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		record_begin(&w, WIRE_KIND_STATE);
		record_put_str(&w, WIRE_PID, pids[i]);
		record_put_u64(&w, WIRE_STARTED, 1);
		record_put_u64(&w, WIRE_PHASE, 1);
		assert_int_equal(parse(), -EBADMSG);
		assert_int_equal(s.pid, 0);
	}
}

static void odd_values(void **state UNUSED)
{
	begin(WIRE_KIND_STATE);
	record_put_str(&w, WIRE_IFNAME, "a-name-that-is-longer-than-fifteen");
	record_put_str(&w, WIRE_LOCAL, "10.0.0.256");
	record_put_str(&w, WIRE_PEER, "fe80::1");
	record_put_str(&w, WIRE_LOCAL6, "10.0.0.1");
	record_put_str(&w, WIRE_EXIT, "many");
	assert_int_equal(parse(), PPPD_MESSAGE_STATE);
	assert_int_equal(strlen(s.ifname), 15);
	assert_int_equal(s.n_addrs, 0);
	assert_false(s.has_ip4 || s.has_ip6);
	assert_int_equal(s.exit_status, -1);
}

static void files(void **state UNUSED)
{
	char dir[] = "/tmp/rasdial-unit-XXXXXX", path[64];

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/7.ppp", dir);
	assert_int_equal(pppd_state_read(AT_FDCWD, path, &s), -ENOENT);
	begin(WIRE_KIND_STATE);
	assert_int_equal(record_end(&w), 0);
	assert_int_equal(file_replace(AT_FDCWD, path, w.text, w.len, false), 0);
	assert_int_equal(pppd_state_read(AT_FDCWD, path, &s), 0);
	assert_int_equal(s.pid, 4711);
	for (size_t cut = 0; cut + 1 < w.len; cut++) {
		assert_int_equal(file_replace(AT_FDCWD, path, w.text, cut, false), 0);
		assert_int_equal(pppd_state_read(AT_FDCWD, path, &s), -EBADMSG);
	}
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_state),  cmocka_unit_test(of_a_bundle), cmocka_unit_test(least_state),
		cmocka_unit_test(the_question), cmocka_unit_test(refused),     cmocka_unit_test(odd_values),
		cmocka_unit_test(files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pppd_state", tests, NULL, NULL);
}
