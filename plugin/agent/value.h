/* SPDX-License-Identifier: BSD-2-Clause */
/* How fields of C structs look as SNMP values. A getter reads one field and gives a number or octets; the ASN.1 type is
 * the column's. */
#ifndef RASDIAL_AGENT_VALUE_H
#define RASDIAL_AGENT_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#define VALUE_ROOM 24

struct value {
	uint64_t number; /* an INTEGER that is negative: its two's complement */
	const void *octets;
	size_t size;
	uint8_t room[VALUE_ROOM]; /* for octets that a getter makes */
};

typedef void value_getter(const void *field, struct value *ret);

/* Numbers; the name tells the type of the field. */
value_getter value_i32, value_u32, value_u64, value_u8;
value_getter value_enum; /* any enumeration */
value_getter value_bool; /* TruthValue */

/* Octets. */
value_getter value_text;   /* char[], ended by NUL */
value_getter value_string; /* const char * */
value_getter value_empty;  /* always the empty string */
value_getter value_bits;   /* uint32_t: mask of at most 8 bit numbers, as BITS */
value_getter value_date;   /* int64_t, ms of CLOCK_REALTIME, as DateAndTime */

/* struct ras_addr as InetAddressType and InetAddress. */
value_getter value_addr_type, value_addr;

/* int64_t, ms of the monotonic clock; 0 stands for "no such moment" and gives 0. */
value_getter value_time_stamp;    /* sysUpTime at that moment */
value_getter value_ticks_since;   /* TimeTicks since then */
value_getter value_seconds_since; /* whole seconds since then */
value_getter value_seconds_until; /* seconds to go, rounded up, so never 0 */

/* Room for a value in the form that libnetsnmp takes. */
union value_wire {
	long integer;
	unsigned long gauge;
	struct counter64 counter64;
};

/* Gives data and size for snmp_set_var_typed_value() and its kin; they point into value or wire. */
const void *value_wire(uint8_t type, const struct value *value, union value_wire *wire, size_t *ret_size);

#endif
