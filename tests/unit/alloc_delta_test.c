/*
 * Applying a delta with every allocation failing in turn: it is applied, or the
 * machine failed; and nothing is written beyond the new file.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delta/core/patch.h"
#include "delta/delta.h"
#include "manifest/base/file.h"
#include "tests/alloc/failing.h"
#include "tests/patching.h"
#include "tests/range_world.h"
#include "tests/tap.h"

struct trial {
	struct range_world w;
	uint8_t *kept;
	size_t nkept, written;
	bool wrong; /* what was written is not new */
};

static int
check_new(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct trial *t = ctx;

	(void)e;
	if (len > t->w.new.len - t->written ||
	    memcmp(t->w.new.at + t->written, at, len) != 0)
		t->wrong = true;
	t->written += len;
	return 0;
}

static int
keep(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct trial *t = ctx;

	(void)e;
	memcpy(t->kept + t->nkept, at, len);
	t->nkept += len;
	return 0;
}

static const uint8_t *
kept(void *ctx, struct err *e)
{
	struct trial *t = ctx;

	(void)e;
	return t->kept;
}

static int
run(void *ctx, struct err *e)
{
	struct trial *t = ctx;
	const struct patch_apply a = { .old = t->w.old.at,
		.old_size = t->w.old.len,
		.patch = t->w.patch.at,
		.patch_size = t->w.patch.len,
		.write = check_new,
		.keep = keep,
		.kept = kept,
		.ctx = t };

	t->nkept = t->written = 0;
	t->wrong = false;
	return patch_apply(&a, e);
}

static void
after(void *ctx, int rc)
{
	const struct trial *t = ctx;

	CHECK(!t->wrong);
	if (rc == 0)
		CHECK_INT(t->written, t->w.new.len);
}

static void
ranges_are_applied_or_the_machine_failed(void)
{
	struct trial t = { 0 };

	range_world_init(&t.w, 5000, 6, DEFLATE_ZLIB_8);
	range_world_assemble(&t.w);
	t.kept = malloc((size_t)t.w.f.old_expanded);
	failing_try(&(struct failing_trial){ .name = "ranges",
	    .run = run,
	    .after = after,
	    .ctx = &t,
	    .good = true });
	free(t.kept);
	range_world_done(&t.w);
}

/* As it is made, with the coders of all streams. */
static void
a_program_is_applied_or_the_machine_failed(void)
{
	struct trial t = { 0 };
	struct arena *a = arena_new(32 << 20);
	struct bytes sh, ls;
	uint8_t part[4096];
	ssize_t n;
	off_t at;
	struct err e = { 0 };

	AUTO_FD p = patching_file();
	if (file_read(a, "/bin/sh", 8 << 20, &sh, &e) < 0 ||
	    file_read(a, "/bin/ls", 8 << 20, &ls, &e) < 0) {
		tap_skip("%s", e.msg);
		arena_free(a);
		return;
	}
	AUTO_FD old = patching_with(sh.at, sh.len);
	AUTO_FD new = patching_with(ls.at, ls.len);
	struct delta_make d = { .format = DELTA_SLUICE1,
		.old_fd = old,
		.new_fd = new,
		.patch_fd = p };
	CHECK_INT(delta_make(&d, &e), 0);
	buf_init(&t.w.old, SIZE_MAX / 2);
	buf_init(&t.w.new, SIZE_MAX / 2);
	buf_init(&t.w.patch, SIZE_MAX / 2);
	buf_add(&t.w.old, sh.at, sh.len);
	buf_add(&t.w.new, ls.at, ls.len);
	for (at = 0; (n = pread(p, part, sizeof(part), at)) > 0; at += n)
		buf_add(&t.w.patch, part, (size_t)n);
	CHECK(t.w.patch.len > 0);
	failing_try(&(struct failing_trial){ .name = "a program",
	    .run = run,
	    .after = after,
	    .ctx = &t,
	    .good = true });
	range_world_done(&t.w);
	arena_free(a);
}

static const struct tap_test tests[] = {
	TAP(ranges_are_applied_or_the_machine_failed),
	TAP(a_program_is_applied_or_the_machine_failed),
};

int
main(void)
{
	return failing_main(tests, COUNT(tests));
}
