/* SPDX-License-Identifier: BSD-2-Clause */
/* At the start: rows made over SNMP, and what SNMP has set for permanent rows, from their files to the phonebook. A
 * file that is damaged is set aside and the others count. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ras/phonebook.h"
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
	if (r < 0 && r != -ENOMEM) {
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

/* Counters go with the index. The journal has them under another name where a request that renamed the row had come to
 * the disk and not into the journal, or where two rows have changed names that way. What the name had before is left to
 * the other one, and is forgotten with it unless that is a row, too. */
static void find_life(struct ras_conn *conn, uint32_t index)
{
	struct ras *ras = conn->ras;

	if (conn->own && conn->has_life && conn->info.index == index)
		return;
	for (size_t i = 0; i < ras->n_conns; i++) {
		struct ras_conn *other = ras->conns[i];

		if (other == conn || other->entry || !other->own || !other->has_life || other->info.index != index)
			continue;
		conn_swap_lives(conn, other);
		return;
	}
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
	if (!conn || phonebook_make_room(ras, 1) < 0)
		return -ENOMEM;
	if (conn->entry || conn->kept) {
		rows_set_aside(ras, index, "replaced");
		return 0;
	}
	if (base) {
		conn->kept = TAKE_PTR(entry);
		conn->kept_base = TAKE_PTR(base);
		phonebook_set_index(conn, index);
		return 0;
	}
	find_life(conn, index);
	conn->own = true;
	phonebook_set_index(conn, index);
	phonebook_put(conn, TAKE_PTR(entry), RAS_CHANGE_CREATED);
	return 0;
}

int rows_load(struct ras *ras)
{
	_cleanup_free_ uint32_t *list = NULL;
	size_t n = 0;
	int r;

	if (ras->rows_fd < 0 || !ras->row_format)
		return 0;
	r = row_files_list(ras, &list, &n);
	if (r < 0 && r != -ENOMEM) {
		log_error("state directory: " ROWS_FOLDER " cannot be read: %s", strerror(-r));
		store_damaged(ras, 1);
		return 0;
	}
	for (size_t i = 0; i < n && r == 0; i++)
		r = load_row(ras, list[i]);
	return r;
}
