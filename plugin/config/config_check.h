/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of single texts. Each says what is wrong, as the end of a sentence that begins with the text ("is not
 * ..."), or NULL. */
#ifndef RASDIAL_CONFIG_CONFIG_CHECK_H
#define RASDIAL_CONFIG_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#define AGENTX_MAX 280 /* transport, host name of 253 octets, port, NUL */

const char *check_path(const char *text);     /* absolute path */
const char *check_address(const char *text);  /* IPv4 or IPv6 address */
const char *check_route(const char *text);    /* address/length without host bits */
const char *check_variable(const char *text); /* name of an environment variable */
const char *check_helper(const char *text);   /* file name in helper-dir */
const char *check_agentx(const char *text);   /* address of a master agent */

/* Writes the address of a master agent (one that check_agentx() passes) with its transport in front: /path as
 * unix:/path, host:port as tcp:host:port. */
void agentx_spell(const char *text, char ret[AGENTX_MAX]);

/* The master is on this host: a socket in the file system, or a loopback address. No name but localhost is one:
 * what others stand for is not known before they are used. */
bool agentx_is_local(const char *text);

#endif
