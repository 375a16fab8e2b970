/*
 * x86-64 instruction lengths.  Tables after the opcode maps of the Intel SDM,
 * volume 2, appendix A; one character for each opcode.  They are part of the
 * format: another opinion about any byte is another format.
 */
#include "delta/core/x86.h"

#include "delta/core/number.h"

/*
 *	.  nothing follows	m  ModRM		-  no instruction
 *	b  imm8			B  ModRM, imm8		p  prefix
 *	z  imm16/32		Z  ModRM, imm16/32	r  rel32
 *	w  imm16		e  imm16, imm8		o  moffs64
 *	v  imm16/32/64		g  group 3, byte	G  group 3
 *	x  another map, or REX
 */
static const char one_byte[] = "mmmmbz--mmmmbz-x"
			       "mmmmbz--mmmmbz--"
			       "mmmmbzp-mmmmbzp-"
			       "mmmmbzp-mmmmbzp-"
			       "xxxxxxxxxxxxxxxx"
			       "................"
			       "--xmppppzZbB...."
			       "bbbbbbbbbbbbbbbb"
			       "BZ-Bmmmmmmmmmmmm"
			       "..........-....."
			       "oooo....bz......"
			       "bbbbbbbbvvvvvvvv"
			       "BBw.xxBZe.w..b-."
			       "mmmm---.mmmmmmmm"
			       "bbbbbbbbrr-b...."
			       "p.pp..gG......mm";
static const char two_byte[] = "mmmm-.....-.-m.B"
			       "mmmmmmmmmmmmmmmm"
			       "mmmm----mmmmmmmm"
			       "......-.x-x-----"
			       "mmmmmmmmmmmmmmmm"
			       "mmmmmmmmmmmmmmmm"
			       "mmmmmmmmmmmmmmmm"
			       "BBBBmmm.mm--mmmm"
			       "rrrrrrrrrrrrrrrr"
			       "mmmmmmmmmmmmmmmm"
			       "...mBm--...mBmmm"
			       "mmmmmmmmmmBmmmmm"
			       "mmBmBBBm........"
			       "mmmmmmmmmmmmmmmm"
			       "mmmmmmmmmmmmmmmm"
			       "mmmmmmmmmmmmmmmm";

struct decoder {
	const uint8_t *at;
	size_t n, len; /* read, and there */
	bool wide;     /* REX.W */
	bool narrow;   /* operand size 16 */
	unsigned field;
};

/* The bytes of an immediate. */
static unsigned
immediate(const struct decoder *d, char kind, unsigned reg)
{
	unsigned z = d->narrow ? 2 : 4;

	switch (kind) {
	case 'b':
	case 'B':
		return 1;
	case 'w':
		return 2;
	case 'e':
		return 3;
	case 'r':
		return 4;
	case 'o':
		return 8;
	case 'z':
	case 'Z':
		return z;
	case 'v':
		return d->wide ? 8 : z;
	case 'g':
		return reg < 2 ? 1 : 0;
	case 'G':
		return reg < 2 ? z : 0;
	default:
		return 0;
	}
}

static bool
has_modrm(char kind)
{
	return kind == 'm' || kind == 'B' || kind == 'Z' || kind == 'g' ||
	    kind == 'G';
}

/* ModRM, SIB and displacement; *reg: its middle field. */
static bool
modrm(struct decoder *d, unsigned *reg)
{
	unsigned mod, rm;
	uint8_t b;

	if (d->n >= d->len)
		return false;
	b = d->at[d->n++];
	mod = b >> 6;
	rm = b & 7;
	*reg = b >> 3 & 7;
	if (mod == 3)
		return true;
	if (rm == 4) {
		if (d->n >= d->len)
			return false;
		if (mod == 0 && (d->at[d->n] & 7) == 5)
			mod = 2;
		d->n++;
	} else if (mod == 0 && rm == 5) {
		d->field = (unsigned)d->n;
		mod = 2;
	}
	d->n += mod == 1 ? 1 : mod == 2 ? 4 : 0;
	return true;
}

/* What follows an opcode of this kind. */
static bool
operands(struct decoder *d, char kind, struct x86 *out)
{
	unsigned reg = 0;

	if (kind == '-' || kind == 'p' || kind == 'x')
		return false;
	if (has_modrm(kind) && !modrm(d, &reg))
		return false;
	if (kind == 'r')
		d->field = (unsigned)d->n;
	d->n += immediate(d, kind, reg);
	if (d->n > d->len || d->n > X86_MAX)
		return false;
	out->len = (unsigned)d->n;
	out->field = d->field;
	out->after = d->field ? out->len - d->field - 4 : 0;
	return true;
}

/* Opcode and rest in a map: 1 is 0F, 2 is 0F38, 3 is 0F3A. */
static bool
in_map(struct decoder *d, unsigned map, struct x86 *out)
{
	uint8_t opcode;

	if (d->n >= d->len)
		return false;
	opcode = d->at[d->n++];
	if (map == 1)
		return operands(d, two_byte[opcode], out);
	return operands(d, map == 3 ? 'B' : 'm', out);
}

static bool
escape(struct decoder *d, struct x86 *out)
{
	if (d->n >= d->len)
		return false;
	if (d->at[d->n] == 0x38 || d->at[d->n] == 0x3a)
		return in_map(d, d->at[d->n++] == 0x38 ? 2 : 3, out);
	return in_map(d, 1, out);
}

/* VEX (C4, C5) and EVEX (62): size bytes, the first of which names a map. */
static bool
vector(struct decoder *d, uint8_t opcode, struct x86 *out)
{
	size_t size = opcode == 0xc5 ? 1 : opcode == 0xc4 ? 2 : 3;
	unsigned map = 1;

	if (d->len - d->n < size)
		return false;
	if (opcode == 0xc4)
		map = d->at[d->n] & 0x1f;
	else if (opcode == 0x62)
		map = d->at[d->n] & 7;
	d->n += size;
	d->narrow = false;
	if (map == 0 || map == 4 || map > 6)
		return false;
	return in_map(d, map, out);
}

bool
x86_decode(const uint8_t *at, size_t len, struct x86 *out)
{
	struct decoder d = { .at = at, .len = len < X86_MAX ? len : X86_MAX };
	uint8_t b = 0;
	char kind = '-';

	for (;;) {
		if (d.n >= d.len)
			return false;
		b = at[d.n++];
		kind = one_byte[b];
		if (kind != 'p')
			break;
		d.narrow = d.narrow || b == 0x66;
	}
	if ((b & 0xf0) == 0x40) {
		d.wide = (b & 8) != 0;
		if (d.n >= d.len)
			return false;
		b = at[d.n++];
		kind = one_byte[b];
	}
	out->lea = b == 0x8d;
	if (b == 0x0f)
		return escape(&d, out);
	if (b == 0xc4 || b == 0xc5 || b == 0x62)
		return vector(&d, b, out);
	d.narrow = d.narrow && !d.wide;
	return operands(&d, kind, out);
}
