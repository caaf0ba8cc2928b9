/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration file: YAML to typed settings. A file is read as a whole or not at all. */
#ifndef RASDIAL_CONFIG_CONFIG_H
#define RASDIAL_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/entry.h"
#include "ras/ras.h"
#include "sys/log.h"

#define CONFIG_PATH "/etc/rasdial/rasdial.yaml"
#define CONFIG_FILE_MAX (16u * 1024 * 1024) /* octets */
#define CONFIG_DEPTH_MAX 16
#define CONFIG_ERROR_MAX 768

enum config_on_exit { CONFIG_ON_EXIT_KEEP, CONFIG_ON_EXIT_HANG_UP };

/* Section "agent". Strings are owned by the struct. */
struct config_agent {
	char *name;   /* the host name by default; 1..64 octets */
	char *agentx; /* unix:/path, tcp:host:port or tcp6:[address]:port, never without transport; NULL: as net-snmp */
	bool agentx_insecure;
	char *context;
	uint32_t ping_interval; /* s */
	char *state_dir, *run_dir, *helper_dir;
	enum config_on_exit on_exit;
	uint32_t hang_up_timeout; /* s */
	enum ras_admin_mode admin_mode;
	uint32_t max_entries;
	uint32_t max_concurrent_dials;
	bool allow_snmp_entries, allow_snmp_secrets;
	uint32_t allow_device_types; /* mask of enum ras_device_type */
	char **allow_devices;        /* glob patterns, ended by NULL */
	char **allow_destinations;
	uint32_t history_max_entries, history_retain_time; /* rows, minutes */
	uint32_t notify_types;                             /* mask of enum ras_notify_type */
	uint32_t notify_min_interval, notify_queue;        /* s, notifications */
	enum log_level log_level;
	enum log_target log_target;
};

struct config {
	struct config_agent agent;
	struct ras_entry **entries; /* in the order of the file */
	size_t n_entries;
};

/* Reads a file. Returns 0, or negative errno with "file:line:column: message" in error (for a file that cannot
 * be read: "file: message"); ret is untouched then. On success the caller frees *ret. */
int config_load(const char *path, struct config **ret, char error[CONFIG_ERROR_MAX]);

/* Frees everything; entries are unreferenced. Takes NULL, returns NULL. */
struct config *config_free(struct config *config);

/* Puts another address of the master in place of the file's (command line), under the same rules: syntax, and
 * agentx-insecure for what is not on this host. Returns 0, or negative errno with a message without place in
 * error; nothing changed then. */
int config_set_agentx(struct config *config, const char *agentx, char error[CONFIG_ERROR_MAX]);

/* The engine's settings that a file gives. Strings point into config. */
void config_settings(const struct config *config, struct ras_settings *ret);

static inline void config_cleanup(struct config **c)
{
	config_free(*c);
}
#define _cleanup_config_ __attribute__((cleanup(config_cleanup)))

#endif
