/* SPDX-License-Identifier: BSD-2-Clause */
/* What rows made over SNMP may be. A row that the permissions of a later day do not allow any more stays and is not
 * dialed. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ras/modes.h"
#include "ras/phonebook.h"
#include "sys/log.h"

static char **list_copy(const char *const *list)
{
	size_t n = 0;
	char **copy;

	while (list && list[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(list[i]);
		if (copy[i])
			continue;
		while (i > 0)
			free(copy[--i]);
		free(copy);
		return NULL;
	}
	return copy;
}

static void list_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

void permissions_done(struct permissions *p)
{
	list_free(p->devices);
	list_free(p->destinations);
	free(p->helper_dir);
	*p = (struct permissions){.entries = false};
}

int permissions_copy(const struct ras_permissions *from, struct permissions *ret)
{
	struct permissions p = {
		.entries = from->entries,
		.secrets = from->secrets,
		.device_types = from->device_types,
		.devices = list_copy(from->devices),
		.destinations = list_copy(from->destinations),
		.helper_dir = strdup(from->helper_dir ? from->helper_dir : ""),
	};

	if (!p.devices || !p.destinations || !p.helper_dir) {
		permissions_done(&p);
		return -ENOMEM;
	}
	permissions_done(ret);
	*ret = p;
	return 0;
}

/* ---- rules ---- */

static bool type_permitted(const struct permissions *p, enum ras_device_type type)
{
	if (type == RAS_DEVICE_OTHER)
		return true;
	return type != RAS_DEVICE_PTY && p->device_types & 1u << type;
}

/* A loopback line reaches nobody, so only a list that was given restricts it. */
static bool text_permitted(char *const *patterns, const char *text, enum ras_device_type type)
{
	if (!text[0] || (!patterns[0] && type == RAS_DEVICE_LOOPBACK))
		return true;
	for (char *const *pattern = patterns; *pattern; pattern++)
		if (fnmatch(*pattern, text, 0) == 0)
			return true;
	return false;
}

/* Paths that leave the folder that a pattern names. */
static bool has_dots(const char *path)
{
	for (const char *part = path; *part;) {
		size_t len = strcspn(part, "/");

		if ((len == 1 || len == 2) && strspn(part, ".") >= len)
			return true;
		part += len;
		part += *part == '/';
	}
	return false;
}

static const char *why_not(const struct permissions *p, enum ras_device_type type, const char *device,
			   const char *destination)
{
	if (!type_permitted(p, type))
		return "its device type is not allowed (agent.allow-device-types)";
	if (has_dots(device))
		return "its device name has a part that is . or ..";
	if (!text_permitted(p->devices, device, type))
		return "its device name is not allowed (agent.allow-devices)";
	if (!text_permitted(p->destinations, destination, type))
		return "its destination is not allowed (agent.allow-destinations)";
	return NULL;
}

const char *permit_why_not(const struct permissions *p, const struct ras_entry *e)
{
	const char *reason = why_not(p, e->device_type, e->device_name, e->destination);

	for (size_t i = 0; i < e->n_subentries && !reason; i++) {
		const struct ras_subentry *s = &e->subentries[i];

		reason = why_not(p, ras_subentry_device_type(e, s), ras_subentry_device_name(e, s), s->destination);
	}
	return reason;
}

bool permit_helper(const struct permissions *p, const char *name)
{
	_cleanup_fd_ int dir = open(p->helper_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	return dir >= 0 && !strchr(name, '/') && fstatat(dir, name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
	       st.st_mode & 0111;
}

/* ---- rows that are there ---- */

static void permit_row(struct ras_conn *conn)
{
	const char *reason = permit_why_not(&conn->ras->permit, conn->entry);
	bool news, allowed;

	pthread_mutex_lock(&conn->lock);
	news = reason && !conn->forbidden;
	allowed = !reason && conn->forbidden && conn->entry->dial_mode == RAS_DIAL_MODE_PERSISTENT;
	conn->forbidden = reason != NULL;
	conn_settle(conn);
	pthread_mutex_unlock(&conn->lock);
	if (reason)
		request_withdraw(conn, true);
	if (allowed)
		autostart_come(conn);
	if (news)
		log_warning("entry %s, made over SNMP, cannot be dialed: %s", conn->name, reason);
}

void permit_all(struct ras *ras)
{
	for (size_t i = 0; i < ras->n_rows; i++)
		if (ras->rows[i]->entry->origin == RAS_ORIGIN_SNMP)
			permit_row(ras->rows[i]);
}

bool ras_permits_entries(const struct ras *ras)
{
	return ras->permit.entries;
}

bool ras_permits_secrets(const struct ras *ras)
{
	return ras->permit.secrets;
}
