/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type pptp: pppd speaks through pptp(8), which carries it to a server in GRE. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver/drivers.h"
#include "driver/pptp_words.h"
#include "driver/tunnel.h"
#include "pppd-plugin/wire.h"

enum { FD_SCRIPT = PPPD_FD_MEDIUM, FD_WORDS };

/* Where a pptp waits for others that want to share its control connection; without a local address of its own it is
 * named with all ones. */
static void socket_path(const char *server, char ret[64])
{
	snprintf(ret, 64, "/var/run/pptp/255.255.255.255:%s", server);
}

/* Does somebody wait there? Asking him would open a call. */
static bool is_bound(const char *path)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, path) != NULL && strcspn(strstr(line, path), "\n") == strlen(path);
	if (file)
		fclose(file);
	return found;
}

/* Two pptp of one server share one control connection, and who ends the one ends both. The script looks again, since a
 * packet may come long after this. */
static int need_server_free(struct ras_call *call, const char *server)
{
	char path[64];

	socket_path(server, path);
	if (is_bound(path))
		return ras_call_fail(call, 633, RAS_BACKEND_NONE,
				     "Another PPTP connection to this server is there, and pptp has one for each");
	return 0;
}

static int prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	char server[INET_ADDRSTRLEN], path[64], text[PPTP_SCRIPT_MAX], line[64];
	int r;

	r = pppd_need_program(call, PPTP_PROGRAM, "pptp-linux");
	if (r == 0)
		r = tunnel_find_server(call, link, server);
	if (r == 0)
		r = need_server_free(call, server);
	if (r < 0)
		return r;
	socket_path(server, path);
	r = pppd_give_text(link, text, pptp_script(server, path, FD_SCRIPT, FD_WORDS, text), FD_SCRIPT);
	if (r == 0)
		r = pppd_give_words(link, FD_WORDS);
	if (r < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No pipe for pptp: %s", strerror(-r));
	snprintf(line, sizeof(line), "exec /bin/sh /proc/self/fd/%d", FD_SCRIPT);
	pppd_option(options, "pty", line);
	pppd_option(options, "nolock", NULL);
	pppd_option_number(options, "mtu", TUNNEL_MTU);
	pppd_option_number(options, "mru", TUNNEL_MTU);
	return 0;
}

/* The one of another connection, if ours has not begun to dial, or has found it there. */
static bool is_of_another(const struct pppd_link *link, const char *path)
{
	return (link->state.phase == WIRE_PHASE_DORMANT || link->words.first.code == 633) && is_bound(path);
}

/* pptp is killed before it could. */
static void remove_socket(struct ras_call *call UNUSED, const struct pppd_link *link)
{
	char server[INET_ADDRSTRLEN], path[64];

	tunnel_server(link, server);
	if (link->pid == 0 || server[0] == '\0')
		return;
	socket_path(server, path);
	if (!is_of_another(link, path))
		unlink(path);
}

static const struct pppd_medium medium = {
	.prepare = prepare,
	.restore = tunnel_restore,
	.rows = pptp_rows,
	.refine = pptp_refine,
	.remove_files = remove_socket,
	.carries_goodbye = true,
};

const struct ras_driver ras_driver_pptp = {
	.name = "pptp",
	.device_types = 1u << RAS_DEVICE_PPTP,
	.check = tunnel_check,
	.arm = pppd_arm,
	PPPD_DRIVER(medium),
};
