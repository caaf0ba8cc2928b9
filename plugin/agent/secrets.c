/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/secrets.h"

#include <stdbool.h>
#include <string.h>

#include "sys/log.h"
#include "sys/process.h"

static bool there;

void secrets_may_come(void)
{
	process_hide_memory(true);
}

void secrets_were_none(void)
{
	if (!there)
		process_hide_memory(false);
}

void secrets_are_there(void)
{
	int r;

	if (there)
		return;
	r = process_hide_memory(true);
	if (r < 0)
		log_warning("a crash may write secrets to a core file: %s", strerror(-r));
	else
		log_info("no core file is written from now on: there are secrets in memory, or may be");
	there = r == 0;
}
