/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of the phonebook over SNMP, in two phases as requests are: all the rows that one SET changes are checked
 * together and change together. */
#include <errno.h>
#include <string.h>

#include "ras/modes.h"
#include "ras/phonebook.h"

struct edit_row {
	uint32_t index;
	struct ras_conn *conn;   /* the row as it is; NULL: it is new */
	struct ras_conn *next;   /* under another name, or the first; NULL: as before */
	bool known;              /* next had a row in an earlier life */
	struct ras_conn *past;   /* what its new name was in an earlier life, and is forgotten; NULL: nothing */
	struct ras_entry *entry; /* as it shall be; NULL: it goes */
};

struct ras_edit {
	struct ras *ras;
	uint32_t number;
	struct edit_row *rows;
	struct row_file *files; /* once written; as many as rows */
	size_t n;
	bool in_stroke; /* is to be written, with what else the SET writes */
	bool written;
};

/* ---- checks ---- */

/* Is a call of this name under way, or a redial series? */
static bool is_busy(struct ras_conn *conn)
{
	WITH_LOCK(&conn->lock);
	enum ras_status status = conn->info.status;

	return conn->call || conn->begun || conn_has_call(conn) || status == RAS_STATUS_WAITING_REDIAL ||
	       status == RAS_STATUS_WAITING;
}

static int refuse(struct ras_error *ret_error, int error, const char *name, const char *reason)
{
	ras_error_set(ret_error, error, RAS_BACKEND_NONE, name[0] ? "entry %s: %s" : "%s%s", name, reason);
	return error;
}

/* What cannot be done to a row while it is dialed, up, or waits for its redial; NULL: nothing that is to be done. */
static const char *forbidden_while_busy(const struct ras_entry *old, const struct ras_entry *new)
{
	if (!new)
		return "it cannot be destroyed during a call or a redial series";
	if (new->row_status != old->row_status &&new->row_status != RAS_ROW_ACTIVE)
		return "it cannot be put out of service during a call or a redial series";
	if (!str_equal(new->name, old->name))
		return "rasEntryName cannot be changed during a call or a redial series";
	if (new->device_type != old->device_type)
		return "rasEntryDeviceType cannot be changed during a call or a redial series";
	if (new->link_mode != old->link_mode)
		return "rasEntryLinkMode cannot be changed during a call or a redial series";
	if (!ras_subentries_equal(new, old))
		return "its subentries cannot be changed during a call or a redial series";
	return NULL;
}

static bool same_line(const struct ras_entry *a, const struct ras_entry *b)
{
	return a->device_type == b->device_type && str_equal(a->device_name, b->device_name) &&
	       str_equal(a->destination, b->destination) && ras_subentries_equal(a, b);
}

/* Does the driver of an entry, or of one of its links, understand what is to be dialed? */
static int check_text(const struct ras *ras, const struct ras_entry *row, struct ras_error *ret_error)
{
	const struct ras_driver *driver = driver_find(ras, row->device_type);
	struct ras_error error = RAS_ERROR_INIT;

	if (row->device_type == RAS_DEVICE_EXEC && row->device_name[0] &&
	    !permit_helper(&ras->permit, row->device_name))
		return refuse(ret_error, -EINVAL, row->name, "there is no such helper (agent.helper-dir)");
	if (driver && driver->check && row->destination[0] && driver->check(row, &error) < 0)
		return refuse(ret_error, -EINVAL, row->name, error.text);
	return 0;
}

static int check_links(const struct ras *ras, const struct ras_entry *row, struct ras_error *ret_error)
{
	_cleanup_entry_ struct ras_entry *link = ras_entry_copy(row);
	int r = link ? 0 : refuse(ret_error, -ENOMEM, row->name, "no memory");

	for (size_t i = 0; i < row->n_subentries && r == 0; i++) {
		ras_entry_put_link(link, row, &row->subentries[i]);
		r = check_text(ras, link, ret_error);
	}
	return r;
}

/* Is what is to be dialed allowed and understood? */
static int check_line(const struct ras *ras, const struct ras_entry *row, struct ras_error *ret_error)
{
	const char *reason = permit_why_not(&ras->permit, row);
	int r;

	if (reason)
		return refuse(ret_error, -EINVAL, row->name, reason);
	r = check_text(ras, row, ret_error);
	return r < 0 || row->n_subentries == 0 ? r : check_links(ras, row, ret_error);
}

static int check_row(const struct ras *ras, struct ras_conn *conn, const struct ras_entry *new,
		     struct ras_error *ret_error)
{
	const struct ras_entry *old = conn ? conn->entry : NULL;
	const char *reason = NULL, *missing;

	if (!conn && !new)
		return refuse(ret_error, -EINVAL, "", "there is no such entry");
	if (conn && conn->request)
		return refuse(ret_error, -EAGAIN, conn->name, "another request is under way");
	if (old && is_busy(conn))
		reason = forbidden_while_busy(old, new);
	if (!reason && old && old->origin == RAS_ORIGIN_FILE &&
	    (!new || new->row_status != old->row_status || !str_equal(new->name, old->name)))
		reason = "it is of the configuration file";
	if (reason)
		return refuse(ret_error, -EINVAL, conn->name, reason);
	if (!new)
		return 0;
	missing = ras_entry_missing(new);
	if (!new->name[0])
		return refuse(ret_error, -EINVAL, "", "an entry needs rasEntryName");
	if (missing && str_equal(missing, "destination") && new->row_status == RAS_ROW_ACTIVE)
		return refuse(ret_error, -EINVAL, new->name, "its device type needs rasEntryDestination");
	return old && same_line(old, new) ? 0 : check_line(ras, new, ret_error);
}

/* ---- names ---- */

/* Does this edit take the name away from the row that has it? */
static bool gives_up(const struct ras_edit *edit, const struct ras_conn *holder, const char *name)
{
	for (size_t i = 0; i < edit->n; i++)
		if (edit->rows[i].conn == holder)
			return !edit->rows[i].entry || ras_name_compare(edit->rows[i].entry->name, name) != 0;
	return false;
}

static bool name_taken(const struct ras_edit *edit, size_t at)
{
	const char *name = edit->rows[at].entry->name;
	const struct ras_conn *holder = ras_conn_by_name(edit->ras, name);

	if (holder && holder != edit->rows[at].conn && !gives_up(edit, holder, name))
		return true;
	for (size_t i = 0; i < at; i++)
		if (edit->rows[i].entry && ras_name_compare(edit->rows[i].entry->name, name) == 0)
			return true;
	return false;
}

/* Where a row gets another name, or its first: the connection that will have it. One that the name had in an earlier
 * life is taken up by a new row. */
static int prepare_name(struct ras_edit *edit, struct edit_row *row, struct ras_error *ret_error)
{
	const char *name = row->entry->name;
	struct ras_conn *known = conn_find(edit->ras, name);

	if (row->conn && ras_name_compare(row->conn->name, name) == 0)
		return 0;
	if (known && !known->entry && is_busy(known) && row->conn)
		return refuse(ret_error, -EINVAL, name, "an entry of this name is still being hung up");
	if (known && !known->entry && !row->conn) {
		row->known = true;
		row->next = conn_ref(known);
		return 0;
	}
	row->past = known && !known->entry ? known : NULL;
	row->next = conn_new(edit->ras, name);
	return row->next ? 0 : refuse(ret_error, -ENOMEM, name, "no memory");
}

static int check_names(struct ras_edit *edit, size_t *ret_culprit, struct ras_error *ret_error)
{
	int r = 0;

	for (size_t i = 0; i < edit->n && r == 0; i++) {
		struct edit_row *row = &edit->rows[i];

		*ret_culprit = i;
		if (!row->entry)
			continue;
		r = name_taken(edit, i) ? refuse(ret_error, -EINVAL, row->entry->name, "the name is taken") :
					  prepare_name(edit, row, ret_error);
	}
	return r;
}

static int check_number(const struct ras_edit *edit, size_t *ret_culprit, struct ras_error *ret_error)
{
	const struct ras *ras = edit->ras;
	size_t made = 0, removed = 0;

	for (size_t i = 0; i < edit->n; i++) {
		if (!edit->rows[i].entry)
			removed++;
		else if (!edit->rows[i].conn && made++ == 0)
			*ret_culprit = i;
	}
	if (made == 0 || ras->max_entries == 0 || ras->n_rows + made - removed <= ras->max_entries)
		return 0;
	return refuse(ret_error, -ENOSPC, "", "the phonebook is full (agent.max-entries)");
}

/* ---- phases ---- */

static void edit_free(struct ras_edit *edit)
{
	for (size_t i = 0; i < edit->n; i++) {
		struct edit_row *row = &edit->rows[i];

		if (row->conn && row->conn->edit == row)
			row->conn->edit = NULL;
		ras_entry_unref(row->entry);
		conn_unref(row->conn);
		conn_unref(row->next);
		if (edit->files)
			row_file_done(&edit->files[i]);
	}
	if (edit->ras->edit == edit)
		edit->ras->edit = NULL;
	free(edit->rows);
	free(edit->files);
	free(edit);
}

static int edit_new(struct ras *ras, const struct ras_row_change changes[], size_t n, struct ras_edit **ret)
{
	struct ras_edit *edit = calloc(1, sizeof(*edit));

	if (!edit)
		return -ENOMEM;
	edit->ras = ras;
	edit->number = reservation_number(ras);
	edit->rows = calloc(n + 1, sizeof(*edit->rows));
	edit->files = calloc(n + 1, sizeof(*edit->files));
	if (!edit->rows || !edit->files || phonebook_make_room(ras, n) < 0) {
		edit_free(edit);
		return -ENOMEM;
	}
	edit->n = n;
	for (size_t i = 0; i < n; i++) {
		struct ras_conn *conn = ras_conn_find(ras, changes[i].index);

		edit->rows[i] = (struct edit_row){
			.index = changes[i].index,
			.conn = conn ? conn_ref(conn) : NULL,
			.entry = ras_entry_ref(changes[i].entry),
		};
	}
	*ret = edit;
	return 0;
}

int ras_edit_reserve(struct ras *ras, const struct ras_row_change changes[], size_t n, size_t *ret_culprit,
		     struct ras_error *ret_error, struct ras_edit **ret)
{
	struct ras_edit *edit;
	int r = 0;

	*ret_culprit = 0;
	if (ras->edit)
		return refuse(ret_error, -EAGAIN, "", "another change of the phonebook is under way");
	r = edit_new(ras, changes, n, &edit);
	if (r < 0)
		return refuse(ret_error, r, "", "no memory");
	for (size_t i = 0; i < n && r == 0; i++) {
		*ret_culprit = i;
		r = check_row(ras, edit->rows[i].conn, edit->rows[i].entry, ret_error);
	}
	if (r == 0)
		r = check_names(edit, ret_culprit, ret_error);
	if (r == 0)
		r = check_number(edit, ret_culprit, ret_error);
	if (r < 0) {
		edit_free(edit);
		return r;
	}
	for (size_t i = 0; i < n; i++)
		if (edit->rows[i].conn)
			edit->rows[i].conn->edit = &edit->rows[i];
	ras->edit = edit;
	*ret = edit;
	return 0;
}

/* What the folder shall hold of a row. */
static int make_file(const struct ras_edit *edit, size_t at)
{
	const struct edit_row *row = &edit->rows[at];
	const struct ras_entry *base = row->conn ? row->conn->file_entry : NULL;
	struct row_file *file = &edit->files[at];

	if (!row->entry || (base && ras_entry_equal(row->entry, base))) {
		*file = (struct row_file){.index = row->index};
		return 0;
	}
	return row_file_make(edit->ras, row->entry, base, file);
}

static void forget_texts(struct ras_edit *edit)
{
	for (size_t i = 0; i < edit->n; i++)
		row_file_done(&edit->files[i]);
}

int ras_edit_write(struct ras_edit *edit)
{
	bool alone = !edit->ras->stroke.open;
	int r = phonebook_store_again(edit->ras);

	for (size_t i = 0; i < edit->n && r == 0; i++)
		r = make_file(edit, i);
	if (r < 0) {
		forget_texts(edit);
		return r;
	}
	if (alone)
		ras_write_begin(edit->ras);
	edit->in_stroke = true;
	return alone ? ras_write_end(edit->ras) : 0;
}

bool edit_files(const struct ras *ras, struct row_file **ret, size_t *ret_n)
{
	if (!ras->edit || !ras->edit->in_stroke)
		return false;
	*ret = ras->edit->files;
	*ret_n = ras->edit->n;
	return true;
}

void edit_wrote(struct ras *ras, bool written)
{
	struct ras_edit *edit = ras->edit;

	if (!edit || !edit->in_stroke)
		return;
	edit->in_stroke = false;
	edit->written = written;
	forget_texts(edit);
}

void ras_edit_undo(struct ras_edit *edit)
{
	if (edit->written)
		rows_undo(edit->ras, edit->files, edit->n);
	edit->written = false;
}

/* Takes what goes, or goes on under another name, out of the phonebook: two rows may change names. */
static void take_out(struct edit_row *row)
{
	if (!row->conn || (row->entry && !row->next))
		return;
	if (row->next)
		conn_inherit(row->next, row->conn);
	phonebook_remove(row->conn, !row->entry);
}

static int forget(struct store_lines *lines, struct ras_conn *conn, bool moved)
{
	struct record_writer w;
	int r = journal_put_forget(&w, conn, moved);

	phonebook_drop_name(conn);
	return r < 0 ? r : store_lines_add(lines, &w);
}

static int forget_names(const struct edit_row *row, struct store_lines *lines)
{
	int r = 0, e = 0;

	if (row->conn && (!row->entry || row->next))
		r = forget(lines, row->conn, row->entry != NULL);
	if (row->past)
		e = forget(lines, row->past, false);
	return r < 0 ? r : e;
}

/* The journal is told of those that have a life already. */
static int add_name(const struct edit_row *row, struct store_lines *lines)
{
	struct ras_conn *next = row->next;
	struct record_writer w;
	int r;

	if (!next)
		return 0;
	phonebook_set_index(next, row->index);
	next->own = true;
	if (!row->known)
		phonebook_add_name(conn_ref(next));
	if (!row->conn && !row->known)
		return 0;
	r = journal_put_life(&w, next);
	if (r == 0)
		r = store_lines_add(lines, &w);
	if (r == 0)
		r = journal_put_present_wish(&w, next);
	return r < 0 ? r : store_lines_add(lines, &w);
}

/* All names at one stroke: no crash, and no journal that is written anew, comes between a name that goes and the one
 * in its place. */
static void change_names(struct ras_edit *edit)
{
	struct ras *ras = edit->ras;
	struct store_lines lines = {0};
	int r = 0, e;
	WITH_LOCK(&ras->store.lock);

	for (size_t i = 0; i < edit->n; i++) {
		e = forget_names(&edit->rows[i], &lines);
		r = r < 0 ? r : e;
	}
	for (size_t i = 0; i < edit->n; i++) {
		e = add_name(&edit->rows[i], &lines);
		r = r < 0 ? r : e;
	}
	if (r == 0 && lines.size > 0)
		store_append(ras, lines.data, lines.size, false);
	/* Without memory for lines, the whole is to be written anew. */
	ras->store.behind |= r < 0;
	free(lines.data);
}

static void put(const struct edit_row *row, struct ras_conn *conn)
{
	bool start = autostart_news_of_set(conn->entry, conn_ready(conn), row->entry);

	pthread_mutex_lock(&conn->lock);
	conn->forbidden = conn->own && permit_why_not(&conn->ras->permit, row->entry);
	pthread_mutex_unlock(&conn->lock);
	phonebook_put(conn, ras_entry_ref(row->entry), row->conn ? RAS_CHANGE_MODIFIED : RAS_CHANGE_CREATED);
	if (start)
		autostart_come(conn);
}

void ras_edit_commit(struct ras_edit *edit)
{
	for (size_t i = 0; i < edit->n; i++)
		if (edit->rows[i].conn)
			edit->rows[i].conn->edit = NULL;
	for (size_t i = 0; i < edit->n; i++)
		take_out(&edit->rows[i]);
	change_names(edit);
	for (size_t i = 0; i < edit->n; i++) {
		struct edit_row *row = &edit->rows[i];
		struct ras_conn *conn = row->next ? row->next : row->conn;

		if (conn && row->entry)
			put(row, conn);
	}
	phonebook_touch(edit->ras);
	if (edit->written)
		rows_done(edit->ras, edit->files, edit->n);
	edit_free(edit);
}

void ras_edit_cancel(struct ras_edit *edit)
{
	if (!edit)
		return;
	/* The manager may have been told already that it is done. */
	if (edit->written)
		rows_done(edit->ras, edit->files, edit->n);
	edit_free(edit);
}

struct ras_edit *ras_edit_find(const struct ras *ras, uint32_t number)
{
	return ras->edit && ras->edit->number == number ? ras->edit : NULL;
}

uint32_t ras_edit_number(const struct ras_edit *edit)
{
	return edit->number;
}

const struct ras_entry *edit_coming(const struct ras_conn *conn)
{
	if (!conn->edit)
		return conn->entry;
	return conn->edit->next ? NULL : conn->edit->entry;
}

void edit_settle(struct ras *ras)
{
	struct ras_edit *edit = ras->edit;

	if (edit && edit->written) {
		ras_edit_commit(edit);
		return;
	}
	/* A dial of the same PDU may have been reserved for a row that was still to be put into service. */
	for (size_t i = 0; edit && i < edit->n; i++)
		if (edit->rows[i].conn && !conn_ready(edit->rows[i].conn))
			request_withdraw(edit->rows[i].conn, true);
	ras_edit_cancel(edit);
}
