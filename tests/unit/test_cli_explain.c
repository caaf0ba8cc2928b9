/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/explain.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ras/error.h"
#include "sys/macro.h"

static int explain(const char *number, char **ret_text)
{
	size_t size;
	FILE *out = open_memstream(ret_text, &size);
	int r;

	assert_non_null(out);
	r = explain_error(out, number);
	fclose(out);
	return r;
}

static void each_code_of_the_table_is_explained(void **state)
{
	(void)state;
	for (const struct ras_error_info *info = ras_error_table; info->code != 0; info++) {
		char number[16];
		char *text;

		snprintf(number, sizeof(number), "%d", info->code);
		assert_int_equal(explain(number, &text), 0);
		assert_non_null(strstr(text, number));
		assert_non_null(strstr(text, info->text));
		assert_non_null(strstr(text, info->symbol));
		assert_non_null(strstr(text, info->redial ? "redialed: yes\n" : "redialed: no\n"));
		free(text);
	}
}

static void what_is_no_code_is_refused_and_nothing_written(void **state)
{
	static const struct {
		const char *number;
		int r;
	} cases[] = {
		{"", -EINVAL},     {"x", -EINVAL},    {"691x", -EINVAL},       {"-691", -EINVAL},
		{"+691", -EINVAL}, {" 691", -EINVAL}, {"0x2b3", -EINVAL},      {"0", -ENOENT},
		{"5", -ENOENT},    {"599", -ENOENT},  {"4294967987", -ENOENT}, {"99999999999999999999", -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text;

		assert_int_equal(explain(cases[i].number, &text), cases[i].r);
		assert_string_equal(text, "");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_of_the_table_is_explained),
		cmocka_unit_test(what_is_no_code_is_refused_and_nothing_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
