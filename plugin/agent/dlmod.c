/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent as a part of snmpd: "dlmod rasdial FILE" in snmpd.conf loads this object.
 *
 * snmpd calls init_rasdial() while it reads its configuration: before it becomes a daemon and gives up its privileges,
 * and again at each SIGHUP, after deinit_rasdial(). So nothing is begun there. All of it begins with the next turn of
 * snmpd's loop, in the process and as the user that it stays with, before that turn answers a request. An engine begins
 * anew at each SIGHUP and adopts what the one before has left up.
 *
 * The object stays in memory when it is unloaded (-z nodelete): a dial thread that does not end in time still has its
 * code, and what is static here outlives a reload. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>

#include "agent/host.h"
#include "agent/host_log.h"
#include "agent/notify.h"
#include "agent/objects.h"
#include "sys/fd.h"
#include "sys/limits.h"
#include "sys/log.h"
#include "sys/macro.h"
#include "sys/process.h"

#define STOP_THREADS_MS 2000 /* for dial threads to clean up; snmpd waits */

#define EXPORT __attribute__((visibility("default")))
EXPORT void init_rasdial(void);
EXPORT void deinit_rasdial(void);

/* libnetsnmpagent's, and in none of its headers: 0 when snmpd is about to end. */
extern int netsnmp_running;

/* What snmpd.conf says. NULL: nothing. */
static struct {
	char *config, *state_dir, *run_dir;
} options;

/* While it is loaded. */
static struct {
	int wake_fd; /* posted for the beginning and for lines of log; -1: not loaded */
	bool begun;
	struct agent agent;
	struct control_server *control;
} life = {.wake_fd = -1};

/* Over reloads. */
static struct config *config; /* the last that was good: strings of agent, too */
static struct ras *left[8];   /* engines with a thread that did not end in time */

/* ---- snmpd.conf ---- */

/* They stay when we are unloaded: snmpd is just walking along their list. */
static const struct {
	const char *name;
	char **option;
	const char *help;
} tokens[] = {
	{"rasdialConfig", &options.config, "FILE"},
	{"rasdialStateDir", &options.state_dir, "DIRECTORY"},
	{"rasdialRunDir", &options.run_dir, "DIRECTORY"},
};

static void take_path(const char *token, const char *line)
{
	char path[SNMP_MAXPATH];

	copy_nword_const(line, path, sizeof(path));
	/* snmpd leaves its folder. */
	if (path[0] != '/') {
		netsnmp_config_error("%s: \"%s\" is no absolute path", token, path);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		if (strcasecmp(token, tokens[i].name) != 0)
			continue;
		free(*tokens[i].option);
		*tokens[i].option = strdup(path);
	}
}

static const char *config_path(void)
{
	return options.config ? options.config : CONFIG_PATH;
}

/* Reads rasdial.yaml. Returns NULL after it has told what is wrong. */
static struct config *load_config(void)
{
	_cleanup_config_ struct config *fresh = NULL;
	char error[CONFIG_ERROR_MAX];

	if (config_load(config_path(), &fresh, error) < 0) {
		log_error("%s", error);
		return NULL;
	}
	if (host_replace(&fresh->agent.state_dir, options.state_dir) < 0 ||
	    host_replace(&fresh->agent.run_dir, options.run_dir) < 0) {
		log_error("no memory");
		return NULL;
	}
	return TAKE_PTR(fresh);
}

/* ---- life ---- */

static void free_left(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		left[i] = ras_free(left[i]);
}

/* An engine that cannot be freed yet is tried again at each start. */
static void leave(struct ras *ras)
{
	size_t i = 0;

	free_left();
	while (i + 1 < ARRAY_SIZE(left) && left[i])
		i++;
	left[i] = ras_free(ras);
	/* What a thread has written down before that, no other engine tells. */
	while (left[i] && notify_send_waiting(&life.agent))
		;
}

static void stop(void)
{
	struct agent *agent = &life.agent;

	if (!agent->ras)
		return;
	if (netsnmp_running)
		ras_keep_links(agent->ras);
	if (ras_stop(agent->ras, STOP_THREADS_MS) < 0)
		log_warning("dial threads are left that do not end; their links are taken up at the next start");
	/* What is owed goes out now: those of snmpd's sessions that are to take it are still open. */
	while (notify_send_waiting(agent))
		;
	objects_unregister(agent);
	life.control = host_control_free(life.control);
	leave(agent->ras);
	agent->ras = NULL;
}

static int start_agent(struct agent *agent)
{
	int r;

	/* There is always a master: snmpd itself. */
	objects_connected(agent, false);
	/* First: who cannot be asked dials nothing. */
	r = objects_register(agent);
	if (r == -EEXIST)
		log_error("snmpd has our objects from another agent%s%s: end rasdiald, or give it a context of its own "
			  "(agent.context), and send snmpd SIGHUP",
			  agent->context[0] ? " in context " : "", agent->context);
	else if (r < 0)
		log_error("snmpd does not take our objects: %s", strerror(-r));
	if (r < 0)
		return r;
	r = ras_start(agent->ras);
	if (r < 0)
		log_error("cannot start the threads of the engine: %s", strerror(-r));
	return r;
}

/* Starts all of it. wanted must stay while it runs. Returns false after it has told what is wrong. */
static bool start(const struct config *wanted)
{
	struct agent *agent = &life.agent;

	log_open("rasdial", wanted->agent.log_target, wanted->agent.log_level);
	*agent = (struct agent){
		.name = wanted->agent.name,
		.context = wanted->agent.context ? wanted->agent.context : "",
		.max_entries = wanted->agent.max_entries,
	};
	if (host_engine_new(wanted, &agent->ras) < 0)
		return false;
	if (start_agent(agent) < 0) {
		stop();
		return false;
	}
	life.control = host_control_new(agent->ras, wanted);
	host_check_limits(agent->ras);
	return true;
}

/* A file with an error changes nothing. */
static void begin(void)
{
	struct config *fresh;
	bool first = !config;

	/* Secrets are in memory from the first configuration on. */
	process_forbid_core();
	limits_raise();
	free_left();
	fresh = load_config();
	if (fresh && start(fresh)) {
		config_free(config);
		config = fresh;
		if (first)
			log_info("version " RASDIAL_VERSION " started: %zu entries", config->n_entries);
		else
			log_info("configuration %s read again: %zu entries", config_path(), config->n_entries);
		return;
	}
	config_free(fresh);
	if (config && start(config))
		log_error("nothing is changed: the new configuration cannot be used");
	else
		log_error(
			"nothing can be dialed before that is mended and snmpd gets SIGHUP; links that are up stay up");
}

static void on_wake(int fd, void *data UNUSED)
{
	fd_event_drain(fd);
	if (!life.begun) {
		life.begun = true;
		begin();
	}
	host_log_turn();
}

/* SIGHUP, before anybody else hears of it: snmpd forgets where notifications go, and unloads us later. */
static int on_reload(int major UNUSED, int minor UNUSED, void *server UNUSED, void *data UNUSED)
{
	stop();
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		free(*tokens[i].option);
		*tokens[i].option = NULL;
	}
	return 0;
}

void init_rasdial(void)
{
	if (life.wake_fd >= 0) {
		netsnmp_config_error("rasdial is loaded already");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
		snmpd_register_const_config_handler(tokens[i].name, take_path, NULL, tokens[i].help);
	/* Low: snmpd waits with select(). */
	life.wake_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	if (life.wake_fd < 0 || register_readfd(life.wake_fd, on_wake, NULL) != FD_REGISTERED_OK) {
		snmp_log(LOG_ERR, "rasdial: cannot be started: no descriptor\n");
		life.wake_fd = fd_close(life.wake_fd);
		return;
	}
	host_log_open(life.wake_fd);
	netsnmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_PRE_UPDATE_CONFIG, on_reload, NULL,
				  NETSNMP_CALLBACK_HIGHEST_PRIORITY);
}

void deinit_rasdial(void)
{
	if (life.wake_fd < 0)
		return;
	stop();
	host_log_close();
	unregister_readfd(life.wake_fd);
	life.wake_fd = fd_close(life.wake_fd);
	life.begun = false;
	/* At the end the library forgets them all by itself. */
	if (netsnmp_running)
		snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_PRE_UPDATE_CONFIG, on_reload, NULL,
					 1);
}
