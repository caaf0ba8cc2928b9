/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/host_log.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "sys/fd.h"
#include "sys/log.h"

/* A ring of lines, each of them one octet for its level, the text, and a NUL. */
static struct {
	pthread_mutex_t lock;
	char ring[HOST_LOG_ROOM];
	size_t first, n;
	unsigned lost;
	int wake_fd; /* -1: nobody listens */
	bool diverted;
	pthread_t owner; /* since then */
} host_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake_fd = -1};

/* snmpd writes its log without priorities, but for syslog. */
static const struct {
	int priority;
	const char *word;
} levels[] = {
	[LOG_LEVEL_ERROR] = {LOG_ERR, "error: "},
	[LOG_LEVEL_WARNING] = {LOG_WARNING, "warning: "},
	[LOG_LEVEL_INFO] = {LOG_INFO, ""},
	[LOG_LEVEL_DEBUG] = {LOG_DEBUG, "debug: "},
};

/* ---- the ring; lock held ---- */

static void put(const void *data, size_t size)
{
	const char *octets = data;

	for (size_t i = 0; i < size; i++)
		host_log.ring[(host_log.first + host_log.n++) % HOST_LOG_ROOM] = octets[i];
}

static char get(void)
{
	char octet = host_log.ring[host_log.first];

	host_log.first = (host_log.first + 1) % HOST_LOG_ROOM;
	host_log.n--;
	return octet;
}

/* ---- lines ---- */

static void wait_in_ring(enum log_level level, const char *line)
{
	size_t size = strlen(line) + 1;
	const char octet = (char)level;
	int wake_fd;

	pthread_mutex_lock(&host_log.lock);
	wake_fd = host_log.wake_fd;
	if (1 + size > HOST_LOG_ROOM - host_log.n) {
		host_log.lost++;
	} else {
		put(&octet, 1);
		put(line, size);
	}
	if (wake_fd >= 0)
		fd_event_post(wake_fd);
	pthread_mutex_unlock(&host_log.lock);
}

/* Returns false if none waits. */
static bool take_line(enum log_level *ret_level, char ret[LOG_LINE_MAX], unsigned *ret_lost)
{
	size_t len = 0;
	bool any;

	pthread_mutex_lock(&host_log.lock);
	any = host_log.n > 0;
	if (any) {
		*ret_level = (enum log_level)get();
		do
			ret[len] = get();
		while (ret[len++] != '\0');
	} else {
		*ret_lost = host_log.lost;
		host_log.lost = 0;
	}
	pthread_mutex_unlock(&host_log.lock);
	return any;
}

static void write_line(enum log_level level, const char *line)
{
	snmp_log(levels[level].priority, "rasdial: %s%s\n", levels[level].word, line);
}

void host_log_turn(void)
{
	char line[LOG_LINE_MAX];
	enum log_level level;
	unsigned lost = 0;

	while (take_line(&level, line, &lost))
		write_line(level, line);
	if (lost > 0)
		snmp_log(LOG_WARNING, "rasdial: warning: %u lines were lost: they came faster than snmpd wrote them\n",
			 lost);
}

static void take(enum log_level level, const char *line)
{
	if (!pthread_equal(pthread_self(), host_log.owner)) {
		wait_in_ring(level, line);
		return;
	}
	host_log_turn();
	write_line(level, line);
}

static void listen_on(int wake_fd)
{
	pthread_mutex_lock(&host_log.lock);
	host_log.wake_fd = wake_fd;
	pthread_mutex_unlock(&host_log.lock);
}

void host_log_open(int wake_fd)
{
	/* At a reload a thread may be left that logs. */
	if (!host_log.diverted) {
		host_log.owner = pthread_self();
		log_divert(take);
	}
	host_log.diverted = true;
	listen_on(wake_fd);
}

void host_log_close(void)
{
	host_log_turn();
	listen_on(-1);
}
