/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications on their way: each one owed is sent, suppressed, pending or dropped, and counted as such once. */
#include <poll.h>

#include "engine_lab.h"
#include "ras/engine.h"

#define ENTRIES 8
#define SILENT 9 /* an entry that permits none */

static int set_up(void **state)
{
	struct lab *lab = lab_new();

	*state = lab;
	lab->settings.notify_queue = 4;
	for (unsigned i = 1; i <= ENTRIES; i++) {
		char name[RAS_NAME_MAX];

		snprintf(name, sizeof(name), "n%u", i);
		lab_line(lab, name, "")->notify_types = (1u << RAS_NOTIFY_MAX) - 1;
	}
	lab_line(lab, "silent", "")->notify_types = 0;
	lab_open(lab);
	return 0;
}

static int tear_down(void **state)
{
	lab_free(*state);
	return 0;
}

/* ---- helpers ---- */

static unsigned posted;

/* Owes a notification of an entry; which one it was is told by call_seconds. */
static void post(const struct lab *lab, unsigned entry, enum ras_notify_type type, uint32_t number)
{
	struct ras_conn *conn = ras_conn_find(lab->ras, entry);

	pthread_mutex_lock(&conn->lock);
	conn_notice(conn, type, RAS_STATUS_DOWN, number);
	pthread_mutex_unlock(&conn->lock);
	posted++;
}

static void expect_counts(const struct lab *lab, unsigned sent, unsigned suppressed, unsigned pending, unsigned dropped)
{
	struct ras_totals t;

	ras_totals_get(lab->ras, &t);
	assert_int_equal(t.notify_sent, sent);
	assert_int_equal(t.notify_suppressed, suppressed);
	assert_int_equal(t.notify_pending, pending);
	assert_int_equal(t.notify_dropped, dropped);
}

static void expect_next(const struct lab *lab, unsigned entry, enum ras_notify_type type, uint32_t number)
{
	struct ras_notice notice;

	assert_true(ras_notices_take(lab->ras, &notice));
	assert_int_equal(notice.conn.index, entry);
	assert_string_equal(notice.entry_name, ras_conn_entry(ras_conn_find(lab->ras, entry))->name);
	assert_int_equal(notice.type, type);
	assert_int_equal(notice.call_seconds, number);
}

static void expect_none(const struct lab *lab)
{
	struct ras_notice notice;

	assert_false(ras_notices_take(lab->ras, &notice));
}

static bool wakes(const struct lab *lab)
{
	struct pollfd p = {.fd = ras_wake_fd(lab->ras), .events = POLLIN};
	bool awake = poll(&p, 1, 0) == 1;

	fd_event_drain(p.fd);
	return awake;
}

/* ---- tests ---- */

static void nothing_is_owed(void **state)
{
	struct lab *lab = *state;

	expect_counts(lab, 0, 0, 0, 0);
	expect_none(lab);
	ras_notices_connected(lab->ras, true);
	expect_none(lab);
}

static void sent_in_their_order(void **state)
{
	struct lab *lab = *state;

	ras_notices_connected(lab->ras, true);
	wakes(lab);
	post(lab, 2, RAS_NOTIFY_DIAL_FAILED, 1);
	assert_true(wakes(lab));
	post(lab, 1, RAS_NOTIFY_CONNECTED, 2);
	post(lab, 2, RAS_NOTIFY_CONNECTED, 3);
	expect_counts(lab, 0, 0, 3, 0);
	expect_next(lab, 2, RAS_NOTIFY_DIAL_FAILED, 1);
	expect_counts(lab, 1, 0, 2, 0);
	expect_next(lab, 1, RAS_NOTIFY_CONNECTED, 2);
	expect_next(lab, 2, RAS_NOTIFY_CONNECTED, 3);
	expect_none(lab);
	expect_counts(lab, 3, 0, 0, 0);
}

/* Both the entry and the agent must permit one; what is not permitted is not owed and not counted. */
static void masks(void **state)
{
	struct lab *lab = *state;

	ras_notices_connected(lab->ras, true);
	for (enum ras_notify_type type = 0; type < RAS_NOTIFY_MAX; type++) {
		ras_setting_apply(lab->ras, RAS_SETTING_NOTIFY_TYPES, ~(1u << type));
		post(lab, 1, type, type);
		expect_none(lab);
		ras_setting_apply(lab->ras, RAS_SETTING_NOTIFY_TYPES, 1u << type);
		post(lab, 1, type, type);
		expect_next(lab, 1, type, type);
	}
	expect_counts(lab, RAS_NOTIFY_MAX, 0, 0, 0);
	ras_setting_apply(lab->ras, RAS_SETTING_NOTIFY_TYPES, (1u << RAS_NOTIFY_MAX) - 1);
	post(lab, SILENT, RAS_NOTIFY_CONNECTED, 0);
	expect_counts(lab, RAS_NOTIFY_MAX, 0, 0, 0);
}

static void values_of_the_moment(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = ras_conn_find(lab->ras, 1);
	struct ras_notice notice;

	pthread_mutex_lock(&conn->lock);
	conn->info.call_id = 7;
	conn->info.last_error.code = 676;
	conn_notice(conn, RAS_NOTIFY_DIAL_FAILED, RAS_STATUS_DIALING, 0);
	conn->info.call_id = 8;
	conn->info.last_error.code = 0;
	pthread_mutex_unlock(&conn->lock);
	ras_notices_connected(lab->ras, true);
	assert_true(ras_notices_take(lab->ras, &notice));
	assert_int_equal(notice.conn.call_id, 7);
	assert_int_equal(notice.conn.last_error.code, 676);
	assert_int_equal(notice.old_status, RAS_STATUS_DIALING);
}

/* Without a master they wait; the newest of an entry and type takes the place of the older. */
static void waiting_for_a_master(void **state)
{
	struct lab *lab = *state;

	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 1);
	post(lab, 1, RAS_NOTIFY_CONNECTED, 2);
	post(lab, 2, RAS_NOTIFY_DIAL_FAILED, 3);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 4);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 5);
	expect_none(lab);
	expect_counts(lab, 0, 2, 3, 0);
	wakes(lab);
	ras_notices_connected(lab->ras, true);
	assert_true(wakes(lab));
	expect_next(lab, 1, RAS_NOTIFY_CONNECTED, 2);
	expect_next(lab, 2, RAS_NOTIFY_DIAL_FAILED, 3);
	expect_next(lab, 1, RAS_NOTIFY_DIAL_FAILED, 5);
	expect_none(lab);
	expect_counts(lab, 3, 2, 0, 0);
}

static void with_a_master_none_is_replaced(void **state)
{
	struct lab *lab = *state;

	ras_notices_connected(lab->ras, true);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 1);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 2);
	expect_counts(lab, 0, 0, 2, 0);
	expect_next(lab, 1, RAS_NOTIFY_DIAL_FAILED, 1);
	expect_next(lab, 1, RAS_NOTIFY_DIAL_FAILED, 2);
}

/* A master that goes while notifications wait: they wait on. */
static void master_comes_and_goes(void **state)
{
	struct lab *lab = *state;

	ras_notices_connected(lab->ras, true);
	post(lab, 1, RAS_NOTIFY_CONNECTED, 1);
	post(lab, 2, RAS_NOTIFY_CONNECTED, 2);
	expect_next(lab, 1, RAS_NOTIFY_CONNECTED, 1);
	ras_notices_connected(lab->ras, false);
	expect_none(lab);
	post(lab, 3, RAS_NOTIFY_CONNECTED, 3);
	ras_notices_connected(lab->ras, true);
	expect_next(lab, 2, RAS_NOTIFY_CONNECTED, 2);
	expect_next(lab, 3, RAS_NOTIFY_CONNECTED, 3);
	expect_counts(lab, 3, 0, 0, 0);
}

static void least_interval(void **state)
{
	struct lab *lab = *state;

	ras_setting_apply(lab->ras, RAS_SETTING_NOTIFY_MIN_INTERVAL, 3600);
	ras_notices_connected(lab->ras, true);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 1);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 2);
	expect_next(lab, 1, RAS_NOTIFY_DIAL_FAILED, 1);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 3);
	expect_none(lab);
	expect_counts(lab, 1, 2, 0, 0);
	/* It holds for each type and each entry by itself. */
	post(lab, 1, RAS_NOTIFY_CONNECTED, 4);
	post(lab, 2, RAS_NOTIFY_DIAL_FAILED, 5);
	expect_next(lab, 1, RAS_NOTIFY_CONNECTED, 4);
	expect_next(lab, 2, RAS_NOTIFY_DIAL_FAILED, 5);
	/* Exhaustion is never held back. */
	post(lab, 1, RAS_NOTIFY_REDIAL_EXHAUSTED, 6);
	post(lab, 1, RAS_NOTIFY_REDIAL_EXHAUSTED, 7);
	expect_next(lab, 1, RAS_NOTIFY_REDIAL_EXHAUSTED, 6);
	expect_next(lab, 1, RAS_NOTIFY_REDIAL_EXHAUSTED, 7);
	ras_setting_apply(lab->ras, RAS_SETTING_NOTIFY_MIN_INTERVAL, 0);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 8);
	expect_next(lab, 1, RAS_NOTIFY_DIAL_FAILED, 8);
}

/* What waits shows the latest even if that comes too soon to be sent by itself. */
static void interval_while_waiting(void **state)
{
	struct lab *lab = *state;

	ras_setting_apply(lab->ras, RAS_SETTING_NOTIFY_MIN_INTERVAL, 3600);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 1);
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 2);
	ras_notices_connected(lab->ras, true);
	expect_next(lab, 1, RAS_NOTIFY_DIAL_FAILED, 2);
	expect_none(lab);
	expect_counts(lab, 1, 1, 0, 0);
}

static void too_many_wait(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 1; i <= 6; i++)
		post(lab, i, RAS_NOTIFY_DIAL_FAILED, i);
	expect_counts(lab, 0, 0, 4, 2);
	/* What waits already can be replaced without loss. */
	post(lab, 3, RAS_NOTIFY_DIAL_FAILED, 7);
	expect_counts(lab, 0, 1, 4, 2);
	/* One that was dropped comes as a new one. */
	post(lab, 1, RAS_NOTIFY_DIAL_FAILED, 8);
	expect_counts(lab, 0, 1, 4, 3);
	ras_notices_connected(lab->ras, true);
	expect_next(lab, 5, RAS_NOTIFY_DIAL_FAILED, 5);
	expect_next(lab, 6, RAS_NOTIFY_DIAL_FAILED, 6);
	expect_next(lab, 3, RAS_NOTIFY_DIAL_FAILED, 7);
	expect_next(lab, 1, RAS_NOTIFY_DIAL_FAILED, 8);
	expect_none(lab);
}

/* Whatever comes, in whatever order: the sum is what was owed. */
static void the_sum_is_right(void **state)
{
	struct lab *lab = *state;
	unsigned seed = 1;
	struct ras_totals t;

	posted = 0;
	for (unsigned i = 0; i < 50000; i++) {
		struct ras_notice notice;
		unsigned what = (unsigned)rand_r(&seed) % 16;

		if (what < 10)
			post(lab, 1 + (unsigned)rand_r(&seed) % ENTRIES, (unsigned)rand_r(&seed) % RAS_NOTIFY_MAX, i);
		else if (what < 14)
			ras_notices_take(lab->ras, &notice);
		else if (what < 15)
			ras_notices_connected(lab->ras, rand_r(&seed) % 2 == 0);
		else
			ras_setting_apply(lab->ras, RAS_SETTING_NOTIFY_MIN_INTERVAL, rand_r(&seed) % 4 == 0 ? 3600 : 0);
		ras_totals_get(lab->ras, &t);
		assert_true(t.notify_pending <= 4);
		assert_int_equal(t.notify_sent + t.notify_suppressed + t.notify_pending + t.notify_dropped, posted);
	}
	assert_true(t.notify_sent > 0 && t.notify_suppressed > 0 && t.notify_dropped > 0);
}

/* The end with notifications that still wait leaves no memory behind (which other tools see). */
static void some_wait_at_the_end(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 1; i <= 4; i++)
		post(lab, i, RAS_NOTIFY_CONNECTED, i);
	expect_counts(lab, 0, 0, 4, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_owed),       TEST(sent_in_their_order),  TEST(masks),
		TEST(values_of_the_moment),  TEST(waiting_for_a_master), TEST(with_a_master_none_is_replaced),
		TEST(master_comes_and_goes), TEST(least_interval),       TEST(interval_while_waiting),
		TEST(too_many_wait),         TEST(the_sum_is_right),     TEST(some_wait_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
