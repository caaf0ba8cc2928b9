/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are huge, deep, or no configuration at all: refused, or read, in bounded time and memory. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "config/config_section.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RSS_MAX_KIB LONG_MAX /* sanitizers have a memory of their own */
#else
#define RSS_MAX_KIB (512l * 1024)
#endif

static int parse(const char *text, size_t size, struct config **ret, char error[CONFIG_ERROR_MAX])
{
	struct config_source source = {.name = "t.yaml", .text = text, .size = size, .mode = S_IFREG | 0600};

	return config_parse(&source, ret, error);
}

static void expect_error(const char *text, size_t size, const char *part)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	assert_int_equal(parse(text, size, &config, error), -EINVAL);
	if (!strstr(error, part))
		fail_msg("\"%s\" has no \"%s\"", error, part);
	assert_null(config);
}

/* ---- huge ---- */

/* head, then a pattern again and again until the file has the largest size there may be. */
static const struct {
	const char *head, *pattern;
	const char *error; /* a part of it; NULL: it is good */
} giants[] = {
	{"", " ", NULL},
	{"", "\n", NULL},
	{"", "#\n", NULL},
	{"", "[", ":1:17: nested deeper than 16 levels"},
	{"", "{", ":1:2: a key must be a word"},
	{"", "- ", ":1:33: nested deeper than 16 levels"},
	{"", "? ", ":1:3: a key must be a word"},
	{"", "-\n", ": more than 2097152 keys and values in one file"},
	{"a: [", "a,", ": more than 2097152 keys and values in one file"},
	{"a: [[[[[[[[[[[[[[", "[],", ": more than 2097152 keys and values in one file"},
	{"{", "\"a\":1,", ": more than 2097152 keys and values in one file"},
	{"entries:\n", "- {name: a} # and a comment\n",
	 ": entries: 599185 entries, but max-entries of section agent is 10000"},
	{"entries:\n", "- {name: a}\n", ": more than 2097152 keys and values in one file"},
	{"entries: [", "{},", ": more than 2097152 keys and values in one file"},
	{"a: [", ",", ":1:5: "},
	{"[", "\"a\" ", ":1:6: "},
	{"", ": ", ":1:1: did not find expected key"},
	{"", "a", ":1:1: this file must be a mapping"},
	{"", "a\n", ":1:1: this file must be a mapping"},
	{"\"", "a", ": found unexpected end of stream"},
	{"\"", "\\P", ": found unexpected end of stream"},
	{"agent:\n  name: |\n", "    b\n", ": name: 5592398 octets are given, at most 64 are possible"},
	{"agent:\n  name: ", "x", ": name: 16777201 octets are given, at most 64 are possible"},
	{"agent: ", "&a ", ": anchors (&) are not allowed"},
	{"agent: ", "!a ", ": a tag that does not fit here"},
	{"", "---\n", ":2:1: a second document begins here"},
	{"", "%A a\n", ":1:3: "},
	{"", "\x80", ":1:1: octet 0x80 is not UTF-8"},
	{"", "\0", ":1:1: control character 0x00"},
};

static void test_giants(void **state)
{
	char *text = malloc(CONFIG_FILE_MAX);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < ARRAY_SIZE(giants); i++) {
		size_t head = strlen(giants[i].head), unit = MAX(strlen(giants[i].pattern), 1u), size = head;

		memcpy(text, giants[i].head, head);
		for (; size + unit <= CONFIG_FILE_MAX; size += unit)
			memcpy(text + size, giants[i].pattern, unit);
		if (giants[i].error) {
			expect_error(text, size, giants[i].error);
		} else {
			char error[CONFIG_ERROR_MAX] = "";
			struct config *config = NULL;

			assert_int_equal(parse(text, size, &config, error), 0);
			config_free(config);
		}
	}
	free(text);
}

static void test_one_octet_more(void **state)
{
	char *text = malloc(CONFIG_FILE_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '#', CONFIG_FILE_MAX + 1);
	expect_error(text, CONFIG_FILE_MAX + 1, "t.yaml: larger than 16777216 octets");
	free(text);
}

/* Runs after the others. */
static void test_memory(void **state)
{
	struct rusage usage;

	(void)state;
	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	assert_true(usage.ru_maxrss <= RSS_MAX_KIB);
}

/* ---- deep ---- */

static void test_depth(void **state)
{
	(void)state;
	/* The mapping of the file is the first level. */
	for (int depth = 1; depth <= 40; depth++) {
		char text[128] = "a: ", expected[64];

		memset(text + 3, '[', (size_t)depth);
		memset(text + 3 + depth, ']', (size_t)depth);
		if (depth + 1 > CONFIG_DEPTH_MAX) {
			snprintf(expected, sizeof(expected), "t.yaml:1:%d: nested deeper than 16 levels",
				 CONFIG_DEPTH_MAX + 3);
			expect_error(text, strlen(text), expected);
		} else {
			expect_error(text, strlen(text), "unknown key \"a\"");
		}
	}
}

static void test_deep_blocks(void **state)
{
	char *text = malloc(200000);
	size_t len = 0;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 300; i++)
		len += (size_t)sprintf(text + len, "%*sa:\n", i, "");
	expect_error(text, len, "t.yaml:17:17: nested deeper than 16 levels");
	free(text);
}

/* ---- many ---- */

#define MANY 10000

/* MANY entries with names n1, n2... and falling indices; the last line is another one if it is given. */
static char *many_entries(const char *last)
{
	const size_t room = MANY * 64 + 64;
	char *text = malloc(room);
	size_t len;

	assert_non_null(text);
	len = (size_t)snprintf(text, room, "entries:\n");
	for (unsigned i = 1; i < MANY + !last; i++)
		len += (size_t)snprintf(text + len, room - len, "- {name: n%u, index: %u, device-type: loopback}\n", i,
					MANY + 1 - i);
	if (last)
		snprintf(text + len, room - len, "%s\n", last);
	return text;
}

static void test_many_entries(void **state)
{
	_cleanup_config_ struct config *config = NULL;
	char error[CONFIG_ERROR_MAX] = "";
	char name[16];
	_cleanup_free_ char *text = many_entries(NULL);

	(void)state;
	assert_int_equal(parse(text, strlen(text), &config, error), 0);
	assert_int_equal(config->n_entries, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u", i + 1);
		assert_string_equal(config->entries[i]->name, name);
		assert_int_equal(config->entries[i]->index, MANY - i);
	}
}

static void test_many_with_a_duplicate(void **state)
{
	_cleanup_free_ char *text = many_entries("- {name: N1}");

	(void)state;
	expect_error(text, strlen(text),
		     "t.yaml:10001:3: a second entry with the name \"N1\" (the first is in line 2)");
}

static void test_many_with_an_index_twice(void **state)
{
	_cleanup_free_ char *text = many_entries("- {name: x, index: 10000}");

	(void)state;
	expect_error(text, strlen(text),
		     "t.yaml:10001:3: entry \"x\" has index 10000, which \"n1\" in line 2 has already");
}

/* ---- junk ---- */

/* A generator that is the same everywhere, so that what fails once fails again. */
static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

static void try_any(const char *text, size_t size)
{
	char error[CONFIG_ERROR_MAX] = "", *copy = malloc(size + 1);
	struct config *config = NULL;
	int r;

	/* Just this size, so that a sanitizer sees reading beyond it. */
	assert_non_null(copy);
	memcpy(copy, text, size);
	r = parse(copy, size, &config, error);
	free(copy);
	if (r == 0) {
		assert_non_null(config);
	} else {
		assert_int_equal(r, -EINVAL);
		assert_null(config);
		assert_int_equal(strncmp(error, "t.yaml:", 7), 0);
		for (const char *p = error; *p; p++)
			assert_false((unsigned char)*p < 0x20);
	}
	config_free(config);
}

static void test_binary_junk(void **state)
{
	uint64_t seed = 1;
	char text[512] = {0};

	(void)state;
	for (int turn = 0; turn < 2000; turn++) {
		size_t size = next_random(&seed) % sizeof(text);

		for (size_t i = 0; i < size; i++)
			text[i] = (char)next_random(&seed);
		try_any(text, size);
	}
}

/* Pieces that mean something to YAML or to us, in any order. */
static void test_meaningful_junk(void **state)
{
	static const char *const pieces[] = {
		"agent:",
		"entries:",
		"defaults:",
		"- ",
		"name: ",
		"a",
		"\n",
		"\n  ",
		"\n    ",
		"{",
		"}",
		"[",
		"]",
		", ",
		": ",
		"? ",
		"&a ",
		"*a",
		"!!str ",
		"!x ",
		"|\n",
		">-\n",
		"\"",
		"'",
		"#",
		"---\n",
		"...\n",
		"%YAML 1.2",
		"\t",
		"<<: ",
		"~",
		"null",
		"true",
		"1",
		"-1",
		"\\x00",
		"\xc3\xa4",
		"\xff",
		"routes: ",
		"10.0.0.0/8",
		"options: ",
		"ipv6",
		"secret: ",
		"environment: ",
		"subentries: ",
	};
	uint64_t seed = 2;
	char text[2048] = {0};

	(void)state;
	for (int turn = 0; turn < 20000; turn++) {
		size_t len = 0;

		for (uint32_t n = next_random(&seed) % 40; n > 0; n--)
			len += (size_t)sprintf(text + len, "%s", pieces[next_random(&seed) % ARRAY_SIZE(pieces)]);
		try_any(text, len);
	}
}

/* A good file with one octet changed, everywhere. */
static void test_one_wrong_octet(void **state)
{
	static const char good[] = "agent: {name: x, log: {level: info}}\n"
				   "defaults: {redial-max: 3}\n"
				   "entries:\n"
				   "  - name: a\n"
				   "    secret: \"s\\x41\"\n"
				   "    routes: [10.0.0.0/8]\n"
				   "    environment: {A: b}\n"
				   "    subentries:\n"
				   "      - destination: '1'\n";
	char text[sizeof(good)];

	(void)state;
	memcpy(text, good, sizeof(good));
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (int octet = 0; octet < 256; octet++) {
			text[i] = (char)octet;
			try_any(text, sizeof(good) - 1);
		}
		text[i] = good[i];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_giants),
		cmocka_unit_test(test_one_octet_more),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_deep_blocks),
		cmocka_unit_test(test_many_entries),
		cmocka_unit_test(test_many_with_a_duplicate),
		cmocka_unit_test(test_many_with_an_index_twice),
		cmocka_unit_test(test_binary_junk),
		cmocka_unit_test(test_meaningful_junk),
		cmocka_unit_test(test_one_wrong_octet),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
