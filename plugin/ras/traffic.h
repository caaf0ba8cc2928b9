/* SPDX-License-Identifier: BSD-2-Clause */
/* What a link carries: read by its dial thread from time to time, or by whoever looks at the connection, as the driver
 * has it (stats_interval_ms). */
#ifndef RASDIAL_RAS_TRAFFIC_H
#define RASDIAL_RAS_TRAFFIC_H

#include "ras/engine.h"

/* The link is up, or was taken over. conn.lock held. */
void traffic_begin(struct ras_call *call);

/* Dial thread only. */
void traffic_read(struct ras_call *call);

/* When the dial thread is to read it; also before a link is held to be idle. */
int64_t traffic_next_reading(const struct ras_call *call);

/* Puts what it is at this moment into a copy of the row, if nobody reads it otherwise. conn.lock held. */
void traffic_look(const struct ras_conn *conn, struct ras_conn_info *info);

/* Reads it for the last time, before the driver lets go of the link. Dial thread only. */
void traffic_end(struct ras_call *call);

void traffic_add(struct ras_traffic *sum, const struct ras_traffic *t);

#endif
