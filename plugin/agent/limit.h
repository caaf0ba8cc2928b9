/* SPDX-License-Identifier: BSD-2-Clause */
/* What values the MIB allows in a SET, declared with the column and checked in one place. */
#ifndef RASDIAL_AGENT_LIMIT_H
#define RASDIAL_AGENT_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "ras/state.h"

struct limit {
	enum { LIMIT_NUMBER, LIMIT_LABELS, LIMIT_SET, LIMIT_BITS, LIMIT_TEXT, LIMIT_SECRET } kind;
	int64_t min, max;               /* of a number; of the size of octets */
	const struct ras_label *labels; /* values of an enumeration */
	uint32_t set;                   /* allowed small numbers, or bits, as a mask */
};

/* BITS of up to 8 bits. As RFC 3417 has it, bits that are not sent are 0 and a sender may send more octets than there
 * are bits; past this many we do not look. */
#define LIMIT_BITS_OCTETS 8

/* Members of a struct that has a limit. */
#define RANGE(low, high) .limit.kind = LIMIT_NUMBER, .limit.min = (low), .limit.max = (high)
#define LABELS(table) .limit.kind = LIMIT_LABELS, .limit.labels = (table)
#define ONE_OF(mask) .limit.kind = LIMIT_SET, .limit.set = (mask)
#define BITS(count) .limit.kind = LIMIT_BITS, .limit.max = LIMIT_BITS_OCTETS, .limit.set = (1u << (count)) - 1
#define TEXT(low, high) .limit.kind = LIMIT_TEXT, .limit.min = (low), .limit.max = (high)
#define SECRET(high) .limit.kind = LIMIT_SECRET, .limit.max = (high)
#define TRUTH_VALUE ONE_OF(1u << 1 | 1u << 2)

/* A number of any integer type. Returns SNMP_ERR_NOERROR or SNMP_ERR_WRONGVALUE. */
int limit_number(const struct limit *limit, int64_t number);

/* Octets. Returns SNMP_ERR_NOERROR, SNMP_ERR_WRONGLENGTH or SNMP_ERR_WRONGVALUE. */
int limit_octets(const struct limit *limit, const uint8_t *octets, size_t size);

/* BITS that were found good, as a mask of bit numbers. */
uint32_t limit_mask(const uint8_t *octets, size_t size);

#endif
