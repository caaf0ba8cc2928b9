/* SPDX-License-Identifier: BSD-2-Clause */
/* What an attempt dials: one destination with its device and credentials, as an entry of its own. An attempt may take
 * another one in its place: the next of the alternates, or the same with new credentials. The dial thread's own. */
#include "ras/bundle.h"
#include "ras/modes.h"
#include "sys/clock.h"
#include "sys/log.h"

void line_leave(struct ras_call *call)
{
	if (call->engaged)
		call->driver->hang_up(call);
	call->engaged = false;
	call_drop_number(call);
	call->notes_len = 0;
	ras_call_set_interface(call, 0, "");
	ras_call_set_process(call, 0);
	ras_call_set_speed(call, 0);
	ras_call_set_addresses(call, NULL, 0);
}

void line_take(struct ras_call *call, struct ras_entry *line, uint32_t subentry)
{
	struct ras_conn *conn = call->conn;
	struct ras_entry *old = call->entry;

	str_copy(call->destination, line->destination, sizeof(call->destination));
	ras_call_set_device(call, line->device_name);
	call->driver = bundle_driver(call->ras, line);
	call->subentry = subentry;
	call->state = RAS_OPEN_PORT;
	call->error = RAS_ERROR_INIT;
	call->deadline = clock_mono_ms() + (int64_t)line->dial_timeout * 1000;

	pthread_mutex_lock(&conn->lock);
	call->entry = line;
	conn->info.subentry = subentry;
	str_copy(conn->info.destination, call->destination, sizeof(conn->info.destination));
	if (conn->stop == STOP_NONE)
		conn_move(conn, RAS_STATUS_DIALING, RAS_OPEN_PORT, 0);
	pthread_mutex_unlock(&conn->lock);
	ras_entry_unref(old);
	journal_save_conn(conn);
	link_record_write(call, false);
	log_info("entry %s: call %u: openPort (destination %u)", conn->name, call->call_id, subentry);
	notifier_tell(call, RAS_OPEN_PORT, RAS_ERROR_NONE);
}
