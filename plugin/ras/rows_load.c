/* SPDX-License-Identifier: BSD-2-Clause */
/* At the start: rows made over SNMP, and what SNMP has set for permanent rows, from their files to the phonebook. A
 * file that is damaged is set aside and the others count. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ras/phonebook.h"
#include "sys/file.h"
#include "sys/log.h"

static const char *read_error(int error)
{
	return error == -EBADMSG ? "it is no file" : error == -EUCLEAN ? "its checksum is wrong" : strerror(-error);
}

static int read_row(struct ras *ras, uint32_t index, struct ras_entry **ret, struct ras_entry **ret_base)
{
	_cleanup_entry_ struct ras_entry *entry = NULL, *base = NULL;
	_cleanup_free_ char *text = NULL;
	char path[48], error[RAS_ROW_ERROR_MAX] = "";
	size_t size = 0;
	int r = row_file_read(ras, index, &text, &size);

	snprintf(path, sizeof(path), ROWS_FOLDER "/%u.yaml", index);
	if (r < 0 && !file_shortage(r)) {
		log_warning("state directory: %s cannot be read: %s", path, read_error(r));
		return -EBADMSG;
	}
	if (r >= 0) {
		r = ras->row_format->read(path, text, size, &entry, &base, error);
		explicit_bzero(text, size);
	}
	if (r == -EBADMSG)
		log_warning("state directory: %s", error);
	if (r < 0)
		return r;
	if (entry->index != index) {
		log_warning("state directory: %s is the file of index %u", path, entry->index);
		return -EBADMSG;
	}
	*ret = TAKE_PTR(entry);
	*ret_base = TAKE_PTR(base);
	return 0;
}

static int load_row(struct ras *ras, uint32_t index)
{
	_cleanup_entry_ struct ras_entry *entry = NULL, *base = NULL;
	struct ras_conn *conn;
	int r = read_row(ras, index, &entry, &base);

	if (r == -EBADMSG)
		rows_set_aside(ras, index, "damaged");
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	conn = conn_get(ras, entry->name);
	if (!conn)
		return -ENOMEM;
	if (conn->kept) {
		rows_set_aside(ras, index, "replaced");
		return 0;
	}
	conn->kept = TAKE_PTR(entry);
	conn->kept_base = TAKE_PTR(base);
	return 0;
}

/* ---- counters go with the index ---- */

static bool is_row(const struct ras_conn *conn)
{
	return conn->kept && !conn->kept_base;
}

static bool has_life_of(const struct ras_conn *conn, uint32_t index)
{
	return conn->own && conn->has_life && conn->info.index == index;
}

/* The journal has them under another name where a request that renamed the row had come to the disk and not into the
 * journal. What this name had before goes to that one, where the next row may look for it. */
static void find_life(struct ras_conn *conn)
{
	struct ras *ras = conn->ras;
	uint32_t index = conn->kept->index;

	for (size_t i = 0; i < ras->n_conns && !has_life_of(conn, index); i++)
		if (has_life_of(ras->conns[i], index))
			conn_swap_lives(conn, ras->conns[i]);
}

/* Those of another row, which the same request had destroyed. */
static int begin_anew(struct ras_conn *conn)
{
	struct ras_conn *old = conn_new(conn->ras, conn->name);
	struct record_writer w;

	if (!old)
		return -ENOMEM;
	conn_swap_lives(conn, old);
	if (journal_put_forget(&w, old, false) == 0)
		store_append(conn->ras, w.text, w.len, false);
	conn_unref(old);
	return 0;
}

static int put_row(struct ras_conn *conn)
{
	uint32_t index = conn->kept->index;
	int r = 0;

	if (conn->own && conn->info.index > 0 && !has_life_of(conn, index))
		r = begin_anew(conn);
	if (r < 0)
		return r;
	conn->own = true;
	/* Whatever name without a row remembers it, too, will lose it: phonebook_part_indices(). */
	conn->info.index = index;
	phonebook_put(conn, TAKE_PTR(conn->kept), RAS_CHANGE_CREATED);
	return 0;
}

/* Is there a life that is not where its row is? Hardly ever, and the search is long. */
static bool any_life_lost(const struct ras *ras)
{
	for (size_t i = 0; i < ras->n_conns; i++) {
		const struct ras_conn *conn = ras->conns[i];

		if (conn->own && conn->has_life && !(is_row(conn) && has_life_of(conn, conn->kept->index)))
			return true;
	}
	return false;
}

static int put_rows(struct ras *ras)
{
	bool lost = any_life_lost(ras);
	int r = 0;

	for (size_t i = 0; i < ras->n_conns && lost; i++)
		if (is_row(ras->conns[i]))
			find_life(ras->conns[i]);
	for (size_t i = 0; i < ras->n_conns && r == 0; i++) {
		struct ras_conn *conn = ras->conns[i];

		if (is_row(conn))
			r = put_row(conn);
		else if (conn->kept)
			phonebook_set_index(conn, conn->kept->index);
	}
	return r;
}

int rows_load(struct ras *ras)
{
	_cleanup_free_ uint32_t *list = NULL;
	size_t n = 0;
	int r;

	if (ras->rows_fd < 0 || !ras->row_format)
		return 0;
	r = row_files_list(ras, &list, &n);
	if (r < 0 && !file_shortage(r)) {
		rows_unreadable(ras, r);
		return 0;
	}
	for (size_t i = 0; i < n && r == 0; i++)
		r = load_row(ras, list[i]);
	return r < 0 ? r : put_rows(ras);
}
