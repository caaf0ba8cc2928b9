/* SPDX-License-Identifier: BSD-2-Clause */
/* Device type pty: pppd speaks to the standard input and output of a command. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "driver/drivers.h"
#include "driver/pppd.h"

#define COMMAND_MAX 8192

static int pty_check(const struct ras_entry *entry, struct ras_error *ret_error)
{
	if (!entry->command || !entry->command[0] || entry->command[0][0] != '/') {
		ras_error_set(ret_error, 625, RAS_BACKEND_NONE, "command must begin with the path of a program");
		return -EINVAL;
	}
	return pppd_options_check(entry, ret_error);
}

enum { FD_SCRIPT = PPPD_FD_MEDIUM, FD_WORDS };

/* A word for the shell: in single quotes nothing means anything but the quote itself. */
static void add_word(char *text, size_t *len, const char *word)
{
	const char *p;

	text[(*len)++] = '\'';
	for (p = word; *p != '\0'; p++) {
		memcpy(text + *len, *p == '\'' ? "'\\''" : p, *p == '\'' ? 4 : 1);
		*len += *p == '\'' ? 4 : 1;
	}
	text[(*len)++] = '\'';
	text[(*len)++] = ' ';
}

/* The shell line that pppd gets is constant; the command is in a script behind a pipe, and replaces the shell. What it
 * says has a pipe of its own: it must not be taken for words of pppd. */
static int prepare(struct ras_call *call, struct pppd_link *link, struct pppd_options *options)
{
	const struct ras_entry *entry = ras_call_entry(call);
	char text[COMMAND_MAX], line[64];
	size_t len, need = 64;
	int r;

	r = pppd_need_program(call, entry->command[0], "as command says");
	if (r < 0)
		return r;
	for (size_t i = 0; entry->command[i]; i++)
		need += 4 * strlen(entry->command[i]) + 3;
	if (need > sizeof(text))
		return ras_call_fail(call, 625, RAS_BACKEND_NONE, "command is too long");
	len = (size_t)snprintf(text, sizeof(text), "echo open >&%d; exec ", PPPD_FD_REPORT);
	for (size_t i = 0; entry->command[i]; i++)
		add_word(text, &len, entry->command[i]);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "%d>&- %d<&- 2>&%d %d>&-\n", PPPD_FD_REPORT, FD_SCRIPT,
				FD_WORDS, FD_WORDS);
	r = pppd_give_text(link, text, len, FD_SCRIPT);
	if (r == 0)
		r = pppd_give_words(link, FD_WORDS);
	if (r < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, "No pipe for the command: %s", strerror(-r));
	snprintf(line, sizeof(line), "exec /bin/sh /proc/self/fd/%d", FD_SCRIPT);
	pppd_option(options, "pty", line);
	pppd_option(options, "nolock", NULL);
	return 0;
}

static const struct pppd_medium medium = {.prepare = prepare};

const struct ras_driver ras_driver_pty = {
	.name = "pty",
	.device_types = 1u << RAS_DEVICE_PTY,
	.check = pty_check,
	.arm = pppd_arm,
	.bundles = true,
	PPPD_DRIVER(medium),
};
