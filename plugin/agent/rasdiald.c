/* SPDX-License-Identifier: BSD-2-Clause */
/* The AgentX subagent as a process: options, start, signals, reload, end. */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>

#include "agent/agent.h"
#include "agent/host.h"
#include "agent/supervisor.h"
#include "config/config.h"
#include "ras/ras.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/limits.h"
#include "sys/log.h"
#include "sys/macro.h"
#include "sys/process.h"

#define STOP_THREADS_MS 2000 /* for dial threads to clean up */
#define STOP_ALL_MS 3000     /* then the process ends, whatever libnetsnmp waits for */

static const char help[] = "usage: rasdiald [-f] [-c FILE] [-x ADDRESS] [-s DIR] [-r DIR] [-t] [-v] [-V] [-h]\n"
			   "\n"
			   "Dials remote access connections for the SNMP agent of this host (AgentX).\n"
			   "\n"
			   "  -f          stay in the foreground, log to standard error\n"
			   "  -c FILE     configuration (" CONFIG_PATH ")\n"
			   "  -x ADDRESS  master agent: unix:PATH, tcp:HOST:PORT\n"
			   "  -s DIR      state directory (/var/lib/rasdial)\n"
			   "  -r DIR      run directory (/run/rasdial)\n"
			   "  -t          check the configuration and exit\n"
			   "  -v          log more\n"
			   "  -V          print the version and exit\n"
			   "  -h          print this help and exit\n"
			   "\n"
			   "-x, -s and -r win over the file. SIGHUP reads the file again; SIGTERM and SIGINT end\n"
			   "rasdiald and leave links up, unless the file says otherwise.\n";

struct options {
	bool foreground, check, verbose;
	char *config, *state_dir, *run_dir;
	const char *agentx;
};

/* What the thread that takes signals and the loop share. */
static struct {
	struct ras *ras;
	const struct config *config;    /* that it was started with */
	struct control_server *control; /* NULL: commands on this host cannot reach it */
	int wake_fd;
	atomic_bool reload, stop;
	sem_t ended;
} life;

/* ---- options ---- */

/* A daemon leaves its folder, so what it opens later has an absolute path. */
static char *absolute(const char *path)
{
	_cleanup_free_ char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
	char *result;

	if (!cwd)
		return strdup(path);
	return asprintf(&result, "%s/%s", cwd, path) < 0 ? NULL : result;
}

/* Returns false if the process shall end, with its status. */
static bool parse_options(int argc, char *argv[], struct options *ret, int *ret_status)
{
	int option;

	*ret_status = EXIT_SUCCESS;
	ret->config = strdup(CONFIG_PATH);
	while ((option = getopt(argc, argv, "fc:x:s:r:tvVh")) != -1) {
		switch (option) {
		case 'f':
			ret->foreground = true;
			break;
		case 'c':
			free(ret->config);
			ret->config = absolute(optarg);
			break;
		case 'x':
			ret->agentx = optarg;
			break;
		case 's':
			free(ret->state_dir);
			ret->state_dir = absolute(optarg);
			break;
		case 'r':
			free(ret->run_dir);
			ret->run_dir = absolute(optarg);
			break;
		case 't':
			ret->check = true;
			break;
		case 'v':
			ret->verbose = true;
			break;
		case 'V':
			puts("rasdiald " RASDIAL_VERSION);
			return false;
		case 'h':
			fputs(help, stdout);
			return false;
		default:
			fputs("rasdiald -h tells the options\n", stderr);
			*ret_status = EXIT_FAILURE;
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "rasdiald: unexpected argument \"%s\"; rasdiald -h tells the options\n", argv[optind]);
		*ret_status = EXIT_FAILURE;
		return false;
	}
	return true;
}

/* The file, with what the command line puts in its place. */
static int load_config(const struct options *options, struct config **ret, char error[CONFIG_ERROR_MAX])
{
	_cleanup_config_ struct config *config = NULL;
	char reason[CONFIG_ERROR_MAX];
	int r = config_load(options->config, &config, error);

	if (r < 0)
		return r;
	r = options->agentx ? config_set_agentx(config, options->agentx, reason) : 0;
	if (r < 0) {
		snprintf(error, CONFIG_ERROR_MAX, "rasdiald: -x %.*s", CONFIG_ERROR_MAX - 32, reason);
		return r;
	}
	if (host_replace(&config->agent.state_dir, options->state_dir) < 0 ||
	    host_replace(&config->agent.run_dir, options->run_dir) < 0) {
		snprintf(error, CONFIG_ERROR_MAX, "rasdiald: no memory");
		return -ENOMEM;
	}
	if (options->verbose)
		config->agent.log_level = LOG_LEVEL_DEBUG;
	*ret = TAKE_PTR(config);
	return 0;
}

static int check_config(const struct options *options)
{
	_cleanup_config_ struct config *config = NULL;
	char error[CONFIG_ERROR_MAX];

	if (load_config(options, &config, error) < 0) {
		fprintf(stderr, "%s\n", error);
		return EXIT_FAILURE;
	}
	printf("%s: good, %zu entries\n", options->config, config->n_entries);
	return EXIT_SUCCESS;
}

static struct agent_settings agent_settings(const struct config *config)
{
	return (struct agent_settings){
		.name = config->agent.name,
		.context = config->agent.context ? config->agent.context : "",
		.agentx = config->agent.agentx,
		.ping_interval = config->agent.ping_interval,
		.max_entries = config->agent.max_entries,
	};
}

static void open_log(const struct options *options, const struct config *config)
{
	log_open("rasdiald", options->foreground ? LOG_TARGET_STDERR : config->agent.log_target,
		 config->agent.log_level);
}

/* ---- signals ---- */

static void take_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGHUP);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGTERM);
	pthread_sigmask(SIG_BLOCK, ret, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* The loop may be held by libnetsnmp, which waits for the master, so links are seen to here, while the loop still sends
 * what is to be told of it. If the loop does not end then, the process does. */
static void stop(int sig)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_ALL_MS / 1000;
	log_info("ending at SIG%s", sigabbrev_np(sig));
	supervisor_stopping();
	if (ras_stop(life.ras, STOP_THREADS_MS) < 0)
		log_warning("dial threads are left that do not end; their links are taken up at the next start");
	life.stop = true;
	fd_event_post(life.wake_fd);
	while (sem_clockwait(&life.ended, CLOCK_MONOTONIC, &until) < 0) {
		if (errno != ETIMEDOUT)
			continue;
		log_warning("ended without leave of the master agent, which does not answer");
		_exit(EXIT_SUCCESS);
	}
}

static void *signal_thread(void *data)
{
	const sigset_t *set = data;

	for (;;) {
		int sig;

		if (sigwait(set, &sig) != 0)
			continue;
		if (sig != SIGHUP) {
			stop(sig);
			return NULL;
		}
		life.reload = true;
		fd_event_post(life.wake_fd);
	}
}

/* ---- reload ---- */

/* Keys that are read at the start only. */
static const struct {
	const char *key;
	size_t offset;
} start_keys[] = {
	{"agentx", offsetof(struct config_agent, agentx)},
	{"context", offsetof(struct config_agent, context)},
	{"state-dir", offsetof(struct config_agent, state_dir)},
	{"run-dir", offsetof(struct config_agent, run_dir)},
};

static const char *start_value(const struct config *config, size_t offset)
{
	const char *value = *(char *const *)((const char *)&config->agent + offset);

	return value ? value : "";
}

static void warn_of_start_keys(const struct config *config)
{
	for (size_t i = 0; i < ARRAY_SIZE(start_keys); i++)
		if (!str_equal(start_value(config, start_keys[i].offset),
			       start_value(life.config, start_keys[i].offset)))
			log_warning("agent.%s: takes effect at the next start", start_keys[i].key);
}

static void reload(const struct options *options)
{
	_cleanup_config_ struct config *config = NULL;
	struct agent_settings agent;
	struct ras_settings settings;
	char error[CONFIG_ERROR_MAX];
	struct ras_error refused;
	int r;

	if (load_config(options, &config, error) < 0) {
		log_error("%s", error);
		log_error("nothing is changed: the configuration has an error");
		return;
	}
	open_log(options, config);
	warn_of_start_keys(config);
	config_settings(config, &settings);
	r = ras_settings_reload(life.ras, &settings);
	if (r < 0)
		log_error("a setting cannot be stored: %s", strerror(-r));
	if (ras_phonebook_load(life.ras, config->entries, config->n_entries, &refused) < 0) {
		log_error("the entries are not changed: %s", refused.text);
		return;
	}
	agent = agent_settings(config);
	agent_reload(&agent);
	log_info("configuration %s read again: %zu entries", options->config, config->n_entries);
	host_check_limits(life.ras);
}

static void on_wake(int fd, void *data)
{
	fd_event_drain(fd);
	if (!atomic_exchange(&life.reload, false))
		return;
	supervisor_reloading();
	reload(data);
	supervisor_ready();
}

/* ---- life ---- */

/* Links are taken up before the master is looked for, which may take its time. */
static int start_agent(struct options *options, const struct config *config)
{
	struct agent_settings settings = agent_settings(config);
	int r = ras_start(life.ras);

	if (r < 0) {
		log_error("cannot start the threads of the engine: %s", strerror(-r));
		return -1;
	}
	r = agent_open(life.ras, &settings);
	if (r >= 0)
		r = agent_watch(life.wake_fd, on_wake, options);
	if (r < 0)
		log_error("cannot start the SNMP agent: %s", strerror(-r));
	else
		life.control = host_control_new(life.ras, config);
	return r;
}

static int run(struct options *options, sigset_t *set, const struct config *config, int parent)
{
	int status = EXIT_SUCCESS;
	pthread_t signals;
	int r;

	if (host_engine_new(config, &life.ras) < 0)
		return EXIT_FAILURE;
	r = pthread_create(&signals, NULL, signal_thread, set);
	if (r != 0) {
		log_error("cannot make a thread: %s", strerror(r));
		ras_free(life.ras);
		return EXIT_FAILURE;
	}
	if (start_agent(options, config) < 0) {
		status = EXIT_FAILURE;
		pthread_kill(signals, SIGTERM);
	} else {
		log_info("rasdiald " RASDIAL_VERSION " started: %zu entries", config->n_entries);
		host_check_limits(life.ras);
		detach_done(parent, config->agent.log_target == LOG_TARGET_STDERR);
		open_log(options, config);
		supervisor_ready();
		while (!life.stop)
			agent_turn();
		agent_close();
	}
	sem_post(&life.ended);
	pthread_join(signals, NULL);
	life.control = host_control_free(life.control);
	ras_free(life.ras);
	log_info("ended");
	return status;
}

int main(int argc, char *argv[])
{
	_cleanup_config_ struct config *config = NULL;
	struct options options = {0};
	char error[CONFIG_ERROR_MAX];
	int parent = -1;
	sigset_t set;
	int status = EXIT_FAILURE;

	/* Secrets are in memory from the first configuration on, and leave copies in memory that is free again. */
	if (standard_streams() < 0 || process_forbid_core() < 0)
		goto out;
	if (!parse_options(argc, argv, &options, &status))
		goto out;
	if (options.check) {
		status = check_config(&options);
		goto out;
	}
	status = EXIT_FAILURE;
	agent_environment();
	take_signals(&set);
	limits_raise();
	if (load_config(&options, &config, error) < 0) {
		fprintf(stderr, "%s\n", error);
		goto out;
	}
	if (!options.foreground) {
		parent = detach();
		if (parent < 0) {
			fprintf(stderr, "rasdiald: cannot detach: %s\n", strerror(-parent));
			goto out;
		}
	}
	open_log(&options, config);
	life.config = config;
	/* The library waits with select(), so this one stays low. */
	life.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	sem_init(&life.ended, 0, 0);
	status = run(&options, &set, config, parent);
out:
	free(options.config);
	free(options.state_dir);
	free(options.run_dir);
	return status;
}
