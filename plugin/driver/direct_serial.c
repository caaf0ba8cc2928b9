/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type directSerial: pppd speaks over a null modem cable or a leased line. Nobody dials; a modem of a leased
 * line may be told modem-init. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "driver/drivers.h"
#include "driver/serial_line.h"

enum { FD_INIT = PPPD_FD_MEDIUM };

static int direct_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	if (serial_check_speed(entry, ret_error) < 0 || chat_check_init(entry->modem_init, ret_error) < 0)
		return -EINVAL;
	return pppd_options_check(entry, ret_error);
}

static int add_init(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	char line[512];
	int r;

	r = pppd_need_program(call, CHAT_PROGRAM, "ppp");
	if (r == 0)
		r = serial_give_script(call, link, CHAT_INIT, 0, FD_INIT);
	if (r < 0)
		return r;
	chat_line(FD_INIT, 0, PPPD_FD_REPORT, line, sizeof(line));
	pppd_option(options, "connect", line);
	return 0;
}

/* pppd does not wait for traffic without a line that connects; this one has nothing to do. */
static void add_nothing(struct pppd_options *options)
{
	char line[32];

	snprintf(line, sizeof(line), "echo open >&%d", PPPD_FD_REPORT);
	pppd_option(options, "connect", line);
}

/* A cable of three wires has neither carrier nor handshake: a line that waits for either would be dead without a word.
 * Who has them says so in pppd-options (modem, crtscts). */
static int prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	int r;

	r = serial_prepare(call, link, options);
	if (r == 0 && ras_call_entry(call)->modem_init)
		r = add_init(call, link, options);
	else if (r == 0 && link->armed)
		add_nothing(options);
	if (r < 0)
		return r;
	pppd_option(options, "local", NULL);
	pppd_option(options, "nocrtscts", NULL);
	return 0;
}

static bool explain(struct ras_call *call, const struct pppd_link *link, struct ras_error *ret)
{
	struct chat_report report;

	(void)call;
	chat_report_parse(link->report, &report);
	return chat_explain(&report, 0, ret);
}

static const struct pppd_medium medium = {.prepare = prepare, .explain = explain};

const struct ras_driver ras_driver_direct_serial = {
	.name = "directSerial",
	.device_types = 1u << RAS_DEVICE_DIRECT_SERIAL,
	.check = direct_check,
	.bundles = true,
	.arm = pppd_arm,
	PPPD_DRIVER(medium),
};
