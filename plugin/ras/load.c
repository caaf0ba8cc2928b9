/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/load.h"

#include <string.h>

static void put_mark(struct load_meter *m, int64_t now, const struct ras_traffic *t)
{
	m->mark[m->n].at = now;
	m->mark[m->n].in = t->in_octets;
	m->mark[m->n].out = t->out_octets;
	m->n++;
}

/* The oldest mark is the latest of those that are old enough. */
static void drop_marks(struct load_meter *m, int64_t until)
{
	size_t n = 0;

	while (n + 1 < m->n && m->mark[n + 1].at <= until)
		n++;
	memmove(m->mark, m->mark + n, (m->n - n) * sizeof(m->mark[0]));
	m->n -= n;
}

bool load_take(struct load_meter *m, int64_t span_ms, int64_t now, const struct ras_traffic *t, uint64_t *ret)
{
	uint64_t in, out;

	drop_marks(m, now - span_ms);
	if (m->n == 0 || (m->n < ARRAY_SIZE(m->mark) && now - m->mark[m->n - 1].at >= span_ms / LOAD_PARTS))
		put_mark(m, now, t);
	if (now - m->mark[0].at < MAX(span_ms, (int64_t)1))
		return false;
	in = t->in_octets - m->mark[0].in;
	out = t->out_octets - m->mark[0].out;
	*ret = MAX(in, out) * 8000 / (uint64_t)(now - m->mark[0].at);
	return true;
}
