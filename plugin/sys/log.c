/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "sys/utf8.h"

enum sink { SINK_PLAIN, SINK_TERMINAL, SINK_JOURNAL, SINK_SYSLOG, SINK_DIVERTED };

/* Set by log_open() while other threads may log already (a reload). */
static _Atomic(enum sink) log_sink = SINK_PLAIN;
static _Atomic(enum log_level) log_limit = LOG_LEVEL_INFO;
static _Atomic(const char *) log_prefix = "";
static void (*log_take)(enum log_level level, const char *line); /* SINK_DIVERTED */

static const struct {
	const char *word;
	const char *colour;
	int priority;
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", "\033[1;31m", LOG_ERR},
	[LOG_LEVEL_WARNING] = {"warning", "\033[1;33m", LOG_WARNING},
	[LOG_LEVEL_INFO] = {"info", "", LOG_INFO},
	[LOG_LEVEL_DEBUG] = {"debug", "\033[2m", LOG_DEBUG},
};

/* JOURNAL_STREAM names the device and inode of the stream that the journal reads; it is inherited, so standard error
 * may be another file by now. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t dev, inode;
	struct stat st;
	char *end;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	dev = strtoumax(stream, &end, 10);
	if (end == stream || *end != ':')
		return false;
	stream = end + 1;
	inode = strtoumax(stream, &end, 10);
	return end != stream && *end == '\0' && dev == st.st_dev && inode == st.st_ino;
}

static enum sink choose_sink(enum log_target target)
{
	const char *term = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");

	if (target == LOG_TARGET_SYSLOG)
		return SINK_SYSLOG;
	if (stderr_is_journal())
		return SINK_JOURNAL;
	if (isatty(STDERR_FILENO))
		return (term && str_equal(term, "dumb")) || (no_colour && *no_colour) ? SINK_PLAIN : SINK_TERMINAL;
	return target == LOG_TARGET_STDERR ? SINK_PLAIN : SINK_SYSLOG;
}

void log_open(const char *ident, enum log_target target, enum log_level level)
{
	enum sink sink = log_sink == SINK_DIVERTED ? SINK_DIVERTED : choose_sink(target);

	if (sink == SINK_SYSLOG) {
		/* Inside another daemon the name of the syslog connection is that daemon's. */
		bool own = str_equal(ident, program_invocation_short_name);

		log_prefix = own ? "" : ident;
		if (own)
			openlog(ident, LOG_PID, LOG_DAEMON);
	}
	log_sink = sink;
	log_limit = level;
}

void log_divert(void (*take)(enum log_level level, const char *line))
{
	log_take = take;
	log_sink = SINK_DIVERTED;
}

enum log_level log_level(void)
{
	return log_limit;
}

size_t log_escape(char *out, size_t size, const char *text, size_t text_len)
{
	static const char mark[] = "...";
	const char *end = text + text_len;
	size_t len = 0, cut = 0, n, need;
	uint32_t code;
	bool plain;

	while (text < end) {
		n = utf8_char(text, (size_t)(end - text), &code);
		plain = n > 0 && !utf8_is_control(code);
		n = MAX(n, 1u);
		need = plain ? n : 4 * n;

		if (len + need >= size) {
			memcpy(out + cut, mark, sizeof(mark));
			return cut + sizeof(mark) - 1;
		}
		if (plain)
			memcpy(out + len, text, n);
		else
			for (size_t i = 0; i < n; i++)
				snprintf(out + len + 4 * i, 5, "\\x%02x", (unsigned char)text[i]);

		text += n;
		len += need;
		if (len + sizeof(mark) <= size)
			cut = len;
	}
	out[len] = '\0';
	return len;
}

/* What stands before the message. Returns its length. */
static size_t put_head(char line[LOG_LINE_MAX], enum sink sink, enum log_level level)
{
	bool colour = sink == SINK_TERMINAL && *levels[level].colour;
	struct timespec now;
	struct tm tm;
	int n;

	if (sink == SINK_DIVERTED)
		return 0;
	if (sink == SINK_SYSLOG) {
		const char *prefix = log_prefix;

		n = *prefix ? snprintf(line, LOG_LINE_MAX / 4, "%s: ", prefix) : 0;
		return MIN((size_t)n, (size_t)LOG_LINE_MAX / 4 - 1);
	}

	if (sink == SINK_JOURNAL)
		return (size_t)snprintf(line, LOG_LINE_MAX, "<%d>", levels[level].priority);

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	return (size_t)snprintf(line, LOG_LINE_MAX, "%02d:%02d:%02d.%03ld %s%s%s: ", tm.tm_hour, tm.tm_min, tm.tm_sec,
				now.tv_nsec / 1000000, colour ? levels[level].colour : "", levels[level].word,
				colour ? "\033[0m" : "");
}

void log_write(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX + 1]; /* longer than any line can show, so that log_escape() sees the need to cut */
	char line[LOG_LINE_MAX];
	enum sink sink = log_sink;
	int saved = errno;
	size_t len;
	va_list ap;
	int n;

	if (level > log_limit)
		return;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0)
		n = 0;

	len = put_head(line, sink, level);
	len += log_escape(line + len, sizeof(line) - len, text, MIN((size_t)n, sizeof(text) - 1));

	if (sink == SINK_DIVERTED) {
		log_take(level, line);
	} else if (sink == SINK_SYSLOG) {
		syslog(LOG_DAEMON | levels[level].priority, "%s", line);
	} else {
		line[len++] = '\n';
		/* One write, so that lines of several threads do not mix. There is nobody to tell of a failure. */
		if (write(STDERR_FILENO, line, len) < 0)
			(void)0;
	}
	errno = saved;
}
