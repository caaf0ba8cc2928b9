/* SPDX-License-Identifier: BSD-2-Clause */
/* The phonebook: which names are rows, under which index. The owner's; dial threads never look here. A name that was
 * ever a row keeps its connection object, and so its index and counters, when it leaves and comes back. */
#include <errno.h>
#include <string.h>

#include "ras/engine.h"
#include "sys/clock.h"

/* ---- all names ---- */

static size_t name_position(const struct ras *ras, const char *name)
{
	size_t low = 0, high = ras->n_conns;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ras_name_compare(ras->conns[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int make_room(struct ras *ras)
{
	size_t room = ras->conns_room > 0 ? ras->conns_room * 2 : 64;
	struct ras_conn **conns;

	if (ras->n_conns < ras->conns_room)
		return 0;
	conns = realloc(ras->conns, room * sizeof(struct ras_conn *));
	if (!conns)
		return -ENOMEM;
	ras->conns = conns;
	ras->conns_room = room;
	return 0;
}

struct ras_conn *conn_get(struct ras *ras, const char *name)
{
	size_t at = name_position(ras, name);
	struct ras_conn *conn;

	if (at < ras->n_conns && ras_name_compare(ras->conns[at]->name, name) == 0)
		return ras->conns[at];
	conn = conn_new(ras, name);
	if (!conn)
		return NULL;

	pthread_mutex_lock(&ras->store.lock);
	if (make_room(ras) < 0) {
		pthread_mutex_unlock(&ras->store.lock);
		return conn_free(conn);
	}
	memmove(ras->conns + at + 1, ras->conns + at, (ras->n_conns - at) * sizeof(struct ras_conn *));
	ras->conns[at] = conn;
	ras->n_conns++;
	pthread_mutex_unlock(&ras->store.lock);
	return conn;
}

/* ---- rows ---- */

size_t ras_conn_count(const struct ras *ras)
{
	return ras->n_rows;
}

struct ras_conn *ras_conn_at(const struct ras *ras, size_t position)
{
	return position < ras->n_rows ? ras->rows[position] : NULL;
}

size_t ras_conn_position(const struct ras *ras, uint32_t index)
{
	size_t low = 0, high = ras->n_rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ras->rows[middle]->info.index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ras_conn *ras_conn_find(const struct ras *ras, uint32_t index)
{
	struct ras_conn *conn = ras_conn_at(ras, ras_conn_position(ras, index));

	return conn && conn->info.index == index ? conn : NULL;
}

struct ras_conn *ras_conn_by_name(const struct ras *ras, const char *name)
{
	size_t at = name_position(ras, name);

	if (at == ras->n_conns || ras_name_compare(ras->conns[at]->name, name) != 0 || !ras->conns[at]->entry)
		return NULL;
	return ras->conns[at];
}

struct ras_conn *ras_name_at(const struct ras *ras, size_t position)
{
	return position < ras->n_rows ? ras->names[position] : NULL;
}

static int by_index(const void *a, const void *b)
{
	const struct ras_conn *x = *(struct ras_conn *const *)a, *y = *(struct ras_conn *const *)b;

	return x->info.index < y->info.index ? -1 : x->info.index > y->info.index;
}

/* A string index begins with its length, so shorter names come first (RFC 2578, 7.7). */
static int by_snmp_name(const void *a, const void *b)
{
	const char *x = (*(struct ras_conn *const *)a)->entry->name, *y = (*(struct ras_conn *const *)b)->entry->name;
	size_t m = strlen(x), n = strlen(y);

	return m < n ? -1 : m > n ? 1 : memcmp(x, y, n);
}

/* ---- indices ---- */

static bool index_remembered(const struct ras *ras, uint32_t index)
{
	for (size_t i = 0; i < ras->n_conns; i++)
		if (ras->conns[i]->info.index == index)
			return true;
	return false;
}

uint32_t ras_index_next(struct ras *ras)
{
	if (ras->max_entries > 0 && ras->n_rows >= ras->max_entries)
		return 0;
	for (size_t tries = 0; tries <= ras->n_conns; tries++) {
		ras->index_given = ras->index_given >= RAS_INDEX_MAX ? 1 : ras->index_given + 1;
		if (!index_remembered(ras, ras->index_given))
			return ras->index_given;
	}
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void set_index(struct ras_conn *conn, uint32_t index)
{
	pthread_mutex_lock(&conn->lock);
	conn->info.index = index;
	pthread_mutex_unlock(&conn->lock);
}

/* An index that the file gives to one name is taken from any other that remembered it. */
static void claim_indices(struct ras *ras, struct ras_entry *const entries[], struct ras_conn *const conns[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t index = entries[i]->index;

		if (index == 0 || conns[i]->info.index == index)
			continue;
		for (size_t k = 0; k < ras->n_conns; k++)
			if (ras->conns[k]->info.index == index)
				set_index(ras->conns[k], 0);
		set_index(conns[i], index);
	}
}

/* Names that have none yet get the lowest free ones, in the order of the file. */
static int give_indices(struct ras *ras, struct ras_conn *const conns[], size_t n)
{
	_cleanup_free_ uint32_t *used = calloc(ras->n_conns + 1, sizeof(*used));
	size_t n_used = 0, at = 0;
	uint32_t index = 1;

	if (!used)
		return -ENOMEM;
	for (size_t i = 0; i < ras->n_conns; i++)
		if (ras->conns[i]->info.index > 0)
			used[n_used++] = ras->conns[i]->info.index;
	qsort(used, n_used, sizeof(*used), compare_u32);
	for (size_t i = 0; i < n; i++) {
		if (conns[i]->info.index > 0)
			continue;
		while (at < n_used && used[at] <= index) {
			index += used[at] == index;
			at++;
		}
		set_index(conns[i], index++);
	}
	return 0;
}

/* ---- loading ---- */

static bool is_file_row(const struct ras_conn *conn)
{
	return conn->entry && conn->entry->origin == RAS_ORIGIN_FILE;
}

/* The entry as a row holds it: with its index, and the date of its change. */
static struct ras_entry *row_entry(const struct ras_conn *conn, struct ras_entry *entry)
{
	struct ras_entry *e;

	if (entry->index == conn->info.index)
		return ras_entry_ref(entry);
	e = ras_entry_copy(entry);
	if (e)
		e->index = conn->info.index;
	return e;
}

/* What waits for its commit cannot be done with this row any more. conn.lock not held. */
static void drop_request(struct ras_conn *conn)
{
	if (!conn->request)
		return;
	ras_request_undo(conn->request);
	ras_request_cancel(conn->request);
}

static int put_row(struct ras_conn *conn, struct ras_entry *entry, bool *ret_changed)
{
	struct ras_entry *e = row_entry(conn, entry), *old;

	if (!e)
		return -ENOMEM;
	if (conn->entry && ras_entry_equal(conn->entry, e)) {
		ras_entry_unref(e);
		return 0;
	}
	pthread_mutex_lock(&conn->lock);
	old = conn->entry;
	conn->entry = e;
	if (!conn->call)
		str_copy(conn->info.destination, e->destination, sizeof(conn->info.destination));
	conn_list(conn, true);
	conn_settle(conn);
	if (conn->ras->started)
		conn_notice_change(conn, e, old ? RAS_CHANGE_MODIFIED : RAS_CHANGE_CREATED);
	pthread_mutex_unlock(&conn->lock);
	if (!conn_ready(conn))
		drop_request(conn);
	ras_entry_unref(old);
	*ret_changed = true;
	return 0;
}

static void remove_row(struct ras_conn *conn)
{
	struct ras_entry *old;

	drop_request(conn);
	pthread_mutex_lock(&conn->lock);
	conn_stop(conn, STOP_REMOVED);
	conn_list(conn, false);
	old = conn->entry;
	conn->entry = NULL;
	conn_settle(conn);
	conn_notice_change(conn, old, RAS_CHANGE_DELETED);
	pthread_mutex_unlock(&conn->lock);
	ras_entry_unref(old);
}

static void list_rows(struct ras *ras)
{
	ras->n_rows = 0;
	for (size_t i = 0; i < ras->n_conns; i++) {
		if (!ras->conns[i]->entry)
			continue;
		ras->rows[ras->n_rows] = ras->names[ras->n_rows] = ras->conns[i];
		ras->n_rows++;
	}
	qsort(ras->rows, ras->n_rows, sizeof(struct ras_conn *), by_index);
	qsort(ras->names, ras->n_rows, sizeof(struct ras_conn *), by_snmp_name);
}

static int resize_rows(struct ras *ras)
{
	struct ras_conn **rows = realloc(ras->rows, (ras->n_conns + 1) * sizeof(struct ras_conn *));
	struct ras_conn **names;

	if (!rows)
		return -ENOMEM;
	ras->rows = rows;
	names = realloc(ras->names, (ras->n_conns + 1) * sizeof(struct ras_conn *));
	if (!names)
		return -ENOMEM;
	ras->names = names;
	return 0;
}

static int load_rows(struct ras *ras, struct ras_entry *const entries[], struct ras_conn *conns[], size_t n)
{
	bool changed = false;
	int r;

	claim_indices(ras, entries, conns, n);
	r = give_indices(ras, conns, n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_row(conns[i], entries[i], &changed);
	for (size_t i = 0; i < ras->n_conns && r == 0; i++) {
		if (ras->conns[i]->loaded || !is_file_row(ras->conns[i]))
			continue;
		remove_row(ras->conns[i]);
		changed = true;
	}
	list_rows(ras);
	if (changed) {
		pthread_mutex_lock(&ras->lock);
		ras->totals.phonebook_change_mono_ms = clock_mono_ms();
		pthread_mutex_unlock(&ras->lock);
	}
	return r;
}

int ras_phonebook_load(struct ras *ras, struct ras_entry *const entries[], size_t n, struct ras_error *ret_error)
{
	_cleanup_free_ struct ras_conn **conns = calloc(n + 1, sizeof(struct ras_conn *));
	int r = conns ? 0 : -ENOMEM;

	for (size_t i = 0; i < ras->n_conns; i++)
		ras->conns[i]->loaded = false;
	for (size_t i = 0; i < n && r == 0; i++) {
		conns[i] = conn_get(ras, entries[i]->name);
		if (!conns[i])
			r = -ENOMEM;
		else
			conns[i]->loaded = true;
	}
	if (r == 0)
		r = resize_rows(ras);
	if (r == 0)
		r = load_rows(ras, entries, conns, n);
	if (r < 0)
		ras_error_set(ret_error, r, RAS_BACKEND_NONE, "The phonebook cannot be loaded: %s", strerror(-r));
	return r;
}
