/* SPDX-License-Identifier: BSD-2-Clause */
/* The record of a call in the run directory: written before the first child of an attempt starts, completed when the
 * link is up, removed when all is released. From it a later agent finds the link, or what is left of an attempt. Its
 * file is named by the call id, which stays, and not by the index, which the configuration may give to another name
 * meanwhile. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ras/bundle.h"
#include "sys/file.h"
#include "sys/log.h"

/* Thousands of dial threads write or remove a record at the same moment, and a folder takes one change at a time. Where
 * they wait for it in the kernel, each may spin until the next tick before it sleeps: 10,000 of them kept two
 * processors for ten seconds, in which no request was answered. Here they sleep at once. */
static int replace_file(struct ras *ras, const char *file, const struct record_writer *w)
{
	WITH_LOCK(&ras->records_lock);

	return file_replace(ras->run_fd, file, w->text, w->len, false);
}

static void remove_file(struct ras *ras, const char *file)
{
	WITH_LOCK(&ras->records_lock);

	unlinkat(ras->run_fd, file, 0);
}

/* A record that was found under another name keeps it. */
static void file_name(const struct ras_call *call, char ret[LINK_RECORD_FILE_MAX])
{
	if (call->record && call->record->file[0] != '\0')
		str_copy(ret, call->record->file, LINK_RECORD_FILE_MAX);
	else if (call->member)
		bundle_link_file(call, ret);
	else
		snprintf(ret, LINK_RECORD_FILE_MAX, "%u" LINK_RECORD_SUFFIX, call->call_id);
}

static void put_addrs(struct record_writer *w, const struct ras_call *call)
{
	char key[32];

	for (size_t i = 0; i < call->n_addrs; i++) {
		snprintf(key, sizeof(key), "addr%zu", i);
		addr_put(w, key, &call->addrs[i]);
	}
}

static void put_notes(struct record_writer *w, const struct ras_call *call)
{
	if (w->len + call->notes_len > sizeof(w->text)) {
		w->overflow = true;
		return;
	}
	memcpy(w->text + w->len, call->notes, call->notes_len);
	w->len += call->notes_len;
}

int link_record_write(struct ras_call *call, bool up)
{
	struct record_writer w;
	char file[LINK_RECORD_FILE_MAX];
	int r;

	/* Nobody starts a process that no later agent could find. */
	if (atomic_load(&call->ras->abandoned))
		return -ESHUTDOWN;
	record_begin(&w, "link");
	record_put_str(&w, "name", call->conn->name);
	record_put_u64(&w, "index", ras_call_index(call));
	record_put_u64(&w, "boot", call->ras->boot);
	record_put_u64(&w, "up", up);
	record_put_u64(&w, "armed", call->armed);
	record_put_u64(&w, "type", (uint64_t)call->entry->device_type);
	record_put_u64(&w, "call", call->call_id);
	record_put_u64(&w, "request", call->request_id);
	record_put_u64(&w, "trigger", (uint64_t)call->trigger);
	record_put_u64(&w, "attempt", call->attempt);
	record_put_u64(&w, "state", (uint64_t)call->state);
	record_put_i64(&w, "setup", call->setup_real);
	record_put_i64(&w, "setup-mono", call->setup_mono);
	record_put_i64(&w, "up-at", call->up_real);
	record_put_i64(&w, "up-mono", call->up_mono);
	record_put_u64(&w, "ifindex", call->ifindex);
	record_put_str(&w, "ifname", call->ifname);
	record_put_u64(&w, "speed", call->speed);
	record_put_u64(&w, "pid", (uint64_t)call->pid);
	record_put_str(&w, "device", call->device_name);
	record_put_str(&w, "destination", call->destination);
	record_put_u64(&w, "subentry", call->subentry);
	put_addrs(&w, call);
	network_put(call, &w);
	put_notes(&w, call);
	r = record_end(&w);
	file_name(call, file);
	if (r == 0)
		r = replace_file(call->ras, file, &w);
	if (r < 0)
		log_warning("entry %s: call %u: %s in the run directory cannot be written: %s", call->conn->name,
			    call->call_id, file, strerror(-r));
	return r;
}

void link_record_remove(struct ras_call *call)
{
	char file[LINK_RECORD_FILE_MAX];

	if (atomic_load(&call->ras->abandoned))
		return;
	file_name(call, file);
	remove_file(call->ras, file);
	/* The next attempt of the same thread has a record of its own. */
	if (call->record)
		call->record->file[0] = '\0';
}

int link_record_read(struct ras *ras, const char *file, struct link_record *ret)
{
	struct link_record record = {.index = 0};
	const char *name;
	uint64_t boot = 0;
	uint32_t up = 0;
	size_t size;
	int r = file_read(ras->run_fd, file, RECORD_MAX, &record.text, &size);

	if (r < 0)
		return r;
	record.text[strcspn(record.text, "\n")] = '\0';
	if (record_parse(record.text, &record.fields) < 0 || !str_equal(record.fields.kind, "link"))
		goto damaged;
	name = record_get_str(&record.fields, "name");
	if (!name || !name[0] || strlen(name) >= sizeof(record.name) ||
	    record_get_u32(&record.fields, "index", &record.index) < 0)
		goto damaged;
	str_copy(record.name, name, sizeof(record.name));
	str_copy(record.file, file, sizeof(record.file));
	record_get_u64(&record.fields, "boot", &boot);
	record_get_u32(&record.fields, "up", &up);
	record.up = up != 0;
	if (boot != ras->boot) {
		free(record.text);
		return -ESTALE;
	}
	*ret = record;
	return 0;
damaged:
	free(record.text);
	return -EBADMSG;
}

static void restore_addrs(struct ras_call *call, const struct record *r)
{
	struct ras_addr addrs[RAS_ADDRS_MAX];
	size_t n = 0;
	char key[32];

	do
		snprintf(key, sizeof(key), "addr%zu", n);
	while (addr_get(r, key, &addrs[n]) && ++n < RAS_ADDRS_MAX);
	ras_call_set_addresses(call, addrs, n);
}

void link_record_restore(struct ras_call *call, const struct link_record *record)
{
	const struct record *r = &record->fields;
	const char *text;
	uint32_t u = 0;

	if (record_get_u32(r, "state", &u) == 0 && ras_label_has(ras_state_labels, (int32_t)u))
		call->state = (enum ras_state)u;
	if (record_get_u32(r, "trigger", &u) == 0 && ras_label_has(ras_trigger_labels, (int32_t)u))
		call->trigger = (enum ras_trigger)u;
	record_get_u32(r, "call", &call->call_id);
	record_get_u32(r, "request", &call->request_id);
	record_get_u32(r, "attempt", &call->attempt);
	record_get_u32(r, "subentry", &call->subentry);
	record_get_i64(r, "setup", &call->setup_real);
	record_get_i64(r, "setup-mono", &call->setup_mono);
	if (record->up) {
		record_get_i64(r, "up-at", &call->up_real);
		record_get_i64(r, "up-mono", &call->up_mono);
		call->state = RAS_CONNECTED;
	}
	text = record_get_str(r, "ifname");
	u = 0;
	record_get_u32(r, "ifindex", &u);
	ras_call_set_interface(call, u, text ? text : "");
	u = 0;
	record_get_u32(r, "speed", &u);
	ras_call_set_speed(call, u);
	u = 0;
	record_get_u32(r, "pid", &u);
	ras_call_set_process(call, (pid_t)u);
	text = record_get_str(r, "device");
	ras_call_set_device(call, text ? text : "");
	text = record_get_str(r, "destination");
	str_copy(call->destination, text ? text : "", sizeof(call->destination));
	network_restore(call, r);
	restore_addrs(call, r);
	/* The driver's own fields go on into the next record. */
	for (size_t i = 0; i < r->n; i++)
		if (strncmp(r->field[i].key, "d-", 2) == 0)
			ras_call_note_str(call, r->field[i].key, r->field[i].value);
}

void link_record_done(struct link_record *record)
{
	free(record->text);
	record->text = NULL;
}
