/* SPDX-License-Identifier: BSD-2-Clause */
/* Link modes dialAll and dialAsNeeded: several links, one connection. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "engine_told.h"

#define GOOD "setup=10ms"
#define BUSY "setup=10ms,fail=676"

/* ---- helpers ---- */

static struct ras_entry *bundle(struct lab *lab, const char *first, const char *second)
{
	struct ras_entry *e = lab_line(lab, "hq", first);

	e->link_mode = RAS_LINK_MODE_DIAL_ALL;
	e->notify_types |= 1u << RAS_NOTIFY_LINK_CHANGE;
	e->redial_max = 0;
	e->redial_pause = 1;
	e->subentries = calloc(2, sizeof(*e->subentries));
	assert_non_null(e->subentries);
	e->n_subentries = 2;
	e->subentries[0] = (struct ras_subentry){.index = 7,
						 .device_type = RAS_DEVICE_OTHER,
						 .row_status = RAS_ROW_ACTIVE};
	str_copy(e->subentries[0].destination, second, sizeof(e->subentries[0].destination));
	/* Out of service: no link. */
	e->subentries[1] = (struct ras_subentry){.index = 9,
						 .device_type = RAS_DEVICE_OTHER,
						 .row_status = RAS_ROW_NOT_IN_SERVICE};
	return e;
}

static struct ras_conn *dial(const struct lab *lab)
{
	struct ras_conn *conn = lab_conn(lab, "hq");

	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	return conn;
}

static struct ras_link link_of(const struct ras_conn *conn, uint32_t subentry)
{
	struct ras_link link = {.subentry = UINT32_MAX};

	ras_conn_link(conn, subentry, &link);
	return link;
}

/* How many of a type wait; of linkChange those of one link. */
static size_t notices(const struct lab *lab, enum ras_notify_type type, uint32_t subentry)
{
	struct ras_notice notice;
	size_t n = 0;

	ras_notices_connected(lab->ras, true);
	while (ras_notices_take(lab->ras, &notice))
		n += notice.type == type && (type != RAS_NOTIFY_LINK_CHANGE || notice.link.subentry == subentry);
	ras_notices_connected(lab->ras, false);
	return n;
}

static void hang_up(const struct lab *lab, struct ras_conn *conn)
{
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(conn).links_up, 0);
	lab_check_sums(lab);
}

static void expect_counts(const struct ras_conn *conn, uint32_t successes, uint32_t failures, uint32_t drops)
{
	struct ras_conn_info info = lab_info(conn);

	assert_int_equal(info.counters.attempts, successes + failures);
	assert_int_equal(info.counters.successes, successes);
	assert_int_equal(info.counters.failures, failures);
	assert_int_equal(info.counters.drops, drops);
}

/* ---- tests ---- */

static void too_many_links(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, GOOD, GOOD);
	struct ras_conn *conn;

	free(e->subentries);
	e->n_subentries = 8;
	e->subentries = calloc(e->n_subentries, sizeof(*e->subentries));
	assert_non_null(e->subentries);
	for (size_t i = 0; i < e->n_subentries; i++)
		e->subentries[i] = (struct ras_subentry){.index = (uint32_t)i + 1,
							 .device_type = RAS_DEVICE_OTHER,
							 .destination = GOOD,
							 .row_status = RAS_ROW_ACTIVE};
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 716);
	assert_non_null(strstr(lab_info(conn).last_error.text, "8 links at most"));
	expect_counts(conn, 0, 1, 0);
}

static void both_come_up(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	bundle(lab, GOOD, "setup=200ms");
	lab_start(lab);
	ras_notices_connected(lab->ras, true);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	assert_int_equal(link_of(conn, 0).status, RAS_STATUS_UP);
	assert_int_equal(link_of(conn, 7).state, RAS_CONNECTED);
	assert_int_equal(link_of(conn, 7).attempts, 1);
	assert_int_equal(link_of(conn, 7).failures, 0);
	assert_int_not_equal(link_of(conn, 7).ifindex, 0);
	assert_int_equal(link_of(conn, 9).subentry, UINT32_MAX);
	assert_int_equal(notices(lab, RAS_NOTIFY_LINK_CHANGE, 7), 1);
	hang_up(lab, conn);
	assert_int_equal(link_of(conn, 0).status, RAS_STATUS_DOWN);
	assert_int_equal(link_of(conn, 7).status, RAS_STATUS_DOWN);
	assert_int_equal(link_of(conn, 7).ifindex, 0);
	expect_counts(conn, 1, 0, 0);
	assert_true(only_history_row(lab).connected);
}

static void first_is_lost_and_dialed_again(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, "setup=10ms,drop=300ms", GOOD);
	struct ras_conn *conn;

	e->redial_on_drop = true;
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	LAB_WAIT(lab, link_of(conn, 0).status == RAS_STATUS_WAITING_REDIAL);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(link_of(conn, 0).last_error.code, 829);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	assert_true(link_of(conn, 0).attempts >= 2);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
}

static void second_is_lost(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	bundle(lab, GOOD, "setup=10ms,drop=100ms,dropcode=629");
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, link_of(conn, 7).status == RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).links_up, 1);
	assert_int_equal(link_of(conn, 7).last_error.cause, RAS_CAUSE_REMOTE_HANGUP);
	assert_int_equal(lab_info(conn).last_error.code, 0);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
}

static void both_are_lost(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	bundle(lab, "setup=10ms,drop=300ms", "setup=10ms,drop=100ms,dropcode=629");
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 829);
	assert_int_equal(lab_info(conn).links_up, 0);
	expect_counts(conn, 1, 0, 1);
	assert_int_equal(notices(lab, RAS_NOTIFY_DISCONNECTED, 0), 1);
	assert_true(only_history_row(lab).connected);
}

static void one_fails_and_is_redialed(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, BUSY ",fails=1", GOOD);
	struct ras_conn *conn;

	e->redial_max = 1;
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	assert_int_equal(link_of(conn, 0).attempts, 2);
	assert_int_equal(link_of(conn, 0).failures, 1);
	assert_int_equal(link_of(conn, 0).last_error.code, 676);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
}

static void all_fail(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	bundle(lab, BUSY, "setup=50ms,fail=678");
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 676);
	assert_int_equal(link_of(conn, 7).last_error.code, 678);
	expect_counts(conn, 0, 1, 0);
	assert_false(only_history_row(lab).connected);
	lab_check_sums(lab);
}

static void refused_is_not_redialed(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, GOOD, "setup=10ms,fail=691");
	struct ras_conn *conn;

	e->redial_max = 5;
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, link_of(conn, 7).status == RAS_STATUS_FAILED);
	assert_int_equal(link_of(conn, 7).attempts, 1);
	hang_up(lab, conn);
}

static void hang_up_in_set_up(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	bundle(lab, "setup=60s", "setup=60s");
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, link_of(conn, 7).status == RAS_STATUS_DIALING);
	hang_up(lab, conn);
	expect_counts(conn, 0, 1, 0);
	assert_int_equal(only_history_row(lab).error.code, 631);
}

static void limits_are_those_of_the_connection(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, GOOD, GOOD);
	struct ras_conn *conn;

	e->max_duration = 1;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(only_history_row(lab).error.code, 932);
	expect_counts(conn, 1, 0, 0);
}

static void idle_ends_all(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, GOOD, GOOD);
	struct ras_conn *conn;

	e->idle_timeout = 1;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(only_history_row(lab).error.code, 828);
}

/* With both links. A connection is up some time after the first of them is; an agent that ends before that ends both.
 */
static void wait_up_with_both(struct lab *lab, const struct ras_conn *conn)
{
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
}

/* An agent ends, the next one finds both links, one of them having been lost and not dialed again if n is 1. */
static void adopted(struct lab *lab, const char *second, uint32_t n)
{
	struct ras_conn_info before, after;
	struct ras_conn *conn;

	bundle(lab, GOOD, second);
	lab_start(lab);
	conn = dial(lab);
	wait_up_with_both(lab, conn);
	LAB_WAIT(lab, lab_info(conn).links_up == n);
	before = lab_info(conn);
	lab_stop(lab);
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	LAB_WAIT(lab, lab_info(conn).speed == 2 * 56000);
	after = lab_info(conn);
	assert_int_equal(after.status, RAS_STATUS_UP);
	assert_int_equal(after.call_id, before.call_id);
	assert_int_equal(after.start_time_ms, before.start_time_ms);
	assert_true(after.call_traffic.in_octets >= before.call_traffic.in_octets);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
	only_history_row(lab);
}

static void two_links_are_adopted(void **state)
{
	adopted(*state, "setup=300ms", 2);
}

static void one_link_is_adopted(void **state)
{
	adopted(*state, "setup=300ms,drop=2s", 1);
}

static atomic_bool hanging_up;

/* Takes until the agent ends, or somebody hangs up. */
static void hang_up_slowly(struct ras_call *call)
{
	atomic_store(&hanging_up, true);
	while (ras_call_wait(call, NULL, 0, -1) >= 0)
		;
	ras_driver_loopback.hang_up(call);
}

/* What it has carried is not forgotten. */
static void a_link_is_lost_while_the_agent_ends(void **state)
{
	struct lab *lab = *state;
	struct ras_driver slow = ras_driver_loopback;
	const struct ras_driver *const drivers[] = {&slow, NULL};
	struct ras_conn_info before, after;
	struct ras_conn *conn;

	slow.hang_up = hang_up_slowly;
	lab->drivers = drivers;
	atomic_store(&hanging_up, false);
	bundle(lab, GOOD, "drop=2s");
	lab_start(lab);
	conn = dial(lab);
	wait_up_with_both(lab, conn);
	LAB_WAIT(lab, atomic_load(&hanging_up));
	before = lab_info(conn);
	lab_stop(lab);
	lab->drivers = lab_drivers;
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	after = lab_info(conn);
	assert_int_equal(after.call_id, before.call_id);
	assert_true(after.call_traffic.in_octets >= before.call_traffic.in_octets);
	hang_up(lab, conn);
}

/* Takes all descriptors of this process but so many. Returns how many were taken, in ret. */
static int take_descriptors(int but, int ret[128])
{
	int n = 0;

	while (n < 128 && (ret[n] = dup(STDIN_FILENO)) >= 0)
		n++;
	for (int i = 0; i < but && n > 0; i++)
		close(ret[--n]);
	return n;
}

/* However few there are at a start, no link is given up: it is taken up at that start, a little later, or at the next.
 */
static void adopted_without_descriptors(void **state)
{
	struct lab *lab = *state;
	struct rlimit whole, few;
	struct ras_conn *conn;
	int taken[128], n;

	bundle(lab, GOOD, GOOD);
	lab_start(lab);
	conn = dial(lab);
	wait_up_with_both(lab, conn);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &whole), 0);
	few = (struct rlimit){.rlim_cur = 100, .rlim_max = whole.rlim_max};
	for (int but = 0; but < 8; but++) {
		int r;

		lab_stop(lab);
		lab_open(lab);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		n = take_descriptors(but, taken);
		r = ras_start(lab->ras);
		while (n > 0)
			close(taken[--n]);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &whole), 0);
		if (r < 0) {
			lab_stop(lab);
			lab_start(lab);
		}
		conn = lab_conn(lab, "hq");
		wait_up_with_both(lab, conn);
		expect_counts(conn, 1, 0, 0);
	}
	hang_up(lab, conn);
}

static void put_record(const struct lab *lab, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", lab->run_dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
}

static bool has_record(const struct lab *lab, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", lab->run_dir, name);
	return access(path, F_OK) == 0;
}

/* Left by a bundle whose own record is gone; those of a bundle that is there stay, whatever its record is called. */
static void records_without_a_bundle(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	uint32_t call_id;
	char link[32], from[128], to[128];

	bundle(lab, GOOD, GOOD);
	lab_start(lab);
	conn = dial(lab);
	wait_up_with_both(lab, conn);
	call_id = lab_info(conn).call_id;
	snprintf(link, sizeof(link), "%u.7.member", call_id);
	lab_stop(lab);
	snprintf(from, sizeof(from), "%s/%u.link", lab->run_dir, call_id);
	snprintf(to, sizeof(to), "%s/another.link", lab->run_dir);
	assert_int_equal(rename(from, to), 0);
	put_record(lab, "4711.0.member");
	put_record(lab, "4711.carrier");
	lab_start(lab);
	assert_false(has_record(lab, "4711.0.member"));
	assert_false(has_record(lab, "4711.carrier"));
	assert_true(has_record(lab, link));
	conn = lab_conn(lab, "hq");
	wait_up_with_both(lab, conn);
	hang_up(lab, conn);
	assert_false(has_record(lab, link));
}

static void a_bundle_needs_a_subentry(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "hq", GOOD)->link_mode = RAS_LINK_MODE_DIAL_ALL;
	lab_start(lab);
	assert_true(ras_dial(lab->ras, lab_conn(lab, "hq"), &by_func1, NULL) < 0);
}

/* ---- with the load ---- */

/* The load of the entry's own link, in percent of its speed. */
static struct ras_conn *as_needed(struct lab *lab, const char *first, uint32_t drop_percent)
{
	struct ras_entry *e = bundle(lab, first, "setup=10ms,load=0");

	e->link_mode = RAS_LINK_MODE_DIAL_AS_NEEDED;
	e->bandwidth =
		(struct ras_bandwidth){.add_percent = 75, .add_time = 2, .drop_percent = drop_percent, .drop_time = 2};
	lab_start(lab);
	ras_notices_connected(lab->ras, true);
	return dial(lab);
}

static void one_is_enough(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = as_needed(lab, "setup=10ms,load=50", 10);

	lab_wait_status(lab, conn, RAS_STATUS_UP);
	LAB_WAIT(lab, lab_info(conn).call_traffic.in_octets > 4 * 3500);
	assert_int_equal(lab_info(conn).links_up, 1);
	assert_int_equal(link_of(conn, 7).attempts, 0);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
}

static void one_is_added(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = as_needed(lab, "setup=10ms,load=90", 10);

	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).links_up, 1);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	LAB_WAIT(lab, lab_info(conn).speed == 2 * 56000);
	assert_int_equal(link_of(conn, 7).attempts, 1);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
}

/* 90 percent of one are 45 of two. */
static void one_is_dropped(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = as_needed(lab, "setup=10ms,load=90", 50);

	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	LAB_WAIT(lab, lab_info(conn).links_up == 1);
	assert_int_equal(link_of(conn, 0).status, RAS_STATUS_UP);
	assert_int_equal(link_of(conn, 7).status, RAS_STATUS_DOWN);
	assert_int_equal(link_of(conn, 7).last_error.code, 936);
	assert_int_equal(link_of(conn, 7).failures, 0);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
}

static void the_next_where_the_first_fails(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = as_needed(lab, BUSY, 10);

	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_int_equal(link_of(conn, 0).status, RAS_STATUS_FAILED);
	assert_int_equal(link_of(conn, 7).status, RAS_STATUS_UP);
	hang_up(lab, conn);
	expect_counts(conn, 1, 0, 0);
}

/* A link that is busy is added again after another add-time, not at once. */
static void one_that_fails_is_not_dialed_without_end(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, "setup=10ms,load=90", BUSY);
	struct ras_conn *conn;
	int64_t begin;

	e->link_mode = RAS_LINK_MODE_DIAL_AS_NEEDED;
	e->bandwidth = (struct ras_bandwidth){.add_percent = 75, .add_time = 1, .drop_percent = 10, .drop_time = 60};
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, link_of(conn, 7).attempts >= 1);
	begin = clock_mono_ms();
	LAB_WAIT(lab, link_of(conn, 7).attempts >= 4);
	assert_true(clock_mono_ms() - begin > 2500);
	hang_up(lab, conn);
}

/* It is the turn of the next one. */
static void one_that_fails_does_not_keep_the_others_from_being_added(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, "setup=10ms,load=90", BUSY);
	struct ras_conn *conn;

	e->link_mode = RAS_LINK_MODE_DIAL_AS_NEEDED;
	e->subentries[1].row_status = RAS_ROW_ACTIVE;
	str_copy(e->subentries[1].destination, "setup=10ms,load=0", sizeof(e->subentries[1].destination));
	e->bandwidth = (struct ras_bandwidth){.add_percent = 75, .add_time = 1, .drop_percent = 10, .drop_time = 60};
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, link_of(conn, 9).status == RAS_STATUS_UP);
	assert_int_equal(link_of(conn, 7).attempts, 1);
	assert_int_equal(link_of(conn, 7).status, RAS_STATUS_FAILED);
	hang_up(lab, conn);
}

/* The one that waits for its redial neither keeps others from being added nor, without load, stays wanted. */
static void one_is_added_while_another_waits(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, BUSY, "setup=10ms,load=90");
	struct ras_conn *conn;

	e->link_mode = RAS_LINK_MODE_DIAL_AS_NEEDED;
	e->redial_max = 10;
	e->redial_pause = 600;
	e->subentries[1].row_status = RAS_ROW_ACTIVE;
	str_copy(e->subentries[1].destination, "setup=10ms,load=0", sizeof(e->subentries[1].destination));
	e->bandwidth = (struct ras_bandwidth){.add_percent = 75, .add_time = 1, .drop_percent = 50, .drop_time = 2};
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, link_of(conn, 9).status == RAS_STATUS_UP);
	/* 90 percent of one are 45 of two. */
	LAB_WAIT(lab, link_of(conn, 0).status == RAS_STATUS_DOWN);
	hang_up(lab, conn);
}

/* ---- a line that carries the others ---- */

static struct {
	atomic_int lost;     /* the line of the link that carries */
	atomic_int gone;     /* what carries the links */
	atomic_int up;       /* lines */
	atomic_int carriers; /* processes, so to speak */
	atomic_int order;    /* of ends */
	atomic_int carrier_ended, member_ended;
} bus;

/* The data of a call: is it the one that carries? */
static bool bus_carrier = true, bus_member;

static int bus_dial(struct ras_call *call)
{
	static const struct ras_addr addr = {.role = RAS_ADDR_LOCAL, .len = 4, .octets = {127, 0, 0, 2}};
	int none = 0;

	if (atomic_compare_exchange_strong(&bus.carriers, &none, 1)) {
		ras_call_set_data(call, &bus_carrier);
		ras_call_set_carriage(call, RAS_CARRIES_OTHERS);
		ras_call_set_addresses(call, &addr, 1);
	} else {
		ras_call_set_data(call, &bus_member);
	}
	atomic_fetch_add(&bus.up, 1);
	return 0;
}

static int bus_watch(struct ras_call *call)
{
	bool carrier = ras_call_data(call) == &bus_carrier;
	int r = 0;

	for (; r >= 0; r = ras_call_wait(call, NULL, 0, 5)) {
		if (carrier && atomic_load(&bus.gone))
			return ras_call_fail(call, 628, RAS_BACKEND_NONE, NULL);
		if (carrier && atomic_load(&bus.lost) == 1) {
			atomic_store(&bus.lost, 2);
			ras_call_set_carriage(call, RAS_CARRIES_BARE);
			return ras_call_fail(call, 829, RAS_BACKEND_NONE, NULL);
		}
	}
	return r;
}

static void bus_hang_up(struct ras_call *call)
{
	int n = atomic_fetch_add(&bus.order, 1);

	if (ras_call_data(call) == &bus_carrier) {
		atomic_store(&bus.carrier_ended, n + 1);
		atomic_store(&bus.carriers, 0);
	} else if (ras_call_data(call)) {
		atomic_store(&bus.member_ended, n + 1);
	}
	ras_call_set_data(call, NULL);
}

static void bus_release(struct ras_call *call)
{
	(void)call;
}

static const struct ras_driver bus_driver = {
	.name = "bus",
	.device_types = 1u << RAS_DEVICE_LOOPBACK,
	.stats_interval_ms = 1000,
	.bundles = true,
	.dial = bus_dial,
	.watch = bus_watch,
	.hang_up = bus_hang_up,
	.release = bus_release,
};

static struct ras_conn *on_the_bus(struct lab *lab, bool again)
{
	static const struct ras_driver *const drivers[] = {&bus_driver, NULL};
	struct ras_entry *e = bundle(lab, "x", "y");
	struct ras_conn *conn;

	memset(&bus, 0, sizeof(bus));
	e->redial_on_drop = again;
	lab->drivers = drivers;
	lab_start(lab);
	conn = dial(lab);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	return conn;
}

static void who_carries_goes_last(void **state)
{
	struct lab *lab = *state;

	hang_up(lab, on_the_bus(lab, false));
	assert_int_equal(bus.member_ended, 1);
	assert_int_equal(bus.carrier_ended, 2);
}

static void who_carries_stays_without_its_line(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = on_the_bus(lab, false);

	bus.lost = 1;
	LAB_WAIT(lab, lab_info(conn).links_up == 1);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(bus.order, 0);
	assert_int_equal(lab_info(conn).local.octets[3], 2);
	hang_up(lab, conn);
	assert_int_equal(bus.member_ended, 1);
	assert_int_equal(bus.carrier_ended, 2);
}

static void its_link_is_dialed_again(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = on_the_bus(lab, true);

	bus.lost = 1;
	LAB_WAIT(lab, bus.up == 3);
	LAB_WAIT(lab, lab_info(conn).links_up == 2);
	assert_int_equal(bus.order, 0);
	hang_up(lab, conn);
	assert_int_equal(bus.order, 3);
	assert_int_equal(bus.carrier_ended, 3);
	expect_counts(conn, 1, 0, 0);
}

static void all_is_lost_with_who_carries(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = on_the_bus(lab, false);

	bus.gone = 1;
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 628);
	assert_int_equal(bus.order, 2);
	expect_counts(conn, 1, 0, 1);
}

static void all_is_lost_with_who_carries_without_its_line(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = on_the_bus(lab, false);

	bus.lost = 1;
	LAB_WAIT(lab, lab_info(conn).links_up == 1);
	bus.gone = 1;
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 628);
	assert_int_equal(bus.order, 2);
	expect_counts(conn, 1, 0, 1);
}

/* ---- a link that takes its time to end ---- */

static struct ras_conn *slow_conn;

static int slow_dial(struct ras_call *call)
{
	(void)call;
	return 0;
}

/* Up until the other link is being dialed again. */
static int slow_watch(struct ras_call *call)
{
	int r = 0;

	while (r >= 0 && link_of(slow_conn, 0).attempts < 2)
		r = ras_call_wait(call, NULL, 0, 5);
	return r < 0 ? r : ras_call_fail(call, 629, RAS_BACKEND_NONE, NULL);
}

/* Until the other link has come on, of which the bundle hears. */
static void slow_hang_up(struct ras_call *call)
{
	int64_t end = clock_mono_ms() + 1000;

	(void)call;
	while (link_of(slow_conn, 0).state < RAS_AUTHENTICATE && clock_mono_ms() < end)
		lab_rest();
}

static void slow_release(struct ras_call *call)
{
	(void)call;
}

static const struct ras_driver slow_driver = {
	.name = "slow",
	.device_types = 1u << RAS_DEVICE_DIRECT_SERIAL,
	.stats_interval_ms = 1000,
	.bundles = true,
	.dial = slow_dial,
	.watch = slow_watch,
	.hang_up = slow_hang_up,
	.release = slow_release,
};

static void loss_is_that_of_the_last_link(void **state)
{
	static const struct ras_driver *const drivers[] = {&ras_driver_loopback, &slow_driver, NULL};
	struct lab *lab = *state;
	struct ras_entry *e = bundle(lab, "setup=600ms,drop=10ms,dropcode=829", "x");

	e->redial_on_drop = true;
	e->subentries[0].device_type = RAS_DEVICE_DIRECT_SERIAL;
	str_copy(e->subentries[0].device_name, "/dev/slow", RAS_DEVICE_NAME_MAX);
	lab->drivers = drivers;
	lab_open(lab);
	slow_conn = lab_conn(lab, "hq");
	assert_int_equal(ras_start(lab->ras), 0);
	dial(lab);
	LAB_WAIT(lab, lab_info(slow_conn).counters.drops == 1);
	assert_int_equal(only_history_row(lab).error.code, 629);
	ras_hang_up(slow_conn);
	lab_wait_status(lab, slow_conn, RAS_STATUS_DOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(too_many_links),
		LAB_TEST(both_come_up),
		LAB_TEST(first_is_lost_and_dialed_again),
		LAB_TEST(second_is_lost),
		LAB_TEST(both_are_lost),
		LAB_TEST(one_fails_and_is_redialed),
		LAB_TEST(all_fail),
		LAB_TEST(refused_is_not_redialed),
		LAB_TEST(hang_up_in_set_up),
		LAB_TEST(limits_are_those_of_the_connection),
		LAB_TEST(idle_ends_all),
		LAB_TEST(two_links_are_adopted),
		LAB_TEST(one_link_is_adopted),
		LAB_TEST(a_link_is_lost_while_the_agent_ends),
		LAB_TEST(adopted_without_descriptors),
		LAB_TEST(records_without_a_bundle),
		LAB_TEST(a_bundle_needs_a_subentry),
		LAB_TEST(loss_is_that_of_the_last_link),
		LAB_TEST(one_is_enough),
		LAB_TEST(one_is_added),
		LAB_TEST(one_is_dropped),
		LAB_TEST(the_next_where_the_first_fails),
		LAB_TEST(one_that_fails_is_not_dialed_without_end),
		LAB_TEST(one_that_fails_does_not_keep_the_others_from_being_added),
		LAB_TEST(one_is_added_while_another_waits),
		LAB_TEST(who_carries_goes_last),
		LAB_TEST(who_carries_stays_without_its_line),
		LAB_TEST(its_link_is_dialed_again),
		LAB_TEST(all_is_lost_with_who_carries),
		LAB_TEST(all_is_lost_with_who_carries_without_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
