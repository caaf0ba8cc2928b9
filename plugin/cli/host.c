/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/host.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "control/control.h"
#include "control/control_server.h"
#include "driver/drivers.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/macro.h"

#define STOP_MS 2000
#define STARTING_MS 3000 /* for a process that has the directories to open its socket */
#define AGAIN_MS 100

struct host {
	struct config *config;
	struct ras *ras;
	struct control_server *server;
};

/* ---- an engine of our own ---- */

/* What an agent would dial by itself is not dialed: the command is about one entry, and dials it once. */
static void start_nothing(struct config *config)
{
	for (size_t i = 0; i < config->n_entries; i++) {
		struct ras_entry *entry = config->entries[i];

		if (entry->dial_mode == RAS_DIAL_MODE_AUTO_START || entry->dial_mode == RAS_DIAL_MODE_PERSISTENT)
			entry->dial_mode = RAS_DIAL_MODE_MANUAL;
	}
}

static int start_engine(struct host *host, enum host_use use, struct ras_error *error)
{
	struct config *config = host->config;
	struct ras_settings settings;
	int r;

	start_nothing(config);
	config_settings(config, &settings);
	settings.hang_up_on_exit = false; /* the command says itself what is hung up */
	r = ras_new(&settings, ras_drivers, error, &host->ras);
	if (r == 0)
		r = ras_phonebook_load(host->ras, config->entries, config->n_entries, error);
	if (r < 0)
		return r;
	r = control_server_new(host->ras, config->agent.run_dir, &host->server);
	if (r == 0 && use == HOST_DIALS)
		r = control_server_listen(host->server);
	if (r == 0 && use == HOST_DIALS)
		r = ras_start(host->ras);
	if (r < 0)
		ras_error_set(error, r, RAS_BACKEND_NONE, "cannot start: %s", strerror(-r));
	return r;
}

/* Our end of a pair whose other end the server has. */
static int join_server(struct host *host, struct ras_error *error)
{
	int pair[2];
	int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;

	if (r == 0) {
		r = control_server_take(host->server, pair[1]);
		if (r == 0)
			return pair[0];
		fd_close(pair[0]);
	}
	ras_error_set(error, r, RAS_BACKEND_NONE, "cannot make a socket: %s", strerror(-r));
	return r;
}

static int make_engine(struct config *config, enum host_use use, struct ras_error *error, struct host **ret)
{
	struct host *host = calloc(1, sizeof(*host));
	int r;

	*error = RAS_ERROR_INIT;
	if (!host)
		return -ENOMEM;
	host->config = config;
	r = start_engine(host, use, error);
	if (r == 0)
		r = join_server(host, error);
	if (r < 0) {
		host->config = NULL; /* stays the caller's, who may try again */
		host_free(host);
		return r;
	}
	*ret = host;
	return r;
}

/* ---- finding ---- */

static bool nobody_listens(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

static int complain_of(const char *run_dir, int r)
{
	fprintf(stderr, "rasdial: %s/" CONTROL_SOCKET " cannot be reached: %s%s\n", run_dir, strerror(-r),
		r == -EACCES || r == -EPERM ? " (be root, or the user of the agent)" : "");
	return -1;
}

int host_reach(const char *config_path, const char *run_dir, enum host_use use, struct host **ret)
{
	_cleanup_config_ struct config *config = NULL;
	int64_t until = clock_mono_ms() + STARTING_MS;
	char reason[CONFIG_ERROR_MAX];
	struct ras_error error;
	int r = config_load(config_path, &config, reason);

	/* Who knows the directory needs the file only if nobody answers there. */
	if (r < 0 && !run_dir) {
		fprintf(stderr, "%s\n", reason);
		return -1;
	}
	if (config && run_dir) {
		free(config->agent.run_dir);
		config->agent.run_dir = strdup(run_dir);
	}
	if (config && config->agent.run_dir)
		run_dir = config->agent.run_dir;
	log_open("rasdial", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	for (;;) {
		*ret = NULL;
		r = control_connect(run_dir);
		if (r >= 0)
			return r;
		if (!nobody_listens(r))
			return complain_of(run_dir, r);
		if (!config) {
			fprintf(stderr, "rasdial: no agent answers in %s, and without one: %s\n", run_dir, reason);
			return -1;
		}
		r = make_engine(config, use, &error, ret);
		if (r >= 0) {
			TAKE_PTR(config);
			return r;
		}
		if (r != -EBUSY || clock_mono_ms() > until)
			break;
		usleep(AGAIN_MS * 1000);
	}
	if (r == -EBUSY)
		fprintf(stderr,
			"rasdial: no agent answers in %s, but one has its directories: %s. Is it another -r that it was "
			"started with? Else end that process and try again\n",
			run_dir, error.text);
	else
		fprintf(stderr, "rasdial: %s\n", error.code ? error.text : strerror(-r));
	return -1;
}

/* ---- life ---- */

bool host_wait(struct host *host, int fd, int signal_fd)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = POLLIN},
		{.fd = signal_fd, .events = POLLIN},
		{.fd = host ? control_server_fd(host->server) : -1, .events = POLLIN},
		{.fd = host ? ras_wake_fd(host->ras) : -1, .events = POLLIN},
	};

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return false;
	if (host && fds[2].revents)
		control_server_turn(host->server);
	if (host && fds[3].revents) {
		fd_event_drain(ras_wake_fd(host->ras));
		ras_reap(host->ras);
	}
	return fds[1].revents != 0;
}

struct host *host_free(struct host *host)
{
	if (!host)
		return NULL;
	if (host->ras)
		ras_stop(host->ras, STOP_MS);
	control_server_free(host->server);
	ras_free(host->ras);
	config_free(host->config);
	free(host);
	return NULL;
}
