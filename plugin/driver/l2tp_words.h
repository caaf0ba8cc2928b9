/* SPDX-License-Identifier: BSD-2-Clause */
/* What xl2tpd(8) is told, and what it says. */
#ifndef RASDIAL_DRIVER_L2TP_WORDS_H
#define RASDIAL_DRIVER_L2TP_WORDS_H

#include <stddef.h>

#include "driver/pppd.h"

#define L2TP_CONFIG_MAX 512

/* The configuration of an xl2tpd for one call to that address (digits and dots). Returns the length. */
size_t l2tp_config(const char *server, char ret[L2TP_CONFIG_MAX]);

/* Lines of xl2tpd. */
extern const struct pppd_line_row l2tp_rows[];

/* Does the line say that there will be no pppd, or no longer one? xl2tpd itself stays. */
bool l2tp_is_over(const char *line);

/* xl2tpd itself has ended, or nothing decisive was said until the deadline, or the tunnel was lost while up. */
void l2tp_refine(const struct pppd_link *link, struct pppd_verdict *v);

#endif
