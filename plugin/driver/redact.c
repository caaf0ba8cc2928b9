/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/redact.h"

#include <ctype.h>
#include <stdbool.h>
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

/* Length of the word in the form in which pppd prints it inside quotes (print_string: backslash before " and \, octal
 * for the rest), if it stands at this place; else 0. */
static size_t match_escaped(const char *at, const char *word)
{
	const char *p = at;

	for (; *word != '\0'; word++) {
		unsigned char c = (unsigned char)*word;

		if (c == '"' || c == '\\') {
			if (*p++ != '\\' || *p++ != (char)c)
				return 0;
		} else if (c >= 0x20 && c < 0x7f) {
			if (*p++ != (char)c)
				return 0;
		} else {
			if (p[0] != '\\' || p[1] != '0' + (c >> 6) || p[2] != '0' + (c >> 3 & 7) ||
			    p[3] != '0' + (c & 7))
				return 0;
			p += 4;
		}
	}
	return (size_t)(p - at);
}

static size_t match(const char *text, const char *at, const char *word, bool everywhere)
{
	size_t len = strlen(word);

	if (strncmp(at, word, len) != 0)
		len = match_escaped(at, word);
	if (len > 0 && (everywhere || len >= SHORT_WORD || stands_alone(text, at, len)))
		return len;
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
	size_t len = 0, n;

	while (at < end && len + 1 < size) {
		n = 0;
		for (size_t i = 0; i < 3 && n == 0; i++) {
			if (!words[i] || words[i][0] == '\0')
				continue;
			n = match(text, at, words[i], i == 0);
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
