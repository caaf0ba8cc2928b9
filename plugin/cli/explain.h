/* SPDX-License-Identifier: BSD-2-Clause */
/* rasdial -e: what an error code means. */
#ifndef RASDIAL_CLI_EXPLAIN_H
#define RASDIAL_CLI_EXPLAIN_H

#include <stdio.h>

/* Writes text, symbol, cause and whether redial goes on for the code in number, a decimal as of the command line.
 * Returns 0; -EINVAL if it is no number; -ENOENT if no error of the table has it. Nothing is written then. */
int explain_error(FILE *out, const char *number);

#endif
