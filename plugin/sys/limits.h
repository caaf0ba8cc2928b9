/* SPDX-License-Identifier: BSD-2-Clause */
/* How much of the system this process may use, and what says so. */
#ifndef RASDIAL_SYS_LIMITS_H
#define RASDIAL_SYS_LIMITS_H

#include <stdint.h>

#define LIMITS_NAME_MAX 320

struct limits_value {
	int64_t value;              /* INT64_MAX: no limit */
	char name[LIMITS_NAME_MAX]; /* where it comes from, for people: "TasksMax of ..." */
};

/* Raises soft limits on descriptors and threads to the hard ones. What cannot be raised stays. Before other threads
 * exist. */
void limits_raise(void);

/* Descriptors. */
void limits_descriptors(struct limits_value *ret);

/* Threads: the least of what user, control groups and kernel allow. */
void limits_threads(struct limits_value *ret);

#endif
