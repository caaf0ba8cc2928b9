/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/pptp_words.h"

#include <stdio.h>
#include <string.h>

#include "sys/macro.h"

#define FD_LINE 8 /* in the script: the line to pppd, while 1 goes to cat */

/* pptp would leave a route to the server behind, so it makes none. */
size_t pptp_script(const char *server, const char *socket, int script_fd, int words_fd, char ret[PPTP_SCRIPT_MAX])
{
	int n = snprintf(ret, PPTP_SCRIPT_MAX,
			 "exec %d>&1 %d<&-\n"
			 "if grep -q ' %s$' /proc/net/unix; then"
			 " echo 'rasdial]: Call manager for %s is already running.' >&%d; exit 1; fi\n"
			 "echo open >&%d\n"
			 "{ " PPTP_PROGRAM " %s --nolaunchpppd --nohostroute --logstring rasdial"
			 " 2>&1 >&%d %d>&- %d>&- %d>&-; echo end $? >&%d; } |"
			 " { cat >&%d; echo call >&%d; }\n",
			 FD_LINE, script_fd, socket, server, words_fd, PPPD_FD_REPORT, server, FD_LINE, FD_LINE,
			 PPPD_FD_REPORT, words_fd, PPPD_FD_REPORT, words_fd, PPPD_FD_REPORT);

	return (size_t)n;
}

/* As "rasdial warn[open_inetsock:pptp_callmgr.c:329]: connect: Connection refused". */
const struct pppd_line_row pptp_rows[] = {
	{"*]: connect: Connection refused", PPPD_SETUP, 808, NULL, NULL},
	{"*]: connect: Connection timed out", PPPD_SETUP, 809, NULL, NULL},
	{"*]: connect: *", PPPD_SETUP, 800, "The server cannot be reached", "connect: "},
	{"*]: Call manager for * is already running.", PPPD_SETUP, 633,
	 "Another PPTP connection to this server is there, and pptp has one for each", NULL},
	{"*]: Cannot bind GRE socket*", PPPD_SETUP, 609, "The kernel or its rules do not let pptp send GRE", NULL},
	{"*]: Could not make path to *", PPPD_SETUP, 645, NULL, "]: "},
	{"*]: Could not fork*", PPPD_SETUP, 664, NULL, "]: "},
	{"*]: fork() to launch call manager failed*", PPPD_SETUP, 664, NULL, "]: "},
	{"*: " PPTP_PROGRAM ": *", PPPD_SETUP, 609, "pptp cannot be run", PPTP_PROGRAM ": "},
	{NULL, 0, 0, NULL, NULL},
};

/* The server has answered, and nothing comes through. */
static void set_blocked(struct pppd_verdict *v)
{
	pppd_verdict_set(v, 806,
			 "The server has answered, but nothing comes through the tunnel: is GRE (IP protocol 47) "
			 "blocked on the way?");
}

/* pptp ends with 0 after it had the tunnel only, as when GRE is refused on the way. Where the server ends the call
 * before, it is ended by its own other half. */
static void refine_end(const char *report, struct pppd_verdict *v)
{
	if (strstr(report, "end 0\n"))
		set_blocked(v);
	else if (strstr(report, "end 143\n"))
		pppd_verdict_set(v, 808, "The server does not accept the call");
}

void pptp_refine(const struct pppd_link *link, struct pppd_verdict *v)
{
	if (link->up && v->code == 829)
		pppd_verdict_set(v, 807, NULL);
	if (link->up || link->state.heard)
		return;
	if (v->code == 619)
		refine_end(link->report, v);
	else if ((v->code == 0 || v->code == 718) && strstr(link->report, "call\n"))
		set_blocked(v);
	else if (v->code == 0 || v->code == 718)
		pppd_verdict_set(v, 809, NULL);
}
