/*
 * The native format "sluice-delta/1" behind delta.h: core/ applies it, the
 * files here make it.  sluice-delta(5) describes it.
 */
#ifndef SLUICE_NATIVE_H
#define SLUICE_NATIVE_H

#include "delta/blocks.h"
#include "delta/core/coder.h"
#include "delta/core/format.h"
#include "delta/core/map.h"
#include "delta/core/sites.h"
#include "delta/core/tables.h"
#include "delta/delta.h"

/* The functions behind delta.h, see there. */
int native_make(const struct delta_make *d, struct err *e) MUST_CHECK;
int native_apply(const struct delta_apply *d, struct err *e) MUST_CHECK;
int native_inspect(int fd, struct buf *out, struct err *e) MUST_CHECK;
int64_t native_make_memory(int64_t old_size, int64_t new_size);
int64_t native_patch_memory(int fd, struct err *e) MUST_CHECK;
int64_t native_file_memory(
    int64_t old_size, int new_fd, struct err *e) MUST_CHECK;
int64_t native_apply_memory(int64_t old_size, int64_t new_size);

/*
 * view_fill - into out, the bytes with every reference replaced by its target:
 * as it is, or (map not NULL) as the map says; all by zero with blank.
 */
struct view_fill {
	const struct sites *sites;
	const struct map *map;
	bool blank;
};
void view_fill(const struct view_fill *f, struct bytes file, uint8_t *out);

/* encode_streams - the decisions that turn old into new. */
struct encode {
	struct bytes old, new;
	const struct tables *tables;
	const struct sites *sites; /* of old */
	const struct map *map;
	const struct blocks *blocks;
};
int encode_streams(const struct encode *c, struct buf out[FORMAT_STREAMS],
    struct err *e) MUST_CHECK;

/* coder_pack - compress each stream by what suits it; fills f's parts, whose
 * bytes are in packed[].  preset: what a dictionary may begin with. */
struct coder_pack {
	const struct buf *raw; /* FORMAT_STREAMS of them */
	struct buf *packed;
	struct coder_in preset;
};
int coder_pack(
    const struct coder_pack *c, struct format *f, struct err *e) MUST_CHECK;

#endif
