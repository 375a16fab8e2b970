/*
 * Codes and bits of a block.  The order in which equals are taken from the heap
 * decides the lengths of codes: it is zlib's.
 */
#include "delta/core/huffman.h"

#include <string.h>

#define END	  256
#define NODES	  (2 * HUFFMAN_LITERALS + 1)
#define LONGEST	  15 /* bits of a code */
#define REPEAT	  16 /* the last length, 3 to 6 times */
#define ZEROS	  17 /* 3 to 10 */
#define MORE_ZERO 18 /* 11 to 138 */

static const uint8_t length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2,
	2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
static const uint8_t dist_extra[HUFFMAN_DISTS] = { 0, 0, 0, 0, 1, 1, 2, 2, 3, 3,
	4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };
static const uint8_t bit_extra[HUFFMAN_BITS] = {
	[REPEAT] = 2, [ZEROS] = 3, [MORE_ZERO] = 7
};
static const uint8_t bit_order[HUFFMAN_BITS] = { 16, 17, 18, 0, 8, 7, 9, 6, 10,
	5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };

/* What a code consists of. */
struct kind {
	const uint8_t *extra;
	int extra_from, n, longest;
	bool is_literal, has_fixed;
};
static const struct kind literal_kind = { length_extra, END + 1,
	HUFFMAN_LITERALS, LONGEST, true, true };
static const struct kind dist_kind = { dist_extra, 0, HUFFMAN_DISTS, LONGEST,
	false, true };
static const struct kind bit_kind = { bit_extra, 0, HUFFMAN_BITS, 7, false,
	false };

/* --- bits ---------------------------------------------------------------------*/

static void
flush_out(struct huffman *b)
{
	if (!b->failed && b->out_n > 0 &&
	    b->to.write(b->to.ctx, b->out, b->out_n, &b->e) < 0)
		b->failed = true;
	b->out_n = 0;
}

static void
put_byte(struct huffman *b, uint8_t byte)
{
	if (b->out_n == sizeof(b->out))
		flush_out(b);
	b->out[b->out_n++] = byte;
}

static void
put(struct huffman *b, uint64_t value, unsigned n)
{
	b->hold |= value << b->held;
	for (b->held += n; b->held >= 8; b->held -= 8) {
		put_byte(b, (uint8_t)b->hold);
		b->hold >>= 8;
	}
}

static void
align(struct huffman *b)
{
	if (b->held > 0)
		put(b, 0, 8 - b->held);
}

/* --- symbols --------------------------------------------------------------------*/

/* Length - 3 as a symbol of the literals' code, base in *from. */
static unsigned
length_symbol(unsigned len, unsigned *from)
{
	unsigned k, n = 0;

	if (len == 255) { /* 258 has one of its own */
		*from = 255;
		return END + 29;
	}
	if (len < 8) {
		*from = len;
		return END + 1 + len;
	}
	/* four to each doubling */
	for (k = len >> 3; k > 0; k >>= 1)
		n++;
	*from = len >> n << n;
	return END + 1 + 4 * n + (len >> n);
}

/* Distance - 1 as a symbol. */
static unsigned
dist_symbol(unsigned dist, unsigned *from)
{
	unsigned k, n = 0;

	if (dist < 4) {
		*from = dist;
		return dist;
	}
	for (k = dist >> 2; k > 0; k >>= 1)
		n++;
	*from = dist >> n << n;
	return 2 * n + (dist >> n);
}

void
huffman_literal(struct huffman *b, uint8_t byte)
{
	b->dist[b->n] = 0;
	b->byte[b->n++] = byte;
	b->literal.freq[byte]++;
}

void
huffman_match(struct huffman *b, unsigned dist, unsigned len)
{
	unsigned from;

	b->dist[b->n] = (uint16_t)dist;
	b->byte[b->n++] = (uint8_t)(len - HUFFMAN_MIN);
	b->matches++;
	b->literal.freq[length_symbol(len - HUFFMAN_MIN, &from)]++;
	b->distance.freq[dist_symbol(dist - 1, &from)]++;
}

uint64_t
huffman_dist_bits(const struct huffman *b)
{
	uint64_t bits = 0;
	int i;

	for (i = 0; i < HUFFMAN_DISTS; i++)
		bits += (uint64_t)b->distance.freq[i] * (5 + dist_extra[i]);
	return bits;
}

/* --- lengths of codes -------------------------------------------------------------*/

/* Huffman's tree on its way. */
struct tree {
	struct huffman_code *code;
	const struct kind *kind;
	int heap[NODES + 1]; /* from 1 on; from max on, nodes by frequency */
	int len, max;
	uint8_t depth[NODES + 1];
	int parent[NODES + 1];
};

static bool
before(const struct tree *t, int x, int y)
{
	const uint16_t *freq = t->code->freq;

	return freq[x] < freq[y] ||
	    (freq[x] == freq[y] && t->depth[x] <= t->depth[y]);
}

static void
sink(struct tree *t, int k)
{
	int node = t->heap[k], child = 2 * k;

	for (; child <= t->len; child *= 2) {
		if (child < t->len &&
		    before(t, t->heap[child + 1], t->heap[child]))
			child++;
		if (before(t, node, t->heap[child]))
			break;
		t->heap[k] = t->heap[child];
		k = child;
	}
	t->heap[k] = node;
}

/* How long a symbol is by the fixed code. */
static unsigned
fixed_bits(const struct kind *kind, int symbol)
{
	if (!kind->is_literal)
		return 5;
	if (symbol < 144)
		return 8;
	if (symbol < 256)
		return 9;
	return symbol < 280 ? 7 : 8;
}

/* Too long ones are shortened at the cost of others. */
static void
shorten(struct huffman *b, struct tree *t, int over, int count[LONGEST + 1])
{
	const int longest = t->kind->longest;
	int bits, n, h = NODES, node;

	for (; over > 0; over -= 2) {
		bits = longest - 1;
		while (count[bits] == 0)
			bits--;
		count[bits]--;
		count[bits + 1] += 2;
		count[longest]--;
	}
	for (bits = longest; bits != 0; bits--) {
		for (n = count[bits]; n != 0; n--) {
			do
				node = t->heap[--h];
			while (node > t->code->last);
			b->best += ((uint64_t)bits - t->code->bits[node]) *
			    t->code->freq[node];
			t->code->bits[node] = (uint16_t)bits;
		}
	}
}

static void
lengths(struct huffman *b, struct tree *t, int count[LONGEST + 1])
{
	struct huffman_code *c = t->code;
	int h, node, bits, over = 0;
	uint64_t extra;

	memset(count, 0, (LONGEST + 1) * sizeof(*count));
	c->bits[t->heap[t->max]] = 0;
	for (h = t->max + 1; h < NODES; h++) {
		node = t->heap[h];
		bits = c->bits[t->parent[node]] + 1;
		if (bits > t->kind->longest) {
			bits = t->kind->longest;
			over++;
		}
		c->bits[node] = (uint16_t)bits;
		if (node > c->last)
			continue; /* an inner one */
		count[bits]++;
		extra = node >= t->kind->extra_from
		    ? t->kind->extra[node - t->kind->extra_from]
		    : 0;
		b->best += c->freq[node] * ((uint64_t)bits + extra);
		if (t->kind->has_fixed)
			b->fixed +=
			    c->freq[node] * (fixed_bits(t->kind, node) + extra);
	}
	if (over > 0)
		shorten(b, t, over, count);
}

/* RFC 1951, 3.2.2; bits of a code go out from its highest on. */
static void
codes(struct huffman_code *c, const int count[LONGEST + 1])
{
	unsigned next[LONGEST + 1] = { 0 }, code = 0, bits, k, out;
	int i;

	for (bits = 1; bits <= LONGEST; bits++)
		next[bits] = code = (code + (bits > 1 ? count[bits - 1] : 0))
		    << 1;
	for (i = 0; i <= c->last; i++) {
		if (c->bits[i] == 0)
			continue;
		code = next[c->bits[i]]++;
		for (out = 0, k = 0; k < c->bits[i]; k++)
			out |= (code >> k & 1) << (c->bits[i] - 1 - k);
		c->code[i] = (uint16_t)out;
	}
}

/* The two rarest become one, until there is one. */
static void
join(struct tree *t)
{
	uint16_t *freq = t->code->freq;
	int node = t->kind->n, x, y;

	do {
		x = t->heap[1];
		t->heap[1] = t->heap[t->len--];
		sink(t, 1);
		y = t->heap[1];
		t->heap[--t->max] = x;
		t->heap[--t->max] = y;
		freq[node] = (uint16_t)(freq[x] + freq[y]);
		t->depth[node] =
		    (uint8_t)((t->depth[x] > t->depth[y] ? t->depth[x]
							 : t->depth[y]) +
			1);
		t->parent[x] = t->parent[y] = node;
		t->heap[1] = node++;
		sink(t, 1);
	} while (t->len >= 2);
	t->heap[--t->max] = t->heap[1];
}

static void
build(struct huffman *b, struct huffman_code *c, const struct kind *kind)
{
	struct tree t = { .code = c, .kind = kind, .max = NODES };
	int count[LONGEST + 1], i;

	c->last = -1;
	for (i = 0; i < kind->n; i++) {
		c->bits[i] = 0;
		if (c->freq[i] > 0)
			t.heap[++t.len] = c->last = i;
	}
	/* a code has two symbols at least */
	while (t.len < 2) {
		i = t.heap[++t.len] = c->last < 2 ? ++c->last : 0;
		c->freq[i] = 1;
		b->best--;
		if (kind->has_fixed)
			b->fixed -= fixed_bits(kind, i);
	}
	for (i = t.len / 2; i >= 1; i--)
		sink(&t, i);
	join(&t);
	lengths(b, &t, count);
	codes(c, count);
}

/* --- the lengths, as they are written ---------------------------------------------*/

/*
 * Runs of equal lengths.  Counted into the code for them, or (write) written
 * by it.
 */
static void
run(struct huffman *b, int bits, int n, int before, bool write)
{
	static const struct {
		uint8_t symbol, from, bits;
	} repeats[] = { { REPEAT, 3, 2 }, { ZEROS, 3, 3 },
		{ MORE_ZERO, 11, 7 } };
	int kind = bits != 0 ? 0 : n <= 10 ? 1 : 2;
	struct huffman_code *c = &b->bit;

	if (bits != 0 && bits != before) {
		n--;
		if (write)
			put(b, c->code[bits], c->bits[bits]);
		else
			c->freq[bits]++;
	}
	if (!write) {
		c->freq[repeats[kind].symbol]++;
		return;
	}
	put(b, c->code[repeats[kind].symbol], c->bits[repeats[kind].symbol]);
	put(b, (uint64_t)(n - repeats[kind].from), repeats[kind].bits);
}

static void
tell(struct huffman *b, const struct huffman_code *c, bool write)
{
	int before = -1, next = c->bits[0], count = 0, bits, i, k;
	int most = next == 0 ? 138 : 7, least = next == 0 ? 3 : 4;

	for (i = 0; i <= c->last; i++) {
		bits = next;
		next = i == c->last ? -1 : c->bits[i + 1];
		if (++count < most && bits == next)
			continue;
		if (count >= least) {
			run(b, bits, count, before, write);
		} else {
			for (k = 0; k < count; k++) {
				if (write)
					put(b, b->bit.code[bits],
					    b->bit.bits[bits]);
				else
					b->bit.freq[bits]++;
			}
		}
		count = 0;
		before = bits;
		most = next == 0 ? 138 : next == bits ? 6 : 7;
		least = next == 0 || next == bits ? 3 : 4;
	}
}

/* How many of the lengths of the lengths' code are written. */
static int
build_bits(struct huffman *b)
{
	int n;

	tell(b, &b->literal, false);
	tell(b, &b->distance, false);
	build(b, &b->bit, &bit_kind);
	for (n = HUFFMAN_BITS - 1; n >= 3; n--)
		if (b->bit.bits[bit_order[n]] != 0)
			break;
	b->best += 3 * ((uint64_t)n + 1) + 5 + 5 + 4;
	return n + 1;
}

static void
write_codes(struct huffman *b, int n)
{
	int i;

	put(b, (uint64_t)b->literal.last + 1 - 257, 5);
	put(b, (uint64_t)b->distance.last + 1 - 1, 5);
	put(b, (uint64_t)n - 4, 4);
	for (i = 0; i < n; i++)
		put(b, b->bit.bits[bit_order[i]], 3);
	tell(b, &b->literal, true);
	tell(b, &b->distance, true);
}

/* The codes that need not be written (RFC 1951, 3.2.6). */
static void
fixed_codes(struct huffman *b)
{
	int count[LONGEST + 1] = { [7] = 24, [8] = 152, [9] = 112 }, i;
	int dist_count[LONGEST + 1] = { [5] = 30 };
	uint16_t bits[HUFFMAN_LITERALS + 2];

	/* two more are in the code, but in no file */
	for (i = 0; i < HUFFMAN_LITERALS; i++)
		bits[i] = (uint16_t)fixed_bits(&literal_kind, i);
	memcpy(b->literal.bits, bits, HUFFMAN_LITERALS * sizeof(*bits));
	b->literal.last = HUFFMAN_LITERALS - 1;
	codes(&b->literal, count);
	for (i = 0; i < HUFFMAN_DISTS; i++)
		b->distance.bits[i] = 5;
	b->distance.last = HUFFMAN_DISTS - 1;
	codes(&b->distance, dist_count);
}

static void
write_tokens(struct huffman *b)
{
	const struct huffman_code *l = &b->literal, *d = &b->distance;
	unsigned symbol, from, len, dist;
	size_t i;

	for (i = 0; i < b->n; i++) {
		len = b->byte[i];
		if (b->dist[i] == 0) {
			put(b, l->code[len], l->bits[len]);
			continue;
		}
		symbol = length_symbol(len, &from);
		put(b, l->code[symbol], l->bits[symbol]);
		put(b, len - from, length_extra[symbol - END - 1]);
		dist = b->dist[i] - 1u;
		symbol = dist_symbol(dist, &from);
		put(b, d->code[symbol], d->bits[symbol]);
		put(b, dist - from, dist_extra[symbol]);
	}
	put(b, l->code[END], l->bits[END]);
}

static void
begin(struct huffman *b)
{
	memset(b->literal.freq, 0, sizeof(b->literal.freq));
	memset(b->distance.freq, 0, sizeof(b->distance.freq));
	memset(b->bit.freq, 0, sizeof(b->bit.freq));
	b->literal.freq[END] = 1;
	b->n = b->matches = 0;
	b->best = b->fixed = 0;
}

void
huffman_init(struct huffman *b, const struct coder_out *to)
{
	memset(b, 0, sizeof(*b));
	b->to = *to;
	begin(b);
}

static void
write_stored(struct huffman *b, const uint8_t *at, size_t n, bool last)
{
	size_t i;

	put(b, last, 3);
	align(b);
	put(b, n & 0xffff, 16);
	put(b, ~n & 0xffff, 16);
	for (i = 0; i < n; i++)
		put_byte(b, at[i]);
}

int
huffman_write(
    struct huffman *b, const uint8_t *at, size_t n, bool last, struct err *e)
{
	uint64_t best, fixed;
	int told;

	build(b, &b->literal, &literal_kind);
	build(b, &b->distance, &dist_kind);
	told = build_bits(b);
	best = (b->best + 3 + 7) >> 3;
	fixed = (b->fixed + 3 + 7) >> 3;
	if (fixed <= best)
		best = fixed;
	if (at != NULL && n + 4 <= best && n <= 0xffff) {
		write_stored(b, at, n, last);
	} else if (fixed == best) {
		put(b, 1 << 1 | last, 3);
		fixed_codes(b);
		write_tokens(b);
	} else {
		put(b, 2 << 1 | last, 3);
		write_codes(b, told);
		write_tokens(b);
	}
	begin(b);
	if (b->failed)
		*e = b->e;
	return b->failed ? -1 : 0;
}

int
huffman_end(struct huffman *b, struct err *e)
{
	align(b);
	flush_out(b);
	if (b->failed)
		*e = b->e;
	return b->failed ? -1 : 0;
}
