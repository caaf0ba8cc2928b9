/* SPDX-License-Identifier: BSD-2-Clause */
/* Device types modem and cellular: chat dials a number on a serial line, and pppd speaks over the connection. A
 * cellular modem is told its access point before; it says more of why it does not want to, also where it is used as a
 * modem. */
#include <errno.h>
#include <string.h>

#include "driver/cellular.h"
#include "driver/drivers.h"
#include "driver/serial_line.h"

enum { FD_INIT = PPPD_FD_MEDIUM, FD_DIAL };

static bool is_cellular(const struct ras_call *call)
{
	return ras_call_entry(call)->device_type == RAS_DEVICE_CELLULAR;
}

static int modem_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	if (serial_check_speed(entry, ret_error) < 0 || chat_check_number(entry->destination, ret_error) < 0 ||
	    chat_check_init(entry->modem_init, ret_error) < 0 || cellular_check_apn(entry->apn, ret_error) < 0)
		return -EINVAL;
	return pppd_options_check(entry, ret_error);
}

/* Some of the time that the dial has; the rest is for the negotiation. */
static unsigned answer_seconds(const struct ras_call *call)
{
	return MAX(ras_call_entry(call)->dial_timeout * 2 / 3, 5u);
}

static int prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	struct ras_error error;
	char line[512];
	int r;

	/* A subentry may have another number than the one that was checked. */
	if (chat_check_number(ras_call_destination(call), &error) < 0)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	r = serial_prepare(call, link, options);
	if (r == 0)
		r = pppd_need_program(call, CHAT_PROGRAM, "ppp");
	if (r == 0)
		r = serial_give_script(call, link, CHAT_INIT, answer_seconds(call), FD_INIT);
	if (r == 0)
		r = serial_give_script(call, link, CHAT_DIAL, answer_seconds(call), FD_DIAL);
	if (r < 0)
		return r;
	pppd_option(options, "modem", NULL);
	pppd_option(options, "crtscts", NULL);
	chat_line(FD_INIT, FD_DIAL, PPPD_FD_REPORT, line, sizeof(line));
	pppd_option(options, "connect", line);
	return 0;
}

static void see_line(struct ras_call *call, const char *line)
{
	uint32_t speed = chat_connect_speed(line);
	struct pppd_link *link = ras_call_data(call);

	if (speed > 0)
		ras_call_set_speed(call, speed);
	if (!link->up && cellular_complaint(line, &link->complaint))
		link->over = true;
}

static bool explain(struct ras_call *call, const struct pppd_link *link, struct ras_error *ret)
{
	struct chat_report report;

	if (link->complaint.code != 0) {
		*ret = link->complaint;
		return true;
	}
	chat_report_parse(link->report, &report);
	if (!chat_explain(&report, answer_seconds(call), ret))
		return false;
	if (is_cellular(call) && ret->code == 679)
		ras_error_set(ret, ret->code, ret->backend,
			      "The network does not open the packet context (is there a signal, is apn right?)");
	return true;
}

static const struct pppd_medium medium = {.prepare = prepare, .line = see_line, .explain = explain};

const struct ras_driver ras_driver_modem = {
	.name = "modem",
	.device_types = 1u << RAS_DEVICE_MODEM | 1u << RAS_DEVICE_CELLULAR,
	.check = modem_check,
	.arm = pppd_arm,
	.bundles = true,
	PPPD_DRIVER(medium),
};
