/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections defaults and entries, and the keys of stored rows, which are the same but for a few. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config_check.h"
#include "config/config_section.h"
#include "config/config_text.h"
#include "config/config_write.h"
#include "sys/macro.h"

#define PATH_OCTETS 1024
#define SPEED_MAX 4000000 /* the highest that termios has */
#define APN_MAX 100       /* 3GPP TS 23.003 */

#define SECONDS_DAY 86400
#define SECONDS_30_DAYS 2592000

/* ---- environment ---- */

/* Appends one KEY=value to a list that has room; the name must not be there before. */
static int read_variable(struct config_reader *r, const struct config_key *key, const struct doc_node *name,
			 char **list)
{
	char quote[TEXT_QUOTE_MAX], *variable;
	const char *wrong = check_variable(name->text), *text;
	int e;

	if (!wrong && name->length > CONFIG_LIST_ITEM_MAX / 2)
		wrong = "is too long";
	for (; *list && !wrong; list++)
		if (strncmp(*list, name->text, name->length) == 0 && (*list)[name->length] == '=')
			wrong = "is given twice";
	if (wrong)
		return config_fail(r, name, key->key, "%s %s", text_quote(name->text, quote), wrong);
	e = config_read_text(r, key, name->next, 0, CONFIG_LIST_ITEM_MAX / 2, &text);
	if (e < 0)
		return e;
	if (asprintf(&variable, "%s=%s", name->text, text) < 0)
		return config_fail_memory(r);
	*list = variable;
	return 0;
}

static int read_environment(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			    void *object)
{
	struct ras_entry *entry = object;
	char **list;
	int e;

	e = config_want(r, key, value, DOC_MAP, "a mapping, such as {KEY: value}");
	if (e < 0)
		return e;
	if (value->length / 2 > CONFIG_LIST_MAX)
		return config_fail(r, value, key->key, "%u variables are given, at most %d are possible",
				   value->length / 2, CONFIG_LIST_MAX);
	list = calloc(value->length / 2 + 1, sizeof(*list));
	if (!list)
		return config_fail_memory(r);
	for (const struct doc_node *name = value->first; name && e == 0; name = name->next->next)
		e = read_variable(r, key, name, list);
	if (e < 0) {
		config_list_free(list);
		return e;
	}
	config_list_free(entry->environment);
	entry->environment = list[0] ? list : config_list_free(list);
	return 0;
}

/* ---- subentries ---- */

#define FIELD(name) .offset = offsetof(struct ras_subentry, name), .size = sizeof(((struct ras_subentry *)0)->name)

#define STATUS_OF_ROW (1u << RAS_ROW_ACTIVE | 1u << RAS_ROW_NOT_IN_SERVICE)

static const struct config_key subentry_keys[] = {
	{"index", CONFIG_NUMBER, CONFIG_ROW_ONLY, FIELD(index), .min = 1, .max = RAS_SUBENTRIES_MAX},
	{"device-type", CONFIG_LABEL, .labels = ras_device_type_labels, FIELD(device_type)},
	{"device-name", CONFIG_TEXT, FIELD(device_name)},
	{"destination", CONFIG_TEXT, CONFIG_PRIVATE, FIELD(destination)},
	{"row-status", CONFIG_LABEL, CONFIG_ROW_ONLY, FIELD(row_status), .labels = ras_row_status_labels,
	 .allowed = STATUS_OF_ROW},
};
const struct config_section config_subentry_section = {"a subentry", CONFIG_KEYS(subentry_keys),
						       .without = CONFIG_ROW_ONLY};
static const struct config_section row_subentry_section = {"a subentry", CONFIG_KEYS(subentry_keys),
							   .without = CONFIG_FILE_ONLY, .complete = true};

#undef FIELD

static int read_subentries(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			   void *object)
{
	struct ras_entry *entry = object;
	struct ras_subentry *list;
	uint32_t n = 0;
	int e;

	e = config_want(r, key, value, DOC_LIST, "a list, such as [{destination: \"5550100\"}]");
	if (e < 0)
		return e;
	if (value->length > RAS_SUBENTRIES_MAX)
		return config_fail(r, value, key->key, "%u subentries are given, at most %d are possible",
				   value->length, RAS_SUBENTRIES_MAX);
	list = calloc(MAX(value->length, 1u), sizeof(*list));
	if (!list)
		return config_fail_memory(r);
	for (const struct doc_node *item = value->first; item && e == 0; item = item->next) {
		list[n] = (struct ras_subentry){.index = n + 1,
						.device_type = RAS_DEVICE_OTHER,
						.row_status = RAS_ROW_ACTIVE};
		e = config_read_section(r, key->section, item, &list[n]);
		if (e == 0 && n > 0 && list[n].index <= list[n - 1].index)
			e = config_fail(r, item, key->key, "index is not greater than that of the subentry before");
		n++;
	}
	if (e < 0) {
		free(list);
		return e;
	}
	free(entry->subentries);
	entry->subentries = list;
	entry->n_subentries = n;
	return 0;
}

static void write_subentries(struct doc_writer *w, const struct config_key *key, const void *object)
{
	const struct ras_entry *entry = object;

	doc_put_word(w, key->key);
	doc_open_list(w, DOC_IN_LINES);
	for (size_t i = 0; i < entry->n_subentries; i++) {
		doc_open_map(w, DOC_IN_LINES);
		config_write_keys(w, key->section, &entry->subentries[i]);
		doc_close_map(w);
	}
	doc_close_list(w);
}

/* ---- the keys ---- */

#define FIELD(name) .offset = offsetof(struct ras_entry, name), .size = sizeof(((struct ras_entry *)0)->name)

static const struct config_key bandwidth_keys[] = {
	{"add-percent", CONFIG_NUMBER, FIELD(bandwidth.add_percent), .min = 1, .max = 100},
	{"add-time", CONFIG_NUMBER, FIELD(bandwidth.add_time), .min = 1, .max = SECONDS_DAY},
	{"drop-percent", CONFIG_NUMBER, FIELD(bandwidth.drop_percent), .min = 0, .max = 99},
	{"drop-time", CONFIG_NUMBER, FIELD(bandwidth.drop_time), .min = 1, .max = SECONDS_DAY},
};
static const struct config_section bandwidth_section = {"bandwidth", CONFIG_KEYS(bandwidth_keys)};

#define STORAGE_TYPES_OF_FILE (1u << RAS_STORAGE_PERMANENT | 1u << RAS_STORAGE_READ_ONLY)
#define ITEMS .max = CONFIG_LIST_ITEM_MAX

static const struct config_key entry_keys[] = {
	{"name", CONFIG_TEXT, CONFIG_NO_DEFAULT, FIELD(name), .min = 1},
	{"index", CONFIG_NUMBER, CONFIG_NO_DEFAULT, FIELD(index), .min = 1, .max = RAS_INDEX_MAX},
	{"descr", CONFIG_TEXT, FIELD(descr)},
	{"device-type", CONFIG_LABEL, FIELD(device_type), .labels = ras_device_type_labels},
	{"device-name", CONFIG_TEXT, FIELD(device_name)},
	{"destination", CONFIG_TEXT, CONFIG_PRIVATE, FIELD(destination)},
	{"user-name", CONFIG_TEXT, CONFIG_PRIVATE, FIELD(user_name)},
	{"secret", CONFIG_OWN, CONFIG_FILE_ONLY | CONFIG_PRIVATE, .min = 1, .read = config_read_secret},
	{"secret", CONFIG_OWN, CONFIG_ROW_ONLY | CONFIG_MAY_LACK | CONFIG_PRIVATE, .min = 1,
	 .read = config_read_row_secret, .write = config_write_secret},
	{"secret-file", CONFIG_OWN, CONFIG_FILE_ONLY, .read = config_read_secret_file},
	{"auth-methods", CONFIG_LABELS, FIELD(auth_methods), .labels = ras_auth_method_labels},
	{"dial-mode", CONFIG_LABEL, FIELD(dial_mode), .labels = ras_dial_mode_labels},
	{"link-mode", CONFIG_LABEL, FIELD(link_mode), .labels = ras_link_mode_labels},
	{"subentries", CONFIG_OWN, CONFIG_FILE_ONLY, .section = &config_subentry_section, .read = read_subentries},
	{"subentries", CONFIG_OWN, CONFIG_ROW_ONLY, .section = &row_subentry_section, .read = read_subentries,
	 .write = write_subentries},
	{"redial-max", CONFIG_NUMBER, FIELD(redial_max), .min = 0, .max = 65535},
	{"redial-pause", CONFIG_NUMBER, FIELD(redial_pause), .min = 1, .max = SECONDS_DAY},
	{"redial-pause-max", CONFIG_NUMBER, FIELD(redial_pause_max), .min = 0, .max = SECONDS_DAY},
	{"redial-on-drop", CONFIG_BOOL, FIELD(redial_on_drop)},
	{"dial-timeout", CONFIG_NUMBER, FIELD(dial_timeout), .min = 1, .max = 3600},
	{"idle-timeout", CONFIG_NUMBER, FIELD(idle_timeout), .min = 0, .max = SECONDS_30_DAYS},
	{"max-duration", CONFIG_NUMBER, FIELD(max_duration), .min = 0, .max = SECONDS_30_DAYS},
	{"options", CONFIG_LABELS, FIELD(options), .labels = ras_option_labels},
	{"notify-types", CONFIG_LABELS, FIELD(notify_types), .labels = ras_notify_type_labels},
	{"notify-failures", CONFIG_NUMBER, FIELD(notify_failures), .min = 1, .max = 65535},
	{"storage-type", CONFIG_LABEL, CONFIG_FILE_ONLY, FIELD(storage_type), .labels = ras_storage_type_labels,
	 .allowed = STORAGE_TYPES_OF_FILE},
	{"storage-type", CONFIG_LABEL, CONFIG_ROW_ONLY, FIELD(storage_type), .labels = ras_storage_type_labels,
	 .allowed = 1u << RAS_STORAGE_NON_VOLATILE},
	{"last-change", CONFIG_TIME, CONFIG_ROW_ONLY | CONFIG_MAY_LACK, FIELD(last_change_ms)},
	/* The last one: what is cut anywhere lacks it. */
	{"row-status", CONFIG_LABEL, CONFIG_ROW_ONLY, FIELD(row_status), .labels = ras_row_status_labels,
	 .allowed = STATUS_OF_ROW},

	{"bandwidth", CONFIG_SECTION, CONFIG_FILE_ONLY, .section = &bandwidth_section},
	{"routes", CONFIG_LIST, CONFIG_FILE_ONLY, FIELD(routes), .min = 1, ITEMS, .check = check_route},
	{"up-script", CONFIG_STRING, CONFIG_FILE_ONLY, FIELD(up_script), .min = 1, .max = PATH_OCTETS,
	 .check = check_path},
	{"down-script", CONFIG_STRING, CONFIG_FILE_ONLY, FIELD(down_script), .min = 1, .max = PATH_OCTETS,
	 .check = check_path},
	{"speed", CONFIG_NUMBER, CONFIG_FILE_ONLY, FIELD(speed), .min = 0, .max = SPEED_MAX},
	{"modem-init", CONFIG_LIST, CONFIG_FILE_ONLY | CONFIG_PRIVATE, FIELD(modem_init), .min = 1, ITEMS},
	{"apn", CONFIG_STRING, CONFIG_FILE_ONLY, FIELD(apn), .min = 0, .max = APN_MAX},
	{"local-address", CONFIG_TEXT, CONFIG_FILE_ONLY, FIELD(local_address), .min = 1, .check = check_address},
	{"peer-address", CONFIG_TEXT, CONFIG_FILE_ONLY, FIELD(peer_address), .min = 1, .check = check_address},
	{"command", CONFIG_LIST, CONFIG_FILE_ONLY | CONFIG_PRIVATE, FIELD(command), .min = 0, ITEMS},
	{"pppd-options", CONFIG_LIST, CONFIG_FILE_ONLY | CONFIG_PRIVATE, FIELD(pppd_options), .min = 1, ITEMS},
	{"environment", CONFIG_OWN, CONFIG_FILE_ONLY | CONFIG_PRIVATE, .read = read_environment},
};
_Static_assert(ARRAY_SIZE(entry_keys) <= CONFIG_KEYS_MAX, "more keys than a section has room for");

const struct config_section config_entry_section = {"an entry", CONFIG_KEYS(entry_keys), .without = CONFIG_ROW_ONLY};
static const struct config_section defaults_section = {"defaults", CONFIG_KEYS(entry_keys), .without = CONFIG_ROW_ONLY};
const struct config_section config_row_section = {"a stored row", CONFIG_KEYS(entry_keys), .without = CONFIG_FILE_ONLY,
						  .complete = true};

/* ---- one entry ---- */

struct entry_nodes {
	const struct doc_node *entry;
	const struct config_values *values; /* of the entry */
	const struct config_values *defaults;
};

/* Where a key stands that takes part in a conflict: in the entry, else in defaults, else the entry itself. */
static const struct doc_node *place(const struct entry_nodes *n, const char *key)
{
	const struct doc_node *node = config_value(&config_entry_section, n->values, key);

	if (!node)
		node = config_value(&config_entry_section, n->defaults, key);
	return node ? node : n->entry;
}

static int address_family(const char *text)
{
	return strchr(text, ':') ? AF_INET6 : AF_INET;
}

/* Rules that take more than one key, or that hold for the entry as a whole. */
static int check_entry(struct config_reader *r, const struct ras_entry *e, const struct entry_nodes *n)
{
	const char *missing = ras_entry_missing(e);
	const char *wrong = NULL;
	char type[TEXT_LABEL_MAX];

	if (missing && str_equal(missing, "destination"))
		return config_fail(r, n->entry, NULL, "entry \"%s\" has no destination, which device-type %s needs",
				   e->name,
				   ras_label_kebab(ras_label_name(ras_device_type_labels, (int32_t)e->device_type),
						   type));
	if (e->device_type == RAS_DEVICE_EXEC && e->device_name[0])
		wrong = check_helper(e->device_name);
	if (wrong)
		return config_fail(r, place(n, "device-name"), "device-name", "\"%s\" %s", e->device_name, wrong);
	if (e->command && e->command[0] && check_path(e->command[0]))
		return config_fail(r, place(n, "command"), "command",
				   "the program must be given by its absolute path (such as /usr/bin/ssh)");
	if (e->dial_mode == RAS_DIAL_MODE_ON_DEMAND && (!e->local_address[0] || !e->peer_address[0]))
		return config_fail(r, place(n, "dial-mode"), "dial-mode",
				   "on-demand needs local-address and peer-address");
	if (e->local_address[0] && e->peer_address[0] &&
	    address_family(e->local_address) != address_family(e->peer_address))
		return config_fail(r, place(n, "peer-address"), "peer-address",
				   "\"%s\" and local-address \"%s\" are of different families", e->peer_address,
				   e->local_address);
	if (e->bandwidth.drop_percent >= e->bandwidth.add_percent)
		return config_fail(r, place(n, "bandwidth"), "bandwidth", "drop-percent %u is not below add-percent %u",
				   e->bandwidth.drop_percent, e->bandwidth.add_percent);
	return 0;
}

/* The keys of a mapping into an entry: one of the list, or defaults. */
static int read_keys(struct config_reader *r, const struct config_section *section, const struct doc_node *map,
		     struct config_values *values, struct ras_entry *e)
{
	const struct doc_node *secret, *file;
	int error;

	error = config_collect(r, section, map, values);
	if (error < 0)
		return error;
	secret = config_value(section, values, "secret");
	file = config_value(section, values, "secret-file");
	if (secret && file)
		return config_fail(r, file, "secret-file", "given together with secret (leave one of them away)");
	return config_apply(r, section, values, e);
}

static int read_defaults(struct config_reader *r, const struct doc_node *node, struct config_values *values,
			 struct ras_entry *e)
{
	int error;

	error = read_keys(r, &defaults_section, node, values, e);
	for (size_t i = 0; i < defaults_section.n && error == 0; i++)
		if (values->at[i] && entry_keys[i].flags & CONFIG_NO_DEFAULT)
			error = config_fail(r, values->at[i], entry_keys[i].key,
					    "not possible in defaults (each entry has its own)");
	return error;
}

static int read_entry(struct config_reader *r, const struct doc_node *node, const struct config_values *defaults,
		      struct ras_entry *e)
{
	struct config_values values;
	int error;

	error = read_keys(r, &config_entry_section, node, &values, e);
	if (error < 0)
		return error;
	if (!e->name[0])
		return config_fail(r, node, NULL, "an entry without a name (add the key name)");
	return check_entry(r, e, &(struct entry_nodes){node, &values, defaults});
}

/* ---- all entries ---- */

/* An entry and where it stands, for finding two of a kind. */
struct placed {
	const struct ras_entry *entry;
	const struct doc_node *node;
};

static int by_name(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = ras_name_compare(x->entry->name, y->entry->name);

	return order != 0 ? order : (x->node->line > y->node->line) - (x->node->line < y->node->line);
}

static int by_index(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = (x->entry->index > y->entry->index) - (x->entry->index < y->entry->index);

	return order != 0 ? order : (x->node->line > y->node->line) - (x->node->line < y->node->line);
}

static int check_unique(struct config_reader *r, struct placed *all, size_t n)
{
	qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 1; i < n; i++)
		if (ras_name_compare(all[i - 1].entry->name, all[i].entry->name) == 0)
			return config_fail(r, all[i].node, NULL,
					   "a second entry with the name \"%s\" (the first is in line %u)",
					   all[i].entry->name, all[i - 1].node->line);
	qsort(all, n, sizeof(*all), by_index);
	for (size_t i = 1; i < n; i++)
		if (all[i].entry->index != 0 && all[i - 1].entry->index == all[i].entry->index)
			return config_fail(r, all[i].node, NULL,
					   "entry \"%s\" has index %u, which \"%s\" in line %u has already",
					   all[i].entry->name, all[i].entry->index, all[i - 1].entry->name,
					   all[i - 1].node->line);
	return 0;
}

static int check_all(struct config_reader *r, const struct doc_node *list, struct ras_entry *const entries[], size_t n)
{
	struct placed *all = calloc(MAX(n, 1u), sizeof(*all)), *next = all;
	int e;

	if (!all)
		return config_fail_memory(r);
	for (const struct doc_node *node = list->first; node; node = node->next)
		*next++ = (struct placed){*entries++, node};
	e = check_unique(r, all, n);
	free(all);
	return e;
}

static int read_list(struct config_reader *r, const struct doc_node *list, const struct ras_entry *model,
		     const struct config_values *defaults, struct ras_entry **entries, size_t *n)
{
	int e = 0;

	for (const struct doc_node *node = list->first; node && e == 0; node = node->next) {
		struct ras_entry *entry = ras_entry_copy(model);

		if (!entry)
			return config_fail_memory(r);
		entries[(*n)++] = entry;
		e = read_entry(r, node, defaults, entry);
	}
	return e < 0 ? e : check_all(r, list, entries, *n);
}

int config_entries_read(struct config_reader *r, const struct doc_node *defaults, const struct doc_node *entries,
			uint32_t max_entries, struct ras_entry ***ret_entries, size_t *ret_n)
{
	_cleanup_entry_ struct ras_entry *model = ras_entry_new();
	struct config_values values = {0};
	int e = 0;

	if (!model)
		return config_fail_memory(r);
	model->origin = RAS_ORIGIN_FILE;
	model->storage_type = RAS_STORAGE_READ_ONLY;
	model->row_status = RAS_ROW_ACTIVE;
	model->last_change_ms = r->source->mtime_ms;
	if (defaults)
		e = read_defaults(r, defaults, &values, model);
	if (e < 0 || !entries)
		return e;
	if (entries->kind != DOC_LIST)
		return config_fail(r, entries, "entries", "must be a list, each entry beginning with \"- name: ...\"");
	if (max_entries != 0 && entries->length > max_entries)
		return config_fail(r, entries, "entries", "%u entries, but max-entries of section agent is %u",
				   entries->length, max_entries);
	*ret_entries = calloc(MAX(entries->length, 1u), sizeof(**ret_entries));
	if (!*ret_entries)
		return config_fail_memory(r);
	return read_list(r, entries, model, &values, *ret_entries, ret_n);
}
