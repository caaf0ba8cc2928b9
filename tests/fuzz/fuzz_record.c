/* SPDX-License-Identifier: BSD-2-Clause */
/* record_parse() on any octets, as they are and behind a right checksum. What is taken for a record is read, and
 * written again it must come back the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t crc32(const char *data, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void read_all(const struct record *r)
{
	uint64_t u64;
	uint32_t u32;
	int64_t i64;
	int32_t i32;

	for (size_t i = 0; i < r->n; i++) {
		record_get_u64(r, r->field[i].key, &u64);
		record_get_u32(r, r->field[i].key, &u32);
		record_get_i64(r, r->field[i].key, &i64);
		record_get_i32(r, r->field[i].key, &i32);
		if (!record_get_str(r, r->field[i].key))
			abort();
	}
}

/* With every value written as a string, the record must come back as it was. */
static void round_trip(const struct record *r)
{
	static struct record_writer w;
	struct record again;

	record_begin(&w, r->kind);
	for (size_t i = 0; i < r->n; i++)
		record_put_str(&w, r->field[i].key, r->field[i].value);
	if (record_end(&w) < 0)
		return; /* quotes and escapes made it too long */
	w.text[w.len - 1] = '\0';
	if (record_parse(w.text, &again) < 0 || again.n != r->n || strcmp(again.kind, r->kind) != 0)
		abort();
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(again.field[i].key, r->field[i].key) != 0 ||
		    strcmp(again.field[i].value, r->field[i].value) != 0)
			abort();
}

static void try(char *line)
{
	struct record r;

	if (record_parse(line, &r) < 0)
		return;
	read_all(&r);
	round_trip(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + sizeof(" sum=00000000"));

	if (!line)
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	try(line);

	memcpy(line, data, size);
	line[size] = '\0';
	size = strlen(line);
	snprintf(line + size, sizeof(" sum=00000000"), " sum=%08x", crc32(line, size));
	try(line);

	free(line);
	return 0;
}
