/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes user name, number and secret of a call out of whatever other programs say, before anybody sees it. */
#ifndef RASDIAL_DRIVER_REDACT_H
#define RASDIAL_DRIVER_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "ras/driver.h"

#define REDACT_TEXT_MAX 1024 /* with NUL: a text as long as that was cut */

/* Copies text with each user name, number and secret of the call replaced by a word in angle brackets; cut to size. A
 * name or number of less than four characters is replaced only where it stands alone, or every second word would go.
 * Of a modem command that takes a PIN or a password (AT+CPIN=), all that follows goes.
 * At the end of a text that was cut, what may be the beginning of a word goes too. */
void redact(const struct ras_call *call, const char *text, char *ret, size_t size);

/* The same for any words, for use without a call: secret, user name, number; NULL or "" for none. */
void redact_words(const char *const words[3], const char *text, char *ret, size_t size);

/* Is it a modem command of which something goes? */
bool redact_has_arguments(const char *command);

#endif
