/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/utf8.h"

size_t utf8_char(const char *text, size_t size, uint32_t *ret_code)
{
	/* The least code point of each length: a smaller one is an overlong form. */
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)text;
	uint32_t code;
	size_t len;

	if (size == 0)
		return 0;

	if (p[0] < 0x80) {
		len = 1;
		code = p[0];
	} else if ((p[0] & 0xe0) == 0xc0) {
		len = 2;
		code = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3;
		code = p[0] & 0x0f;
	} else if ((p[0] & 0xf8) == 0xf0) {
		len = 4;
		code = p[0] & 0x07;
	} else {
		return 0;
	}

	if (len > size)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;

	if (ret_code)
		*ret_code = code;
	return len;
}
