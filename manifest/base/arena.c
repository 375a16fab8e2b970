/*
 * The arena: a list of chunks, each at least twice the one before.
 */
#include "manifest/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 4096
#define ALIGN	  alignof(max_align_t)

struct chunk {
	struct chunk *next; /* older */
	size_t room, used;
	alignas(max_align_t) uint8_t at[];
};

struct arena {
	struct chunk *top;
	size_t limit, used;
};

struct arena *
arena_new(size_t limit)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->limit = limit;
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct chunk *c = a->top, *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

void
arena_reset(struct arena *a)
{
	while (a->top != NULL && a->top->next != NULL) {
		struct chunk *c = a->top;

		a->top = c->next;
		free(c);
	}
	if (a->top != NULL)
		a->top->used = 0;
	a->used = 0;
}

static struct chunk *
chunk_new(const struct arena *a, size_t n)
{
	size_t room = a->top == NULL ? CHUNK_MIN : a->top->room * 2;
	struct chunk *c;

	if (room > (size_t)1 << 20)
		room = (size_t)1 << 20;
	if (room < n)
		room = n;
	c = malloc(sizeof(*c) + room);
	if (c != NULL) {
		c->room = room;
		c->used = 0;
	}
	return c;
}

void *
arena_get(struct arena *a, size_t n, struct err *e)
{
	struct chunk *c = a->top;
	void *at;

	if (n > a->limit || a->used > a->limit - n) {
		err_set(e, ERR_LIMIT, "needs more than %zu bytes of memory",
		    a->limit);
		return NULL;
	}
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (c == NULL || c->room - c->used < n) {
		c = chunk_new(a, n);
		if (c == NULL) {
			err_set(e, ERR_SYS, "out of memory");
			return NULL;
		}
		c->next = a->top;
		a->top = c;
	}
	at = c->at + c->used;
	c->used += n;
	a->used += n;
	memset(at, 0, n);
	return at;
}

void *
arena_array(struct arena *a, size_t n, size_t size, struct err *e)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		err_set(e, ERR_LIMIT, "array of %zu elements is too large", n);
		return NULL;
	}
	return arena_get(a, total, e);
}

char *
arena_text(struct arena *a, const char *s, struct err *e)
{
	return (char *)arena_bytes(a, s, strlen(s), e);
}

uint8_t *
arena_bytes(struct arena *a, const void *at, size_t len, struct err *e)
{
	uint8_t *out;

	if (len == SIZE_MAX) {
		err_set(e, ERR_LIMIT, "too long");
		return NULL;
	}
	out = arena_get(a, len + 1, e);
	if (out != NULL && len > 0)
		memcpy(out, at, len);
	return out;
}

char *
arena_printf(struct arena *a, struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *out;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		err_set(e, ERR_SYS, "cannot format a string");
		return NULL;
	}
	out = arena_get(a, (size_t)n + 1, e);
	if (out == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(out, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return out;
}
