/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type pppoe: pppd's own plugin finds an access concentrator on an Ethernet interface and opens a session. */
#include <errno.h>
#include <glob.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "driver/drivers.h"
#include "driver/pppd.h"
#include "sys/fd.h"

#define MTU 1492 /* RFC 2516, section 7: what Ethernet leaves */
#define PADI_ATTEMPTS 3
#define PADI_TIMEOUT_MAX 5
#define STATUS_CONNECT_FAILED 8 /* pppd(8), EXIT STATUS */

/* ---- the text of an entry ---- */

static bool is_interface_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IFNAMSIZ || str_equal(name, ".") || str_equal(name, ".."))
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] == 0x7f || strchr("/:\"'\\#", name[i]))
			return false;
	return true;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static int check_names(const char *device, const char *service, struct ras_error *ret_error)
{
	if (!is_interface_name(device)) {
		ras_error_set(ret_error, 814, RAS_BACKEND_NONE, "device-name is no name of an Ethernet interface");
		return -EINVAL;
	}
	if (has_control(service)) {
		ras_error_set(ret_error, 749, RAS_BACKEND_NONE, "The service name has a control character in it");
		return -EINVAL;
	}
	return 0;
}

static int pppoe_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	if (check_names(entry->device_name, entry->destination, ret_error) < 0)
		return -EINVAL;
	return pppd_options_check(entry, ret_error);
}

/* ---- what must be there ---- */

/* Name of the plugin as the installed pppd has it: the older one first became a link, then went. pppd knows its own
 * folder, so it gets the name alone. */
static const char *find_plugin(void)
{
	static const char *const names[] = {"pppoe.so", "rp-pppoe.so"};
	static const char *const folders[] = {"/usr/lib/pppd/*", "/usr/lib64/pppd/*", "/usr/lib/*/pppd/*",
					      "/usr/local/lib/pppd/*"};
	char pattern[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(folders); j++) {
			glob_t found = {0};
			int r;

			snprintf(pattern, sizeof(pattern), "%s/%s", folders[j], names[i]);
			r = glob(pattern, GLOB_NOSORT, NULL, &found);
			globfree(&found);
			if (r == 0)
				return names[i];
		}
	}
	return NULL;
}

/* Flags of an interface that must be Ethernet. Returns 0 or negative errno, -ENOTSUP for another kind. */
static int interface_flags(const char *name, short *ret)
{
	_cleanup_fd_ int fd = fd_high(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	struct ifreq request = {0};

	if (fd < 0)
		return -EMFILE;
	str_copy(request.ifr_name, name, sizeof(request.ifr_name));
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return -ENOTSUP;
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	*ret = request.ifr_flags;
	return 0;
}

static int need_interface(struct ras_call *call, const char *name)
{
	short flags = 0;
	int r;

	r = interface_flags(name, &flags);
	if (r == -ENODEV)
		return ras_call_fail(call, 814, RAS_BACKEND_NONE, "The Ethernet interface %s does not exist", name);
	if (r == -ENOTSUP)
		return ras_call_fail(call, 814, RAS_BACKEND_NONE, "%s is no Ethernet interface", name);
	if (r == -EMFILE)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No descriptors left");
	if (r < 0)
		return ras_call_fail(call, 814, RAS_BACKEND_NONE, "%s: %s", name, strerror(-r));
	if ((flags & IFF_UP) == 0)
		return ras_call_fail(call, 814, RAS_BACKEND_NONE,
				     "The Ethernet interface %s is down (ip link set %s up)", name, name);
	return 0;
}

/* ---- the medium ---- */

/* Each try waits twice as long as the one before. All of them shall end before the deadline of the dial, since they
 * tell more than it does. */
static uint32_t padi_timeout(const struct ras_call *call)
{
	uint32_t all = (1u << PADI_ATTEMPTS) - 1;

	return MIN(MAX(ras_call_entry(call)->dial_timeout * 2 / 3 / all, 1u), (uint32_t)PADI_TIMEOUT_MAX);
}

static void add_options(const struct ras_call *call, const char *plugin, struct pppd_options *options)
{
	const char *service = ras_call_destination(call);
	char device[IFNAMSIZ + 8];

	pppd_option(options, "plugin", plugin);
	/* Read when the device is named, so they come before it. */
	pppd_option_number(options, "pppoe-padi-timeout", padi_timeout(call));
	pppd_option_number(options, "pppoe-padi-attempts", PADI_ATTEMPTS);
	/* The prefix keeps pppd from taking the name for an option. */
	snprintf(device, sizeof(device), "nic-%s", ras_call_device_name(call));
	pppd_option_word(options, device);
	if (service[0] != '\0')
		pppd_option(options, "pppoe-service", service);
	pppd_option_number(options, "mtu", MTU);
	pppd_option_number(options, "mru", MTU);
	/* RFC 2516, section 7, and what makes no sense on a line of packets. */
	pppd_option(options, "default-asyncmap", NULL);
	pppd_option(options, "noaccomp", NULL);
	pppd_option(options, "nopcomp", NULL);
	pppd_option(options, "novj", NULL);
}

static int prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	const char *name = ras_call_device_name(call), *plugin;
	struct ras_error error;
	int r;

	(void)link;
	/* A subentry may have other names than those that were checked. */
	if (check_names(name, ras_call_destination(call), &error) < 0)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	r = need_interface(call, name);
	if (r < 0)
		return r;
	plugin = find_plugin();
	if (!plugin)
		return ras_call_fail(call, 609, RAS_BACKEND_NONE,
				     "pppd has no plugin for PPPoE: neither pppoe.so nor rp-pppoe.so is in "
				     "/usr/lib/pppd (package ppp)");
	add_options(call, plugin, options);
	return 0;
}

/* What the server said is in the log and has been judged already; this is for one that says nothing. */
static bool explain(struct ras_call *call, const struct pppd_link *link, struct ras_error *ret)
{
	const char *name = ras_call_device_name(call);
	int status = link->process.ended ? link->process.status : link->state.exit_status;
	short flags = 0;

	if (status != STATUS_CONNECT_FAILED)
		return false;
	if (interface_flags(name, &flags) < 0 || (flags & IFF_UP) == 0)
		ras_error_set(ret, 814, status, "The Ethernet interface %s has gone or is down", name);
	else if ((flags & IFF_RUNNING) == 0)
		ras_error_set(ret, 815, status, "%s has no carrier: is the cable plugged in?", name);
	else
		ras_error_set(ret, 815, status,
			      "No access concentrator on %s offers %s (cable, VLAN, DSL modem, service name)", name,
			      ras_call_destination(call)[0] != '\0' ? "the service" : "a session");
	return true;
}

static const struct pppd_medium medium = {.prepare = prepare, .explain = explain, .open_at_once = true};

const struct ras_driver ras_driver_pppoe = {
	.name = "pppoe",
	.device_types = 1u << RAS_DEVICE_PPPOE,
	.check = pppoe_check,
	.bundles = true,
	.arm = pppd_arm,
	PPPD_DRIVER(medium),
};
