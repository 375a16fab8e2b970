/*
 * Deflate as others do it: the streams inflate to what was packed, do not
 * depend on how the bytes came, and are those of the tools.
 */
#include "delta/core/deflate.h"

#include <stdlib.h>
#include <string.h>

#include "delta/names.h"
#include "delta/redeflate.h"
#include "manifest/base/buf.h"
#include "manifest/base/digest.h"
#include "manifest/base/text.h"
#include "tests/tap.h"

static int
collect(void *ctx, const uint8_t *at, size_t n, struct err *e)
{
	(void)e;
	buf_add(ctx, at, n);
	return 0;
}

/* Packed in steps of so many bytes. */
static void
pack(struct buf *out, struct bytes in, struct deflate_how how, size_t step)
{
	const struct coder_out to = { collect, out };
	struct deflate *d = NULL;
	struct err e;
	size_t n;

	buf_reset(out);
	if (deflate_open(&d, &how, &to, &e) < 0)
		abort();
	for (; in.len > 0; in.at += n, in.len -= n) {
		n = step < in.len ? step : in.len;
		CHECK_INT(deflate_add(d, in.at, n, &e), 0);
	}
	CHECK_INT(deflate_end(d, &e), 0);
	deflate_close(d);
}

/* Text, code-like words, noise and runs: blocks of every kind. */
static void
sample(struct buf *b, size_t n)
{
	uint32_t x = 1;
	unsigned i;

	buf_reset(b);
	for (i = 0; b->len < n; i++) {
		x = x * 1664525 + 1013904223;
		if (i % 4000 < 1500)
			buf_printf(b, "line %u of %u\n", i, x >> 28);
		else if (i % 4000 < 2500)
			buf_add(b, &x, 4);
		else if (i % 4000 < 3000)
			buf_text(b, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		else
			buf_byte(b, (uint8_t)(x >> 27));
	}
	b->len = n;
}

static bool
inflates_to(struct bytes packed, struct bytes want)
{
	AUTO_BUF out;
	const struct coder_out to = { collect, &out };
	struct err e;

	buf_init(&out, 64 << 20);
	return coder_inflate((struct coder_in){ packed.at, packed.len },
		   want.len, &to, &e) == 0 &&
	    out.len == want.len &&
	    (want.len == 0 || memcmp(out.at, want.at, want.len) == 0);
}

static void
every_length_inflates(void)
{
	static const size_t lengths[] = { 0, 1, 2, 3, 4, 257, 258, 259, 261,
		262, 263, 32505, 32506, 32507, 32767, 32768, 32769, 65273,
		65274, 65275, 65535, 65536, 65537, 98304, 500000 };
	AUTO_BUF in;
	AUTO_BUF whole;
	AUTO_BUF steps;
	struct deflate_how how;
	unsigned f;
	size_t i;

	buf_init(&in, 64 << 20);
	buf_init(&whole, 64 << 20);
	buf_init(&steps, 64 << 20);
	sample(&in, 500000);
	for (i = 0; i < COUNT(lengths); i++)
		for (f = 0; f < DEFLATE_FAMILIES; f++)
			for (how.level = 1; how.level <= DEFLATE_LEVEL_MAX;
			     how.level += 2) {
				struct bytes part = { in.at, lengths[i] };

				how.family = (enum deflate_family)f;
				pack(&whole, part, how, SIZE_MAX);
				pack(&steps, part, how, 997);
				CHECK(inflates_to(buf_bytes(&whole), part));
				CHECK_INT(steps.len, whole.len);
				CHECK_BYTES(steps.at, whole.at, whole.len);
			}
}

/* The streams that the tools make of the sample of 500000 bytes: GNU gzip
 * 1.12, zip 3.0, node 20 (zlib 1.3.1-e00f703), zlib 1.2.13. */
static void
tools_make_the_same(void)
{
	static const struct {
		struct deflate_how how;
		const char *sha256;
	} made[] = {
		{ { DEFLATE_GZIP, 1 },
		    "802e9b9d0b5eb8fbb479399bc1525469f67bc1d8a4ddb42e6fe0d7ebd1c80af0" },
		{ { DEFLATE_GZIP, 6 },
		    "430bb5d25f6729e894b8a77eec8ce98ee34c826dfbf518de5e4ff48ca10f8765" },
		{ { DEFLATE_GZIP, 9 },
		    "e49655108801c0f9f5ddc97bb6827cf2365688bb384d2581207e6e0f532ce4e7" },
		{ { DEFLATE_INFOZIP, 1 },
		    "802e9b9d0b5eb8fbb479399bc1525469f67bc1d8a4ddb42e6fe0d7ebd1c80af0" },
		{ { DEFLATE_INFOZIP, 6 },
		    "430bb5d25f6729e894b8a77eec8ce98ee34c826dfbf518de5e4ff48ca10f8765" },
		{ { DEFLATE_INFOZIP, 9 },
		    "e49655108801c0f9f5ddc97bb6827cf2365688bb384d2581207e6e0f532ce4e7" },
		{ { DEFLATE_CHROMIUM_8, 1 },
		    "f51bb2328ab4533d15acabca07785c5bd74beaf10f1ebbed1aa8fdae7515ad79" },
		{ { DEFLATE_CHROMIUM_8, 6 },
		    "e191337eb2c055c220b82cedc6f37a3b6571c3c11c1f29404f75a38cf0bb00b1" },
		{ { DEFLATE_CHROMIUM_9, 9 },
		    "7ec35763ce1cb5dfdc42e357eb325c0bd2cde8d36480b38df6c6f4a6a7af88c9" },
		{ { DEFLATE_ZLIB_8, 1 },
		    "e5a2b1d848a4be6de7c7a7f8fc4f1d3673ef6a7b187792ee4d914e8d97f84b28" },
		{ { DEFLATE_ZLIB_8, 6 },
		    "f5acbaadef828f5cbd3cdf73878df5990bdd366644fd54338ade4b67138eca0f" },
		{ { DEFLATE_ZLIB_9, 9 },
		    "accf469109833c147c44b6bec14a0e8f36861fa192e539089e45b1acc3d7144e" },
	};
	AUTO_BUF in;
	AUTO_BUF out;
	uint8_t digest[SHA256_SIZE];
	char hex[HEX_SIZE(SHA256_SIZE)];
	size_t i;

	buf_init(&in, 64 << 20);
	buf_init(&out, 64 << 20);
	sample(&in, 500000);
	for (i = 0; i < COUNT(made); i++) {
		pack(&out, buf_bytes(&in), made[i].how, SIZE_MAX);
		sha256(digest, out.at, out.len);
		hex_write(hex, digest, SHA256_SIZE);
		CHECK_TEXT(hex, made[i].sha256);
	}
}

static int
refuse(void *ctx, const uint8_t *at, size_t n, struct err *e)
{
	(void)ctx;
	(void)at;
	(void)n;
	return err_set(e, ERR_LIMIT, "no room");
}

static void
a_failure_to_write_ends_it(void)
{
	const struct deflate_how how = { DEFLATE_ZLIB_8, 6 };
	const struct coder_out to = { refuse, NULL };
	struct deflate *d = NULL;
	struct err e = { 0 };
	AUTO_BUF in;

	buf_init(&in, 64 << 20);
	sample(&in, 500000);
	CHECK_INT(deflate_open(&d, &how, &to, &e), 0);
	CHECK_INT(deflate_add(d, in.at, in.len, &e), -1);
	CHECK_TEXT(e.msg, "no room");
	deflate_close(d);
}

/* --- who made it ------------------------------------------------------------*/

static void
encoders_are_found(void)
{
	static const struct deflate_how hows[] = { { DEFLATE_ZLIB_8, 6 },
		{ DEFLATE_GZIP, 3 }, { DEFLATE_CHROMIUM_9, 5 },
		{ DEFLATE_INFOZIP, 3 } };
	enum {
		GOOD = 3 * COUNT(hows), /* more than are tried in full */
		N = GOOD + 3
	};
	struct redeflate s[N] = { 0 };
	struct buf packed[N];
	struct err e = { 0 };
	AUTO_BUF in;
	size_t i;

	buf_init(&in, 64 << 20);
	sample(&in, 300000);
	for (i = 0; i < N; i++) {
		buf_init(&packed[i], 64 << 20);
		s[i].raw = in.len - 1000 * i;
		s[i].zip = hows[i % COUNT(hows)].family == DEFLATE_INFOZIP;
		pack(&packed[i], (struct bytes){ in.at, s[i].raw },
		    hows[i % COUNT(hows)], SIZE_MAX);
	}
	/* one that nobody makes: an empty block before the others */
	memmove(packed[GOOD].at + 5, packed[GOOD].at, packed[GOOD].len - 5);
	memcpy(packed[GOOD].at, "\0\0\0\xff\xff", 5);
	s[GOOD + 1].raw++;	   /* another length */
	packed[GOOD + 2].len -= 9; /* cut */
	for (i = 0; i < N; i++)
		s[i].packed = buf_bytes(&packed[i]);
	CHECK_INT(redeflate_find(s, N, &e), 0);
	for (i = 0; i < GOOD; i++) {
		CHECK(s[i].inflates && s[i].found);
		CHECK_INT(s[i].how.level, hows[i % COUNT(hows)].level);
		CHECK_INT(s[i].how.family, hows[i % COUNT(hows)].family);
	}
	for (; i < N; i++)
		CHECK(!s[i].found);
	CHECK(!s[GOOD + 1].inflates && !s[GOOD + 2].inflates);
	for (i = 0; i < N; i++)
		buf_done(&packed[i]);
}

/* --- names ------------------------------------------------------------------*/

static void
names_differ_in_versions_and_hashes(void)
{
	static const char *const old_names[] = { ":a", ":lib-1.0.so",
		":x/chunk-0a1b2c3d.js", ":gone", ":app-1.9.0/b", ":deadbeef" };
	static const char *const new_names[] = { ":lib-1.10.2.so", ":added",
		":a", ":x/chunk-ffee0011.js", ":app-2.0.0/b", ":cafecafe" };
	static const int want[] = { 2, 0, 3, -1, 4, -1 };
	struct names old, new;
	struct err e;
	size_t i;

	CHECK_INT(names_room(&old, COUNT(old_names), &e), 0);
	CHECK_INT(names_room(&new, COUNT(new_names), &e), 0);
	memcpy(old.at, old_names, sizeof(old_names));
	memcpy(new.at, new_names, sizeof(new_names));
	CHECK_INT(names_pair(&old, &new, &e), 0);
	for (i = 0; i < COUNT(want); i++) {
		CHECK_INT(old.pair[i], want[i]);
		if (want[i] >= 0)
			CHECK_INT(new.pair[want[i]], i);
	}
	CHECK_INT(new.pair[1], -1);
	names_done(&old);
	names_done(&new);
	CHECK_TEXT(names_extension(":a.zip:b/c.tar.gz"), ".gz");
	CHECK_TEXT(names_extension(":a.zip:b/c"), "");
	CHECK_TEXT(names_extension(""), "");
}

static const struct tap_test tests[] = {
	TAP(every_length_inflates),
	TAP(tools_make_the_same),
	TAP(a_failure_to_write_ends_it),
	TAP(encoders_are_found),
	TAP(names_differ_in_versions_and_hashes),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
