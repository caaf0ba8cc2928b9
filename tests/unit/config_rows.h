/* SPDX-License-Identifier: BSD-2-Clause */
/* Stored rows in tests: written, read again, compared, and made by chance. */
#ifndef RASDIAL_TESTS_CONFIG_ROWS_H
#define RASDIAL_TESTS_CONFIG_ROWS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_row.h"
#include "config/config_section.h"
#include "sys/macro.h"

/* ---- writing and reading ---- */

static inline struct ras_entry *new_row(void)
{
	struct ras_entry *e = ras_entry_new();

	assert_non_null(e);
	e->index = 7;
	str_copy(e->name, "hq", sizeof(e->name));
	e->origin = RAS_ORIGIN_SNMP;
	return e;
}

static inline char *write_row(const struct ras_entry *e, const struct ras_entry *base)
{
	char *text = NULL;
	size_t size = 0;

	assert_int_equal(config_row_format.write(e, base, &text, &size), 0);
	assert_non_null(text);
	assert_int_equal(strlen(text), size);
	assert_int_equal(text[size - 1], '\n');
	assert_true(size <= CONFIG_ROW_MAX);
	return text;
}

struct read {
	int result;
	struct ras_entry *entry, *base;
	char error[RAS_ROW_ERROR_MAX];
};

static inline void read_done(struct read *r)
{
	ras_entry_unref(r->entry);
	ras_entry_unref(r->base);
}
#define _cleanup_read_ __attribute__((cleanup(read_done)))

/* Reads a copy of just this size, so that a sanitizer sees reading beyond it. */
static inline void read_text(struct read *ret, const char *text, size_t size)
{
	char *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	*ret = (struct read){0};
	ret->result = config_row_format.read("7.yaml", copy, size, &ret->entry, &ret->base, ret->error);
	free(copy);
	if (ret->result == 0) {
		assert_non_null(ret->entry);
		assert_string_equal(ret->error, "");
		return;
	}
	assert_int_equal(ret->result, -EBADMSG);
	assert_null(ret->entry);
	assert_null(ret->base);
	assert_memory_equal(ret->error, "7.yaml:", 7);
}

static inline bool rows_equal(const struct ras_entry *a, const struct ras_entry *b)
{
	return ras_entry_equal(a, b) && a->last_change_ms == b->last_change_ms;
}

static inline void round_trip(const struct ras_entry *e)
{
	_cleanup_free_ char *text = write_row(e, NULL);
	_cleanup_read_ struct read r;

	read_text(&r, text, strlen(text));
	if (r.result < 0)
		fail_msg("%s\n%s", r.error, text);
	assert_null(r.base);
	if (!rows_equal(e, r.entry))
		fail_msg("another row came back:\n%s", text);
}

/* ---- rows by chance ---- */

/* What YAML could take for something else. */
static const char *const nasty[] = {
	"true",
	"false",
	"True",
	"null",
	"~",
	"",
	" ",
	"  lead",
	"trail  ",
	"0",
	"007",
	"1e3",
	"0x1f",
	"+49",
	"-",
	"- a",
	"a: b",
	": ",
	":",
	"a:",
	"#",
	" # no comment",
	"a #b",
	"'",
	"''",
	"\"",
	"\"quoted\"",
	"\\",
	"\\n",
	"\\x41",
	"%TAG",
	"---",
	"...",
	"--- a",
	"!",
	"!!binary",
	"!!str x",
	"&a",
	"*a",
	"<<",
	"=",
	"?",
	"? a",
	"|",
	">",
	"@",
	"`",
	"{",
	"}",
	"{a: b}",
	"[",
	"]",
	"[a]",
	",",
	"a, b",
	"yes",
	"no",
	"on",
	".inf",
	".nan",
	"2026-11-24",
	"12:30:45",
	"\xc2\xa0",
	"\xc3\xa9t\xc3\xa9",
	"\xe2\x80\xa8",
	"\xe2\x80\xa9",
	"\xef\xbb\xbf",
	"\xef\xbf\xbe",
	"\xef\xbf\xbf",
	"\xef\xbf\xbd",
	"\xf0\x9f\x98\x80",
	"\xf4\x8f\xbf\xbf",
	"\xed\x9f\xbf",
	"\xee\x80\x80",
	"a\xe2\x80\xa8 b",
	"%",
	"%s%n",
	"$(reboot)",
	"row-status: active",
	"storage-type: permanent",
};

static inline const struct config_section *row_subentries(void)
{
	for (size_t i = 0; i < config_row_section.n; i++)
		if (config_has_key(&config_row_section, &config_row_section.keys[i]) &&
		    str_equal(config_row_section.keys[i].key, "subentries"))
			return config_row_section.keys[i].section;
	return NULL;
}

static inline bool secret_octet(unsigned octet)
{
	return octet != 0 && octet != '\n' && octet != '\r';
}

static uint64_t chance = 1; /* a test sets it to a number of its own, but never to 0 */

static inline uint32_t below(uint32_t bound)
{
	/* xorshift64*: the same rows in every run. */
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (uint32_t)((chance * 0x2545f4914f6cdd1du) >> 32) % MAX(bound, 1u);
}

static inline void any_text(char *ret, size_t size, size_t min)
{
	size_t length = min + below((uint32_t)(size - min)), len = 0;

	ret[0] = '\0';
	while (len < length) {
		const char *piece = nasty[below(ARRAY_SIZE(nasty))];
		size_t n = strlen(piece);

		if (n == 0 || len + n >= size) {
			piece = "x";
			n = 1;
		}
		memcpy(ret + len, piece, n + 1);
		len += n;
	}
}

static inline void any_secret(struct ras_entry *e)
{
	char secret[256] = "";
	uint32_t length = below(256), octets = below(2) ? 256 : 128;

	for (uint32_t i = 0; i < length; i++) {
		uint32_t octet = below(octets);

		secret[i] = (char)(secret_octet(octet) ? octet : 'x');
	}
	assert_int_equal(ras_entry_set_secret(e, secret), 0);
}

static inline void any_number(const struct config_key *key, char *object)
{
	uint32_t value = key->min + (below(4) ? below(key->max - key->min + 1) : 0);

	memcpy(object + key->offset, &value, sizeof(value));
}

static inline void any_label(const struct config_key *key, char *object)
{
	uint32_t n = 0, value = 0;

	while (key->labels[n].name)
		n++;
	do
		value = (uint32_t)key->labels[below(n)].value;
	while (key->allowed != 0 && !(key->allowed & 1u << value));
	if (key->type == CONFIG_LABELS)
		value = below(1u << n);
	memcpy(object + key->offset, &value, sizeof(value));
}

static inline void any_values(const struct config_section *section, void *object)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct config_key *key = &section->keys[i];
		bool flag = below(2);

		if (!config_has_key(section, key))
			continue;
		if (key->type == CONFIG_NUMBER)
			any_number(key, object);
		else if (key->labels)
			any_label(key, object);
		else if (key->type == CONFIG_TEXT)
			any_text((char *)object + key->offset, key->size, key->min);
		else if (key->type == CONFIG_BOOL)
			memcpy((char *)object + key->offset, &flag, sizeof(flag));
	}
}

static inline struct ras_entry *any_row(void)
{
	struct ras_entry *e = new_row();
	uint32_t n = below(4) ? 0 : below(20), index = 0;

	any_values(&config_row_section, e);
	any_secret(e);
	e->last_change_ms = (int64_t)below(UINT32_MAX) * below(59000);
	e->subentries = calloc(n + 1, sizeof(*e->subentries));
	assert_non_null(e->subentries);
	for (uint32_t i = 0; i < n; i++) {
		any_values(row_subentries(), &e->subentries[i]);
		e->subentries[i].index = index += 1 + below(12);
	}
	e->n_subentries = n;
	return e;
}

#endif
