/*
 * See the header.
 */
#include "tests/range_world.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "delta/core/patch.h"
#include "delta/delta.h"
#include "manifest/base/digest.h"
#include "manifest/base/file.h"
#include "tests/patching.h"

#define CHUNK 997 /* bytes that zlib is fed at once here */

/* Lines that resemble each other, and so many bytes that zlib's window slides.
 */
static void
lines(struct buf *out, size_t bytes, unsigned seed)
{
	unsigned i;

	for (i = 0; out->len < bytes; i++)
		buf_printf(
		    out, "%u: line %u of %u\n", i * seed % 7919, i, i ^ seed);
	out->len = bytes;
}

size_t
range_world_pack(struct buf *out, struct bytes in, int level, int memory)
{
	z_stream z = { .next_in = NULL };
	const size_t before = out->len;
	uint8_t buffer[1000];
	size_t n;
	int ret = Z_OK;

	if (deflateInit2(
		&z, level, Z_DEFLATED, -15, memory, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	while (ret != Z_STREAM_END) {
		if (z.avail_in == 0) {
			n = in.len < CHUNK ? in.len : CHUNK;
			z.next_in = (z_const Bytef *)(uintptr_t)in.at;
			z.avail_in = (uInt)n;
			in.at += n;
			in.len -= n;
		}
		z.next_out = buffer;
		z.avail_out = sizeof(buffer);
		ret = deflate(&z, in.len == 0 ? Z_FINISH : Z_NO_FLUSH);
		buf_add(out, buffer, sizeof(buffer) - z.avail_out);
	}
	(void)deflateEnd(&z);
	return out->len - before;
}

void
range_world_edge(struct buf *out, uint32_t seed)
{
	uint8_t noise[RANGE_EDGE];

	patching_noise(noise, RANGE_EDGE, seed);
	buf_add(out, noise, RANGE_EDGE);
}

void
range_world_done(struct range_world *w)
{
	buf_done(&w->old);
	buf_done(&w->new);
	buf_done(&w->content);
	buf_done(&w->literal);
	buf_done(&w->patch);
	tables_done(&w->t);
}

void
range_world_init(struct range_world *w, size_t bytes, unsigned level,
    enum deflate_family family)
{
	struct range *r;
	struct err e;

	memset(w, 0, sizeof(*w));
	buf_init(&w->old, 64 << 20);
	buf_init(&w->new, 64 << 20);
	buf_init(&w->content, 64 << 20);
	buf_init(&w->literal, 64 << 20);
	buf_init(&w->patch, 64 << 20);
	if (image_room(&w->t.old, 0, 0, &e) < 0 ||
	    image_room(&w->t.new, 0, 0, &e) < 0 ||
	    ranges_room(&w->t.old_ranges, 1, &e) < 0 ||
	    ranges_room(&w->t.new_ranges, 1, &e) < 0)
		abort();
	lines(&w->content, bytes, 3);
	range_world_edge(&w->old, 1);
	r = w->t.old_ranges.at;
	r->at = r->packed_at = RANGE_EDGE;
	r->raw = bytes;
	r->packed = range_world_pack(&w->old, buf_bytes(&w->content), 1, 8);
	range_world_edge(&w->old, 2);
	w->f.old_size = w->old.len;
	w->f.old_expanded = 2 * RANGE_EDGE + bytes;

	buf_text(&w->content, "a line more\n");
	buf_text(&w->literal, "a line more\n");
	range_world_edge(&w->literal, 3);
	range_world_edge(&w->new, 1);
	r = w->t.new_ranges.at;
	r->at = RANGE_EDGE;
	r->raw = w->content.len;
	r->how = (struct deflate_how){ family, level };
	(void)range_world_pack(&w->new, buf_bytes(&w->content), (int)level,
	    family == DEFLATE_ZLIB_9 ? 9 : 8);
	range_world_edge(&w->new, 3);
	w->f.new_size = w->new.len;
	w->f.new_expanded = 2 * RANGE_EDGE + w->content.len;
	w->block = RANGE_EDGE + bytes;
}

static void
number(struct buf *out, uint64_t n)
{
	uint8_t b[NUMBER_MAX];

	buf_add(out, b, number_write(b, n));
}

void
range_world_assemble(struct range_world *w)
{
	struct buf stream[FORMAT_STREAMS];
	uint8_t header[FORMAT_HEADER_MAX], *tables;
	int s;

	for (s = 0; s < FORMAT_STREAMS; s++)
		buf_init(&stream[s], 64 << 20);
	w->t.blocks = w->block > 0;
	tables = malloc(tables_room(&w->t));
	buf_add(&stream[FORMAT_TABLES], tables, tables_write(&w->t, tables));
	free(tables);
	if (w->block > 0) {
		number(&stream[FORMAT_BLOCK_SHIFT], 0);
		number(&stream[FORMAT_BLOCK_LEN], w->block);
		number(&stream[FORMAT_LITERAL_LEN], 0);
	}
	buf_add(&stream[FORMAT_LITERAL], w->literal.at, w->literal.len);
	sha256(w->f.old_sha256, w->old.at, w->old.len);
	sha256(w->f.new_sha256, w->new.at, w->new.len);
	for (s = 0; s < FORMAT_STREAMS; s++)
		w->f.part[s].raw = w->f.part[s].packed = stream[s].len;
	w->f.memory = patch_memory(&w->f, &w->t) - w->less;
	w->patch.len = 0;
	buf_add(&w->patch, header, format_write(&w->f, header));
	for (s = 0; s < FORMAT_STREAMS; s++) {
		buf_add(&w->patch, stream[s].at, stream[s].len);
		buf_done(&stream[s]);
	}
}

enum err_kind
range_world_apply(struct range_world *w, struct err *e)
{
	range_world_assemble(w);
	AUTO_FD old = patching_with(w->old.at, w->old.len);
	AUTO_FD patch = patching_with(w->patch.at, w->patch.len);

	return patching_apply(DELTA_SLUICE1, old, patch, buf_bytes(&w->new), e);
}
