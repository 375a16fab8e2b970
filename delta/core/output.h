/*
 * What applying writes, in its order: gathered, counted, and, for a signed
 * Mach-O file, hashed page by page, since its signature has digests that
 * nobody can guess.
 */
#ifndef SLUICE_CORE_OUTPUT_H
#define SLUICE_CORE_OUTPUT_H

#include "delta/core/sha256.h"
#include "delta/core/tables.h"

#define OUTPUT_SIZE   ((size_t)256 << 10)
#define OUTPUT_MEMORY (OUTPUT_SIZE + 4096)

struct output {
	int (*write)(void *ctx, const uint8_t *at, size_t len, struct err *e);
	void *ctx;
	void (*sha256)(uint8_t *out, const void *at, size_t n); /* or NULL */
	uint8_t *buffer;					/* owned */
	size_t n; /* bytes in it */
	uint64_t written, size;
	struct pages pages;
	uint8_t *digests; /* owned; of the pages so far */
	uint32_t ndigests;
};

int output_init(struct output *o, const struct pages *pages, uint64_t size,
    struct err *e) MUST_CHECK;
void output_done(struct output *o);

/* output_add - bytes; ERR_INPUT where they would pass the size. */
int output_add(
    struct output *o, const uint8_t *at, uint64_t n, struct err *e) MUST_CHECK;

/* output_room - room for at least `least` bytes to be filled in place, *n how
 * many; output_took says how many were.  NULL: failed. */
uint8_t *output_room(
    struct output *o, size_t least, uint64_t *n, struct err *e);
void output_took(struct output *o, uint64_t n);

/* output_end - everything was added: exactly size bytes. */
int output_end(struct output *o, struct err *e) MUST_CHECK;

#endif
