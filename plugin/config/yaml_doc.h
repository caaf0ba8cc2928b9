/* SPDX-License-Identifier: BSD-2-Clause */
/* A YAML file as a small tree with positions. Only what a configuration file needs is let in: one document,
 * UTF-8, core tags, scalar keys; no anchors, aliases, merge keys or control characters; depth, size and number
 * of nodes are limited. */
#ifndef RASDIAL_CONFIG_YAML_DOC_H
#define RASDIAL_CONFIG_YAML_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOC_NODES_MAX (1u << 21)
#define DOC_MESSAGE_MAX 256

enum doc_kind { DOC_SCALAR, DOC_LIST, DOC_MAP };

struct doc_node {
	enum doc_kind kind;
	bool plain;             /* scalar without quotes: may stand for a number, a boolean or nothing */
	uint32_t line, column;  /* from 1 */
	uint32_t length;        /* scalar: octets of text; list and map: children */
	const char *text;       /* scalar: ended by NUL, none inside */
	struct doc_node *first; /* list: items; map: key, value, key, value... */
	struct doc_node *next;
};

struct doc;

struct doc_error {
	uint32_t line, column; /* 0: of no place */
	char text[DOC_MESSAGE_MAX];
};

/* Parses text. Returns 0, -EINVAL or -ENOMEM with ret_error filled. The tree holds copies of what it needs. */
int doc_parse(const char *text, size_t size, struct doc_error *ret_error, struct doc **ret);

/* Root of the tree: NULL for an empty document. */
const struct doc_node *doc_root(const struct doc *doc);

/* Wipes (it may hold secrets) and frees. Takes NULL, returns NULL. */
struct doc *doc_free(struct doc *doc);

/* What a plain scalar means by the core schema of YAML 1.2; a scalar in quotes is always text. Numbers are text
 * too: whether it is a number is for the key to say, so 0042 stays the telephone number it is. */
bool doc_is_null(const struct doc_node *node);
bool doc_is_bool(const struct doc_node *node, bool *ret_value); /* ret_value may be NULL */

static inline void doc_cleanup(struct doc **doc)
{
	doc_free(*doc);
}
#define _cleanup_doc_ __attribute__((cleanup(doc_cleanup)))

#endif
