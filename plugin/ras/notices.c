/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications owed, on their way to whoever sends them. Every one that is posted is counted exactly once in the end:
 * owed = sent + suppressed + pending + dropped, at any moment. */

#include "ras/engine.h"
#include "sys/clock.h"

struct notice_item {
	struct notice_item *older, *newer;
	struct ras_conn *conn;
	struct notice_slot *slot; /* in conn */
	struct ras_notice notice;
};

void notices_init(struct ras *ras)
{
	pthread_mutex_init(&ras->notices.lock, NULL);
	ras->notices.limit = ras->notify_queue;
}

static struct notice_item *unlink_item(struct ras_notices *n, struct notice_item *item)
{
	*(item->older ? &item->older->newer : &n->oldest) = item->newer;
	*(item->newer ? &item->newer->older : &n->newest) = item->older;
	n->pending--;
	if (item->slot->waiting == item)
		item->slot->waiting = NULL;
	item->conn = conn_unref(item->conn);
	return item;
}

static void append_item(struct ras_notices *n, struct notice_item *item)
{
	item->older = n->newest;
	item->newer = NULL;
	*(n->newest ? &n->newest->newer : &n->oldest) = item;
	n->newest = item;
	n->pending++;
	item->slot->waiting = item;
}

void notices_clear(struct ras *ras)
{
	while (ras->notices.oldest)
		free(unlink_item(&ras->notices, ras->notices.oldest));
}

static bool too_soon(const struct ras *ras, const struct notice_slot *slot, enum ras_notify_type type, int64_t now)
{
	int64_t interval = (int64_t)atomic_load(&ras->setting[RAS_SETTING_NOTIFY_MIN_INTERVAL]) * 1000;

	return type != RAS_NOTIFY_REDIAL_EXHAUSTED && slot->time > 0 && now - slot->time < interval;
}

/* A place for a new notice: that of an older one of the same kind while nothing can be sent, new memory, or that of the
 * oldest one when too many wait. NULL: it is too soon, or there is no memory; counted. */
static struct notice_item *find_place(struct ras *ras, const struct notice_slot *slot, enum ras_notify_type type,
				      int64_t now)
{
	struct ras_notices *n = &ras->notices;
	struct notice_item *item = slot->waiting;

	if (item && !n->connected) {
		n->suppressed++;
		return unlink_item(n, item);
	}
	if (too_soon(ras, slot, type, now)) {
		n->suppressed++;
		return NULL;
	}
	if (n->pending >= n->limit && n->oldest) {
		n->dropped++;
		return unlink_item(n, n->oldest);
	}
	item = n->limit > 0 ? malloc(sizeof(*item)) : NULL;
	if (!item)
		n->dropped++;
	return item;
}

void notices_post(struct ras *ras, struct ras_conn *conn, struct notice_slot *slot, const struct ras_notice *notice)
{
	struct ras_notices *n = &ras->notices;
	int64_t now = clock_mono_ms();
	struct notice_item *item;

	pthread_mutex_lock(&n->lock);
	item = find_place(ras, slot, notice->type, now);
	if (item) {
		item->conn = conn_ref(conn);
		item->slot = slot;
		item->notice = *notice;
		append_item(n, item);
		slot->time = now;
	}
	pthread_mutex_unlock(&n->lock);
	if (item)
		fd_event_post(ras->wake_fd);
}

void ras_notices_connected(struct ras *ras, bool connected)
{
	pthread_mutex_lock(&ras->notices.lock);
	ras->notices.connected = connected;
	pthread_mutex_unlock(&ras->notices.lock);
	if (connected)
		fd_event_post(ras->wake_fd);
}

bool ras_notices_take(struct ras *ras, struct ras_notice *ret)
{
	struct ras_notices *n = &ras->notices;
	struct notice_item *item = NULL;

	pthread_mutex_lock(&n->lock);
	if (n->connected && n->oldest) {
		item = unlink_item(n, n->oldest);
		n->sent++;
	}
	pthread_mutex_unlock(&n->lock);
	if (!item)
		return false;
	*ret = item->notice;
	free(item);
	return true;
}
