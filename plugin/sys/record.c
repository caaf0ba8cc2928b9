/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/record.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "sys/macro.h"

#define SUM_LEN (sizeof(" sum=00000000") - 1)

/* CRC-32 of IEEE 802.3 (reflected, 0xedb88320), four bits at a time. */
uint32_t record_sum(const char *text, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned char)text[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool is_word(const char *s)
{
	if (!*s)
		return false;
	while (is_word_char(*s))
		s++;
	return !*s;
}

/* ---- writing ---- */

static void put(struct record_writer *w, const char *data, size_t size)
{
	/* Room for checksum and newline is kept, so that end cannot fail for want of it. */
	if (w->overflow || size > sizeof(w->text) - SUM_LEN - 1 - w->len) {
		w->overflow = true;
		return;
	}
	memcpy(w->text + w->len, data, size);
	w->len += size;
}

static void put_str(struct record_writer *w, const char *s)
{
	put(w, s, strlen(s));
}

static void put_key(struct record_writer *w, const char *key)
{
	assert(is_word(key));
	if (++w->n > RECORD_FIELDS)
		w->overflow = true;
	put_str(w, " ");
	put_str(w, key);
	put_str(w, "=");
}

void record_begin(struct record_writer *w, const char *kind)
{
	assert(is_word(kind));
	w->len = 0;
	w->n = 0;
	w->overflow = false;
	put_str(w, kind);
}

void record_put_u64(struct record_writer *w, const char *key, uint64_t value)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, value);
	put_key(w, key);
	put_str(w, number);
}

void record_put_i64(struct record_writer *w, const char *key, int64_t value)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRId64, value);
	put_key(w, key);
	put_str(w, number);
}

void record_put_str(struct record_writer *w, const char *key, const char *value)
{
	char escaped[5];

	put_key(w, key);
	put_str(w, "\"");
	for (; *value && !w->overflow; value++) {
		if (is_control((unsigned char)*value)) {
			snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)*value);
			put_str(w, escaped);
		} else {
			if (*value == '"' || *value == '\\')
				put_str(w, "\\");
			put(w, value, 1);
		}
	}
	put_str(w, "\"");
}

int record_end(struct record_writer *w)
{
	char sum[SUM_LEN + 2];

	if (w->overflow)
		return -EMSGSIZE;

	snprintf(sum, sizeof(sum), " sum=%08" PRIx32 "\n", record_sum(w->text, w->len));
	memcpy(w->text + w->len, sum, SUM_LEN + 1);
	w->len += SUM_LEN + 1;
	return 0;
}

/* ---- reading ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Checks the sum at the end of the line and cuts it off. */
static bool take_sum(char *line)
{
	size_t len = strnlen(line, RECORD_MAX);
	char expected[SUM_LEN + 1];

	if (len >= RECORD_MAX || len < SUM_LEN)
		return false;
	len -= SUM_LEN;
	snprintf(expected, sizeof(expected), " sum=%08" PRIx32, record_sum(line, len));
	if (!str_equal(line + len, expected))
		return false;
	line[len] = '\0';
	return true;
}

/* Reads a word at *p and leaves *p behind it. Returns the word, which the caller ends, or NULL. */
static char *take_word(char **p)
{
	char *word = *p;

	while (is_word_char(**p))
		++*p;
	return *p == word ? NULL : word;
}

/* Reads a string behind its opening quote, unescapes it in place, and leaves *p behind the closing one. */
static char *take_string(char **p)
{
	char *start = *p, *in = start, *out = start;
	int high, low;

	for (; *in != '"'; out++) {
		if (is_control((unsigned char)*in))
			return NULL;
		if (*in != '\\') {
			*out = *in++;
		} else if (in[1] == '"' || in[1] == '\\') {
			*out = in[1];
			in += 2;
		} else if (in[1] == 'x') {
			high = hex_digit(in[2]);
			low = high < 0 ? -1 : hex_digit(in[3]);
			if (low < 0 || high + low == 0)
				return NULL;
			*out = (char)(high << 4 | low);
			in += 4;
		} else {
			return NULL;
		}
	}
	*p = in + 1;
	*out = '\0';
	return start;
}

static char *take_number(char **p)
{
	char *start = *p;

	if (**p == '-')
		++*p;
	if (!(**p >= '0' && **p <= '9'))
		return NULL;
	while (**p >= '0' && **p <= '9')
		++*p;
	return start;
}

int record_parse(char *line, struct record *ret)
{
	struct record r = {};
	char *p = line, *key, *value;

	if (!take_sum(line))
		return -EBADMSG;

	r.kind = take_word(&p);
	if (!r.kind)
		return -EBADMSG;

	while (*p) {
		if (*p != ' ' || r.n == RECORD_FIELDS)
			return -EBADMSG;
		*p++ = '\0';

		key = take_word(&p);
		if (!key || *p != '=')
			return -EBADMSG;
		*p++ = '\0';

		if (*p == '"') {
			p++;
			value = take_string(&p);
		} else {
			value = take_number(&p);
		}
		if (!value)
			return -EBADMSG;
		r.field[r.n].key = key;
		r.field[r.n].value = value;
		r.n++;
	}

	*ret = r;
	return 0;
}

const char *record_get_str(const struct record *r, const char *key)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_equal(r->field[i].key, key))
			return r->field[i].value;
	return NULL;
}

int record_get_u64(const struct record *r, const char *key, uint64_t *ret)
{
	const char *s = record_get_str(r, key);
	uintmax_t value;
	char *end;

	if (!s)
		return -ENOENT;
	if (!(*s >= '0' && *s <= '9')) /* strtoull() takes signs and spaces */
		return -EBADMSG;
	errno = 0;
	value = strtoumax(s, &end, 10);
	if (errno || *end)
		return -EBADMSG;
	*ret = value;
	return 0;
}

int record_get_i64(const struct record *r, const char *key, int64_t *ret)
{
	const char *s = record_get_str(r, key);
	const char *digits;
	intmax_t value;
	char *end;

	if (!s)
		return -ENOENT;
	digits = *s == '-' ? s + 1 : s;
	if (!(*digits >= '0' && *digits <= '9'))
		return -EBADMSG;
	errno = 0;
	value = strtoimax(s, &end, 10);
	if (errno || *end)
		return -EBADMSG;
	*ret = value;
	return 0;
}

int record_get_u32(const struct record *r, const char *key, uint32_t *ret)
{
	uint64_t value = 0;
	int e = record_get_u64(r, key, &value);

	if (e < 0)
		return e;
	if (value > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)value;
	return 0;
}

int record_get_i32(const struct record *r, const char *key, int32_t *ret)
{
	int64_t value = 0;
	int e = record_get_i64(r, key, &value);

	if (e < 0)
		return e;
	if (value < INT32_MIN || value > INT32_MAX)
		return -EBADMSG;
	*ret = (int32_t)value;
	return 0;
}
