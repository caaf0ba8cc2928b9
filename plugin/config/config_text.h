/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts in messages: quoting what stands in the file, guessing what was meant. */
#ifndef RASDIAL_CONFIG_CONFIG_TEXT_H
#define RASDIAL_CONFIG_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/state.h"

#define TEXT_QUOTE_MAX 160 /* with quotes, escapes, dots and NUL */
#define TEXT_LABEL_MAX RAS_LABEL_MAX
#define TEXT_TIME_MAX 32 /* 2026-11-24T09:30:00.000Z and NUL */

/* text in double quotes, fit for one line of a terminal or log: control characters and what is not UTF-8 as
 * \xNN, long texts cut at a character. Returns buf. */
const char *text_quote(const char *text, char buf[TEXT_QUOTE_MAX]);

/* How many letters must be put in, left away, replaced or swapped to make a into b (ASCII case and _ for - are
 * free). At most TEXT_LABEL_MAX for texts that are longer than a label. */
unsigned text_distance(const char *a, const char *b);

/* The better of two guesses for a misspelled word: keeps in *best the word nearest to it, if it is near at all.
 * Start with *best NULL and *distance 0. */
void text_guess(const char *word, const char *candidate, const char **best, unsigned *distance);

/* A decimal number as YAML 1.2 and every reader agree on: digits only, no leading zero. */
bool text_number(const char *text, uint32_t *ret);

/* Milliseconds since 1970 as ISO 8601 in UTC, and back: digit by digit as text_time() writes it. false, with nothing
 * done, for 0, which stands for a time that is not known, and for what is not in the years 1970 to 9999. */
bool text_time(int64_t ms, char buf[TEXT_TIME_MAX]);
bool text_time_parse(const char *text, int64_t *ret_ms);

#endif
