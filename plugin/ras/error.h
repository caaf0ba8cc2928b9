/* SPDX-License-Identifier: BSD-2-Clause */
/* Error codes of the Remote Access Service (600 to 956) with symbol, text, cause and whether another attempt can mend
 * them. One table; nothing else in the project decides cause or redial. Codes below 0 are negated errno values. */
#ifndef RASDIAL_RAS_ERROR_H
#define RASDIAL_RAS_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#include "ras/state.h"
#include "sys/macro.h"

#define RAS_ERROR_TEXT_MAX 256 /* with NUL: rasConnLastErrorText is SIZE (0..255) */
#define RAS_BACKEND_NONE (-1)

/* Codes that the engine itself gives. Drivers use the numbers of the table too; see error.c for all of them. */
enum ras_error_code {
	RAS_ERROR_NONE = 0,
	RAS_ERROR_USER_DISCONNECTION = 631,
	RAS_ERROR_REQUEST_TIMEOUT = 638,
	RAS_ERROR_SCRIPT = 752,
	RAS_ERROR_DIAL_ALREADY_IN_PROGRESS = 756,
	RAS_ERROR_IDLE_TIMEOUT = 828,
	RAS_ERROR_SERVICE_STOPPED = 834,
	RAS_ERROR_ADMINISTRATOR = 929,
	RAS_ERROR_SESSION_LIMIT = 932,
};

/* Why an attempt failed or a call ended: always one event, set together. */
struct ras_error {
	int32_t code;         /* 0: none */
	int32_t backend;      /* what the program or protocol below reported; RAS_BACKEND_NONE */
	enum ras_cause cause; /* by code, see ras_error_set */
	enum ras_state state; /* state in which it happened */
	int64_t time_ms;      /* CLOCK_REALTIME; 0: no event */
	char text[RAS_ERROR_TEXT_MAX];
};
#define RAS_ERROR_INIT                                                                                                 \
	((struct ras_error){.backend = RAS_BACKEND_NONE, .cause = RAS_CAUSE_NONE, .state = RAS_DISCONNECTED})

struct ras_error_info {
	int32_t code;
	const char *symbol; /* "LINE_BUSY" */
	const char *text;   /* one sentence, no full stop */
	enum ras_cause cause;
	bool redial;
};

/* All known codes in ascending order, ended by code 0. */
extern const struct ras_error_info ras_error_table[];

/* The row of a code, or NULL for one that is not known. Any thread. */
const struct ras_error_info *ras_error_find(int32_t code);

/* Cause, redial and text by code, also for codes that are not in the table (other, yes) and for errno values
 * (internalError, yes). The text for an errno value is strerrorname_np(3). Any thread. */
enum ras_cause ras_error_cause(int32_t code);
bool ras_error_redial(int32_t code);
const char *ras_error_text(int32_t code);

/* Fills code, backend, cause and text; format NULL takes the text of the table. State and time are the engine's to set.
 * A longer text is cut at a UTF-8 boundary; octets that are not UTF-8 and control characters become '?'. */
void ras_error_set(struct ras_error *e, int32_t code, int32_t backend, const char *format, ...) PRINTF_LIKE(4, 5);

#endif
