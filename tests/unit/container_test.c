/*
 * Members of archives: found where they are, and nothing else, whatever the
 * bytes are.  tests/cli/delta-containers.t has archives of real tools.
 */
#include "delta/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/core/number.h"
#include "manifest/base/buf.h"
#include "tests/tap.h"

/* --- archives --------------------------------------------------------------*/

static void
u16(struct buf *b, unsigned n)
{
	buf_byte(b, (uint8_t)n);
	buf_byte(b, (uint8_t)(n >> 8));
}

static void
u32(struct buf *b, uint32_t n)
{
	u16(b, n & 0xffff);
	u16(b, n >> 16);
}

static void
fill(struct buf *b, size_t to, uint8_t byte)
{
	while (b->len < to)
		buf_byte(b, byte);
}

/* The sum of a header, as tar wants it. */
static void
tar_sum(uint8_t *h)
{
	unsigned sum = 0;
	int i;

	memset(h + 148, ' ', 8);
	for (i = 0; i < 512; i++)
		sum += h[i];
	for (i = 5; i >= 0; i--, sum >>= 3)
		h[148 + i] = (uint8_t)('0' + (sum & 7));
	h[154] = 0;
}

static void
tar_add(struct buf *b, char type, const char *name, const char *content)
{
	char size[32];
	uint8_t *h;
	size_t at = b->len;

	fill(b, at + 512, 0);
	h = b->at + at;
	memcpy(h, name, strnlen(name, 100));
	(void)snprintf(size, sizeof(size), "%011zo", strlen(content));
	memcpy(h + 124, size, 11);
	h[156] = (uint8_t)type;
	memcpy(h + 257, "ustar\00000", 8);
	tar_sum(h);
	buf_text(b, content);
	fill(b, (b->len + 511) / 512 * 512, 0);
}

/* One member of a zip, and where its records begin. */
struct zipped {
	const char *name, *bytes;
	unsigned method;
	uint32_t raw, at;
};

static void
zip_write(struct buf *b, struct zipped *z, size_t n)
{
	uint32_t start, begin = (uint32_t)b->len;
	size_t i;

	for (i = 0; i < n; i++) {
		z[i].at = (uint32_t)b->len - begin;
		u32(b, 0x04034b50);
		fill(b, b->len + 22, 0);
		u16(b, (unsigned)strlen(z[i].name));
		u16(b, 4);
		buf_text(b, z[i].name);
		u32(b, 0xffff);
		buf_text(b, z[i].bytes);
	}
	start = (uint32_t)b->len - begin;
	for (i = 0; i < n; i++) {
		u32(b, 0x02014b50);
		fill(b, b->len + 6, 0);
		u16(b, z[i].method);
		fill(b, b->len + 8, 0);
		u32(b, (uint32_t)strlen(z[i].bytes));
		u32(b, z[i].raw);
		u16(b, (unsigned)strlen(z[i].name));
		fill(b, b->len + 12, 0);
		u32(b, z[i].at);
		buf_text(b, z[i].name);
	}
	u32(b, 0x06054b50);
	u32(b, 0);
	u16(b, (unsigned)n);
	u16(b, (unsigned)n);
	u32(b, (uint32_t)b->len - begin - start - 12);
	u32(b, start);
	u16(b, 0);
}

static void
gzip_write(struct buf *b, const char *bytes, uint32_t raw)
{
	static const uint8_t header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };

	buf_add(b, header, sizeof(header));
	buf_text(b, bytes);
	u32(b, 0);
	u32(b, raw);
}

static void
ar_add(struct buf *b, const char *name, struct bytes content)
{
	char header[61];

	if (b->len == 0)
		buf_text(b, "!<arch>\n");
	(void)snprintf(header, sizeof(header),
	    "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644",
	    content.len);
	buf_text(b, header);
	buf_add(b, content.at, content.len);
	if (content.len & 1)
		buf_byte(b, '\n');
}

static void
asar_write(struct buf *b, const char *json, const char *content)
{
	size_t n = (strlen(json) + 3) / 4 * 4;

	u32(b, 4);
	u32(b, (uint32_t)n + 8);
	u32(b, (uint32_t)n + 4);
	u32(b, (uint32_t)strlen(json));
	buf_text(b, json);
	fill(b, 16 + n, 0);
	buf_text(b, content);
}

/* --- what is found ----------------------------------------------------------*/

static struct bytes
text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* What must hold of any file: members lie in it, those of one archive ascend,
 * deflated ones are disjoint from each other. */
static void
is_sound(const struct entries *m, size_t size)
{
	size_t i, k;

	for (i = 0; i < m->n; i++) {
		const struct entry *a = &m->at[i];

		CHECK(
		    a->size > 0 && a->off <= size && a->size <= size - a->off);
		CHECK(a->depth >= 1 && a->depth <= CONTAINER_DEPTH);
		CHECK(strlen(a->name) <= CONTAINER_NAME);
		for (k = 0; k < i && a->deflated; k++)
			CHECK(!m->at[k].deflated ||
			    m->at[k].off + m->at[k].size <= a->off ||
			    a->off + a->size <= m->at[k].off);
	}
}

/* The member of this name has this content. */
static bool
has(struct bytes file, const char *name, const char *content)
{
	struct entries m;
	bool found = false;
	size_t i;

	container_list(&m, file);
	is_sound(&m, file.len);
	for (i = 0; i < m.n; i++)
		if (strcmp(m.at[i].name, name) == 0 &&
		    m.at[i].size == strlen(content) &&
		    memcmp(file.at + m.at[i].off, content, m.at[i].size) == 0)
			found = true;
	container_done(&m);
	return found;
}

static size_t
count(struct bytes file)
{
	struct entries m;
	size_t n;

	container_list(&m, file);
	is_sound(&m, file.len);
	n = m.n;
	container_done(&m);
	return n;
}

static void
tar_members_are_found(void)
{
	AUTO_BUF b;
	char path[200];

	buf_init(&b, 1 << 20);
	tar_add(&b, '5', "folder/", "");
	tar_add(&b, '0', "folder/a", "alpha");
	tar_add(
	    &b, 'x', "pax", "18 path=long/name\n27 comment=path=not a path\n");
	tar_add(&b, '0', "short", "beta");
	tar_add(&b, 'L', "././@LongLink", "gnu/name");
	tar_add(&b, '0', "cut", "gamma");
	tar_add(&b, '2', "link", "");
	tar_add(&b, '0', "empty", "");
	tar_add(&b, '0', "last", "delta");
	/* GNU's way to say sizes that octal digits cannot */
	tar_add(&b, '0', "binary", "epsilon");
	memset(b.at + b.len - 1024 + 124, 0, 12);
	b.at[b.len - 1024 + 124] = 0x80;
	b.at[b.len - 1024 + 135] = 7;
	tar_sum(b.at + b.len - 1024);
	fill(&b, b.len + 1024, 0);
	CHECK(has(buf_bytes(&b), ":folder/a", "alpha"));
	CHECK(has(buf_bytes(&b), ":long/name", "beta"));
	CHECK(has(buf_bytes(&b), ":gnu/name", "gamma"));
	CHECK(has(buf_bytes(&b), ":last", "delta"));
	CHECK(has(buf_bytes(&b), ":binary", "epsilon"));
	CHECK_INT(count(buf_bytes(&b)), 5);
	/* a prefix, as ustar has it */
	buf_reset(&b);
	tar_add(&b, '0', "name", "zeta");
	memcpy(b.at + 345, "some/folder", 11);
	tar_sum(b.at);
	(void)snprintf(path, sizeof(path), ":some/folder/name");
	CHECK(has(buf_bytes(&b), path, "zeta"));
}

static void
zip_members_are_found(void)
{
	struct zipped z[] = {
		{ "stored", "alpha", 0, 5, 0 },
		{ "deflated", "beta", 8, 100, 0 },
		{ "bzip2", "gamma", 12, 100, 0 }, { "empty", "", 0, 0, 0 },
		{ "lies", "x", 8, 5000, 0 }, /* more than deflate makes */
	};
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	zip_write(&b, z, COUNT(z));
	CHECK(has(buf_bytes(&b), ":stored", "alpha"));
	CHECK(has(buf_bytes(&b), ":deflated", "beta"));
	CHECK_INT(count(buf_bytes(&b)), 2);
	/* behind a program that unpacks it; with a comment */
	buf_reset(&b);
	buf_text(&b, "MZ, and what follows");
	zip_write(&b, z, COUNT(z));
	b.at[b.len - 2] = 7;
	buf_text(&b, "comment");
	CHECK(has(buf_bytes(&b), ":stored", "alpha"));
	CHECK_INT(count(buf_bytes(&b)), 2);
}

static void
other_members_are_found(void)
{
	static const char json[] =
	    "{\"files\":{\"a\":{\"size\":5,\"offset\":\"0\",\"integrity\":"
	    "{\"blocks\":[\"x}\",\"y\"]}},\"dir\":{\"files\":{\"b\\\"c\": "
	    "{\"offset\" : \"5\",\"size\":4,\"executable\":true}}},"
	    "\"out\":{\"size\":9,\"unpacked\":true}}}";
	struct bytes long_names = text("a very long name.o/\nanother one/\n");
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	asar_write(&b, json, "alphabeta");
	CHECK(has(buf_bytes(&b), ":a", "alpha"));
	CHECK(has(buf_bytes(&b), ":dir/b\\\"c", "beta"));
	CHECK_INT(count(buf_bytes(&b)), 2);
	buf_reset(&b);
	ar_add(&b, "debian-binary", text("2.0\n"));
	ar_add(&b, "//", long_names);
	ar_add(&b, "/20", text("gamma"));
	ar_add(&b, "#1/5", text("namesdelta"));
	ar_add(&b, "slash/", text("epsilon"));
	CHECK(has(buf_bytes(&b), ":debian-binary", "2.0\n"));
	CHECK(has(buf_bytes(&b), ":another one", "gamma"));
	CHECK(has(buf_bytes(&b), ":names", "delta"));
	CHECK(has(buf_bytes(&b), ":slash", "epsilon"));
	buf_reset(&b);
	gzip_write(&b, "packed", 20);
	CHECK(has(buf_bytes(&b), ":", "packed"));
	/* all that may stand in the header */
	buf_reset(&b);
	gzip_write(&b, "", 0);
	b.at[3] = 4 | 8 | 16 | 2;
	b.len = 10;
	u16(&b, 3);
	buf_text(&b, "abc");
	buf_add(&b, "name\0comment\0##packed........", 29);
	CHECK(has(buf_bytes(&b), ":", "packed"));
}

static void
archives_in_archives_are_looked_into(void)
{
	struct zipped z[] = { { "x", "packed", 8, 20, 0 } };
	AUTO_BUF inner;
	AUTO_BUF outer;
	struct bytes deep;
	char name[64] = "";
	int i;

	buf_init(&inner, 1 << 20);
	buf_init(&outer, 1 << 20);
	gzip_write(&inner, "control", 50);
	ar_add(&outer, "control.tar.gz", buf_bytes(&inner));
	buf_reset(&inner);
	zip_write(&inner, z, 1);
	ar_add(&outer, "some.zip", buf_bytes(&inner));
	CHECK(has(buf_bytes(&outer), ":control.tar.gz:", "control"));
	CHECK(has(buf_bytes(&outer), ":some.zip:x", "packed"));
	/* but not without end */
	for (i = 0; i < 10; i++) {
		buf_reset(&outer);
		ar_add(&outer, "a", buf_bytes(&inner));
		buf_reset(&inner);
		buf_add(&inner, outer.at, outer.len);
	}
	deep = buf_bytes(&outer);
	CHECK_INT(count(deep), CONTAINER_DEPTH);
	for (i = 0; i < CONTAINER_DEPTH; i++)
		memcpy(name + 2 * (size_t)i, ":a", 3);
	CHECK(!has(deep, name, "packed"));
}

/* --- what is hostile ---------------------------------------------------------*/

static void
what_is_no_archive_has_no_members(void)
{
	static const char *const no[] = { "", "x", "!<arch>\n",
		"!<arch>\nshort", "\x1f\x8b\x08", "PK\5\6",
		"\x1f\x8b\x08\xff more than a header", "ustar, but only here" };
	/* an asar whose text is empty, where the file ends */
	const uint8_t empty[16] = { 4, 0, 0, 0, 8, 0, 0, 0, 4 };
	uint8_t zeros[2048] = { 0 };
	size_t i;

	for (i = 0; i < COUNT(no); i++)
		CHECK_INT(count(text(no[i])), 0);
	CHECK_INT(count((struct bytes){ zeros, sizeof(zeros) }), 0);
	CHECK_INT(count((struct bytes){ empty, sizeof(empty) }), 0);
}

/* Each byte of an archive changed, each length cut: sound all the same. */
static void
damaged(struct bytes file)
{
	uint8_t *copy = malloc(file.len);
	size_t i;

	for (i = 0; i < file.len; i++) {
		memcpy(copy, file.at, file.len);
		copy[i] ^= 0xff;
		(void)count((struct bytes){ copy, file.len });
		copy[i] = 0;
		(void)count((struct bytes){ copy, file.len });
		(void)count((struct bytes){ copy, i });
	}
	free(copy);
}

static void
damage_is_harmless(void)
{
	struct zipped z[] = { { "a", "alpha", 0, 5, 0 },
		{ "b", "beta", 8, 100, 0 } };
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	zip_write(&b, z, COUNT(z));
	damaged(buf_bytes(&b));
	buf_reset(&b);
	tar_add(&b, 'x', "pax", "18 path=long/name\n");
	tar_add(&b, '0', "a", "alpha");
	damaged(buf_bytes(&b));
	buf_reset(&b);
	asar_write(&b,
	    "{\"files\":{\"a\":{\"size\":5,\"offset\":\"0\",\"b\":[{}]}}}",
	    "alpha");
	damaged(buf_bytes(&b));
	buf_reset(&b);
	ar_add(&b, "//", text("long name/\n"));
	ar_add(&b, "/0", text("gamma"));
	ar_add(&b, "#1/5", text("namesdelta"));
	damaged(buf_bytes(&b));
}

/* Many records for the same bytes: only one of them counts. */
static void
members_that_overlap_are_left_out(void)
{
	struct zipped z[] = { { "a", "packed", 8, 20, 0 },
		{ "b", "other", 8, 20, 0 } };
	AUTO_BUF b;
	size_t i;

	buf_init(&b, 1 << 20);
	zip_write(&b, z, 2);
	CHECK_INT(count(buf_bytes(&b)), 2);
	for (i = 0; i + 4 < b.len; i++)
		if (number_u32(b.at + i) == 0x02014b50)
			number_put_u32(b.at + i + 42, 0);
	CHECK_INT(count(buf_bytes(&b)), 1);
	buf_reset(&b);
	asar_write(&b,
	    "{\"files\":{\"a\":{\"size\":5,\"offset\":\"0\"},"
	    "\"b\":{\"size\":5,\"offset\":\"4\"},"
	    "\"c\":{\"size\":18446744073709551615,\"offset\":\"0\"},"
	    "\"d\":{\"size\":1,\"offset\":\"99999999999999999999\"}}}",
	    "alphabeta");
	CHECK_INT(count(buf_bytes(&b)), 1);
}

static void
depth_and_names_are_bounded(void)
{
	AUTO_BUF json;
	AUTO_BUF b;
	int i;

	buf_init(&json, 1 << 22);
	buf_init(&b, 1 << 22);
	for (i = 0; i < 100000; i++)
		buf_text(&json, "{\"files\":{\"a\":");
	asar_write(&b, buf_str(&json), "alpha");
	CHECK_INT(count(buf_bytes(&b)), 0);
	buf_reset(&json);
	buf_reset(&b);
	buf_text(&json, "{\"files\":{\"");
	fill(&json, json.len + 2 * CONTAINER_NAME, 'n');
	buf_text(&json, "\":{\"size\":5,\"offset\":\"0\"}}}");
	asar_write(&b, buf_str(&json), "alpha");
	CHECK_INT(count(buf_bytes(&b)), 0);
	/* a value that does not matter, however deep */
	buf_reset(&json);
	buf_reset(&b);
	buf_text(&json, "{\"files\":{\"a\":{\"x\":");
	fill(&json, json.len + 100000, '[');
	fill(&json, json.len + 100000, ']');
	buf_text(&json, ",\"size\":5,\"offset\":\"0\"}}}");
	asar_write(&b, buf_str(&json), "alpha");
	CHECK(has(buf_bytes(&b), ":a", "alpha"));
}

static void
too_many_members_are_left_out(void)
{
	struct entries m;
	AUTO_BUF b;
	int i;

	buf_init(&b, 64 << 20);
	for (i = 0; i < CONTAINER_ENTRIES + 10; i++)
		ar_add(&b, "a", text("xy"));
	container_list(&m, buf_bytes(&b));
	CHECK_INT(m.n, CONTAINER_ENTRIES);
	CHECK(m.full);
	container_done(&m);
}

static const struct tap_test tests[] = {
	TAP(tar_members_are_found),
	TAP(zip_members_are_found),
	TAP(other_members_are_found),
	TAP(archives_in_archives_are_looked_into),
	TAP(what_is_no_archive_has_no_members),
	TAP(damage_is_harmless),
	TAP(members_that_overlap_are_left_out),
	TAP(depth_and_names_are_bounded),
	TAP(too_many_members_are_left_out),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
