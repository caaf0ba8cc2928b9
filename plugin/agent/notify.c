/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/notify.h"

#include "agent/mib.h"
#include "sys/log.h"

enum instance { SCALAR, OF_ENTRY, OF_LINK };

/* An object of a notification: its name, and where its value stands in struct ras_notice. */
struct object {
	uint32_t prefix[TABLE_PREFIX_MAX];
	size_t prefix_len;
	uint32_t number;
	enum instance instance;
	uint8_t type;
	value_getter *get;
	size_t offset;
};

#define FIELD(member) .offset = offsetof(struct ras_notice, member)
#define ENTRY(column) {MIB_PHONEBOOK, MIB_ENTRY_TABLE, 1}, 3, MIB_ENTRY_##column, OF_ENTRY
#define CONN(column) {MIB_CONN, MIB_CONN_TABLE, 1}, 3, MIB_CONN_##column, OF_ENTRY
#define LINK(column) {MIB_CONN, MIB_LINK_TABLE, 1}, 3, MIB_LINK_##column, OF_LINK
#define INFO(column) {MIB_NOTIFY_INFO}, 1, MIB_NOTIFY_##column, SCALAR

static const struct object entry_name = {ENTRY(NAME), ASN_OCTET_STR, value_text, FIELD(entry_name)};
static const struct object entry_origin = {ENTRY(ORIGIN), ASN_INTEGER, value_enum, FIELD(origin)};
static const struct object call_id = {CONN(CALL_ID), ASN_UNSIGNED, value_u32, FIELD(conn.call_id)};
static const struct object request_id = {CONN(REQUEST_ID), ASN_UNSIGNED, value_u32, FIELD(conn.request_id)};
static const struct object oper_status = {CONN(OPER_STATUS), ASN_INTEGER, value_enum, FIELD(conn.status)};
static const struct object state = {CONN(STATE), ASN_INTEGER, value_enum, FIELD(conn.state)};
static const struct object if_index = {CONN(IF_INDEX), ASN_INTEGER, value_u32, FIELD(conn.ifindex)};
static const struct object if_name = {CONN(IF_NAME), ASN_OCTET_STR, value_text, FIELD(conn.ifname)};
static const struct object local_type = {CONN(LOCAL_ADDR_TYPE), ASN_INTEGER, value_addr_type, FIELD(conn.local)};
static const struct object local_addr = {CONN(LOCAL_ADDR), ASN_OCTET_STR, value_addr, FIELD(conn.local)};
static const struct object peer_type = {CONN(PEER_ADDR_TYPE), ASN_INTEGER, value_addr_type, FIELD(conn.peer)};
static const struct object peer_addr = {CONN(PEER_ADDR), ASN_OCTET_STR, value_addr, FIELD(conn.peer)};
static const struct object last_cause = {CONN(LAST_CAUSE), ASN_INTEGER, value_enum, FIELD(conn.last_error.cause)};
static const struct object last_code = {CONN(LAST_ERROR_CODE), ASN_INTEGER, value_i32, FIELD(conn.last_error.code)};
static const struct object last_backend = {CONN(LAST_BACKEND_CODE), ASN_INTEGER, value_i32,
					   FIELD(conn.last_error.backend)};
static const struct object last_text = {CONN(LAST_ERROR_TEXT), ASN_OCTET_STR, value_text, FIELD(conn.last_error.text)};
static const struct object last_state = {CONN(LAST_ERROR_STATE), ASN_INTEGER, value_enum, FIELD(conn.last_error.state)};
static const struct object last_time = {CONN(LAST_ERROR_TIME), ASN_OCTET_STR, value_date,
					FIELD(conn.last_error.time_ms)};
static const struct object failures = {CONN(CONSECUTIVE_FAILURES), ASN_GAUGE, value_u32,
				       FIELD(conn.counters.consecutive_failures)};
static const struct object links_up = {CONN(LINKS_UP), ASN_GAUGE, value_u32, FIELD(conn.links_up)};
static const struct object thread_id = {CONN(THREAD_ID), ASN_UNSIGNED, value_u32, FIELD(conn.thread_id)};
static const struct object link_status = {LINK(OPER_STATUS), ASN_INTEGER, value_enum, FIELD(link.status)};
static const struct object link_cause = {LINK(LAST_CAUSE), ASN_INTEGER, value_enum, FIELD(link.last_error.cause)};
static const struct object link_code = {LINK(LAST_ERROR_CODE), ASN_INTEGER, value_i32, FIELD(link.last_error.code)};
static const struct object old_status = {INFO(OLD_STATUS), ASN_INTEGER, value_enum, FIELD(old_status)};
static const struct object call_seconds = {INFO(CALL_SECONDS), ASN_UNSIGNED, value_u32, FIELD(call_seconds)};
static const struct object change = {INFO(CHANGE), ASN_INTEGER, value_enum, FIELD(change)};

/* OBJECTS of each notification but for rasAgentName, with which all end. */
#define OBJECTS_MAX 12
static const struct {
	uint32_t number;
	const struct object *objects[OBJECTS_MAX];
} notifications[RAS_NOTIFY_MAX] = {
	[RAS_NOTIFY_CONNECTED] = {MIB_CONNECTED,
				  {&entry_name, &call_id, &request_id, &oper_status, &if_index, &if_name, &local_type,
				   &local_addr, &peer_type, &peer_addr}},
	[RAS_NOTIFY_DISCONNECTED] = {MIB_DISCONNECTED,
				     {&entry_name, &call_id, &request_id, &oper_status, &last_cause, &last_code,
				      &last_text, &call_seconds, &last_time}},
	[RAS_NOTIFY_DIAL_FAILED] = {MIB_DIAL_FAILED,
				    {&entry_name, &call_id, &request_id, &oper_status, &last_cause, &last_code,
				     &last_backend, &last_text, &last_state, &failures, &last_time}},
	[RAS_NOTIFY_REDIAL_EXHAUSTED] = {MIB_REDIAL_EXHAUSTED,
					 {&entry_name, &call_id, &request_id, &oper_status, &last_cause, &last_code,
					  &last_text, &failures, &last_time}},
	[RAS_NOTIFY_STATE_CHANGE] = {MIB_STATE_CHANGE, {&entry_name, &call_id, &old_status, &oper_status, &state}},
	[RAS_NOTIFY_LINK_CHANGE] = {MIB_LINK_CHANGE,
				    {&entry_name, &call_id, &link_status, &link_cause, &link_code, &links_up}},
	[RAS_NOTIFY_THREAD_STUCK] = {MIB_THREAD_STUCK, {&entry_name, &call_id, &state, &thread_id}},
	[RAS_NOTIFY_CONFIG_CHANGE] = {MIB_CONFIG_CHANGE, {&entry_name, &change, &entry_origin}},
};

static bool add(netsnmp_variable_list **vars, const struct object *object, const void *field,
		const struct table_index *index)
{
	struct table table = {.prefix_len = object->prefix_len};
	struct value value = {.octets = ""};
	union value_wire wire;
	oid name[MAX_OID_LEN];
	const void *data;
	size_t size;

	memcpy(table.prefix, object->prefix, sizeof(table.prefix));
	object->get(field, &value);
	data = value_wire(object->type, &value, &wire, &size);
	return snmp_varlist_add_variable(vars, name, table_oid(&table, object->number, index, name), object->type, data,
					 size);
}

static bool add_notice(netsnmp_variable_list **vars, const struct object *object, const struct ras_notice *notice)
{
	struct table_index index = {.n = 1};

	if (object->instance != SCALAR)
		index.sub[0] = notice->conn.index;
	if (object->instance == OF_LINK)
		index.sub[index.n++] = notice->link.subentry;
	return add(vars, object, (const char *)notice + object->offset, &index);
}

netsnmp_variable_list *notify_varbinds(const struct agent *agent, const struct ras_notice *notice)
{
	static const oid trap_oid[] = {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0};
	static const struct object agent_name = {{MIB_SYSTEM}, 1,          MIB_AGENT_NAME, SCALAR, ASN_OCTET_STR,
						 value_string, .offset = 0};
	const oid name[] = {MIB_ROOT, MIB_NOTIFICATIONS, notifications[notice->type].number};
	const struct table_index scalar = {.n = 1};
	netsnmp_variable_list *vars = NULL;
	bool good = snmp_varlist_add_variable(&vars, trap_oid, ARRAY_SIZE(trap_oid), ASN_OBJECT_ID, name, sizeof(name));

	for (const struct object *const *at = notifications[notice->type].objects; *at; at++)
		good = good && add_notice(&vars, *at, notice);
	good = good && add(&vars, &agent_name, &agent->name, &scalar);
	if (!good) {
		snmp_free_varbind(vars);
		return NULL;
	}
	return vars;
}

/* ---- on their way ---- */

/* What the master has not answered yet, oldest first, since a session may end with it. */
static struct {
	struct ras_notice notice[NOTIFY_UNANSWERED_MAX];
	unsigned first, n;
	unsigned sent; /* so many of them in this session */
} flying;

static struct ras_notice *flying_at(unsigned i)
{
	return &flying.notice[(flying.first + i) % NOTIFY_UNANSWERED_MAX];
}

static void forget(unsigned n)
{
	flying.first = (flying.first + n) % NOTIFY_UNANSWERED_MAX;
	flying.n -= n;
	flying.sent -= n;
}

void notify_connected(bool lost)
{
	if (lost)
		flying.sent = 0;
	else
		forget(flying.sent);
}

unsigned notify_room(const struct agent *agent)
{
	unsigned unanswered = agent->uplink ? agent->uplink->unanswered() : 0;

	return unanswered < NOTIFY_UNANSWERED_MAX ? NOTIFY_UNANSWERED_MAX - unanswered : 0;
}

/* Answers come in the order of the notifications. */
static void forget_answered(const struct agent *agent)
{
	unsigned unanswered = agent->uplink ? agent->uplink->unanswered() : 0;

	if (flying.sent > unanswered)
		forget(flying.sent - unanswered);
}

void notify_disconnected(const struct agent *agent)
{
	forget_answered(agent);
}

static bool send_one(const struct agent *agent, const struct ras_notice *notice)
{
	const char *context = agent->context[0] ? agent->context : NULL;
	netsnmp_variable_list *vars = notify_varbinds(agent, notice);
	bool gone = true;

	log_debug("entry %s: call %u: notification %s", notice->entry_name, notice->conn.call_id,
		  ras_label_name(ras_notify_type_labels, (int32_t)notice->type));
	if (!vars)
		log_error("entry %s: call %u: a notification is lost: no memory", notice->entry_name,
			  notice->conn.call_id);
	else if (agent->uplink)
		gone = agent->uplink->send(vars, context);
	else
		send_trap_vars_with_context(-1, -1, vars, context);
	snmp_free_varbind(vars);
	return gone;
}

/* Those that could not be sent come first. */
static bool next_to_send(struct agent *agent)
{
	if (flying.sent < flying.n)
		return true;
	if (!ras_notices_take(agent->ras, flying_at(flying.n)))
		return false;
	flying.n++;
	return true;
}

bool notify_send_waiting(struct agent *agent)
{
	unsigned room = MIN(notify_room(agent), (unsigned)NOTIFY_PER_TURN);

	forget_answered(agent);
	for (unsigned i = 0; i < room; i++) {
		if (!next_to_send(agent))
			return false;
		if (!send_one(agent, flying_at(flying.sent)))
			return true;
		flying.sent++;
	}
	return true;
}
