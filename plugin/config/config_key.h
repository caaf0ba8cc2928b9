/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the file by table: what a key is called, where its value goes, what the value may be. One walker reads
 * every section; what is written as YAML one day walks the same tables. */
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
	char *error; /* CONFIG_ERROR_MAX octets */
};

enum config_type {
	CONFIG_BOOL,    /* bool */
	CONFIG_NUMBER,  /* uint32_t, min..max */
	CONFIG_TEXT,    /* char[size], min octets or more */
	CONFIG_STRING,  /* char *, min..max octets; NULL: not given */
	CONFIG_LABEL,   /* an enumeration: a label of labels */
	CONFIG_LABELS,  /* uint32_t mask of 1u << value: a list of labels */
	CONFIG_LIST,    /* char **, ended by NULL, each min..max octets; NULL: empty */
	CONFIG_SECTION, /* keys of their own, in the same object */
	CONFIG_OWN,     /* read by the key's own function */
};

#define CONFIG_PRIVATE 1u    /* numbers, names and secrets of people: a message does not quote it */
#define CONFIG_NO_DEFAULT 2u /* not in section defaults */
#define CONFIG_FILE_ONLY 4u  /* has no column in the MIB */

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
};

struct config_section {
	const char *name; /* "agent", "an entry": for messages */
	const struct config_key *keys;
	size_t n;
};

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

/* Finds the values of a mapping: refuses what is no mapping, unknown keys, duplicates, and keys without a value. */
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
