/*
 * Reading the streams of a patch.
 */
#include "delta/core/stream.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/coder.h"
#include "delta/core/number.h"

/* zstd: context, input and output of a block; LZMA: its tables. */
#define ZSTD_MEMORY ((uint64_t)160 << 10)
#define ZSTD_BLOCK  ((uint64_t)128 << 10)
#define XZ_MEMORY   ((uint64_t)96 << 10)
#define XZ_DICT_MIN 4096

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Bytes of history that a stream's decoder keeps. */
static uint32_t
history(uint64_t raw, enum format_stream s)
{
	uint64_t max = (uint64_t)1 << format_window(s);

	if (raw > max)
		return (uint32_t)max;
	return raw < XZ_DICT_MIN ? XZ_DICT_MIN : (uint32_t)raw;
}

uint32_t
stream_preset_dict(uint64_t preset, uint64_t raw)
{
	return (uint32_t)(preset + least(raw, FORMAT_PRESET_MAX)) + XZ_DICT_MIN;
}

uint64_t
stream_memory(
    const struct format_part *p, enum format_stream s, uint64_t old_size)
{
	const uint64_t room = least(p->raw, STREAM_BUFFER);

	if (p->raw == 0 || p->coder == FORMAT_STORED)
		return 0;
	if (p->coder == FORMAT_ZSTD)
		return room + history(p->raw, s) + ZSTD_MEMORY +
		    2 * least(p->raw, ZSTD_BLOCK);
	if (p->coder == FORMAT_XZ)
		return room + history(p->raw, s) + XZ_MEMORY;
	return room + XZ_MEMORY +
	    stream_preset_dict(least(old_size, FORMAT_PRESET_MAX), p->raw);
}

struct coder_in
stream_preset(const uint8_t *old, const struct image *m)
{
	uint64_t from = 0, len;
	size_t i;

	for (i = m->n_by_offset; i > 0; i--)
		if (region_is_code(&m->at[m->by_offset[i - 1]]))
			from = m->at[m->by_offset[i - 1]].off;
	len = m->file_size - from;
	if (len > FORMAT_PRESET_MAX)
		len = FORMAT_PRESET_MAX;
	return (struct coder_in){ old + from, (size_t)len };
}

int
stream_open(struct stream *r, const struct format_part *p, enum format_stream s,
    struct coder_in preset, struct err *e)
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
	r->in = (struct coder_in){ p->at, p->packed };
	r->buffer = malloc((size_t)least(p->raw, STREAM_BUFFER));
	if (r->buffer == NULL)
		return err_set(e, ERR_SYS, "patch: out of memory");
	if (p->coder == FORMAT_XZ_OLD)
		return coder_xz_open(&r->state,
		    stream_preset_dict(preset.len, p->raw), preset, e);
	preset.len = 0;
	if (p->coder == FORMAT_XZ)
		return coder_xz_open(&r->state, history(p->raw, s), preset, e);
	return coder_zstd_open(&r->state, format_window(s), e);
}

void
stream_done(struct stream *r)
{
	if (r->state && r->coder != FORMAT_ZSTD)
		coder_xz_close(r->state);
	else if (r->state)
		coder_zstd_close(r->state);
	free(r->buffer);
	memset(r, 0, sizeof(*r));
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
	n = r->coder != FORMAT_ZSTD
	    ? coder_xz_read(r->state, &r->in, r->buffer, room)
	    : coder_zstd_read(r->state, &r->in, r->buffer, room);
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
