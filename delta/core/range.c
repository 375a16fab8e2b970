/*
 * Ranges: reading, checking, writing.
 */
#include "delta/core/range.h"

#include <stdlib.h>

#include "delta/core/format.h"

static int
malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "patch: ranges: %s", what);
}

static int
bad(struct err *e, const char *of, size_t i, const char *what)
{
	return err_set(e, ERR_INPUT, "patch: range %llu of %s: %s",
	    (unsigned long long)i, of, what);
}

int
ranges_room(struct ranges *r, size_t n, struct err *e)
{
	r->n = 0;
	r->at = n > 0 ? calloc(n, sizeof(*r->at)) : NULL;
	if (n > 0 && r->at == NULL)
		return err_set(e, ERR_SYS, "ranges: out of memory");
	r->n = n;
	return 0;
}

void
ranges_done(struct ranges *r)
{
	free(r->at);
	*r = (struct ranges){ NULL, 0 };
}

uint64_t
ranges_memory(const struct ranges *r)
{
	return (uint64_t)r->n * sizeof(*r->at);
}

static int
read_count(struct ranges *r, struct numbers *in, struct err *e)
{
	uint64_t n = number_read(in);

	if (n > RANGE_MAX)
		return malformed(e, "too many");
	return ranges_room(r, (size_t)n, e);
}

/* n of what is left, and not nothing. */
static int
take(uint64_t *left, uint64_t n)
{
	if (n == 0 || n > *left)
		return -1;
	*left -= n;
	return 0;
}

/*
 * No sum overflows: each number is checked against what is left of a file that
 * has at most FORMAT_FILE_MAX bytes.
 */
int
ranges_read_old(struct ranges *r, struct numbers *in, uint64_t size,
    uint64_t expanded, struct err *e)
{
	uint64_t left = size, room = expanded, gap;
	size_t i;

	if (read_count(r, in, e) < 0)
		return -1;
	for (i = 0; i < r->n; i++) {
		struct range *g = &r->at[i];

		gap = number_read(in);
		g->packed = number_read(in);
		g->raw = number_read(in);
		if (in->failed || gap > left || gap > room)
			return bad(e, "old", i, "empty, or outside the file");
		left -= gap;
		room -= gap;
		g->packed_at = size - left;
		g->at = expanded - room;
		if (take(&left, g->packed) < 0 || take(&room, g->raw) < 0)
			return bad(e, "old", i, "empty, or outside the file");
		if (g->raw / FORMAT_INFLATE_MAX > g->packed)
			return bad(e, "old", i, "larger than deflate makes");
	}
	if (left != room)
		return malformed(e, "another size of the expanded old file");
	return 0;
}

int
ranges_read_new(struct ranges *r, struct numbers *in, uint64_t size,
    uint64_t expanded, struct err *e)
{
	uint64_t room = expanded, plain = expanded, gap, how;
	size_t i;

	if (read_count(r, in, e) < 0)
		return -1;
	for (i = 0; i < r->n; i++) {
		struct range *g = &r->at[i];

		gap = number_read(in);
		g->raw = number_read(in);
		how = number_read(in);
		if (in->failed || gap > room)
			return bad(e, "new", i, "empty, or outside the file");
		room -= gap;
		g->at = expanded - room;
		if (take(&room, g->raw) < 0)
			return bad(e, "new", i, "empty, or outside the file");
		plain -= g->raw;
		g->how.level = (unsigned)(how & 15);
		if (how >> 4 >= DEFLATE_FAMILIES || g->how.level == 0 ||
		    g->how.level > DEFLATE_LEVEL_MAX)
			return bad(e, "new", i, "an encoder that is not known");
		g->how.family = (enum deflate_family)(how >> 4);
	}
	if (plain > size || (r->n == 0 && size != expanded))
		return malformed(e, "another size of the expanded new file");
	return 0;
}

size_t
ranges_write_old(const struct ranges *r, uint8_t *at)
{
	size_t n = number_write(at, r->n), i;
	uint64_t end = 0;

	for (i = 0; i < r->n; i++) {
		const struct range *g = &r->at[i];

		n += number_write(at + n, g->packed_at - end);
		n += number_write(at + n, g->packed);
		n += number_write(at + n, g->raw);
		end = g->packed_at + g->packed;
	}
	return n;
}

size_t
ranges_write_new(const struct ranges *r, uint8_t *at)
{
	size_t n = number_write(at, r->n), i;
	uint64_t end = 0;

	for (i = 0; i < r->n; i++) {
		const struct range *g = &r->at[i];

		n += number_write(at + n, g->at - end);
		n += number_write(at + n, g->raw);
		n += number_write(
		    at + n, g->how.level | (uint64_t)g->how.family << 4);
		end = g->at + g->raw;
	}
	return n;
}

uint64_t
ranges_place(struct ranges *r, uint64_t size)
{
	uint64_t from = 0, to = 0;
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct range *g = &r->at[i];

		g->at = to + (g->packed_at - from);
		from = g->packed_at + g->packed;
		to = g->at + g->raw;
	}
	return to + (size - from);
}
