/*
 * The native delta format: round trips of every shape of file, and damage to
 * patches.
 */
#include "delta/core/format.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/core/number.h"
#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "tests/tap.h"

/* --- files ------------------------------------------------------------------*/

static int
new_file(void)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/XXXXXX", tap_tmpdir());
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		abort();
	(void)unlink(path);
	return fd;
}

static int
file_with(const void *at, size_t len)
{
	int fd = new_file();

	if (pwrite(fd, at, len, 0) != (ssize_t)len)
		abort();
	return fd;
}

static int64_t
size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* Deterministic noise; the same seed gives the same bytes. */
static void
noise(uint8_t *at, size_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		at[i] = (uint8_t)x;
	}
}

/* Apply; what must not happen is that more than was promised is written. */
static enum err_kind
apply(int old, int patch, const void *want, size_t len, struct err *e)
{
	AUTO_FD out = new_file();
	struct delta_apply d = { DELTA_SLUICE1, old, patch, out, (int64_t)len,
		{ 0 }, 0, false };

	*e = (struct err){ 0 };
	sha256(d.out_sha256, want, len);
	if (delta_apply(&d, e) < 0) {
		CHECK(size_of(out) <= (int64_t)len);
		return e->kind;
	}
	CHECK_INT(size_of(out), len);
	return ERR_NONE;
}

static int64_t
round_trip(const void *old, size_t old_len, const void *new, size_t new_len)
{
	AUTO_FD o = file_with(old, old_len);
	AUTO_FD n = file_with(new, new_len);
	AUTO_FD p = new_file();
	struct delta_make d = { DELTA_SLUICE1, o, n, p, 0 };
	struct err e = { 0 };

	CHECK_INT(delta_make(&d, &e), 0);
	CHECK_INT(apply(o, p, new, new_len, &e), ERR_NONE);
	CHECK_TEXT(e.msg, "");
	return size_of(p);
}

/* --- round trips --------------------------------------------------------------*/

static void
tiny_files_round_trip(void)
{
	round_trip("", 0, "", 0);
	round_trip("", 0, "x", 1);
	round_trip("x", 1, "", 0);
	round_trip("x", 1, "x", 1);
	round_trip("x", 1, "y", 1);
	round_trip("abc", 3, "abcd", 4);
}

static void
plain_files_round_trip(void)
{
	enum {
		N = 100000
	};
	uint8_t *old = malloc(N), *new = malloc(N + 1000);

	noise(old, N, 1);
	CHECK(round_trip(old, N, old, N) < 200);
	memcpy(new, old + 50000, 50000);
	memcpy(new + 50000, old, 50000);
	CHECK(round_trip(old, N, new, N) < 250);
	noise(new, N + 1000, 2);
	CHECK(round_trip(old, N, new, N + 1000) < N + 1200);
	memset(old, 0, N);
	CHECK(round_trip(old, N, new, N) < N + 200);
	CHECK(round_trip(new, N, old, N) < 300);
	memset(new, 0, N);
	CHECK(round_trip(old, N, new, N - 777) < 250);
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

	noise(s->old, sizeof(s->old), 3);
	memcpy(s->new, s->old, sizeof(s->new));
	memmove(s->new + 1000, s->new + 996, 3000);
	s->new[500] ^= 1;
	noise(s->new + 5000, 50, 4);
	s->old_fd = file_with(s->old, sizeof(s->old));
	s->patch_fd = new_file();
	AUTO_FD new = file_with(s->new, sizeof(s->new));
	struct delta_make d = { DELTA_SLUICE1, s->old_fd, new, s->patch_fd, 0 };
	CHECK_INT(delta_make(&d, &e), 0);
	s->len = (size_t)size_of(s->patch_fd);
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
		AUTO_FD cut = file_with(s.patch, i);

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
		AUTO_FD flipped = file_with(s.patch, s.len);

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
