/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines: where they go, how they look, and that nobody can forge one. */
#undef _FORTIFY_SOURCE /* its syslog() is inline, ours below is not */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/log.h"
#include "sys/macro.h"
#include "sys/utf8.h"

/* ---- a syslog that remembers ---- */

static struct {
	const char *ident;
	int options, facility, priority;
	char line[2 * LOG_LINE_MAX];
} heard;

void openlog(const char *ident, int options, int facility)
{
	heard.ident = ident;
	heard.options = options;
	heard.facility = facility;
}

void syslog(int priority, const char *format, ...)
{
	va_list ap;

	heard.priority = priority;
	va_start(ap, format);
	vsnprintf(heard.line, sizeof(heard.line), format, ap);
	va_end(ap);
}

/* What syslog() is in a program built with fortify. */
void __syslog_chk(int priority, int flag, const char *format, ...); /* NOLINT(bugprone-reserved-identifier) */
void __syslog_chk(int priority, int flag, const char *format, ...)  /* NOLINT(bugprone-reserved-identifier) */
{
	va_list ap;

	(void)flag;
	heard.priority = priority;
	va_start(ap, format);
	vsnprintf(heard.line, sizeof(heard.line), format, ap);
	va_end(ap);
}

/* ---- standard error, caught ---- */

static int caught = -1, real_stderr = -1;

static void catch_stderr(int reader, int writer)
{
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	assert_true(real_stderr >= 0);
	assert_int_equal(dup2(writer, STDERR_FILENO), STDERR_FILENO);
	fd_close(writer);
	caught = reader;
}

static void catch_in_pipe(void)
{
	int pair[2];

	assert_int_equal(pipe2(pair, O_NONBLOCK), 0);
	catch_stderr(pair[0], pair[1]);
}

static void catch_in_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	catch_stderr(master, open(ptsname(master), O_RDWR | O_NOCTTY));
}

/* Reads what one write() gave. */
static const char *line_caught(void)
{
	static char line[4 * LOG_LINE_MAX];
	ssize_t n = read(caught, line, sizeof(line) - 1);

	line[n < 0 ? 0 : n] = '\0';
	return line;
}

static void let_go(void)
{
	if (real_stderr < 0)
		return;
	dup2(real_stderr, STDERR_FILENO);
	real_stderr = fd_close(real_stderr);
	caught = fd_close(caught);
}

static void expect(const char *pattern)
{
	const char *line = line_caught();
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, line, 0, NULL, 0) != 0)
		fail_msg("'%s' does not match %s", line, pattern);
	regfree(&regex);
}

static int setup(void **state)
{
	(void)state;
	memset(&heard, 0, sizeof(heard));
	unsetenv("JOURNAL_STREAM");
	unsetenv("NO_COLOR");
	return setenv("TERM", "xterm", 1);
}

/* Also after a test that failed, so that its message is seen. */
static int teardown(void **state)
{
	(void)state;
	let_go();
	return 0;
}

#define STAMP "^[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3} "

/* ---- targets ---- */

static void test_plain(void **state)
{
	(void)state;
	catch_in_pipe();
	log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
	log_error("entry %s: call %d: %s", "hq", 7, "The line is busy");
	expect(STAMP "error: entry hq: call 7: The line is busy\n$");
	log_warning("w");
	expect(STAMP "warning: w\n$");
	log_info("i");
	expect(STAMP "info: i\n$");
	log_debug("%s", "");
	expect(STAMP "debug: \n$");
	let_go();
	assert_string_equal(heard.line, "");
}

static void test_levels(void **state)
{
	(void)state;
	catch_in_pipe();
	for (int limit = LOG_LEVEL_ERROR; limit <= LOG_LEVEL_DEBUG; limit++) {
		log_open("rasdiald", LOG_TARGET_STDERR, (enum log_level)limit);
		assert_int_equal(log_level(), limit);
		for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
			log_write((enum log_level)level, "x");
			assert_int_equal(*line_caught() != '\0', level <= limit);
		}
	}
}

static void test_terminal(void **state)
{
	(void)state;
	catch_in_terminal();
	log_open("rasdiald", LOG_TARGET_AUTO, LOG_LEVEL_INFO);
	log_error("e");
	expect(STAMP "\033\\[1;31merror\033\\[0m: e\r\n$");
	log_info("i");
	expect(STAMP "info: i\r\n$");

	setenv("NO_COLOR", "1", 1);
	log_open("rasdiald", LOG_TARGET_AUTO, LOG_LEVEL_INFO);
	log_error("e");
	expect(STAMP "error: e\r\n$");
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	log_open("rasdiald", LOG_TARGET_AUTO, LOG_LEVEL_INFO);
	log_error("e");
	expect(STAMP "error: e\r\n$");
}

static void test_journal(void **state)
{
	static const enum log_target targets[] = {LOG_TARGET_AUTO, LOG_TARGET_STDERR};
	char stream[64];
	struct stat st;

	(void)state;
	catch_in_pipe();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		log_open("rasdiald", targets[i], LOG_LEVEL_DEBUG);
		log_error("m");
		assert_string_equal(line_caught(), "<3>m\n");
		log_warning("m");
		assert_string_equal(line_caught(), "<4>m\n");
		log_info("m");
		assert_string_equal(line_caught(), "<6>m\n");
		log_debug("m");
		assert_string_equal(line_caught(), "<7>m\n");
	}
	let_go();
	assert_string_equal(heard.line, "");
}

/* A stream of the journal that is not (any more) standard error. */
static void test_journal_elsewhere(void **state)
{
	static const char *const streams[] = {"", "1", "1:", ":1", "1:1", "x:y", "%s:%s", "%sx"};
	char stream[64];
	struct stat st;

	(void)state;
	catch_in_pipe();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	for (size_t i = 0; i < ARRAY_SIZE(streams) + 1; i++) {
		if (i < ARRAY_SIZE(streams))
			str_copy(stream, streams[i], sizeof(stream));
		else
			snprintf(stream, sizeof(stream), "%ju:%ju ", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
		setenv("JOURNAL_STREAM", stream, 1);
		log_open("rasdiald", LOG_TARGET_AUTO, LOG_LEVEL_INFO);
		heard.line[0] = '\0';
		log_info("m");
		assert_string_equal(line_caught(), "");
		assert_non_null(strstr(heard.line, "m"));
	}
}

static void test_syslog_of_our_own(void **state)
{
	(void)state;
	catch_in_pipe();
	log_open(program_invocation_short_name, LOG_TARGET_SYSLOG, LOG_LEVEL_INFO);
	assert_ptr_equal(heard.ident, program_invocation_short_name);
	assert_int_equal(heard.options & LOG_PID, LOG_PID);
	assert_int_equal(heard.facility, LOG_DAEMON);
	log_warning("100%% of %s", "it\n");
	assert_string_equal(heard.line, "100% of it\\x0a");
	assert_int_equal(heard.priority, LOG_DAEMON | LOG_WARNING);
	assert_string_equal(line_caught(), "");
}

static void test_syslog_of_a_host(void **state)
{
	(void)state;
	catch_in_pipe();
	log_open("rasdial", LOG_TARGET_AUTO, LOG_LEVEL_INFO);
	assert_null(heard.ident); /* the host's name stays */
	log_error("m");
	assert_string_equal(heard.line, "rasdial: m");
	assert_int_equal(heard.priority, LOG_DAEMON | LOG_ERR);
}

/* ---- lines ---- */

static void test_nothing_is_forged(void **state)
{
	(void)state;
	catch_in_pipe();
	log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	log_info("a\nb\rc\td\033[31me\177\\f");
	expect(STAMP "info: a\\\\x0ab\\\\x0dc\\\\x09d\\\\x1b\\[31me\\\\x7f\\\\f\n$");
	log_info("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\x9e");
	expect("info: \xc3\xa4 \xe2\x82\xac \xf0\x9f\x93\x9e\n$");
	log_info("\xc2\x9b"
		 "31m \xc0\xaf \xff \xe2\x82");
	expect("info: \\\\xc2\\\\x9b31m \\\\xc0\\\\xaf \\\\xff \\\\xe2\\\\x82\n$");
}

static void test_every_octet(void **state)
{
	const char *line;
	char pair[3] = "";
	size_t n;

	(void)state;
	catch_in_pipe();
	log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	for (unsigned a = 1; a < 256; a++) {
		for (unsigned b = 0; b < 256; b += 5) {
			pair[0] = (char)a;
			pair[1] = (char)b;
			log_info("%s", pair);
			line = line_caught();
			for (uint32_t code; *line != '\n'; line += n) {
				n = utf8_char(line, strlen(line), &code);
				assert_true(n > 0 && !utf8_is_control(code));
			}
			assert_string_equal(line, "\n");
		}
	}
}

static void test_long_lines_are_cut(void **state)
{
	static const char *const fill[] = {"x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\x9e", "\n", "\xff"};
	char text[3 * LOG_LINE_MAX];
	const char *line;
	size_t len, n, unit;
	uint32_t code;

	(void)state;
	catch_in_pipe();
	log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	for (size_t i = 0; i < ARRAY_SIZE(fill); i++) {
		unit = strlen(fill[i]);
		for (size_t total = 200; total < 1100; total++) {
			for (len = total % unit; len > 0; len--)
				text[len - 1] = 'o';
			for (len = total % unit; len < total; len += unit)
				memcpy(text + len, fill[i], unit);
			text[len] = '\0';
			log_info("%s", text);

			line = line_caught();
			len = strlen(line);
			assert_in_range(len, 1, LOG_LINE_MAX);
			assert_int_equal(line[len - 1], '\n');
			assert_int_equal(strchr(line, '\n') - line, len - 1);
			if (len < LOG_LINE_MAX - 8)
				assert_null(strstr(line, "..."));
			for (size_t at = 0; at < len - 1; at += n) {
				n = utf8_char(line + at, len - at, &code);
				assert_true(n > 0); /* cut between characters, never within one */
			}
			if (total > LOG_LINE_MAX)
				assert_string_equal(line + len - 4, "...\n");
		}
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	line = line_caught();
	assert_int_equal(strlen(line), LOG_LINE_MAX);
	assert_string_equal(line + LOG_LINE_MAX - 5, "x...\n");

	log_open(program_invocation_short_name, LOG_TARGET_SYSLOG, LOG_LEVEL_INFO);
	for (size_t i = LOG_LINE_MAX - 8; i < LOG_LINE_MAX + 8; i++) {
		log_info("%.*s", (int)i, text);
		assert_int_equal(strlen(heard.line), MIN(i, (size_t)LOG_LINE_MAX - 1));
		assert_int_equal(strstr(heard.line, "...") != NULL, i > LOG_LINE_MAX - 1);
	}
}

static void test_errno_is_kept(void **state)
{
	(void)state;
	catch_in_pipe();
	log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	errno = ENOENT;
	log_info("cannot open: %m");
	assert_int_equal(errno, ENOENT);
	expect("info: cannot open: No such file or directory\n$");
	log_debug("not shown");
	assert_int_equal(errno, ENOENT);
	let_go();

	/* Standard error that is closed is nobody's trouble. */
	catch_in_pipe();
	close(STDERR_FILENO);
	errno = ENOENT;
	log_info("lost");
	assert_int_equal(errno, ENOENT);
}

#define THREADS 4
#define LINES 100

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_info("thread %c says %.*s", *(const char *)arg, 60,
			 "................................................................");
	return NULL;
}

static void test_lines_do_not_mix(void **state)
{
	static char names[] = "abcd";
	pthread_t threads[THREADS];
	char line[256], name;
	int count[THREADS] = {}, fd;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	fd = fcntl(fileno(f), F_DUPFD, 10);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	catch_stderr(-1, fd);
	log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &names[i]), 0);
	for (int i = 0; i < 50; i++) /* a reload meanwhile */
		log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	let_go();

	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		assert_int_equal(sscanf(line + 13, "info: thread %c says .", &name), 1);
		assert_in_range(name, 'a', 'd');
		assert_int_equal(strlen(line), strlen("00:00:00.000 info: thread a says \n") + 60);
		count[name - 'a']++;
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(count[i], LINES);
	fclose(f);
}

static struct {
	enum log_level level;
	char line[LOG_LINE_MAX];
	unsigned lines;
} taken;

static void take(enum log_level level, const char *line)
{
	taken.level = level;
	str_copy(taken.line, line, sizeof(taken.line));
	taken.lines++;
}

/* Not taken back: the last test. */
static void test_diverted(void **state)
{
	(void)state;
	log_divert(take);
	log_open("rasdiald", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	log_warning("one\ntwo");
	assert_int_equal(taken.level, LOG_LEVEL_WARNING);
	assert_string_equal(taken.line, "one\\x0atwo");
	log_debug("too low");
	assert_int_equal(taken.lines, 1);
	log_open("rasdiald", LOG_TARGET_SYSLOG, LOG_LEVEL_DEBUG);
	log_debug("low");
	assert_string_equal(taken.line, "low");
	log_info("%0*d", 2 * LOG_LINE_MAX, 1);
	assert_in_range(strlen(taken.line), LOG_LINE_MAX - 8, LOG_LINE_MAX - 1);
}

#define log_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(test_plain),
		log_test(test_levels),
		log_test(test_terminal),
		log_test(test_journal),
		log_test(test_journal_elsewhere),
		log_test(test_syslog_of_our_own),
		log_test(test_syslog_of_a_host),
		log_test(test_nothing_is_forged),
		log_test(test_every_octet),
		log_test(test_long_lines_are_cut),
		log_test(test_errno_is_kept),
		log_test(test_lines_do_not_mix),
		log_test(test_diverted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
