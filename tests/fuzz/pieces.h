/*
 * A patch of the native format and its old file, taken apart into streams and
 * tables, changed, and put together again.
 */
#ifndef SLUICE_FUZZ_PIECES_H
#define SLUICE_FUZZ_PIECES_H

#include "delta/core/patch.h"
#include "tests/fuzz/mutate.h"

/* An input: the length of old in four bytes, old, the patch. */
#define PIECES_OLD(at)	  ((at) + 4)
#define PIECES_STREAM_MAX ((size_t)1 << 16)

struct pieces_stream {
	uint8_t *at; /* owned; room for PIECES_STREAM_MAX */
	size_t len;
};

struct pieces {
	struct pieces_stream old, stream[FORMAT_STREAMS];
	struct pieces_stream expanded; /* old, for those who write it */
	struct format f;
	struct tables t;
};

/* pieces_split - where the patch begins in an input; 0: it is none. */
size_t pieces_split(const uint8_t *at, size_t len);

/* pieces_open - take an input apart; false: that cannot be done, or a part is
 * too long.  pieces_done frees, after a failure as well. */
bool pieces_open(struct pieces *r, const uint8_t *at, size_t len) MUST_CHECK;
void pieces_done(struct pieces *r);

/* pieces_fit - header and counts as old, tables and streams are now. */
void pieces_fit(struct pieces *r);

/* pieces_tables - the stream of tables as r->t is now. */
void pieces_tables(struct pieces *r);

/* pieces_write - the input; coded: streams are compressed, not stored.  0: no
 * room. */
size_t pieces_write(struct pieces *r, bool coded, uint8_t *out, size_t room);

#endif
