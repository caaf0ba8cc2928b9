/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "sys/fd.h"
#include "sys/file.h"
#include "sys/macro.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define VALUE_MAX 64
#define CGROUPS_MAX 4096  /* octets of /proc/self/cgroup */
#define MAPS_PER_THREAD 2 /* a stack and its guard */

void limits_raise(void)
{
	struct rlimit limit;

	fd_raise_limit();
	if (getrlimit(RLIMIT_NPROC, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* A soft limit that stays is no worse than before. */
	if (setrlimit(RLIMIT_NPROC, &limit) < 0)
		return;
}

void limits_descriptors(struct limits_value *ret)
{
	struct rlimit limit;

	ret->value = INT64_MAX;
	str_copy(ret->name, "LimitNOFILE= in the systemd unit, or ulimit -n", sizeof(ret->name));
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		ret->value = (int64_t)limit.rlim_cur;
}

/* ---- threads ---- */

/* A file with one number; "max" and what cannot be read are no limit. */
static int64_t read_number(const char *path)
{
	_cleanup_free_ char *text = NULL;
	int64_t value;
	size_t size;

	if (file_read(AT_FDCWD, path, VALUE_MAX, &text, &size) < 0 || sscanf(text, "%" SCNd64, &value) != 1)
		return INT64_MAX;
	return value;
}

static void lower(struct limits_value *least, int64_t value, const char *name)
{
	if (value >= least->value)
		return;
	least->value = value;
	str_copy(least->name, name, sizeof(least->name));
}

static void user(struct limits_value *least)
{
	struct rlimit limit;

	/* Not for root. */
	if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		lower(least, (int64_t)limit.rlim_cur, "LimitNPROC= in the systemd unit, or ulimit -u");
}

/* The control group and those above it. */
static void control_groups(struct limits_value *least)
{
	_cleanup_free_ char *text = NULL;
	char path[LIMITS_NAME_MAX], name[LIMITS_NAME_MAX];
	char *group, *slash;
	size_t size;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", CGROUPS_MAX, &text, &size) < 0)
		return;
	/* That of version 2. */
	group = strstr(text, "0::/");
	if (!group || (group > text && group[-1] != '\n'))
		return;
	group += strlen("0::");
	group[strcspn(group, "\n")] = '\0';
	for (slash = group + strlen(group); slash > group; slash = strrchr(group, '/')) {
		*slash = '\0';
		if (snprintf(path, sizeof(path), CGROUP_ROOT "%s/pids.max", group) >= (int)sizeof(path))
			continue;
		snprintf(name, sizeof(name), "TasksMax= of %.256s", group);
		lower(least, read_number(path), name);
	}
}

static void kernel(struct limits_value *least)
{
	static const struct {
		const char *path, *name;
		int share;
	} files[] = {
		{"/proc/sys/kernel/threads-max", "sysctl kernel.threads-max", 1},
		{"/proc/sys/kernel/pid_max", "sysctl kernel.pid_max", 1},
		{"/proc/sys/vm/max_map_count", "sysctl vm.max_map_count", MAPS_PER_THREAD},
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		lower(least, read_number(files[i].path) / files[i].share, files[i].name);
}

void limits_threads(struct limits_value *ret)
{
	*ret = (struct limits_value){.value = INT64_MAX};
	user(ret);
	control_groups(ret);
	kernel(ret);
}
