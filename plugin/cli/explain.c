/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/explain.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "ras/error.h"

int explain_error(FILE *out, const char *number)
{
	const struct ras_error_info *info;
	char *end;
	long code;

	/* strtol() would also take space and a sign. */
	if (!isdigit((unsigned char)number[0]))
		return -EINVAL;
	errno = 0;
	code = strtol(number, &end, 10);
	if (*end != '\0')
		return -EINVAL;
	if (errno != 0 || code == 0 || code > INT32_MAX)
		return -ENOENT;
	info = ras_error_find((int32_t)code);
	if (!info)
		return -ENOENT;
	fprintf(out, "Remote access error %d - %s\n", info->code, info->text);
	fprintf(out, "symbol: %s\ncause: %s\nredialed: %s\n", info->symbol,
		ras_label_name(ras_cause_labels, (int32_t)info->cause), info->redial ? "yes" : "no");
	return 0;
}
