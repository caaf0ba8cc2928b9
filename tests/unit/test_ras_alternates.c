/* SPDX-License-Identifier: BSD-2-Clause */
/* Link mode alternates: one attempt that walks several destinations. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include "engine_told.h"

/* ---- helpers ---- */

#define BUSY "setup=10ms,fail=676"
#define GOOD "setup=10ms"

static struct ras_entry *line(struct lab *lab, const char *const destinations[], size_t n)
{
	struct ras_entry *e = lab_line(lab, "hq", destinations[0]);

	e->link_mode = RAS_LINK_MODE_ALTERNATES;
	e->subentries = calloc(n, sizeof(*e->subentries));
	assert_non_null(e->subentries);
	for (size_t i = 1; i < n; i++) {
		struct ras_subentry *s = &e->subentries[e->n_subentries++];

		*s = (struct ras_subentry){.index = (uint32_t)(10 * i),
					   .device_type = RAS_DEVICE_OTHER,
					   .row_status = RAS_ROW_ACTIVE};
		str_copy(s->destination, destinations[i], sizeof(s->destination));
	}
	return e;
}
#define LINE(lab, ...) line(lab, (const char *const[]){__VA_ARGS__}, ARRAY_SIZE(((const char *[]){__VA_ARGS__})))

static struct ras_conn *dial(const struct lab *lab)
{
	struct ras_conn *conn = lab_conn(lab, "hq");

	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	return conn;
}

static size_t notices(const struct lab *lab, enum ras_notify_type type)
{
	struct ras_notice notice;
	size_t n = 0;

	ras_notices_connected(lab->ras, true);
	while (ras_notices_take(lab->ras, &notice))
		n += notice.type == type;
	return n;
}

static size_t told(enum ras_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < told_count(); i++)
		n += told_at(i).state == state && told_at(i).error == 0;
	return n;
}

static void expect_used(const struct ras_conn *conn, uint32_t subentry, const char *destination)
{
	struct ras_conn_info info = lab_info(conn);

	assert_int_equal(info.subentry, subentry);
	assert_string_equal(info.destination, destination);
}

/* One attempt, whatever it tried: one row, at most one notification, one end that is told. */
static struct ras_history_row expect_one_attempt(const struct lab *lab, const struct ras_conn *conn)
{
	struct ras_conn_info info = lab_info(conn);

	assert_int_equal(info.counters.attempts, 1);
	assert_int_equal(info.counters.successes + info.counters.failures, 1);
	lab_check_sums(lab);
	return only_history_row(lab);
}

/* ---- tests ---- */

static void second_answers(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_history_row h;

	LINE(lab, BUSY, GOOD, "setup=60s");
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	expect_used(conn, 10, GOOD);
	assert_int_equal(told(RAS_OPEN_PORT), 2);
	assert_int_equal(told(RAS_CONNECTED), 1);
	for (size_t i = 0; i < told_count(); i++)
		assert_int_equal(told_at(i).error, 0);
	assert_int_equal(notices(lab, RAS_NOTIFY_DIAL_FAILED), 0);
	assert_int_equal(lab_info(conn).last_error.code, 0);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	h = expect_one_attempt(lab, conn);
	assert_string_equal(h.destination, GOOD);
	assert_true(h.connected);
	/* It is what the last attempt has used, after a restart, too. */
	lab_stop(lab);
	lab_start(lab);
	expect_used(lab_conn(lab, "hq"), 10, GOOD);
}

static void all_busy(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_history_row h;

	LINE(lab, BUSY, "setup=10ms,fail=678", "setup=10ms,fail=680")->redial_max = 1;
	lab->entries[0]->redial_pause = 1;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_WAITING_REDIAL);
	expect_used(conn, 20, "setup=10ms,fail=680");
	assert_int_equal(lab_info(conn).last_error.code, 680);
	assert_non_null(strstr(lab_info(conn).last_error.text, "Subentry 20: "));
	assert_int_equal(notices(lab, RAS_NOTIFY_DIAL_FAILED), 1);
	assert_int_equal(told(RAS_OPEN_PORT), 3);
	assert_true(told_last(RAS_CONNECT_DEVICE, 680));
	h = expect_one_attempt(lab, conn);
	assert_string_equal(h.destination, "setup=10ms,fail=680");
	assert_int_equal(lab_info(conn).counters.consecutive_failures, 1);
	/* The next attempt begins with the entry again. */
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).counters.attempts, 2);
	assert_int_equal(notices(lab, RAS_NOTIFY_DIAL_FAILED), 1);
}

/* The order is that of the rows, and the first that answers is the last that is tried. */
static void order_is_kept(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	char seen[8][RAS_TEXT_MAX];
	size_t n = 0;

	LINE(lab, "setup=1ms,fail=676", "setup=2ms,fail=676", "setup=3ms,fail=676", "setup=4ms,fail=676", GOOD, BUSY);
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	for (size_t i = 0; i < told_count(); i++)
		if (told_at(i).state == RAS_OPEN_PORT)
			str_copy(seen[n++], told_at(i).info.destination, RAS_TEXT_MAX);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < 4; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "setup=%zums,fail=676", i + 1);
		assert_string_equal(seen[i], expected);
	}
	assert_string_equal(seen[4], GOOD);
	expect_used(conn, 40, GOOD);
}

/* Somebody answered and does not want us. */
static void refusal_ends_the_walk(void **state)
{
	static const char *const refusals[] = {"setup=5ms,fail=691", "setup=5ms,fail=648", "setup=5ms,fail=649"};

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct lab *lab = lab_new();
		struct ras_conn *conn;

		recorder.n = 0;
		LINE(lab, BUSY, refusals[i], GOOD);
		lab_start(lab);
		conn = dial(lab);
		lab_wait_status(lab, conn, RAS_STATUS_FAILED);
		expect_used(conn, 10, refusals[i]);
		expect_one_attempt(lab, conn);
		lab_free(lab);
	}
	(void)state;
}

static void each_has_its_deadline(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	LINE(lab, "setup=60s", "setup=60s", "setup=900ms")->dial_timeout = 1;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	expect_used(conn, 20, "setup=900ms");
	assert_int_equal(lab_info(conn).thread_state, RAS_THREAD_WAITING);
}

static void last_deadline_is_the_end(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	LINE(lab, BUSY, "setup=60s")->dial_timeout = 1;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 638);
	assert_non_null(strstr(lab_info(conn).last_error.text, "Subentry 10: "));
	expect_one_attempt(lab, conn);
}

static void hang_up_in_the_second(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row h;
	struct ras_conn *conn;

	LINE(lab, BUSY, "setup=60s", GOOD);
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, lab_info(conn).subentry == 10);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	h = expect_one_attempt(lab, conn);
	assert_int_equal(h.error.code, 631);
	assert_string_equal(h.destination, "setup=60s");
	assert_string_equal(lab_info(conn).last_error.text, ras_error_text(631));
	assert_int_equal(notices(lab, RAS_NOTIFY_DIAL_FAILED), 0);
}

/* Those out of service, and those that nobody can dial. */
static void some_are_passed_over(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_entry *e;

	e = LINE(lab, BUSY, "setup=60s", "+15550100", GOOD);
	e->subentries[0].row_status = RAS_ROW_NOT_IN_SERVICE;
	e->subentries[1].device_type = RAS_DEVICE_MODEM;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	expect_used(conn, 30, GOOD);
	assert_int_equal(told(RAS_OPEN_PORT), 2);
}

static void not_in_other_modes(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	LINE(lab, BUSY, GOOD)->link_mode = RAS_LINK_MODE_SINGLE;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	expect_used(conn, 0, BUSY);
	assert_string_equal(lab_info(conn).last_error.text, ras_error_text(676));
}

/* ---- another device type ---- */

static int other_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	if (str_equal(entry->device_name, "/dev/other"))
		return 0;
	ras_error_set(ret_error, 615, RAS_BACKEND_NONE, NULL);
	return -EINVAL;
}

static int other_dial(struct ras_call *call)
{
	const struct ras_entry *entry = ras_call_entry(call);

	assert_int_equal(entry->device_type, RAS_DEVICE_DIRECT_SERIAL);
	assert_string_equal(ras_call_device_name(call), "/dev/other");
	return str_equal(ras_call_destination(call), "good") ? 0 : ras_call_fail(call, 676, RAS_BACKEND_NONE, NULL);
}

static void nothing(struct ras_call *call)
{
	(void)call;
}

static int other_watch(struct ras_call *call)
{
	int r;

	do
		r = ras_call_wait(call, NULL, 0, -1);
	while (r >= 0);
	return r;
}

static const struct ras_driver other_driver = {
	.name = "other",
	.device_types = 1u << RAS_DEVICE_DIRECT_SERIAL,
	.stats_interval_ms = 1000,
	.check = other_check,
	.dial = other_dial,
	.watch = other_watch,
	.hang_up = nothing,
	.release = nothing,
};

static void of_another_type(void **state)
{
	static const struct ras_driver *const drivers[] = {&ras_driver_loopback, &other_driver, NULL};
	struct lab *lab = *state;
	struct ras_history_row h;
	struct ras_conn *conn;
	struct ras_entry *e = LINE(lab, BUSY, "x", "good");

	for (size_t i = 0; i < e->n_subentries; i++)
		e->subentries[i].device_type = RAS_DEVICE_DIRECT_SERIAL;
	/* The first is of a device that its driver does not take. */
	str_copy(e->subentries[0].device_name, "/dev/none", RAS_DEVICE_NAME_MAX);
	str_copy(e->subentries[1].device_name, "/dev/other", RAS_DEVICE_NAME_MAX);
	lab->drivers = drivers;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	expect_used(conn, 20, "good");
	assert_string_equal(lab_info(conn).device_name, "/dev/other");
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	h = expect_one_attempt(lab, conn);
	assert_int_equal(h.device_type, RAS_DEVICE_DIRECT_SERIAL);
	assert_string_equal(h.device_name, "/dev/other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(second_answers),        LAB_TEST(all_busy),
		LAB_TEST(order_is_kept),         LAB_TEST(refusal_ends_the_walk),
		LAB_TEST(each_has_its_deadline), LAB_TEST(last_deadline_is_the_end),
		LAB_TEST(hang_up_in_the_second), LAB_TEST(some_are_passed_over),
		LAB_TEST(not_in_other_modes),    LAB_TEST(of_another_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
