/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/limit.h"

#include <stdbool.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "sys/macro.h"
#include "sys/utf8.h"

int limit_number(const struct limit *limit, int64_t number)
{
	bool good;

	switch (limit->kind) {
	case LIMIT_LABELS:
		good = number >= INT32_MIN && number <= INT32_MAX && ras_label_has(limit->labels, (int32_t)number);
		break;
	case LIMIT_SET:
		good = number >= 0 && number < 32 && (limit->set & 1u << number);
		break;
	default:
		good = number >= limit->min && number <= limit->max;
	}
	return good ? SNMP_ERR_NOERROR : SNMP_ERR_WRONGVALUE;
}

static bool text_good(const uint8_t *octets, size_t size)
{
	for (size_t at = 0, step; at < size; at += step) {
		uint32_t code;

		step = utf8_char((const char *)octets + at, size - at, &code);
		if (!step || utf8_is_control(code))
			return false;
	}
	return true;
}

/* What would break the line in which a secret is handed over. */
static bool secret_good(const uint8_t *octets, size_t size)
{
	return !memchr(octets, '\0', size) && !memchr(octets, '\n', size) && !memchr(octets, '\r', size);
}

static bool bits_good(const uint8_t *octets, size_t size, uint32_t known)
{
	for (size_t i = 4; i < size; i++)
		if (octets[i])
			return false;
	return !(limit_mask(octets, size) & ~known);
}

int limit_octets(const struct limit *limit, const uint8_t *octets, size_t size)
{
	bool good;

	if (size < (size_t)limit->min || size > (size_t)limit->max)
		return SNMP_ERR_WRONGLENGTH;
	if (!size)
		return SNMP_ERR_NOERROR;
	switch (limit->kind) {
	case LIMIT_BITS:
		good = bits_good(octets, size, limit->set);
		break;
	case LIMIT_SECRET:
		good = secret_good(octets, size);
		break;
	default:
		good = text_good(octets, size);
	}
	return good ? SNMP_ERR_NOERROR : SNMP_ERR_WRONGVALUE;
}

uint32_t limit_mask(const uint8_t *octets, size_t size)
{
	uint32_t mask = 0;

	for (unsigned bit = 0; bit < 8 * MIN(size, 4u); bit++)
		if (octets[bit / 8] & 0x80u >> bit % 8)
			mask |= 1u << bit;
	return mask;
}
