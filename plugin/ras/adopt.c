/* SPDX-License-Identifier: BSD-2-Clause */
/* At start: links of an earlier agent are taken over, attempts it left are ended and accounted for, redial series go
 * on. Each is the work of a dial thread; here it is only found out which threads there must be. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ras/bundle.h"
#include "ras/modes.h"
#include "ras/phonebook.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

/* How long the start waits for links to be taken over; what takes longer goes on beside it. */
#define ADOPTION_SECONDS 2

/* How the present agent sees the entry: as it was dialed, as far as the record tells. An entry that has gone, or is of
 * another type now, gets a stand-in that only knows how to hang up. */
static struct ras_entry *entry_for(const struct ras_conn *conn, enum ras_device_type type)
{
	struct ras_entry *e;

	if (conn->entry && conn->entry->device_type == type)
		return ras_entry_ref(conn->entry);
	e = conn->entry ? ras_entry_copy(conn->entry) : ras_entry_new();
	if (!e)
		return NULL;
	e->device_type = type;
	e->index = conn->info.index;
	str_copy(e->name, conn->name, sizeof(e->name));
	return e;
}

/* The journal knows that this call has ended, since it says so or tells of a later one of the same name: the crash came
 * before its record was removed, or that could not be done. */
static bool is_over(const struct ras_conn *conn, const struct link_record *record)
{
	uint32_t call_id = 0;

	record_get_u32(&record->fields, "call", &call_id);
	if (call_id == conn->info.call_id)
		return !conn_has_call(conn);
	return conn->info.call_id != 0 && (int32_t)(call_id - conn->info.call_id) < 0;
}

/* An attempt without an end yet. One that had been cancelled is a failure already. conn.lock held. */
static void show_unfinished(struct ras_conn *conn, enum ras_state state, unsigned counts)
{
	const struct ras_counters *c = &conn->info.counters;

	conn->failure_counted = counts == 0 && c->attempts == c->successes + c->failures;
	conn_move(conn, conn->failure_counted ? RAS_STATUS_HANGING_UP : RAS_STATUS_DIALING, state, counts);
}

/* A hang-up that was answered before the crash still holds, and so does a mode that lets no call live; a link without
 * an entry has nobody who wants it. */
static void honour_wish(struct ras_conn *conn)
{
	enum ras_admin_mode mode = atomic_load(&conn->ras->setting[RAS_SETTING_ADMIN_MODE]);
	WITH_LOCK(&conn->lock);

	if (!conn->listed)
		conn_stop(conn, STOP_REMOVED);
	else if (conn->info.desired == RAS_DESIRED_DOWN)
		conn_stop(conn, STOP_HANG_UP);
	else if (mode == RAS_ADMIN_DISABLED)
		conn_stop(conn, STOP_ADMIN);
}

/* A redial that was answered before the crash while this call still went on: it ends, and the new one follows. */
static int honour_redial(struct ras_conn *conn)
{
	struct ras_call *heir;
	int r;

	if (!conn->begun)
		return 0;
	r = call_new(conn, START_ATTEMPT, &heir);
	if (r < 0)
		return r;
	slot_force(heir);
	WITH_LOCK(&conn->lock);

	conn_stop(conn, STOP_HANG_UP);
	conn->next_trigger = RAS_TRIGGER_SNMP;
	conn->heir = heir;
	return 0;
}

/* What the journal could not say any more before the crash, the record says. conn.lock held. */
static void catch_up(struct ras_conn *conn, struct ras_call *call)
{
	const struct ras_counters *c = &conn->info.counters;
	bool known = conn->info.call_id == call->call_id;
	bool counted = known && c->attempts == c->successes + c->failures;

	pthread_mutex_lock(&conn->ras->lock);
	if ((int32_t)(call->call_id - conn->ras->last_call_id) > 0)
		conn->ras->last_call_id = call->call_id;
	pthread_mutex_unlock(&conn->ras->lock);

	/* Cancelled in the moment between the record and the status. */
	if (counted && conn->info.start_time_ms == 0)
		call->up_mono = call->up_real = 0;
	conn->info.call_id = call->call_id;
	conn->info.subentry = call->subentry;
	str_copy(conn->info.destination, call->destination, sizeof(conn->info.destination));
	if (call->up_mono == 0) {
		show_unfinished(conn, call->state, known ? 0 : COUNT_ATTEMPT);
		return;
	}
	conn->info.start_time_ms = call->up_real;
	conn->info.up_since_mono_ms = call->up_mono;
	conn->info.links_up = 1;
	if (counted) {
		conn_move(conn, RAS_STATUS_UP, RAS_CONNECTED, 0);
		return;
	}
	conn->info.counters.consecutive_failures = 0;
	conn->series.untold = 0;
	conn_move(conn, RAS_STATUS_UP, RAS_CONNECTED, COUNT_SUCCESS | (known ? 0 : COUNT_ATTEMPT));
	conn_notice(conn, RAS_NOTIFY_CONNECTED, 0, 0);
}

/* Lets a thread take over its call, with what was asked for before the crash. */
static int let_adopt(struct ras_call *call)
{
	int r = honour_redial(call->conn);

	honour_wish(call->conn);
	pthread_mutex_lock(&call->ras->lock);
	call->ras->adopting++;
	pthread_mutex_unlock(&call->ras->lock);
	call_order(call, CALL_GO);
	return r;
}

/* What waited for traffic has made no attempt. It is put away, and waits anew if the agent is to start it. */
static void dismantle(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;

	call->start = START_DISMANTLE;
	pthread_mutex_lock(&conn->lock);
	conn->call = call;
	conn->series.redial_real = 0;
	conn_move(conn, RAS_STATUS_DOWN, RAS_DISCONNECTED, 0);
	pthread_mutex_unlock(&conn->lock);
	call_order(call, CALL_GO);
}

static int adopt_record(struct ras *ras, const char *file)
{
	struct link_record record;
	struct ras_conn *conn;
	struct ras_call *call = NULL;
	uint32_t type = RAS_DEVICE_OTHER, armed = 0;
	int r = link_record_read(ras, file, &record);

	if (r == -ESTALE) {
		unlinkat(ras->run_fd, file, 0);
		return 0;
	}
	if (file_shortage(r))
		return r;
	if (r < 0) {
		log_warning("run directory: %s is damaged and was set aside", file);
		file_set_aside(ras->run_fd, file, "damaged", (char[64]){0}, 64);
		store_damaged(ras, 1);
		return 0;
	}
	conn = conn_get(ras, record.name);
	if (!conn || conn->call || is_over(conn, &record)) {
		unlinkat(ras->run_fd, file, 0);
		link_record_done(&record);
		return 0;
	}
	r = call_new(conn, START_ADOPT, &call);
	if (r < 0) {
		link_record_done(&record);
		return r;
	}
	record_get_u32(&record.fields, "type", &type);
	record_get_u32(&record.fields, "armed", &armed);
	call->record = calloc(1, sizeof(*call->record));
	call->entry = entry_for(conn, (enum ras_device_type)type);
	if (!call->record || !call->entry) {
		link_record_done(&record);
		call_order(call, CALL_ABANDON);
		return -ENOMEM;
	}
	*call->record = record;
	call->driver = bundle_driver_of(ras, call->entry, &record.fields);
	link_record_restore(call, &record);
	call->setup_mono = call->setup_mono > 0 ? call->setup_mono : clock_mono_ms();

	if (armed && !conn->begun) {
		dismantle(call);
		return 0;
	}
	pthread_mutex_lock(&conn->lock);
	conn->call = call;
	catch_up(conn, call);
	/* This may be the attempt itself that was accepted. */
	conn->begun = conn_owes_attempt(conn);
	pthread_mutex_unlock(&conn->lock);
	return let_adopt(call);
}

static int adopt_records(struct ras *ras)
{
	int fd = openat(ras->run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;
	int r = 0;

	if (!dir) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	while (r == 0 && (d = readdir(dir))) {
		const char *dot = strrchr(d->d_name, '.');

		if (dot && str_equal(dot, LINK_RECORD_SUFFIX))
			r = adopt_record(ras, d->d_name);
	}
	closedir(dir);
	return r;
}

/* A call that the journal knows and the run directory does not: the machine was started anew, or the attempt had been
 * accepted and nothing more. */
static int account(struct ras_conn *conn)
{
	struct ras_call *call;
	int r;

	if (!conn_has_call(conn) && !conn->entry) {
		/* There is nothing to dial, nor shall there be when the name comes back. */
		conn->begun = false;
		journal_save_wish(conn);
		return 0;
	}
	r = call_new(conn, START_ADOPT, &call);
	if (r < 0)
		return r;
	call->setup_mono = clock_mono_ms();
	call->setup_real = clock_real_ms();

	pthread_mutex_lock(&conn->lock);
	if (!conn_has_call(conn)) {
		enum ras_status before = conn->info.status;

		conn->begun = false;
		if (before != RAS_STATUS_WAITING_REDIAL)
			conn->series.tried = 0;
		conn_begin(conn, call,
			   before == RAS_STATUS_WAITING_REDIAL ? RAS_TRIGGER_REDIAL :
			   before == RAS_STATUS_WAITING        ? autostart_trigger(conn->entry) :
								 RAS_TRIGGER_SNMP);
	} else {
		conn->call = call;
		call->call_id = conn->info.call_id;
		call->request_id = conn->series.request;
		call->attempt = conn->series.tried > 0 ? conn->series.tried - 1 : 0;
		call->trigger = RAS_TRIGGER_OTHER;
		if (conn->info.status == RAS_STATUS_UP) {
			call->state = RAS_CONNECTED;
			call->up_mono = call->setup_mono;
			call->up_real = conn->info.start_time_ms;
		} else {
			show_unfinished(conn, RAS_OPEN_PORT, 0);
		}
	}
	call->entry = call->entry ? call->entry :
				    entry_for(conn, conn->entry ? conn->entry->device_type : RAS_DEVICE_OTHER);
	str_copy(call->destination, conn->info.destination, sizeof(call->destination));
	call->subentry = conn->info.subentry;
	pthread_mutex_unlock(&conn->lock);
	if (call->entry)
		return let_adopt(call);
	call_order(call, CALL_ABANDON);
	return 0;
}

/* No redial series goes on after a hang-up that was answered before the crash, or without an entry. conn.lock held. */
static bool series_wanted(const struct ras_conn *conn)
{
	return conn->listed && conn->info.desired == RAS_DESIRED_UP;
}

static bool may_redial(const struct ras_conn *conn)
{
	return atomic_load(&conn->ras->setting[RAS_SETTING_ADMIN_MODE]) == RAS_ADMIN_ENABLED && conn_ready(conn);
}

static void end_series(struct ras_conn *conn, enum ras_status status)
{
	WITH_LOCK(&conn->lock);

	conn->series.redial_real = 0;
	conn->info.redials_left = 0;
	conn_move(conn, status, RAS_DISCONNECTED, 0);
	conn_settle(conn);
}

/* Goes on with a redial series where it was. */
static int resume_series(struct ras_conn *conn)
{
	int64_t rest = conn->series.redial_real - clock_real_ms();
	int64_t longest = (int64_t)MAX(conn->entry->redial_pause, conn->entry->redial_pause_max) * 1100;
	struct ras_call *call;
	int r;

	r = call_new(conn, START_REDIAL, &call);
	if (r < 0)
		return r;
	pthread_mutex_lock(&conn->lock);
	conn->call = call;
	conn->start_owed = false;
	/* The date may have been set meanwhile: never wait longer than a pause can be. */
	conn->info.next_redial_mono_ms = clock_mono_ms() + MIN(MAX(rest, 0), longest);
	conn->info.thread_state = RAS_THREAD_WAITING;
	pthread_mutex_unlock(&conn->lock);
	call_order(call, CALL_GO);
	return 0;
}

static int adopt_conn(struct ras_conn *conn)
{
	bool lost, series, waited, wanted;

	pthread_mutex_lock(&conn->lock);
	lost = !conn->call && (conn_has_call(conn) || conn->begun);
	series = !conn->call && !lost && conn->info.status == RAS_STATUS_WAITING_REDIAL;
	waited = !conn->call && !lost && conn->info.status == RAS_STATUS_WAITING;
	wanted = series_wanted(conn);
	pthread_mutex_unlock(&conn->lock);
	if (lost)
		return account(conn);
	/* It has its turn again if it is still started by the agent. */
	if (waited)
		end_series(conn, RAS_STATUS_DOWN);
	if (!series)
		return 0;
	if (wanted && may_redial(conn))
		return resume_series(conn);
	end_series(conn, wanted ? RAS_STATUS_FAILED : RAS_STATUS_DOWN);
	return 0;
}

/* Counters of a link are complete once its traffic was asked for: nobody should see them go back. */
static void await_adoption(struct ras *ras)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ADOPTION_SECONDS;
	WITH_LOCK(&ras->lock);

	while (ras->adopting > 0 && pthread_cond_timedwait(&ras->thread_ended, &ras->lock, &until) == 0)
		;
}

int adopt_all(struct ras *ras)
{
	int r = adopt_records(ras);

	if (r == 0)
		bundle_remove_orphans(ras);
	for (size_t i = 0; i < ras->n_conns && r == 0; i++)
		r = adopt_conn(ras->conns[i]);
	await_adoption(ras);
	return r;
}
