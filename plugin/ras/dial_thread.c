/* SPDX-License-Identifier: BSD-2-Clause */
/* The dial thread: lives from the accepted request until the connection is down and cleaned up, over all redials of its
 * series. Row, counters and history are written here and wait for nobody. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ras/engine.h"
#include "sys/clock.h"
#include "sys/log.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DIAL_THREAD_STACK (1024 * 1024)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DIAL_THREAD_STACK (1024 * 1024)
#endif
#endif
#ifndef DIAL_THREAD_STACK
#define DIAL_THREAD_STACK (64 * 1024)
#endif

/* What the end of a call or attempt came to. */
struct outcome {
	struct ras_error error;
	enum stop_reason stop;
	struct redial_verdict verdict;
	bool was_up, cancelled, failed, lost;
	bool tell_failure; /* rasDialFailed is owed */
	int64_t now_mono, now_real;
	int64_t redial_mono, redial_real;
	uint32_t up_seconds;
	uint32_t hist_index; /* 0: no row */
};

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
	pthread_mutex_lock(&call->conn->lock);
	call->conn->begun = false;
	pthread_mutex_unlock(&call->conn->lock);
	journal_save_conn(call->conn);
	link_record_write(call, false);
	log_info("entry %s: call %u: openPort (%s, attempt %u)", call->conn->name, call->call_id,
		 ras_label_name(ras_trigger_labels, (int32_t)call->trigger), call->attempt + 1);
	notifier_tell(call, RAS_OPEN_PORT, RAS_ERROR_NONE);
}

static int dial(struct ras_call *call)
{
	struct ras_error error = RAS_ERROR_INIT;

	begin(call);
	if (call->driver->check && call->driver->check(call->entry, &error) < 0)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	call->engaged = true;
	return call->driver->dial(call);
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
	call->traffic_due = call->up_mono + call->driver->stats_interval_ms;
	link_record_write(call, true);

	pthread_mutex_lock(&conn->lock);
	stopped = conn->stop != STOP_NONE;
	if (!stopped) {
		call->state = RAS_CONNECTED;
		conn->info.start_time_ms = call->up_real;
		conn->info.up_since_mono_ms = call->up_mono;
		conn->info.links_up = 1;
		conn->info.counters.consecutive_failures = 0;
		conn->series.untold = 0;
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

/* ---- the end ---- */

/* Codes of the ends that come from the host itself; for the others the driver has said why. */
static const struct {
	int32_t code;
	const char *text;
} stop_errors[STOP_MAX] = {
	[STOP_HANG_UP] = {RAS_ERROR_USER_DISCONNECTION, NULL},
	[STOP_ADMIN] = {RAS_ERROR_ADMINISTRATOR, NULL},
	[STOP_REMOVED] = {RAS_ERROR_USER_DISCONNECTION, "The entry was removed from the phonebook"},
	[STOP_QUIT] = {RAS_ERROR_SERVICE_STOPPED, NULL},
	[STOP_DIAL_TIMEOUT] = {RAS_ERROR_REQUEST_TIMEOUT, NULL},
	[STOP_IDLE] = {RAS_ERROR_IDLE_TIMEOUT, NULL},
	[STOP_MAX_DURATION] = {RAS_ERROR_SESSION_LIMIT, NULL},
};

static void name_error(const struct ras_call *call, int result, struct outcome *o)
{
	int32_t code = stop_errors[o->stop].code;
	/* What the driver found out before the deadline tells more than the deadline. */
	bool said = call->error.code != RAS_ERROR_NONE && (code == RAS_ERROR_NONE || o->stop == STOP_DIAL_TIMEOUT);

	o->error = call->error;
	if (said)
		;
	else if (o->stop == STOP_DIAL_TIMEOUT)
		ras_error_set(&o->error, code, RAS_BACKEND_NONE, "Not connected within %u s, in state %s",
			      call->entry->dial_timeout, ras_label_name(ras_state_labels, (int32_t)call->state));
	else if (o->stop == STOP_QUIT && o->was_up)
		ras_error_set(&o->error, RAS_ERROR_USER_DISCONNECTION, RAS_BACKEND_NONE, "The agent ended");
	else if (code != RAS_ERROR_NONE)
		ras_error_set(&o->error, code, RAS_BACKEND_NONE, stop_errors[o->stop].text ? "%s" : NULL,
			      stop_errors[o->stop].text);
	else
		ras_error_set(&o->error, result < 0 ? result : -EIO, RAS_BACKEND_NONE, NULL);
	if (!said)
		o->error.state = call->state;
	o->error.time_ms = o->now_real;
}

/* Decides what the end means. From here on (ending) the row is moved by this thread alone. */
static void decide(struct ras_call *call, int result, struct outcome *o)
{
	struct ras_conn *conn = call->conn;
	struct redial_case c;

	*o = (struct outcome){.was_up = call->up_mono > 0, .now_mono = clock_mono_ms(), .now_real = clock_real_ms()};
	pthread_mutex_lock(&conn->lock);
	conn->ending = true;
	o->stop = conn->stop;
	o->cancelled = conn->failure_counted;
	c = (struct redial_case){.was_up = o->was_up, .stop = o->stop, .left = conn->info.redials_left};
	pthread_mutex_unlock(&conn->lock);

	name_error(call, result, o);
	o->failed = !o->was_up && !o->cancelled;
	o->lost = o->was_up && o->stop == STOP_NONE;
	c.code = o->error.code;
	c.enabled = atomic_load(&call->ras->setting[RAS_SETTING_ADMIN_MODE]) == RAS_ADMIN_ENABLED;
	o->verdict = redial_decide(call->entry, &c);
	if (o->was_up)
		o->up_seconds = (uint32_t)(MAX(o->now_mono - call->up_mono, 0) / 1000);
}

static struct ras_history_row *history_row(const struct ras_call *call, const struct outcome *o)
{
	struct ras_history_row *row;
	int64_t setup_end = o->was_up ? call->up_mono : o->now_mono;

	if (atomic_load(&call->ras->setting[RAS_SETTING_HIST_MAX_ENTRIES]) == 0)
		return NULL;
	row = malloc(sizeof(*row));
	if (!row)
		return NULL;
	*row = (struct ras_history_row){
		.call_id = call->call_id,
		.entry_index = ras_call_index(call),
		.trigger = call->trigger,
		.request_id = call->request_id,
		.device_type = call->entry->device_type,
		.setup_time_ms = call->setup_real,
		.connect_time_ms = call->up_real,
		.end_time_ms = o->now_real,
		.setup_duration_ms = (uint32_t)MIN(MAX(setup_end - call->setup_mono, 0), (int64_t)UINT32_MAX),
		.up_duration_s = o->up_seconds,
		.connected = o->was_up,
		.error = o->error,
		.in_octets = call->traffic.in_octets,
		.out_octets = call->traffic.out_octets,
	};
	str_copy(row->entry_name, call->conn->name, sizeof(row->entry_name));
	str_copy(row->device_name, call->device_name, sizeof(row->device_name));
	str_copy(row->destination, call->destination, sizeof(row->destination));
	return row;
}

/* What the end does to a row, but for status and counters of attempts, which conn_move() changes with the sums. */
static void apply_end(struct ras_conn_info *info, const struct outcome *o)
{
	info->last_error = o->error;
	if (o->hist_index > 0)
		info->last_hist_index = o->hist_index;
	info->redials_left = o->verdict.left;
	info->next_redial_mono_ms = o->redial_mono;
	info->counters.up_seconds += o->up_seconds;
	if (o->failed)
		info->counters.consecutive_failures++;
}

static void schedule(const struct ras_call *call, struct outcome *o, uint32_t consecutive_failures)
{
	int64_t pause;

	if (o->verdict.status != RAS_STATUS_WAITING_REDIAL)
		return;
	pause = redial_pause_ms(call->entry, consecutive_failures, clock_jitter(UINT32_MAX));
	o->redial_mono = o->now_mono + pause;
	o->redial_real = o->now_real + pause;
}

/* Writes history row and counters into the journal, at one stroke: no crash comes between the two. store.lock held. */
static void write_end(const struct ras_call *call, struct outcome *o, struct ras_history_row *row)
{
	struct ras_conn *conn = call->conn;
	struct ras_conn_info next;
	struct conn_series series;
	struct record_writer w;
	char lines[2 * RECORD_MAX];
	size_t len = 0;

	pthread_mutex_lock(&conn->lock);
	next = conn->info;
	conn->series.redial_real = o->redial_real;
	if (o->failed && ++conn->series.untold >= call->entry->notify_failures) {
		conn->series.untold = 0;
		o->tell_failure = true;
	}
	series = conn->series;
	if (row) {
		row->local = next.local;
		row->peer = next.peer;
	}
	pthread_mutex_unlock(&conn->lock);

	if (row) {
		pthread_mutex_lock(&call->ras->lock);
		o->hist_index = row->index = history_index_after(call->ras->history.newest);
		pthread_mutex_unlock(&call->ras->lock);
		if (journal_put_history(&w, row) == 0) {
			memcpy(lines, w.text, w.len);
			len = w.len;
		}
	}
	apply_end(&next, o);
	next.status = o->verdict.status;
	next.counters.failures += o->failed;
	next.counters.drops += o->lost;
	if (journal_put_conn(&w, conn->name, &next, &series) == 0) {
		memcpy(lines + len, w.text, w.len);
		len += w.len;
	}
	store_append(call->ras, lines, len, false);
}

static void post_end_notices(struct ras_conn *conn, const struct outcome *o)
{
	if (o->was_up) {
		conn_notice(conn, RAS_NOTIFY_DISCONNECTED, 0, o->up_seconds);
		return;
	}
	if (o->tell_failure)
		conn_notice(conn, RAS_NOTIFY_DIAL_FAILED, 0, 0);
	if (o->failed && o->verdict.exhausted)
		conn_notice(conn, RAS_NOTIFY_REDIAL_EXHAUSTED, 0, 0);
}

/* The thread gives the row up: to its heir, which dials again, or to nobody. conn.lock held. */
static void hand_over(struct ras_conn *conn)
{
	struct ras_call *heir = conn->heir;

	conn->call = NULL;
	conn->heir = NULL;
	conn->info.thread_id = 0;
	if (!heir)
		return;
	if (!conn_ready(conn)) {
		conn->begun = false;
		call_order(heir, CALL_ABANDON);
		return;
	}
	conn->series.tried = 0;
	conn_begin(conn, heir, conn->next_trigger);
	call_order(heir, CALL_GO);
}

/* Makes the outcome visible, all at once. store.lock held. */
static void show_end(struct ras_call *call, const struct outcome *o, struct ras_history_row *row)
{
	struct ras_conn *conn = call->conn;
	unsigned counts = (o->lost ? COUNT_DROP : 0) | (o->failed ? COUNT_FAILURE : 0);

	WITH_LOCK(&conn->lock);

	if (row) {
		pthread_mutex_lock(&call->ras->lock);
		history_push(call->ras, row);
		pthread_mutex_unlock(&call->ras->lock);
	}
	apply_end(&conn->info, o);
	conn_clear_link(conn);
	conn->traffic_base = conn->info.counters.traffic;
	conn->ending = false;
	conn->stop_since = 0;
	/* What was asked for while this outcome was on its way is for the waiting that may follow. */
	if (conn->stop == o->stop && o->stop != STOP_QUIT)
		conn->stop = STOP_NONE;
	if (o->verdict.unwanted && !conn->heir)
		conn->info.desired = RAS_DESIRED_DOWN;
	conn_move(conn, o->verdict.status, RAS_DISCONNECTED, counts);
	post_end_notices(conn, o);
	slot_drop(call);
	if (o->verdict.status != RAS_STATUS_WAITING_REDIAL) {
		hand_over(conn);
		conn_settle(conn);
	}
}

static void log_end(const struct ras_call *call, const struct outcome *o)
{
	const struct ras_error *e = &o->error;
	const char *cause = ras_label_name(ras_cause_labels, (int32_t)e->cause);
	char next[64] = "";

	if (o->verdict.status == RAS_STATUS_WAITING_REDIAL)
		snprintf(next, sizeof(next), "; redial in %lld s",
			 (long long)(o->redial_mono - o->now_mono + 999) / 1000);
	if (o->was_up)
		log_info("entry %s: call %u: disconnected after %u s: %s, error %d: %s%s", call->conn->name,
			 call->call_id, o->up_seconds, cause, e->code, e->text, next);
	else
		log_info("entry %s: call %u: %s in state %s: %s, error %d: %s%s", call->conn->name, call->call_id,
			 o->cancelled ? "cancelled" : "failed", ras_label_name(ras_state_labels, (int32_t)e->state),
			 cause, e->code, e->text, next);
}

/* The end of the agent leaves a link that is up alone. */
static bool let_go(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;
	bool keep;

	pthread_mutex_lock(&conn->lock);
	keep = conn->stop == STOP_QUIT && call->engaged && call->up_mono > 0 &&
	       !atomic_load(&call->ras->hang_up_on_exit);
	if (keep)
		hand_over(conn);
	else if (conn->stop_since == 0)
		conn->stop_since = clock_mono_ms();
	pthread_mutex_unlock(&conn->lock);
	if (keep) {
		call_read_traffic(call);
		call->driver->release(call);
		log_info("entry %s: call %u: left up", conn->name, call->call_id);
	}
	return keep;
}

/* Ends the attempt or call: cleans up, decides, writes, shows, tells. Returns true if a redial is to follow. */
static bool finish(struct ras_call *call, int result)
{
	struct ras_history_row *row;
	struct outcome o;

	if (let_go(call))
		return false;
	if (call->engaged) {
		if (call->up_mono > 0)
			call_read_traffic(call);
		call->driver->hang_up(call);
	}
	decide(call, result, &o);
	row = history_row(call, &o);

	pthread_mutex_lock(&call->ras->store.lock);
	schedule(call, &o, call->conn->info.counters.consecutive_failures + (o.was_up ? 0 : 1));
	write_end(call, &o, row);
	/* Before anybody may dial again and have a record of his own. */
	link_record_remove(call);
	show_end(call, &o, row);
	pthread_mutex_unlock(&call->ras->store.lock);

	if (o.verdict.unwanted)
		journal_save_wish(call->conn);
	log_end(call, &o);
	if (o.stop != STOP_HANG_UP)
		notifier_tell(call, o.error.state, o.error.code);
	notifier_end(call, &o.error);
	return o.verdict.status == RAS_STATUS_WAITING_REDIAL;
}

/* ---- between two attempts ---- */

/* Why there will be no redial. conn.lock held. */
static enum stop_reason end_of_waiting(const struct ras_conn *conn)
{
	if (conn->stop != STOP_NONE)
		return conn->stop;
	if (atomic_load(&conn->ras->setting[RAS_SETTING_ADMIN_MODE]) != RAS_ADMIN_ENABLED)
		return STOP_DRAIN;
	return conn_ready(conn) ? STOP_NONE : STOP_REMOVED;
}

/* Leaves waitingRedial because of a stop. conn.lock held. */
static void leave_waiting(struct ras_conn *conn, enum stop_reason reason)
{
	bool drained = reason == STOP_DRAIN || reason == STOP_ADMIN;

	if (reason != STOP_QUIT) {
		conn->info.redials_left = 0;
		conn->info.next_redial_mono_ms = 0;
		conn->series.redial_real = 0;
		if (!drained && conn->info.status == RAS_STATUS_WAITING_REDIAL)
			conn_move(conn, RAS_STATUS_HANGING_UP, RAS_DISCONNECTED, 0);
		conn_move(conn, drained ? RAS_STATUS_FAILED : RAS_STATUS_DOWN, RAS_DISCONNECTED, 0);
	}
	conn->stop_since = 0;
	hand_over(conn);
	conn_settle(conn);
}

enum waiting { WAITING_ON, WAITING_OVER, WAITING_DIALS };

/* One look at what to do while waiting for the redial time, or for a place after it. */
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
	conn_begin(conn, call, conn->dial_now ? conn->next_trigger : RAS_TRIGGER_REDIAL);
	return WAITING_DIALS;
}

/* Returns true when the next attempt has begun, false when there will be none. */
static bool await_redial(struct ras_call *call)
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
			return false;
		case WAITING_ON:
			break;
		}
		poll(&wake, 1, timeout_ms);
		fd_event_drain(call->wake_fd);
	}
}

/* ---- the thread ---- */

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
	if (r == 0 && up)
		call_read_traffic(call);
	adopted_one(call->ras);
	if (r < 0 || !up)
		return r < 0 ? r : -EIO;
	log_info("entry %s: call %u: adopted%s%s, up for %lld s", call->conn->name, call->call_id,
		 call->ifname[0] ? " on " : "", call->ifname, (long long)(clock_mono_ms() - call->up_mono) / 1000);
	return 0;
}

static int first_round(struct ras_call *call)
{
	int r;

	if (call->start == START_ADOPT) {
		r = adopt(call);
		return r < 0 ? r : call->driver->watch(call);
	}
	r = dial(call);
	if (r == 0)
		r = connected(call);
	return r < 0 ? r : call->driver->watch(call);
}

static void live(struct ras_call *call)
{
	bool again = call->start == START_REDIAL;

	publish_thread(call);
	do {
		if (again && !await_redial(call))
			return;
		if (again)
			call->start = START_ATTEMPT;
		again = finish(call, first_round(call));
	} while (again);
}

/* The last act of a thread: from the list of the living to that of those to be joined. */
static void retire(struct ras_call *call)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct ras *ras = call->ras;

	/* Whoever still waits waits for a dial that was never let go. */
	ras_error_set(&error, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	notifier_end(call, &error);
	call_reset(call);
	slot_drop(call);

	pthread_mutex_lock(&ras->lock);
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	call->next = ras->ended;
	ras->ended = call;
	ras->totals.threads--;
	pthread_cond_broadcast(&ras->thread_ended);
	pthread_mutex_unlock(&ras->lock);
	fd_event_post(ras->wake_fd);
}

static void *thread_main(void *arg)
{
	struct ras_call *call = arg;
	struct pollfd wake = {.fd = call->wake_fd, .events = POLLIN};

	while (atomic_load(&call->orders) == CALL_PARKED)
		poll(&wake, 1, -1);
	fd_event_drain(call->wake_fd);
	if (atomic_load(&call->orders) == CALL_GO)
		live(call);
	retire(call);
	return NULL;
}

static int start_thread(struct ras_call *call)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, DIAL_THREAD_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&call->thread, &attr, thread_main, call);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return r == 0 ? 0 : -EAGAIN;
}

int call_new(struct ras_conn *conn, enum call_start start, struct ras_call **ret)
{
	struct ras *ras = conn->ras;
	struct ras_call *call = calloc(1, sizeof(*call));
	bool stopping;
	int r;

	if (!call)
		return -ENOMEM;
	*call = (struct ras_call){.ras = ras, .conn = conn, .start = start, .log_fd = -1, .error = RAS_ERROR_INIT};
	call->wake_fd = fd_event();
	if (call->wake_fd < 0) {
		free(call);
		return -EAGAIN;
	}

	pthread_mutex_lock(&ras->lock);
	stopping = ras->stopping;
	if (!stopping) {
		call->next = ras->threads;
		call->link = &ras->threads;
		if (call->next)
			call->next->link = &call->next;
		ras->threads = call;
		ras->totals.threads++;
	}
	pthread_mutex_unlock(&ras->lock);
	r = stopping ? -EAGAIN : start_thread(call);
	if (r < 0) {
		if (!stopping) {
			pthread_mutex_lock(&ras->lock);
			*call->link = call->next;
			if (call->next)
				call->next->link = call->link;
			ras->totals.threads--;
			pthread_mutex_unlock(&ras->lock);
		}
		call_free(call);
		return r;
	}
	*ret = call;
	return 0;
}

void call_order(struct ras_call *call, enum call_orders orders)
{
	/* The place is free at once, not only when the thread has got round to it. */
	if (orders == CALL_ABANDON)
		slot_drop(call);
	atomic_store(&call->orders, orders);
	fd_event_post(call->wake_fd);
}

struct ras_call *call_free(struct ras_call *call)
{
	if (!call)
		return NULL;
	call_close_log(call);
	ras_entry_unref(call->entry);
	if (call->record)
		link_record_done(call->record);
	free(call->record);
	fd_close(call->wake_fd);
	free(call);
	return NULL;
}
