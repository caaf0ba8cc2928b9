/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread of one link: its attempts, and the pauses between them. */
#include <errno.h>
#include <string.h>

#include "ras/bundle_link.h"
#include "sys/clock.h"
#include "sys/log.h"

/* ---- what is shown of a link; conn.lock held ---- */

struct ras_link *bundle_row(struct ras_conn *conn, uint32_t subentry)
{
	for (size_t i = 0; i < conn->n_links; i++)
		if (conn->links[i].subentry == subentry)
			return &conn->links[i];
	return NULL;
}

bool ras_conn_link(const struct ras_conn *conn, uint32_t subentry, struct ras_link *ret)
{
	struct ras_conn *c = (struct ras_conn *)conn;
	const struct ras_link *row;
	WITH_LOCK(&c->lock);

	row = bundle_row(c, subentry);
	if (row)
		*ret = *row;
	return row != NULL;
}

static void show(struct bundle_link *link, enum ras_status status, enum ras_state state)
{
	struct ras_conn *conn = link->line.conn;
	struct ras_link *row = bundle_row(conn, link->line.subentry);
	bool was_up = row->status == RAS_STATUS_UP, up = status == RAS_STATUS_UP;

	row->status = status;
	row->state = state;
	row->ifindex = up ? link->line.ifindex : 0;
	if (up == was_up)
		return;
	conn->info.links_up += up ? 1 : -1u;
	conn_notice_link(conn, row);
}

void bundle_link_enter(struct ras_call *line, enum ras_state state)
{
	struct bundle_link *link = line->member;

	line->state = state;
	pthread_mutex_lock(&line->conn->lock);
	show(link, ras_state_status(state), state);
	pthread_mutex_unlock(&line->conn->lock);
	log_info("entry %s: call %u: link %u: %s", line->conn->name, line->call_id, line->subentry,
		 ras_label_name(ras_state_labels, (int32_t)state));
	fd_event_post(link->bundle->event_fd);
}

/* ---- the thread of a link ---- */

bool bundle_link_must_end(struct ras_call *line, int64_t now)
{
	if (atomic_load(&line->member->orders) != LINK_LIVE)
		return true;
	if (line->up_mono > 0 || now < line->deadline)
		return false;
	ras_call_fail(line, RAS_ERROR_REQUEST_TIMEOUT, RAS_BACKEND_NONE, NULL);
	return true;
}

/* Fresh fields for an attempt of the link. */
static void begin_attempt(struct bundle_link *link)
{
	struct ras_call *line = &link->line;
	struct ras_conn *conn = line->conn;

	call_reset(line);
	line->entry = ras_entry_ref(link->entry);
	line->driver = driver_find(line->ras, link->entry->device_type);
	line->setup_mono = clock_mono_ms();
	line->deadline = line->setup_mono + (int64_t)link->entry->dial_timeout * 1000;
	line->attempt = link->bundle->call->attempt + link->tried++;
	str_copy(line->destination, link->entry->destination, sizeof(line->destination));
	str_copy(line->device_name, link->entry->device_name, sizeof(line->device_name));

	WITH_LOCK(&conn->lock);

	bundle_row(conn, line->subentry)->attempts++;
	show(link, RAS_STATUS_DIALING, RAS_OPEN_PORT);
}

static int dial_line(struct ras_call *line)
{
	struct ras_error error = RAS_ERROR_INIT;

	if (!line->driver || !line->driver->bundles)
		return ras_call_fail(line, 716, RAS_BACKEND_NONE, "Device type %s cannot be a link of a bundle",
				     ras_label_name(ras_device_type_labels, (int32_t)line->entry->device_type));
	if (line->driver->check && line->driver->check(line->entry, &error) < 0)
		return ras_call_fail(line, error.code, error.backend, "%s", error.text);
	line->engaged = true;
	return line->driver->dial(line);
}

static int adopt_line(struct bundle_link *link)
{
	struct ras_call *line = &link->line;
	int64_t since = 0;

	if (!line->driver || !line->driver->bundles)
		return ras_call_fail(line, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	record_get_i64(&link->record, "d-up", &since);
	line->up_mono = since;
	for (size_t i = 0; i < link->record.n; i++)
		if (!str_equal(link->record.field[i].key, "d-up") && !str_equal(link->record.field[i].key, "d-speed"))
			ras_call_note_str(line, link->record.field[i].key, link->record.field[i].value);
	line->engaged = true;
	return line->driver->adopt(line, &link->record, true);
}

static void link_is_up(struct bundle_link *link)
{
	struct ras_call *line = &link->line;
	WITH_LOCK(&link->bundle->lock);

	if (line->up_mono == 0)
		line->up_mono = clock_mono_ms();
	line->state = RAS_CONNECTED;
	link->up = link->settled = true;
	link->tried = 0;
	pthread_mutex_lock(&line->conn->lock);
	show(link, RAS_STATUS_UP, RAS_CONNECTED);
	pthread_mutex_unlock(&line->conn->lock);
	fd_event_post(link->bundle->event_fd);
}

/* Why it is down now. Being told to end is no failure. */
static void fill_error(struct ras_call *line, bool told)
{
	if (line->error.code == RAS_ERROR_NONE)
		ras_error_set(&line->error, told ? RAS_ERROR_USER_DISCONNECTION : 645, RAS_BACKEND_NONE, NULL);
	line->error.state = line->state;
	line->error.time_ms = clock_real_ms();
}

/* The link is down and released; what comes next is the status. */
static void link_is_down(struct bundle_link *link, bool was_up, enum ras_status next)
{
	struct ras_call *line = &link->line;
	struct bundle *b = link->bundle;
	struct ras_link *row;
	WITH_LOCK(&b->lock);

	link->settled = true;
	b->last = line->error;
	pthread_mutex_lock(&line->conn->lock);
	row = bundle_row(line->conn, line->subentry);
	row->last_error = line->error;
	row->failures += !was_up;
	show(link, next, RAS_DISCONNECTED);
	pthread_mutex_unlock(&line->conn->lock);
	fd_event_post(b->event_fd);
}

void bundle_add_traffic(struct ras_traffic *sum, const struct ras_traffic *t)
{
	sum->in_octets += t->in_octets;
	sum->out_octets += t->out_octets;
	sum->in_packets += t->in_packets;
	sum->out_packets += t->out_packets;
	sum->in_errors += t->in_errors;
	sum->out_errors += t->out_errors;
}

/* Nobody asks for the traffic of the link from here on. */
static void count_out(struct bundle_link *link)
{
	struct ras_traffic t;
	WITH_LOCK(&link->bundle->lock);

	if (link->up && link->line.driver->traffic && link->line.driver->traffic(&link->line, &t) == 0)
		bundle_add_traffic(&link->bundle->gone, &t);
	link->up = false;
}

/* The first attempt is none of the redials. */
static uint32_t redials_left(const struct bundle_link *link, bool was_up)
{
	uint32_t budget = redial_budget(link->entry);
	uint32_t used = was_up || link->tried == 0 ? 0 : link->tried - 1;

	return used < budget ? budget - used : 0;
}

/* One attempt, and the link it makes, until it is down. Returns whether another one is to follow. */
static bool link_round(struct bundle_link *link)
{
	struct ras_call *line = &link->line;
	struct redial_verdict verdict;
	bool was_up = link->adopts; /* if it is gone by now, it was lost */
	int r;

	if (!link->adopts)
		begin_attempt(link);
	r = link->adopts ? adopt_line(link) : dial_line(line);
	link->adopts = false;
	if (r == 0) {
		was_up = true;
		link_is_up(link);
		line->driver->watch(line);
	}
	if (was_up && atomic_load(&link->orders) == LINK_RELEASE) {
		line->driver->release(line);
		return false;
	}
	count_out(link);
	if (line->engaged)
		line->driver->hang_up(line);
	fill_error(line, atomic_load(&link->orders) != LINK_LIVE);
	verdict = redial_decide(link->entry, &(struct redial_case){
						     .was_up = was_up,
						     .code = line->error.code,
						     .left = redials_left(link, was_up),
						     .enabled = true,
					     });
	if (atomic_load(&link->orders) != LINK_LIVE)
		verdict.status = RAS_STATUS_DOWN;
	log_info("entry %s: call %u: link %u: %s: error %d: %s", line->conn->name, line->call_id, line->subentry,
		 was_up ? "down" : "failed", line->error.code, line->error.text);
	link_is_down(link, was_up, verdict.status);
	return verdict.status == RAS_STATUS_WAITING_REDIAL;
}

/* Waits for the redial pause to pass. Returns false if the link was told to end. A bundle of which no link came up ends
 * meanwhile as one attempt that failed. */
static bool link_pause(struct bundle_link *link)
{
	struct ras_call *line = &link->line;
	int64_t end = clock_mono_ms() + redial_pause_ms(link->entry, MAX(link->tried, 1u), clock_jitter(UINT32_MAX));

	while (atomic_load(&link->orders) == LINK_LIVE) {
		struct pollfd wake = {.fd = line->wake_fd, .events = POLLIN};
		int64_t rest = end - clock_mono_ms();

		if (rest <= 0)
			return true;
		poll(&wake, 1, (int)MIN(rest, (int64_t)INT32_MAX));
		fd_event_drain(line->wake_fd);
	}
	return false;
}

void *bundle_link_main(void *arg)
{
	struct bundle_link *link = arg;
	struct ras_conn *conn = link->line.conn;

	while (link_round(link) && link_pause(link))
		;
	/* One that has failed for good stays so. */
	if (atomic_load(&link->orders) == LINK_HANG_UP) {
		WITH_LOCK(&conn->lock);

		if (bundle_row(conn, link->line.subentry)->status == RAS_STATUS_WAITING_REDIAL)
			show(link, RAS_STATUS_DOWN, RAS_DISCONNECTED);
	}
	return NULL;
}
