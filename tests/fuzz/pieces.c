/*
 * See the header.
 */
#include "tests/fuzz/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "delta/core/expand.h"
#include "delta/core/stream.h"
#include "delta/native.h"
#include "manifest/base/buf.h"

size_t
pieces_split(const uint8_t *at, size_t len)
{
	if (len < 4 || mutate_u32(at) > len - 4)
		return 0;
	return 4 + mutate_u32(at);
}

/* --- old as patches see it: with its ranges unpacked ---------------------------- */

static int
append(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	struct pieces_stream *s = ctx;

	if (len > PIECES_STREAM_MAX - s->len)
		return err_set(e, ERR_LIMIT, "too long");
	memcpy(s->at + s->len, at, len);
	s->len += len;
	return 0;
}

static bool
ranges_inside(const struct ranges *r, uint64_t size)
{
	uint64_t end = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct range *g = &r->at[i];

		if (g->packed_at < end || g->packed_at > size ||
		    g->packed > size - g->packed_at)
			return false;
		end = g->packed_at + g->packed;
	}
	return true;
}

/* Into r->expanded; false where ranges, regions or sizes do not fit to old. */
static bool
expand(struct pieces *r)
{
	const struct coder_out out = { append, &r->expanded };
	struct err e;

	r->expanded.len = 0;
	return ranges_inside(&r->t.old_ranges, r->old.len) &&
	    expand_write(&r->t.old_ranges,
		(struct coder_in){ r->old.at, r->old.len }, &out, &e) == 0 &&
	    r->expanded.len == r->t.old.file_size &&
	    image_check(&r->t.old, &e) == 0;
}

/* What a dictionary begins with; nothing where old is not as it is applied. */
static struct coder_in
preset(struct pieces *r)
{
	if (!expand(r))
		return (struct coder_in){ NULL, 0 };
	return stream_preset(r->expanded.at, &r->t.old);
}

/* --- taking apart ----------------------------------------------------------------- */

static bool
keep(struct pieces_stream *s, const uint8_t *at, uint64_t len)
{
	s->at = malloc(PIECES_STREAM_MAX);
	if (s->at == NULL)
		abort();
	if (len > PIECES_STREAM_MAX)
		return false;
	s->len = (size_t)len;
	if (at && len > 0)
		memcpy(s->at, at, s->len);
	return true;
}

static bool
decode(struct pieces *r, enum format_stream s)
{
	const struct format_part *p = &r->f.part[s];
	struct stream in;
	struct err e;
	bool good = keep(&r->stream[s], NULL, p->raw);

	if (good && stream_open(&in, p, s, preset(r), &e) == 0)
		stream_read(&in, r->stream[s].at, r->stream[s].len);
	else
		return false;
	good = stream_ended(&in);
	stream_done(&in);
	return good;
}

bool
pieces_open(struct pieces *r, const uint8_t *at, size_t len)
{
	size_t split = pieces_split(at, len);
	bool good;
	struct err e;

	memset(r, 0, sizeof(*r));
	if (split == 0 || format_read(&r->f, at + split, len - split, &e) < 0)
		return false;
	good = keep(&r->expanded, NULL, 0) &&
	    keep(&r->old, PIECES_OLD(at), split - 4) &&
	    r->f.old_size == r->old.len &&
	    r->f.part[FORMAT_TABLES].raw < PIECES_STREAM_MAX &&
	    patch_tables(&r->f, &r->t, &e) == 0;
	for (int s = 0; good && s < FORMAT_STREAMS; s++)
		good = decode(r, (enum format_stream)s);
	return good;
}

void
pieces_done(struct pieces *r)
{
	tables_done(&r->t);
	free(r->old.at);
	free(r->expanded.at);
	for (int s = 0; s < FORMAT_STREAMS; s++)
		free(r->stream[s].at);
}

/* --- and together --------------------------------------------------------------- */

void
pieces_tables(struct pieces *r)
{
	struct pieces_stream *s = &r->stream[FORMAT_TABLES];

	if (tables_room(&r->t) <= PIECES_STREAM_MAX)
		s->len = tables_write(&r->t, s->at);
}

/* The references of old, unless its regions are none. */
static void
count_sites(struct pieces *r)
{
	struct sites s;
	struct err e;

	if (!expand(r))
		return;
	if (sites_scan(&s, r->expanded.at, &r->t.old, SIZE_MAX, &e) == 0)
		r->t.sites = s.n;
	sites_done(&s);
}

void
pieces_fit(struct pieces *r)
{
	const struct pieces_stream *lengths = &r->stream[FORMAT_BLOCK_LEN];
	uint64_t gained = r->f.old_expanded - r->f.old_size;

	r->f.old_size = r->old.len;
	r->f.old_expanded = r->old.len + gained;
	r->t.old.file_size = r->f.old_expanded;
	r->t.new.file_size = r->f.new_expanded;
	r->f.memory = 1 << 28;
	r->t.blocks = 0;
	for (size_t i = 0; i < lengths->len; i++)
		r->t.blocks += lengths->at[i] < 0x80;
	count_sites(r);
	pieces_tables(r);
}

/* As the generator packs them. */
static void
compress(struct pieces *r, struct format *f, struct buf *packed)
{
	struct buf raw[FORMAT_STREAMS] = { 0 };
	struct coder_pack pack = {
		.raw = raw, .packed = packed, .preset = preset(r)
	};
	struct err e;

	for (int s = 0; s < FORMAT_STREAMS; s++) {
		raw[s].at = r->stream[s].at;
		raw[s].len = r->stream[s].len;
	}
	if (coder_pack(&pack, f, &e) < 0)
		abort();
}

static void
store(const struct pieces *r, struct format *f)
{
	for (int s = 0; s < FORMAT_STREAMS; s++)
		f->part[s] = (struct format_part){ FORMAT_STORED,
			r->stream[s].len, r->stream[s].at, r->stream[s].len };
}

size_t
pieces_write(struct pieces *r, bool coded, uint8_t *out, size_t room)
{
	static uint8_t header[FORMAT_HEADER_MAX];
	struct buf packed[FORMAT_STREAMS] = { 0 };
	struct format f = r->f;
	size_t n = 4 + r->old.len, total;
	int s;

	for (s = 0; s < FORMAT_STREAMS; s++)
		buf_init(&packed[s], PIECES_STREAM_MAX);
	if (coded)
		compress(r, &f, packed);
	else
		store(r, &f);
	total = n + format_write(&f, header);
	for (s = 0; s < FORMAT_STREAMS; s++)
		total += f.part[s].packed;
	if (total <= room) {
		mutate_put_u32(out, (uint32_t)r->old.len);
		memcpy(PIECES_OLD(out), r->old.at, r->old.len);
		n += format_write(&f, out + n);
	} else {
		total = 0;
	}
	for (s = 0; s < FORMAT_STREAMS; s++) {
		if (total > 0 && f.part[s].packed > 0)
			memcpy(out + n, f.part[s].at, f.part[s].packed);
		n += f.part[s].packed;
		buf_done(&packed[s]);
	}
	return total;
}
