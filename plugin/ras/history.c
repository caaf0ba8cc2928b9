/* SPDX-License-Identifier: BSD-2-Clause */
/* Ended calls and failed attempts: a ring of rows in ascending order of index. Rows never change. */
#include <errno.h>

#include "ras/engine.h"
#include "sys/search.h"

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

struct sought_row {
	const struct ras_history *history;
	uint32_t index;
};

static bool row_before(size_t at, const void *sought)
{
	const struct sought_row *row = sought;

	return history_at(row->history, at)->index < row->index;
}

/* The first row whose index is >= index; NULL if there is none. */
static const struct ras_history_row *next_row(const struct ras_history *h, uint32_t index)
{
	/* As a rule no number is missing. */
	size_t hint = h->n > 0 ? index - history_at(h, 0)->index : 0;
	size_t at = search_sorted(h->n, hint, row_before, &(struct sought_row){h, index});

	return at < h->n ? history_at(h, at) : NULL;
}

int ras_history_next(const struct ras *ras, uint32_t index, struct ras_history_row *ret)
{
	struct ras *r = (struct ras *)(uintptr_t)ras;
	const struct ras_history_row *row;
	WITH_LOCK(&r->lock);

	row = next_row(&r->history, index);
	if (!row)
		return -ENOENT;
	*ret = *row;
	return 0;
}

uint32_t ras_history_next_index(const struct ras *ras, uint32_t index)
{
	struct ras *r = (struct ras *)(uintptr_t)ras;
	const struct ras_history_row *row;
	WITH_LOCK(&r->lock);

	row = next_row(&r->history, index);
	return row ? row->index : 0;
}
