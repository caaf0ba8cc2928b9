/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config_row.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config_section.h"
#include "config/config_write.h"
#include "sys/macro.h"

_Static_assert(RAS_ROW_ERROR_MAX >= CONFIG_ERROR_MAX, "messages on rows are those of the walker");

#define WARNING "# Written by rasdial, with a sum at the end: a file that is changed by hand is set aside.\n"

/* ---- values set over SNMP for a permanent entry of the file ---- */

enum change { NAME, INDEX, STORAGE_TYPE, LAST_CHANGE, USER_NAME, SECRET, NOTIFY_TYPES, FILE_SAYS, CHANGE_MAX };

#define FIELD(name) .offset = offsetof(struct ras_entry, name), .size = sizeof(((struct ras_entry *)0)->name)

static const struct config_key change_keys[] = {
	[NAME] = {"name", CONFIG_TEXT, FIELD(name), .min = 1},
	[INDEX] = {"index", CONFIG_NUMBER, FIELD(index), .min = 1, .max = RAS_INDEX_MAX},
	[STORAGE_TYPE] = {"storage-type", CONFIG_LABEL, FIELD(storage_type), .labels = ras_storage_type_labels,
			  .allowed = 1u << RAS_STORAGE_PERMANENT},
	[LAST_CHANGE] = {"last-change", CONFIG_TIME, CONFIG_MAY_LACK, FIELD(last_change_ms)},
	[USER_NAME] = {"user-name", CONFIG_TEXT, CONFIG_MAY_LACK | CONFIG_PRIVATE, FIELD(user_name)},
	/* The empty secret is the one that was erased. */
	[SECRET] = {"secret", CONFIG_OWN, CONFIG_MAY_LACK | CONFIG_PRIVATE, .read = config_read_row_secret,
		    .write = config_write_secret},
	[NOTIFY_TYPES] = {"notify-types", CONFIG_LABELS, CONFIG_MAY_LACK, FIELD(notify_types),
			  .labels = ras_notify_type_labels},
	[FILE_SAYS] = {.key = "file", .type = CONFIG_OWN},
};
static const struct config_section change_section = {"a stored row of a permanent entry", CONFIG_KEYS(change_keys),
						     .complete = true};
/* What the file said when SNMP set another value: the same keys. */
static const struct config_section file_section = {"file", .keys = change_keys + USER_NAME, .n = FILE_SAYS - USER_NAME};

static void write_changes(struct doc_writer *w, const struct ras_entry *entry, const struct ras_entry *base)
{
	const bool differs[CHANGE_MAX] = {
		[USER_NAME] = !str_equal(entry->user_name, base->user_name),
		[SECRET] = !str_equal(entry->secret ?: "", base->secret ?: ""),
		[NOTIFY_TYPES] = entry->notify_types != base->notify_types,
	};

	for (enum change i = NAME; i < FILE_SAYS; i++)
		if (i < USER_NAME || differs[i])
			config_write_key(w, &change_keys[i], entry);
	doc_put_word(w, change_keys[FILE_SAYS].key);
	doc_open_map(w, DOC_IN_LINES);
	for (enum change i = USER_NAME; i < FILE_SAYS; i++)
		if (differs[i])
			config_write_key(w, &change_keys[i], base);
	doc_close_map(w);
}

static int collect_changes(struct config_reader *r, const struct doc_node *root, struct config_values *ret_set,
			   struct config_values *ret_said)
{
	const struct doc_node *file;
	int e;

	e = config_collect(r, &change_section, root, ret_set);
	if (e < 0)
		return e;
	file = ret_set->at[FILE_SAYS];
	ret_set->at[FILE_SAYS] = NULL;
	e = config_collect(r, &file_section, file, ret_said);
	if (e < 0)
		return e;
	for (enum change i = USER_NAME; i < FILE_SAYS; i++)
		if (!ret_set->at[i] != !ret_said->at[i - USER_NAME])
			return config_fail(r, file, NULL, "key \"%s\" must stand both here and above, or not at all",
					   change_keys[i].key);
	return 0;
}

static int read_changes(struct config_reader *r, const struct doc_node *root, struct ras_entry *entry,
			struct ras_entry **ret_base)
{
	_cleanup_entry_ struct ras_entry *base = NULL;
	struct config_values set, said;
	int e;

	e = collect_changes(r, root, &set, &said);
	if (e < 0)
		return e;
	entry->origin = RAS_ORIGIN_FILE;
	e = config_apply(r, &change_section, &set, entry);
	if (e < 0)
		return e;
	base = ras_entry_copy(entry);
	if (!base)
		return config_fail_memory(r);
	e = config_apply(r, &file_section, &said, base);
	if (e < 0)
		return e;
	*ret_base = TAKE_PTR(base);
	return 0;
}

/* ---- rows ---- */

static int row_write(const struct ras_entry *entry, const struct ras_entry *base, char **ret_text, size_t *ret_size)
{
	_cleanup_doc_writer_ struct doc_writer *w = NULL;

	w = doc_writer_new(base ? "# What SNMP has set for an entry of the configuration file.\n" WARNING :
				  "# An entry made over SNMP.\n" WARNING);
	if (!w)
		return -ENOMEM;
	doc_open_map(w, DOC_IN_LINES);
	if (base)
		write_changes(w, entry, base);
	else
		config_write_keys(w, &config_row_section, entry);
	doc_close_map(w);
	return doc_writer_finish(w, ret_text, ret_size);
}

/* The key that tells both kinds of rows apart. */
static bool is_permanent(const struct doc_node *root)
{
	if (root->kind != DOC_MAP)
		return false;
	for (const struct doc_node *key = root->first; key; key = key->next->next)
		if (str_equal(key->text, "storage-type"))
			return key->next->kind == DOC_SCALAR && str_equal(key->next->text, "permanent");
	return false;
}

static int read_root(struct config_reader *r, const struct doc_node *root, struct ras_entry **ret,
		     struct ras_entry **ret_base)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new(), *base = NULL;
	int e;

	if (!entry)
		return config_fail_memory(r);
	if (!root)
		return config_fail(r, NULL, NULL, "holds no row");
	entry->origin = RAS_ORIGIN_SNMP;
	e = is_permanent(root) ? read_changes(r, root, entry, &base) :
				 config_read_section(r, &config_row_section, root, entry);
	if (e < 0)
		return e;
	*ret = TAKE_PTR(entry);
	*ret_base = TAKE_PTR(base);
	return 0;
}

static int row_read(const char *path, const char *text, size_t size, struct ras_entry **ret,
		    struct ras_entry **ret_base, char error[RAS_ROW_ERROR_MAX])
{
	/* Who may read the file is the engine's affair, which wrote it. */
	const struct config_source source = {.name = path, .text = text, .size = size, .mode = S_IFREG | 0600};
	struct config_reader r = {.source = &source, .error = error, .discreet = true};
	_cleanup_doc_ struct doc *doc = NULL;
	int e;

	if (size > CONFIG_ROW_MAX)
		e = config_fail(&r, NULL, NULL, "larger than %u octets", CONFIG_ROW_MAX);
	else
		e = config_read_doc(&r, &doc);
	if (e == 0)
		e = read_root(&r, doc_root(doc), ret, ret_base);
	return e == 0 || e == -ENOMEM ? e : -EBADMSG;
}

const struct ras_row_format config_row_format = {.write = row_write, .read = row_read};
