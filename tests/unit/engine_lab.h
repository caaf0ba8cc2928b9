/* SPDX-License-Identifier: BSD-2-Clause */
/* An engine of one's own with loopback lines, in folders that go away with it. */
#ifndef RASDIAL_TESTS_ENGINE_LAB_H
#define RASDIAL_TESTS_ENGINE_LAB_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/drivers.h"
#include "ras/ras.h"
#include "sys/clock.h"
#include "sys/log.h"

#define LAB_ENTRIES 64
#define LAB_PATIENCE_MS 30000

static const struct ras_driver *const lab_drivers[] = {&ras_driver_loopback, NULL};

struct lab {
	char dir[64], state_dir[80], run_dir[80];
	struct ras_settings settings;
	const struct ras_driver *const *drivers;
	struct ras_entry *entries[LAB_ENTRIES];
	size_t n_entries;
	struct ras *ras; /* NULL: not open */
};

UNUSED static struct lab *lab_new(void)
{
	const char *tmp = getenv("TMPDIR");
	struct lab *lab = calloc(1, sizeof(*lab));

	assert_non_null(lab);
	log_open("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	snprintf(lab->dir, sizeof(lab->dir), "%.40s/rasdial-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(lab->dir));
	snprintf(lab->state_dir, sizeof(lab->state_dir), "%s/state", lab->dir);
	snprintf(lab->run_dir, sizeof(lab->run_dir), "%s/run", lab->dir);
	lab->drivers = lab_drivers;
	lab->settings = (struct ras_settings){
		.state_dir = lab->state_dir,
		.run_dir = lab->run_dir,
		.value =
			{
				[RAS_SETTING_ADMIN_MODE] = RAS_ADMIN_ENABLED,
				[RAS_SETTING_MAX_CONCURRENT_DIALS] = 64,
				[RAS_SETTING_HIST_MAX_ENTRIES] = 250,
				[RAS_SETTING_NOTIFY_TYPES] = (1u << RAS_NOTIFY_MAX) - 1,
			},
		.hang_up_timeout = 10,
		.notify_queue = 1024,
		.permit = {.entries = true, .device_types = 1u << RAS_DEVICE_LOOPBACK},
	};
	return lab;
}

/* A loopback line, to be changed before lab_open(). */
UNUSED static struct ras_entry *lab_line(struct lab *lab, const char *name, const char *destination)
{
	struct ras_entry *e = ras_entry_new();

	assert_non_null(e);
	assert_true(lab->n_entries < LAB_ENTRIES);
	lab->entries[lab->n_entries++] = e;
	str_copy(e->name, name, sizeof(e->name));
	str_copy(e->destination, destination, sizeof(e->destination));
	e->device_type = RAS_DEVICE_LOOPBACK;
	e->origin = RAS_ORIGIN_FILE;
	e->storage_type = RAS_STORAGE_READ_ONLY;
	return e;
}

/* Reads what was kept and the phonebook; starts nothing. */
UNUSED static void lab_open(struct lab *lab)
{
	struct ras_error error = RAS_ERROR_INIT;
	int r = ras_new(&lab->settings, lab->drivers, &error, &lab->ras);

	if (r < 0)
		fail_msg("ras_new: %d, error %d: %s", r, error.code, error.text);
	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
}

UNUSED static void lab_start(struct lab *lab)
{
	lab_open(lab);
	assert_int_equal(ras_start(lab->ras), 0);
}

UNUSED static void lab_stop(struct lab *lab)
{
	if (!lab->ras)
		return;
	assert_int_equal(ras_stop(lab->ras, LAB_PATIENCE_MS), 0);
	lab->ras = ras_free(lab->ras);
}

static int lab_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

UNUSED static void lab_free(struct lab *lab)
{
	lab_stop(lab);
	for (size_t i = 0; i < lab->n_entries; i++)
		ras_entry_unref(lab->entries[i]);
	nftw(lab->dir, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
	free(lab);
}

UNUSED static struct ras_conn *lab_conn(const struct lab *lab, const char *name)
{
	struct ras_conn *conn = ras_conn_by_name(lab->ras, name);

	assert_non_null(conn);
	return conn;
}

UNUSED static struct ras_conn_info lab_info(const struct ras_conn *conn)
{
	struct ras_conn_info info;

	ras_conn_get(conn, &info);
	return info;
}

UNUSED static void lab_rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* Waits, with a deadline, for what a condition says. */
#define LAB_WAIT(lab, condition)                                                                                       \
	do {                                                                                                           \
		int64_t lab_end_ = clock_mono_ms() + LAB_PATIENCE_MS;                                                  \
		while (!(condition)) {                                                                                 \
			if (clock_mono_ms() > lab_end_)                                                                \
				fail_msg("waited in vain for: %s", #condition);                                        \
			lab_rest();                                                                                    \
			ras_reap((lab)->ras);                                                                          \
		}                                                                                                      \
	} while (0)

/* Waits for a status, and for the end of the thread where the status has none. */
UNUSED static void lab_wait_status(const struct lab *lab, const struct ras_conn *conn, enum ras_status status)
{
	int64_t end = clock_mono_ms() + LAB_PATIENCE_MS;
	struct ras_conn_info info = lab_info(conn);

	for (; info.status != status; info = lab_info(conn)) {
		if (clock_mono_ms() > end)
			fail_msg("%s is not %s but %s, state %s, error %d: %s", ras_conn_entry(conn)->name,
				 ras_label_name(ras_status_labels, (int32_t)status),
				 ras_label_name(ras_status_labels, (int32_t)info.status),
				 ras_label_name(ras_state_labels, (int32_t)info.state), info.last_error.code,
				 info.last_error.text);
		lab_rest();
		ras_reap(lab->ras);
	}
	if (status == RAS_STATUS_DOWN || status == RAS_STATUS_FAILED)
		LAB_WAIT(lab, lab_info(conn).thread_id == 0);
}

UNUSED static uint32_t lab_threads(const struct lab *lab)
{
	struct ras_totals totals;

	ras_totals_get(lab->ras, &totals);
	return totals.threads;
}

/* What holds at any moment: attempts = successes + failures + in set-up, for the sums and for each row, and the sums
 * are those of the rows. */
UNUSED static void lab_check_sums(const struct lab *lab)
{
	struct ras_totals t;

	ras_totals_get(lab->ras, &t);
	assert_int_equal(t.attempts, t.successes + t.failures + t.by_status[RAS_STATUS_DIALING] +
					     t.by_status[RAS_STATUS_AUTHENTICATING]);
	assert_int_equal(t.entries, ras_conn_count(lab->ras));
	for (size_t i = 0; i < ras_conn_count(lab->ras); i++) {
		struct ras_conn_info info = lab_info(ras_conn_at(lab->ras, i));

		assert_int_equal(info.counters.attempts,
				 info.counters.successes + info.counters.failures + ras_status_in_setup(info.status));
	}
}

#endif
