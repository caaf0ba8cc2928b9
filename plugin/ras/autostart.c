/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent dials by itself (MIB: rasEntryDialMode, rasAdminMode): at its start, when dialing is allowed again,
 * and when an entry comes that is to be kept up. Such a start is owed until it is made: what goes on with the entry
 * ends first. It is made in waiting(9), where it has its turn for a place under rasMaxConcurrentDials. The owner's. */
#include "ras/modes.h"
#include "ras/phonebook.h"
#include "sys/log.h"

enum ras_trigger autostart_trigger(const struct ras_entry *entry)
{
	return entry->dial_mode == RAS_DIAL_MODE_ON_DEMAND ? RAS_TRIGGER_ON_DEMAND : RAS_TRIGGER_AUTO_START;
}

static bool starts_by_itself(const struct ras_entry *entry)
{
	return entry->dial_mode != RAS_DIAL_MODE_MANUAL;
}

/* Can the row be started by the agent, and was it not hung up? conn.lock held. */
static bool is_for_start(const struct ras_conn *conn)
{
	return conn_ready(conn) && starts_by_itself(conn->entry) && !conn->hung_up;
}

static bool may_start(struct ras *ras)
{
	WITH_LOCK(&ras->lock);

	return ras->started && !ras->stopping &&
	       atomic_load(&ras->setting[RAS_SETTING_ADMIN_MODE]) == RAS_ADMIN_ENABLED;
}

/* Without a call, or after the one that is just being ended, a start is owed, which makes the entry wanted. wanted:
 * only if it is so already. */
static void owe(struct ras_conn *conn, bool wanted)
{
	bool news = false;

	pthread_mutex_lock(&conn->lock);
	if (is_for_start(conn) && (!conn->call || conn->stop != STOP_NONE) &&
	    (!wanted || conn->info.desired == RAS_DESIRED_UP)) {
		conn->start_owed = true;
		news = conn->info.desired != RAS_DESIRED_UP;
		conn->info.desired = RAS_DESIRED_UP;
	}
	pthread_mutex_unlock(&conn->lock);
	if (news)
		journal_save_wish(conn);
}

/* The thread has its place in the line before that of the next entry asks for one. */
static void start(struct ras_conn *conn)
{
	struct ras_call *call;
	int r = call_new(conn, START_WAITING, &call);

	if (r < 0) {
		log_warning("entry %s cannot be started now: no thread to be had; tried again when another has ended",
			    conn->name);
		return;
	}
	if (conn->entry->dial_mode != RAS_DIAL_MODE_ON_DEMAND)
		slot_wait(call);
	pthread_mutex_lock(&conn->lock);
	conn->series.request = 0;
	conn_wait(conn, call, autostart_trigger(conn->entry));
	pthread_mutex_unlock(&conn->lock);
	journal_save_conn(conn);
	call_order(call, CALL_GO);
}

void autostart_go(struct ras_conn *conn)
{
	bool wanted, busy;

	if (!atomic_load(&conn->start_owed))
		return;
	pthread_mutex_lock(&conn->lock);
	wanted = may_start(conn->ras) && is_for_start(conn);
	conn->start_owed = wanted;
	busy = conn->call || conn_has_call(conn);
	pthread_mutex_unlock(&conn->lock);
	/* A dial that is about to be committed will do. */
	if (wanted && !busy && !request_dials(conn))
		start(conn);
}

void autostart_owe_all(struct ras *ras)
{
	for (size_t i = 0; i < ras->n_rows; i++)
		owe(ras->rows[i], false);
}

void autostart_go_all(struct ras *ras)
{
	for (size_t i = 0; i < ras->n_rows; i++)
		autostart_go(ras->rows[i]);
}

void autostart_enabled(struct ras *ras)
{
	for (size_t i = 0; i < ras->n_rows && ras->started; i++) {
		owe(ras->rows[i], true);
		autostart_go(ras->rows[i]);
	}
}

/* Is it another entry to who would dial it? After a refusal a new description is no reason to try again. */
static bool dials_alike(const struct ras_entry *a, const struct ras_entry *b)
{
	return a->dial_mode == b->dial_mode && a->row_status == b->row_status && a->device_type == b->device_type &&
	       str_equal(a->device_name, b->device_name) && str_equal(a->destination, b->destination) &&
	       str_equal(a->user_name, b->user_name) && str_equal(a->local_address, b->local_address) &&
	       str_equal(a->peer_address, b->peer_address) &&
	       str_equal(a->secret ? a->secret : "", b->secret ? b->secret : "") && ras_subentries_equal(a, b);
}

bool autostart_news_of_set(const struct ras_entry *old, bool was_ready, const struct ras_entry *entry)
{
	/* What is changed while the row is in service takes effect with the next attempt (MIB: rasEntryRowStatus),
	 * which is prepared already where it waits for traffic. */
	if (old && was_ready)
		return old->dial_mode == RAS_DIAL_MODE_ON_DEMAND && !dials_alike(old, entry);
	return entry->dial_mode == RAS_DIAL_MODE_PERSISTENT || entry->dial_mode == RAS_DIAL_MODE_ON_DEMAND;
}

bool autostart_news(const struct ras_entry *old, const struct ras_entry *entry)
{
	bool same_mode = old && old->dial_mode == entry->dial_mode;

	return entry->dial_mode == RAS_DIAL_MODE_AUTO_START ? !same_mode : !old || !dials_alike(old, entry);
}

void autostart_come(struct ras_conn *conn)
{
	if (!conn->ras->started)
		return;
	/* What waits does so anew, as the row is now. */
	pthread_mutex_lock(&conn->lock);
	if (conn->info.status == RAS_STATUS_WAITING)
		conn_stop(conn, STOP_DRAIN);
	pthread_mutex_unlock(&conn->lock);
	owe(conn, false);
	autostart_go(conn);
}
