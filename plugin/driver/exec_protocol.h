/* SPDX-License-Identifier: BSD-2-Clause */
/* What a helper of device type exec says on its standard output, line by line (README, "Writing a helper"):
 *
 *     STATE <name>
 *     UP if=<ifname> local=<addr> peer=<addr> speed=<bit/s> dns=<addr>     each may lack, addresses may be repeated
 *     STATS in=<octets> out=<octets>
 *     ERROR <code> <text>
 *     DOWN <code> <text>
 *
 * Anything else means nothing and is logged. No I/O here. */
#ifndef RASDIAL_DRIVER_EXEC_PROTOCOL_H
#define RASDIAL_DRIVER_EXEC_PROTOCOL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/driver.h"

#define EXEC_LINE_MAX 1024 /* octets; what a line has beyond is not looked at */

/* ---- from octets to lines ---- */

struct exec_line {
	char text[EXEC_LINE_MAX + 1]; /* ended by NUL once the line is whole */
	size_t octets;                /* of the line so far, those beyond the limit too */
	bool whole;
};

/* Adds an octet. Returns true when it ended a line, which text then holds until the next octet comes. NUL, which no
 * text may have, becomes '?'; CR at the end goes. */
bool exec_line_put(struct exec_line *line, char octet);

/* Ends a last line that has no newline. Returns false if there is none. */
bool exec_line_end(struct exec_line *line);

/* ---- from lines to what they mean ---- */

enum exec_word { EXEC_OTHER, EXEC_STATE, EXEC_UP, EXEC_STATS, EXEC_ERROR, EXEC_DOWN };

struct exec_message {
	enum ras_state state;     /* STATE: one of a set-up that is not paused */
	char ifname[IF_NAMESIZE]; /* UP: "" if none is named */
	uint32_t speed;           /* UP: 0 if not said; cut at 2^32 - 1, as a Gauge32 is */
	struct ras_addr addrs[RAS_ADDRS_MAX];
	size_t n_addrs;
	uint64_t in_octets, out_octets; /* STATS */
	int32_t code;                   /* ERROR, DOWN: 600 to 999, or a negated errno */
	const char *text;               /* ERROR, DOWN: what follows the code; points into the line, may be "" */
	char wrong[32];                 /* UP: the first word that was left out, since it makes no sense; "" */
};

/* Takes a line apart. EXEC_OTHER if it is none of the above, or not in the form above; ret is whole in any case. Of UP
 * a word that makes no sense is left out, and the rest holds. */
enum exec_word exec_parse(const char *line, struct exec_message *ret);

/* Is it a name that a helper may have (letters, digits, _ . -, not beginning with . or -)? */
bool exec_name_is_good(const char *name);

#endif
