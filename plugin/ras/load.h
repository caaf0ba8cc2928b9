/* SPDX-License-Identifier: BSD-2-Clause */
/* Load of a bundle over a time: pure arithmetic, no clock, no lock. */
#ifndef RASDIAL_RAS_LOAD_H
#define RASDIAL_RAS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/driver.h"

#define LOAD_PARTS 8 /* a mark is kept for each part of the time, and one before it */

/* Looks back over a time that moves along. {0} is one that has seen nothing. */
struct load_meter {
	struct {
		int64_t at;
		uint64_t in, out;
	} mark[LOAD_PARTS + 2];
	size_t n;
};

/* What the bundle keeps of it. */
struct bundle_load {
	struct load_meter add, drop;
	uint64_t capacity; /* bit/s of the links that are up, when the meters began */
	size_t up;
	bool told; /* that no speed is known */
};

/* Takes a reading and gives the load over the last span_ms, in bit/s of the direction that has more. Returns false
 * while there are no readings of that age. */
bool load_take(struct load_meter *meter, int64_t span_ms, int64_t now, const struct ras_traffic *traffic,
	       uint64_t *ret);

#endif
