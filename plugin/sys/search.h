/* SPDX-License-Identifier: BSD-2-Clause */
/* Search in what is sorted. */
#ifndef RASDIAL_SYS_SEARCH_H
#define RASDIAL_SYS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

/* Position of the first of n that is not before what is sought; n if all are. The place that is hinted at (any number)
 * and the one behind are looked at first: who goes through in order, hinting at where he was, never searches. */
static inline size_t search_sorted(size_t n, size_t hint, bool (*before)(size_t at, const void *sought),
				   const void *sought)
{
	size_t low = 0, high = n;

	if (hint < n && before(hint, sought)) {
		low = hint + 1;
		if (low == n || !before(low, sought))
			return low;
	} else if (hint < n) {
		high = hint;
		if (high == 0 || before(high - 1, sought))
			return high;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (before(middle, sought))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
