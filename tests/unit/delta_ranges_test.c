/*
 * The native delta format where the files have ranges that are deflated: put
 * together by hand, since what is tested is applying.
 */
#include "delta/core/range.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "delta/core/patch.h"
#include "delta/core/repack.h"
#include "delta/delta.h"
#include "manifest/base/buf.h"
#include "manifest/base/file.h"
#include "tests/patching.h"
#include "tests/tap.h"

/* --- a patch ----------------------------------------------------------------*/

#define EDGE  100 /* bytes before and after the range */
#define CHUNK 997 /* bytes that zlib is fed at once here */

/* Old and new: noise, a stream of deflate, noise.  A block makes all of the
 * expanded new file but for what follows it. */
struct world {
	struct buf old, new, content, literal;
	struct buf patch;
	struct tables t;
	struct format f;
	uint64_t block; /* bytes of it */
};

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

/* By zlib itself, fed differently than the core does. */
static size_t
pack(struct buf *out, struct bytes in, int level, int memory)
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

static void
edge(struct buf *out, uint32_t seed)
{
	uint8_t noise[EDGE];

	patching_noise(noise, EDGE, seed);
	buf_add(out, noise, EDGE);
}

static void
world_done(struct world *w)
{
	buf_done(&w->old);
	buf_done(&w->new);
	buf_done(&w->content);
	buf_done(&w->literal);
	buf_done(&w->patch);
	tables_done(&w->t);
}
#define AUTO_WORLD CLEANUP(world_done) struct world

/*
 * Old: content by level 1; new: the same content and a line more, by these.
 */
static void
world_init(struct world *w, size_t bytes, unsigned level, unsigned memory)
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
	edge(&w->old, 1);
	r = w->t.old_ranges.at;
	r->at = r->packed_at = EDGE;
	r->raw = bytes;
	r->packed = pack(&w->old, buf_bytes(&w->content), 1, 8);
	edge(&w->old, 2);
	w->f.old_size = w->old.len;
	w->f.old_expanded = 2 * EDGE + bytes;

	buf_text(&w->content, "a line more\n");
	buf_text(&w->literal, "a line more\n");
	edge(&w->literal, 3);
	edge(&w->new, 1);
	r = w->t.new_ranges.at;
	r->at = EDGE;
	r->raw = w->content.len;
	r->how =
	    (struct deflate_how){ memory == 8 ? DEFLATE_ZLIB_8 : DEFLATE_ZLIB_9,
		    level };
	(void)pack(&w->new, buf_bytes(&w->content), (int)level, (int)memory);
	edge(&w->new, 3);
	w->f.new_size = w->new.len;
	w->f.new_expanded = 2 * EDGE + w->content.len;
	w->block = EDGE + bytes;
}

static void
number(struct buf *out, uint64_t n)
{
	uint8_t b[NUMBER_MAX];

	buf_add(out, b, number_write(b, n));
}

/* The patch of what is there now, all streams stored. */
static void
assemble(struct world *w)
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
	w->f.memory = patch_memory(&w->f, &w->t);
	w->patch.len = 0;
	buf_add(&w->patch, header, format_write(&w->f, header));
	for (s = 0; s < FORMAT_STREAMS; s++) {
		buf_add(&w->patch, stream[s].at, stream[s].len);
		buf_done(&stream[s]);
	}
}

static enum err_kind
apply(struct world *w, struct err *e)
{
	assemble(w);
	AUTO_FD old = patching_with(w->old.at, w->old.len);
	AUTO_FD patch = patching_with(w->patch.at, w->patch.len);

	return patching_apply(DELTA_SLUICE1, old, patch, buf_bytes(&w->new), e);
}

/* --- what is right ------------------------------------------------------------*/

static void
every_level_gives_the_same_bytes(void)
{
	unsigned level, memory;
	struct err e;

	for (level = 1; level <= DEFLATE_LEVEL_MAX; level++)
		for (memory = 8; memory <= 9; memory++) {
			AUTO_WORLD w;

			world_init(&w, 600000, level, memory);
			CHECK_INT(apply(&w, &e), ERR_NONE);
			CHECK_TEXT(e.msg, "");
		}
}

static void
content_of_any_length_is_packed(void)
{
	static const size_t some[] = { 1, 2, 3, 261, 262, 263, 32767, 32768,
		65536, (256 << 10) - EDGE, (256 << 10) - EDGE - 12, 1 << 20 };
	struct err e;
	size_t i;

	for (i = 0; i < COUNT(some); i++) {
		AUTO_WORLD w;

		world_init(&w, some[i], 6, 8);
		if (!CHECK_INT(apply(&w, &e), ERR_NONE))
			tap_note("%zu: %s", some[i], e.msg);
	}
}

static void
ranges_may_touch_and_fill_the_file(void)
{
	static const char *const part[] = { "first", "second", "third" };
	AUTO_WORLD w;
	struct err e;
	size_t i;

	world_init(&w, 10, 6, 8);
	ranges_done(&w.t.old_ranges);
	ranges_done(&w.t.new_ranges);
	if (ranges_room(&w.t.new_ranges, COUNT(part), &e) < 0)
		abort();
	w.f.old_expanded = w.f.old_size;
	w.new.len = w.literal.len = 0;
	w.block = 0;
	for (i = 0; i < COUNT(part); i++) {
		struct range *r = &w.t.new_ranges.at[i];

		*r = (struct range){ .at = w.literal.len,
			.raw = strlen(part[i]),
			.how = { DEFLATE_ZLIB_9, (unsigned)(3 * i + 1) } };
		buf_text(&w.literal, part[i]);
		(void)pack(&w.new,
		    (struct bytes){ (const uint8_t *)part[i], (size_t)r->raw },
		    (int)r->how.level, 9);
	}
	w.f.new_expanded = w.literal.len;
	w.f.new_size = w.new.len;
	CHECK_INT(apply(&w, &e), ERR_NONE);
	CHECK_TEXT(e.msg, "");
}

static void
a_patch_says_its_ranges(void)
{
	AUTO_WORLD w;
	AUTO_BUF text;
	struct err e;

	world_init(&w, 1000, 6, 9);
	assemble(&w);
	AUTO_FD patch = patching_with(w.patch.at, w.patch.len);
	buf_init(&text, 1 << 16);
	CHECK_INT(delta_inspect(patch, &text, &e), 0);
	CHECK(strstr(buf_str(&text), "\nranges of old: 1, 1000 bytes of ") !=
	    NULL);
	CHECK(
	    strstr(buf_str(&text), "\nranges of new: 1, 1012 bytes\n") != NULL);
	CHECK(strstr(buf_str(&text), "room to apply: 1200\n") != NULL);
}

static const struct tap_test tests[] = {
	TAP(every_level_gives_the_same_bytes),
	TAP(content_of_any_length_is_packed),
	TAP(ranges_may_touch_and_fill_the_file),
	TAP(a_patch_says_its_ranges),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
