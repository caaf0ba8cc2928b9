/* SPDX-License-Identifier: BSD-2-Clause */
/* The start of pppd. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver/pppd.h"
#include "sys/fd.h"

#ifndef RASDIAL_LIBDIR
#define RASDIAL_LIBDIR "/usr/lib/rasdial"
#endif
#define PLUGIN_FILE RASDIAL_LIBDIR "/rasdial-pppd.so"

/* For a build that is not installed. */
static const char *plugin_path(void)
{
	const char *path = secure_getenv("RASDIAL_PPPD_PLUGIN");

	return path && path[0] == '/' ? path : PLUGIN_FILE;
}

/* ---- handing over ---- */

int pppd_give(struct pppd_link *link, int fd, int target)
{
	if (fd < 0)
		return fd;
	if (link->n_give == PPPD_GIVE_MAX) {
		fd_close(fd);
		return -EMFILE;
	}
	link->give[link->n_give++] = (struct process_fd){.fd = fd, .target = target};
	return 0;
}

void pppd_give_done(struct pppd_link *link)
{
	while (link->n_give > 0)
		fd_close(link->give[--link->n_give].fd);
}

/* A pipe from which the child will read a text of this length, and our end of it. A text that it cannot hold would
 * block us for good. */
static int give_reader(struct pppd_link *link, size_t len, int target, int *ret_fd)
{
	_cleanup_fd_ int read_end = -1, write_end = -1;
	int r;

	r = fd_pipe(0, &read_end, &write_end);
	if (r < 0)
		return r;
	if (fcntl(write_end, F_GETPIPE_SZ) < (int)len)
		return -EFBIG;
	r = pppd_give(link, TAKE_FD(read_end), target);
	if (r == 0)
		*ret_fd = TAKE_FD(write_end);
	return r;
}

int pppd_give_text(struct pppd_link *link, const char *text, size_t len, int target)
{
	_cleanup_fd_ int write_end = -1;
	int r = give_reader(link, len, target, &write_end);

	return r < 0 ? r : fd_write_all(write_end, text, len);
}

/* A pipe of which pppd and its children write and we read. Neither end ever blocks: nobody there must wait for an agent
 * that is gone. */
static int give_pipe(struct pppd_link *link, int target, int *ret_fd)
{
	int write_end = -1, r;

	r = fd_pipe(O_NONBLOCK, ret_fd, &write_end);
	return r < 0 ? r : pppd_give(link, write_end, target);
}

int pppd_give_words(struct pppd_link *link, int target)
{
	return give_pipe(link, target, &link->words_fd);
}

static int give_socket(struct pppd_link *link)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	link->socket_fd = fd_high(ends[0]);
	if (link->socket_fd < 0) {
		fd_close(ends[1]);
		return link->socket_fd;
	}
	return pppd_give(link, fd_high(ends[1]), PPPD_FD_SOCKET);
}

static int give_common(struct pppd_link *link)
{
	int r;

	r = give_pipe(link, PPPD_FD_LOG, &link->log_fd);
	if (r == 0)
		r = give_pipe(link, PPPD_FD_REPORT, &link->report_fd);
	return r == 0 ? give_socket(link) : r;
}

/* ---- what has to be there ---- */

int pppd_need_program(struct ras_call *call, const char *path, const char *package)
{
	if (access(path, X_OK) == 0)
		return 0;
	return ras_call_fail(call, 609, RAS_BACKEND_NONE, "%s cannot be run: %s (package %s)", path, strerror(errno),
			     package);
}

static int need_common(struct ras_call *call)
{
	int r;

	r = pppd_need_program(call, PPPD_PROGRAM, "ppp");
	if (r < 0)
		return r;
	if (access(plugin_path(), R_OK) < 0)
		return ras_call_fail(call, 609, RAS_BACKEND_NONE, "%s cannot be read: %s (a part of rasdial)",
				     plugin_path(), strerror(errno));
	if (access("/dev/ppp", F_OK) < 0)
		return ras_call_fail(
			call, 609, RAS_BACKEND_NONE,
			"/dev/ppp does not exist: the kernel has no PPP, or its module ppp_generic is not loaded");
	return 0;
}

/* ---- start ---- */

void pppd_note_process(struct ras_call *call, struct pppd_link *link)
{
	link->pid = link->process.pid;
	ras_call_set_process(call, link->pid);
	ras_call_note_u64(call, "d-pid", (uint64_t)link->pid);
	ras_call_note_u64(call, "d-started", link->process.started);
	ras_call_note_u64(call, "d-session", (uint64_t)link->process.session);
	ras_call_save(call);
}

int pppd_run_directory(struct ras_call *call, char ret[PATH_MAX])
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", ras_call_rundir(call));
	n = readlink(link, ret, PATH_MAX - 1);
	if (n < 0)
		return ras_call_fail(call, -errno, RAS_BACKEND_NONE, "The run directory is gone: %s", strerror(errno));
	ret[n] = '\0';
	return 0;
}

static int fill_options(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	char dir[PATH_MAX], file[PATH_MAX + 32];
	int r;

	r = pppd_run_directory(call, dir);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%s/%s", dir, link->state_file);
	unlinkat(ras_call_rundir(call), link->state_file, 0);
	pppd_options_begin(options, ras_call_entry(call),
			   &(struct pppd_place){
				   .index = link->index,
				   .unit = link->unit,
				   .bundle = link->bundle,
				   .socket = PPPD_FD_SOCKET,
				   .log = PPPD_FD_LOG,
				   .plugin = plugin_path(),
				   .state_file = file,
			   });
	if (link->armed)
		pppd_options_demand(options);
	r = link->medium->prepare(call, link, options);
	if (r < 0)
		return r;
	pppd_options_finish(options, ras_call_entry(call));
	if (options->overflow)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE, "The options for pppd are too long");
	return 0;
}

static int start_pppd(struct ras_call *call, struct pppd_link *link)
{
	static const char *const argv[] = {PPPD_PROGRAM, "file", PPPD_OPTIONS_PATH, NULL};
	int r = process_spawn(argv, NULL, link->give, link->n_give, &link->process);

	if (r < 0)
		return ras_call_fail(call, r, RAS_BACKEND_NONE, PPPD_PROGRAM " cannot be started: %s", strerror(-r));
	pppd_note_process(call, link);
	return 0;
}

static int start(struct ras_call *call, struct pppd_link *link)
{
	int r;

	ras_call_note_u64(call, "d-index", link->index);
	/* The record before the child: an agent that starts after a crash then knows that there may be one. */
	r = ras_call_save(call);
	if (r < 0)
		return ras_call_fail(call, r, RAS_BACKEND_NONE, "The run directory cannot be written: %s",
				     strerror(-r));
	return link->medium->start ? link->medium->start(call, link) : start_pppd(call, link);
}

int pppd_spawn(struct ras_call *call, struct pppd_link *link)
{
	_cleanup_free_ struct pppd_options *options = calloc(1, sizeof(*options));
	_cleanup_fd_ int write_end = -1;
	int r;

	r = need_common(call);
	if (r < 0)
		return r;
	if (!options)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	r = give_common(link);
	if (r < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No descriptors left: %s", strerror(-r));
	r = fill_options(call, link, options);
	if (r < 0)
		return r;
	r = give_reader(link, options->len, PPPD_FD_OPTIONS, &write_end);
	if (r < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No pipe for the options: %s", strerror(-r));
	r = start(call, link);
	/* Only now, as the record tells of the process: one that no later agent could find has no options, and ends.
	 * One that takes none any more has ended already, and is asked why. */
	if (r == 0)
		fd_write_all(write_end, options->text, options->len);
	return r;
}
