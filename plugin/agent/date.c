/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/date.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DATE_UNKNOWN_LEN 8
#define MASTER_START_SLACK_MS 1000

size_t date_and_time(int64_t real_ms, uint8_t ret[DATE_MAX])
{
	time_t seconds = (time_t)(real_ms / 1000);
	long minutes, year;
	struct tm tm;

	memset(ret, 0, DATE_MAX);
	if (real_ms <= 0 || !localtime_r(&seconds, &tm))
		return DATE_UNKNOWN_LEN;
	year = tm.tm_year + 1900L;
	if (year > UINT16_MAX)
		return DATE_UNKNOWN_LEN;
	minutes = labs(tm.tm_gmtoff) / 60;

	ret[0] = (uint8_t)(year >> 8);
	ret[1] = (uint8_t)year;
	ret[2] = (uint8_t)(tm.tm_mon + 1);
	ret[3] = (uint8_t)tm.tm_mday;
	ret[4] = (uint8_t)tm.tm_hour;
	ret[5] = (uint8_t)tm.tm_min;
	ret[6] = (uint8_t)tm.tm_sec;
	ret[7] = (uint8_t)(real_ms % 1000 / 100);
	ret[8] = tm.tm_gmtoff < 0 ? '-' : '+';
	ret[9] = (uint8_t)(minutes / 60);
	ret[10] = (uint8_t)(minutes % 60);
	return DATE_MAX;
}

int64_t date_master_start(int64_t known_ms, int64_t now_mono_ms, uint32_t uptime_cs)
{
	int64_t start = now_mono_ms - (int64_t)uptime_cs * 10;

	return llabs(start - known_ms) > MASTER_START_SLACK_MS ? start : known_ms;
}

uint32_t date_time_stamp(int64_t event_mono_ms, int64_t master_start_ms)
{
	if (event_mono_ms <= 0)
		return 0;
	return date_time_ticks(master_start_ms, event_mono_ms);
}

uint32_t date_time_ticks(int64_t from_mono_ms, int64_t to_mono_ms)
{
	return from_mono_ms < to_mono_ms ? (uint32_t)((to_mono_ms - from_mono_ms) / 10) : 0;
}
