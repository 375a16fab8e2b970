/*
 * Trying encoders: each runs until its bytes are not those of the stream.
 */
#include "delta/redeflate.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "delta/threads.h"

#define TRIED_IN_FULL 8 /* streams, */
#define ROUNDS	      3 /* so many times */
#define ALL	      (DEFLATE_FAMILIES * DEFLATE_LEVEL_MAX)

/* The usual ones come first. */
static const struct deflate_how usual[] = {
	{ DEFLATE_ZLIB_8, 6 },
	{ DEFLATE_ZLIB_8, 9 },
	{ DEFLATE_GZIP, 6 },
	{ DEFLATE_GZIP, 9 },
	{ DEFLATE_CHROMIUM_8, 9 },
	{ DEFLATE_CHROMIUM_8, 6 },
	{ DEFLATE_INFOZIP, 6 },
	{ DEFLATE_INFOZIP, 9 },
};

/* Some encoders, in the order in which they are tried. */
struct hows {
	struct deflate_how at[ALL];
	size_t n;
};

static void
hows_add(struct hows *h, struct deflate_how how)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->at[i].family == how.family &&
		    h->at[i].level == how.level)
			return;
	h->at[h->n++] = how;
}

static void
hows_all(struct hows *h)
{
	struct deflate_how how;
	unsigned f;
	size_t i;

	h->n = 0;
	for (i = 0; i < COUNT(usual); i++)
		hows_add(h, usual[i]);
	for (f = 0; f < DEFLATE_FAMILIES; f++)
		for (how.level = 1; how.level <= DEFLATE_LEVEL_MAX;
		     how.level++) {
			how.family = (enum deflate_family)f;
			hows_add(h, how);
		}
}

/* Bytes that must be those of a stream. */
struct same {
	struct bytes left;
};

static int
same_write(void *ctx, const uint8_t *at, size_t n, struct err *e)
{
	struct same *s = ctx;

	if (n > s->left.len || memcmp(at, s->left.at, n) != 0)
		return err_set(e, ERR_INPUT, "another encoder's");
	s->left.at += n;
	s->left.len -= n;
	return 0;
}

/* 1: it makes the stream; 0: another one. */
static int
try(struct deflate **d, const struct redeflate *s, struct bytes content,
    const struct deflate_how *how, struct err *e)
{
	struct same same = { s->packed };
	const struct coder_out out = { same_write, &same };

	if (deflate_open(d, how, &out, e) < 0)
		return -1;
	if (deflate_add(*d, content.at, content.len, e) < 0 ||
	    deflate_end(*d, e) < 0)
		return 0;
	return same.left.len == 0;
}

/* Content into memory, or nowhere. */
struct content {
	uint8_t *at; /* owned */
	size_t len;
};

static int
content_write(void *ctx, const uint8_t *at, size_t n, struct err *e)
{
	struct content *c = ctx;

	(void)e;
	if (c->at != NULL)
		memcpy(c->at + c->len, at, n);
	c->len += n;
	return 0;
}

static bool
inflate(struct redeflate *s, struct content *c)
{
	const struct coder_out out = { content_write, c };
	struct err e;

	return coder_inflate((struct coder_in){ s->packed.at, s->packed.len },
		   s->raw, &out, &e) == 0;
}

/* The work of all threads. */
struct work {
	struct redeflate **stream;
	size_t n;
	const struct hows *hows; /* NULL: only inflate */
	atomic_size_t next;
	atomic_bool failed;
};

/* These two differ in the last bytes of a stream at most: the one that is
 * likely comes first, or it would be packed twice. */
static enum deflate_family
as_in_zip(enum deflate_family f)
{
	if (f == DEFLATE_GZIP)
		return DEFLATE_INFOZIP;
	return f == DEFLATE_INFOZIP ? DEFLATE_GZIP : f;
}

static int
find_one(struct redeflate *s, const struct hows *hows, struct deflate **d)
{
	AUTO_FREE uint8_t *at = malloc(s->raw);
	struct content c = { at, 0 };
	struct err e;
	size_t i;
	int made;

	if (at == NULL)
		return -1;
	s->inflates = inflate(s, &c);
	for (i = 0; i < hows->n && s->inflates && !s->found; i++) {
		s->how = hows->at[i];
		if (s->zip)
			s->how.family = as_in_zip(s->how.family);
		made = try(d, s, (struct bytes){ at, s->raw }, &s->how, &e);
		if (made < 0)
			return -1;
		s->found = made == 1;
	}
	return 0;
}

static void *
run(void *arg)
{
	struct work *w = arg;
	struct deflate *d = NULL;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->n) {
		struct content nowhere = { NULL, 0 };

		if (w->hows == NULL)
			w->stream[i]->inflates =
			    inflate(w->stream[i], &nowhere);
		else if (find_one(w->stream[i], w->hows, &d) < 0)
			w->failed = true;
	}
	deflate_close(d);
	return NULL;
}

static int
all(struct redeflate **stream, size_t n, const struct hows *hows, struct err *e)
{
	struct work w = { .stream = stream, .n = n, .hows = hows };

	threads_run(run, &w, n);
	return w.failed ? err_set(e, ERR_SYS, "trying encoders: out of memory")
			: 0;
}

static int
by_size(const void *x, const void *y)
{
	const struct redeflate *a = *(struct redeflate *const *)x;
	const struct redeflate *b = *(struct redeflate *const *)y;

	if (a->packed.len != b->packed.len)
		return a->packed.len > b->packed.len ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Pointers to the streams; NULL: no memory. */
static struct redeflate **
pointers(struct redeflate *s, size_t n, struct err *e)
{
	struct redeflate **p = calloc(n + 1, sizeof(struct redeflate *));
	size_t i;

	if (p == NULL) {
		(void)err_sys(e, "trying encoders");
		return NULL;
	}
	for (i = 0; i < n; i++)
		p[i] = &s[i];
	return p;
}

int
redeflate_inflate(struct redeflate *s, size_t n, struct err *e)
{
	AUTO_FREE struct redeflate **p = pointers(s, n, e);

	return p == NULL ? -1 : all(p, n, NULL, e);
}

/* What made some of these streams, as it is tried for others. */
static void
hows_of(struct hows *h, struct redeflate *const *stream, size_t n)
{
	struct deflate_how how;
	size_t i;

	h->n = 0;
	for (i = 0; i < n; i++) {
		if (!stream[i]->found)
			continue;
		how = stream[i]->how;
		if (stream[i]->zip)
			how.family = as_in_zip(how.family);
		hows_add(h, how);
		how.family = as_in_zip(how.family);
		hows_add(h, how);
	}
}

/* Leaves those of which something may still be found out. */
static size_t
still_open(struct redeflate **stream, size_t n)
{
	size_t i, left = 0;

	for (i = 0; i < n; i++)
		if (stream[i]->inflates && !stream[i]->found)
			stream[left++] = stream[i];
	return left;
}

int
redeflate_find(struct redeflate *s, size_t n, struct err *e)
{
	AUTO_FREE struct redeflate **p = pointers(s, n, e);
	struct redeflate **left = p;
	struct hows hows;
	size_t first;
	int round;

	if (p == NULL)
		return -1;
	qsort(p, n, sizeof(struct redeflate *), by_size);
	/* an archive may be made by several, but not by many */
	for (round = 0; round < ROUNDS && n > 0; round++) {
		first = n < TRIED_IN_FULL ? n : TRIED_IN_FULL;
		hows_all(&hows);
		if (all(left, first, &hows, e) < 0)
			return -1;
		hows_of(&hows, left, first);
		left += first;
		n -= first;
		if (hows.n == 0)
			break;
		if (all(left, n, &hows, e) < 0)
			return -1;
		n = still_open(left, n);
	}
	return 0;
}
