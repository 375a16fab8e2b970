/*
 * Suffix arrays: sorted by libdivsufsort, searched here.
 */
#include "delta/suffix.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <divsufsort.h>

#include "delta/threads.h"

/* Two parts, or as many as make each short enough for its indices. */
#define PARTS	  2
#define WHOLE_MAX ((size_t)256 << 10) /* not worth cutting */
#define PART_MAX  ((size_t)1 << 30)

#define PAIRS  65536
#define SPREAD 0x9e3779b97f4a7c15
/* bytes of text for each 64 bits: four bits for a byte */
#define SEEN_BYTES 16

struct suffix_part {
	size_t from; /* where it begins in the text */
	struct bytes text;
	int32_t *rank;	 /* owned; where the suffixes begin, in order */
	uint32_t *pairs; /* owned; first rank of each two first bytes */
};

int64_t
suffix_memory(int64_t size)
{
	int64_t total, parts = size / (int64_t)PART_MAX + PARTS;

	if (__builtin_mul_overflow(size, 4, &total) ||
	    __builtin_add_overflow(
		total, (size / SEEN_BYTES + 1) * 8, &total) ||
	    __builtin_add_overflow(
		total, parts * (PAIRS + 1) * (int64_t)sizeof(uint32_t), &total))
		return INT64_MAX;
	return total;
}

/*
 * Zeroed memory in large pages, where there are such: it is used all over the
 * place, and finding a small page takes as long as the rest of an access.
 */
static void *
large(size_t n)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *at = calloc(n, 1);
	uintptr_t from = ((uintptr_t)at + page - 1) / page * page;
	uintptr_t to = ((uintptr_t)at + n) / page * page;

	if (at != NULL && from < to)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
	return at;
}

static size_t
pair(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Where the suffixes of each two first bytes begin: it saves the first sixteen
 * steps of a search.  The last byte stands alone and counts as followed by 0,
 * before which it sorts. */
static void
count_pairs(struct suffix_part *p)
{
	const uint8_t *t = p->text.at;
	uint32_t sum = 0, here;
	size_t i, n = p->text.len;

	for (i = 0; i + 1 < n; i++)
		p->pairs[pair(t + i)]++;
	p->pairs[(size_t)t[n - 1] << 8]++;
	for (i = 0; i <= PAIRS; i++) {
		here = p->pairs[i];
		p->pairs[i] = sum;
		sum += here;
	}
}

struct work {
	struct suffix *s;
	atomic_size_t next;
	atomic_bool failed;
};

static void *
sort_run(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->s->n) {
		struct suffix_part *p = &w->s->part[i];

		p->rank = large(p->text.len * sizeof(*p->rank));
		p->pairs = calloc(PAIRS + 1, sizeof(*p->pairs));
		if (p->rank == NULL || p->pairs == NULL ||
		    divsufsort(p->text.at, p->rank, (int32_t)p->text.len) != 0)
			atomic_store(&w->failed, true);
		else
			count_pairs(p);
	}
	return NULL;
}

static int
sort(struct suffix *s, struct err *e)
{
	struct work w = { .s = s };
	size_t i, size, n = s->text.len;

	s->n = n <= WHOLE_MAX ? 1 : n / PART_MAX + PARTS;
	size = n / s->n + 1;
	s->part = calloc(s->n, sizeof(*s->part));
	if (s->part == NULL)
		return err_sys(e, "suffix array");
	for (i = 0; i < s->n; i++) {
		struct suffix_part *p = &s->part[i];

		p->from = i * size;
		p->text.at = s->text.at + p->from;
		p->text.len = n - p->from < size ? n - p->from : size;
	}
	threads_run(sort_run, &w, s->n);
	if (atomic_load(&w.failed))
		return err_set(e, ERR_SYS, "suffix array: out of memory");
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
	s->seen = large(s->seen_words * sizeof(*s->seen));
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
	if (sort(s, e) < 0 || note_seen(s, e) < 0) {
		suffix_done(s);
		return -1;
	}
	return 0;
}

void
suffix_done(struct suffix *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->part[i].rank);
		free(s->part[i].pairs);
	}
	free(s->part);
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

/* One suffix compared with want: how far they agree, and which is less. */
struct compared {
	size_t at;     /* where the suffix stands */
	size_t common; /* bytes that agree */
	int less;      /* the suffix sorts before want */
};

/* known: bytes of which it is clear already that they agree */
static struct compared
compare(
    const struct suffix_part *p, size_t rank, struct bytes want, size_t known)
{
	size_t at = (size_t)p->rank[rank], left = p->text.len - at;
	size_t max = left < want.len ? left : want.len;
	const uint8_t *text = p->text.at + at;
	size_t n =
	    known + suffix_common(text + known, want.at + known, max - known);

	return (struct compared){ at, n,
		n == left ? n < want.len
			  : n < want.len && text[n] < want.at[n] };
}

/* The ranks among which the longest match is: [*lo, *hi]. */
static void
bounds(const struct suffix_part *s, struct bytes want, size_t *lo, size_t *hi)
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

static size_t
longest_in(const struct suffix_part *p, struct bytes want, size_t *where)
{
	struct compared low, high, mid;
	size_t lo, hi, half;

	bounds(p, want, &lo, &hi);
	low = compare(p, lo, want, 0);
	high = compare(p, hi, want, 0);
	/*
	 * Whatever sorts between two suffixes agrees with want at least as far
	 * as the worse of the two does: those bytes are not compared again.
	 */
	while (low.less && !high.less && hi - lo > 1) {
		half = lo + (hi - lo) / 2;
		mid = compare(p, half, want,
		    low.common < high.common ? low.common : high.common);
		if (mid.less) {
			lo = half;
			low = mid;
		} else {
			hi = half;
			high = mid;
		}
	}
	*where = p->from + (low.common > high.common ? low.at : high.at);
	return low.common > high.common ? low.common : high.common;
}

size_t
suffix_longest(const struct suffix *s, struct bytes want, size_t *where)
{
	size_t i, n, at, best = 0;

	*where = 0;
	if (want.len == 0)
		return 0;
	for (i = 0; i < s->n; i++) {
		n = longest_in(&s->part[i], want, &at);
		if (n > best) {
			best = n;
			*where = at;
		}
	}
	return best;
}
