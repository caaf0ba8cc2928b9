/* SPDX-License-Identifier: BSD-2-Clause */
/* Small things every file may use: sizes, minimum and maximum, cleanup by attribute. */
#ifndef RASDIAL_SYS_MACRO_H
#define RASDIAL_SYS_MACRO_H

#include <stdlib.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Each argument is evaluated once: one of them may read a clock. */
#define MIN(a, b) CHOOSE_(<, a, b, __COUNTER__)
#define MAX(a, b) CHOOSE_(>, a, b, __COUNTER__)
#define CHOOSE_(op, a, b, id) CHOOSE_AS_(op, a, b, id)
#define CHOOSE_AS_(op, a, b, id)                                                                                       \
	({                                                                                                             \
		const __typeof__(a) a_##id = (a);                                                                      \
		const __typeof__(b) b_##id = (b);                                                                      \
		a_##id op b_##id ? a_##id : b_##id;                                                                    \
	})

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define PURE __attribute__((pure))
#define UNUSED __attribute__((unused))

/* Takes the value out of a variable and leaves NULL: hands ownership on past a cleanup attribute. */
#define TAKE_PTR(p)                                                                                                    \
	({                                                                                                             \
		__typeof__(p) *take_ptr_ = &(p);                                                                       \
		__typeof__(p) take_val_ = *take_ptr_;                                                                  \
		*take_ptr_ = NULL;                                                                                     \
		take_val_;                                                                                             \
	})

static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}
#define _cleanup_free_ __attribute__((cleanup(free_cleanup)))

static inline int str_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Copies src into an array of size bytes, cut if need be, always ended by NUL. Returns dst. */
static inline char *str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strnlen(src, size - 1);

	memcpy(dst, src, len);
	dst[len] = '\0';
	return dst;
}

#endif
