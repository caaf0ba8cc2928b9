/* SPDX-License-Identifier: BSD-2-Clause */
/* A simulated line, for trials, tests and load. Its destination says what happens: comma-separated words, see words[].
 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "driver/drivers.h"
#include "sys/clock.h"

#define STUCK_SECONDS 30
#define SPEED 56000 /* bit/s */
#define TIME_MAX_MS (30ll * 24 * 3600 * 1000)

struct plan {
	int64_t setup_ms;
	int64_t drop_ms;   /* -1: stays up */
	int64_t demand_ms; /* -1: no traffic is simulated */
	int32_t fail, drop_code;
	int32_t at;     /* enum ras_state, -1: where the code belongs */
	uint32_t fails; /* 0: all attempts */
	uint32_t jitter;
	int32_t load; /* percent of the line's speed; -1: a trickle */
	bool stuck;
	char text[RAS_TEXT_MAX];
	char expects[RAS_TEXT_MAX]; /* secret; "": any */
};

/* The states of a set-up, after openPort. */
static const enum ras_state passes[] = {
	RAS_PORT_OPENED, RAS_CONNECT_DEVICE, RAS_DEVICE_CONNECTED, RAS_ALL_DEVICES_CONNECTED, RAS_AUTHENTICATE,
	RAS_AUTH_NOTIFY, RAS_AUTH_PROJECT,   RAS_AUTH_ACK,         RAS_AUTHENTICATED,         RAS_PROJECTED,
};

/* Where an error of the set-up belongs when the destination does not say. The first range that holds it counts. */
static const struct {
	int32_t from, to;
	enum ras_state state;
} belongs[] = {
	{600, 602, RAS_OPEN_PORT},    {608, 609, RAS_OPEN_PORT},    {614, 615, RAS_OPEN_PORT},
	{623, 625, RAS_OPEN_PORT},    {633, 633, RAS_OPEN_PORT},    {645, 649, RAS_AUTH_NOTIFY},
	{664, 666, RAS_OPEN_PORT},    {691, 691, RAS_AUTH_NOTIFY},  {692, 692, RAS_OPEN_PORT},
	{708, 709, RAS_AUTH_NOTIFY},  {716, 717, RAS_AUTH_PROJECT}, {718, 721, RAS_AUTHENTICATE},
	{731, 733, RAS_AUTH_PROJECT}, {734, 734, RAS_AUTHENTICATE}, {735, 736, RAS_AUTH_PROJECT},
	{737, 737, RAS_AUTHENTICATE}, {738, 738, RAS_AUTH_PROJECT}, {739, 743, RAS_AUTH_NOTIFY},
	{756, 756, RAS_OPEN_PORT},    {778, 778, RAS_AUTH_NOTIFY},  {787, 787, RAS_AUTH_NOTIFY},
	{811, 812, RAS_AUTH_NOTIFY},  {813, 814, RAS_OPEN_PORT},    {INT32_MIN, INT32_MAX, RAS_CONNECT_DEVICE},
};

/* ---- reading the destination ---- */

static int read_number(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end || errno != 0 || n < min || n > max)
		return -EINVAL;
	*ret = n;
	return 0;
}

static int read_time(struct plan *plan, size_t offset, const char *text)
{
	char number[24];
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	int64_t n, scale = str_equal(unit, "ms") ? 1 : str_equal(unit, "s") ? 1000 : 0;

	if (digits == 0 || digits >= sizeof(number) || scale == 0)
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (read_number(number, 0, TIME_MAX_MS / scale, &n) < 0)
		return -EINVAL;
	*(int64_t *)((char *)plan + offset) = n * scale;
	return 0;
}

static int read_code(struct plan *plan, size_t offset, const char *text)
{
	int64_t n;

	if (read_number(text, -4095, 999, &n) < 0 || (n >= 0 && n < 600))
		return -EINVAL;
	*(int32_t *)((char *)plan + offset) = (int32_t)n;
	return 0;
}

static int read_state(struct plan *plan, size_t offset, const char *text)
{
	int32_t state;

	if (ras_label_value(ras_state_labels, text, &state) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(passes); i++) {
		if (state != RAS_OPEN_PORT && state != (int32_t)passes[i])
			continue;
		*(int32_t *)((char *)plan + offset) = state;
		return 0;
	}
	return -EINVAL;
}

static int read_count(struct plan *plan, size_t offset, const char *text)
{
	int64_t n;

	if (read_number(text, 1, UINT32_MAX, &n) < 0)
		return -EINVAL;
	*(uint32_t *)((char *)plan + offset) = (uint32_t)n;
	return 0;
}

static int read_percent(struct plan *plan, size_t offset, const char *text)
{
	int64_t n;

	if (read_number(text, 0, 100, &n) < 0)
		return -EINVAL;
	*(uint32_t *)((char *)plan + offset) = (uint32_t)n;
	return 0;
}

static int read_load(struct plan *plan, size_t offset, const char *text)
{
	int64_t n;

	if (read_number(text, 0, 1000, &n) < 0)
		return -EINVAL;
	*(int32_t *)((char *)plan + offset) = (int32_t)n;
	return 0;
}

static int read_text(struct plan *plan, size_t offset, const char *text)
{
	str_copy((char *)plan + offset, text, sizeof(plan->text));
	return 0;
}

static int read_expected(struct plan *plan, size_t offset, const char *text)
{
	str_copy((char *)plan + offset, text, sizeof(plan->expects));
	return text[0] ? 0 : -EINVAL;
}

static int read_flag(struct plan *plan, size_t offset, const char *text)
{
	*(bool *)((char *)plan + offset) = true;
	return text ? -EINVAL : 0;
}

static const struct word {
	const char *name;
	bool flag; /* stands alone */
	int (*read)(struct plan *plan, size_t offset, const char *text);
	size_t offset;
	const char *wants;
} words[] = {
	{"setup", false, read_time, offsetof(struct plan, setup_ms), "a time such as 250ms or 2s"},
	{"fail", false, read_code, offsetof(struct plan, fail),
	 "an error code from 600 to 999, or a negative errno value"},
	{"at", false, read_state, offsetof(struct plan, at), "a state of the set-up, such as authenticate"},
	{"text", false, read_text, offsetof(struct plan, text), "a text"},
	{"fails", false, read_count, offsetof(struct plan, fails), "a number of attempts from 1"},
	{"drop", false, read_time, offsetof(struct plan, drop_ms), "a time such as 250ms or 2s"},
	{"dropcode", false, read_code, offsetof(struct plan, drop_code),
	 "an error code from 600 to 999, or a negative errno value"},
	{"expects", false, read_expected, offsetof(struct plan, expects), "the secret that the far end accepts"},
	{"demand", false, read_time, offsetof(struct plan, demand_ms), "a time such as 250ms or 2s"},
	{"stuck", true, read_flag, offsetof(struct plan, stuck), "nothing behind it"},
	{"load", false, read_load, offsetof(struct plan, load), "a number of percent from 0 to 1000"},
	{"jitter", false, read_percent, offsetof(struct plan, jitter), "a number of percent from 0 to 100"},
};

static int read_word(struct plan *plan, char *text, unsigned number, struct ras_error *ret_error)
{
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!str_equal(text, words[i].name))
			continue;
		if ((words[i].flag || value) && words[i].read(plan, words[i].offset, value) == 0)
			return 0;
		ras_error_set(ret_error, 749, RAS_BACKEND_NONE, "Destination: \"%s\" wants %s", text, words[i].wants);
		return -EINVAL;
	}
	/* Meant for another device type it may be a number, which neither the log nor who watches errors shall see. */
	ras_error_set(ret_error, 749, RAS_BACKEND_NONE, "Destination: word %u is none that the loopback line knows",
		      number);
	return -EINVAL;
}

static int read_plan(const char *destination, struct plan *ret, struct ras_error *ret_error)
{
	struct plan plan = {.setup_ms = 100, .drop_ms = -1, .demand_ms = -1, .drop_code = 829, .at = -1, .load = -1};
	char copy[RAS_TEXT_MAX], *rest = copy, *word;
	unsigned number = 0;

	str_copy(copy, destination, sizeof(copy));
	while ((word = strsep(&rest, ","))) {
		word += strspn(word, " ");
		number++;
		if (*word && read_word(&plan, word, number, ret_error) < 0)
			return -EINVAL;
	}
	if (plan.expects[0] && plan.fail == 0)
		plan.fail = 691;
	*ret = plan;
	return 0;
}

static int loopback_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	struct plan plan;

	return read_plan(entry->destination, &plan, ret_error);
}

/* ---- the line ---- */

static int64_t jittered(int64_t ms, uint32_t percent)
{
	int64_t spread = ms * percent / 100;

	return ms - spread + clock_jitter((uint32_t)MIN(2 * spread + 1, (int64_t)UINT32_MAX));
}

static enum ras_state fails_at(const struct plan *plan)
{
	size_t i = 0;

	if (plan->at >= 0)
		return (enum ras_state)plan->at;
	while (plan->fail < belongs[i].from || plan->fail > belongs[i].to)
		i++;
	return belongs[i].state;
}

/* The plan of this call, as its data; NULL: the call has failed. */
static struct plan *make_plan(struct ras_call *call)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct plan *plan = malloc(sizeof(*plan));

	if (!plan) {
		ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
		return NULL;
	}
	if (read_plan(ras_call_destination(call), plan, &error) < 0) {
		ras_call_fail(call, error.code, error.backend, "%s", error.text);
		free(plan);
		return NULL;
	}
	ras_call_set_data(call, plan);
	return plan;
}

static bool will_fail(const struct ras_call *call, const struct plan *plan)
{
	const char *secret = ras_call_entry(call)->secret;

	if (plan->expects[0])
		return !secret || !str_equal(secret, plan->expects);
	return plan->fail != 0 && (plan->fails == 0 || ras_call_attempt(call) < plan->fails);
}

static void show_line(struct ras_call *call)
{
	static const uint8_t localhost[] = {127, 0, 0, 1};
	struct ras_addr addrs[] = {
		{.role = RAS_ADDR_LOCAL, .len = sizeof(localhost), .prefix_len = 32},
		{.role = RAS_ADDR_PEER, .len = sizeof(localhost), .prefix_len = 32},
	};

	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++)
		memcpy(addrs[i].octets, localhost, sizeof(localhost));
	ras_call_set_interface(call, if_nametoindex("lo"), "lo");
	ras_call_set_addresses(call, addrs, ARRAY_SIZE(addrs));
	ras_call_set_speed(call, SPEED);
}

/* A packet after the time that the destination says; each time it waits anew. */
static int loopback_arm(struct ras_call *call)
{
	const struct plan *plan = make_plan(call);

	if (!plan)
		return -EIO;
	if (plan->demand_ms < 0)
		return ras_call_fail(
			call, 716, RAS_BACKEND_NONE,
			"A loopback line is dialed on demand only with the word demand=... in its destination");
	return ras_call_wait(call, NULL, 0, (int)MIN(plan->demand_ms, (int64_t)INT32_MAX));
}

static int loopback_dial(struct ras_call *call)
{
	struct plan *plan = ras_call_data(call) ? ras_call_data(call) : make_plan(call);
	int64_t start, setup;
	int r;

	if (!plan)
		return -EIO;
	start = clock_mono_ms();
	setup = jittered(plan->setup_ms, plan->jitter);
	if (plan->drop_ms >= 0) {
		plan->drop_ms = jittered(plan->drop_ms, plan->jitter);
		ras_call_note_u64(call, "d-drop", (uint64_t)plan->drop_ms);
	}
	if (will_fail(call, plan) && fails_at(plan) == RAS_OPEN_PORT)
		return ras_call_fail(call, plan->fail, RAS_BACKEND_NONE, plan->text[0] ? "%s" : NULL, plan->text);
	for (size_t i = 0; i < ARRAY_SIZE(passes); i++) {
		int64_t due = start + setup * (int64_t)(i + 1) / (int64_t)(ARRAY_SIZE(passes) + 1);

		r = ras_call_wait(call, NULL, 0, (int)MAX(due - clock_mono_ms(), 0));
		if (r < 0)
			return r;
		ras_call_enter(call, passes[i]);
		if (will_fail(call, plan) && fails_at(plan) == passes[i])
			return ras_call_fail(call, plan->fail, RAS_BACKEND_NONE, plan->text[0] ? "%s" : NULL,
					     plan->text);
	}
	r = ras_call_wait(call, NULL, 0, (int)MAX(start + setup - clock_mono_ms(), 0));
	if (r < 0)
		return r;
	show_line(call);
	return 0;
}

static int loopback_watch(struct ras_call *call)
{
	const struct plan *plan = ras_call_data(call);
	int64_t rest = ras_call_up_since(call) + plan->drop_ms - clock_mono_ms();
	int r;

	do {
		r = ras_call_wait(call, NULL, 0, plan->drop_ms < 0 ? -1 : (int)MIN(MAX(rest, 0), (int64_t)INT32_MAX));
	} while (r >= 0 && plan->drop_ms < 0);
	if (r < 0)
		return r;
	return ras_call_fail(call, plan->drop_code, RAS_BACKEND_NONE, plan->text[0] ? "%s" : NULL, plan->text);
}

static void loopback_release(struct ras_call *call)
{
	free(ras_call_data(call));
	ras_call_set_data(call, NULL);
}

static void loopback_hang_up(struct ras_call *call)
{
	const struct plan *plan = ras_call_data(call);

	if (plan && plan->stuck)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_sec = STUCK_SECONDS}, NULL);
	loopback_release(call);
}

static int loopback_adopt(struct ras_call *call, const struct record *record, bool up)
{
	struct plan *plan = make_plan(call);
	uint64_t drop;

	if (!plan)
		return -EIO;
	/* An agent that was killed while a line hung has been kept waiting long enough. */
	if (!up) {
		plan->stuck = false;
		return 0;
	}
	if (record_get_u64(record, "d-drop", &drop) == 0)
		plan->drop_ms = (int64_t)MIN(drop, (uint64_t)TIME_MAX_MS);
	return 0;
}

/* Made traffic: a steady trickle, so that graphs have something to show, or as much as the destination says. A line
 * with an idle time is silent, so that this can be tried too. It goes by the clock alone, so whoever looks may ask. */
static int loopback_traffic(struct ras_call *call, struct ras_traffic *ret)
{
	const struct plan *plan = ras_call_data(call);
	bool silent = ras_call_entry(call)->idle_timeout > 0;
	uint64_t ms = silent ? 0 : (uint64_t)MAX(clock_mono_ms() - ras_call_up_since(call), 0);

	if (!plan)
		return -ENODEV;
	*ret = (struct ras_traffic){
		.in_octets = plan->load < 0 ? ms * 8 : ms * (uint64_t)plan->load * (SPEED / 8) / 100000,
		.out_octets = ms * 2,
		.in_packets = ms / 100,
		.out_packets = ms / 200,
	};
	return 0;
}

const struct ras_driver ras_driver_loopback = {
	.name = "loopback",
	.device_types = 1u << RAS_DEVICE_LOOPBACK,
	.bundles = true,
	.check = loopback_check,
	.arm = loopback_arm,
	.dial = loopback_dial,
	.watch = loopback_watch,
	.hang_up = loopback_hang_up,
	.release = loopback_release,
	.adopt = loopback_adopt,
	.traffic = loopback_traffic,
};
