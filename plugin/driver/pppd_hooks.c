/* SPDX-License-Identifier: BSD-2-Clause */
/* What the system does at the end of a link (ip-down, which takes back the name servers of the peer among other things)
 * is run by pppd. One that was killed has run nothing: then it is done here, with the same arguments. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver/pppd.h"

static const struct {
	const char *path;
	int family;
} hooks[] = {
	{"/etc/ppp/ip-down", AF_INET},
	{"/etc/ppp/ipv6-down", AF_INET6},
};

static bool find_address(const struct pppd_state *s, enum ras_addr_role role, int family, char ret[INET6_ADDRSTRLEN])
{
	for (size_t i = 0; i < s->n_addrs; i++)
		if (s->addrs[i].role == role && (s->addrs[i].len == 4) == (family == AF_INET))
			return inet_ntop(family, s->addrs[i].octets, ret, INET6_ADDRSTRLEN) != NULL;
	return false;
}

/* Waits for a part of the time that the hang-up has; who takes longer is ended. */
static void run(struct ras_call *call, const char *const argv[])
{
	struct process p = PROCESS_NONE;
	int share = ras_call_grace_ms(call) / 4;

	if (process_spawn(argv, NULL, NULL, 0, &p) < 0)
		return;
	poll(&(struct pollfd){.fd = p.pidfd, .events = POLLIN}, 1, share);
	if (!process_reap(&p))
		ras_call_log(call, "%s does not end", argv[0]);
	process_end(&p, share);
	process_release(&p);
}

void pppd_run_hooks(struct ras_call *call, struct pppd_link *link)
{
	const struct pppd_state *s = &link->state;
	char local[INET6_ADDRSTRLEN], peer[INET6_ADDRSTRLEN], name[32];

	if (s->exit_status < 0)
		pppd_state_read(ras_call_rundir(call), link->state_file, &link->state);
	if (s->exit_status >= 0 || s->pid == 0 || s->ifname[0] == '\0')
		return;
	pppd_linkname(link->unit, name);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		const char *const argv[] = {hooks[i].path, s->ifname, link->device, "0", local, peer, name, NULL};

		if (!find_address(s, RAS_ADDR_LOCAL, hooks[i].family, local) || access(hooks[i].path, X_OK) < 0)
			continue;
		if (!find_address(s, RAS_ADDR_PEER, hooks[i].family, peer))
			peer[0] = '\0';
		ras_call_log(call, "pppd was killed: %s is run in its place", hooks[i].path);
		run(call, argv);
	}
}
