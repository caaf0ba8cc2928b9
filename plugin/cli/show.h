/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command prints: on a terminal a line that moves while a call is made, in colour unless NO_COLOR is set; else
 * one line for each state. */
#ifndef RASDIAL_CLI_SHOW_H
#define RASDIAL_CLI_SHOW_H

#include "ras/ras.h"
#include "sys/record.h"

/* A row as the control socket tells it; texts point into the record. */
struct shown_conn {
	uint32_t index;
	const char *name, *interface, *address, *text;
	int32_t type, status, state, code, cause;
	int64_t since, redial; /* s */
};

/* Returns 0, or -EBADMSG if the record is no row. */
int show_read(const struct record *record, struct shown_conn *ret);

/* A call as it goes: a state, or what else the row says. */
void show_state(const char *entry, int32_t state);
void show_progress(const struct shown_conn *conn);

/* The end of what show_state() and show_progress() have begun: nothing is left on the line. */
void show_end(void);

/* "Remote access error N - text" on standard error; code 0: the text alone. */
void show_error(int32_t code, const char *text);

/* Tables: states, and entries. */
void show_status_head(void);
void show_status(const struct shown_conn *conn);
void show_entry_head(void);
void show_entry(const struct shown_conn *conn);

#endif
