/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/value.h"

#include <stdbool.h>
#include <string.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "agent/date.h"
#include "ras/driver.h"
#include "sys/clock.h"
#include "sys/macro.h"

/* InetAddressType */
enum { INET_UNKNOWN = 0, INET_IPV4 = 1, INET_IPV6 = 2, INET_IPV6Z = 4 };

void value_i32(const void *field, struct value *ret)
{
	const int32_t *number = field;

	ret->number = (uint64_t)*number;
}

void value_u32(const void *field, struct value *ret)
{
	ret->number = *(const uint32_t *)field;
}

void value_u64(const void *field, struct value *ret)
{
	ret->number = *(const uint64_t *)field;
}

void value_u8(const void *field, struct value *ret)
{
	ret->number = *(const uint8_t *)field;
}

void value_enum(const void *field, struct value *ret)
{
	_Static_assert(sizeof(enum ras_state) == sizeof(uint32_t), "enumerations are as wide as int");
	ret->number = *(const uint32_t *)field;
}

void value_bool(const void *field, struct value *ret)
{
	ret->number = *(const bool *)field ? 1 : 2;
}

static void octets(struct value *ret, const void *data, size_t size)
{
	ret->octets = data;
	ret->size = size;
}

void value_text(const void *field, struct value *ret)
{
	octets(ret, field, strlen(field));
}

void value_string(const void *field, struct value *ret)
{
	const char *string = *(const char *const *)field;

	octets(ret, string, strlen(string));
}

void value_empty(const void *field UNUSED, struct value *ret)
{
	octets(ret, "", 0);
}

void value_bits(const void *field, struct value *ret)
{
	uint32_t mask = *(const uint32_t *)field;

	/* Bit 0 of BITS is the highest of the first octet. */
	ret->room[0] = 0;
	for (unsigned bit = 0; bit < 8; bit++)
		if (mask & 1u << bit)
			ret->room[0] |= (uint8_t)(0x80u >> bit);
	octets(ret, ret->room, 1);
}

void value_date(const void *field, struct value *ret)
{
	_Static_assert(DATE_MAX <= VALUE_ROOM, "a date fits");
	octets(ret, ret->room, date_and_time(*(const int64_t *)field, ret->room));
}

void value_addr_type(const void *field, struct value *ret)
{
	switch (((const struct ras_addr *)field)->len) {
	case 4:
		ret->number = INET_IPV4;
		break;
	case 16:
		ret->number = INET_IPV6;
		break;
	case 20:
		ret->number = INET_IPV6Z;
		break;
	default:
		ret->number = INET_UNKNOWN;
	}
}

void value_addr(const void *field, struct value *ret)
{
	const struct ras_addr *addr = field;

	octets(ret, addr->octets, addr->len);
}

void value_time_stamp(const void *field, struct value *ret)
{
	static int64_t master_start;

	master_start = date_master_start(master_start, clock_mono_ms(), (uint32_t)netsnmp_get_agent_uptime());
	ret->number = date_time_stamp(*(const int64_t *)field, master_start);
}

void value_ticks_since(const void *field, struct value *ret)
{
	ret->number = date_time_ticks(*(const int64_t *)field, clock_mono_ms());
}

void value_seconds_since(const void *field, struct value *ret)
{
	int64_t since = *(const int64_t *)field;

	ret->number = since ? (uint64_t)MAX((clock_mono_ms() - since) / 1000, 0) : 0;
}

void value_seconds_until(const void *field, struct value *ret)
{
	int64_t until = *(const int64_t *)field;

	ret->number = until ? (uint64_t)MAX((until - clock_mono_ms() + 999) / 1000, 1) : 0;
}

const void *value_wire(uint8_t type, const struct value *value, union value_wire *wire, size_t *ret_size)
{
	switch (type) {
	case ASN_OCTET_STR:
		*ret_size = value->size;
		return value->octets;
	case ASN_COUNTER64:
		wire->counter64 = (struct counter64){.high = value->number >> 32, .low = value->number & UINT32_MAX};
		*ret_size = sizeof(wire->counter64);
		return wire;
	case ASN_INTEGER:
		wire->integer = (long)value->number;
		*ret_size = sizeof(wire->integer);
		return wire;
	default:
		wire->gauge = value->number & UINT32_MAX;
		*ret_size = sizeof(wire->gauge);
		return wire;
	}
}
