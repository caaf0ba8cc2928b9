/* SPDX-License-Identifier: BSD-2-Clause */
/* Link mode alternates: an attempt walks the destinations, that of the entry and then those of its subentries in their
 * order, until one answers. It remains one attempt, with one end; each destination has its own deadline. The dial
 * thread's own. */
#include "ras/modes.h"
#include "sys/log.h"

/* Somebody answered and refused us: he, or who stands behind him, would do so under the next number, too. */
static bool is_refusal(int32_t code)
{
	switch (ras_error_cause(code)) {
	case RAS_CAUSE_AUTH_FAILURE:
	case RAS_CAUSE_CREDENTIAL_EXPIRED:
	case RAS_CAUSE_NOT_PERMITTED:
		return true;
	default:
		return false;
	}
}

/* The entry as one of its subentries wants it dialed; NULL: there is no driver for it, or it lacks something. */
static struct ras_entry *make_line(const struct ras_call *call, const struct ras_entry *whole,
				   const struct ras_subentry *subentry)
{
	struct ras_entry *line = ras_entry_copy(whole);

	if (!line)
		return NULL;
	ras_entry_put_link(line, whole, subentry);
	if (!ras_entry_missing(line) && driver_find(call->ras, line->device_type))
		return line;
	log_warning("entry %s: call %u: subentry %u cannot be dialed and is passed over: device type %s", line->name,
		    call->call_id, subentry->index, ras_label_name(ras_device_type_labels, (int32_t)line->device_type));
	return ras_entry_unref(line);
}

/* Is the walk to go on? The deadline of one destination is none of the next one. */
static bool goes_on(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;
	WITH_LOCK(&conn->lock);

	if (conn->stop == STOP_DIAL_TIMEOUT) {
		conn->stop = STOP_NONE;
		conn->stop_since = 0;
		conn->told_stuck = false;
	}
	return conn->stop == STOP_NONE;
}

static void log_line(const struct ras_call *call)
{
	const struct ras_error *e = &call->error;

	log_info("entry %s: call %u: destination %u did not answer in state %s: error %d: %s", call->conn->name,
		 call->call_id, call->subentry, ras_label_name(ras_state_labels, (int32_t)call->state), e->code,
		 e->code == RAS_ERROR_NONE ? "not within dial-timeout" : e->text);
}

bool alternates_next(struct ras_call *call, const struct ras_entry *whole, size_t *next)
{
	struct ras_entry *line = NULL;
	uint32_t index = 0;

	if (whole->link_mode != RAS_LINK_MODE_ALTERNATES || is_refusal(call->error.code))
		return false;
	while (!line && *next < whole->n_subentries) {
		const struct ras_subentry *subentry = &whole->subentries[(*next)++];

		index = subentry->index;
		if (subentry->row_status == RAS_ROW_ACTIVE)
			line = make_line(call, whole, subentry);
	}
	if (!line || !goes_on(call)) {
		ras_entry_unref(line);
		return false;
	}
	log_line(call);
	line_leave(call);
	if (!goes_on(call)) {
		ras_entry_unref(line);
		return false;
	}
	line_take(call, line, index);
	return true;
}
