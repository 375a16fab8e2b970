/*
 * The growable buffer.
 */
#include "manifest/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_done(struct buf *b)
{
	free(b->at);
	*b = (struct buf){ 0 };
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = b->starved = false;
	if (b->at != NULL)
		b->at[0] = 0;
}

/* Room for len more bytes and a NUL. */
static bool
buf_grow(struct buf *b, size_t len)
{
	size_t room = b->room == 0 ? 256 : b->room;
	uint8_t *at;

	if (b->failed || len > b->max || b->len > b->max - len) {
		b->failed = true;
		return false;
	}
	if (b->len + len + 1 <= b->room)
		return true;
	while (room < b->len + len + 1)
		room *= 2;
	at = realloc(b->at, room);
	if (at == NULL) {
		b->failed = b->starved = true;
		return false;
	}
	b->at = at;
	b->room = room;
	return true;
}

void
buf_add(struct buf *b, const void *at, size_t len)
{
	if (!buf_grow(b, len))
		return;
	if (len > 0)
		memcpy(b->at + b->len, at, len);
	b->len += len;
	b->at[b->len] = 0;
}

void
buf_text(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_byte(struct buf *b, uint8_t c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !buf_grow(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->at + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

int
buf_ok(const struct buf *b, struct err *e)
{
	if (b->starved)
		return err_set(e, ERR_SYS, "out of memory");
	if (b->failed)
		return err_set(e, ERR_LIMIT,
		    "output would be longer than %zu bytes", b->max);
	return 0;
}

const char *
buf_str(const struct buf *b)
{
	return b->at == NULL ? "" : (const char *)b->at;
}
