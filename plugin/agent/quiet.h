/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines that somebody outside can cause as often as he likes: a line that repeats is shown once a minute, with how
 * often it came, and only so many different ones. */
#ifndef RASDIAL_AGENT_QUIET_H
#define RASDIAL_AGENT_QUIET_H

#include <stdint.h>

#include "sys/log.h"

#define QUIET_LINES 64
#define QUIET_LINE_MAX 256
#define QUIET_PERIOD_MS 60000

/* All zero is a good start. One thread at a time. */
struct quiet {
	struct quiet_line {
		char text[QUIET_LINE_MAX];
		int64_t shown_ms;
		unsigned repeats; /* since it was shown */
	} lines[QUIET_LINES];
	unsigned hidden; /* that found no place */
};

/* Decides about a line at a time of the monotonic clock. Returns how often it came since it was last shown, with this
 * time (1 for a new one) if it is to be shown now, or 0. */
unsigned quiet_ask(struct quiet *quiet, int64_t now_ms, const char *line);

/* Logs a line if it may be shown. */
void quiet_log(struct quiet *quiet, enum log_level level, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
