/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sys/macro.h"
#include "sys/utf8.h"

#define QUOTE_OCTETS 100 /* shown of a text; one escape fits behind them */
#define YEAR_10000_MS 253402300800000

const char *text_quote(const char *text, char buf[TEXT_QUOTE_MAX])
{
	size_t size = strlen(text), at = 0, len = 0, n;
	uint32_t code;

	buf[len++] = '"';
	while (at < size && len < QUOTE_OCTETS) {
		n = utf8_char(text + at, size - at, &code);
		if (n == 0 || utf8_is_control(code)) {
			/* One octet at a time, so that a C1 control shows as its two. */
			n = MAX(n, 1u);
			for (size_t i = 0; i < n; i++)
				len += (size_t)snprintf(buf + len, TEXT_QUOTE_MAX - len, "\\x%02x",
							(unsigned char)text[at + i]);
		} else {
			memcpy(buf + len, text + at, n);
			len += n;
		}
		at += n;
	}
	snprintf(buf + len, TEXT_QUOTE_MAX - len, "%s", at < size ? "...\"" : "\"");
	return buf;
}

static int fold(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

unsigned text_distance(const char *a, const char *b)
{
	size_t rows = strlen(a), columns = strlen(b);
	/* Costs for the row before the last, the last one and the present one: a swap looks two back. */
	uint8_t cost[3][TEXT_LABEL_MAX];
	uint8_t *older = cost[0], *last = cost[1], *row = cost[2];

	if (rows >= TEXT_LABEL_MAX || columns >= TEXT_LABEL_MAX)
		return TEXT_LABEL_MAX;
	for (size_t j = 0; j <= columns; j++)
		row[j] = (uint8_t)j;
	for (size_t i = 1; i <= rows; i++) {
		uint8_t *spare = older;

		older = last;
		last = row;
		row = spare;
		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= columns; j++) {
			unsigned best = last[j - 1] + (fold(a[i - 1]) == fold(b[j - 1]) ? 0u : 1u);

			best = MIN(best, 1 + (unsigned)MIN(last[j], row[j - 1]));
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
				best = MIN(best, 1u + older[j - 2]);
			row[j] = (uint8_t)best;
		}
	}
	return row[columns];
}

void text_guess(const char *word, const char *candidate, const char **best, unsigned *distance)
{
	unsigned d = text_distance(word, candidate);
	size_t length = strlen(candidate);

	/* A third of the letters may be wrong; more is another word. */
	if (d > MAX(length / 3, 1u) || (*best && d >= *distance))
		return;
	*best = candidate;
	*distance = d;
}

bool text_number(const char *text, uint32_t *ret)
{
	uint64_t value = 0;

	if (!text[0] || (text[0] == '0' && text[1]))
		return false;
	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*ret = (uint32_t)value;
	return true;
}

bool text_time(int64_t ms, char buf[TEXT_TIME_MAX])
{
	time_t seconds = ms / 1000;
	struct tm tm;
	char date[24];

	if (ms <= 0 || ms >= YEAR_10000_MS || !gmtime_r(&seconds, &tm))
		return false;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, TEXT_TIME_MAX, "%s.%03uZ", date, (unsigned)(ms % 1000));
	return true;
}

bool text_time_parse(const char *text, int64_t *ret_ms)
{
	struct tm tm = {0};
	char back[TEXT_TIME_MAX];
	int64_t ms;
	int rest;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &tm.tm_sec, &rest) != 7)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	ms = (int64_t)timegm(&tm) * 1000 + rest;
	/* What no calendar has, or is spelled otherwise, does not come back as it was. */
	if (!text_time(ms, back) || !str_equal(text, back))
		return false;
	*ret_ms = ms;
	return true;
}
