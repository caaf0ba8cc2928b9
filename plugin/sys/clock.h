/* SPDX-License-Identifier: BSD-2-Clause */
/* Two clocks, two types of use: durations from the monotonic one, dates from the real one. */
#ifndef RASDIAL_SYS_CLOCK_H
#define RASDIAL_SYS_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_BOOTTIME: monotonic, runs on while the machine sleeps, the same for every process since boot,
 * so that a record in the run directory can hold it over a restart of the agent. Never 0. */
int64_t clock_mono_ms(void);

/* Milliseconds since 1970 of CLOCK_REALTIME. Never 0 (0 stands for "no date" everywhere). */
int64_t clock_real_ms(void);

/* Uniform random number below bound (not for secrets); 0 for bound 0. Any thread. */
uint32_t clock_jitter(uint32_t bound);

#endif
