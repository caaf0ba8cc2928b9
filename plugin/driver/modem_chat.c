/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/modem_chat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "driver/redact.h"
#include "sys/macro.h"

#define FIRST_ABORT_STATUS 4
#define ANSWER_AT_ONCE 3  /* s, to what a modem need not understand */
#define ANSWER_TO_INIT 10 /* s, to each string of modem-init */

/* What a modem says when it gives up. chat ends with 4 for the first, 5 for the second...: the order is the code. */
static const struct {
	const char *says;
	int32_t code;
} abort_table[] = {
	{"BUSY", 676},      {"NO CARRIER", 679}, {"NO DIALTONE", 680}, {"NO DIAL TONE", 680},
	{"NO ANSWER", 678}, {"VOICE", 677},      {"\\nERROR", 651},    {"DELAYED", 676},
};

/* As it is shown: without what stands for the beginning of a line, which tells "ERROR" from "+CME ERROR: why". */
static const char *abort_text(size_t i)
{
	const char *says = abort_table[i].says;

	return strncmp(says, "\\n", 2) == 0 ? says + 2 : says;
}

/* ---- what may be sent ---- */

/* Dial modifiers of V.250, GSM codes, and what people put between digits. Not "=", "@file" and the like. */
#define NUMBER_CHARACTERS "0123456789ABCDabcd*#+,;!WwPpTt-.() "
/* No quotes, backslash or caret of chat's own. */
#define COMMAND_CHARACTERS                                                                                             \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 &+%=,;:?*#@!\"/.-_()<>$~|{}[]"
#define COMMAND_MAX 200
/* chat breaks the line in which it logs an echo after 80 characters; what is to be redacted must be whole. */
#define SECRET_COMMAND_MAX 64
#define NUMBER_MAX 64

int chat_check_number(const char *number, struct ras_error *ret_error)
{
	size_t good = strspn(number, NUMBER_CHARACTERS), semicolon = strcspn(number, ";");

	/* It ends the number; what follows would be a command of its own, such as to dial another one. */
	if (good > semicolon)
		good = semicolon + 1;
	if (number[0] == '\0')
		ras_error_set(ret_error, 749, RAS_BACKEND_NONE, "There is no number to dial");
	else if (strlen(number) > NUMBER_MAX)
		ras_error_set(ret_error, 723, RAS_BACKEND_NONE, "The number is longer than %d characters", NUMBER_MAX);
	else if (number[good] != '\0')
		ras_error_set(ret_error, 749, RAS_BACKEND_NONE, "Character %zu of the number cannot be dialed",
			      good + 1);
	else if (!strpbrk(number, "0123456789"))
		ras_error_set(ret_error, 749, RAS_BACKEND_NONE, "There is no digit in the number");
	else
		return 0;
	return -EINVAL;
}

int chat_check_init(char *const *modem_init, struct ras_error *ret_error)
{
	for (size_t i = 0; modem_init && modem_init[i]; i++) {
		const char *command = modem_init[i];
		size_t good = strspn(command, COMMAND_CHARACTERS);
		int longest = redact_has_arguments(command) ? SECRET_COMMAND_MAX : COMMAND_MAX;

		if (strncasecmp(command, "AT", 2) != 0)
			ras_error_set(ret_error, 625, RAS_BACKEND_NONE, "modem-init %zu does not begin with AT", i + 1);
		else if (strlen(command) > (size_t)longest)
			ras_error_set(ret_error, 625, RAS_BACKEND_NONE, "modem-init %zu is longer than %d characters",
				      i + 1, longest);
		else if (command[good] != '\0')
			ras_error_set(ret_error, 625, RAS_BACKEND_NONE,
				      "modem-init %zu has a character that cannot be sent (number %zu)", i + 1,
				      good + 1);
		else
			continue;
		return -EINVAL;
	}
	return 0;
}

/* ---- scripts ---- */

/* Is anybody there? Asked twice, as modems find out the speed by the first AT. */
#define PROBE "TIMEOUT 3 '' AT OK-AT-OK '\\c'"

void chat_line(int init_fd, int dial_fd, int report_fd, char *ret, size_t size)
{
	char dial[64] = "";

	if (dial_fd > 0)
		snprintf(dial, sizeof(dial), "; step dial -f /proc/self/fd/%d", dial_fd);
	snprintf(ret, size,
		 "step() { n=$1; shift; " CHAT_PROGRAM
		 " -v -S -s \"$@\"; s=$?; echo $n $s >&%d; [ $s -eq 0 ] || exit $s; }; "
		 "echo open >&%d; step probe " PROBE "; step init -f /proc/self/fd/%d%s",
		 report_fd, report_fd, init_fd, dial);
}

static void PRINTF_LIKE(3, 4) add(char *script, size_t *len, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(script + *len, CHAT_SCRIPT_MAX - *len, format, args);
	va_end(args);
	*len = MIN(*len + (size_t)MAX(n, 0), (size_t)CHAT_SCRIPT_MAX);
}

static void add_aborts(char *script, size_t *len)
{
	for (size_t i = 0; i < ARRAY_SIZE(abort_table); i++)
		add(script, len, "ABORT '%s'\n", abort_table[i].says);
}

/* A SIM that has its PIN already may not take it again, which is told only by not saying OK: then a plain AT has to do.
 */
static const char *answer_to(const char *command)
{
	return strncasecmp(command, "AT+CPIN=", 8) == 0 ? "OK-AT-OK" : "OK";
}

static void add_commands(char *script, size_t *len, char *const *commands)
{
	add(script, len, "TIMEOUT %d\n", ANSWER_TO_INIT);
	for (size_t i = 0; commands && commands[i]; i++)
		add(script, len, "'' '%s' %s '\\c'\n", commands[i], answer_to(commands[i]));
}

static char *const usual_init[] = {"ATZ", NULL};

/* Errors in words (AT+CMEE) are for us; a modem that has none need not say OK to that, so nothing aborts before. */
static void add_cellular(char *script, size_t *len, const struct ras_entry *entry)
{
	const char *type = ras_entry_has_option(entry, RAS_OPTION_IPV6) ? "IPV4V6" : "IP";

	add(script, len, "TIMEOUT %d\n", ANSWER_AT_ONCE);
	if (!entry->modem_init)
		add(script, len, "'' 'ATZ' OK '\\c'\n");
	add(script, len, "'' 'AT+CMEE=2' OK-AT-OK '\\c'\n");
	add_aborts(script, len);
	add_commands(script, len, entry->modem_init);
	if (entry->apn && entry->apn[0])
		add(script, len, "'' 'AT+CGDCONT=1,\"%s\",\"%s\"' OK '\\c'\n", type, entry->apn);
}

static void add_init(char *script, size_t *len, const struct ras_entry *entry)
{
	if (entry->device_type == RAS_DEVICE_CELLULAR) {
		add_cellular(script, len, entry);
		return;
	}
	add_aborts(script, len);
	add_commands(script, len, entry->modem_init ? entry->modem_init : usual_init);
}

int chat_script(enum chat_step step, const struct ras_entry *entry, const char *number, unsigned answer_seconds,
		char ret[CHAT_SCRIPT_MAX])
{
	size_t len = 0;

	if (step == CHAT_INIT) {
		add_init(ret, &len, entry);
	} else {
		add_aborts(ret, &len);
		add(ret, &len, "REPORT CONNECT\nTIMEOUT %u\n'' 'ATD%s' CONNECT '\\c'\n", answer_seconds, number);
	}
	return len < CHAT_SCRIPT_MAX ? (int)len : -EMSGSIZE;
}

/* ---- what came of it ---- */

void chat_report_parse(const char *text, struct chat_report *ret)
{
	static const char *const keys[CHAT_STEPS] = {
		[CHAT_PROBE] = "probe ", [CHAT_INIT] = "init ", [CHAT_DIAL] = "dial "};
	const char *at;

	for (enum chat_step step = CHAT_PROBE; step < CHAT_STEPS; step++) {
		ret->status[step] = -1;
		at = strstr(text, keys[step]);
		if (at)
			sscanf(at + strlen(keys[step]), "%3d", &ret->status[step]);
	}
}

static bool explain_step(enum chat_step step, int status, unsigned answer_seconds, struct ras_error *ret)
{
	int which = status - FIRST_ABORT_STATUS;

	if (which >= 0 && which < (int)ARRAY_SIZE(abort_table)) {
		const char *says = abort_text((size_t)which);
		int32_t code = abort_table[which].code;

		if (step == CHAT_INIT)
			ras_error_set(ret, code == 651 ? code : 652, status,
				      "The modem answered %s to its initialization", says);
		else if (code == 651)
			ras_error_set(ret, code, status, "The modem answered %s to the number", says);
		else
			ras_error_set(ret, code, status, NULL);
		return true;
	}
	switch (status) {
	case 0:
		return false;
	case 1:
		ras_error_set(ret, 752, status, "chat does not understand its script");
		break;
	case 2:
		ras_error_set(ret, 630, status, "chat could not read or write the line");
		break;
	case 3:
		if (step == CHAT_PROBE)
			ras_error_set(ret, 660, status,
				      "The modem does not answer (is it switched on, is the speed right?)");
		else if (step == CHAT_INIT)
			ras_error_set(ret, 652, status,
				      "The modem does not say OK to its initialization (modem-init, apn)");
		else
			ras_error_set(ret, 678, status, "No answer within %u s", answer_seconds);
		break;
	default:
		ras_error_set(ret, 752, status, "chat ended with status %d", status);
		break;
	}
	return true;
}

bool chat_explain(const struct chat_report *report, unsigned answer_seconds, struct ras_error *ret)
{
	for (enum chat_step step = CHAT_PROBE; step < CHAT_STEPS; step++)
		if (report->status[step] >= 0 && explain_step(step, report->status[step], answer_seconds, ret))
			return true;
	return false;
}

/* Written as "chat:  Nov 23 21:17:04 CONNECT 115200/V.42". */
uint32_t chat_connect_speed(const char *line)
{
	uint32_t speed = 0;
	const char *at;

	if (strncmp(line, "chat: ", 6) != 0)
		return 0;
	at = strstr(line, "CONNECT ");
	if (!at)
		return 0;
	sscanf(at + strlen("CONNECT "), "%9" SCNu32, &speed);
	return speed;
}
