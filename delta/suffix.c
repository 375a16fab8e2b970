/*
 * Suffix arrays: sorted by libdivsufsort, searched here.
 */
#include "delta/suffix.h"

#include <stdlib.h>
#include <string.h>

#include <divsufsort.h>
#include <divsufsort64.h>

#define NARROW_MAX INT32_MAX
#define PAIRS	   65536
#define SPREAD	   0x9e3779b97f4a7c15
/* bytes of text for each 64 bits: four bits for a byte */
#define SEEN_BYTES 16

int64_t
suffix_memory(int64_t size)
{
	int64_t width = size <= NARROW_MAX ? 4 : 8, total;

	if (__builtin_mul_overflow(size, width, &total) ||
	    __builtin_add_overflow(
		total, (size / SEEN_BYTES + 1) * 8, &total) ||
	    __builtin_add_overflow(total, (PAIRS + 1) * 8, &total))
		return INT64_MAX;
	return total;
}

static int
sort(struct suffix *s, struct err *e)
{
	size_t n = s->text.len;
	int failed;

	if (n <= NARROW_MAX) {
		s->narrow = malloc(n * sizeof(*s->narrow));
		if (s->narrow == NULL)
			return err_sys(e, "suffix array");
		failed = divsufsort(s->text.at, s->narrow, (int32_t)n);
	} else {
		s->wide = calloc(n, sizeof(*s->wide));
		if (s->wide == NULL)
			return err_sys(e, "suffix array");
		failed = divsufsort64(s->text.at, s->wide, (int64_t)n);
	}
	if (failed)
		return err_set(e, ERR_SYS, "suffix array: cannot sort");
	return 0;
}

static size_t
pair(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Where the suffixes of each two first bytes begin: it saves the first sixteen
 * steps of a search.  The last byte stands alone and counts as followed by 0,
 * before which it sorts. */
static int
count_pairs(struct suffix *s, struct err *e)
{
	const uint8_t *t = s->text.at;
	size_t i, sum = 0, n = s->text.len, here;

	s->pairs = calloc(PAIRS + 1, sizeof(*s->pairs));
	if (s->pairs == NULL)
		return err_sys(e, "suffix array");
	for (i = 0; i + 1 < n; i++)
		s->pairs[pair(t + i)]++;
	s->pairs[(size_t)t[n - 1] << 8]++;
	for (i = 0; i <= PAIRS; i++) {
		here = s->pairs[i];
		s->pairs[i] = sum;
		sum += here;
	}
	return 0;
}

/* The word and the bit that stand for the bytes at `at`. */
static uint64_t *
seen_word(const struct suffix *s, const uint8_t *at, uint64_t *bit)
{
	uint64_t x;

	memcpy(&x, at, sizeof(x));
	x *= SPREAD;
	x ^= x >> 32;
	x *= SPREAD;
	*bit = (uint64_t)1 << (x >> 26 & 63);
	return &s->seen[(x >> 32) * s->seen_words >> 32];
}

bool
suffix_has(const struct suffix *s, const uint8_t *at)
{
	uint64_t bit;

	return s->seen != NULL && (*seen_word(s, at, &bit) & bit) != 0;
}

static int
note_seen(struct suffix *s, struct err *e)
{
	size_t i, n = s->text.len;
	uint64_t *word, bit;

	s->seen_words = (uint32_t)(n / SEEN_BYTES) + 1;
	s->seen = calloc(s->seen_words, sizeof(*s->seen));
	if (s->seen == NULL)
		return err_sys(e, "suffix array");
	for (i = 0; i + SUFFIX_SEEN <= n; i++) {
		word = seen_word(s, s->text.at + i, &bit);
		*word |= bit;
	}
	return 0;
}

int
suffix_init(struct suffix *s, struct bytes text, struct err *e)
{
	*s = (struct suffix){ .text = text };
	if (text.len == 0)
		return 0;
	if (sort(s, e) < 0 || count_pairs(s, e) < 0 || note_seen(s, e) < 0) {
		suffix_done(s);
		return -1;
	}
	return 0;
}

void
suffix_done(struct suffix *s)
{
	free(s->narrow);
	free(s->wide);
	free(s->pairs);
	free(s->seen);
	*s = (struct suffix){ 0 };
}

size_t
suffix_common(const uint8_t *a, const uint8_t *b, size_t max)
{
	size_t n = 0;
	uint64_t x, y;

	for (; max - n >= sizeof(x); n += sizeof(x)) {
		memcpy(&x, a + n, sizeof(x));
		memcpy(&y, b + n, sizeof(y));
		if (x != y)
			break;
	}
	while (n < max && a[n] == b[n])
		n++;
	return n;
}

static size_t
place(const struct suffix *s, size_t rank)
{
	return s->narrow ? (size_t)s->narrow[rank] : (size_t)s->wide[rank];
}

/* One suffix compared with want: how far they agree, and which is less. */
struct compared {
	size_t at;     /* where the suffix stands */
	size_t common; /* bytes that agree */
	int less;      /* the suffix sorts before want */
};

/* known: bytes of which it is clear already that they agree */
static struct compared
compare(const struct suffix *s, size_t rank, struct bytes want, size_t known)
{
	size_t at = place(s, rank), left = s->text.len - at;
	size_t max = left < want.len ? left : want.len;
	const uint8_t *text = s->text.at + at;
	size_t n =
	    known + suffix_common(text + known, want.at + known, max - known);

	return (struct compared){ at, n,
		n == left ? n < want.len
			  : n < want.len && text[n] < want.at[n] };
}

/* The ranks among which the longest match is: [*lo, *hi]. */
static void
bounds(const struct suffix *s, struct bytes want, size_t *lo, size_t *hi)
{
	size_t p;

	*lo = 0;
	*hi = s->text.len - 1;
	if (want.len < 2)
		return;
	p = pair(want.at);
	if (s->pairs[p] == s->pairs[p + 1])
		return; /* not even two bytes match */
	*lo = s->pairs[p];
	*hi = s->pairs[p + 1] - 1;
}

size_t
suffix_longest(const struct suffix *s, struct bytes want, size_t *where)
{
	struct compared low, high, mid;
	size_t lo, hi, half;

	*where = 0;
	if (s->text.len == 0 || want.len == 0)
		return 0;
	bounds(s, want, &lo, &hi);
	low = compare(s, lo, want, 0);
	high = compare(s, hi, want, 0);
	/*
	 * Whatever sorts between two suffixes agrees with want at least as far
	 * as the worse of the two does: those bytes are not compared again.
	 */
	while (low.less && !high.less && hi - lo > 1) {
		half = lo + (hi - lo) / 2;
		mid = compare(s, half, want,
		    low.common < high.common ? low.common : high.common);
		if (mid.less) {
			lo = half;
			low = mid;
		} else {
			hi = half;
			high = mid;
		}
	}
	*where = low.common > high.common ? low.at : high.at;
	return low.common > high.common ? low.common : high.common;
}
