/* SPDX-License-Identifier: BSD-2-Clause */
/* Ended calls and failed attempts: a ring of rows in ascending order of index. Rows never change. */
#include <errno.h>

#include "ras/engine.h"

uint32_t history_index_after(uint32_t index)
{
	return index == UINT32_MAX ? 1 : index + 1;
}

const struct ras_history_row *history_at(const struct ras_history *h, size_t i)
{
	return h->rows[(h->head + i) % h->capacity];
}

static void drop_oldest(struct ras_history *h)
{
	free(h->rows[h->head]);
	h->head = (h->head + 1) % h->capacity;
	h->n--;
}

static int grow(struct ras_history *h)
{
	size_t capacity = h->capacity > 0 ? h->capacity * 2 : 64;
	struct ras_history_row **rows = calloc(capacity, sizeof(struct ras_history_row *));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < h->n; i++)
		rows[i] = h->rows[(h->head + i) % h->capacity];
	free(h->rows);
	h->rows = rows;
	h->capacity = capacity;
	h->head = 0;
	return 0;
}

uint32_t history_oldest_beside(const struct ras *ras, uint32_t index)
{
	const struct ras_history *h = &ras->history;
	size_t max = atomic_load(&ras->setting[RAS_SETTING_HIST_MAX_ENTRIES]);
	size_t goes = h->n >= max ? h->n + 1 - max : 0;

	return goes < h->n ? history_at(h, goes)->index : index;
}

void history_push(struct ras *ras, struct ras_history_row *row, uint32_t oldest)
{
	struct ras_history *h = &ras->history;
	uint32_t max = atomic_load(&ras->setting[RAS_SETTING_HIST_MAX_ENTRIES]);

	h->newest = row->index;
	while (h->n > 0 && (h->n >= max || history_at(h, 0)->index < oldest)) {
		drop_oldest(h);
		ras->totals.hist_evicted++;
	}
	if (max == 0 || (h->n == h->capacity && grow(h) < 0)) {
		free(row);
		return;
	}
	h->rows[(h->head + h->n++) % h->capacity] = row;
}

bool history_trim(struct ras *ras, int64_t now_real)
{
	struct ras_history *h = &ras->history;
	uint32_t max = atomic_load(&ras->setting[RAS_SETTING_HIST_MAX_ENTRIES]);
	int64_t retain = (int64_t)atomic_load(&ras->setting[RAS_SETTING_HIST_RETAIN_TIME]) * 60 * 1000;
	size_t before = h->n;

	while (h->n > max) {
		drop_oldest(h);
		ras->totals.hist_evicted++;
	}
	while (retain > 0 && h->n > 0 && now_real - history_at(h, 0)->end_time_ms >= retain)
		drop_oldest(h);
	return h->n < before;
}

void history_forget(struct ras_history *h, uint32_t before)
{
	while (h->n > 0 && history_at(h, 0)->index < before)
		drop_oldest(h);
}

void history_clear(struct ras_history *h)
{
	while (h->n > 0)
		drop_oldest(h);
	free(h->rows);
	*h = (struct ras_history){.newest = h->newest};
}

int ras_history_next(const struct ras *ras, uint32_t index, struct ras_history_row *ret)
{
	struct ras *r = (struct ras *)(uintptr_t)ras;
	const struct ras_history *h = &r->history;
	size_t low = 0, high;
	WITH_LOCK(&r->lock);

	high = h->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (history_at(h, middle)->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == h->n)
		return -ENOENT;
	*ret = *history_at(h, low);
	return 0;
}
