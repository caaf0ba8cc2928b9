/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/exec_protocol.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MIN (-4095)
#define CODE_MAX 999
#define CODE_RAS 600

/* ---- lines ---- */

static void finish(struct exec_line *line)
{
	size_t len = line->octets < EXEC_LINE_MAX ? line->octets : EXEC_LINE_MAX;

	if (len > 0 && line->text[len - 1] == '\r')
		len--;
	line->text[len] = '\0';
	line->whole = true;
}

bool exec_line_put(struct exec_line *line, char octet)
{
	if (line->whole) {
		line->octets = 0;
		line->whole = false;
	}
	if (octet == '\n') {
		finish(line);
		return true;
	}
	if (line->octets < EXEC_LINE_MAX)
		line->text[line->octets] = octet == '\0' ? '?' : octet;
	line->octets++;
	return false;
}

bool exec_line_end(struct exec_line *line)
{
	if (line->whole || line->octets == 0)
		return false;
	finish(line);
	return true;
}

/* ---- words ---- */

/* The next word of a line, of which *p is left behind it; false at the end, or if it is longer than any that makes
 * sense (word is cut then). */
static bool next_word(const char **p, char *word, size_t size)
{
	const char *at = *p + strspn(*p, " \t");
	size_t len = strcspn(at, " \t");

	*p = at + len;
	if (len == 0)
		return false;
	memcpy(word, at, MIN(len, size - 1));
	word[MIN(len, size - 1)] = '\0';
	return true;
}

static int read_u64(const char *text, uint64_t *ret)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end || errno != 0)
		return -EINVAL;
	*ret = n;
	return 0;
}

/* ---- UP ---- */

static int read_ifname(struct exec_message *m, enum ras_addr_role role, const char *value)
{
	(void)role;
	if (value[0] == '\0' || strlen(value) >= sizeof(m->ifname) || strchr(value, '/'))
		return -EINVAL;
	str_copy(m->ifname, value, sizeof(m->ifname));
	return 0;
}

static int read_speed(struct exec_message *m, enum ras_addr_role role, const char *value)
{
	uint64_t speed;

	(void)role;
	if (read_u64(value, &speed) < 0)
		return -EINVAL;
	m->speed = (uint32_t)MIN(speed, (uint64_t)UINT32_MAX);
	return 0;
}

/* An address, and behind a slash the length of its prefix. The zone of a link-local one is that of the interface, which
 * may be named later. */
static int read_address(struct exec_message *m, enum ras_addr_role role, const char *value)
{
	struct ras_addr a = {.role = role};
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(value, "/");
	uint64_t prefix = 0;

	if (len >= sizeof(text) || m->n_addrs == RAS_ADDRS_MAX)
		return -EINVAL;
	memcpy(text, value, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, a.octets) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, text, a.octets) == 1)
		a.len = 16;
	else
		return -EINVAL;
	if (value[len] == '/' && (read_u64(value + len + 1, &prefix) < 0 || prefix > a.len * 8u))
		return -EINVAL;
	a.prefix_len = (uint8_t)prefix;
	if (role != RAS_ADDR_DNS && value[len] == '\0')
		a.prefix_len = (uint8_t)(a.len * 8);
	m->addrs[m->n_addrs++] = a;
	return 0;
}

static const struct {
	const char *key;
	enum ras_addr_role role;
	int (*read)(struct exec_message *m, enum ras_addr_role role, const char *value);
} up_keys[] = {
	{"if", RAS_ADDR_LOCAL, read_ifname},   {"local", RAS_ADDR_LOCAL, read_address},
	{"peer", RAS_ADDR_PEER, read_address}, {"speed", RAS_ADDR_LOCAL, read_speed},
	{"dns", RAS_ADDR_DNS, read_address},
};

static int read_up_word(struct exec_message *m, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(up_keys); i++)
		if (str_equal(word, up_keys[i].key))
			return up_keys[i].read(m, up_keys[i].role, value);
	return -EINVAL;
}

/* The zone of link-local addresses, without which they mean nothing: InetAddressIPv6z. */
static void add_zones(struct exec_message *m)
{
	uint32_t zone = htonl(m->ifname[0] ? if_nametoindex(m->ifname) : 0);

	for (size_t i = 0; i < m->n_addrs && zone != 0; i++) {
		struct ras_addr *a = &m->addrs[i];

		if (a->len != 16 || a->octets[0] != 0xfe || (a->octets[1] & 0xc0) != 0x80)
			continue;
		memcpy(a->octets + 16, &zone, sizeof(zone));
		a->len = 20;
	}
}

static bool read_up(const char *rest, struct exec_message *m)
{
	char word[128], copy[128];

	while (next_word(&rest, word, sizeof(word))) {
		str_copy(copy, word, sizeof(copy));
		if (read_up_word(m, word) < 0 && m->wrong[0] == '\0')
			str_copy(m->wrong, copy, sizeof(m->wrong));
	}
	add_zones(m);
	return true;
}

/* ---- the others ---- */

static bool read_state(const char *rest, struct exec_message *m)
{
	char name[32], more[2];
	int32_t value;

	if (!next_word(&rest, name, sizeof(name)) || next_word(&rest, more, sizeof(more)) ||
	    ras_label_value(ras_state_labels, name, &value) < 0)
		return false;
	/* Others are the engine's to enter: paused ones, those of a member of a bundle, the two ends. */
	m->state = (enum ras_state)value;
	return ras_status_in_setup(ras_state_status(m->state)) && !ras_state_paused(m->state) &&
	       m->state != RAS_SUBENTRY_CONNECTED && m->state != RAS_SUBENTRY_DISCONNECTED;
}

static bool read_stats(const char *rest, struct exec_message *m)
{
	bool in = false, out = false;
	char word[64];

	while (next_word(&rest, word, sizeof(word))) {
		if (strncmp(word, "in=", 3) == 0 && read_u64(word + 3, &m->in_octets) == 0)
			in = true;
		else if (strncmp(word, "out=", 4) == 0 && read_u64(word + 4, &m->out_octets) == 0)
			out = true;
		else
			return false;
	}
	return in && out;
}

static bool read_error(const char *rest, struct exec_message *m)
{
	char word[16], *end;
	long code;

	if (!next_word(&rest, word, sizeof(word)))
		return false;
	code = strtol(word, &end, 10);
	if (*end || code < CODE_MIN || code > CODE_MAX || (code >= 0 && code < CODE_RAS))
		return false;
	m->code = (int32_t)code;
	m->text = rest + strspn(rest, " \t");
	return true;
}

static const struct {
	const char *name;
	enum exec_word word;
	bool (*read)(const char *rest, struct exec_message *m);
} words[] = {
	{"STATE", EXEC_STATE, read_state}, {"UP", EXEC_UP, read_up},        {"STATS", EXEC_STATS, read_stats},
	{"ERROR", EXEC_ERROR, read_error}, {"DOWN", EXEC_DOWN, read_error},
};

enum exec_word exec_parse(const char *line, struct exec_message *ret)
{
	struct exec_message m = {.text = ""};
	size_t len = strcspn(line, " \t");
	enum exec_word found = EXEC_OTHER;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].name) == len && strncmp(line, words[i].name, len) == 0 &&
		    words[i].read(line + len, &m))
			found = words[i].word;
	*ret = m;
	return found;
}

bool exec_name_is_good(const char *name)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return name[0] != '\0' && name[0] != '.' && name[0] != '-' && name[strspn(name, good)] == '\0';
}
