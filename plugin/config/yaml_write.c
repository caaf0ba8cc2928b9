/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/yaml_write.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "sys/macro.h"

#define ROOM_MIN 2048 /* most rows are shorter */

struct doc_writer {
	yaml_emitter_t emitter;
	char *text;
	size_t size, room;
	int error; /* the first one */
};

/* ---- the text ---- */

/* realloc() would leave what it copied from behind. */
static bool make_room(struct doc_writer *w, size_t need)
{
	size_t room = MAX(w->room, (size_t)ROOM_MIN);
	char *text;

	while (room < need)
		room *= 2;
	if (room == w->room)
		return true;
	text = malloc(room);
	if (!text)
		return false;
	if (w->text) {
		memcpy(text, w->text, w->size);
		explicit_bzero(w->text, w->size);
		free(w->text);
	}
	w->text = text;
	w->room = room;
	return true;
}

/* Of libyaml's kind: 1 is success. */
static int append(void *writer, unsigned char *part, size_t size)
{
	struct doc_writer *w = writer;

	if (!make_room(w, w->size + size + 1))
		return 0;
	memcpy(w->text + w->size, part, size);
	w->size += size;
	w->text[w->size] = '\0';
	return 1;
}

/* ---- events ---- */

/* Takes the event, if it could be made. */
static void emit(struct doc_writer *w, yaml_event_t *event, int made)
{
	if (made && w->error) {
		yaml_event_delete(event);
		return;
	}
	/* libyaml has no other way to fail than memory, and texts that are no UTF-8. */
	if (!made || !yaml_emitter_emit(&w->emitter, event))
		w->error = -ENOMEM;
}

static void put_scalar(struct doc_writer *w, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	emit(w, &event,
	     yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
					  style));
}

void doc_put_word(struct doc_writer *w, const char *word)
{
	put_scalar(w, word, YAML_PLAIN_SCALAR_STYLE);
}

void doc_put_text(struct doc_writer *w, const char *text)
{
	put_scalar(w, text, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

void doc_open_map(struct doc_writer *w, enum doc_style style)
{
	yaml_event_t event;

	emit(w, &event,
	     yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
						 style == DOC_IN_LINE ? YAML_FLOW_MAPPING_STYLE :
									YAML_BLOCK_MAPPING_STYLE));
}

void doc_close_map(struct doc_writer *w)
{
	yaml_event_t event;

	emit(w, &event, yaml_mapping_end_event_initialize(&event));
}

void doc_open_list(struct doc_writer *w, enum doc_style style)
{
	yaml_event_t event;

	emit(w, &event,
	     yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
						  style == DOC_IN_LINE ? YAML_FLOW_SEQUENCE_STYLE :
									 YAML_BLOCK_SEQUENCE_STYLE));
}

void doc_close_list(struct doc_writer *w)
{
	yaml_event_t event;

	emit(w, &event, yaml_sequence_end_event_initialize(&event));
}

/* ---- a document ---- */

struct doc_writer *doc_writer_new(const char *comment)
{
	_cleanup_doc_writer_ struct doc_writer *w = calloc(1, sizeof(*w));
	yaml_event_t event;

	if (!w || !yaml_emitter_initialize(&w->emitter))
		return NULL;
	yaml_emitter_set_output(&w->emitter, append, w);
	yaml_emitter_set_unicode(&w->emitter, 1);
	yaml_emitter_set_width(&w->emitter, -1); /* a value is one line */
	if (!append(w, (unsigned char *)comment, strlen(comment)))
		return NULL;
	emit(w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(w, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	return w->error ? NULL : TAKE_PTR(w);
}

int doc_writer_finish(struct doc_writer *w, char **ret_text, size_t *ret_size)
{
	yaml_event_t event;

	emit(w, &event, yaml_document_end_event_initialize(&event, 1));
	emit(w, &event, yaml_stream_end_event_initialize(&event));
	if (w->error)
		return w->error;
	*ret_text = TAKE_PTR(w->text);
	*ret_size = w->size;
	return 0;
}

struct doc_writer *doc_writer_free(struct doc_writer *w)
{
	if (!w)
		return NULL;
	yaml_emitter_delete(&w->emitter);
	if (w->text)
		explicit_bzero(w->text, w->size);
	free(w->text);
	free(w);
	return NULL;
}
