/* SPDX-License-Identifier: BSD-2-Clause */
/* rasStatsTable: traffic of every entry. */
#include "agent/mib.h"
#include "agent/objects.h"

#define FIELD(member) .offset = offsetof(struct ras_conn_info, member)

static const struct table_column columns[] = {
	{MIB_STATS_IN_OCTETS, "rasStatsInOctets", ASN_COUNTER64, value_u64, FIELD(counters.traffic.in_octets)},
	{MIB_STATS_OUT_OCTETS, "rasStatsOutOctets", ASN_COUNTER64, value_u64, FIELD(counters.traffic.out_octets)},
	{MIB_STATS_IN_PACKETS, "rasStatsInPackets", ASN_COUNTER64, value_u64, FIELD(counters.traffic.in_packets)},
	{MIB_STATS_OUT_PACKETS, "rasStatsOutPackets", ASN_COUNTER64, value_u64, FIELD(counters.traffic.out_packets)},
	{MIB_STATS_IN_ERRORS, "rasStatsInErrors", ASN_COUNTER64, value_u64, FIELD(counters.traffic.in_errors)},
	{MIB_STATS_OUT_ERRORS, "rasStatsOutErrors", ASN_COUNTER64, value_u64, FIELD(counters.traffic.out_errors)},
	{MIB_STATS_UP_SECONDS, "rasStatsUpSeconds", ASN_COUNTER64, value_u64, FIELD(counters.up_seconds)},
	{MIB_STATS_CALL_IN_OCTETS, "rasStatsCallInOctets", ASN_COUNTER64, value_u64, FIELD(call_traffic.in_octets)},
	{MIB_STATS_CALL_OUT_OCTETS, "rasStatsCallOutOctets", ASN_COUNTER64, value_u64, FIELD(call_traffic.out_octets)},
	{MIB_STATS_DISCONTINUITY_TIME, "rasStatsDiscontinuityTime", ASN_TIMETICKS, value_time_stamp,
	 FIELD(discontinuity_mono_ms)},
};

const struct table table_stats = {
	.prefix = {MIB_CONN, MIB_STATS_TABLE, 1},
	.prefix_len = 3,
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.source = &source_conn,
};
