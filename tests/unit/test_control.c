/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests as they come through the control socket. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/control.h"
#include "sys/macro.h"

/* What a client sends, with a good checksum. */
static void seal(char line[RECORD_MAX], const char *text)
{
	snprintf(line, RECORD_MAX, "%s sum=%08x", text, record_sum(text, strlen(text)));
}

static int parse(const char *text, struct control_request *ret)
{
	char line[RECORD_MAX];

	seal(line, text);
	return control_request_parse(line, ret);
}

static void what_is_put_is_read(void **state)
{
	static const enum control_verb verbs[] = {CONTROL_DIAL, CONTROL_HANG_UP, CONTROL_STATUS, CONTROL_LOG};
	struct control_request request;
	struct record_writer w;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		assert_int_equal(control_request_put(&w, verbs[i], "head \"office\" \\ \xc3\xa9"), 0);
		w.text[w.len - 1] = '\0';
		assert_int_equal(control_request_parse(w.text, &request), 0);
		assert_int_equal(request.verb, verbs[i]);
		assert_string_equal(request.entry, "head \"office\" \\ \xc3\xa9");
	}
	assert_int_equal(control_request_put(&w, CONTROL_STATUS, NULL), 0);
	w.text[w.len - 1] = '\0';
	assert_int_equal(control_request_parse(w.text, &request), 0);
	assert_string_equal(request.entry, "");
}

static void garbage_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"dial",
		"hang-up",
		"log",
		"dial entry=\"\"",
		"dial entry=\"hq",
		"dial name=\"hq\"",
		"dial entry=\"hq\" entry=\"hq\"",
		"dial entry=\"hq\" more=1",
		"status more=1",
		"dials entry=\"hq\"",
		"DIAL entry=\"hq\"",
		"dial  entry=\"hq\"",
	};
	struct control_request request = {.verb = CONTROL_LOG, .entry = "as before"};
	char line[RECORD_MAX], name[RAS_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i], &request), -EBADMSG);
	str_copy(line, "dial entry=\"hq\"", sizeof(line));
	assert_int_equal(control_request_parse(line, &request), -EBADMSG);
	seal(line, "dial entry=\"hq\"");
	line[1] = 'o';
	assert_int_equal(control_request_parse(line, &request), -EBADMSG);
	memset(name, 'x', RAS_NAME_MAX);
	name[RAS_NAME_MAX] = '\0';
	snprintf(line, sizeof(line), "dial entry=\"%s\"", name);
	assert_int_equal(parse(strdupa(line), &request), -EBADMSG);
	assert_int_equal(request.verb, CONTROL_LOG);
	assert_string_equal(request.entry, "as before");
	name[RAS_NAME_MAX - 1] = '\0';
	snprintf(line, sizeof(line), "dial entry=\"%s\"", name);
	assert_int_equal(parse(strdupa(line), &request), 0);
	assert_string_equal(request.entry, name);
}

static void packets_have_limits(void **state)
{
	char text[RECORD_MAX], big[RECORD_MAX] = "";
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(control_receive(pair[0], text), -EAGAIN);
	assert_int_equal(send(pair[1], "abc", 3, 0), 3);
	assert_int_equal(control_receive(pair[0], text), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(send(pair[1], "a\0c", 3, 0), 3);
	assert_int_equal(control_receive(pair[0], text), -EBADMSG);
	memset(big, 'x', sizeof(big));
	assert_int_equal(send(pair[1], big, sizeof(big), 0), (int)sizeof(big));
	assert_int_equal(control_receive(pair[0], text), -EBADMSG);
	close(pair[1]);
	assert_int_equal(control_receive(pair[0], text), 0);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_read),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(packets_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
