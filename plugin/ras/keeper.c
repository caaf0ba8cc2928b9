/* SPDX-License-Identifier: BSD-2-Clause */
/* The keeper: one thread that looks once a second at what nobody else can: dial threads that do not obey, lines that
 * the disk does not have yet, rows of history that are too old, a journal that has grown too long. */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "ras/engine.h"
#include "sys/clock.h"
#include "sys/log.h"

#define STUCK_BATCH 32

static void mark_stuck(struct ras_conn *conn, int64_t limit)
{
	enum ras_state state;
	int64_t since;
	bool mark;

	pthread_mutex_lock(&conn->lock);
	since = atomic_load(&conn->stop_since);
	mark = conn->call && since > 0 && since <= limit && !atomic_exchange(&conn->told_stuck, true);
	state = conn->info.state;
	if (mark) {
		conn->info.thread_state = RAS_THREAD_STUCK;
		conn_notice(conn, RAS_NOTIFY_THREAD_STUCK, 0, 0);
	}
	pthread_mutex_unlock(&conn->lock);
	if (mark)
		log_warning("entry %s: the dial thread has not obeyed for %lld s (state %s)", conn->name,
			    (long long)(clock_mono_ms() - since) / 1000,
			    ras_label_name(ras_state_labels, (int32_t)state));
}

/* The pointers are references: thread and row may go meanwhile. */
static size_t find_stuck(struct ras *ras, int64_t limit, struct ras_conn *ret[STUCK_BATCH])
{
	size_t n = 0;
	WITH_LOCK(&ras->lock);

	for (const struct ras_call *call = ras->threads; call && n < STUCK_BATCH; call = call->next) {
		int64_t since = atomic_load(&call->conn->stop_since);

		if (since > 0 && since <= limit && !atomic_load(&call->conn->told_stuck))
			ret[n++] = conn_ref(call->conn);
	}
	return n;
}

static void look_for_stuck(struct ras *ras)
{
	int64_t limit = clock_mono_ms() - (int64_t)atomic_load(&ras->grace_ms);
	struct ras_conn *stuck[STUCK_BATCH];
	size_t n;

	do {
		n = find_stuck(ras, limit, stuck);
		for (size_t i = 0; i < n; i++) {
			mark_stuck(stuck[i], limit);
			conn_unref(stuck[i]);
		}
	} while (n == STUCK_BATCH);
}

static void keep_history(struct ras *ras)
{
	int64_t now = clock_real_ms();
	bool went;

	pthread_mutex_lock(&ras->lock);
	went = history_trim(ras, now);
	pthread_mutex_unlock(&ras->lock);
	if (went)
		journal_save_engine(ras);
}

static void keep_journal(struct ras *ras)
{
	store_sync(ras);

	WITH_LOCK(&ras->store.lock);

	if (store_wants_compact(ras))
		store_compact(ras);
}

static bool wait_a_second(struct ras *ras)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&ras->lock);
	if (ras->keeper_runs)
		pthread_cond_timedwait(&ras->keeper_wake, &ras->lock, &until);
	goes_on = ras->keeper_runs;
	pthread_mutex_unlock(&ras->lock);
	return goes_on;
}

static void *keeper_main(void *arg)
{
	struct ras *ras = arg;

	while (wait_a_second(ras)) {
		look_for_stuck(ras);
		keep_history(ras);
		keep_journal(ras);
	}
	keep_journal(ras);
	return NULL;
}

int keeper_start(struct ras *ras)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&ras->lock);
	r = pthread_create(&ras->keeper, NULL, keeper_main, ras);
	ras->keeper_runs = r == 0;
	pthread_mutex_unlock(&ras->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

void keeper_stop(struct ras *ras)
{
	bool ran;

	pthread_mutex_lock(&ras->lock);
	ran = ras->keeper_runs;
	ras->keeper_runs = false;
	pthread_cond_signal(&ras->keeper_wake);
	pthread_mutex_unlock(&ras->lock);
	if (ran)
		pthread_join(ras->keeper, NULL);
}
