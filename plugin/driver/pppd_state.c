/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/pppd_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "pppd-plugin/wire.h"
#include "sys/file.h"

static const struct {
	const char *key;
	enum ras_addr_role role;
	int family;
} addr_keys[] = {
	{WIRE_LOCAL, RAS_ADDR_LOCAL, AF_INET},   {WIRE_PEER, RAS_ADDR_PEER, AF_INET},
	{WIRE_LOCAL6, RAS_ADDR_LOCAL, AF_INET6}, {WIRE_PEER6, RAS_ADDR_PEER, AF_INET6},
	{WIRE_DNS1, RAS_ADDR_DNS, AF_INET},      {WIRE_DNS2, RAS_ADDR_DNS, AF_INET},
};

/* Link-local addresses mean something together with their interface only: InetAddressIPv6z. */
static void add_address(struct pppd_state *s, enum ras_addr_role role, int family, const char *text)
{
	struct ras_addr a = {.role = role, .len = family == AF_INET ? 4 : 20};
	uint32_t zone;

	if (inet_pton(family, text, a.octets) != 1)
		return;
	if (family == AF_INET6) {
		zone = htonl(if_nametoindex(s->ifname));
		memcpy(a.octets + 16, &zone, sizeof(zone));
		s->has_ip6 = true;
	} else if (role == RAS_ADDR_LOCAL) {
		s->has_ip4 = true;
	}
	if (role != RAS_ADDR_DNS)
		a.prefix_len = family == AF_INET ? 32 : 64;
	s->addrs[s->n_addrs++] = a;
}

static void get_addresses(const struct record *r, struct pppd_state *s)
{
	const char *text;

	for (size_t i = 0; i < ARRAY_SIZE(addr_keys); i++) {
		text = record_get_str(r, addr_keys[i].key);
		if (text)
			add_address(s, addr_keys[i].role, addr_keys[i].family, text);
	}
}

static bool is_set(const struct record *r, const char *key)
{
	uint32_t value = 0;

	record_get_u32(r, key, &value);
	return value != 0;
}

int pppd_message_parse(char *text, struct pppd_state *ret)
{
	struct pppd_state s = PPPD_STATE_NONE;
	const char *ifname;
	struct record r;
	uint32_t pid = 0;

	if (record_parse(text, &r) < 0)
		return -EBADMSG;
	if (str_equal(r.kind, WIRE_KIND_ASK))
		return PPPD_MESSAGE_ASK;
	if (!str_equal(r.kind, WIRE_KIND_STATE) || record_get_u32(&r, WIRE_PID, &pid) < 0 || pid <= 1 ||
	    pid > INT32_MAX || record_get_u64(&r, WIRE_STARTED, &s.started) < 0 ||
	    record_get_u32(&r, WIRE_PHASE, &s.phase) < 0)
		return -EBADMSG;
	s.pid = (pid_t)pid;
	ifname = record_get_str(&r, WIRE_IFNAME);
	if (ifname)
		str_copy(s.ifname, ifname, sizeof(s.ifname));
	get_addresses(&r, &s);
	s.master = is_set(&r, WIRE_MASTER);
	s.joined = is_set(&r, WIRE_JOINED);
	s.heard = is_set(&r, WIRE_HEARD);
	s.ip_rejected = is_set(&r, WIRE_IP_REJECTED);
	s.peer_ended = is_set(&r, WIRE_PEER_ENDED);
	record_get_i32(&r, WIRE_MSCHAP_ERROR, &s.mschap_error);
	record_get_i32(&r, WIRE_REASON, &s.reason);
	record_get_i32(&r, WIRE_EXIT, &s.exit_status);
	*ret = s;
	return PPPD_MESSAGE_STATE;
}

int pppd_state_read(int dirfd, const char *file, struct pppd_state *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	r = file_read(dirfd, file, RECORD_MAX, &text, &size);
	if (r < 0)
		return r;
	if (size > 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	return pppd_message_parse(text, ret) == PPPD_MESSAGE_STATE ? 0 : -EBADMSG;
}
