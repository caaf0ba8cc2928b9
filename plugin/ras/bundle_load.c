/* SPDX-License-Identifier: BSD-2-Clause */
/* Link mode dialAsNeeded: links are added and dropped with the load. The entry's own is dialed first, the others follow
 * in their order; dropped is the last one that carries no others. */
#include "ras/bundle_link.h"
#include "sys/clock.h"
#include "sys/log.h"

/* What the links are at, for the load. */
struct strength {
	uint64_t capacity; /* bit/s */
	size_t up;
	size_t coming;            /* whose first attempt goes on */
	struct bundle_link *next; /* to be added */
	struct bundle_link *last; /* to be dropped: of those that are up */
	struct bundle_link *lost; /* and of those that are dialed again */
};

/* One that was refused, or cannot be dialed, is not tried again. */
static bool may_be_added(struct bundle_link *link)
{
	struct ras_conn *conn = link->bundle->call->conn;
	WITH_LOCK(&conn->lock);

	int32_t code = bundle_row(conn, link->subentry)->last_error.code;
	return !link->running || (link->ended && ras_error_redial(code));
}

static struct strength look(struct bundle *b)
{
	struct strength s = {.up = 0};
	WITH_LOCK(&b->lock);

	for (size_t i = 0; i < b->n; i++) {
		struct bundle_link *link = &b->links[i];

		s.up += link->up;
		s.coming += link->running && !link->settled;
		if (link->running && link->settled && !link->up && !link->ended)
			s.lost = link;
		if (link->up && link->line->carriage == RAS_CARRIES_NONE)
			s.last = link;
		if (may_be_added(link) && (!s.next || link->in_vain < s.next->in_vain))
			s.next = link;
	}
	return s;
}

static void add(struct bundle *b, struct bundle_link *link)
{
	log_info("entry %s: call %u: link %u is added for the load", b->call->conn->name, b->call->call_id,
		 link->subentry);
	link->tried = 0;
	pthread_mutex_lock(&b->lock);
	link->in_vain++;
	pthread_mutex_unlock(&b->lock);
	atomic_store(&link->orders, LINK_LIVE);
	fd_event_drain(link->wake_fd);
	/* That there is no thread for it is not why the bundle will end. */
	if (bundle_start_link(link) < 0)
		b->call->error = RAS_ERROR_INIT;
}

static void drop(struct bundle *b, struct bundle_link *link)
{
	log_info("entry %s: call %u: link %u is dropped for want of load", b->call->conn->name, b->call->call_id,
		 link->subentry);
	bundle_order_link(link, LINK_DROP);
}

static void begin_anew(struct bundle_load *load)
{
	load->add.n = load->drop.n = 0;
}

/* Each change begins both times anew. */
static bool has_changed(struct bundle_load *load, const struct strength *s)
{
	if (load->capacity == s->capacity && load->up == s->up)
		return false;
	begin_anew(load);
	load->capacity = s->capacity;
	load->up = s->up;
	return true;
}

/* Without a speed there is no share of it. */
static bool has_speed(struct bundle *b)
{
	if (b->load.capacity == 0 && !b->load.told)
		log_warning("entry %s: call %u: the speed of the links is not known (key speed): none is added or "
			    "dropped for the load",
			    b->call->conn->name, b->call->call_id);
	b->load.told |= b->load.capacity == 0;
	return b->load.capacity > 0;
}

void bundle_balance(struct bundle *b)
{
	const struct ras_bandwidth *limits = &b->call->entry->bandwidth;
	struct strength s = look(b);
	int64_t now = clock_mono_ms();
	struct ras_traffic traffic;
	uint64_t high = 0, low = 0;
	bool busy, idle;

	s.capacity = b->call->speed;
	/* One that is coming may come to nothing: the next one is added after another time. */
	if (s.coming > 0)
		begin_anew(&b->load);
	if (s.coming > 0 || has_changed(&b->load, &s) || !has_speed(b))
		return;
	b->call->driver->traffic(b->call, &traffic);
	busy = load_take(&b->load.add, (int64_t)limits->add_time * 1000, now, &traffic, &high) &&
	       high * 100 >= s.capacity * limits->add_percent;
	idle = load_take(&b->load.drop, (int64_t)limits->drop_time * 1000, now, &traffic, &low) &&
	       low * 100 <= s.capacity * limits->drop_percent;
	if (busy && s.next)
		add(b, s.next);
	else if (idle && s.lost)
		drop(b, s.lost);
	else if (idle && s.up > 1 && s.last)
		drop(b, s.last);
	else
		return;
	begin_anew(&b->load);
}
