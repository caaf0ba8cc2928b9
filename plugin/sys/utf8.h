/* SPDX-License-Identifier: BSD-2-Clause */
/* UTF-8 as of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef RASDIAL_SYS_UTF8_H
#define RASDIAL_SYS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the character at text (1..4 octets) and its code point, or 0 if the octets there are none. Reads at most
 * size octets. ret_code may be NULL. Any thread. */
size_t utf8_char(const char *text, size_t size, uint32_t *ret_code);

/* A character that must not reach a terminal or a log: C0, DEL or C1. */
static inline bool utf8_is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

#endif
