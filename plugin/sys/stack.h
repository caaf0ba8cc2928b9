/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RASDIAL_SYS_STACK_H
#define RASDIAL_SYS_STACK_H

/* Gives the memory of the calling thread's stack that is not in use at present back to the system, which provides it
 * anew when it is needed. For a thread that is about to wait for long; not for the first thread of a process. */
void stack_trim(void);

#endif
