/* SPDX-License-Identifier: BSD-2-Clause */
/* Places under rasMaxConcurrentDials. Requests of a manager get one at once or are refused; redials of the engine stand
 * in a line and are woken in their order. */
#include "ras/engine.h"

static bool place_free(const struct ras *ras)
{
	uint32_t max = atomic_load(&ras->setting[RAS_SETTING_MAX_CONCURRENT_DIALS]);

	return max == 0 || ras->in_setup < max;
}

static void take(struct ras_call *call)
{
	call->slot = true;
	call->ras->in_setup++;
}

static void leave_line(struct ras_call *call)
{
	struct ras *ras = call->ras;

	for (struct ras_call **p = &ras->waiting; call->queued && *p; p = &(*p)->next_waiting) {
		if (*p != call)
			continue;
		*p = call->next_waiting;
		if (ras->waiting_end == &call->next_waiting)
			ras->waiting_end = p;
		break;
	}
	call->queued = false;
}

static void grant(struct ras *ras)
{
	while (ras->waiting && place_free(ras)) {
		struct ras_call *call = ras->waiting;

		leave_line(call);
		take(call);
		fd_event_post(call->wake_fd);
	}
}

bool slot_try(struct ras_call *call)
{
	WITH_LOCK(&call->ras->lock);

	if (!call->slot && place_free(call->ras))
		take(call);
	return call->slot;
}

bool slot_wait(struct ras_call *call)
{
	struct ras *ras = call->ras;
	WITH_LOCK(&ras->lock);

	if (!call->slot && !ras->waiting && place_free(ras))
		take(call);
	if (!call->slot && !call->queued) {
		call->queued = true;
		call->next_waiting = NULL;
		*ras->waiting_end = call;
		ras->waiting_end = &call->next_waiting;
	}
	return call->slot;
}

void slot_force(struct ras_call *call)
{
	WITH_LOCK(&call->ras->lock);

	leave_line(call);
	if (!call->slot)
		take(call);
}

void slot_drop(struct ras_call *call)
{
	struct ras *ras = call->ras;
	WITH_LOCK(&ras->lock);

	leave_line(call);
	if (!call->slot)
		return;
	call->slot = false;
	ras->in_setup--;
	grant(ras);
}

void slot_grant(struct ras *ras)
{
	WITH_LOCK(&ras->lock);

	grant(ras);
}
