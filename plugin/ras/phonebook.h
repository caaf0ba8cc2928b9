/* SPDX-License-Identifier: BSD-2-Clause */
/* The phonebook inside of the engine: its names and rows, changes of it, what rows made over SNMP may be, and the files
 * in which they are kept. The owner's, but where it says otherwise. */
#ifndef RASDIAL_RAS_PHONEBOOK_H
#define RASDIAL_RAS_PHONEBOOK_H

#include "ras/engine.h"

/* ---- phonebook.c ---- */

/* The conn of a name, which may be no row; NULL if there is none. Owner. */
struct ras_conn *conn_find(const struct ras *ras, const char *name);

/* The same, made if there is none. NULL without memory. */
struct ras_conn *conn_get(struct ras *ras, const char *name);

/* Room for n more names and rows: what adds them then cannot fail. */
int phonebook_make_room(struct ras *ras, size_t n);

/* Adds a name that is not there; takes the reference. There is room. store.lock held once there are threads. */
void phonebook_add_name(struct ras_conn *conn);

/* Takes a name out of the list. store.lock held once there are threads. */
void phonebook_drop_name(struct ras_conn *conn);

/* Gives a name its entry and the row at conn->info.index, or changes that row. Takes the reference. There is room. */
void phonebook_put(struct ras_conn *conn, struct ras_entry *entry, enum ras_change change);

/* Takes the row away; a call is hung up. tell: rasConfigChange. */
void phonebook_remove(struct ras_conn *conn, bool tell);

/* Order of two indices (uint32_t), for qsort(). */
int index_compare(const void *a, const void *b);

/* The index alone: who else has it is the affair of the caller. */
void conn_set_index(struct ras_conn *conn, uint32_t index);

/* The index becomes this; any other name that has it without a row loses it. Rows stay where they are in the list. */
void phonebook_set_index(struct ras_conn *conn, uint32_t index);

/* Of names that remember the same index one keeps it, a row if there is one: lines of the journal do not tell that an
 * index was taken from a name. Before there are threads. Returns 0 or -ENOMEM. */
int phonebook_part_indices(struct ras *ras);

/* Brings rows and names back into order after their indices were changed. */
void phonebook_sort(struct ras *ras);

/* Rows that a reload has moved and that could not be stored then: once more, before other files change, which might be
 * put over theirs. Returns 0 or negative errno. */
int phonebook_store_again(struct ras *ras);

/* The phonebook was changed now. */
void phonebook_touch(struct ras *ras);

/* A file of a row, as it shall be. */
struct row_file {
	uint32_t index;
	char *text; /* NULL: there shall be no file */
	size_t size;
	bool existed; /* rows_write()'s own */
};

/* ---- edit.c ---- */

/* The entry that a row is about to get, or has; NULL if it is to go or to have another name. Owner. */
const struct ras_entry *edit_coming(const struct ras_conn *conn);

/* For stroke.c: the files of the edit that is to be written; false: there is none. Then, whether they were. */
bool edit_files(const struct ras *ras, struct row_file **ret, size_t *ret_n);
void edit_wrote(struct ras *ras, bool written);

/* Before the phonebook is loaded anew: what is written is done, what is not is dropped. */
void edit_settle(struct ras *ras);

/* ---- permit.c: what rows made over SNMP may be ---- */

int permissions_copy(const struct ras_permissions *from, struct permissions *ret);
void permissions_done(struct permissions *p);

/* Why an entry may not be as it is, in words; NULL: it may. Touches no disk. */
const char *permit_why_not(const struct permissions *p, const struct ras_entry *e);

/* Is there a helper of this name? */
bool permit_helper(const struct permissions *p, const char *name);

/* Rows made over SNMP against the permissions of now: those that are not allowed any more are notReady until they are
 * again. */
void permit_all(struct ras *ras);

/* ---- row_files.c: files of rows in the state directory ---- */

#define ROWS_FOLDER "entries"

/* Opens the folder; none is no error. Ends what a crash left half done. Returns 0 or -ENOMEM. */
int rows_open(struct ras *ras);

/* The folder is there and cannot be read: nothing is written to it, and no name in the journal is held to be without a
 * row. */
void rows_unreadable(struct ras *ras, int error);

/* All of them or none, also over a crash; if that comes in between, the next start also finds these lines for the
 * journal (framed; NULL: none). The versions before are kept until rows_done(). Returns 0 or negative errno: nothing
 * changed. */
int rows_write(struct ras *ras, struct row_file files[], size_t n, const struct store_lines *lines);
void rows_undo(struct ras *ras, const struct row_file files[], size_t n);
void rows_done(struct ras *ras, const struct row_file files[], size_t n);

/* The file of an entry, or of what SNMP has set over base; text NULL if there is nothing to store. Returns 0 or
 * negative errno. */
int row_file_make(const struct ras *ras, const struct ras_entry *entry, const struct ras_entry *base,
		  struct row_file *ret);
void row_file_done(struct row_file *file);

/* Indices of the files that there are, ascending. Returns 0 or negative errno. */
int row_files_list(const struct ras *ras, uint32_t **ret, size_t *ret_n);

/* A row's text. Returns 0, -EBADMSG if it is no plain file, -EUCLEAN if its checksum is wrong, or negative errno. The
 * caller wipes and frees it. */
int row_file_read(const struct ras *ras, uint32_t index, char **ret, size_t *ret_size);

/* Renames the file of a row that is not to be read again; why: "damaged", "replaced". */
void rows_set_aside(struct ras *ras, uint32_t index, const char *why);

/* ---- rows_load.c ---- */

/* Makes connections and rows of the files. Before there are threads. Returns 0 or -ENOMEM. */
int rows_load(struct ras *ras);

#endif
