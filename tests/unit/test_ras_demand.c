/* SPDX-License-Identifier: BSD-2-Clause */
/* Dial mode onDemand: nothing is dialed before there is traffic, and nobody sees a call before. */
#include <string.h>

#include "engine_asked.h"

static struct ras_entry *line(struct lab *lab, const char *name, const char *destination)
{
	struct ras_entry *e = lab_line(lab, name, destination);

	e->dial_mode = RAS_DIAL_MODE_ON_DEMAND;
	str_copy(e->local_address, "10.1.0.2", sizeof(e->local_address));
	str_copy(e->peer_address, "10.1.0.1", sizeof(e->peer_address));
	return e;
}

static void wait_for(const struct lab *lab, const char *name, enum ras_status status)
{
	lab_wait_status(lab, lab_conn(lab, name), status);
}

static size_t records(const struct lab *lab)
{
	DIR *dir = opendir(lab->run_dir);
	const struct dirent *d;
	size_t n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)))
		n += strstr(d->d_name, ".link") != NULL;
	closedir(dir);
	return n;
}

static void expect_no_call(const struct lab *lab, const char *name)
{
	struct ras_conn_info info = row(lab, name);

	assert_int_equal(info.status, RAS_STATUS_WAITING);
	assert_int_equal(info.state, RAS_DISCONNECTED);
	assert_int_equal(info.desired, RAS_DESIRED_UP);
	assert_int_equal(info.thread_state, RAS_THREAD_WAITING);
	assert_int_equal(info.call_id, 0);
	assert_int_equal(info.counters.attempts, 0);
	lab_check_sums(lab);
}

/* Started with the agent; a dial changes nothing; hangUp puts it away, without an attempt, until it is dialed. */
static void waits_and_is_put_away(void **state)
{
	struct lab *lab = *state;

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 1;
	line(lab, "a", "setup=10ms,demand=600s");
	line(lab, "b", "setup=10ms,demand=600s");
	lab_start(lab);
	/* They need no place. */
	wait_for(lab, "a", RAS_STATUS_WAITING);
	wait_for(lab, "b", RAS_STATUS_WAITING);
	expect_no_call(lab, "a");
	ask(lab, "a", RAS_ACTION_DIAL);
	expect_no_call(lab, "a");
	LAB_WAIT(lab, records(lab) == 2);
	ask(lab, "a", RAS_ACTION_HANG_UP);
	wait_for(lab, "a", RAS_STATUS_DOWN);
	assert_int_equal(row(lab, "a").last_hist_index, 0);
	assert_int_equal(records(lab), 1);
	lab_stop(lab);
	lab_start(lab);
	assert_int_equal(row(lab, "a").status, RAS_STATUS_DOWN);
	wait_for(lab, "b", RAS_STATUS_WAITING);
	ask(lab, "a", RAS_ACTION_DIAL);
	expect_no_call(lab, "a");
	ask(lab, "a", RAS_ACTION_REDIAL);
	wait_for(lab, "a", RAS_STATUS_WAITING);
	expect_no_call(lab, "a");
	set_mode(lab, RAS_ADMIN_DRAIN);
	wait_for(lab, "a", RAS_STATUS_DOWN);
	set_mode(lab, RAS_ADMIN_ENABLED);
	wait_for(lab, "a", RAS_STATUS_WAITING);
	expect_no_call(lab, "a");
}

/* A packet, a call; idle, and the next packet makes the next call. */
static void dials_with_the_traffic(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row h;

	line(lab, "hq", "setup=10ms,demand=50ms")->idle_timeout = 1;
	lab_start(lab);
	LAB_WAIT(lab, row(lab, "hq").counters.successes == 2);
	wait_for(lab, "hq", RAS_STATUS_UP);
	ask(lab, "hq", RAS_ACTION_HANG_UP);
	wait_for(lab, "hq", RAS_STATUS_DOWN);
	assert_int_equal(ras_history_next(lab->ras, 0, &h), 0);
	assert_int_equal(h.trigger, RAS_TRIGGER_ON_DEMAND);
	assert_int_equal(h.error.code, 828);
	assert_true(h.setup_duration_ms < 10000);
	assert_int_equal(row(lab, "hq").desired, RAS_DESIRED_DOWN);
	assert_int_equal(records(lab), 0);
	lab_check_sums(lab);
}

/* DialTimeout begins with the packet. */
static void deadline_begins_with_the_packet(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row h;

	line(lab, "hq", "setup=60s,demand=1200ms")->dial_timeout = 1;
	lab_start(lab);
	wait_for(lab, "hq", RAS_STATUS_FAILED);
	assert_int_equal(row(lab, "hq").last_error.code, 638);
	assert_int_equal(ras_history_next(lab->ras, 0, &h), 0);
	assert_true(h.setup_duration_ms >= 900);
	lab_check_sums(lab);
}

static void of_a_line_that_cannot(void **state)
{
	struct lab *lab = *state;

	line(lab, "hq", "setup=10ms");
	line(lab, "no address", "setup=10ms,demand=1s")->peer_address[0] = '\0';
	lab_start(lab);
	wait_for(lab, "hq", RAS_STATUS_FAILED);
	assert_int_equal(row(lab, "hq").last_error.code, 716);
	assert_non_null(strstr(row(lab, "hq").last_error.text, "on demand"));
	assert_int_equal(row(lab, "hq").counters.failures, 1);
	assert_int_equal(row(lab, "no address").status, RAS_STATUS_NOT_READY);
	lab_check_sums(lab);
}

/* A row that changes waits anew, as it is now. */
static void follows_its_row(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e;

	line(lab, "hq", "setup=10ms,demand=600s");
	lab_start(lab);
	wait_for(lab, "hq", RAS_STATUS_WAITING);
	e = ras_entry_copy(lab->entries[0]);
	assert_non_null(e);
	str_copy(e->destination, "setup=10ms,demand=10ms", sizeof(e->destination));
	ras_entry_unref(lab->entries[0]);
	lab->entries[0] = e;
	load(lab);
	wait_for(lab, "hq", RAS_STATUS_UP);
	ask(lab, "hq", RAS_ACTION_HANG_UP);
	wait_for(lab, "hq", RAS_STATUS_DOWN);
	/* By request only. */
	e = ras_entry_copy(e);
	assert_non_null(e);
	str_copy(e->destination, "setup=10ms,demand=600s", sizeof(e->destination));
	ras_entry_unref(lab->entries[0]);
	lab->entries[0] = e;
	load(lab);
	ask(lab, "hq", RAS_ACTION_DIAL);
	wait_for(lab, "hq", RAS_STATUS_WAITING);
	e = ras_entry_copy(e);
	assert_non_null(e);
	e->dial_mode = RAS_DIAL_MODE_MANUAL;
	ras_entry_unref(lab->entries[0]);
	lab->entries[0] = e;
	load(lab);
	wait_for(lab, "hq", RAS_STATUS_DOWN);
	assert_int_equal(row(lab, "hq").counters.attempts, 1);
	lab->n_entries = 0;
	load(lab);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	lab->n_entries = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(waits_and_is_put_away),
		ROWS_TEST(dials_with_the_traffic),
		ROWS_TEST(deadline_begins_with_the_packet),
		ROWS_TEST(of_a_line_that_cannot),
		ROWS_TEST(follows_its_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
