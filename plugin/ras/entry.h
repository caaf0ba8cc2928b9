/* SPDX-License-Identifier: BSD-2-Clause */
/* A phonebook entry: how to dial. An entry does not change once it is in a phonebook; a change is a new entry in its
 * place, so an attempt under way keeps the one it began with and no reader needs a lock. Reference counted. */
#ifndef RASDIAL_RAS_ENTRY_H
#define RASDIAL_RAS_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/state.h"

#define RAS_NAME_MAX 65 /* sizes with NUL, limits of the MIB */
#define RAS_TEXT_MAX 256
#define RAS_DEVICE_NAME_MAX 129
#define RAS_SECRET_MAX 255 /* octets */
#define RAS_SUBENTRIES_MAX 255
#define RAS_INDEX_MAX 2147483647u
#define RAS_ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

struct ras_subentry {
	uint32_t index;                   /* 1..255 */
	enum ras_device_type device_type; /* other: as the entry */
	char device_name[RAS_DEVICE_NAME_MAX];
	char destination[RAS_TEXT_MAX];
	enum ras_row_status row_status; /* active or notInService: not used */
};

struct ras_bandwidth {
	uint32_t add_percent, add_time;
	uint32_t drop_percent, drop_time;
};

struct ras_entry {
	unsigned refs; /* atomic */

	uint32_t index; /* 0: the engine gives one */
	char name[RAS_NAME_MAX];
	char descr[RAS_TEXT_MAX];
	enum ras_device_type device_type;
	char device_name[RAS_DEVICE_NAME_MAX];
	char destination[RAS_TEXT_MAX];
	char user_name[RAS_TEXT_MAX];
	char *secret;          /* NULL: none; wiped when freed; at most 255 octets, no NUL, CR, LF */
	uint32_t auth_methods; /* mask of enum ras_auth_method; 0: the driver chooses */
	enum ras_dial_mode dial_mode;
	enum ras_link_mode link_mode;
	uint32_t redial_max;       /* attempts after the first */
	uint32_t redial_pause;     /* s */
	uint32_t redial_pause_max; /* s */
	bool redial_on_drop;
	uint32_t dial_timeout; /* s */
	uint32_t idle_timeout; /* s; 0: never */
	uint32_t max_duration; /* s; 0: no limit */
	uint32_t options;      /* mask of enum ras_option */
	uint32_t notify_types; /* mask of enum ras_notify_type */
	uint32_t notify_failures;
	enum ras_origin origin;
	int64_t last_change_ms; /* CLOCK_REALTIME; 0: not known */
	enum ras_storage_type storage_type;
	enum ras_row_status row_status;

	struct ras_subentry *subentries; /* sorted by index */
	size_t n_subentries;

	/* Only in the file, never over SNMP. Lists are ended by NULL; NULL is the empty list. */
	struct ras_bandwidth bandwidth;
	char **routes;
	char *up_script;
	char *down_script;
	uint32_t speed; /* bit/s of the line; 0: driver's default */
	char **modem_init;
	char *apn;
	char local_address[RAS_ADDRESS_TEXT_MAX];
	char peer_address[RAS_ADDRESS_TEXT_MAX];
	char **command;
	char **pppd_options;
	char **environment; /* KEY=value */
};

/* A new entry with the MIB's DEFVALs, one reference; NULL without memory. Entries of the file: origin and storage type
 * are set by config. */
struct ras_entry *ras_entry_new(void);

/* A copy with one reference, to be changed before it is published; NULL without memory. */
struct ras_entry *ras_entry_copy(const struct ras_entry *e);

struct ras_entry *ras_entry_ref(struct ras_entry *e);

/* Drops a reference; the last one wipes the secret and frees. Takes NULL, returns NULL. */
struct ras_entry *ras_entry_unref(struct ras_entry *e);

/* Equal in everything but refs and last_change_ms: a reload leaves such an entry alone. */
bool ras_entry_equal(const struct ras_entry *a, const struct ras_entry *b);

bool ras_subentries_equal(const struct ras_entry *a, const struct ras_entry *b);

/* Key (kebab case) of what the device type needs and the entry lacks: "destination", "device-name", "command",
 * "device-type" for type other, "local-address" and
 * "peer-address" of dial mode onDemand; NULL if it is complete. Empty pppoe destinations are complete (any service). */
const char *ras_entry_missing(const struct ras_entry *e);

/* Makes a copy of an entry what one of its subentries says: type and device that it leaves open are the entry's. Before
 * publication only. */
void ras_entry_put_link(struct ras_entry *link, const struct ras_entry *e, const struct ras_subentry *subentry);

/* A copy that is what one of the subentries says. NULL without memory. */
struct ras_entry *ras_entry_of_link(const struct ras_entry *e, const struct ras_subentry *subentry);

/* Replaces the secret, wiping the old one. NULL or "" erases. Returns 0 or -ENOMEM. Before publication only. */
int ras_entry_set_secret(struct ras_entry *e, const char *secret);

/* Names compare without regard to the case of ASCII letters. */
int ras_name_compare(const char *a, const char *b);

/* Device type and device of a link: what the subentry leaves open is the entry's, which may be of a type with less to
 * ask. */
static inline enum ras_device_type ras_subentry_device_type(const struct ras_entry *e, const struct ras_subentry *s)
{
	return s->device_type != RAS_DEVICE_OTHER ? s->device_type : e->device_type;
}

static inline const char *ras_subentry_device_name(const struct ras_entry *e, const struct ras_subentry *s)
{
	return s->device_name[0] != '\0' ? s->device_name : e->device_name;
}

/* Are the subentries links of one connection? */
static inline bool ras_entry_is_bundle(const struct ras_entry *e)
{
	return e->link_mode == RAS_LINK_MODE_DIAL_ALL || e->link_mode == RAS_LINK_MODE_DIAL_AS_NEEDED;
}

static inline bool ras_entry_has_option(const struct ras_entry *e, enum ras_option option)
{
	return (e->options & 1u << option) != 0;
}

static inline void ras_entry_cleanup(struct ras_entry **e)
{
	ras_entry_unref(*e);
}
#define _cleanup_entry_ __attribute__((cleanup(ras_entry_cleanup)))

#endif
