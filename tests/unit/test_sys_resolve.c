/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hosts: found, not found, not found in time, given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>

#include "sys/clock.h"
#include "sys/resolve.h"

#define PATIENCE_MS 20000

static char found[RESOLVE_MAX][RESOLVE_ADDR_MAX];

static int look_up(struct resolve *r, const char *host)
{
	return resolve(r, host, clock_mono_ms() + PATIENCE_MS, found);
}

static void test_found(void **state)
{
	static const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
	struct resolve r = RESOLVE_NONE;
	struct addrinfo *address;
	int n;

	(void)state;
	n = look_up(&r, "localhost");
	assert_in_range(n, 1, RESOLVE_MAX);
	assert_int_equal(r.fd, -1);
	for (int i = 0; i < n; i++) {
		assert_int_equal(getaddrinfo(found[i], "705", &numeric, &address), 0);
		freeaddrinfo(address);
	}
	assert_true(strcmp(found[0], "127.0.0.1") == 0 || strcmp(found[0], "::1") == 0);
}

static void test_address(void **state)
{
	struct resolve r = RESOLVE_NONE;

	(void)state;
	assert_int_equal(look_up(&r, "192.0.2.7"), 1);
	assert_string_equal(found[0], "192.0.2.7");
	assert_int_equal(look_up(&r, "2001:db8::7"), 1);
	assert_string_equal(found[0], "2001:db8::7");
}

/* None of these is asked a name server for, because of the empty part, and none is an option of the child. */
static void test_not_found(void **state)
{
	static const char *const names[] = {
		"", "..", "a..b", "--help..", "-V..", " ..", "a..\n127.0.0.1       STREAM x"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct resolve r = RESOLVE_NONE;

		assert_int_equal(look_up(&r, names[i]), -ENOENT);
		assert_int_equal(r.fd, -1);
	}
}

/* Starts a look-up and does not wait for it. The child may be quick all the same: then once more. */
static void begin(struct resolve *r)
{
	for (int i = 0; i < 1000; i++)
		if (resolve(r, "localhost", clock_mono_ms() - 1, found) == -EINPROGRESS)
			return;
	fail_msg("the child is always there before us");
}

/* What takes longer goes on, and a later call has its result. */
static void test_later(void **state)
{
	struct resolve r = RESOLVE_NONE;
	pid_t child;

	(void)state;
	begin(&r);
	child = r.child.pid;
	if (resolve(&r, "localhost", clock_mono_ms() - 1, found) == -EINPROGRESS)
		assert_int_equal(r.child.pid, child);
	assert_true(look_up(&r, "localhost") >= 1);
	assert_int_equal(r.fd, -1);
}

static void test_stop(void **state)
{
	struct resolve r = RESOLVE_NONE;
	pid_t child;

	(void)state;
	resolve_stop(&r);
	begin(&r);
	child = r.child.pid;
	resolve_stop(&r);
	assert_int_equal(r.fd, -1);
	assert_int_equal(kill(child, 0), -1);
	assert_int_equal(errno, ESRCH);
	assert_true(look_up(&r, "localhost") >= 1);
}

/* A child that does not come to an end is given up. */
static void test_endless(void **state)
{
	struct resolve r = RESOLVE_NONE;
	int n;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		begin(&r);
		r.begin -= RESOLVE_LONGEST_MS;
		n = resolve(&r, "localhost", clock_mono_ms() - 1, found);
		assert_int_equal(r.fd, -1);
		if (n == -ETIMEDOUT)
			return;
	}
	fail_msg("the child is always there before us");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_address), cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_later), cmocka_unit_test(test_stop),    cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
