/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of the state directory: what is written comes back as it was, whatever it holds. */
#include <fcntl.h>

#include "config_rows.h"

#include "config/config_text.h"
#include "sys/file.h"
#include "sys/utf8.h"

#define MIB "mibs/RASDIAL-MIB.txt"

/* ---- every column ---- */

static void test_text(void **state)
{
	static const struct ras_subentry links[] = {
		{3, RAS_DEVICE_MODEM, "/dev/ttyS1", "+15550102", RAS_ROW_ACTIVE},
		{200, RAS_DEVICE_OTHER, "", "", RAS_ROW_NOT_IN_SERVICE},
	};
	_cleanup_entry_ struct ras_entry *e = new_row();
	_cleanup_free_ char *text = NULL;

	(void)state;
	str_copy(e->descr, "head office", sizeof(e->descr));
	assert_int_equal(ras_entry_set_secret(e, "correct horse"), 0);
	e->device_type = RAS_DEVICE_DIRECT_SERIAL;
	e->options = 1u << RAS_OPTION_IPV6 | 1u << RAS_OPTION_PAUSED_STATES;
	e->redial_on_drop = true;
	e->last_change_ms = 1764000000123;
	e->subentries = malloc(sizeof(links));
	assert_non_null(e->subentries);
	memcpy(e->subentries, links, sizeof(links));
	e->n_subentries = ARRAY_SIZE(links);
	text = write_row(e, NULL);
	assert_string_equal(
		text, "# An entry made over SNMP.\n"
		      "# Written by rasdial, with a sum at the end: a file that is changed by hand is set aside.\n"
		      "name: \"hq\"\n"
		      "index: 7\n"
		      "descr: \"head office\"\n"
		      "device-type: direct-serial\n"
		      "device-name: \"\"\n"
		      "destination: \"\"\n"
		      "user-name: \"\"\n"
		      "secret: \"correct horse\"\n"
		      "auth-methods: []\n"
		      "dial-mode: manual\n"
		      "link-mode: single\n"
		      "subentries:\n"
		      "- index: 3\n"
		      "  device-type: modem\n"
		      "  device-name: \"/dev/ttyS1\"\n"
		      "  destination: \"+15550102\"\n"
		      "  row-status: active\n"
		      "- index: 200\n"
		      "  device-type: other\n"
		      "  device-name: \"\"\n"
		      "  destination: \"\"\n"
		      "  row-status: not-in-service\n"
		      "redial-max: 0\n"
		      "redial-pause: 60\n"
		      "redial-pause-max: 0\n"
		      "redial-on-drop: true\n"
		      "dial-timeout: 90\n"
		      "idle-timeout: 0\n"
		      "max-duration: 0\n"
		      "options: [ipv6, paused-states]\n"
		      "notify-types: [connected, disconnected, dial-failed, redial-exhausted, thread-stuck]\n"
		      "notify-failures: 1\n"
		      "storage-type: non-volatile\n"
		      "last-change: 2025-11-24T16:00:00.123Z\n"
		      "row-status: active\n");
	round_trip(e);
}

/* rasEntryRedialPauseMax is redial-pause-max. */
static void key_of_column(const char *column, char ret[TEXT_LABEL_MAX])
{
	char label[TEXT_LABEL_MAX];

	str_copy(label, column, sizeof(label));
	label[0] = (char)(label[0] - 'A' + 'a');
	ras_label_kebab(label, ret);
}

/* Each column of a table of the MIB that can be written is a key of a stored row. */
static void check_columns(const char *mib, const char *prefix, const struct config_section *section)
{
	char head[TEXT_LABEL_MAX], key[TEXT_LABEL_MAX];
	struct config_values none = {0};
	size_t columns = 0;

	snprintf(head, sizeof(head), "\nras%s", prefix);
	for (const char *at = strstr(mib, head); at; at = strstr(at + 1, head)) {
		char column[TEXT_LABEL_MAX] = "", end[32] = "";
		const char *access = strstr(at, "MAX-ACCESS");
		bool found = false;

		if (sscanf(at + strlen(head), "%60[A-Za-z] %20s", column, end) != 2 || !str_equal(end, "OBJECT-TYPE"))
			continue;
		assert_non_null(access);
		if (strncmp(access, "MAX-ACCESS  read-create", 23) != 0)
			continue;
		key_of_column(column, key);
		for (size_t i = 0; i < section->n; i++)
			found = found ||
				(config_has_key(section, &section->keys[i]) && str_equal(section->keys[i].key, key));
		if (!found)
			fail_msg("column ras%s%s is no key of %s", prefix, column, section->name);
		assert_null(config_value(section, &none, key));
		columns++;
	}
	assert_true(columns >= 4);
}

static void test_columns(void **state)
{
	_cleanup_free_ char *mib = NULL;
	size_t size;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, MIB, 1u << 20, &mib, &size), 0);
	assert_non_null(mib);
	assert_non_null(row_subentries());
	check_columns(mib, "Entry", &config_row_section);
	check_columns(mib, "Subentry", row_subentries());
}

/* A number at the least and at the greatest that may stand there. */
static void try_number(const struct config_key *key)
{
	const uint32_t values[] = {key->min, key->max};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_entry_ struct ras_entry *e = new_row();

		memcpy((char *)e + key->offset, &values[i], sizeof(values[i]));
		round_trip(e);
	}
}

static void try_labels(const struct config_key *key)
{
	uint32_t all = 0;

	for (const struct ras_label *l = key->labels; l->name; l++) {
		_cleanup_entry_ struct ras_entry *e = new_row();
		uint32_t value = key->type == CONFIG_LABEL ? (uint32_t)l->value : 1u << l->value;

		all |= 1u << l->value;
		if (key->allowed != 0 && !(key->allowed & 1u << l->value))
			continue;
		memcpy((char *)e + key->offset, &value, sizeof(value));
		round_trip(e);
	}
	for (uint32_t mask = 0; key->type == CONFIG_LABELS && mask <= all; mask += all) {
		_cleanup_entry_ struct ras_entry *e = new_row();

		memcpy((char *)e + key->offset, &mask, sizeof(mask));
		round_trip(e);
		if (mask == all)
			break;
	}
}

static void try_text(const struct config_key *key, const char *filler)
{
	_cleanup_entry_ struct ras_entry *e = new_row();
	char *field = (char *)e + key->offset;

	memset(field, 0, key->size);
	for (size_t len = 0; len + strlen(filler) < key->size; len += strlen(filler))
		memcpy(field + len, filler, strlen(filler) + 1);
	round_trip(e);
}

static void test_limits(void **state)
{
	static const char *const fillers[] = {"x", " ", "\"", "\\", "\xc3\xa9", "\xe2\x80\xa8", "\xf0\x9f\x98\x80",
					      "''"};
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < config_row_section.n; i++) {
		const struct config_key *key = &config_row_section.keys[i];

		if (!config_has_key(&config_row_section, key))
			continue;
		tried++;
		if (key->type == CONFIG_NUMBER)
			try_number(key);
		else if (key->labels)
			try_labels(key);
		else if (key->type == CONFIG_TEXT)
			for (size_t f = 0; f < ARRAY_SIZE(fillers); f++)
				try_text(key, fillers[f]);
		else
			assert_true(key->type == CONFIG_BOOL || key->type == CONFIG_TIME || key->type == CONFIG_OWN);
	}
	assert_int_equal(tried, 25);
}

static void test_times(void **state)
{
	static const int64_t good[] = {
		1, 999, 1000, 951782400000, 951868799999, 1764000000123, 4294967295999, 2147483648000, 253402300799999};
	static const int64_t unknown[] = {0, -1, INT64_MIN, 253402300800000, INT64_MAX};
	_cleanup_entry_ struct ras_entry *e = new_row();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		e->last_change_ms = good[i];
		round_trip(e);
	}
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		_cleanup_free_ char *text = NULL;
		_cleanup_read_ struct read r;

		e->last_change_ms = unknown[i];
		text = write_row(e, NULL);
		assert_null(strstr(text, "last-change"));
		read_text(&r, text, strlen(text));
		assert_int_equal(r.result, 0);
		assert_int_equal(r.entry->last_change_ms, 0);
	}
}

static void test_time_texts(void **state)
{
	static const char *const bad[] = {
		"",
		"now",
		"2026-11-24",
		"2026-11-24T09:30:00Z",
		"2026-11-24T09:30:00.000",
		"2026-11-24T09:30:00.00Z",
		"2026-11-24T09:30:00.0000Z",
		"2026-11-24T09:30:00.000Zx",
		"2026-11-24T09:30:00.000+00:00",
		" 2026-11-24T09:30:00.000Z",
		"2026-11-24 09:30:00.000Z",
		"2026-1-24T09:30:00.000Z",
		"2026-02-30T09:30:00.000Z",
		"2025-02-29T09:30:00.000Z",
		"2026-00-24T09:30:00.000Z",
		"2026-13-24T09:30:00.000Z",
		"2026-11-24T24:00:00.000Z",
		"2026-11-24T09:60:00.000Z",
		"2026-11-24T09:30:60.000Z",
		"2026-11-24T09:30:00.-01Z",
		"1969-12-31T23:59:59.999Z",
		"1970-01-01T00:00:00.000Z",
		"-999-11-24T09:30:00.000Z",
		"12026-11-24T09:30:00.000Z",
	};
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (text_time_parse(bad[i], &ms))
			fail_msg("\"%s\" is taken for a time", bad[i]);
		assert_int_equal(ms, 42);
	}
	assert_true(text_time_parse("2024-02-29T23:59:59.999Z", &ms));
	assert_int_equal(ms, 1709251199999);
}

static void test_defaults_are_written(void **state)
{
	_cleanup_entry_ struct ras_entry *e = new_row();
	_cleanup_free_ char *text = write_row(e, NULL);

	(void)state;
	for (size_t i = 0; i < config_row_section.n; i++) {
		const struct config_key *key = &config_row_section.keys[i];
		char line[TEXT_LABEL_MAX];

		snprintf(line, sizeof(line), "\n%s:", key->key);
		if (!config_has_key(&config_row_section, key)) {
			if (str_equal(key->key, "storage-type") || str_equal(key->key, "subentries"))
				continue; /* another form of what a row has */
			assert_null(strstr(text, line));
		} else if (!(key->flags & CONFIG_MAY_LACK)) {
			assert_non_null(strstr(text, line));
		}
	}
	assert_null(strstr(text, "\nsecret:"));
}

/* ---- texts ---- */

static void test_nasty_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nasty); i++) {
		_cleanup_entry_ struct ras_entry *e = new_row();

		if (nasty[i][0])
			str_copy(e->name, nasty[i], sizeof(e->name));
		str_copy(e->descr, nasty[i], sizeof(e->descr));
		str_copy(e->device_name, nasty[i], sizeof(e->device_name));
		str_copy(e->destination, nasty[i], sizeof(e->destination));
		str_copy(e->user_name, nasty[i], sizeof(e->user_name));
		assert_int_equal(ras_entry_set_secret(e, nasty[i]), 0);
		e->n_subentries = 1;
		e->subentries = calloc(1, sizeof(*e->subentries));
		assert_non_null(e->subentries);
		e->subentries[0] = (struct ras_subentry){.index = 255,
							 .device_type = RAS_DEVICE_PPTP,
							 .row_status = RAS_ROW_ACTIVE};
		str_copy(e->subentries[0].device_name, nasty[i], RAS_DEVICE_NAME_MAX);
		str_copy(e->subentries[0].destination, nasty[i], RAS_TEXT_MAX);
		round_trip(e);
	}
}

/* Every character that a text may hold, as many in one text as there is room for. */
static void test_all_characters(void **state)
{
	_cleanup_entry_ struct ras_entry *e = new_row();
	size_t len = 0;

	(void)state;
	for (uint32_t code = 0x20; code <= 0x10ffff; code += code < 0x10000 ? 1 : 251) {
		char octets[4];
		size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
		static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

		if (utf8_is_control(code) || (code >= 0xd800 && code <= 0xdfff))
			continue;
		for (size_t i = n; i-- > 0;)
			octets[i] = (char)(0x80 | (code >> 6 * (n - 1 - i) & 0x3f));
		octets[0] = (char)(n == 1 ? code : lead[n] | code >> 6 * (n - 1));
		if (len + n >= sizeof(e->descr)) {
			round_trip(e);
			len = 0;
		}
		memcpy(e->descr + len, octets, n);
		e->descr[len += n] = '\0';
	}
	round_trip(e);
}

/* ---- secrets ---- */

static void try_secret(const char *secret)
{
	_cleanup_entry_ struct ras_entry *e = new_row(), *base = new_row();
	_cleanup_free_ char *text = NULL;
	_cleanup_read_ struct read r;

	assert_int_equal(ras_entry_set_secret(e, secret), 0);
	round_trip(e);
	e->storage_type = RAS_STORAGE_PERMANENT;
	text = write_row(e, base);
	read_text(&r, text, strlen(text));
	if (r.result < 0)
		fail_msg("%s", r.error);
	assert_string_equal(r.entry->secret, secret);
	assert_null(r.base->secret);
}

static void test_secrets(void **state)
{
	char secret[256] = "";

	(void)state;
	/* Each octet alone, amid others, and all of them. */
	for (unsigned octet = 0; octet < 256; octet++) {
		char alone[2] = {(char)octet}, amid[] = {'a', (char)octet, 'z', 0};

		if (!secret_octet(octet))
			continue;
		try_secret(alone);
		try_secret(amid);
		secret[strlen(secret)] = (char)octet;
	}
	assert_int_equal(strlen(secret), 253);
	try_secret(secret);
	for (unsigned octet = 0; octet < 256; octet++) {
		memset(secret, (int)octet, 255);
		if (secret_octet(octet))
			try_secret(secret);
	}
}

static void test_secret_forms(void **state)
{
	static const struct {
		const char *secret, *line;
	} forms[] = {
		{"p\xc3\xa4ss: #1", "\nsecret: \"p\xc3\xa4ss: #1\"\n"},
		{"tab\there", "\nsecret: \"tab\\there\"\n"},
		{"\x01", "\nsecret: \"\\x01\"\n"},
		{"\xff\x7f", "\nsecret: {hex: \"ff7f\"}\n"},
		{"\xc3", "\nsecret: {hex: \"c3\"}\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		_cleanup_entry_ struct ras_entry *e = new_row();
		_cleanup_free_ char *text = NULL;

		assert_int_equal(ras_entry_set_secret(e, forms[i].secret), 0);
		text = write_row(e, NULL);
		assert_non_null(strstr(text, forms[i].line));
	}
}

/* ---- subentries ---- */

static void test_full_of_subentries(void **state)
{
	static const char *const fillers[] = {"x", "\"", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(fillers); f++) {
		_cleanup_entry_ struct ras_entry *e = new_row();

		e->subentries = calloc(RAS_SUBENTRIES_MAX, sizeof(*e->subentries));
		assert_non_null(e->subentries);
		e->n_subentries = RAS_SUBENTRIES_MAX;
		for (uint32_t i = 0; i < RAS_SUBENTRIES_MAX; i++) {
			struct ras_subentry *s = &e->subentries[i];
			size_t n = strlen(fillers[f]);

			s->index = i + 1;
			s->device_type = 1 + i % RAS_DEVICE_EXEC;
			s->row_status = i % 2 ? RAS_ROW_ACTIVE : RAS_ROW_NOT_IN_SERVICE;
			for (size_t at = 0; at + n < sizeof(s->device_name); at += n)
				memcpy(s->device_name + at, fillers[f], n);
			for (size_t at = 0; at + n < sizeof(s->destination); at += n)
				memcpy(s->destination + at, fillers[f], n);
		}
		round_trip(e);
	}
}

/* ---- rows by chance ---- */

static void test_random_rows(void **state)
{
	(void)state;
	chance = 0x1234567;
	for (size_t i = 0; i < 3000; i++) {
		_cleanup_entry_ struct ras_entry *e = any_row();

		round_trip(e);
	}
}

/* ---- values set over SNMP for a permanent entry ---- */

/* What comes back of two entries that both rows_equal() must compare with. */
static struct ras_entry *only_changes(const struct ras_entry *e, const struct ras_entry *base,
				      const struct ras_entry *of)
{
	struct ras_entry *only = ras_entry_new();

	assert_non_null(only);
	only->index = e->index;
	str_copy(only->name, e->name, sizeof(only->name));
	only->origin = RAS_ORIGIN_FILE;
	only->storage_type = RAS_STORAGE_PERMANENT;
	only->last_change_ms = e->last_change_ms;
	if (!str_equal(e->user_name, base->user_name))
		str_copy(only->user_name, of->user_name, sizeof(only->user_name));
	if (!str_equal(e->secret ?: "", base->secret ?: ""))
		assert_int_equal(ras_entry_set_secret(only, of->secret), 0);
	if (e->notify_types != base->notify_types)
		only->notify_types = of->notify_types;
	return only;
}

static void round_trip_changes(const struct ras_entry *e, const struct ras_entry *base)
{
	_cleanup_entry_ struct ras_entry *set = only_changes(e, base, e), *said = only_changes(e, base, base);
	_cleanup_free_ char *text = write_row(e, base);
	_cleanup_read_ struct read r;

	read_text(&r, text, strlen(text));
	if (r.result < 0)
		fail_msg("%s\n%s", r.error, text);
	assert_non_null(r.base);
	if (!rows_equal(r.entry, set) || !rows_equal(r.base, said))
		fail_msg("other values came back:\n%s", text);
}

static struct ras_entry *new_permanent(void)
{
	struct ras_entry *e = new_row();

	e->origin = RAS_ORIGIN_FILE;
	e->storage_type = RAS_STORAGE_PERMANENT;
	e->last_change_ms = 1764000000123;
	str_copy(e->descr, "not written", sizeof(e->descr));
	str_copy(e->destination, "not written", sizeof(e->destination));
	e->up_script = strdup("/not/written");
	return e;
}

static void test_changes_text(void **state)
{
	_cleanup_entry_ struct ras_entry *e = new_permanent(), *base = new_permanent();
	_cleanup_free_ char *all = NULL, *none = NULL;

	(void)state;
	str_copy(e->user_name, "branch8", sizeof(e->user_name));
	str_copy(base->user_name, "branch7", sizeof(base->user_name));
	assert_int_equal(ras_entry_set_secret(base, "\xff"), 0);
	e->notify_types = 1u << RAS_NOTIFY_CONNECTED;
	base->notify_types = 0;
	all = write_row(e, base);
	assert_string_equal(
		all, "# What SNMP has set for an entry of the configuration file.\n"
		     "# Written by rasdial, with a sum at the end: a file that is changed by hand is set aside.\n"
		     "name: \"hq\"\n"
		     "index: 7\n"
		     "storage-type: permanent\n"
		     "last-change: 2025-11-24T16:00:00.123Z\n"
		     "user-name: \"branch8\"\n"
		     "secret: \"\"\n"
		     "notify-types: [connected]\n"
		     "file:\n"
		     "  user-name: \"branch7\"\n"
		     "  secret: {hex: \"ff\"}\n"
		     "  notify-types: []\n");
	none = write_row(base, base);
	assert_non_null(strstr(none, "\nlast-change: 2025-11-24T16:00:00.123Z\nfile: {}\n"));
}

static void test_changes(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 8; which++) {
		_cleanup_entry_ struct ras_entry *e = new_permanent(), *base = new_permanent();

		if (which & 1)
			str_copy(e->user_name, " # \"", sizeof(e->user_name));
		if (which & 2)
			e->notify_types = 0;
		assert_int_equal(ras_entry_set_secret(e, "same"), 0);
		assert_int_equal(ras_entry_set_secret(base, which & 4 ? "not the same" : "same"), 0);
		round_trip_changes(e, base);
		round_trip_changes(base, e);
		assert_int_equal(ras_entry_set_secret(e, NULL), 0);
		round_trip_changes(e, base);
		round_trip_changes(base, e);
	}
}

static void test_random_changes(void **state)
{
	(void)state;
	chance = 0x7654321;
	for (size_t i = 0; i < 1000; i++) {
		_cleanup_entry_ struct ras_entry *e = any_row(), *base = any_row();

		e->storage_type = base->storage_type = RAS_STORAGE_PERMANENT;
		str_copy(base->name, e->name, sizeof(base->name));
		base->index = e->index;
		if (below(3) == 0)
			base->notify_types = e->notify_types;
		if (below(3) == 0)
			str_copy(base->user_name, e->user_name, sizeof(base->user_name));
		round_trip_changes(e, base);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_time_texts),
		cmocka_unit_test(test_defaults_are_written),
		cmocka_unit_test(test_nasty_texts),
		cmocka_unit_test(test_all_characters),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_secret_forms),
		cmocka_unit_test(test_full_of_subentries),
		cmocka_unit_test(test_random_rows),
		cmocka_unit_test(test_changes_text),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_random_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
