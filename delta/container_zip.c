/*
 * zip, and so .jar, .nupkg, .vsix, .apk, .whl (PKWARE, "APPNOTE.TXT", 4.3): the
 * central directory decides what there is, as readers do.
 */
#include <string.h>

#include "delta/container.h"
#include "delta/core/number.h"

#define LOCAL	    30
#define CENTRAL	    46
#define END	    22
#define LOCATOR	    20
#define END_64	    56
#define COMMENT_MAX 65535
#define ENCRYPTED   1
#define STORED	    0
#define DEFLATED    8
#define IS_64	    0xffffffff
#define EXTRA_64    1
#define SIG_LOCAL   0x04034b50
#define SIG_CENTRAL 0x02014b50
#define SIG_END	    0x06054b50
#define SIG_END_64  0x06064b50
#define SIG_LOCATOR 0x07064b50

/* The central directory. */
struct directory {
	uint64_t at, size, n;
	uint64_t shift; /* of all offsets: what stands before the archive */
};

static uint64_t
u16(const uint8_t *at)
{
	return (uint64_t)at[0] | (uint64_t)at[1] << 8;
}

static const uint8_t *
signed_by(const struct container *c, uint64_t off, uint64_t n, uint32_t sig)
{
	const uint8_t *at = container_bytes(c, off, n);

	return at != NULL && number_u32(at) == sig ? at : NULL;
}

/* The end record, whose comment fills the file: from the end backwards. */
static const uint8_t *
find_end(const struct container *c, uint64_t *off)
{
	uint64_t size = c->in->size, i;
	const uint8_t *at;

	if (size < END)
		return NULL;
	for (i = 0; i <= COMMENT_MAX && i + END <= size; i++) {
		*off = size - END - i;
		at = signed_by(c, *off, END, SIG_END);
		if (at != NULL && u16(at + 20) == i)
			return at;
	}
	return NULL;
}

/* Where the directory lies, by the records that end at its end. */
static bool
find_directory(const struct container *c, struct directory *d)
{
	uint64_t off, said;
	const uint8_t *end = find_end(c, &off), *locator, *end64 = NULL;

	if (end == NULL)
		return false;
	d->n = u16(end + 10);
	d->size = number_u32(end + 12);
	said = number_u32(end + 16);
	locator = off < LOCATOR
	    ? NULL
	    : signed_by(c, off - LOCATOR, LOCATOR, SIG_LOCATOR);
	if (locator != NULL) {
		off = number_u64(locator + 8);
		end64 = signed_by(c, off, END_64, SIG_END_64);
	}
	if (end64 != NULL) {
		d->n = number_u64(end64 + 32);
		d->size = number_u64(end64 + 40);
		said = number_u64(end64 + 48);
	}
	if (d->size > off)
		return false;
	d->at = off - d->size;
	if (said > d->at)
		return false;
	d->shift = d->at - said;
	return true;
}

/* What a record says in full or in the zip64 field of its extra ones. */
struct sizes {
	uint64_t raw, packed, off;
};

static void
sizes_64(struct bytes extra, struct sizes *s)
{
	uint64_t *const field[] = { &s->raw, &s->packed, &s->off };
	size_t i, n;

	while (extra.len >= 4) {
		n = (size_t)u16(extra.at + 2);
		if (n > extra.len - 4)
			return;
		if (u16(extra.at) == EXTRA_64) {
			const uint8_t *at = extra.at + 4;

			for (i = 0; i < COUNT(field); i++) {
				if (*field[i] != IS_64)
					continue;
				if (n < 8)
					return;
				*field[i] = number_u64(at);
				at += 8;
				n -= 8;
			}
			return;
		}
		extra.at += 4 + n;
		extra.len -= 4 + n;
	}
}

/* A member by its two records. */
static void
member(struct container *c, const struct directory *d, const uint8_t *central,
    struct bytes name, struct bytes extra)
{
	struct sizes s = { number_u32(central + 24), number_u32(central + 20),
		number_u32(central + 42) };
	uint64_t method = u16(central + 10);
	struct entry m = { .zip = true, .deflated = method == DEFLATED };
	const uint8_t *local;

	if (u16(central + 8) & ENCRYPTED ||
	    (method != STORED && method != DEFLATED))
		return;
	sizes_64(extra, &s);
	if (s.off > d->at ||
	    (local = signed_by(c, d->shift + s.off, LOCAL, SIG_LOCAL)) == NULL)
		return;
	m.off = d->shift + s.off + LOCAL + u16(local + 26) + u16(local + 28);
	m.size = s.packed;
	m.raw = m.deflated ? s.raw : 0;
	/* an empty file has a stream, but nothing to compare; RFC 1951 packs
	 * no better than 1032 to 1 */
	if (m.deflated && (s.raw == 0 || s.raw / 1032 > s.packed))
		return;
	if (m.off > d->at || m.size > d->at - m.off)
		return;
	container_add(c, name, &m);
}

bool
container_zip(struct container *c)
{
	struct directory d;
	uint64_t at, i, name, extra, comment;
	const uint8_t *h;

	if (!find_directory(c, &d))
		return false;
	at = d.at;
	for (i = 0; i < d.n; i++) {
		h = signed_by(c, at, CENTRAL, SIG_CENTRAL);
		if (h == NULL)
			break;
		name = u16(h + 28);
		extra = u16(h + 30);
		comment = u16(h + 32);
		if (container_bytes(c, at + CENTRAL, name + extra + comment) ==
		    NULL)
			break;
		member(c, &d, h, (struct bytes){ h + CENTRAL, (size_t)name },
		    (struct bytes){ h + CENTRAL + name, (size_t)extra });
		at += CENTRAL + name + extra + comment;
	}
	return true;
}
