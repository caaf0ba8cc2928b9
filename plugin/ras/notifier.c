/* SPDX-License-Identifier: BSD-2-Clause */
/* The four kinds of notifier, called in the dial thread (RasDial: dwNotifierType). */
#include "ras/engine.h"
#include "ras/queue.h"

/* One link in this version: its number, as RasDialFunc2 counts them. */
#define FIRST_LINK 1

static bool wants_more(struct ras_call *call, enum ras_state state, int32_t error)
{
	const struct ras_notifier *n = &call->notifier;
	struct ras_message message = {.conn = call->conn, .state = state, .error = error};

	switch (n->kind) {
	case RAS_NOTIFIER_FUNC:
		n->func(RAS_DIAL_EVENT, state, error);
		return true;
	case RAS_NOTIFIER_FUNC1:
		n->func1(call->conn, RAS_DIAL_EVENT, state, error, 0);
		return true;
	case RAS_NOTIFIER_FUNC2:
		return n->func2(n->callback_id, FIRST_LINK, call->conn, RAS_DIAL_EVENT, state, error, 0) != 0;
	case RAS_NOTIFIER_QUEUE:
		queue_put(n->queue, &message);
		return true;
	}
	return false;
}

static bool hung_up(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;
	WITH_LOCK(&conn->lock);

	return conn->call == call && conn->stop == STOP_HANG_UP;
}

void notifier_tell(struct ras_call *call, enum ras_state state, int32_t error)
{
	if (!call->has_notifier)
		return;
	call->has_notifier = !hung_up(call) && wants_more(call, state, error);
}

void notifier_end(struct ras_call *call, const struct ras_error *error)
{
	struct dial_waiter *waiter = call->waiter;

	call->has_notifier = false;
	call->waiter = NULL;
	if (!waiter)
		return;
	pthread_mutex_lock(&waiter->lock);
	waiter->error = *error;
	waiter->done = true;
	pthread_cond_signal(&waiter->told);
	pthread_mutex_unlock(&waiter->lock);
}
