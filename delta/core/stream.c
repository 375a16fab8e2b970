/*
 * Reading the streams of a patch.
 */
#include "delta/core/stream.h"

#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zstd.h>

#include "delta/core/number.h"

/* zstd: context, input block and two blocks of output; LZMA: its tables. */
#define CODER_MEMORY ((uint64_t)640 << 10)
#define XZ_DICT_MIN  4096

/* Bytes of history that a stream's decoder keeps. */
static uint32_t
history(uint64_t raw, enum format_stream s)
{
	uint64_t max = (uint64_t)1 << format_window(s);

	if (raw > max)
		return (uint32_t)max;
	return raw < XZ_DICT_MIN ? XZ_DICT_MIN : (uint32_t)raw;
}

uint64_t
stream_memory(const struct format_part *p, enum format_stream s)
{
	if (p->raw == 0 || p->coder == FORMAT_STORED)
		return 0;
	return history(p->raw, s) + CODER_MEMORY + STREAM_BUFFER;
}

static int
open_xz(struct stream *r, uint32_t dict, struct err *e)
{
	lzma_options_lzma options;
	lzma_filter filters[2] = { { LZMA_FILTER_LZMA2, &options },
		{ LZMA_VLI_UNKNOWN, NULL } };
	lzma_stream *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	r->state = z;
	memset(&options, 0, sizeof(options));
	options.dict_size = dict;
	if (lzma_raw_decoder(z, filters) != LZMA_OK)
		return err_set(e, ERR_SYS, "patch: liblzma refuses");
	z->next_in = r->in;
	z->avail_in = r->in_len;
	return 0;
}

static int
open_zstd(struct stream *r, unsigned window, struct err *e)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();

	if (z == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	r->state = z;
	if (ZSTD_isError(
		ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, (int)window)))
		return err_set(e, ERR_SYS, "patch: libzstd refuses");
	return 0;
}

int
stream_open(struct stream *r, const struct format_part *p, enum format_stream s,
    struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->coder = p->coder;
	if (p->raw == 0)
		return 0;
	if (p->coder == FORMAT_STORED) {
		r->at = p->at;
		r->end = p->at + p->packed;
		return 0;
	}
	r->left = p->raw;
	r->in = p->at;
	r->in_len = p->packed;
	r->buffer = malloc(STREAM_BUFFER);
	if (r->buffer == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	return p->coder == FORMAT_XZ ? open_xz(r, history(p->raw, s), e)
				     : open_zstd(r, format_window(s), e);
}

void
stream_done(struct stream *r)
{
	if (r->state && r->coder == FORMAT_XZ) {
		lzma_end(r->state);
		free(r->state);
	} else if (r->state) {
		(void)ZSTD_freeDCtx(r->state);
	}
	free(r->buffer);
	memset(r, 0, sizeof(*r));
}

/* Up to room decoded bytes; 0: nothing comes any more. */
static size_t
decode_zstd(struct stream *r, size_t room)
{
	ZSTD_inBuffer in = { r->in, r->in_len, 0 };
	ZSTD_outBuffer out = { r->buffer, room, 0 };
	size_t before;

	do {
		before = in.pos;
		if (ZSTD_isError(ZSTD_decompressStream(r->state, &out, &in)))
			return 0;
	} while (out.pos == 0 && in.pos > before);
	r->in += in.pos;
	r->in_len -= in.pos;
	return out.pos;
}

static size_t
decode_xz(struct stream *r, size_t room)
{
	lzma_stream *z = r->state;
	lzma_ret ret;

	z->next_out = r->buffer;
	z->avail_out = room;
	do
		ret = lzma_code(z, LZMA_RUN);
	while (ret == LZMA_OK && z->avail_out == room && z->avail_in > 0);
	r->in_len = z->avail_in;
	return ret == LZMA_OK || ret == LZMA_STREAM_END ? room - z->avail_out
							: 0;
}

bool
stream_refill(struct stream *r)
{
	size_t room, n;

	if (r->failed || r->left == 0) {
		r->failed = true;
		return false;
	}
	/* never more than the header said: a bomb stops here */
	room = r->left < STREAM_BUFFER ? (size_t)r->left : STREAM_BUFFER;
	n = r->coder == FORMAT_XZ ? decode_xz(r, room) : decode_zstd(r, room);
	if (n == 0) {
		r->failed = true;
		return false;
	}
	r->left -= n;
	r->at = r->buffer;
	r->end = r->buffer + n;
	return true;
}

void
stream_read(struct stream *r, uint8_t *out, size_t n)
{
	size_t step;

	while (n > 0) {
		if (r->at == r->end && !stream_refill(r)) {
			memset(out, 0, n);
			return;
		}
		step = (size_t)(r->end - r->at);
		step = step < n ? step : n;
		memcpy(out, r->at, step);
		r->at += step;
		out += step;
		n -= step;
	}
}

uint64_t
stream_number(struct stream *r)
{
	uint64_t n = 0;
	unsigned shift;
	uint8_t b;

	for (shift = 0; shift < 64; shift += 7) {
		b = stream_byte(r);
		if (r->failed || (shift == 63 && b > 1) ||
		    (b == 0 && shift > 0))
			break;
		n |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return n;
	}
	r->failed = true;
	return UINT64_MAX;
}

uint64_t
stream_run(struct stream *r)
{
	if (r->at == r->end && r->left == 0)
		return UINT64_MAX;
	return stream_number(r);
}

bool
stream_ended(const struct stream *r)
{
	return !r->failed && r->at == r->end && r->left == 0;
}
