/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of rows that are not what they were: each is set aside under a new name, is told, and nothing else is lost. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "engine_rows.h"

/* Rows 1 and 2; of row 1 the text. */
static char *text;
static size_t size;

/* Root may, but for what its capabilities say. */
static void read_everything(bool may)
{
	const uint32_t which = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &header, caps), 0);
	caps[0].effective = may ? caps[0].permitted : caps[0].effective & ~which;
	assert_int_equal(syscall(SYS_capset, &header, caps), 0);
}

/* In place of that of the C library: the call with this number, from 1, finds no descriptor. 0: each finds one. */
static unsigned no_descriptor;

int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = va_arg(ap, mode_t);
	va_end(ap);
	if (no_descriptor > 0 && --no_descriptor == 0) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

static int damage_set_up(void **state)
{
	struct lab *lab;

	rows_set_up(state);
	lab = *state;
	lab_start(lab);
	APPLY(lab, made(1, "one", "setup=1ms"), made(2, "two", ""));
	lab_stop(lab);
	text = row_text(lab, "1.yaml", &size);
	return 0;
}

static int damage_tear_down(void **state)
{
	free(text);
	read_everything(true);
	return rows_tear_down(state);
}

#define DAMAGE_TEST(name) cmocka_unit_test_setup_teardown(name, damage_set_up, damage_tear_down)

static void expect_set_aside(struct lab *lab, const char *name)
{
	lab_open(lab);
	check_book(lab);
	assert_int_equal(ras_conn_count(lab->ras), 1);
	assert_int_equal(lab_info(lab_conn(lab, "two")).index, 2);
	assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_DAMAGED);
	assert_int_equal(totals_of(lab).storage_problems, 1);
	assert_false(row_exists(lab, "1.yaml"));
	assert_true(row_exists(lab, name));
	lab_stop(lab);
}

/* The text is row 1's file; it is set aside as it is. */
static void expect_damaged(struct lab *lab, const char *damaged, size_t length)
{
	size_t aside_size;
	char *aside;

	put_row(lab, "1.yaml", damaged, length);
	expect_set_aside(lab, "1.yaml.damaged-1");
	aside = row_text(lab, "1.yaml.damaged-1", &aside_size);
	assert_int_equal(aside_size, length);
	assert_memory_equal(aside, damaged, length);
	free(aside);
	assert_int_equal(unlink(row_path(lab, "1.yaml.damaged-1")), 0);
}

static void cut_at_every_octet(void **state)
{
	for (size_t i = 0; i < size; i++)
		expect_damaged(*state, text, i);
}

static void every_octet_flipped(void **state)
{
	for (size_t i = 0; i < size; i++) {
		text[i] ^= (char)(1 << i % 8);
		expect_damaged(*state, text, size);
		text[i] ^= (char)(1 << i % 8);
	}
}

/* With a sum that is right, so that all depends on what the text says. */
static void expect_refused(struct lab *lab, const char *row)
{
	char whole[2048];
	int n = snprintf(whole, sizeof(whole), "%s# sum=%08x\n", row, record_sum(row, strlen(row)));

	expect_damaged(lab, whole, (size_t)n);
}

static void foreign_content(void **state)
{
	static const char octets[] = {0, 1, 2, (char)0xff, '\n', 0, '#'};
	struct lab *lab = *state;
	char *longer;

	expect_damaged(lab, "", 0);
	expect_damaged(lab, "\n", 1);
	expect_damaged(lab, octets, sizeof(octets));
	expect_damaged(lab, "# sum=00000000\n", 15);
	expect_refused(lab, "");
	expect_refused(lab, "# nothing\n");
	expect_refused(lab, "hello\n");
	expect_refused(lab, "[1, 2, 3]\n");
	expect_refused(lab, "name: one\n");
	expect_refused(lab, "name: one\nindex: 1\nstorage-type: permanent\n");
	/* Behind the sum, and far too much. */
	longer = malloc((size_t)3 << 19);
	assert_non_null(longer);
	memset(longer, '\n', (size_t)3 << 19);
	memcpy(longer, text, size);
	expect_damaged(lab, longer, size + 1);
	put_row(lab, "1.yaml", longer, (size_t)3 << 19);
	expect_set_aside(lab, "1.yaml.damaged-1");
	free(longer);
}

static void a_file_under_the_wrong_index(void **state)
{
	struct lab *lab = *state;
	size_t length;
	char *two = row_text(lab, "2.yaml", &length);

	expect_damaged(lab, two, length);
	put_row(lab, "3.yaml", two, length);
	put_row(lab, "2.yaml", text, size);
	free(two);
	lab_open(lab);
	assert_int_equal(ras_conn_count(lab->ras), 0);
	assert_int_equal(totals_of(lab).storage_problems, 2);
	assert_true(row_exists(lab, "2.yaml.damaged-1") && row_exists(lab, "3.yaml.damaged-1"));
}

static void a_name_that_is_there_twice(void **state)
{
	struct lab *lab = *state;

	put_row(lab, "1.yaml", text, size);
	lab_start(lab);
	APPLY(lab, gone(1));
	APPLY(lab, made(7, "ONE", ""));
	lab_stop(lab);
	put_row(lab, "1.yaml", text, size);
	lab_start(lab);
	/* The lower index has it. */
	assert_int_equal(lab_info(lab_conn(lab, "one")).index, 1);
	assert_int_equal(ras_conn_count(lab->ras), 2);
	assert_true(row_exists(lab, "7.yaml.replaced-1") && !row_exists(lab, "7.yaml"));
	assert_int_equal(totals_of(lab).storage_problems, 1);
	check_book(lab);
}

static void what_is_no_file(void **state)
{
	struct lab *lab = *state;

	assert_int_equal(unlink(row_path(lab, "1.yaml")), 0);
	assert_int_equal(mkdir(row_path(lab, "1.yaml"), 0700), 0);
	expect_set_aside(lab, "1.yaml.damaged-1");
	assert_int_equal(mkfifo(row_path(lab, "1.yaml"), 0600), 0);
	expect_set_aside(lab, "1.yaml.damaged-2");
	assert_int_equal(symlink("2.yaml", row_path(lab, "1.yaml")), 0);
	expect_set_aside(lab, "1.yaml.damaged-3");
	assert_int_equal(symlink("/nowhere", row_path(lab, "1.yaml")), 0);
	expect_set_aside(lab, "1.yaml.damaged-4");
	/* The index is free. */
	lab_start(lab);
	APPLY(lab, made(1, "again", ""));
	restart(lab);
	assert_int_equal(ras_conn_count(lab->ras), 2);
	assert_int_equal(totals_of(lab).storage_problems, 0);
}

/* Names of other things are left alone, temporary ones go. */
static void files_that_are_no_rows(void **state)
{
	static const char *const others[] = {
		"0.yaml",  "01.yaml", "+3.yaml", "3.yml", "3.yaml~",    "2147483648.yaml", "99999999999999999999.yaml",
		"-1.yaml", " 4.yaml", "4.yaml ", "notes", "1.yaml.bak",
	};
	struct lab *lab = *state;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		put_row(lab, others[i], text, size);
	put_row(lab, ".5.yaml.1", text, size);
	put_row(lab, ".1.yaml.0", text, size);
	lab_start(lab);
	assert_int_equal(ras_conn_count(lab->ras), 2);
	assert_int_equal(totals_of(lab).storage_problems, 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_true(row_exists(lab, others[i]));
	assert_false(row_exists(lab, ".5.yaml.1"));
	assert_false(row_exists(lab, ".1.yaml.0"));
}

static void a_folder_that_is_none(void **state)
{
	struct lab *lab = *state;
	char folder[128], aside[160];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s/" ROWS_FOLDER, lab->state_dir);
	for (int kind = 0; kind < 3; kind++) {
		snprintf(aside, sizeof(aside), "%s.damaged-%d", folder, kind + 1);
		nftw(folder, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
		if (kind == 0)
			assert_int_equal(mkfifo(folder, 0600), 0);
		else if (kind == 1)
			assert_int_equal(symlink(lab->run_dir, folder), 0);
		else
			assert_int_equal(symlink("/nowhere", folder), 0);
		lab_start(lab);
		assert_int_equal(totals_of(lab).storage_problems, 1);
		assert_int_equal(lstat(aside, &st), 0);
		APPLY(lab, made(1, "one", ""));
		restart(lab);
		lab_conn(lab, "one");
		lab_stop(lab);
	}
}

/* Not even listed: neither counters nor files are lost until it can be again. */
static void a_folder_that_cannot_be_read(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;

	lab_start(lab);
	APPLY(lab, made(1, "one", "setup=1ms"));
	call_once(lab, "one");
	lab_stop(lab);
	read_everything(false);
	assert_int_equal(chmod(row_path(lab, ""), 0), 0);
	for (int starts = 0; starts < 2; starts++) {
		lab_start(lab);
		assert_int_equal(ras_conn_count(lab->ras), 0);
		assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_DAMAGED);
		assert_int_equal(totals_of(lab).attempts, 1);
		assert_int_equal(chmod(row_path(lab, ""), 0700), 0);
		edit = RESERVE(lab, made(1, "other", ""));
		assert_int_equal(ras_edit_write(edit), -EIO);
		ras_edit_cancel(edit);
		assert_int_equal(chmod(row_path(lab, ""), 0), 0);
		lab_stop(lab);
	}
	assert_int_equal(chmod(row_path(lab, ""), 0700), 0);
	restart(lab);
	assert_int_equal(attempts_of(lab, "one"), 1);
}

/* A file that could not be opened for want of descriptors may be good: whatever the start makes of that, nothing is set
 * aside, and the next one has everything. */
static void a_start_without_descriptors(void **state)
{
	struct lab *lab = *state;
	struct ras_error error;

	lab_start(lab);
	call_once(lab, "one");
	lab_stop(lab);
	for (unsigned at = 1, left = 0; left == 0; at++) {
		no_descriptor = at;
		if (ras_new(&lab->settings, lab->drivers, &error, &lab->ras) == 0) {
			assert_int_equal(ras_conn_count(lab->ras), 2);
			ras_start(lab->ras);
			left = no_descriptor;
			no_descriptor = 0;
			lab_stop(lab);
		}
		no_descriptor = 0;
		lab_start(lab);
		assert_int_equal(ras_conn_count(lab->ras), 2);
		assert_int_equal(totals_of(lab).storage_problems, 0);
		assert_int_equal(attempts_of(lab, "one"), 1);
		lab_stop(lab);
	}
}

/* The journal is lost: the rows are there, at their indices. */
static void without_the_journal(void **state)
{
	struct lab *lab = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/journal", lab->state_dir);
	assert_int_equal(unlink(path), 0);
	lab_line(lab, "filed", "");
	lab_start(lab);
	check_book(lab);
	assert_int_equal(lab_info(lab_conn(lab, "one")).index, 1);
	assert_int_equal(lab_info(lab_conn(lab, "two")).index, 2);
	assert_int_equal(lab_info(lab_conn(lab, "filed")).index, 3);
	assert_int_equal(totals_of(lab).storage_problems, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DAMAGE_TEST(cut_at_every_octet),
		DAMAGE_TEST(every_octet_flipped),
		DAMAGE_TEST(foreign_content),
		DAMAGE_TEST(a_file_under_the_wrong_index),
		DAMAGE_TEST(a_name_that_is_there_twice),
		DAMAGE_TEST(what_is_no_file),
		DAMAGE_TEST(files_that_are_no_rows),
		DAMAGE_TEST(a_folder_that_is_none),
		DAMAGE_TEST(a_folder_that_cannot_be_read),
		DAMAGE_TEST(a_start_without_descriptors),
		DAMAGE_TEST(without_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
