/* SPDX-License-Identifier: BSD-2-Clause */
/* Paused states (RasDial: RDEOPT_PausedStates, "Paused States"): a call whose credentials are refused waits for
 * resume(6) with others, where it would otherwise fail, and then dials again as the same attempt. The line is released
 * meanwhile. The dial thread's own. */
#include <errno.h>

#include "ras/modes.h"
#include "sys/clock.h"
#include "sys/log.h"

static const struct {
	int32_t code;
	enum ras_state state;
} pauses[] = {
	{691, RAS_RETRY_AUTHENTICATION},
	{648, RAS_PASSWORD_EXPIRED},
};

/* The state in which the call waits, or disconnected if it does not. Who waits in ras_dial() can do nothing for it. */
static enum ras_state paused_state(const struct ras_call *call)
{
	if (!ras_entry_has_option(call->entry, RAS_OPTION_PAUSED_STATES) || call->waiter)
		return RAS_DISCONNECTED;
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++)
		if (call->error.code == pauses[i].code)
			return pauses[i].state;
	return RAS_DISCONNECTED;
}

/* Returns false if the end was asked for meanwhile. The time to wait begins now. */
static bool enter_pause(struct ras_call *call, enum ras_state state)
{
	struct ras_conn *conn = call->conn;
	bool stopped;

	call->state = state;
	call->deadline = clock_mono_ms() + (int64_t)call->entry->dial_timeout * 1000;
	link_record_write(call, false);
	pthread_mutex_lock(&conn->lock);
	stopped = conn->stop != STOP_NONE;
	conn->resumed = false;
	if (!stopped) {
		conn_move(conn, ras_state_status(state), state, 0);
		conn->info.thread_state = RAS_THREAD_WAITING;
	}
	pthread_mutex_unlock(&conn->lock);
	if (stopped)
		return false;
	log_info("entry %s: call %u: %s: error %d: %s; waits for resume", conn->name, call->call_id,
		 ras_label_name(ras_state_labels, (int32_t)state), call->error.code, call->error.text);
	notifier_tell(call, state, RAS_ERROR_NONE);
	return true;
}

/* The entry that the row has now, once the call is let go on; NULL: it is not yet. */
static struct ras_entry *resumed_with(struct ras_conn *conn)
{
	WITH_LOCK(&conn->lock);

	return conn->resumed && conn->entry ? ras_entry_ref(conn->entry) : NULL;
}

/* Returns the entry whose credentials are to be used, or NULL if the call must end. */
static struct ras_entry *await_resume(struct ras_call *call)
{
	struct ras_entry *from;

	while (ras_call_wait(call, NULL, 0, 0) == 0) {
		struct pollfd wake = {.fd = call->wake_fd, .events = POLLIN};

		from = resumed_with(call->conn);
		if (from)
			return from;
		poll(&wake, 1, (int)MAX(call->deadline - clock_mono_ms(), 0));
	}
	return NULL;
}

static struct ras_entry *with_credentials(const struct ras_entry *entry, const struct ras_entry *from)
{
	struct ras_entry *e = ras_entry_copy(entry);

	if (!e)
		return NULL;
	str_copy(e->user_name, from->user_name, sizeof(e->user_name));
	return ras_entry_set_secret(e, from->secret) < 0 ? ras_entry_unref(e) : e;
}

bool pause_resumed(struct ras_call *call, struct ras_entry **whole)
{
	enum ras_state state = paused_state(call);
	_cleanup_entry_ struct ras_entry *from = NULL;
	struct ras_entry *line, *rest;

	if (state == RAS_DISCONNECTED)
		return false;
	line_leave(call);
	if (!enter_pause(call, state))
		return false;
	from = await_resume(call);
	if (!from)
		return false;
	line = with_credentials(call->entry, from);
	rest = with_credentials(*whole, from);
	if (!line || !rest) {
		ras_entry_unref(line);
		ras_entry_unref(rest);
		return false;
	}
	ras_entry_unref(*whole);
	*whole = rest;
	log_info("entry %s: call %u: resumed", call->conn->name, call->call_id);
	line_take(call, line, call->subentry);
	return true;
}
