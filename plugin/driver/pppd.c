/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a call made by pppd: start, supervision over its pidfd, its log, our object's socket and the report of
 * our shell lines, end. */
#include "driver/pppd.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver/redact.h"
#include "pppd-plugin/wire.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/netlink.h"

#define ADOPTED_LOOK_MS 2000  /* how often the file of an adopted link is read */
#define IP4_AFTER_IP6_MS 3000 /* how long a link with IPv6 waits for IPv4 before it counts as up */
#define SHORTAGE_MS 1000      /* until there may be descriptors again */
#define LOG_CHUNK 2048
#define LOG_CHUNKS_AT_END 64 /* more than a pipe holds */

/* Which states a phase of pppd brings, after tell_open(). */
static const struct {
	unsigned phase;
	enum ras_state states[2];
} phase_states[] = {
	{WIRE_PHASE_ESTABLISH, {RAS_DEVICE_CONNECTED, RAS_ALL_DEVICES_CONNECTED}},
	{WIRE_PHASE_AUTHENTICATE, {RAS_AUTHENTICATE, RAS_AUTHENTICATE}},
	{WIRE_PHASE_NETWORK, {RAS_AUTHENTICATED, RAS_AUTH_PROJECT}},
	{WIRE_PHASE_RUNNING, {RAS_PROJECTED, RAS_PROJECTED}},
};

_Static_assert(PPPD_LINE_MAX == REDACT_TEXT_MAX, "a line that was cut is known by its length");

/* ---- the link ---- */

/* given: it has the number in its names already, whoever else has come by it meanwhile. */
static struct pppd_link *link_new(struct ras_call *call, uint32_t number, bool given)
{
	struct pppd_link *link = calloc(1, sizeof(*link));
	struct ras_bundle_names names;

	if (!link)
		return NULL;
	link->medium = ras_call_driver(call)->own;
	link->process = link->parent = PROCESS_NONE;
	link->log.rows = link->words.rows = link->medium->rows;
	link->words.foreign = true;
	link->log_fd = link->words_fd = link->socket_fd = link->report_fd = -1;
	link->state = PPPD_STATE_NONE;
	link->index = link->unit = ras_call_take_number(call, number);
	if (given)
		link->index = link->unit = number;
	if (ras_call_bundle(call, &names)) {
		link->unit = names.number;
		link->bundle = names.identity;
		snprintf(link->state_file, sizeof(link->state_file), "%u.%u.ppp", ras_call_id(call), link->index);
	} else {
		snprintf(link->state_file, sizeof(link->state_file), "%u.ppp", ras_call_id(call));
	}
	ras_call_set_data(call, link);
	return link;
}

static void link_free(struct ras_call *call, struct pppd_link *link)
{
	pppd_give_done(link);
	fd_close(link->log_fd);
	fd_close(link->words_fd);
	fd_close(link->socket_fd);
	fd_close(link->report_fd);
	process_release(&link->process);
	process_release(&link->parent);
	free(link);
	ras_call_set_data(call, NULL);
}

/* ---- what comes in ---- */

static void show_line(void *context, const char *line, char shown[PPPD_LINE_MAX])
{
	struct ras_call *call = context;
	const struct pppd_link *link = ras_call_data(call);

	redact(call, line, shown, PPPD_LINE_MAX);
	ras_call_log(call, "%s", shown);
	if (link->medium->line)
		link->medium->line(call, line);
}

/* Reads one piece of a log. Returns false when there is nothing more for now. */
static bool take_piece(struct ras_call *call, int *fd, struct pppd_log *log)
{
	const struct pppd_link *link = ras_call_data(call);
	char data[LOG_CHUNK];
	ssize_t n;

	if (*fd < 0)
		return false;
	n = read(*fd, data, sizeof(data));
	if (n > 0) {
		pppd_log_feed(log, data, (size_t)n, link->up, show_line, call);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		*fd = fd_close(*fd);
	return false;
}

/* What pppd and the command said last is still there when they are gone. */
static void take_rest(struct ras_call *call, struct pppd_link *link)
{
	for (int i = 0; i < LOG_CHUNKS_AT_END && take_piece(call, &link->words_fd, &link->words); i++)
		;
	for (int i = 0; i < LOG_CHUNKS_AT_END && take_piece(call, &link->log_fd, &link->log); i++)
		;
}

/* The line is open and the device being connected: our shell line says so, or pppd has come further already. */
static void tell_open(struct ras_call *call, struct pppd_link *link)
{
	if (link->opened)
		return;
	link->opened = true;
	ras_call_enter(call, RAS_PORT_OPENED);
	ras_call_enter(call, RAS_CONNECT_DEVICE);
}

static void take_report(struct ras_call *call, struct pppd_link *link)
{
	size_t room = sizeof(link->report) - 1 - link->report_len;
	ssize_t n;

	if (link->report_fd < 0)
		return;
	n = room > 0 ? read(link->report_fd, link->report + link->report_len, room) : 0;
	if (n > 0) {
		link->report_len += (size_t)n;
		link->report[link->report_len] = '\0';
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		link->report_fd = fd_close(link->report_fd);
	}
	if (strncmp(link->report, "open\n", 5) == 0)
		tell_open(call, link);
}

/* A line that joins a bundle negotiates no IP of its own. */
static unsigned reached(const struct pppd_state *s)
{
	return s->joined && s->phase == WIRE_PHASE_NETWORK ? WIRE_PHASE_RUNNING : s->phase;
}

/* States only go forward: a renegotiation tells none again. */
static void tell_phase(struct ras_call *call, struct pppd_link *link)
{
	unsigned phase = reached(&link->state);

	if (link->up || link->armed || phase > WIRE_PHASE_RUNNING)
		return;
	if (link->medium->open_at_once && phase >= WIRE_PHASE_SERIALCONN)
		tell_open(call, link);
	for (size_t i = 0; i < ARRAY_SIZE(phase_states); i++) {
		if (phase_states[i].phase <= link->phase || phase_states[i].phase > phase)
			continue;
		link->phase = phase_states[i].phase;
		tell_open(call, link);
		ras_call_enter(call, phase_states[i].states[0]);
		ras_call_enter(call, phase_states[i].states[1]);
	}
}

static void set_addresses(struct ras_call *call, const struct pppd_link *link)
{
	struct ras_addr addrs[ARRAY_SIZE(link->state.addrs) + ARRAY_SIZE(link->ends)];
	size_t n = link->state.n_addrs;

	if (n == 0)
		return;
	memcpy(addrs, link->state.addrs, n * sizeof(*addrs));
	memcpy(addrs + n, link->ends, link->n_ends * sizeof(*addrs));
	ras_call_set_addresses(call, addrs, n + link->n_ends);
}

static bool has_interface(unsigned phase)
{
	return (phase >= WIRE_PHASE_ESTABLISH && phase <= WIRE_PHASE_RUNNING) || phase == WIRE_PHASE_MASTER;
}

static void apply_state(struct ras_call *call, struct pppd_link *link)
{
	if (link->state.ifname[0] != '\0' && has_interface(link->state.phase)) {
		link->ifindex = if_nametoindex(link->state.ifname);
		ras_call_set_interface(call, link->ifindex, link->state.ifname);
	}
	if (link->state.master && !link->bare)
		ras_call_set_carriage(call, RAS_CARRIES_OTHERS);
	link->dormant |= link->state.phase == WIRE_PHASE_DORMANT;
	link->awake |= link->dormant && link->state.phase != WIRE_PHASE_DORMANT;
	set_addresses(call, link);
	tell_phase(call, link);
}

/* A pppd that somebody else has started for us: its object says which process it is. */
static void meet_pppd(struct ras_call *call, struct pppd_link *link)
{
	if (link->parent.pid == 0 || link->pid != 0)
		return;
	link->pid = link->state.pid;
	if (process_adopt(link->pid, link->state.started, &link->process) == 0)
		pppd_note_process(call, link);
}

static void answer(struct ras_call *call, struct pppd_link *link)
{
	const char *secret = ras_call_entry(call)->secret;

	if (!link->up && !link->armed)
		ras_call_enter(call, RAS_AUTH_NOTIFY);
	if (secret)
		send(link->socket_fd, secret, strnlen(secret, WIRE_SECRET_MAX), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take_messages(struct ras_call *call, struct pppd_link *link)
{
	char text[1024];
	ssize_t n;

	while (link->socket_fd >= 0) {
		n = recv(link->socket_fd, text, sizeof(text) - 1, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			link->socket_fd = fd_close(link->socket_fd);
			return;
		}
		text[n - (text[n - 1] == '\n')] = '\0';
		switch (pppd_message_parse(text, &link->state)) {
		case PPPD_MESSAGE_STATE:
			meet_pppd(call, link);
			apply_state(call, link);
			break;
		case PPPD_MESSAGE_ASK:
			answer(call, link);
			break;
		}
	}
}

/* ---- why it ended ---- */

static bool device_failed(struct ras_call *call, const struct pppd_link *link, struct ras_error *ret)
{
	return link->log.first.code == 0 && !link->up && link->medium->explain &&
	       link->medium->explain(call, link, ret);
}

/* The one line of both logs that decides, with what the medium makes of it. */
static void decide(struct pppd_link *link)
{
	struct pppd_verdict *v = &link->log.first;

	if (link->words.first.code != 0 && (v->code == 0 || v->follows))
		*v = link->words.first;
	if (link->medium->refine)
		link->medium->refine(link, v);
}

/* It wanted to make an interface of its own, by the name that the bundle's has. */
static bool not_joined(const struct pppd_link *link, const struct pppd_verdict *v)
{
	return link->bundle != 0 && !link->state.joined && v->code == 602;
}

/* Says why; always negative. */
static int fail(struct ras_call *call, struct pppd_link *link)
{
	int status = link->process.ended && link->process.status >= 0 ? link->process.status : link->state.exit_status;
	struct pppd_facts facts = {
		.up = link->up,
		.heard = link->state.heard,
		.network = link->phase >= WIRE_PHASE_NETWORK,
		.ip_rejected = link->state.ip_rejected,
		.peer_ended = link->state.peer_ended,
		.mschap_error = link->state.mschap_error,
		.reason = link->state.reason,
		.exit_status = status,
	};
	struct pppd_verdict verdict;
	struct ras_error error;

	if (device_failed(call, link, &error))
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	decide(link);
	pppd_judge(&link->log, &facts, &verdict);
	if (not_joined(link, &verdict))
		return ras_call_fail(call, 716, status,
				     "The peer does not take the line for one of the bundle: it does no multilink, or "
				     "is another peer");
	return ras_call_fail(call, verdict.code, status, "%s", verdict.text);
}

/* pppd is gone, or what carried it. */
static int ended(struct ras_call *call, struct pppd_link *link)
{
	process_reap(&link->process);
	process_reap(&link->parent);
	take_report(call, link);
	take_messages(call, link);
	take_rest(call, link);
	pppd_log_end(&link->words, link->up, show_line, call);
	pppd_log_end(&link->log, link->up, show_line, call);
	if (link->state.exit_status < 0)
		pppd_state_read(ras_call_rundir(call), link->state_file, &link->state);
	return fail(call, link);
}

/* ---- supervision ---- */

/* IP was what the dial was for, and the peer will not have it. pppd would wait for ever. */
static bool ip_refused(const struct ras_call *call, const struct pppd_link *link)
{
	return !link->up && link->state.ip_rejected && !ras_entry_has_option(ras_call_entry(call), RAS_OPTION_IPV6);
}

/* IPv4, or IPv6 alone where that is wanted and IPv4 is refused or does not come. */
static bool is_up(const struct ras_call *call, struct pppd_link *link)
{
	const struct pppd_state *s = &link->state;

	if (reached(s) != WIRE_PHASE_RUNNING || link->ifindex == 0)
		return false;
	if (s->joined)
		return true;
	if (s->has_ip4 || !s->has_ip6)
		return s->has_ip4;
	if (!ras_entry_has_option(ras_call_entry(call), RAS_OPTION_IPV6))
		return false;
	if (link->ip6_since == 0)
		link->ip6_since = clock_mono_ms();
	return link->up || s->ip_rejected || clock_mono_ms() - link->ip6_since >= IP4_AFTER_IP6_MS;
}

static int look_again_ms(const struct pppd_link *link)
{
	if (link->socket_fd < 0)
		return ADOPTED_LOOK_MS;
	return link->ip6_since > 0 && !link->up ? IP4_AFTER_IP6_MS : -1;
}

/* An adopted link has no socket: its file is looked at. */
static void look_at_file(struct ras_call *call, struct pppd_link *link)
{
	if (link->socket_fd < 0 && pppd_state_read(ras_call_rundir(call), link->state_file, &link->state) == 0)
		apply_state(call, link);
}

/* pppd lives on for the other lines of its bundle when its own is lost. */
static bool is_bare(const struct pppd_link *link)
{
	return link->up && !link->bare && link->state.master && link->state.phase == WIRE_PHASE_MASTER;
}

static int become_bare(struct ras_call *call, struct pppd_link *link)
{
	link->bare = true;
	take_rest(call, link);
	fail(call, link);
	ras_call_set_carriage(call, RAS_CARRIES_BARE);
	link->log.first.code = link->words.first.code = 0;
	link->state.reason = 0;
	return -EIO;
}

/* Waits for something to happen and takes note of it. Returns 0, or negative when the call is over. */
static int serve(struct ras_call *call, struct pppd_link *link)
{
	struct pollfd fds[] = {
		{.fd = link->process.pidfd, .events = POLLIN}, {.fd = link->report_fd, .events = POLLIN},
		{.fd = link->socket_fd, .events = POLLIN},     {.fd = link->log_fd, .events = POLLIN},
		{.fd = link->words_fd, .events = POLLIN},      {.fd = link->parent.pidfd, .events = POLLIN},
	};
	int r;

	r = ras_call_wait(call, fds, ARRAY_SIZE(fds), look_again_ms(link));
	if (r < 0) {
		/* If it was the deadline, what is known already tells more. */
		decide(link);
		if (link->log.first.code != 0 && !link->up)
			fail(call, link);
		return r;
	}
	if (r == 0)
		look_at_file(call, link);
	if (fds[1].revents)
		take_report(call, link);
	if (fds[2].revents)
		take_messages(call, link);
	if (fds[3].revents)
		take_piece(call, &link->log_fd, &link->log);
	if (fds[4].revents)
		take_piece(call, &link->words_fd, &link->words);
	if ((fds[0].revents && process_reap(&link->process)) || (fds[5].revents && process_reap(&link->parent)) ||
	    link->over)
		return ended(call, link);
	if (is_bare(link))
		return become_bare(call, link);
	return ip_refused(call, link) ? fail(call, link) : 0;
}

static int spawn(struct ras_call *call, bool armed)
{
	struct pppd_link *link = link_new(call, ras_call_index(call), false);
	int r;

	if (!link)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	link->armed = armed;
	/* A serial line sets it anew. */
	if (ras_call_entry(call)->speed > 0)
		ras_call_set_speed(call, ras_call_entry(call)->speed);
	r = pppd_spawn(call, link);
	pppd_give_done(link);
	return r;
}

int pppd_arm(struct ras_call *call)
{
	int r;

	/* pppd would need the interface identifiers beforehand, too. */
	if (ras_entry_has_option(ras_call_entry(call), RAS_OPTION_IPV6))
		return ras_call_fail(call, 625, RAS_BACKEND_NONE,
				     "dial-mode on-demand and option ipv6 do not go together");
	r = spawn(call, true);

	while (r == 0 && !((struct pppd_link *)ras_call_data(call))->awake)
		r = serve(call, ras_call_data(call));
	return r;
}

int pppd_dial(struct ras_call *call)
{
	int r = ras_call_data(call) ? 0 : spawn(call, false);
	struct pppd_link *link = ras_call_data(call);

	if (r == 0 && link->parent.pid > 0)
		tell_open(call, link);
	if (r == 0 && link->armed) {
		link->armed = false;
		apply_state(call, link);
	}
	while (r == 0 && !is_up(call, link))
		r = serve(call, link);
	if (r < 0)
		return r;
	/* What was said on the way here is not why the link will end. */
	link->up = true;
	link->log.first.code = link->words.first.code = 0;
	return 0;
}

int pppd_watch(struct ras_call *call)
{
	struct pppd_link *link = ras_call_data(call);
	int r;

	do
		r = serve(call, link);
	while (r == 0);
	return r;
}

int pppd_traffic(struct ras_call *call, struct ras_traffic *ret)
{
	const struct pppd_link *link = ras_call_data(call);
	struct netlink_stats s;
	int r;

	/* The traffic of a bundle is that of who has made its interface. */
	if (!link || link->ifindex == 0 || link->state.joined)
		return -ENODEV;
	r = netlink_stats(link->ifindex, &s);
	if (r < 0)
		return r;
	*ret = (struct ras_traffic){
		.in_octets = s.in_octets,
		.out_octets = s.out_octets,
		.in_packets = s.in_packets,
		.out_packets = s.out_packets,
		.in_errors = s.in_errors,
		.out_errors = s.out_errors,
	};
	return 0;
}

/* ---- the end, and before and after the agent's ---- */

/* pppd first where something else has to carry its goodbye to the peer. */
static void end_processes(struct ras_call *call, struct pppd_link *link)
{
	int64_t end = clock_mono_ms() + ras_call_grace_ms(call);
	int goodbye = ras_call_grace_ms(call) * 3 / 8; /* longer than pppd waits for an answer to it */

	if (link->parent.pid > 0 || link->medium->carries_goodbye)
		process_ask(&link->process, SIGTERM, goodbye);
	if (link->parent.pid > 0)
		process_ask(&link->parent, link->medium->parent_signal, goodbye / 4);
	if (process_end(&link->process, (int)MAX(end - clock_mono_ms(), 1)) < 0)
		ras_call_log(call, "pppd %d does not end", (int)link->process.pid);
	if (process_end(&link->parent, (int)MAX(end - clock_mono_ms(), 1)) < 0)
		ras_call_log(call, "process %d does not end", (int)link->parent.pid);
}

void pppd_hang_up(struct ras_call *call)
{
	struct pppd_link *link = ras_call_data(call);

	if (!link)
		return;
	/* So that a pppd that waits for the secret waits no longer. */
	link->socket_fd = fd_close(link->socket_fd);
	end_processes(call, link);
	take_rest(call, link);
	pppd_run_hooks(call, link);
	pppd_remove_files(call, link);
	if (link->medium->remove_files)
		link->medium->remove_files(call, link);
	link_free(call, link);
}

void pppd_release(struct ras_call *call)
{
	struct pppd_link *link = ras_call_data(call);

	if (link)
		link_free(call, link);
}

/* The process by what the record says, or the object's file, if the agent died before it had written the number. If it
 * has ended while no agent was there, programs that it had started may not have: those end now. */
static int find_process(struct ras_call *call, struct pppd_link *link, const struct record *record)
{
	uint32_t pid, session;
	uint64_t started;
	int r = link->medium->restore ? link->medium->restore(call, link, record) : 0;

	r = r < 0 ? r : pppd_state_read(ras_call_rundir(call), link->state_file, &link->state);
	if (file_shortage(r))
		return r;
	started = link->state.started;
	pid = (uint32_t)link->state.pid;
	record_get_u32(record, "d-pid", &pid);
	record_get_u64(record, "d-started", &started);
	if (pid == 0)
		return -ESRCH;
	link->pid = (pid_t)pid;
	if (link->state.pid != link->pid)
		link->state = PPPD_STATE_NONE;
	r = process_adopt(link->pid, started, &link->process);
	if (r == -ESRCH && record_get_u32(record, "d-session", &session) == 0)
		process_end_orphans(link->pid, (pid_t)session);
	return r;
}

int pppd_adopt(struct ras_call *call, const struct record *record, bool up)
{
	const char *device = record_get_str(record, "d-device");
	uint32_t number = ras_call_index(call);
	struct pppd_link *link;
	int r;

	record_get_u32(record, "d-index", &number);
	link = link_new(call, number, true);
	if (!link)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	if (device)
		str_copy(link->device, device, sizeof(link->device));
	link->up = up;
	/* For want of a descriptor it is not given up: it would go on without us. */
	while (file_shortage(r = find_process(call, link, record)) && ras_call_wait(call, NULL, 0, SHORTAGE_MS) >= 0)
		;
	if (!up)
		return ras_call_fail(call, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	if (r < 0 || link->over)
		return fail(call, link);
	ras_call_set_process(call, link->process.pid);
	apply_state(call, link);
	if (is_bare(link))
		return become_bare(call, link);
	if (!is_up(call, link))
		return ras_call_fail(call, 628, RAS_BACKEND_NONE,
				     "The link was going down when the agent started again");
	return 0;
}
