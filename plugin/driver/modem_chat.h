/* SPDX-License-Identifier: BSD-2-Clause */
/* What chat(8) is told to do with a modem, and what it says of it. The scripts go to chat through pipes: the number is
 * in no argument list. */
#ifndef RASDIAL_DRIVER_MODEM_CHAT_H
#define RASDIAL_DRIVER_MODEM_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/entry.h"
#include "ras/error.h"

#define CHAT_PROGRAM "/usr/sbin/chat"
#define CHAT_SCRIPT_MAX 4096

/* Is there a modem, is it told what it needs, does somebody answer: one chat after the other is run by a constant shell
 * line, which reports that it runs and how each ended. */
enum chat_step { CHAT_PROBE, CHAT_INIT, CHAT_DIAL, CHAT_STEPS };

/* How far chat came: status of each step, -1 if it did not come to it. */
struct chat_report {
	int status[CHAT_STEPS];
};

/* The shell line for pppd's option "connect". Descriptors as pppd will have them, one digit each; dial_fd 0:
 * nobody dials. */
void chat_line(int init_fd, int dial_fd, int report_fd, char *ret, size_t size);

/* Script of a step other than the first, as the device type of the entry has it: a cellular modem is told its access
 * point, one on a leased line (direct serial) is told modem-init and nothing else. answer_seconds: how long to wait for
 * the far end. Returns the length, or -EMSGSIZE. */
int chat_script(enum chat_step step, const struct ras_entry *entry, const char *number, unsigned answer_seconds,
		char ret[CHAT_SCRIPT_MAX]);

/* Are number and modem-init free of whatever chat or a modem would take for more than digits and commands? Returns 0,
 * or -EINVAL with ret_error filled: 749 or 723 (too long) for the number, 625 for modem-init. */
int chat_check_number(const char *number, struct ras_error *ret_error);
int chat_check_init(char *const *modem_init, struct ras_error *ret_error);

/* Reads what the shell line reported. */
void chat_report_parse(const char *text, struct chat_report *ret);

/* Why the dial failed. Returns false if chat was content. */
bool chat_explain(const struct chat_report *report, unsigned answer_seconds, struct ras_error *ret);

/* Speed in a line that chat writes for "CONNECT 115200/ARQ"; 0 if the line is none or has no number. */
uint32_t chat_connect_speed(const char *line);

#endif
