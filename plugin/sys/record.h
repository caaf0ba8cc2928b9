/* SPDX-License-Identifier: BSD-2-Clause */
/* A record is one line of text that a person can read and a crash cannot fake: key=value pairs, strings in double
 * quotes, a checksum (CRC-32 of the line before it) at the end:
 *
 *     conn name="hq" index=1 attempts=7 text="The line is busy" sum=9a0b13fe
 *
 * The first word is the kind. Keys are words of [a-z0-9-]. Strings escape " and \ with \, and every octet below 0x20
 * or 0x7f as \xNN; other octets stand as they are. The journal in the state directory is made of records, and so is
 * every file in the run directory. */
#ifndef RASDIAL_SYS_RECORD_H
#define RASDIAL_SYS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX 8192 /* octets of a line, newline included */
#define RECORD_FIELDS 160

/* Writing: begin, put..., end. A record that does not fit is an error of end, not of each put. */
struct record_writer {
	char text[RECORD_MAX];
	size_t len;
	size_t n; /* fields */
	bool overflow;
};

void record_begin(struct record_writer *w, const char *kind);
void record_put_u64(struct record_writer *w, const char *key, uint64_t value);
void record_put_i64(struct record_writer *w, const char *key, int64_t value);
void record_put_str(struct record_writer *w, const char *key, const char *value);

/* Adds checksum and newline; text[0..len) is the line. Returns 0 or -EMSGSIZE. */
int record_end(struct record_writer *w);

/* Reading: the line is taken apart in place; the record points into it. */
struct record {
	const char *kind;
	size_t n;
	struct {
		const char *key;
		const char *value;
	} field[RECORD_FIELDS];
};

/* line is NUL-ended, without newline, and is changed. Returns 0, or -EBADMSG if it is damaged in any way (bad or
 * missing checksum included). */
int record_parse(char *line, struct record *ret);

/* CRC-32 (IEEE 802.3), the checksum of records. */
uint32_t record_sum(const char *text, size_t size);

/* Value of a key. The getters return 0, -ENOENT if there is no such key, -EBADMSG if it is no number or out of range;
 * the output is untouched on failure, so that a default can be put there first. */
int record_get_u64(const struct record *r, const char *key, uint64_t *ret);
int record_get_u32(const struct record *r, const char *key, uint32_t *ret);
int record_get_i64(const struct record *r, const char *key, int64_t *ret);
int record_get_i32(const struct record *r, const char *key, int32_t *ret);
const char *record_get_str(const struct record *r, const char *key); /* NULL if there is none */

#endif
