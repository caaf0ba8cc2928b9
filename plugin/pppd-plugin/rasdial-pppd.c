/* SPDX-License-Identifier: BSD-2-Clause */
/* The object that pppd loads: it tells the agent phases, addresses and the exit status, and asks for the secret when
 * the peer wants one. It decides nothing, and nothing in it waits for the agent but the request for the secret, which
 * has a deadline. See wire.h for what is said. */
#include "pppd-plugin/compat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "pppd-plugin/wire.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/record.h"

/* Protocols and codes on the wire: RFC 1661, RFC 1332, RFC 1994. */
#define PROTO_LCP 0xc021
#define PROTO_CHAP 0xc223
#define PROTO_IPCP 0x8021
#define LCP_TERMINATE_REQUEST 5
#define LCP_PROTOCOL_REJECT 8
#define CHAP_FAILURE 4
#define PPP_HEADER 4 /* address, control, protocol */
#define CP_HEADER 4  /* code, identifier, length */

extern char pppd_version[];
char pppd_version[] = COMPAT_VERSION;
void plugin_init(void);

static int agent_fd = -1;
static char *state_file;
static char secret[WIRE_SECRET_MAX + 1];

static int link_phase = WIRE_PHASE_INITIALIZE;
static int reason, exit_status = -1;
static int heard, ip_rejected, peer_ended, mschap_error;
static int has_ip, has_ip6;

/* ---- telling ---- */

static void put_ip4(struct record_writer *w, const char *key, uint32_t addr)
{
	char text[INET_ADDRSTRLEN];

	if (addr != 0 && inet_ntop(AF_INET, &addr, text, sizeof(text)))
		record_put_str(w, key, text);
}

static void put_link_local(struct record_writer *w, const char *key, const eui64_t *id)
{
	struct in6_addr addr = {.s6_addr = {0xfe, 0x80}};
	char text[INET6_ADDRSTRLEN];

	memcpy(addr.s6_addr + 8, id, 8);
	if (inet_ntop(AF_INET6, &addr, text, sizeof(text)))
		record_put_str(w, key, text);
}

static void put_addresses(struct record_writer *w)
{
	const ipcp_options *ours = &ipcp_gotoptions[0], *his = &ipcp_hisoptions[0];

	if (has_ip) {
		put_ip4(w, WIRE_LOCAL, ours->ouraddr);
		put_ip4(w, WIRE_PEER, his->hisaddr ? his->hisaddr : ours->hisaddr);
		put_ip4(w, WIRE_DNS1, ours->dnsaddr[0]);
		if (ours->dnsaddr[1] != ours->dnsaddr[0])
			put_ip4(w, WIRE_DNS2, ours->dnsaddr[1]);
	}
	if (has_ip6 && compat_has_ipv6cp()) {
		put_link_local(w, WIRE_LOCAL6, &ipv6cp_gotoptions[0].ourid);
		put_link_local(w, WIRE_PEER6, &ipv6cp_hisoptions[0].hisid);
	}
}

static void put_if(struct record_writer *w, const char *key, int value)
{
	if (value > 0)
		record_put_u64(w, key, (uint64_t)value);
}

/* Says all that is known. Nobody listening is no reason to stop; what the file says is found later. */
static void tell(void)
{
	struct record_writer w;

	record_begin(&w, WIRE_KIND_STATE);
	record_put_u64(&w, WIRE_PID, (uint64_t)getpid());
	record_put_u64(&w, WIRE_STARTED, process_started(getpid()));
	record_put_u64(&w, WIRE_PHASE, (uint64_t)link_phase);
	if (compat_ifname()[0] != '\0')
		record_put_str(&w, WIRE_IFNAME, compat_ifname());
	put_addresses(&w);
	put_if(&w, WIRE_MASTER, compat_is_master());
	put_if(&w, WIRE_JOINED, compat_is_multilink() && !compat_is_master());
	put_if(&w, WIRE_HEARD, heard);
	put_if(&w, WIRE_IP_REJECTED, ip_rejected);
	put_if(&w, WIRE_PEER_ENDED, peer_ended);
	put_if(&w, WIRE_MSCHAP_ERROR, mschap_error);
	put_if(&w, WIRE_REASON, reason);
	if (exit_status >= 0)
		record_put_u64(&w, WIRE_EXIT, (uint64_t)exit_status);
	if (record_end(&w) < 0)
		return;
	if (state_file)
		file_replace(AT_FDCWD, state_file, w.text, w.len, false);
	if (agent_fd >= 0)
		send(agent_fd, w.text, w.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_phase(void *context, int new_phase_number)
{
	(void)context;
	link_phase = new_phase_number;
	/* LCP has opened: a Terminate-Request of before was for an earlier link. (On its way down pppd comes by the
	 * phase of the network again, but never by this one.) */
	if (link_phase == WIRE_PHASE_AUTHENTICATE)
		peer_ended = 0;
	if (reason == 0 && (link_phase >= WIRE_PHASE_TERMINATE || link_phase == WIRE_PHASE_DEAD))
		reason = compat_status();
	tell();
}

/* The line has become one of a bundle that is there: it comes no further by itself. */
static void on_join(void)
{
	tell();
}

static void on_address(void *context, int arg)
{
	(void)context;
	(void)arg;
	has_ip = ipcp_fsm[0].state == OPENED;
	has_ip6 = compat_has_ipv6cp() && ipv6cp_fsm[0].state == OPENED;
	tell();
}

static void on_exit_status(void *context, int arg)
{
	(void)context;
	exit_status = arg;
	link_phase = WIRE_PHASE_DEAD;
	tell();
}

/* ---- looking at what the peer says ---- */

/* Each is told once: a peer that repeats itself must not keep agent and disk busy. */
static void see_lcp(const u_char *p, int len)
{
	if (p[0] == LCP_TERMINATE_REQUEST && !peer_ended && link_phase <= WIRE_PHASE_RUNNING) {
		peer_ended = 1;
		tell();
	} else if (p[0] == LCP_PROTOCOL_REJECT && !ip_rejected && len >= CP_HEADER + 2 &&
		   (p[4] << 8 | p[5]) == PROTO_IPCP) {
		ip_rejected = 1;
		tell();
	}
}

/* "E=691 R=1 C=... V=3 M=...": pppd shows the text and drops the number if there are both (RFC 2433, section 5). */
static void see_chap(const u_char *p, int len)
{
	int error_number = 0;

	if (mschap_error != 0 || p[0] != CHAP_FAILURE || len < CP_HEADER + 3 || memcmp(p + CP_HEADER, "E=", 2) != 0)
		return;
	for (int i = CP_HEADER + 2; i < len && p[i] >= '0' && p[i] <= '9' && error_number < 10000; i++)
		error_number = error_number * 10 + (p[i] - '0');
	mschap_error = error_number;
	if (mschap_error != 0)
		tell();
}

static void on_packet(u_char *packet, int len)
{
	if (!heard) {
		heard = 1;
		tell();
	}
	if (len < PPP_HEADER + CP_HEADER)
		return;
	switch (packet[2] << 8 | packet[3]) {
	case PROTO_LCP:
		see_lcp(packet + PPP_HEADER, len - PPP_HEADER);
		break;
	case PROTO_CHAP:
		see_chap(packet + PPP_HEADER, len - PPP_HEADER);
		break;
	}
}

/* ---- the secret ---- */

static int send_ask(void)
{
	struct record_writer w;

	record_begin(&w, WIRE_KIND_ASK);
	if (record_end(&w) < 0)
		return -EMSGSIZE;
	return send(agent_fd, w.text, w.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Returns the length of the secret, or 0 if there was no answer. */
static ssize_t await_secret(void)
{
	int64_t end = clock_mono_ms() + WIRE_SECRET_WAIT_MS, left;
	struct pollfd answer = {.fd = agent_fd, .events = POLLIN};
	ssize_t len;
	int n;

	while ((left = end - clock_mono_ms()) > 0) {
		n = poll(&answer, 1, (int)left);
		if (n < 0 && errno != EINTR)
			return 0;
		if (n > 0) {
			len = recv(agent_fd, secret, sizeof(secret) - 1, MSG_DONTWAIT);
			return len > 0 ? len : 0;
		}
	}
	return 0;
}

/* Without an answer pppd ends here: to go on would be to try a wrong secret, which may lock the account. */
static void need_secret(void)
{
	ssize_t len;

	if (secret[0] != '\0')
		return;
	len = agent_fd >= 0 && send_ask() == 0 ? await_secret() : 0;
	secret[len] = '\0';
	if (len == 0)
		fatal("rasdial: no answer to the request for the secret");
}

static int get_secret_for_pap(char *name, char *ret)
{
	(void)name;
	if (!ret)
		return 1; /* there is one */
	need_secret();
	memcpy(ret, secret, sizeof(secret));
	return 1;
}

static int get_secret_for_chap(char *name, char *ret)
{
	(void)name;
	need_secret();
	memcpy(ret, secret, sizeof(secret));
	return 0;
}

static int have_secret(void)
{
	return 1;
}

/* ---- options ---- */

static int take_socket(char **argv)
{
	int fd;

	if (!compat_int_option(*argv, &fd))
		return 0;
	/* Scripts that pppd runs must not be able to ask. */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return 0;
	agent_fd = fd;
	return 1;
}

static int take_secret(char **argv)
{
	(void)argv;
	pap_check_hook = have_secret;
	chap_check_hook = have_secret;
	pap_passwd_hook = get_secret_for_pap;
	chap_passwd_hook = get_secret_for_chap;
	return 1;
}

static option_t options[] = {
	{(char *)WIRE_OPTION_STATE, o_string, &state_file, (char *)"File that holds the state of the link", OPT_PRIV,
	 NULL, 0, 0, NULL, 0, 0},
	{(char *)WIRE_OPTION_SOCKET, o_special, (void *)take_socket, (char *)"Socket to the agent", OPT_PRIV, NULL, 0,
	 0, NULL, 0, 0},
	{(char *)WIRE_OPTION_SECRET, o_special_noarg, (void *)take_secret, (char *)"Ask the agent for the secret",
	 OPT_PRIV, NULL, 0, 0, NULL, 0, 0},
	{NULL, o_bool, NULL, NULL, 0, NULL, 0, 0, NULL, 0, 0},
};

void plugin_init(void)
{
	compat_add_options(options);
	compat_add_notifiers(on_phase, on_address, on_exit_status);
	snoop_recv_hook = on_packet;
	if (compat_has_multilink())
		multilink_join_hook = on_join;
}
