/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/l2tp_words.h"

#include <fnmatch.h>
#include <stdio.h>

#include "sys/macro.h"

/* As "xl2tpd[1234]: ". */
#define FROM "xl2tpd*: "

/* Port 0: one of its own, so that several live side by side. Numbers of tunnels must be random, or two that begin in
 * one second have the same. Secrets of tunnels are looked for nowhere, and the options of pppd come through a pipe. */
size_t l2tp_config(const char *server, char ret[L2TP_CONFIG_MAX])
{
	int n = snprintf(ret, L2TP_CONFIG_MAX,
			 "[global]\n"
			 "port = 0\n"
			 "auth file = /dev/null\n"
			 "rand source = dev\n"
			 "[lac rasdial]\n"
			 "lns = %s\n"
			 "autodial = yes\n"
			 "redial = no\n"
			 "pppoptfile = " PPPD_OPTIONS_PATH "\n",
			 server);

	return (size_t)n;
}

/* Those with words of the peer first, so that these decide nothing. */
const struct pppd_line_row l2tp_rows[] = {
	{FROM "control_finish: Connection closed to *", PPPD_SETUP, 808, NULL, "("},
	{FROM "control_finish: Connection closed to *", PPPD_UP, 629, NULL, "("},
	{FROM "Maximum retries exceeded for tunnel *", PPPD_SETUP, 809, NULL, NULL},
	{FROM "Maximum retries exceeded for tunnel *", PPPD_UP, 807, "The tunnel server does not answer any more",
	 NULL},
	{FROM "*hallenge*", PPPD_SETUP, 808, "The server wants a secret for the tunnel itself, which is not supported",
	 NULL},
	{FROM "start_pppd: unable to fork*", PPPD_ALWAYS, 664, NULL, "start_pppd: "},
	{FROM "start_pppd: unable to allocate pty*", PPPD_ALWAYS, 664, NULL, "start_pppd: "},
	{FROM "start_pppd: Unable to *PPPoL2TP socket*", PPPD_ALWAYS, 609, NULL, "start_pppd: "},
	{FROM "start_pppd: Exec of *", PPPD_ALWAYS, 609, NULL, "start_pppd: "},
	{FROM "connect_pppol2tp: Unable to *", PPPD_ALWAYS, 609, NULL, "connect_pppol2tp: "},
	{FROM "init_network: Unable to *", PPPD_ALWAYS, 664, NULL, "init_network: "},
	{FROM "init: Unable to load config file*", PPPD_ALWAYS, 645, "xl2tpd does not take its configuration", NULL},
	{FROM "open_controlfd: Unable to *", PPPD_ALWAYS, 645, NULL, "open_controlfd: "},
	{NULL, 0, 0, NULL, NULL},
};

bool l2tp_is_over(const char *line)
{
	static const char *const patterns[] = {
		FROM "control_finish: Connection closed to *",
		FROM "Connection * closed to *",
		FROM "child_handler : pppd *",
		FROM "start_pppd: unable to *",
		FROM "start_pppd: Unable to *",
	};

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		if (fnmatch(patterns[i], line, 0) == 0)
			return true;
	return false;
}

static void set_parent_end(const struct process *parent, bool up, struct pppd_verdict *v)
{
	char text[64] = "xl2tpd was ended from outside";

	if (parent->status > 128)
		snprintf(text, sizeof(text), "xl2tpd was killed by signal %d", parent->status - 128);
	else if (parent->status >= 0)
		snprintf(text, sizeof(text), "xl2tpd ended with status %d", parent->status);
	pppd_verdict_set(v, up ? 628 : 635, text);
}

void l2tp_refine(const struct pppd_link *link, struct pppd_verdict *v)
{
	if (link->parent.ended && (v->code == 0 || v->follows))
		set_parent_end(&link->parent, link->up, v);
	else if (link->up && v->code == 829)
		pppd_verdict_set(v, 807, NULL);
	else if (!link->up && v->code == 0 && link->state.pid == 0)
		pppd_verdict_set(v, 809, NULL);
	else if (!link->up && v->code == 0 && !link->state.heard)
		pppd_verdict_set(v, 721, "Nothing was heard from the peer");
}
