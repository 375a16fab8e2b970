/*
 * Rebuilding new, from its first byte to its last, once everything is ready:
 * literals, and blocks piece by piece.
 */
#ifndef SLUICE_CORE_REBUILD_H
#define SLUICE_CORE_REBUILD_H

#include "delta/core/output.h"
#include "delta/core/patch.h"
#include "delta/core/refs.h"
#include "delta/core/repack.h"
#include "delta/core/stream.h"
#include "delta/core/words.h"

/* A patch on its way; patch_apply fills it. */
struct job {
	const struct patch_apply *arg;
	const uint8_t *old; /* expanded */
	struct format f;
	struct tables t;
	struct block *block; /* owned */
	struct sites sites;
	struct map map;
	struct refs refs;
	struct words words;
	struct stream in[FORMAT_STREAMS];
	struct output out;
	struct repack repack;
	uint64_t site_run, byte_run, word_run; /* until the next exception */
};

/* rebuild_open - open streams `from` to `to`; rebuild_close - they must have
 * been used up. */
int rebuild_open(struct job *j, enum format_stream from, enum format_stream to,
    struct err *e) MUST_CHECK;
int rebuild_close(struct job *j, enum format_stream from, enum format_stream to,
    struct err *e) MUST_CHECK;

/* rebuild_write - all of new; streams from FORMAT_SITE_RUN on are open. */
int rebuild_write(struct job *j, struct err *e) MUST_CHECK;

#endif
