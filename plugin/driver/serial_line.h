/* SPDX-License-Identifier: BSD-2-Clause */
/* What all device types on a serial line have in common: the device, its speed, that pppd has it for itself, and how
 * chat gets its scripts. */
#ifndef RASDIAL_DRIVER_SERIAL_LINE_H
#define RASDIAL_DRIVER_SERIAL_LINE_H

#include "driver/modem_chat.h"
#include "driver/pppd.h"

/* Traffic is asked for so often while the link is up. */
#define SERIAL_STATS_INTERVAL_MS 2000

/* Is the speed of the entry one that a serial line has? Returns 0, or -EINVAL with ret_error filled (625). */
int serial_check_speed(const struct ras_entry *entry, struct ras_error *ret_error);

/* Finds the device of the call, a line below /dev, also behind links, and adds the options that name it. Returns 0, or
 * negative with ras_call_fail() said (608, 615). */
int serial_prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options);

/* Hands the script of a step over to chat. Returns 0, or negative with ras_call_fail() said. */
int serial_give_script(struct ras_call *call, struct pppd_link *link, enum chat_step step, unsigned answer_seconds,
		       int target);

#endif
