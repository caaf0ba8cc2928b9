/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ras/engine.h"
#include "ras/script.h"
#include "sys/log.h"
#include "sys/netlink.h"

#define UP_SCRIPT_MS 30000

static int family_of(const struct ras_addr *a)
{
	return a->len == 4 ? AF_INET : AF_INET6;
}

/* ---- which routes ---- */

static bool has_bits_behind(const struct ras_addr *a)
{
	for (unsigned bit = a->prefix_len; bit < 8u * a->len; bit++)
		if (a->octets[bit / 8] & 0x80u >> bit % 8)
			return true;
	return false;
}

const char *ras_route_parse(const char *text, struct ras_addr *ret)
{
	struct ras_addr a = {.role = RAS_ADDR_ROUTE};
	char address[RAS_ADDRESS_TEXT_MAX], *end;
	const char *slash = strchr(text, '/');
	unsigned long length;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || !isdigit((unsigned char)slash[1]) ||
	    (slash[1] == '0' && slash[2] != '\0'))
		return "is not a prefix such as 10.0.0.0/8";
	length = strtoul(slash + 1, &end, 10);
	if (*end != '\0')
		return "is not a prefix such as 10.0.0.0/8";
	str_copy(address, text, (size_t)(slash - text) + 1);
	if (inet_pton(AF_INET, address, a.octets) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, address, a.octets) == 1)
		a.len = 16;
	else
		return "does not begin with an IPv4 or IPv6 address";
	if (length > 8u * a.len)
		return a.len == 4 ? "has a length above 32" : "has a length above 128";
	a.prefix_len = (uint8_t)length;
	if (has_bits_behind(&a))
		return "has bits set behind its length (set them to zero)";
	*ret = a;
	return NULL;
}

static size_t count_routes(const struct ras_entry *entry)
{
	size_t n = 0;

	while (entry->routes && entry->routes[n])
		n++;
	return n;
}

static bool has_family(const struct ras_call *call, int family)
{
	for (size_t i = 0; i < call->n_addrs; i++)
		if (call->addrs[i].role == RAS_ADDR_LOCAL && family_of(&call->addrs[i]) == family)
			return true;
	return false;
}

/* The peer as gateway of a default route; the address of nobody if it is not known. */
static struct ras_addr gateway(const struct ras_call *call, int family)
{
	struct ras_addr a = {.len = family == AF_INET ? 4 : 16};

	for (size_t i = call->n_addrs; i-- > 0;)
		if (call->addrs[i].role == RAS_ADDR_PEER && family_of(&call->addrs[i]) == family)
			a = call->addrs[i];
	a.role = RAS_ADDR_GATEWAY;
	a.prefix_len = 0;
	return a;
}

/* ---- routes, one by one ---- */

/* A gateway stands for the default route of its family. */
static struct netlink_route kernel_route(const struct call_network *net, const struct ras_addr *a)
{
	struct netlink_route route = {.family = family_of(a), .ifindex = net->ifindex};

	if (a->role == RAS_ADDR_ROUTE) {
		route.prefix_len = a->prefix_len;
		memcpy(route.destination, a->octets, MIN(sizeof(route.destination), (size_t)a->len));
	}
	return route;
}

static void route_text(const struct ras_addr *a, char ret[64])
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (a->role == RAS_ADDR_GATEWAY) {
		snprintf(ret, 64, "the default route (IPv%d)", a->len == 4 ? 4 : 6);
		return;
	}
	inet_ntop(family_of(a), a->octets, text, sizeof(text));
	snprintf(ret, 64, "route %s/%u", text, a->prefix_len);
}

static const char *route_reason(int error)
{
	switch (error) {
	case -EPERM:
		return "the agent may not: it must be root, or have CAP_NET_ADMIN";
	case -EEXIST:
		return "there is such a route already, which somebody else has set";
	default:
		return strerror(-error);
	}
}

static int add_route(struct ras_call *call, const struct ras_addr *a)
{
	struct netlink_route route = kernel_route(&call->network, a);
	char text[64];
	int r = netlink_route_add(&route);

	if (r == 0)
		return 0;
	route_text(a, text);
	return ras_call_fail(call, r, RAS_BACKEND_NONE, "Cannot set %s: %s", text, route_reason(r));
}

static void remove_route(struct ras_call *call, const struct ras_addr *a)
{
	struct netlink_route route = kernel_route(&call->network, a);
	char text[64];
	int r = netlink_route_remove(&route);

	/* With its interface a route goes by itself; and one may have been gone before. */
	if (r == 0 || r == -ESRCH || r == -ENODEV)
		return;
	route_text(a, text);
	log_warning("entry %s: call %u: cannot remove %s: %s", call->conn->name, call->call_id, text, strerror(-r));
}

static void remove_routes(struct ras_call *call)
{
	struct call_network *net = &call->network;

	while (net->n_routes > 0)
		remove_route(call, &net->routes[--net->n_routes]);
}

/* ---- up ---- */

/* Which default routes there are, or are to be: those that the driver leaves to us. */
static int add_default(struct ras_call *call, int family)
{
	struct call_network *net = &call->network;
	bool ours = (call->driver->engine_options & 1u << RAS_OPTION_DEFAULT_ROUTE) != 0;
	struct ras_addr a = gateway(call, family);
	int r;

	if (!ours) {
		if (netlink_has_default(net->ifindex, family))
			net->routes[net->n_routes++] = a;
		return 0;
	}
	net->routes[net->n_routes++] = a;
	r = ras_call_save(call);
	r = r < 0 ? r : add_route(call, &a);
	net->n_routes -= r < 0;
	return r;
}

static int add_defaults(struct ras_call *call)
{
	bool ip6 = has_family(call, AF_INET6);
	int r = 0;

	if (!ras_entry_has_option(call->entry, RAS_OPTION_DEFAULT_ROUTE))
		return 0;
	if (has_family(call, AF_INET) || !ip6)
		r = add_default(call, AF_INET);
	return r == 0 && ip6 ? add_default(call, AF_INET6) : r;
}

/* The record tells of all routes before the first one is set. One that could not be set is not ours to remove, nor are
 * those after it. */
static int add_routes(struct ras_call *call)
{
	struct call_network *net = &call->network;
	size_t n = count_routes(call->entry);
	int r;

	net->routes = calloc(n + 2, sizeof(*net->routes));
	if (!net->routes)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	for (size_t i = 0; i < n; i++)
		if (ras_route_parse(call->entry->routes[i], &net->routes[i]))
			return ras_call_fail(call, 625, RAS_BACKEND_NONE, "Route %zu is no prefix", i + 1);
	if (n > 0) {
		net->n_routes = n;
		r = ras_call_save(call);
		if (r < 0)
			return ras_call_fail(call, r, RAS_BACKEND_NONE, "The run directory cannot be written: %s",
					     strerror(-r));
	}
	for (size_t i = 0; i < n; i++) {
		r = add_route(call, &net->routes[i]);
		if (r < 0) {
			net->n_routes = i;
			return r;
		}
	}
	return add_defaults(call);
}

static int run_up_script(struct ras_call *call)
{
	const struct ras_entry *entry = call->entry;
	struct ras_error error = RAS_ERROR_INIT;
	int r;

	/* Owed as soon as the up-script begins, which may have done half of its work. */
	if (entry->down_script && entry->down_script[0]) {
		call->network.down_script = strdup(entry->down_script);
		if (!call->network.down_script)
			return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	}
	if (!entry->up_script || !entry->up_script[0])
		return 0;
	r = script_run(call, &(struct script){"up-script", entry->up_script, UP_SCRIPT_MS, false}, &error);
	if (r == -EIO)
		return ras_call_fail(call, error.code, error.backend, "%s", error.text);
	/* If it was the deadline, this is what took so long. */
	if (r < 0)
		ras_call_fail(call, RAS_ERROR_REQUEST_TIMEOUT, RAS_BACKEND_NONE,
			      "up-script had not ended when the time for the dial was over");
	return r;
}

int network_up(struct ras_call *call)
{
	struct call_network *net = &call->network;
	const struct ras_entry *entry = call->entry;
	bool routes = count_routes(entry) > 0;
	int r;

	if (!routes && !entry->up_script && !entry->down_script &&
	    !ras_entry_has_option(entry, RAS_OPTION_DEFAULT_ROUTE))
		return 0;
	net->ifindex = call->ifindex;
	str_copy(net->ifname, call->ifname, sizeof(net->ifname));
	net->index = ras_call_index(call);
	if (routes && net->ifindex == 0)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE,
				     "routes need an interface, and this link has told of none");
	r = add_routes(call);
	if (r == 0) {
		call_show_addresses(call);
		r = run_up_script(call);
	}
	return r;
}

/* ---- down ---- */

void network_down(struct ras_call *call)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct script script = {"down-script", call->network.down_script, ras_call_grace_ms(call) / 2, true};

	script_end_left(call);
	remove_routes(call);
	if (script.path && script_run(call, &script, &error) < 0)
		log_warning("entry %s: call %u: %s", call->conn->name, call->call_id, error.text);
	network_clear(call);
}

void network_clear(struct ras_call *call)
{
	free(call->network.routes);
	free(call->network.down_script);
	call->network = (struct call_network){.ifindex = 0};
}

/* ---- the record ---- */

void network_put(const struct ras_call *call, struct record_writer *w)
{
	const struct call_network *net = &call->network;
	char key[32];

	if (net->index == 0)
		return;
	record_put_u64(w, "net-index", net->index);
	record_put_u64(w, "net-if", net->ifindex);
	record_put_str(w, "net-ifname", net->ifname);
	for (size_t i = 0; i < net->n_routes; i++) {
		snprintf(key, sizeof(key), "route%zu", i);
		addr_put(w, key, &net->routes[i]);
	}
	if (net->down_script)
		record_put_str(w, "down-script", net->down_script);
	if (net->script_pid > 0) {
		record_put_u64(w, "script-pid", (uint64_t)net->script_pid);
		record_put_u64(w, "script-started", net->script_started);
	}
}

void network_restore(struct ras_call *call, const struct record *r)
{
	struct call_network *net = &call->network;
	const char *text = record_get_str(r, "down-script");
	uint32_t u = 0;
	char key[32];

	if (record_get_u32(r, "net-index", &net->index) < 0)
		return;
	if (record_get_u32(r, "net-if", &u) == 0)
		net->ifindex = u;
	net->routes = calloc(r->n, sizeof(*net->routes));
	for (size_t i = 0; net->routes && i < r->n; i++) {
		snprintf(key, sizeof(key), "route%zu", i);
		if (!addr_get(r, key, &net->routes[i]))
			break;
		net->n_routes = i + 1;
	}
	net->down_script = text ? strdup(text) : NULL;
	text = record_get_str(r, "net-ifname");
	str_copy(net->ifname, text ? text : "", sizeof(net->ifname));
	u = 0;
	record_get_u32(r, "script-pid", &u);
	net->script_pid = (pid_t)MIN(u, (uint32_t)INT32_MAX);
	record_get_u64(r, "script-started", &net->script_started);
}
