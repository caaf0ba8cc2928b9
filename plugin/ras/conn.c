/* SPDX-License-Identifier: BSD-2-Clause */
/* The living side of an entry. Everything that changes status or counters is here, under conn.lock, together with the
 * sums of the scalars under ras.lock. */
#include <errno.h>
#include <string.h>

#include "ras/bundle.h"
#include "ras/traffic.h"
#include "sys/clock.h"

#define SWAP(a, b)                                                                                                     \
	do {                                                                                                           \
		__typeof__(a) swap_ = (a);                                                                             \
		(a) = (b);                                                                                             \
		(b) = swap_;                                                                                           \
	} while (0)

struct ras_conn *conn_new(struct ras *ras, const char *name)
{
	struct ras_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->refs = 1;
	conn->ras = ras;
	str_copy(conn->name, name, sizeof(conn->name));
	pthread_mutex_init(&conn->lock, NULL);
	conn->last_action = RAS_ACTION_NONE;
	conn->info.desired = RAS_DESIRED_DOWN;
	conn->info.status = RAS_STATUS_DOWN;
	conn->info.state = RAS_DISCONNECTED;
	conn->info.thread_state = RAS_THREAD_NONE;
	conn->info.last_error = RAS_ERROR_INIT;
	conn->info.last_change_mono_ms = ras->start_mono;
	return conn;
}

struct ras_conn *conn_ref(struct ras_conn *conn)
{
	atomic_fetch_add(&conn->refs, 1);
	return conn;
}

struct ras_conn *conn_unref(struct ras_conn *conn)
{
	if (!conn || atomic_fetch_sub(&conn->refs, 1) > 1)
		return NULL;
	ras_entry_unref(conn->entry);
	ras_entry_unref(conn->file_entry);
	ras_entry_unref(conn->kept);
	ras_entry_unref(conn->kept_base);
	free(conn->addrs);
	free(conn->links);
	pthread_mutex_destroy(&conn->lock);
	free(conn);
	return NULL;
}

void conn_inherit(struct ras_conn *conn, struct ras_conn *from)
{
	WITH_LOCK(&from->lock);

	conn->info = from->info;
	conn->series = from->series;
	conn->traffic_base = from->traffic_base;
	conn->last_action = from->last_action;
	conn->hung_up = from->hung_up;
}

void conn_swap_lives(struct ras_conn *a, struct ras_conn *b)
{
	SWAP(a->info, b->info);
	SWAP(a->series, b->series);
	SWAP(a->traffic_base, b->traffic_base);
	SWAP(a->last_action, b->last_action);
	SWAP(a->hung_up, b->hung_up);
	SWAP(a->begun, b->begun);
	SWAP(a->begun_after, b->begun_after);
	SWAP(a->has_life, b->has_life);
}

static const enum ras_thread_state thread_state_of[RAS_STATUS_MAX] = {
	[RAS_STATUS_DOWN] = RAS_THREAD_NONE,
	[RAS_STATUS_DIALING] = RAS_THREAD_RUNNING,
	[RAS_STATUS_AUTHENTICATING] = RAS_THREAD_RUNNING,
	[RAS_STATUS_UP] = RAS_THREAD_WAITING,
	[RAS_STATUS_HANGING_UP] = RAS_THREAD_CANCELLING,
	[RAS_STATUS_WAITING_REDIAL] = RAS_THREAD_WAITING,
	[RAS_STATUS_FAILED] = RAS_THREAD_NONE,
	[RAS_STATUS_NOT_READY] = RAS_THREAD_NONE,
	[RAS_STATUS_WAITING] = RAS_THREAD_WAITING,
};

static void count(struct ras_conn *conn, unsigned counts)
{
	struct ras_counters *c = &conn->info.counters;
	struct ras_totals *t = &conn->ras->totals;

	if (counts & COUNT_ATTEMPT) {
		c->attempts++;
		t->attempts++;
	}
	if (counts & COUNT_SUCCESS) {
		c->successes++;
		t->successes++;
	}
	if (counts & COUNT_FAILURE) {
		c->failures++;
		t->failures++;
	}
	if (counts & COUNT_DROP) {
		c->drops++;
		t->drops++;
	}
}

void conn_move(struct ras_conn *conn, enum ras_status status, enum ras_state state, unsigned counts)
{
	struct ras_conn_info *info = &conn->info;
	enum ras_status old = info->status;

	info->state = state;
	pthread_mutex_lock(&conn->ras->lock);
	count(conn, counts);
	if (conn->listed) {
		conn->ras->totals.by_status[old]--;
		conn->ras->totals.by_status[status]++;
	}
	pthread_mutex_unlock(&conn->ras->lock);
	info->thread_state = thread_state_of[status];
	if (status == old)
		return;
	info->status = status;
	info->last_change_mono_ms = clock_mono_ms();
	conn_notice(conn, RAS_NOTIFY_STATE_CHANGE, old, 0);
}

void conn_list(struct ras_conn *conn, bool listed)
{
	WITH_LOCK(&conn->ras->lock);

	if (conn->listed == listed)
		return;
	conn->listed = listed;
	conn->ras->totals.entries += listed ? 1 : -1u;
	conn->ras->totals.by_status[conn->info.status] += listed ? 1 : -1u;
}

void conn_clear_link(struct ras_conn *conn)
{
	struct ras_conn_info *info = &conn->info;

	info->start_time_ms = 0;
	info->up_since_mono_ms = 0;
	info->call_traffic = (struct ras_traffic){0};
	info->ifindex = 0;
	info->ifname[0] = '\0';
	info->local = info->peer = (struct ras_addr){0};
	info->device_name[0] = '\0';
	info->speed = 0;
	info->links_up = 0;
	info->process_id = 0;
	free(conn->addrs);
	conn->addrs = NULL;
	conn->n_addrs = 0;
}

static bool notice_wanted(const struct ras *ras, enum ras_notify_type type)
{
	return (atomic_load(&ras->setting[RAS_SETTING_NOTIFY_TYPES]) & 1u << type) != 0;
}

static void notice(struct ras_conn *conn, enum ras_notify_type type, enum ras_status old_status, uint32_t call_seconds,
		   const struct ras_link *link)
{
	/* The end of a call may be told after its row has gone. */
	const struct ras_entry *entry = conn->entry || !conn->call ? conn->entry : conn->call->entry;

	if (!entry || !(entry->notify_types & 1u << type) || !notice_wanted(conn->ras, type))
		return;

	struct ras_notice notice = {
		.type = type,
		.conn = conn->info,
		.old_status = old_status,
		.call_seconds = call_seconds,
	};

	if (link)
		notice.link = *link;
	str_copy(notice.entry_name, entry->name, sizeof(notice.entry_name));
	notices_post(conn->ras, conn, link ? &conn->link_notices[link - conn->links] : &conn->notices[type], &notice);
}

void conn_notice(struct ras_conn *conn, enum ras_notify_type type, enum ras_status old_status, uint32_t call_seconds)
{
	notice(conn, type, old_status, call_seconds, NULL);
}

void conn_notice_link(struct ras_conn *conn, const struct ras_link *link)
{
	notice(conn, RAS_NOTIFY_LINK_CHANGE, 0, 0, link);
}

void conn_notice_change(struct ras_conn *conn, const struct ras_entry *entry, enum ras_change change)
{
	struct ras_notice notice = {
		.type = RAS_NOTIFY_CONFIG_CHANGE,
		.conn = conn->info,
		.change = change,
		.origin = entry->origin,
	};

	if (!notice_wanted(conn->ras, notice.type))
		return;
	str_copy(notice.entry_name, entry->name, sizeof(notice.entry_name));
	notices_post(conn->ras, conn, &conn->notices[notice.type], &notice);
}

bool conn_ready_with(const struct ras_conn *conn, const struct ras_entry *entry)
{
	return entry && entry->row_status == RAS_ROW_ACTIVE && !ras_entry_missing(entry) &&
	       driver_find(conn->ras, entry->device_type);
}

bool conn_ready(const struct ras_conn *conn)
{
	return !conn->forbidden && conn_ready_with(conn, conn->entry);
}

bool conn_has_call(const struct ras_conn *conn)
{
	enum ras_status status = conn->info.status;

	return status == RAS_STATUS_UP || status == RAS_STATUS_HANGING_UP || ras_status_in_setup(status);
}

bool conn_owes_attempt(const struct ras_conn *conn)
{
	return conn->begun && (int32_t)(conn->info.counters.attempts - conn->begun_after) <= 0;
}

void conn_settle(struct ras_conn *conn)
{
	enum ras_status status = conn->info.status;

	if (conn->call || conn_has_call(conn))
		return;
	if (!conn_ready(conn))
		status = RAS_STATUS_NOT_READY;
	else if (status == RAS_STATUS_NOT_READY)
		status = RAS_STATUS_DOWN;
	conn_move(conn, status, RAS_DISCONNECTED, 0);
}

uint32_t call_id_next(struct ras *ras)
{
	WITH_LOCK(&ras->lock);

	if (++ras->last_call_id == 0)
		ras->last_call_id = 1;
	return ras->last_call_id;
}

void conn_begin(struct ras_conn *conn, struct ras_call *call, enum ras_trigger trigger)
{
	uint32_t budget = redial_budget(conn->entry);

	/* One that waited for traffic has what it waited with. */
	if (!call->armed) {
		call->entry = ras_entry_ref(conn->entry);
		call->driver = bundle_driver(conn->ras, conn->entry);
		call->call_id = call_id_next(conn->ras);
	}
	call->request_id = conn->series.request;
	call->trigger = trigger;
	call->attempt = conn->series.tried++;
	if (call->attempt == 0 || budget == REDIAL_UNBOUNDED)
		conn->info.redials_left = budget;
	else if (conn->info.redials_left > 0)
		conn->info.redials_left = MIN(conn->info.redials_left - 1, budget);

	conn->call = call;
	conn->stop = STOP_NONE;
	conn->stop_since = 0;
	conn->told_stuck = false;
	conn->ending = false;
	conn->failure_counted = false;
	conn->dial_now = conn->resumed = false;
	/* What an earlier agent had accepted is only accounted for. */
	if (call->start != START_ADOPT)
		conn->start_owed = false;
	conn->series.redial_real = 0;
	conn->info.next_redial_mono_ms = 0;
	conn->info.call_id = call->call_id;
	conn->info.subentry = call->subentry = 0;
	str_copy(conn->info.destination, call->entry->destination, sizeof(conn->info.destination));
	conn_move(conn, RAS_STATUS_DIALING, RAS_OPEN_PORT, COUNT_ATTEMPT);
}

void conn_wait(struct ras_conn *conn, struct ras_call *call, enum ras_trigger trigger)
{
	conn->call = call;
	conn->stop = STOP_NONE;
	conn->stop_since = 0;
	conn->ending = false;
	conn->dial_now = false;
	conn->start_owed = false;
	conn->next_trigger = trigger;
	conn->series.tried = 0;
	/* As for a redial: by the date a start knows that there is no attempt yet. */
	conn->series.redial_real = clock_real_ms();
	conn->info.redials_left = redial_budget(conn->entry);
	conn->info.next_redial_mono_ms = 0;
	conn_move(conn, RAS_STATUS_WAITING, RAS_DISCONNECTED, 0);
}

void conn_start(struct ras_conn *conn, struct ras_call *call, enum ras_trigger trigger)
{
	conn->series.tried = 0;
	if (conn->entry->dial_mode != RAS_DIAL_MODE_ON_DEMAND) {
		conn_begin(conn, call, trigger);
		return;
	}
	call->start = START_WAITING;
	slot_drop(call);
	conn->begun = false;
	conn->wish_stale = true; /* what was written for a redial */
	conn_wait(conn, call, RAS_TRIGGER_ON_DEMAND);
}

void conn_hand_over(struct ras_conn *conn)
{
	struct ras_call *heir = conn->heir;

	conn->call = NULL;
	conn->heir = NULL;
	conn->info.thread_id = 0;
	if (!heir)
		return;
	if (!conn_ready(conn)) {
		conn->begun = false;
		conn->wish_stale = true;
		call_order(heir, CALL_ABANDON);
		return;
	}
	conn_start(conn, heir, conn->next_trigger);
	call_order(heir, CALL_GO);
}

/* An end by the host shows at once, before the thread has got round to it. While an outcome is on its way into the
 * journal (ending) the thread alone moves the row; it looks at stop again afterwards. */
static void show_stop(struct ras_conn *conn, enum stop_reason reason)
{
	switch (conn->info.status) {
	case RAS_STATUS_DIALING:
	case RAS_STATUS_AUTHENTICATING:
		conn->failure_counted = true;
		conn_move(conn, RAS_STATUS_HANGING_UP, conn->info.state, COUNT_FAILURE);
		return;
	case RAS_STATUS_WAITING_REDIAL:
	case RAS_STATUS_WAITING:
		if (reason == STOP_DRAIN)
			return;
		/* fall through */
	case RAS_STATUS_UP:
		conn_move(conn, RAS_STATUS_HANGING_UP, conn->info.state, 0);
		return;
	default:
		return;
	}
}

void conn_stop(struct ras_conn *conn, enum stop_reason reason)
{
	bool asked = reason <= STOP_REMOVED;

	if (!conn->call)
		return;
	if (conn->heir) {
		call_order(conn->heir, CALL_ABANDON);
		conn->heir = NULL;
		/* Of what the end of the agent cuts short the next one gives account. */
		if (reason != STOP_QUIT) {
			conn->begun = false;
			conn->wish_stale = true;
		}
	}
	/* Nobody asks for the end of the agent: an attempt fails by its code, a link stays or is hung up. */
	if (!conn->ending && reason != STOP_QUIT)
		show_stop(conn, reason);
	/* A request outweighs what the thread found by itself, after which there might be a redial. */
	if (conn->stop == STOP_NONE || (asked && conn->stop > STOP_REMOVED))
		conn->stop = reason;
	if (conn->stop_since == 0)
		conn->stop_since = clock_mono_ms();
	fd_event_post(conn->call->wake_fd);
}

void ras_conn_get(const struct ras_conn *conn, struct ras_conn_info *ret)
{
	struct ras_conn *c = (struct ras_conn *)(uintptr_t)conn;

	pthread_mutex_lock(&c->lock);
	*ret = c->info;
	traffic_look(c, ret);
	pthread_mutex_unlock(&c->lock);
	if (ret->up_since_mono_ms > 0)
		ret->counters.up_seconds += (uint64_t)MAX(clock_mono_ms() - ret->up_since_mono_ms, 0) / 1000;
}

size_t ras_conn_addrs(const struct ras_conn *conn, struct ras_addr ret[RAS_SHOWN_MAX])
{
	struct ras_conn *c = (struct ras_conn *)(uintptr_t)conn;
	WITH_LOCK(&c->lock);

	if (c->info.status != RAS_STATUS_UP)
		return 0;
	if (c->n_addrs > 0)
		memcpy(ret, c->addrs, c->n_addrs * sizeof(*ret));
	return c->n_addrs;
}

const struct ras_entry *ras_conn_entry(const struct ras_conn *conn)
{
	return conn->entry;
}

void ras_hang_up(struct ras_conn *conn)
{
	pthread_mutex_lock(&conn->lock);
	conn->info.desired = RAS_DESIRED_DOWN;
	conn->hung_up = true;
	conn_stop(conn, STOP_HANG_UP);
	pthread_mutex_unlock(&conn->lock);
	journal_save_wish(conn);
}
