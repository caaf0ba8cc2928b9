/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/serial_line.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SPEED_DEFAULT 115200

/* What termios has; pppd takes no other number for a speed. */
static const uint32_t speeds[] = {300,     600,     1200,    2400,    4800,    9600,    19200,  38400,
				  57600,   115200,  230400,  460800,  500000,  576000,  921600, 1000000,
				  1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000};

int serial_check_speed(const struct ras_entry *entry, struct ras_error *ret_error)
{
	bool known = entry->speed == 0;

	for (size_t i = 0; i < ARRAY_SIZE(speeds) && !known; i++)
		known = entry->speed == speeds[i];
	if (known)
		return 0;
	ras_error_set(ret_error, 625, RAS_BACKEND_NONE, "speed %u is none that a serial line has", entry->speed);
	return -EINVAL;
}

static int find_device(struct ras_call *call, struct pppd_link *link)
{
	const char *name = ras_call_device_name(call);
	char path[PATH_MAX];
	struct stat st;

	if (!realpath(name, path) || stat(path, &st) < 0) {
		if (errno == ENOENT)
			return ras_call_fail(call, 608, RAS_BACKEND_NONE, "%s does not exist (is it plugged in?)",
					     name);
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

int serial_prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	uint32_t speed = ras_call_entry(call)->speed;
	char number[16];
	int r;

	r = find_device(call, link);
	if (r < 0)
		return r;
	speed = speed > 0 ? speed : SPEED_DEFAULT;
	snprintf(number, sizeof(number), "%u", speed);
	pppd_option_word(options, link->device);
	pppd_option_word(options, number);
	pppd_option(options, "lock", NULL);
	pppd_option_number(options, "asyncmap", 0);
	ras_call_set_speed(call, speed);
	return 0;
}

int serial_give_script(struct ras_call *call, struct pppd_link *link, enum chat_step step, unsigned answer_seconds,
		       int target)
{
	_cleanup_free_ char *text = malloc(CHAT_SCRIPT_MAX);
	int len, r;

	if (!text)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	len = chat_script(step, ras_call_entry(call), ras_call_destination(call), answer_seconds, text);
	if (len < 0)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE, "modem-init is too long");
	r = pppd_give_text(link, text, (size_t)len, target);
	if (r < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No pipe for chat: %s", strerror(-r));
	return 0;
}
