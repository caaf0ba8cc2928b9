/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a call of pppd ended: the first decisive line of its log, else what our object saw, else the exit status. The
 * status alone is no diagnosis: the same wrong password ends with 19 or 16. */
#ifndef RASDIAL_DRIVER_PPPD_LOG_H
#define RASDIAL_DRIVER_PPPD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/error.h"

#define PPPD_LINE_MAX 1024 /* with NUL; pppd itself writes none that is longer, and such a line is cut */
#define PPPD_PROGRAM "/usr/sbin/pppd"

/* code 0: nothing decisive yet. */
struct pppd_verdict {
	int32_t code;
	bool follows;                  /* may be no more than what follows of another cause */
	char text[RAS_ERROR_TEXT_MAX]; /* as it may be shown */
};

/* When a row of a table of lines holds. */
enum { PPPD_SETUP = 1, PPPD_UP = 2, PPPD_ALWAYS = PPPD_SETUP | PPPD_UP, PPPD_FOLLOWS = 4 };

/* A line, as a pattern for the whole of it, so that a peer's words inside a line decide nothing. The first row that
 * fits counts. A table ends with a row whose pattern is NULL. */
struct pppd_line_row {
	const char *pattern; /* fnmatch(3) */
	unsigned when;
	int32_t code;
	const char *text;   /* NULL: that of the code */
	const char *detail; /* the text gets what follows this in the line, "(": up to the last ")"; "": the whole
			     * line; NULL: nothing */
};

struct pppd_log {
	const struct pppd_line_row *rows; /* lines of another program; looked at first; NULL: none */
	bool foreign;                     /* there are no lines of pppd in this log */
	char line[PPPD_LINE_MAX];         /* what has come of the present line */
	size_t len;
	char remote[RAS_ERROR_TEXT_MAX]; /* last message of the peer, as it may be shown */
	struct pppd_verdict first;
};

/* What our object saw, and how pppd ended. */
struct pppd_facts {
	bool up;      /* the link was up before */
	bool heard;   /* a packet of the peer came in */
	bool network; /* its phase was reached */
	bool ip_rejected;
	bool peer_ended;
	int mschap_error; /* 0: none */
	int reason;       /* exit status meant first; 0: none */
	int exit_status;  /* 128 + signal if it was killed; -1: not known */
};

/* Called for each line that is complete, without newline. Fills shown with the line as it may be shown, redacted: it
 * must be whole for that, so nothing is cut before. */
typedef void pppd_line_done(void *context, const char *line, char shown[PPPD_LINE_MAX]);

/* Takes what pppd wrote; calls done for each line and then classifies it. up as in pppd_facts. */
void pppd_log_feed(struct pppd_log *log, const char *data, size_t n, bool up, pppd_line_done *done, void *context);

/* The last line may lack its newline. */
void pppd_log_end(struct pppd_log *log, bool up, pppd_line_done *done, void *context);

/* What one line says: the line itself decides, the text is taken from what may be shown of it and of remote, the last
 * message of the peer ("" if none). ret->code is 0 for a line that is not decisive. */
void pppd_log_classify(const char *line, const char *shown, const char *remote, bool up, struct pppd_verdict *ret);

/* The same with the rows of another program alone. */
void pppd_rows_classify(const struct pppd_line_row *rows, const char *line, const char *shown, const char *remote,
			bool up, struct pppd_verdict *ret);

/* A verdict of one's own. text NULL: that of the code. */
void pppd_verdict_set(struct pppd_verdict *v, int32_t code, const char *text);

/* What an exit status says. */
void pppd_exit_classify(int status, bool up, struct pppd_verdict *ret);

/* The whole of it; ret->code is never 0. */
void pppd_judge(const struct pppd_log *log, const struct pppd_facts *facts, struct pppd_verdict *ret);

#endif
