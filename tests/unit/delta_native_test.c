/*
 * The native delta format: round trips of every shape of file, and damage to
 * patches.
 */
#include "delta/core/format.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delta/core/number.h"
#include "delta/delta.h"
#include "manifest/base/file.h"
#include "tests/patching.h"
#include "tests/tap.h"

static enum err_kind
apply(int old, int patch, const void *want, size_t len, struct err *e)
{
	return patching_apply(
	    DELTA_SLUICE1, old, patch, (struct bytes){ want, len }, e);
}

static int64_t
round_trip(const void *old, size_t old_len, const void *new, size_t new_len)
{
	return patching_round(DELTA_SLUICE1, (struct bytes){ old, old_len },
	    (struct bytes){ new, new_len });
}

/* --- round trips --------------------------------------------------------------*/

static void
tiny_files_round_trip(void)
{
	patching_tiny(DELTA_SLUICE1);
}

static void
plain_files_round_trip(void)
{
	enum {
		N = 100000
	};
	uint8_t *old = malloc(N), *new = malloc(N + 1000);

	patching_noise(old, N, 1);
	CHECK(round_trip(old, N, old, N) < 200);
	memcpy(new, old + 50000, 50000);
	memcpy(new + 50000, old, 50000);
	CHECK(round_trip(old, N, new, N) < 250);
	patching_noise(new, N + 1000, 2);
	CHECK(round_trip(old, N, new, N + 1000) < N + 1200);
	memset(old, 0, N);
	CHECK(round_trip(old, N, new, N) < N + 200);
	CHECK(round_trip(new, N, old, N) < 300);
	memset(new, 0, N);
	CHECK(round_trip(old, N, new, N - 777) < 250);
	free(old);
	free(new);
}

/* What looks like noise is not searched, but what is in both is found. */
static void
packed_files_keep_what_is_in_both(void)
{
	enum {
		N = 256 << 10,
		OLD = 100001, /* from here, */
		NEW = 60003,  /* to there, */
		PIECE = 5000, /* so many bytes */
		TAIL = 100000,
	};
	uint8_t *old = malloc(N), *new = malloc(N);

	patching_noise(old, N, 1);
	patching_noise(new, N, 2);
	memcpy(new + NEW, old + OLD, PIECE);
	memcpy(new + N - TAIL, old + N - TAIL, TAIL);
	CHECK(round_trip(old, N, new, N) < N - TAIL - PIECE + 1000);
	free(old);
	free(new);
}

/* Words that all moved by the same distance: data that nobody describes. */
static void
moved_words_make_a_small_patch(void)
{
	enum {
		N = 20000
	};
	uint8_t *old = malloc(4 * N), *new = malloc(4 * N);
	int i;

	for (i = 0; i < N; i++) {
		number_put_u32(old + 4 * i, 0x10000u + 52 * (uint32_t)i % 9973);
		number_put_u32(
		    new + 4 * i, number_u32(old + 4 * i) + (i % 7 ? 0 : 64));
	}
	CHECK(round_trip(old, 4 * N, new, 4 * N) < 20000);
	free(old);
	free(new);
}

static void
programs_round_trip(void)
{
	static const char *const names[] = { "/bin/sh", "/bin/ls", "/bin/cat" };
	struct arena *a = arena_new(32 << 20);
	struct bytes file[COUNT(names)];
	struct err e = { 0 };
	size_t i, k;

	for (i = 0; i < COUNT(names); i++)
		if (file_read(a, names[i], 4 << 20, &file[i], &e) < 0) {
			tap_skip("%s", e.msg);
			arena_free(a);
			return;
		}
	for (i = 0; i < COUNT(names); i++)
		for (k = 0; k < COUNT(names); k++)
			round_trip(
			    file[i].at, file[i].len, file[k].at, file[k].len);
	arena_free(a);
}

/* --- damage ---------------------------------------------------------------------*/

struct sample {
	uint8_t old[6000], new[6000];
	int old_fd, patch_fd;
	uint8_t *patch;
	size_t len;
};

static void
sample_init(struct sample *s)
{
	struct err e = { 0 };

	patching_noise(s->old, sizeof(s->old), 3);
	memcpy(s->new, s->old, sizeof(s->new));
	memmove(s->new + 1000, s->new + 996, 3000);
	s->new[500] ^= 1;
	patching_noise(s->new + 5000, 50, 4);
	s->old_fd = patching_with(s->old, sizeof(s->old));
	s->patch_fd = patching_file();
	AUTO_FD new = patching_with(s->new, sizeof(s->new));
	struct delta_make d = { .format = DELTA_SLUICE1,
		.old_fd = s->old_fd,
		.new_fd = new,
		.patch_fd = s->patch_fd };
	CHECK_INT(delta_make(&d, &e), 0);
	s->len = (size_t)patching_size(s->patch_fd);
	s->patch = malloc(s->len);
	if (pread(s->patch_fd, s->patch, s->len, 0) != (ssize_t)s->len)
		abort();
}

static void
sample_done(struct sample *s)
{
	(void)close(s->old_fd);
	(void)close(s->patch_fd);
	free(s->patch);
}

static void
every_truncation_is_refused(void)
{
	CLEANUP(sample_done) struct sample s;
	struct err e;
	size_t i;

	sample_init(&s);
	for (i = 0; i < s.len; i++) {
		AUTO_FD cut = patching_with(s.patch, i);

		CHECK(
		    apply(s.old_fd, cut, s.new, sizeof(s.new), &e) != ERR_NONE);
	}
}

static void
every_flipped_bit_is_refused_or_means_nothing(void)
{
	CLEANUP(sample_done) struct sample s;
	struct err e;
	size_t i;

	sample_init(&s);
	for (i = 0; i < 8 * s.len; i++) {
		s.patch[i / 8] ^= (uint8_t)(1 << i % 8);
		AUTO_FD flipped = patching_with(s.patch, s.len);

		/* right or refused: apply() compares what it is */
		(void)apply(s.old_fd, flipped, s.new, sizeof(s.new), &e);
		s.patch[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void
making_is_reproducible(void)
{
	CLEANUP(sample_done) struct sample a, b;

	sample_init(&a);
	sample_init(&b);
	CHECK_INT(a.len, b.len);
	CHECK_BYTES(a.patch, b.patch, a.len);
}

static void
numbers_read_as_written(void)
{
	static const uint64_t some[] = { 0, 1, 127, 128, 16383, 16384,
		UINT32_MAX, (uint64_t)1 << 63, UINT64_MAX };
	uint8_t b[NUMBER_MAX];
	size_t i, n;

	for (i = 0; i < COUNT(some); i++) {
		struct numbers r = { b, b, 0 };

		n = number_write(b, some[i]);
		r.end = b + n;
		CHECK(number_read(&r) == some[i]);
		CHECK(r.at == r.end && !r.failed);
		r = (struct numbers){ b, b + n - 1, 0 };
		(void)number_read(&r);
		CHECK(r.failed);
	}
	CHECK(number_unzigzag(number_zigzag(INT64_MIN)) == INT64_MIN);
	CHECK(number_unzigzag(number_zigzag(-1)) == -1);
	CHECK(number_zigzag(-1) == 1);
}

static const struct tap_test tests[] = {
	TAP(tiny_files_round_trip),
	TAP(plain_files_round_trip),
	TAP(packed_files_keep_what_is_in_both),
	TAP(moved_words_make_a_small_patch),
	TAP(programs_round_trip),
	TAP(every_truncation_is_refused),
	TAP(every_flipped_bit_is_refused_or_means_nothing),
	TAP(making_is_reproducible),
	TAP(numbers_read_as_written),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
