/*
 * A growing list of blocks.
 */
#include "delta/blocks.h"

#include <stdlib.h>

int
blocks_add(struct blocks *b, struct block add, struct err *e)
{
	struct block *last = b->n > 0 ? &b->at[b->n - 1] : NULL, *grown;
	size_t room;

	if (add.len == 0)
		return 0;
	if (last && last->new + last->len == add.new &&
	    last->old + last->len == add.old) {
		last->len += add.len;
		return 0;
	}
	if (b->n == b->room) {
		room = b->room ? b->room + b->room / 2 : 1024;
		grown = reallocarray(b->at, room, sizeof(*grown));
		if (grown == NULL)
			return err_sys(e, "matching");
		b->at = grown;
		b->room = room;
	}
	b->at[b->n++] = add;
	return 0;
}

void
blocks_done(struct blocks *b)
{
	free(b->at);
	*b = (struct blocks){ 0 };
}
