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

/* BASE_SANITIZED - built with a sanitizer, which needs more memory and more of
 * the kernel than the program. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BASE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BASE_SANITIZED 1
#endif
#endif
#ifndef BASE_SANITIZED
#define BASE_SANITIZED 0
#endif

/* AUTO_FREE char *s = malloc(...) - freed at the end of its block. */
#define AUTO_FREE CLEANUP(base_freep)
static inline void
base_freep(void *p)
{
	free(*(void **)p);
}

#endif
