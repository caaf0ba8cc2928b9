/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file as libFuzzer likes it: whatever the octets, a configuration within its limits or a
 * message of one line. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config_section.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_error(const char *error)
{
	require(strncmp(error, "f.yaml:", 7) == 0, "an error without file");
	require(strlen(error) < CONFIG_ERROR_MAX, "an error that is too long");
	for (const char *p = error; *p; p++)
		require((unsigned char)*p >= 0x20 && *p != 0x7f, "a control character in an error");
}

static void check_config(const struct config *config)
{
	require(config->agent.name && config->agent.name[0] && strlen(config->agent.name) <= 64, "agent.name");
	require(!(config->agent.allow_device_types & 1u << RAS_DEVICE_PTY), "pty over SNMP");
	require(!(config->agent.agentx_insecure && config->agent.allow_snmp_secrets), "secrets over the network");
	require(config->agent.max_entries == 0 || config->n_entries <= config->agent.max_entries, "too many entries");
	for (size_t i = 0; i < config->n_entries; i++) {
		const struct ras_entry *e = config->entries[i];
		const char *missing = ras_entry_missing(e);

		require(e->name[0] != '\0', "no name");
		require(!missing || strcmp(missing, "destination") != 0, "no destination");
		require(!e->secret || (e->secret[0] && strlen(e->secret) <= 255), "secret");
		require(e->index <= RAS_INDEX_MAX, "index");
		require(e->redial_pause >= 1 && e->redial_pause <= 86400, "redial-pause");
		require(e->dial_timeout >= 1 && e->dial_timeout <= 3600, "dial-timeout");
		for (size_t j = 0; j < i; j++)
			require(ras_name_compare(e->name, config->entries[j]->name) != 0, "a name twice");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_source source = {.name = "f.yaml",
				       .text = (const char *)data,
				       .size = size,
				       .mode = S_IFREG | 0600};
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	if (config_parse(&source, &config, error) < 0)
		check_error(error);
	else
		check_config(config);
	config_free(config);
	return 0;
}
