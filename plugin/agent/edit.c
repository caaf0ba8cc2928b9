/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/edit.h"

#include <errno.h>
#include <stdio.h>

#include "agent/mib.h"
#include "agent/objects.h"
#include "sys/clock.h"
#include "sys/log.h"

/* ---- values ---- */

static void *field(void *row, const struct set_write *write)
{
	return (char *)row + write->column->offset;
}

int edit_put_text(void *row, const struct set_write *write)
{
	size_t size = MIN(write->size, (size_t)write->column->limit.max);
	char *text = field(row, write);

	if (size)
		memcpy(text, write->octets, size);
	text[size] = '\0';
	return 0;
}

int edit_put_number(void *row, const struct set_write *write)
{
	memcpy(field(row, write), &write->number, sizeof(write->number));
	return 0;
}

int edit_put_bool(void *row, const struct set_write *write)
{
	*(bool *)field(row, write) = write->number == 1;
	return 0;
}

int edit_put_secret(void *row, const struct set_write *write)
{
	size_t size = MIN(write->size, (size_t)RAS_SECRET_MAX);
	char secret[RAS_SECRET_MAX + 1] = "";
	int r;

	if (size)
		memcpy(secret, write->octets, size);
	r = ras_entry_set_secret(row, secret);
	explicit_bzero(secret, sizeof(secret));
	return r;
}

/* ---- may it be written ---- */

static bool is_status(const struct set_write *write)
{
	return write->column->number == write->table->row_status;
}

/* The RowStatus that the PDU gives to the row; 0: none. */
static uint32_t wanted_status(const struct set_write *write)
{
	const struct set_write *status = is_status(write) ? write : set_partner(write, write->table->row_status);

	return status ? status->number : 0;
}

static bool destroys(const struct set_write *write)
{
	return is_status(write) && write->number == MIB_ROW_DESTROY;
}

bool edit_of_file(const struct ras_entry *entry)
{
	return entry->storage_type == RAS_STORAGE_READ_ONLY || entry->storage_type == RAS_STORAGE_PERMANENT;
}

static int admit_missing(struct agent *agent, struct set_write *write, enum edit_row row)
{
	if (destroys(write))
		return SNMP_ERR_NOERROR; /* it is gone, as wanted */
	if (!ras_permits_entries(agent->ras))
		return set_refuse(write, SNMP_ERR_NOCREATION, "agent.allow-snmp-entries is false");
	if (row == EDIT_ROW_NEVER)
		return set_refuse(write, SNMP_ERR_NOCREATION, "the entry is of the configuration file");
	if (row == EDIT_ROW_ORPHAN)
		return set_refuse(write, SNMP_ERR_INCONSISTENTNAME, "there is no such entry");
	if (wanted_status(write) == MIB_ROW_CREATE_AND_GO)
		return SNMP_ERR_NOERROR;
	return set_refuse(write, is_status(write) ? SNMP_ERR_INCONSISTENTVALUE : SNMP_ERR_INCONSISTENTNAME,
			  "there is no such row; createAndGo makes one");
}

int edit_admit(struct agent *agent, struct set_write *write, enum edit_row row)
{
	bool creates = wanted_status(write) == MIB_ROW_CREATE_AND_GO;

	if (row < EDIT_ROW_OPEN)
		return admit_missing(agent, write, row);
	if (!ras_permits_entries(agent->ras))
		return set_refuse(write, SNMP_ERR_NOTWRITABLE, "agent.allow-snmp-entries is false");
	if (creates && is_status(write))
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "the row is there already");
	/* What comes with createAndGo is meant for a new row: that one is wrong, not this one. */
	if (creates || row == EDIT_ROW_OPEN)
		return SNMP_ERR_NOERROR;
	return set_refuse(write,
			  is_status(write) && write->number != MIB_ROW_ACTIVE ? SNMP_ERR_INCONSISTENTVALUE :
										SNMP_ERR_NOTWRITABLE,
			  "the entry is of the configuration file");
}

/* ---- the edit of a PDU ---- */

/* What is known of a row that changes, besides the change. */
struct about {
	char before[RAS_NAME_MAX]; /* name; "": the row is made */
	struct set_write *answers; /* for the row as a whole: its RowStatus, else the first varbind */
};

struct edit {
	uint32_t number; /* of the reservation; 0: nothing is to be changed */
	size_t n;        /* rows of the phonebook */
	struct ras_row_change *changes;
	struct about *about;
	struct set_write *culprit; /* NULL: nothing is refused */
	int error;
};

/* The varbind that makes the edit. */
static struct set_write *first(const struct set *set)
{
	size_t i = 0;

	while (set->order[i]->column->writer != &edit_writer)
		i++;
	return set->order[i];
}

static struct edit *edit_free(struct edit *edit)
{
	for (size_t i = 0; i < edit->n; i++)
		ras_entry_unref(edit->changes[i].entry);
	free(edit->changes);
	free(edit->about);
	free(edit);
	return NULL;
}

static struct edit *edit_new(size_t rows_max)
{
	struct edit *edit = calloc(1, sizeof(*edit));

	if (!edit)
		return NULL;
	edit->changes = calloc(rows_max, sizeof(*edit->changes));
	edit->about = calloc(rows_max, sizeof(*edit->about));
	return edit->changes && edit->about ? edit : edit_free(edit);
}

/* The change of the row of the phonebook that write is about or belongs to. NULL without memory. */
static struct ras_row_change *change_of(struct agent *agent, struct edit *edit, struct set_write *write)
{
	const struct table_index index = {.n = 1, .sub = {write->index.sub[0]}};
	const struct ras_conn *conn = objects_conn(agent, &index);
	struct set_write *status = set_instance(write->set, &table_phonebook, MIB_ENTRY_ROW_STATUS, &index);
	struct ras_row_change *change;
	struct ras_entry *entry;

	for (size_t i = 0; i < edit->n; i++)
		if (edit->changes[i].index == index.sub[0])
			return &edit->changes[i];
	entry = conn ? ras_entry_copy(ras_conn_entry(conn)) : ras_entry_new();
	if (!entry)
		return NULL;
	if (!conn) {
		entry->index = index.sub[0];
		entry->origin = RAS_ORIGIN_SNMP;
	}
	entry->last_change_ms = clock_real_ms();
	edit->about[edit->n].answers = status ? status : write;
	str_copy(edit->about[edit->n].before, entry->name, RAS_NAME_MAX);
	change = &edit->changes[edit->n++];
	*change = (struct ras_row_change){.index = index.sub[0], .entry = entry};
	return change;
}

/* Is nothing else of the row in the PDU? */
static bool alone(const struct set_write *write)
{
	const struct table *table = write->table;

	for (size_t i = 0; i < table->n_columns; i++)
		if (&table->columns[i] != write->column && set_partner(write, table->columns[i].number))
			return false;
	return true;
}

static int put(void *row, struct set_write *write)
{
	return write->column->put(row, write) < 0 ? set_refuse(write, SNMP_ERR_RESOURCEUNAVAILABLE, "no memory") :
						    SNMP_ERR_NOERROR;
}

static int refuse_mixture(struct set_write *write)
{
	return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "the same request writes other columns of the row");
}

static int edit_entry(struct ras_row_change *change, struct set_write *write)
{
	struct ras_entry *entry = change->entry;

	if (!is_status(write))
		return put(entry, write);
	/* By now all other columns are in the entry: RowStatus is the last. */
	switch (write->number) {
	case MIB_ROW_CREATE_AND_GO:
		return entry->name[0] ? SNMP_ERR_NOERROR :
					set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "a row needs rasEntryName");
	case MIB_ROW_DESTROY:
		if (!alone(write))
			return refuse_mixture(write);
		change->entry = ras_entry_unref(entry);
		return SNMP_ERR_NOERROR;
	default:
		entry->row_status = (enum ras_row_status)write->number;
		return SNMP_ERR_NOERROR;
	}
}

/* The subentry with this index; a new one at its place if there is none. NULL without memory. */
static struct ras_subentry *subentry_at(struct ras_entry *entry, uint32_t index)
{
	struct ras_subentry *list = entry->subentries;
	size_t at = 0;

	while (at < entry->n_subentries && list[at].index < index)
		at++;
	if (at < entry->n_subentries && list[at].index == index)
		return &list[at];
	list = reallocarray(list, entry->n_subentries + 1, sizeof(*list));
	if (!list)
		return NULL;
	memmove(&list[at + 1], &list[at], (entry->n_subentries - at) * sizeof(*list));
	list[at] = (struct ras_subentry){.index = index, .device_type = RAS_DEVICE_OTHER, .row_status = RAS_ROW_ACTIVE};
	entry->subentries = list;
	entry->n_subentries++;
	return &list[at];
}

static void subentry_remove(struct ras_entry *entry, struct ras_subentry *subentry)
{
	size_t behind = (size_t)(entry->subentries + entry->n_subentries - (subentry + 1));

	memmove(subentry, subentry + 1, behind * sizeof(*subentry));
	entry->n_subentries--;
}

static int edit_subentry(struct ras_row_change *change, struct set_write *write)
{
	struct ras_entry *entry = change->entry;
	struct ras_subentry *subentry;

	if (!entry)
		return destroys(write) ?
			       SNMP_ERR_NOERROR :
			       set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "the same request removes the entry");
	subentry = subentry_at(entry, write->index.sub[1]);
	if (!subentry)
		return set_refuse(write, SNMP_ERR_RESOURCEUNAVAILABLE, "no memory");
	if (!is_status(write))
		return put(subentry, write);
	switch (write->number) {
	case MIB_ROW_CREATE_AND_GO:
		return SNMP_ERR_NOERROR;
	case MIB_ROW_DESTROY:
		if (!alone(write))
			return refuse_mixture(write);
		subentry_remove(entry, subentry);
		return SNMP_ERR_NOERROR;
	default:
		subentry->row_status = (enum ras_row_status)write->number;
		return SNMP_ERR_NOERROR;
	}
}

/* Puts one varbind into the edit. */
static int edit_add(struct agent *agent, struct edit *edit, struct set_write *write)
{
	/* Once more: since the first phase the configuration may have been read again. */
	int error = write->table->admit(agent, write);
	struct ras_row_change *change;

	if (error)
		return error;
	if (destroys(write) && !write->table->source->take(agent, &write->index))
		return SNMP_ERR_NOERROR;
	change = change_of(agent, edit, write);
	if (!change)
		return set_refuse(write, SNMP_ERR_RESOURCEUNAVAILABLE, "no memory");
	return write->table == &table_subentry ? edit_subentry(change, write) : edit_entry(change, write);
}

/* Has the engine check all of it. */
static void edit_reserve(struct agent *agent, struct edit *edit)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_edit *ras_edit;
	size_t culprit = 0;
	int r;

	if (!edit->n)
		return;
	r = ras_edit_reserve(agent->ras, edit->changes, edit->n, &culprit, &error, &ras_edit);
	if (r >= 0) {
		edit->number = ras_edit_number(ras_edit);
		return;
	}
	edit->culprit = edit->about[culprit].answers;
	edit->error = set_refuse(edit->culprit,
				 r == -EINVAL ? SNMP_ERR_INCONSISTENTVALUE : SNMP_ERR_RESOURCEUNAVAILABLE, "%s",
				 error.text[0] ? error.text : strerror(-r));
}

static struct edit *edit_make(struct agent *agent, const struct set *set)
{
	struct edit *edit = edit_new(set->n);

	if (!edit)
		return NULL;
	for (size_t i = 0; i < set->n; i++) {
		struct set_write *write = set->order[i];

		if (write->column->writer != &edit_writer)
			continue;
		edit->error = edit_add(agent, edit, write);
		if (edit->error) {
			edit->culprit = write;
			return edit;
		}
	}
	edit_reserve(agent, edit);
	return edit;
}

/* ---- what the log says: names of columns, never what is in them ---- */

#define WORD_MAX 32

static void add_word(char text[LOG_LINE_MAX], const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, LOG_LINE_MAX - len, "%s%s", len ? ", " : "", word);
}

/* rasEntryDialMode is dial-mode in the file and here; RowStatus is told by what it has become. */
static void column_word(const struct set_write *write, char ret[WORD_MAX])
{
	size_t len = 0;

	if (is_status(write)) {
		str_copy(ret, ras_label_name(ras_row_status_labels, (int32_t)write->number), WORD_MAX);
		return;
	}
	for (const char *c = write->column->name + strlen("rasEntry"); *c && len < WORD_MAX - 2; c++) {
		bool upper = *c >= 'A' && *c <= 'Z';

		if (upper && len)
			ret[len++] = '-';
		ret[len++] = upper ? (char)(*c - 'A' + 'a') : *c;
	}
	ret[len] = '\0';
}

static void log_changed(const struct set *set, const struct ras_row_change *change, const char *before)
{
	bool told[RAS_SUBENTRIES_MAX + 1] = {false};
	char text[LOG_LINE_MAX] = "", word[WORD_MAX];

	for (size_t i = 0; i < set->n; i++) {
		const struct set_write *write = set->order[i];
		uint32_t subentry = write->table == &table_subentry ? write->index.sub[1] : 0;

		if (write->column->writer != &edit_writer || write->index.sub[0] != change->index || told[subentry])
			continue;
		if (subentry)
			snprintf(word, sizeof(word), "subentry %u", subentry);
		else
			column_word(write, word);
		told[subentry] = subentry > 0;
		add_word(text, word);
	}
	if (str_equal(before, change->entry->name))
		log_info("set entry %u (%s): changed: %s", change->index, before, text);
	else
		log_info("set entry %u (%s, was %s): changed: %s", change->index, change->entry->name, before, text);
}

static void log_change(const struct set *set, const struct ras_row_change *change, const char *before)
{
	if (!change->entry)
		log_info("set entry %u (%s): removed", change->index, before);
	else if (!before[0])
		log_info("set entry %u (%s): created", change->index, change->entry->name);
	else
		log_changed(set, change, before);
}

/* ---- phases; of the varbind that made the edit, which alone holds it ---- */

/* The reservation, unless a reload of the phonebook has ended it. */
static struct ras_edit *reserved(struct agent *agent, const struct edit *edit)
{
	return edit ? ras_edit_find(agent->ras, edit->number) : NULL;
}

static int reserve(struct agent *agent, struct set_write *write)
{
	struct set_write *maker = first(write->set);
	struct edit *edit = maker == write ? edit_make(agent, write->set) : maker->held;
	int error;

	if (!edit)
		return set_refuse(write, SNMP_ERR_RESOURCEUNAVAILABLE, "no memory");
	error = edit->culprit == write ? edit->error : SNMP_ERR_NOERROR;
	if (maker == write)
		write->held = error ? edit_free(edit) : edit;
	return error;
}

static int store(struct agent *agent, struct set_write *write)
{
	const struct edit *edit = write->held;
	struct ras_edit *ras_edit = reserved(agent, edit);
	int r;

	if (!edit || !edit->number)
		return SNMP_ERR_NOERROR;
	if (!ras_edit)
		return set_refuse(write, SNMP_ERR_COMMITFAILED, "the configuration was read again meanwhile");
	r = ras_edit_write(ras_edit);
	return r < 0 ? set_refuse(write, SNMP_ERR_COMMITFAILED, "cannot be stored: %s", strerror(-r)) :
		       SNMP_ERR_NOERROR;
}

static void commit(struct agent *agent, struct set_write *write)
{
	struct edit *edit = write->held;
	struct ras_edit *ras_edit = reserved(agent, edit);

	if (!edit)
		return;
	/* If a reload has ended it after it was stored, the reload has done it. */
	for (size_t i = 0; i < edit->n; i++)
		log_change(write->set, &edit->changes[i], edit->about[i].before);
	if (ras_edit)
		ras_edit_commit(ras_edit);
	edit_free(edit);
}

static void undo(struct agent *agent, struct set_write *write)
{
	struct ras_edit *ras_edit = reserved(agent, write->held);

	if (ras_edit)
		ras_edit_undo(ras_edit);
}

static void release(struct agent *agent, struct set_write *write)
{
	struct edit *edit = write->held;

	if (!edit)
		return;
	ras_edit_cancel(reserved(agent, edit));
	edit_free(edit);
}

const struct set_writer edit_writer = {reserve, store, commit, undo, release};
