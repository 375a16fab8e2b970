/*
 * What to unpack, and how the members lie in what comes out.
 */
#include "delta/unpacked.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/expand.h"
#include "delta/core/format.h"
#include "delta/names.h"
#include "delta/redeflate.h"
#include "manifest/base/text.h"

#define OPEN_MAX 32768

/* The streams of one file. */
struct streams {
	const struct entry **entry; /* owned */
	struct redeflate *at;	    /* owned */
	struct names names;
	bool *same; /* owned: the other file has it as it is */
	bool *open; /* owned: unpack it */
	size_t n;
};

static void
streams_done(struct streams *s)
{
	free(s->entry);
	free(s->at);
	free(s->same);
	free(s->open);
	names_done(&s->names);
}
#define AUTO_STREAMS CLEANUP(streams_done) struct streams

static int
by_place(const void *x, const void *y)
{
	const struct entry *a = *(const struct entry *const *)x;
	const struct entry *b = *(const struct entry *const *)y;

	return a->off < b->off ? -1 : a->off > b->off;
}

/* A stream that a patch could say: deflate makes no more of it. */
static bool
is_plausible(const struct entry *m)
{
	return m->deflated && m->raw > 0 &&
	    m->raw / FORMAT_INFLATE_MAX <= m->size;
}

uint64_t
unpacked_most(struct bytes file)
{
	struct entries list;
	uint64_t most = file.len;
	size_t i;

	container_list(&list, file);
	for (i = 0; i < list.n; i++)
		if (is_plausible(&list.at[i]) &&
		    list.at[i].raw > list.at[i].size)
			most += list.at[i].raw - list.at[i].size;
	container_done(&list);
	return most;
}

static int
streams_of(struct streams *s, const struct unpacked *u, struct err *e)
{
	const size_t room = u->list.n + 1;
	size_t i;

	s->entry = calloc(room, sizeof(const struct entry *));
	s->at = calloc(room, sizeof(*s->at));
	s->same = calloc(room, sizeof(*s->same));
	s->open = calloc(room, sizeof(*s->open));
	if (s->entry == NULL || s->at == NULL || s->same == NULL ||
	    s->open == NULL)
		return err_sys(e, "members");
	for (i = 0; i < u->list.n; i++)
		if (is_plausible(&u->list.at[i]))
			s->entry[s->n++] = &u->list.at[i];
	qsort(s->entry, s->n, sizeof(const struct entry *), by_place);
	if (names_room(&s->names, s->n, e) < 0)
		return -1;
	for (i = 0; i < s->n; i++) {
		s->names.at[i] = s->entry[i]->name;
		s->at[i].packed = (struct bytes){ u->file.at + s->entry[i]->off,
			(size_t)s->entry[i]->size };
		s->at[i].raw = s->entry[i]->raw;
		s->at[i].zip = s->entry[i]->zip;
	}
	return 0;
}

struct packed {
	struct bytes at;
	size_t i;
};

static int
by_bytes(const void *x, const void *y)
{
	const struct bytes *a = &((const struct packed *)x)->at;
	const struct bytes *b = &((const struct packed *)y)->at;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->at, b->at, a->len);
}

/* What both files have as it is stays as it is: nothing is cheaper. */
static int
mark_same(struct streams *old, struct streams *new, struct err *e)
{
	AUTO_FREE struct packed *sorted = calloc(old->n + 1, sizeof(*sorted));
	struct packed *found;
	size_t i;

	if (sorted == NULL)
		return err_sys(e, "members");
	for (i = 0; i < old->n; i++)
		sorted[i] = (struct packed){ old->at[i].packed, i };
	qsort(sorted, old->n, sizeof(*sorted), by_bytes);
	for (i = 0; i < new->n; i++) {
		const struct packed key = { new->at[i].packed, 0 };

		found =
		    bsearch(&key, sorted, old->n, sizeof(*sorted), by_bytes);
		if (found != NULL)
			new->same[i] = old->same[found->i] = true;
	}
	return 0;
}

/* Looking at a stream takes its content, and each CPU looks at one: all of
 * them together are the most, with any number of CPUs. */
static int
check_memory(const struct streams *new, int64_t memory_max, struct err *e)
{
	uint64_t most = 0;
	char text[32];
	size_t i;

	for (i = 0; i < new->n; i++)
		if (!new->same[i])
			most += new->at[i].raw;
	if (memory_max > 0 && most > (uint64_t)memory_max)
		return err_set(e, ERR_LIMIT,
		    "making this patch takes more than %s of memory",
		    size_text(text, sizeof(text), memory_max));
	return 0;
}

/* Find out how the streams that changed were made. */
static int
find_encoders(struct streams *new, struct err *e)
{
	AUTO_FREE struct redeflate *some = calloc(new->n + 1, sizeof(*some));
	size_t i, n = 0;

	if (some == NULL)
		return err_sys(e, "members");
	for (i = 0; i < new->n; i++)
		if (!new->same[i])
			some[n++] = new->at[i];
	if (redeflate_find(some, n, e) < 0)
		return -1;
	for (i = n = 0; i < new->n; i++) {
		if (new->same[i])
			continue;
		new->at[i] = some[n++];
		new->open[i] = new->at[i].found;
	}
	return 0;
}

static int
by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The extensions of the streams that are unpacked and have no counterpart:
 * sorted, or each stream of old would be compared with each of new. */
static const char **
extensions(const struct streams *new, size_t *n, struct err *e)
{
	const char **list = calloc(new->n + 1, sizeof(const char *));
	size_t i;

	*n = 0;
	if (list == NULL) {
		(void)err_sys(e, "members");
		return NULL;
	}
	for (i = 0; i < new->n; i++)
		if (new->open[i] && new->names.pair[i] < 0)
			list[(*n)++] = names_extension(new->names.at[i]);
	qsort(list, *n, sizeof(const char *), by_text);
	return list;
}

/* The streams of old that those of new may have come from. */
static int
open_old(struct streams *old, struct streams *new, struct err *e)
{
	AUTO_FREE const char **wanted = NULL;
	const char *extension;
	size_t i, n;

	if (names_pair(&old->names, &new->names, e) < 0 ||
	    (wanted = extensions(new, &n, e)) == NULL)
		return -1;
	for (i = 0; i < old->n; i++) {
		int pair = old->names.pair[i];

		if (old->same[i])
			continue;
		if (pair >= 0) {
			old->open[i] = new->open[pair];
			continue;
		}
		/* renamed, perhaps: to unpack it costs nothing in the patch */
		extension = names_extension(old->names.at[i]);
		old->open[i] = bsearch(&extension, wanted, n,
				   sizeof(const char *), by_text) != NULL;
	}
	return 0;
}

/* Those of old that are damaged stay as they are. */
static int
check_old(struct streams *old, struct err *e)
{
	AUTO_FREE struct redeflate *some = calloc(old->n + 1, sizeof(*some));
	size_t i, n = 0;

	if (some == NULL)
		return err_sys(e, "members");
	for (i = 0; i < old->n; i++)
		if (old->open[i])
			some[n++] = old->at[i];
	if (redeflate_inflate(some, n, e) < 0)
		return -1;
	for (i = n = 0; i < old->n; i++)
		if (old->open[i])
			old->open[i] = some[n++].inflates;
	return 0;
}

static int
make_ranges(struct unpacked *u, struct streams *s, struct err *e)
{
	struct range *r;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		/* the tables of a patch have 1 MiB */
		s->open[i] = s->open[i] && n < OPEN_MAX;
		n += s->open[i];
	}
	if (ranges_room(&u->ranges, n, e) < 0)
		return -1;
	r = u->ranges.at;
	for (i = 0; i < s->n; i++)
		if (s->open[i])
			*r++ = (struct range){ .packed_at = s->entry[i]->off,
				.packed = s->entry[i]->size,
				.raw = s->entry[i]->raw,
				.how = s->at[i].how };
	u->bytes = u->file;
	u->bytes.len = (size_t)ranges_place(&u->ranges, u->file.len);
	return 0;
}

int
unpacked_plan(struct unpacked *old, struct unpacked *new, int64_t memory_max,
    struct err *e)
{
	AUTO_STREAMS from = { 0 };
	AUTO_STREAMS to = { 0 };

	container_list(&old->list, old->file);
	container_list(&new->list, new->file);
	if (streams_of(&from, old, e) < 0 || streams_of(&to, new, e) < 0 ||
	    mark_same(&from, &to, e) < 0 ||
	    check_memory(&to, memory_max, e) < 0 || find_encoders(&to, e) < 0 ||
	    open_old(&from, &to, e) < 0 || check_old(&from, e) < 0 ||
	    make_ranges(old, &from, e) < 0)
		return -1;
	return make_ranges(new, &to, e);
}

/* --- what comes out ---------------------------------------------------------*/

struct filled {
	uint8_t *at;
	size_t len, room;
};

static int
filled_write(void *ctx, const uint8_t *at, size_t n, struct err *e)
{
	struct filled *f = ctx;

	if (n > f->room - f->len)
		return err_set(e, ERR_INPUT, "a stream grew");
	memcpy(f->at + f->len, at, n);
	f->len += n;
	return 0;
}

/* Where a byte outside the ranges, or the end of one, comes to. */
static uint64_t
placed(const struct ranges *r, uint64_t off)
{
	size_t low = 0, high = r->n, i;
	const struct range *g;

	/* the last range that ends at or before it */
	while (low < high) {
		i = low + (high - low) / 2;
		if (r->at[i].packed_at + r->at[i].packed <= off)
			low = i + 1;
		else
			high = i;
	}
	if (low == 0)
		return off;
	g = &r->at[low - 1];
	return off - (g->packed_at + g->packed) + g->at + g->raw;
}

/* The range that a deflated member became; NULL: it stayed packed. */
static const struct range *
range_of(const struct ranges *r, const struct entry *m)
{
	size_t low = 0, high = r->n, i;

	while (low < high) {
		i = low + (high - low) / 2;
		if (r->at[i].packed_at == m->off)
			return &r->at[i];
		if (r->at[i].packed_at < m->off)
			low = i + 1;
		else
			high = i;
	}
	return NULL;
}

static void
list_parts(struct unpacked *u)
{
	const struct entry whole = { .name = "", .size = u->bytes.len };
	size_t i;

	container_put(&u->parts, &whole);
	for (i = 0; i < u->list.n; i++) {
		const struct entry *m = &u->list.at[i];
		const struct range *r =
		    m->deflated ? range_of(&u->ranges, m) : NULL;
		struct entry part = *m;

		if (r != NULL) {
			part.off = r->at;
			part.size = r->raw;
		} else if (!m->deflated) {
			part.off = placed(&u->ranges, m->off);
			part.size =
			    placed(&u->ranges, m->off + m->size) - part.off;
		} else {
			continue;
		}
		part.deflated = false;
		container_put(&u->parts, &part);
		if (r != NULL)
			container_list_at(&u->parts, u->bytes, &part);
	}
}

int
unpacked_fill(struct unpacked *u, struct err *e)
{
	struct filled f = { .room = u->bytes.len };
	const struct coder_out out = { filled_write, &f };

	if (u->ranges.n > 0) {
		u->own = f.at = malloc(u->bytes.len + 1);
		if (f.at == NULL)
			return err_sys(e, "unpacking");
		if (expand_write(&u->ranges,
			(struct coder_in){ u->file.at, u->file.len }, &out,
			e) < 0)
			return -1;
		u->bytes.at = u->own;
	}
	list_parts(u);
	return 0;
}

void
unpacked_done(struct unpacked *u)
{
	container_done(&u->list);
	container_done(&u->parts);
	ranges_done(&u->ranges);
	free(u->own);
	u->own = NULL;
}
