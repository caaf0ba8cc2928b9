/* SPDX-License-Identifier: BSD-2-Clause */
/* All that differs between pppd 2.4.9 and 2.5. Include it before any other header: pppd.h of 2.4.9 has a type "bool" of
 * its own. */
#ifndef RASDIAL_PPPD_PLUGIN_COMPAT_H
#define RASDIAL_PPPD_PLUGIN_COMPAT_H

#include <netinet/in.h>
#include <sys/types.h>
#include <unistd.h>

/* A pppd built without IPv6 lacks these; the object must load all the same. */
#pragma weak ipv6_up_notifier
#pragma weak ipv6cp_fsm
#pragma weak ipv6cp_gotoptions
#pragma weak ipv6cp_hisoptions

/* And one built without multilink these. */
#pragma weak multilink_join_hook
#pragma weak doing_multilink
#pragma weak multilink_master

#if __has_include(<pppd/pppdconf.h>)

#include <pppd/pppd.h>
#include <pppd/pppdconf.h>

#include <pppd/fsm.h>
#include <pppd/options.h>

#include <pppd/chap.h>
#include <pppd/eui64.h>
#include <pppd/ipcp.h>
#include <pppd/ipv6cp.h>
#include <pppd/multilink.h>
#include <pppd/upap.h>

#define COMPAT_VERSION PPPD_VERSION

static inline void compat_add_options(option_t *options)
{
	ppp_add_options(options);
}

static inline void compat_add_notifiers(ppp_notify_fn *on_phase, ppp_notify_fn *on_address, ppp_notify_fn *on_exit)
{
	ppp_add_notify(NF_PHASE_CHANGE, on_phase, NULL);
	ppp_add_notify(NF_IP_UP, on_address, NULL);
	ppp_add_notify(NF_IPV6_UP, on_address, NULL);
	ppp_add_notify(NF_EXIT, on_exit, NULL);
}

static inline int compat_int_option(char *text, int *ret)
{
	return ppp_int_option(text, ret);
}

static inline const char *compat_ifname(void)
{
	return ppp_ifname();
}

static inline int compat_status(void)
{
	return (int)ppp_status();
}

static inline int compat_has_multilink(void)
{
#ifdef PPP_WITH_MULTILINK
	return &multilink_join_hook != NULL;
#else
	return 0;
#endif
}

static inline int compat_is_multilink(void)
{
	return compat_has_multilink() && mp_on();
}

static inline int compat_is_master(void)
{
	return compat_has_multilink() && mp_master();
}

#else /* 2.4.9 */

#define INET6 1          /* shows the IPv6 parts of the headers */
#define HAVE_MULTILINK 1 /* likewise */
#include <pppd/patchlevel.h>
#include <pppd/pppd.h>

#include <pppd/fsm.h>

#include <pppd/chap-new.h>
#include <pppd/eui64.h>
#include <pppd/ipcp.h>
#include <pppd/ipv6cp.h>

#define COMPAT_VERSION VERSION

static inline void compat_add_options(option_t *options)
{
	add_options(options);
}

static inline void compat_add_notifiers(notify_func on_phase, notify_func on_address, notify_func on_exit)
{
	add_notifier(&phasechange, on_phase, NULL);
	add_notifier(&ip_up_notifier, on_address, NULL);
	if (&ipv6_up_notifier)
		add_notifier(&ipv6_up_notifier, on_address, NULL);
	add_notifier(&exitnotify, on_exit, NULL);
}

static inline int compat_int_option(char *text, int *ret)
{
	return int_option(text, ret);
}

static inline const char *compat_ifname(void)
{
	return ifname;
}

static inline int compat_status(void)
{
	return status;
}

static inline int compat_has_multilink(void)
{
	return &multilink_join_hook != NULL && &doing_multilink != NULL;
}

static inline int compat_is_multilink(void)
{
	return compat_has_multilink() && doing_multilink;
}

static inline int compat_is_master(void)
{
	return compat_has_multilink() && multilink_master;
}

#endif

static inline int compat_has_ipv6cp(void)
{
	return ipv6cp_fsm != NULL && ipv6cp_gotoptions != NULL && ipv6cp_hisoptions != NULL;
}

_Static_assert(EXIT_PEER_DEAD == 15 && EXIT_HANGUP == 16, "exit status as pppd(8) has it");
_Static_assert(PHASE_SERIALCONN == 2 && PHASE_RUNNING == 8 && PHASE_DISCONNECT == 10, "phases as in wire.h");

#endif
