/* SPDX-License-Identifier: BSD-2-Clause */
/* An object that the pppd of the far side loads, for what an access server says about an account beyond yes and no:
 *
 *     verdict-secret S   who proves that he has this secret gets the verdict; all others are looked up as usual
 *     verdict TEXT       the message that refuses him, such as "E=648 R=0 V=3 M=..." for MS-CHAP. One that begins with
 *                        "S=" lets him in, with that as the proof of the server. Without it he gets no answer at all.
 */
#include "pppd-plugin/compat.h"

#include <stdio.h>
#include <string.h>

extern char pppd_version[];
char pppd_version[] = COMPAT_VERSION;
void plugin_init(void);

static char *verdict_secret, *verdict;

static void say_nothing(void)
{
	for (;;)
		pause();
}

static int judge_chap(char *name, char *server_name, int id, struct chap_digest_type *digest, unsigned char *challenge,
		      unsigned char *response, char *message, int size)
{
	unsigned char secret[MAXSECRETLEN];
	int len = (int)strlen(verdict_secret);

	memcpy(secret, verdict_secret, (size_t)len);
	if (digest->verify_response(id, name, secret, len, challenge, response, message, size)) {
		if (!verdict)
			say_nothing();
		snprintf(message, (size_t)size, "%s", verdict);
		return strncmp(verdict, "S=", 2) == 0;
	}
	if (!get_secret(0, name, server_name, (char *)secret, &len, 1))
		return 0;
	return digest->verify_response(id, name, secret, len, challenge, response, message, size);
}

/* -1: as usual. */
static int judge_pap(char *name, char *secret, char **message, struct wordlist **addresses,
		     struct wordlist **more_options)
{
	(void)name;
	(void)addresses;
	(void)more_options;
	if (strcmp(secret, verdict_secret) != 0)
		return -1;
	if (!verdict)
		say_nothing();
	*message = verdict;
	return 0;
}

static int take_secret(char **argv)
{
	verdict_secret = strdup(*argv);
	chap_verify_hook = judge_chap;
	pap_auth_hook = judge_pap;
	return verdict_secret && strlen(verdict_secret) < MAXSECRETLEN;
}

static option_t options[] = {
	{(char *)"verdict-secret", o_special, (void *)take_secret, (char *)"Secret that gets the verdict", OPT_PRIV,
	 NULL, 0, 0, NULL, 0, 0},
	{(char *)"verdict", o_string, &verdict, (char *)"Message for it", OPT_PRIV, NULL, 0, 0, NULL, 0, 0},
	{NULL, o_bool, NULL, NULL, 0, NULL, 0, 0, NULL, 0, 0},
};

void plugin_init(void)
{
	compat_add_options(options);
}
