/*
 * One block of a deflate stream: literals and matches are counted, then coded
 * by the shortest of three ways (RFC 1951, 3.2), ties as zlib breaks them.
 */
#ifndef SLUICE_CORE_HUFFMAN_H
#define SLUICE_CORE_HUFFMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delta/core/coder.h"

#define HUFFMAN_TOKENS	 32768
#define HUFFMAN_LITERALS 286 /* literals, the end, lengths */
#define HUFFMAN_DISTS	 30
#define HUFFMAN_BITS	 19 /* codes for the lengths of codes */
#define HUFFMAN_MIN	 3  /* shortest match */

/* A code: how often each symbol occurs, then how it is written. */
struct huffman_code {
	uint16_t freq[2 * HUFFMAN_LITERALS + 1]; /* inner nodes as well */
	uint16_t bits[2 * HUFFMAN_LITERALS + 1];
	uint16_t code[HUFFMAN_LITERALS + 2];
	int last; /* greatest symbol in use */
};

struct huffman {
	struct coder_out to;
	uint16_t dist[HUFFMAN_TOKENS]; /* 0: a literal */
	uint8_t byte[HUFFMAN_TOKENS];  /* it, or length - HUFFMAN_MIN */
	size_t n, matches;	       /* tokens; those that are matches */
	struct huffman_code literal, distance, bit;
	uint64_t best, fixed; /* bits by own codes, by fixed ones */
	/* the bits that are no whole byte yet, and bytes on their way */
	uint64_t hold;
	unsigned held;
	uint8_t out[4096];
	size_t out_n;
	bool failed;
	struct err e;
};

void huffman_init(struct huffman *b, const struct coder_out *to);

/* huffman_literal, huffman_match - one token. */
void huffman_literal(struct huffman *b, uint8_t byte);
void huffman_match(struct huffman *b, unsigned dist, unsigned len);

/* huffman_dist_bits - bits that the distances take, with 5 for each code. */
uint64_t huffman_dist_bits(const struct huffman *b);

/*
 * huffman_write - all tokens so far, which stand for n bytes at at; NULL: they
 * are not there any more.
 */
int huffman_write(struct huffman *b, const uint8_t *at, size_t n, bool last,
    struct err *e) MUST_CHECK;

/* huffman_end - the last bits. */
int huffman_end(struct huffman *b, struct err *e) MUST_CHECK;

#endif
