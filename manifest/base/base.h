/*
 * The few macros that every file may use.  Nothing else belongs here.
 */
#ifndef SLUICE_BASE_H
#define SLUICE_BASE_H

#include <stddef.h>
#include <stdlib.h>

#define MUST_CHECK   __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(fn)  __attribute__((cleanup(fn)))
#define NORETURN     __attribute__((noreturn))
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

/* AUTO_FREE char *s = malloc(...) - freed at the end of its block. */
#define AUTO_FREE CLEANUP(base_freep)
static inline void
base_freep(void *p)
{
	free(*(void **)p);
}

#endif
