/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of rasConnTable as one would serve them with the helpers that come with net-snmp, to compare with. Three
 * variables of the environment say what is served:
 *
 *     STOCK_HELPER   table_tdata, table_dataset or table_iterator
 *     STOCK_ROWS     number of rows, from 1 on
 *     STOCK_VALUES   file with the values of every row: a line with type and octets, all in hexadecimal digits, for
 *                    each column from 1 on; integers are eight octets, lowest first */
#ifndef RASDIAL_BENCH_STOCK_H
#define RASDIAL_BENCH_STOCK_H

#include <stddef.h>
#include <stdint.h>

#define STOCK_NAME "stock"
#define STOCK_COLUMNS_MAX 64

struct stock_value {
	uint8_t type;
	size_t size;
	union {
		long number;
		uint8_t octets[256];
	};
};

struct stock_row {
	uint32_t index;
	const struct stock_value *values; /* the same for all */
};

struct stock {
	uint32_t n_columns;
	uint32_t n_rows;
	struct stock_value values[STOCK_COLUMNS_MAX];
	struct stock_row *rows;
};

/* Reads what the environment says. Returns 0, or negative errno. */
int stock_read(struct stock *stock);

/* Registers the table. dlmod calls it when it loads stock.so, and the other when it unloads it. */
__attribute__((visibility("default"))) void init_stock(void);
__attribute__((visibility("default"))) void deinit_stock(void);

#endif
