/*
 * A growable byte buffer with a limit.  Errors latch: append freely and ask
 * once at the end with buf_ok.
 */
#ifndef SLUICE_BUF_H
#define SLUICE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct buf {
	uint8_t *at; /* owned; NUL follows the last byte when len > 0 */
	size_t len;
	size_t room;
	size_t max;
	bool failed;
	bool starved; /* for want of memory, not for max */
};

/* buf_init - an empty buffer that refuses to grow past max bytes. */
void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);
/* buf_reset - empty it, clear a latched failure, keep the memory. */
void buf_reset(struct buf *b);

void buf_add(struct buf *b, const void *at, size_t len);
void buf_text(struct buf *b, const char *s);
void buf_byte(struct buf *b, uint8_t c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* buf_ok - 0, or -1 with ERR_LIMIT or ERR_SYS if any append failed. */
int buf_ok(const struct buf *b, struct err *e) MUST_CHECK;

/* buf_str - the content as a C string ("" when empty). */
const char *buf_str(const struct buf *b);

static inline struct bytes
buf_bytes(const struct buf *b)
{
	return (struct bytes){ b->at, b->len };
}
#define AUTO_BUF CLEANUP(buf_done) struct buf

#endif
