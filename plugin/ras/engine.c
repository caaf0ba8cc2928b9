/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of the engine, and its settings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ras/modes.h"
#include "ras/phonebook.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

/* ---- making ---- */

/* A number of this boot: the first half of the random one that the kernel makes. 0 where it does not tell. */
static uint64_t boot_number(void)
{
	_cleanup_free_ char *text = NULL;
	unsigned a = 0, b = 0, c = 0;
	size_t size;

	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, &size) < 0 ||
	    sscanf(text, "%8x-%4x-%4x", &a, &b, &c) != 3)
		return 0;
	return (uint64_t)a << 32 | (uint64_t)b << 16 | c;
}

static int open_dir(const char *what, const char *path, struct ras_error *ret_error)
{
	int fd = dir_open(path, 0700);

	if (fd < 0)
		ras_error_set(ret_error, fd, RAS_BACKEND_NONE, "%s %s cannot be opened: %s", what, path, strerror(-fd));
	return fd;
}

static int lock_dir(int dirfd, const char *what, const char *path, const char *option, struct ras_error *ret_error)
{
	int fd = dir_lock(dirfd);

	if (fd == -EBUSY)
		ras_error_set(ret_error, fd, RAS_BACKEND_NONE,
			      "%s %s is in use by another agent (give each its own %s)", what, path, option);
	else if (fd < 0)
		ras_error_set(ret_error, fd, RAS_BACKEND_NONE, "%s %s cannot be locked: %s", what, path, strerror(-fd));
	return fd;
}

/* Both are locked: with the run directory of another agent its links would be taken for those of an earlier one, and
 * hung up. */
static int open_dirs(struct ras *ras, const struct ras_settings *settings, struct ras_error *ret_error)
{
	ras->state_fd = open_dir("state directory", settings->state_dir, ret_error);
	if (ras->state_fd < 0)
		return ras->state_fd;
	ras->lock_fd = lock_dir(ras->state_fd, "state directory", settings->state_dir, "state-dir", ret_error);
	if (ras->lock_fd < 0)
		return ras->lock_fd;
	ras->run_fd = open_dir("run directory", settings->run_dir, ret_error);
	if (ras->run_fd < 0)
		return ras->run_fd;
	ras->run_lock_fd = lock_dir(ras->run_fd, "run directory", settings->run_dir, "run-dir", ret_error);
	if (ras->run_lock_fd < 0)
		return ras->run_lock_fd;
	dir_remove_temporary(ras->state_fd);
	dir_remove_temporary(ras->run_fd);
	return 0;
}

static void init_locks(struct ras *ras)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&ras->records_lock, NULL);
	pthread_mutex_init(&ras->lock, NULL);
	pthread_cond_init(&ras->thread_ended, &attr);
	pthread_cond_init(&ras->keeper_wake, &attr);
	pthread_condattr_destroy(&attr);
}

static void take_settings(struct ras *ras, const struct ras_settings *settings)
{
	memcpy(ras->file_value, settings->value, sizeof(ras->file_value));
	memcpy(ras->stored_value, settings->value, sizeof(ras->stored_value));
	ras->max_entries = settings->max_entries;
	atomic_store(&ras->grace_ms, settings->hang_up_timeout * 1000);
	atomic_store(&ras->hang_up_on_exit, settings->hang_up_on_exit);
	ras->notify_queue = settings->notify_queue;
}

/* What was kept: names, counters, history, settings. All history is read first; how much of it may stay is known after
 * it. */
static int load(struct ras *ras, struct ras_error *ret_error)
{
	int r;

	atomic_store(&ras->setting[RAS_SETTING_HIST_MAX_ENTRIES], UINT16_MAX);
	r = store_open(ras, ret_error);
	if (r == 0)
		r = rows_open(ras);
	for (unsigned i = 0; i < RAS_SETTING_MAX; i++)
		atomic_store(&ras->setting[i], ras->stored_value[i]);
	history_trim(ras, clock_real_ms());
	ras->totals.hist_evicted = 0;
	for (size_t i = 0; i < ras->n_conns; i++) {
		const struct ras_counters *c = &ras->conns[i]->info.counters;

		ras->conns[i]->begun = conn_owes_attempt(ras->conns[i]);

		ras->totals.attempts += c->attempts;
		ras->totals.successes += c->successes;
		ras->totals.failures += c->failures;
		ras->totals.drops += c->drops;
	}
	ras->totals.attempts += ras->gone.attempts;
	ras->totals.successes += ras->gone.successes;
	ras->totals.failures += ras->gone.failures;
	ras->totals.drops += ras->gone.drops;
	if (r == 0)
		r = rows_load(ras);
	if (r == 0)
		r = phonebook_part_indices(ras);
	permit_all(ras);
	return r;
}

int ras_new(const struct ras_settings *settings, const struct ras_driver *const drivers[], struct ras_error *ret_error,
	    struct ras **ret)
{
	struct ras *ras = calloc(1, sizeof(*ras));
	int r;

	*ret_error = RAS_ERROR_INIT;
	if (!ras)
		return -ENOMEM;
	ras->state_fd = ras->run_fd = ras->lock_fd = ras->run_lock_fd = ras->rows_fd = ras->store.fd = -1;
	ras->drivers = drivers;
	ras->waiting_end = &ras->waiting;
	ras->start_mono = clock_mono_ms();
	ras->boot = boot_number();
	init_locks(ras);
	take_settings(ras, settings);
	notices_init(ras);
	pthread_mutex_init(&ras->store.lock, NULL);
	ras->wake_fd = fd_event();
	ras->row_format = settings->row_format;
	r = permissions_copy(&settings->permit, &ras->permit);
	if (r == 0)
		r = ras->wake_fd < 0 ? ras->wake_fd : open_dirs(ras, settings, ret_error);
	if (r == 0)
		r = load(ras, ret_error);
	if (r < 0) {
		if (ret_error->code == RAS_ERROR_NONE)
			ras_error_set(ret_error, r, RAS_BACKEND_NONE, NULL);
		ras_free(ras);
		return r;
	}
	*ret = ras;
	return 0;
}

static void forget(struct ras_conn *conn)
{
	struct ras *ras = conn->ras;
	struct record_writer w;
	WITH_LOCK(&ras->store.lock);

	if (journal_put_forget(&w, conn, false) == 0)
		store_append(ras, w.text, w.len, false);
	phonebook_drop_name(conn);
}

/* Names of rows that SNMP had made and that have gone: destroyed in the moment of a crash, or volatile ones. */
static void forget_orphans(struct ras *ras)
{
	for (size_t i = ras->n_conns; i-- > 0 && !ras->rows_unread;) {
		struct ras_conn *conn = ras->conns[i];
		bool orphan;

		pthread_mutex_lock(&conn->lock);
		orphan = conn->own && !conn->entry && !conn->call && !conn_has_call(conn);
		pthread_mutex_unlock(&conn->lock);
		if (orphan)
			forget(conn);
	}
}

int ras_start(struct ras *ras)
{
	int r;

	pthread_mutex_lock(&ras->store.lock);
	store_compact(ras);
	pthread_mutex_unlock(&ras->store.lock);
	ras->started = true;
	r = keeper_start(ras);
	autostart_owe_all(ras);
	if (r == 0)
		r = adopt_all(ras);
	forget_orphans(ras);
	if (r == 0)
		autostart_go_all(ras);
	return r;
}

/* ---- ending ---- */

/* For threads that only have to be told that there is no work for them. */
#define PARTING_MS 1000

static void stop_thread(struct ras_conn *conn)
{
	WITH_LOCK(&conn->lock);

	conn_stop(conn, STOP_QUIT);
}

/* Tells every thread. */
static void stop_threads(struct ras *ras)
{
	struct ras_conn **conns;
	size_t n = 0, room = 1;

	pthread_mutex_lock(&ras->lock);
	ras->stopping = true;
	for (const struct ras_call *call = ras->threads; call; call = call->next)
		room++;
	conns = calloc(room, sizeof(struct ras_conn *));
	for (const struct ras_call *call = ras->threads; call && conns; call = call->next)
		conns[n++] = conn_ref(call->conn);
	pthread_mutex_unlock(&ras->lock);
	for (size_t i = 0; i < n; i++) {
		stop_thread(conns[i]);
		conn_unref(conns[i]);
	}
	free(conns);
}

/* Threads parked for a request do not end before it does. ras.lock held. */
static bool any_at_work(const struct ras *ras)
{
	for (const struct ras_call *call = ras->threads; call; call = call->next)
		if (atomic_load(&call->orders) != CALL_PARKED)
			return true;
	return false;
}

int ras_stop(struct ras *ras, int timeout_ms)
{
	struct timespec until;
	bool left;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	stop_threads(ras);
	pthread_mutex_lock(&ras->lock);
	while (any_at_work(ras) && pthread_cond_timedwait(&ras->thread_ended, &ras->lock, &until) == 0)
		;
	left = any_at_work(ras);
	pthread_mutex_unlock(&ras->lock);
	store_sync(ras);
	return left ? -ETIMEDOUT : 0;
}

void ras_reap(struct ras *ras)
{
	struct ras_call *call;

	pthread_mutex_lock(&ras->lock);
	call = ras->ended;
	ras->ended = NULL;
	pthread_mutex_unlock(&ras->lock);
	while (call) {
		struct ras_call *next = call->next;

		pthread_join(call->thread, NULL);
		autostart_go(call->conn);
		call_free(call);
		call = next;
	}
}

void ras_keep_links(struct ras *ras)
{
	atomic_store(&ras->hang_up_on_exit, false);
}

/* Threads that are left write nothing any more, so that another engine may have the directories. */
static struct ras *abandon(struct ras *ras)
{
	pthread_mutex_lock(&ras->store.lock);
	atomic_store(&ras->abandoned, true);
	ras->store.fd = fd_close(ras->store.fd);
	pthread_mutex_unlock(&ras->store.lock);
	ras->run_lock_fd = fd_close(ras->run_lock_fd);
	ras->lock_fd = fd_close(ras->lock_fd);
	return ras;
}

struct ras *ras_free(struct ras *ras)
{
	bool left;

	if (!ras)
		return NULL;
	ras_edit_cancel(ras->edit);
	if (ras->requests) {
		ras_request_expire(ras, 0);
		ras_stop(ras, PARTING_MS);
	}
	keeper_stop(ras);
	ras_reap(ras);
	pthread_mutex_lock(&ras->lock);
	left = ras->threads != NULL;
	pthread_mutex_unlock(&ras->lock);
	if (left)
		return abandon(ras);
	notices_clear(ras);
	history_clear(&ras->history);
	for (size_t i = 0; i < ras->n_conns; i++)
		conn_unref(ras->conns[i]);
	free(ras->conns);
	free(ras->rows);
	free(ras->names);
	permissions_done(&ras->permit);
	free(ras->stroke.lines.data);
	free(ras->spoiled);
	store_close(ras);
	pthread_cond_destroy(&ras->thread_ended);
	pthread_cond_destroy(&ras->keeper_wake);
	pthread_mutex_destroy(&ras->notices.lock);
	pthread_mutex_destroy(&ras->lock);
	pthread_mutex_destroy(&ras->records_lock);
	if (ras->rows_fd >= 0)
		fd_close(ras->rows_fd);
	fd_close(ras->run_lock_fd);
	fd_close(ras->run_fd);
	fd_close(ras->lock_fd);
	fd_close(ras->state_fd);
	fd_close(ras->wake_fd);
	free(ras);
	return NULL;
}

int ras_wake_fd(const struct ras *ras)
{
	return ras->wake_fd;
}

void ras_totals_get(const struct ras *ras, struct ras_totals *ret)
{
	struct ras *r = (struct ras *)(uintptr_t)ras;

	pthread_mutex_lock(&r->lock);
	*ret = r->totals;
	ret->hist_entries = (uint32_t)r->history.n;
	ret->hist_newest = r->history.n > 0 ? history_at(&r->history, r->history.n - 1)->index : 0;
	pthread_mutex_unlock(&r->lock);
	pthread_mutex_lock(&r->notices.lock);
	ret->notify_sent = r->notices.sent;
	ret->notify_suppressed = r->notices.suppressed;
	ret->notify_pending = r->notices.pending;
	ret->notify_dropped = r->notices.dropped;
	pthread_mutex_unlock(&r->notices.lock);
	ret->start_mono_ms = r->start_mono;
	ret->storage_status = (enum ras_storage_status)atomic_load(&r->store.status);
	if (ret->storage_status == RAS_STORAGE_OK && atomic_load(&r->store.damaged))
		ret->storage_status = RAS_STORAGE_DAMAGED;
	ret->storage_problems = atomic_load(&r->store.problems);
}

/* ---- settings ---- */

uint32_t ras_setting_get(const struct ras *ras, enum ras_setting which)
{
	return atomic_load(&ras->setting[which]);
}

int ras_setting_store(struct ras *ras, enum ras_setting which, uint32_t value)
{
	bool alone = !ras->stroke.open;
	struct record_writer w;
	int r;

	if (alone)
		ras_write_begin(ras);
	r = journal_put_setting(&w, which, value, ras->file_value[which]);
	if (r == 0) {
		stroke_add(ras, &w);
		ras->stored_value[which] = value;
		return alone ? ras_write_end(ras) : 0;
	}
	if (alone)
		ras_write_drop(ras);
	return r;
}

uint32_t ras_setting_coming(const struct ras *ras, enum ras_setting which)
{
	return ras->expected[which] ? *ras->expected[which] : ras_setting_get(ras, which);
}

void ras_setting_expect(struct ras *ras, enum ras_setting which, const uint32_t *value)
{
	ras->expected[which] = value;
}

/* What a new mode means for a connection that is not down (MIB: rasAdminMode). */
static void apply_admin_mode(struct ras_conn *conn, enum ras_admin_mode mode)
{
	WITH_LOCK(&conn->lock);

	if (mode == RAS_ADMIN_ENABLED)
		return;
	if (conn->info.status == RAS_STATUS_WAITING_REDIAL || conn->info.status == RAS_STATUS_WAITING)
		conn_stop(conn, STOP_DRAIN);
	else if (mode == RAS_ADMIN_DISABLED)
		conn_stop(conn, STOP_ADMIN);
}

void ras_setting_apply(struct ras *ras, enum ras_setting which, uint32_t value)
{
	uint32_t before = atomic_exchange(&ras->setting[which], value);
	bool went;

	switch (which) {
	case RAS_SETTING_ADMIN_MODE:
		for (size_t i = 0; i < ras->n_rows; i++)
			apply_admin_mode(ras->rows[i], (enum ras_admin_mode)value);
		if (value == RAS_ADMIN_ENABLED && before != RAS_ADMIN_ENABLED)
			autostart_enabled(ras);
		break;
	case RAS_SETTING_MAX_CONCURRENT_DIALS:
		slot_grant(ras);
		break;
	case RAS_SETTING_HIST_MAX_ENTRIES:
	case RAS_SETTING_HIST_RETAIN_TIME:
		pthread_mutex_lock(&ras->lock);
		went = history_trim(ras, clock_real_ms());
		pthread_mutex_unlock(&ras->lock);
		/* They must not come back because there is room for more at the next start. */
		if (went)
			journal_save_engine(ras);
		break;
	default:
		break;
	}
}

int ras_settings_reload(struct ras *ras, const struct ras_settings *settings)
{
	int r, e;

	/* Dial threads read the folder of helpers. */
	pthread_mutex_lock(&ras->lock);
	r = permissions_copy(&settings->permit, &ras->permit);
	pthread_mutex_unlock(&ras->lock);
	permit_all(ras);
	for (unsigned i = 0; i < RAS_SETTING_MAX; i++) {
		if (settings->value[i] == ras->file_value[i])
			continue;
		pthread_mutex_lock(&ras->store.lock);
		ras->file_value[i] = ras->stored_value[i] = settings->value[i];
		pthread_mutex_unlock(&ras->store.lock);
		/* Not stored, it holds all the same: a value of the file that is new to the journal wins. */
		e = ras_setting_store(ras, i, settings->value[i]);
		ras_setting_apply(ras, i, settings->value[i]);
		r = e < 0 ? e : r;
	}
	ras->max_entries = settings->max_entries;
	atomic_store(&ras->grace_ms, settings->hang_up_timeout * 1000);
	atomic_store(&ras->hang_up_on_exit, settings->hang_up_on_exit);
	pthread_mutex_lock(&ras->notices.lock);
	ras->notices.limit = settings->notify_queue;
	pthread_mutex_unlock(&ras->notices.lock);
	return r;
}
