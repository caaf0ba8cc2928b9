/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that pppd makes and that stay when it is killed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver/pppd.h"
#include "sys/fd.h"
#include "sys/file.h"

#define LOCK_DIR "/var/lock"

/* Where the versions of pppd keep their pid files. */
static const char *const pid_dirs[] = {"/run", "/run/pppd"};

/* Both kinds hold the number as text, the lock with blanks in front (UUCP). Anybody may make files where locks are: a
 * FIFO there must not hold us up. An empty one is of a pppd that was killed before it had written its number, where
 * nobody else uses the name. */
static void remove_if_of(const char *path, pid_t pid, bool or_empty)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	char text[32] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n > 0 ? strtol(text, NULL, 10) == pid : n == 0 && or_empty)
		unlink(path);
}

/* As pppd names it: what follows "dev/", with _ for each slash. */
static void remove_lock(const char *device, pid_t pid)
{
	char path[sizeof(LOCK_DIR) + PPPD_DEVICE_MAX + 8];
	const char *name = strstr(device, "dev/");
	char *p;

	if (!name)
		return;
	snprintf(path, sizeof(path), LOCK_DIR "/LCK..%s", name + strlen("dev/"));
	for (p = path + strlen(LOCK_DIR "/LCK.."); *p != '\0'; p++)
		if (*p == '/')
			*p = '_';
	remove_if_of(path, pid, false);
}

void pppd_remove_files(struct ras_call *call, const struct pppd_link *link)
{
	struct pppd_state state = PPPD_STATE_NONE;
	char name[32], path[80];
	pid_t pid = link->pid;

	/* One that somebody else had started may have ended before it became known. */
	if (pid == 0 && pppd_state_read(ras_call_rundir(call), link->state_file, &state) == 0)
		pid = state.pid;
	if (pid > 0) {
		remove_lock(link->device, pid);
		for (size_t i = 0; i < ARRAY_SIZE(pid_dirs); i++) {
			pppd_linkname(link->index, name);
			snprintf(path, sizeof(path), "%s/ppp-%s.pid", pid_dirs[i], name);
			remove_if_of(path, pid, true);
			pppd_ifname(link->unit, name);
			snprintf(path, sizeof(path), "%s/%s.pid", pid_dirs[i], name);
			remove_if_of(path, pid, true);
		}
		file_remove_temporary(ras_call_rundir(call), link->state_file, pid);
	}
	unlinkat(ras_call_rundir(call), link->state_file, 0);
}
