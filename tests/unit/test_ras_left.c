/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine whose threads do not end in time, and the one that follows it in the same process: the second has the
 * directories for itself, and the first spoils nothing when it gets round to its end. */
#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "engine_lab.h"

/* ---- a line; the first that is hung up does not let go ---- */

static sem_t let_go;
static atomic_bool hold, held;

static int gate_dial(struct ras_call *call)
{
	(void)call;
	return 0;
}

static int gate_watch(struct ras_call *call)
{
	int r;

	do
		r = ras_call_wait(call, NULL, 0, -1);
	while (r >= 0);
	return r;
}

static void gate_hang_up(struct ras_call *call)
{
	(void)call;
	if (!atomic_exchange(&hold, false))
		return;
	atomic_store(&held, true);
	sem_wait(&let_go);
}

static void gate_release(struct ras_call *call)
{
	(void)call;
}

static int gate_adopt(struct ras_call *call, const struct record *record, bool up)
{
	(void)call;
	(void)record;
	(void)up;
	return 0;
}

static const struct ras_driver gate = {
	.name = "gate",
	.device_types = 1u << RAS_DEVICE_LOOPBACK,
	.stats_interval_ms = 1000,
	.dial = gate_dial,
	.watch = gate_watch,
	.hang_up = gate_hang_up,
	.release = gate_release,
	.adopt = gate_adopt,
};
static const struct ras_driver *const gate_drivers[] = {&gate, NULL};

/* ---- */

static uint32_t history_rows(const struct lab *lab)
{
	struct ras_totals totals;

	ras_totals_get(lab->ras, &totals);
	return totals.hist_entries;
}

static unsigned records(const struct lab *lab)
{
	DIR *dir = opendir(lab->run_dir);
	unsigned n = 0;

	assert_non_null(dir);
	for (const struct dirent *d = readdir(dir); d; d = readdir(dir))
		n += strstr(d->d_name, ".link") != NULL;
	closedir(dir);
	return n;
}

static struct ras_conn *dial(struct lab *lab)
{
	struct ras_conn *conn = lab_conn(lab, "hq");

	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	return conn;
}

/* An engine with a thread that hangs up and does not get done with it. */
static struct ras *leave(struct lab *lab)
{
	struct ras *left;

	sem_init(&let_go, 0, 0);
	atomic_store(&hold, true);
	atomic_store(&held, false);
	lab->drivers = gate_drivers;
	lab_line(lab, "hq", "");
	lab_start(lab);
	ras_hang_up(dial(lab));
	LAB_WAIT(lab, atomic_load(&held));
	assert_int_equal(ras_stop(lab->ras, 10), -ETIMEDOUT);
	left = ras_free(lab->ras);
	lab->ras = NULL;
	assert_non_null(left);
	assert_ptr_equal(ras_free(left), left);
	return left;
}

static void let_end(struct ras *left)
{
	int64_t end = clock_mono_ms() + LAB_PATIENCE_MS;

	sem_post(&let_go);
	while (ras_free(left)) {
		assert_true(clock_mono_ms() < end);
		lab_rest();
	}
	sem_destroy(&let_go);
}

/* The second one makes an end of the call, as was asked for, and dials anew; nothing of that is touched when the thread
 * of the first one gets round to its end. */
static void second_engine(void **state)
{
	struct lab *lab = *state;
	struct ras *left = leave(lab);
	struct ras_totals totals;
	struct ras_conn *conn;

	lab_start(lab);
	conn = lab_conn(lab, "hq");
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(conn).last_error.code, 631);
	assert_int_equal(history_rows(lab), 1);
	assert_int_equal(records(lab), 0);
	dial(lab);
	assert_int_equal(records(lab), 1);

	let_end(left);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(history_rows(lab), 1);
	assert_int_equal(records(lab), 1);
	lab_check_sums(lab);
	lab_stop(lab);
	assert_int_equal(records(lab), 1);

	/* And so it is kept. */
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).counters.attempts, 2);
	assert_int_equal(history_rows(lab), 1);
	ras_totals_get(lab->ras, &totals);
	assert_int_equal(totals.storage_problems, 0);
}

/* If nobody follows, the next start finds what the thread had not got done: all of the call. */
static void nobody_follows(void **state)
{
	struct lab *lab = *state;
	struct ras *left = leave(lab);

	let_end(left);
	assert_int_equal(records(lab), 1);
	lab_start(lab);
	lab_wait_status(lab, lab_conn(lab, "hq"), RAS_STATUS_DOWN);
	assert_int_equal(history_rows(lab), 1);
	assert_int_equal(records(lab), 0);
	lab_check_sums(lab);
}

/* on-exit: hang-up is about the end of the agent, not about another engine in its place. */
static void links_are_kept(void **state)
{
	struct lab *lab = *state;

	lab->drivers = gate_drivers;
	lab->settings.hang_up_on_exit = true;
	lab_line(lab, "hq", "");
	lab_start(lab);
	dial(lab);
	ras_keep_links(lab->ras);
	lab_stop(lab);
	assert_int_equal(records(lab), 1);
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).status, RAS_STATUS_UP);
	lab_stop(lab);
	assert_int_equal(records(lab), 0);
}

static int set_up(void **state)
{
	*state = lab_new();
	return 0;
}

static int tear_down(void **state)
{
	lab_free(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(second_engine), TEST(nobody_follows), TEST(links_are_kept)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
