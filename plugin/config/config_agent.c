/* SPDX-License-Identifier: BSD-2-Clause */
/* Section agent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config_check.h"
#include "config/config_section.h"
#include "config/config_text.h"
#include "sys/macro.h"
#include "sys/utf8.h"

#define NAME_MAX_OCTETS 64 /* rasAgentName */
#define CONTEXT_MAX 32     /* vacmContextName */
#define PATTERN_MAX 255    /* what it is compared with is no longer */
#define PATH_OCTETS 1024

static const struct ras_label on_exit_labels[] = {
	{CONFIG_ON_EXIT_KEEP, "keep"},
	{CONFIG_ON_EXIT_HANG_UP, "hangUp"},
	{0, NULL},
};

static const struct ras_label log_level_labels[] = {
	{LOG_LEVEL_ERROR, "error"},
	{LOG_LEVEL_WARNING, "warning"},
	{LOG_LEVEL_INFO, "info"},
	{LOG_LEVEL_DEBUG, "debug"},
	{0, NULL},
};

static const struct ras_label log_target_labels[] = {
	{LOG_TARGET_AUTO, "auto"},
	{LOG_TARGET_STDERR, "stderr"},
	{LOG_TARGET_SYSLOG, "syslog"},
	{0, NULL},
};

#define FIELD(name) .offset = offsetof(struct config_agent, name), .size = sizeof(((struct config_agent *)0)->name)

static const struct config_key history_keys[] = {
	{"max-entries", CONFIG_NUMBER, FIELD(history_max_entries), .min = 0, .max = 65535},
	{"retain-time", CONFIG_NUMBER, FIELD(history_retain_time), .min = 0, .max = 525600},
};
static const struct config_section history_section = {"history", CONFIG_KEYS(history_keys)};

static const struct config_key notification_keys[] = {
	{"types", CONFIG_LABELS, FIELD(notify_types), .labels = ras_notify_type_labels},
	{"min-interval", CONFIG_NUMBER, FIELD(notify_min_interval), .min = 0, .max = 3600},
	{"queue", CONFIG_NUMBER, FIELD(notify_queue), .min = 1, .max = 65535},
};
static const struct config_section notification_section = {"notifications", CONFIG_KEYS(notification_keys)};

static const struct config_key log_keys[] = {
	{"level", CONFIG_LABEL, FIELD(log_level), .labels = log_level_labels},
	{"target", CONFIG_LABEL, FIELD(log_target), .labels = log_target_labels},
};
static const struct config_section log_section = {"log", CONFIG_KEYS(log_keys)};

/* What SNMP may make: nothing that runs a command line of its own. */
#define DEVICE_TYPES_OVER_SNMP (~(1u << RAS_DEVICE_PTY))

static const struct config_key agent_keys[] = {
	{"name", CONFIG_STRING, FIELD(name), .min = 1, .max = NAME_MAX_OCTETS},
	{"agentx", CONFIG_STRING, FIELD(agentx), .min = 1, .max = AGENTX_MAX - 8, .check = check_agentx},
	{"agentx-insecure", CONFIG_BOOL, FIELD(agentx_insecure)},
	{"context", CONFIG_STRING, FIELD(context), .min = 0, .max = CONTEXT_MAX},
	{"ping-interval", CONFIG_NUMBER, FIELD(ping_interval), .min = 1, .max = 3600},
	{"state-dir", CONFIG_STRING, FIELD(state_dir), .min = 1, .max = PATH_OCTETS, .check = check_path},
	{"run-dir", CONFIG_STRING, FIELD(run_dir), .min = 1, .max = PATH_OCTETS, .check = check_path},
	{"helper-dir", CONFIG_STRING, FIELD(helper_dir), .min = 1, .max = PATH_OCTETS, .check = check_path},
	{"on-exit", CONFIG_LABEL, FIELD(on_exit), .labels = on_exit_labels},
	{"hang-up-timeout", CONFIG_NUMBER, FIELD(hang_up_timeout), .min = 1, .max = 600},
	{"admin-mode", CONFIG_LABEL, FIELD(admin_mode), .labels = ras_admin_mode_labels},
	{"max-entries", CONFIG_NUMBER, FIELD(max_entries), .min = 0, .max = RAS_INDEX_MAX},
	{"max-concurrent-dials", CONFIG_NUMBER, FIELD(max_concurrent_dials), .min = 0, .max = 65535},
	{"allow-snmp-entries", CONFIG_BOOL, FIELD(allow_snmp_entries)},
	{"allow-snmp-secrets", CONFIG_BOOL, FIELD(allow_snmp_secrets)},
	{"allow-device-types", CONFIG_LABELS, FIELD(allow_device_types), .labels = ras_device_type_labels,
	 .allowed = DEVICE_TYPES_OVER_SNMP},
	{"allow-devices", CONFIG_LIST, FIELD(allow_devices), .min = 1, .max = PATTERN_MAX},
	{"allow-destinations", CONFIG_LIST, FIELD(allow_destinations), .min = 1, .max = PATTERN_MAX},
	{"history", CONFIG_SECTION, .section = &history_section},
	{"notifications", CONFIG_SECTION, .section = &notification_section},
	{"log", CONFIG_SECTION, .section = &log_section},
};
const struct config_section config_agent_section = {"agent", CONFIG_KEYS(agent_keys)};

/* The host name, made to fit rasAgentName. */
static char *host_name(void)
{
	char name[NAME_MAX_OCTETS + 1] = "";
	uint32_t code;
	size_t n;

	/* A longer name is cut; glibc says so with ENAMETOOLONG and has filled the buffer. */
	if (gethostname(name, sizeof(name)) < 0 && errno != ENAMETOOLONG)
		name[0] = '\0';
	name[NAME_MAX_OCTETS] = '\0';
	for (size_t at = 0; name[at]; at += n) {
		n = utf8_char(name + at, strlen(name + at), &code);
		if (n == 0 || utf8_is_control(code)) {
			name[at] = '?';
			n = 1;
		}
	}
	return strdup(name[0] ? name : "rasdial");
}

int config_agent_init(struct config_agent *agent)
{
	*agent = (struct config_agent){
		.name = host_name(),
		.context = strdup(""),
		.ping_interval = 15,
		.state_dir = strdup("/var/lib/rasdial"),
		.run_dir = strdup("/run/rasdial"),
		.helper_dir = strdup("/usr/libexec/rasdial"),
		.on_exit = CONFIG_ON_EXIT_KEEP,
		.hang_up_timeout = 10,
		.admin_mode = RAS_ADMIN_ENABLED,
		.max_entries = 10000,
		.max_concurrent_dials = 64,
		.allow_device_types = 1u << RAS_DEVICE_LOOPBACK,
		.history_max_entries = 250,
		.notify_types = (1u << RAS_NOTIFY_MAX) - 1,
		.notify_min_interval = 5,
		.notify_queue = 1024,
		.log_level = LOG_LEVEL_INFO,
		.log_target = LOG_TARGET_AUTO,
	};
	return agent->name && agent->context && agent->state_dir && agent->run_dir && agent->helper_dir ? 0 : -ENOMEM;
}

void config_agent_done(struct config_agent *agent)
{
	free(agent->name);
	free(agent->agentx);
	free(agent->context);
	free(agent->state_dir);
	free(agent->run_dir);
	free(agent->helper_dir);
	config_list_free(agent->allow_devices);
	config_list_free(agent->allow_destinations);
}

/* ---- rules between keys ---- */

static const char *agentx_conflict(const char *agentx, bool insecure)
{
	if (!insecure && !agentx_is_local(agentx))
		return "is not on this host, and AgentX has no authentication (set agentx-insecure: true if a tunnel "
		       "or a closed network protects it)";
	return NULL;
}

static int set_agentx(struct config_agent *agent, const char *agentx)
{
	char spelled[AGENTX_MAX], *copy;

	agentx_spell(agentx, spelled);
	copy = strdup(spelled);
	if (!copy)
		return -ENOMEM;
	free(agent->agentx);
	agent->agentx = copy;
	return 0;
}

int config_agent_read(struct config_reader *r, const struct doc_node *node, struct config_agent *agent)
{
	const struct config_section *section = &config_agent_section;
	struct config_values values;
	const char *conflict;
	int e;

	e = config_collect(r, section, node, &values);
	if (e == 0)
		e = config_apply(r, section, &values, agent);
	if (e < 0)
		return e;
	if (agent->agentx_insecure && agent->allow_snmp_secrets)
		return config_fail(
			r, config_value(section, &values, "allow-snmp-secrets"), "allow-snmp-secrets",
			"refused together with agentx-insecure: true (secrets would cross the network in the clear)");
	if (!agent->agentx)
		return 0;
	conflict = agentx_conflict(agent->agentx, agent->agentx_insecure);
	if (conflict)
		return config_fail(r, config_value(section, &values, "agentx"), "agentx", "\"%s\" %s", agent->agentx,
				   conflict);
	return set_agentx(agent, agent->agentx) < 0 ? config_fail_memory(r) : 0;
}

int config_set_agentx(struct config *config, const char *agentx, char error[CONFIG_ERROR_MAX])
{
	const char *wrong = check_agentx(agentx);
	char quote[TEXT_QUOTE_MAX];

	if (!wrong)
		wrong = agentx_conflict(agentx, config->agent.agentx_insecure);
	if (wrong) {
		snprintf(error, CONFIG_ERROR_MAX, "%s %s", text_quote(agentx, quote), wrong);
		return -EINVAL;
	}
	if (set_agentx(&config->agent, agentx) < 0) {
		snprintf(error, CONFIG_ERROR_MAX, "out of memory");
		return -ENOMEM;
	}
	return 0;
}
