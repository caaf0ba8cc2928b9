/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows after the end of a call or attempt, and when. Pure functions: no clock, no lock. */
#include "ras/engine.h"

uint32_t redial_budget(const struct ras_entry *entry)
{
	return entry->dial_mode == RAS_DIAL_MODE_PERSISTENT ? REDIAL_UNBOUNDED : entry->redial_max;
}

/* Ends that the host wanted: no failure, no redial by the count. */
static struct redial_verdict decide_wanted(const struct ras_entry *entry, const struct redial_case *c)
{
	bool limit = c->stop == STOP_IDLE || c->stop == STOP_MAX_DURATION;
	bool again = limit && entry->dial_mode == RAS_DIAL_MODE_PERSISTENT && c->enabled;
	bool waits = limit && entry->dial_mode == RAS_DIAL_MODE_ON_DEMAND && c->enabled;

	return (struct redial_verdict){
		.status = again ? RAS_STATUS_WAITING_REDIAL :
			  waits ? RAS_STATUS_WAITING :
				  RAS_STATUS_DOWN,
		.left = again ? REDIAL_UNBOUNDED : 0,
		.unwanted = limit &&
			    (entry->dial_mode == RAS_DIAL_MODE_MANUAL || entry->dial_mode == RAS_DIAL_MODE_AUTO_START),
	};
}

struct redial_verdict redial_decide(const struct ras_entry *entry, const struct redial_case *c)
{
	bool persistent = entry->dial_mode == RAS_DIAL_MODE_PERSISTENT;
	bool mendable = ras_error_redial(c->code);
	uint32_t left = c->left;
	bool again;

	switch (c->stop) {
	case STOP_HANG_UP:
	case STOP_ADMIN:
	case STOP_REMOVED:
	case STOP_IDLE:
	case STOP_MAX_DURATION:
		return decide_wanted(entry, c);
	case STOP_QUIT:
		if (c->was_up)
			return decide_wanted(entry, c);
		break;
	default:
		break;
	}
	if (c->was_up) {
		/* A lost call begins a new series: one attempt and its redials. */
		left = persistent                      ? REDIAL_UNBOUNDED :
		       entry->redial_max == UINT32_MAX ? UINT32_MAX :
							 entry->redial_max + 1;
		again = (entry->redial_on_drop || persistent) && mendable && c->enabled;
	} else {
		again = left > 0 && mendable && c->enabled;
	}
	return (struct redial_verdict){
		.status = again ? RAS_STATUS_WAITING_REDIAL : RAS_STATUS_FAILED,
		.left = again ? left : 0,
		.exhausted = !c->was_up && (left == 0 || !mendable),
	};
}

int64_t redial_pause_ms(const struct ras_entry *entry, uint32_t consecutive_failures, uint32_t random)
{
	uint64_t pause = (uint64_t)entry->redial_pause * 1000;
	uint64_t max = (uint64_t)entry->redial_pause_max * 1000;

	if (max <= pause)
		return (int64_t)pause;
	for (uint32_t i = 1; i < consecutive_failures && pause < max; i++)
		pause *= 2;
	pause = pause < max ? pause : max;
	return (int64_t)(pause + (pause / 10 * random >> 32));
}
