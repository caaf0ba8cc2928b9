/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows made over SNMP in chaos: random changes of several rows at once, and what must be there after a crash. */
#ifndef RASDIAL_TESTS_CHAOS_ROWS_H
#define RASDIAL_TESTS_CHAOS_ROWS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ras/engine.h"

#define OWN_ROWS 8
#define OWN_NAMES 11
#define OWN_INDEX 101 /* of the first */
#define OWN_AT_ONCE 3

struct own_row {
	bool there;
	unsigned name, version;
};

/* Outlives every life. */
struct own_rows {
	struct own_row answered[OWN_ROWS], asked[OWN_ROWS];
	bool open; /* asked for and not yet answered: all of it is there, or nothing */
};

static struct ras_entry *own_entry(unsigned slot, const struct own_row *row, unsigned dice)
{
	static const char *const destinations[] = {
		"setup=5ms",
		"fail=691,setup=5ms",
		"setup=5ms,drop=20ms",
		"fail=676,fails=1,setup=5ms",
	};
	struct ras_entry *e = ras_entry_new();

	if (!e)
		return NULL;
	e->index = OWN_INDEX + slot;
	snprintf(e->name, sizeof(e->name), "own-%02u", row->name);
	snprintf(e->descr, sizeof(e->descr), "version %u", row->version);
	str_copy(e->destination, destinations[dice % ARRAY_SIZE(destinations)], sizeof(e->destination));
	e->device_type = RAS_DEVICE_LOOPBACK;
	e->origin = RAS_ORIGIN_SNMP;
	e->redial_max = dice % 3;
	e->redial_pause = 1;
	e->notify_types = 0;
	return e;
}

static unsigned own_dice(unsigned *seed, unsigned sides)
{
	return (unsigned)rand_r(seed) % sides;
}

/* Makes up a change. Returns how many rows it is of. */
static size_t own_choose(struct own_rows *rows, unsigned *seed, struct ras_row_change changes[OWN_AT_ONCE])
{
	unsigned first = own_dice(seed, OWN_ROWS), want = 1 + own_dice(seed, OWN_AT_ONCE);
	size_t n = 0;

	memcpy(rows->asked, rows->answered, sizeof(rows->asked));
	for (unsigned i = 0; i < want; i++) {
		unsigned slot = (first + i) % OWN_ROWS, next = (first + (i + 1) % want) % OWN_ROWS;
		struct own_row *row = &rows->asked[slot];
		unsigned fate = own_dice(seed, 6);

		row->version++;
		if (!row->there || fate == 0)
			row->name = own_dice(seed, OWN_NAMES);
		else if (fate == 1)
			/* Names go round, if all those of the change do so. */
			row->name = rows->answered[next].name;
		else if (fate == 2)
			*row = (struct own_row){.version = row->version};
		if (fate != 2)
			row->there = true;
		else if (!rows->answered[slot].there)
			continue;
		changes[n++] = (struct ras_row_change){OWN_INDEX + slot,
						       row->there ? own_entry(slot, row, own_dice(seed, 100)) : NULL};
	}
	return n;
}

static void own_answer(struct own_rows *rows)
{
	memcpy(rows->answered, rows->asked, sizeof(rows->answered));
	rows->open = false;
}

/* One change, as far as it goes; reload reads the phonebook again in the middle of some. Returns what went wrong. */
static const char *own_change(struct ras *ras, struct own_rows *rows, unsigned *seed, void (*reload)(void *arg),
			      void *arg)
{
	struct ras_row_change changes[OWN_AT_ONCE];
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_edit *edit = NULL;
	size_t culprit, n = own_choose(rows, seed, changes);
	unsigned fate = own_dice(seed, 16);
	uint32_t number;
	int r = n > 0 ? ras_edit_reserve(ras, changes, n, &culprit, &error, &edit) : -EAGAIN;

	for (size_t i = 0; i < n; i++)
		ras_entry_unref(changes[i].entry);
	if (r < 0)
		return r == -ENOMEM ? "no memory" : NULL;
	number = ras_edit_number(edit);
	if (fate == 0) {
		ras_edit_cancel(edit);
		return NULL;
	}
	if (fate == 1) {
		reload(arg);
		return ras_edit_find(ras, number) ? "a change outlives a reload" : NULL;
	}
	rows->open = true;
	if (ras_edit_write(edit) < 0)
		return "a change cannot be written";
	if (own_dice(seed, 2))
		poll(NULL, 0, 1);
	if (fate == 2) {
		ras_edit_undo(edit);
		ras_edit_cancel(edit);
		rows->open = false;
		return NULL;
	}
	if (fate == 3)
		reload(arg);
	if (ras_edit_find(ras, number))
		ras_edit_commit(edit);
	own_answer(rows);
	return NULL;
}

static bool own_equal(const struct ras *ras, const struct own_row expected[OWN_ROWS])
{
	char name[RAS_NAME_MAX], descr[RAS_TEXT_MAX];

	for (unsigned i = 0; i < OWN_ROWS; i++) {
		const struct ras_conn *conn = ras_conn_find(ras, OWN_INDEX + i);

		if (!conn != !expected[i].there)
			return false;
		if (!conn)
			continue;
		snprintf(name, sizeof(name), "own-%02u", expected[i].name);
		snprintf(descr, sizeof(descr), "version %u", expected[i].version);
		if (!str_equal(conn->entry->name, name) || !str_equal(conn->entry->descr, descr))
			return false;
	}
	return true;
}

/* At the beginning of a life. */
static bool own_check(const struct ras *ras, struct own_rows *rows)
{
	if (rows->open && own_equal(ras, rows->asked)) {
		own_answer(rows);
		return true;
	}
	rows->open = false;
	return own_equal(ras, rows->answered);
}

#endif
