/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type exec: the life of a call that a helper makes. */
#include "driver/exec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver/drivers.h"
#include "driver/redact.h"
#include "sys/clock.h"
#include "sys/fd.h"

#define LINES_PER_SECOND 100
#define SECOND_MS 1000
#define LOOK_MS 2000       /* how often it is seen whether the interface is still there */
#define LINES_AT_END 70000 /* more than a FIFO holds */
#define CODE_ENDED 651     /* the helper ended, and did not say why */
#define CODE_LOST 829      /* the same while up */
#define CODE_BROKEN 752
#define STATS_INTERVAL_MS 2000

static struct exec_link *link_new(struct ras_call *call)
{
	struct exec_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->process = PROCESS_NONE;
	link->out.fd = link->err.fd = -1;
	link->error = RAS_ERROR_INIT;
	ras_call_set_data(call, link);
	return link;
}

static void link_free(struct ras_call *call, struct exec_link *link)
{
	fd_close(link->out.fd);
	fd_close(link->err.fd);
	process_release(&link->process);
	free(link);
	ras_call_set_data(call, NULL);
}

/* ---- what a helper says ---- */

static void take_up(struct ras_call *call, struct exec_link *link, const struct exec_message *m)
{
	if (m->wrong[0] != '\0')
		ras_call_log(call, "the helper's UP has a word that makes no sense, and is left out");
	if (m->ifname[0] != '\0' && !link->up) {
		link->ifindex = if_nametoindex(m->ifname);
		if (link->ifindex == 0) {
			ras_error_set(&link->error, CODE_BROKEN, RAS_BACKEND_NONE,
				      "The helper says that interface %s is up, which does not exist", m->ifname);
			link->over = true;
			return;
		}
		str_copy(link->ifname, m->ifname, sizeof(link->ifname));
		ras_call_set_interface(call, link->ifindex, link->ifname);
	} else if (m->ifname[0] != '\0' && !str_equal(m->ifname, link->ifname)) {
		ras_call_log(call, "the helper names another interface; the link keeps the one it has");
	}
	if (m->n_addrs > 0)
		ras_call_set_addresses(call, m->addrs, m->n_addrs);
	if (m->speed > 0)
		ras_call_set_speed(call, m->speed);
	if (link->up) {
		ras_call_save(call);
		return;
	}
	exec_traffic_begin(call, link);
	/* What was said on the way here is not why the link will end. */
	link->error = RAS_ERROR_INIT;
	link->up = true;
}

/* Says what went wrong without user name, number and secret, which a helper may know. */
static void take_error(struct ras_call *call, struct exec_link *link, const struct exec_message *m)
{
	char shown[REDACT_TEXT_MAX];

	redact(call, m->text, shown, sizeof(shown));
	ras_error_set(&link->error, m->code, RAS_BACKEND_NONE, shown[0] != '\0' ? "%s" : NULL, shown);
}

static void take_line(struct ras_call *call, struct exec_link *link)
{
	struct exec_message m;
	char shown[REDACT_TEXT_MAX];
	enum exec_word word = exec_parse(link->out.line.text, &m);

	/* They come for as long as the link lives, and the log has an end. */
	if (word != EXEC_STATS) {
		redact(call, link->out.line.text, shown, sizeof(shown));
		ras_call_log(call, "%s", shown);
	}
	switch (word) {
	case EXEC_STATE:
		if (!link->up)
			ras_call_enter(call, m.state);
		break;
	case EXEC_UP:
		take_up(call, link, &m);
		break;
	case EXEC_STATS:
		exec_traffic_stats(link, &m);
		break;
	case EXEC_ERROR:
		take_error(call, link, &m);
		break;
	case EXEC_DOWN:
		take_error(call, link, &m);
		link->over = true;
		break;
	case EXEC_OTHER:
		break;
	}
}

static void take_words(struct ras_call *call, struct exec_link *link)
{
	char shown[REDACT_TEXT_MAX];

	redact(call, link->err.line.text, shown, sizeof(shown));
	ras_call_log(call, "%s", shown);
	if (shown[strspn(shown, " \t")] != '\0')
		str_copy(link->words, shown, sizeof(link->words));
}

/* ---- taking it in ---- */

/* How long this stream must wait, in ms. */
static int pause_ms(const struct exec_stream *stream, int64_t now)
{
	return stream->taken < LINES_PER_SECOND ? 0 : (int)MAX(stream->second + SECOND_MS - now, 0);
}

enum taken { TAKEN_NOTHING, TAKEN_PIECE, TAKEN_LINE };

/* Octet by octet, as a shell reads: what is behind the line stays in the FIFO, where no crash of ours can lose it. A
 * line that does not end is taken in pieces, so that it takes its time, too. */
static enum taken take_octets(struct exec_stream *stream)
{
	char octet;

	while (read(stream->fd, &octet, 1) == 1) {
		bool whole = exec_line_put(&stream->line, octet);

		if (!whole && stream->line.octets % EXEC_LINE_MAX != 0)
			continue;
		stream->taken++;
		return whole ? TAKEN_LINE : TAKEN_PIECE;
	}
	return TAKEN_NOTHING;
}

/* Takes lines as long as there are any and the pace allows. Stops at the moment in which the link comes up, or is
 * over. */
static void take_stream(struct ras_call *call, struct exec_link *link, struct exec_stream *stream,
			void (*take)(struct ras_call *call, struct exec_link *link))
{
	int64_t now = clock_mono_ms();
	enum taken taken = TAKEN_PIECE;
	bool up = link->up;

	if (now - stream->second >= SECOND_MS) {
		stream->second = now;
		stream->taken = 0;
	}
	while (taken != TAKEN_NOTHING && link->up == up && !link->over && pause_ms(stream, now) == 0) {
		taken = take_octets(stream);
		if (taken == TAKEN_LINE)
			take(call, link);
	}
}

/* The same for what a helper that is gone said last, which has no pace any more. */
static void take_rest(struct ras_call *call, struct exec_link *link, struct exec_stream *stream,
		      void (*take)(struct ras_call *call, struct exec_link *link))
{
	enum taken taken = TAKEN_PIECE;
	bool up = link->up;

	for (int i = 0; i < LINES_AT_END && taken != TAKEN_NOTHING && link->up == up && !link->over; i++) {
		taken = take_octets(stream);
		if (taken == TAKEN_LINE || (taken == TAKEN_NOTHING && exec_line_end(&stream->line)))
			take(call, link);
	}
}

/* ---- why it ended ---- */

static void describe_end(const struct exec_link *link, char *ret, size_t size)
{
	int status = link->process.status;

	if (status < 0)
		snprintf(ret, size, "The helper ended");
	else if (status > 128)
		snprintf(ret, size, "The helper was ended by signal %d", status - 128);
	else
		snprintf(ret, size, "The helper ended with exit status %d", status);
}

/* Says why; always negative. */
static int fail(struct ras_call *call, const struct exec_link *link)
{
	int32_t backend = link->process.ended && link->process.status >= 0 ? link->process.status : RAS_BACKEND_NONE;
	char text[64];

	if (link->error.code != RAS_ERROR_NONE)
		return ras_call_fail(call, link->error.code, backend, "%s", link->error.text);
	describe_end(link, text, sizeof(text));
	return ras_call_fail(call, link->up ? CODE_LOST : CODE_ENDED, backend, "%s%s%s", text,
			     link->words[0] ? ": " : "", link->words);
}

/* The helper is gone. Its last words may be that the link is up, and then that it is not. */
static int ended(struct ras_call *call, struct exec_link *link)
{
	bool up = link->up;

	take_rest(call, link, &link->err, take_words);
	take_rest(call, link, &link->out, take_line);
	return link->up != up ? 0 : fail(call, link);
}

/* ---- supervision ---- */

/* Twice in a row, as the helper may be about to say more about it. */
static bool interface_is_gone(struct exec_link *link, int64_t now)
{
	char name[IF_NAMESIZE];
	bool missed = link->missed;

	if (!link->up || link->ifindex == 0 || now < link->look)
		return false;
	link->look = now + LOOK_MS;
	link->missed = !if_indextoname(link->ifindex, name);
	return missed && link->missed;
}

static int lost_interface(struct ras_call *call, const struct exec_link *link)
{
	return ras_call_fail(call, CODE_LOST, RAS_BACKEND_NONE, "Interface %s is gone", link->ifname);
}

static int earlier(int a_ms, int b_ms)
{
	return a_ms < 0 || b_ms < 0 ? MAX(a_ms, b_ms) : MIN(a_ms, b_ms);
}

/* Waits for something to happen and takes note of it. Returns 0, or negative when the call is over. */
static int serve(struct ras_call *call, struct exec_link *link)
{
	int64_t now = clock_mono_ms();
	int out_pause = pause_ms(&link->out, now), err_pause = pause_ms(&link->err, now);
	int look = link->up && link->ifindex > 0 ? (int)MAX(link->look - now, 0) : -1, r;
	bool up = link->up;
	struct pollfd fds[] = {
		{.fd = link->process.pidfd, .events = POLLIN},
		{.fd = out_pause > 0 ? -1 : link->out.fd, .events = POLLIN},
		{.fd = err_pause > 0 ? -1 : link->err.fd, .events = POLLIN},
	};

	look = earlier(look, earlier(out_pause > 0 ? out_pause : -1, err_pause > 0 ? err_pause : -1));
	r = ras_call_wait(call, fds, ARRAY_SIZE(fds), look);
	if (r < 0) {
		/* If it was the deadline, what is known already tells more. */
		if (link->error.code != RAS_ERROR_NONE && !link->up)
			fail(call, link);
		return r;
	}
	take_stream(call, link, &link->err, take_words);
	take_stream(call, link, &link->out, take_line);
	if (link->up != up)
		return 0;
	if (link->over)
		return fail(call, link);
	if (fds[0].revents && process_reap(&link->process))
		return ended(call, link);
	return interface_is_gone(link, clock_mono_ms()) ? lost_interface(call, link) : 0;
}

static int exec_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	if (exec_name_is_good(entry->device_name))
		return 0;
	ras_error_set(ret_error, 625, RAS_BACKEND_NONE,
		      "device-name must be the name of a helper: letters, digits, _ . -, not beginning with . or -");
	return -EINVAL;
}

static int exec_dial(struct ras_call *call)
{
	struct exec_link *link = link_new(call);
	int r;

	if (!link)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	r = exec_start(call, link);
	while (r == 0 && !link->up)
		r = serve(call, link);
	return r;
}

static int exec_watch(struct ras_call *call)
{
	struct exec_link *link = ras_call_data(call);
	int r;

	do
		r = serve(call, link);
	while (r == 0);
	return r;
}

/* ---- the end, and before and after the agent's ---- */

static void exec_hang_up(struct ras_call *call)
{
	struct exec_link *link = ras_call_data(call);

	if (!link)
		return;
	if (process_end(&link->process, ras_call_grace_ms(call)) < 0)
		ras_call_log(call, "helper %d does not end", (int)link->process.pid);
	if (link->out.fd >= 0)
		exec_end_strays(call, link);
	take_rest(call, link, &link->err, take_words);
	exec_remove_files(call);
	link_free(call, link);
}

static void exec_release(struct ras_call *call)
{
	struct exec_link *link = ras_call_data(call);

	if (link)
		link_free(call, link);
}

/* The interface that the link had, if it still is the same. */
static bool find_interface(struct ras_call *call, struct exec_link *link, const struct record *record)
{
	const char *name = record_get_str(record, "ifname");

	if (!name || name[0] == '\0')
		return true;
	record_get_u32(record, "ifindex", &link->ifindex);
	str_copy(link->ifname, name, sizeof(link->ifname));
	if (link->ifindex == 0 || if_nametoindex(link->ifname) != link->ifindex)
		return false;
	ras_call_set_interface(call, link->ifindex, link->ifname);
	return true;
}

static int exec_adopt(struct ras_call *call, const struct record *record, bool up)
{
	struct exec_link *link = link_new(call);
	int r;

	if (!link)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	link->up = up;
	r = exec_open_streams(call, link, false);
	if (exec_find(link, record) == 0)
		ras_call_set_process(call, link->process.pid);
	if (!up)
		return ras_call_fail(call, RAS_ERROR_SERVICE_STOPPED, RAS_BACKEND_NONE, NULL);
	exec_traffic_adopt(call, link, record);
	if (!find_interface(call, link, record))
		return lost_interface(call, link);
	if (r < 0)
		return ras_call_fail(call, CODE_LOST, RAS_BACKEND_NONE, "What the helper says is lost: %s",
				     strerror(-r));
	return link->process.pid > 0 ? 0 : ended(call, link);
}

const struct ras_driver ras_driver_exec = {
	.name = "exec",
	.device_types = 1u << RAS_DEVICE_EXEC,
	.stats_interval_ms = STATS_INTERVAL_MS,
	.check = exec_check,
	.dial = exec_dial,
	.watch = exec_watch,
	.hang_up = exec_hang_up,
	.release = exec_release,
	.adopt = exec_adopt,
	.traffic = exec_traffic,
};
