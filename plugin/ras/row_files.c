/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows made over SNMP as files of the state directory, one for each, and what SNMP has set for permanent rows of the
 * file. A file is written beside the old one, synced and renamed; the old one is kept under a second name until the
 * request is done, so that taking a change back needs no room on the disk. Where a request changes several rows, a list
 * of what is to be done is put down before the first rename: after a crash the next start finishes it. Where they are
 * taken back, the list gets another name first, and the next start finishes that. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ras/phonebook.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/record.h"

#define SUFFIX ".yaml"
#define CHANGE "change" /* the list of what is to be done */
#define UNDO "undo"     /* the same list, once it is to be taken back */
#define ROW_FILE_MAX ((size_t)1 << 20)
#define CHANGE_MAX ((size_t)1 << 24)
#define SUM_FORMAT "# sum=%08" PRIx32 "\n"
#define SUM_LEN (sizeof("# sum=00000000\n") - 1)

/* Names of a row's file: in force, the one before, the one to come. The latter two look like the temporary ones of
 * file_replace(), so a start removes them. */
enum version { IN_FORCE, BEFORE, TO_COME };

static const char *file_name(uint32_t index, enum version version, char ret[32])
{
	static const char *const forms[] = {
		[IN_FORCE] = "%" PRIu32 SUFFIX,
		[BEFORE] = ".%" PRIu32 SUFFIX ".0",
		[TO_COME] = ".%" PRIu32 SUFFIX ".1",
	};

	snprintf(ret, 32, forms[version], index);
	return ret;
}

static int rename_version(int dirfd, uint32_t index, enum version from, enum version to)
{
	char a[32], b[32];

	return renameat(dirfd, file_name(index, from, a), dirfd, file_name(index, to, b)) < 0 ? -errno : 0;
}

static int unlink_version(int dirfd, uint32_t index, enum version version)
{
	char name[32];

	return unlinkat(dirfd, file_name(index, version, name), 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* EINVAL: a file system that keeps no folders on a disk. */
static int sync_folder(int dirfd)
{
	return fsync(dirfd) < 0 && errno != EINVAL ? -errno : 0;
}

/* ---- one file ---- */

int row_file_make(const struct ras *ras, const struct ras_entry *entry, const struct ras_entry *base,
		  struct row_file *ret)
{
	struct row_file file = {.index = entry->index};
	_cleanup_free_ char *text = NULL;
	char *whole;
	size_t size;
	int r;

	*ret = file;
	if (!base && entry->storage_type != RAS_STORAGE_NON_VOLATILE)
		return 0;
	if (!ras->row_format)
		return -ENOTSUP;
	r = ras->row_format->write(entry, base, &text, &size);
	if (r < 0)
		return r;
	whole = malloc(size + SUM_LEN + 1);
	if (whole) {
		memcpy(whole, text, size);
		snprintf(whole + size, SUM_LEN + 1, SUM_FORMAT, record_sum(text, size));
	}
	explicit_bzero(text, size);
	if (!whole)
		return -ENOMEM;
	ret->text = whole;
	ret->size = size + SUM_LEN;
	return 0;
}

void row_file_done(struct row_file *file)
{
	if (file->text)
		explicit_bzero(file->text, file->size);
	free(file->text);
	file->text = NULL;
}

static int write_to_come(int dirfd, const struct row_file *file)
{
	char name[32];
	int fd, r;

	r = unlink_version(dirfd, file->index, TO_COME);
	if (r < 0)
		return r;
	fd = openat(dirfd, file_name(file->index, TO_COME, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, file->text, file->size);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* The file in force gets a second name. */
static int keep_before(int dirfd, struct row_file *file)
{
	char in_force[32], before[32];
	int r = unlink_version(dirfd, file->index, BEFORE);

	if (r < 0)
		return r;
	file->existed = linkat(dirfd, file_name(file->index, IN_FORCE, in_force), dirfd,
			       file_name(file->index, BEFORE, before), 0) == 0;
	return file->existed || errno == ENOENT ? 0 : -errno;
}

static int put_in_force(int dirfd, const struct row_file *file)
{
	return file->text ? rename_version(dirfd, file->index, TO_COME, IN_FORCE) :
			    unlink_version(dirfd, file->index, IN_FORCE);
}

/* ---- the files of a request ---- */

static int write_change(int dirfd, const struct row_file files[], size_t n, const struct store_lines *lines)
{
	_cleanup_free_ char *text = NULL;
	struct record_writer w;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		record_begin(&w, files[i].text ? "put" : "remove");
		record_put_u64(&w, "index", files[i].index);
		record_put_u64(&w, "before", files[i].existed);
		record_put_u64(&w, "of", n);
		record_put_u64(&w, "lines", lines != NULL);
		if (record_end(&w) == 0)
			fwrite(w.text, w.len, 1, stream);
	}
	if (lines)
		fwrite(lines->data, lines->size, 1, stream);
	if (fclose(stream) != 0)
		return -ENOMEM;
	return file_replace(dirfd, CHANGE, text, size, true);
}

static void take_back(int dirfd, uint32_t index, bool existed)
{
	if (existed)
		rename_version(dirfd, index, BEFORE, IN_FORCE);
	else
		unlink_version(dirfd, index, IN_FORCE);
	/* Two names of one file: a rename leaves both. */
	unlink_version(dirfd, index, BEFORE);
	unlink_version(dirfd, index, TO_COME);
}

void rows_undo(struct ras *ras, const struct row_file files[], size_t n)
{
	if (ras->rows_fd < 0)
		return;
	if (renameat(ras->rows_fd, CHANGE, ras->rows_fd, UNDO) == 0)
		sync_folder(ras->rows_fd);
	for (size_t i = 0; i < n; i++)
		take_back(ras->rows_fd, files[i].index, files[i].existed);
	sync_folder(ras->rows_fd);
	unlinkat(ras->rows_fd, UNDO, 0);
}

void rows_done(struct ras *ras, const struct row_file files[], size_t n)
{
	if (ras->rows_fd < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (files[i].existed)
			unlink_version(ras->rows_fd, files[i].index, BEFORE);
	unlinkat(ras->rows_fd, CHANGE, 0);
}

/* Everything that needs room on the disk. */
static int prepare(int dirfd, struct row_file files[], size_t n, const struct store_lines *lines)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (files[i].text)
			r = write_to_come(dirfd, &files[i]);
		if (r == 0)
			r = keep_before(dirfd, &files[i]);
	}
	return r == 0 && (n > 1 || lines) ? write_change(dirfd, files, n, lines) : r;
}

static void unprepare(int dirfd, const struct row_file files[], size_t n)
{
	/* The list may be there, though it is not known to have come to the disk. */
	unlinkat(dirfd, CHANGE, 0);
	for (size_t i = 0; i < n; i++) {
		unlink_version(dirfd, files[i].index, TO_COME);
		unlink_version(dirfd, files[i].index, BEFORE);
	}
}

static int open_folder(struct ras *ras)
{
	int fd;

	if (mkdirat(ras->state_fd, ROWS_FOLDER, 0700) == 0)
		sync_folder(ras->state_fd);
	else if (errno != EEXIST)
		return -errno;
	fd = openat(ras->state_fd, ROWS_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd_high(fd);
}

static int set_aside(struct ras *ras, uint32_t index, const char *why)
{
	char name[32], new_name[64] = "?";
	int r = file_set_aside(ras->rows_fd, file_name(index, IN_FORCE, name), why, new_name, sizeof(new_name));

	if (r < 0)
		log_error("state directory: " ROWS_FOLDER "/%s (%s) cannot be set aside: %s", name, why, strerror(-r));
	else
		log_warning("state directory: " ROWS_FOLDER "/%s (%s) was set aside as " ROWS_FOLDER "/%s", name, why,
			    new_name);
	return r;
}

void rows_set_aside(struct ras *ras, uint32_t index, const char *why)
{
	uint32_t *more;

	store_damaged(ras, 1);
	if (set_aside(ras, index, why) == 0)
		return;
	more = reallocarray(ras->spoiled, ras->n_spoiled + 1, sizeof(*more));
	if (!more)
		return;
	ras->spoiled = more;
	ras->spoiled[ras->n_spoiled++] = index;
}

/* Once more, before another file takes the place. */
static int set_spoiled_aside(struct ras *ras, uint32_t index)
{
	int r;

	for (size_t i = 0; i < ras->n_spoiled; i++) {
		if (ras->spoiled[i] != index)
			continue;
		r = set_aside(ras, index, "damaged");
		if (r < 0 && r != -ENOENT)
			return r;
		ras->spoiled[i] = ras->spoiled[--ras->n_spoiled];
		return 0;
	}
	return 0;
}

static int try_write(struct ras *ras, struct row_file files[], size_t n, const struct store_lines *lines)
{
	int r;

	/* What could not be made at the start may be possible now. */
	if (ras->rows_fd < 0)
		ras->rows_fd = open_folder(ras);
	if (ras->rows_fd < 0)
		return ras->rows_fd;
	for (size_t i = 0; i < n; i++) {
		r = set_spoiled_aside(ras, files[i].index);
		if (r < 0)
			return r;
	}
	r = prepare(ras->rows_fd, files, n, lines);
	if (r < 0) {
		unprepare(ras->rows_fd, files, n);
		return r;
	}
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_in_force(ras->rows_fd, &files[i]);
	if (r == 0)
		r = sync_folder(ras->rows_fd);
	if (r < 0)
		rows_undo(ras, files, n);
	return r;
}

static bool file_exists(const struct ras *ras, uint32_t index)
{
	char name[32];

	return ras->rows_fd >= 0 && faccessat(ras->rows_fd, file_name(index, IN_FORCE, name), F_OK, 0) == 0;
}

int rows_write(struct ras *ras, struct row_file files[], size_t n, const struct store_lines *lines)
{
	bool any = false;
	int r;

	/* Rows that are kept nowhere need no disk. */
	for (size_t i = 0; i < n; i++)
		any |= files[i].text || file_exists(ras, files[i].index);
	if (!any)
		return 0;
	/* Who knows what would be written over. */
	r = ras->rows_unread ? -EIO : try_write(ras, files, n, lines);
	store_note(ras, r);
	return r;
}

/* ---- reading ---- */

/* "INDEX.yaml", as file_name() has it. */
static bool row_index(const char *name, uint32_t *ret)
{
	char again[32];
	unsigned long index = strtoul(name, NULL, 10);

	if (index < 1 || index > RAS_INDEX_MAX || !str_equal(file_name((uint32_t)index, IN_FORCE, again), name))
		return false;
	*ret = (uint32_t)index;
	return true;
}

/* The text without its last line, the sum, which it must agree with. */
static bool strip_sum(char *text, size_t *size)
{
	char expected[SUM_LEN + 1];

	if (*size < SUM_LEN)
		return false;
	*size -= SUM_LEN;
	snprintf(expected, sizeof(expected), SUM_FORMAT, record_sum(text, *size));
	if (memcmp(text + *size, expected, SUM_LEN) != 0)
		return false;
	text[*size] = '\0';
	return true;
}

/* Only a plain file is opened: a FIFO in its place would not answer. */
static int read_text(int dirfd, const char *name, size_t max, char **ret, size_t *ret_size)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? file_read(dirfd, name, max, ret, ret_size) : -EBADMSG;
}

int row_file_read(const struct ras *ras, uint32_t index, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	char name[32];
	size_t size = 0, whole;
	int r = read_text(ras->rows_fd, file_name(index, IN_FORCE, name), ROW_FILE_MAX, &text, &size);

	if (r < 0 || !text)
		return r < 0 ? r : -EIO;
	whole = size;
	if (!strip_sum(text, &size)) {
		explicit_bzero(text, whole);
		return -EUCLEAN;
	}
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int row_files_list(const struct ras *ras, uint32_t **ret, size_t *ret_n)
{
	int fd = openat(ras->rows_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	_cleanup_free_ uint32_t *list = NULL;
	const struct dirent *d;
	size_t n = 0, room = 0;
	uint32_t index;

	if (!dir) {
		fd_close(fd);
		return -errno;
	}
	while ((d = readdir(dir))) {
		if (!row_index(d->d_name, &index))
			continue;
		if (n == room) {
			uint32_t *larger = realloc(list, (room = room * 2 + 64) * sizeof(*list));

			if (!larger) {
				closedir(dir);
				return -ENOMEM;
			}
			list = larger;
		}
		list[n++] = index;
	}
	closedir(dir);
	if (n > 0)
		qsort(list, n, sizeof(*list), index_compare);
	*ret = TAKE_PTR(list);
	*ret_n = n;
	return 0;
}

/* ---- what a crash left half done ---- */

struct step {
	uint32_t index;
	bool put;    /* else remove */
	bool before; /* there was a file before */
};

/* All of the list or nothing: half of a change is none. Behind the steps may stand lines for the journal. */
static int read_steps(char *text, struct step **ret, size_t *ret_n, const char **ret_lines)
{
	_cleanup_free_ struct step *steps = NULL;
	size_t n = 0, room = 0;
	uint32_t of = 1, lines = 0;
	char *line = text;

	for (const char *c = text; *c; c++)
		room += *c == '\n';
	steps = calloc(room + 1, sizeof(*steps));
	if (!steps)
		return -ENOMEM;
	while (n < of) {
		char *end = strchr(line, '\n');
		struct step *step = &steps[n++];
		uint32_t before;
		struct record r;

		if (!end)
			return -EBADMSG;
		*end = '\0';
		if (record_parse(line, &r) < 0 || record_get_u32(&r, "index", &step->index) < 0 ||
		    record_get_u32(&r, "before", &before) < 0 || record_get_u32(&r, "of", &of) < 0)
			return -EBADMSG;
		record_get_u32(&r, "lines", &lines);
		step->put = str_equal(r.kind, "put");
		step->before = before != 0;
		if (!step->put && !str_equal(r.kind, "remove"))
			return -EBADMSG;
		line = end + 1;
	}
	if ((*line != '\0') != (lines != 0))
		return -EBADMSG;
	*ret = TAKE_PTR(steps);
	*ret_n = n;
	*ret_lines = line;
	return 0;
}

static void do_step(int dirfd, const struct step *step)
{
	if (step->put)
		rename_version(dirfd, step->index, TO_COME, IN_FORCE);
	else
		unlink_version(dirfd, step->index, IN_FORCE);
}

/* The steps that were done before the crash are done again, which changes nothing. */
static int finish_list(struct ras *ras, const char *list, bool undo)
{
	int dirfd = ras->rows_fd;
	const char *lines;
	_cleanup_free_ struct step *steps = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size = 0, n = 0;
	int r = read_text(dirfd, list, CHANGE_MAX, &text, &size);

	if (r < 0)
		return r;
	if (!text || size == 0 || strlen(text) != size || text[size - 1] != '\n')
		return -EBADMSG;
	r = read_steps(text, &steps, &n, &lines);
	if (r == 0 && *lines && !undo)
		r = store_load_set(ras, lines, strlen(lines));
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (undo)
			take_back(dirfd, steps[i].index, steps[i].before);
		else
			do_step(dirfd, &steps[i]);
	}
	sync_folder(dirfd);
	unlinkat(dirfd, list, 0);
	return 0;
}

static int finish_change(struct ras *ras, const char *list, bool undo)
{
	char name[64] = "?";
	int r = finish_list(ras, list, undo);

	if (r == 0 || r == -ENOENT || file_shortage(r))
		return file_shortage(r) ? r : 0;
	store_damaged(ras, 1);
	if (file_set_aside(ras->rows_fd, list, "damaged", name, sizeof(name)) == 0)
		log_warning("state directory: " ROWS_FOLDER "/%s is damaged and was set aside as " ROWS_FOLDER
			    "/%s; of the request that was under way rows may be old and new",
			    list, name);
	return 0;
}

void rows_unreadable(struct ras *ras, int error)
{
	log_error("state directory: " ROWS_FOLDER
		  " cannot be read: %s; its rows are not there before the next start, and "
		  "none is stored",
		  strerror(-error));
	store_damaged(ras, 1);
	ras->rows_unread = true;
}

int rows_open(struct ras *ras)
{
	int r;

	ras->rows_fd = open_folder(ras);
	if (ras->rows_fd == -ENOTDIR || ras->rows_fd == -ELOOP) {
		char name[64] = "?";

		if (file_set_aside(ras->state_fd, ROWS_FOLDER, "damaged", name, sizeof(name)) == 0)
			log_warning("state directory: " ROWS_FOLDER " is no folder and was set aside as %s", name);
		store_damaged(ras, 1);
		ras->rows_fd = open_folder(ras);
	}
	if (file_shortage(ras->rows_fd))
		return ras->rows_fd;
	if (ras->rows_fd < 0 && faccessat(ras->state_fd, ROWS_FOLDER, F_OK, 0) == 0) {
		rows_unreadable(ras, ras->rows_fd);
		return 0;
	}
	if (ras->rows_fd < 0) {
		log_warning("state directory: there is no folder " ROWS_FOLDER " and it cannot be made: %s",
			    strerror(-ras->rows_fd));
		return 0;
	}
	r = finish_change(ras, UNDO, true);
	if (r == 0)
		r = finish_change(ras, CHANGE, false);
	if (r == 0)
		dir_remove_temporary(ras->rows_fd);
	return r;
}
