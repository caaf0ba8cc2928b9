/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that leave no core. In children, so that this process stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/macro.h"
#include "sys/process.h"

static rlim_t core_limit(void)
{
	struct rlimit limit = {0};

	getrlimit(RLIMIT_CORE, &limit);
	return limit.rlim_cur;
}

/* What a child and its child find. */
static int forbid_and_look(void)
{
	int status = 0;
	pid_t pid;

	if (process_forbid_core() < 0 || core_limit() > 1)
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(core_limit() > 1 ? 1 : 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void forbidden(void **state UNUSED)
{
	const struct rlimit none = {0, 0};
	int status;
	pid_t pid;

	for (int without = 0; without < 2; without++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			/* A hard limit of 0 cannot be raised, and need not be. */
			if (without)
				setrlimit(RLIMIT_CORE, &none);
			_exit(forbid_and_look());
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(forbidden)};

	return cmocka_run_group_tests_name("sys: core files", tests, NULL, NULL);
}
