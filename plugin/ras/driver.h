/* SPDX-License-Identifier: BSD-2-Clause */
/* How the engine reaches a driver, and what a driver may ask of the engine. A driver makes a link, watches it and
 * takes it down; it reports states and ends with a code, a backend code and a text. It decides nothing about redial,
 * status, counters or notifications.
 *
 * All functions of a driver run in the dial thread of the call, one at a time, as straight-line blocking code over
 * ras_call_wait(), which a hang-up, the dial deadline, the idle limit, the maximal duration and the end of the agent
 * wake anywhere. A driver never asks why: it returns what ras_call_wait() returned. */
#ifndef RASDIAL_RAS_DRIVER_H
#define RASDIAL_RAS_DRIVER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ras/entry.h"
#include "ras/error.h"
#include "ras/state.h"
#include "sys/macro.h"
#include "sys/record.h"

#define RAS_ADDRS_MAX 32  /* addresses and name servers of one link */
#define RAS_ROUTES_MAX 66 /* routes through it: a list of the configuration, and two default routes */
#define RAS_SHOWN_MAX (RAS_ADDRS_MAX + RAS_ROUTES_MAX)

struct ras_call; /* one attempt, and the link it made */

struct ras_addr {
	enum ras_addr_role role;
	uint8_t len; /* 4, 16, or 20 (IPv6 with zone index, as InetAddressIPv6z) */
	uint8_t octets[20];
	uint8_t prefix_len; /* 0: does not apply */
};

/* Reads a prefix such as 10.0.0.0/8 (key routes). Returns NULL, or what is wrong with it, in words; ret is untouched
 * then. Any thread. */
const char *ras_route_parse(const char *text, struct ras_addr *ret);

/* Traffic of this call since it came up; only ever grows during a call. */
struct ras_traffic {
	uint64_t in_octets, out_octets;
	uint64_t in_packets, out_packets;
	uint64_t in_errors, out_errors;
};

struct ras_driver {
	const char *name;
	const void *own;       /* what several drivers with the same functions differ in; see ras_call_driver() */
	uint32_t device_types; /* mask of 1u << enum ras_device_type */
	bool bundles;          /* its calls may be links of a bundle, see ras_call_bundle() */
	int stats_interval_ms; /* how often traffic is asked while up; 0: whenever somebody looks */

	/* Mask of enum ras_option that it leaves to the engine: default-route, for an interface over which nothing but
	 * the operator has a say. 0: the driver sees to it, or cannot. */
	uint32_t engine_options;

	/* Is the text of the entry something this driver can dial (number, words, characters)? No I/O. Returns 0, or
	 * -EINVAL with ret_error filled. Called before each dial, and for a SET in the agent thread. */
	int (*check)(const struct ras_entry *entry, struct ras_error *ret_error);

	/* Waits for traffic that asks for the link (dial mode onDemand), without a time-out. Returns 0 with the first
	 * packet; dial follows then, and goes on from there. Else as dial. NULL: this cannot be done. */
	int (*arm)(struct ras_call *call);

	/* Makes the link. Returns 0 when it is up (all of ras_call_link() said), or negative with ras_call_fail() said,
	 * or what ras_call_wait() returned. hang_up follows in every case but success. */
	int (*dial)(struct ras_call *call);

	/* Stays with a link that is up. Returns negative, as dial does, when it is lost or ras_call_wait() said so.
	 * Called again for a link that has become RAS_CARRIES_BARE, and stays until what carries the others is lost. */
	int (*watch)(struct ras_call *call);

	/* Takes down whatever dial, adopt or a half of them made: processes, locks, interface, descriptors, files;
	 * frees the driver's data. Must end within about ras_call_grace_ms(), SIGKILL after half of it. Called once for
	 * each dial or adopt, also after a failure at any point. */
	void (*hang_up)(struct ras_call *call);

	/* Lets go of a link that stays up when the agent ends: closes descriptors, frees the driver's data, ends
	 * nothing. */
	void (*release)(struct ras_call *call);

	/* Takes a link over that an earlier agent left, from the fields it had put in the record (ras_call_note_*).
	 * Returns 0 if it is up and watch can go on, or negative with ras_call_fail() said if it ended meanwhile or was
	 * half made (up false); hang_up follows then and ends what is left of it. */
	int (*adopt)(struct ras_call *call, const struct record *record, bool up);

	/* Traffic so far. Returns 0, or negative errno: the engine keeps the last values. With stats_interval_ms 0 also
	 * called by other threads, while the link is up and the connection locked: then it must not wait, and may ask
	 * for no more than entry, data and time of up. */
	int (*traffic)(struct ras_call *call, struct ras_traffic *ret);
};

/* ---- what a driver may ask; dial thread of the call only ---- */

const struct ras_entry *ras_call_entry(const struct ras_call *call);
const struct ras_driver *ras_call_driver(const struct ras_call *call);
uint32_t ras_call_id(const struct ras_call *call);

/* Destination and device of this attempt: those of the entry, or of the subentry it uses. */
const char *ras_call_destination(const struct ras_call *call);
const char *ras_call_device_name(const struct ras_call *call);

/* How many attempts came before since the last request (dial, redial, automatic start). 0 for the first. */
uint32_t ras_call_attempt(const struct ras_call *call);

/* Time of up (clock_mono_ms), 0 before; kept over adoption. */
int64_t ras_call_up_since(const struct ras_call *call);

/* Waits until one of the descriptors is ready, timeout_ms (-1: none) has passed, or the call must end. Returns the
 * number of ready descriptors as poll(2), 0 for the time-out, -ECANCELED if the driver must now return. In watch it
 * also reads the traffic and enforces the limits. fds may be NULL with n 0: a sleep. */
int ras_call_wait(struct ras_call *call, struct pollfd *fds, size_t n, int timeout_ms);

/* Time for hang_up in ms (agent key hang-up-timeout). */
int ras_call_grace_ms(const struct ras_call *call);

/* Tells that a state is entered. States that repeat the present one are not told again. Never with RAS_CONNECTED or
 * RAS_DISCONNECTED, which are the engine's. */
void ras_call_enter(struct ras_call *call, enum ras_state state);

/* Says why the call fails or was lost; the first time counts. format NULL takes the text of the code. Returns -EIO, so
 * that "return ras_call_fail(...)" reads well. No secret, user name or number may be in it. */
int ras_call_fail(struct ras_call *call, int32_t code, int32_t backend, const char *format, ...) PRINTF_LIKE(4, 5);

/* What is known of the link; each may be said as soon as it is known, and again. */
void ras_call_set_interface(struct ras_call *call, unsigned ifindex, const char *ifname);
void ras_call_set_device(struct ras_call *call, const char *device_name);
void ras_call_set_speed(struct ras_call *call, uint32_t bits_per_second);
void ras_call_set_process(struct ras_call *call, pid_t pid);
void ras_call_set_addresses(struct ras_call *call, const struct ras_addr *addrs,
			    size_t n); /* replaces; cut at RAS_ADDRS_MAX */

/* Puts a field into the record of the connection in the run directory (key: "d-..."), from which adopt() will find
 * the link again. ras_call_save() writes the record; it is written at once before the first child of an attempt is
 * started and by the engine when the link is up. Returns 0 or negative errno. */
void ras_call_note_u64(struct ras_call *call, const char *key, uint64_t value);
void ras_call_note_str(struct ras_call *call, const char *key, const char *value);
int ras_call_save(struct ras_call *call);

/* Descriptor of the run directory, for sockets and files of a driver; name them after ras_call_id(), which no
 * other call has. */
int ras_call_rundir(const struct ras_call *call);
uint32_t ras_call_index(const struct ras_call *call);

/* Copies the folder of helpers (agent key helper-dir) as it is now; a reload may change it. Returns 0, or
 * -ENAMETOOLONG if size is too small. */
int ras_call_helper_dir(const struct ras_call *call, char *ret, size_t size);

/* A number for the names that a link has on this host, which no other call has until this one is hung up: the one that
 * is wanted, which is the index of the entry or what the record says, or else one that no entry can have. A link that
 * is up keeps its names when a reload gives its index away. */
uint32_t ras_call_take_number(struct ras_call *call, uint32_t wanted);

/* The bundle that the call is a link of, with names for it: a number as above, which the link itself has not, and one
 * that no other call has, here or elsewhere, for the peer to know the links by. The links' threads run beside each
 * other, each with a record of its own. Returns false, ret untouched, if the call is no link. */
struct ras_bundle_names {
	uint32_t number;
	uint64_t identity;
};
bool ras_call_bundle(const struct ras_call *call, struct ras_bundle_names *ret);

/* What hangs on a link of a bundle, said as soon as it is known. */
enum ras_carriage {
	RAS_CARRIES_NONE,   /* it can go at any time */
	RAS_CARRIES_OTHERS, /* what it made carries all links, which are lost with it: it goes last */
	RAS_CARRIES_BARE,   /* likewise, and its own line is lost: adopt or watch has failed for that */
};
void ras_call_set_carriage(struct ras_call *call, enum ras_carriage carriage);

/* One line for the log of this attempt, which the operator may read (rasdial -L): kept in the run directory, 64 KiB,
 * 0600. Also logged at debug level. No secrets. */
void ras_call_log(struct ras_call *call, const char *format, ...) PRINTF_LIKE(2, 3);

/* The driver's own data for this call. */
void ras_call_set_data(struct ras_call *call, void *data);
void *ras_call_data(const struct ras_call *call);

#endif
