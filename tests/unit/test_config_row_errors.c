/* SPDX-License-Identifier: BSD-2-Clause */
/* What is no row of the state directory, whole or cut, is refused with its place, and no message tells a value. */
#include <limits.h>

#include "config_rows.h"

#include "config/config_text.h"

/* ---- what is cut ---- */

/* However much of a row is there, it is the row or an error. */
static void cut(const struct ras_entry *e, const struct ras_entry *base)
{
	_cleanup_free_ char *text = write_row(e, base);
	_cleanup_read_ struct read whole;
	size_t size = strlen(text), good = 0;

	read_text(&whole, text, size);
	assert_int_equal(whole.result, 0);
	for (size_t n = 0; n < size; n++) {
		_cleanup_read_ struct read r;

		read_text(&r, text, n);
		if (r.result < 0)
			continue;
		good++;
		if (!rows_equal(r.entry, whole.entry) || !r.base != !whole.base ||
		    (r.base && !rows_equal(r.base, whole.base)))
			fail_msg("the first %zu of %zu octets are another row:\n%s", n, size, text);
	}
	/* Without the last line end. */
	assert_int_equal(good, 1);
}

static void test_cut(void **state)
{
	_cleanup_entry_ struct ras_entry *e = any_row(), *base = any_row();

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		_cleanup_entry_ struct ras_entry *row = any_row();

		if (row->n_subentries < 4)
			cut(row, NULL);
	}
	str_copy(e->name, "hq", sizeof(e->name));
	e->storage_type = RAS_STORAGE_PERMANENT;
	cut(e, base);
	assert_int_equal(ras_entry_set_secret(base, e->secret), 0);
	cut(e, base);
	str_copy(base->user_name, e->user_name, sizeof(base->user_name));
	base->notify_types = e->notify_types ^ 1;
	cut(e, base);
	base->notify_types = e->notify_types;
	cut(e, base);
}

/* With an octet that is another one: read or not, but never wrong memory, nor a row beyond its limits. */
static void test_flipped(void **state)
{
	_cleanup_entry_ struct ras_entry *e = new_row();
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(ras_entry_set_secret(e, "\xffxy"), 0);
	e->last_change_ms = 1764000000123;
	text = write_row(e, NULL);
	for (size_t i = 0; text[i]; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			_cleanup_read_ struct read r;

			text[i] = (char)(text[i] ^ 1 << bit);
			read_text(&r, text, strlen(text));
			text[i] = (char)(text[i] ^ 1 << bit);
			if (r.result == 0)
				round_trip(r.entry);
		}
	}
}

/* ---- what is no row ---- */

/* A row with a line in place of the one of this key; NULL: without it. */
static char *with_line(const char *key, const char *line)
{
	_cleanup_entry_ struct ras_entry *e = new_row();
	_cleanup_free_ char *text = NULL;
	char head[TEXT_LABEL_MAX], *ret = NULL;
	size_t from = 0, to;

	assert_int_equal(ras_entry_set_secret(e, "s"), 0);
	e->last_change_ms = 1;
	text = write_row(e, NULL);
	snprintf(head, sizeof(head), "%s:", key);
	while (strncmp(text + from, head, strlen(head)) != 0)
		from += strcspn(text + from, "\n") + 1;
	to = from + strcspn(text + from, "\n") + 1;
	assert_true(asprintf(&ret, "%.*s%s%s%s", (int)from, text, line ?: "", line ? "\n" : "", text + to) > 0);
	return ret;
}

static void must_fail(const char *text, const char *part)
{
	_cleanup_read_ struct read r;

	read_text(&r, text, strlen(text));
	if (r.result == 0)
		fail_msg("this is taken for a row:\n%s", text);
	if (!strstr(r.error, part))
		fail_msg("\"%s\" has no \"%s\"", r.error, part);
	/* Every value that is tried has this in it, where it can. */
	if (strstr(r.error, "zzz"))
		fail_msg("\"%s\" quotes a value", r.error);
}

static void test_wrong_lines(void **state)
{
	static const struct {
		const char *key, *line, *error;
	} lines[] = {
		{"name", "name: \"\"", ":3:7: name: must not be empty"},
		{"name", "name: ~", ":3:1: key \"name\" has no value"},
		{"name", "name: [zzz]", ":3:7: name: a list is given"},
		{"name", "name: \"zz\\x01zz\"", "name: what is given has a control character in it"},
		{"index", "index: 0", "index: what is given is not a number from 1 to 2147483647"},
		{"index", "index: 2147483648", "index: what is given is not a number"},
		{"index", "index: \"7\"", "is not a number from 1 to 2147483647 (leave the quotes away)"},
		{"index", "index: zzz", "index: what is given is not a number"},
		{"descr", "descr: true", "descr: what is given is true or false"},
		{"descr", "zzz: \"x\"", ":5:1: an unknown key in a stored row"},
		{"descr", "pppd-options: [zzz]", ":5:1: an unknown key in a stored row"},
		{"descr", "secret-file: /zzz", ":5:1: an unknown key in a stored row"},
		{"descr", "file: {}", ":5:1: an unknown key in a stored row"},
		{"descr", "index: 7", ":5:1: key \"index\" is given twice (before in line 4)"},
		{"descr", "descr: &a zzz", "anchors (&) are not allowed"},
		{"descr", "descr: *zzz", "aliases (*) are not allowed"},
		{"descr", "descr: !!binary \"zzzz\"", "a tag that does not fit here"},
		{"descr", "descr: !!int \"zzz\"", "a tag that does not fit here"},
		{"descr", "descr: {a: zzz}", "descr: a mapping is given"},
		{"descr", "<<: {a: zzz}", "an unknown key in a stored row"},
		{"descr", "\"zzz", "7.yaml:"},
		{"device-type", "device-type: zzz", "device-type: what is given is not one of other, loopback"},
		{"device-type", "device-type: [modem]", "device-type: a list is given"},
		{"secret", "secret: \"\"", "secret: a secret has 1 to 255 octets, not 0"},
		{"secret", "secret: [zzz]", "secret: a list is given"},
		{"secret", "secret: true", "must be put in quotes"},
		{"secret", "secret: \"zzz\\nz\"", "the secret has a line break in it"},
		{"secret", "secret: \"zzz\\rz\"", "the secret has a line break in it"},
		{"secret", "secret: \"zzz\\0z\"", "an octet 0x00"},
		{"secret", "secret: {}", "key \"hex\" is missing in a secret"},
		{"secret", "secret: {zzz: 1}", "an unknown key in a secret"},
		{"secret", "secret: {hex: \"\"}", "hex: must not be empty"},
		{"secret", "secret: {hex: \"zz\"}", "hex: what is given is not made of pairs"},
		{"secret", "secret: {hex: \"f\"}", "hex: what is given is not made of pairs"},
		{"secret", "secret: {hex: \"FF\"}", "hex: what is given is not made of pairs"},
		{"secret", "secret: {hex: \"ff00\"}", "hex: what is given has an octet in it that no secret may have"},
		{"secret", "secret: {hex: \"0aff\"}", "hex: what is given has an octet in it that no secret may have"},
		{"secret", "secret: {hex: \"ff0d\"}", "hex: what is given has an octet in it that no secret may have"},
		{"auth-methods", "auth-methods: zzz", "auth-methods: a single value is given"},
		{"auth-methods", "auth-methods: [zzz]", "auth-methods: what is given is not one of pap"},
		{"auth-methods", "auth-methods: [pap, pap]", "auth-methods: what is given is given twice"},
		{"subentries", "subentries: zzz", "subentries: a single value is given"},
		{"subentries", "subentries: [zzz]", "a subentry must be a mapping"},
		{"subentries", "subentries: [{}]", "is missing in a subentry"},
		{"redial-on-drop", "redial-on-drop: zzz", "redial-on-drop: what is given is not true or false"},
		{"redial-on-drop", "redial-on-drop: [true]", "redial-on-drop: a list is given"},
		{"storage-type", "storage-type: volatile", "storage-type: what is given is not one of non-volatile"},
		{"storage-type", "storage-type: read-only", "storage-type: what is given is not one of non-volatile"},
		{"storage-type", "storage-type: permanent", "an unknown key in a stored row of a permanent entry"},
		{"storage-type", "storage-type: [permanent]", "storage-type: a list is given"},
		{"last-change", "last-change: zzz", "last-change: what is given is not a date and time"},
		{"last-change", "last-change: []", "last-change: a list is given"},
		{"row-status", "row-status: not-ready",
		 "row-status: what is given is not one of active, not-in-service"},
		{"row-status", "row-status: 1", "row-status: what is given is not one of active, not-in-service"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *text = with_line(lines[i].key, lines[i].line);

		must_fail(text, lines[i].error);
	}
}

/* Each key that is left away is missed, but those that a row need not have. */
static void test_missing_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_row_section.n; i++) {
		const struct config_key *key = &config_row_section.keys[i];
		_cleanup_free_ char *text = NULL;
		char expected[128];

		if (!config_has_key(&config_row_section, key))
			continue;
		text = with_line(key->key, NULL);
		if (key->flags & CONFIG_MAY_LACK) {
			_cleanup_read_ struct read r;

			read_text(&r, text, strlen(text));
			assert_int_equal(r.result, 0);
			continue;
		}
		snprintf(expected, sizeof(expected), ":3:1: key \"%s\" is missing in a stored row", key->key);
		must_fail(text, str_equal(key->key, "name") ? "key \"name\" is missing in a stored row" : expected);
	}
}

#define LINK(index)                                                                                                    \
	"{index: " index ", device-type: modem, device-name: \"zzz\", destination: \"zzz\", row-status: active}"

static void test_wrong_subentries(void **state)
{
	static const struct {
		const char *list, *error;
	} lists[] = {
		{"[" LINK("2") ", " LINK("2") "]", "index is not greater than that of the subentry before"},
		{"[" LINK("2") ", " LINK("1") "]", "index is not greater than that of the subentry before"},
		{"[" LINK("0") "]", "index: what is given is not a number from 1 to 255"},
		{"[" LINK("256") "]", "index: what is given is not a number from 1 to 255"},
		{"[{index: 1, device-type: modem, device-name: \"\", destination: \"\"}]",
		 "key \"row-status\" is missing in a subentry"},
		{"[{device-type: modem, device-name: \"\", destination: \"\", row-status: active}]",
		 "key \"index\" is missing in a subentry"},
		{"[{name: zzz}]", "an unknown key in a subentry"},
	};
	char *line = NULL, *text;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_true(asprintf(&line, "subentries: %s", lists[i].list) > 0);
		text = with_line("subentries", line);
		must_fail(text, lists[i].error);
		free(line);
		free(text);
	}
	line = malloc(300 * sizeof(LINK("1")));
	assert_non_null(line);
	len = (size_t)sprintf(line, "subentries: [");
	for (size_t i = 0; i < 256; i++)
		len += (size_t)sprintf(line + len, "%s" LINK("1"), i > 0 ? ", " : "");
	memcpy(line + len, "]", 2);
	text = with_line("subentries", line);
	must_fail(text, "256 subentries are given, at most 255 are possible");
	free(line);
	free(text);
}

#define PERMANENT "name: \"zzz\"\nindex: 7\nstorage-type: permanent\n"

static void test_wrong_texts(void **state)
{
	static const struct {
		const char *text, *error;
	} texts[] = {
		{"", "7.yaml: holds no row"},
		{"\n", "7.yaml: holds no row"},
		{"# only a comment\n", "7.yaml: holds no row"},
		{"---\n...\n", "7.yaml: holds no row"},
		{"~\n", "7.yaml: holds no row"},
		{"zzz\n", ":1:1: a stored row must be a mapping"},
		{"[]\n", ":1:1: a stored row must be a mapping"},
		{"{}\n", ":1:1: key \"name\" is missing in a stored row"},
		{"agent: {name: zzz}\n", ":1:1: an unknown key in a stored row"},
		{"[a]: zzz\n", "a key must be a word"},
		{PERMANENT, ":1:1: key \"file\" is missing in a stored row of a permanent entry"},
		{"index: 7\nstorage-type: permanent\nfile: {}\n", "key \"name\" is missing"},
		{"name: \"zzz\"\nstorage-type: permanent\nfile: {}\n", "key \"index\" is missing"},
		{PERMANENT "storage-type: permanent\nfile: {}\n", "key \"storage-type\" is given twice"},
		{PERMANENT "storage-type: non-volatile\nfile: {}\n", "key \"storage-type\" is given twice"},
		{PERMANENT "descr: \"zzz\"\nfile: {}\n", ":4:1: an unknown key in a stored row of a permanent entry"},
		{PERMANENT "row-status: active\nfile: {}\n", ":4:1: an unknown key"},
		{PERMANENT "file:\n", "key \"file\" has no value"},
		{PERMANENT "file: zzz\n", ":4:7: file must be a mapping"},
		{PERMANENT "file: [zzz]\n", ":4:7: file must be a mapping"},
		{PERMANENT "file: {name: \"zzz\"}\n", ":4:8: an unknown key in file"},
		{PERMANENT "file: {file: {}}\n", ":4:8: an unknown key in file"},
		{PERMANENT "user-name: \"zzz\"\nfile: {}\n", ":5:7: key \"user-name\" must stand both here and above"},
		{PERMANENT "file: {user-name: \"zzz\"}\n", ":4:7: key \"user-name\" must stand both here and above"},
		{PERMANENT "secret: \"zzz\"\nfile: {}\n", "key \"secret\" must stand both here and above"},
		{PERMANENT "file: {secret: \"zzz\"}\n", "key \"secret\" must stand both here and above"},
		{PERMANENT "notify-types: []\nfile: {}\n", "key \"notify-types\" must stand both here and above"},
		{PERMANENT "notify-types: [zzz]\nfile: {notify-types: []}\n", "what is given is not one of connected"},
		{PERMANENT "notify-types: []\nfile: {notify-types: [zzz]}\n", "what is given is not one of connected"},
		{PERMANENT "file: {}\n---\n" PERMANENT "file: {}\n", "a second document begins here"},
		{PERMANENT "file: {}\n" PERMANENT "file: {}\n", "key \"name\" is given twice"},
		{PERMANENT "file: {}\n\xff\n", "octet 0xff is not UTF-8"},
		{PERMANENT "file: {}\n\x01\n", "control character 0x01"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		must_fail(texts[i].text, texts[i].error);
}

/* A row that stands twice in a file, and two files in one. */
static void test_two_rows(void **state)
{
	_cleanup_entry_ struct ras_entry *e = new_row();
	_cleanup_free_ char *text = write_row(e, NULL), *twice = NULL, *documents = NULL;

	(void)state;
	assert_true(asprintf(&twice, "%s%s", text, text) > 0);
	must_fail(twice, "key \"name\" is given twice");
	assert_true(asprintf(&documents, "%s---\n%s", text, text) > 0);
	must_fail(documents, "a second document begins here");
}

static void test_octets(void **state)
{
	char zeros[4096] = {0}, octets[4096];

	(void)state;
	chance = 0x55;
	for (size_t i = 0; i < 200; i++) {
		_cleanup_read_ struct read r;

		for (size_t at = 0; at < sizeof(octets); at++)
			octets[at] = (char)below(256);
		read_text(&r, octets, sizeof(octets));
		assert_int_equal(r.result, -EBADMSG);
	}
	for (size_t n = 0; n <= sizeof(zeros); n += 64) {
		_cleanup_read_ struct read r;

		read_text(&r, zeros, n);
		assert_int_equal(r.result, -EBADMSG);
	}
}

/* Patterns again and again, as long as a row may be and longer. */
static void test_huge(void **state)
{
	static const char *const patterns[] = {" ",   "\n", "#\n", "[",  "{",   "- ", "-\n",
					       "a: ", "a",  "\"",  "? ", "&a ", "!a "};
	size_t size = CONFIG_ROW_MAX + 1;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		_cleanup_read_ struct read r, longer;

		for (size_t at = 0; at < size; at++)
			text[at] = patterns[i][at % strlen(patterns[i])];
		read_text(&r, text, size - 1);
		assert_int_equal(r.result, -EBADMSG);
		read_text(&longer, text, size);
		assert_string_equal(longer.error, "7.yaml: larger than 524288 octets");
	}
	free(text);
}

static void test_long_path(void **state)
{
	char path[PATH_MAX], error[RAS_ROW_ERROR_MAX];
	struct ras_entry *entry = NULL, *base = NULL;

	(void)state;
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(config_row_format.read(path, "a: 1\n", 5, &entry, &base, error), -EBADMSG);
	assert_non_null(strstr(error, ":1:1: an unknown key in a stored row"));
	assert_null(entry);
	assert_null(base);
}

/* A line that the engine puts behind it, and nothing else, may follow. */
static void test_comment_follows(void **state)
{
	_cleanup_entry_ struct ras_entry *e = new_row();
	_cleanup_free_ char *text = write_row(e, NULL), *more = NULL;
	_cleanup_read_ struct read r;

	(void)state;
	assert_true(asprintf(&more, "%s# sum=01234567\n", text) > 0);
	read_text(&r, more, strlen(more));
	assert_int_equal(r.result, 0);
	assert_true(rows_equal(r.entry, e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_missing_keys),
		cmocka_unit_test(test_wrong_subentries),
		cmocka_unit_test(test_wrong_texts),
		cmocka_unit_test(test_two_rows),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_long_path),
		cmocka_unit_test(test_comment_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
