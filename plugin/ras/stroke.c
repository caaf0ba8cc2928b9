/* SPDX-License-Identifier: BSD-2-Clause */
/* What one SET writes comes to the disk at one stroke: scalars and requests as lines of the journal, rows as files.
 * Several lines have a frame, by which a start knows whether all are there; where there are rows too, the lines go into
 * the list of what is to be done to the files, which then decides. store.lock is held all the while, so no dial thread
 * writes what has been asked for and is not on the disk yet; the price is that one which has something to write waits
 * for the disk as long as the SET does. */
#include <errno.h>
#include <string.h>

#include "ras/phonebook.h"

void ras_write_begin(struct ras *ras)
{
	struct stroke *s = &ras->stroke;

	pthread_mutex_lock(&ras->store.lock);
	s->open = true;
	s->error = 0;
	s->lines.size = s->n_lines = 0;
	memcpy(s->stored_before, ras->stored_value, sizeof(s->stored_before));
}

void stroke_add(struct ras *ras, const struct record_writer *w)
{
	struct stroke *s = &ras->stroke;
	int r = store_lines_add(&s->lines, w);

	s->n_lines++;
	s->error = s->error < 0 ? s->error : r;
}

/* The lines with their frame in front, if they need one. Returns 0 or negative errno; the caller frees ret->data. */
static int frame(struct ras *ras, bool rows, struct store_lines *ret)
{
	const struct stroke *s = &ras->stroke;
	struct record_writer w;
	int r = 0;

	if (s->n_lines > 1 || (rows && s->n_lines > 0)) {
		r = journal_put_set(&w, ras->store.sets + 1, s->n_lines);
		if (r == 0)
			r = store_lines_add(ret, &w);
	}
	return r < 0 || s->n_lines == 0 ? r : store_lines_add_text(ret, s->lines.data, s->lines.size);
}

static int write_all(struct ras *ras)
{
	struct store_lines framed = {0};
	struct row_file *files = NULL;
	size_t n = 0;
	bool rows = edit_files(ras, &files, &n);
	int r = frame(ras, rows, &framed);

	if (r == 0 && rows)
		r = rows_write(ras, files, n, framed.size > 0 ? &framed : NULL);
	if (r == 0 && framed.size > 0) {
		r = store_append(ras, framed.data, framed.size, true);
		if (r < 0 && rows)
			rows_undo(ras, files, n);
		ras->store.sets++;
	}
	free(framed.data);
	return r;
}

static void close_stroke(struct ras *ras, bool written)
{
	if (!written)
		memcpy(ras->stored_value, ras->stroke.stored_before, sizeof(ras->stored_value));
	edit_wrote(ras, written);
	requests_wrote(ras, written);
	ras->stroke.open = false;
	pthread_mutex_unlock(&ras->store.lock);
}

int ras_write_end(struct ras *ras)
{
	int r = ras->stroke.error;

	if (r == 0)
		r = write_all(ras);
	close_stroke(ras, r == 0);
	return r;
}

void ras_write_drop(struct ras *ras)
{
	close_stroke(ras, false);
}
