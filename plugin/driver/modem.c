/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type modem: chat dials a number on a serial line, and pppd speaks over the connection. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "driver/drivers.h"
#include "driver/modem_chat.h"
#include "driver/pppd.h"

#define STATS_INTERVAL_MS 2000
#define SPEED_DEFAULT 115200

enum { FD_INIT = PPPD_FD_MEDIUM, FD_DIAL };

/* What termios has; pppd takes no other number for a speed. */
static const uint32_t speeds[] = {300,     600,     1200,    2400,    4800,    9600,    19200,  38400,
				  57600,   115200,  230400,  460800,  500000,  576000,  921600, 1000000,
				  1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000};

static int modem_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	bool known = entry->speed == 0;

	for (size_t i = 0; i < ARRAY_SIZE(speeds) && !known; i++)
		known = entry->speed == speeds[i];
	if (!known) {
		ras_error_set(ret_error, 625, RAS_BACKEND_NONE, "speed %u is none that a serial line has",
			      entry->speed);
		return -EINVAL;
	}
	if (chat_check_number(entry->destination, ret_error) < 0 || chat_check_init(entry->modem_init, ret_error) < 0)
		return -EINVAL;
	return pppd_options_check(entry, ret_error);
}

/* Some of the time that the dial has; the rest is for the negotiation. */
static unsigned answer_seconds(const struct ras_call *call)
{
	return MAX(ras_call_entry(call)->dial_timeout * 2 / 3, 5u);
}

/* The device must be a line below /dev, also behind links. */
static int find_device(struct ras_call *call, struct pppd_link *link)
{
	const char *name = ras_call_device_name(call);
	char path[PATH_MAX];
	struct stat st;

	if (!realpath(name, path) || stat(path, &st) < 0) {
		if (errno == ENOENT)
			return ras_call_fail(call, 608, RAS_BACKEND_NONE,
					     "%s does not exist (is the modem plugged in?)", name);
		return ras_call_fail(call, 615, RAS_BACKEND_NONE, "%s: %s", name, strerror(errno));
	}
	if (strncmp(path, "/dev/", 5) != 0 || !S_ISCHR(st.st_mode))
		return ras_call_fail(call, 615, RAS_BACKEND_NONE, "%s is no device below /dev", name);
	if (strlen(path) >= sizeof(link->device))
		return ras_call_fail(call, 615, RAS_BACKEND_NONE, "The path of the device is too long");
	str_copy(link->device, path, sizeof(link->device));
	ras_call_note_str(call, "d-device", link->device);
	return 0;
}

static int give_script(struct ras_call *call, struct pppd_link *link, enum chat_step step, int target)
{
	_cleanup_free_ char *text = malloc(CHAT_SCRIPT_MAX);
	int len, r;

	if (!text)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	len = chat_script(step, ras_call_entry(call), ras_call_destination(call), answer_seconds(call), text);
	if (len < 0)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE, "modem-init is too long");
	r = pppd_give_text(link, text, (size_t)len, target);
	if (r < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No pipe for chat: %s", strerror(-r));
	return 0;
}

static int prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	const struct ras_entry *entry = ras_call_entry(call);
	uint32_t speed = entry->speed > 0 ? entry->speed : SPEED_DEFAULT;
	char line[512], number[16];
	struct ras_error error;
	int r;

	/* A subentry may have another number than the one that was checked. */
	if (chat_check_number(ras_call_destination(call), &error) < 0)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	r = find_device(call, link);
	if (r == 0)
		r = pppd_need_program(call, CHAT_PROGRAM, "ppp");
	if (r == 0)
		r = give_script(call, link, CHAT_INIT, FD_INIT);
	if (r == 0)
		r = give_script(call, link, CHAT_DIAL, FD_DIAL);
	if (r < 0)
		return r;
	pppd_option_word(options, link->device);
	snprintf(number, sizeof(number), "%u", speed);
	pppd_option_word(options, number);
	pppd_option(options, "lock", NULL);
	pppd_option(options, "modem", NULL);
	pppd_option(options, "crtscts", NULL);
	pppd_option_number(options, "asyncmap", 0);
	chat_line(FD_INIT, FD_DIAL, PPPD_FD_REPORT, line, sizeof(line));
	pppd_option(options, "connect", line);
	ras_call_set_speed(call, speed);
	return 0;
}

static void see_line(struct ras_call *call, const char *line)
{
	uint32_t speed = chat_connect_speed(line);

	if (speed > 0)
		ras_call_set_speed(call, speed);
}

static bool explain(struct ras_call *call, const struct pppd_link *link, struct ras_error *ret)
{
	struct chat_report report;

	chat_report_parse(link->report, &report);
	return chat_explain(&report, answer_seconds(call), ret);
}

static const struct pppd_medium medium = {.prepare = prepare, .line = see_line, .explain = explain};

static int modem_arm(struct ras_call *call)
{
	return pppd_arm(call, &medium);
}

static int modem_dial(struct ras_call *call)
{
	return pppd_dial(call, &medium);
}

static int modem_adopt(struct ras_call *call, const struct record *record, bool up)
{
	return pppd_adopt(call, &medium, record, up);
}

const struct ras_driver ras_driver_modem = {
	.name = "modem",
	.device_types = 1u << RAS_DEVICE_MODEM,
	.stats_interval_ms = STATS_INTERVAL_MS,
	.check = modem_check,
	.arm = modem_arm,
	.dial = modem_dial,
	.watch = pppd_watch,
	.hang_up = pppd_hang_up,
	.release = pppd_release,
	.adopt = modem_adopt,
	.traffic = pppd_traffic,
};
