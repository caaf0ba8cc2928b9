/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/agent.h"

#include <errno.h>
#include <limits.h>
#include <syslog.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>

#include "agent/master.h"
#include "agent/objects.h"
#include "agent/quiet.h"
#include "agent/set.h"
#include "sys/fd.h"
#include "sys/log.h"

#define APPLICATION "rasdiald"

static struct agent agent;
static netsnmp_session *master_session; /* NULL: none */
static uint32_t ping_interval;
static char *name, *context;
static bool refused;   /* the master has not taken our objects */
static bool lamented;  /* that has been told */
static unsigned again; /* alarm */

static void try_again_later(unsigned seconds);

/* ---- log ---- */

/* Lines of libnetsnmp that say what our own lines say. */
static const char *const known_lines[] = {
	"AgentX master disconnected us",
	"AgentX master agent failed to respond to ping",
	"AgentX session to master agent attempted to be re-opened",
	"NET-SNMP version",
};

static bool starts_with(const char *line, const char *start)
{
	return strncmp(line, start, strlen(start)) == 0;
}

static void on_refusal(const char *message, int len)
{
	static struct quiet quiet;

	quiet_log(
		&quiet, LOG_LEVEL_ERROR,
		"the master agent refuses our objects (%.*s): another agent has them%s%s, or it has not noticed yet that "
		"our last session is over; trying again every %u s. An agent.context of its own lets each agent have them",
		len, message, context[0] ? " in context " : "", context, ping_interval);
	refused = lamented = true;
	try_again_later(ping_interval);
}

static int on_log(int major UNUSED, int minor UNUSED, void *message, void *data UNUSED)
{
	static struct quiet quiet;
	const struct snmp_log_message *m = message;
	int len = (int)strcspn(m->msg, "\n");
	bool quiet_line = m->priority > LOG_WARNING;

	for (size_t i = 0; i < ARRAY_SIZE(known_lines); i++)
		quiet_line = quiet_line || starts_with(m->msg, known_lines[i]);
	if (quiet_line)
		log_debug("net-snmp: %.*s", len, m->msg);
	else if (starts_with(m->msg, "registering pdu failed"))
		on_refusal(m->msg, len);
	else if (len)
		quiet_log(&quiet, LOG_LEVEL_WARNING, "net-snmp: %.*s", len, m->msg);
	/* The library would wait for the answer to a farewell, too. */
	if (starts_with(m->msg, "AgentX master agent failed to respond to ping"))
		master_leave();
	return 0;
}

/* ---- session ---- */

/* The default, 1 s and 5 more tries, would stop the loop for 6 s whenever the master is slow: better lose the session.
 */
static int on_session_init(int major UNUSED, int minor UNUSED, void *session, void *data UNUSED)
{
	netsnmp_session *s = session;

	/* Of our sessions only the one with the master is a stream. */
	if (s->flags & SNMP_FLAGS_STREAM_SOCKET) {
		s->timeout = MASTER_WAIT_MS * 1000L;
		s->retries = 0;
	}
	return 0;
}

static unsigned long sent(void)
{
	const netsnmp_trap_stats *stats = master_session ? master_session->trap_stats : NULL;

	return stats ? stats->sent_count : 0;
}

static unsigned unanswered(void)
{
	const netsnmp_trap_stats *stats = master_session ? master_session->trap_stats : NULL;

	if (!master_session)
		return UINT_MAX;
	return stats ? (unsigned)(stats->sent_count - stats->ack_count - stats->timeouts) : 0;
}

/* An answer may come late: a master that does not live any more fails to answer pings, and the session ends. */
#define NOTIFY_WAIT_MS (600 * 1000)

static bool send_notification(netsnmp_variable_list *vars, const char *in_context)
{
	unsigned long before = sent();

	master_session->timeout = NOTIFY_WAIT_MS * 1000L;
	send_trap_vars_with_context(-1, -1, vars, in_context);
	master_session->timeout = MASTER_WAIT_MS * 1000L;
	return sent() > before;
}

static const struct agent_uplink uplink = {send_notification, unanswered};

/* Comes before the objects are registered again, so nothing is sent here. */
static int on_connect(int major UNUSED, int minor UNUSED, void *session, void *data UNUSED)
{
	master_session = session;
	refused = false;
	log_write(lamented ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "connected to the master agent at %s", master_address());
	objects_connected(&agent, master_reached());
	return 0;
}

static int on_disconnect(int major UNUSED, int minor UNUSED, void *session UNUSED, void *data UNUSED)
{
	objects_disconnected(&agent);
	master_session = NULL;
	log_write(refused ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "lost the master agent at %s; trying again every %u s",
		  master_address(), ping_interval);
	return 0;
}

/* The library registers objects when a session begins, and never again: so another session is begun, when no
 * notification is on its way. */
static void try_again(unsigned clientreg UNUSED, void *clientarg UNUSED)
{
	again = 0;
	if (!refused || !master_session)
		return;
	if (unanswered() > 0)
		try_again_later(1);
	else
		master_leave();
}

static void try_again_later(unsigned seconds)
{
	if (!again)
		again = snmp_alarm_register(seconds, 0, try_again, NULL);
}

/* ---- settings ---- */

void agent_environment(void)
{
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "/dev/null", 1);
}

/* All that libnetsnmp would else read from or write to files, and its own complaints about a master that is away. */
static void set_before_init(void)
{
	netsnmp_enable_subagent();
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_LOAD_HOST_FILES, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_ROOT_ACCESS, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, MASTER_X_SOCKET);

	snmp_disable_log();
	snmp_enable_calllog();
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_log, NULL);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_SESSION_INIT, on_session_init, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_connect, NULL);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_disconnect, NULL);
}

static void set_ping_interval(uint32_t seconds)
{
	ping_interval = seconds;
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, (int)seconds);
}

static int set_name(const char *new_name)
{
	char *copy = strdup(new_name);

	if (!copy)
		return -ENOMEM;
	free(name);
	name = copy;
	agent.name = name;
	return 0;
}

int agent_open(struct ras *ras, const struct agent_settings *settings)
{
	int r = set_name(settings->name);

	context = strdup(settings->context);
	if (r < 0 || !context)
		return -ENOMEM;
	agent.ras = ras;
	agent.context = context;
	agent.uplink = &uplink;
	agent.max_entries = settings->max_entries;

	set_before_init();
	r = master_init(settings->agentx);
	if (r < 0)
		return r;
	if (init_agent(APPLICATION) != 0)
		return -EIO;
	/* init_agent() puts its own value there. */
	set_ping_interval(settings->ping_interval);
	r = objects_register(&agent);
	if (r < 0)
		return r;
	init_snmp(APPLICATION);
	/* libnetsnmp leaves its descriptors open across exec. */
	fd_cloexec_from(STDERR_FILENO + 1);
	return 0;
}

void agent_reload(const struct agent_settings *settings)
{
	if (set_name(settings->name) < 0)
		log_error("agent.name is not changed: no memory");
	agent.max_entries = settings->max_entries;
	set_ping_interval(settings->ping_interval);
}

/* ---- loop ---- */

int agent_watch(int fd, void (*call)(int fd, void *data), void *data)
{
	return register_readfd(fd, call, data) == FD_REGISTERED_OK ? 0 : -ENOSPC;
}

void agent_turn(void)
{
	agent_check_and_process(1);
	if (lamented && master_session && !refused) {
		log_info("the master agent has taken our objects");
		lamented = false;
	}
	objects_turn(&agent);
}

void agent_close(void)
{
	/* The master drops our objects itself when the session is closed. */
	set_leave(&agent);
	snmp_shutdown(APPLICATION);
	shutdown_agent();
	master_close();
	free(name);
	free(context);
}
