/* SPDX-License-Identifier: BSD-2-Clause */
/* What helpers write: any octets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/exec_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *line)
{
	struct exec_message m;
	enum exec_word word = exec_parse(line, &m);

	if (strlen(line) > EXEC_LINE_MAX || m.n_addrs > RAS_ADDRS_MAX || !memchr(m.ifname, '\0', sizeof(m.ifname)) ||
	    !memchr(m.wrong, '\0', sizeof(m.wrong)))
		abort();
	if (word == EXEC_STATE && !ras_status_in_setup(ras_state_status(m.state)))
		abort();
	if ((word == EXEC_ERROR || word == EXEC_DOWN) &&
	    ((m.code >= 0 && m.code < 600) || m.code > 999 || m.text < line || m.text > line + strlen(line)))
		abort();
	for (size_t i = 0; i < m.n_addrs; i++)
		if ((m.addrs[i].len != 4 && m.addrs[i].len != 16 && m.addrs[i].len != 20) ||
		    m.addrs[i].prefix_len > m.addrs[i].len * 8)
			abort();
	exec_name_is_good(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exec_line line = {.octets = 0};

	for (size_t i = 0; i < size; i++)
		if (exec_line_put(&line, (char)data[i]))
			look(line.text);
	if (exec_line_end(&line))
		look(line.text);
	return 0;
}
