/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/pppd_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pppd-plugin/wire.h"
#include "sys/macro.h"

#define ERROR_CORRUPT_PHONEBOOK 625

/* ---- writing ---- */

static void add_octets(struct pppd_options *o, const char *octets, size_t n)
{
	if (n > sizeof(o->text) - o->len)
		o->overflow = true;
	if (o->overflow)
		return;
	memcpy(o->text + o->len, octets, n);
	o->len += n;
}

static void add_text(struct pppd_options *o, const char *text)
{
	add_octets(o, text, strlen(text));
}

/* A word in double quotes, in which pppd takes a backslash for an escape and three octal digits after it for an octet.
 */
static void add_quoted(struct pppd_options *o, const char *value)
{
	size_t len = strlen(value);
	char octal[5];

	if (len > PPPD_OPTION_WORD_MAX)
		o->overflow = true;
	add_text(o, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c < 0x20 || c == 0x7f) {
			snprintf(octal, sizeof(octal), "\\%03o", c);
			add_text(o, octal);
			continue;
		}
		if (c == '"' || c == '\\')
			add_text(o, "\\");
		add_octets(o, value + i, 1);
	}
	add_text(o, "\"");
}

void pppd_option(struct pppd_options *o, const char *name, const char *value)
{
	add_text(o, name);
	if (value) {
		add_text(o, " ");
		add_quoted(o, value);
	}
	add_text(o, "\n");
}

void pppd_option_word(struct pppd_options *o, const char *word)
{
	add_quoted(o, word);
	add_text(o, "\n");
}

void pppd_option_number(struct pppd_options *o, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%" PRIu32, value);
	pppd_option(o, name, text);
}

/* ---- names ---- */

void pppd_ifname(uint32_t index, char ret[16])
{
	snprintf(ret, 16, "ras%" PRIu32, index);
}

void pppd_linkname(uint32_t index, char ret[32])
{
	snprintf(ret, 32, "rasdial-%" PRIu32, index);
}

/* ---- what the entry says ---- */

/* What pppd must not offer when the entry names the methods it allows. */
static const struct {
	enum ras_auth_method method;
	const char *refuse;
} auth_options[] = {
	{RAS_AUTH_PAP, "refuse-pap"},       {RAS_AUTH_CHAP, "refuse-chap"},
	{RAS_AUTH_MSCHAP, "refuse-mschap"}, {RAS_AUTH_MSCHAPV2, "refuse-mschap-v2"},
	{RAS_AUTH_EAP, "refuse-eap"},
};

/* Both ways are said, since pppd reads the system's own options first. */
static const struct {
	enum ras_option option;
	const char *on[3], *off[4];
} entry_options[] = {
	{RAS_OPTION_DEFAULT_ROUTE, {"defaultroute"}, {"nodefaultroute"}},
	{RAS_OPTION_USE_PEER_DNS, {"usepeerdns"}, {}},
	{RAS_OPTION_IPV6, {"+ipv6"}, {"noipv6"}},
	{RAS_OPTION_COMPRESSION, {}, {"nobsdcomp", "nodeflate", "nopredictor1", "novj"}},
	{RAS_OPTION_REQUIRE_ENCRYPTION, {"require-mppe-128"}, {}},
};

static void add_auth(struct pppd_options *o, const struct ras_entry *entry)
{
	pppd_option(o, "noauth", NULL); /* the peer need not prove who it is */
	if (entry->user_name[0] != '\0')
		pppd_option(o, "user", entry->user_name);
	if (entry->secret)
		pppd_option(o, WIRE_OPTION_SECRET, NULL);
	if (entry->auth_methods == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(auth_options); i++)
		if ((entry->auth_methods & 1u << auth_options[i].method) == 0)
			pppd_option(o, auth_options[i].refuse, NULL);
}

static void add_list(struct pppd_options *o, const char *const *names, size_t max)
{
	for (size_t i = 0; i < max && names[i]; i++)
		pppd_option(o, names[i], NULL);
}

static void add_entry_options(struct pppd_options *o, const struct ras_entry *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(entry_options); i++) {
		if (ras_entry_has_option(entry, entry_options[i].option))
			add_list(o, entry_options[i].on, ARRAY_SIZE(entry_options[i].on));
		else
			add_list(o, entry_options[i].off, ARRAY_SIZE(entry_options[i].off));
	}
	if (ras_entry_has_option(entry, RAS_OPTION_DEFAULT_ROUTE) && ras_entry_has_option(entry, RAS_OPTION_IPV6))
		pppd_option(o, "defaultroute6", NULL);
	/* Encryption is negotiated where compression is. */
	if ((entry->options & (1u << RAS_OPTION_COMPRESSION | 1u << RAS_OPTION_REQUIRE_ENCRYPTION)) == 0)
		pppd_option(o, "noccp", NULL);
}

static void add_addresses(struct pppd_options *o, const struct ras_entry *entry)
{
	pppd_option(o, "noipdefault", NULL);
	if (entry->local_address[0] == '\0' && entry->peer_address[0] == '\0')
		return;
	add_text(o, entry->local_address);
	add_text(o, ":");
	add_text(o, entry->peer_address);
	add_text(o, "\n");
}

static void add_supervision(struct pppd_options *o, const struct pppd_place *place)
{
	char name[32];

	pppd_option(o, "nodetach", NULL);
	pppd_option(o, "nopersist", NULL);
	pppd_option_number(o, "maxfail", 1);
	pppd_option_number(o, "logfd", (uint32_t)place->log);
	pppd_option(o, "hide-password", NULL);
	pppd_linkname(place->index, name);
	pppd_option(o, "linkname", name);
	pppd_linkname(place->unit, name);
	pppd_option(o, "ipparam", name);
	pppd_ifname(place->unit, name);
	pppd_option(o, "ifname", name);
	/* Limits of time are the engine's. */
	pppd_option_number(o, "idle", 0);
	pppd_option_number(o, "maxconnect", 0);
	/* A dead peer is noticed in a minute; one that is gone already is not waited for long at the end. */
	pppd_option_number(o, "lcp-echo-interval", 15);
	pppd_option_number(o, "lcp-echo-failure", 4);
	pppd_option_number(o, "lcp-max-terminate", 1);
}

/* By the name our pppds know that their lines are of one bundle, by the endpoint the peer's do: it would take all
 * connections of this host, of one user, for one otherwise. */
static void add_bundle(struct pppd_options *o, uint64_t bundle)
{
	char name[32];

	if (bundle == 0)
		return;
	pppd_option(o, "multilink", NULL);
	snprintf(name, sizeof(name), "rasdial-%016" PRIx64, bundle);
	pppd_option(o, "bundle", name);
	snprintf(name, sizeof(name), "local:%016" PRIx64, bundle);
	pppd_option(o, "endpoint", name);
}

void pppd_options_begin(struct pppd_options *o, const struct ras_entry *entry, const struct pppd_place *place)
{
	o->len = 0;
	o->overflow = false;
	/* The object first: what follows uses its options. */
	pppd_option(o, "plugin", place->plugin);
	pppd_option_number(o, WIRE_OPTION_SOCKET, (uint32_t)place->socket);
	pppd_option(o, WIRE_OPTION_STATE, place->state_file);
	add_supervision(o, place);
	add_bundle(o, place->bundle);
	add_auth(o, entry);
	add_entry_options(o, entry);
	add_addresses(o, entry);
}

void pppd_options_demand(struct pppd_options *o)
{
	pppd_option(o, "demand", NULL);
	/* That switches persist on. */
	pppd_option(o, "nopersist", NULL);
}

/* ---- what the operator has written ---- */

/* Options that would take pppd out of our hands, or put a secret into a log; each with what to do. */
static const struct {
	const char *name, *instead;
} refused[] = {
	{"detach", "the agent watches pppd"},
	{"updetach", "the agent watches pppd"},
	{"up_sdnotify", "the agent watches pppd"},
	{"master_detach", "the agent watches pppd"},
	{"persist", "use redial-max and redial-on-drop"},
	{"demand", "use dial-mode"},
	{"idle", "use idle-timeout"},
	{"maxconnect", "use max-duration"},
	{"logfd", "the agent keeps the log"},
	{"logfile", "the agent keeps the log"},
	{"nolog", "the agent keeps the log"},
	{"nologfd", "the agent keeps the log"},
	{"plugin", "the agent loads what it needs"},
	{"file", "write the options here"},
	{"call", "write the options here"},
	{"linkname", "the agent names the link"},
	{"ifname", "the agent names the interface"},
	{"unit", "the agent names the interface"},
	{"ipparam", "the agent names the link"},
	{"connect", "use device-type"},
	{"disconnect", "use device-type"},
	{"init", "use modem-init"},
	{"welcome", "use device-type"},
	{"pty", "use command"},
	{"notty", "use command"},
	{"socket", "use command"},
	{"record", "use device-type"},
	{"pppoe-service", "use destination"},
	{"rp_pppoe_service", "use destination"},
	{"pppoe-padi-timeout", "use dial-timeout"},
	{"pppoe-padi-attempts", "use dial-timeout"},
	{"user", "use user-name"},
	{"password", "use secret-file"},
	{"+ua", "use user-name and secret-file"},
	{"show-password", "secrets must not be in a log"},
	{"kdebug", "it puts packets, with secrets in them, into the kernel's log"},
	{"dump", "it puts the user name into a log"},
	{"dryrun", "nothing would be dialed"},
	{"multilink", "use link-mode"},
	{"mp", "use link-mode"},
	{"bundle", "use link-mode"},
	{"+mp", "use link-mode"},
	{"callback", "callback is not supported"},
	{"help", "nothing would be dialed"},
	{"--help", "nothing would be dialed"},
	{"-h", "nothing would be dialed"},
	{"--version", "nothing would be dialed"},
	{WIRE_OPTION_SOCKET, "it is the agent's own"},
	{WIRE_OPTION_STATE, "it is the agent's own"},
	{WIRE_OPTION_SECRET, "it is the agent's own"},
};

static const char *why_refused(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (str_equal(word, refused[i].name))
			return refused[i].instead;
	return NULL;
}

/* Takes the next word out of a line. Words end at a blank; one kind of quotes holds blanks together; no backslashes,
 * comments or control characters, which nobody needs here and pppd reads in its own way. Returns its length, 0 at the
 * end, or -EINVAL. */
static int next_word(const char **line, char word[PPPD_OPTION_WORD_MAX + 1])
{
	const char *p = *line + strspn(*line, " \t");
	size_t len = 0;
	char quote = '\0';
	bool any = false;

	for (; *p != '\0' && (quote || (*p != ' ' && *p != '\t')); p++) {
		any = true;
		if (*p == quote) {
			quote = '\0';
		} else if (!quote && (*p == '"' || *p == '\'')) {
			quote = *p;
		} else if (*p == '\\' || (unsigned char)*p < 0x20 || *p == 0x7f || (*p == '#' && !quote) ||
			   len == PPPD_OPTION_WORD_MAX) {
			return -EINVAL;
		} else {
			word[len++] = *p;
		}
	}
	word[len] = '\0';
	*line = p;
	if (quote || (any && len == 0))
		return -EINVAL;
	return (int)len;
}

static int refuse(struct ras_error *ret_error, size_t number, const char *why)
{
	ras_error_set(ret_error, ERROR_CORRUPT_PHONEBOOK, RAS_BACKEND_NONE,
		      "Line %zu of pppd-options cannot be used: %s", number, why);
	return -EINVAL;
}

static int check_line(const char *line, size_t number, struct ras_error *ret_error)
{
	char word[PPPD_OPTION_WORD_MAX + 1];
	const char *why;
	int n, words = 0;

	while ((n = next_word(&line, word)) > 0) {
		why = why_refused(word);
		if (why)
			return refuse(ret_error, number, why);
		/* A word that is no option is a device or a speed to pppd. */
		if (words++ == 0 && strchr("/.0123456789", word[0]))
			return refuse(ret_error, number, "it does not begin with the name of an option");
	}
	if (n < 0)
		return refuse(
			ret_error, number,
			"quotes that are not closed, an empty or too long word, or one of the characters \\ and #");
	return words > 0 ? 0 : refuse(ret_error, number, "it is empty");
}

static bool is_ip4_or_none(const char *text)
{
	struct in_addr addr;

	return text[0] == '\0' || inet_pton(AF_INET, text, &addr) == 1;
}

int pppd_options_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	if (!is_ip4_or_none(entry->local_address) || !is_ip4_or_none(entry->peer_address)) {
		ras_error_set(ret_error, ERROR_CORRUPT_PHONEBOOK, RAS_BACKEND_NONE,
			      "local-address and peer-address must be IPv4 addresses");
		return -EINVAL;
	}
	for (size_t i = 0; entry->pppd_options && entry->pppd_options[i]; i++)
		if (check_line(entry->pppd_options[i], i + 1, ret_error) < 0)
			return -EINVAL;
	return 0;
}

void pppd_options_finish(struct pppd_options *o, const struct ras_entry *entry)
{
	for (size_t i = 0; entry->pppd_options && entry->pppd_options[i]; i++) {
		add_text(o, entry->pppd_options[i]);
		add_text(o, "\n");
	}
}
