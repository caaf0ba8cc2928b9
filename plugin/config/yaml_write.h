/* SPDX-License-Identifier: BSD-2-Clause */
/* YAML text that yaml_doc.h reads back: keys, numbers and labels as plain words, texts always in double quotes, so that
 * none of them is taken for anything else. A failure is remembered and told once, at the end. */
#ifndef RASDIAL_CONFIG_YAML_WRITE_H
#define RASDIAL_CONFIG_YAML_WRITE_H

#include <stddef.h>

enum doc_style { DOC_IN_LINES, DOC_IN_LINE }; /* an item a line, or all in one: [a, b] */

struct doc_writer;

/* A writer of one document that begins with lines of comment, "# " and line ends included. NULL without memory. */
struct doc_writer *doc_writer_new(const char *comment);

/* A key or value. word: of ASCII letters, digits, "-.:", and nothing but what it is to mean by itself. text: UTF-8. In
 * a mapping keys and values take turns. */
void doc_put_word(struct doc_writer *w, const char *word);
void doc_put_text(struct doc_writer *w, const char *text);
void doc_open_map(struct doc_writer *w, enum doc_style style);
void doc_close_map(struct doc_writer *w);
void doc_open_list(struct doc_writer *w, enum doc_style style);
void doc_close_list(struct doc_writer *w);

/* Ends the document. Returns 0, or -ENOMEM (also if a text was not UTF-8) and nothing is given. There is a NUL behind
 * the text; the caller wipes and frees it. Nothing may be put after it. */
int doc_writer_finish(struct doc_writer *w, char **ret_text, size_t *ret_size);

/* Wipes what was written (it may hold secrets) and frees. Takes NULL, returns NULL. */
struct doc_writer *doc_writer_free(struct doc_writer *w);

static inline void doc_writer_cleanup(struct doc_writer **w)
{
	doc_writer_free(*w);
}
#define _cleanup_doc_writer_ __attribute__((cleanup(doc_writer_cleanup)))

#endif
