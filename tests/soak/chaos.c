/* SPDX-License-Identifier: BSD-2-Clause */
/* Many lives of one engine in one state directory: requests, undone ones too, reloads, changes of mode and limit,
 * rows made, renamed and destroyed, compactions at any moment. Most lives end by kill -9, the others in peace. In
 * between the books must balance, and nothing that was answered may be forgotten.
 *
 *     chaos [SEED [MINUTES]]
 *
 * A seed makes the same requests again; how the threads meet is still left to chance. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos_rows.h"
#include "config/config_row.h"
#include "driver/drivers.h"
#include "ras/engine.h"
#include "sys/clock.h"
#include "sys/log.h"

#define ROWS 16
#define ROWS_FIXED (ROWS - 2) /* a reload may remove the others */
#define HISTORY 4000
#define QUEUE 100
#define BUSY_MS 600 /* of a life that ends in peace */
#define PATIENCE_MS 30000
#define STOP_MS 10000

#define BOOKED (1u << RAS_NOTIFY_CONNECTED | 1u << RAS_NOTIFY_DISCONNECTED)

static const struct ras_driver *const drivers[] = {&ras_driver_loopback, NULL};

static const char *const destinations[] = {
	"setup=50ms",
	"fail=691,setup=20ms",
	"fail=676,fails=1,setup=30ms",
	"drop=100ms,setup=10ms",
	"setup=500ms,jitter=50",
	"setup=30ms,drop=300ms",
	"fail=676,setup=5ms",
	"setup=2s",
};

/* What the world outside knows; outlives every life. */
struct world {
	uint32_t attempts, history; /* highest seen */
	struct {
		uint32_t asked, answered;   /* rasConnRequestId: last one begun to be written, last one committed */
		uint32_t attempts, call_id; /* the most attempts seen, and the call at that time */
	} row[ROWS + OWN_ROWS];
	struct own_rows own; /* the last rows are these */
};

struct life {
	struct ras *ras;
	struct world *world;
	struct ras_entry *entries[ROWS];
	unsigned number, seed;
	unsigned bad;
	bool booked;                /* only notifications are owed that can be told from history and counters */
	struct ras_totals begin;    /* before ras_start() */
	uint32_t begin_successes;   /* of the fixed rows */
	uint32_t taken, request_id; /* notifications; last number given */
	pthread_t compactor;
	atomic_bool over;
};

__attribute__((format(printf, 2, 3))) static void complain(struct life *life, const char *format, ...)
{
	va_list args;

	life->bad++;
	printf("# life %u: ", life->number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static unsigned dice(struct life *life, unsigned sides)
{
	return (unsigned)rand_r(&life->seed) % sides;
}

static void rest(int ms)
{
	poll(NULL, 0, ms);
}

/* ---- the phonebook ---- */

static bool make_entry(struct life *life, unsigned i)
{
	struct ras_entry *e = ras_entry_new();

	ras_entry_unref(life->entries[i]);
	life->entries[i] = e;
	if (!e)
		return false;
	snprintf(e->name, sizeof(e->name), "line-%02u", i);
	str_copy(e->destination, destinations[i % ARRAY_SIZE(destinations)], sizeof(e->destination));
	/* There is no driver for modems here: such a row is notReady until the next reload. */
	e->device_type = dice(life, 9) == 0 ? RAS_DEVICE_MODEM : RAS_DEVICE_LOOPBACK;
	e->origin = RAS_ORIGIN_FILE;
	e->storage_type = RAS_STORAGE_READ_ONLY;
	e->redial_max = 2;
	e->redial_pause = 1;
	e->redial_on_drop = i % 2;
	e->dial_timeout = i == 7 ? 1 : 90;
	e->idle_timeout = i == 8 ? 1 : 0;
	e->max_duration = i == 4 ? 1 : 0;
	e->dial_mode = i == 12 ? RAS_DIAL_MODE_PERSISTENT : RAS_DIAL_MODE_MANUAL;
	e->notify_failures = 1 + i % 3;
	e->notify_types = i < ROWS_FIXED ? (1u << RAS_NOTIFY_MAX) - 1 : 0;
	return true;
}

static void load(struct life *life, size_t n)
{
	struct ras_error error = RAS_ERROR_INIT;

	for (unsigned i = 0; i < ROWS; i++)
		if (!make_entry(life, i))
			return complain(life, "no memory");
	if (ras_phonebook_load(life->ras, life->entries, n, &error) < 0)
		complain(life, "ras_phonebook_load: %s", error.text);
}

/* ---- what must hold ---- */

static unsigned number_of(const struct ras_conn *conn)
{
	if (conn->entry->origin == RAS_ORIGIN_SNMP)
		return ROWS + conn->info.index - OWN_INDEX;
	return (unsigned)strtoul(conn->name + sizeof("line-") - 1, NULL, 10);
}

static void check_row(struct life *life, const struct ras_conn *conn, const char *when)
{
	struct world *world = life->world;
	unsigned row = number_of(conn);
	struct ras_conn_info i;

	ras_conn_get(conn, &i);
	if (i.counters.attempts != i.counters.successes + i.counters.failures + ras_status_in_setup(i.status))
		complain(life, "%s: %s: %u attempts, %u successes, %u failures, status %s, call %u", when, conn->name,
			 i.counters.attempts, i.counters.successes, i.counters.failures,
			 ras_label_name(ras_status_labels, (int32_t)i.status), i.call_id);
	if (i.counters.attempts < world->row[row].attempts)
		complain(life, "%s: %s: %u attempts, call %u, but there were %u, call %u", when, conn->name,
			 i.counters.attempts, i.call_id, world->row[row].attempts, world->row[row].call_id);
	world->row[row].attempts = i.counters.attempts;
	world->row[row].call_id = i.call_id;
}

/* At any moment. */
static void check_sums(struct life *life, const char *when)
{
	struct ras_totals t;
	uint32_t in_setup, rows = 0;

	for (size_t i = 0; i < ras_conn_count(life->ras); i++)
		check_row(life, ras_conn_at(life->ras, i), when);
	ras_totals_get(life->ras, &t);
	in_setup = t.by_status[RAS_STATUS_DIALING] + t.by_status[RAS_STATUS_AUTHENTICATING];
	if (t.attempts != t.successes + t.failures + in_setup)
		complain(life, "%s: %u attempts, %u successes, %u failures, %u in set-up", when, t.attempts,
			 t.successes, t.failures, in_setup);
	for (unsigned i = 0; i < RAS_STATUS_MAX; i++)
		rows += t.by_status[i];
	if (rows != t.entries || t.entries != ras_conn_count(life->ras))
		complain(life, "%s: %u rows by status, %u entries, %zu rows", when, rows, t.entries,
			 ras_conn_count(life->ras));
	life->world->attempts = MAX(life->world->attempts, t.attempts);
	life->world->history = MAX(life->world->history, t.hist_newest);
}

/* At the beginning of a life: what was answered or seen in an earlier one is there. */
static void check_memory(struct life *life)
{
	struct world *world = life->world;
	struct ras_totals t;

	ras_totals_get(life->ras, &t);
	/* kill -9 may cut the last line. */
	if (t.storage_problems > 1)
		complain(life, "storage status %d, %u problems", (int)t.storage_status, t.storage_problems);
	if (t.attempts < world->attempts || t.hist_newest < world->history)
		complain(life, "%u attempts, newest row %u, but there were %u and %u", t.attempts, t.hist_newest,
			 world->attempts, world->history);
	if (!own_check(life->ras, &world->own))
		complain(life, "a row made over SNMP is not as it was");
	for (size_t i = 0; i < ras_conn_count(life->ras); i++) {
		const struct ras_conn *conn = ras_conn_at(life->ras, i);
		unsigned row = number_of(conn);
		struct ras_conn_info info;

		ras_conn_get(conn, &info);
		if (row >= ROWS_FIXED && row < ROWS)
			continue;
		if (info.request_id != world->row[row].answered && info.request_id != world->row[row].asked)
			complain(life, "%s: request %u, but %u was answered and %u the last one asked for", conn->name,
				 info.request_id, world->row[row].answered, world->row[row].asked);
		world->row[row].asked = world->row[row].answered = info.request_id;
	}
}

static uint32_t fixed_successes(const struct life *life)
{
	struct ras_conn_info info;
	uint32_t sum = 0;

	for (unsigned i = 0; i < ROWS_FIXED; i++) {
		ras_conn_get(ras_conn_by_name(life->ras, life->entries[i]->name), &info);
		sum += info.counters.successes;
	}
	return sum;
}

static bool is_fixed(const struct life *life, const char *name)
{
	for (unsigned i = 0; i < ROWS_FIXED; i++)
		if (str_equal(life->entries[i]->name, name))
			return true;
	return false;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* With everything down: one row for each attempt. Returns how many calls of fixed rows ended in this life. */
static uint32_t check_history(struct life *life)
{
	static uint32_t call_ids[HISTORY];
	struct ras_history_row row = {.index = 0};
	uint32_t ended = 0;
	size_t n = 0;

	while (n < HISTORY && ras_history_next(life->ras, row.index + 1, &row) == 0) {
		call_ids[n++] = row.call_id;
		ended += row.connected && row.index > life->begin.hist_newest && is_fixed(life, row.entry_name);
	}
	qsort(call_ids, n, sizeof(*call_ids), compare_numbers);
	for (size_t i = 1; i < n; i++)
		if (call_ids[i] == call_ids[i - 1])
			complain(life, "call %u is in the history twice", call_ids[i]);
	return ended;
}

static void check_rest(struct life *life)
{
	uint32_t owed, calls = check_history(life);
	struct ras_totals t;

	check_sums(life, "at rest");
	ras_totals_get(life->ras, &t);
	if (t.hist_newest != t.attempts)
		complain(life, "%u rows of history for %u attempts", t.hist_newest, t.attempts);
	for (size_t i = 0; i < ras_conn_count(life->ras); i++)
		if (ras_conn_at(life->ras, i)->begun)
			complain(life, "%s: a request was accepted and not begun", ras_conn_at(life->ras, i)->name);
	if (t.notify_sent != life->taken)
		complain(life, "%u notifications sent, %u taken", t.notify_sent, life->taken);
	owed = t.notify_sent + t.notify_suppressed + t.notify_pending + t.notify_dropped;
	calls += fixed_successes(life) - life->begin_successes;
	if (life->booked && owed != calls)
		complain(life, "%u sent, %u suppressed, %u pending, %u dropped, but %u notifications were owed",
			 t.notify_sent, t.notify_suppressed, t.notify_pending, t.notify_dropped, calls);
}

static unsigned entries_of(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* ---- what happens ---- */

static uint32_t choose_request_id(struct life *life, unsigned row)
{
	switch (dice(life, 3)) {
	case 0:
		return 0;
	case 1: /* a repetition */
		return life->world->row[row].answered;
	default:
		return ++life->request_id;
	}
}

static void request(struct life *life)
{
	static const enum ras_action actions[] = {
		RAS_ACTION_DIAL,   RAS_ACTION_DIAL,    RAS_ACTION_DIAL,        RAS_ACTION_REDIAL,
		RAS_ACTION_REDIAL, RAS_ACTION_HANG_UP, RAS_ACTION_CLEAR_ERROR, RAS_ACTION_NONE,
	};
	struct ras_conn *conn = ras_conn_at(life->ras, dice(life, (unsigned)ras_conn_count(life->ras)));
	enum ras_action action = actions[dice(life, ARRAY_SIZE(actions))];
	unsigned row = number_of(conn), fate = dice(life, 8);
	uint32_t id = choose_request_id(life, row);
	struct ras_request *request;

	if (ras_request_reserve(life->ras, conn, action, id, RAS_TRIGGER_SNMP, &request) < 0)
		return;
	if (fate == 0)
		return ras_request_cancel(request);
	life->world->row[row].asked = id;
	if (ras_request_write(request) < 0) {
		complain(life, "%s: a request cannot be written", conn->name);
		return ras_request_cancel(request);
	}
	if (dice(life, 2))
		rest(1);
	if (fate == 1) {
		ras_request_undo(request);
		ras_request_cancel(request);
		life->world->row[row].asked = life->world->row[row].answered;
		return;
	}
	ras_request_commit(request);
	life->world->row[row].answered = id;
}

static void reload(void *arg)
{
	load(arg, ROWS - dice(arg, ROWS - ROWS_FIXED + 1));
}

/* What goes with a row is gone before another one has its index. */
static void change_rows(struct life *life)
{
	struct world *world = life->world;
	const char *fault;

	for (unsigned i = 0; i < OWN_ROWS; i++)
		if (!ras_conn_find(life->ras, OWN_INDEX + i))
			memset(&world->row[ROWS + i], 0, sizeof(world->row[ROWS + i]));
	fault = own_change(life->ras, &world->own, &life->seed, reload, life);
	if (fault)
		complain(life, "%s", fault);
}

static void take_notices(struct life *life)
{
	struct ras_notice notice;

	if (dice(life, 10) == 0)
		ras_notices_connected(life->ras, dice(life, 2));
	while (ras_notices_take(life->ras, &notice))
		life->taken++;
}

static void change_settings(struct life *life)
{
	unsigned fate = dice(life, 40);

	if (fate == 0)
		ras_setting_apply(life->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_ENABLED + dice(life, 3));
	else if (fate < 14)
		ras_setting_apply(life->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_ENABLED);
	else if (fate < 16)
		ras_setting_apply(life->ras, RAS_SETTING_MAX_CONCURRENT_DIALS, dice(life, 5));
}

static void live(struct life *life, int64_t until)
{
	while (clock_mono_ms() < until && !life->bad) {
		for (unsigned i = 0; i < 8; i++) {
			request(life);
			check_sums(life, "busy");
		}
		for (unsigned i = 0; i < 3; i++) {
			change_rows(life);
			check_sums(life, "changed");
		}
		if (dice(life, 30) == 0)
			reload(life);
		change_settings(life);
		take_notices(life);
		ras_reap(life->ras);
		rest((int)dice(life, 10));
	}
}

static void come_to_rest(struct life *life)
{
	int64_t deadline = clock_mono_ms() + PATIENCE_MS;
	struct ras_totals t;

	do {
		for (size_t i = 0; i < ras_conn_count(life->ras); i++)
			ras_hang_up(ras_conn_at(life->ras, i));
		rest(20);
		ras_reap(life->ras);
		ras_totals_get(life->ras, &t);
	} while (t.threads > 0 && clock_mono_ms() < deadline);
	if (t.threads > 0)
		complain(life, "%u threads are left", t.threads);
	take_notices(life);
	check_rest(life);
}

/* Writes the journal anew at moments of its own, as far as that is allowed. */
static void *compact(void *arg)
{
	struct life *life = arg;
	unsigned seed = life->number;

	while (!atomic_load(&life->over)) {
		rest(rand_r(&seed) % 40);
		pthread_mutex_lock(&life->ras->store.lock);
		if (atomic_load(&life->ras->store.ahead) == 0)
			store_compact(life->ras);
		pthread_mutex_unlock(&life->ras->store.lock);
	}
	return NULL;
}

/* ---- a life ---- */

static bool begin(struct life *life)
{
	struct ras_settings settings = {
		.state_dir = "state",
		.run_dir = "run",
		.value =
			{
				[RAS_SETTING_ADMIN_MODE] = RAS_ADMIN_ENABLED,
				[RAS_SETTING_HIST_MAX_ENTRIES] = HISTORY,
				[RAS_SETTING_NOTIFY_TYPES] = life->booked ? BOOKED : (1u << RAS_NOTIFY_MAX) - 1,
			},
		.permit = {.entries = true, .device_types = 1u << RAS_DEVICE_LOOPBACK},
		.row_format = &config_row_format,
		.hang_up_timeout = 10,
		.notify_queue = QUEUE,
	};
	struct ras_error error = RAS_ERROR_INIT;

	if (ras_new(&settings, drivers, &error, &life->ras) < 0) {
		complain(life, "ras_new: %s", error.text);
		return false;
	}
	load(life, ROWS);
	if (life->bad)
		return false;
	ras_totals_get(life->ras, &life->begin);
	life->begin_successes = fixed_successes(life);
	ras_notices_connected(life->ras, true);
	if (ras_start(life->ras) < 0 || pthread_create(&life->compactor, NULL, compact, life) != 0) {
		complain(life, "the engine does not start");
		return false;
	}
	check_memory(life);
	check_sums(life, "at the start");
	return true;
}

static void end(struct life *life)
{
	struct ras_request *request = NULL;
	int64_t began;
	int r;

	atomic_store(&life->over, true);
	pthread_join(life->compactor, NULL);
	/* A master may have died between the phases of a SET. */
	if (dice(life, 2))
		ras_request_reserve(life->ras, ras_conn_at(life->ras, 1), RAS_ACTION_DIAL, 0, RAS_TRIGGER_SNMP,
				    &request);
	began = clock_mono_ms();
	r = ras_stop(life->ras, STOP_MS);
	if (r < 0)
		complain(life, "ras_stop: %d after %d ms", r, (int)(clock_mono_ms() - began));
	check_sums(life, "at the end");
	if (life->ras->in_setup > (request ? 1 : 0))
		complain(life, "%u places are left taken", life->ras->in_setup);
	ras_free(life->ras);
	for (unsigned i = 0; i < ROWS; i++)
		ras_entry_unref(life->entries[i]);
}

/* Returns 0 if all was well. A life that is not peaceful goes on until it is killed. */
static int whole_life(struct life *life, bool peaceful)
{
	unsigned fds = entries_of("/proc/self/fd");

	life->booked = dice(life, 2);
	life->request_id = life->number * 10000;
	if (!begin(life))
		return 1;
	live(life, clock_mono_ms() + (peaceful ? BUSY_MS : 10 * PATIENCE_MS));
	if (life->bad == 0 && dice(life, 2))
		come_to_rest(life);
	end(life);
	if (entries_of("/proc/self/fd") != fds)
		complain(life, "%u descriptors instead of %u", entries_of("/proc/self/fd"), fds);
	return life->bad > 0;
}

/* ---- all lives ---- */

static bool one_life(struct world *world, unsigned seed, unsigned number)
{
	struct life life = {.world = world, .number = number, .seed = seed + number * 7919};
	bool peaceful = number % 3 == 0;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		printf("# fork: %s\n", strerror(errno));
		return false;
	}
	if (pid == 0)
		exit(whole_life(&life, peaceful));
	if (!peaceful) {
		rest(20 + (int)dice(&life, 700));
		kill(pid, SIGKILL);
	}
	if (waitpid(pid, &status, 0) != pid)
		return false;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0;
	if (!peaceful && WTERMSIG(status) == SIGKILL)
		return true;
	printf("# life %u: ended by signal %d\n", number, WTERMSIG(status));
	return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static struct world *world_new(char *folder, size_t size)
{
	const char *tmp = getenv("TMPDIR");
	void *world = mmap(NULL, sizeof(struct world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	snprintf(folder, size, "%s/rasdial-XXXXXX", tmp ? tmp : "/tmp");
	if (world == MAP_FAILED || !mkdtemp(folder) || chdir(folder) < 0) {
		perror(folder);
		exit(1);
	}
	return world;
}

int main(int argc, char **argv)
{
	unsigned seed = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : (unsigned)clock_real_ms();
	double minutes = argc > 2 ? strtod(argv[2], NULL) : 1;
	int64_t until = clock_mono_ms() + (int64_t)(minutes * 60000);
	char folder[256];
	struct world *world = world_new(folder, sizeof(folder));
	unsigned lives = 0;
	bool good = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_open("chaos", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	printf("1..1\n# seed %u, %g minutes\n", seed, minutes);
	while (good && clock_mono_ms() < until)
		good = one_life(world, seed, ++lives);
	printf("%sok 1 - %u lives, two of three ended by kill -9, in %u attempts (seed %u)\n", good ? "" : "not ",
	       lives, world->attempts, seed);
	if (getenv("RASDIAL_KEEP"))
		printf("# %s is left\n", folder);
	else if (chdir("/") == 0)
		nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return good ? 0 : 1;
}
