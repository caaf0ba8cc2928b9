/* SPDX-License-Identifier: BSD-2-Clause */
/* What pppd, chat and the programs of tunnels write, and what our object says: any octets, in any pieces. The first
 * octet sizes the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/l2tp_words.h"
#include "driver/modem_chat.h"
#include "driver/pppd_log.h"
#include "driver/pppd_state.h"
#include "driver/pptp_words.h"
#include "driver/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see_line(void *context, const char *line, char shown[PPPD_LINE_MAX])
{
	static const char *const words[3] = {"sesame", "user", "12"};

	(void)context;
	if (strlen(line) >= PPPD_LINE_MAX)
		abort();
	redact_words(words, line, shown, PPPD_LINE_MAX);
	if (strstr(shown, words[0]))
		abort();
	chat_connect_speed(line);
	l2tp_is_over(line);
}

static void feed_log(const struct pppd_line_row *rows, const char *text, size_t size, size_t piece)
{
	struct pppd_facts facts = {.up = piece & 1, .heard = piece & 2, .exit_status = (int)piece};
	struct pppd_log log = {.rows = rows};
	struct pppd_verdict verdict;

	for (size_t i = 0; i < size; i += piece)
		pppd_log_feed(&log, text + i, size - i < piece ? size - i : piece, facts.up, see_line, NULL);
	pppd_log_end(&log, facts.up, see_line, NULL);
	pppd_judge(&log, &facts, &verdict);
	if (verdict.code == 0 || verdict.text[0] == '\0' || !memchr(verdict.text, '\0', sizeof(verdict.text)))
		abort();
}

static void read_report(const char *text)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct chat_report report;

	chat_report_parse(text, &report);
	if (chat_explain(&report, 40, &error) && error.code == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pppd_state state = PPPD_STATE_NONE;
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	feed_log(l2tp_rows, text, size - 1, data[0] ? data[0] : 1);
	feed_log(pptp_rows, text, size - 1, data[0] ? data[0] : 1);
	read_report(text);
	pppd_message_parse(text, &state);
	free(text);
	return 0;
}
