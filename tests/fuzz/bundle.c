/*
 * Bundles.  The bytes are an archive as it lies on a disk: its members come
 * out whole, or it is refused.  They are also a list: one that is read is
 * written again to the same bytes.  So that mutations reach the tar, bytes
 * that do not begin as a frame are put into one.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "manifest/base/unpack.h"
#include "manifest/bundle.h"

#define PLAIN_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

struct input {
	const uint8_t *at;
	size_t len, pos;
	int64_t left; /* of the member */
	int64_t total;
};

static ssize_t
next(void *ctx, void *at, size_t room, struct err *e)
{
	struct input *in = ctx;
	size_t n = in->len - in->pos < room ? in->len - in->pos : room;

	(void)e;
	if (n > 0)
		memcpy(at, in->at + in->pos, n);
	in->pos += n;
	return (ssize_t)n;
}

static int
member(void *ctx, const struct unpack_member *m, struct err *e)
{
	struct input *in = ctx;

	if (in->left != 0 || m->size < 0 || m->name[0] == '\0' ||
	    strlen(m->name) > UNPACK_NAME_MAX)
		abort();
	in->left = m->size;
	return m->size > PLAIN_MAX ? err_set(e, ERR_LIMIT, "large") : 0;
}

static int
data(void *ctx, const void *at, size_t len, struct err *e)
{
	struct input *in = ctx;

	(void)at;
	(void)e;
	in->left -= (int64_t)len;
	in->total += (int64_t)len;
	if (in->left < 0)
		abort();
	return 0;
}

static void
walk(const uint8_t *at, size_t len)
{
	struct input in = { at, len, 0, 0, 0 };
	struct unpack_walk w = { next, member, data, &in };
	struct err e = { .kind = ERR_NONE };

	if (unpack_walk(&w, &e) == 0 && in.left != 0)
		abort();
}

/* The bytes as a tar: in a frame, with the seal that it must have. */
static void
walk_tar(const uint8_t *at, size_t len)
{
	static uint8_t room[2 * PLAIN_MAX];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_outBuffer to = { room, sizeof(room) - UNPACK_SEAL_SIZE, 0 };
	ZSTD_inBuffer from = { at, len, 0 };

	if (c == NULL)
		return;
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, -5);
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, UNPACK_WINDOW_LOG);
	if (!ZSTD_isError(
		ZSTD_compressStream2(c, &to, &from, ZSTD_e_continue)) &&
	    ZSTD_compressStream2(c, &to, &from, ZSTD_e_end) == 0) {
		memcpy(room + to.pos, UNPACK_SEAL_MAGIC, 8);
		sha256(room + to.pos + 8, room, to.pos);
		walk(room, to.pos + UNPACK_SEAL_SIZE);
	}
	(void)ZSTD_freeCCtx(c);
}

static void
list(const uint8_t *at, size_t len)
{
	AUTO_ARENA a = arena_new(32 << 20);
	AUTO_BUF again;
	struct err e;
	const struct bundle *b =
	    a == NULL ? NULL : bundle_read(a, (struct bytes){ at, len }, &e);

	buf_init(&again, BUNDLE_LIST_MAX + 1);
	if (b == NULL)
		return;
	if (bundle_write(b, &again, &e) < 0 || again.len != len ||
	    memcmp(again.at, at, len) != 0)
		abort();
	for (size_t i = 0; i < b->nmembers; i++) {
		if (bundle_class(b->members[i].path) == BUNDLE_NONE ||
		    strstr(b->members[i].path, "..") == b->members[i].path ||
		    b->members[i].path[0] == '/')
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

	if (len > PLAIN_MAX)
		return 0;
	if (len >= sizeof(magic) && memcmp(at, magic, sizeof(magic)) == 0)
		walk(at, len);
	else if (len > 2 && at[0] == '#' && at[1] == ' ')
		list(at, len);
	else
		walk_tar(at, len);
	return 0;
}
