/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows made over SNMP in an engine of one's own: how to change them, and what must hold after it. */
#ifndef RASDIAL_TESTS_ENGINE_ROWS_H
#define RASDIAL_TESTS_ENGINE_ROWS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "config/config_row.h"
#include "engine_lab.h"
#include "ras/phonebook.h"
#include "sys/file.h"
#include "sys/record.h"

UNUSED static int rows_set_up(void **state)
{
	struct lab *lab = lab_new();

	lab->settings.row_format = &config_row_format;
	*state = lab;
	return 0;
}

UNUSED static int rows_tear_down(void **state)
{
	lab_free(*state);
	return 0;
}

#define ROWS_TEST(name) cmocka_unit_test_setup_teardown(name, rows_set_up, rows_tear_down)

/* ---- what must hold after every change ---- */

UNUSED static void check_book(const struct lab *lab)
{
	const struct ras *ras = lab->ras;

	lab_check_sums(lab);
	for (size_t i = 0; i < ras->n_rows; i++) {
		struct ras_conn *conn = ras->rows[i], *name = ras->names[i];

		assert_int_equal(conn->info.index, conn->entry->index);
		assert_ptr_equal(ras_conn_find(ras, conn->info.index), conn);
		assert_ptr_equal(ras_conn_by_name(ras, conn->entry->name), conn);
		assert_int_equal(ras_name_compare(conn->name, conn->entry->name), 0);
		assert_int_equal(conn->own, conn->entry->origin == RAS_ORIGIN_SNMP);
		assert_non_null(name->entry);
		if (i == 0)
			continue;
		assert_true(ras->rows[i - 1]->info.index < conn->info.index);
		assert_true(strlen(ras->names[i - 1]->entry->name) < strlen(name->entry->name) ||
			    (strlen(ras->names[i - 1]->entry->name) == strlen(name->entry->name) &&
			     strcmp(ras->names[i - 1]->entry->name, name->entry->name) < 0));
	}
	for (size_t i = 0; i < ras->n_conns; i++) {
		if (i > 0)
			assert_true(ras_name_compare(ras->conns[i - 1]->name, ras->conns[i]->name) < 0);
		for (size_t j = 0; j < i && ras->conns[i]->info.index > 0; j++)
			assert_int_not_equal(ras->conns[i]->info.index, ras->conns[j]->info.index);
	}
}

/* ---- changes ---- */

/* A row to be made: a loopback line. */
UNUSED static struct ras_row_change made(uint32_t index, const char *name, const char *destination)
{
	struct ras_entry *e = ras_entry_new();

	assert_non_null(e);
	e->index = index;
	str_copy(e->name, name, sizeof(e->name));
	str_copy(e->destination, destination, sizeof(e->destination));
	e->device_type = RAS_DEVICE_LOOPBACK;
	e->origin = RAS_ORIGIN_SNMP;
	e->last_change_ms = 1700000000000;
	return (struct ras_row_change){index, e};
}

UNUSED static struct ras_row_change gone(uint32_t index)
{
	return (struct ras_row_change){index, NULL};
}

/* Of the edit that was reserved last: the pointer is not valid for ever. */
UNUSED static uint32_t edit_number;

/* The row as it is, to be changed. */
UNUSED static struct ras_row_change same(const struct lab *lab, uint32_t index)
{
	const struct ras_conn *conn = ras_conn_find(lab->ras, index);
	struct ras_entry *e;

	assert_non_null(conn);
	e = ras_entry_copy(ras_conn_entry(conn));
	assert_non_null(e);
	return (struct ras_row_change){index, e};
}

UNUSED static struct ras_row_change renamed(const struct lab *lab, uint32_t index, const char *name)
{
	struct ras_row_change c = same(lab, index);

	str_copy(c.entry->name, name, sizeof(c.entry->name));
	return c;
}

UNUSED static struct ras_row_change redirected(const struct lab *lab, uint32_t index, const char *destination)
{
	struct ras_row_change c = same(lab, index);

	str_copy(c.entry->destination, destination, sizeof(c.entry->destination));
	return c;
}

UNUSED static struct ras_row_change put_to(const struct lab *lab, uint32_t index, enum ras_row_status status)
{
	struct ras_row_change c = same(lab, index);

	c.entry->row_status = status;
	return c;
}

UNUSED static struct ras_row_change stored(struct ras_row_change c, enum ras_storage_type type)
{
	c.entry->storage_type = type;
	return c;
}

UNUSED static int reserve_rows(const struct lab *lab, const struct ras_row_change changes[], size_t n,
			       size_t *ret_culprit, struct ras_error *ret_error, struct ras_edit **ret)
{
	int r = ras_edit_reserve(lab->ras, changes, n, ret_culprit, ret_error, ret);

	for (size_t i = 0; i < n; i++)
		ras_entry_unref(changes[i].entry);
	return r;
}

UNUSED static struct ras_edit *reserved_rows(const struct lab *lab, const struct ras_row_change changes[], size_t n)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_edit *edit = NULL;
	size_t culprit;
	int r = reserve_rows(lab, changes, n, &culprit, &error, &edit);

	if (r < 0)
		fail_msg("change %zu is refused: %d, %s", culprit, r, error.text);
	edit_number = ras_edit_number(edit);
	assert_ptr_equal(ras_edit_find(lab->ras, edit_number), edit);
	return edit;
}

UNUSED static struct ras_edit *written_rows(const struct lab *lab, const struct ras_row_change changes[], size_t n)
{
	struct ras_edit *edit = reserved_rows(lab, changes, n);

	assert_int_equal(ras_edit_write(edit), 0);
	return edit;
}

UNUSED static void apply_rows(const struct lab *lab, const struct ras_row_change changes[], size_t n)
{
	ras_edit_commit(written_rows(lab, changes, n));
	check_book(lab);
}

UNUSED static void refused_rows(const struct lab *lab, int error, size_t culprit, const char *reason,
				const struct ras_row_change changes[], size_t n)
{
	struct ras_error why = RAS_ERROR_INIT;
	struct ras_edit *edit = NULL;
	size_t position = SIZE_MAX;

	assert_int_equal(reserve_rows(lab, changes, n, &position, &why, &edit), error);
	assert_null(edit);
	assert_int_equal(position, culprit);
	if (!strstr(why.text, reason))
		fail_msg("\"%s\" is not in \"%s\"", reason, why.text);
	check_book(lab);
}

#define ROW_CHANGES(...)                                                                                               \
	(const struct ras_row_change[]){__VA_ARGS__},                                                                  \
		sizeof((const struct ras_row_change[]){__VA_ARGS__}) / sizeof(struct ras_row_change)

/* Of a list of changes: made and done; reserved; reserved and written; refused. */
#define APPLY(lab, ...) apply_rows(lab, ROW_CHANGES(__VA_ARGS__))
#define RESERVE(lab, ...) reserved_rows(lab, ROW_CHANGES(__VA_ARGS__))
#define WRITE(lab, ...) written_rows(lab, ROW_CHANGES(__VA_ARGS__))
#define REFUSED(lab, error, culprit, reason, ...) refused_rows(lab, error, culprit, reason, ROW_CHANGES(__VA_ARGS__))

/* ---- calls ---- */

/* One call from beginning to end. */
UNUSED static void call_once(const struct lab *lab, const char *name)
{
	struct ras_conn *conn = lab_conn(lab, name);

	if (ras_dial(lab->ras, conn, NULL, NULL) == 0)
		ras_hang_up(conn);
	LAB_WAIT(lab, lab_info(conn).thread_id == 0 && !conn->call);
}

UNUSED static uint32_t attempts_of(const struct lab *lab, const char *name)
{
	return lab_info(lab_conn(lab, name)).counters.attempts;
}

UNUSED static struct ras_totals totals_of(const struct lab *lab)
{
	struct ras_totals t;

	ras_totals_get(lab->ras, &t);
	return t;
}

/* ---- folders ---- */

UNUSED static const char *row_path(const struct lab *lab, const char *name)
{
	static char path[384];

	snprintf(path, sizeof(path), "%s/" ROWS_FOLDER "/%s", lab->state_dir, name);
	return path;
}

UNUSED static bool row_exists(const struct lab *lab, const char *name)
{
	struct stat st;

	return lstat(row_path(lab, name), &st) == 0;
}

UNUSED static void put_row(const struct lab *lab, const char *name, const void *text, size_t size)
{
	FILE *file = fopen(row_path(lab, name), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

UNUSED static char *row_text(const struct lab *lab, const char *name, size_t *ret_size)
{
	char *text = NULL;

	assert_int_equal(file_read(AT_FDCWD, row_path(lab, name), (size_t)1 << 20, &text, ret_size), 0);
	return text;
}

/* Names, modes and contents of all files of rows, in order, as text to be compared and freed. */
UNUSED static char *folder_text(const struct lab *lab)
{
	struct dirent **list;
	char *text = NULL;
	size_t size = 0, length;
	FILE *stream = open_memstream(&text, &size);
	int n = scandir(row_path(lab, ""), &list, NULL, alphasort);
	struct stat st;

	assert_non_null(stream);
	for (int i = 0; i < n; i++) {
		if (lstat(row_path(lab, list[i]->d_name), &st) == 0 && list[i]->d_name[0] != '.') {
			fprintf(stream, "%s %o\n", list[i]->d_name, st.st_mode);
			if (S_ISREG(st.st_mode)) {
				char *row = row_text(lab, list[i]->d_name, &length);

				fwrite(row, 1, length, stream);
				free(row);
			}
		} else if (!str_equal(list[i]->d_name, ".") && !str_equal(list[i]->d_name, "..")) {
			fprintf(stream, "%s\n", list[i]->d_name);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	fclose(stream);
	return text;
}

UNUSED static void assert_folder(const struct lab *lab, const char *expected)
{
	char *text = folder_text(lab);

	assert_string_equal(text, expected);
	free(text);
}

/* The phonebook as text: what a walk would show of it. */
UNUSED static char *book_text(const struct lab *lab)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	for (size_t i = 0; i < ras_conn_count(lab->ras); i++) {
		const struct ras_conn *conn = ras_conn_at(lab->ras, i);
		const struct ras_entry *e = ras_conn_entry(conn);
		struct ras_conn_info c = lab_info(conn);

		fprintf(f, "%u %s \"%s\" to %s, type %u, user %s, secret %s, notify %x, origin %u, storage %u, row %u",
			c.index, e->name, e->descr, e->destination, e->device_type, e->user_name,
			e->secret ? e->secret : "", e->notify_types, e->origin, e->storage_type, e->row_status);
		fprintf(f, ", %zu subentries, status %u, attempts %u, successes %u, failures %u, error %d\n",
			e->n_subentries, c.status, c.counters.attempts, c.counters.successes, c.counters.failures,
			c.last_error.code);
	}
	fclose(f);
	return text;
}

UNUSED static void assert_book(const struct lab *lab, const char *expected)
{
	char *text = book_text(lab);

	assert_string_equal(text, expected);
	free(text);
}

/* ---- crashes ---- */

static char copy_from[64], copy_to[160];

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char to[256], *data = NULL;
	size_t size;
	FILE *file;

	(void)ftw;
	snprintf(to, sizeof(to), "%s%s", copy_to, path + strlen(copy_from));
	if (type == FTW_D)
		return mkdir(to, st->st_mode & 0777);
	if (!S_ISREG(st->st_mode) || file_read(AT_FDCWD, path, (size_t)1 << 26, &data, &size) < 0)
		return -1;
	file = fopen(to, "we");
	if (file) {
		fwrite(data, 1, size, file);
		fclose(file);
	}
	free(data);
	return file ? chmod(to, st->st_mode & 0777) : -1;
}

/* A copy of both folders as they are at this moment, as kill -9 would leave them. */
UNUSED static void save_state(const struct lab *lab)
{
	str_copy(copy_from, lab->dir, sizeof(copy_from));
	snprintf(copy_to, sizeof(copy_to), "%s-crash", lab->dir);
	assert_int_equal(nftw(lab->dir, copy_one, 8, FTW_PHYS), 0);
}

/* Ends the engine, and brings the folders back to what they were when they were saved. */
UNUSED static void crash(struct lab *lab)
{
	lab_stop(lab);
	nftw(lab->dir, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
	snprintf(copy_to, sizeof(copy_to), "%s-crash", lab->dir);
	assert_int_equal(rename(copy_to, lab->dir), 0);
}

UNUSED static void restart(struct lab *lab)
{
	lab_stop(lab);
	lab_start(lab);
	check_book(lab);
}

#endif
