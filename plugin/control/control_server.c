/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "control/control.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/macro.h"

#define LOOK_MS 100         /* between looks at connections that are watched */
#define IDLE_MS 10000       /* a client that neither asks nor reads */
#define STATES_MAX 4096     /* messages of the engine that may wait */
#define LOG_MAX (64 * 1024) /* octets of the log of an attempt */
#define EVENTS 16

enum task { TASK_NONE, TASK_ROWS, TASK_LOG, TASK_WATCH };

struct client {
	struct client *next;
	int fd;
	enum task task;
	bool blocked; /* waits until it can be written to */
	bool dead;
	int64_t deadline; /* mono; of a client that is not watching */
	char entry[RAS_NAME_MAX];
	uint32_t row;           /* TASK_ROWS: index to go on with */
	char *log, *log_at;     /* TASK_LOG: what is left to be sent */
	bool dialed;            /* TASK_WATCH: states come from the engine's messages, until the last one */
	bool leaving;           /* TASK_WATCH: it has asked for the end */
	bool begun;             /* TASK_WATCH: the call was seen */
	uint32_t call_before;   /* TASK_WATCH: call id of the call before */
	enum ras_status status; /* TASK_WATCH: as it was told last; 0: not yet */
	enum ras_state state;
};

struct control_server {
	struct ras *ras;
	char *run_dir;
	int epoll_fd, timer_fd, listen_fd;
	struct ras_queue *states; /* of all that is dialed here: outlives every dial */
	struct client *clients;
	size_t n_clients;
	bool ticking;
	bool starved; /* a client could not be accepted for want of descriptors or memory: tried again at a tick */
};

/* ---- clients ---- */

/* Wakes this many ms apart while there are clients, also those that could not be accepted. */
static void tick(struct control_server *server)
{
	struct itimerspec spec = {0};
	bool wanted = server->n_clients > 0 || server->starved;

	if (wanted == server->ticking)
		return;
	if (wanted)
		spec.it_value.tv_nsec = spec.it_interval.tv_nsec = LOOK_MS * 1000000L;
	timerfd_settime(server->timer_fd, 0, &spec, NULL);
	server->ticking = wanted;
}

static int epoll_watch(struct control_server *server, int op, int fd, uint32_t events, void *data)
{
	struct epoll_event event = {.events = events, .data.ptr = data};

	return epoll_ctl(server->epoll_fd, op, fd, &event) < 0 ? -errno : 0;
}

/* Events may still point to it: it is freed at the end of the turn. */
static void drop(struct client *client)
{
	client->dead = true;
}

static void bury(struct control_server *server)
{
	for (struct client **p = &server->clients; *p;) {
		struct client *client = *p;

		if (!client->dead) {
			p = &client->next;
			continue;
		}
		*p = client->next;
		fd_close(client->fd);
		free(client->log);
		free(client);
		server->n_clients--;
	}
	tick(server);
}

int control_server_take(struct control_server *server, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	int r = client ? epoll_watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, client) : -ENOMEM;

	if (r < 0) {
		free(client);
		fd_close(fd);
		return r;
	}
	client->fd = fd;
	client->deadline = clock_mono_ms() + IDLE_MS;
	client->next = server->clients;
	server->clients = client;
	server->n_clients++;
	tick(server);
	return 0;
}

/* ---- answers ---- */

/* Returns false if it could not be sent: the client waits, or is dropped. */
static bool tell(struct control_server *server, struct client *client, int ended, const struct record_writer *w)
{
	int r;

	if (client->dead)
		return false;
	r = ended < 0 ? ended : control_send(client->fd, w);
	if (r == 0) {
		client->deadline = clock_mono_ms() + IDLE_MS;
		return true;
	}
	if (r == -EAGAIN && (client->task == TASK_ROWS || client->task == TASK_LOG)) {
		client->blocked = true;
		epoll_watch(server, EPOLL_CTL_MOD, client->fd, EPOLLIN | EPOLLOUT, client);
	} else {
		drop(client);
	}
	return false;
}

static void finish(struct control_server *server, struct client *client)
{
	struct record_writer w;

	record_begin(&w, "done");
	if (tell(server, client, record_end(&w), &w))
		client->task = TASK_NONE;
}

static void refuse(struct control_server *server, struct client *client, int32_t code, const char *text)
{
	struct record_writer w;

	client->task = TASK_NONE;
	record_begin(&w, "error");
	record_put_i64(&w, "code", code);
	record_put_str(&w, "text", text);
	tell(server, client, record_end(&w), &w);
}

static void refuse_error(struct control_server *server, struct client *client, const struct ras_error *error)
{
	refuse(server, client, error->code, error->text);
}

static bool tell_conn(struct control_server *server, struct client *client, const struct ras_conn *conn,
		      const struct ras_conn_info *info)
{
	struct record_writer w;

	return tell(server, client, control_put_conn(&w, ras_conn_entry(conn), info), &w);
}

/* ---- rows and logs, as fast as the client reads ---- */

static void send_rows(struct control_server *server, struct client *client)
{
	for (;;) {
		size_t position = ras_conn_position(server->ras, client->row, SIZE_MAX);
		struct ras_conn_info info;
		struct ras_conn *conn;

		if (position >= ras_conn_count(server->ras))
			break;
		conn = ras_conn_at(server->ras, position);
		ras_conn_get(conn, &info);
		if (!tell_conn(server, client, conn, &info))
			return;
		client->row = ras_conn_entry(conn)->index + 1;
	}
	finish(server, client);
}

static void send_log(struct control_server *server, struct client *client)
{
	while (*client->log_at) {
		char line[LOG_LINE_MAX];
		size_t len = strcspn(client->log_at, "\n");
		struct record_writer w;

		snprintf(line, sizeof(line), "%.*s", (int)len, client->log_at);
		record_begin(&w, "log");
		record_put_str(&w, "text", line);
		if (!tell(server, client, record_end(&w), &w))
			return;
		client->log_at += client->log_at[len] ? len + 1 : len;
	}
	finish(server, client);
}

static void go_on(struct control_server *server, struct client *client)
{
	if (client->blocked) {
		client->blocked = false;
		epoll_watch(server, EPOLL_CTL_MOD, client->fd, EPOLLIN, client);
	}
	if (client->task == TASK_ROWS)
		send_rows(server, client);
	else if (client->task == TASK_LOG)
		send_log(server, client);
}

static void start_log(struct control_server *server, struct client *client, const struct ras_conn *conn)
{
	_cleanup_fd_ int dirfd = open(server->run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[32];
	size_t size;
	int r;

	snprintf(name, sizeof(name), "%u.log", ras_conn_entry(conn)->index);
	free(client->log);
	client->log = NULL;
	r = file_read(dirfd, name, LOG_MAX, &client->log, &size);
	if (r == -ENOENT) {
		refuse(server, client, 0, "there is no log: no attempt since the host was started has left one");
	} else if (r < 0) {
		refuse(server, client, 0, "the log cannot be read");
	} else {
		client->task = TASK_LOG;
		client->log_at = client->log;
		send_log(server, client);
	}
}

/* ---- watching ---- */

static bool is_settled(const struct client *client, const struct ras_conn_info *info)
{
	switch (info->status) {
	case RAS_STATUS_DOWN:
	case RAS_STATUS_FAILED:
	case RAS_STATUS_NOT_READY:
		/* A call that is accepted while the one before is cleaned up shows a little later. */
		return client->begun || info->call_id != client->call_before || info->desired == RAS_DESIRED_DOWN;
	case RAS_STATUS_WAITING:
	case RAS_STATUS_WAITING_REDIAL:
		return client->leaving;
	default:
		return false;
	}
}

/* The engine's messages to who has dialed. */
static void tell_states(struct control_server *server)
{
	struct ras_message message;

	while (ras_queue_take(server->states, &message)) {
		struct record_writer w;
		bool last = message.error != 0 || message.state >= RAS_CONNECTED;

		for (struct client *c = server->clients; c; c = c->next) {
			if (!c->dialed || ras_conn_by_name(server->ras, c->entry) != message.conn)
				continue;
			record_begin(&w, "state");
			record_put_i64(&w, "state", message.state);
			/* A failure shows in the row. */
			if (message.error == 0)
				tell(server, c, record_end(&w), &w);
			c->dialed = !last;
			c->begun = true;
			c->state = message.state;
		}
	}
}

/* Nothing is told after a hang-up, nor of redials, so there is a look at the row too. */
static void look(struct control_server *server, struct client *client)
{
	struct ras_conn *conn = ras_conn_by_name(server->ras, client->entry);
	struct ras_conn_info info;
	bool changed, settled;

	if (!conn) {
		refuse(server, client, 623, "the entry has left the phonebook");
		return;
	}
	ras_conn_get(conn, &info);
	/* What was told before the row became what it is now is here by now. */
	tell_states(server);
	settled = is_settled(client, &info);
	client->begun = client->begun || ras_status_in_setup(info.status) || info.status == RAS_STATUS_UP ||
			info.status == RAS_STATUS_WAITING || info.status == RAS_STATUS_WAITING_REDIAL;
	if (client->dialed &&
	    (settled || info.status == RAS_STATUS_HANGING_UP || info.status == RAS_STATUS_WAITING_REDIAL))
		client->dialed = false;
	changed = info.status != client->status || info.state != client->state;
	/* The state of a dial is the messages' to tell. */
	if (client->dialed && ras_status_in_setup(info.status))
		changed = false;
	if (!settled && !client->begun)
		changed = false;
	if (changed || settled) {
		client->status = info.status;
		client->state = info.state;
		if (tell_conn(server, client, conn, &info) && settled)
			finish(server, client);
	}
}

static void start_watch(struct client *client, const struct ras_conn_info *before)
{
	client->task = TASK_WATCH;
	client->dialed = client->leaving = client->begun = false;
	client->call_before = before->call_id;
	client->status = 0;
	client->state = RAS_DISCONNECTED;
}

/* ---- requests ---- */

static void explain_refusal(struct control_server *server, struct ras_error *error, int r,
			    const struct ras_conn_info *info)
{
	/* A master agent answers a SET before we are told to commit it. */
	bool disabled = ras_setting_coming(server->ras, RAS_SETTING_ADMIN_MODE) != RAS_ADMIN_ENABLED;

	if (r == -EALREADY)
		return;
	if (r == -EAGAIN)
		ras_error_set(error, 633, RAS_BACKEND_NONE, "As many dials as max-concurrent-dials are under way");
	else if (r == -ENOMEM)
		ras_error_set(error, 664, RAS_BACKEND_NONE, NULL);
	else if (r == -ESHUTDOWN)
		ras_error_set(error, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	else if (r != -EINVAL)
		ras_error_set(error, r, RAS_BACKEND_NONE, NULL);
	else if (disabled)
		ras_error_set(error, RAS_ERROR_ADMINISTRATOR, RAS_BACKEND_NONE, "Dialing is not enabled: admin-mode");
	else if (info->status == RAS_STATUS_HANGING_UP)
		ras_error_set(error, 617, RAS_BACKEND_NONE, NULL);
	else
		ras_error_set(error, 716, RAS_BACKEND_NONE,
			      "The entry is not ready: not active, or without something that its device type needs");
}

static void dial(struct control_server *server, struct client *client, struct ras_conn *conn)
{
	const struct ras_notifier notifier = {.kind = RAS_NOTIFIER_QUEUE, .queue = server->states};
	struct ras_conn_info before;
	struct ras_error error = RAS_ERROR_INIT;
	int r;

	tell_states(server); /* what is still to be told of an earlier dial is none of this one's */
	ras_conn_get(conn, &before);
	r = ras_dial(server->ras, conn, &notifier, &error);
	if (r < 0) {
		explain_refusal(server, &error, r, &before);
		refuse_error(server, client, &error);
		return;
	}
	log_info("entry %s: dialed through the control socket", ras_conn_entry(conn)->name);
	start_watch(client, &before);
	client->dialed = true;
}

static void hang_up(struct control_server *server, struct client *client, struct ras_conn *conn)
{
	struct ras_conn_info info;

	log_info("entry %s: hung up through the control socket", ras_conn_entry(conn)->name);
	ras_conn_get(conn, &info);
	ras_hang_up(conn);
	if (client->task != TASK_WATCH)
		start_watch(client, &info);
	client->leaving = true;
	look(server, client);
}

static void answer(struct control_server *server, struct client *client, const struct control_request *request)
{
	struct ras_conn *conn = *request->entry ? ras_conn_by_name(server->ras, request->entry) : NULL;
	struct ras_conn_info info;

	if (*request->entry && !conn) {
		refuse(server, client, 623, "The phonebook has no such entry");
		return;
	}
	str_copy(client->entry, request->entry, sizeof(client->entry));
	switch (request->verb) {
	case CONTROL_DIAL:
		dial(server, client, conn);
		return;
	case CONTROL_HANG_UP:
		hang_up(server, client, conn);
		return;
	case CONTROL_LOG:
		start_log(server, client, conn);
		return;
	case CONTROL_STATUS:
		if (conn) {
			ras_conn_get(conn, &info);
			if (tell_conn(server, client, conn, &info))
				finish(server, client);
			return;
		}
		client->task = TASK_ROWS;
		client->row = 1;
		send_rows(server, client);
		return;
	}
}

/* One request at a time; who watches may still hang up what he watches. */
static void listen_to(struct control_server *server, struct client *client)
{
	struct control_request request;
	char text[RECORD_MAX];
	int n = control_receive(client->fd, text);
	bool allowed;

	if (n == -EAGAIN)
		return;
	if (n <= 0 || control_request_parse(text, &request) < 0) {
		if (n != 0)
			log_warning("a client of the control socket is dropped: what it sends is no request");
		drop(client);
		return;
	}
	allowed = client->task == TASK_NONE || (client->task == TASK_WATCH && request.verb == CONTROL_HANG_UP &&
						str_equal(request.entry, client->entry));
	if (allowed)
		answer(server, client, &request);
	else
		drop(client);
}

/* A client that waits and cannot be accepted would wake us without end. */
static void set_starved(struct control_server *server, int error)
{
	bool starved = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;

	if (starved == server->starved)
		return;
	server->starved = starved;
	if (starved)
		log_warning("a client of the control socket has to wait: %s", strerror(error));
	epoll_watch(server, EPOLL_CTL_MOD, server->listen_fd, starved ? 0 : EPOLLIN, &server->listen_fd);
	tick(server);
}

static void accept_client(struct control_server *server)
{
	int fd = control_accept(server->listen_fd);

	set_starved(server, fd < 0 ? -fd : 0);
	if (fd < 0)
		return;
	if (control_may_ask(fd) && server->n_clients < CONTROL_CLIENTS_MAX) {
		control_server_take(server, fd);
		return;
	}
	if (control_may_ask(fd)) {
		struct client one_more = {.fd = fd};

		refuse(server, &one_more, 0, "too many commands at a time; try again");
	}
	fd_close(fd);
}

/* ---- turn ---- */

static void look_at_all(struct control_server *server)
{
	int64_t now = clock_mono_ms();

	for (struct client *c = server->clients; c; c = c->next) {
		if (c->task == TASK_WATCH && !c->dead)
			look(server, c);
		else if (now >= c->deadline)
			drop(c);
	}
}

void control_server_turn(struct control_server *server)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(server->epoll_fd, events, EVENTS, 0);
	uint64_t ticks;

	for (int i = 0; i < n; i++) {
		void *whose = events[i].data.ptr;
		struct client *client = whose;

		if (whose == &server->listen_fd) {
			accept_client(server);
		} else if (whose == &server->timer_fd) {
			if (read(server->timer_fd, &ticks, sizeof(ticks)) > 0)
				look_at_all(server);
			if (server->starved)
				accept_client(server);
		} else if (whose == &server->states) {
			tell_states(server);
		} else if (!client->dead) {
			if (events[i].events & EPOLLOUT)
				go_on(server, client);
			if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				listen_to(server, client);
		}
	}
	bury(server);
}

/* ---- life ---- */

int control_server_new(struct ras *ras, const char *run_dir, struct control_server **ret)
{
	struct control_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	*server = (struct control_server){.ras = ras, .timer_fd = -1, .listen_fd = -1};
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC); /* low, for select() */
	r = server->epoll_fd < 0 ? -errno : 0;
	server->run_dir = strdup(run_dir);
	server->states = ras_queue_new(STATES_MAX);
	if (r == 0 && (!server->run_dir || !server->states))
		r = -ENOMEM;
	if (r == 0) {
		server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
		server->timer_fd = server->timer_fd < 0 ? -errno : fd_high(server->timer_fd);
		r = server->timer_fd < 0 ? server->timer_fd : 0;
	}
	if (r == 0)
		r = epoll_watch(server, EPOLL_CTL_ADD, server->timer_fd, EPOLLIN, &server->timer_fd);
	if (r == 0)
		r = epoll_watch(server, EPOLL_CTL_ADD, ras_queue_fd(server->states), EPOLLIN, &server->states);
	if (r < 0) {
		control_server_free(server);
		return r;
	}
	*ret = server;
	return 0;
}

int control_server_listen(struct control_server *server)
{
	int fd = control_listen(server->run_dir, CONTROL_CLIENTS_MAX);
	int r = fd < 0 ? fd : epoll_watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, &server->listen_fd);

	if (r < 0) {
		if (fd >= 0)
			fd_close(fd);
		return r;
	}
	server->listen_fd = fd;
	return 0;
}

int control_server_fd(const struct control_server *server)
{
	return server->epoll_fd;
}

struct control_server *control_server_free(struct control_server *server)
{
	struct ras_totals totals;

	if (!server)
		return NULL;
	if (server->listen_fd >= 0)
		control_remove(server->run_dir);
	for (struct client *c = server->clients; c; c = c->next)
		drop(c);
	bury(server);
	fd_close(server->listen_fd);
	fd_close(server->timer_fd);
	fd_close(server->epoll_fd);
	free(server->run_dir);
	/* A dial thread that does not end may still write there. */
	ras_totals_get(server->ras, &totals);
	if (totals.threads == 0)
		ras_queue_free(server->states);
	free(server);
	return NULL;
}
