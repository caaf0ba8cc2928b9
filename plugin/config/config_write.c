/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config_write.h"

#include <stdio.h>
#include <string.h>

#include "config/config_text.h"

static void get(const struct config_key *key, const void *object, void *ret)
{
	memcpy(ret, (const char *)object + key->offset, key->size);
}

static void write_bool(struct doc_writer *w, const struct config_key *key, const void *object)
{
	bool flag;

	get(key, object, &flag);
	doc_put_word(w, key->key);
	doc_put_word(w, flag ? "true" : "false");
}

static void write_number(struct doc_writer *w, const struct config_key *key, const void *object)
{
	uint32_t number;
	char digits[16];

	get(key, object, &number);
	snprintf(digits, sizeof(digits), "%u", number);
	doc_put_word(w, key->key);
	doc_put_word(w, digits);
}

static void write_text(struct doc_writer *w, const struct config_key *key, const void *object)
{
	doc_put_word(w, key->key);
	doc_put_text(w, (const char *)object + key->offset);
}

static void write_label(struct doc_writer *w, const struct config_key *key, const void *object)
{
	char name[TEXT_LABEL_MAX];
	int32_t number;

	get(key, object, &number);
	doc_put_word(w, key->key);
	doc_put_word(w, ras_label_kebab(ras_label_name(key->labels, number), name));
}

static void write_labels(struct doc_writer *w, const struct config_key *key, const void *object)
{
	char name[TEXT_LABEL_MAX];
	uint32_t mask;

	get(key, object, &mask);
	doc_put_word(w, key->key);
	doc_open_list(w, DOC_IN_LINE);
	for (const struct ras_label *l = key->labels; l->name; l++)
		if (mask & 1u << l->value)
			doc_put_word(w, ras_label_kebab(l->name, name));
	doc_close_list(w);
}

static void write_time(struct doc_writer *w, const struct config_key *key, const void *object)
{
	char text[TEXT_TIME_MAX];
	int64_t ms;

	get(key, object, &ms);
	if (!text_time(ms, text))
		return;
	doc_put_word(w, key->key);
	doc_put_word(w, text);
}

static void (*const writers[])(struct doc_writer *, const struct config_key *, const void *) = {
	[CONFIG_BOOL] = write_bool,   [CONFIG_NUMBER] = write_number, [CONFIG_TEXT] = write_text,
	[CONFIG_LABEL] = write_label, [CONFIG_LABELS] = write_labels, [CONFIG_TIME] = write_time,
};

void config_write_key(struct doc_writer *w, const struct config_key *key, const void *object)
{
	(key->type == CONFIG_OWN ? key->write : writers[key->type])(w, key, object);
}

void config_write_keys(struct doc_writer *w, const struct config_section *section, const void *object)
{
	for (size_t i = 0; i < section->n; i++)
		if (config_has_key(section, &section->keys[i]))
			config_write_key(w, &section->keys[i], object);
}
