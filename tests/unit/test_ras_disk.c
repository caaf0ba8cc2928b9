/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that says that it does not have what was written to it. */
#include <errno.h>
#include <sys/syscall.h>

#include "engine_lab.h"
#include "ras/engine.h"

/* In place of those of the C library. */
static bool folders_fail, files_fail;

int fsync(int fd)
{
	struct stat st;

	if (folders_fail && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	if (files_fail) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static int set_up(void **state)
{
	struct lab *lab = lab_new();

	lab_line(lab, "hq", "");
	/* Not started, so that nobody else writes. */
	lab_open(lab);
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	folders_fail = files_fail = false;
	lab_free(*state);
	return 0;
}

static int compact(struct ras *ras)
{
	WITH_LOCK(&ras->store.lock);

	return store_compact(ras);
}

/* The journal was written anew and renamed; only the folder did not come to the disk. What is answered after it is not
 * written to the old one, which has no name any more. */
static void folder_that_is_not_synced(void **state)
{
	struct lab *lab = *state;

	folders_fail = true;
	assert_int_equal(compact(lab->ras), -EIO);
	folders_fail = false;
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_SPIN_LOCK, 7), 0);
	assert_true(store_wants_compact(lab->ras));
	lab_stop(lab);
	lab_open(lab);
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), 7);
}

/* The kernel tells of it once, and takes the pages for written then. */
static void lines_that_are_not_synced(void **state)
{
	struct lab *lab = *state;

	journal_save_conn(lab_conn(lab, "hq"));
	assert_false(store_wants_compact(lab->ras));
	files_fail = true;
	store_sync(lab->ras);
	files_fail = false;
	assert_int_not_equal(atomic_load(&lab->ras->store.status), RAS_STORAGE_OK);
	/* The next line that goes through tells that it is worth while. */
	journal_save_conn(lab_conn(lab, "hq"));
	assert_true(store_wants_compact(lab->ras));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(folder_that_is_not_synced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_that_are_not_synced, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
