/* SPDX-License-Identifier: BSD-2-Clause */
/* Our lines in snmpd's log: those of the thread that owns libnetsnmp at once, those of others when it comes round. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "agent/host_log.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/macro.h"

/* ---- what snmpd's log gets ---- */

static struct {
	char *text;
	size_t len;
	unsigned lines;
	int priority; /* of the last one */
	pthread_t writer;
} heard;

static int hear(int major UNUSED, int minor UNUSED, void *message, void *data UNUSED)
{
	const struct snmp_log_message *m = message;
	size_t len = strlen(m->msg);

	heard.text = realloc(heard.text, heard.len + len + 1);
	assert_non_null(heard.text);
	memcpy(heard.text + heard.len, m->msg, len + 1);
	heard.len += len;
	heard.lines++;
	heard.priority = m->priority;
	heard.writer = pthread_self();
	return 0;
}

static void forget(void)
{
	free(heard.text);
	memset(&heard, 0, sizeof(heard));
}

static void expect(const char *text)
{
	assert_string_equal(heard.text ? heard.text : "", text);
	forget();
}

static bool woken(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool is = poll(&p, 1, 0) == 1;

	fd_event_drain(fd);
	return is;
}

/* ---- another thread ---- */

static void elsewhere(void *(*main)(void *), void *arg)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, main, arg), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *log_one(void *arg)
{
	log_warning("%s", (const char *)arg);
	return NULL;
}

static void *log_more_than_fits(void *arg)
{
	unsigned *n = arg;

	/* Of 100 octets each in the ring. */
	for (*n = 0; *n < 2 * HOST_LOG_ROOM / 100; ++*n)
		log_info("%098u", *n);
	return NULL;
}

/* ---- */

static void own_lines(void **state)
{
	static const struct {
		enum log_level level;
		int priority;
		const char *line;
	} levels[] = {
		{LOG_LEVEL_ERROR, LOG_ERR, "rasdial: error: entry hq: \\x01 up\n"},
		{LOG_LEVEL_WARNING, LOG_WARNING, "rasdial: warning: entry hq: \\x01 up\n"},
		{LOG_LEVEL_INFO, LOG_INFO, "rasdial: entry hq: \\x01 up\n"},
		{LOG_LEVEL_DEBUG, LOG_DEBUG, "rasdial: debug: entry hq: \\x01 up\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		log_write(levels[i].level, "entry %s: \001 up", "hq");
		assert_int_equal(heard.priority, levels[i].priority);
		expect(levels[i].line);
	}
	log_open("rasdial", LOG_TARGET_SYSLOG, LOG_LEVEL_WARNING);
	log_info("too low");
	expect("");
	log_open("rasdial", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
	log_debug("and snmpd's log it stays");
	expect("rasdial: debug: and snmpd's log it stays\n");
}

static void lines_of_others(void **state)
{
	int fd = *(const int *)*state;

	elsewhere(log_one, "one");
	elsewhere(log_one, "two");
	expect("");
	assert_true(woken(fd));
	assert_false(woken(fd));
	host_log_turn();
	assert_int_equal(heard.priority, LOG_WARNING);
	assert_true(pthread_equal(heard.writer, pthread_self()));
	expect("rasdial: warning: one\nrasdial: warning: two\n");

	/* They keep their order. */
	elsewhere(log_one, "three");
	log_info("four");
	expect("rasdial: warning: three\nrasdial: four\n");
	woken(fd);
}

static void more_than_fits(void **state)
{
	int fd = *(const int *)*state;
	const char *last;
	unsigned n, shown;
	char tail[128];

	elsewhere(log_more_than_fits, &n);
	host_log_turn();
	shown = heard.lines - 1;
	assert_in_range(shown, HOST_LOG_ROOM / 100 - 2, HOST_LOG_ROOM / 100);
	assert_int_equal(heard.priority, LOG_WARNING);
	snprintf(tail, sizeof(tail), "rasdial: warning: %u lines were lost: they came faster than snmpd wrote them\n",
		 n - shown);
	last = heard.text + heard.len - strlen(tail);
	assert_string_equal(last, tail);
	forget();
	woken(fd);

	/* It is told once, and there is room again. */
	elsewhere(log_one, "five");
	host_log_turn();
	expect("rasdial: warning: five\n");
	woken(fd);
}

/* A thread that is left over a reload has somewhere to log. */
static void closed_and_opened(void **state)
{
	int fd = *(const int *)*state;

	elsewhere(log_one, "six");
	host_log_close();
	expect("rasdial: warning: six\n");
	woken(fd);
	elsewhere(log_one, "seven");
	assert_false(woken(fd));
	host_log_open(fd);
	host_log_turn();
	expect("rasdial: warning: seven\n");
}

static int open_log(void **state)
{
	static int fd;

	fd = fd_event();
	assert_true(fd >= 0);
	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, hear, NULL);
	log_open("test", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
	host_log_open(fd);
	*state = &fd;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_lines),
		cmocka_unit_test(lines_of_others),
		cmocka_unit_test(more_than_fits),
		cmocka_unit_test(closed_and_opened),
	};

	return cmocka_run_group_tests(tests, open_log, NULL);
}
