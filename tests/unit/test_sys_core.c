/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that goes into no core file. In children, so that this process stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/macro.h"
#include "sys/process.h"

/* What a child finds: 0 if it is hidden, 1 if not, 2 if hiding fails. */
static int in_child(int (*look)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(look());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int look(void)
{
	return prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1;
}

static int hide_and_look(void)
{
	return process_hide_memory(true) < 0 ? 2 : look();
}

static int hide_show_and_look(void)
{
	return process_hide_memory(true) < 0 || process_hide_memory(false) < 0 ? 2 : look();
}

static int hide_and_look_in_child(void)
{
	int status;
	pid_t pid;

	if (process_hide_memory(true) < 0)
		return 2;
	pid = fork();
	if (pid == 0)
		_exit(look());
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void hidden(void **state UNUSED)
{
	assert_int_equal(in_child(look), 1);
	assert_int_equal(in_child(hide_and_look), 0);
	assert_int_equal(in_child(hide_show_and_look), 1);
	/* A daemon forks once more. */
	assert_int_equal(in_child(hide_and_look_in_child), 0);
	assert_int_equal(in_child(look), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hidden)};

	return cmocka_run_group_tests_name("sys: core files", tests, NULL, NULL);
}
