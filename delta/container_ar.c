/*
 * ar, with the long names of GNU and of BSD; a Debian package is one.  And
 * gzip (RFC 1952): a header, one deflate stream, a trailer.
 */
#include <string.h>

#include "delta/container.h"
#include "delta/core/number.h"

#define AR_MAGIC  "!<arch>\n"
#define AR_HEADER 60
#define AR_NAME	  16

/* Decimal digits, then blanks; false: something else. */
static bool
decimal(const uint8_t *at, size_t n, uint64_t *out)
{
	size_t i;

	*out = 0;
	for (i = 0; i < n && at[i] >= '0' && at[i] <= '9'; i++)
		*out = *out * 10 + (uint64_t)(at[i] - '0');
	if (i == 0)
		return false;
	for (; i < n; i++)
		if (at[i] != ' ')
			return false;
	return true;
}

/* The long name at an offset of GNU's table: ends in "/\n". */
static struct bytes
long_name(struct bytes table, uint64_t off)
{
	const uint8_t *end;

	if (off >= table.len)
		return (struct bytes){ NULL, 0 };
	end = memchr(table.at + off, '\n', table.len - off);
	if (end == NULL)
		return (struct bytes){ NULL, 0 };
	if (end > table.at + off && end[-1] == '/')
		end--;
	return (
	    struct bytes){ table.at + off, (size_t)(end - (table.at + off)) };
}

/* The name in a header; one of BSD's lies before the content. */
static struct bytes
ar_name(const struct container *c, const uint8_t *header, struct bytes table,
    struct entry *m)
{
	struct bytes name = { header, AR_NAME };
	uint64_t n;

	if (memcmp(header, "#1/", 3) == 0 &&
	    decimal(header + 3, AR_NAME - 3, &n) && n <= m->size) {
		name =
		    (struct bytes){ container_bytes(c, m->off, n), (size_t)n };
		m->off += n;
		m->size -= n;
	} else if (header[0] == '/' && decimal(header + 1, AR_NAME - 1, &n)) {
		return long_name(table, n);
	}
	while (name.len > 0 &&
	    (name.at[name.len - 1] == ' ' || name.at[name.len - 1] == 0))
		name.len--;
	/* GNU ends names with one; "//" is its table of long ones */
	if (name.len > 1 && name.at[name.len - 1] == '/' && name.at[0] != '/')
		name.len--;
	return name;
}

bool
container_ar(struct container *c)
{
	const uint8_t *header = container_bytes(c, 0, strlen(AR_MAGIC));
	struct bytes table = { NULL, 0 }, name;
	uint64_t at = strlen(AR_MAGIC), size;

	if (header == NULL || memcmp(header, AR_MAGIC, strlen(AR_MAGIC)) != 0)
		return false;
	while ((header = container_bytes(c, at, AR_HEADER)) != NULL) {
		struct entry m = { .off = at + AR_HEADER };

		if (memcmp(header + 58, "`\n", 2) != 0 ||
		    !decimal(header + 48, 10, &size) ||
		    container_bytes(c, m.off, size) == NULL)
			break;
		m.size = size;
		name = ar_name(c, header, table, &m);
		if (name.len == 2 && memcmp(name.at, "//", 2) == 0)
			table =
			    (struct bytes){ container_bytes(c, m.off, m.size),
				    (size_t)m.size };
		else
			container_add(c, name, &m);
		at += AR_HEADER + size + (size & 1);
	}
	return true;
}

#define GZIP_HEADER  10
#define GZIP_TRAILER 8
#define GZIP_CRC     2 /* of the header follows */
#define GZIP_EXTRA   4
#define GZIP_NAME    8
#define GZIP_COMMENT 16

/* Where the text at off ends, NUL included; 0: nowhere. */
static uint64_t
text_end(const struct container *c, uint64_t off)
{
	const uint8_t *at = container_bytes(c, off, 1), *end;

	if (at == NULL)
		return 0;
	end = memchr(at, 0, (size_t)(c->in->size - off));
	return end == NULL ? 0 : off + (uint64_t)(end - at) + 1;
}

bool
container_gzip(struct container *c)
{
	const uint8_t *h = container_bytes(c, 0, GZIP_HEADER), *extra;
	struct entry m = { .deflated = true, .off = GZIP_HEADER };
	unsigned flags;

	if (h == NULL || memcmp(h, "\x1f\x8b\x08", 3) != 0)
		return false;
	flags = h[3];
	if (flags & ~31u)
		return true;
	if (flags & GZIP_EXTRA) {
		if ((extra = container_bytes(c, m.off, 2)) == NULL)
			return true;
		m.off += 2 + ((uint64_t)extra[0] | (uint64_t)extra[1] << 8);
	}
	if (flags & GZIP_NAME && (m.off = text_end(c, m.off)) == 0)
		return true;
	if (flags & GZIP_COMMENT && (m.off = text_end(c, m.off)) == 0)
		return true;
	if (flags & GZIP_CRC)
		m.off += 2;
	if (container_bytes(c, m.off, GZIP_TRAILER + 1) == NULL)
		return true;
	m.size = c->in->size - m.off - GZIP_TRAILER;
	/* modulo 2^32: what is larger will not be found to be this stream */
	m.raw = number_u32(container_bytes(c, c->in->size - 4, 4));
	container_add(c, (struct bytes){ (const uint8_t *)"", 0 }, &m);
	return true;
}
