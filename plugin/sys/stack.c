/* SPDX-License-Identifier: BSD-2-Clause */
#include "sys/stack.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Below a frame there may be a red zone, and there will be the frame of madvise(). */
#define FRAMES_BELOW 1024

/* In a frame of its own, also where the compiler sees through the whole program: what lies below that is not in use. */
__attribute__((noinline)) void stack_trim(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - FRAMES_BELOW) & ~(page - 1);
	pthread_attr_t attr;
	void *base = NULL;
	size_t size = 0;
	bool known;

	if (pthread_getattr_np(pthread_self(), &attr) != 0)
		return;
	known = pthread_attr_getstack(&attr, &base, &size) == 0;
	pthread_attr_destroy(&attr);
	if (known && (uintptr_t)base < end)
		madvise(base, end - (uintptr_t)base, MADV_DONTNEED);
}
