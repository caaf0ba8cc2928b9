/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal in the state directory, cut and spoiled at every place: what is whole counts, the rest is set aside, and
 * it is never a reason not to start. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine_lab.h"
#include "ras/engine.h"
#include "sys/file.h"
#include "sys/record.h"

#define LINES_MAX 64
#define TEXT_MAX ((size_t)64 * 1024)

/* ---- the journal as a file ---- */

static struct {
	char *text;
	size_t size;
	struct line {
		size_t start, len; /* newline included */
	} lines[LINES_MAX];
	size_t n;
} journal;

static char *read_state_file(const struct lab *lab, const char *name, size_t *ret_size)
{
	char path[256], *text;

	snprintf(path, sizeof(path), "%s/%s", lab->state_dir, name);
	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, ret_size) < 0)
		return NULL;
	return text;
}

static void write_journal(const struct lab *lab, const char *text, size_t size)
{
	char path[256];
	FILE *file;

	mkdir(lab->state_dir, 0700);
	snprintf(path, sizeof(path), "%s/journal", lab->state_dir);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* Removes what was set aside. Returns how many files that were. */
static unsigned clear_damaged(const struct lab *lab)
{
	DIR *dir = opendir(lab->state_dir);
	unsigned n = 0;

	assert_non_null(dir);
	for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		if (!strstr(d->d_name, ".damaged-"))
			continue;
		unlinkat(dirfd(dir), d->d_name, 0);
		n++;
	}
	closedir(dir);
	return n;
}

/* Lines that stand for themselves: what is of one SET has tests of its own (test_ras_stroke). */
static void leave_frames_out(void)
{
	for (char *line = journal.text, *next; *line; line = next) {
		next = strchr(line, '\n') + 1;
		if (strncmp(line, "set ", 4) != 0)
			continue;
		memmove(line, next, strlen(next) + 1);
		next = line;
	}
	journal.size = strlen(journal.text);
}

static void take_lines_apart(void)
{
	journal.n = 0;
	for (size_t at = 0; at < journal.size;) {
		const char *newline = memchr(journal.text + at, '\n', journal.size - at);

		assert_non_null(newline);
		assert_true(journal.n < LINES_MAX);
		journal.lines[journal.n] = (struct line){at, (size_t)(newline - journal.text) + 1 - at};
		at += journal.lines[journal.n++].len;
	}
}

/* ---- what an engine knows ---- */

/* Everything that the journal keeps, as text, so that two engines can be compared. */
static char *dump(const struct lab *lab)
{
	struct ras_history_row row = {.index = 0};
	struct ras_totals t;
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	ras_totals_get(lab->ras, &t);
	fprintf(f, "attempts %u successes %u failures %u drops %u newest %u rows %u\n", t.attempts, t.successes,
		t.failures, t.drops, t.hist_newest, t.hist_entries);
	for (unsigned i = 0; i < RAS_SETTING_MAX; i++)
		fprintf(f, "setting %u %u\n", i, ras_setting_get(lab->ras, i));
	for (size_t i = 0; i < ras_conn_count(lab->ras); i++) {
		struct ras_conn *conn = ras_conn_at(lab->ras, i);
		struct ras_conn_info c = lab_info(conn);

		fprintf(f,
			"conn %s index %u status %u desired %u request %u call %u hist %u attempts %u/%u/%u/%u/%u in %llu\n",
			ras_conn_entry(conn)->name, c.index, c.status, c.desired, c.request_id, c.call_id,
			c.last_hist_index, c.counters.attempts, c.counters.successes, c.counters.failures,
			c.counters.drops, c.counters.consecutive_failures,
			(unsigned long long)c.counters.traffic.in_octets);
		fprintf(f, "  error %d %d %u %u %lld \"%s\"\n", c.last_error.code, c.last_error.backend,
			c.last_error.cause, c.last_error.state, (long long)c.last_error.time_ms, c.last_error.text);
	}
	while (ras_history_next(lab->ras, row.index + 1, &row) == 0)
		fprintf(f, "history %u call %u entry %u %s trigger %u connected %d error %d \"%s\" to %s in %llu\n",
			row.index, row.call_id, row.entry_index, row.entry_name, row.trigger, row.connected,
			row.error.code, row.error.text, row.destination, (unsigned long long)row.in_octets);
	fclose(f);
	return text;
}

/* What an engine makes of a journal. */
static char *knowledge(struct lab *lab, const char *text, size_t size, enum ras_storage_status *ret_status,
		       uint32_t *ret_problems)
{
	struct ras_totals t;
	char *known;

	write_journal(lab, text, size);
	lab_open(lab);
	ras_totals_get(lab->ras, &t);
	*ret_status = t.storage_status;
	*ret_problems = t.storage_problems;
	known = dump(lab);
	lab_stop(lab);
	return known;
}

/* What an engine makes of the lines of a mask, which are all whole. Kept, since it is asked for again and again. */
static const char *knowledge_of(struct lab *lab, uint64_t mask)
{
	static struct {
		uint64_t mask;
		char *known;
	} cache[4 * LINES_MAX];
	static size_t n;
	enum ras_storage_status status;
	uint32_t problems;
	char *text = malloc(journal.size + 1);
	size_t size = 0;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++) {
		if (cache[i].mask == mask) {
			free(text);
			return cache[i].known;
		}
	}
	for (size_t i = 0; i < journal.n; i++) {
		if (!(mask & UINT64_C(1) << i))
			continue;
		memcpy(text + size, journal.text + journal.lines[i].start, journal.lines[i].len);
		size += journal.lines[i].len;
	}
	assert_true(n < ARRAY_SIZE(cache));
	cache[n].mask = mask;
	cache[n].known = knowledge(lab, text, size, &status, &problems);
	assert_int_equal(status, RAS_STORAGE_OK);
	assert_int_equal(problems, 0);
	assert_int_equal(clear_damaged(lab), 0);
	free(text);
	return cache[n++].known;
}

/* Which lines of the journal a spoiled copy of it still has whole, and how many pieces are something else. */
static uint64_t whole_lines(const char *text, size_t size, unsigned *ret_others)
{
	uint64_t mask = 0;
	size_t next = 0;

	*ret_others = 0;
	for (size_t at = 0; at < size;) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t len = newline ? (size_t)(newline - text) + 1 - at : size - at, i = next;

		while (i < journal.n && (journal.lines[i].len != len ||
					 memcmp(journal.text + journal.lines[i].start, text + at, len) != 0))
			i++;
		if (i < journal.n) {
			mask |= UINT64_C(1) << i;
			next = i + 1;
		} else if (len > 1 || !newline) {
			(*ret_others)++;
		}
		at += len;
	}
	return mask;
}

static void expect_only_what_is_whole(struct lab *lab, const char *text, size_t size)
{
	enum ras_storage_status status;
	uint32_t problems;
	unsigned others;
	uint64_t mask = whole_lines(text, size, &others);
	const char *expected = knowledge_of(lab, mask);
	char *known = knowledge(lab, text, size, &status, &problems);

	assert_string_equal(known, expected);
	assert_int_equal(status, others > 0 ? RAS_STORAGE_DAMAGED : RAS_STORAGE_OK);
	assert_int_equal(problems, others);
	assert_int_equal(clear_damaged(lab), others > 0);
	free(known);
}

/* ---- a journal with something of everything ---- */

static int make_journal(void **state)
{
	struct lab *lab = lab_new();
	struct ras_request *request;
	struct ras_conn *bad, *good;

	*state = lab;
	lab_line(lab, "bad", "setup=5ms,fail=691,text=it \"says\" no\\never");
	lab_line(lab, "good", "setup=5ms");
	lab_line(lab, "idle", "");
	lab_start(lab);
	bad = lab_conn(lab, "bad");
	good = lab_conn(lab, "good");
	assert_int_equal(ras_dial(lab->ras, bad, NULL, NULL), -EIO);
	assert_int_equal(ras_dial(lab->ras, good, NULL, NULL), 0);
	ras_hang_up(good);
	lab_wait_status(lab, good, RAS_STATUS_DOWN);
	assert_int_equal(ras_request_reserve(lab->ras, bad, RAS_ACTION_CLEAR_ERROR, 99, RAS_TRIGGER_SNMP, &request), 0);
	assert_int_equal(ras_request_write(request), 0);
	ras_request_commit(request);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_HIST_MAX_ENTRIES, 77), 0);
	ras_setting_apply(lab->ras, RAS_SETTING_HIST_MAX_ENTRIES, 77);
	lab_stop(lab);

	journal.text = read_state_file(lab, "journal", &journal.size);
	assert_non_null(journal.text);
	leave_frames_out();
	take_lines_apart();
	return 0;
}

static int remove_journal(void **state)
{
	free(journal.text);
	lab_free(*state);
	return 0;
}

/* ---- tests ---- */

static void kept(void **state)
{
	struct lab *lab = *state;
	const char *known = knowledge_of(lab, (UINT64_C(1) << journal.n) - 1);

	assert_non_null(strstr(known, "attempts 2 successes 1 failures 1"));
	assert_non_null(strstr(known, "setting 2 77\n"));
	assert_non_null(
		strstr(known, "conn bad index 1 status 1 desired 1 request 99 call 1 hist 1 attempts 1/0/1/0/1"));
	assert_non_null(
		strstr(known, "conn good index 2 status 1 desired 1 request 0 call 2 hist 2 attempts 1/1/0/0/0"));
	assert_non_null(strstr(known, "conn idle index 3"));
	assert_non_null(strstr(known, "error 691 \"it \"says\" no\\never\""));
	assert_non_null(strstr(known, "connected 1 error 631"));
}

static void nothing_kept(void **state)
{
	struct lab *lab = *state;
	enum ras_storage_status status;
	uint32_t problems;
	char *known = knowledge(lab, "", 0, &status, &problems);

	assert_int_equal(status, RAS_STORAGE_OK);
	assert_non_null(strstr(known, "attempts 0 successes 0 failures 0 drops 0 newest 0 rows 0"));
	free(known);
}

static void cut_at_every_octet(void **state)
{
	for (size_t size = 0; size <= journal.size; size++)
		expect_only_what_is_whole(*state, journal.text, size);
}

/* Every octet with a bit flipped; every few octets turned into a newline, and into NUL. */
static void every_octet_spoiled(void **state)
{
	char *text = malloc(journal.size);

	assert_non_null(text);
	for (size_t at = 0; at < journal.size; at++) {
		char spoiled[] = {(char)(journal.text[at] ^ 1 << at % 8), '\n', '\0'};

		for (size_t i = 0; i < sizeof(spoiled); i++) {
			if (spoiled[i] == journal.text[at] || (i > 0 && at % 8 != i))
				continue;
			memcpy(text, journal.text, journal.size);
			text[at] = spoiled[i];
			expect_only_what_is_whole(*state, text, journal.size);
		}
	}
	free(text);
}

static void every_line_twice_or_not_at_all(void **state)
{
	struct lab *lab = *state;
	char *text = malloc(2 * journal.size);

	assert_non_null(text);
	for (size_t i = 0; i < journal.n; i++) {
		const struct line *l = &journal.lines[i];
		size_t end = l->start + l->len;
		enum ras_storage_status status;
		uint32_t problems;
		char *known;

		memcpy(text, journal.text, end);
		memcpy(text + end, journal.text + l->start, l->len);
		memcpy(text + end + l->len, journal.text + end, journal.size - end);
		known = knowledge(lab, text, journal.size + l->len, &status, &problems);
		assert_string_equal(known, knowledge_of(lab, (UINT64_C(1) << journal.n) - 1));
		assert_int_equal(status, RAS_STORAGE_OK);
		free(known);
		assert_non_null(knowledge_of(lab, ((UINT64_C(1) << journal.n) - 1) & ~(UINT64_C(1) << i)));
	}
	free(text);
}

/* A journal that was cut is written anew at the start, so that the next line has a beginning of its own. */
static void goes_on_after_a_cut(void **state)
{
	struct lab *lab = *state;
	uint32_t attempts = 0;

	for (size_t lost = 1; lost < 40; lost += 7) {
		struct ras_totals t;

		write_journal(lab, journal.text, journal.size - lost);
		lab_start(lab);
		ras_totals_get(lab->ras, &t);
		assert_int_equal(t.storage_status, RAS_STORAGE_DAMAGED);
		attempts = t.attempts;
		assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "bad"), NULL, NULL), -EIO);
		lab_stop(lab);
		assert_int_equal(clear_damaged(lab), 1);

		lab_start(lab);
		ras_totals_get(lab->ras, &t);
		assert_int_equal(t.storage_status, RAS_STORAGE_OK);
		assert_int_equal(t.storage_problems, 0);
		assert_int_equal(t.attempts, attempts + 1);
		lab_check_sums(lab);
		lab_stop(lab);
		assert_int_equal(clear_damaged(lab), 0);
	}
}

/* Nothing that was set aside is ever overwritten, and it is what was in the journal. */
static void set_aside_files_stay(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 1; i <= 3; i++) {
		char rubbish[32], name[64], *text;
		size_t size;

		snprintf(rubbish, sizeof(rubbish), "rubbish number %u\n", i);
		write_journal(lab, rubbish, strlen(rubbish));
		lab_start(lab);
		lab_stop(lab);
		for (unsigned k = 1; k <= i; k++) {
			snprintf(rubbish, sizeof(rubbish), "rubbish number %u\n", k);
			snprintf(name, sizeof(name), "journal.lines.damaged-%u", k);
			text = read_state_file(lab, name, &size);
			assert_non_null(text);
			assert_int_equal(size, strlen(rubbish));
			assert_string_equal(text, rubbish);
			free(text);
		}
	}
	assert_int_equal(clear_damaged(lab), 3);
}

/* ---- lines with a good checksum that say something wrong ---- */

struct forged {
	const char *kind;
	const char *fields[8]; /* key, value, ...; a value with a letter or nothing in it is a string */
	bool refused;
};

static size_t forge(const struct forged *f, char *ret)
{
	struct record_writer w;

	record_begin(&w, f->kind);
	for (const char *const *p = f->fields; *p; p += 2) {
		char *end;
		long long number = strtoll(p[1], &end, 10);

		if (*p[1] && !*end && number >= 0)
			record_put_u64(&w, p[0], strtoull(p[1], NULL, 10));
		else if (*p[1] && !*end)
			record_put_i64(&w, p[0], number);
		else
			record_put_str(&w, p[0], p[1]);
	}
	assert_int_equal(record_end(&w), 0);
	memcpy(ret, w.text, w.len);
	return w.len;
}

static void forged_lines(void **state)
{
	static const char long_name[] = "a-name-that-is-longer-than-any-entry-can-have-because-it-has-65-x";
	static const struct forged lines[] = {
		{"conn", {"name", "good", "status", "77", "index", "4294967295"}, false},
		{"conn", {"name", "good", "status", "0"}, false},
		{"conn", {"name", "good", "attempts", "-5", "error-state", "12345"}, false},
		{"conn", {"name", "good", "error", "99999999999999"}, false},
		{"conn", {"name", "good", "redial-at", "18446744073709551615"}, false},
		{"conn", {"name", ""}, true},
		{"conn", {"name", long_name}, true},
		{"conn", {"index", "1"}, true},
		{"wish", {"name", "good", "desired", "9", "action", "99"}, false},
		{"wish", {"desired", "2"}, true},
		{"history", {"index", "0"}, false},
		{"history", {"index", "5", "entry", "0", "local", "zz", "peer", "0102"}, false},
		{"setting", {"which", "99", "value", "1", "file", "1"}, true},
		{"setting", {"which", "0"}, true},
		{"setting", {"which", "0", "value", "-1", "file", "1"}, true},
		{"engine", {"call", "99999999999"}, false},
		{"nonsense", {"a", "1"}, true},
		{"journal", {NULL}, true},
	};
	struct lab *lab = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char text[RECORD_MAX];
		size_t len = forge(&lines[i], text);
		struct ras_totals t;

		write_journal(lab, text, len);
		lab_start(lab);
		ras_totals_get(lab->ras, &t);
		assert_int_equal(t.storage_problems, lines[i].refused);
		assert_true(ras_setting_get(lab->ras, RAS_SETTING_ADMIN_MODE) == RAS_ADMIN_ENABLED);
		for (size_t k = 0; k < ras_conn_count(lab->ras); k++) {
			struct ras_conn_info info = lab_info(ras_conn_at(lab->ras, k));

			assert_in_range(info.index, 1, RAS_INDEX_MAX);
			assert_true(ras_label_has(ras_status_labels, (int32_t)info.status));
			assert_true(ras_label_has(ras_state_labels, (int32_t)info.state));
			assert_true(ras_label_has(ras_state_labels, (int32_t)info.last_error.state));
		}
		/* And it works. */
		assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "idle"), NULL, NULL), 0);
		ras_hang_up(lab_conn(lab, "idle"));
		lab_wait_status(lab, lab_conn(lab, "idle"), RAS_STATUS_DOWN);
		lab_stop(lab);
		assert_int_equal(clear_damaged(lab), lines[i].refused);
	}
}

/* A line longer than any record, and very many lines. */
static void oversized(void **state)
{
	struct lab *lab = *state;
	size_t size = TEXT_MAX - 2;
	char *text = malloc(size);
	struct ras_totals t;

	assert_non_null(text);
	memset(text, 'x', size);
	write_journal(lab, text, size);
	lab_start(lab);
	ras_totals_get(lab->ras, &t);
	assert_int_equal(t.storage_problems, 1);
	lab_stop(lab);
	memset(text, '\n', size);
	write_journal(lab, text, size);
	lab_start(lab);
	ras_totals_get(lab->ras, &t);
	assert_int_equal(t.storage_problems, 0);
	lab_stop(lab);
	clear_damaged(lab);
	free(text);
}

/* ---- one agent for a state directory ---- */

static void one_agent_only(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras *second = NULL;

	lab_open(lab);
	assert_int_equal(ras_new(&lab->settings, lab_drivers, &error, &second), -EBUSY);
	assert_non_null(strstr(error.text, lab->state_dir));
	assert_null(second);
	lab_stop(lab);
	assert_int_equal(ras_new(&lab->settings, lab_drivers, &error, &second), 0);
	ras_free(second);
}

static void unusable_folders(void **state)
{
	struct lab *lab = *state;
	struct ras_settings settings = lab->settings;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras *ras = NULL;
	char path[256];

	write_journal(lab, "", 0);
	snprintf(path, sizeof(path), "%s/journal/below-a-file", lab->state_dir);
	settings.state_dir = path;
	assert_true(ras_new(&settings, lab_drivers, &error, &ras) < 0);
	assert_non_null(strstr(error.text, "state directory"));
	settings = lab->settings;
	settings.run_dir = path;
	assert_true(ras_new(&settings, lab_drivers, &error, &ras) < 0);
	assert_non_null(strstr(error.text, "run directory"));
	assert_null(ras);
}

/* ---- addresses in fields ---- */

static bool addr_of(const char *value, struct ras_addr *ret)
{
	struct record_writer w;
	struct record r;

	record_begin(&w, "link");
	record_put_str(&w, "addr0", value);
	assert_int_equal(record_end(&w), 0);
	w.text[w.len - 1] = '\0';
	assert_int_equal(record_parse(w.text, &r), 0);
	return addr_get(&r, "addr0", ret);
}

static void addresses_come_back(void **state)
{
	static const uint8_t lens[] = {4, 16, 20};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		struct ras_addr a = {.role = RAS_ADDR_ROUTE, .len = lens[i], .prefix_len = 8}, b = {.len = 0};
		struct record_writer w;
		struct record r;

		memset(a.octets, 0xa0 + (int)i, a.len);
		record_begin(&w, "link");
		addr_put(&w, "addr0", &a);
		assert_int_equal(record_end(&w), 0);
		w.text[w.len - 1] = '\0';
		assert_int_equal(record_parse(w.text, &r), 0);
		assert_true(addr_get(&r, "addr0", &b));
		assert_int_equal(b.role, a.role);
		assert_int_equal(b.len, a.len);
		assert_int_equal(b.prefix_len, a.prefix_len);
		assert_memory_equal(b.octets, a.octets, a.len);
		assert_false(addr_get(&r, "addr1", &b));
	}
}

static void what_is_no_address(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"1/32",
		"1/32/",
		"1/32/7f00000",
		"1/32/7f0000011",
		"1/32/7F000001",
		"0/32/7f000001",
		"8/32/7f000001",
		"1/129/7f000001",
		"x/32/7f000001",
		"1/32/7f00000g",
	};
	struct ras_addr a = {.len = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(addr_of(bad[i], &a));
	assert_int_equal(a.len, 77);
	assert_true(addr_of("1/32/7f000001", &a));
	assert_int_equal(a.octets[3], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept),
		cmocka_unit_test(nothing_kept),
		cmocka_unit_test(cut_at_every_octet),
		cmocka_unit_test(every_octet_spoiled),
		cmocka_unit_test(every_line_twice_or_not_at_all),
		cmocka_unit_test(goes_on_after_a_cut),
		cmocka_unit_test(set_aside_files_stay),
		cmocka_unit_test(forged_lines),
		cmocka_unit_test(oversized),
		cmocka_unit_test(one_agent_only),
		cmocka_unit_test(unusable_folders),
		cmocka_unit_test(addresses_come_back),
		cmocka_unit_test(what_is_no_address),
	};

	/* Thousands of journals, each with damaged lines to be set aside: not on a disk, if it can be helped. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	return cmocka_run_group_tests(tests, make_journal, remove_journal);
}
