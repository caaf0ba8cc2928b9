/* SPDX-License-Identifier: BSD-2-Clause */
/* The file as a whole. */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config_input.h"
#include "config/config_row.h"
#include "config/config_section.h"
#include "config/yaml_doc.h"
#include "sys/macro.h"

/* Sections are read in an order of their own: the place where each stands does not matter. */
static const struct config_key file_keys[] = {
	{.key = "agent", .type = CONFIG_OWN},
	{.key = "defaults", .type = CONFIG_OWN},
	{.key = "entries", .type = CONFIG_OWN},
};
const struct config_section config_file_section = {"this file", CONFIG_KEYS(file_keys)};

static int read_file(struct config_reader *r, const struct doc_node *root, struct config *config)
{
	const struct config_section *section = &config_file_section;
	const struct doc_node *agent;
	struct config_values values;
	int e;

	e = config_collect(r, section, root, &values);
	if (e < 0)
		return e;
	agent = config_value(section, &values, "agent");
	if (agent)
		e = config_agent_read(r, agent, &config->agent);
	if (e < 0)
		return e;
	return config_entries_read(r, config_value(section, &values, "defaults"),
				   config_value(section, &values, "entries"), config->agent.max_entries,
				   &config->entries, &config->n_entries);
}

int config_parse(const struct config_source *source, struct config **ret, char error[CONFIG_ERROR_MAX])
{
	struct config_reader r = {.source = source, .error = error};
	_cleanup_config_ struct config *config = NULL;
	_cleanup_doc_ struct doc *doc = NULL;
	int e;

	e = config_read_doc(&r, &doc);
	if (e < 0)
		return e;
	config = calloc(1, sizeof(*config));
	if (!config || config_agent_init(&config->agent) < 0)
		return config_fail_memory(&r);
	if (doc_root(doc))
		e = read_file(&r, doc_root(doc), config);
	if (e < 0)
		return e;
	*ret = TAKE_PTR(config);
	return 0;
}

int config_load(const char *path, struct config **ret, char error[CONFIG_ERROR_MAX])
{
	struct config_source source = {.name = path};
	struct config_reader r = {.source = &source, .error = error};
	struct stat st;
	char *text;
	int e;

	e = input_read(path, CONFIG_FILE_MAX, &text, &source.size, &st);
	if (e < 0) {
		config_say(&r, NULL, NULL, "%s", input_error(e));
		return e;
	}
	source.text = text;
	source.mode = st.st_mode;
	source.owner = st.st_uid;
	source.mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	e = config_parse(&source, ret, error);
	explicit_bzero(text, source.size);
	free(text);
	return e;
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	config_agent_done(&config->agent);
	for (size_t i = 0; i < config->n_entries; i++)
		ras_entry_unref(config->entries[i]);
	free(config->entries);
	free(config);
	return NULL;
}

void config_settings(const struct config *config, struct ras_settings *ret)
{
	const struct config_agent *agent = &config->agent;

	*ret = (struct ras_settings){
		.state_dir = agent->state_dir,
		.run_dir = agent->run_dir,
		.permit =
			{
				.entries = agent->allow_snmp_entries,
				.secrets = agent->allow_snmp_secrets,
				.device_types = agent->allow_device_types,
				.devices = (const char *const *)agent->allow_devices,
				.destinations = (const char *const *)agent->allow_destinations,
				.helper_dir = agent->helper_dir,
			},
		.row_format = &config_row_format,
		.max_entries = agent->max_entries,
		.hang_up_timeout = agent->hang_up_timeout,
		.notify_queue = agent->notify_queue,
		.hang_up_on_exit = agent->on_exit == CONFIG_ON_EXIT_HANG_UP,
	};
	ret->value[RAS_SETTING_ADMIN_MODE] = agent->admin_mode;
	ret->value[RAS_SETTING_MAX_CONCURRENT_DIALS] = agent->max_concurrent_dials;
	ret->value[RAS_SETTING_HIST_MAX_ENTRIES] = agent->history_max_entries;
	ret->value[RAS_SETTING_HIST_RETAIN_TIME] = agent->history_retain_time;
	ret->value[RAS_SETTING_NOTIFY_TYPES] = agent->notify_types;
	ret->value[RAS_SETTING_NOTIFY_MIN_INTERVAL] = agent->notify_min_interval;
}
