/* SPDX-License-Identifier: BSD-2-Clause */
/* An address as the value of a field in a record: role/prefix length/octets in hexadecimal. */
#include <stdio.h>
#include <string.h>

#include "ras/engine.h"

#define HEX_MAX (2 * sizeof(((struct ras_addr *)0)->octets))

void addr_put(struct record_writer *w, const char *key, const struct ras_addr *a)
{
	char text[32 + HEX_MAX];
	int len = snprintf(text, sizeof(text), "%d/%u/", (int)a->role, a->prefix_len);

	for (size_t i = 0; i < a->len; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%02x", a->octets[i]);
	record_put_str(w, key, text);
}

bool addr_get(const struct record *r, const char *key, struct ras_addr *ret)
{
	const char *text = record_get_str(r, key);
	struct ras_addr a = {.len = 0};
	unsigned role, prefix_len, octet;
	size_t hex;
	int at = 0;

	if (!text || sscanf(text, "%3u/%3u/%n", &role, &prefix_len, &at) != 2 || at == 0)
		return false;
	text += at;
	hex = strspn(text, "0123456789abcdef");
	if (text[hex] || (hex != 8 && hex != 32 && hex != 40) || prefix_len > 128 ||
	    !ras_label_has(ras_addr_role_labels, (int32_t)role))
		return false;
	a.role = (enum ras_addr_role)role;
	a.prefix_len = (uint8_t)prefix_len;
	for (; *text && sscanf(text, "%2x", &octet) == 1; text += 2)
		a.octets[a.len++] = (uint8_t)octet;
	*ret = a;
	return true;
}
