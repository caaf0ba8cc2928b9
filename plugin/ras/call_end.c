/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a call or attempt: clean up, decide what it means, write it down, show it all at once, tell. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ras/traffic.h"
#include "sys/clock.h"
#include "sys/log.h"

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
	uint32_t hist_oldest;
};

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

/* The error of an attempt that walks several destinations is that of the last one tried. */
static void name_destination(const struct ras_call *call, struct ras_error *error)
{
	char text[RAS_ERROR_TEXT_MAX];

	str_copy(text, error->text, sizeof(text));
	if (call->subentry > 0)
		ras_error_set(error, error->code, error->backend, "Subentry %u: %s", call->subentry, text);
	else
		ras_error_set(error, error->code, error->backend, "The entry itself: %s", text);
}

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
	if (!o->was_up && call->entry->link_mode == RAS_LINK_MODE_ALTERNATES && call->entry->n_subentries > 0 &&
	    (o->stop == STOP_NONE || o->stop == STOP_DIAL_TIMEOUT))
		name_destination(call, &o->error);
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
	int64_t setup_ms = MIN(MAX(setup_end - call->setup_mono, 0), (int64_t)UINT32_MAX);

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
		.setup_duration_ms = (uint32_t)setup_ms,
		.up_duration_s = o->up_seconds,
		.connected = o->was_up,
		.error = o->error,
		.in_octets = call->traffic.in_octets,
		.out_octets = call->traffic.out_octets,
	};
	str_copy(row->entry_name, call->entry->name, sizeof(row->entry_name));
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
		o->hist_oldest = history_oldest_beside(call->ras, row->index);
		pthread_mutex_unlock(&call->ras->lock);
		if (journal_put_history(&w, row, o->hist_oldest) == 0) {
			memcpy(lines, w.text, w.len);
			len = w.len;
		}
	}
	apply_end(&next, o);
	next.status = o->verdict.status;
	next.counters.failures += o->failed;
	next.counters.drops += o->lost;
	if (journal_put_conn(&w, conn, &next, &series) == 0) {
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

/* Makes the outcome visible, all at once. store.lock held. */
static void show_end(struct ras_call *call, const struct outcome *o, struct ras_history_row *row)
{
	struct ras_conn *conn = call->conn;
	unsigned counts = (o->lost ? COUNT_DROP : 0) | (o->failed ? COUNT_FAILURE : 0);

	WITH_LOCK(&conn->lock);

	if (row) {
		pthread_mutex_lock(&call->ras->lock);
		history_push(call->ras, row, o->hist_oldest);
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
	if (o->verdict.status == RAS_STATUS_WAITING) {
		enum stop_reason asked = conn->stop;

		conn_wait(conn, call, RAS_TRIGGER_ON_DEMAND);
		conn->stop = asked;
	} else if (o->verdict.status != RAS_STATUS_WAITING_REDIAL) {
		conn_hand_over(conn);
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
		conn_hand_over(conn);
	else if (conn->stop_since == 0)
		conn->stop_since = clock_mono_ms();
	pthread_mutex_unlock(&conn->lock);
	if (keep) {
		traffic_end(call);
		call->driver->release(call);
		log_info("entry %s: call %u: left up", conn->name, call->call_id);
	}
	return keep;
}

/* Another engine has the directories by now, and makes an end of what is left. */
static bool leave_it(struct ras_call *call)
{
	if (!atomic_load(&call->ras->abandoned))
		return false;
	pthread_mutex_lock(&call->conn->lock);
	conn_hand_over(call->conn);
	pthread_mutex_unlock(&call->conn->lock);
	return true;
}

bool call_end(struct ras_call *call, int result)
{
	struct ras_history_row *row;
	struct outcome o;

	if (let_go(call))
		return false;
	if (call->engaged) {
		if (call->up_mono > 0)
			traffic_end(call);
		call->driver->hang_up(call);
		call_drop_number(call);
	}
	if (leave_it(call))
		return false;
	network_down(call);
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
	journal_mend_wish(call->conn);
	log_end(call, &o);
	if (o.stop != STOP_HANG_UP)
		notifier_tell(call, o.error.state, o.error.code);
	notifier_end(call, &o.error);
	return o.verdict.status == RAS_STATUS_WAITING_REDIAL || o.verdict.status == RAS_STATUS_WAITING;
}
