/*
 * Deltas: round trips, and patches made by hand to do harm.
 */
#include "delta/delta.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delta/bsdiff.h"
#include "delta/bz.h"
#include "manifest/base/file.h"
#include "tests/patching.h"
#include "tests/tap.h"

#define PATCH_MAX 65536

static enum err_kind
apply(int old, int patch, const void *want, size_t len, struct err *e)
{
	return patching_apply(
	    DELTA_BSDIFF40, old, patch, (struct bytes){ want, len }, e);
}

static int
make(int old, int new, struct err *e)
{
	int patch = patching_file();
	struct delta_make d = { .format = DELTA_BSDIFF40,
		.old_fd = old,
		.new_fd = new,
		.patch_fd = patch };

	CHECK_INT(delta_make(&d, e), 0);
	return patch;
}

static int64_t
round_trip(const void *old, size_t old_len, const void *new, size_t new_len)
{
	return patching_round(DELTA_BSDIFF40, (struct bytes){ old, old_len },
	    (struct bytes){ new, new_len });
}

/* --- round trips --------------------------------------------------------------*/

static void
tiny_files_round_trip(void)
{
	patching_tiny(DELTA_BSDIFF40);
}

static void
identical_files_make_a_small_patch(void)
{
	static uint8_t old[300000];

	patching_noise(old, sizeof(old), 1);
	CHECK(round_trip(old, sizeof(old), old, sizeof(old)) < 200);
}

static void
moved_blocks_make_a_small_patch(void)
{
	static uint8_t old[200000], new[200100];

	patching_noise(old, sizeof(old), 2);
	patching_noise(new, sizeof(new), 3);
	memcpy(new, old + 100000, 100000);
	memcpy(new + 100100, old, 100000);
	CHECK(round_trip(old, sizeof(old), new, sizeof(new)) < 600);
}

static void
shifted_addresses_make_a_small_patch(void)
{
	static uint8_t old[400000], new[400000];
	size_t i;

	patching_noise(old, sizeof(old), 4);
	memcpy(new, old, sizeof(new));
	for (i = 0; i < sizeof(new); i += 40)
		new[i] = (uint8_t)(new[i] + 4);
	CHECK(round_trip(old, sizeof(old), new, sizeof(new)) < 2000);
}

static void
unrelated_files_round_trip(void)
{
	static uint8_t old[200000], new[250000];

	patching_noise(old, sizeof(old), 5);
	patching_noise(new, sizeof(new), 6);
	CHECK(round_trip(old, sizeof(old), new, sizeof(new)) < 256000);
}

static void
repeating_files_take_no_time(void)
{
	static uint8_t old[1 << 20], new[(1 << 20) + 77];
	size_t i;

	memset(old, 'a', sizeof(old));
	memset(new, 'a', sizeof(new));
	for (i = 500; i < sizeof(new); i += 1000)
		new[i] = 'b';
	round_trip(old, sizeof(old), new, sizeof(new));
}

static void
pieces_meet_without_a_seam(void)
{
	/* matching works in pieces of 4 MiB: a moved block over the border */
	const size_t n = 9 << 20;
	uint8_t *old = malloc(n), *new = malloc(n);

	if (!CHECK(old && new))
		return;
	patching_noise(old, n, 7);
	memcpy(new, old + 1000, n - 1000);
	memcpy(new + n - 1000, old, 1000);
	CHECK(round_trip(old, n, new, n) < 1000);
	free(old);
	free(new);
}

static void
making_is_reproducible(void)
{
	static uint8_t old[100000], new[100000], a[PATCH_MAX], b[PATCH_MAX];
	struct err e = { 0 };
	ssize_t len;

	patching_noise(old, sizeof(old), 8);
	memcpy(new, old, sizeof(new));
	patching_noise(new + 3000, 500, 9);
	AUTO_FD o = patching_with(old, sizeof(old));
	AUTO_FD n = patching_with(new, sizeof(new));
	AUTO_FD p = make(o, n, &e);
	AUTO_FD q = make(o, n, &e);
	len = pread(p, a, sizeof(a), 0);
	CHECK_INT(pread(q, b, sizeof(b), 0), len);
	CHECK_BYTES(a, b, (size_t)len);
}

static void
memory_is_bounded(void)
{
	AUTO_FD old = patching_with("old", 3);
	AUTO_FD new = patching_with("new", 3);
	AUTO_FD patch = patching_file();
	struct delta_make d = { .format = DELTA_BSDIFF40,
		.old_fd = old,
		.new_fd = new,
		.patch_fd = patch,
		.memory_max = 1000 };
	struct err e = { 0 };

	CHECK_INT(delta_make(&d, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	CHECK(delta_memory(DELTA_BSDIFF40, 100 << 20, 100 << 20) < (int64_t)1200
		<< 20);
	CHECK(delta_memory(DELTA_BSDIFF40, INT64_MAX, INT64_MAX) == INT64_MAX);
	CHECK(delta_apply_memory(DELTA_BSDIFF40, 1, 1) < 16 << 20);
}

static void
take_step(void *ctx, int64_t bytes)
{
	int64_t *done = ctx;

	CHECK(bytes > 0);
	*done += bytes;
}

static void
making_tells_its_steps(void)
{
	static const char *const formats[] = { DELTA_BSDIFF40, DELTA_SLUICE1 };
	static uint8_t old[10000], new[20000];
	struct err e = { 0 };
	int64_t done;
	size_t i;

	for (i = 0; i < COUNT(formats); i++) {
		AUTO_FD o = patching_with(old, sizeof(old));
		AUTO_FD n = patching_with(new, sizeof(new));
		AUTO_FD p = patching_file();
		struct delta_make d = { .format = formats[i],
			.old_fd = o,
			.new_fd = n,
			.patch_fd = p,
			.progress = take_step,
			.ctx = &done };

		done = 0;
		CHECK_INT(delta_make(&d, &e), 0);
		CHECK_INT(done, sizeof(new));
	}
}

static void
an_unknown_format_is_refused(void)
{
	AUTO_FD f = patching_with("x", 1);
	AUTO_BUF text;
	struct delta_make m = {
		.format = "native", .old_fd = f, .new_fd = f, .patch_fd = f
	};
	struct delta_apply a = { "native", f, f, f, 0, { 0 }, 0, false };
	struct err e = { 0 };

	buf_init(&text, 1000);
	CHECK_INT(delta_make(&m, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_INT(delta_apply(&a, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_INT(delta_inspect(f, &text, &e), -1);
	CHECK(delta_format(f) == NULL);
}

/* --- patches made by hand -------------------------------------------------------*/

#define OLD_LEN 100
#define BIG	INT64_C(0x7fffffffffffffff)
/* the header tells the true lengths */
#define HONEST false, 0, 0

struct forged {
	const char *name;
	struct bsdiff_triple triples[4];
	size_t ntriples;
	size_t diff_len, extra_len; /* bytes 0 and 'x' in the two streams */
	int64_t new_size;
	enum err_kind want;
	/* put into the header instead of the true lengths */
	bool lie;
	int64_t control_says, diff_says;
};

/* clang-format off */
static const struct forged forgeries[] = {
	{ "honest", { { 50, 10, 0 }, { 50, 0, 0 } }, 2, 100, 10, 110, ERR_NONE, HONEST },
	{ "seek only, then all", { { 0, 0, 40 }, { 60, 50, 0 } }, 2, 60, 50, 110, ERR_NONE, HONEST },
	{ "back and forth", { { 50, 5, -50 }, { 50, 5, 0 } }, 2, 100, 10, 110, ERR_NONE, HONEST },
	{ "negative add", { { -1, 111, 0 } }, 1, 100, 111, 110, ERR_INPUT, HONEST },
	{ "most negative add", { { -BIG, 110, 0 } }, 1, 100, 110, 110, ERR_INPUT, HONEST },
	{ "negative extra", { { 100, -1, 0 }, { 0, 11, 0 } }, 2, 100, 11, 110, ERR_INPUT, HONEST },
	{ "negative both", { { -10, -10, 0 }, { 100, 30, 0 } }, 2, 100, 30, 110, ERR_INPUT, HONEST },
	{ "add past the old file", { { 101, 9, 0 } }, 1, 101, 9, 110, ERR_INPUT, HONEST },
	{ "add past the new file", { { 100, 0, -100 }, { 11, 0, 0 } }, 2, 200, 0, 110, ERR_INPUT, HONEST },
	{ "extra past the new file", { { 100, 11, 0 } }, 1, 100, 11, 110, ERR_INPUT, HONEST },
	{ "huge add", { { BIG, 0, 0 } }, 1, 100, 0, 110, ERR_INPUT, HONEST },
	{ "huge extra", { { 0, BIG, 0 } }, 1, 0, 100, 110, ERR_INPUT, HONEST },
	{ "add and extra overflow", { { 50, BIG, 0 } }, 1, 50, 50, 110, ERR_INPUT, HONEST },
	{ "sum wraps to the size", { { 1, 0, 0 }, { BIG, BIG, 0 } }, 2, 50, 50, 110, ERR_INPUT, HONEST },
	{ "seek before the beginning", { { 50, 0, -51 }, { 50, 10, 0 } }, 2, 100, 10, 110, ERR_INPUT, HONEST },
	{ "huge negative seek", { { 50, 0, -BIG }, { 50, 10, 0 } }, 2, 100, 10, 110, ERR_INPUT, HONEST },
	{ "seek past the end", { { 50, 0, 51 }, { 50, 10, 0 } }, 2, 100, 10, 110, ERR_INPUT, HONEST },
	{ "huge seek", { { 50, 0, BIG }, { 50, 10, 0 } }, 2, 100, 10, 110, ERR_INPUT, HONEST },
	{ "seek wraps around", { { 50, 0, BIG - 20 }, { 50, 10, BIG } }, 2, 100, 10, 110, ERR_INPUT, HONEST },
	{ "last seek leaves the file", { { 100, 10, 1 } }, 1, 100, 10, 110, ERR_INPUT, HONEST },
	{ "control ends early", { { 100, 0, 0 } }, 1, 100, 10, 110, ERR_INPUT, HONEST },
	{ "control goes on", { { 100, 10, 0 }, { 0, 0, 0 } }, 2, 100, 10, 110, ERR_INPUT, HONEST },
	{ "diff ends early", { { 100, 10, 0 } }, 1, 99, 10, 110, ERR_INPUT, HONEST },
	{ "diff goes on", { { 100, 10, 0 } }, 1, 101, 10, 110, ERR_INPUT, HONEST },
	{ "extra ends early", { { 100, 10, 0 } }, 1, 100, 9, 110, ERR_INPUT, HONEST },
	{ "extra goes on", { { 100, 10, 0 } }, 1, 100, 11, 110, ERR_INPUT, HONEST },
	{ "smaller than promised", { { 100, 9, 0 } }, 1, 100, 9, 109, ERR_INPUT, HONEST },
	{ "larger than promised", { { 100, 11, 0 } }, 1, 100, 11, 111, ERR_INPUT, HONEST },
	{ "nothing", { { 0 } }, 0, 0, 0, 0, ERR_INPUT, HONEST },
	{ "negative size", { { 100, 10, 0 } }, 1, 100, 10, -110, ERR_INPUT, HONEST },
	{ "control length negative", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, -1, 40 },
	{ "diff length negative", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, 40, -1 },
	{ "control length huge", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, BIG, 40 },
	{ "diff length huge", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, 40, BIG },
	{ "both lengths huge", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, BIG, BIG },
	{ "lengths cancel", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, BIG, -BIG },
	{ "lengths zero", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, 0, 0 },
	{ "streams shifted", { { 100, 10, 0 } }, 1, 100, 10, 110, ERR_INPUT, true, 41, 40 },
};
/* clang-format on */

static int64_t
add_stream(int fd, const void *at, size_t len)
{
	struct bz_writer *w = calloc(1, sizeof(*w));
	struct err e = { 0 };
	int64_t n;

	if (w == NULL || bz_create(w, fd, &e) < 0 ||
	    bz_write(w, at, len, &e) < 0 || bz_finish(w, &e) < 0)
		abort();
	n = w->written;
	free(w);
	return n;
}

static int
forge(const struct forged *f)
{
	uint8_t header[BSDIFF_HEADER] = "BSDIFF40", diff[256] = { 0 },
		extra[256], control[4 * 3 * BSDIFF_NUMBER];
	int fd = patching_file();
	int64_t control_len, diff_len;
	size_t i;

	memset(extra, 'x', sizeof(extra));
	for (i = 0; i < f->ntriples; i++) {
		uint8_t *at = control + i * 3 * BSDIFF_NUMBER;

		bsdiff_number_write(at, f->triples[i].add);
		bsdiff_number_write(at + 8, f->triples[i].extra);
		bsdiff_number_write(at + 16, f->triples[i].seek);
	}
	if (write(fd, header, sizeof(header)) != sizeof(header))
		abort();
	control_len = add_stream(fd, control, f->ntriples * 3 * BSDIFF_NUMBER);
	diff_len = add_stream(fd, diff, f->diff_len);
	add_stream(fd, extra, f->extra_len);
	bsdiff_number_write(header + 8, f->lie ? f->control_says : control_len);
	bsdiff_number_write(header + 16, f->lie ? f->diff_says : diff_len);
	bsdiff_number_write(header + 24, f->new_size);
	if (pwrite(fd, header, sizeof(header), 0) != sizeof(header))
		abort();
	return fd;
}

/* What an honest patch of the table makes: no byte is changed. */
static void
forged_result(const struct forged *f, const uint8_t *old, uint8_t out[110])
{
	int64_t at = 0;
	size_t i;

	for (i = 0; i < f->ntriples; i++) {
		const struct bsdiff_triple *t = &f->triples[i];

		memcpy(out, old + at, (size_t)t->add);
		memset(out + t->add, 'x', (size_t)t->extra);
		out += t->add + t->extra;
		at += t->add + t->seek;
	}
}

static void
forged_patches_are_refused(void)
{
	uint8_t old[OLD_LEN], want[110];
	struct err e;
	size_t i;

	patching_noise(old, sizeof(old), 10);
	AUTO_FD o = patching_with(old, sizeof(old));
	for (i = 0; i < COUNT(forgeries); i++) {
		const struct forged *f = &forgeries[i];
		AUTO_FD p = forge(f);

		memset(want, 0, sizeof(want));
		if (f->want == ERR_NONE)
			forged_result(f, old, want);
		if (!CHECK_INT(apply(o, p, want, sizeof(want), &e), f->want))
			tap_note("%s: %s", f->name, e.msg);
	}
}

static void
forged_patches_cannot_be_inspected_either(void)
{
	struct err e;
	size_t i;

	for (i = 0; i < COUNT(forgeries); i++) {
		AUTO_FD p = forge(&forgeries[i]);
		AUTO_BUF text;

		buf_init(&text, 4096);
		/* without the old file its bounds are not known, and the other
		 * two streams are not looked at: only no crash, no hang */
		if (delta_inspect(p, &text, &e) == 0)
			CHECK(text.len > 50);
	}
}

static void
a_flood_of_idle_triples_is_refused(void)
{
	static uint8_t control[4000 * 3 * BSDIFF_NUMBER];
	uint8_t header[BSDIFF_HEADER] = "BSDIFF40";
	AUTO_FD o = patching_with("old", 3);
	AUTO_FD p = patching_file();
	struct err e;

	CHECK_INT(write(p, header, sizeof(header)), sizeof(header));
	bsdiff_number_write(
	    header + 8, add_stream(p, control, sizeof(control)));
	bsdiff_number_write(header + 16, add_stream(p, "", 0));
	bsdiff_number_write(header + 24, 1);
	add_stream(p, "x", 1);
	CHECK_INT(pwrite(p, header, sizeof(header), 0), sizeof(header));
	CHECK_INT(apply(o, p, "x", 1, &e), ERR_INPUT);
	CHECK(strstr(e.msg, "progress") != NULL);
}

static void
a_bomb_writes_no_more_than_promised(void)
{
	/* 64 MiB of zeros in some 100 bytes, and a triple that wants them */
	const size_t n = 64 << 20;
	uint8_t header[BSDIFF_HEADER] = "BSDIFF40", control[24] = { 0 };
	AUTO_FD o = patching_with("old", 3);
	AUTO_FD p = patching_file();
	uint8_t *zeros = calloc(1, n);
	struct err e;

	if (!CHECK(zeros != NULL))
		return;
	bsdiff_number_write(control + 8, (int64_t)n);
	CHECK_INT(write(p, header, sizeof(header)), sizeof(header));
	bsdiff_number_write(
	    header + 8, add_stream(p, control, sizeof(control)));
	bsdiff_number_write(header + 16, add_stream(p, "", 0));
	bsdiff_number_write(header + 24, 1000);
	add_stream(p, zeros, n);
	CHECK_INT(pwrite(p, header, sizeof(header), 0), sizeof(header));
	CHECK(patching_size(p) < 1000);
	CHECK_INT(apply(o, p, zeros, 1000, &e), ERR_INPUT);
	free(zeros);
}

/* --- damage ---------------------------------------------------------------------*/

struct sample {
	uint8_t old[3000], new[3200], patch[PATCH_MAX];
	size_t patch_len;
	int old_fd;
};

static void
sample_init(struct sample *s)
{
	struct err e = { 0 };

	patching_noise(s->old, sizeof(s->old), 11);
	patching_noise(s->new, sizeof(s->new), 12);
	memcpy(s->new, s->old + 500, 1500);
	memcpy(s->new + 1600, s->old, 1000);
	s->new[77] ^= 1;
	s->old_fd = patching_with(s->old, sizeof(s->old));
	AUTO_FD n = patching_with(s->new, sizeof(s->new));
	AUTO_FD p = make(s->old_fd, n, &e);
	s->patch_len = (size_t)pread(p, s->patch, sizeof(s->patch), 0);
}

static void
every_truncation_is_refused(void)
{
	static struct sample s;
	struct err e;
	size_t len;

	sample_init(&s);
	for (len = 0; len < s.patch_len; len++) {
		AUTO_FD p = patching_with(s.patch, len);

		if (!CHECK_INT(apply(s.old_fd, p, s.new, sizeof(s.new), &e),
			ERR_INPUT))
			tap_note("%zu of %zu bytes", len, s.patch_len);
	}
	s.patch[s.patch_len] = 0;
	AUTO_FD longer = patching_with(s.patch, s.patch_len + 1);
	CHECK_INT(apply(s.old_fd, longer, s.new, sizeof(s.new), &e), ERR_INPUT);
	(void)close(s.old_fd);
}

static void
every_flipped_bit_is_refused(void)
{
	static struct sample s;
	struct err e;
	size_t bit;

	sample_init(&s);
	for (bit = 0; bit < 8 * s.patch_len; bit++) {
		uint8_t mask = (uint8_t)(1 << bit % 8);

		s.patch[bit / 8] ^= mask;
		AUTO_FD p = patching_with(s.patch, s.patch_len);
		s.patch[bit / 8] ^= mask;
		/* bits that bzip2 does not look at (its level, padding) may
		 * leave the right result; a wrong one is never taken */
		if (apply(s.old_fd, p, s.new, sizeof(s.new), &e) != ERR_NONE)
			CHECK(e.kind == ERR_INPUT || e.kind == ERR_AUTH);
	}
	(void)close(s.old_fd);
}

static void
the_wrong_old_file_is_refused(void)
{
	static struct sample s;
	struct err e;

	sample_init(&s);
	s.old[600] ^= 1;
	AUTO_FD changed = patching_with(s.old, sizeof(s.old));
	AUTO_FD shorter = patching_with(s.old, sizeof(s.old) - 2500);
	AUTO_FD p = patching_with(s.patch, s.patch_len);
	CHECK_INT(apply(changed, p, s.new, sizeof(s.new), &e), ERR_AUTH);
	CHECK_INT(apply(shorter, p, s.new, sizeof(s.new), &e), ERR_INPUT);
	CHECK_INT(apply(s.old_fd, p, s.new, sizeof(s.new), &e), ERR_NONE);
	(void)close(s.old_fd);
}

static void
checking_applies_and_leaves_nothing(void)
{
	static struct sample s;
	char old[4200], patch[4200], dir[4200];
	uint8_t want[SHA256_SIZE];
	struct err e = { 0 };

	sample_init(&s);
	(void)snprintf(old, sizeof(old), "%s/old", tap_tmpdir());
	(void)snprintf(patch, sizeof(patch), "%s/patch", tap_tmpdir());
	(void)snprintf(dir, sizeof(dir), "%s/check", tap_tmpdir());
	sha256(want, s.new, sizeof(s.new));
	CHECK_INT(file_replace(old, s.old, sizeof(s.old), 0600, &e), 0);
	CHECK_INT(file_replace(patch, s.patch, s.patch_len, 0600, &e), 0);
	CHECK_INT(file_mkdirs(dir, 0700, &e), 0);
	CHECK_INT(delta_check(
		      DELTA_BSDIFF40, old, patch, dir, sizeof(s.new), want, &e),
	    0);
	want[0] ^= 1;
	CHECK_INT(delta_check(
		      DELTA_BSDIFF40, old, patch, dir, sizeof(s.new), want, &e),
	    -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK_INT(rmdir(dir), 0);
	(void)close(s.old_fd);
}

static void
numbers_keep_their_sign(void)
{
	static const int64_t some[] = { 0, 1, -1, 255, -256, INT32_MAX,
		INT32_MIN, BIG, -BIG };
	uint8_t b[BSDIFF_NUMBER];
	size_t i;

	for (i = 0; i < COUNT(some); i++) {
		bsdiff_number_write(b, some[i]);
		CHECK_INT(bsdiff_number_read(b), some[i]);
	}
	memcpy(b, "\0\0\0\0\0\0\0\x80", 8); /* minus nothing */
	CHECK_INT(bsdiff_number_read(b), 0);
	bsdiff_number_write(b, -2);
	CHECK_BYTES(b, "\2\0\0\0\0\0\0\x80", 8);
}

static const struct tap_test tests[] = {
	TAP(tiny_files_round_trip),
	TAP(identical_files_make_a_small_patch),
	TAP(moved_blocks_make_a_small_patch),
	TAP(shifted_addresses_make_a_small_patch),
	TAP(unrelated_files_round_trip),
	TAP(repeating_files_take_no_time),
	TAP(pieces_meet_without_a_seam),
	TAP(making_is_reproducible),
	TAP(memory_is_bounded),
	TAP(making_tells_its_steps),
	TAP(an_unknown_format_is_refused),
	TAP(forged_patches_are_refused),
	TAP(forged_patches_cannot_be_inspected_either),
	TAP(a_flood_of_idle_triples_is_refused),
	TAP(a_bomb_writes_no_more_than_promised),
	TAP(every_truncation_is_refused),
	TAP(every_flipped_bit_is_refused),
	TAP(the_wrong_old_file_is_refused),
	TAP(checking_applies_and_leaves_nothing),
	TAP(numbers_keep_their_sign),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
