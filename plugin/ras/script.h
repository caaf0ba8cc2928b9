/* SPDX-License-Identifier: BSD-2-Clause */
/* A script of the operator that is run for a link: up-script, down-script. It has its own process group, index of the
 * entry, its name and the interface as arguments, PATH, LC_ALL and RAS_* as its environment; what it says goes to the
 * log of the attempt. */
#ifndef RASDIAL_RAS_SCRIPT_H
#define RASDIAL_RAS_SCRIPT_H

#include <stdbool.h>

#include "ras/driver.h"

struct script {
	const char *what; /* up-script, down-script */
	const char *path;
	int timeout_ms;
	bool to_the_end; /* the call ends anyway: a hang-up does not end the script */
};

/* Runs it. Nobody but root, or the user of the agent, may be able to change it. What is left of its process group is
 * ended with it. Returns 0 if it ended with 0; -EIO with ret_error filled (752, status of the script as its backend
 * code); or -ECANCELED as ras_call_wait() does. */
int script_run(struct ras_call *call, const struct script *script, struct ras_error *ret_error);

/* Ends the script that the record tells of. */
void script_end_left(struct ras_call *call);

#endif
