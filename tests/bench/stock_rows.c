/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stock.h"

#define ROWS_MAX 1000000

static int octets_parse(const char *digits, struct stock_value *value)
{
	size_t size = strspn(digits, "0123456789abcdef") / 2;

	if (size > sizeof(value->octets))
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		const char pair[] = {digits[2 * i], digits[2 * i + 1], '\0'};

		value->octets[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	value->size = size;
	return 0;
}

static int values_read(const char *path, struct stock *stock)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	char line[600], digits[513];
	unsigned int type;
	int r = 0;

	if (!file)
		return -ENOENT;
	while (r == 0 && fgets(line, sizeof(line), file)) {
		digits[0] = '\0';
		if (stock->n_columns == STOCK_COLUMNS_MAX || sscanf(line, "%2x %512[0-9a-f]", &type, digits) < 1) {
			r = -EINVAL;
		} else {
			stock->values[stock->n_columns].type = (uint8_t)type;
			r = octets_parse(digits, &stock->values[stock->n_columns++]);
		}
	}
	fclose(file);
	return r == 0 && !stock->n_columns ? -EINVAL : r;
}

int stock_read(struct stock *stock)
{
	const char *rows = getenv("STOCK_ROWS");
	unsigned long n = rows ? strtoul(rows, NULL, 10) : 0;
	int r;

	if (n == 0 || n > ROWS_MAX)
		return -EINVAL;
	r = values_read(getenv("STOCK_VALUES"), stock);
	if (r < 0)
		return r;
	stock->rows = calloc(n, sizeof(*stock->rows));
	if (!stock->rows)
		return -ENOMEM;
	stock->n_rows = (uint32_t)n;
	for (uint32_t i = 0; i < stock->n_rows; i++)
		stock->rows[i] = (struct stock_row){.index = i + 1, .values = stock->values};
	return 0;
}
