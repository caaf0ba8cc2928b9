/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic of calls: that of the moment for whoever looks, or what the dial thread has read last, as the driver has it.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "engine_lab.h"
#include "ras/driver.h"

#define OCTETS_PER_MS 7 /* of a simulated line with load=100 */

static int setup(void **state)
{
	*state = lab_new();
	return 0;
}

static int teardown(void **state)
{
	lab_free(*state);
	return 0;
}

static struct ras_conn *up(struct lab *lab, const char *destination)
{
	struct ras_conn *conn;

	lab_line(lab, "hq", destination);
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	return conn;
}

static void of_the_moment(void **state)
{
	struct lab *lab = *state;
	const struct ras_conn *conn = up(lab, "setup=0ms,load=100");
	uint64_t last = 0;

	for (int changes = 0; changes < 20;) {
		int64_t before = clock_mono_ms();
		struct ras_conn_info info = lab_info(conn);
		int64_t after = clock_mono_ms();

		assert_in_range(info.call_traffic.in_octets, (before - info.up_since_mono_ms) * OCTETS_PER_MS,
				(after - info.up_since_mono_ms) * OCTETS_PER_MS);
		assert_int_equal(info.counters.traffic.in_octets, info.call_traffic.in_octets);
		changes += info.call_traffic.in_octets > last;
		last = info.call_traffic.in_octets;
		lab_rest();
	}
}

static uint64_t seen_until_down(const struct ras_conn *conn, uint64_t least)
{
	struct ras_conn_info info;

	do {
		info = lab_info(conn);
		assert_true(info.counters.traffic.in_octets >= least);
		least = info.counters.traffic.in_octets;
	} while (info.status != RAS_STATUS_DOWN);
	assert_int_equal(info.call_traffic.in_octets, 0);
	return least;
}

/* Nor when the line is let go, or dialed again; and the history has the same. */
static void never_goes_back(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = up(lab, "setup=0ms,load=1000");
	struct ras_history_row row = {.index = 0};
	uint64_t sum = 0;

	for (int i = 0; i < 20; i++) {
		uint64_t before = sum;

		LAB_WAIT(lab, lab_info(conn).call_traffic.in_octets > 0);
		ras_hang_up(conn);
		sum = seen_until_down(conn, sum);
		LAB_WAIT(lab, lab_info(conn).thread_id == 0);
		assert_int_equal(ras_history_next(lab->ras, row.index + 1, &row), 0);
		assert_int_equal(row.in_octets, sum - before);
		assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	}
}

/* Over the end of an agent the line goes on, and so does its traffic. */
static void over_adoption(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = up(lab, "setup=0ms,load=100");
	struct ras_conn_info before, after;

	LAB_WAIT(lab, lab_info(conn).call_traffic.in_octets > 0);
	before = lab_info(conn);
	lab_stop(lab);
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	LAB_WAIT(lab, lab_info(conn).call_traffic.in_octets > before.call_traffic.in_octets);
	after = lab_info(conn);
	assert_int_equal(after.up_since_mono_ms, before.up_since_mono_ms);
	assert_int_equal(after.counters.traffic.in_octets, after.call_traffic.in_octets);
}

/* ---- a driver that is asked from time to time ---- */

static atomic_uint readings;
static pthread_t owner;

static int reading(struct ras_call *call, struct ras_traffic *ret)
{
	(void)call;
	assert_false(pthread_equal(pthread_self(), owner));
	*ret = (struct ras_traffic){.in_octets = atomic_fetch_add(&readings, 1) + 1};
	return 0;
}

static void by_the_thread_alone(void **state)
{
	struct ras_driver driver = ras_driver_loopback;
	const struct ras_driver *const drivers[] = {&driver, NULL};
	struct lab *lab = *state;
	const struct ras_conn *conn;
	struct ras_conn_info info;

	owner = pthread_self();
	driver.stats_interval_ms = 10;
	driver.traffic = reading;
	lab->drivers = drivers;
	conn = up(lab, "setup=0ms");
	LAB_WAIT(lab, lab_info(conn).call_traffic.in_octets >= 5);
	info = lab_info(conn);
	assert_true(info.call_traffic.in_octets <= atomic_load(&readings));
	lab_stop(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_the_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(never_goes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(over_adoption, setup, teardown),
		cmocka_unit_test_setup_teardown(by_the_thread_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
