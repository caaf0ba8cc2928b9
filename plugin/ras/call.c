/* SPDX-License-Identifier: BSD-2-Clause */
/* What a driver may ask of the engine, for one attempt and the link it made. All of it runs in the dial thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ras/bundle.h"
#include "ras/traffic.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/stack.h"

#define CALL_FDS_MAX 8
#define LONG_WAIT_MS 1000 /* without an event: from then on memory is better off elsewhere */

const struct ras_entry *ras_call_entry(const struct ras_call *call)
{
	return call->entry;
}

const struct ras_driver *ras_call_driver(const struct ras_call *call)
{
	return call->driver;
}

uint32_t ras_call_id(const struct ras_call *call)
{
	return call->call_id;
}

const char *ras_call_destination(const struct ras_call *call)
{
	return call->destination;
}

const char *ras_call_device_name(const struct ras_call *call)
{
	return call->device_name;
}

uint32_t ras_call_attempt(const struct ras_call *call)
{
	return call->attempt;
}

int64_t ras_call_up_since(const struct ras_call *call)
{
	return call->up_mono;
}

int ras_call_grace_ms(const struct ras_call *call)
{
	return (int)call->ras->grace_ms;
}

int ras_call_rundir(const struct ras_call *call)
{
	return call->ras->run_fd;
}

uint32_t ras_call_index(const struct ras_call *call)
{
	return call->entry->index ? call->entry->index : call->conn->info.index;
}

int ras_call_helper_dir(const struct ras_call *call, char *ret, size_t size)
{
	const char *dir;
	WITH_LOCK(&call->ras->lock);

	dir = call->ras->permit.helper_dir;
	if (strlen(dir) >= size)
		return -ENAMETOOLONG;
	str_copy(ret, dir, size);
	return 0;
}

static bool number_taken(const struct ras *ras, uint32_t number)
{
	for (const struct ras_call *other = ras->numbered; other; other = other->next_numbered)
		if (other->number == number)
			return true;
	return false;
}

/* Each time another one, so that it is seldom taken. */
static uint32_t another_number(struct ras *ras)
{
	if (ras->number_given <= UINT32_MAX / 2)
		ras->number_given = UINT32_MAX;
	return ras->number_given--;
}

uint32_t ras_call_take_number(struct ras_call *call, uint32_t wanted)
{
	struct ras *ras = call->ras;

	call_drop_number(call);
	WITH_LOCK(&ras->lock);

	call->number = wanted;
	while (number_taken(ras, call->number))
		call->number = another_number(ras);
	call->next_numbered = ras->numbered;
	ras->numbered = call;
	return call->number;
}

void call_drop_number(struct ras_call *call)
{
	struct ras_call **p = &call->ras->numbered;
	WITH_LOCK(&call->ras->lock);

	while (*p && *p != call)
		p = &(*p)->next_numbered;
	if (*p)
		*p = call->next_numbered;
	call->number = 0;
}

bool ras_call_bundle(const struct ras_call *call, struct ras_bundle_names *ret)
{
	const struct ras_call *bundle = call->member ? bundle_call(call) : NULL;

	if (!bundle)
		return false;
	*ret = (struct ras_bundle_names){.number = bundle->number, .identity = bundle->ras->boot + bundle->call_id};
	return true;
}

void ras_call_set_carriage(struct ras_call *call, enum ras_carriage carriage)
{
	if (call->member)
		bundle_link_carries(call, carriage);
}

void ras_call_set_data(struct ras_call *call, void *data)
{
	call->data = data;
}

void *ras_call_data(const struct ras_call *call)
{
	return call->data;
}

const struct ras_driver *driver_find(const struct ras *ras, enum ras_device_type type)
{
	for (size_t i = 0; ras->drivers[i]; i++)
		if (ras->drivers[i]->device_types & 1u << type)
			return ras->drivers[i];
	return NULL;
}

void call_reset(struct ras_call *call)
{
	call->entry = ras_entry_unref(call->entry);
	call->driver = NULL;
	call->engaged = call->armed = false;
	call->data = NULL;
	call->state = RAS_OPEN_PORT;
	call->up_mono = call->up_real = 0;
	call->traffic_due = 0;
	/* The bundle reads that of a link, which was taken back when the link was released. */
	if (!call->member)
		call->traffic = (struct ras_traffic){0};
	call->error = RAS_ERROR_INIT;
	call->ifindex = 0;
	call->ifname[0] = '\0';
	call->speed = 0;
	call->pid = 0;
	call->n_addrs = 0;
	call->notes_len = 0;
	network_clear(call);
	call_close_log(call);
}

/* ---- waiting ---- */

/* A limit of the link that has been reached, or STOP_NONE. */
static enum stop_reason link_limit(const struct ras_call *call, int64_t now)
{
	const struct ras_entry *e = call->entry;

	if (e->max_duration > 0 && now - call->up_mono >= (int64_t)e->max_duration * 1000)
		return STOP_MAX_DURATION;
	if (e->idle_timeout > 0 && now - call->quiet_since >= (int64_t)e->idle_timeout * 1000)
		return STOP_IDLE;
	return STOP_NONE;
}

static bool connection_must_end(struct ras_call *call, int64_t now)
{
	struct ras_conn *conn = call->conn;
	WITH_LOCK(&conn->lock);
	enum stop_reason reason = STOP_NONE;

	if (conn->stop != STOP_NONE)
		return true;
	if (call->up_mono > 0)
		reason = link_limit(call, now);
	else if (now >= call->deadline)
		reason = STOP_DIAL_TIMEOUT;
	if (reason == STOP_NONE)
		return false;
	conn->stop = reason;
	conn->stop_since = now;
	if (reason != STOP_DIAL_TIMEOUT)
		conn_move(conn, RAS_STATUS_HANGING_UP, conn->info.state, 0);
	return true;
}

static bool call_must_end(struct ras_call *call, int64_t now)
{
	return call->member ? bundle_link_must_end(call, now) : connection_must_end(call, now);
}

/* The next moment at which the engine has something to do by itself. */
static int64_t next_moment(const struct ras_call *call)
{
	uint32_t longest = call->entry->max_duration;
	int64_t reading;

	if (call->up_mono == 0)
		return call->deadline;
	reading = traffic_next_reading(call);
	/* Limits are those of the bundle. */
	if (call->member || longest == 0)
		return reading;
	return MIN(reading, call->up_mono + (int64_t)longest * 1000);
}

static int milliseconds_until(int64_t moment, int64_t now)
{
	return (int)MIN(MAX(moment - now, 0), INT32_MAX);
}

int ras_call_wait(struct ras_call *call, struct pollfd *fds, size_t n, int timeout_ms)
{
	struct pollfd all[CALL_FDS_MAX + 1];
	int64_t now = clock_mono_ms();
	int64_t end = timeout_ms < 0 ? INT64_MAX : now + timeout_ms;
	bool trimmed = call->up_mono > 0; /* then that is done already, and it is woken for little */

	if (n > CALL_FDS_MAX)
		return -EINVAL;
	for (;;) {
		int64_t moment;
		int pause, ready;

		if (call->up_mono > 0 && now >= traffic_next_reading(call))
			traffic_read(call);
		if (call_must_end(call, now))
			return -ECANCELED;
		if (n > 0)
			memcpy(all, fds, n * sizeof(*fds));
		all[n] = (struct pollfd){.fd = call->wake_fd, .events = POLLIN};
		moment = MIN(end, next_moment(call));
		pause = milliseconds_until(moment, now);
		if (!trimmed)
			pause = MIN(pause, LONG_WAIT_MS);
		ready = poll(all, n + 1, pause);
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready == 0 && !trimmed && pause == LONG_WAIT_MS) {
			stack_trim();
			trimmed = true;
		}
		if (ready > 0 && all[n].revents) {
			fd_event_drain(call->wake_fd);
			ready--;
		}
		now = clock_mono_ms();
		if (ready > 0) {
			if (call_must_end(call, now))
				return -ECANCELED;
			memcpy(fds, all, n * sizeof(*fds));
			return ready;
		}
		if (now >= end)
			return call_must_end(call, now) ? -ECANCELED : 0;
	}
}

/* ---- telling ---- */

void ras_call_enter(struct ras_call *call, enum ras_state state)
{
	struct ras_conn *conn = call->conn;

	if (state == call->state || state >= RAS_CONNECTED)
		return;
	if (call->member) {
		bundle_link_enter(call, state);
		return;
	}
	call->state = state;
	pthread_mutex_lock(&conn->lock);
	if (conn->stop == STOP_NONE)
		conn_move(conn, ras_state_status(state), state, 0);
	pthread_mutex_unlock(&conn->lock);
	log_info("entry %s: call %u: %s", conn->name, call->call_id, ras_label_name(ras_state_labels, (int32_t)state));
	notifier_tell(call, state, RAS_ERROR_NONE);
}

int ras_call_fail(struct ras_call *call, int32_t code, int32_t backend, const char *format, ...)
{
	char text[RAS_ERROR_TEXT_MAX];
	va_list args;

	if (call->error.code != RAS_ERROR_NONE)
		return -EIO;
	if (format) {
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
	}
	ras_error_set(&call->error, code, backend, format ? "%s" : NULL, text);
	call->error.state = call->state;
	return -EIO;
}

void ras_call_set_interface(struct ras_call *call, unsigned ifindex, const char *ifname)
{
	WITH_LOCK(&call->conn->lock);

	call->ifindex = ifindex;
	str_copy(call->ifname, ifname, sizeof(call->ifname));
	if (call->member)
		return;
	call->conn->info.ifindex = ifindex;
	str_copy(call->conn->info.ifname, ifname, sizeof(call->conn->info.ifname));
}

void ras_call_set_device(struct ras_call *call, const char *device_name)
{
	WITH_LOCK(&call->conn->lock);

	str_copy(call->device_name, device_name, sizeof(call->device_name));
	if (!call->member)
		str_copy(call->conn->info.device_name, device_name, sizeof(call->conn->info.device_name));
}

void ras_call_set_speed(struct ras_call *call, uint32_t bits_per_second)
{
	WITH_LOCK(&call->conn->lock);

	call->speed = bits_per_second;
	if (!call->member)
		call->conn->info.speed = bits_per_second;
}

void ras_call_set_process(struct ras_call *call, pid_t pid)
{
	WITH_LOCK(&call->conn->lock);

	call->pid = pid;
	if (!call->member)
		call->conn->info.process_id = (uint32_t)pid;
}

/* The first address of a role, IPv4 before IPv6 (rasConnLocalAddr, rasConnPeerAddr). */
static struct ras_addr first_address(const struct ras_call *call, enum ras_addr_role role)
{
	const struct ras_addr *found = NULL;

	for (size_t i = 0; i < call->n_addrs; i++) {
		const struct ras_addr *a = &call->addrs[i];

		if (a->role == role && (!found || (a->len == 4 && found->len != 4)))
			found = a;
	}
	return found ? *found : (struct ras_addr){0};
}

void call_show_addresses(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;
	size_t n_routes = MIN(call->network.n_routes, (size_t)RAS_ROUTES_MAX);
	struct ras_addr *copy = NULL;

	if (call->n_addrs + n_routes > 0)
		copy = malloc((call->n_addrs + n_routes) * sizeof(*copy));
	if (copy)
		memcpy(copy, call->addrs, call->n_addrs * sizeof(*copy));
	if (copy && n_routes > 0)
		memcpy(copy + call->n_addrs, call->network.routes, n_routes * sizeof(*copy));

	WITH_LOCK(&conn->lock);

	free(conn->addrs);
	conn->addrs = copy;
	conn->n_addrs = copy ? call->n_addrs + n_routes : 0;
	conn->info.local = first_address(call, RAS_ADDR_LOCAL);
	conn->info.peer = first_address(call, RAS_ADDR_PEER);
}

void ras_call_set_addresses(struct ras_call *call, const struct ras_addr *addrs, size_t n)
{
	pthread_mutex_lock(&call->conn->lock);
	call->n_addrs = MIN(n, (size_t)RAS_ADDRS_MAX);
	if (call->n_addrs > 0)
		memmove(call->addrs, addrs, call->n_addrs * sizeof(*addrs));
	pthread_mutex_unlock(&call->conn->lock);
	if (call->member)
		bundle_link_news(call);
	else
		call_show_addresses(call);
}

/* ---- record and log of the attempt ---- */

static void note(struct ras_call *call, const struct record_writer *w)
{
	/* A driver's notes are few and small; one that does not fit would be a fault of the driver, and adoption then
	 * treats the link as half made. */
	if (w->overflow || call->notes_len + w->len > sizeof(call->notes))
		return;
	memcpy(call->notes + call->notes_len, w->text, w->len);
	call->notes_len += w->len;
}

void ras_call_note_u64(struct ras_call *call, const char *key, uint64_t value)
{
	struct record_writer w = {.len = 0};

	record_put_u64(&w, key, value);
	note(call, &w);
}

void ras_call_note_str(struct ras_call *call, const char *key, const char *value)
{
	struct record_writer w = {.len = 0};

	record_put_str(&w, key, value);
	note(call, &w);
}

int ras_call_save(struct ras_call *call)
{
	return link_record_write(call, call->up_mono > 0);
}

/* All links of a bundle write into its log, which the bundle has begun. */
static int open_log(struct ras_call *call)
{
	int mode = call->member ? O_APPEND : O_APPEND | O_TRUNC;
	char name[RAS_NAME_MAX];
	int fd;

	snprintf(name, sizeof(name), "%u.log", ras_call_index(call));
	fd = openat(call->ras->run_fd, name, O_WRONLY | O_CREAT | mode | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -1 : fd_high(fd);
}

void ras_call_log(struct ras_call *call, const char *format, ...)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX];
	int start = call->member ? snprintf(text, sizeof(text), "link %u: ", call->subentry) : 0;
	va_list args;
	size_t len;
	int n;

	va_start(args, format);
	n = vsnprintf(text + start, sizeof(text) - (size_t)start, format, args);
	va_end(args);
	if (n < 0)
		return;
	/* Room for the newline. What other programs say must not work on the terminal of who reads it. */
	len = log_escape(line, sizeof(line) - 1, text, MIN((size_t)(start + n), sizeof(text) - 1));
	log_debug("entry %s: call %u: %s", call->conn->name, call->call_id, line);
	if (call->log_fd < 0)
		call->log_fd = open_log(call);
	if (call->log_fd < 0 || lseek(call->log_fd, 0, SEEK_END) + (off_t)len + 1 > CALL_LOG_MAX)
		return;
	line[len++] = '\n';
	fd_write_all(call->log_fd, line, len);
}

void call_close_log(struct ras_call *call)
{
	call->log_fd = fd_close(call->log_fd);
}
