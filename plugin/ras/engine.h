/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the dial engine: what its files share and nobody else sees.
 *
 * Locks, in the order in which they may be taken:
 *   store.lock -> bundle.lock -> conn.lock -> ras.lock -> notices.lock
 * store.lock is held while lines are written to the journal and belongs to dial threads, the keeper and requests in
 * their phase of writing; no getter takes it. The others are held for assignments only. */
#ifndef RASDIAL_RAS_ENGINE_H
#define RASDIAL_RAS_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ras/network.h"
#include "ras/ras.h"
#include "sys/fd.h"

/* ---- why a call must end ---- */

enum stop_reason {
	STOP_NONE,
	STOP_HANG_UP,      /* asked for: RasHangUp, hangUp(3), redial(4) */
	STOP_ADMIN,        /* rasAdminMode disabled(3) */
	STOP_REMOVED,      /* the entry has left the phonebook */
	STOP_QUIT,         /* the agent ends */
	STOP_DRAIN,        /* rasAdminMode drain(2): of waitingRedial(6) only */
	STOP_DIAL_TIMEOUT, /* the deadlines, found by the dial thread itself */
	STOP_IDLE,
	STOP_MAX_DURATION,
	STOP_MAX,
};

/* ---- one attempt and its link; the dial thread's own ---- */

#define CALL_NOTES_MAX 1024
#define CALL_LOG_MAX (64 * 1024)

enum call_orders { CALL_PARKED, CALL_GO, CALL_ABANDON };

/* What a dial thread begins with. */
enum call_start {
	START_ATTEMPT,
	START_ADOPT,     /* a link, or half of one, that an earlier agent left */
	START_REDIAL,    /* a redial series of an earlier agent: its pause */
	START_WAITING,   /* waiting(9): its turn for a place, or traffic */
	START_DISMANTLE, /* what an earlier agent left waiting for traffic */
};

/* Where ras_dial() without a notifier waits. */
struct dial_waiter {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool done;
	struct ras_error error; /* code 0: connected */
};

struct link_record;

#define BUNDLE_LINKS_MAX 8 /* an entry with more is not dialed */

struct bundle_link;

struct ras_call {
	struct ras *ras;
	struct bundle_link *member; /* a link of a bundle, by which it is shown; NULL: the call itself */
	enum ras_carriage carriage; /* likewise (bundle.lock) */
	struct ras_conn *conn;
	pthread_t thread;
	int wake_fd;
	atomic_int orders; /* enum call_orders */
	enum call_start start;
	struct link_record *record; /* for START_ADOPT; NULL: nothing in the run directory */
	bool counted;               /* in rasThreads (ras.lock) */
	bool slot;                  /* has a place under rasMaxConcurrentDials (ras.lock) */
	bool queued;                /* stands in the line for one (ras.lock) */
	struct ras_call *next_waiting;
	struct ras_call *next, **link; /* ras.threads or ras.ended (ras.lock) */
	uint32_t number;               /* by which its link goes on this host; 0: none (ras.lock) */
	struct ras_call *next_numbered;

	struct ras_notifier notifier;
	bool has_notifier; /* and it wants to be told */
	struct dial_waiter *waiter;

	/* this attempt */
	struct ras_entry *entry;
	const struct ras_driver *driver;
	bool engaged; /* arm, dial or adopt of the driver was called: hang_up or release must be */
	bool armed;   /* waits for traffic, or has just had it */
	void *data;
	uint32_t call_id, request_id, attempt, subentry;
	enum ras_trigger trigger;
	enum ras_state state;
	char destination[RAS_TEXT_MAX];
	char device_name[RAS_DEVICE_NAME_MAX];
	int64_t setup_mono, setup_real;
	int64_t up_mono, up_real; /* 0: not up */
	int64_t deadline;         /* mono; of the set-up */
	int64_t traffic_due, quiet_since;
	struct ras_traffic traffic;
	struct ras_error error; /* what the driver said first */
	unsigned ifindex;
	char ifname[16];
	uint32_t speed;
	pid_t pid;
	struct ras_addr addrs[RAS_ADDRS_MAX];
	size_t n_addrs;
	char notes[CALL_NOTES_MAX]; /* fields of the driver, ready for the record */
	size_t notes_len;
	struct call_network network;
	int log_fd;
};

/* ---- the living side of an entry; one for each name ----
 *
 * Its list of names holds a reference, each dial thread another one, so it outlives both its row and its threads. A
 * name that leaves the file keeps its connection, with index and counters; one that SNMP destroys is forgotten. */

struct notice_item;

/* What holds notifications of one kind back: those of an entry and type, of rasLinkChange those of one link. */
struct notice_slot {
	int64_t time; /* of the last one; 0: none yet */
	struct notice_item *waiting;
};

/* The attempts that one request leads to. */
struct conn_series {
	uint32_t request; /* its id */
	uint32_t tried;
	uint32_t untold;     /* failures since the last dialFailed */
	int64_t redial_real; /* date of the next attempt; 0: none */
};

/* What is kept of requests: the wish line of the journal. */
struct conn_wish {
	enum ras_desired desired;
	uint32_t request_id;
	enum ras_action action;
	bool hung_up;
	bool begun;
	uint32_t after; /* begun: the attempts that there were then */
};

struct ras_conn {
	atomic_uint refs;
	struct ras *ras;
	char name[RAS_NAME_MAX]; /* never changes */

	/* Owner's. */
	bool loaded;           /* mark while a phonebook is loaded */
	bool clashes;          /* likewise: its index was taken by a name of the file */
	uint32_t index_before; /* likewise */
	bool store;            /* likewise: what is stored of it is to be written anew */
	bool has_life;         /* the journal knows it */
	struct edit_row *edit;
	struct ras_request *request;
	struct ras_entry *file_entry; /* of a row of the file: what the file says, without what SNMP has set */
	/* Found in the state directory, until the file is loaded: what SNMP had set, and what the file said then. */
	struct ras_entry *kept, *kept_base;

	bool forgotten; /* store.lock; no line of the journal shall name it any more */

	pthread_mutex_t lock;
	bool listed;             /* is a row of the phonebook */
	atomic_bool own;         /* its row was made over SNMP */
	bool forbidden;          /* so it was, and may not be dialed any more (ras_permissions) */
	struct ras_entry *entry; /* written by the owner under the lock, so the owner reads it without */
	struct ras_conn_info info;
	struct ras_traffic traffic_base; /* of the calls before this one */
	struct ras_call *metered;        /* whose traffic is read by whoever looks; NULL: it is in info */
	struct ras_addr *addrs;
	size_t n_addrs;
	struct ras_link *links;
	size_t n_links;
	struct ras_call *call; /* dial thread; NULL: none */

	enum ras_action last_action;
	bool hung_up;           /* and not dialed since: the agent does not start it by itself */
	atomic_bool start_owed; /* the agent starts it by itself once what goes on has ended */
	bool begun;             /* a dial was accepted and its attempt is not yet in the journal */
	uint32_t begun_after;
	bool wish_stale; /* the journal still says begun, and there will be no attempt */
	bool is_ahead;   /* a request was written and is not yet done: in the journal stands ahead */
	struct conn_wish ahead;
	enum stop_reason stop;      /* of the call */
	_Atomic int64_t stop_since; /* mono; 0: nothing asked of the thread, or its clean-up is done */
	atomic_bool told_stuck;     /* that since then nothing came of it */
	bool ending;                /* the outcome is decided and on its way into the journal */
	bool failure_counted;       /* this attempt is a failure already (cancelled) */
	bool dial_now;              /* do not wait for the redial time */
	bool resumed;               /* go on from the paused state */
	struct ras_call *heir;      /* parked thread that takes over once hung up: redial */
	enum ras_trigger next_trigger;
	struct conn_series series;

	/* notices.lock */
	struct notice_slot notices[RAS_NOTIFY_MAX], link_notices[BUNDLE_LINKS_MAX];
};

struct ras_history {
	struct ras_history_row **rows; /* ring of capacity; rows[(head + i) % capacity] ascending by index */
	size_t capacity, head, n;
	uint32_t newest; /* index given last, also if that row is gone */
};

/* Lines that are to be written at one stroke; the caller frees data. */
struct store_lines {
	char *data;
	size_t size, room;
};

struct ras_store {
	pthread_mutex_t lock;
	int fd;
	size_t size;   /* octets in the journal */
	size_t live;   /* octets right after the last compaction */
	bool unsynced; /* something to fdatasync */
	bool behind;   /* a line could not be written: the whole is to be, once there is room */
	uint32_t sets; /* number of the last SET whose lines are framed */
	/* Requests that are written and not yet done. What is in memory must not be written over them meanwhile. */
	_Atomic uint32_t ahead;
	atomic_int status;   /* enum ras_storage_status: of the last write */
	atomic_bool damaged; /* something was set aside at the start */
	_Atomic uint32_t problems;
};

/* What one SET writes, until it is written; the owner's. */
struct stroke {
	bool open;
	int error;
	struct store_lines lines;
	size_t n_lines;
	uint32_t stored_before[RAS_SETTING_MAX];
};

/* Attempts of names that were forgotten: the scalars' sums go on. */
struct ras_gone {
	uint32_t attempts, successes, failures, drops;
};

struct permissions {
	bool entries, secrets;
	uint32_t device_types;
	char **devices, **destinations;
	char *helper_dir;
};

struct ras_notices {
	pthread_mutex_t lock;
	struct notice_item *oldest, *newest;
	bool connected;
	uint32_t limit;
	uint32_t sent, suppressed, pending, dropped;
};

struct ras {
	const struct ras_driver *const *drivers;
	int state_fd, run_fd;
	pthread_mutex_t records_lock; /* held for one file of run_fd, and nothing is taken under it: link_record.c */
	int lock_fd, run_lock_fd;
	int rows_fd; /* folder of stored rows; negative errno: there is none */
	int wake_fd;
	uint64_t boot; /* of this boot of the machine; records of another one are of no use */
	uint32_t max_entries;
	_Atomic uint32_t grace_ms;
	atomic_bool hang_up_on_exit;
	atomic_bool abandoned; /* files are another engine's now; set under store.lock */
	uint32_t notify_queue;
	_Atomic uint32_t setting[RAS_SETTING_MAX];
	uint32_t file_value[RAS_SETTING_MAX];   /* store.lock */
	uint32_t stored_value[RAS_SETTING_MAX]; /* store.lock; what the journal says, ahead of setting by a moment */
	int64_t start_mono;

	/* Owner's. */
	struct ras_conn **rows;  /* phonebook, by index */
	struct ras_conn **names; /* phonebook, by name in SNMP order */
	size_t n_rows;
	struct ras_conn **conns; /* all that have a name, by ras_name_compare(); added to under store.lock */
	size_t n_conns, conns_room;
	bool started;         /* from now on a change of the phonebook is news */
	uint32_t index_given; /* by ras_index_next() */
	uint32_t n_reserved;  /* number of the last request or edit */
	struct ras_request *requests;
	const uint32_t *expected[RAS_SETTING_MAX]; /* by requests of the SET that is under way; NULL: no other value */
	struct ras_edit *edit;                     /* under way; NULL: none */
	struct permissions permit;
	const struct ras_row_format *row_format;
	bool rows_unread;  /* there may be rows that the start could not read */
	bool rows_behind;  /* files are not where the last load of the phonebook has put their rows */
	uint32_t *spoiled; /* indices of files that should have been set aside and could not */
	size_t n_spoiled;
	struct stroke stroke;

	pthread_mutex_t lock;
	struct ras_totals totals;
	struct ras_gone gone;
	struct ras_history history;
	uint32_t last_call_id;
	uint32_t in_setup; /* places taken */
	struct ras_call *waiting, **waiting_end;
	struct ras_call *threads, *ended;
	struct ras_call *numbered;   /* those that have a number */
	uint32_t number_given;       /* the next one that no entry can have, downwards; 0: from the top */
	uint32_t adopting;           /* threads that take a link over */
	pthread_cond_t thread_ended; /* or has taken its link over */
	bool stopping;

	struct ras_store store;
	struct ras_notices notices;

	pthread_t keeper;
	bool keeper_runs;
	pthread_cond_t keeper_wake; /* with ras.lock */
};

/* ---- conn.c: the only places where status and counters change; conn.lock held ---- */

enum { COUNT_ATTEMPT = 1, COUNT_SUCCESS = 2, COUNT_FAILURE = 4, COUNT_DROP = 8 };

/* Status, state and counters of row and scalars in one step, so that their sums agree at any moment. */
void conn_move(struct ras_conn *conn, enum ras_status status, enum ras_state state, unsigned counts);

/* Puts a row into the phonebook's sums, or takes it out. */
void conn_list(struct ras_conn *conn, bool listed);

/* Sets the columns of a call back to what they hold without one. */
void conn_clear_link(struct ras_conn *conn);

/* Owes a notification with the present values (masks are looked at here). */
void conn_notice(struct ras_conn *conn, enum ras_notify_type type, enum ras_status old_status, uint32_t call_seconds);

/* Owes rasLinkChange with the present values of the link, which is one of conn->links. */
void conn_notice_link(struct ras_conn *conn, const struct ras_link *link);

/* Owes rasConfigChange, which rasNotifyTypes alone decides. */
void conn_notice_change(struct ras_conn *conn, const struct ras_entry *entry, enum ras_change change);

/* Status of a row without a call: down, failed as it was, or notReady. */
void conn_settle(struct ras_conn *conn);

/* Can this row be dialed? By its entry, or by one that it is to get. */
bool conn_ready(const struct ras_conn *conn);
bool conn_ready_with(const struct ras_conn *conn, const struct ras_entry *entry);

/* Does the status say that there is an attempt or a link? It may be one of an earlier agent, without a thread yet. */
bool conn_has_call(const struct ras_conn *conn);

/* Is an attempt that was accepted (begun) still to come? The journal may lack one before it, too: that of a dial to
 * which a redial came at once. */
bool conn_owes_attempt(const struct ras_conn *conn);

/* The number of the next call. */
uint32_t call_id_next(struct ras *ras);

/* Begins an attempt of this row in a thread: call id, counters, status dialing. */
void conn_begin(struct ras_conn *conn, struct ras_call *call, enum ras_trigger trigger);

/* Begins what a request or the agent asks for: an attempt, or in dial mode onDemand to wait for traffic. */
void conn_start(struct ras_conn *conn, struct ras_call *call, enum ras_trigger trigger);

/* Puts the row into waiting(9), with this thread. */
void conn_wait(struct ras_conn *conn, struct ras_call *call, enum ras_trigger trigger);

/* The thread gives the row up: to its heir, which dials again, or to nobody. */
void conn_hand_over(struct ras_conn *conn);

/* The stop of whatever goes on, for reasons that come from outside of the dial thread. */
void conn_stop(struct ras_conn *conn, enum stop_reason reason);

/* One reference. */
struct ras_conn *conn_new(struct ras *ras, const char *name);
struct ras_conn *conn_ref(struct ras_conn *conn);

/* Counters, wish and last error of another name, which has no thread. */
void conn_inherit(struct ras_conn *conn, struct ras_conn *from);

/* Two names change what the journal said of them. Before there are threads. */
void conn_swap_lives(struct ras_conn *a, struct ras_conn *b);

/* Takes NULL, returns NULL. Takes no lock. */
struct ras_conn *conn_unref(struct ras_conn *conn);

/* ---- dial_thread.c ---- */

/* All that a thread does once it is let go. */
void call_live(struct ras_call *call);

/* Has the driver dial what the call's entry says now. Returns as dial of the driver. */
int call_dial_line(struct ras_call *call);

/* ---- call_end.c ---- */

/* Ends the attempt or call for what dial or watch returned: cleans up, decides, writes, shows, tells. Returns true if a
 * redial is to follow. */
bool call_end(struct ras_call *call, int result);

/* ---- thread.c ---- */

/* Makes a dial thread, parked. Returns 0, -EAGAIN or -ENOMEM. Owner. */
int call_new(struct ras_conn *conn, enum call_start start, struct ras_call **ret);

/* Lets it go, or sends it away. Any thread. */
void call_order(struct ras_call *call, enum call_orders orders);

/* Starts a thread as dial threads are: small stack, all signals blocked. Returns 0 or -EAGAIN. */
int thread_start(pthread_t *thread, void *(*main)(void *), void *arg);

/* Frees a call whose thread is joined or never was. */
struct ras_call *call_free(struct ras_call *call);

/* ---- call.c ---- */

/* Fresh fields for the next attempt of a thread. */
void call_reset(struct ras_call *call);
void call_close_log(struct ras_call *call);
void call_drop_number(struct ras_call *call);
void call_show_addresses(struct ras_call *call); /* and routes: in the row */
const struct ras_driver *driver_find(const struct ras *ras, enum ras_device_type type);

/* ---- slots.c: places under rasMaxConcurrentDials; a call has one while it is in set-up ---- */

bool slot_try(struct ras_call *call);   /* false: none is free */
bool slot_wait(struct ras_call *call);  /* false: stands in the line now; wake_fd tells when there may be one */
void slot_force(struct ras_call *call); /* one more than there are, if need be */
void slot_drop(struct ras_call *call);  /* gives it back, or leaves the line */
void slot_grant(struct ras *ras);       /* the limit was raised */

/* ---- redial.c: pure rules ---- */

struct redial_case {
	bool was_up;
	enum stop_reason stop;
	int32_t code;
	uint32_t left; /* attempts that remain */
	bool enabled;  /* rasAdminMode */
};
struct redial_verdict {
	enum ras_status status; /* down, failed, waitingRedial */
	uint32_t left;
	bool exhausted; /* rasRedialExhausted is owed */
	bool unwanted;  /* rasConnDesired becomes down */
};
struct redial_verdict redial_decide(const struct ras_entry *entry, const struct redial_case *c);

/* Pause before the next attempt in ms. random: uniform below 2^32. MIB: rasEntryRedialPause, rasEntryRedialPauseMax. */
int64_t redial_pause_ms(const struct ras_entry *entry, uint32_t consecutive_failures, uint32_t random);

/* Attempts that a new request has. */
uint32_t redial_budget(const struct ras_entry *entry);
#define REDIAL_UNBOUNDED UINT32_MAX

/* ---- notifier.c ---- */

void notifier_tell(struct ras_call *call, enum ras_state state, int32_t error);

/* The notifier has been told the last thing; whoever waits in ras_dial() goes on. */
void notifier_end(struct ras_call *call, const struct ras_error *error);

/* ---- notices.c ---- */

void notices_init(struct ras *ras);
void notices_clear(struct ras *ras);
/* slot: in conn. */
void notices_post(struct ras *ras, struct ras_conn *conn, struct notice_slot *slot, const struct ras_notice *notice);

/* ---- history.c; ras.lock held ---- */

/* Takes the row; rows below oldest go. That was said by history_oldest_beside() before, and stands in the journal: it
 * holds also if the limit has been raised since. */
void history_push(struct ras *ras, struct ras_history_row *row, uint32_t oldest);
uint32_t history_oldest_beside(const struct ras *ras, uint32_t index);
bool history_trim(struct ras *ras, int64_t now_real);        /* did rows go? journal_save_engine() then */
void history_forget(struct ras_history *h, uint32_t before); /* rows of lower index */
const struct ras_history_row *history_at(const struct ras_history *h, size_t i);
void history_clear(struct ras_history *h);
uint32_t history_index_after(uint32_t index);

/* ---- store.c: the journal in the state directory ---- */

int store_open(struct ras *ras, struct ras_error *ret_error);
void store_close(struct ras *ras);

/* store.lock held. Appends lines; durable: on the disk before it returns. Returns 0 or negative errno, nothing written.
 */
int store_append(struct ras *ras, const char *lines, size_t len, bool durable);

int store_lines_add_text(struct store_lines *lines, const char *text, size_t size);
int store_lines_add(struct store_lines *lines, const struct record_writer *w);

/* Lines of a SET that were found beside the journal, framed: they count unless the journal has them. Before there are
 * threads. Returns 0, -EBADMSG if they are not whole, or -ENOMEM. */
int store_load_set(struct ras *ras, const char *text, size_t size);

void store_sync(struct ras *ras);   /* keeper */
int store_compact(struct ras *ras); /* store.lock held */
bool store_wants_compact(const struct ras *ras);

/* What a write came to: rasStorageStatus, rasStorageProblems, the log. */
void store_note(struct ras *ras, int error);

/* Something stored was set aside. */
void store_damaged(struct ras *ras, unsigned items);

/* ---- journal.c: what the lines say ---- */

int journal_put_conn(struct record_writer *w, const struct ras_conn *conn, const struct ras_conn_info *info,
		     const struct conn_series *series);
int journal_put_wish(struct record_writer *w, const struct ras_conn *conn, const struct conn_wish *wish);
/* oldest: index of the oldest row there is besides; 0: it does not matter. */
int journal_put_history(struct record_writer *w, const struct ras_history_row *row, uint32_t oldest);
int journal_put_setting(struct record_writer *w, enum ras_setting which, uint32_t value, uint32_t file_value);
int journal_put_set(struct record_writer *w, uint32_t number, size_t lines);
int journal_put_engine(struct record_writer *w, struct ras *ras);
int journal_put_life(struct record_writer *w, struct ras_conn *conn);         /* conn line as it is now */
int journal_put_present_wish(struct record_writer *w, struct ras_conn *conn); /* wish line as it is now */
int journal_load_line(struct ras *ras, char *line);

/* store.lock held. Forgets a name: no line names it after this one. Its attempts stay in the scalars' sums, but where
 * they live on under another name (moved). */
int journal_put_forget(struct record_writer *w, struct ras_conn *conn, bool moved);

/* Line of a conn as it is now, written outside of all locks but store.lock. Errors show in rasStorageStatus. */
void journal_save_engine(struct ras *ras);
void journal_save_conn(struct ras_conn *conn);
void journal_save_wish(struct ras_conn *conn);
void journal_mend_wish(struct ras_conn *conn); /* the same, if it is stale */

/* ---- addr_field.c ---- */

void addr_put(struct record_writer *w, const char *key, const struct ras_addr *a);

/* Returns false, and leaves ret alone, if there is no such field or no address in it. */
bool addr_get(const struct record *r, const char *key, struct ras_addr *ret);

/* ---- link_record.c: records in the run directory ---- */

#define LINK_RECORD_SUFFIX ".link"
#define LINK_RECORD_FILE_MAX 256

int link_record_write(struct ras_call *call, bool up);
void link_record_remove(struct ras_call *call);

struct link_record {
	char name[RAS_NAME_MAX];
	char file[LINK_RECORD_FILE_MAX]; /* in the run directory; "": removed */
	uint32_t index;
	bool up;
	char *text; /* owns what fields points into */
	struct record fields;
};
int link_record_read(struct ras *ras, const char *file, struct link_record *ret);
void link_record_restore(struct ras_call *call, const struct link_record *record);
void link_record_done(struct link_record *record);

/* ---- adopt.c ---- */

int adopt_all(struct ras *ras);

/* ---- keeper.c ---- */

int keeper_start(struct ras *ras);
void keeper_stop(struct ras *ras);

/* ---- stroke.c ---- */

/* One line of what is being written. Between ras_write_begin() and ras_write_end(). */
void stroke_add(struct ras *ras, const struct record_writer *w);

/* ---- request.c ---- */

/* Of the next request or edit. */
uint32_t reservation_number(struct ras *ras);

/* For stroke.c: whether those that were to be written were. */
void requests_wrote(struct ras *ras, bool written);

/* Will a request that waits for its commit dial this row? */
bool request_dials(const struct ras_conn *conn);

/* Drops what waits for its commit and cannot be done with this row any more; dials: only what would dial it. */
void request_withdraw(struct ras_conn *conn, bool dials);

/* ---- helpers ---- */

static inline void lock_cleanup(pthread_mutex_t **lock)
{
	pthread_mutex_unlock(*lock);
}

static inline pthread_mutex_t *lock_take(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
	return lock;
}

/* Holds a mutex to the end of the block. NOLINTNEXTLINE(bugprone-macro-parentheses): it is a declaration */
#define WITH_LOCK(m) __attribute__((cleanup(lock_cleanup), unused)) pthread_mutex_t *with_lock_ = lock_take(m)

#endif
