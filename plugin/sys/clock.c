/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/clock.h"

#include <sys/random.h>
#include <time.h>

static int64_t now_ms(clockid_t id)
{
	struct timespec t = {};
	int64_t ms;

	clock_gettime(id, &t);
	ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	return ms == 0 ? 1 : ms;
}

int64_t clock_mono_ms(void)
{
	return now_ms(CLOCK_BOOTTIME);
}

int64_t clock_real_ms(void)
{
	return now_ms(CLOCK_REALTIME);
}

uint32_t clock_jitter(uint32_t bound)
{
	struct timespec t = {};
	uint64_t random;

	/* Without entropy yet (early boot), the nanoseconds will do: dials are to be spread, not hidden. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		random = (uint64_t)t.tv_nsec * 0x9e3779b97f4a7c15u;
	}

	return (uint32_t)((unsigned __int128)random * bound >> 64);
}
