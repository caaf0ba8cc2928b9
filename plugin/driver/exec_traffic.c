/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic of a link that a helper made: what it says itself (STATS), or else what the kernel counts at the interface.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "driver/exec.h"
#include "sys/file.h"

#define KIND "exec"
#define KEY_IN "in"
#define KEY_OUT "out"

/* Both structures have the same six counters. */
static const struct {
	const char *key; /* in the record: what was counted before this call */
	size_t counter, traffic;
} counters[] = {
#define COUNTER(name, field)                                                                                           \
	{                                                                                                              \
		name, offsetof(struct netlink_stats, field), offsetof(struct ras_traffic, field)                       \
	}
	COUNTER("d-in-octets", in_octets),     COUNTER("d-out-octets", out_octets), COUNTER("d-in-packets", in_packets),
	COUNTER("d-out-packets", out_packets), COUNTER("d-in-errors", in_errors),   COUNTER("d-out-errors", out_errors),
#undef COUNTER
};

static uint64_t *counter_of(void *object, size_t offset)
{
	return (uint64_t *)(void *)((char *)object + offset);
}

void exec_traffic_begin(struct ras_call *call, struct exec_link *link)
{
	if (link->ifindex == 0)
		return;
	/* An interface may be older than the link: that of a modem, for one. */
	netlink_stats(link->ifindex, &link->base);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		ras_call_note_u64(call, counters[i].key, *counter_of(&link->base, counters[i].counter));
}

void exec_traffic_adopt(struct ras_call *call, struct exec_link *link, const struct record *record)
{
	_cleanup_free_ char *text = NULL;
	char file[EXEC_FILE_MAX];
	struct record r;
	size_t size;

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		record_get_u64(record, counters[i].key, counter_of(&link->base, counters[i].counter));
	exec_file(call, EXEC_STATS_FILE, file);
	if (file_read(ras_call_rundir(call), file, RECORD_MAX, &text, &size) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (record_parse(text, &r) < 0 || !str_equal(r.kind, KIND) ||
	    record_get_u64(&r, KEY_IN, &link->in_octets) < 0 || record_get_u64(&r, KEY_OUT, &link->out_octets) < 0)
		return;
	link->has_stats = link->stats_saved = true;
}

void exec_traffic_stats(struct exec_link *link, const struct exec_message *m)
{
	link->has_stats = true;
	link->stats_saved = false;
	link->in_octets = m->in_octets;
	link->out_octets = m->out_octets;
}

/* For an agent that starts after a crash, until the helper says more. */
static void save_stats(struct ras_call *call, struct exec_link *link)
{
	char file[EXEC_FILE_MAX];
	struct record_writer w;

	record_begin(&w, KIND);
	record_put_u64(&w, KEY_IN, link->in_octets);
	record_put_u64(&w, KEY_OUT, link->out_octets);
	exec_file(call, EXEC_STATS_FILE, file);
	if (record_end(&w) == 0 && file_replace(ras_call_rundir(call), file, w.text, w.len, false) == 0)
		link->stats_saved = true;
}

static int count(const struct exec_link *link, struct ras_traffic *ret)
{
	struct netlink_stats now, base = link->base;
	int r;

	if (link->has_stats) {
		*ret = (struct ras_traffic){.in_octets = link->in_octets, .out_octets = link->out_octets};
		return 0;
	}
	r = netlink_stats(link->ifindex, &now);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		uint64_t sum = *counter_of(&now, counters[i].counter);
		uint64_t before = *counter_of(&base, counters[i].counter);

		*counter_of(ret, counters[i].traffic) = sum > before ? sum - before : 0;
	}
	return 0;
}

/* Never less than was told before, whatever a helper says. */
int exec_traffic(struct ras_call *call, struct ras_traffic *ret)
{
	struct exec_link *link = ras_call_data(call);
	struct ras_traffic now;
	int r;

	if (!link || (!link->has_stats && link->ifindex == 0))
		return -ENODATA;
	r = count(link, &now);
	if (r < 0)
		return r;
	if (link->has_stats && !link->stats_saved)
		save_stats(call, link);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		uint64_t *told = counter_of(&link->told, counters[i].traffic);

		*told = MAX(*told, *counter_of(&now, counters[i].traffic));
	}
	*ret = link->told;
	return 0;
}
