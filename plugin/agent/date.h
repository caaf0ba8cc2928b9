/* SPDX-License-Identifier: BSD-2-Clause */
/* Time as SNMP shows it: DateAndTime for people, TimeStamp and TimeTicks for machines. */
#ifndef RASDIAL_AGENT_DATE_H
#define RASDIAL_AGENT_DATE_H

#include <stddef.h>
#include <stdint.h>

#define DATE_MAX 11 /* octets of a DateAndTime */

/* DateAndTime (RFC 2579) of milliseconds since 1970: 11 octets, local time with its offset from UTC. 0, or a time the
 * calendar cannot show, gives eight zero octets: not known. Returns the length. */
size_t date_and_time(int64_t real_ms, uint8_t ret[DATE_MAX]);

/* When sysUpTime was 0, by the monotonic clock (clock_mono_ms). sysUpTime belongs to the master; it is told in 1/100 s,
 * now and then, and so dances a little, which a TimeStamp must not: managers look for another value. What was known
 * holds until it is off by more than a second, which means another master. uptime_cs: sysUpTime now. */
int64_t date_master_start(int64_t known_ms, int64_t now_mono_ms, uint32_t uptime_cs);

/* TimeStamp: the value of sysUpTime at an event of the monotonic clock. Masters restart, so events are kept by our own
 * clock and converted as late as possible. Events from before the start of the master, and 0 (no event), give 0. */
uint32_t date_time_stamp(int64_t event_mono_ms, int64_t master_start_ms);

/* TimeTicks between two points of the monotonic clock; wraps as TimeTicks do. */
uint32_t date_time_ticks(int64_t from_mono_ms, int64_t to_mono_ms);

#endif
