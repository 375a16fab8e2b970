/*
 * References in .eh_frame and .eh_frame_hdr (LSB 5.0, 10.6): where functions
 * begin and where their exception tables lie.
 */
#include "delta/core/scan.h"

#define LENGTH_WIDE 0xffffffff
#define ENC_NONE    0xff
#define ENC_PCREL   0x10
/* What of a CIE is read: many may ask for it again and again. */
#define CIE_MAX 256

struct frame {
	struct sites *s;
	const uint8_t *bytes; /* of the region */
	uint64_t size;
	uint64_t cie; /* the one that was read last */
	uint8_t enc, lsda;
};

/* Bytes of a pointer in this encoding; 0: not relative to its place. */
static unsigned
width(uint8_t enc)
{
	if (enc == ENC_NONE || (enc & 0x70) != ENC_PCREL)
		return 0;
	switch (enc & 0x0f) {
	case 0x03:
	case 0x0b:
		return 4;
	case 0x00:
	case 0x04:
	case 0x0c:
		return 8;
	default:
		return 0;
	}
}

static void
skip_leb(const uint8_t *bytes, uint64_t *at, uint64_t end)
{
	while (*at < end && bytes[(*at)++] & 0x80)
		continue;
}

static void
add_pointer(const struct frame *f, uint64_t at, uint64_t end, uint8_t enc)
{
	unsigned n = width(enc);

	if (n == 0 || at > end || end - at < n)
		return;
	if (n == 4 && number_u32(f->bytes + at) != 0)
		sites_add(f->s, f->s->region->off + at, SITE_PC32);
	if (n == 8 && number_u64(f->bytes + at) != 0)
		sites_add(f->s, f->s->region->off + at, SITE_PC64);
}

/* Encodings of the pointers of the CIE whose version byte is at `at`. */
static void
read_cie(struct frame *f, uint64_t at, uint64_t end, bool add)
{
	uint8_t version, enc;
	uint64_t name;

	f->enc = 0;
	f->lsda = ENC_NONE;
	if (at >= end)
		return;
	end = end - at < CIE_MAX ? end : at + CIE_MAX;
	version = f->bytes[at++];
	name = at;
	while (at < end && f->bytes[at] != 0)
		at++;
	at++;
	if (at >= end || f->bytes[name] != 'z')
		return;
	skip_leb(f->bytes, &at, end);
	skip_leb(f->bytes, &at, end);
	if (version == 1)
		at++;
	else
		skip_leb(f->bytes, &at, end);
	skip_leb(f->bytes, &at, end);
	for (name++; at < end && f->bytes[name] != 0; name++) {
		enc = f->bytes[at];
		if (f->bytes[name] == 'R') {
			f->enc = enc;
		} else if (f->bytes[name] == 'L') {
			f->lsda = enc;
		} else if (f->bytes[name] == 'P') {
			if (add)
				add_pointer(f, at + 1, end, enc);
			if (width(enc) == 0)
				return;
			at += width(enc);
		} else {
			continue;
		}
		at++;
	}
}

static void
read_fde(struct frame *f, uint64_t at, uint64_t end)
{
	uint64_t back = number_u32(f->bytes + at), cie = at - back, cie_end;
	unsigned n;

	if (back > at)
		return;
	if (cie != f->cie) {
		cie_end = cie + 4 + (uint64_t)number_u32(f->bytes + cie);
		if (f->size - cie < 8 || cie_end > f->size)
			return;
		read_cie(f, cie + 8, cie_end, false);
		f->cie = cie;
	}
	n = width(f->enc);
	if (n == 0)
		return;
	at += 4;
	add_pointer(f, at, end, f->enc);
	at += 2 * n;
	if (at >= end)
		return;
	skip_leb(f->bytes, &at, end);
	add_pointer(f, at, end, f->lsda);
}

void
scan_eh_frame(struct sites *s)
{
	const struct region *r = s->region;
	struct frame f = { s, s->bytes + r->off, r->size, UINT64_MAX, 0,
		ENC_NONE };
	uint64_t at = 0, end;
	uint32_t len;

	while (f.size - at >= 8) {
		len = number_u32(f.bytes + at);
		if (len == LENGTH_WIDE)
			return;
		if (len > f.size - at - 4)
			return;
		end = at + 4 + len;
		if (len >= 4 && number_u32(f.bytes + at + 4) == 0) {
			read_cie(&f, at + 8, end, true);
			f.cie = at;
		} else if (len >= 4) {
			read_fde(&f, at + 4, end);
		}
		at = end;
	}
}

void
scan_eh_header(struct sites *s)
{
	const struct region *r = s->region;
	const uint8_t *at = s->bytes + r->off;
	uint64_t off;

	/* version, pcrel sdata4, udata4, datarel sdata4 */
	if (r->size < 12 || number_u32(at) != 0x3b031b01)
		return;
	sites_add(s, r->off + 4, SITE_PC32);
	for (off = 12; off < r->size && r->size - off >= 4; off += 4)
		sites_add(s, r->off + off, SITE_REGION);
}
