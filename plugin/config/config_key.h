/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys by table: what a key is called, where its value goes, what the value may be. One walker reads every section of
 * the configuration file and of stored rows; what is written as YAML walks the same tables. */
#ifndef RASDIAL_CONFIG_CONFIG_KEY_H
#define RASDIAL_CONFIG_CONFIG_KEY_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/yaml_doc.h"
#include "ras/state.h"
#include "sys/macro.h"

#define CONFIG_LIST_MAX 64        /* items of a list */
#define CONFIG_LIST_ITEM_MAX 1024 /* octets of an item */
#define CONFIG_KEYS_MAX 64        /* keys of a section */

/* What is read, and where complaints go. */
struct config_source {
	const char *name; /* path, as messages show it */
	const char *text;
	size_t size;
	mode_t mode; /* of the file: decides whether secrets may stand in it */
	uid_t owner;
	int64_t mtime_ms; /* 0: not known */
};

struct config_reader {
	const struct config_source *source;
	char *error;   /* CONFIG_ERROR_MAX octets */
	bool discreet; /* no message quotes what was read */
};

enum config_type {
	CONFIG_BOOL,    /* bool */
	CONFIG_NUMBER,  /* uint32_t, min..max */
	CONFIG_TEXT,    /* char[size], min octets or more */
	CONFIG_STRING,  /* char *, min..max octets; NULL: not given */
	CONFIG_LABEL,   /* an enumeration: a label of labels */
	CONFIG_LABELS,  /* uint32_t mask of 1u << value: a list of labels */
	CONFIG_LIST,    /* char **, ended by NULL, each min..max octets; NULL: empty */
	CONFIG_TIME,    /* int64_t, ms since 1970, as ISO 8601 in UTC; 0 (not known) is left away */
	CONFIG_SECTION, /* keys of their own, in the same object */
	CONFIG_OWN,     /* read and written by the key's own functions */
};

#define CONFIG_PRIVATE 1u    /* numbers, names and secrets of people: a message does not quote it */
#define CONFIG_NO_DEFAULT 2u /* not in section defaults */
#define CONFIG_FILE_ONLY 4u  /* not in stored rows: has no column in the MIB, or another form there */
#define CONFIG_ROW_ONLY 8u   /* in stored rows only */
#define CONFIG_MAY_LACK 16u  /* may be left away where a section must be complete */

struct doc_writer;

struct config_key {
	const char *key;
	enum config_type type;
	unsigned flags;
	size_t offset, size; /* of the field in its object */
	uint32_t min, max;
	const struct ras_label *labels;
	uint32_t allowed; /* mask of 1u << value: labels that may stand here; 0: all */
	const struct config_section *section;

	/* What is wrong with a text (an item of a list), to be put behind it in the message: "is not an absolute
	 * path". NULL: nothing. */
	const char *(*check)(const char *text);

	/* CONFIG_OWN: puts value into object. Returns 0 or negative errno with the error said. */
	int (*read)(struct config_reader *r, const struct config_key *key, const struct doc_node *value, void *object);

	/* CONFIG_OWN: puts key and value, or nothing. NULL where a key is never written. */
	void (*write)(struct doc_writer *w, const struct config_key *key, const void *object);
};

struct config_section {
	const char *name; /* "agent", "an entry": for messages */
	const struct config_key *keys;
	size_t n;
	unsigned without; /* flags: keys with one of them are not of this section */
	bool complete;    /* every key must be given, but those with CONFIG_MAY_LACK */
};

#define CONFIG_KEYS(table) .keys = (table), .n = ARRAY_SIZE(table)

static inline bool config_has_key(const struct config_section *section, const struct config_key *key)
{
	return (key->flags & section->without) == 0;
}

/* Which values a section has, by position in its table; NULL: not given. */
struct config_values {
	const struct doc_node *at[CONFIG_KEYS_MAX];
};

/* Says what is wrong: "file:line:column: key: message", without key where that is NULL, with the file alone
 * where node is NULL. config_fail() is -EINVAL as well, plainly to see for who reads or analyzes a caller. */
void config_say(struct config_reader *r, const struct doc_node *node, const char *key, const char *format, ...)
	PRINTF_LIKE(4, 5);
#define config_fail(r, ...) (config_say(r, __VA_ARGS__), -EINVAL)
int config_fail_memory(struct config_reader *r);

/* The text of the source as a tree. Returns 0 or negative errno with the error said. */
int config_read_doc(struct config_reader *r, struct doc **ret);

/* Finds the values of a mapping: refuses what is no mapping, unknown keys, duplicates, keys without a value, and what
 * is not complete and must be. */
int config_collect(struct config_reader *r, const struct config_section *section, const struct doc_node *map,
		   struct config_values *ret);

/* Puts the values into object. Fields of keys that are not given stay as they are. What is allocated belongs to
 * the object; the old value is freed. On an error the object holds a part of the values and can be freed. */
int config_apply(struct config_reader *r, const struct config_section *section, const struct config_values *values,
		 void *object);

/* Both at once. */
int config_read_section(struct config_reader *r, const struct config_section *section, const struct doc_node *map,
			void *object);

/* Value of a key that the section has; NULL: not given. */
const struct doc_node *config_value(const struct config_section *section, const struct config_values *values,
				    const char *key);

/* A scalar that is to be text, checked against everything key says (min and max given apart). The text lives as
 * long as the node. */
int config_read_text(struct config_reader *r, const struct config_key *key, const struct doc_node *value, size_t min,
		     size_t max, const char **ret);

/* Refuses a value of another kind than is wanted, naming both. */
int config_want(struct config_reader *r, const struct config_key *key, const struct doc_node *value, enum doc_kind kind,
		const char *wanted);

/* Frees such lists. Takes NULL, returns NULL. */
char **config_list_free(char **list);

#endif
