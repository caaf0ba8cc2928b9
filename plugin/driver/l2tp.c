/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type l2tp: an xl2tpd of our own for each call makes the tunnel and starts pppd. It shares nothing with the
 * system's or another one: configuration and options go through pipes, control and pid file lie in the run directory,
 * the port is its own. xl2tpd leaves descriptors open for pppd, so that our object is reached there as in any other
 * pppd, and both write to one log, in the order in which things happen. */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_pppox.h>

#include "driver/drivers.h"
#include "driver/l2tp_words.h"
#include "driver/tunnel.h"
#include "sys/fd.h"
#include "sys/file.h"

#define XL2TPD_PROGRAM "/usr/sbin/xl2tpd"
#define XL2TPD_PATH_MAX 100 /* with NUL; it cuts a longer one and says nothing */

enum { FD_CONFIG = PPPD_FD_MEDIUM };
#define CONFIG_PATH "/proc/self/fd/6"
_Static_assert(FD_CONFIG == 6, "the number in the path");

/* ---- files ---- */

static void pid_file(const struct ras_call *call, char ret[32])
{
	snprintf(ret, 32, "%u.l2tp-pid", ras_call_id(call));
}

static void control_file(const struct ras_call *call, char ret[32])
{
	snprintf(ret, 32, "%u.l2tp-control", ras_call_id(call));
}

static int whole_path(struct ras_call *call, const char *file, char ret[XL2TPD_PATH_MAX])
{
	char dir[PATH_MAX];
	int r = pppd_run_directory(call, dir);

	if (r < 0)
		return r;
	if (snprintf(ret, XL2TPD_PATH_MAX, "%s/%s", dir, file) >= XL2TPD_PATH_MAX)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE,
				     "The path of the run directory is too long for xl2tpd, which takes %d characters",
				     XL2TPD_PATH_MAX - 1);
	return 0;
}

static void remove_files(struct ras_call *call, const struct pppd_link *link UNUSED)
{
	char file[32];

	pid_file(call, file);
	unlinkat(ras_call_rundir(call), file, 0);
	control_file(call, file);
	unlinkat(ras_call_rundir(call), file, 0);
}

/* ---- start ---- */

/* As xl2tpd asks. Without, it lays packets on a pseudo-terminal for pppd, which has options that pppd does not know
 * otherwise. */
static bool kernel_has_l2tp(void)
{
	_cleanup_fd_ int fd = socket(AF_PPPOX, SOCK_DGRAM | SOCK_CLOEXEC, PX_PROTO_OL2TP);

	return fd >= 0;
}

static int prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	char server[INET_ADDRSTRLEN], text[L2TP_CONFIG_MAX];
	int r;

	r = pppd_need_program(call, XL2TPD_PROGRAM, "xl2tpd");
	if (r == 0)
		r = tunnel_find_server(call, link, server);
	if (r < 0)
		return r;
	r = pppd_give_text(link, text, l2tp_config(server, text), FD_CONFIG);
	if (r < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No pipe for xl2tpd: %s", strerror(-r));
	if (!kernel_has_l2tp()) {
		pppd_option(options, "local", NULL);
		pppd_option(options, "nolock", NULL);
	}
	pppd_option_number(options, "mtu", TUNNEL_MTU);
	pppd_option_number(options, "mru", TUNNEL_MTU);
	return 0;
}

static int start(struct ras_call *call, struct pppd_link *link)
{
	char file[32], pid_path[XL2TPD_PATH_MAX], control_path[XL2TPD_PATH_MAX];
	const char *const argv[] = {XL2TPD_PROGRAM, "-D",     "-c", CONFIG_PATH,  "-s", "/dev/null",
				    "-p",           pid_path, "-C", control_path, NULL};
	int r;

	pid_file(call, file);
	r = whole_path(call, file, pid_path);
	control_file(call, file);
	if (r == 0)
		r = whole_path(call, file, control_path);
	if (r < 0)
		return r;
	r = process_spawn(argv, NULL, link->give, link->n_give, &link->parent);
	if (r < 0)
		return ras_call_fail(call, r, RAS_BACKEND_NONE, XL2TPD_PROGRAM " cannot be started: %s", strerror(-r));
	ras_call_set_process(call, link->parent.pid);
	ras_call_note_u64(call, "d-parent", (uint64_t)link->parent.pid);
	ras_call_note_u64(call, "d-parent-started", link->parent.started);
	ras_call_save(call);
	return 0;
}

/* ---- later ---- */

static void see_line(struct ras_call *call, const char *line)
{
	struct pppd_link *link = ras_call_data(call);

	link->over |= l2tp_is_over(line);
}

/* xl2tpd by what the record says; or by its arguments, if the agent died before it had written the number. */
static int restore(struct ras_call *call, struct pppd_link *link, const struct record *record)
{
	char file[32], path[XL2TPD_PATH_MAX];
	uint64_t started = 0;
	uint32_t pid = 0;
	int r = tunnel_restore(call, link, record);

	/* It may have been taken over before something else was short. */
	if (r < 0 || link->parent.pidfd >= 0)
		return r;
	record_get_u32(record, "d-parent", &pid);
	record_get_u64(record, "d-parent-started", &started);
	if (pid == 0) {
		pid_file(call, file);
		if (whole_path(call, file, path) == 0)
			pid = (uint32_t)process_find(path);
		started = process_started((pid_t)pid);
	}
	r = process_adopt((pid_t)pid, started, &link->parent);
	if (file_shortage(r))
		return r;
	if (r < 0)
		link->over = link->parent.ended = true;
	return 0;
}

static const struct pppd_medium medium = {
	.prepare = prepare,
	.start = start,
	.parent_signal = SIGINT, /* at SIGTERM it may end without a word to the server */
	.restore = restore,
	.rows = l2tp_rows,
	.line = see_line,
	.refine = l2tp_refine,
	.remove_files = remove_files,
};

const struct ras_driver ras_driver_l2tp = {
	.name = "l2tp",
	.device_types = 1u << RAS_DEVICE_L2TP,
	.check = tunnel_check,
	PPPD_DRIVER(medium),
};
