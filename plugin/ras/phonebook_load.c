/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the configuration file, at the start and at each reload. Where the file and a row made over SNMP want the
 * same name, the file wins; where they want the same index, the other row gets a new one and is put out of service. */
#include <errno.h>
#include <string.h>

#include "ras/modes.h"
#include "ras/phonebook.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/search.h"

static bool is_origin(const struct ras_conn *conn, enum ras_origin origin)
{
	return conn->entry && conn->entry->origin == origin;
}

/* ---- indices ---- */

static int by_index(const void *a, const void *b)
{
	const struct ras_conn *x = *(struct ras_conn *const *)a, *y = *(struct ras_conn *const *)b;

	return x->info.index < y->info.index ? -1 : x->info.index > y->info.index;
}

struct sought_holder {
	struct ras_conn *const *order;
	uint32_t index;
};

static bool holder_before(size_t at, const void *sought)
{
	const struct sought_holder *holder = sought;

	return holder->order[at]->info.index < holder->index;
}

/* Whoever has an index that the file gives to another name. order: all connections by index. */
static struct ras_conn *holder(struct ras_conn *const *order, size_t n, uint32_t index)
{
	size_t at = search_sorted(n, SIZE_MAX, holder_before, &(struct sought_holder){order, index});

	return at < n && order[at]->info.index == index ? order[at] : NULL;
}

/* Memory that loading needs, made before anything is changed. */
struct loading {
	struct ras_conn **conns;  /* of the entries of the file */
	struct ras_conn **order;  /* all, by index */
	struct ras_conn **losers; /* whose index the file gives to others */
	uint32_t *used;
};

static void loading_done(struct loading *l)
{
	free(l->conns);
	free(l->order);
	free(l->losers);
	free(l->used);
}

/* An index that the file gives to one name is taken from any other that had it. */
static void claim_indices(struct ras *ras, const struct loading *l, struct ras_entry *const entries[], size_t n)
{
	size_t n_losers = 0;

	if (ras->n_conns == 0)
		return;
	memcpy(l->order, ras->conns, ras->n_conns * sizeof(struct ras_conn *));
	qsort(l->order, ras->n_conns, sizeof(struct ras_conn *), by_index);
	for (size_t i = 0; i < n; i++) {
		struct ras_conn *other = entries[i]->index > 0 ? holder(l->order, ras->n_conns, entries[i]->index) :
								 NULL;

		if (other && other != l->conns[i])
			l->losers[n_losers++] = other;
	}
	for (size_t i = 0; i < n_losers; i++) {
		l->losers[i]->clashes = is_origin(l->losers[i], RAS_ORIGIN_SNMP);
		conn_set_index(l->losers[i], 0);
	}
	for (size_t i = 0; i < n; i++)
		if (entries[i]->index > 0)
			conn_set_index(l->conns[i], entries[i]->index);
}

/* Names that have none yet get the lowest free ones, in the order of the file; then rows that have lost theirs. */
static void give_indices(struct ras *ras, const struct loading *l, size_t n)
{
	size_t n_used = 0, at = 0;
	uint32_t index = 1;

	for (size_t i = 0; i < ras->n_conns; i++)
		if (ras->conns[i]->info.index > 0)
			l->used[n_used++] = ras->conns[i]->info.index;
	qsort(l->used, n_used, sizeof(*l->used), index_compare);
	for (size_t i = 0; i < n + ras->n_conns; i++) {
		struct ras_conn *conn = i < n ? l->conns[i] : ras->conns[i - n];

		if (conn->info.index > 0 || (i >= n && !conn->clashes))
			continue;
		while (at < n_used && l->used[at] <= index) {
			index += l->used[at] == index;
			at++;
		}
		conn_set_index(conn, index++);
	}
}

/* ---- what SNMP has set for rows of the file ---- */

/* The row as it is to be: what SNMP has set holds as long as the file says what it said then. */
static struct ras_entry *overlay(const struct ras_entry *file, const struct ras_entry *set,
				 const struct ras_entry *base)
{
	struct ras_entry *e = ras_entry_copy(file);
	const char *secret = set->secret ? set->secret : "", *base_secret = base->secret ? base->secret : "";
	bool kept = false;

	if (!e)
		return NULL;
	if (!str_equal(set->user_name, base->user_name) && str_equal(file->user_name, base->user_name)) {
		str_copy(e->user_name, set->user_name, sizeof(e->user_name));
		kept = true;
	}
	if (!str_equal(secret, base_secret) && str_equal(file->secret ? file->secret : "", base_secret)) {
		if (ras_entry_set_secret(e, secret) < 0)
			return ras_entry_unref(e);
		kept = true;
	}
	if (set->notify_types != base->notify_types && file->notify_types == base->notify_types) {
		e->notify_types = set->notify_types;
		kept = true;
	}
	if (kept && set->last_change_ms > 0)
		e->last_change_ms = set->last_change_ms;
	return e;
}

static struct ras_entry *permanent_row(const struct ras_conn *conn, struct ras_entry *file)
{
	if (file->storage_type == RAS_STORAGE_PERMANENT && conn->kept)
		return overlay(file, conn->kept, conn->kept_base);
	if (file->storage_type == RAS_STORAGE_PERMANENT && conn->file_entry)
		return overlay(file, conn->entry, conn->file_entry);
	return ras_entry_ref(file);
}

/* ---- what is stored ---- */

static int add_file(const struct ras_conn *conn, struct row_file files[], size_t *n)
{
	const struct ras_entry *base = conn->file_entry;
	const struct ras_conn *heir = ras_conn_find(conn->ras, conn->index_before);
	int r = 0;

	if (base && ras_entry_equal(conn->entry, base))
		files[*n] = (struct row_file){.index = conn->info.index};
	else
		r = row_file_make(conn->ras, conn->entry, base, &files[*n]);
	if (r < 0)
		return r;
	++*n;
	if (conn->index_before > 0 && conn->index_before != conn->info.index && !(heir && heir->store))
		files[(*n)++] = (struct row_file){.index = conn->index_before};
	return 0;
}

/* Files follow their rows: index, and what is still of use. All at once: two rows may have changed places. */
static int store_rows(struct ras *ras)
{
	_cleanup_free_ struct row_file *files = NULL;
	size_t n = 0, stored = 0;
	int r = 0;

	for (size_t i = 0; i < ras->n_rows; i++)
		stored += ras->rows[i]->store;
	if (stored == 0)
		return 0;
	files = calloc(2 * stored, sizeof(*files));
	if (!files)
		r = -ENOMEM;
	for (size_t i = 0; i < ras->n_rows && r == 0; i++)
		if (ras->rows[i]->store)
			r = add_file(ras->rows[i], files, &n);
	if (r == 0)
		r = rows_write(ras, files, n, NULL);
	if (r == 0)
		rows_done(ras, files, n);
	else if (!ras->rows_behind)
		log_error("state directory: %zu rows cannot be stored: %s", stored, strerror(-r));
	for (size_t i = 0; i < n; i++)
		row_file_done(&files[i]);
	ras->rows_behind = r < 0;
	return r;
}

int phonebook_store_again(struct ras *ras)
{
	return ras->rows_behind ? store_rows(ras) : 0;
}

/* Indices are remembered for names; at the start the journal is written anew anyhow. */
static void save_indices(struct ras *ras)
{
	for (size_t i = 0; i < ras->n_conns && ras->started; i++)
		if (ras->conns[i]->info.index != ras->conns[i]->index_before)
			journal_save_conn(ras->conns[i]);
}

/* ---- rows ---- */

/* The file has the name of a row that was made over SNMP. */
static void replace_own(struct ras_conn *conn)
{
	log_warning("entry %s, made over SNMP, is replaced by the one of the configuration file", conn->name);
	if (conn->entry->storage_type == RAS_STORAGE_NON_VOLATILE)
		rows_set_aside(conn->ras, conn->index_before, "replaced");
}

/* The name is the file's from now on, and is remembered as such. */
static void take_over(struct ras_conn *conn)
{
	if (!conn->own)
		return;
	pthread_mutex_lock(&conn->lock);
	conn->own = conn->forbidden = false;
	pthread_mutex_unlock(&conn->lock);
	if (conn->ras->started)
		journal_save_conn(conn);
}

static int put_file_row(struct ras_conn *conn, struct ras_entry *from, bool *ret_changed)
{
	_cleanup_entry_ struct ras_entry *file = NULL, *row = NULL;
	bool stored = conn->kept || (conn->file_entry && conn->file_entry != conn->entry);

	file = from->index == conn->info.index ? ras_entry_ref(from) : ras_entry_copy(from);
	if (!file)
		return -ENOMEM;
	file->index = conn->info.index;
	row = permanent_row(conn, file);
	if (!row)
		return -ENOMEM;
	if (is_origin(conn, RAS_ORIGIN_SNMP))
		replace_own(conn);
	take_over(conn);
	if (!conn->entry || !ras_entry_equal(conn->entry, row)) {
		bool start = autostart_news(conn->entry, row);

		phonebook_put(conn, ras_entry_ref(row), conn->entry ? RAS_CHANGE_MODIFIED : RAS_CHANGE_CREATED);
		if (start)
			autostart_come(conn);
		*ret_changed = true;
	}
	if (!conn->file_entry || !ras_entry_equal(conn->file_entry, file)) {
		ras_entry_unref(conn->file_entry);
		conn->file_entry = TAKE_PTR(file);
	}
	conn->store = stored || conn->store;
	conn->kept = ras_entry_unref(conn->kept);
	conn->kept_base = ras_entry_unref(conn->kept_base);
	return 0;
}

/* A row made over SNMP whose index was taken. */
static int move_own(struct ras_conn *conn, bool *ret_changed)
{
	struct ras_entry *e = ras_entry_copy(conn->entry);

	if (!e)
		return -ENOMEM;
	e->index = conn->info.index;
	e->row_status = RAS_ROW_NOT_IN_SERVICE;
	e->last_change_ms = clock_real_ms();
	phonebook_put(conn, e, RAS_CHANGE_MODIFIED);
	*ret_changed = true;
	log_warning("entry %s, made over SNMP, has index %u now and is not in service: the configuration file gives "
		    "index %u to another entry",
		    conn->name, conn->info.index, conn->index_before);
	conn->store = e->storage_type == RAS_STORAGE_NON_VOLATILE;
	return 0;
}

/* What is stored for a row that the file does not have any more. */
static void drop_stored(struct ras_conn *conn)
{
	struct row_file file = {.index = conn->kept ? conn->kept->index : conn->index_before};

	if (!conn->kept && (!conn->file_entry || conn->file_entry == conn->entry))
		return;
	if (rows_write(conn->ras, &file, 1, NULL) == 0)
		rows_done(conn->ras, &file, 1);
	conn->kept = ras_entry_unref(conn->kept);
	conn->kept_base = ras_entry_unref(conn->kept_base);
}

static void remove_rows(struct ras *ras, bool *ret_changed)
{
	for (size_t i = 0; i < ras->n_conns; i++) {
		struct ras_conn *conn = ras->conns[i];

		if (conn->loaded)
			continue;
		drop_stored(conn);
		if (!is_origin(conn, RAS_ORIGIN_FILE))
			continue;
		phonebook_remove(conn, true);
		*ret_changed = true;
	}
}

static int put_rows(struct ras *ras, struct ras_entry *const entries[], const struct loading *l, size_t n)
{
	bool changed = false;
	int r = 0;

	remove_rows(ras, &changed);
	claim_indices(ras, l, entries, n);
	give_indices(ras, l, n);
	phonebook_sort(ras);
	/* First the rows that give way: a file that is set aside must not be the new one of another row. */
	for (size_t i = 0; i < n; i++)
		if (is_origin(l->conns[i], RAS_ORIGIN_SNMP) && r == 0)
			r = put_file_row(l->conns[i], entries[i], &changed);
	for (size_t i = 0; i < ras->n_conns && r == 0; i++)
		if (ras->conns[i]->clashes && !ras->conns[i]->loaded)
			r = move_own(ras->conns[i], &changed);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_file_row(l->conns[i], entries[i], &changed);
	store_rows(ras);
	save_indices(ras);
	if (changed)
		phonebook_touch(ras);
	permit_all(ras);
	return r;
}

static int find_names(struct ras *ras, struct ras_entry *const entries[], size_t n, struct ras_conn *conns[])
{
	for (size_t i = 0; i < ras->n_conns; i++)
		ras->conns[i]->loaded = false;
	for (size_t i = 0; i < n; i++) {
		conns[i] = conn_get(ras, entries[i]->name);
		if (!conns[i])
			return -ENOMEM;
		conns[i]->loaded = true;
	}
	for (size_t i = 0; i < ras->n_conns; i++) {
		struct ras_conn *conn = ras->conns[i];

		conn->clashes = false;
		/* Its file is still where an earlier reload could not take it from. */
		if (ras->rows_behind && conn->store)
			continue;
		conn->store = false;
		conn->index_before = conn->info.index;
	}
	return 0;
}

int ras_phonebook_load(struct ras *ras, struct ras_entry *const entries[], size_t n, struct ras_error *ret_error)
{
	struct loading l = {.conns = calloc(n + 1, sizeof(struct ras_conn *))};
	int r = l.conns ? 0 : -ENOMEM;

	edit_settle(ras);
	phonebook_store_again(ras);
	if (r == 0)
		r = find_names(ras, entries, n, l.conns);
	if (r == 0) {
		l.order = calloc(ras->n_conns + 1, sizeof(struct ras_conn *));
		l.losers = calloc(n + 1, sizeof(struct ras_conn *));
		l.used = calloc(ras->n_conns + 1, sizeof(*l.used));
		r = l.order && l.losers && l.used && phonebook_make_room(ras, 0) == 0 ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = put_rows(ras, entries, &l, n);
	loading_done(&l);
	if (r < 0)
		ras_error_set(ret_error, r, RAS_BACKEND_NONE, "The phonebook cannot be loaded: %s", strerror(-r));
	return r;
}
