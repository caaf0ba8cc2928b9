/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/quiet.h"

#include <stdarg.h>
#include <stdio.h>

#include "sys/clock.h"
#include "sys/macro.h"

unsigned quiet_ask(struct quiet *quiet, int64_t now_ms, const char *line)
{
	struct quiet_line *place = &quiet->lines[0];
	unsigned times;

	for (size_t i = 0; i < QUIET_LINES; i++) {
		struct quiet_line *l = &quiet->lines[i];

		if (l->shown_ms && !strncmp(l->text, line, sizeof(l->text) - 1)) {
			place = l;
			break;
		}
		if (l->shown_ms < place->shown_ms)
			place = l;
	}
	if (strncmp(place->text, line, sizeof(place->text) - 1) != 0 || !place->shown_ms) {
		if (place->shown_ms && now_ms - place->shown_ms < QUIET_PERIOD_MS) {
			quiet->hidden++;
			return 0;
		}
		quiet->hidden += place->repeats;
		str_copy(place->text, line, sizeof(place->text));
		place->repeats = 0;
	} else if (now_ms - place->shown_ms < QUIET_PERIOD_MS) {
		place->repeats++;
		return 0;
	}
	place->shown_ms = now_ms;
	times = 1 + place->repeats;
	place->repeats = 0;
	return times;
}

void quiet_log(struct quiet *quiet, enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	unsigned times, hidden;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	times = quiet_ask(quiet, clock_mono_ms(), line);
	if (!times)
		return;
	hidden = quiet->hidden;
	quiet->hidden = 0;
	if (hidden)
		log_write(level, "%u lines more of this kind were not shown", hidden);
	if (times > 1)
		log_write(level, "%s (%u times)", line, times);
	else
		log_write(level, "%s", line);
}
