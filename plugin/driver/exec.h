/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type exec: a helper makes the link and tells of it on its standard output. Parts of the driver: exec.c (life
 * of a call), exec_helper.c (which helpers there may be, start, what they leave), exec_traffic.c, exec_protocol.c. All
 * of it runs in the dial thread of the call. */
#ifndef RASDIAL_DRIVER_EXEC_H
#define RASDIAL_DRIVER_EXEC_H

#include "driver/exec_protocol.h"
#include "sys/netlink.h"
#include "sys/process.h"

/* Lines of a helper, at a limited pace: what is too much waits in the FIFO, and the helper with it. */
struct exec_stream {
	int fd;
	struct exec_line line;
	int64_t second; /* since when ... */
	unsigned taken; /* ... so many lines have been taken */
};

struct exec_link {
	struct process process;
	struct exec_stream out, err;

	bool up;                  /* UP was said */
	bool over;                /* and DOWN, or what comes to the same: error is why */
	struct ras_error error;   /* last ERROR or DOWN; code 0: none */
	char words[RAS_TEXT_MAX]; /* last line of standard error, fit to be shown */

	char ifname[IF_NAMESIZE]; /* "": none was named */
	unsigned ifindex;
	int64_t look; /* when it is looked at again */
	bool missed;  /* the interface was not there at the last look */

	struct netlink_stats base; /* counters of the interface when the link came up */
	bool has_stats;            /* STATS were said */
	uint64_t in_octets, out_octets;
	bool stats_saved;
	struct ras_traffic told;
};

/* ---- exec_helper.c ---- */

/* Makes the FIFOs, or opens those that an earlier agent made. Returns 0 or negative errno. */
int exec_open_streams(struct ras_call *call, struct exec_link *link, bool make);

/* Finds the helper, sees that it may be run, and starts it. Returns 0, or negative with ras_call_fail() said. */
int exec_start(struct ras_call *call, struct exec_link *link);

/* Takes over the helper that the record names, or that has the FIFO as its output, if the record came too early to name
 * one. Returns 0 or -ESRCH. */
int exec_find(struct exec_link *link, const struct record *record);

/* Ends those that were started by the helper, left its group and still write to us. */
void exec_end_strays(struct ras_call *call, const struct exec_link *link);

/* Removes the files of this call from the run directory. */
void exec_remove_files(struct ras_call *call);

/* ---- exec_traffic.c ---- */

/* The link is up: traffic counts from here, also for a later agent. */
void exec_traffic_begin(struct ras_call *call, struct exec_link *link);
void exec_traffic_adopt(struct ras_call *call, struct exec_link *link, const struct record *record);
void exec_traffic_stats(struct exec_link *link, const struct exec_message *m);
int exec_traffic(struct ras_call *call, struct ras_traffic *ret);

/* Name of a file of this call in the run directory. */
#define EXEC_FILE_MAX 32
void exec_file(const struct ras_call *call, const char *suffix, char ret[EXEC_FILE_MAX]);
#define EXEC_OUT ".out"
#define EXEC_ERR ".err"
#define EXEC_STATS_FILE ".stats"
#define EXEC_SOCKET ".sock" /* a helper may have made one */

#endif
