/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows made over SNMP in the state directory: what the files are like, that a change of several rows is there or is
 * not, wherever a crash or a full disk stops it, and what is made of files that are damaged. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "engine_rows.h"

/* ---- files ---- */

static void expect_file(const struct lab *lab, const char *name, const char *word)
{
	char sum[32], *text;
	struct stat st;
	size_t size;

	assert_int_equal(lstat(row_path(lab, name), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	text = row_text(lab, name, &size);
	assert_non_null(strstr(text, word));
	assert_true(size > 15);
	snprintf(sum, sizeof(sum), "# sum=%08x\n", record_sum(text, size - 15));
	assert_string_equal(text + size - 15, sum);
	free(text);
}

static void what_the_files_are_like(void **state)
{
	struct lab *lab = *state;
	struct ras_row_change c;
	struct stat st;
	mode_t old = umask(0);

	lab->settings.permit.secrets = true;
	lab_start(lab);
	c = made(4, "four", "setup=1ms");
	assert_int_equal(ras_entry_set_secret(c.entry, "s3cret"), 0);
	APPLY(lab, c, made(2147483647, "last", "text=\xc3\xa4 \"quoted\": #no comment"), made(9, "nine", ""));
	umask(old);
	assert_int_equal(stat(row_path(lab, ""), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	expect_file(lab, "4.yaml", "s3cret");
	expect_file(lab, "2147483647.yaml", "last");
	APPLY(lab, renamed(lab, 9, "neun"), gone(4), stored(same(lab, 2147483647), RAS_STORAGE_VOLATILE));
	expect_file(lab, "9.yaml", "neun");
	APPLY(lab, stored(same(lab, 2147483647), RAS_STORAGE_NON_VOLATILE));
	restart(lab);
	assert_string_equal(ras_conn_entry(lab_conn(lab, "last"))->destination,
			    "text=\xc3\xa4 \"quoted\": #no comment");
	assert_int_equal(ras_conn_entry(lab_conn(lab, "neun"))->last_change_ms, 1700000000000);
	APPLY(lab, gone(9), gone(2147483647));
	assert_folder(lab, "");
	assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_OK);
	assert_int_equal(totals_of(lab).storage_problems, 0);
}

static void rows_that_cannot_be_stored_at_all(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;

	lab->settings.row_format = NULL;
	lab_start(lab);
	APPLY(lab, stored(made(1, "volatile", ""), RAS_STORAGE_VOLATILE));
	edit = RESERVE(lab, made(2, "stored", ""));
	assert_int_equal(ras_edit_write(edit), -ENOTSUP);
	ras_edit_cancel(edit);
	assert_int_equal(ras_conn_count(lab->ras), 1);
}

/* ---- a disk that takes nothing ---- */

/* A change that fails leaves phonebook and folder as they were, and does not stand in the way of a later one. */
static void expect_failure(const struct lab *lab, int error, const struct ras_row_change changes[], size_t n)
{
	char *book = book_text(lab), *folder = folder_text(lab);
	struct ras_edit *edit = reserved_rows(lab, changes, n);
	uint32_t problems = totals_of(lab).storage_problems;

	assert_int_equal(ras_edit_write(edit), error);
	assert_int_equal(totals_of(lab).storage_problems, problems + 1);
	assert_int_not_equal(totals_of(lab).storage_status, RAS_STORAGE_OK);
	ras_edit_undo(edit);
	ras_edit_cancel(edit);
	assert_book(lab, book);
	assert_folder(lab, folder);
	check_book(lab);
	free(book);
	free(folder);
}

#define EXPECT_FAILURE(lab, error, ...) expect_failure(lab, error, ROW_CHANGES(__VA_ARGS__))

/* The names of what is there before and after a file, and of the list, as a directory in their place. */
static void something_in_the_way(void **state)
{
	static const char *const in_the_way[] = {".1.yaml.1/x", ".1.yaml.0/x", ".3.yaml.1/x", "change/x", "3.yaml/x"};
	struct lab *lab = *state;
	char *folder, *slash, path[384];

	lab_start(lab);
	APPLY(lab, made(1, "one", ""), made(2, "two", ""));
	folder = folder_text(lab);
	for (size_t i = 0; i < ARRAY_SIZE(in_the_way); i++) {
		str_copy(path, row_path(lab, in_the_way[i]), sizeof(path));
		slash = strrchr(path, '/');
		*slash = '\0';
		assert_int_equal(mkdir(path, 0700), 0);
		*slash = '/';
		assert_int_equal(mkdir(path, 0700), 0);
		expect_failure(lab, i == 4 ? -EPERM : -EISDIR,
			       ROW_CHANGES(redirected(lab, 1, "setup=1ms"), gone(2), made(3, "three", "")));
		/* Rows that are kept nowhere need no disk. */
		APPLY(lab, stored(made(9, "volatile", ""), RAS_STORAGE_VOLATILE));
		APPLY(lab, gone(9));
		rmdir(path);
		*slash = '\0';
		assert_int_equal(rmdir(path), 0);
		assert_folder(lab, folder);
	}
	APPLY(lab, redirected(lab, 1, "setup=1ms"), gone(2), made(3, "three", ""));
	assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_OK);
	assert_int_equal(ras_conn_count(lab->ras), 2);
	free(folder);
}

static bool own_mounts(void)
{
	static int state;

	if (state == 0)
		state = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 1 : -1;
	return state > 0;
}

/* Takes all room but so many octets. */
static void fill_disk(const struct lab *lab, size_t rest)
{
	char path[160], block[512] = {0};
	FILE *file;

	snprintf(path, sizeof(path), "%s/filler", lab->state_dir);
	file = fopen(path, "we");
	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	while (fwrite(block, sizeof(block), 1, file) == 1)
		;
	fflush(file);
	assert_int_equal(ftruncate(fileno(file), MAX(lseek(fileno(file), 0, SEEK_END) - (off_t)rest, 0)), 0);
	fclose(file);
}

static void free_disk(const struct lab *lab)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/filler", lab->state_dir);
	assert_int_equal(unlink(path), 0);
}

static void keep_the_journal(const struct lab *lab)
{
	pthread_mutex_lock(&lab->ras->store.lock);
	if (store_wants_compact(lab->ras))
		assert_int_equal(store_compact(lab->ras), 0);
	pthread_mutex_unlock(&lab->ras->store.lock);
}

static void a_full_disk(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;
	char *book, *folder;

	if (!own_mounts())
		skip();
	mkdir(lab->state_dir, 0700);
	assert_int_equal(mount("lab", lab->state_dir, "tmpfs", 0, "size=256k,mode=700"), 0);
	lab_start(lab);
	APPLY(lab, made(1, "one", ""), made(2, "two", "setup=1ms"), made(4, "four", "setup=1ms"));
	call_once(lab, "two");
	call_once(lab, "four");
	book = book_text(lab);
	folder = folder_text(lab);

	/* Full, and with room for one of two files and no more. */
	for (size_t room = 0; room <= 4096; room += 4096) {
		fill_disk(lab, room);
		EXPECT_FAILURE(lab, -ENOSPC, redirected(lab, 1, "setup=1ms"), made(3, "three", ""));
		assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_FULL);
		free_disk(lab);
	}
	/* What is taken back needs no room. */
	edit = WRITE(lab, redirected(lab, 1, "setup=1ms"), gone(2), made(3, "three", ""), renamed(lab, 4, "vier"));
	fill_disk(lab, 0);
	ras_edit_undo(edit);
	ras_edit_cancel(edit);
	assert_folder(lab, folder);
	assert_book(lab, book);
	free_disk(lab);

	/* What is done needs none either, and the journal is made up for as soon as there is. */
	edit = WRITE(lab, gone(2), renamed(lab, 4, "vier"));
	fill_disk(lab, 0);
	while (store_append(lab->ras, "\n", 1, false) == 0)
		;
	ras_edit_commit(edit);
	check_book(lab);
	assert_int_equal(attempts_of(lab, "vier"), 1);
	assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_FULL);
	assert_false(store_wants_compact(lab->ras));
	free_disk(lab);
	APPLY(lab, made(5, "five", ""));
	/* The row was written, so there is room again. */
	keep_the_journal(lab);
	assert_false(lab->ras->store.behind);
	save_state(lab);
	lab_stop(lab);
	umount2(lab->state_dir, MNT_DETACH);
	crash(lab);
	lab_start(lab);
	assert_int_equal(attempts_of(lab, "vier"), 1);
	assert_int_equal(totals_of(lab).attempts, 2);
	assert_int_equal(lab->ras->n_conns, 3);
	free(book);
	free(folder);
}

static void a_disk_for_reading_only(void **state)
{
	struct lab *lab = *state;

	if (!own_mounts())
		skip();
	lab_start(lab);
	APPLY(lab, made(1, "one", ""), made(2, "two", ""));
	lab_stop(lab);
	assert_int_equal(mount(lab->state_dir, lab->state_dir, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, lab->state_dir, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
	lab_start(lab);
	assert_int_equal(ras_conn_count(lab->ras), 2);
	EXPECT_FAILURE(lab, -EROFS, redirected(lab, 1, "setup=1ms"));
	EXPECT_FAILURE(lab, -EROFS, gone(1), made(3, "three", ""));
	assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_IS_READ_ONLY);
	/* Rows that are kept nowhere are made all the same, and are dialed or not as the journal lets them. */
	APPLY(lab, stored(made(3, "three", ""), RAS_STORAGE_VOLATILE));
	APPLY(lab, gone(3));
	lab_stop(lab);
	assert_int_equal(umount2(lab->state_dir, MNT_DETACH), 0);
	lab_start(lab);
	assert_int_equal(ras_conn_count(lab->ras), 2);
	APPLY(lab, gone(1));
}

/* ---- a change of several rows that is cut short ---- */

enum { OLD, NEW, NONE };

/* One row is changed, one goes, one comes. */
static struct {
	char *text[4]; /* of row 1 and 2 before, 1 and 3 after */
	size_t size[4];
	char *list;
	size_t list_size;
	char *before, *after; /* the folder */
} cut;

static int cut_set_up(void **state)
{
	struct lab *lab;

	rows_set_up(state);
	lab = *state;
	lab_start(lab);
	APPLY(lab, made(1, "one", "setup=1ms"), made(2, "two", ""));
	cut.text[0] = row_text(lab, "1.yaml", &cut.size[0]);
	cut.text[1] = row_text(lab, "2.yaml", &cut.size[1]);
	cut.before = folder_text(lab);
	WRITE(lab, renamed(lab, 1, "first"), gone(2), made(3, "three", ""));
	cut.list = row_text(lab, "change", &cut.list_size);
	lab_stop(lab);
	cut.text[2] = row_text(lab, "1.yaml", &cut.size[2]);
	cut.text[3] = row_text(lab, "3.yaml", &cut.size[3]);
	cut.after = folder_text(lab);
	return 0;
}

static int cut_tear_down(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cut.text); i++)
		free(cut.text[i]);
	free(cut.list);
	free(cut.before);
	free(cut.after);
	return rows_tear_down(state);
}

/* Files of rows, as they stand at some moment: which text each has. */
struct moment {
	int one, two, three; /* in force */
	bool to_come_1, to_come_3, before_1, before_2;
	const char *list; /* its name */
	bool done;        /* all of it counts, else nothing */
};

static void put_moment(const struct lab *lab, const struct moment *m)
{
	struct {
		const char *name;
		int text; /* of cut.text, -1: there is none */
	} files[] = {
		{"1.yaml", m->one == OLD ? 0 : 2},    {"2.yaml", m->two == OLD ? 1 : -1},
		{"3.yaml", m->three == NEW ? 3 : -1}, {".1.yaml.1", m->to_come_1 ? 2 : -1},
		{".3.yaml.1", m->to_come_3 ? 3 : -1}, {".1.yaml.0", m->before_1 ? 0 : -1},
		{".2.yaml.0", m->before_2 ? 1 : -1},
	};

	unlink(row_path(lab, "change"));
	unlink(row_path(lab, "undo"));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		unlink(row_path(lab, files[i].name));
		if (files[i].text >= 0)
			put_row(lab, files[i].name, cut.text[files[i].text], cut.size[files[i].text]);
		if (files[i].text >= 0)
			chmod(row_path(lab, files[i].name), 0600);
	}
	if (m->list)
		put_row(lab, m->list, cut.list, cut.list_size);
}

static void expect_moment(struct lab *lab, bool done)
{
	check_book(lab);
	if (done) {
		assert_int_equal(ras_conn_count(lab->ras), 2);
		assert_int_equal(lab_info(lab_conn(lab, "first")).index, 1);
		assert_int_equal(lab_info(lab_conn(lab, "three")).index, 3);
	} else {
		assert_int_equal(ras_conn_count(lab->ras), 2);
		assert_int_equal(lab_info(lab_conn(lab, "one")).index, 1);
		assert_int_equal(lab_info(lab_conn(lab, "two")).index, 2);
	}
}

static void every_step_of_a_change(void **state)
{
	static const struct moment moments[] = {
		{OLD, OLD, NONE, .done = false},
		{OLD, OLD, NONE, true, .done = false},
		{OLD, OLD, NONE, true, false, true, .done = false},
		{OLD, OLD, NONE, true, false, true, true, .done = false},
		{OLD, OLD, NONE, true, true, true, true, .done = false},
		{OLD, OLD, NONE, true, true, true, true, ".change.4711", false},
		{OLD, OLD, NONE, true, true, true, true, "change", true},
		{NEW, OLD, NONE, false, true, true, true, "change", true},
		{NEW, NONE, NONE, false, true, true, true, "change", true},
		{NEW, NONE, NEW, false, false, true, true, "change", true},
		{NEW, NONE, NEW, false, false, false, true, "change", true},
		{NEW, NONE, NEW, false, false, false, false, "change", true},
		{NEW, NONE, NEW, .done = true},
		/* taken back, before all of it was done and after it */
		{OLD, OLD, NONE, true, true, true, true, "undo", false},
		{NEW, OLD, NONE, false, true, true, true, "undo", false},
		{NEW, NONE, NEW, false, false, true, true, "undo", false},
		{OLD, NONE, NEW, false, false, false, true, "undo", false},
		{OLD, OLD, NEW, false, false, false, false, "undo", false},
		{OLD, OLD, NONE, false, false, false, false, "undo", false},
	};
	struct lab *lab = *state;

	for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
		put_moment(lab, &moments[i]);
		lab_start(lab);
		expect_moment(lab, moments[i].done);
		assert_folder(lab, moments[i].done ? cut.after : cut.before);
		assert_int_equal(totals_of(lab).storage_problems, 0);
		restart(lab);
		expect_moment(lab, moments[i].done);
		assert_folder(lab, moments[i].done ? cut.after : cut.before);
		lab_stop(lab);
	}
}

/* Half of the list is none of it. */
static void a_list_that_is_damaged(void **state)
{
	static const struct moment moment = {OLD, OLD, NONE, true, true, true, true, .done = false};
	struct lab *lab = *state;
	char *text = malloc(cut.list_size);

	assert_non_null(text);
	for (size_t i = 0; i < 2 * cut.list_size; i++) {
		bool flip = i >= cut.list_size;

		memcpy(text, cut.list, cut.list_size);
		text[i % cut.list_size] ^= flip ? 0x10 : 0;
		put_moment(lab, &moment);
		put_row(lab, i % 2 ? "change" : "undo", text, flip ? cut.list_size : i);
		lab_open(lab);
		expect_moment(lab, false);
		assert_int_equal(totals_of(lab).storage_problems, 1);
		assert_int_equal(totals_of(lab).storage_status, RAS_STORAGE_DAMAGED);
		lab_stop(lab);
		assert_int_equal(unlink(row_path(lab, i % 2 ? "change.damaged-1" : "undo.damaged-1")), 0);
		assert_folder(lab, cut.before);
	}
	free(text);
}

static void no_list(const struct lab *lab, int kind)
{
	switch (kind) {
	case 0:
		assert_int_equal(mkdir(row_path(lab, "change"), 0700), 0);
		break;
	case 1:
		assert_int_equal(mkfifo(row_path(lab, "change"), 0600), 0);
		break;
	default:
		assert_int_equal(symlink("/dev/zero", row_path(lab, "change")), 0);
	}
}

static void a_list_that_is_none(void **state)
{
	static const struct moment moment = {OLD, OLD, NONE, true, true, true, true, .done = false};
	struct lab *lab = *state;

	for (int kind = 0; kind < 3; kind++) {
		put_moment(lab, &moment);
		no_list(lab, kind);
		lab_start(lab);
		expect_moment(lab, false);
		assert_int_equal(totals_of(lab).storage_problems, 1);
		/* It is out of the way. */
		APPLY(lab, redirected(lab, 1, ""), redirected(lab, 2, "setup=1ms"));
		lab_stop(lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(what_the_files_are_like),
		ROWS_TEST(rows_that_cannot_be_stored_at_all),
		ROWS_TEST(something_in_the_way),
		ROWS_TEST(a_full_disk),
		ROWS_TEST(a_disk_for_reading_only),
		cmocka_unit_test_setup_teardown(every_step_of_a_change, cut_set_up, cut_tear_down),
		cmocka_unit_test_setup_teardown(a_list_that_is_damaged, cut_set_up, cut_tear_down),
		cmocka_unit_test_setup_teardown(a_list_that_is_none, cut_set_up, cut_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
