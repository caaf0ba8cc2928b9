/* SPDX-License-Identifier: BSD-2-Clause */
/* A bundle that an earlier agent left: each of its links has a record of its own, and so has the line that carries them
 * without its link. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ras/bundle_link.h"
#include "sys/file.h"
#include "sys/log.h"

#define SHORTAGE_MS 1000 /* until there may be descriptors or memory again */

/* ---- the bundle's own fields ---- */

#define NOTE_NUMBER "d-number"

static const struct {
	const char *key;
	size_t offset;
} gone_notes[] = {
	{"d-in-octets", offsetof(struct ras_traffic, in_octets)},
	{"d-out-octets", offsetof(struct ras_traffic, out_octets)},
	{"d-in-packets", offsetof(struct ras_traffic, in_packets)},
	{"d-out-packets", offsetof(struct ras_traffic, out_packets)},
	{"d-in-errors", offsetof(struct ras_traffic, in_errors)},
	{"d-out-errors", offsetof(struct ras_traffic, out_errors)},
};

void bundle_note(struct bundle *b)
{
	struct ras_call *call = b->call;

	call->notes_len = 0;
	ras_call_note_u64(call, BUNDLE_NOTE, b->n);
	ras_call_note_u64(call, NOTE_NUMBER, call->number);
	for (size_t i = 0; i < ARRAY_SIZE(gone_notes); i++)
		ras_call_note_u64(call, gone_notes[i].key,
				  *(const uint64_t *)((const char *)&b->gone + gone_notes[i].offset));
}

static void take_notes(struct bundle *b, const struct record *record)
{
	uint32_t number = ras_call_index(b->call);

	record_get_u32(record, NOTE_NUMBER, &number);
	ras_call_take_number(b->call, number);
	for (size_t i = 0; i < ARRAY_SIZE(gone_notes); i++)
		record_get_u64(record, gone_notes[i].key,
			       (uint64_t *)(void *)((char *)&b->gone + gone_notes[i].offset));
}

/* ---- records of links ---- */

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && str_equal(name + len - n, suffix);
}

static DIR *open_run_directory(const struct ras *ras)
{
	int fd = openat(ras->run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		fd_close(fd);
	return dir;
}

struct found {
	struct link_record *link[BUNDLE_LINKS_MAX], *carrier;
	size_t n;
};

/* Gives NULL for one that is none or not there. Returns negative where that is not known. */
static int read_record(struct ras *ras, const char *name, struct link_record **ret)
{
	struct link_record *record;
	int r;

	*ret = NULL;
	if (faccessat(ras->run_fd, name, F_OK, 0) < 0)
		return file_shortage(-errno) ? -errno : 0;
	record = calloc(1, sizeof(*record));
	r = record ? link_record_read(ras, name, record) : -ENOMEM;
	if (r < 0) {
		free(record);
		return file_shortage(r) ? r : 0;
	}
	record->file[0] = '\0'; /* its name is made anew */
	*ret = record;
	return 0;
}

/* Those that are left over are forgotten; their files are the affair of bundle_remove_orphans(). */
static void found_done(struct found *found)
{
	for (size_t i = 0; i <= found->n; i++) {
		struct link_record *record = i < found->n ? found->link[i] : found->carrier;

		if (record)
			link_record_done(record);
		free(record);
	}
}

/* By all names that they can have: with many calls the directory is long. */
static int find_records(struct ras_call *call, struct found *ret)
{
	char name[LINK_RECORD_FILE_MAX];
	int r;

	snprintf(name, sizeof(name), "%u" BUNDLE_CARRIER_SUFFIX, call->call_id);
	r = read_record(call->ras, name, &ret->carrier);
	for (unsigned i = 0; r == 0 && i <= RAS_SUBENTRIES_MAX && ret->n < BUNDLE_LINKS_MAX; i++) {
		snprintf(name, sizeof(name), "%u.%u" BUNDLE_LINK_SUFFIX, call->call_id, i);
		r = read_record(call->ras, name, &ret->link[ret->n]);
		ret->n += ret->link[ret->n] != NULL;
	}
	return r;
}

static bool has_thread(struct ras *ras, uint32_t call_id)
{
	WITH_LOCK(&ras->lock);

	for (const struct ras_call *call = ras->threads; call; call = call->next)
		if (call->call_id == call_id)
			return true;
	return false;
}

/* Has the call that a record of a link belongs to one of its own? It is written first and removed last. One that
 * somebody has renamed was found all the same. */
static bool has_bundle(struct ras *ras, const char *name)
{
	uint32_t call_id = (uint32_t)strtoul(name, NULL, 10);
	char file[LINK_RECORD_FILE_MAX];

	snprintf(file, sizeof(file), "%u" LINK_RECORD_SUFFIX, call_id);
	return faccessat(ras->run_fd, file, F_OK, 0) == 0 || errno != ENOENT || has_thread(ras, call_id);
}

void bundle_remove_orphans(struct ras *ras)
{
	DIR *dir = open_run_directory(ras);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		bool of_link = has_suffix(d->d_name, BUNDLE_LINK_SUFFIX) ||
			       has_suffix(d->d_name, BUNDLE_CARRIER_SUFFIX);

		if (of_link && !has_bundle(ras, d->d_name))
			unlinkat(ras->run_fd, d->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

/* ---- the links ---- */

static const struct ras_subentry *find_subentry(const struct ras_entry *entry, uint32_t index)
{
	for (size_t i = 0; i < entry->n_subentries; i++)
		if (entry->subentries[i].index == index && entry->subentries[i].row_status == RAS_ROW_ACTIVE)
			return &entry->subentries[i];
	return NULL;
}

/* What a link was dialed as. One whose subentry has gone, or is of another type now, lives until it is lost. */
static struct ras_entry *link_entry(const struct ras_entry *whole, uint32_t index, uint32_t type)
{
	const struct ras_subentry *subentry = find_subentry(whole, index);
	struct ras_entry *e = subentry ? ras_entry_of_link(whole, subentry) : ras_entry_copy(whole);

	if (!e || ((index == 0 || subentry) && e->device_type == type))
		return e;
	e->device_type = (enum ras_device_type)type;
	e->dial_mode = RAS_DIAL_MODE_MANUAL;
	e->redial_max = 0;
	e->redial_on_drop = false;
	return e;
}

/* Gives the line what its record says, which it takes. */
static bool restore_line(struct bundle *b, struct bundle_link *link, struct link_record **record)
{
	struct ras_call *line = link->line;

	line->entry = ras_entry_ref(link->entry);
	line->driver = driver_find(line->ras, link->entry->device_type);
	line->record = TAKE_PTR(*record);
	link_record_restore(line, line->record);
	/* Of a bundle that was not up nothing stays. */
	if (!b->adopts) {
		line->up_mono = 0;
		atomic_store(&link->orders, LINK_HANG_UP);
	}
	return true;
}

/* A link, with its record if it has one. */
static bool add_link(struct bundle *b, uint32_t index, struct found *found)
{
	const struct ras_entry *whole = b->call->entry;
	struct link_record **record = NULL;
	uint32_t subentry, type = (uint32_t)whole->device_type;
	struct bundle_link *link;

	for (size_t i = 0; i < b->n; i++)
		if (b->links[i].subentry == index)
			return true;
	for (size_t i = 0; i < found->n && !record; i++)
		if (found->link[i] && record_get_u32(&found->link[i]->fields, "subentry", &subentry) == 0 &&
		    subentry == index)
			record = &found->link[i];
	if (b->n == BUNDLE_LINKS_MAX)
		return !record;
	if (record)
		record_get_u32(&(*record)->fields, "type", &type);
	else if (index > 0)
		type = (uint32_t)ras_subentry_device_type(whole, find_subentry(whole, index));
	link = bundle_add_link(b, index, link_entry(whole, index, type));
	return link && (!record || restore_line(b, link, record));
}

static bool add_carrier(struct bundle *b, struct found *found)
{
	struct bundle_link *carrier = &b->carrier;
	uint32_t type = 0;

	if (!found->carrier)
		return true;
	record_get_u32(&found->carrier->fields, "type", &type);
	record_get_u32(&found->carrier->fields, "subentry", &carrier->subentry);
	carrier->entry = link_entry(b->call->entry, carrier->subentry, type);
	carrier->line = carrier->entry ? bundle_line_new(carrier) : NULL;
	return carrier->line && restore_line(b, carrier, &found->carrier) && carrier->line->driver;
}

/* The entry's own first, then those there are, then those of the entry that there are not. */
static int add_links(struct bundle *b)
{
	const struct ras_entry *whole = b->call->entry;
	struct found found = {.n = 0};
	uint32_t index;
	bool good;

	good = find_records(b->call, &found) == 0 && add_carrier(b, &found) && add_link(b, 0, &found);
	for (size_t i = 0; good && i < found.n; i++) {
		index = 0;
		if (found.link[i])
			record_get_u32(&found.link[i]->fields, "subentry", &index);
		good = add_link(b, index, &found);
	}
	for (size_t i = 0; good && b->adopts && ras_entry_is_bundle(whole) && i < whole->n_subentries; i++)
		if (whole->subentries[i].row_status == RAS_ROW_ACTIVE)
			good = add_link(b, whole->subentries[i].index, &found);
	found_done(&found);
	if (good && bundle_make_rows(b) == 0)
		return 0;
	return ras_call_fail(b->call, 664, RAS_BACKEND_NONE, NULL);
}

/* Links that were up are so before they are asked: nobody is told that they came up, and what carries them stays. */
static void show_links(struct bundle *b)
{
	struct ras_conn *conn = b->call->conn;
	WITH_LOCK(&conn->lock);

	conn->info.links_up = 0;
	for (size_t i = 0; i < b->n; i++) {
		struct ras_link *row = bundle_row(conn, b->links[i].subentry);

		if (b->links[i].line->up_mono == 0)
			continue;
		b->links[i].up = true;
		row->status = RAS_STATUS_UP;
		row->state = RAS_CONNECTED;
		row->ifindex = b->call->ifindex;
		conn->info.links_up++;
	}
}

/* What no thread can be had for is taken down here and now. */
static int end_here(struct bundle_link *link, void *(*main)(void *))
{
	atomic_store(&link->orders, LINK_HANG_UP);
	main(link);
	return ras_call_fail(link->bundle->call, 664, RAS_BACKEND_NONE, NULL);
}

static int start_carrier(struct bundle *b)
{
	struct ras *ras = b->call->ras;

	if (!b->carrier.line)
		return 0;
	if (thread_start(&b->carrier.thread, bundle_carrier_main, &b->carrier) < 0)
		return end_here(&b->carrier, bundle_carrier_main);
	b->carrier.running = true;
	WITH_LOCK(&ras->lock);

	ras->totals.threads++;
	return 0;
}

static int restore(struct ras_call *call, const struct record *record, bool up)
{
	struct bundle *b = bundle_new(call);
	int r;

	if (!b)
		return -EIO;
	b->adopts = up;
	take_notes(b, record);
	r = add_links(b);
	if (r < 0)
		bundle_free(b);
	return r;
}

int bundle_adopt(struct ras_call *call, const struct record *record, bool up)
{
	bool there[BUNDLE_LINKS_MAX] = {false};
	struct bundle *b;
	int r;

	/* For want of descriptors or memory no link is given up: it would go on without us. */
	while ((r = restore(call, record, up)) < 0 && up) {
		r = ras_call_wait(call, NULL, 0, SHORTAGE_MS);
		if (r < 0)
			return r;
		call->error = RAS_ERROR_INIT;
	}
	if (r < 0)
		return r;
	b = call->data;
	if (up)
		show_links(b);
	r = start_carrier(b);
	for (size_t i = 0; i < b->n; i++) {
		there[i] = b->links[i].line->record != NULL;
		if (there[i] && bundle_start_link(&b->links[i]) < 0)
			r = end_here(&b->links[i], bundle_link_main);
	}
	/* hang_up ends what there is of one that was not up. */
	if (r < 0 || !up)
		return r;
	r = bundle_come_up(b);
	if (call->entry->link_mode == RAS_LINK_MODE_DIAL_AS_NEEDED)
		return r;
	for (size_t i = 0; r == 0 && i < b->n; i++)
		if (!there[i])
			r = bundle_start_link(&b->links[i]);
	return r;
}
