/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sys/macro.h"

#define SHORT_WORD 4

static const char *const stands_for[3] = {"<secret>", "<user>", "<number>"};

/* Commands of modem-init whose arguments are PINs and passwords. */
static const char *const secret_commands[] = {"+CPIN=", "+CPWD=", "+CLCK=", "+CGAUTH=", "$QCPDPP="};

/* Letters run together, and digits do; "ATD99" is a command and a number. */
static bool runs_on(unsigned char a, unsigned char b)
{
	return (isalpha(a) && isalpha(b)) || (isdigit(a) && isdigit(b));
}

static bool stands_alone(const char *text, const char *at, size_t len)
{
	if (at > text && runs_on((unsigned char)at[-1], (unsigned char)at[0]))
		return false;
	return !runs_on((unsigned char)at[len - 1], (unsigned char)at[len]);
}

/* How pppd and chat print an octet: as it is, in packets (print_string), with %q, with %v. */
enum style { PLAIN, PACKET, QUOTED, VISIBLE, STYLES };

/* What such a style makes of an octet that is not printed as it is; NULL: the number instead. */
static const char *name_of(enum style style, unsigned char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\t':
		return "\\t";
	case '\n':
		return "\\n";
	case '\r':
		return style == PACKET ? "\\r" : NULL;
	case '\b':
		return style == QUOTED ? "\\b" : NULL;
	case '\f':
		return style == QUOTED ? "\\f" : NULL;
	default:
		return NULL;
	}
}

static void put_octet(enum style style, unsigned char c, char ret[8])
{
	const char *name = style == PACKET || style == QUOTED ? name_of(style, c) : NULL;
	unsigned char low = c & 0x7f;

	if (name)
		str_copy(ret, name, 8);
	else if (style == PACKET && (c < 0x20 || c >= 0x7f))
		snprintf(ret, 8, "\\%03o", c);
	else if (style == QUOTED && (c < 0x20 || (c >= 0x7f && c < 0xa0)))
		snprintf(ret, 8, "\\x%02x", c);
	else if (style == VISIBLE && (low < 0x20 || low == 0x7f) && low != '\t')
		snprintf(ret, 8, "%s^%c", c >= 0x80 ? "M-" : "", low ^ 0x40);
	else if (style == VISIBLE && c >= 0x80)
		snprintf(ret, 8, "M-%c", low);
	else
		memcpy(ret, (char[2]){(char)c, '\0'}, 2);
}

/* Length of the word in this style, if it stands at this place; else 0. At the end of a text that was cut its beginning
 * will do. */
static size_t match_style(enum style style, const char *at, const char *word, bool cut)
{
	const char *p = at;
	char octet[8];

	for (; *word != '\0'; word++) {
		size_t len;

		put_octet(style, (unsigned char)*word, octet);
		len = strlen(octet);
		if (strncmp(p, octet, len) != 0)
			return cut && strncmp(p, octet, strlen(p)) == 0 ? (size_t)(p - at) + strlen(p) : 0;
		p += len;
	}
	return (size_t)(p - at);
}

static size_t match(const char *text, const char *at, const char *word, bool everywhere, bool cut)
{
	size_t len;

	for (enum style style = PLAIN; style < STYLES; style++) {
		len = match_style(style, at, word, cut);
		if (len == 0)
			continue;
		if (everywhere || len >= SHORT_WORD || (cut && at[len] == '\0') || stands_alone(text, at, len))
			return len;
	}
	return 0;
}

/* Blanks and case mean nothing to a modem. Returns what follows the command, or NULL if it does not stand here. */
static const char *after_command(const char *at, const char *command)
{
	for (; *command != '\0'; command++, at++) {
		at += strspn(at, " ");
		if (toupper((unsigned char)*at) != *command)
			return NULL;
	}
	return at;
}

/* What follows such a command, to the end of the line, as a PIN in quotes may hold anything; else the end of text. */
static const char *find_arguments(const char *text)
{
	const char *found;

	for (; *text != '\0'; text++) {
		for (size_t i = 0; i < ARRAY_SIZE(secret_commands); i++) {
			found = after_command(text, secret_commands[i]);
			if (found)
				return found;
		}
	}
	return text;
}

bool redact_has_arguments(const char *command)
{
	return *find_arguments(command) != '\0';
}

void redact_words(const char *const words[3], const char *text, char *ret, size_t size)
{
	const char *at = text, *end = find_arguments(text);
	bool cut = strlen(text) >= REDACT_TEXT_MAX - 1;
	size_t len = 0, n;

	while (at < end && len + 1 < size) {
		n = 0;
		for (size_t i = 0; i < 3 && n == 0; i++) {
			if (!words[i] || words[i][0] == '\0')
				continue;
			n = match(text, at, words[i], i == 0, cut);
			if (n > 0) {
				str_copy(ret + len, stands_for[i], size - len);
				len += strlen(ret + len);
				at += n;
			}
		}
		if (n == 0)
			ret[len++] = *at++;
	}
	str_copy(ret + len, *end != '\0' ? stands_for[0] : "", size - len);
}

void redact(const struct ras_call *call, const char *text, char *ret, size_t size)
{
	const struct ras_entry *entry = ras_call_entry(call);
	const char *const words[3] = {entry->secret, entry->user_name, ras_call_destination(call)};

	redact_words(words, text, ret, size);
}
