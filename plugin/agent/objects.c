/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/objects.h"

#include <errno.h>
#include <fcntl.h>

#include <net-snmp/agent/agent_sysORTable.h>

#include "agent/mib.h"
#include "agent/notify.h"
#include "agent/set.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

static const struct table *const tables[] = {
	&table_system, &table_phonebook, &table_name,    &table_subentry, &table_conn,           &table_stats,
	&table_addr,   &table_link,      &table_history, &table_hist,     &table_notify_control,
};

static void store_begin(struct agent *agent)
{
	ras_write_begin(agent->ras);
}

static int store_end(struct agent *agent, bool keep)
{
	if (!keep)
		ras_write_drop(agent->ras);
	return !keep || ras_write_end(agent->ras) < 0 ? SNMP_ERR_COMMITFAILED : SNMP_ERR_NOERROR;
}

const struct table_list objects_list = {tables, ARRAY_SIZE(tables), store_begin, store_end};

/* sysORTable wants an array it could write to. */
static oid root[] = {MIB_ROOT};
static const oid objects[] = {MIB_ROOT, MIB_OBJECTS};

static bool registered;
static int wake_fd = -1;
static unsigned expiry; /* alarm */

/* ---- rows ---- */

bool objects_entry_index_good(const struct table_index *index)
{
	return index->n == 1 && index->sub[0] >= 1 && index->sub[0] <= RAS_INDEX_MAX;
}

struct ras_conn *objects_conn(const struct agent *agent, const struct table_index *index)
{
	struct ras_conn *conn;

	if (!objects_entry_index_good(index))
		return NULL;
	conn = ras_conn_at(agent->ras, ras_conn_position(agent->ras, index->sub[0], index->hint));
	return conn && ras_conn_entry(conn)->index == index->sub[0] ? conn : NULL;
}

bool objects_next_entry(struct agent *agent, const struct table_index *after, struct table_index *ret)
{
	uint32_t least;
	size_t at;

	if (!table_after(after, &least))
		return false;
	at = ras_conn_position(agent->ras, least, after->hint);
	if (at >= ras_conn_count(agent->ras))
		return false;
	ret->n = 1;
	ret->hint = at;
	ret->sub[0] = ras_conn_entry(ras_conn_at(agent->ras, at))->index;
	return true;
}

#define SNAPSHOT_MAX_AGE_MS 1000

bool objects_snapshot_fresh(struct objects_snapshot *snapshot, const struct agent *agent, uint32_t index)
{
	int64_t now = clock_mono_ms();
	bool fresh = snapshot->taken_ms && snapshot->transaction == agent->transaction && snapshot->index == index &&
		     now - snapshot->taken_ms < SNAPSHOT_MAX_AGE_MS;

	if (!fresh)
		*snapshot = (struct objects_snapshot){agent->transaction, index, now};
	return fresh;
}

/* ---- requests ---- */

static void expire(unsigned clientreg UNUSED, void *clientarg)
{
	struct agent *agent = clientarg;

	expiry = 0;
	set_expire(agent, SET_MAX_AGE_MS);
	if (set_pending())
		expiry = snmp_alarm_register(1, 0, expire, agent);
}

static int handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg UNUSED,
		  netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct agent *agent = handler->myvoid;

	agent->transaction = (int)info->asp->pdu->transid;
	switch (info->mode) {
	case MODE_GET:
		table_get(&objects_list, agent, requests);
		break;
	case MODE_GETNEXT:
	case MODE_GETBULK:
		table_next(&objects_list, agent, info->asp->pdu, requests);
		break;
	default:
		set_phase(&objects_list, agent, info->mode, agent->transaction, requests);
		if (set_pending() && !expiry)
			expiry = snmp_alarm_register(SET_MAX_AGE_MS / 1000, 0, expire, agent);
	}
	return SNMP_ERR_NOERROR;
}

/* The engine has something for us. */
static void woken(int fd, void *data)
{
	struct agent *agent = data;

	fd_event_drain(fd);
	ras_reap(agent->ras);
	agent->held = notify_send_waiting(agent);
	objects_turn(agent);
}

void objects_turn(struct agent *agent)
{
	/* From the loop, so that requests have their turn too. */
	if (agent->held && notify_room(agent) > 0)
		fd_event_post(wake_fd);
}

void objects_connected(struct agent *agent, bool lost)
{
	notify_connected(lost);
	ras_notices_connected(agent->ras, true);
}

void objects_disconnected(struct agent *agent)
{
	notify_disconnected(agent);
	ras_notices_connected(agent->ras, false);
	set_expire(agent, 0);
}

/* ---- registration ---- */

static int register_handler(struct agent *agent)
{
	netsnmp_handler_registration *reg = netsnmp_create_handler_registration(
		"rasdial", handle, objects, ARRAY_SIZE(objects), HANDLER_CAN_RWRITE | HANDLER_CAN_GETBULK);
	int r;

	if (!reg)
		return -ENOMEM;
	/* Not my_reg_void: where another registers within our range, the parts behind it would lack that. */
	reg->handler->myvoid = agent;
	if (agent->context[0]) {
		reg->contextName = strdup(agent->context);
		if (!reg->contextName) {
			netsnmp_handler_registration_free(reg);
			return -ENOMEM;
		}
	}
	/* Frees the registration if it fails. */
	r = netsnmp_register_handler(reg);
	if (r == MIB_DUPLICATE_REGISTRATION)
		return -EEXIST;
	return r == MIB_REGISTERED_OK ? 0 : -ENOMEM;
}

/* netsnmp_unregister_handler() goes on with the name of the context after it has freed it. */
static void unregister_handler(const struct agent *agent)
{
	oid name[ARRAY_SIZE(objects)];

	memcpy(name, objects, sizeof(objects));
	unregister_mib_context(name, ARRAY_SIZE(name), DEFAULT_MIB_PRIORITY, 0, 0,
			       agent->context[0] ? agent->context : NULL);
}

/* libnetsnmpagent's, and in none of its headers: PDUs that wait for another subagent. */
extern netsnmp_agent_session *agent_delegated_list;

static bool touches_us(const netsnmp_agent_session *pdu, const struct agent *agent)
{
	for (int i = 0; i < pdu->vbcount; i++) {
		const netsnmp_subtree *subtree = pdu->requests[i].subtree;

		if (subtree && subtree->reginfo && subtree->reginfo->handler->myvoid == agent)
			return true;
	}
	return false;
}

/* The session that a PDU of ours waits for, NULL if there is none. */
static netsnmp_session *awaited(const struct agent *agent)
{
	for (const netsnmp_agent_session *pdu = agent_delegated_list; pdu; pdu = pdu->next)
		for (int i = 0; i < pdu->vbcount && touches_us(pdu, agent); i++)
			if (pdu->requests[i].delegated && pdu->requests[i].subtree->session)
				return pdu->requests[i].subtree->session;
	return NULL;
}

/* A PDU that is of ours and of another subagent goes back to our subtree, so it ends, with genErr, before that does. */
static void end_awaiting(const struct agent *agent)
{
	netsnmp_session *session;

	while ((session = awaited(agent)) && netsnmp_remove_delegated_requests_for_session(session) > 0)
		;
}

int objects_register(struct agent *agent)
{
	int r;

	/* The library waits with select(). */
	wake_fd = fcntl(ras_wake_fd(agent->ras), F_DUPFD_CLOEXEC, 3);
	if (wake_fd < 0)
		return -errno;
	r = register_handler(agent);
	if (r == 0 && register_readfd(wake_fd, woken, agent) != FD_REGISTERED_OK) {
		unregister_handler(agent);
		r = -ENOSPC;
	}
	if (r < 0) {
		wake_fd = fd_close(wake_fd);
		return r;
	}
	register_sysORTable(root, ARRAY_SIZE(root), "RASDIAL-MIB: remote access connections, dialed and watched");
	registered = true;
	return 0;
}

void objects_unregister(struct agent *agent)
{
	if (!registered)
		return;
	registered = false;
	end_awaiting(agent);
	if (expiry)
		snmp_alarm_unregister(expiry);
	expiry = 0;
	set_expire(agent, 0);
	unregister_sysORTable(root, ARRAY_SIZE(root));
	unregister_readfd(wake_fd);
	unregister_handler(agent);
	wake_fd = fd_close(wake_fd);
}
