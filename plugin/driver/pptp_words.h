/* SPDX-License-Identifier: BSD-2-Clause */
/* What pptp(8) is told, and what it says. */
#ifndef RASDIAL_DRIVER_PPTP_WORDS_H
#define RASDIAL_DRIVER_PPTP_WORDS_H

#include <stddef.h>

#include "driver/pppd.h"

#define PPTP_PROGRAM "/usr/sbin/pptp"
#define PPTP_SCRIPT_MAX 512

/* The shell script that pppd runs for its option "pty": pptp to that address (digits and dots),
 * unless another one waits at its socket. It reports "open";
 * "call" once pptp has closed its standard error, as it does when the tunnel is there, or when it ends; and "end" with
 * the exit status. Descriptors as pppd has them. Returns the length. */
size_t pptp_script(const char *server, const char *socket, int script_fd, int words_fd, char ret[PPTP_SCRIPT_MAX]);

/* Lines of pptp. */
extern const struct pppd_line_row pptp_rows[];

/* Nothing was heard through the tunnel: did the server answer at all? Or it was lost while up. */
void pptp_refine(const struct pppd_link *link, struct pppd_verdict *v);

#endif
