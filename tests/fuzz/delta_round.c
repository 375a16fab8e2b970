/*
 * Fuzz target: whatever the two files are, the patch between them, in one of
 * the formats, gives the new one.  The first two bytes say where the input is
 * cut in two.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "tests/fuzz/mutate.h"

#define INPUT_MAX 65536

static size_t
cut_of(const uint8_t *at, size_t len)
{
	return 2 + (at[0] | (size_t)at[1] << 8) % (len - 1);
}

/* In one format, with what is known of new. */
static void
make_and_apply(const char *format, int old, int new, struct delta_apply apply)
{
	AUTO_FD patch = mutate_file("", 0);
	AUTO_FD out = mutate_file("", 0);
	struct delta_make make = { .format = format,
		.old_fd = old,
		.new_fd = new,
		.patch_fd = patch };
	struct err e = { 0 };

	apply.format = format;
	apply.old_fd = old;
	apply.patch_fd = patch;
	apply.out_fd = out;
	if (delta_make(&make, &e) < 0 || delta_apply(&apply, &e) < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct delta_apply apply = { 0 };
	size_t cut;

	if (len < 2 || len > INPUT_MAX)
		return -1;
	/* threads cost more than they give */
	delta_threads(1);
	cut = cut_of(at, len);
	AUTO_FD old = mutate_file(at + 2, cut - 2);
	AUTO_FD new = mutate_file(at + cut, len - cut);
	apply.out_size = (int64_t)(len - cut);
	sha256(apply.out_sha256, at + cut, len - cut);
	/* bzip2 takes most of the time: for a few */
	make_and_apply(
	    apply.out_sha256[0] < 32 ? DELTA_BSDIFF40 : DELTA_SLUICE1, old, new,
	    apply);
	return 0;
}

/* --- mutation ----------------------------------------------------------------- */

/* What the next version of a program is made of: a part of one file where
 * another was, or between two bytes. */
static size_t
move_part(struct mutate *m, uint8_t *at, size_t len, size_t room)
{
	uint8_t part[256];
	size_t n = 1 + (size_t)mutate_below(m, sizeof(part)), from, to;

	if (n > len)
		n = len;
	from = (size_t)mutate_below(m, len - n + 1);
	to = (size_t)mutate_below(m, len - n + 1);
	memcpy(part, at + from, n);
	if (mutate_below(m, 2) && n <= room - len) {
		memmove(at + to + n, at + to, len - to);
		len += n;
	}
	memcpy(at + to, part, n);
	return len;
}

/* A number in a header or in data is another. */
static void
change_word(struct mutate *m, uint8_t *at, size_t len)
{
	size_t within = mutate_below(m, 2) && len > 1024 ? 1024 : len, i;

	if (within < 4)
		return;
	i = (size_t)mutate_below(m, within / 4) * 4;
	mutate_put_u32(
	    at + i, (uint32_t)mutate_number(m, mutate_u32(at + i), len));
}

size_t
LLVMFuzzerCustomMutator(uint8_t *at, size_t len, size_t room, unsigned seed)
{
	struct mutate m = mutate_begin(seed);
	size_t cut, n;

	if (room > INPUT_MAX)
		room = INPUT_MAX;
	if (len < 16 || len > room || mutate_below(&m, 8) == 0)
		return LLVMFuzzerMutate(at, len < room ? len : room, room);
	cut = cut_of(at, len);
	do {
		switch (mutate_below(&m, 3)) {
		case 0:
			len = move_part(&m, at + 2, len - 2, room - 2) + 2;
			break;
		case 1:
			n = mutate_below(&m, 2) ? cut : 2;
			change_word(&m, at + n, n == 2 ? cut - 2 : len - cut);
			break;
		default:
			len = cut +
			    LLVMFuzzerMutate(at + cut, len - cut, room - cut);
		}
	} while (mutate_below(&m, 2));
	/* old ends where it did */
	at[0] = (uint8_t)(cut - 2);
	at[1] = (uint8_t)((cut - 2) >> 8);
	return len;
}
