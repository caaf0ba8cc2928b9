/* SPDX-License-Identifier: BSD-2-Clause */
/* The common part of all drivers that make their link with pppd. A device type (a medium) says what has to be there and
 * which options name the device; everything else is here: start, watch, end, adoption.
 *
 * pppd's argument list is constant. Options, chat scripts and commands go through pipes; shell lines that pppd runs are
 * constants made of our own paths and descriptor numbers. */
#ifndef RASDIAL_DRIVER_PPPD_H
#define RASDIAL_DRIVER_PPPD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "driver/pppd_log.h"
#include "driver/pppd_options.h"
#include "driver/pppd_state.h"
#include "ras/driver.h"
#include "sys/process.h"

/* Descriptors as pppd and the programs it starts have them; one digit each, for the shell. */
enum {
	PPPD_FD_LOG = 2,
	PPPD_FD_OPTIONS = 3,
	PPPD_FD_SOCKET = 4,
	PPPD_FD_REPORT = 5, /* lines of our shell lines: "open" first, then what the medium wants */
	PPPD_FD_MEDIUM = 6, /* and above: the medium's */
};

#define PPPD_OPTIONS_PATH "/proc/self/fd/3"
_Static_assert(PPPD_FD_OPTIONS == 3, "the number in the path");

#define PPPD_GIVE_MAX 8
#define PPPD_REPORT_MAX 64
#define PPPD_DEVICE_MAX 128

struct pppd_medium;

/* One call, from dial or adopt to hang_up or release. */
struct pppd_link {
	const struct pppd_medium *medium;
	struct process process;
	struct process parent;                 /* program that starts pppd, where it is not us; else PROCESS_NONE */
	pid_t pid;                             /* of pppd, also of one that had ended before its adoption; 0: none */
	struct process_fd give[PPPD_GIVE_MAX]; /* for pppd; ours until it has started */
	size_t n_give;
	int log_fd, words_fd, socket_fd, report_fd; /* -1: none, as for an adopted link */
	char report[PPPD_REPORT_MAX];
	size_t report_len;
	char device[PPPD_DEVICE_MAX]; /* line that pppd locks; "": none */
	uint32_t index;               /* in the names given to pppd; the entry may have another one now */
	uint32_t unit;                /* in that of the interface, which is the bundle's */
	uint64_t bundle;              /* identity of the bundle that it is a link of; 0: it is none */
	char state_file[32];          /* in the run directory */
	unsigned phase;               /* the latest whose states were told */
	unsigned ifindex;
	struct ras_addr ends[2]; /* of the tunnel that carries the link */
	size_t n_ends;
	int64_t ip6_since;          /* clock_mono_ms() of IPv6 without IPv4; 0: not so */
	struct ras_error complaint; /* what the medium has found in the log; code 0: nothing */
	bool over;                  /* the medium has seen that there is nothing more to come */
	bool opened;                /* told that the line is open */
	bool armed;                 /* waits for traffic, or has had it and is not yet dialed */
	bool dormant;               /* pppd has begun to wait */
	bool awake;                 /* and has seen a packet */
	bool up;
	bool bare; /* the line is lost, and pppd carries the others of the bundle */
	struct pppd_state state;
	struct pppd_log log;
	struct pppd_log words; /* of the medium's command: shown, and never why the link ended */
};

struct pppd_medium {
	/* Tests that what the dial needs is there, and adds options and descriptors. Returns 0, or negative with
	 * ras_call_fail() said. */
	int (*prepare)(struct ras_call *call, struct pppd_link *link, struct pppd_options *options);

	/* Starts the program that starts pppd, as link->parent, handing over what is in link->give; NULL: pppd itself
	 * is started. Returns 0, or negative with ras_call_fail() said. */
	int (*start)(struct ras_call *call, struct pppd_link *link);

	int parent_signal; /* asks that program to end in good order */

	/* Takes back from the record of an earlier agent what prepare and start had noted; may be NULL. Returns 0, or
	 * the shortage (file_shortage()) for which it is called again. */
	int (*restore)(struct ras_call *call, struct pppd_link *link, const struct record *record);

	/* Decisive lines of the program that starts pppd, or of the command: why the call ended; may be NULL. */
	const struct pppd_line_row *rows;

	/* Looks at a line of the log, and may set link->complaint and link->over; may be NULL. */
	void (*line)(struct ras_call *call, const char *line);

	/* Why pppd could not connect the device, from link->report and link->complaint; may be NULL. Returns false if
	 * it does not know. */
	bool (*explain)(struct ras_call *call, const struct pppd_link *link, struct ras_error *ret);

	/* What the medium makes of the decisive line (code 0: there was none, as at the deadline); may be NULL. */
	void (*refine)(const struct pppd_link *link, struct pppd_verdict *v);

	/* Removes files of the medium after the end of all processes; may be NULL. */
	void (*remove_files)(struct ras_call *call, const struct pppd_link *link);

	/* The command carries pppd's goodbye, so pppd is asked to end before its group is. */
	bool carries_goodbye;

	/* The device needs no opening: it is being connected as soon as pppd begins with it. */
	bool open_at_once;
};

/* ---- for the drivers; see struct ras_driver ---- */

int pppd_arm(struct ras_call *call);
int pppd_dial(struct ras_call *call);
int pppd_adopt(struct ras_call *call, const struct record *record, bool up);
int pppd_watch(struct ras_call *call);
void pppd_hang_up(struct ras_call *call);
void pppd_release(struct ras_call *call);
int pppd_traffic(struct ras_call *call, struct ras_traffic *ret);

/* What a driver has of them, with its medium. arm is not among them: not every medium can wait for traffic. */
#define PPPD_DRIVER(medium_)                                                                                           \
	.own = &(medium_), .stats_interval_ms = 2000, .dial = pppd_dial, .watch = pppd_watch, .hang_up = pppd_hang_up, \
	.release = pppd_release, .adopt = pppd_adopt, .traffic = pppd_traffic

/* ---- pppd_spawn.c ---- */

/* Hands a descriptor over to pppd as number target; it is closed here once pppd runs, or at once on failure. Returns 0
 * or negative errno. */
int pppd_give(struct pppd_link *link, int fd, int target);

/* The same with a pipe that holds this text and its end. */
int pppd_give_text(struct pppd_link *link, const char *text, size_t len, int target);

/* The same with a pipe for what the medium's command writes to its standard error. */
int pppd_give_words(struct pppd_link *link, int target);

/* Is the program there? Returns 0, or negative with ras_call_fail() said (609). */
int pppd_need_program(struct ras_call *call, const char *path, const char *package);

/* Path of the run directory, whole: others may run elsewhere than we do. Returns 0, or negative with ras_call_fail()
 * said. */
int pppd_run_directory(struct ras_call *call, char ret[PATH_MAX]);

/* Tells and records which process pppd is, once link->process is. */
void pppd_note_process(struct ras_call *call, struct pppd_link *link);

/* Starts pppd, or the program that does. Returns 0, or negative with ras_call_fail() said. */
int pppd_spawn(struct ras_call *call, struct pppd_link *link);

/* Closes what was handed over. */
void pppd_give_done(struct pppd_link *link);

/* ---- pppd_hooks.c ---- */

/* Runs ip-down and ipv6-down of the system if pppd was killed while IP was up, and so could not. */
void pppd_run_hooks(struct ras_call *call, struct pppd_link *link);

/* ---- pppd_files.c ---- */

/* Removes what a pppd that was killed could not: lock of the line, pid files, the object's file. Only what bears its
 * number. */
void pppd_remove_files(struct ras_call *call, const struct pppd_link *link);

#endif
