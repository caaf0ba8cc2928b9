/* SPDX-License-Identifier: BSD-2-Clause */
/* The dial engine, whole interface. It knows no SNMP, no PPP and no YAML.
 *
 * Threads. One thread, the owner, creates the engine, changes phonebook and settings, reserves requests and reaps
 * threads: the agent's thread in rasdiald and snmpd, main in the rasdial command. Functions marked [any] may be called
 * from every thread, callbacks included; all others belong to the owner. Getters copy what they return under a mutex
 * that is held for assignments only, so they never wait for a dial.
 *
 * The rules of RasDial that this interface keeps (Remote Access Service, "Asynchronous Operations", RasDial,
 * RasHangUp): an accepted dial returns at once; callbacks run in the dial thread of the connection, which lives until
 * the connection is down and cleaned up; the connection is known to everybody before its thread is let go; each state
 * is told when it is entered, with error 0, a failure once more for the same state with its error; a failed connection
 * is always hung up, by the engine itself; a link that is up outlives the process. */
#ifndef RASDIAL_RAS_RAS_H
#define RASDIAL_RAS_RAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ras/driver.h"
#include "ras/entry.h"
#include "ras/error.h"
#include "ras/state.h"

#define RAS_ROW_ERROR_MAX 768

struct ras;
struct ras_conn; /* the living side of an entry: the handle of everything below */

/* ---- settings ---- */

/* Settings that SNMP can write; kept over restarts. A value set over SNMP wins until the value in the file changes. */
enum ras_setting {
	RAS_SETTING_ADMIN_MODE,
	RAS_SETTING_MAX_CONCURRENT_DIALS,
	RAS_SETTING_HIST_MAX_ENTRIES,
	RAS_SETTING_HIST_RETAIN_TIME, /* minutes */
	RAS_SETTING_NOTIFY_TYPES,
	RAS_SETTING_NOTIFY_MIN_INTERVAL, /* s */
	RAS_SETTING_SPIN_LOCK,
	RAS_SETTING_MAX,
};

/* What rows made over SNMP may be. Empty values are always good, so is device type other, pty never. Patterns are those
 * of fnmatch(3), a list is ended by NULL, NULL is the empty one, which permits nothing; but a loopback line, which
 * reaches nobody, may have any text while its list is empty. */
struct ras_permissions {
	bool entries, secrets; /* may rows, may secrets be written at all */
	uint32_t device_types; /* mask of 1u << enum ras_device_type */
	const char *const *devices, *const *destinations;
	const char *helper_dir; /* where exec finds its helpers */
};

/* How rows are put into files of the state directory; the engine knows no YAML. */
struct ras_row_format {
	/* base NULL: a whole row. Else values set over SNMP for an entry of the file, which said base then: of
	 * user_name, secret, notify_types those that differ. Returns 0 or -ENOMEM. The caller wipes and frees. */
	int (*write)(const struct ras_entry *entry, const struct ras_entry *base, char **ret_text, size_t *ret_size);

	/* Takes back what write made: index and name are always there, *ret_base is NULL for a whole row. path is for
	 * messages. Returns 0, -ENOMEM, or -EBADMSG with error filled (place and reason, no value of a row). */
	int (*read)(const char *path, const char *text, size_t size, struct ras_entry **ret,
		    struct ras_entry **ret_base, char error[RAS_ROW_ERROR_MAX]);
};

struct ras_settings {
	const char *state_dir, *run_dir;         /* copied */
	struct ras_permissions permit;           /* copied */
	const struct ras_row_format *row_format; /* must outlive the engine; NULL: rows cannot be stored */
	uint32_t value[RAS_SETTING_MAX];         /* what the file says */
	uint32_t max_entries;                    /* 0: only memory limits */
	uint32_t hang_up_timeout;                /* s */
	uint32_t notify_queue;                   /* notifications that may wait */
	bool hang_up_on_exit;                    /* on-exit: hang-up */
};

/* ---- life ---- */

/* Opens and locks the state directory, makes the run directory, reads what was kept. drivers: ended by NULL, must
 * outlive the engine. Starts no thread. Returns 0, -EBUSY (another agent uses the state directory; told in ret_error),
 * or negative errno with ret_error filled. */
int ras_new(const struct ras_settings *settings, const struct ras_driver *const drivers[], struct ras_error *ret_error,
	    struct ras **ret);

/* Starts the engine's threads; adopts links of an earlier agent, accounts for attempts it left, goes on with redial
 * series. After ras_phonebook_load(); in a daemon after the last fork. Returns 0 or negative errno. */
int ras_start(struct ras *ras);

/* [any] Ends all dial threads: attempts are hung up (834), links are kept or hung up as configured; waits at most
 * timeout_ms. Returns 0, or -ETIMEDOUT if a thread is left (the process may exit all the same). Nothing can be dialed
 * after it. May be called again. */
int ras_stop(struct ras *ras, int timeout_ms);

/* [any] Links that are up stay up at ras_stop(), whatever is configured: another engine takes them over. */
void ras_keep_links(struct ras *ras);

/* After ras_stop(). If that left a thread, both directories are another engine's from now on, which ends and accounts
 * for what the thread does not get done any more, and memory the thread needs is left: then ras is returned, for
 * another try later. Else NULL. Takes NULL. */
struct ras *ras_free(struct ras *ras);

/* Joins dial threads that have ended. Cheap; call it whenever ras_wake_fd() is readable. */
void ras_reap(struct ras *ras);

/* [any] Readable when there is something for the owner: a notification to send, a thread to reap. Drain with
 * fd_event_drain() first. */
int ras_wake_fd(const struct ras *ras);

/* ---- settings at run time ---- */

/* [any] The value in force. */
uint32_t ras_setting_get(const struct ras *ras, enum ras_setting which);

/* What is written between these two (ras_setting_store(), ras_edit_write(), ras_request_write()) comes to the disk with
 * ras_write_end(): all of it or nothing, also over a crash. Nothing else may be called in between; outside of them,
 * each of the three is a stroke of its own. ras_write_end() returns 0, or negative errno: nothing changed, and what was
 * to be written counts as not written. So it does after ras_write_drop(). */
void ras_write_begin(struct ras *ras);
int ras_write_end(struct ras *ras);
void ras_write_drop(struct ras *ras);

/* Puts a value on stable storage without using it yet. Returns 0, or negative errno (-ENOSPC, -EROFS, ...): nothing
 * changed. */
int ras_setting_store(struct ras *ras, enum ras_setting which, uint32_t value);

/* Requests that are reserved from now on see this value, which the same SET is going to give; NULL: the one in force.
 */
void ras_setting_expect(struct ras *ras, enum ras_setting which, const uint32_t *value);

/* The value that requests see which are reserved now. */
uint32_t ras_setting_coming(const struct ras *ras, enum ras_setting which);

/* Uses the value from now on. Cannot fail. */
void ras_setting_apply(struct ras *ras, enum ras_setting which, uint32_t value);

/* New settings of a file that was read again: what changed against the file read before is stored and applied.
 * Directories stay. Returns 0 or negative errno. */
int ras_settings_reload(struct ras *ras, const struct ras_settings *settings);

/* ---- phonebook ---- */

/* Makes the rows of the file these entries: adds, replaces, removes; equal rows are not touched; rows that SNMP made
 * stay. A removed row with a call is hung up and gone. Entries without index get the one remembered for their name,
 * else the lowest free one. Takes its own references; the array stays the caller's. Returns 0, or negative errno with
 * ret_error filled and nothing changed. */
int ras_phonebook_load(struct ras *ras, struct ras_entry *const entries[], size_t n, struct ras_error *ret_error);

/* Rows in ascending order of index: a contiguous array, valid until the phonebook changes. */
size_t ras_conn_count(const struct ras *ras);
struct ras_conn *ras_conn_at(const struct ras *ras, size_t position);

/* Position of the first row whose index is >= index (count if none). hint: a position near which it is looked for
 * first; SIZE_MAX: none is known. */
size_t ras_conn_position(const struct ras *ras, uint32_t index, size_t hint);

struct ras_conn *ras_conn_find(const struct ras *ras, uint32_t index);      /* NULL if there is none */
struct ras_conn *ras_conn_by_name(const struct ras *ras, const char *name); /* NULL if there is none */

/* Names in SNMP order (shorter first, then by octets), for rasNameTable. */
struct ras_conn *ras_name_at(const struct ras *ras, size_t position);

/* The entry of a row; valid until the phonebook changes. */
const struct ras_entry *ras_conn_entry(const struct ras_conn *conn);

/* An index that no row has; consecutive calls give different ones; 0 if no row can be made now. */
uint32_t ras_index_next(struct ras *ras);

/* May rows, may secrets be written over SNMP? */
bool ras_permits_entries(const struct ras *ras);
bool ras_permits_secrets(const struct ras *ras);

/* ---- changes of the phonebook: what a SET of its tables does, in two phases ---- */

struct ras_edit;

/* One row as it shall be. */
struct ras_row_change {
	uint32_t index;
	struct ras_entry *entry; /* with that index, origin and storage type set; NULL: the row goes */
};

/* Checks all the changes of one request together, rows of different index each, and makes everything they need, so that
 * commit cannot fail. Takes its own references. Returns 0; -EINVAL if state or permissions forbid it (answer
 * inconsistentValue); -EAGAIN, -ENOSPC or -ENOMEM if another edit is under way, the phonebook is full or there is no
 * memory (resourceUnavailable). Then *ret_culprit is the position of the change that is to blame, and ret_error says
 * why, without any value of the row but its name. One edit at a time in an engine. Reserve edits before requests of the
 * same PDU: a dial then sees the row as it will be. */
int ras_edit_reserve(struct ras *ras, const struct ras_row_change changes[], size_t n, size_t *ret_culprit,
		     struct ras_error *ret_error, struct ras_edit **ret);

/* Puts the rows on stable storage: all or none, also over a crash. Returns 0 or negative errno: nothing changed. */
int ras_edit_write(struct ras_edit *edit);

/* Takes that back. */
void ras_edit_undo(struct ras_edit *edit);

/* Uses the rows from now on (an attempt under way keeps what it began with), and frees the edit. Cannot fail. */
void ras_edit_commit(struct ras_edit *edit);

/* Drops a reservation and frees it. Takes NULL. */
void ras_edit_cancel(struct ras_edit *edit);

/* The number of an edit, and the edit under way that has it; NULL: there is none any more. A reload of the phonebook
 * ends an edit: what is written is done, what is not is dropped. */
struct ras_edit *ras_edit_find(const struct ras *ras, uint32_t number);
uint32_t ras_edit_number(const struct ras_edit *edit);

/* ---- requests: what a SET of rasConnAction does, in two phases ---- */

struct ras_request;

/* Checks a request and makes everything it needs, so that commit cannot fail: for a dial, the thread, parked, and its
 * place under rasMaxConcurrentDials. request_id 0: none. trigger: who asks. Returns 0; -EINVAL if the state forbids it
 * (answer inconsistentValue); -EAGAIN, -EMFILE or -ENOMEM if there is no place, thread, descriptor or memory
 * (resourceUnavailable). What is refused counts in rasDialsRejected where it is a dial. A request that repeats a
 * non-zero request_id with the same action succeeds and does nothing. One reservation at a time for each connection,
 * else -EINVAL. */
int ras_request_reserve(struct ras *ras, struct ras_conn *conn, enum ras_action action, uint32_t request_id,
			enum ras_trigger trigger, struct ras_request **ret);

/* Puts on stable storage what must outlive a crash (wish, request). Returns 0 or negative errno: nothing changed. */
int ras_request_write(struct ras_request *request);

/* Takes that back. */
void ras_request_undo(struct ras_request *request);

/* Does it, and frees the request. Cannot fail and does not wait. */
void ras_request_commit(struct ras_request *request);

/* Drops a reservation and frees it: thread and place too. Takes NULL. */
void ras_request_cancel(struct ras_request *request);

/* Drops reservations older than max_age_ms (0: all), which a master left behind that died between the phases. */
void ras_request_expire(struct ras *ras, int64_t max_age_ms);

/* The number of a request, and the one reserved that has it; NULL: it is done, or was dropped. Whoever holds one over
 * what may drop it, such as a reload, holds its number. */
struct ras_request *ras_request_find(const struct ras *ras, uint32_t number);
uint32_t ras_request_number(const struct ras_request *request);

/* ---- RasDial, RasHangUp for callers in C ---- */

#define RAS_DIAL_EVENT 0xCCCDu /* WM_RASDIALEVENT: the msg argument of every callback */

enum ras_notifier_kind { RAS_NOTIFIER_FUNC, RAS_NOTIFIER_FUNC1, RAS_NOTIFIER_FUNC2, RAS_NOTIFIER_QUEUE };

struct ras_queue;

/* Who is told of states and errors, in one of the four ways of RasDial. All run in the dial thread of the connection
 * and stop it while they run. Told: each state entered (error 0); a failure again for its state (error != 0). The last
 * thing told is connected, disconnected or an error; nothing after a hang-up. Allowed inside: functions marked [any],
 * ras_hang_up() of the same connection included. Never ras_dial(). */
struct ras_notifier {
	enum ras_notifier_kind kind;
	union {
		void (*func)(unsigned msg, enum ras_state state, int32_t error);
		void (*func1)(struct ras_conn *conn, unsigned msg, enum ras_state state, int32_t error,
			      int32_t extended);
		/* Returning 0 ends further notifications; the dial goes on. */
		unsigned (*func2)(uintptr_t callback_id, uint32_t subentry, struct ras_conn *conn, unsigned msg,
				  enum ras_state state, int32_t error, int32_t extended);
		struct ras_queue *queue; /* in place of a window; must outlive the dial */
	};
	uintptr_t callback_id; /* func2 */
};

/* Dials. With a notifier: asynchronous, returns once the dial is accepted. Without: synchronous, returns when the
 * connection is up (0) or has failed and been hung up (-EIO, ret_error says why); not allowed in the thread of a
 * callback. Returns negative errno as ras_request_reserve(), -EALREADY if the connection is up or being dialed (756),
 * -ESHUTDOWN after ras_stop(). ret_error may be NULL. */
int ras_dial(struct ras *ras, struct ras_conn *conn, const struct ras_notifier *notifier, struct ras_error *ret_error);

/* Lets a call go on that waits in a paused state (state & 0x1000, after it was told of), with the user name and the
 * secret that its row now has; by request, never from inside a callback. Such states are entered only with the option
 * pausedStates of the entry, and by an asynchronous dial or one of the agent's. Returns -EINVAL if it does not wait, or
 * negative errno. */
int ras_resume(struct ras *ras, struct ras_conn *conn);

/* [any] Asks for the end of the call in whatever state it is. Asynchronous: gone when the status is down. Idempotent.
 */
void ras_hang_up(struct ras_conn *conn);

/* A message queue with a descriptor, which is readable while messages wait. When it is full the oldest message goes, so
 * that the final one is never lost. */
struct ras_message {
	struct ras_conn *conn;
	enum ras_state state;
	int32_t error;
};
struct ras_queue *ras_queue_new(size_t places); /* NULL without memory or descriptor */
int ras_queue_fd(const struct ras_queue *queue);
bool ras_queue_take(struct ras_queue *queue, struct ras_message *ret); /* [any] false if it is empty */
struct ras_queue *ras_queue_free(struct ras_queue *queue);

/* ---- looking ---- */

/* Counters of an entry, over all calls. */
struct ras_counters {
	uint32_t attempts, successes, failures, drops;
	uint32_t consecutive_failures;
	uint64_t up_seconds;
	struct ras_traffic traffic; /* the present call included */
};

/* One consistent copy of a connection: what rasConnTable and rasStatsTable show. */
struct ras_conn_info {
	uint32_t index;
	uint32_t request_id;
	enum ras_desired desired;
	enum ras_status status;
	enum ras_state state;
	int64_t last_change_mono_ms; /* of status */
	uint32_t call_id;
	int64_t start_time_ms;    /* CLOCK_REALTIME of up; 0: not up */
	int64_t up_since_mono_ms; /* 0: not up */
	struct ras_counters counters;
	struct ras_traffic call_traffic;
	uint32_t redials_left;
	int64_t next_redial_mono_ms; /* 0: none scheduled */
	struct ras_error last_error;
	uint32_t ifindex;
	char ifname[16];
	struct ras_addr local, peer; /* len 0: none */
	char device_name[RAS_DEVICE_NAME_MAX];
	uint32_t speed;
	uint32_t links_up;
	enum ras_thread_state thread_state;
	uint32_t thread_id;
	uint32_t process_id;
	uint32_t last_hist_index;
	char destination[RAS_TEXT_MAX];
	uint32_t subentry;
	int64_t discontinuity_mono_ms; /* of the counters; 0: none since the engine's start */
};

/* A link of a multilink entry, as rasLinkTable shows it. */
struct ras_link {
	uint32_t subentry; /* 0: the entry itself */
	enum ras_status status;
	enum ras_state state;
	struct ras_error last_error;
	uint32_t ifindex;
	uint32_t attempts, failures; /* since the engine's start */
};

/* [any] Returns false, ret untouched, if it was never dialed as a link. */
bool ras_conn_link(const struct ras_conn *conn, uint32_t subentry, struct ras_link *ret);

/* [any] */
void ras_conn_get(const struct ras_conn *conn, struct ras_conn_info *ret);

/* [any] Addresses and routes of the link, while it is up. ret has room for RAS_SHOWN_MAX. Returns how many. */
size_t ras_conn_addrs(const struct ras_conn *conn, struct ras_addr ret[RAS_SHOWN_MAX]);

/* One consistent copy of what the scalars show. attempts = successes + failures + in setup, at any moment. */
struct ras_totals {
	uint32_t entries;
	uint32_t by_status[RAS_STATUS_MAX];
	uint32_t threads;
	uint32_t attempts, successes, failures, drops, rejected;
	int64_t start_mono_ms;
	int64_t phonebook_change_mono_ms; /* 0: not since the start */
	enum ras_storage_status storage_status;
	uint32_t storage_problems;
	uint32_t hist_entries, hist_newest, hist_evicted;
	uint32_t notify_sent, notify_suppressed, notify_pending, notify_dropped;
};

/* [any] */
void ras_totals_get(const struct ras *ras, struct ras_totals *ret);

/* ---- history ---- */

struct ras_history_row {
	uint32_t index;
	uint32_t call_id;
	uint32_t entry_index;
	char entry_name[RAS_NAME_MAX];
	enum ras_trigger trigger;
	uint32_t request_id;
	enum ras_device_type device_type;
	char device_name[RAS_DEVICE_NAME_MAX];
	char destination[RAS_TEXT_MAX];
	int64_t setup_time_ms, connect_time_ms, end_time_ms; /* CLOCK_REALTIME; connect 0: never */
	uint32_t setup_duration_ms, up_duration_s;
	bool connected;
	struct ras_error error;
	struct ras_addr local, peer; /* len 0: none */
	uint64_t in_octets, out_octets;
};

/* [any] The first row whose index is >= index. Returns 0, or -ENOENT if there is none. */
int ras_history_next(const struct ras *ras, uint32_t index, struct ras_history_row *ret);
uint32_t ras_history_next_index(const struct ras *ras, uint32_t index); /* its index alone; 0: none */

/* ---- notifications owed ---- */

/* A notification with the values of its moment. */
struct ras_notice {
	enum ras_notify_type type;
	char entry_name[RAS_NAME_MAX];
	struct ras_conn_info conn;
	enum ras_status old_status; /* stateChange */
	uint32_t call_seconds;      /* disconnected */
	enum ras_change change;     /* configChange */
	enum ras_origin origin;     /* configChange */
	struct ras_link link;       /* linkChange */
};

/* Tells whether the notifications that are taken can go out. While they cannot, they wait, the newest of an entry and
 * type replacing the older. */
void ras_notices_connected(struct ras *ras, bool connected);

/* Takes the oldest notification that waits, which then counts as sent. Returns false if there is none or not connected.
 */
bool ras_notices_take(struct ras *ras, struct ras_notice *ret);

#endif
