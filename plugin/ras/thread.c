/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of dial threads as threads: made parked, let go or sent away, listed while they live, joined by the owner. */
#include <errno.h>
#include <signal.h>

#include "ras/engine.h"

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

/* Takes the thread out of rasThreads. ras.lock held. */
static void uncount(struct ras_call *call)
{
	call->ras->totals.threads -= call->counted;
	call->counted = false;
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
	call_drop_number(call);
	slot_drop(call);

	pthread_mutex_lock(&ras->lock);
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	call->next = ras->ended;
	ras->ended = call;
	uncount(call);
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
		call_live(call);
	retire(call);
	return NULL;
}

int thread_start(pthread_t *thread, void *(*main)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, DIAL_THREAD_STACK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(thread, &attr, main, arg);
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
	*call = (struct ras_call){
		.ras = ras, .conn = conn_ref(conn), .start = start, .log_fd = -1, .error = RAS_ERROR_INIT};
	/* What an earlier agent left is taken up with the last descriptor. */
	call->wake_fd = start == START_ADOPT || start == START_REDIAL ? fd_event() : fd_event_of_many();
	if (call->wake_fd < 0) {
		r = call->wake_fd;
		call_free(call);
		return r;
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
		call->counted = true;
	}
	pthread_mutex_unlock(&ras->lock);
	r = stopping ? -EAGAIN : thread_start(&call->thread, thread_main, call);
	if (r < 0) {
		if (!stopping) {
			pthread_mutex_lock(&ras->lock);
			*call->link = call->next;
			if (call->next)
				call->next->link = call->link;
			uncount(call);
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
	/* Place and thread are gone at once for whoever looks, not only when the thread has got round to it. */
	if (orders == CALL_ABANDON)
		slot_drop(call);

	/* A thread that has its orders may end, be joined and freed; it needs this lock for that. */
	WITH_LOCK(&call->ras->lock);

	if (orders == CALL_ABANDON)
		uncount(call);
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
	conn_unref(call->conn);
	free(call);
	return NULL;
}
