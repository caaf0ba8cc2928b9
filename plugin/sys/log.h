/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of log at a time, to standard error, to syslog, or to the daemon that we are a part of. Any thread may log;
 * no allocation, no lock held while the line is written, no line longer than LOG_LINE_MAX (a longer one is cut and
 * marked). Control characters in what comes from outside are shown as \xNN, so that nobody can forge a line. */
#ifndef RASDIAL_SYS_LOG_H
#define RASDIAL_SYS_LOG_H

#include <stddef.h>

#include "sys/macro.h"

#define LOG_LINE_MAX 1024

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* auto: standard error where it is a terminal, a journal stream or wanted by -f, else syslog. */
enum log_target { LOG_TARGET_AUTO, LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/* Call before any other thread exists, and again at a reload. ident is kept, not copied. Lines to a journal stream
 * carry <N> priority prefixes (JOURNAL_STREAM, see sd-daemon(3)). */
void log_open(const char *ident, enum log_target target, enum log_level level);

/* Lines go to take() instead, as they are and without an end of line, in the thread that logs: a part of another daemon
 * has no log of its own. take is there for good. Call before any other thread exists. */
void log_divert(void (*take)(enum log_level level, const char *line));

enum log_level log_level(void);

void log_write(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* Copies text_len octets of text to out, with every octet of what is no printable character as \xNN. Text that does not
 * fit in size octets (4 at least, NUL included) is cut and ends with "...". Returns the length. */
size_t log_escape(char *out, size_t size, const char *text, size_t text_len);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
