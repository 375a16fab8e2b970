/*
 * Suffix arrays: sorted by libdivsufsort, searched here.
 */
#include "delta/suffix.h"

#include <stdlib.h>
#include <string.h>

#include <divsufsort.h>
#include <divsufsort64.h>

#define NARROW_MAX INT32_MAX

int64_t
suffix_memory(int64_t size)
{
	int64_t width = size <= NARROW_MAX ? 4 : 8, total;

	if (__builtin_mul_overflow(size, width, &total))
		return INT64_MAX;
	return total;
}

int
suffix_init(struct suffix *s, struct bytes text, struct err *e)
{
	int failed;

	*s = (struct suffix){ .text = text };
	if (text.len == 0)
		return 0;
	if (text.len <= NARROW_MAX) {
		s->narrow = malloc(text.len * sizeof(*s->narrow));
		if (s->narrow == NULL)
			return err_sys(e, "suffix array");
		failed = divsufsort(text.at, s->narrow, (int32_t)text.len);
	} else {
		s->wide = calloc(text.len, sizeof(*s->wide));
		if (s->wide == NULL)
			return err_sys(e, "suffix array");
		failed = divsufsort64(text.at, s->wide, (int64_t)text.len);
	}
	if (failed) {
		suffix_done(s);
		return err_set(e, ERR_SYS, "suffix array: cannot sort");
	}
	return 0;
}

void
suffix_done(struct suffix *s)
{
	free(s->narrow);
	free(s->wide);
	s->narrow = NULL;
	s->wide = NULL;
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

size_t
suffix_longest(const struct suffix *s, struct bytes want, size_t *where)
{
	struct compared low, high, mid;
	size_t lo = 0, hi = s->text.len, half;

	*where = 0;
	if (hi == 0 || want.len == 0)
		return 0;
	hi--;
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
