/*
 * Suffix arrays against searching by hand, and blocks against their promises.
 */
#include "delta/match.h"

#include <stdlib.h>
#include <string.h>

#include "delta/suffix.h"
#include "tests/tap.h"

static uint32_t seed = 1;

static uint32_t
next(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

/* Few letters: many repeats, zeros among them. */
static void
fill(uint8_t *at, size_t len, uint32_t letters)
{
	size_t i;

	for (i = 0; i < len; i++)
		at[i] = (uint8_t)next(letters);
}

static size_t
longest_by_hand(struct bytes text, struct bytes want)
{
	size_t i, n, best = 0;

	for (i = 0; i < text.len; i++) {
		n = suffix_common(text.at + i, want.at,
		    text.len - i < want.len ? text.len - i : want.len);
		if (n > best)
			best = n;
	}
	return best;
}

static void
search_one(size_t text_len, size_t want_len, uint32_t letters)
{
	uint8_t text[300], want[40];
	struct bytes t = { text, text_len }, w = { want, want_len };
	struct suffix s;
	struct err e = { 0 };
	size_t got, where;

	fill(text, text_len, letters);
	fill(want, want_len, letters);
	if (!CHECK_INT(suffix_init(&s, t, &e), 0))
		return;
	got = suffix_longest(&s, w, &where);
	CHECK_INT(got, longest_by_hand(t, w));
	CHECK(where + got <= text_len);
	if (where + got <= text_len)
		CHECK_BYTES(text + where, want, got);
	suffix_done(&s);
}

static void
the_longest_match_is_found(void)
{
	int i;

	for (i = 0; i < 3000; i++)
		search_one(next(300), next(40), 1 + next(i % 3 ? 4 : 256));
}

static void
edges_are_found(void)
{
	static const uint8_t text[] = { 5, 0, 0, 5, 0 };
	static const uint8_t last[] = { 5, 0, 1 }, high[] = { 255, 255 };
	struct suffix s;
	struct err e = { 0 };
	size_t where;

	CHECK_INT(suffix_init(&s, (struct bytes){ text, 5 }, &e), 0);
	CHECK_INT(suffix_longest(&s, (struct bytes){ last, 3 }, &where), 2);
	CHECK_INT(suffix_longest(&s, (struct bytes){ last + 1, 2 }, &where), 1);
	CHECK_INT(suffix_longest(&s, (struct bytes){ high, 2 }, &where), 0);
	CHECK_INT(suffix_longest(&s, (struct bytes){ text, 5 }, &where), 5);
	CHECK_INT(where, 0);
	CHECK_INT(suffix_longest(&s, (struct bytes){ text, 0 }, &where), 0);
	suffix_done(&s);
}

/* A text long enough to be sorted in parts. */
static void
both_halves_are_searched(void)
{
	static uint8_t text[600000];
	struct bytes want = { NULL, 40 };
	struct suffix s;
	struct err e = { 0 };
	size_t i, where;

	fill(text, sizeof(text), 256);
	CHECK_INT(suffix_init(&s, (struct bytes){ text, sizeof(text) }, &e), 0);
	CHECK(s.n > 1);
	for (i = 0; i < sizeof(text) - want.len; i += 45000) {
		want.at = text + i;
		CHECK_INT(suffix_longest(&s, want, &where), want.len);
		CHECK_INT(where, i);
	}
	suffix_done(&s);
}

static void
what_stands_in_the_text_is_never_missed(void)
{
	static uint8_t text[4000];
	struct suffix s;
	struct err e = { 0 };
	size_t i, missed = 0, absent = 0;

	fill(text, sizeof(text), 256);
	CHECK_INT(suffix_init(&s, (struct bytes){ text, sizeof(text) }, &e), 0);
	for (i = 0; i + SUFFIX_SEEN <= sizeof(text); i++)
		missed += !suffix_has(&s, text + i);
	CHECK_INT(missed, 0);
	for (i = 0; i < 1000; i++) {
		uint8_t other[SUFFIX_SEEN];

		fill(other, sizeof(other), 256);
		absent += !suffix_has(&s, other);
	}
	CHECK(absent > 600);
	suffix_done(&s);
	/* not one window: nothing is there */
	CHECK_INT(
	    suffix_init(&s, (struct bytes){ text, SUFFIX_SEEN - 1 }, &e), 0);
	CHECK(!suffix_has(&s, text));
	suffix_done(&s);
	CHECK_INT(suffix_init(&s, (struct bytes){ text, 0 }, &e), 0);
	CHECK(!suffix_has(&s, text));
}

/* Where an alignment fails all the time, a better one is found. */
static void
a_better_alignment_is_found(void)
{
	static uint8_t old[40000], new[30000];
	struct blocks c;
	struct suffix s;
	struct err e = { 0 };

	fill(old, sizeof(old), 256);
	memcpy(new, old, 10000);
	memcpy(new + 10000, old + 25000, 12000);
	memcpy(new + 22000, old + 3000, 8000);
	CHECK_INT(suffix_init(&s, (struct bytes){ old, sizeof(old) }, &e), 0);
	CHECK_INT(
	    match_blocks(&s, (struct bytes){ new, sizeof(new) }, &c, &e), 0);
	if (CHECK_INT(c.n, 3)) {
		CHECK_INT(c.at[0].len, 10000);
		CHECK_INT(c.at[1].new, 10000);
		CHECK_INT(c.at[1].old, 25000);
		CHECK_INT(c.at[1].len, 12000);
		CHECK_INT(c.at[2].old, 3000);
		CHECK_INT(c.at[2].len, 8000);
	}
	blocks_done(&c);
	suffix_done(&s);
}

static void
blocks_keep_their_promises(void)
{
	static uint8_t old[5000], new[6000];
	uint64_t end = 0;
	struct blocks c;
	struct suffix s;
	struct err e = { 0 };
	size_t i, round;

	for (round = 0; round < 100; round++) {
		fill(old, sizeof(old), 2 + next(250));
		fill(new, sizeof(new), 2 + next(250));
		memcpy(new + next(2000), old + next(2000), 1 + next(3000));
		if (suffix_init(&s, (struct bytes){ old, sizeof(old) }, &e) < 0)
			abort();
		CHECK_INT(match_blocks(
			      &s, (struct bytes){ new, sizeof(new) }, &c, &e),
		    0);
		for (i = 0, end = 0; i < c.n; i++) {
			CHECK(c.at[i].len > 0);
			CHECK(c.at[i].new >= end);
			CHECK(c.at[i].old + c.at[i].len <= sizeof(old));
			end = c.at[i].new + c.at[i].len;
		}
		CHECK(end <= sizeof(new));
		blocks_done(&c);
		suffix_done(&s);
	}
}

static const struct tap_test tests[] = {
	TAP(the_longest_match_is_found),
	TAP(edges_are_found),
	TAP(both_halves_are_searched),
	TAP(what_stands_in_the_text_is_never_missed),
	TAP(a_better_alignment_is_found),
	TAP(blocks_keep_their_promises),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
