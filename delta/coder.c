/*
 * Compressing the streams: each by the coder that makes it smallest.
 */
#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zstd.h>

#include "delta/native.h"

#define ZSTD_LEVEL 19
/* Longer streams take seconds with zstd, and LZMA is better at them. */
#define ZSTD_MAX ((size_t)1 << 20)

struct attempt {
	uint8_t *at; /* owned; room bytes, the best so far in best */
	uint8_t *best;
	size_t room, n;
	enum format_coder coder;
};

/* Keep what was just made in at, if it is smaller. */
static void
keep(struct attempt *t, size_t n, enum format_coder coder)
{
	uint8_t *swap = t->best;

	if (n >= t->n)
		return;
	t->best = t->at;
	t->at = swap;
	t->n = n;
	t->coder = coder;
}

static int
try_zstd(struct attempt *t, struct bytes raw, unsigned window, struct err *e)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t n;

	if (z == NULL)
		return err_set(e, ERR_SYS, "zstd: out of memory");
	(void)ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	(void)ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 0);
	if (raw.len >> window != 0)
		(void)ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, (int)window);
	n = ZSTD_compress2(z, t->at, t->room, raw.at, raw.len);
	(void)ZSTD_freeCCtx(z);
	if (!ZSTD_isError(n))
		keep(t, n, FORMAT_ZSTD);
	return 0;
}

static int
try_xz(struct attempt *t, struct bytes raw, const lzma_options_lzma *options,
    struct err *e)
{
	lzma_options_lzma o = *options;
	lzma_filter filters[2] = { { LZMA_FILTER_LZMA2, &o },
		{ LZMA_VLI_UNKNOWN, NULL } };
	size_t n = 0;
	lzma_ret ret = lzma_raw_buffer_encode(
	    filters, NULL, raw.at, raw.len, t->at, &n, t->room);

	if (ret == LZMA_MEM_ERROR)
		return err_set(e, ERR_SYS, "liblzma: out of memory");
	if (ret == LZMA_OK)
		keep(t, n, FORMAT_XZ);
	return 0;
}

static int
pack_xz(struct attempt *t, struct bytes raw, unsigned window, struct err *e)
{
	static const struct {
		uint32_t lc, lp, pb;
	} ways[] = { { 3, 0, 0 }, { 0, 0, 0 }, { 3, 0, 2 } };
	lzma_options_lzma o;
	size_t i;

	(void)lzma_lzma_preset(&o, 6 | LZMA_PRESET_EXTREME);
	o.dict_size = 4096;
	while (o.dict_size < raw.len && o.dict_size >> window == 0)
		o.dict_size <<= 1;
	if (raw.len <= (size_t)1 << window && raw.len >= 4096)
		o.dict_size = (uint32_t)raw.len;
	for (i = 0; i < COUNT(ways); i++) {
		o.lc = ways[i].lc;
		o.lp = ways[i].lp;
		o.pb = ways[i].pb;
		if (try_xz(t, raw, &o, e) < 0)
			return -1;
	}
	return 0;
}

static int
pack_one(struct bytes raw, enum format_stream s, struct buf *out,
    struct format_part *p, struct err *e)
{
	struct attempt t = { .room = raw.len + 64, .n = raw.len };
	int failed = 0;

	p->raw = raw.len;
	p->coder = FORMAT_STORED;
	if (raw.len == 0)
		return 0;
	t.at = malloc(t.room);
	t.best = malloc(t.room);
	if (t.at == NULL || t.best == NULL)
		failed = err_sys(e, "compressing");
	if (failed == 0 && raw.len <= ZSTD_MAX)
		failed = try_zstd(&t, raw, format_window(s), e);
	if (failed == 0)
		failed = pack_xz(&t, raw, format_window(s), e);
	if (failed == 0) {
		p->coder = t.coder;
		buf_add(out, t.coder == FORMAT_STORED ? raw.at : t.best, t.n);
		failed = buf_ok(out, e);
	}
	free(t.at);
	free(t.best);
	return failed;
}

int
coder_pack(const struct buf raw[FORMAT_STREAMS],
    struct buf packed[FORMAT_STREAMS], struct format *f, struct err *e)
{
	int s;

	for (s = 0; s < FORMAT_STREAMS; s++) {
		if (pack_one(buf_bytes(&raw[s]), (enum format_stream)s,
			&packed[s], &f->part[s], e) < 0)
			return err_in(e, "stream %s", format_names[s]);
		f->part[s].at = packed[s].at;
		f->part[s].packed = packed[s].len;
	}
	return 0;
}
