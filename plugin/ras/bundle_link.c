/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread of one link: its attempts, and the pauses between them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ras/bundle_link.h"
#include "ras/traffic.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/stack.h"

#define CODE_NOT_NEEDED 936 /* BAP_DISCONNECTED */

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
	struct ras_conn *conn = link->bundle->call->conn;
	struct ras_link *row = bundle_row(conn, link->subentry);
	bool was_up = row->status == RAS_STATUS_UP, up = status == RAS_STATUS_UP;

	row->status = status;
	row->state = state;
	row->ifindex = up ? link->line->ifindex : 0;
	if (up == was_up)
		return;
	conn->info.links_up += up ? 1 : -1u;
	conn_notice_link(conn, row);
}

/* ---- lines ---- */

struct ras_call *bundle_line_new(struct bundle_link *link)
{
	struct ras_call *line = calloc(1, sizeof(*line)), *call = link->bundle->call;

	if (!line)
		return NULL;
	*line = (struct ras_call){.ras = call->ras,
				  .conn = call->conn,
				  .member = link,
				  .wake_fd = link->wake_fd,
				  .log_fd = -1,
				  .call_id = call->call_id,
				  .error = RAS_ERROR_INIT,
				  .subentry = link->subentry};
	return line;
}

static void forget_record(struct ras_call *line)
{
	if (line->record)
		link_record_done(line->record);
	free(line->record);
	line->record = NULL;
}

struct ras_call *bundle_line_free(struct ras_call *line)
{
	if (!line)
		return NULL;
	call_reset(line);
	call_drop_number(line);
	forget_record(line);
	free(line);
	return NULL;
}

void bundle_link_enter(struct ras_call *line, enum ras_state state)
{
	struct bundle_link *link = line->member;

	line->state = state;
	if (link == &link->bundle->carrier)
		return;
	pthread_mutex_lock(&line->conn->lock);
	show(link, ras_state_status(state), state);
	pthread_mutex_unlock(&line->conn->lock);
	log_info("entry %s: call %u: link %u: %s", line->conn->name, line->call_id, line->subentry,
		 ras_label_name(ras_state_labels, (int32_t)state));
	fd_event_post(link->bundle->event_fd);
}

void bundle_link_count(struct ras_call *line, const struct ras_traffic *traffic)
{
	WITH_LOCK(&line->member->bundle->lock);

	line->traffic = *traffic;
}

void bundle_link_carries(struct ras_call *line, enum ras_carriage carriage)
{
	WITH_LOCK(&line->member->bundle->lock);

	line->carriage = carriage;
}

void bundle_link_news(struct ras_call *line)
{
	fd_event_post(line->member->bundle->event_fd);
}

struct ras_call *bundle_call(const struct ras_call *line)
{
	return line->member->bundle->call;
}

void bundle_link_file(const struct ras_call *line, char ret[LINK_RECORD_FILE_MAX])
{
	if (line->member == &line->member->bundle->carrier)
		snprintf(ret, LINK_RECORD_FILE_MAX, "%u" BUNDLE_CARRIER_SUFFIX, line->call_id);
	else
		snprintf(ret, LINK_RECORD_FILE_MAX, "%u.%u" BUNDLE_LINK_SUFFIX, line->call_id, line->subentry);
}

bool bundle_link_must_end(struct ras_call *line, int64_t now)
{
	if (atomic_load(&line->member->orders) != LINK_LIVE)
		return true;
	if (line->up_mono > 0 || now < line->deadline)
		return false;
	ras_call_fail(line, RAS_ERROR_REQUEST_TIMEOUT, RAS_BACKEND_NONE, NULL);
	return true;
}

/* The line is released: what it has carried counts for the bundle, and nothing is left of it. */
static void release_line(struct ras_call *line)
{
	struct bundle *b = line->member->bundle;

	if (line->up_mono > 0)
		traffic_read(line);
	pthread_mutex_lock(&b->lock);
	traffic_add(&b->gone, &line->traffic);
	line->traffic = (struct ras_traffic){0};
	pthread_mutex_unlock(&b->lock);
	if (line->engaged)
		line->driver->hang_up(line);
	line->engaged = false;
	bundle_link_carries(line, RAS_CARRIES_NONE);
	call_drop_number(line);
	link_record_remove(line);
}

/* ---- a line that is lost and carries the others ---- */

void *bundle_carrier_main(void *arg)
{
	struct bundle_link *carrier = arg;
	struct bundle *b = carrier->bundle;
	struct ras_call *line = carrier->line;
	bool good = true;

	if (line->record) {
		line->engaged = true;
		good = line->driver->adopt(line, &line->record->fields, b->adopts) == 0 ||
		       line->carriage == RAS_CARRIES_BARE;
		line->error = good ? RAS_ERROR_INIT : line->error;
		traffic_read(line);
		pthread_mutex_lock(&b->lock);
		carrier->settled = true;
		pthread_mutex_unlock(&b->lock);
		fd_event_post(b->event_fd);
	}
	if (good)
		line->driver->watch(line);
	if (good && atomic_load(&carrier->orders) == LINK_RELEASE) {
		line->driver->release(line);
		return NULL;
	}
	release_line(line);
	if (atomic_load(&carrier->orders) != LINK_LIVE)
		return NULL;
	log_info("entry %s: call %u: what carried the links has gone: error %d: %s", line->conn->name, line->call_id,
		 line->error.code, line->error.text);
	WITH_LOCK(&b->lock);

	b->lost = true;
	if (line->error.code != RAS_ERROR_NONE)
		b->last = line->error;
	fd_event_post(b->event_fd);
	return NULL;
}

static bool others_up(const struct bundle_link *link)
{
	const struct bundle *b = link->bundle;

	for (size_t i = 0; i < b->n; i++)
		if (&b->links[i] != link && b->links[i].up)
			return true;
	return false;
}

/* The carrier gets the line of the link, and the link a fresh one. Returns false, nothing changed, if nobody needs it,
 * or without thread or memory. */
static bool part_with_line(struct bundle_link *link)
{
	struct bundle *b = link->bundle;
	struct bundle_link *carrier = &b->carrier;
	struct ras_call *line = link->line, *fresh = bundle_line_new(link);
	char before[LINK_RECORD_FILE_MAX], after[LINK_RECORD_FILE_MAX];
	bool good;

	if (!fresh)
		return false;
	bundle_link_file(line, before);
	pthread_mutex_lock(&b->lock);
	good = !carrier->line && others_up(link);
	if (good) {
		carrier->line = line;
		carrier->subentry = link->subentry;
		carrier->settled = true;
		line->member = carrier;
		line->wake_fd = carrier->wake_fd;
		line->error = RAS_ERROR_INIT;
		link->line = fresh;
		link->up = false;
	}
	pthread_mutex_unlock(&b->lock);
	if (!good) {
		bundle_line_free(fresh);
		return false;
	}
	bundle_link_file(line, after);
	if (!atomic_load(&line->ras->abandoned))
		renameat(line->ras->run_fd, before, line->ras->run_fd, after);
	fd_event_drain(carrier->wake_fd);
	good = thread_start(&carrier->thread, bundle_carrier_main, carrier) == 0;
	pthread_mutex_lock(&b->lock);
	carrier->running = good;
	b->lost |= !good;
	pthread_mutex_lock(&line->ras->lock);
	line->ras->totals.threads += good;
	pthread_mutex_unlock(&line->ras->lock);
	pthread_mutex_unlock(&b->lock);
	if (!good)
		release_line(line);
	return true;
}

/* ---- one attempt ---- */

/* Fresh fields for an attempt of the link. */
static void begin_attempt(struct bundle_link *link)
{
	struct ras_call *line = link->line;
	struct ras_conn *conn = line->conn;

	forget_record(line);
	call_reset(line);
	line->entry = ras_entry_ref(link->entry);
	line->driver = driver_find(line->ras, link->entry->device_type);
	line->setup_mono = clock_mono_ms();
	line->setup_real = clock_real_ms();
	line->deadline = line->setup_mono + (int64_t)link->entry->dial_timeout * 1000;
	line->attempt = link->bundle->call->attempt + link->tried++;
	str_copy(line->destination, link->entry->destination, sizeof(line->destination));
	ras_call_set_device(line, link->entry->device_name);
	link_record_write(line, false);

	WITH_LOCK(&conn->lock);

	bundle_row(conn, line->subentry)->attempts++;
	show(link, RAS_STATUS_DIALING, RAS_OPEN_PORT);
}

static int dial_line(struct ras_call *line)
{
	if (!line->driver || !line->driver->bundles)
		return ras_call_fail(line, 716, RAS_BACKEND_NONE, "Device type %s cannot be a link of a bundle",
				     ras_label_name(ras_device_type_labels, (int32_t)line->entry->device_type));
	return call_dial_line(line);
}

static int adopt_line(struct ras_call *line)
{
	int r;

	if (!line->driver || !line->driver->bundles)
		return ras_call_fail(line, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	line->engaged = true;
	r = line->driver->adopt(line, &line->record->fields, line->up_mono > 0);
	if (r == 0 && line->up_mono == 0)
		return ras_call_fail(line, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	return r;
}

static void link_is_up(struct bundle_link *link)
{
	struct ras_call *line = link->line;

	if (line->up_mono == 0) {
		line->up_mono = clock_mono_ms();
		line->up_real = clock_real_ms();
	}
	line->state = RAS_CONNECTED;
	link_record_write(line, true);
	traffic_read(line);
	link->tried = 0;

	WITH_LOCK(&link->bundle->lock);

	link->up = link->settled = true;
	link->in_vain = 0;
	pthread_mutex_lock(&line->conn->lock);
	show(link, RAS_STATUS_UP, RAS_CONNECTED);
	pthread_mutex_unlock(&line->conn->lock);
	fd_event_post(link->bundle->event_fd);
}

/* Why it is down now. Being told to end is no failure. */
static void fill_error(struct ras_call *line, enum link_orders orders)
{
	if (orders == LINK_DROP)
		ras_error_set(&line->error, CODE_NOT_NEEDED, RAS_BACKEND_NONE, NULL);
	else if (line->error.code == RAS_ERROR_NONE)
		ras_error_set(&line->error, orders == LINK_LIVE ? 645 : RAS_ERROR_USER_DISCONNECTION, RAS_BACKEND_NONE,
			      NULL);
	line->error.state = line->state;
	line->error.time_ms = clock_real_ms();
}

/* What is to be shown of an end. */
struct link_end {
	struct ras_error error;
	bool dialed, was_up, carried;
	enum ras_status next;
};

/* The link is down and released. */
static void link_is_down(struct bundle_link *link, const struct link_end *end)
{
	struct bundle *b = link->bundle;
	struct ras_conn *conn = b->call->conn;
	struct ras_link *row;
	WITH_LOCK(&b->lock);

	link->up = false;
	link->settled = true;
	if (!b->lost)
		b->last = end->error;
	b->lost |= end->carried && others_up(link);
	pthread_mutex_lock(&conn->lock);
	row = bundle_row(conn, link->subentry);
	row->last_error = end->error;
	row->failures += end->dialed && !end->was_up;
	show(link, end->next, RAS_DISCONNECTED);
	pthread_mutex_unlock(&conn->lock);
	fd_event_post(b->event_fd);
}

/* The first attempt is none of the redials. */
static uint32_t redials_left(const struct bundle_link *link, bool was_up)
{
	uint32_t budget = redial_budget(link->entry);
	uint32_t used = was_up || link->tried == 0 ? 0 : link->tried - 1;

	return used < budget ? budget - used : 0;
}

/* Ends the line, or parts with it. Returns the status that follows. */
static enum ras_status end_round(struct bundle_link *link, bool dialed, bool was_up)
{
	struct ras_call *line = link->line;
	struct link_end end = {.dialed = dialed, .was_up = was_up, .error = line->error};
	bool live = atomic_load(&link->orders) == LINK_LIVE;
	struct redial_verdict verdict;

	end.carried = live && line->carriage != RAS_CARRIES_NONE;
	fill_error(line, (enum link_orders)atomic_load(&link->orders));
	end.error = line->error;
	if (live && was_up && line->carriage == RAS_CARRIES_BARE && part_with_line(link))
		end.carried = false;
	else
		release_line(line);
	verdict = redial_decide(link->entry, &(struct redial_case){
						     .was_up = was_up,
						     .code = end.error.code,
						     .left = redials_left(link, was_up),
						     .enabled = true,
					     });
	end.next = atomic_load(&link->orders) == LINK_LIVE ? verdict.status : RAS_STATUS_DOWN;
	log_info("entry %s: call %u: link %u: %s: error %d: %s", link->entry->name, link->bundle->call->call_id,
		 link->subentry, was_up ? "down" : "failed", end.error.code, end.error.text);
	link_is_down(link, &end);
	return end.next;
}

/* One attempt, and the link it makes, until it is down. Returns whether another one is to follow. */
static bool link_round(struct bundle_link *link)
{
	struct ras_call *line = link->line;
	bool adopts = line->record != NULL;
	bool was_up = adopts && line->up_mono > 0; /* if it is gone by now, it was lost */
	int r;

	if (!adopts)
		begin_attempt(link);
	r = adopts ? adopt_line(line) : dial_line(line);
	forget_record(line);
	if (r == 0) {
		was_up = true;
		link_is_up(link);
		stack_trim();
		line->driver->watch(line);
	}
	if (was_up && atomic_load(&link->orders) == LINK_RELEASE) {
		line->driver->release(line);
		return false;
	}
	return end_round(link, !adopts, was_up) == RAS_STATUS_WAITING_REDIAL;
}

/* Waits for the redial pause to pass. Returns false if the link was told to end. A bundle of which no link came up ends
 * meanwhile as one attempt that failed. */
static bool link_pause(struct bundle_link *link)
{
	int64_t end = clock_mono_ms() + redial_pause_ms(link->entry, MAX(link->tried, 1u), clock_jitter(UINT32_MAX));

	while (atomic_load(&link->orders) == LINK_LIVE) {
		struct pollfd wake = {.fd = link->wake_fd, .events = POLLIN};
		int64_t rest = end - clock_mono_ms();

		if (rest <= 0)
			return true;
		stack_trim();
		poll(&wake, 1, (int)MIN(rest, (int64_t)INT32_MAX));
		fd_event_drain(link->wake_fd);
	}
	return false;
}

void *bundle_link_main(void *arg)
{
	struct bundle_link *link = arg;
	struct ras_conn *conn = link->bundle->call->conn;

	while (link_round(link) && link_pause(link))
		;
	pthread_mutex_lock(&link->bundle->lock);
	link->ended = true;
	pthread_mutex_unlock(&link->bundle->lock);
	/* One that has failed for good stays so. */
	if (atomic_load(&link->orders) != LINK_LIVE) {
		WITH_LOCK(&conn->lock);

		if (bundle_row(conn, link->subentry)->status == RAS_STATUS_WAITING_REDIAL)
			show(link, RAS_STATUS_DOWN, RAS_DISCONNECTED);
	}
	return NULL;
}
