/*
 * AArch64 instructions that hold a part of an address.  ADRP makes the page,
 * an ADD or a load within the next 16 instructions adds the rest: the target
 * of either is the whole address.
 */
#ifndef SLUICE_CORE_A64_H
#define SLUICE_CORE_A64_H

#include "delta/core/sites.h"

enum a64_form {
	A64_NONE,
	A64_BRANCH, /* distance in words */
	A64_ADR,
	A64_ADRP,
	A64_LOW, /* the low 12 bits, scaled: ADD, load, store */
};

struct a64 {
	enum a64_form form;
	unsigned shift, bits; /* where the immediate lies; not ADR, ADRP */
	unsigned scale;	      /* A64_LOW */
	unsigned reg;	      /* ADRP: written; A64_LOW: read */
};

void a64_decode(uint32_t word, struct a64 *out);

/* a64_mask - the bits of the immediate. */
uint32_t a64_mask(const struct a64 *i);

/* a64_value - address in the field: for ADRP its page, for A64_LOW 12 bits. */
uint64_t a64_value(const struct a64 *i, uint32_t word, uint64_t va);

/* a64_put - the word with target's part in the field. */
uint32_t a64_put(
    const struct a64 *i, uint32_t word, uint64_t va, uint64_t target);

void a64_scan(struct sites *s);

/* a64_target - target of the site at off of a region's bytes. */
uint64_t a64_target(
    const uint8_t *bytes, uint64_t size, uint64_t off, uint64_t va);

#endif
