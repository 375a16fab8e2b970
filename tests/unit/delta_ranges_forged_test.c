/*
 * Patches with ranges made by hand to do harm.
 */
#include "delta/core/range.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/coder.h"
#include "delta/core/patch.h"
#include "tests/patching.h"
#include "tests/range_world.h"
#include "tests/tap.h"

static struct range *
of_old(struct range_world *w)
{
	return w->t.old_ranges.at;
}

static struct range *
of_new(struct range_world *w)
{
	return w->t.new_ranges.at;
}

/* A second range of the same file, next to nothing. */
static struct range *
second(struct ranges *r)
{
	struct ranges two;
	struct err e;

	if (ranges_room(&two, 2, &e) < 0)
		abort();
	two.at[0] = two.at[1] = r->at[0];
	ranges_done(r);
	*r = two;
	return &r->at[1];
}

static void
behind_old(struct range_world *w)
{
	of_old(w)->packed_at = w->old.len + 1;
}

static void
across_the_end(struct range_world *w)
{
	of_old(w)->packed += RANGE_EDGE + 1;
}

static void
no_packed_bytes(struct range_world *w)
{
	of_old(w)->packed = 0;
}

static void
no_content(struct range_world *w)
{
	of_old(w)->raw = 0;
}

static void
packed_2_64(struct range_world *w)
{
	of_old(w)->packed = UINT64_MAX;
}

static void
content_2_64(struct range_world *w)
{
	of_old(w)->raw = UINT64_MAX;
}

static void
sizes_that_wrap_around(struct range_world *w)
{
	of_old(w)->packed_at = UINT64_MAX - of_old(w)->packed + 1;
}

static void
overlapping(struct range_world *w)
{
	struct range *r = second(&w->t.old_ranges);

	r->packed_at = r[-1].packed_at + 1;
	r->packed = r->raw = 1;
}

static void
descending(struct range_world *w)
{
	struct range *r = second(&w->t.old_ranges);

	r->packed_at = 0;
	r->packed = r->raw = 1;
}

static void
content_too_short(struct range_world *w)
{
	of_old(w)->raw--;
	w->f.old_expanded--;
	w->block--;
}

static void
content_too_long(struct range_world *w)
{
	of_old(w)->raw++;
	w->f.old_expanded++;
}

static void
stream_is_cut(struct range_world *w)
{
	of_old(w)->packed--;
	w->f.old_expanded++;
}

static void
bytes_behind_the_stream(struct range_world *w)
{
	of_old(w)->packed++;
	w->f.old_expanded--;
}

static void
garbage(struct range_world *w)
{
	patching_noise(w->old.at + RANGE_EDGE, (size_t)of_old(w)->packed, 9);
	w->old.at[RANGE_EDGE] = 0xff; /* no such type of block */
}

static void
damaged_in_the_middle(struct range_world *w)
{
	memset(w->old.at + RANGE_EDGE + of_old(w)->packed / 2, 0xff, 40);
}

static void
more_than_deflate_makes(struct range_world *w)
{
	of_old(w)->raw = (of_old(w)->packed + 1) * FORMAT_INFLATE_MAX;
	w->f.old_expanded = 2 * RANGE_EDGE + of_old(w)->raw;
}

/* 16 MiB of zeros where the tables say one byte. */
static void
a_bomb(struct range_world *w)
{
	const size_t bytes = (size_t)16 << 20;
	uint8_t *zeros = calloc(1, bytes);

	w->old.len = RANGE_EDGE;
	of_old(w)->packed =
	    range_world_pack(&w->old, (struct bytes){ zeros, bytes }, 9, 8);
	free(zeros);
	range_world_edge(&w->old, 2);
	of_old(w)->raw = 1;
	w->f.old_size = w->old.len;
	w->f.old_expanded = 2 * RANGE_EDGE + 1;
	w->block = RANGE_EDGE;
}

static void
expanded_old_too_small(struct range_world *w)
{
	w->f.old_expanded--;
}

static void
expanded_old_too_large(struct range_world *w)
{
	w->f.old_expanded++;
}

static void
expanded_old_beyond_deflate(struct range_world *w)
{
	w->f.old_expanded = w->f.old_size * FORMAT_INFLATE_MAX + 1;
}

static void
expanded_old_2_64(struct range_world *w)
{
	w->f.old_expanded = UINT64_MAX;
}

static void
expanded_new_2_64(struct range_world *w)
{
	w->f.new_expanded = UINT64_MAX;
}

static void
expanded_new_too_small(struct range_world *w)
{
	w->f.new_expanded--;
	w->literal.len--;
}

static void
expanded_new_too_large(struct range_world *w)
{
	w->f.new_expanded++;
	buf_byte(&w->literal, 0);
}

static void
old_without_its_ranges(struct range_world *w)
{
	ranges_done(&w->t.old_ranges);
}

static void
new_without_its_ranges(struct range_world *w)
{
	ranges_done(&w->t.new_ranges);
}

static void
new_behind_the_end(struct range_world *w)
{
	of_new(w)->at = w->f.new_expanded + 1;
}

static void
new_across_the_end(struct range_world *w)
{
	of_new(w)->raw += RANGE_EDGE + 1;
}

static void
new_of_no_bytes(struct range_world *w)
{
	of_new(w)->raw = 0;
}

static void
new_of_2_64(struct range_world *w)
{
	of_new(w)->raw = UINT64_MAX;
}

static void
new_descending(struct range_world *w)
{
	struct range *r = second(&w->t.new_ranges);

	r->at = 0;
	r->raw = 1;
}

static void
level_0(struct range_world *w)
{
	of_new(w)->how.level = 0;
}

static void
level_10(struct range_world *w)
{
	of_new(w)->how.level = 10;
}

static void
no_such_encoder(struct range_world *w)
{
	of_new(w)->how.family = DEFLATE_FAMILIES;
}

static void
another_level(struct range_world *w)
{
	/* it makes more than is promised */
	of_new(w)->how.level = 1;
}

static void
a_better_level(struct range_world *w)
{
	/* less */
	of_new(w)->how.level = 9;
}

static void
more_plain_bytes_than_new(struct range_world *w)
{
	of_new(w)->raw = 1;
}

static void
page_hashes(struct range_world *w)
{
	w->t.pages = (struct pages){
		.slots = 4096, .limit = 4096, .page_log = 12, .count = 1
	};
}

static void
less_memory_than_it_takes(struct range_world *w)
{
	/* the memory of a patch without ranges */
	w->less = CODER_INFLATE_MEMORY + deflate_memory();
}

static const struct attack {
	const char *name;
	void (*change)(struct range_world *w);
} attacks[] = {
#define ATTACK(f)     \
	{             \
#f, f \
	}
	ATTACK(behind_old),
	ATTACK(across_the_end),
	ATTACK(no_packed_bytes),
	ATTACK(no_content),
	ATTACK(packed_2_64),
	ATTACK(content_2_64),
	ATTACK(sizes_that_wrap_around),
	ATTACK(overlapping),
	ATTACK(descending),
	ATTACK(content_too_short),
	ATTACK(content_too_long),
	ATTACK(stream_is_cut),
	ATTACK(bytes_behind_the_stream),
	ATTACK(garbage),
	ATTACK(damaged_in_the_middle),
	ATTACK(more_than_deflate_makes),
	ATTACK(a_bomb),
	ATTACK(expanded_old_too_small),
	ATTACK(expanded_old_too_large),
	ATTACK(expanded_old_beyond_deflate),
	ATTACK(expanded_old_2_64),
	ATTACK(expanded_new_2_64),
	ATTACK(expanded_new_too_small),
	ATTACK(expanded_new_too_large),
	ATTACK(old_without_its_ranges),
	ATTACK(new_without_its_ranges),
	ATTACK(new_behind_the_end),
	ATTACK(new_across_the_end),
	ATTACK(new_of_no_bytes),
	ATTACK(new_of_2_64),
	ATTACK(new_descending),
	ATTACK(level_0),
	ATTACK(level_10),
	ATTACK(no_such_encoder),
	ATTACK(another_level),
	ATTACK(a_better_level),
	ATTACK(more_plain_bytes_than_new),
	ATTACK(page_hashes),
	ATTACK(less_memory_than_it_takes),
};

static void
forged_ranges_are_refused(void)
{
	struct err e;
	size_t i;

	for (i = 0; i < COUNT(attacks); i++) {
		AUTO_RANGE_WORLD w;

		range_world_init(&w, 50000, 6, DEFLATE_ZLIB_8);
		attacks[i].change(&w);
		if (!CHECK_INT(range_world_apply(&w, &e), ERR_INPUT))
			tap_note("%s: %s", attacks[i].name, e.msg);
		CHECK(strncmp(e.msg, "patch", 5) == 0 ||
		    strncmp(e.msg, "range at byte 100 of", 20) == 0);
	}
}

static void
too_many_ranges_are_refused(void)
{
	AUTO_RANGE_WORLD w;
	struct err e;

	range_world_init(&w, 1000, 6, DEFLATE_ZLIB_8);
	ranges_done(&w.t.old_ranges);
	if (ranges_room(&w.t.old_ranges, RANGE_MAX + 1, &e) < 0)
		abort();
	CHECK_INT(range_world_apply(&w, &e), ERR_INPUT);
	CHECK_TEXT(e.msg, "patch: ranges: too many");
}

/* A host that cannot keep what is unpacked, or has no room any more. */
static int
no_write(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	(void)ctx;
	(void)at;
	(void)len;
	return err_set(e, ERR_SYS, "full");
}

static void
hosts_without_room_refuse(void)
{
	AUTO_RANGE_WORLD w;
	struct err e = { 0 };

	range_world_init(&w, 1000, 6, DEFLATE_ZLIB_8);
	range_world_assemble(&w);
	struct patch_apply a = { .old = w.old.at,
		.old_size = w.old.len,
		.patch = w.patch.at,
		.patch_size = w.patch.len,
		.write = no_write };
	CHECK_INT(patch_apply(&a, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	a.keep = no_write;
	CHECK_INT(patch_apply(&a, &e), -1);
	CHECK_INT(e.kind, ERR_SYS);
	CHECK(strstr(e.msg, "full") != NULL);
}

static const struct tap_test tests[] = {
	TAP(forged_ranges_are_refused),
	TAP(too_many_ranges_are_refused),
	TAP(hosts_without_room_refuse),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
