/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/log.h"

#define GREEN "\033[32m"
#define RED "\033[31m"
#define PLAIN "\033[0m"
#define CLEAR_LINE "\r\033[K"

static bool moving; /* the line on the terminal is not ended */

static bool on_terminal(void)
{
	return isatty(STDOUT_FILENO);
}

/* https://no-color.org: set and not empty. */
static const char *colour(int fd, const char *code)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(fd) && !(no_color && *no_color) ? code : "";
}

int show_read(const struct record *record, struct shown_conn *ret)
{
	struct shown_conn c = {
		.name = record_get_str(record, "name"),
		.interface = record_get_str(record, "interface"),
		.address = record_get_str(record, "address"),
		.text = record_get_str(record, "text"),
	};

	if (!str_equal(record->kind, "conn") || !c.name || !c.interface || !c.address || !c.text ||
	    record_get_u32(record, "index", &c.index) < 0 || record_get_i32(record, "type", &c.type) < 0 ||
	    record_get_i32(record, "status", &c.status) < 0 || record_get_i32(record, "state", &c.state) < 0 ||
	    record_get_i32(record, "code", &c.code) < 0 || record_get_i32(record, "cause", &c.cause) < 0 ||
	    record_get_i64(record, "since", &c.since) < 0 || record_get_i64(record, "redial", &c.redial) < 0)
		return -EBADMSG;
	*ret = c;
	return 0;
}

/* ---- a call as it goes ---- */

/* On a terminal the last line moves; one that stays is ended. */
static void put_line(const char *entry, const char *text, const char *code, bool stays)
{
	const char *tint = colour(STDOUT_FILENO, code);

	if (on_terminal()) {
		printf(CLEAR_LINE "%s: %s%s%s%s", entry, tint, text, *tint ? PLAIN : "", stays ? "\n" : "");
		moving = !stays;
	} else {
		printf("%s\n", text);
	}
	fflush(stdout);
}

void show_state(const char *entry, int32_t state)
{
	put_line(entry, ras_label_name(ras_state_labels, state), "", false);
}

void show_progress(const struct shown_conn *conn)
{
	char text[RAS_ERROR_TEXT_MAX + 128];

	switch (conn->status) {
	case RAS_STATUS_DIALING:
	case RAS_STATUS_AUTHENTICATING:
		show_state(conn->name, conn->state);
		return;
	case RAS_STATUS_UP:
		snprintf(text, sizeof(text), "up on %s%s%s", *conn->interface ? conn->interface : "?",
			 *conn->address ? ", address " : "", conn->address);
		put_line(conn->name, text, GREEN, true);
		return;
	case RAS_STATUS_WAITING_REDIAL:
		snprintf(text, sizeof(text), "error %" PRId32 " - %s; next attempt in %" PRId64 " s", conn->code,
			 conn->text, conn->redial);
		put_line(conn->name, text, RED, true);
		return;
	case RAS_STATUS_HANGING_UP:
	case RAS_STATUS_WAITING:
		put_line(conn->name, ras_label_name(ras_status_labels, conn->status), "", false);
		return;
	default:
		put_line(conn->name, ras_label_name(ras_status_labels, conn->status), "", true);
		return;
	}
}

void show_end(void)
{
	if (moving)
		fputs(CLEAR_LINE, stdout);
	moving = false;
	fflush(stdout);
}

void show_error(int32_t code, const char *text)
{
	const char *tint = colour(STDERR_FILENO, RED);
	char safe[LOG_LINE_MAX];

	show_end();
	log_escape(safe, sizeof(safe), text, strlen(text));
	if (code)
		fprintf(stderr, "%sRemote access error %" PRId32 " - %s%s\n", tint, code, safe, *tint ? PLAIN : "");
	else
		fprintf(stderr, "rasdial: %s\n", safe);
}

/* ---- tables ---- */

/* Seconds as 2d 03:04:05. */
static const char *duration(int64_t s, char *text, size_t size)
{
	int clock = (int)(s % 86400);

	if (s >= 86400)
		snprintf(text, size, "%" PRId64 "d %02d:%02d:%02d", s / 86400, clock / 3600, clock / 60 % 60,
			 clock % 60);
	else
		snprintf(text, size, "%02d:%02d:%02d", clock / 3600, clock / 60 % 60, clock % 60);
	return text;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

void show_status_head(void)
{
	printf("%-16s %-14s %-20s %-12s %-10s %-15s %s\n", "ENTRY", "STATUS", "STATE", "SINCE", "INTERFACE", "ADDRESS",
	       "LAST ERROR");
}

void show_status(const struct shown_conn *conn)
{
	char since[32];

	printf("%-16s %-14s %-20s %-12s %-10s %-15s ", conn->name, ras_label_name(ras_status_labels, conn->status),
	       ras_label_name(ras_state_labels, conn->state), duration(conn->since, since, sizeof(since)),
	       or_dash(conn->interface), or_dash(conn->address));
	if (conn->code)
		printf("%" PRId32 " - %s\n", conn->code, conn->text);
	else
		puts("-");
}

void show_entry_head(void)
{
	printf("%-10s %-24s %-13s %s\n", "INDEX", "ENTRY", "TYPE", "STATUS");
}

void show_entry(const struct shown_conn *conn)
{
	printf("%-10" PRIu32 " %-24s %-13s %s\n", conn->index, conn->name,
	       ras_label_name(ras_device_type_labels, conn->type), ras_label_name(ras_status_labels, conn->status));
}
