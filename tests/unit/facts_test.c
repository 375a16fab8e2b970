/*
 * Facts of publications: the ladder comes back as it was found, and a delta is
 * held to what its manifest says.
 */
#include "server/store/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "tests/tap.h"

#define SIZE 200000

/* The path of a new file, all but equal to those of other seeds. */
static const char *
make_file(const char *name, int seed)
{
	static uint8_t bytes[SIZE];
	unsigned x = 1;
	static char paths[2][300];
	char *path = paths[seed % 2];
	struct err e;

	(void)snprintf(path, sizeof(*paths), "%s/%s", tap_tmpdir(), name);
	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(x >> 24);
	}
	memset(bytes + 1000, seed, 100);
	CHECK_INT(file_replace(path, bytes, SIZE, 0600, &e), 0);
	return path;
}

static void
make_patch(const char *base, const char *next, const char *patch)
{
	AUTO_FD old = open(base, O_RDONLY), new = open(next, O_RDONLY);
	AUTO_FD out = open(patch, O_RDWR | O_CREAT, 0600);
	struct delta_make d = { .format = DELTA_BSDIFF40,
		.old_fd = old,
		.new_fd = new,
		.patch_fd = out };
	struct err e;

	CHECK_INT(delta_make(&d, &e), 0);
}

static void
a_ladder_comes_back(void)
{
	struct ladder l = { .m = 9 }, none = { .m = 9 };
	struct err e;
	AUTO_JSON v = json_pack("{sI si si sI sI s[ii]}", "m", (json_int_t)9,
	    "nblocks", 2, "ngood", 2, "offer_seq", (json_int_t)7,
	    "fallback_seq", (json_int_t)5, "good_seq", 5, 3);
	AUTO_JSON bad = json_pack("{sI si}", "m", (json_int_t)9, "nblocks", 99);

	CHECK_INT(facts_ladder(v, &l, &e), 0);
	CHECK_INT(l.m, 9);
	CHECK_INT(l.nblocks, 2);
	CHECK_INT(l.ngood, 2);
	CHECK_INT(l.offer_seq, 7);
	CHECK_INT(l.fallback_seq, 5);
	CHECK_INT(l.good_seq[0], 5);
	CHECK_INT(l.good_seq[1], 3);
	CHECK_INT(facts_ladder(bad, &none, &e), -1);
}

static void
a_delta_is_held_to_its_memory(void)
{
	struct artifact to = { 0 };
	struct delta_entry entry = { .format = DELTA_BSDIFF40 };
	const char *base = make_file("base", 0), *next = make_file("next", 1);
	char patch[300];
	struct facts_delta d = { &to, &entry, base, patch, tap_tmpdir() };
	struct err e = { 0 };
	int64_t need;

	(void)snprintf(patch, sizeof(patch), "%s/patch", tap_tmpdir());
	make_patch(base, next, patch);
	need = delta_patch_memory(patch, &e);
	CHECK(need > 0);
	CHECK_INT(digest_file(next, to.sha256, &to.size, &e), 0);
	entry.max_memory = need;
	CHECK_INT(facts_check_delta(&d, &e), 0);
	entry.max_memory = need - 1;
	CHECK_INT(facts_check_delta(&d, &e), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK(strstr(e.msg, "more memory than it says") != NULL);
	entry.max_memory = need;
	to.sha256[0] ^= 1;
	CHECK_INT(facts_check_delta(&d, &e), -1);
}

static const struct tap_test tests[] = {
	TAP(a_ladder_comes_back),
	TAP(a_delta_is_held_to_its_memory),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
