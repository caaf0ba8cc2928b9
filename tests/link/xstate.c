/* SPDX-License-Identifier: BSD-2-Clause */
/* An object that the kernel of the guest is started with. On processors with AMX the extended state of a process is
 * larger than the room that Linux before 6.6 has for it as user-mode-linux: it reads the first part and writes that
 * back, and ptrace(2) refuses what is not the whole. So the part is put into the whole here. The guest uses nothing of
 * the rest. */
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define XSTATE_MAX 65536

typedef long ptrace_call(enum __ptrace_request request, ...);

long ptrace(enum __ptrace_request request, ...)
{
	static _Alignas(64) char whole[XSTATE_MAX]; /* stacks in that kernel are small, and it has one thread */
	static ptrace_call *next;
	struct iovec all = {whole, sizeof(whole)};
	const struct iovec *part;
	void *address, *data;
	va_list arguments;
	int pid;

	va_start(arguments, request);
	pid = va_arg(arguments, int);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	if (!next) {
		void *found = dlsym(RTLD_NEXT, "ptrace");

		memcpy(&next, &found, sizeof(next));
	}
	if (request != PTRACE_SETREGSET || (uintptr_t)address != NT_X86_XSTATE)
		return next(request, pid, address, data);
	if (next(PTRACE_GETREGSET, pid, address, &all) < 0)
		return -1;
	part = data;
	memcpy(whole, part->iov_base, part->iov_len < all.iov_len ? part->iov_len : all.iov_len);
	return next(request, pid, address, &all);
}
