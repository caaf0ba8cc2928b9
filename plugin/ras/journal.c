/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lines of the journal say:
 *
 *     conn     counters, series and last error of a name, as they were when something last happened
 *     wish     what is wanted of it, and by which request; begun: that request dials, and its attempt is the one
 *              after so many, which a conn line may tell of or not yet
 *     history  an ended call
 *     setting  a value that SNMP can write, with the value that the file had then
 *     engine   the numbers given last, and the attempts of names that were forgotten
 *     set      so many lines behind it are of one SET: all of them count or none
 *     forget   a name that SNMP has destroyed, or that a row has under another name now
 *
 * A later line of the same thing replaces an earlier one. */
#include <errno.h>
#include <string.h>

#include "ras/phonebook.h"

/* ---- fields that lines share ---- */

struct number_field {
	const char *key;
	size_t offset;
	size_t size; /* 4 or 8 octets */
};
#define FIELD(key, type, member)                                                                                       \
	{                                                                                                              \
		key, offsetof(type, member), sizeof(((type *)0)->member)                                               \
	}

static const struct number_field conn_fields[] = {
	FIELD("index", struct ras_conn_info, index),
	FIELD("status", struct ras_conn_info, status),
	FIELD("call", struct ras_conn_info, call_id),
	FIELD("start", struct ras_conn_info, start_time_ms),
	FIELD("left", struct ras_conn_info, redials_left),
	FIELD("hist", struct ras_conn_info, last_hist_index),
	FIELD("sub", struct ras_conn_info, subentry),
	FIELD("attempts", struct ras_conn_info, counters.attempts),
	FIELD("successes", struct ras_conn_info, counters.successes),
	FIELD("failures", struct ras_conn_info, counters.failures),
	FIELD("drops", struct ras_conn_info, counters.drops),
	FIELD("consecutive", struct ras_conn_info, counters.consecutive_failures),
	FIELD("up-seconds", struct ras_conn_info, counters.up_seconds),
	FIELD("in-errors", struct ras_conn_info, counters.traffic.in_errors),
	FIELD("out-errors", struct ras_conn_info, counters.traffic.out_errors),
	FIELD("in-packets", struct ras_conn_info, counters.traffic.in_packets),
	FIELD("out-packets", struct ras_conn_info, counters.traffic.out_packets),
	FIELD("in-octets", struct ras_conn_info, counters.traffic.in_octets),
	FIELD("out-octets", struct ras_conn_info, counters.traffic.out_octets),
};

static const struct number_field gone_fields[] = {
	FIELD("gone-attempts", struct ras_gone, attempts),
	FIELD("gone-successes", struct ras_gone, successes),
	FIELD("gone-failures", struct ras_gone, failures),
	FIELD("gone-drops", struct ras_gone, drops),
};

static const struct number_field series_fields[] = {
	FIELD("tried", struct conn_series, tried),
	FIELD("request", struct conn_series, request),
	FIELD("untold", struct conn_series, untold),
	FIELD("redial-at", struct conn_series, redial_real),
};

static const struct number_field history_fields[] = {
	FIELD("index", struct ras_history_row, index),
	FIELD("call", struct ras_history_row, call_id),
	FIELD("entry", struct ras_history_row, entry_index),
	FIELD("trigger", struct ras_history_row, trigger),
	FIELD("request", struct ras_history_row, request_id),
	FIELD("device-type", struct ras_history_row, device_type),
	FIELD("setup", struct ras_history_row, setup_time_ms),
	FIELD("connect", struct ras_history_row, connect_time_ms),
	FIELD("end", struct ras_history_row, end_time_ms),
	FIELD("setup-ms", struct ras_history_row, setup_duration_ms),
	FIELD("up-seconds", struct ras_history_row, up_duration_s),
	FIELD("in-octets", struct ras_history_row, in_octets),
	FIELD("out-octets", struct ras_history_row, out_octets),
};

static void put_fields(struct record_writer *w, const struct number_field *fields, size_t n, const void *from)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = (const char *)from + fields[i].offset;
		uint64_t wide;
		uint32_t narrow;

		if (fields[i].size == sizeof(wide)) {
			memcpy(&wide, at, sizeof(wide));
		} else {
			memcpy(&narrow, at, sizeof(narrow));
			wide = narrow;
		}
		record_put_u64(w, fields[i].key, wide);
	}
}

static void get_fields(const struct record *r, const struct number_field *fields, size_t n, void *to)
{
	for (size_t i = 0; i < n; i++) {
		char *at = (char *)to + fields[i].offset;
		uint64_t wide;
		uint32_t narrow;

		if (fields[i].size == sizeof(wide)) {
			if (record_get_u64(r, fields[i].key, &wide) == 0)
				memcpy(at, &wide, sizeof(wide));
		} else if (record_get_u32(r, fields[i].key, &narrow) == 0) {
			memcpy(at, &narrow, sizeof(narrow));
		}
	}
}

static void get_text(const struct record *r, const char *key, char *ret, size_t size)
{
	const char *text = record_get_str(r, key);

	if (text)
		str_copy(ret, text, size);
}

static void put_error(struct record_writer *w, const struct ras_error *e)
{
	record_put_i64(w, "error", e->code);
	record_put_i64(w, "backend", e->backend);
	record_put_u64(w, "error-state", (uint64_t)e->state);
	record_put_i64(w, "error-time", e->time_ms);
	record_put_str(w, "text", e->text);
}

static void get_error(const struct record *r, struct ras_error *ret)
{
	uint32_t state = RAS_DISCONNECTED;

	*ret = RAS_ERROR_INIT;
	record_get_i32(r, "error", &ret->code);
	record_get_i32(r, "backend", &ret->backend);
	record_get_u32(r, "error-state", &state);
	record_get_i64(r, "error-time", &ret->time_ms);
	get_text(r, "text", ret->text, sizeof(ret->text));
	ret->state = ras_label_has(ras_state_labels, (int32_t)state) ? (enum ras_state)state : RAS_DISCONNECTED;
	ret->cause = ret->code == RAS_ERROR_NONE ? RAS_CAUSE_NONE : ras_error_cause(ret->code);
}

/* ---- writing ---- */

int journal_put_conn(struct record_writer *w, const struct ras_conn *conn, const struct ras_conn_info *info,
		     const struct conn_series *series)
{
	record_begin(w, "conn");
	record_put_str(w, "name", conn->name);
	record_put_u64(w, "own", conn->own);
	put_fields(w, conn_fields, ARRAY_SIZE(conn_fields), info);
	put_fields(w, series_fields, ARRAY_SIZE(series_fields), series);
	record_put_str(w, "destination", info->destination);
	put_error(w, &info->last_error);
	return record_end(w);
}

int journal_put_wish(struct record_writer *w, const struct ras_conn *conn, const struct conn_wish *wish)
{
	record_begin(w, "wish");
	record_put_str(w, "name", conn->name);
	record_put_u64(w, "desired", (uint64_t)wish->desired);
	record_put_u64(w, "request", wish->request_id);
	record_put_u64(w, "action", (uint64_t)wish->action);
	record_put_u64(w, "hung-up", wish->hung_up);
	record_put_u64(w, "begun", wish->begun);
	record_put_u64(w, "after", wish->after);
	return record_end(w);
}

int journal_put_history(struct record_writer *w, const struct ras_history_row *row, uint32_t oldest)
{
	record_begin(w, "history");
	if (oldest > 0)
		record_put_u64(w, "oldest", oldest);
	record_put_str(w, "name", row->entry_name);
	put_fields(w, history_fields, ARRAY_SIZE(history_fields), row);
	record_put_u64(w, "connected", row->connected);
	record_put_str(w, "device", row->device_name);
	record_put_str(w, "destination", row->destination);
	if (row->local.len > 0)
		addr_put(w, "local", &row->local);
	if (row->peer.len > 0)
		addr_put(w, "peer", &row->peer);
	put_error(w, &row->error);
	return record_end(w);
}

int journal_put_setting(struct record_writer *w, enum ras_setting which, uint32_t value, uint32_t file_value)
{
	record_begin(w, "setting");
	record_put_u64(w, "which", (uint64_t)which);
	record_put_u64(w, "value", value);
	record_put_u64(w, "file", file_value);
	return record_end(w);
}

int journal_put_set(struct record_writer *w, uint32_t number, size_t lines)
{
	record_begin(w, "set");
	record_put_u64(w, "number", number);
	record_put_u64(w, "lines", lines);
	return record_end(w);
}

int journal_put_engine(struct record_writer *w, struct ras *ras)
{
	const struct ras_history *h = &ras->history;
	WITH_LOCK(&ras->lock);

	record_begin(w, "engine");
	record_put_u64(w, "call", ras->last_call_id);
	record_put_u64(w, "hist", h->newest);
	record_put_u64(w, "oldest", h->n > 0 ? history_at(h, 0)->index : history_index_after(h->newest));
	record_put_u64(w, "set", ras->store.sets);
	put_fields(w, gone_fields, ARRAY_SIZE(gone_fields), &ras->gone);
	return record_end(w);
}

int journal_put_life(struct record_writer *w, struct ras_conn *conn)
{
	struct ras_conn_info info;
	struct conn_series series;

	pthread_mutex_lock(&conn->lock);
	info = conn->info;
	series = conn->series;
	/* The traffic of the present call is asked again of a link that is adopted. */
	info.counters.traffic = conn->traffic_base;
	pthread_mutex_unlock(&conn->lock);
	return journal_put_conn(w, conn, &info, &series);
}

int journal_put_present_wish(struct record_writer *w, struct ras_conn *conn)
{
	struct conn_wish wish;

	pthread_mutex_lock(&conn->lock);
	/* A request that is written is not written over: it will be done, or taken back. */
	if (conn->is_ahead)
		wish = conn->ahead;
	else
		wish = (struct conn_wish){.desired = conn->info.desired,
					  .request_id = conn->info.request_id,
					  .action = conn->last_action,
					  .hung_up = conn->hung_up};
	if (conn->begun && !wish.begun) {
		wish.begun = true;
		wish.after = conn->begun_after;
	}
	pthread_mutex_unlock(&conn->lock);
	return journal_put_wish(w, conn, &wish);
}

void journal_save_conn(struct ras_conn *conn)
{
	struct record_writer w;
	WITH_LOCK(&conn->ras->store.lock);

	if (conn->forgotten)
		return;
	if (journal_put_life(&w, conn) == 0)
		store_append(conn->ras, w.text, w.len, false);
}

void journal_save_engine(struct ras *ras)
{
	struct record_writer w;
	WITH_LOCK(&ras->store.lock);

	if (journal_put_engine(&w, ras) == 0)
		store_append(ras, w.text, w.len, false);
}

void journal_save_wish(struct ras_conn *conn)
{
	struct record_writer w;
	WITH_LOCK(&conn->ras->store.lock);

	if (!conn->forgotten && journal_put_present_wish(&w, conn) == 0)
		store_append(conn->ras, w.text, w.len, false);
}

void journal_mend_wish(struct ras_conn *conn)
{
	bool stale;

	pthread_mutex_lock(&conn->lock);
	stale = conn->wish_stale;
	conn->wish_stale = false;
	pthread_mutex_unlock(&conn->lock);
	if (stale)
		journal_save_wish(conn);
}

/* Its attempts stay in the scalars' sums. */
static void keep_gone(struct ras_conn *conn)
{
	const struct ras_counters *c = &conn->info.counters;
	struct ras_gone *gone = &conn->ras->gone;
	WITH_LOCK(&conn->ras->lock);

	gone->attempts += c->attempts;
	gone->successes += c->successes;
	gone->failures += c->failures;
	gone->drops += c->drops;
}

int journal_put_forget(struct record_writer *w, struct ras_conn *conn, bool moved)
{
	conn->forgotten = true;
	if (!moved)
		keep_gone(conn);
	record_begin(w, "forget");
	record_put_str(w, "name", conn->name);
	record_put_u64(w, "moved", moved);
	return record_end(w);
}

/* ---- reading; before there are threads ---- */

static struct ras_conn *conn_of(struct ras *ras, const struct record *r)
{
	const char *name = record_get_str(r, "name");

	return name && name[0] && strlen(name) < RAS_NAME_MAX ? conn_get(ras, name) : NULL;
}

/* Numbers go round: the newer of two is the one shortly ahead. */
static void note_call_id(struct ras *ras, uint32_t call_id)
{
	if ((int32_t)(call_id - ras->last_call_id) > 0)
		ras->last_call_id = call_id;
}

static int load_conn(struct ras *ras, const struct record *r)
{
	struct ras_conn *conn = conn_of(ras, r);
	uint32_t own = 0;

	if (!conn)
		return -EBADMSG;
	record_get_u32(r, "own", &own);
	conn->own = own != 0;
	conn->has_life = true;
	get_fields(r, conn_fields, ARRAY_SIZE(conn_fields), &conn->info);
	get_fields(r, series_fields, ARRAY_SIZE(series_fields), &conn->series);
	get_text(r, "destination", conn->info.destination, sizeof(conn->info.destination));
	get_error(r, &conn->info.last_error);
	if (!ras_label_has(ras_status_labels, (int32_t)conn->info.status))
		conn->info.status = RAS_STATUS_DOWN;
	if (conn->info.index > RAS_INDEX_MAX)
		conn->info.index = 0;
	/* Hung up between two attempts: the last one has its end already. */
	if (conn->info.status == RAS_STATUS_HANGING_UP && conn->series.redial_real > 0)
		conn->info.status = RAS_STATUS_WAITING_REDIAL;
	conn->traffic_base = conn->info.counters.traffic;
	note_call_id(ras, conn->info.call_id);
	return 0;
}

static int load_wish(struct ras *ras, const struct record *r)
{
	struct ras_conn *conn = conn_of(ras, r);
	uint32_t desired = RAS_DESIRED_DOWN, action = RAS_ACTION_NONE, begun = 0, hung_up;

	if (!conn)
		return -EBADMSG;
	conn->begun_after = conn->info.counters.attempts;
	record_get_u32(r, "after", &conn->begun_after);
	record_get_u32(r, "desired", &desired);
	record_get_u32(r, "action", &action);
	record_get_u32(r, "begun", &begun);
	record_get_u32(r, "request", &conn->info.request_id);
	conn->info.desired = desired == RAS_DESIRED_UP ? RAS_DESIRED_UP : RAS_DESIRED_DOWN;
	conn->last_action = ras_label_has(ras_action_labels, (int32_t)action) ? (enum ras_action)action :
										RAS_ACTION_NONE;
	hung_up = desired == RAS_DESIRED_DOWN && conn->last_action == RAS_ACTION_HANG_UP;
	record_get_u32(r, "hung-up", &hung_up);
	conn->hung_up = hung_up != 0;
	conn->begun = begun != 0;
	if (conn->begun)
		conn->series.request = conn->info.request_id;
	return 0;
}

static int load_history(struct ras *ras, const struct record *r)
{
	struct ras_history_row *row = calloc(1, sizeof(*row));
	uint32_t connected = 0, oldest = 0;

	if (!row)
		return -ENOMEM;
	get_fields(r, history_fields, ARRAY_SIZE(history_fields), row);
	if (row->index == 0 || row->index <= ras->history.newest) {
		/* The same row twice: a journal written anew and a line that had been added to the old one. */
		free(row);
		return 0;
	}
	record_get_u32(r, "connected", &connected);
	row->connected = connected != 0;
	get_text(r, "name", row->entry_name, sizeof(row->entry_name));
	get_text(r, "device", row->device_name, sizeof(row->device_name));
	get_text(r, "destination", row->destination, sizeof(row->destination));
	addr_get(r, "local", &row->local);
	addr_get(r, "peer", &row->peer);
	get_error(r, &row->error);
	note_call_id(ras, row->call_id);
	/* Rows that had to go then do not come back where there is room for more now. */
	record_get_u32(r, "oldest", &oldest);
	history_push(ras, row, oldest);
	return 0;
}

static int load_setting(struct ras *ras, const struct record *r)
{
	uint32_t which, value, file;

	if (record_get_u32(r, "which", &which) < 0 || which >= RAS_SETTING_MAX ||
	    record_get_u32(r, "value", &value) < 0 || record_get_u32(r, "file", &file) < 0)
		return -EBADMSG;
	/* A value set over SNMP wins until the value in the file changes. */
	ras->stored_value[which] = file == ras->file_value[which] ? value : ras->file_value[which];
	return 0;
}

static int load_engine(struct ras *ras, const struct record *r)
{
	uint32_t hist = ras->history.newest, oldest = 0;

	record_get_u32(r, "call", &ras->last_call_id);
	record_get_u32(r, "hist", &hist);
	record_get_u32(r, "oldest", &oldest);
	record_get_u32(r, "set", &ras->store.sets);
	get_fields(r, gone_fields, ARRAY_SIZE(gone_fields), &ras->gone);
	ras->history.newest = MAX(hist, ras->history.newest);
	history_forget(&ras->history, oldest);
	return 0;
}

/* Whether the lines that belong to it are there is the affair of who reads them. */
static int load_set(struct ras *ras, const struct record *r)
{
	return record_get_u32(r, "number", &ras->store.sets);
}

static int load_forget(struct ras *ras, const struct record *r)
{
	const char *name = record_get_str(r, "name");
	struct ras_conn *conn = name ? conn_find(ras, name) : NULL;
	uint32_t moved = 0;

	if (!name)
		return -EBADMSG;
	record_get_u32(r, "moved", &moved);
	if (!conn)
		return 0;
	if (!moved)
		keep_gone(conn);
	phonebook_drop_name(conn);
	return 0;
}

static const struct {
	const char *kind;
	int (*load)(struct ras *ras, const struct record *r);
} kinds[] = {
	{"conn", load_conn},     {"wish", load_wish},     {"history", load_history}, {"setting", load_setting},
	{"engine", load_engine}, {"forget", load_forget}, {"set", load_set},
};

int journal_load_line(struct ras *ras, char *line)
{
	struct record r;
	int e = record_parse(line, &r);

	if (e < 0)
		return e;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_equal(r.kind, kinds[i].kind))
			return kinds[i].load(ras, &r);
	return -EBADMSG;
}
