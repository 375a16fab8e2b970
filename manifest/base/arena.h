/*
 * The arena: memory that is freed together.  A hard limit turns a hostile
 * document into an error instead of a full machine.
 */
#ifndef SLUICE_ARENA_H
#define SLUICE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct arena;

/* Bytes that somebody else owns. */
struct bytes {
	const uint8_t *at;
	size_t len;
};

/*
 * arena_new - an empty arena that refuses to grow past limit bytes.
 * Returns NULL only when memory is exhausted.
 */
struct arena *arena_new(size_t limit);

/* arena_free - free everything in it.  NULL is allowed. */
void arena_free(struct arena *a);

/* arena_reset - forget everything, keep the first chunk for reuse. */
void arena_reset(struct arena *a);

/*
 * arena_get - n zeroed bytes, aligned for any type; NULL with ERR_LIMIT (the
 * limit) or ERR_SYS (no memory).  n = 0 gives a valid pointer.
 */
void *arena_get(struct arena *a, size_t n, struct err *e) MUST_CHECK;

/* arena_array - as arena_get for n elements of size, overflow checked. */
void *arena_array(
    struct arena *a, size_t n, size_t size, struct err *e) MUST_CHECK;

/* arena_text - a NUL-terminated copy of a string. */
char *arena_text(struct arena *a, const char *s, struct err *e) MUST_CHECK;

/* arena_bytes - a copy of len bytes, with a NUL after them. */
uint8_t *arena_bytes(
    struct arena *a, const void *at, size_t len, struct err *e) MUST_CHECK;

/* arena_printf - a formatted string. */
char *arena_printf(struct arena *a, struct err *e, const char *fmt, ...)
    PRINTF(3, 4) MUST_CHECK;

static inline void
arena_freep(struct arena **a)
{
	arena_free(*a);
}
#define AUTO_ARENA CLEANUP(arena_freep) struct arena *

#endif
