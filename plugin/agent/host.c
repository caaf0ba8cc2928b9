/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/host.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "driver/drivers.h"
#include "sys/fd.h"
#include "sys/limits.h"
#include "sys/log.h"
#include "sys/macro.h"

int host_replace(char **setting, const char *with)
{
	char *copy = with ? strdup(with) : NULL;

	if (!with)
		return 0;
	if (!copy)
		return -ENOMEM;
	free(*setting);
	*setting = copy;
	return 0;
}

int host_engine_new(const struct config *config, struct ras **ret)
{
	struct ras_settings settings;
	struct ras_error error;
	struct ras *ras;
	int r;

	config_settings(config, &settings);
	r = ras_new(&settings, ras_drivers, &error, &ras);
	if (r < 0) {
		log_error("%s", error.text);
		return r;
	}
	r = ras_phonebook_load(ras, config->entries, config->n_entries, &error);
	if (r < 0) {
		log_error("%s", error.text);
		ras_free(ras);
		return r;
	}
	*ret = ras;
	return 0;
}

/* ---- limits ---- */

/* Descriptors of a connection that is dialed or up, generously; so many threads and descriptors are for all else. */
#define FDS_OF_LINE 2
#define FDS_OF_OTHERS 10
#define FDS_REST 64 /* where there are none above FD_HIGH */
#define THREADS_REST 64

static int64_t fds_of(enum ras_device_type type)
{
	return type == RAS_DEVICE_LOOPBACK ? FDS_OF_LINE : FDS_OF_OTHERS;
}

/* What all need at a time. Each link of a bundle needs as much as a connection, and the bundle itself a thread, too. */
static void sum_up(const struct ras *ras, int64_t *ret_fds, int64_t *ret_threads)
{
	int64_t fds = 0, threads = 0;

	for (size_t i = 0; i < ras_conn_count(ras); i++) {
		const struct ras_entry *e = ras_conn_entry(ras_conn_at(ras, i));
		int64_t links = ras_entry_is_bundle(e) ? 1 + (int64_t)e->n_subentries : 0;

		fds += (links + (links == 0)) * fds_of(e->device_type) + (links > 0 ? FDS_OF_LINE : 0);
		threads += 1 + links;
	}
	*ret_fds = fds;
	*ret_threads = threads;
}

static void check_limit(const struct ras *ras, const char *what, int64_t wanted, int64_t rest,
			const struct limits_value *limit)
{
	int64_t n = (int64_t)ras_conn_count(ras);

	if (wanted == 0 || wanted + rest <= limit->value)
		return;
	log_warning("of the %" PRId64 " entries about %" PRId64
		    " can be connected at a time, since there may be only %" PRId64 " %s, not %" PRId64 " (%s)",
		    n, MAX(limit->value - rest, 0) * n / wanted, limit->value, what, wanted + rest, limit->name);
}

void host_check_limits(const struct ras *ras)
{
	struct limits_value limit;
	int64_t fds, threads;

	sum_up(ras, &fds, &threads);
	limits_descriptors(&limit);
	check_limit(ras, "descriptors", fds, limit.value > FD_HIGH ? FD_HIGH : FDS_REST, &limit);
	limits_threads(&limit);
	check_limit(ras, "threads", threads, THREADS_REST, &limit);
}

/* ---- control socket ---- */

static void on_control(int fd UNUSED, void *data)
{
	control_server_turn(data);
}

struct control_server *host_control_new(struct ras *ras, const struct config *config)
{
	struct control_server *control = NULL;
	int r = control_server_new(ras, config->agent.run_dir, &control);

	if (r == 0)
		r = control_server_listen(control);
	if (r == 0 && register_readfd(control_server_fd(control), on_control, control) != FD_REGISTERED_OK)
		r = -ENOSPC;
	if (r == 0)
		return control;
	log_error("the control socket in %s cannot be opened, so rasdial does not reach this agent: %s",
		  config->agent.run_dir, strerror(-r));
	return control_server_free(control);
}

struct control_server *host_control_free(struct control_server *control)
{
	if (control)
		unregister_readfd(control_server_fd(control));
	return control_server_free(control);
}
