/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests in two phases: everything that can be refused or can fail comes first, then a commit that cannot (RFC 3416,
 * 4.2.5: SET is atomic; over AgentX an error of the commit would never reach the manager). */
#include <errno.h>
#include <string.h>

#include "ras/phonebook.h"
#include "sys/clock.h"

struct ras_request {
	struct ras_request *next;
	struct ras *ras;
	uint32_t number;
	struct ras_conn *conn;
	enum ras_action action;
	uint32_t request_id;
	enum ras_trigger trigger;
	bool repeated; /* seen before: nothing happens */
	bool written;
	bool in_stroke;        /* but not on the disk yet */
	struct ras_call *call; /* parked dial thread; NULL: none is needed */
	int64_t made_ms;
};

enum need { NEED_NOTHING, NEED_THREAD, REFUSED };

/* What a dial or redial needs, by status. Order of checks: mode and row, then cases without effect, then limits (the
 * limit is that of NEED_THREAD). */
static enum need dial_needs(const struct ras_conn *conn, enum ras_action action)
{
	const struct ras_entry *entry = edit_coming(conn);
	uint32_t mode = ras_setting_coming(conn->ras, RAS_SETTING_ADMIN_MODE);
	/* A row with a call is not notReady, though its entry may have become one that cannot be dialed. */
	bool allowed = entry && (entry->origin != RAS_ORIGIN_SNMP || !permit_why_not(&conn->ras->permit, entry));
	enum need thread = allowed && conn_ready_with(conn, entry) ? NEED_THREAD : REFUSED;

	if (mode != RAS_ADMIN_ENABLED || !entry || entry->row_status != RAS_ROW_ACTIVE)
		return REFUSED;
	/* A bundle of links, and there is none but the entry's own. */
	if (entry->link_mode == RAS_LINK_MODE_DIAL_ALL && entry->n_subentries == 0)
		return REFUSED;
	switch (conn->info.status) {
	case RAS_STATUS_HANGING_UP:
		return REFUSED;
	case RAS_STATUS_DIALING:
	case RAS_STATUS_AUTHENTICATING:
	case RAS_STATUS_UP:
	case RAS_STATUS_WAITING:
	case RAS_STATUS_WAITING_REDIAL:
		return action == RAS_ACTION_DIAL ? NEED_NOTHING : thread;
	default:
		return thread;
	}
}

/* Does the call wait for resume(6)? One that is being ended keeps its state for a while. */
static bool is_paused(const struct ras_conn *conn)
{
	return ras_state_paused(conn->info.state) && conn->info.status == RAS_STATUS_AUTHENTICATING && conn->call;
}

static enum need request_needs(const struct ras_conn *conn, enum ras_action action)
{
	switch (action) {
	case RAS_ACTION_DIAL:
	case RAS_ACTION_REDIAL:
		return dial_needs(conn, action);
	case RAS_ACTION_RESUME:
		return is_paused(conn) ? NEED_NOTHING : REFUSED;
	default:
		return NEED_NOTHING;
	}
}

static int refuse(struct ras *ras, enum ras_action action, int error)
{
	if (action == RAS_ACTION_DIAL || action == RAS_ACTION_REDIAL) {
		WITH_LOCK(&ras->lock);

		ras->totals.rejected++;
	}
	return error;
}

/* A redial of an attempt takes over the place of that attempt; who will wait for traffic needs none. */
static int park_thread(struct ras_request *request, bool has_place)
{
	bool on_demand = edit_coming(request->conn)->dial_mode == RAS_DIAL_MODE_ON_DEMAND;
	int r = call_new(request->conn, START_ATTEMPT, &request->call);

	if (r < 0)
		return r;
	if (has_place)
		slot_force(request->call);
	if (has_place || on_demand || slot_try(request->call))
		return 0;
	call_order(TAKE_PTR(request->call), CALL_ABANDON);
	return -EAGAIN;
}

/* 0 is nobody's. */
uint32_t reservation_number(struct ras *ras)
{
	if (++ras->n_reserved == 0)
		ras->n_reserved = 1;
	return ras->n_reserved;
}

int ras_request_reserve(struct ras *ras, struct ras_conn *conn, enum ras_action action, uint32_t request_id,
			enum ras_trigger trigger, struct ras_request **ret)
{
	struct ras_request *request;
	bool repeated, contradicts, in_setup;
	enum need need;
	int r;

	/* A row that the same PDU destroys or renames is not there any more when this is done. */
	if (conn->request || (conn->edit && !edit_coming(conn)))
		return refuse(ras, action, -EINVAL);
	pthread_mutex_lock(&conn->lock);
	repeated = request_id != 0 && request_id == conn->info.request_id && action == conn->last_action;
	contradicts = request_id != 0 && request_id == conn->info.request_id && action != conn->last_action;
	need = request_needs(conn, action);
	in_setup = ras_status_in_setup(conn->info.status);
	pthread_mutex_unlock(&conn->lock);
	if (contradicts || (need == REFUSED && !repeated))
		return refuse(ras, action, -EINVAL);

	request = calloc(1, sizeof(*request));
	if (!request)
		return refuse(ras, action, -ENOMEM);
	*request = (struct ras_request){
		.ras = ras,
		.number = reservation_number(ras),
		.conn = conn,
		.action = action,
		.request_id = request_id,
		.trigger = trigger,
		.repeated = repeated,
		.made_ms = clock_mono_ms(),
	};
	r = need == NEED_THREAD && !repeated ? park_thread(request, in_setup) : 0;
	if (r < 0) {
		free(request);
		return refuse(ras, action, r);
	}
	request->next = ras->requests;
	ras->requests = request;
	conn->request = request;
	*ret = request;
	return 0;
}

/* What is wanted after the request. conn.lock held. */
static enum ras_desired desired_after(const struct ras_request *request)
{
	const struct ras_conn *conn = request->conn;

	switch (request->action) {
	case RAS_ACTION_DIAL:
	case RAS_ACTION_REDIAL:
		return RAS_DESIRED_UP;
	case RAS_ACTION_HANG_UP:
		return RAS_DESIRED_DOWN;
	case RAS_ACTION_CLEAR_ERROR:
		return conn->info.status == RAS_STATUS_FAILED ? RAS_DESIRED_DOWN : conn->info.desired;
	default:
		return conn->info.desired;
	}
}

/* Is it hung up after the request? Once hung up, only a dial lets the agent start it by itself again. conn.lock held.
 */
static bool hung_up_after(const struct ras_request *request)
{
	switch (request->action) {
	case RAS_ACTION_DIAL:
	case RAS_ACTION_REDIAL:
		return false;
	case RAS_ACTION_HANG_UP:
		return true;
	default:
		return request->conn->hung_up;
	}
}

/* The conn line that clearError(5) leads to. */
static int put_cleared(struct record_writer *w, struct ras_conn *conn)
{
	struct ras_conn_info info;
	struct conn_series series;

	pthread_mutex_lock(&conn->lock);
	info = conn->info;
	series = conn->series;
	info.counters.traffic = conn->traffic_base;
	pthread_mutex_unlock(&conn->lock);
	info.last_error = RAS_ERROR_INIT;
	if (info.status == RAS_STATUS_FAILED)
		info.status = RAS_STATUS_DOWN;
	return journal_put_conn(w, conn, &info, &series);
}

/* An attempt that was accepted and is not yet in the journal has only the wish to be known by: no request takes that
 * from it. But a hang-up does away with one that still waits for the end of the call before it. conn.lock held. */
static bool stays_begun(const struct ras_conn *conn, enum ras_action action)
{
	return conn->begun && !(conn->heir && action == RAS_ACTION_HANG_UP);
}

/* To wait for traffic is no attempt; but a crash must not let a redial be forgotten, which first ends what there is.
 * conn.lock held. */
static bool begins_attempt(const struct ras_request *request)
{
	const struct ras_conn *conn = request->conn;

	return request->call && (conn->call || edit_coming(conn)->dial_mode != RAS_DIAL_MODE_ON_DEMAND);
}

int ras_request_write(struct ras_request *request)
{
	struct ras_conn *conn = request->conn;
	struct record_writer w;
	struct conn_wish wish = {.request_id = request->request_id, .action = request->action};
	bool alone = !request->ras->stroke.open;
	int r = 0;

	if (request->repeated)
		return 0;
	if (alone)
		ras_write_begin(request->ras);
	pthread_mutex_lock(&conn->lock);
	wish.desired = desired_after(request);
	wish.hung_up = hung_up_after(request);
	wish.begun = begins_attempt(request) || stays_begun(conn, request->action);
	wish.after = request->call ? conn->info.counters.attempts : conn->begun_after;
	pthread_mutex_unlock(&conn->lock);
	if (request->action == RAS_ACTION_CLEAR_ERROR) {
		r = put_cleared(&w, conn);
		if (r == 0)
			stroke_add(request->ras, &w);
	}
	if (r == 0)
		r = journal_put_wish(&w, conn, &wish);
	if (r == 0)
		stroke_add(request->ras, &w);
	else if (alone)
		ras_write_drop(request->ras);
	if (r < 0)
		return r;
	pthread_mutex_lock(&conn->lock);
	request->written = conn->is_ahead = true;
	conn->ahead = wish;
	pthread_mutex_unlock(&conn->lock);
	request->in_stroke = true;
	atomic_fetch_add(&request->ras->store.ahead, 1);
	return alone ? ras_write_end(request->ras) : 0;
}

/* The request is done, or is to be taken back. conn.lock held. */
static void no_longer_ahead(struct ras_request *request)
{
	if (!request->written)
		return;
	request->written = request->conn->is_ahead = false;
	atomic_fetch_sub(&request->ras->store.ahead, 1);
}

void requests_wrote(struct ras *ras, bool written)
{
	for (struct ras_request *r = ras->requests; r; r = r->next) {
		if (r->in_stroke && !written) {
			WITH_LOCK(&r->conn->lock);

			no_longer_ahead(r);
		}
		r->in_stroke = false;
	}
}

void ras_request_undo(struct ras_request *request)
{
	if (!request->written)
		return;
	pthread_mutex_lock(&request->conn->lock);
	no_longer_ahead(request);
	pthread_mutex_unlock(&request->conn->lock);
	if (request->action == RAS_ACTION_CLEAR_ERROR)
		journal_save_conn(request->conn);
	journal_save_wish(request->conn);
}

static void clear_error(struct ras_conn *conn)
{
	conn->info.last_error = RAS_ERROR_INIT;
	if (conn->info.status == RAS_STATUS_FAILED)
		conn_move(conn, RAS_STATUS_DOWN, RAS_DISCONNECTED, 0);
}

static bool is_stopping(struct ras *ras)
{
	WITH_LOCK(&ras->lock);

	return ras->stopping;
}

/* Gives the parked thread its work: at once, or after the call that goes on now. When the agent ends there is none: the
 * next agent finds in the journal what was accepted. */
static void let_go(struct ras_request *request)
{
	struct ras_conn *conn = request->conn;
	struct ras_call *call = TAKE_PTR(request->call);

	if (conn->call)
		conn_stop(conn, STOP_HANG_UP);
	conn->series.request = request->request_id;
	conn->next_trigger = request->trigger;
	conn->begun = true;
	conn->begun_after = conn->info.counters.attempts;
	if (is_stopping(request->ras)) {
		call_order(call, CALL_ABANDON);
		return;
	}
	if (conn->call) {
		conn->heir = call;
		return;
	}
	conn_start(conn, call, request->trigger);
	call_order(call, CALL_GO);
}

/* The call goes on at once for whoever looks, so that it is resumed once. The deadline may have come before. */
static void resume(struct ras_conn *conn)
{
	if (!is_paused(conn) || conn->stop != STOP_NONE)
		return;
	conn->resumed = true;
	conn_move(conn, RAS_STATUS_DIALING, RAS_OPEN_PORT, 0);
	fd_event_post(conn->call->wake_fd);
}

static void act(struct ras_request *request)
{
	struct ras_conn *conn = request->conn;

	switch (request->action) {
	case RAS_ACTION_DIAL:
	case RAS_ACTION_REDIAL:
		if (request->call) {
			let_go(request);
		} else if (conn->info.status == RAS_STATUS_WAITING_REDIAL && conn->call) {
			conn->dial_now = true;
			if (conn->stop == STOP_DRAIN)
				conn->stop = STOP_NONE;
			conn->next_trigger = request->trigger;
			conn->series.request = request->request_id;
			fd_event_post(conn->call->wake_fd);
		}
		break;
	case RAS_ACTION_HANG_UP:
		conn_stop(conn, STOP_HANG_UP);
		break;
	case RAS_ACTION_CLEAR_ERROR:
		clear_error(conn);
		break;
	case RAS_ACTION_RESUME:
		resume(conn);
		break;
	default:
		break;
	}
}

static void forget(struct ras_request *request)
{
	struct ras_request **p = &request->ras->requests;

	while (*p != request)
		p = &(*p)->next;
	*p = request->next;
	request->conn->request = NULL;
	free(request);
}

void ras_request_commit(struct ras_request *request)
{
	struct ras_conn *conn = request->conn;

	pthread_mutex_lock(&conn->lock);
	if (!request->repeated) {
		conn->info.desired = desired_after(request);
		conn->hung_up = hung_up_after(request);
		conn->info.request_id = request->request_id;
		conn->last_action = request->action;
		act(request);
	}
	no_longer_ahead(request);
	pthread_mutex_unlock(&conn->lock);
	forget(request);
}

void ras_request_cancel(struct ras_request *request)
{
	if (!request)
		return;
	if (request->call)
		call_order(TAKE_PTR(request->call), CALL_ABANDON);
	pthread_mutex_lock(&request->conn->lock);
	no_longer_ahead(request);
	pthread_mutex_unlock(&request->conn->lock);
	forget(request);
}

bool request_dials(const struct ras_conn *conn)
{
	return conn->request && conn->request->call;
}

void request_withdraw(struct ras_conn *conn, bool dials)
{
	struct ras_request *request = conn->request;

	if (!request || (dials && !request->call))
		return;
	ras_request_undo(request);
	ras_request_cancel(request);
}

void ras_request_expire(struct ras *ras, int64_t max_age_ms)
{
	int64_t now = clock_mono_ms();

	for (struct ras_request *r = ras->requests, *next; r; r = next) {
		next = r->next;
		if (now - r->made_ms < max_age_ms)
			continue;
		ras_request_undo(r);
		ras_request_cancel(r);
	}
}

struct ras_request *ras_request_find(const struct ras *ras, uint32_t number)
{
	for (struct ras_request *r = ras->requests; r; r = r->next)
		if (r->number == number)
			return r;
	return NULL;
}

uint32_t ras_request_number(const struct ras_request *request)
{
	return request->number;
}

/* ---- RasDial for callers in C ---- */

static int wait_for(struct dial_waiter *waiter, struct ras_error *ret_error)
{
	int r;

	pthread_mutex_lock(&waiter->lock);
	while (!waiter->done)
		pthread_cond_wait(&waiter->told, &waiter->lock);
	r = waiter->error.code == RAS_ERROR_NONE ? 0 : -EIO;
	if (ret_error)
		*ret_error = waiter->error;
	pthread_mutex_unlock(&waiter->lock);
	pthread_mutex_destroy(&waiter->lock);
	pthread_cond_destroy(&waiter->told);
	return r;
}

int ras_dial(struct ras *ras, struct ras_conn *conn, const struct ras_notifier *notifier, struct ras_error *ret_error)
{
	struct dial_waiter waiter = {.done = false};
	struct ras_request *request;
	int r = ras_request_reserve(ras, conn, RAS_ACTION_DIAL, 0, RAS_TRIGGER_LOCAL, &request);

	if (r < 0)
		return is_stopping(ras) ? -ESHUTDOWN : r;
	if (!request->call) {
		ras_request_cancel(request);
		if (ret_error)
			ras_error_set(ret_error, RAS_ERROR_DIAL_ALREADY_IN_PROGRESS, RAS_BACKEND_NONE, NULL);
		return -EALREADY;
	}
	if (notifier) {
		request->call->notifier = *notifier;
		request->call->has_notifier = true;
	} else {
		pthread_mutex_init(&waiter.lock, NULL);
		pthread_cond_init(&waiter.told, NULL);
		request->call->waiter = &waiter;
	}
	r = ras_request_write(request);
	if (r < 0) {
		ras_request_cancel(request);
		return r;
	}
	ras_request_commit(request);
	return notifier ? 0 : wait_for(&waiter, ret_error);
}

int ras_resume(struct ras *ras, struct ras_conn *conn)
{
	struct ras_request *request;
	int r = ras_request_reserve(ras, conn, RAS_ACTION_RESUME, 0, RAS_TRIGGER_LOCAL, &request);

	if (r < 0)
		return r;
	r = ras_request_write(request);
	if (r < 0)
		ras_request_cancel(request);
	else
		ras_request_commit(request);
	return r;
}
