/*
 * AArch64 references.
 */
#include "delta/core/a64.h"

#include "delta/core/number.h"
#include "delta/core/scan.h"

#define WINDOW	  16 /* instructions between ADRP and its other half */
#define PAGE_MASK ((uint64_t)0xfff)
#define REGISTERS 32

void
a64_decode(uint32_t w, struct a64 *out)
{
	*out = (struct a64){ A64_NONE, 0, 0, 0, 0 };
	if ((w & 0x7c000000) == 0x14000000) { /* B, BL */
		out->form = A64_BRANCH;
		out->bits = 26;
	} else if ((w & 0xff000010) == 0x54000000 || /* B.cond */
	    (w & 0x7e000000) == 0x34000000) {	     /* CBZ, CBNZ */
		out->form = A64_BRANCH;
		out->shift = 5;
		out->bits = 19;
	} else if ((w & 0x7e000000) == 0x36000000) { /* TBZ, TBNZ */
		out->form = A64_BRANCH;
		out->shift = 5;
		out->bits = 14;
	} else if ((w & 0x1f000000) == 0x10000000) { /* ADR, ADRP */
		out->form = w >> 31 ? A64_ADRP : A64_ADR;
		out->reg = w & 31;
	} else if ((w & 0xffc00000) == 0x91000000) { /* ADD, 64 bits */
		out->form = A64_LOW;
		out->reg = w >> 5 & 31;
		out->shift = 10;
		out->bits = 12;
	} else if ((w & 0x3b000000) == 0x39000000) { /* load, store */
		out->form = A64_LOW;
		out->reg = w >> 5 & 31;
		out->shift = 10;
		out->bits = 12;
		out->scale = w >> 30;
		/* vector registers of 16 bytes */
		if ((w & 0x04800000) == 0x04800000 && out->scale == 0)
			out->scale = 4;
	}
}

uint32_t
a64_mask(const struct a64 *i)
{
	if (i->form == A64_ADR || i->form == A64_ADRP)
		return 0x60ffffe0;
	return (((uint32_t)1 << i->bits) - 1) << i->shift;
}

/* The low bits of n as a signed number. */
static uint64_t
extend(uint64_t n, unsigned bits)
{
	uint64_t sign = (uint64_t)1 << (bits - 1);

	n &= (sign << 1) - 1;
	return (n ^ sign) - sign;
}

uint64_t
a64_value(const struct a64 *i, uint32_t w, uint64_t va)
{
	uint64_t n;

	switch (i->form) {
	case A64_BRANCH:
		return va + (extend(w >> i->shift, i->bits) << 2);
	case A64_ADR:
	case A64_ADRP:
		n = extend((w >> 3 & 0x1ffffc) | (w >> 29 & 3), 21);
		return i->form == A64_ADR ? va + n
					  : (va & ~PAGE_MASK) + (n << 12);
	case A64_LOW:
		return (uint64_t)(w >> i->shift & 0xfff) << i->scale;
	case A64_NONE:
		break;
	}
	return 0;
}

uint32_t
a64_put(const struct a64 *i, uint32_t w, uint64_t va, uint64_t target)
{
	uint32_t mask = a64_mask(i), n;

	switch (i->form) {
	case A64_BRANCH:
		n = (uint32_t)((target - va) >> 2);
		return (w & ~mask) | (n << i->shift & mask);
	case A64_ADR:
	case A64_ADRP:
		n = (uint32_t)(i->form == A64_ADR
			? target - va
			: (target >> 12) - (va >> 12));
		return (w & ~mask) | (n & 3) << 29 | (n << 3 & 0xffffe0);
	case A64_LOW:
		n = (uint32_t)((target & PAGE_MASK) >> i->scale);
		return (w & ~mask) | (n << i->shift & mask);
	case A64_NONE:
		break;
	}
	return w;
}

/* Word at off of the bytes. */
static uint32_t
word(const uint8_t *bytes, uint64_t off)
{
	return number_u32(bytes + off);
}

/* The page that an A64_LOW's register got shortly before; false: none. */
static bool
page_before(const uint8_t *bytes, uint64_t off, uint64_t va, unsigned reg,
    uint64_t *page)
{
	struct a64 i;
	unsigned k;

	for (k = 1; k <= WINDOW && off >= 4 * (uint64_t)k; k++) {
		uint32_t w = word(bytes, off - 4 * k);

		if ((w & 0x9f00001f) != (0x90000000 | reg))
			continue;
		a64_decode(w, &i);
		*page = a64_value(&i, w, va - 4 * k);
		return true;
	}
	return false;
}

/* The low bits that the first user of an ADRP's register adds. */
static uint64_t
low_after(const uint8_t *bytes, uint64_t size, uint64_t off, unsigned reg)
{
	struct a64 i;
	uint32_t w;
	unsigned k;

	for (k = 1; k <= WINDOW && size - off >= 4 * (uint64_t)k + 4; k++) {
		w = word(bytes, off + 4 * k);
		a64_decode(w, &i);
		if (i.form == A64_LOW && i.reg == reg)
			return a64_value(&i, w, 0);
		if (i.form == A64_ADRP && i.reg == reg)
			break;
	}
	return 0;
}

uint64_t
a64_target(const uint8_t *bytes, uint64_t size, uint64_t off, uint64_t va)
{
	uint32_t w = word(bytes, off);
	uint64_t value, page = 0;
	struct a64 i;

	a64_decode(w, &i);
	value = a64_value(&i, w, va);
	if (i.form == A64_ADRP)
		return value + low_after(bytes, size, off, i.reg);
	if (i.form == A64_LOW && page_before(bytes, off, va, i.reg, &page))
		return page + value;
	return value;
}

void
a64_scan(struct sites *s)
{
	const struct region *r = s->region;
	const uint8_t *code = s->bytes + r->off;
	uint64_t at = -r->va & 3, value, va;
	/* end of each register's window; 0: no page */
	uint64_t until[REGISTERS] = { 0 }, page[REGISTERS] = { 0 };
	struct a64 i;
	uint32_t w;

	for (; at < r->size && r->size - at >= 4; at += 4) {
		w = word(code, at);
		a64_decode(w, &i);
		if (i.form == A64_NONE)
			continue;
		va = r->va + at;
		value = a64_value(&i, w, va);
		if (i.form == A64_LOW) {
			if (until[i.reg] <= at)
				continue;
			value += page[i.reg];
		} else if (i.form == A64_ADRP) {
			page[i.reg] = value;
			until[i.reg] = at + 4 * WINDOW + 1;
			value |= low_after(code, r->size, at, i.reg);
		}
		if (!member_holds(s->member, value))
			continue;
		sites_add(s, r->off + at, SITE_A64);
		if (i.form == A64_ADR || i.form == A64_LOW)
			sites_base(s, value);
	}
}
