/*
 * The suffixes of a buffer in order, and the questions that matching asks of
 * them.  The buffer is sorted in parts, each on a CPU of its own and with
 * indices of 32 bits; a match does not pass the end of a part.
 */
#ifndef SLUICE_SUFFIX_H
#define SLUICE_SUFFIX_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct suffix_part; /* see suffix.c */

struct suffix {
	struct bytes text;	  /* borrowed */
	struct suffix_part *part; /* owned; n of them */
	size_t n;
	uint64_t *seen; /* owned; bits of hashes, see suffix_has */
	uint32_t seen_words;
};

#define SUFFIX_SEEN 8

/* suffix_memory - bytes that the arrays of a text of this size take. */
int64_t suffix_memory(int64_t size);

/* suffix_init - sort.  The text must outlive s; suffix_done frees.  What comes
 * out does not depend on the number of CPUs. */
int suffix_init(struct suffix *s, struct bytes text, struct err *e) MUST_CHECK;
void suffix_done(struct suffix *s);

/*
 * suffix_longest - length of the longest prefix of want that stands anywhere
 * in a part of the text, and one place where it does.  Time: O(result + log n) steps on
 * the average.  Safe to call from several threads.
 */
size_t suffix_longest(const struct suffix *s, struct bytes want, size_t *where);

/*
 * suffix_has - whether the SUFFIX_SEEN bytes at `at` may stand in the text.
 * If not, this says so most of the time, and for a small part of the time that
 * a search takes.
 */
bool suffix_has(const struct suffix *s, const uint8_t *at);

/* suffix_common - length of the common prefix of two buffers of max bytes. */
size_t suffix_common(const uint8_t *a, const uint8_t *b, size_t max);

#endif
