/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading of files that may hold secrets: what is read and whose it is come from one open descriptor. */
#ifndef RASDIAL_CONFIG_CONFIG_INPUT_H
#define RASDIAL_CONFIG_CONFIG_INPUT_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define INPUT_EXPOSED_MAX 128

/* Reads a whole regular file (or /dev/null) of at most max octets, with a NUL behind it. Never blocks on what is
 * no file. Returns 0, -EFBIG if it is longer, -EISDIR, -EINVAL if it is no file, or negative errno. The caller
 * wipes and frees *ret_data. */
int input_read(const char *path, size_t max, char **ret_data, size_t *ret_size, struct stat *ret_stat);

/* Why a file must not hold secrets: somebody but root and the effective user can read or change it. Text is the
 * end of a sentence that begins with the file, way out included. NULL: it may. */
const char *input_exposed(mode_t mode, uid_t owner, char buf[INPUT_EXPOSED_MAX]);

/* Text for what input_read() returned. */
const char *input_error(int error);

#endif
