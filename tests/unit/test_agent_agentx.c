/* SPDX-License-Identifier: BSD-2-Clause */
/* What libnetsnmp is not given of the stream from the master, and what the master is given in place of what it drops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agentx.h"
#include "sys/macro.h"

enum { GET = 5, TEST_SET = 8, COMMIT_SET = 9, CLEANUP_SET = 11, RESPONSE = 18 };

static uint8_t sent[8 * AGENTX_PDU_MAX], seen[8 * AGENTX_PDU_MAX], expected[8 * AGENTX_PDU_MAX];
static size_t n_sent, n_seen, n_expected;
static uint8_t answers[4][AGENTX_ERROR_SIZE];
static size_t n_answers;
static bool big;

static int setup(void **state UNUSED)
{
	n_sent = n_seen = n_expected = n_answers = 0;
	big = false;
	return 0;
}

static void put_number(uint8_t *at, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> (big ? 24 - 8 * i : 8 * i));
}

/* The master sends a PDU. seen: the library is to see it. */
static void put(uint8_t type, uint32_t transaction, uint32_t packet, uint32_t payload, bool to_be_seen)
{
	uint8_t *at = sent + n_sent;

	memset(at, 0, AGENTX_HEADER);
	at[0] = 1;
	at[1] = type;
	at[2] = big ? 0x10 : 0;
	put_number(at + 4, 77);
	put_number(at + 8, transaction);
	put_number(at + 12, packet);
	put_number(at + 16, payload);
	for (uint32_t i = 0; i < payload; i++)
		at[AGENTX_HEADER + i] = (uint8_t)(i * 7 + packet);
	n_sent += AGENTX_HEADER + payload;
	if (!to_be_seen)
		return;
	memcpy(expected + n_expected, at, AGENTX_HEADER + payload);
	n_expected += AGENTX_HEADER + payload;
}

/* It comes in parts of this size. */
static void run(size_t part)
{
	struct agentx_stream stream = {.have = 0};
	uint8_t *data = malloc(AGENTX_HEADER + part);

	n_seen = n_answers = 0;
	assert_non_null(data);
	for (size_t at = 0; at < n_sent; at += part) {
		size_t n = MIN(part, n_sent - at);
		bool answered;

		memcpy(data + AGENTX_HEADER, sent + at, n);
		n = agentx_filter(&stream, data, n, answers[n_answers], &answered);
		memcpy(seen + n_seen, data, n);
		n_seen += n;
		n_answers += answered;
	}
	free(data);
	assert_int_equal(n_seen, n_expected);
	assert_memory_equal(seen, expected, n_expected);
}

static void run_in_parts(void)
{
	static const size_t parts[] = {1, 2, 3, 7, 19, 20, 21, 40, 41, 1000, AGENTX_PDU_MAX - AGENTX_HEADER};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		run(parts[i]);
}

static void all_is_seen(void **state UNUSED)
{
	put(RESPONSE, 0, 1, 8, true);
	put(GET, 4, 2, 40, true);
	put(GET, 5, 3, 0, true);
	put(TEST_SET, 6, 4, 333, true);
	put(COMMIT_SET, 6, 5, 0, true);
	put(CLEANUP_SET, 6, 6, 0, true);
	put(TEST_SET, 7, 7, AGENTX_PDU_MAX - AGENTX_HEADER, true);
	put(RESPONSE, 0, 7, 100, true);
	run_in_parts();
	assert_int_equal(n_answers, 0);
}

static void phases_come_once(void **state UNUSED)
{
	put(TEST_SET, 6, 4, 333, true);
	put(TEST_SET, 6, 4, 333, false);
	put(GET, 9, 5, 30, true);
	put(TEST_SET, 6, 4, 333, false);
	put(COMMIT_SET, 6, 6, 0, true);
	put(COMMIT_SET, 6, 6, 0, false);
	put(CLEANUP_SET, 6, 7, 0, true);
	put(GET, 10, 8, 10, true);
	put(TEST_SET, 11, 9, 20, true); /* the same values once more are another SET */
	run_in_parts();
	assert_int_equal(n_answers, 0);
}

static void other_requests_may_come_again(void **state UNUSED)
{
	put(GET, 9, 5, 30, true);
	put(GET, 9, 5, 30, true);
	run_in_parts();
}

static void check_answer(const uint8_t answer[AGENTX_ERROR_SIZE], uint32_t transaction, uint32_t packet)
{
	uint8_t want[AGENTX_ERROR_SIZE] = {1, RESPONSE, big ? 0x10 : 0};

	put_number(want + 4, 77);
	put_number(want + 8, transaction);
	put_number(want + 12, packet);
	put_number(want + 16, 8);
	want[big ? 25 : 24] = 1; /* tooBig */
	want[big ? 27 : 26] = 1; /* of the first varbind */
	assert_memory_equal(answer, want, AGENTX_ERROR_SIZE);
}

static void a_request_too_long(void **state UNUSED)
{
	put(GET, 3, 3, 30, true);
	put(TEST_SET, 6, 4, AGENTX_PDU_MAX - AGENTX_HEADER + 1, false);
	put(CLEANUP_SET, 6, 5, 0, false);
	put(TEST_SET, 7, 6, 50, true);
	put(CLEANUP_SET, 7, 7, 0, true);
	put(GET, 8, 8, 2 * AGENTX_PDU_MAX, false);
	put(GET, 9, 9, 10, true);
	run_in_parts();
	assert_int_equal(n_answers, 2);
	check_answer(answers[0], 6, 4);
	check_answer(answers[1], 8, 8);
}

static void both_byte_orders(void **state UNUSED)
{
	big = true;
	a_request_too_long(NULL);
	setup(NULL);
	big = true;
	phases_come_once(NULL);
}

/* What comes from the master as no request passes: the library ends the session. */
static void nonsense_passes(void **state UNUSED)
{
	put(0, 0, 0, 5, true);
	put(255, 1, 1, 5, true);
	put(RESPONSE, 1, 1, 2 * AGENTX_PDU_MAX, true);
	run_in_parts();
	assert_int_equal(n_answers, 0);
}

static void an_answer_too_long(void **state UNUSED)
{
	uint8_t answer[AGENTX_ERROR_SIZE];

	for (unsigned order = 0; order < 2; order++) {
		setup(NULL);
		big = order;
		put(RESPONSE, 6, 4, AGENTX_PDU_MAX - AGENTX_HEADER + 1, false);
		assert_false(agentx_too_big(sent, n_sent - 1, answer));
		assert_true(agentx_too_big(sent, n_sent, answer));
		check_answer(answer, 6, 4);
	}
	/* Only an answer can be replaced. */
	setup(NULL);
	put(GET, 6, 4, AGENTX_PDU_MAX, false);
	assert_false(agentx_too_big(sent, n_sent, answer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_seen, setup),
		cmocka_unit_test_setup(phases_come_once, setup),
		cmocka_unit_test_setup(other_requests_may_come_again, setup),
		cmocka_unit_test_setup(a_request_too_long, setup),
		cmocka_unit_test_setup(both_byte_orders, setup),
		cmocka_unit_test_setup(nonsense_passes, setup),
		cmocka_unit_test_setup(an_answer_too_long, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
