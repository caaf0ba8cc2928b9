/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "sys/utf8.h"

const struct ras_error_info *ras_error_find(int32_t code)
{
	if (code <= 0)
		return NULL;
	for (const struct ras_error_info *info = ras_error_table; info->code; info++)
		if (info->code == code)
			return info;
	return NULL;
}

enum ras_cause ras_error_cause(int32_t code)
{
	const struct ras_error_info *info = ras_error_find(code);

	if (info)
		return info->cause;
	if (code == RAS_ERROR_NONE)
		return RAS_CAUSE_NONE;
	return code < 0 ? RAS_CAUSE_INTERNAL_ERROR : RAS_CAUSE_OTHER;
}

bool ras_error_redial(int32_t code)
{
	const struct ras_error_info *info = ras_error_find(code);

	return !info || info->redial;
}

const char *ras_error_text(int32_t code)
{
	const struct ras_error_info *info = ras_error_find(code);
	const char *name = NULL;

	if (info)
		return info->text;
	if (code == RAS_ERROR_NONE)
		return "";
	/* Of the least number there is no negative. */
	if (code < 0 && code > INT32_MIN)
		name = strerrorname_np(-code);
	return name ? name : "An error without a description";
}

/* Copies text that came from outside: whole characters as long as there is room, anything unfit to be shown as '?'. */
static void copy_shown(char dst[RAS_ERROR_TEXT_MAX], const char *src, size_t len)
{
	size_t out = 0;

	for (size_t in = 0; in < len;) {
		uint32_t code;
		size_t n = utf8_char(src + in, len - in, &code);
		bool shown = n > 0 && !utf8_is_control(code);
		size_t room = shown ? n : 1;

		if (out + room >= RAS_ERROR_TEXT_MAX)
			break;
		if (shown)
			memcpy(dst + out, src + in, n);
		else
			dst[out] = '?';
		out += room;
		in += n > 0 ? n : 1;
	}
	dst[out] = '\0';
}

void ras_error_set(struct ras_error *e, int32_t code, int32_t backend, const char *format, ...)
{
	/* Control characters of two octets become one, so twice the room holds all that can be shown; the rest keeps a
	 * character whole that the end of the room would cut. */
	char text[2 * RAS_ERROR_TEXT_MAX + 4];
	va_list args;
	int n = -1;

	if (format) {
		va_start(args, format);
		n = vsnprintf(text, sizeof(text), format, args);
		va_end(args);
	}
	e->code = code;
	e->backend = backend;
	e->cause = ras_error_cause(code);
	if (n >= 0)
		copy_shown(e->text, text, MIN((size_t)n, sizeof(text) - 1));
	else
		str_copy(e->text, ras_error_text(code), sizeof(e->text));
}
