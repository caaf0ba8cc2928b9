/* SPDX-License-Identifier: BSD-2-Clause */
/* The modes of dialing inside of the engine: what the agent dials by itself, how an attempt waits for traffic, walks
 * several destinations, or waits for other credentials. */
#ifndef RASDIAL_RAS_MODES_H
#define RASDIAL_RAS_MODES_H

#include "ras/engine.h"

/* ---- autostart.c: what the agent dials by itself; the owner's ---- */

/* Before adoption: all entries that are started with the agent. What is adopted, or has a redial series, needs no
 * start. After it: makes those that are still owed. */
void autostart_owe_all(struct ras *ras);
void autostart_go_all(struct ras *ras);

/* Makes the start that is owed, if there is one and nothing else goes on. */
void autostart_go(struct ras_conn *conn);

/* rasAdminMode has come back to enabled. */
void autostart_enabled(struct ras *ras);

/* Does a row of the file become one that is to be started? old: as it was; NULL: it is new. */
bool autostart_news(const struct ras_entry *old, const struct ras_entry *entry);

/* The same of a row that a SET changes; was_ready: it could be dialed before. */
bool autostart_news_of_set(const struct ras_entry *old, bool was_ready, const struct ras_entry *entry);

/* What the agent's own start of an entry shows as in the history. */
enum ras_trigger autostart_trigger(const struct ras_entry *entry);

/* The row is one to be started now, if its mode says so. */
void autostart_come(struct ras_conn *conn);

/* ---- alternates.c ---- */

/* Lets go of the destination that did not answer and takes the next one of the whole entry; next: its position among
 * the subentries, 0 at first. Returns false if there is none, or the attempt is to end. */
bool alternates_next(struct ras_call *call, const struct ras_entry *whole, size_t *next);

/* ---- line.c ---- */

/* Releases what the attempt has of its line, and takes another one: the entry as it is to be dialed now, whose
 * reference is taken. */
void line_leave(struct ras_call *call);
void line_take(struct ras_call *call, struct ras_entry *line, uint32_t subentry);

/* ---- pause.c ---- */

/* After a failure: waits in a paused state, if the entry wants that and the failure has one, for resume(6). Returns
 * true when the line is to be dialed again, with the credentials that the row has now, as the whole entry then has,
 * too. */
bool pause_resumed(struct ras_call *call, struct ras_entry **whole);

/* ---- demand.c ---- */

/* Does the row wait for traffic? conn.lock held. */
bool demand_awaited(const struct ras_conn *conn);

/* Waits for traffic. After it the call is armed and an attempt is to begin, which the journal has already: it goes on
 * with the first packet, or has failed with ras_call_fail() said. Not armed: the end was asked for, nothing is left. */
void demand_await(struct ras_call *call);

/* Ends what an earlier agent left waiting for traffic. */
void demand_dismantle(struct ras_call *call);

#endif
