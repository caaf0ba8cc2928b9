/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/entry.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sys/macro.h"

/* Parts of an entry that live in memory of their own. */
static const size_t string_fields[] = {
	offsetof(struct ras_entry, secret),
	offsetof(struct ras_entry, up_script),
	offsetof(struct ras_entry, down_script),
	offsetof(struct ras_entry, apn),
};
static const size_t list_fields[] = {
	offsetof(struct ras_entry, routes),      offsetof(struct ras_entry, modem_init),
	offsetof(struct ras_entry, command),     offsetof(struct ras_entry, pppd_options),
	offsetof(struct ras_entry, environment),
};

static char **string_at(const struct ras_entry *e, size_t offset)
{
	return (char **)((uintptr_t)e + offset);
}

static char ***list_at(const struct ras_entry *e, size_t offset)
{
	return (char ***)((uintptr_t)e + offset);
}

struct ras_entry *ras_entry_new(void)
{
	struct ras_entry *e = malloc(sizeof(*e));

	if (!e)
		return NULL;
	*e = (struct ras_entry){
		.refs = 1,
		.device_type = RAS_DEVICE_OTHER,
		.dial_mode = RAS_DIAL_MODE_MANUAL,
		.link_mode = RAS_LINK_MODE_SINGLE,
		.redial_pause = 60,
		.dial_timeout = 90,
		.notify_types = 1u << RAS_NOTIFY_CONNECTED | 1u << RAS_NOTIFY_DISCONNECTED |
				1u << RAS_NOTIFY_DIAL_FAILED | 1u << RAS_NOTIFY_REDIAL_EXHAUSTED |
				1u << RAS_NOTIFY_THREAD_STUCK,
		.notify_failures = 1,
		.origin = RAS_ORIGIN_OTHER,
		.storage_type = RAS_STORAGE_NON_VOLATILE,
		.row_status = RAS_ROW_ACTIVE,
		.bandwidth = {.add_percent = 75, .add_time = 120, .drop_percent = 10, .drop_time = 120},
	};
	return e;
}

static void list_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

static size_t list_length(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static int list_copy(char *const *list, char ***ret)
{
	size_t n = list_length(list);
	char **copy;

	if (!list) {
		*ret = NULL;
		return 0;
	}
	copy = calloc(n + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		copy[i] = strdup(list[i]);
		if (!copy[i]) {
			list_free(copy);
			return -ENOMEM;
		}
	}
	*ret = copy;
	return 0;
}

static bool list_equal(char *const *a, char *const *b)
{
	size_t n = list_length(a);

	if (n != list_length(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!str_equal(a[i], b[i]))
			return false;
	return true;
}

static bool string_equal(const char *a, const char *b)
{
	return str_equal(a ? a : "", b ? b : "");
}

struct ras_entry *ras_entry_copy(const struct ras_entry *e)
{
	const size_t after_refs = offsetof(struct ras_entry, index);
	struct ras_entry *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	/* All but the count of references, which threads may change at this moment. */
	memcpy((char *)copy + after_refs, (const char *)e + after_refs, sizeof(*e) - after_refs);
	copy->refs = 1;
	copy->subentries = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(string_fields); i++)
		*string_at(copy, string_fields[i]) = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(list_fields); i++)
		*list_at(copy, list_fields[i]) = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(string_fields); i++) {
		const char *s = *string_at(e, string_fields[i]);

		if (s && !(*string_at(copy, string_fields[i]) = strdup(s)))
			return ras_entry_unref(copy);
	}
	for (size_t i = 0; i < ARRAY_SIZE(list_fields); i++)
		if (list_copy(*list_at(e, list_fields[i]), list_at(copy, list_fields[i])) < 0)
			return ras_entry_unref(copy);
	if (e->n_subentries > 0) {
		copy->subentries = malloc(e->n_subentries * sizeof(*e->subentries));
		if (!copy->subentries)
			return ras_entry_unref(copy);
		memcpy(copy->subentries, e->subentries, e->n_subentries * sizeof(*e->subentries));
	}
	return copy;
}

struct ras_entry *ras_entry_ref(struct ras_entry *e)
{
	if (e)
		__atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
	return e;
}

struct ras_entry *ras_entry_unref(struct ras_entry *e)
{
	if (!e || __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return NULL;
	if (e->secret)
		explicit_bzero(e->secret, strlen(e->secret));
	for (size_t i = 0; i < ARRAY_SIZE(string_fields); i++)
		free(*string_at(e, string_fields[i]));
	for (size_t i = 0; i < ARRAY_SIZE(list_fields); i++)
		list_free(*list_at(e, list_fields[i]));
	free(e->subentries);
	free(e);
	return NULL;
}

bool ras_subentries_equal(const struct ras_entry *a, const struct ras_entry *b)
{
	if (a->n_subentries != b->n_subentries)
		return false;
	for (size_t i = 0; i < a->n_subentries; i++) {
		const struct ras_subentry *x = &a->subentries[i], *y = &b->subentries[i];

		if (x->index != y->index || x->device_type != y->device_type || x->row_status != y->row_status ||
		    !str_equal(x->device_name, y->device_name) || !str_equal(x->destination, y->destination))
			return false;
	}
	return true;
}

bool ras_entry_equal(const struct ras_entry *a, const struct ras_entry *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(string_fields); i++)
		if (!string_equal(*string_at(a, string_fields[i]), *string_at(b, string_fields[i])))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(list_fields); i++)
		if (!list_equal(*list_at(a, list_fields[i]), *list_at(b, list_fields[i])))
			return false;
	return ras_subentries_equal(a, b) && a->index == b->index && str_equal(a->name, b->name) &&
	       str_equal(a->descr, b->descr) && a->device_type == b->device_type &&
	       str_equal(a->device_name, b->device_name) && str_equal(a->destination, b->destination) &&
	       str_equal(a->user_name, b->user_name) && a->auth_methods == b->auth_methods &&
	       a->dial_mode == b->dial_mode && a->link_mode == b->link_mode && a->redial_max == b->redial_max &&
	       a->redial_pause == b->redial_pause && a->redial_pause_max == b->redial_pause_max &&
	       a->redial_on_drop == b->redial_on_drop && a->dial_timeout == b->dial_timeout &&
	       a->idle_timeout == b->idle_timeout && a->max_duration == b->max_duration && a->options == b->options &&
	       a->notify_types == b->notify_types && a->notify_failures == b->notify_failures &&
	       a->origin == b->origin && a->storage_type == b->storage_type && a->row_status == b->row_status &&
	       a->bandwidth.add_percent == b->bandwidth.add_percent && a->bandwidth.add_time == b->bandwidth.add_time &&
	       a->bandwidth.drop_percent == b->bandwidth.drop_percent &&
	       a->bandwidth.drop_time == b->bandwidth.drop_time && a->speed == b->speed &&
	       str_equal(a->local_address, b->local_address) && str_equal(a->peer_address, b->peer_address);
}

/* What each device type needs besides a name. */
static const struct {
	enum ras_device_type type;
	bool device_name, destination, command;
} needs[] = {
	{RAS_DEVICE_LOOPBACK, false, false, false},     {RAS_DEVICE_MODEM, true, true, false},
	{RAS_DEVICE_DIRECT_SERIAL, true, false, false}, {RAS_DEVICE_CELLULAR, true, true, false},
	{RAS_DEVICE_PPPOE, true, false, false},         {RAS_DEVICE_PPTP, false, true, false},
	{RAS_DEVICE_L2TP, false, true, false},          {RAS_DEVICE_PTY, false, false, true},
	{RAS_DEVICE_EXEC, true, false, false},
};

/* The interface is there before the call, so its addresses must be known. */
static const char *missing_on_demand(const struct ras_entry *e)
{
	if (e->dial_mode != RAS_DIAL_MODE_ON_DEMAND)
		return NULL;
	return !e->local_address[0] ? "local-address" : !e->peer_address[0] ? "peer-address" : NULL;
}

const char *ras_entry_missing(const struct ras_entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (needs[i].type != e->device_type)
			continue;
		if (needs[i].destination && !e->destination[0])
			return "destination";
		if (needs[i].device_name && !e->device_name[0])
			return "device-name";
		if (needs[i].command && (!e->command || !e->command[0]))
			return "command";
		return missing_on_demand(e);
	}
	return "device-type";
}

void ras_entry_put_link(struct ras_entry *link, const struct ras_entry *e, const struct ras_subentry *subentry)
{
	link->device_type = ras_subentry_device_type(e, subentry);
	str_copy(link->device_name, ras_subentry_device_name(e, subentry), sizeof(link->device_name));
	str_copy(link->destination, subentry->destination, sizeof(link->destination));
}

struct ras_entry *ras_entry_of_link(const struct ras_entry *e, const struct ras_subentry *subentry)
{
	struct ras_entry *link = ras_entry_copy(e);

	if (link)
		ras_entry_put_link(link, e, subentry);
	return link;
}

int ras_entry_set_secret(struct ras_entry *e, const char *secret)
{
	char *copy = NULL;

	if (secret && secret[0] && !(copy = strdup(secret)))
		return -ENOMEM;
	if (e->secret)
		explicit_bzero(e->secret, strlen(e->secret));
	free(e->secret);
	e->secret = copy;
	return 0;
}

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int ras_name_compare(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return fold(*a) - fold(*b);
}
