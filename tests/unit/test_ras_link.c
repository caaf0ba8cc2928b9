/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of calls in the run directory: their names, and what a later engine makes of them. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "engine_lab.h"
#include "ras/driver.h"
#include "sys/record.h"

static int setup(void **state)
{
	*state = lab_new();
	return 0;
}

static int teardown(void **state)
{
	lab_free(*state);
	return 0;
}

/* ---- the folder ---- */

static unsigned count_links(const struct lab *lab)
{
	DIR *dir = opendir(lab->run_dir);
	const struct dirent *d;
	unsigned n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)))
		n += strstr(d->d_name, ".link") != NULL;
	closedir(dir);
	return n;
}

static void path_of(const struct lab *lab, const char *file, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%.255s", lab->run_dir, file);
}

static bool has_file(const struct lab *lab, const char *file)
{
	char path[PATH_MAX];

	path_of(lab, file, path);
	return access(path, F_OK) == 0;
}

static void file_of(uint32_t call_id, char ret[32])
{
	snprintf(ret, 32, "%u.link", call_id);
}

static bool has_record(const struct lab *lab, uint32_t call_id)
{
	char file[32];

	file_of(call_id, file);
	return has_file(lab, file);
}

static void rename_file(const struct lab *lab, const char *from, const char *to)
{
	char before[PATH_MAX], after[PATH_MAX];

	path_of(lab, from, before);
	path_of(lab, to, after);
	assert_int_equal(rename(before, after), 0);
}

/* A record as it is now, to be put back later. */
struct saved {
	char file[32];
	char text[4096];
	ssize_t size;
};

static void save(const struct lab *lab, uint32_t call_id, struct saved *ret)
{
	char path[PATH_MAX];
	int fd;

	file_of(call_id, ret->file);
	path_of(lab, ret->file, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret->size = read(fd, ret->text, sizeof(ret->text));
	assert_true(ret->size > 0);
	close(fd);
}

static void put_back(const struct lab *lab, const struct saved *saved, const char *file)
{
	char path[PATH_MAX];
	int fd;

	path_of(lab, file, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, saved->text, (size_t)saved->size), saved->size);
	close(fd);
}

/* ---- calls ---- */

static struct ras_conn_info dial(const struct lab *lab, const char *name)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, name), NULL, &error), 0);
	return lab_info(lab_conn(lab, name));
}

static void hang_up(const struct lab *lab, const char *name)
{
	ras_hang_up(lab_conn(lab, name));
	lab_wait_status(lab, lab_conn(lab, name), RAS_STATUS_DOWN);
}

static void restart(struct lab *lab)
{
	lab_stop(lab);
	lab_start(lab);
}

static void expect_call(const struct lab *lab, const char *name, const struct ras_conn_info *before)
{
	struct ras_conn_info now = lab_info(lab_conn(lab, name));

	assert_int_equal(now.status, RAS_STATUS_UP);
	assert_int_equal(now.call_id, before->call_id);
	assert_int_equal(now.start_time_ms, before->start_time_ms);
	assert_int_equal(now.counters.attempts, before->counters.attempts);
	assert_int_equal(now.counters.successes, before->counters.successes);
}

static void two_lines(struct lab *lab)
{
	lab_line(lab, "a", "setup=0ms")->index = 1;
	lab_line(lab, "b", "setup=0ms")->index = 2;
}

/* Each of the two names has the index of the other from now on. */
static void swap_indices(struct lab *lab)
{
	for (size_t i = 0; i < 2; i++) {
		struct ras_entry *e = ras_entry_copy(lab->entries[i]);

		assert_non_null(e);
		e->index = 3 - e->index;
		ras_entry_unref(lab->entries[i]);
		lab->entries[i] = e;
	}
}

/* ---- tests ---- */

static void named_by_call(void **state)
{
	struct lab *lab = *state;
	uint32_t call_id;

	lab_line(lab, "hq", "setup=0ms")->index = 7;
	lab_start(lab);
	for (unsigned i = 0; i < 3; i++) {
		call_id = dial(lab, "hq").call_id;
		assert_true(has_record(lab, call_id));
		assert_int_equal(count_links(lab), 1);
		hang_up(lab, "hq");
		assert_int_equal(count_links(lab), 0);
	}
}

/* Two names swap their indices while their links are up, and one is dialed anew: it takes nobody's record. */
static void indices_swapped_while_up(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_conn_info a, b;

	two_lines(lab);
	lab_start(lab);
	dial(lab, "a");
	b = dial(lab, "b");
	swap_indices(lab);
	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
	assert_int_equal(lab_info(lab_conn(lab, "a")).index, 2);

	hang_up(lab, "a");
	assert_true(has_record(lab, b.call_id));
	a = dial(lab, "a");
	assert_int_equal(count_links(lab), 2);
	restart(lab);
	expect_call(lab, "a", &a);
	expect_call(lab, "b", &b);
	hang_up(lab, "b");
	assert_true(has_record(lab, a.call_id));
	hang_up(lab, "a");
	assert_int_equal(count_links(lab), 0);
}

/* The same while no engine runs. */
static void indices_swapped_meanwhile(void **state)
{
	struct lab *lab = *state;
	struct ras_conn_info a, b;

	two_lines(lab);
	lab_start(lab);
	a = dial(lab, "a");
	b = dial(lab, "b");
	lab_stop(lab);
	swap_indices(lab);
	lab_start(lab);
	expect_call(lab, "a", &a);
	expect_call(lab, "b", &b);
	hang_up(lab, "a");
	assert_true(has_record(lab, b.call_id));
	expect_call(lab, "b", &b);
	a = dial(lab, "a");
	hang_up(lab, "b");
	assert_true(has_record(lab, a.call_id));
	assert_int_equal(count_links(lab), 1);
}

/* What the record says decides, and not how its file is called. */
static void name_does_not_fit(void **state)
{
	struct lab *lab = *state;
	struct ras_conn_info a, b;
	char of_a[32], of_b[32];

	two_lines(lab);
	lab_start(lab);
	a = dial(lab, "a");
	b = dial(lab, "b");
	lab_stop(lab);
	file_of(a.call_id, of_a);
	file_of(b.call_id, of_b);
	rename_file(lab, of_b, "some other name.link");
	rename_file(lab, of_a, of_b);
	lab_start(lab);
	expect_call(lab, "a", &a);
	expect_call(lab, "b", &b);
	hang_up(lab, "b");
	assert_false(has_file(lab, "some other name.link"));
	assert_true(has_file(lab, of_b));
	hang_up(lab, "a");
	assert_int_equal(count_links(lab), 0);
}

/* The thread that took a link over makes the next attempts of its series, too; their records have their own names. */
static void redialed_after_adoption(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = lab_line(lab, "hq", "setup=0ms,drop=300ms");
	uint32_t first;
	char file[32];

	e->redial_on_drop = true;
	e->redial_max = 1;
	e->redial_pause = 1;
	lab_start(lab);
	first = dial(lab, "hq").call_id;
	lab_stop(lab);
	file_of(first, file);
	rename_file(lab, file, "odd.link");
	lab_start(lab);
	LAB_WAIT(lab, lab_info(lab_conn(lab, "hq")).call_id != first &&
			      lab_info(lab_conn(lab, "hq")).status == RAS_STATUS_UP);
	assert_false(has_file(lab, "odd.link"));
	assert_true(has_record(lab, lab_info(lab_conn(lab, "hq")).call_id));
	assert_int_equal(count_links(lab), 1);
	hang_up(lab, "hq");
	assert_int_equal(count_links(lab), 0);
}

/* Records of calls that have ended, which could not be removed then, hurt neither the link that is up nor its record,
 * in whatever order they are found. */
static void older_records(void **state)
{
	struct lab *lab = *state;
	struct saved old[5];
	struct ras_conn_info now;

	lab_line(lab, "hq", "setup=0ms");
	lab_start(lab);
	for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
		save(lab, dial(lab, "hq").call_id, &old[i]);
		hang_up(lab, "hq");
	}
	now = dial(lab, "hq");
	lab_stop(lab);
	for (size_t i = 0; i < ARRAY_SIZE(old); i++)
		put_back(lab, &old[i], old[i].file);
	lab_start(lab);
	expect_call(lab, "hq", &now);
	assert_int_equal(count_links(lab), 1);
	hang_up(lab, "hq");

	/* And without one that is up. */
	lab_stop(lab);
	put_back(lab, &old[0], old[0].file);
	put_back(lab, &old[1], "odd.link");
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).status, RAS_STATUS_DOWN);
	assert_int_equal(count_links(lab), 0);
}

/* ---- numbers by which links go on the host ---- */

/* Of a and b, as their driver has them. */
static _Atomic uint32_t number_of[2];

static void note_number(struct ras_call *call, uint32_t wanted)
{
	uint32_t number = ras_call_take_number(call, wanted);

	ras_call_note_u64(call, "d-index", number);
	number_of[ras_call_entry(call)->name[0] - 'a'] = number;
}

static int numbered_dial(struct ras_call *call)
{
	note_number(call, ras_call_index(call));
	return ras_driver_loopback.dial(call);
}

static int numbered_adopt(struct ras_call *call, const struct record *record, bool up)
{
	uint32_t number = 0;

	assert_int_equal(record_get_u32(record, "d-index", &number), 0);
	number_of[ras_call_entry(call)->name[0] - 'a'] = ras_call_take_number(call, number);
	return ras_driver_loopback.adopt(call, record, up);
}

static void expect_numbers(uint32_t a, uint32_t b)
{
	assert_int_equal(number_of[0], a);
	assert_int_equal(number_of[1], b);
}

/* No call goes by the number of a link that was up before its index was given away. */
static void numbers_of_links(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_driver numbered = ras_driver_loopback;
	const struct ras_driver *const drivers[] = {&numbered, NULL};

	numbered.dial = numbered_dial;
	numbered.adopt = numbered_adopt;
	lab->drivers = drivers;
	two_lines(lab);
	lab_start(lab);
	dial(lab, "a");
	dial(lab, "b");
	expect_numbers(1, 2);
	swap_indices(lab);
	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
	hang_up(lab, "a");
	dial(lab, "a");
	expect_numbers(UINT32_MAX, 2);
	number_of[0] = number_of[1] = 0;
	restart(lab);
	expect_numbers(UINT32_MAX, 2);
	hang_up(lab, "b");
	dial(lab, "b");
	expect_numbers(UINT32_MAX, 1);
	/* A redial has it from the call before. */
	hang_up(lab, "a");
	for (int i = 0; i < 2; i++) {
		struct ras_request *request;
		uint32_t attempts = lab_info(lab_conn(lab, "a")).counters.attempts;

		assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, "a"), RAS_ACTION_REDIAL, 0,
						     RAS_TRIGGER_SNMP, &request),
				 0);
		assert_int_equal(ras_request_write(request), 0);
		ras_request_commit(request);
		LAB_WAIT(lab, lab_info(lab_conn(lab, "a")).counters.attempts > attempts &&
				      lab_info(lab_conn(lab, "a")).status == RAS_STATUS_UP);
		expect_numbers(2, 1);
	}
	lab_stop(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(named_by_call, setup, teardown),
		cmocka_unit_test_setup_teardown(indices_swapped_while_up, setup, teardown),
		cmocka_unit_test_setup_teardown(indices_swapped_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(name_does_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(redialed_after_adoption, setup, teardown),
		cmocka_unit_test_setup_teardown(older_records, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_of_links, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
