/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/traffic.h"

#include "ras/bundle.h"
#include "sys/clock.h"

void traffic_add(struct ras_traffic *sum, const struct ras_traffic *t)
{
	sum->in_octets += t->in_octets;
	sum->out_octets += t->out_octets;
	sum->in_packets += t->in_packets;
	sum->out_packets += t->out_packets;
	sum->in_errors += t->in_errors;
	sum->out_errors += t->out_errors;
}

static void show(const struct ras_conn *conn, struct ras_conn_info *info, const struct ras_traffic *t)
{
	info->call_traffic = *t;
	info->counters.traffic = conn->traffic_base;
	traffic_add(&info->counters.traffic, t);
}

/* The bundle is asked for what its links have read. */
static void schedule(struct ras_call *call)
{
	const struct ras_driver *driver = call->member ? bundle_call(call)->driver : call->driver;

	call->traffic_due = driver->stats_interval_ms > 0 ? clock_mono_ms() + driver->stats_interval_ms : INT64_MAX;
}

void traffic_begin(struct ras_call *call)
{
	const struct ras_driver *driver = call->driver;

	schedule(call);
	call->conn->metered = driver->traffic && driver->stats_interval_ms == 0 ? call : NULL;
}

void traffic_read(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;
	struct ras_traffic t = call->traffic;

	schedule(call);
	if (!call->driver->traffic || call->driver->traffic(call, &t) < 0)
		return;
	/* A driver may know octets only. */
	if (t.in_packets != call->traffic.in_packets || t.out_packets != call->traffic.out_packets ||
	    t.in_octets != call->traffic.in_octets || t.out_octets != call->traffic.out_octets)
		call->quiet_since = clock_mono_ms();
	if (call->member) {
		bundle_link_count(call, &t);
		return;
	}
	call->traffic = t;

	WITH_LOCK(&conn->lock);

	show(conn, &conn->info, &t);
}

int64_t traffic_next_reading(const struct ras_call *call)
{
	uint32_t idle = call->entry->idle_timeout;

	/* Limits are those of the bundle. */
	if (call->member || idle == 0)
		return call->traffic_due;
	return MIN(call->traffic_due, call->quiet_since + (int64_t)idle * 1000);
}

void traffic_look(const struct ras_conn *conn, struct ras_conn_info *info)
{
	struct ras_traffic t;

	if (conn->metered && conn->metered->driver->traffic(conn->metered, &t) == 0)
		show(conn, info, &t);
}

void traffic_end(struct ras_call *call)
{
	struct ras_conn *conn = call->conn;

	/* What somebody has seen does not go back. */
	pthread_mutex_lock(&conn->lock);
	traffic_look(conn, &conn->info);
	conn->metered = NULL;
	pthread_mutex_unlock(&conn->lock);
	traffic_read(call);
}
