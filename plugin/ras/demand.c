/* SPDX-License-Identifier: BSD-2-Clause */
/* Dial mode onDemand: the driver waits with the entry for traffic, in waiting(9). There is no call yet, for those who
 * watch: its id, the attempt and its deadline begin with the first packet. The dial thread's own. */
#include <errno.h>

#include "ras/bundle.h"
#include "ras/modes.h"
#include "sys/clock.h"
#include "sys/log.h"

bool demand_awaited(const struct ras_conn *conn)
{
	return conn->info.status == RAS_STATUS_WAITING && conn->entry &&
	       conn->entry->dial_mode == RAS_DIAL_MODE_ON_DEMAND;
}

/* Files and names of the call need its number now. */
static void prepare(struct ras_call *call, struct ras_entry *entry)
{
	struct ras *ras = call->ras;

	call->entry = entry;
	call->driver = bundle_driver(ras, entry);
	call->trigger = RAS_TRIGGER_ON_DEMAND;
	call->subentry = 0;
	call->deadline = INT64_MAX;
	call->armed = true;
	str_copy(call->destination, entry->destination, sizeof(call->destination));
	call->call_id = call_id_next(ras);
	journal_save_engine(ras);
	str_copy(call->device_name, entry->device_name, sizeof(call->device_name));
}

/* Returns 0 with the first packet. */
static int arm(struct ras_call *call)
{
	struct ras_error error = RAS_ERROR_INIT;
	int r;

	if (ras_entry_is_bundle(call->entry))
		return ras_call_fail(call, 716, RAS_BACKEND_NONE,
				     "A bundle of links cannot be dialed on demand (rasEntryLinkMode)");
	if (!call->driver->arm)
		return ras_call_fail(call, 716, RAS_BACKEND_NONE,
				     "Device type %s cannot be dialed on demand (rasEntryDialMode)",
				     ras_label_name(ras_device_type_labels, (int32_t)call->entry->device_type));
	if (call->driver->check && call->driver->check(call->entry, &error) < 0)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	r = link_record_write(call, false);
	if (r < 0)
		return ras_call_fail(call, r, RAS_BACKEND_NONE, NULL);
	log_info("entry %s: waits for traffic", call->conn->name);
	call->engaged = true;
	return call->driver->arm(call);
}

static void disarm(struct ras_call *call)
{
	line_leave(call);
	link_record_remove(call);
	call->armed = false;
	call->entry = ras_entry_unref(call->entry);
}

void demand_await(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;
	struct ras_entry *entry = NULL;
	bool stopped;

	pthread_mutex_lock(&conn->lock);
	if (conn->entry)
		entry = ras_entry_ref(conn->entry);
	pthread_mutex_unlock(&conn->lock);
	if (!entry)
		return;
	prepare(call, entry);
	arm(call); /* if it fails, the call has the error */
	/* Before anybody sees the attempt, a crash must leave a sign of it. */
	pthread_mutex_lock(&conn->lock);
	stopped = conn->stop != STOP_NONE;
	if (!stopped) {
		conn->begun = true;
		conn->begun_after = conn->info.counters.attempts;
	}
	pthread_mutex_unlock(&conn->lock);
	if (stopped) {
		disarm(call);
		return;
	}
	journal_save_wish(conn);
	slot_force(call);
}

void demand_dismantle(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;

	log_info("entry %s: what waited for traffic when the agent ended is put away", conn->name);
	if (call->driver) {
		call->engaged = true;
		call->driver->adopt(call, &call->record->fields, false);
	}
	line_leave(call);
	link_record_remove(call);
	pthread_mutex_lock(&conn->lock);
	conn->stop_since = 0;
	conn_hand_over(conn);
	conn_settle(conn);
	pthread_mutex_unlock(&conn->lock);
}
