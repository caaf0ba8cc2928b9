/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal in the state directory: lines are added at the end, and now and then the whole is written anew with what
 * still counts. A line that was cut or changed is set aside at the next start, the others count. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ras/engine.h"
#include "sys/file.h"
#include "sys/log.h"

#define JOURNAL "journal"
#define JOURNAL_DAMAGED JOURNAL ".lines"
#define JOURNAL_MAX ((size_t)1 << 30)

/* Written anew when it has grown by its own size, and by this at least. */
#define COMPACT_SLACK ((size_t)1 << 20)

static void write_failed(struct ras *ras, int error)
{
	int status = error == -ENOSPC || error == -EDQUOT ? RAS_STORAGE_FULL : RAS_STORAGE_IS_READ_ONLY;
	bool first = atomic_exchange(&ras->store.status, status) != status;

	atomic_fetch_add(&ras->store.problems, 1);
	if (first)
		log_error("state directory: it cannot be written to: %s", strerror(-error));
}

void store_note(struct ras *ras, int error)
{
	if (error < 0)
		write_failed(ras, error);
	else if (atomic_load(&ras->store.status) != RAS_STORAGE_OK &&
		 atomic_exchange(&ras->store.status, RAS_STORAGE_OK) != RAS_STORAGE_OK)
		log_info("state directory: it can be written to again");
}

void store_damaged(struct ras *ras, unsigned items)
{
	atomic_fetch_add(&ras->store.problems, items);
	atomic_store(&ras->store.damaged, true);
}

/* What cannot be opened now is tried again with the next line: never a line into a file that was replaced. */
static int open_journal(struct ras *ras)
{
	struct stat st;
	int fd;

	ras->store.fd = fd_close(ras->store.fd);
	fd = openat(ras->state_fd, JOURNAL, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	fd = fd_high(fd);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		fd_close(fd);
		return -EIO;
	}
	ras->store.fd = fd;
	ras->store.size = ras->store.live = (size_t)st.st_size;
	return 0;
}

int store_append(struct ras *ras, const char *lines, size_t len, bool durable)
{
	struct ras_store *store = &ras->store;
	int r;

	if (atomic_load(&ras->abandoned))
		return -ESHUTDOWN;
	r = store->fd < 0 ? open_journal(ras) : 0;
	if (r == 0)
		r = fd_write_all(store->fd, lines, len);
	if (r == 0 && durable && fdatasync(store->fd) < 0)
		r = -errno;
	if (r < 0) {
		/* Half a line would spoil the next one. */
		if (store->fd >= 0 && ftruncate(store->fd, (off_t)store->size) < 0)
			log_error("state directory: the journal cannot be cut back: %s", strerror(errno));
		store->behind = true;
		store_note(ras, r);
		return r;
	}
	store->size += len;
	store->unsynced = !durable;
	store_note(ras, 0);
	return 0;
}

/* What the disk did not take is written once more, as a whole. */
static void note_sync(struct ras *ras, int error)
{
	if (error == 0)
		return;
	store_note(ras, error);
	pthread_mutex_lock(&ras->store.lock);
	ras->store.behind = true;
	pthread_mutex_unlock(&ras->store.lock);
}

void store_sync(struct ras *ras)
{
	struct ras_store *store = &ras->store;
	int fd = -1;

	/* The disk is waited for outside of the lock: others go on adding lines. */
	pthread_mutex_lock(&store->lock);
	if (store->unsynced)
		fd = fcntl(store->fd, F_DUPFD_CLOEXEC, FD_HIGH);
	/* Without a descriptor they are the next second's affair. */
	store->unsynced &= fd < 0;
	pthread_mutex_unlock(&store->lock);
	if (fd >= 0)
		note_sync(ras, fdatasync(fd) < 0 ? -errno : 0);
	fd_close(fd);
}

/* ---- writing it anew ---- */

int store_lines_add_text(struct store_lines *b, const char *text, size_t size)
{
	if (!b->data || b->size + size > b->room) {
		size_t room = (b->size + size) * 2;
		char *data = realloc(b->data, room);

		if (!data)
			return -ENOMEM;
		b->data = data;
		b->room = room;
	}
	memcpy(b->data + b->size, text, size);
	b->size += size;
	return 0;
}

int store_lines_add(struct store_lines *b, const struct record_writer *w)
{
	return store_lines_add_text(b, w->text, w->len);
}

static int add_conn(struct store_lines *b, struct ras_conn *conn)
{
	struct record_writer w;
	int r = journal_put_life(&w, conn);

	if (r == 0)
		r = store_lines_add(b, &w);
	if (r == 0)
		r = journal_put_present_wish(&w, conn);
	return r < 0 ? r : store_lines_add(b, &w);
}

static int add_history(struct store_lines *b, const struct ras *ras)
{
	struct ras_history_row row = {.index = 0};
	struct record_writer w;
	int r = 0;

	while (r == 0 && row.index < UINT32_MAX && ras_history_next(ras, row.index + 1, &row) == 0) {
		r = journal_put_history(&w, &row, 0);
		if (r == 0)
			r = store_lines_add(b, &w);
	}
	return r;
}

static int add_engine(struct store_lines *b, struct ras *ras)
{
	struct record_writer w;
	int r = 0;

	for (unsigned i = 0; i < RAS_SETTING_MAX && r == 0; i++) {
		r = journal_put_setting(&w, i, ras->stored_value[i], ras->file_value[i]);
		if (r == 0)
			r = store_lines_add(b, &w);
	}
	if (r == 0)
		r = journal_put_engine(&w, ras);
	return r < 0 ? r : store_lines_add(b, &w);
}

int store_compact(struct ras *ras)
{
	struct store_lines b = {0};
	int r = add_history(&b, ras), e = 0;

	for (size_t i = 0; i < ras->n_conns && r == 0; i++)
		r = add_conn(&b, ras->conns[i]);
	if (r == 0)
		r = add_engine(&b, ras);
	if (r == 0) {
		r = file_replace(ras->state_fd, JOURNAL, b.data, b.size, true);
		/* Which of the two files is in place now is not known where only the folder did not come to the disk.
		 */
		e = open_journal(ras);
	}
	r = r < 0 ? r : e;
	if (r < 0)
		store_note(ras, r);
	ras->store.behind = r < 0;
	free(b.data);
	return r;
}

bool store_wants_compact(const struct ras *ras)
{
	const struct ras_store *store = &ras->store;

	if (atomic_load(&store->ahead) > 0)
		return false;
	/* After a failure the next line that goes through tells that there is room again. */
	if (store->behind && atomic_load(&store->status) == RAS_STORAGE_OK)
		return true;
	return store->size > 2 * store->live + COMPACT_SLACK;
}

/* ---- reading it ---- */

static void set_aside(struct ras *ras, const struct store_lines *damaged, unsigned lines)
{
	char name[64] = JOURNAL_DAMAGED;
	int r = file_replace(ras->state_fd, JOURNAL_DAMAGED, damaged->data, damaged->size, true);

	if (r == 0)
		r = file_set_aside(ras->state_fd, JOURNAL_DAMAGED, "damaged", name, sizeof(name));
	store_damaged(ras, lines);
	if (r < 0)
		log_warning("state directory: %u damaged lines of the journal were left out and could not be kept: %s",
			    lines, strerror(-r));
	else
		log_warning("state directory: %u damaged lines of the journal were left out; they are in %s", lines,
			    name);
}

/* How many lines a set line announces; 0: it is another line. */
static uint32_t lines_of_set(const char *line)
{
	struct record_writer copy;
	struct record r;
	uint32_t lines = 0;

	if (strncmp(line, "set ", 4) != 0)
		return 0;
	str_copy(copy.text, line, sizeof(copy.text));
	if (record_parse(copy.text, &r) == 0)
		record_get_u32(&r, "lines", &lines);
	return lines;
}

static bool has_lines(const char *text, const char *end, uint32_t lines)
{
	for (; lines > 0; lines--) {
		const char *newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;

		if (!newline)
			return false;
		text = newline + 1;
	}
	return true;
}

/* Returns how much of the text counts: a last line that was cut does not, nor does a SET at the end whose lines are not
 * all there, since it was not answered. */
static size_t load_lines(struct ras *ras, char *text, size_t size)
{
	struct store_lines damaged = {0};
	size_t whole = 0;
	unsigned n_damaged = 0;
	struct record_writer w;

	for (char *line = text, *end = text + size; line < end;) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((newline ? newline : end) - line);

		w.len = MIN(len, sizeof(w.text) - 1);
		memcpy(w.text, line, w.len);
		w.text[w.len++] = '\n';
		line[len] = '\0';
		if (newline && !has_lines(newline + 1, end, lines_of_set(line)))
			break;
		if (len > 0 && (!newline || strlen(line) != len || journal_load_line(ras, line) < 0)) {
			store_lines_add(&damaged, &w);
			n_damaged++;
		}
		line += len + 1;
		whole = newline ? (size_t)(line - text) : whole;
	}
	if (n_damaged > 0)
		set_aside(ras, &damaged, n_damaged);
	free(damaged.data);
	return whole;
}

/* Are these a set line and the lines it announces, every one of them good? */
static bool is_whole_set(char *text, size_t size, uint32_t *ret_number)
{
	uint32_t announced = 0, lines = 0;
	struct record r;

	for (char *line = text, *end; line < text + size; line = end + 1, lines++) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		if (!end)
			return false;
		*end = '\0';
		if (strlen(line) != (size_t)(end - line) || record_parse(line, &r) < 0)
			return false;
		if (lines == 0 && (!str_equal(r.kind, "set") || record_get_u32(&r, "lines", &announced) < 0 ||
				   record_get_u32(&r, "number", ret_number) < 0))
			return false;
	}
	return lines > 1 && lines == announced + 1;
}

int store_load_set(struct ras *ras, const char *text, size_t size)
{
	_cleanup_free_ char *copy = malloc(size + 1);
	uint32_t number = 0;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (!is_whole_set(copy, size, &number))
		return -EBADMSG;
	/* The crash came after the journal had them. */
	if ((int32_t)(number - ras->store.sets) <= 0)
		return 0;
	memcpy(copy, text, size);
	load_lines(ras, copy, size);
	store_append(ras, text, size, true);
	return 0;
}

/* What cannot be read at all is set aside as a whole. Only a plain file is opened: a FIFO would not answer. */
static int read_journal(struct ras *ras, char **ret_text, size_t *ret_size)
{
	char name[64] = "?";
	struct stat st;
	int r;

	if (fstatat(ras->state_fd, JOURNAL, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	r = S_ISREG(st.st_mode) ? file_read(ras->state_fd, JOURNAL, JOURNAL_MAX, ret_text, ret_size) : -EBADMSG;
	if (r == 0 || file_shortage(r))
		return r;
	log_error("state directory: the journal cannot be read: %s", r == -EBADMSG ? "it is no file" : strerror(-r));
	if (file_set_aside(ras->state_fd, JOURNAL, "damaged", name, sizeof(name)) == 0)
		log_warning("state directory: the journal was set aside as %s", name);
	store_damaged(ras, 1);
	return -ENOENT;
}

int store_open(struct ras *ras, struct ras_error *ret_error)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, whole = 0;
	int r;

	atomic_store(&ras->store.status, RAS_STORAGE_OK);
	ras->store.fd = -1;
	r = read_journal(ras, &text, &size);
	if (file_shortage(r)) {
		ras_error_set(ret_error, r, RAS_BACKEND_NONE, "state directory: the journal cannot be read: %s",
			      strerror(-r));
		return r;
	}
	if (r == 0)
		whole = load_lines(ras, text, size);
	/* What cannot be written to now may be later. */
	r = open_journal(ras);
	if (r < 0)
		store_note(ras, r);
	/* What does not count would spoil the next line, should the journal not be written anew. */
	else if (whole < size && ftruncate(ras->store.fd, (off_t)whole) == 0)
		ras->store.size = ras->store.live = whole;
	return 0;
}

void store_close(struct ras *ras)
{
	ras->store.fd = fd_close(ras->store.fd);
	pthread_mutex_destroy(&ras->store.lock);
}
