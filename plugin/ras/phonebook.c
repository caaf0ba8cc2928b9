/* SPDX-License-Identifier: BSD-2-Clause */
/* The phonebook: which names there are, which of them are rows, under which index. The owner's; dial threads never look
 * here. A name that leaves the file keeps its connection object, and so its index and counters, until it comes back. */
#include <errno.h>
#include <string.h>

#include "ras/phonebook.h"
#include "sys/clock.h"
#include "sys/search.h"

/* ---- sorted arrays of connections ---- */

typedef int compare_conns(const struct ras_conn *a, const struct ras_conn *b);

static int by_name(const struct ras_conn *a, const struct ras_conn *b)
{
	return ras_name_compare(a->name, b->name);
}

static int by_index(const struct ras_conn *a, const struct ras_conn *b)
{
	return a->info.index < b->info.index ? -1 : a->info.index > b->info.index;
}

/* A string index begins with its length, so shorter names come first (RFC 2578, 7.7). */
static int by_snmp_name(const struct ras_conn *a, const struct ras_conn *b)
{
	const char *x = a->entry->name, *y = b->entry->name;
	size_t m = strlen(x), n = strlen(y);

	return m < n ? -1 : m > n ? 1 : memcmp(x, y, n);
}

struct sought_conn {
	struct ras_conn *const *all;
	const struct ras_conn *conn;
	compare_conns *compare;
};

static bool conn_before(size_t at, const void *sought)
{
	const struct sought_conn *conn = sought;

	return conn->compare(conn->all[at], conn->conn) < 0;
}

/* Position of the first that is not below. */
static size_t position(struct ras_conn *const *all, size_t n, const struct ras_conn *conn, compare_conns *compare)
{
	return search_sorted(n, SIZE_MAX, conn_before, &(struct sought_conn){all, conn, compare});
}

static void insert(struct ras_conn **all, size_t n, struct ras_conn *conn, compare_conns *compare)
{
	size_t at = position(all, n, conn, compare);

	memmove(all + at + 1, all + at, (n - at) * sizeof(struct ras_conn *));
	all[at] = conn;
}

static void take_out(struct ras_conn **all, size_t n, const struct ras_conn *conn, compare_conns *compare)
{
	size_t at = position(all, n, conn, compare);

	memmove(all + at, all + at + 1, (n - at - 1) * sizeof(struct ras_conn *));
}

static int index_order(const void *a, const void *b)
{
	return by_index(*(struct ras_conn *const *)a, *(struct ras_conn *const *)b);
}

static int snmp_name_order(const void *a, const void *b)
{
	return by_snmp_name(*(struct ras_conn *const *)a, *(struct ras_conn *const *)b);
}

void phonebook_sort(struct ras *ras)
{
	if (ras->n_rows == 0)
		return;
	qsort(ras->rows, ras->n_rows, sizeof(struct ras_conn *), index_order);
	qsort(ras->names, ras->n_rows, sizeof(struct ras_conn *), snmp_name_order);
}

static int resize(struct ras_conn ***all, size_t room)
{
	struct ras_conn **larger = realloc(*all, room * sizeof(struct ras_conn *));

	if (!larger)
		return -ENOMEM;
	*all = larger;
	return 0;
}

int phonebook_make_room(struct ras *ras, size_t n)
{
	size_t room = ras->n_conns + n;
	int r;

	if (room <= ras->conns_room)
		return 0;
	room = room * 2 + 64;
	/* The journal is written anew from this one. */
	pthread_mutex_lock(&ras->store.lock);
	r = resize(&ras->conns, room);
	pthread_mutex_unlock(&ras->store.lock);
	if (r == 0)
		r = resize(&ras->rows, room);
	if (r == 0)
		r = resize(&ras->names, room);
	if (r == 0)
		ras->conns_room = room;
	return r;
}

/* ---- all names ---- */

struct sought_name {
	const struct ras *ras;
	const char *name;
};

static bool name_before(size_t at, const void *sought)
{
	const struct sought_name *name = sought;

	return ras_name_compare(name->ras->conns[at]->name, name->name) < 0;
}

struct ras_conn *conn_find(const struct ras *ras, const char *name)
{
	size_t at = search_sorted(ras->n_conns, SIZE_MAX, name_before, &(struct sought_name){ras, name});

	return at < ras->n_conns && ras_name_compare(ras->conns[at]->name, name) == 0 ? ras->conns[at] : NULL;
}

void phonebook_add_name(struct ras_conn *conn)
{
	insert(conn->ras->conns, conn->ras->n_conns++, conn, by_name);
}

struct ras_conn *conn_get(struct ras *ras, const char *name)
{
	struct ras_conn *conn = conn_find(ras, name);

	if (conn)
		return conn;
	if (phonebook_make_room(ras, 1) < 0)
		return NULL;
	conn = conn_new(ras, name);
	if (!conn)
		return NULL;
	pthread_mutex_lock(&ras->store.lock);
	phonebook_add_name(conn);
	pthread_mutex_unlock(&ras->store.lock);
	return conn;
}

void phonebook_drop_name(struct ras_conn *conn)
{
	struct ras *ras = conn->ras;

	take_out(ras->conns, ras->n_conns--, conn, by_name);
	conn_unref(conn);
}

/* ---- rows ---- */

size_t ras_conn_count(const struct ras *ras)
{
	return ras->n_rows;
}

struct ras_conn *ras_conn_at(const struct ras *ras, size_t at)
{
	return at < ras->n_rows ? ras->rows[at] : NULL;
}

struct sought_row {
	const struct ras *ras;
	uint32_t index;
};

static bool row_before(size_t at, const void *sought)
{
	const struct sought_row *row = sought;

	return row->ras->rows[at]->info.index < row->index;
}

size_t ras_conn_position(const struct ras *ras, uint32_t index, size_t hint)
{
	/* As a rule indices have no gaps. */
	if (hint == SIZE_MAX && ras->n_rows > 0)
		hint = index - ras->rows[0]->info.index;
	return search_sorted(ras->n_rows, hint, row_before, &(struct sought_row){ras, index});
}

struct ras_conn *ras_conn_find(const struct ras *ras, uint32_t index)
{
	struct ras_conn *conn = ras_conn_at(ras, ras_conn_position(ras, index, SIZE_MAX));

	return conn && conn->info.index == index ? conn : NULL;
}

struct ras_conn *ras_conn_by_name(const struct ras *ras, const char *name)
{
	struct ras_conn *conn = conn_find(ras, name);

	return conn && conn->entry ? conn : NULL;
}

struct ras_conn *ras_name_at(const struct ras *ras, size_t at)
{
	return at < ras->n_rows ? ras->names[at] : NULL;
}

void phonebook_touch(struct ras *ras)
{
	WITH_LOCK(&ras->lock);

	ras->totals.phonebook_change_mono_ms = clock_mono_ms();
}

static bool same_destinations(const struct ras_entry *a, const struct ras_entry *b)
{
	return str_equal(a->destination, b->destination) && ras_subentries_equal(a, b);
}

void phonebook_put(struct ras_conn *conn, struct ras_entry *entry, enum ras_change change)
{
	struct ras *ras = conn->ras;
	struct ras_entry *old = conn->entry;

	if (old)
		take_out(ras->names, ras->n_rows, conn, by_snmp_name);
	else
		insert(ras->rows, ras->n_rows++, conn, by_index);

	pthread_mutex_lock(&conn->lock);
	conn->entry = entry;
	/* That of a subentry is still what the last attempt has used. */
	if (!conn->call && (conn->info.subentry == 0 || (old && !same_destinations(old, entry)))) {
		conn->info.subentry = 0;
		str_copy(conn->info.destination, entry->destination, sizeof(conn->info.destination));
	}
	conn_list(conn, true);
	conn_settle(conn);
	if (ras->started)
		conn_notice_change(conn, entry, change);
	pthread_mutex_unlock(&conn->lock);

	insert(ras->names, ras->n_rows - 1, conn, by_snmp_name);
	if (!conn_ready(conn))
		request_withdraw(conn, true);
	ras_entry_unref(old);
}

void phonebook_remove(struct ras_conn *conn, bool tell)
{
	struct ras *ras = conn->ras;
	struct ras_entry *old = conn->entry;

	request_withdraw(conn, false);
	take_out(ras->names, ras->n_rows, conn, by_snmp_name);
	take_out(ras->rows, ras->n_rows--, conn, by_index);
	conn->file_entry = ras_entry_unref(conn->file_entry);

	pthread_mutex_lock(&conn->lock);
	conn_stop(conn, STOP_REMOVED);
	conn_list(conn, false);
	conn->entry = NULL;
	conn_settle(conn);
	if (ras->started && tell)
		conn_notice_change(conn, old, RAS_CHANGE_DELETED);
	pthread_mutex_unlock(&conn->lock);
	ras_entry_unref(old);
}

/* ---- indices ---- */

int index_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void conn_set_index(struct ras_conn *conn, uint32_t index)
{
	WITH_LOCK(&conn->lock);

	conn->info.index = index;
}

void phonebook_set_index(struct ras_conn *conn, uint32_t index)
{
	struct ras *ras = conn->ras;

	if (conn->info.index == index)
		return;
	for (size_t i = 0; i < ras->n_conns && index > 0; i++)
		if (ras->conns[i]->info.index == index && !ras->conns[i]->entry)
			conn_set_index(ras->conns[i], 0);
	conn_set_index(conn, index);
}

int phonebook_part_indices(struct ras *ras)
{
	_cleanup_free_ struct ras_conn **all = calloc(ras->n_conns + 1, sizeof(struct ras_conn *));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < ras->n_conns; i++)
		all[i] = ras->conns[i];
	qsort(all, ras->n_conns, sizeof(struct ras_conn *), index_order);
	for (size_t i = 1; i < ras->n_conns; i++) {
		if (all[i - 1]->info.index != all[i]->info.index || all[i]->info.index == 0)
			continue;
		/* A row goes before one that has been. */
		if (all[i]->entry) {
			struct ras_conn *row = all[i];

			all[i] = all[i - 1];
			all[i - 1] = row;
		}
		conn_set_index(all[i], 0);
		all[i] = all[i - 1];
	}
	return 0;
}

/* How far ahead of another index one is, round the end. */
static uint32_t index_distance(uint32_t from, uint32_t to)
{
	return to > from ? to - from : to + (RAS_INDEX_MAX - from);
}

uint32_t ras_index_next(struct ras *ras)
{
	/* Of so many that come next one is free, for there are no more names. */
	size_t n = ras->n_conns + 1, ahead = 1;
	_cleanup_free_ bool *taken = NULL;

	if (!ras->permit.entries || (ras->max_entries > 0 && ras->n_rows >= ras->max_entries))
		return 0;
	taken = calloc(n + 1, sizeof(*taken));
	if (!taken)
		return 0;
	for (size_t i = 0; i < ras->n_conns; i++) {
		uint32_t index = ras->conns[i]->info.index;
		uint32_t distance = index > 0 ? index_distance(ras->index_given, index) : 0;

		if (distance <= n)
			taken[distance] = true;
	}
	while (ahead < n && taken[ahead])
		ahead++;
	ahead += ras->index_given;
	ras->index_given = (uint32_t)(ahead > RAS_INDEX_MAX ? ahead - RAS_INDEX_MAX : ahead);
	return ras->index_given;
}
