/* SPDX-License-Identifier: BSD-2-Clause */
/* The bundle, as a driver of its connection: starts the links, waits for what becomes of them, sums them up. */
#include <errno.h>
#include <string.h>

#include "ras/bundle_link.h"
#include "ras/traffic.h"
#include "sys/clock.h"

/* ---- making and ending it ---- */

int bundle_make_rows(struct bundle *b)
{
	struct ras_conn *conn = b->call->conn;
	struct ras_link *rows = calloc(MAX(b->n, (size_t)1), sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	WITH_LOCK(&conn->lock);

	for (size_t i = 0; i < b->n; i++) {
		const struct ras_link *before = bundle_row(conn, b->links[i].subentry);

		if (before)
			rows[i] = *before;
		else
			rows[i] = (struct ras_link){.subentry = b->links[i].subentry, .last_error = RAS_ERROR_INIT};
		rows[i].status = RAS_STATUS_DOWN;
		rows[i].state = RAS_DISCONNECTED;
		rows[i].ifindex = 0;
	}
	free(conn->links);
	conn->links = rows;
	conn->n_links = b->n;
	return 0;
}

static void destroy(struct bundle_link *link)
{
	bundle_line_free(link->line);
	fd_close(link->wake_fd);
	ras_entry_unref(link->entry);
}

void bundle_free(struct bundle *b)
{
	b->call->data = NULL;
	for (size_t i = 0; i < b->n; i++)
		destroy(&b->links[i]);
	destroy(&b->carrier);
	fd_close(b->event_fd);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

struct bundle_link *bundle_add_link(struct bundle *b, uint32_t subentry, struct ras_entry *entry)
{
	struct bundle_link *link = &b->links[b->n];

	if (!entry)
		return NULL;
	*link = (struct bundle_link){.bundle = b, .subentry = subentry, .entry = entry, .wake_fd = fd_event()};
	link->line = bundle_line_new(link);
	if (link->wake_fd < 0 || !link->line) {
		destroy(link);
		return NULL;
	}
	b->n++;
	return link;
}

struct bundle *bundle_new(struct ras_call *call)
{
	struct bundle *b = calloc(1, sizeof(*b));

	if (!b) {
		ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
		return NULL;
	}
	b->call = call;
	b->last = RAS_ERROR_INIT;
	b->event_fd = fd_event();
	b->carrier = (struct bundle_link){.bundle = b, .wake_fd = fd_event()};
	pthread_mutex_init(&b->lock, NULL);
	call->data = b;
	if (b->event_fd >= 0 && b->carrier.wake_fd >= 0)
		return b;
	bundle_free(b);
	ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	return NULL;
}

static size_t count_active(const struct ras_entry *entry)
{
	size_t n = 0;

	for (size_t i = 0; i < entry->n_subentries; i++)
		n += entry->subentries[i].row_status == RAS_ROW_ACTIVE;
	return n;
}

/* All links of the entry, none of them begun. Returns 0, or negative with ras_call_fail() said. */
static int add_links(struct bundle *b)
{
	const struct ras_entry *entry = b->call->entry;
	bool good;

	if (count_active(entry) >= BUNDLE_LINKS_MAX)
		return ras_call_fail(b->call, 716, RAS_BACKEND_NONE,
				     "A bundle has %d links at most, that of the entry included", BUNDLE_LINKS_MAX);
	good = bundle_add_link(b, 0, ras_entry_copy(entry)) != NULL;
	for (size_t i = 0; good && i < entry->n_subentries; i++) {
		const struct ras_subentry *subentry = &entry->subentries[i];

		if (subentry->row_status == RAS_ROW_ACTIVE)
			good = bundle_add_link(b, subentry->index, ras_entry_of_link(entry, subentry)) != NULL;
	}
	if (!good || bundle_make_rows(b) < 0)
		return ras_call_fail(b->call, 664, RAS_BACKEND_NONE, NULL);
	return 0;
}

/* ---- threads of the links ---- */

void bundle_order_link(struct bundle_link *link, enum link_orders orders)
{
	atomic_store(&link->orders, orders);
	fd_event_post(link->wake_fd);
}

static void join_link(struct bundle_link *link)
{
	if (!link->running)
		return;
	pthread_join(link->thread, NULL);
	link->running = false;
	WITH_LOCK(&link->bundle->call->ras->lock);

	link->bundle->call->ras->totals.threads--;
}

int bundle_start_link(struct bundle_link *link)
{
	struct ras *ras = link->bundle->call->ras;
	int r;

	join_link(link); /* of one that has ended */
	pthread_mutex_lock(&link->bundle->lock);
	link->settled = link->ended = false;
	pthread_mutex_unlock(&link->bundle->lock);
	r = thread_start(&link->thread, bundle_link_main, link);
	if (r < 0)
		return ras_call_fail(link->bundle->call, 664, RAS_BACKEND_NONE, "There is no thread for link %u",
				     link->subentry);
	link->running = true;
	WITH_LOCK(&ras->lock);

	ras->totals.threads++;
	return 0;
}

static bool carries(struct bundle_link *link)
{
	WITH_LOCK(&link->bundle->lock);

	return link->line->carriage != RAS_CARRIES_NONE;
}

/* Those that carry others go last. */
static void bundle_end(struct ras_call *call, enum link_orders orders)
{
	struct bundle *b = call->data;

	if (!b)
		return;
	for (size_t i = b->n; i-- > 0;)
		if (!carries(&b->links[i]))
			bundle_order_link(&b->links[i], orders);
	for (size_t i = b->n; i-- > 0;)
		if (atomic_load(&b->links[i].orders) == (int)orders)
			join_link(&b->links[i]);
	for (size_t i = b->n; i-- > 0;)
		bundle_order_link(&b->links[i], orders);
	for (size_t i = b->n; i-- > 0;)
		join_link(&b->links[i]);
	bundle_order_link(&b->carrier, orders);
	join_link(&b->carrier);
}

/* ---- what the links are at together ---- */

struct bundle_state {
	size_t up, open; /* links that are up; whose first attempt goes on */
	bool lost;
	enum ras_state furthest;
	uint32_t speed, ifindex;
	pid_t pid;
	char ifname[16], device[RAS_DEVICE_NAME_MAX];
	struct ras_addr addrs[RAS_ADDRS_MAX];
	size_t n_addrs;
};

/* One that is up tells of all what it knows, those before it going first. */
static void take_link(struct bundle_state *s, const struct bundle_link *link)
{
	const struct ras_call *line = link->line;

	if (s->up++ == 0)
		str_copy(s->device, line->device_name, sizeof(s->device));
	s->speed += line->speed;
	if (s->ifindex == 0) {
		s->ifindex = line->ifindex;
		str_copy(s->ifname, line->ifname, sizeof(s->ifname));
	}
	if (s->pid == 0 || line->carriage != RAS_CARRIES_NONE)
		s->pid = line->pid;
	if (s->n_addrs == 0 && line->n_addrs > 0) {
		s->n_addrs = line->n_addrs;
		memcpy(s->addrs, line->addrs, line->n_addrs * sizeof(s->addrs[0]));
	}
}

static void gather(struct bundle *b, struct bundle_state *s)
{
	struct ras_conn *conn = b->call->conn;
	WITH_LOCK(&conn->lock);

	for (size_t i = 0; i < b->n; i++) {
		s->open += b->links[i].running && !b->links[i].settled;
		if (b->links[i].up)
			take_link(s, &b->links[i]);
	}
	s->open += b->carrier.running && !b->carrier.settled;
	if (b->carrier.line)
		s->pid = b->carrier.line->pid;
	for (size_t i = 0; i < conn->n_links; i++)
		if (conn->links[i].state < RAS_CONNECTED)
			s->furthest = MAX(s->furthest, conn->links[i].state);
}

/* Looks at the links, and shows the bundle by what is known of them. */
static void look(struct bundle *b, struct bundle_state *ret)
{
	struct ras_call *call = b->call;
	WITH_LOCK(&b->lock);

	*ret = (struct bundle_state){.furthest = RAS_OPEN_PORT, .lost = b->lost};
	gather(b, ret);
	if (ret->up > 0) {
		ras_call_set_interface(call, ret->ifindex, ret->ifname);
		ras_call_set_device(call, ret->device);
		ras_call_set_speed(call, ret->speed);
		ras_call_set_process(call, ret->pid);
	}
	/* They stay when the line that has brought them is lost. */
	if (ret->n_addrs > 0)
		ras_call_set_addresses(call, ret->addrs, ret->n_addrs);
	bundle_note(b);
}

static int fail_as(struct ras_call *call, const struct ras_error *e)
{
	return ras_call_fail(call, e->code, e->backend, "%s", e->text);
}

/* With the error of the link that ended last. */
static int fail_lost(struct bundle *b)
{
	struct ras_error last;

	pthread_mutex_lock(&b->lock);
	last = b->last;
	pthread_mutex_unlock(&b->lock);
	if (last.code == RAS_ERROR_NONE)
		return ras_call_fail(b->call, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE,
				     "The links were gone when the agent started again");
	return fail_as(b->call, &last);
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

/* Waits for news of the links, or until the time is over. Returns 1 with news, 0 at the time-out, or negative: the call
 * must end. */
static int await_news(struct bundle *b, int timeout_ms)
{
	struct pollfd event = {.fd = b->event_fd, .events = POLLIN};
	int r = ras_call_wait(b->call, &event, 1, timeout_ms);

	if (r > 0)
		fd_event_drain(b->event_fd);
	return r;
}

/* ---- the bundle, as a driver of the connection ---- */

/* In mode dialAsNeeded the next link is tried where the one before it has failed. */
static bool start_next(struct bundle *b)
{
	for (size_t i = 0; !b->adopts && i < b->n; i++)
		if (!b->links[i].running)
			return bundle_start_link(&b->links[i]) == 0;
	return false;
}

int bundle_come_up(struct bundle *b)
{
	struct bundle_state s;
	int r;

	do {
		look(b, &s);
		if (s.lost)
			return fail_lost(b);
		/* One that is up without addresses is carried by another one, which is not. Of those that an earlier
		 * agent has left each must have been asked. */
		if (s.up > 0 && b->call->n_addrs > 0 && (!b->adopts || s.open == 0))
			return 0;
		if (s.open == 0 && s.up == 0 && !start_next(b))
			return b->adopts ? fail_lost(b) : all_failed(b);
		if (s.furthest > b->call->state)
			ras_call_enter(b->call, s.furthest);
		r = await_news(b, -1);
	} while (r >= 0);
	return r;
}

static int bundle_dial(struct ras_call *call)
{
	struct bundle *b = bundle_new(call);
	size_t n;
	int r;

	if (!b)
		return -EIO;
	r = add_links(b);
	if (r < 0)
		return r;
	ras_call_take_number(call, ras_call_index(call));
	bundle_note(b);
	/* The record before the links: by it a later agent knows that there may be some. */
	r = ras_call_save(call);
	if (r < 0)
		return ras_call_fail(call, r, RAS_BACKEND_NONE, "The run directory cannot be written");
	ras_call_log(call, "A bundle of %zu links, call %u", b->n, call->call_id);
	n = call->entry->link_mode == RAS_LINK_MODE_DIAL_AS_NEEDED ? 1 : b->n;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = bundle_start_link(&b->links[i]);
	return r < 0 ? r : bundle_come_up(b);
}

static int bundle_watch(struct ras_call *call)
{
	struct bundle *b = call->data;
	bool as_needed = call->entry->link_mode == RAS_LINK_MODE_DIAL_AS_NEEDED;
	struct bundle_state s;
	int r = 1;

	do {
		if (r > 0) {
			look(b, &s);
			if (s.up == 0 || s.lost)
				return fail_lost(b);
			ras_call_save(call);
		} else {
			bundle_balance(b);
		}
		r = await_news(b, as_needed ? BUNDLE_SAMPLE_MS : -1);
	} while (r >= 0);
	return r;
}

static void bundle_hang_up(struct ras_call *call)
{
	if (!call->data)
		return;
	bundle_end(call, LINK_HANG_UP);
	/* What the links have carried to their end. */
	if (call->up_mono > 0)
		traffic_read(call);
	bundle_free(call->data);
}

static void bundle_release(struct ras_call *call)
{
	if (!call->data)
		return;
	bundle_end(call, LINK_RELEASE);
	/* A link may have been lost meanwhile: what it has carried goes on to the next agent. */
	bundle_note(call->data);
	ras_call_save(call);
	bundle_free(call->data);
}

static int bundle_traffic(struct ras_call *call, struct ras_traffic *ret)
{
	struct bundle *b = call->data;

	if (!b)
		return -ENODEV;
	WITH_LOCK(&b->lock);

	*ret = b->gone;
	for (size_t i = 0; i < b->n; i++)
		traffic_add(ret, &b->links[i].line->traffic);
	if (b->carrier.line)
		traffic_add(ret, &b->carrier.line->traffic);
	return 0;
}

static const struct ras_driver ras_driver_bundle = {
	.name = "bundle",
	.stats_interval_ms = BUNDLE_SAMPLE_MS,
	.dial = bundle_dial,
	.watch = bundle_watch,
	.hang_up = bundle_hang_up,
	.release = bundle_release,
	.adopt = bundle_adopt,
	.traffic = bundle_traffic,
};

const struct ras_driver *bundle_driver(const struct ras *ras, const struct ras_entry *entry)
{
	return ras_entry_is_bundle(entry) ? &ras_driver_bundle : driver_find(ras, entry->device_type);
}

const struct ras_driver *bundle_driver_of(const struct ras *ras, const struct ras_entry *entry,
					  const struct record *record)
{
	return record_get_str(record, BUNDLE_NOTE) ? &ras_driver_bundle : driver_find(ras, entry->device_type);
}
