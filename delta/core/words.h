/*
 * Data that is not known to be references: aligned 32-bit words.  A value that
 * became another one will do so again, and values near it move as it did.
 * That finds type offsets, line tables, identifiers and more, without knowing
 * any of them.
 */
#ifndef SLUICE_CORE_WORDS_H
#define SLUICE_CORE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* What is right where the guess is not. */
enum words_choice {
	WORDS_SAME,
	WORDS_NEAR,	/* moved as others near it */
	WORDS_LAST,	/* moved as the last one that was guessed wrong */
	WORDS_BEFORE,	/* as the one before that */
	WORDS_EXPLICIT, /* old word + a number */
	WORDS_CHOICES,
};

struct words_entry {
	uint32_t old, new; /* old 0: none */
};

struct words_near {
	uint32_t shift, count;
};

struct words {
	struct words_entry *table; /* owned */
	struct words_near *near;   /* owned */
	unsigned bits;
	uint32_t last[2];
};

uint64_t words_memory(uint64_t old_size);
int words_init(struct words *w, uint64_t old_size, struct err *e) MUST_CHECK;
void words_done(struct words *w);

/* words_guess - what a word of old becomes. */
uint32_t words_guess(const struct words *w, uint32_t old);

/* words_by - what it is by a choice; not for WORDS_EXPLICIT. */
uint32_t words_by(const struct words *w, uint32_t old, enum words_choice c);

/* words_note - what it was. */
void words_note(struct words *w, uint32_t old, uint32_t new, bool hit);

#endif
