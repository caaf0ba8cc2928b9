/* SPDX-License-Identifier: BSD-2-Clause */
/* What a dial thread does: from the accepted request until the connection is down and cleaned up, over all redials of
 * its series. Row, counters and history are written here and in call_end.c, and wait for nobody. */
#include <errno.h>

#include "ras/modes.h"
#include "ras/traffic.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/stack.h"

/* ---- beginning ---- */

static void publish_thread(struct ras_call *call)
{
	WITH_LOCK(&call->conn->lock);

	if (call->conn->call == call)
		call->conn->info.thread_id = (uint32_t)gettid();
}

static void begin(struct ras_call *call)
{
	call->setup_mono = clock_mono_ms();
	call->setup_real = clock_real_ms();
	call->deadline = call->setup_mono + (int64_t)call->entry->dial_timeout * 1000;
	str_copy(call->destination, call->entry->destination, sizeof(call->destination));
	ras_call_set_device(call, call->entry->device_name);
	call->armed = false;
	pthread_mutex_lock(&call->conn->lock);
	call->conn->begun = call->conn->heir != NULL;
	pthread_mutex_unlock(&call->conn->lock);
	journal_save_conn(call->conn);
	link_record_write(call, false);
	log_info("entry %s: call %u: openPort (%s, attempt %u)", call->conn->name, call->call_id,
		 ras_label_name(ras_trigger_labels, (int32_t)call->trigger), call->attempt + 1);
	notifier_tell(call, RAS_OPEN_PORT, RAS_ERROR_NONE);
}

int call_dial_line(struct ras_call *call)
{
	struct ras_error error = RAS_ERROR_INIT;

	/* What waited for traffic is there already. */
	if (call->engaged)
		return call->driver->dial(call);
	if (call->driver->check && call->driver->check(call->entry, &error) < 0)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	call->engaged = true;
	return call->driver->dial(call);
}

static int dial(struct ras_call *call)
{
	_cleanup_entry_ struct ras_entry *whole = ras_entry_ref(call->entry);
	size_t next = 0;
	int r;

	begin(call);
	/* It may have failed before the first packet. */
	do
		r = call->error.code == RAS_ERROR_NONE ? call_dial_line(call) : -EIO;
	while (r < 0 && (alternates_next(call, whole, &next) || pause_resumed(call, &whole)));
	return r;
}

/* ---- up ---- */

/* From set-up to up, unless the end was asked for at the last moment. The record says so first: a link that a crash
 * leaves in between is adopted. */
static int connected(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;
	bool stopped;

	call->up_mono = call->quiet_since = clock_mono_ms();
	call->up_real = clock_real_ms();
	link_record_write(call, true);

	pthread_mutex_lock(&conn->lock);
	stopped = conn->stop != STOP_NONE;
	if (!stopped) {
		call->state = RAS_CONNECTED;
		conn->info.start_time_ms = call->up_real;
		conn->info.up_since_mono_ms = call->up_mono;
		conn->info.links_up = MAX(conn->info.links_up, 1u);
		conn->info.counters.consecutive_failures = 0;
		conn->series.untold = 0;
		traffic_begin(call);
		conn_move(conn, RAS_STATUS_UP, RAS_CONNECTED, COUNT_SUCCESS);
		conn_notice(conn, RAS_NOTIFY_CONNECTED, 0, 0);
		slot_drop(call);
	}
	pthread_mutex_unlock(&conn->lock);
	if (stopped) {
		call->up_mono = call->up_real = 0;
		return -ECANCELED;
	}
	journal_save_conn(conn);
	log_info("entry %s: call %u: connected after %lld ms%s%s", conn->name, call->call_id,
		 (long long)(call->up_mono - call->setup_mono), call->ifname[0] ? " on " : "", call->ifname);
	notifier_tell(call, RAS_CONNECTED, RAS_ERROR_NONE);
	notifier_end(call, &RAS_ERROR_INIT);
	return 0;
}

/* ---- between two attempts ---- */

/* Why there will be no redial. conn.lock held. */
static enum stop_reason end_of_waiting(const struct ras_conn *conn)
{
	if (conn->stop != STOP_NONE)
		return conn->stop;
	if (atomic_load(&conn->ras->setting[RAS_SETTING_ADMIN_MODE]) != RAS_ADMIN_ENABLED)
		return STOP_DRAIN;
	if (!conn_ready(conn))
		return STOP_REMOVED;
	/* By now it may be one that is dialed by request only. */
	return conn->info.status == RAS_STATUS_WAITING && conn->entry->dial_mode == RAS_DIAL_MODE_MANUAL ? STOP_DRAIN :
													   STOP_NONE;
}

/* Leaves waitingRedial or waiting because of a stop. Who only waited for his turn has not failed. conn.lock held. */
static void leave_waiting(struct ras_conn *conn, enum stop_reason reason)
{
	bool drained = (reason == STOP_DRAIN || reason == STOP_ADMIN) && conn->info.status == RAS_STATUS_WAITING_REDIAL;

	if (reason != STOP_QUIT) {
		conn->info.redials_left = 0;
		conn->info.next_redial_mono_ms = 0;
		conn->series.redial_real = 0;
		if (!drained)
			conn_move(conn, RAS_STATUS_HANGING_UP, RAS_DISCONNECTED, 0);
		conn_move(conn, drained ? RAS_STATUS_FAILED : RAS_STATUS_DOWN, RAS_DISCONNECTED, 0);
	}
	conn->stop_since = 0;
	conn->wish_stale |= conn->begun && !conn->heir;
	conn->begun = conn->heir != NULL;
	conn_hand_over(conn);
	conn_settle(conn);
}

enum waiting { WAITING_ON, WAITING_OVER, WAITING_MARK, WAITING_TRAFFIC, WAITING_DIALS };

/* One look at what to do while waiting for the redial time, for a place, or for traffic. */
static enum waiting look(struct ras_call *call, int *ret_timeout_ms)
{
	struct ras_conn *conn = call->conn;
	WITH_LOCK(&conn->lock);
	int64_t rest = conn->info.next_redial_mono_ms - clock_mono_ms();
	enum stop_reason reason = end_of_waiting(conn);

	if (reason != STOP_NONE) {
		leave_waiting(conn, reason);
		return WAITING_OVER;
	}
	if (demand_awaited(conn) && !call->armed)
		return WAITING_TRAFFIC;
	if (!conn->dial_now && rest > 0) {
		*ret_timeout_ms = (int)MIN(rest, (int64_t)INT32_MAX);
		return WAITING_ON;
	}
	if (conn->dial_now) {
		slot_force(call);
	} else if (!slot_wait(call)) {
		conn->info.next_redial_mono_ms = 0;
		*ret_timeout_ms = -1;
		return WAITING_ON;
	}
	if (!conn->begun) {
		conn->begun = true;
		conn->begun_after = conn->info.counters.attempts;
		return WAITING_MARK;
	}
	conn_begin(conn, call,
		   conn->dial_now || conn->info.status == RAS_STATUS_WAITING ? conn->next_trigger : RAS_TRIGGER_REDIAL);
	return WAITING_DIALS;
}

/* Returns true when the next attempt has begun, false when there will be none. */
static bool await_attempt(struct ras_call *call)
{
	call_reset(call);
	for (;;) {
		struct pollfd wake = {.fd = call->wake_fd, .events = POLLIN};
		int timeout_ms = -1;

		switch (look(call, &timeout_ms)) {
		case WAITING_DIALS:
			return true;
		case WAITING_OVER:
			slot_drop(call);
			journal_save_conn(call->conn);
			journal_mend_wish(call->conn);
			return false;
		case WAITING_TRAFFIC:
			journal_mend_wish(call->conn);
			demand_await(call);
			continue;
		case WAITING_MARK:
			/* Before anybody sees the attempt, a crash must leave a sign of it. */
			journal_save_wish(call->conn);
			continue;
		case WAITING_ON:
			break;
		}
		stack_trim();
		poll(&wake, 1, timeout_ms);
		fd_event_drain(call->wake_fd);
	}
}

/* ---- from attempt to attempt ---- */

static void adopted_one(struct ras *ras)
{
	WITH_LOCK(&ras->lock);

	ras->adopting--;
	pthread_cond_broadcast(&ras->thread_ended);
}

/* Takes over what an earlier agent left. What is not up is ended and accounted for (834). */
static int adopt(struct ras_call *call)
{
	bool up = call->up_mono > 0;
	int r;

	if (!up)
		ras_call_fail(call, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	if (!call->record || !call->driver) {
		adopted_one(call->ras);
		return ras_call_fail(call, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE,
				     "The link was gone when the agent started again");
	}
	call->engaged = true;
	call->quiet_since = clock_mono_ms();
	r = call->driver->adopt(call, &call->record->fields, up);
	if (r == 0 && up) {
		call->conn->start_owed = false;
		traffic_read(call);
		pthread_mutex_lock(&call->conn->lock);
		traffic_begin(call);
		pthread_mutex_unlock(&call->conn->lock);
	}
	adopted_one(call->ras);
	if (r < 0 || !up)
		return r < 0 ? r : -EIO;
	log_info("entry %s: call %u: adopted%s%s, up for %lld s", call->conn->name, call->call_id,
		 call->ifname[0] ? " on " : "", call->ifname, (long long)(clock_mono_ms() - call->up_mono) / 1000);
	return 0;
}

static int connect_line(struct ras_call *call)
{
	int r = dial(call);

	if (r == 0)
		r = network_up(call);
	if (r == 0)
		r = connected(call);
	return r;
}

static int first_round(struct ras_call *call)
{
	int r = call->start == START_ADOPT ? adopt(call) : connect_line(call);

	if (r < 0)
		return r;
	/* To get here took much more of it than to wait does. */
	stack_trim();
	return call->driver->watch(call);
}

void call_live(struct ras_call *call)
{
	bool again = call->start == START_REDIAL || call->start == START_WAITING;

	publish_thread(call);
	if (call->start == START_DISMANTLE) {
		demand_dismantle(call);
		return;
	}
	do {
		if (again)
			call->start = START_ATTEMPT;
		if (again && !await_attempt(call))
			return;
		again = call_end(call, first_round(call));
	} while (again);
}
