/*
 * Compressing the streams: each by the coder that makes it smallest.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zstd.h>

#include "delta/core/stream.h"
#include "delta/native.h"
#include "delta/threads.h"

#define ZSTD_LEVEL 19
/* For what cannot be compressed, but for some of it perhaps. */
#define ZSTD_QUICK 3
/* Its extreme variant makes streams 0.02 % smaller and takes a tenth more. */
#define XZ_LEVEL 6

/* From this length on parts of it say which way of LZMA suits, and whether
 * any; zstd is better at short streams only. */
#define SAMPLE_FROM ((size_t)128 << 10)
#define SAMPLE	    ((size_t)64 << 10)
#define SPOTS	    16

/*
 * Bytes of old before the new ones make literals 5 % smaller, but long ones,
 * which know enough of themselves, only 0.2 to 1.3 %, in twice the time.
 * Filling the dictionary takes time as well.
 */
#define PRESET_FROM ((size_t)1 << 10)
#define PRESET_MAX  ((size_t)1 << 20)
/* Candidates at each place; fewer where there are many places. */
#define DEPTH	   256
#define DEPTH_LONG 24
#define DEEP_MAX   ((size_t)512 << 10)

struct attempt {
	uint8_t *at; /* owned; room bytes, the best so far in best */
	uint8_t *best;
	size_t room, n;
	enum format_coder coder;
	const struct way *way; /* the only one to try, or NULL */
	const struct way *best_way;
	size_t least; /* bytes by best_way */
	bool packed;  /* there is no compressing it */
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
	const int level = t->packed ? ZSTD_QUICK : ZSTD_LEVEL;
	ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t n;

	if (z == NULL)
		return err_set(e, ERR_SYS, "zstd: out of memory");
	(void)ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, level);
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
		keep(t, n, o.preset_dict ? FORMAT_XZ_OLD : FORMAT_XZ);
	return 0;
}

/* Which of the ways suits a stream: a part of it says enough of a long one. */
static const struct way {
	uint32_t lc, lp, pb;
} ways[] = { { 3, 0, 0 }, { 0, 0, 0 }, { 3, 0, 2 } };

static int
pack_xz(struct attempt *t, struct bytes raw, unsigned window, struct err *e)
{
	lzma_options_lzma o;
	size_t i;

	(void)lzma_lzma_preset(&o, XZ_LEVEL);
	o.dict_size = raw.len >> window != 0 ? (uint32_t)1 << window
	    : raw.len < LZMA_DICT_SIZE_MIN   ? LZMA_DICT_SIZE_MIN
					     : (uint32_t)raw.len;
	for (i = 0; i < COUNT(ways); i++) {
		o.lc = ways[i].lc;
		o.lp = ways[i].lp;
		o.pb = ways[i].pb;
		if (t->way != NULL && t->way != &ways[i])
			continue;
		if (try_xz(t, raw, &o, e) < 0)
			return -1;
		if (t->n < t->least) {
			t->least = t->n;
			t->best_way = &ways[i];
		}
	}
	return 0;
}

/* Find the way by parts from all over it. */
static int
choose_way(struct attempt *t, struct bytes raw, unsigned window, struct err *e)
{
	const size_t spot = SAMPLE / SPOTS,
		     step = (raw.len - spot) / (SPOTS - 1);
	uint8_t *part = malloc(SAMPLE);
	size_t i;
	int failed;

	if (part == NULL)
		return err_sys(e, "compressing");
	for (i = 0; i < SPOTS; i++)
		memcpy(part + i * spot, raw.at + i * step, spot);
	t->n = t->least = SAMPLE;
	failed = pack_xz(t, (struct bytes){ part, SAMPLE }, window, e);
	free(part);
	t->packed = t->least > SAMPLE - SAMPLE / 64;
	t->way = t->best_way ? t->best_way : &ways[0];
	t->n = raw.len;
	t->coder = FORMAT_STORED;
	return failed;
}

/* New bytes resemble old ones even where no block is made of it. */
static int
pack_preset(
    struct attempt *t, struct bytes raw, struct coder_in preset, struct err *e)
{
	const struct way *way = t->best_way ? t->best_way : &ways[0];
	lzma_options_lzma o;

	(void)lzma_lzma_preset(&o, XZ_LEVEL);
	o.dict_size = stream_preset_dict(preset.len, raw.len);
	o.lc = way->lc;
	o.lp = way->lp;
	o.pb = way->pb;
	/* a chain is made while a tree still looks for its root */
	o.mf = LZMA_MF_HC4;
	o.depth = raw.len <= DEEP_MAX ? DEPTH : DEPTH_LONG;
	o.preset_dict = preset.at;
	o.preset_dict_size = (uint32_t)preset.len;
	return try_xz(t, raw, &o, e);
}

static int
pack_one(const struct coder_pack *c, enum format_stream s,
    struct format_part *p, struct err *e)
{
	const struct bytes raw = buf_bytes(&c->raw[s]);
	struct buf *out = &c->packed[s];
	struct attempt t = {
		.room = raw.len + 64, .n = raw.len, .least = raw.len
	};
	int failed = 0;

	p->raw = raw.len;
	p->coder = FORMAT_STORED;
	if (raw.len == 0)
		return 0;
	t.at = malloc(t.room);
	t.best = malloc(t.room);
	if (t.at == NULL || t.best == NULL)
		failed = err_sys(e, "compressing");
	if (failed == 0 && raw.len > SAMPLE_FROM)
		failed = choose_way(&t, raw, format_window(s), e);
	if (failed == 0 && (raw.len <= SAMPLE_FROM || t.packed))
		failed = try_zstd(&t, raw, format_window(s), e);
	if (failed == 0 && !t.packed)
		failed = pack_xz(&t, raw, format_window(s), e);
	if (failed == 0 && s == FORMAT_LITERAL && raw.len >= PRESET_FROM &&
	    raw.len <= PRESET_MAX && c->preset.len > 0)
		failed = pack_preset(&t, raw, c->preset, e);
	if (failed == 0) {
		p->coder = t.coder;
		buf_add(out, t.coder == FORMAT_STORED ? raw.at : t.best, t.n);
		failed = buf_ok(out, e);
	}
	free(t.at);
	free(t.best);
	return failed;
}

/* --- all of them, on all CPUs ------------------------------------------------ */

struct packing {
	const struct coder_pack *arg;
	struct format *f;
	int order[FORMAT_STREAMS]; /* long ones first */
	atomic_int next;
	struct err e[FORMAT_STREAMS];
	bool failed[FORMAT_STREAMS];
};

static void *
pack_run(void *arg)
{
	struct packing *w = arg;
	int i, s;

	while ((i = atomic_fetch_add(&w->next, 1)) < FORMAT_STREAMS) {
		s = w->order[i];
		w->failed[s] = pack_one(w->arg, (enum format_stream)s,
				   &w->f->part[s], &w->e[s]) < 0;
	}
	return NULL;
}

static void
sort_by_length(struct packing *w)
{
	int s, k;

	for (s = 0; s < FORMAT_STREAMS; s++) {
		for (k = s; k > 0 &&
		     w->arg->raw[w->order[k - 1]].len < w->arg->raw[s].len;
		     k--)
			w->order[k] = w->order[k - 1];
		w->order[k] = s;
	}
}

int
coder_pack(const struct coder_pack *c, struct format *f, struct err *e)
{
	struct packing *w = calloc(1, sizeof(*w));
	int s, failed = 0;

	if (w == NULL)
		return err_sys(e, "compressing");
	w->arg = c;
	w->f = f;
	sort_by_length(w);
	threads_run(pack_run, w, FORMAT_STREAMS);
	for (s = 0; s < FORMAT_STREAMS; s++) {
		f->part[s].at = c->packed[s].at;
		f->part[s].packed = c->packed[s].len;
		if (w->failed[s] && failed == 0) {
			*e = w->e[s];
			failed = err_in(e, "stream %s", format_names[s]);
		}
	}
	free(w);
	return failed;
}
