/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/config_check.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "config/config_text.h"
#include "ras/driver.h"
#include "sys/macro.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HOST_MAX 253

static bool made_of(const char *text, const char *characters)
{
	return text[0] && text[strspn(text, characters)] == '\0';
}

const char *check_path(const char *text)
{
	if (text[0] != '/')
		return "is not an absolute path (it must begin with /)";
	return strlen(text) < PATH_MAX ? NULL : "is too long for a path";
}

const char *check_address(const char *text)
{
	unsigned char octets[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, octets) == 1 || inet_pton(AF_INET6, text, octets) == 1)
		return NULL;
	return "is not an IPv4 or IPv6 address";
}

const char *check_route(const char *text)
{
	struct ras_addr route;

	return ras_route_parse(text, &route);
}

const char *check_variable(const char *text)
{
	if (!made_of(text, LETTERS DIGITS "_") || strchr(DIGITS, text[0]))
		return "is not the name of a variable (letters, digits and _, not beginning with a digit)";
	return strncmp(text, "RAS_", 4) == 0 ? "is set by rasdial itself (names with RAS_ are taken)" : NULL;
}

const char *check_helper(const char *text)
{
	if (!made_of(text, LETTERS DIGITS "_.-") || text[0] == '.' || text[0] == '-')
		return "is not the name of a helper (a file name in helper-dir of letters, digits, _ . -, not "
		       "beginning with . or -)";
	return NULL;
}

/* ---- master agent ---- */

enum transport { UNIX, TCP, TCP6 };

static const char *const transports[] = {[UNIX] = "unix:", [TCP] = "tcp:", [TCP6] = "tcp6:"};

/* Splits the transport off. Without one, what begins with / is a socket in the file system, all else a host. */
static enum transport transport_of(const char *text, const char **ret_address)
{
	for (unsigned t = 0; t < ARRAY_SIZE(transports); t++) {
		size_t length = strlen(transports[t]);

		if (strncasecmp(text, transports[t], length) == 0) {
			*ret_address = text + length;
			return (enum transport)t;
		}
	}
	*ret_address = text;
	return text[0] == '/' ? UNIX : TCP;
}

/* The host of host:port or [host]:port, without brackets. Returns false if there is no such host, or no such port. */
static bool split_host(const char *address, char ret_host[HOST_MAX + 1])
{
	const char *colon = strrchr(address, ':');
	uint32_t port;
	size_t length;

	if (!colon || !text_number(colon + 1, &port) || port < 1 || port > UINT16_MAX)
		return false;
	length = (size_t)(colon - address);
	if (length >= 2 && address[0] == '[' && colon[-1] == ']') {
		address++;
		length -= 2;
	}
	if (length == 0 || length > HOST_MAX)
		return false;
	str_copy(ret_host, address, length + 1);
	return true;
}

const char *check_agentx(const char *text)
{
	char host[HOST_MAX + 1];
	struct in6_addr octets;
	const char *address;

	switch (transport_of(text, &address)) {
	case UNIX:
		if (address[0] != '/')
			return "does not name a socket by its absolute path (unix:/var/agentx/master)";
		return strlen(address) < sizeof((struct sockaddr_un){0}.sun_path) ?
			       NULL :
			       "is too long for the path of a socket";
	case TCP6:
		if (split_host(address, host) && inet_pton(AF_INET6, host, &octets) == 1)
			return NULL;
		return "is not of the form tcp6:[address]:port";
	case TCP:
		if (split_host(address, host) && made_of(host, LETTERS DIGITS ".-_"))
			return NULL;
		break;
	}
	return "is not the address of a master agent (unix:/path, tcp:host:port or tcp6:[address]:port)";
}

void agentx_spell(const char *text, char ret[AGENTX_MAX])
{
	const char *address;
	enum transport transport = transport_of(text, &address);

	snprintf(ret, AGENTX_MAX, "%s%s", transports[transport], address);
}

bool agentx_is_local(const char *text)
{
	char host[HOST_MAX + 1];
	struct in6_addr v6;
	struct in_addr v4;
	const char *address;

	if (transport_of(text, &address) == UNIX)
		return true;
	if (!split_host(address, host))
		return false;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(host, "localhost") == 0;
}
