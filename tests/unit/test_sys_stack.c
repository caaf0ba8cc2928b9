/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of stacks that are not in use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/stack.h"

#define STACK (1024 * 1024)
#define DEEP (STACK / 2)
#define LITTLE (64 * 1024) /* that a thread needs in any case, with sanitizers too */

/* Of the calling thread's stack, in memory. */
static size_t resident(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 0, pages = 0;
	unsigned char in[STACK / 1024];
	pthread_attr_t attr;
	void *base = NULL;

	assert_int_equal(pthread_getattr_np(pthread_self(), &attr), 0);
	assert_int_equal(pthread_attr_getstack(&attr, &base, &size), 0);
	pthread_attr_destroy(&attr);
	assert_true(size / page <= sizeof(in));
	assert_int_equal(mincore(base, size, in), 0);
	for (size_t i = 0; i < size / page; i++)
		pages += in[i] & 1;
	return pages * page;
}

static __attribute__((noinline)) int use_much(void)
{
	volatile char much[DEEP];

	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)i;
	return much[DEEP / 2];
}

struct seen {
	size_t used, trimmed, again, lost;
};

static void *use_and_trim(void *arg)
{
	struct seen *seen = arg;
	volatile char frame[LITTLE / 2];

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = 1;
	use_much();
	seen->used = resident();
	stack_trim();
	seen->trimmed = resident();
	for (size_t i = 0; i < sizeof(frame); i++)
		seen->lost += frame[i] != 1;
	use_much();
	seen->again = resident();
	return NULL;
}

static void test_trim(void **state)
{
	struct seen seen = {0};
	pthread_attr_t attr;
	pthread_t thread;

	(void)state;
	pthread_attr_init(&attr);
	assert_int_equal(pthread_attr_setstacksize(&attr, STACK), 0);
	assert_int_equal(pthread_create(&thread, &attr, use_and_trim, &seen), 0);
	pthread_attr_destroy(&attr);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(seen.used >= DEEP);
	assert_true(seen.trimmed > 0 && seen.trimmed <= LITTLE);
	assert_int_equal(seen.lost, 0);
	assert_true(seen.again >= DEEP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
