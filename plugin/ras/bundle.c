/* SPDX-License-Identifier: BSD-2-Clause */
/* The bundle, as a driver of its connection: starts the links, waits for what becomes of them, sums them up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ras/bundle_link.h"
#include "sys/clock.h"

/* Rows for the links there are now; one that was there before goes on with its counters. */
static int make_rows(struct bundle *b)
{
	struct ras_conn *conn = b->call->conn;
	struct ras_link *rows = calloc(b->n, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	WITH_LOCK(&conn->lock);

	for (size_t i = 0; i < b->n; i++) {
		const struct ras_link *before = bundle_row(conn, b->links[i].line.subentry);

		if (before)
			rows[i] = *before;
		else
			rows[i] = (struct ras_link){.subentry = b->links[i].line.subentry,
						    .last_error = RAS_ERROR_INIT};
		rows[i].status = RAS_STATUS_DOWN;
		rows[i].state = RAS_DISCONNECTED;
	}
	free(conn->links);
	conn->links = rows;
	conn->n_links = b->n;
	return 0;
}

/* ---- the bundle, as a driver of the connection ---- */

static void order_link(struct bundle_link *link, enum link_orders orders)
{
	atomic_store(&link->orders, orders);
	fd_event_post(link->line.wake_fd);
}

static void join_link(struct bundle_link *link)
{
	if (!link->running)
		return;
	pthread_join(link->thread, NULL);
	link->running = false;
	WITH_LOCK(&link->line.ras->lock);

	link->line.ras->totals.threads--;
}

static struct bundle *bundle_free(struct bundle *b)
{
	if (!b)
		return NULL;
	for (size_t i = 0; i < b->n; i++) {
		call_reset(&b->links[i].line);
		fd_close(b->links[i].line.wake_fd);
		ras_entry_unref(b->links[i].entry);
	}
	fd_close(b->event_fd);
	pthread_mutex_destroy(&b->lock);
	free(b);
	return NULL;
}

static bool add_link(struct bundle *b, const struct ras_subentry *subentry)
{
	struct bundle_link *link = &b->links[b->n];
	struct ras_call *call = b->call;

	link->entry = ras_entry_copy(call->entry);
	if (!link->entry)
		return false;
	if (subentry)
		ras_entry_put_link(link->entry, call->entry, subentry);
	link->bundle = b;
	link->line = (struct ras_call){.ras = call->ras,
				       .conn = call->conn,
				       .member = link,
				       .log_fd = -1,
				       .call_id = call->call_id,
				       .error = RAS_ERROR_INIT,
				       .subentry = subentry ? subentry->index : 0};
	link->line.wake_fd = fd_event();
	b->n++;
	return link->line.wake_fd >= 0;
}

static size_t count_active(const struct ras_entry *entry)
{
	size_t n = 0;

	for (size_t i = 0; i < entry->n_subentries; i++)
		n += entry->subentries[i].row_status == RAS_ROW_ACTIVE;
	return n;
}

/* All links of the entry, none of them begun. NULL: the call has failed. */
static struct bundle *bundle_make(struct ras_call *call)
{
	const struct ras_entry *entry = call->entry;
	struct bundle *b = calloc(1, sizeof(*b));
	bool good;

	if (!b) {
		ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
		return NULL;
	}
	if (count_active(entry) >= BUNDLE_LINKS_MAX) {
		ras_call_fail(call, 716, RAS_BACKEND_NONE, "A bundle has %d links at most, that of the entry included",
			      BUNDLE_LINKS_MAX);
		free(b);
		return NULL;
	}
	b->call = call;
	b->event_fd = fd_event();
	b->last = RAS_ERROR_INIT;
	pthread_mutex_init(&b->lock, NULL);
	good = b->event_fd >= 0 && add_link(b, NULL);
	for (size_t i = 0; good && i < entry->n_subentries; i++)
		if (entry->subentries[i].row_status == RAS_ROW_ACTIVE)
			good = add_link(b, &entry->subentries[i]);
	if (good && make_rows(b) == 0) {
		call->data = b;
		return b;
	}
	ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	return bundle_free(b);
}

static int start_link(struct bundle_link *link)
{
	struct ras *ras = link->line.ras;
	int r = thread_start(&link->thread, bundle_link_main, link);

	if (r < 0)
		return ras_call_fail(link->bundle->call, 664, RAS_BACKEND_NONE, "There is no thread for link %u",
				     link->line.subentry);
	link->running = true;
	WITH_LOCK(&ras->lock);

	ras->totals.threads++;
	return 0;
}

/* The fields by which a later agent finds the links that are up. bundle.lock held. */
static void note_links(struct bundle *b)
{
	struct ras_call *call = b->call;
	char key[32];

	call->notes_len = 0;
	ras_call_note_u64(call, BUNDLE_NOTE, b->n);
	for (size_t i = 0; i < b->n; i++) {
		const struct ras_call *line = &b->links[i].line;

		if (!b->links[i].up)
			continue;
		snprintf(key, sizeof(key), "d-%u-d-up", line->subentry);
		ras_call_note_u64(call, key, (uint64_t)line->up_mono);
		snprintf(key, sizeof(key), "d-%u-d-speed", line->subentry);
		ras_call_note_u64(call, key, line->speed);
		if (call->notes_len + line->notes_len > sizeof(call->notes))
			continue;
		memcpy(call->notes + call->notes_len, line->notes, line->notes_len);
		call->notes_len += line->notes_len;
	}
}

struct bundle_state {
	size_t up, open; /* links that are up; whose first attempt goes on */
	enum ras_state furthest;
	uint32_t speed;
	const struct ras_call *first;
};

/* What the links are at together, and the record of it. */
static struct bundle_state look(struct bundle *b)
{
	struct bundle_state s = {.furthest = RAS_OPEN_PORT};
	WITH_LOCK(&b->lock);

	for (size_t i = 0; i < b->n; i++) {
		const struct bundle_link *link = &b->links[i];

		s.open += link->running && !link->settled;
		if (!link->up)
			continue;
		s.first = s.first ? s.first : &link->line;
		s.up++;
		s.speed += link->line.speed;
	}
	pthread_mutex_lock(&b->call->conn->lock);
	for (size_t i = 0; i < b->call->conn->n_links; i++)
		if (b->call->conn->links[i].state < RAS_CONNECTED)
			s.furthest = MAX(s.furthest, b->call->conn->links[i].state);
	pthread_mutex_unlock(&b->call->conn->lock);
	if (s.first) {
		ras_call_set_interface(b->call, s.first->ifindex, s.first->ifname);
		ras_call_set_device(b->call, s.first->device_name);
		ras_call_set_addresses(b->call, s.first->addrs, s.first->n_addrs);
		ras_call_set_speed(b->call, s.speed);
	}
	note_links(b);
	return s;
}

static int fail_as(struct ras_call *call, const struct ras_error *e)
{
	return ras_call_fail(call, e->code, e->backend, "%s", e->text);
}

/* Waits for news of the links. Returns 0, or negative: the call must end. */
static int await_news(struct bundle *b)
{
	struct pollfd event = {.fd = b->event_fd, .events = POLLIN};
	int r = ras_call_wait(b->call, &event, 1, -1);

	if (r > 0)
		fd_event_drain(b->event_fd);
	return MIN(r, 0);
}

/* No link came up: the error is that of the entry's own. */
static int all_failed(struct bundle *b)
{
	struct ras_error error;

	pthread_mutex_lock(&b->call->conn->lock);
	error = b->call->conn->links[0].last_error;
	pthread_mutex_unlock(&b->call->conn->lock);
	return fail_as(b->call, &error);
}

/* Starts the links, and waits for the first one that is up, or for the last one to fail. */
static int come_up(struct bundle *b)
{
	struct ras_call *call = b->call;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->n; i++)
		r = start_link(&b->links[i]);
	while (r == 0) {
		struct bundle_state s = look(b);

		if (s.up > 0)
			return 0;
		if (s.open == 0)
			return all_failed(b);
		if (s.furthest > call->state)
			ras_call_enter(call, s.furthest);
		r = await_news(b);
	}
	return r;
}

static int bundle_dial(struct ras_call *call)
{
	struct bundle *b = bundle_make(call);

	return b ? come_up(b) : -EIO;
}

static int bundle_watch(struct ras_call *call)
{
	struct bundle *b = call->data;
	struct ras_error last;
	int r;

	for (;;) {
		if (look(b).up == 0)
			break;
		ras_call_save(call);
		r = await_news(b);
		if (r < 0)
			return r;
	}
	pthread_mutex_lock(&b->lock);
	last = b->last;
	pthread_mutex_unlock(&b->lock);
	return fail_as(call, &last);
}

/* The link that came first may carry the others: it goes last. */
static void bundle_end(struct ras_call *call, enum link_orders orders)
{
	struct bundle *b = call->data;

	if (!b)
		return;
	for (size_t i = b->n; i-- > 1;)
		order_link(&b->links[i], orders);
	for (size_t i = b->n; i-- > 1;)
		join_link(&b->links[i]);
	order_link(&b->links[0], orders);
	join_link(&b->links[0]);
	call->data = bundle_free(b);
}

static void bundle_hang_up(struct ras_call *call)
{
	bundle_end(call, LINK_HANG_UP);
}

static void bundle_release(struct ras_call *call)
{
	bundle_end(call, LINK_RELEASE);
}

static int bundle_traffic(struct ras_call *call, struct ras_traffic *ret)
{
	struct bundle *b = call->data;
	struct ras_traffic sum, t;
	WITH_LOCK(&b->lock);

	sum = b->gone;
	for (size_t i = 0; i < b->n; i++) {
		struct ras_call *line = &b->links[i].line;

		if (b->links[i].counts && line->driver->traffic && line->driver->traffic(line, &t) == 0)
			traffic_add(&sum, &t);
	}
	*ret = sum;
	return 0;
}

/* ---- adoption ---- */

/* The fields of the record that are this link's, under the names that its driver gave them: what stands before those
 * is left out. */
static bool find_fields(struct bundle_link *link, const struct record *record)
{
	char prefix[16];
	size_t len = (size_t)snprintf(prefix, sizeof(prefix), "d-%u-", link->line.subentry);
	uint64_t since;

	for (size_t i = 0; i < record->n; i++) {
		size_t n = link->record.n;

		if (strncmp(record->field[i].key, prefix, len) != 0)
			continue;
		link->record.field[n].key = record->field[i].key + len;
		link->record.field[n].value = record->field[i].value;
		link->record.n++;
	}
	return record_get_u64(&link->record, "d-up", &since) == 0;
}

static int bundle_adopt(struct ras_call *call, const struct record *record, bool up)
{
	struct bundle *b;

	if (!up)
		return 0;
	b = bundle_make(call);
	if (!b)
		return -EIO;
	pthread_mutex_lock(&call->conn->lock);
	call->conn->info.links_up = 0;
	pthread_mutex_unlock(&call->conn->lock);
	for (size_t i = 0; i < b->n; i++) {
		struct bundle_link *link = &b->links[i];

		link->adopts = find_fields(link, record);
		if (!link->adopts)
			continue;
		link->line.entry = ras_entry_ref(link->entry);
		link->line.driver = driver_find(call->ras, link->entry->device_type);
		str_copy(link->line.destination, link->entry->destination, sizeof(link->line.destination));
		str_copy(link->line.device_name, link->entry->device_name, sizeof(link->line.device_name));
		link->line.ifindex = call->ifindex;
		str_copy(link->line.ifname, call->ifname, sizeof(link->line.ifname));
		record_get_u32(&link->record, "d-speed", &link->line.speed);
		link->line.n_addrs = call->n_addrs;
		memcpy(link->line.addrs, call->addrs, sizeof(call->addrs));
	}
	return come_up(b);
}

static const struct ras_driver ras_driver_bundle = {
	.name = "bundle",
	.stats_interval_ms = 5000,
	.dial = bundle_dial,
	.watch = bundle_watch,
	.hang_up = bundle_hang_up,
	.release = bundle_release,
	.adopt = bundle_adopt,
	.traffic = bundle_traffic,
};

const struct ras_driver *bundle_driver(const struct ras *ras, const struct ras_entry *entry)
{
	return entry->link_mode == RAS_LINK_MODE_DIAL_ALL ? &ras_driver_bundle : driver_find(ras, entry->device_type);
}

const struct ras_driver *bundle_driver_of(const struct ras *ras, const struct ras_entry *entry,
					  const struct record *record)
{
	return record_get_str(record, BUNDLE_NOTE) ? &ras_driver_bundle : driver_find(ras, entry->device_type);
}
