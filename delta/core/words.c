/*
 * Guessing words of data.
 */
#include "delta/core/words.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_MIN 8
#define TABLE_MAX 18
#define NEAR_BITS 16
#define NEAR_LOG  10
#define SMALL	  4096 /* numbers, not places */
#define COUNT_MAX 9
#define COUNT_USE 2
#define FIBONACCI 0x9e3779b1u

static unsigned
table_bits(uint64_t old_size)
{
	unsigned bits = TABLE_MIN;

	while (bits < TABLE_MAX && old_size >> (bits + 5) != 0)
		bits++;
	return bits;
}

uint64_t
words_memory(uint64_t old_size)
{
	return (sizeof(struct words_entry) << table_bits(old_size)) +
	    (sizeof(struct words_near) << NEAR_BITS);
}

int
words_init(struct words *w, uint64_t old_size, struct err *e)
{
	memset(w, 0, sizeof(*w));
	w->bits = table_bits(old_size);
	w->table = calloc((size_t)1 << w->bits, sizeof(*w->table));
	w->near = calloc((size_t)1 << NEAR_BITS, sizeof(*w->near));
	if (w->table == NULL || w->near == NULL)
		return err_set(e, ERR_SYS, "words: out of memory");
	return 0;
}

void
words_done(struct words *w)
{
	free(w->table);
	free(w->near);
	w->table = NULL;
	w->near = NULL;
}

static struct words_entry *
entry_of(const struct words *w, uint32_t old)
{
	return &w->table[(old * FIBONACCI) >> (32 - w->bits)];
}

static struct words_near *
near_of(const struct words *w, uint32_t old)
{
	return &w->near[((old >> NEAR_LOG) * FIBONACCI) >> (32 - NEAR_BITS)];
}

uint32_t
words_guess(const struct words *w, uint32_t old)
{
	const struct words_entry *entry;
	const struct words_near *near;

	if (old < SMALL)
		return old;
	entry = entry_of(w, old);
	if (entry->old == old)
		return entry->new;
	near = near_of(w, old);
	return near->count >= COUNT_USE ? old + near->shift : old;
}

uint32_t
words_by(const struct words *w, uint32_t old, enum words_choice c)
{
	switch (c) {
	case WORDS_NEAR:
		return old + near_of(w, old)->shift;
	case WORDS_LAST:
		return old + w->last[0];
	case WORDS_BEFORE:
		return old + w->last[1];
	case WORDS_SAME:
	case WORDS_EXPLICIT:
	case WORDS_CHOICES:
		break;
	}
	return old;
}

static void
note_hit(struct words *w, uint32_t old, uint32_t new)
{
	struct words_near *near;

	if (entry_of(w, old)->old == old)
		return;
	near = near_of(w, old);
	if (new != old && near->count < COUNT_MAX)
		near->count++;
}

void
words_note(struct words *w, uint32_t old, uint32_t new, bool hit)
{
	struct words_entry *entry;
	struct words_near *near;
	uint32_t shift = new - old;

	if (!hit && shift != 0 && shift != w->last[0]) {
		w->last[1] = w->last[0];
		w->last[0] = shift;
	}
	if (old < SMALL)
		return;
	if (hit) {
		note_hit(w, old, new);
		return;
	}
	entry = entry_of(w, old);
	entry->old = old;
	entry->new = new;
	near = near_of(w, old);
	if (shift == 0) {
		near->count -= near->count > 0;
	} else if (near->shift == shift) {
		near->count += near->count < COUNT_MAX;
	} else {
		near->shift = shift;
		near->count = 1;
	}
}
