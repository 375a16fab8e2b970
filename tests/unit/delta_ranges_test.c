/*
 * The native delta format where the files have ranges that are deflated: what
 * is right.
 */
#include "delta/core/range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/delta.h"
#include "delta/unpacked.h"
#include "manifest/base/buf.h"
#include "manifest/base/file.h"
#include "tests/patching.h"
#include "tests/range_world.h"
#include "tests/tap.h"

static void
every_level_gives_the_same_bytes(void)
{
	unsigned level;
	struct err e;
	int i;

	for (level = 1; level <= DEFLATE_LEVEL_MAX; level++)
		for (i = 0; i <= DEFLATE_ZLIB_9; i++) {
			AUTO_RANGE_WORLD w;

			range_world_init(
			    &w, 600000, level, (enum deflate_family)i);
			CHECK_INT(range_world_apply(&w, &e), ERR_NONE);
			CHECK_TEXT(e.msg, "");
		}
}

static void
content_of_any_length_is_packed(void)
{
	static const size_t some[] = { 1, 2, 3, 261, 262, 263, 32767, 32768,
		65536, (256 << 10) - RANGE_EDGE, (256 << 10) - RANGE_EDGE - 12,
		1 << 20 };
	struct err e;
	size_t i;

	for (i = 0; i < COUNT(some); i++) {
		AUTO_RANGE_WORLD w;

		range_world_init(&w, some[i], 6, DEFLATE_ZLIB_8);
		if (!CHECK_INT(range_world_apply(&w, &e), ERR_NONE))
			tap_note("%zu: %s", some[i], e.msg);
	}
}

static void
ranges_may_touch_and_fill_the_file(void)
{
	static const char *const part[] = { "first", "second", "third" };
	AUTO_RANGE_WORLD w;
	struct err e;
	size_t i;

	range_world_init(&w, 10, 6, DEFLATE_ZLIB_8);
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
		(void)range_world_pack(&w.new,
		    (struct bytes){ (const uint8_t *)part[i], (size_t)r->raw },
		    (int)r->how.level, 9);
	}
	w.f.new_expanded = w.literal.len;
	w.f.new_size = w.new.len;
	CHECK_INT(range_world_apply(&w, &e), ERR_NONE);
	CHECK_TEXT(e.msg, "");
}

static void
a_patch_says_its_ranges(void)
{
	AUTO_RANGE_WORLD w;
	AUTO_BUF text;
	struct err e;

	range_world_init(&w, 1000, 6, DEFLATE_ZLIB_9);
	range_world_assemble(&w);
	AUTO_FD patch = patching_with(w.patch.at, w.patch.len);
	buf_init(&text, 1 << 16);
	CHECK_INT(delta_inspect(patch, &text, &e), 0);
	CHECK(strstr(buf_str(&text), "\nranges of old: 1, 1000 bytes of ") !=
	    NULL);
	CHECK(
	    strstr(buf_str(&text), "\nranges of new: 1, 1012 bytes\n") != NULL);
	CHECK(strstr(buf_str(&text), "room to apply: 1200\n") != NULL);
}

/* The last example of sluice-delta(5). */
static void
the_example_of_the_manual_is_applied(void)
{
	static const uint8_t old[] = { 0xcb, 0x48, 0x54, 0xc8, 0x80, 0x22,
		0x00 };
	static const uint8_t new[] = { 0xcb, 0x48, 0x54, 0xc8, 0x80, 0x22, 0x45,
		0x00 };
	static const uint8_t list[] = { 0x0d, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
	static const uint8_t streams[] = { 1, 0, 0, 0, 0, 1, 0, 7, 0x0b, 1, 0,
		0x0c, 6, 0, 0x0b, 0, 0x21 };
	struct bytes want = { new, sizeof(new) };
	uint8_t header[FORMAT_FIXED] = FORMAT_MAGIC;
	AUTO_BUF patch;
	struct err e;

	number_put_u64(header + 8, sizeof(old));
	number_put_u64(header + 16, sizeof(new));
	number_put_u64(header + 24, 11);
	number_put_u64(header + 32, 12);
	sha256(header + 40, old, sizeof(old));
	sha256(header + 72, new, sizeof(new));
	number_put_u64(header + 104, 16 << 20);
	buf_init(&patch, 4096);
	buf_add(&patch, header, sizeof(header));
	buf_add(&patch, list, sizeof(list));
	buf_add(&patch, streams, sizeof(streams));
	AUTO_FD from = patching_with(old, sizeof(old));
	AUTO_FD fd = patching_with(patch.at, patch.len);
	CHECK_INT(patching_apply(DELTA_SLUICE1, from, fd, want, &e), ERR_NONE);
	CHECK_TEXT(e.msg, "");
}

/* A gzip file of n zeros as the next member of an ar archive. */
static void
add_gzip(struct buf *ar, size_t n)
{
	AUTO_FREE uint8_t *zeros = calloc(n, 1);
	uint8_t tail[8] = { 0 };
	char header[61];
	AUTO_BUF gz;
	int i;

	if (zeros == NULL)
		abort();
	buf_init(&gz, 1 << 20);
	buf_add(&gz, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
	(void)range_world_pack(&gz, (struct bytes){ zeros, n }, 6, 8);
	for (i = 0; i < 4; i++)
		tail[4 + i] = (uint8_t)(n >> 8 * i);
	buf_add(&gz, tail, sizeof(tail));
	(void)snprintf(header, sizeof(header), "%-48s%-10zu`\n", "m", gz.len);
	buf_add(ar, header, 60);
	buf_add(ar, gz.at, gz.len);
	if (gz.len & 1)
		buf_add(ar, "\n", 1);
}

/* The streams of new in the file, planned with so much memory. */
static size_t
planned(struct bytes file, int64_t memory_max, struct err *e)
{
	struct unpacked old = { .file = { (const uint8_t *)"x", 1 } };
	struct unpacked new = { .file = file };
	size_t n = SIZE_MAX;

	if (unpacked_plan(&old, &new, memory_max, e) == 0)
		n = new.ranges.n;
	unpacked_done(&old);
	unpacked_done(&new);
	return n;
}

/* Each processor looks at one: no two are within it if their sum is not. */
static void
looking_at_streams_stays_within_the_memory(void)
{
	const size_t each = 100000;
	AUTO_BUF ar;
	struct err e;

	buf_init(&ar, 1 << 20);
	buf_text(&ar, "!<arch>\n");
	add_gzip(&ar, each);
	add_gzip(&ar, each);
	CHECK_INT(planned(buf_bytes(&ar), 2 * each, &e), 2);
	CHECK_INT(planned(buf_bytes(&ar), 0, &e), 2);
	CHECK(planned(buf_bytes(&ar), 2 * each - 1, &e) == SIZE_MAX);
	CHECK_INT(e.kind, ERR_LIMIT);
}

static const struct tap_test tests[] = {
	TAP(every_level_gives_the_same_bytes),
	TAP(content_of_any_length_is_packed),
	TAP(ranges_may_touch_and_fill_the_file),
	TAP(a_patch_says_its_ranges),
	TAP(the_example_of_the_manual_is_applied),
	TAP(looking_at_streams_stays_within_the_memory),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
