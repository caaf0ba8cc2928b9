/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config_key.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "config/config_text.h"
#include "sys/utf8.h"

#define PATH_SHOWN 255 /* octets of a path in messages: its end says more than its beginning */

/* ---- complaints ---- */

void config_say(struct config_reader *r, const struct doc_node *node, const char *key, const char *format, ...)
{
	const char *path = r->source->name;
	size_t length = strlen(path), at;
	va_list ap;

	at = (size_t)snprintf(r->error, CONFIG_ERROR_MAX, "%s%s:", length > PATH_SHOWN ? "..." : "",
			      length > PATH_SHOWN ? path + length - PATH_SHOWN : path);
	if (node)
		at += (size_t)snprintf(r->error + at, CONFIG_ERROR_MAX - at, "%u:%u:", node->line, node->column);
	at += (size_t)snprintf(r->error + at, CONFIG_ERROR_MAX - at, " %s%s", key ? key : "", key ? ": " : "");
	va_start(ap, format);
	vsnprintf(r->error + at, CONFIG_ERROR_MAX - at, format, ap);
	va_end(ap);
}

int config_fail_memory(struct config_reader *r)
{
	config_say(r, NULL, NULL, "out of memory");
	return -ENOMEM;
}

int config_read_doc(struct config_reader *r, struct doc **ret)
{
	struct doc_error wrong;
	int e;

	e = doc_parse(r->source->text, r->source->size, &wrong, ret);
	if (e < 0) {
		struct doc_node at = {.line = wrong.line, .column = wrong.column};

		config_say(r, wrong.line > 0 ? &at : NULL, NULL, "%s", wrong.text);
	}
	return e;
}

static bool may_quote(const struct config_reader *r, const struct config_key *key)
{
	return !r->discreet && !(key->flags & CONFIG_PRIVATE);
}

/* What is given, as far as a message may show it. */
static const char *quote_value(const struct config_reader *r, const struct config_key *key,
			       const struct doc_node *value, char buf[TEXT_QUOTE_MAX])
{
	return may_quote(r, key) ? text_quote(value->text, buf) : "what is given";
}

int config_want(struct config_reader *r, const struct config_key *key, const struct doc_node *value, enum doc_kind kind,
		const char *wanted)
{
	static const char *const given[] = {
		[DOC_SCALAR] = "a single value", [DOC_LIST] = "a list", [DOC_MAP] = "a mapping"};
	char quote[TEXT_QUOTE_MAX];

	if (value->kind == kind)
		return 0;
	if (value->kind == DOC_SCALAR && may_quote(r, key))
		return config_fail(r, value, key->key, "%s is not %s", text_quote(value->text, quote), wanted);
	return config_fail(r, value, key->key, "%s is given, but it wants %s", given[value->kind], wanted);
}

/* ---- sections ---- */

/* The way out of an unknown key: the nearest known one, or all of a few. */
static int fail_unknown(struct config_reader *r, const struct config_section *section, const struct doc_node *key)
{
	char quote[TEXT_QUOTE_MAX], way[CONFIG_ERROR_MAX / 2] = "see rasdial.yaml(5) for its keys";
	const char *best = NULL;
	unsigned distance = 0;
	size_t len = 0;

	if (r->discreet)
		return config_fail(r, key, NULL, "an unknown key in %s", section->name);
	for (size_t i = 0; i < section->n; i++)
		if (config_has_key(section, &section->keys[i]))
			text_guess(key->text, section->keys[i].key, &best, &distance);
	if (best)
		snprintf(way, sizeof(way), "did you mean \"%s\"?", best);
	else if (section->n <= 6)
		for (size_t i = 0; i < section->n; i++)
			if (config_has_key(section, &section->keys[i]))
				len += (size_t)snprintf(way + len, sizeof(way) - len, "%s%s",
							len == 0 ? "its keys are " : ", ", section->keys[i].key);
	return config_fail(r, key, NULL, "unknown key %s in %s (%s)", text_quote(key->text, quote), section->name, way);
}

static size_t find_key(const struct config_section *section, const char *key)
{
	size_t i = 0;

	while (i < section->n && !(config_has_key(section, &section->keys[i]) && str_equal(section->keys[i].key, key)))
		i++;
	return i;
}

static int check_complete(struct config_reader *r, const struct config_section *section, const struct doc_node *map,
			  const struct config_values *values)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct config_key *key = &section->keys[i];

		if (!values->at[i] && config_has_key(section, key) && !(key->flags & CONFIG_MAY_LACK))
			return config_fail(r, map, NULL, "key \"%s\" is missing in %s", key->key, section->name);
	}
	return 0;
}

int config_collect(struct config_reader *r, const struct config_section *section, const struct doc_node *map,
		   struct config_values *ret)
{
	uint32_t lines[CONFIG_KEYS_MAX];

	*ret = (struct config_values){0};
	if (map->kind != DOC_MAP)
		return config_fail(r, map, NULL, "%s must be a mapping, with lines of the form \"key: value\"",
				   section->name);
	for (const struct doc_node *key = map->first; key; key = key->next->next) {
		const struct doc_node *value = key->next;
		size_t i = find_key(section, key->text);

		if (i == section->n)
			return fail_unknown(r, section, key);
		if (ret->at[i])
			return config_fail(r, key, NULL, "key \"%s\" is given twice (before in line %u)", key->text,
					   lines[i]);
		if (doc_is_null(value))
			return config_fail(
				r, key, NULL,
				"key \"%s\" has no value (give it one, or leave the key away for the default)",
				key->text);
		ret->at[i] = value;
		lines[i] = key->line;
	}
	return section->complete ? check_complete(r, section, map, ret) : 0;
}

const struct doc_node *config_value(const struct config_section *section, const struct config_values *values,
				    const char *key)
{
	size_t i = find_key(section, key);

	return i < section->n ? values->at[i] : NULL;
}

/* ---- values ---- */

static void put(const struct config_key *key, void *object, const void *value)
{
	memcpy((char *)object + key->offset, value, key->size);
}

/* Words that other versions of YAML, and people, take for a boolean. */
static const char *bool_way(const struct doc_node *value)
{
	static const char *const words[][2] = {{"no", "yes"}, {"off", "on"}, {"n", "y"}, {"0", "1"}, {"false", "true"}};

	if (!value->plain)
		return " (leave the quotes away)";
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (size_t yes = 0; yes < 2; yes++)
			if (strcasecmp(value->text, words[i][yes]) == 0)
				return yes ? " (write true)" : " (write false)";
	return "";
}

static int read_bool(struct config_reader *r, const struct config_key *key, const struct doc_node *value, void *object)
{
	char quote[TEXT_QUOTE_MAX];
	bool flag;
	int e;

	e = config_want(r, key, value, DOC_SCALAR, "true or false");
	if (e < 0)
		return e;
	if (!doc_is_bool(value, &flag))
		return config_fail(r, value, key->key, "%s is not true or false%s", quote_value(r, key, value, quote),
				   bool_way(value));
	put(key, object, &flag);
	return 0;
}

static int read_number(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
		       void *object)
{
	char quote[TEXT_QUOTE_MAX], wanted[64];
	uint32_t number;
	bool is_number;
	int e;

	snprintf(wanted, sizeof(wanted), "a number from %u to %u", key->min, key->max);
	e = config_want(r, key, value, DOC_SCALAR, wanted);
	if (e < 0)
		return e;
	is_number = text_number(value->text, &number) && number >= key->min && number <= key->max;
	if (!is_number || !value->plain)
		return config_fail(r, value, key->key, "%s is not %s%s", quote_value(r, key, value, quote), wanted,
				   is_number ? " (leave the quotes away)" : "");
	put(key, object, &number);
	return 0;
}

/* What is wrong with a text, whatever the key. NULL: nothing. */
static const char *check_characters(const struct doc_node *value)
{
	uint32_t code;
	size_t n;

	for (size_t at = 0; at < value->length; at += n) {
		n = utf8_char(value->text + at, value->length - at, &code);
		if (n == 0)
			return "is not UTF-8";
		if (utf8_is_control(code))
			return code == '\n' ? "has a line break in it" : "has a control character in it";
	}
	return NULL;
}

int config_read_text(struct config_reader *r, const struct config_key *key, const struct doc_node *value, size_t min,
		     size_t max, const char **ret)
{
	char quote[TEXT_QUOTE_MAX];
	const char *wrong;
	int e;

	e = config_want(r, key, value, DOC_SCALAR, "a text");
	if (e < 0)
		return e;
	if (doc_is_null(value))
		return config_fail(r, value, key->key, "has no value (write \"\" for an empty text)");
	if (doc_is_bool(value, NULL))
		return config_fail(r, value, key->key, "%s is true or false, not a text (put it in quotes)",
				   quote_value(r, key, value, quote));
	if (value->length < min)
		return config_fail(r, value, key->key, "must not be empty");
	if (value->length > max)
		return config_fail(r, value, key->key, "%u octets are given, at most %zu are possible", value->length,
				   max);
	wrong = check_characters(value);
	if (!wrong && key->check)
		wrong = key->check(value->text);
	if (wrong)
		return config_fail(r, value, key->key, "%s %s", quote_value(r, key, value, quote), wrong);
	*ret = value->text;
	return 0;
}

static int read_fixed_text(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			   void *object)
{
	const char *text;
	int e;

	e = config_read_text(r, key, value, key->min, key->size - 1, &text);
	if (e < 0)
		return e;
	str_copy((char *)object + key->offset, text, key->size);
	return 0;
}

static int read_string(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
		       void *object)
{
	char **field = (char **)(void *)((char *)object + key->offset);
	const char *text;
	char *copy;
	int e;

	e = config_read_text(r, key, value, key->min, key->max, &text);
	if (e < 0)
		return e;
	copy = strdup(text);
	if (!copy)
		return config_fail_memory(r);
	free(*field);
	*field = copy;
	return 0;
}

/* ---- labels ---- */

static bool label_allowed(const struct config_key *key, const struct ras_label *label)
{
	return key->allowed == 0 || key->allowed & 1u << label->value;
}

static int fail_label(struct config_reader *r, const struct config_key *key, const struct doc_node *value)
{
	char quote[TEXT_QUOTE_MAX], name[TEXT_LABEL_MAX], guess[TEXT_LABEL_MAX];
	char all[CONFIG_ERROR_MAX / 2] = "", way[96] = "";
	const char *best = NULL;
	unsigned distance = 0;
	size_t len = 0;

	for (const struct ras_label *l = key->labels; l->name; l++) {
		const char *before = best;

		if (!label_allowed(key, l))
			continue;
		text_guess(value->text, ras_label_kebab(l->name, name), &best, &distance);
		if (best != before)
			best = str_copy(guess, name, sizeof(guess));
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", len > 0 ? ", " : "", name);
	}
	if (best)
		snprintf(way, sizeof(way), " (did you mean %s?)", best);
	return config_fail(r, value, key->key, "%s is not one of %s%s", quote_value(r, key, value, quote), all, way);
}

static int read_one_label(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			  int32_t *ret)
{
	char name[TEXT_LABEL_MAX];
	int e;

	e = config_want(r, key, value, DOC_SCALAR, "a single word");
	if (e < 0)
		return e;
	for (const struct ras_label *l = key->labels; l->name; l++) {
		if (label_allowed(key, l) && str_equal(value->text, ras_label_kebab(l->name, name))) {
			*ret = l->value;
			return 0;
		}
	}
	return fail_label(r, key, value);
}

static int read_label(struct config_reader *r, const struct config_key *key, const struct doc_node *value, void *object)
{
	int32_t number;
	int e;

	e = read_one_label(r, key, value, &number);
	if (e < 0)
		return e;
	put(key, object, &number);
	return 0;
}

static int read_labels(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
		       void *object)
{
	char quote[TEXT_QUOTE_MAX];
	uint32_t mask = 0;
	int32_t number;
	int e;

	e = config_want(r, key, value, DOC_LIST, "a list, such as [first, second]");
	if (e < 0)
		return e;
	for (const struct doc_node *item = value->first; item; item = item->next) {
		e = read_one_label(r, key, item, &number);
		if (e < 0)
			return e;
		if (mask & 1u << number)
			return config_fail(r, item, key->key, "%s is given twice", quote_value(r, key, item, quote));
		mask |= 1u << number;
	}
	put(key, object, &mask);
	return 0;
}

/* ---- times ---- */

static int read_time(struct config_reader *r, const struct config_key *key, const struct doc_node *value, void *object)
{
	char quote[TEXT_QUOTE_MAX];
	int64_t ms;
	int e;

	e = config_want(r, key, value, DOC_SCALAR, "a date and time");
	if (e < 0)
		return e;
	if (!text_time_parse(value->text, &ms))
		return config_fail(r, value, key->key, "%s is not a date and time such as 2026-11-24T09:30:00.000Z",
				   quote_value(r, key, value, quote));
	put(key, object, &ms);
	return 0;
}

/* ---- lists ---- */

char **config_list_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
	return NULL;
}

static int read_list(struct config_reader *r, const struct config_key *key, const struct doc_node *value, void *object)
{
	char ***field = (char ***)(void *)((char *)object + key->offset);
	const char *text;
	char **list;
	size_t n = 0;
	int e;

	e = config_want(r, key, value, DOC_LIST, "a list, such as [first, second]");
	if (e < 0)
		return e;
	if (value->length > CONFIG_LIST_MAX)
		return config_fail(r, value, key->key, "%u items are given, at most %d are possible", value->length,
				   CONFIG_LIST_MAX);
	list = calloc(value->length + 1, sizeof(*list));
	if (!list)
		return config_fail_memory(r);
	for (const struct doc_node *item = value->first; item && e == 0; item = item->next) {
		e = config_read_text(r, key, item, key->min, key->max, &text);
		if (e == 0 && !(list[n++] = strdup(text)))
			e = config_fail_memory(r);
	}
	if (e < 0) {
		config_list_free(list);
		return e;
	}
	config_list_free(*field);
	*field = n > 0 ? list : config_list_free(list);
	return 0;
}

/* ---- the walk ---- */

static int read_subsection(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			   void *object)
{
	return config_read_section(r, key->section, value, object);
}

static int (*const readers[])(struct config_reader *, const struct config_key *, const struct doc_node *, void *) = {
	[CONFIG_BOOL] = read_bool,     [CONFIG_NUMBER] = read_number, [CONFIG_TEXT] = read_fixed_text,
	[CONFIG_STRING] = read_string, [CONFIG_LABEL] = read_label,   [CONFIG_LABELS] = read_labels,
	[CONFIG_LIST] = read_list,     [CONFIG_TIME] = read_time,     [CONFIG_SECTION] = read_subsection,
};

int config_apply(struct config_reader *r, const struct config_section *section, const struct config_values *values,
		 void *object)
{
	int e = 0;

	for (size_t i = 0; i < section->n && e == 0; i++) {
		const struct config_key *key = &section->keys[i];

		if (values->at[i])
			e = (key->type == CONFIG_OWN ? key->read : readers[key->type])(r, key, values->at[i], object);
	}
	return e;
}

int config_read_section(struct config_reader *r, const struct config_section *section, const struct doc_node *map,
			void *object)
{
	struct config_values values;
	int e;

	e = config_collect(r, section, map, &values);
	if (e < 0)
		return e;
	return config_apply(r, section, &values, object);
}
