/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes at an awkward moment: a hang-up while a deadline is being acted on, an entry that changes under its
 * series, a dial right after a place became free, a commit after the end of the agent, a crash. */
#include <errno.h>
#include <semaphore.h>

#include "engine_rows.h"

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

/* ---- helpers ---- */

static struct ras_request *reserve(const struct lab *lab, struct ras_conn *conn, enum ras_action action)
{
	struct ras_request *request = NULL;

	assert_int_equal(ras_request_reserve(lab->ras, conn, action, 0, RAS_TRIGGER_SNMP, &request), 0);
	return request;
}

static void ask(const struct lab *lab, struct ras_conn *conn, enum ras_action action)
{
	struct ras_request *request = reserve(lab, conn, action);

	assert_int_equal(ras_request_write(request), 0);
	ras_request_commit(request);
}

static bool journal_says_begun(struct ras_conn *conn)
{
	struct record_writer w;

	assert_int_equal(journal_put_present_wish(&w, conn), 0);
	w.text[w.len - 1] = '\0'; /* a line has no end by itself */
	return strstr(w.text, "begun=1") != NULL;
}

/* The entry is now one that no driver dials. */
static void make_undialable(struct lab *lab, size_t i)
{
	struct ras_entry *e = ras_entry_copy(lab->entries[i]);

	assert_non_null(e);
	e->device_type = RAS_DEVICE_MODEM;
	str_copy(e->device_name, "/dev/ttyS0", sizeof(e->device_name));
	ras_entry_unref(lab->entries[i]);
	lab->entries[i] = e;
}

static void load(const struct lab *lab)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
}

/* ---- a line whose hang-up takes as long as the test wants ---- */

static sem_t hanging_up, may_go_on;

static void slow_hang_up(struct ras_call *call)
{
	sem_post(&hanging_up);
	sem_wait(&may_go_on);
	ras_driver_loopback.hang_up(call);
}

static void start_slow(struct lab *lab, struct ras_driver *driver, const struct ras_driver *drivers[2])
{
	struct ras_error error = RAS_ERROR_INIT;

	*driver = ras_driver_loopback;
	driver->hang_up = slow_hang_up;
	drivers[0] = driver;
	drivers[1] = NULL;
	sem_init(&hanging_up, 0, 0);
	sem_init(&may_go_on, 0, 0);
	assert_int_equal(ras_new(&lab->settings, drivers, &error, &lab->ras), 0);
	load(lab);
	assert_int_equal(ras_start(lab->ras), 0);
}

static void hang_up_outweighs_the_deadline(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = lab_line(lab, "late", "setup=60s");
	const struct ras_driver *drivers[2];
	struct ras_driver driver;
	struct ras_conn_info info;
	struct ras_conn *conn;

	e->dial_timeout = 1;
	e->redial_max = 3;
	start_slow(lab, &driver, drivers);
	conn = lab_conn(lab, "late");
	ask(lab, conn, RAS_ACTION_DIAL);
	sem_wait(&hanging_up);
	ask(lab, conn, RAS_ACTION_HANG_UP);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_HANGING_UP);
	sem_post(&may_go_on);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	info = lab_info(conn);
	assert_int_equal(info.last_error.code, RAS_ERROR_USER_DISCONNECTION);
	assert_int_equal(info.counters.failures, 1);
	assert_int_equal(info.counters.consecutive_failures, 0);
	lab_check_sums(lab);
	lab_stop(lab);
}

static void redial_outweighs_the_deadline(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = lab_line(lab, "late", "setup=60s");
	const struct ras_driver *drivers[2];
	struct ras_driver driver;
	struct ras_conn *conn;

	e->dial_timeout = 1;
	e->redial_max = 3;
	e->redial_pause = 3600;
	start_slow(lab, &driver, drivers);
	conn = lab_conn(lab, "late");
	ask(lab, conn, RAS_ACTION_DIAL);
	sem_wait(&hanging_up);
	ask(lab, conn, RAS_ACTION_REDIAL);
	sem_post(&may_go_on);
	LAB_WAIT(lab, lab_info(conn).counters.attempts == 2);
	assert_int_equal(lab_info(conn).redials_left, 3);
	sem_post(&may_go_on);
	lab_stop(lab);
}

static void next_agent_finds_one_attempt(struct lab *lab)
{
	struct ras_conn *conn;

	lab_stop(lab);
	lab_start(lab);
	conn = lab_conn(lab, "twice");
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_DOWN);
}

/* A redial waits for the end of a link while something comes in between. */
static struct ras_conn *redial_waits(struct lab *lab, struct ras_driver *driver, const struct ras_driver *drivers[2])
{
	struct ras_conn *conn;

	lab_line(lab, "twice", "setup=0s");
	start_slow(lab, driver, drivers);
	conn = lab_conn(lab, "twice");
	ask(lab, conn, RAS_ACTION_DIAL);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	ask(lab, conn, RAS_ACTION_REDIAL);
	return conn;
}

static void cancelled_redial_is_forgotten(void **state)
{
	struct lab *lab = *state;
	const struct ras_driver *drivers[2];
	struct ras_driver driver;
	struct ras_conn *conn = redial_waits(lab, &driver, drivers);

	ask(lab, conn, RAS_ACTION_HANG_UP);
	sem_post(&may_go_on);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	/* Nor does the next agent believe that it was under way. */
	next_agent_finds_one_attempt(lab);
}

static void redial_ended_by_the_mode_is_forgotten(void **state)
{
	struct lab *lab = *state;
	const struct ras_driver *drivers[2];
	struct ras_driver driver;
	struct ras_conn *conn = redial_waits(lab, &driver, drivers);

	ras_setting_apply(lab->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_DISABLED);
	sem_post(&may_go_on);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	next_agent_finds_one_attempt(lab);
}

static void redial_of_a_row_that_became_undialable_is_forgotten(void **state)
{
	struct lab *lab = *state;
	const struct ras_driver *drivers[2];
	struct ras_driver driver;
	struct ras_conn *conn = redial_waits(lab, &driver, drivers);
	struct ras_entry *dialable = ras_entry_ref(lab->entries[0]);

	make_undialable(lab, 0);
	load(lab);
	sem_post(&may_go_on);
	lab_wait_status(lab, conn, RAS_STATUS_NOT_READY);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	ras_entry_unref(lab->entries[0]);
	lab->entries[0] = dialable;
	next_agent_finds_one_attempt(lab);
}

/* ---- entries that change ---- */

static void undialable_row_leaves_its_series(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = lab_line(lab, "busy", "fail=676,setup=0s");
	struct ras_conn *conn;

	e->redial_max = 3;
	e->redial_pause = 1;
	lab_start(lab);
	conn = lab_conn(lab, "busy");
	ask(lab, conn, RAS_ACTION_DIAL);
	lab_wait_status(lab, conn, RAS_STATUS_WAITING_REDIAL);
	make_undialable(lab, 0);
	load(lab);
	lab_wait_status(lab, conn, RAS_STATUS_NOT_READY);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(lab_info(conn).redials_left, 0);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	lab_check_sums(lab);
}

static void link_of_an_undialable_row_is_adopted(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=0s");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	ask(lab, conn, RAS_ACTION_DIAL);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	lab_stop(lab);
	make_undialable(lab, 0);
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	ask(lab, conn, RAS_ACTION_HANG_UP);
	lab_wait_status(lab, conn, RAS_STATUS_NOT_READY);
	assert_true(lab_info(conn).last_hist_index > 0);
	lab_check_sums(lab);
}

/* The link may be gone by the time of the commit, and there would be nothing to dial with. */
static void undialable_row_is_not_redialed(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=0s");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	ask(lab, conn, RAS_ACTION_DIAL);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	make_undialable(lab, 0);
	load(lab);
	assert_int_equal(ras_request_reserve(lab->ras, conn, RAS_ACTION_REDIAL, 0, RAS_TRIGGER_SNMP, &request),
			 -EINVAL);
	ask(lab, conn, RAS_ACTION_DIAL); /* without effect */
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
}

/* The manager may have been told already that it is done. */
static void request_outlives_a_change_of_its_row(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_conn *conn;
	struct ras_entry *e;

	lab_line(lab, "hq", "setup=0s,fail=691");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	request = reserve(lab, conn, RAS_ACTION_DIAL);
	assert_int_equal(ras_request_write(request), 0);
	e = ras_entry_copy(lab->entries[0]);
	assert_non_null(e);
	str_copy(e->destination, "setup=0s", sizeof(e->destination));
	ras_entry_unref(lab->entries[0]);
	lab->entries[0] = e;
	load(lab);
	assert_ptr_equal(ras_request_find(lab->ras, ras_request_number(request)), request);
	ras_request_commit(request);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
}

static void request_ends_with_a_row_that_cannot_be_dialed(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	uint32_t number;

	lab_line(lab, "hq", "setup=0s");
	lab_start(lab);
	request = reserve(lab, lab_conn(lab, "hq"), RAS_ACTION_DIAL);
	number = ras_request_number(request);
	assert_int_equal(ras_request_write(request), 0);
	make_undialable(lab, 0);
	load(lab);
	assert_null(ras_request_find(lab->ras, number));
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_false(journal_says_begun(lab_conn(lab, "hq")));
}

/* ---- places ---- */

static void place_is_free_when_the_end_is_seen(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 1;
	lab_line(lab, "bad", "fail=691,setup=0s");
	lab_start(lab);
	conn = lab_conn(lab, "bad");
	for (unsigned i = 0; i < 50; i++) {
		ras_request_cancel(reserve(lab, conn, RAS_ACTION_DIAL));
		ask(lab, conn, RAS_ACTION_DIAL);
		while (lab_info(conn).status != RAS_STATUS_FAILED)
			;
		ras_reap(lab->ras);
	}
	assert_int_equal(lab_info(conn).counters.failures, 50);
}

/* ---- the end of the agent ---- */

static void commit_after_the_end_is_for_the_next_agent(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=60s");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	request = reserve(lab, conn, RAS_ACTION_DIAL);
	assert_int_equal(ras_request_write(request), 0);
	assert_int_equal(ras_stop(lab->ras, LAB_PATIENCE_MS), 0);
	ras_request_commit(request);
	assert_int_equal(lab_info(conn).counters.attempts, 0);
	lab_stop(lab);

	lab_start(lab);
	conn = lab_conn(lab, "hq");
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	assert_int_equal(lab_info(conn).last_error.code, RAS_ERROR_SERVICE_STOPPED);
	lab_check_sums(lab);
}

static void end_does_not_wait_for_a_reservation(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "hq", "");
	lab_start(lab);
	reserve(lab, lab_conn(lab, "hq"), RAS_ACTION_DIAL);
	lab_stop(lab);
}

/* ---- a crash in between: what the journal says at some moment, and what the next agent makes of it ---- */

/* A row that is wanted up, in an engine that has not started, so that nothing moves. */
static struct ras_conn *still_row(struct lab *lab)
{
	lab_line(lab, "hq", "setup=0s")->redial_max = 3;
	lab_open(lab);
	lab_conn(lab, "hq")->info.desired = RAS_DESIRED_UP;
	return lab_conn(lab, "hq");
}

static void no_request_takes_away_what_was_accepted(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = still_row(lab);

	conn->begun = true;
	ask(lab, conn, RAS_ACTION_CLEAR_ERROR);
	lab_stop(lab);

	lab_start(lab);
	lab_wait_status(lab, lab_conn(lab, "hq"), RAS_STATUS_WAITING_REDIAL);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).counters.attempts, 1);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).last_error.code, RAS_ERROR_SERVICE_STOPPED);
}

/* It is accounted for once, and not again at every start, however the agents end. */
static void accepted_is_accounted_once(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = still_row(lab);

	lab->entries[0]->redial_max = 0;
	conn->begun = true;
	journal_save_wish(conn);
	lab_stop(lab);
	for (unsigned i = 0; i < 3; i++) {
		lab_start(lab);
		conn = lab_conn(lab, "hq");
		lab_wait_status(lab, conn, RAS_STATUS_FAILED);
		assert_int_equal(lab_info(conn).counters.attempts, 1);
		assert_int_equal(lab_info(conn).last_error.code, RAS_ERROR_SERVICE_STOPPED);
		assert_int_equal(lab_info(conn).last_hist_index, 1);
		lab_stop(lab);
	}
}

/* The same of a name that has no entry just then: it is not dialed when it has one again. */
static void accepted_for_a_row_that_is_away(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = still_row(lab);

	conn->begun = true;
	journal_save_conn(conn);
	lab_stop(lab);
	lab->n_entries = 0;
	lab_start(lab);
	lab_stop(lab);
	lab->n_entries = 1;
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).counters.attempts, 0);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).status, RAS_STATUS_DOWN);
}

static void written_request_is_not_written_over(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = still_row(lab);
	struct ras_request *request = reserve(lab, conn, RAS_ACTION_DIAL);

	assert_int_equal(ras_request_write(request), 0);
	assert_true(journal_says_begun(conn));
	ras_request_undo(request);
	assert_false(journal_says_begun(conn));
	assert_int_equal(ras_request_write(request), 0);
	assert_true(journal_says_begun(conn));
	ras_request_cancel(request);
	assert_false(journal_says_begun(conn));
}

/* The journal of an agent that was killed while a row with one failure waited for its redial, or left that. */
static void crash_between_attempts(struct lab *lab, enum ras_status status, enum ras_desired desired)
{
	struct ras_conn *conn = still_row(lab);

	pthread_mutex_lock(&conn->lock);
	conn_move(conn, RAS_STATUS_DIALING, RAS_OPEN_PORT, COUNT_ATTEMPT);
	conn_move(conn, status, RAS_DISCONNECTED, COUNT_FAILURE);
	conn->info.desired = desired;
	conn->info.call_id = 1;
	conn->info.redials_left = 3;
	conn->series.redial_real = clock_real_ms() + 20000;
	pthread_mutex_unlock(&conn->lock);
	journal_save_conn(conn);
	journal_save_wish(conn);
	lab_stop(lab);
}

static void expect_one_attempt(struct lab *lab, enum ras_status status)
{
	const struct ras_conn *conn = lab_conn(lab, "hq");

	lab_wait_status(lab, conn, status);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	assert_int_equal(lab_info(conn).last_hist_index, 0);
	assert_int_equal(lab_info(conn).redials_left, 0);
	lab_check_sums(lab);
}

static void hang_up_between_attempts_is_not_counted(void **state)
{
	crash_between_attempts(*state, RAS_STATUS_HANGING_UP, RAS_DESIRED_DOWN);
	lab_start(*state);
	expect_one_attempt(*state, RAS_STATUS_DOWN);
}

static void answered_hang_up_ends_the_series(void **state)
{
	crash_between_attempts(*state, RAS_STATUS_WAITING_REDIAL, RAS_DESIRED_DOWN);
	lab_start(*state);
	expect_one_attempt(*state, RAS_STATUS_DOWN);
}

static void series_of_a_removed_row_is_over(void **state)
{
	struct lab *lab = *state;

	crash_between_attempts(lab, RAS_STATUS_WAITING_REDIAL, RAS_DESIRED_UP);
	lab->n_entries = 0;
	lab_start(lab);
	lab->n_entries = 1;
	load(lab);
	expect_one_attempt(lab, RAS_STATUS_DOWN);
}

/* ---- kill -9 while a call is being hung up ---- */

/* A call that was to end, with the folders as they are before it does. */
static void crash_in_hang_up(struct lab *lab, const char *destination, enum ras_status status, enum ras_action action)
{
	const struct ras_driver *drivers[2];
	struct ras_driver driver;
	struct ras_conn *conn;

	lab_line(lab, "hq", destination);
	start_slow(lab, &driver, drivers);
	conn = lab_conn(lab, "hq");
	ask(lab, conn, RAS_ACTION_DIAL);
	lab_wait_status(lab, conn, status);
	/* Its record is the last that a dial writes. */
	LAB_WAIT(lab, lab_info(conn).state > RAS_OPEN_PORT);
	if (action != RAS_ACTION_NONE) {
		ask(lab, conn, action);
	} else {
		assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_DISABLED), 0);
		ras_setting_apply(lab->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_DISABLED);
	}
	sem_wait(&hanging_up);
	save_state(lab);
	sem_post(&may_go_on);
	/* For the call that a redial leads to. */
	sem_post(&may_go_on);
	crash(lab);
}

/* The call before has ended as hung up, the one that was asked for follows. */
static void expect_redialed(struct lab *lab, enum ras_status status, uint32_t successes)
{
	const struct ras_conn *conn = lab_conn(lab, "hq");
	struct ras_history_row row;

	LAB_WAIT(lab, lab_info(conn).counters.attempts == 2 && lab_info(conn).status == status);
	assert_int_equal(lab_info(conn).counters.successes, successes);
	assert_int_equal(lab_info(conn).counters.drops, 0);
	assert_int_equal(lab_info(conn).call_id, 2);
	assert_int_equal(ras_history_next(lab->ras, 1, &row), 0);
	assert_int_equal(row.call_id, 1);
	assert_int_equal(row.error.code, RAS_ERROR_USER_DISCONNECTION);
	assert_int_equal(ras_history_next(lab->ras, 2, &row), -ENOENT);
	lab_check_sums(lab);
	/* It is made once. */
	lab_stop(lab);
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).counters.attempts, 2);
}

static void answered_redial_of_a_link_is_made(void **state)
{
	crash_in_hang_up(*state, "setup=0s", RAS_STATUS_UP, RAS_ACTION_REDIAL);
	lab_start(*state);
	expect_redialed(*state, RAS_STATUS_UP, 2);
}

static void answered_redial_of_an_attempt_is_made(void **state)
{
	crash_in_hang_up(*state, "setup=10s", RAS_STATUS_DIALING, RAS_ACTION_REDIAL);
	lab_start(*state);
	expect_redialed(*state, RAS_STATUS_DIALING, 0);
}

/* As after a power cut: nothing is left of the link. */
static void answered_redial_is_made_without_the_link(void **state)
{
	struct lab *lab = *state;

	crash_in_hang_up(lab, "setup=0s", RAS_STATUS_UP, RAS_ACTION_REDIAL);
	nftw(lab->run_dir, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
	lab_start(lab);
	expect_redialed(lab, RAS_STATUS_UP, 2);
}

/* It came so soon after the dial that the journal has not even that. */
static void answered_redial_of_a_dial_that_never_began(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = still_row(lab);

	conn->begun = true;
	conn->begun_after = 1;
	journal_save_wish(conn);
	lab_stop(lab);
	lab_start(lab);
	lab_wait_status(lab, lab_conn(lab, "hq"), RAS_STATUS_WAITING_REDIAL);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).counters.attempts, 1);
}

static void expect_ended(struct lab *lab, int32_t code)
{
	const struct ras_conn *conn = lab_conn(lab, "hq");

	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	assert_int_equal(lab_info(conn).last_error.code, code);
	lab_check_sums(lab);
}

static void answered_mode_ends_the_link(void **state)
{
	crash_in_hang_up(*state, "setup=0s", RAS_STATUS_UP, RAS_ACTION_NONE);
	lab_start(*state);
	expect_ended(*state, RAS_ERROR_ADMINISTRATOR);
}

/* The dial was answered, and then the hang-up: no series goes on. */
static void answered_hang_up_of_a_dial_that_never_began(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn = still_row(lab);

	conn->begun = true;
	ask(lab, conn, RAS_ACTION_HANG_UP);
	lab_stop(lab);
	lab_start(lab);
	expect_ended(lab, RAS_ERROR_USER_DISCONNECTION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hang_up_outweighs_the_deadline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(redial_outweighs_the_deadline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cancelled_redial_is_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(redial_ended_by_the_mode_is_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(redial_of_a_row_that_became_undialable_is_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(undialable_row_leaves_its_series, set_up, tear_down),
		cmocka_unit_test_setup_teardown(link_of_an_undialable_row_is_adopted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(undialable_row_is_not_redialed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(request_outlives_a_change_of_its_row, set_up, tear_down),
		cmocka_unit_test_setup_teardown(request_ends_with_a_row_that_cannot_be_dialed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(place_is_free_when_the_end_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(commit_after_the_end_is_for_the_next_agent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(end_does_not_wait_for_a_reservation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_request_takes_away_what_was_accepted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(accepted_is_accounted_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(accepted_for_a_row_that_is_away, set_up, tear_down),
		cmocka_unit_test_setup_teardown(written_request_is_not_written_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hang_up_between_attempts_is_not_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answered_hang_up_ends_the_series, set_up, tear_down),
		cmocka_unit_test_setup_teardown(series_of_a_removed_row_is_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answered_redial_of_a_link_is_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answered_redial_of_an_attempt_is_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answered_redial_is_made_without_the_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answered_redial_of_a_dial_that_never_began, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answered_mode_ends_the_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answered_hang_up_of_a_dial_that_never_began, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("moments", tests, NULL, NULL);
}
