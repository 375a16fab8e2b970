/*
 * x86-64 instruction lengths.  Tables after the opcode maps of the Intel SDM,
 * volume 2, appendix A; one character for each opcode.  They are part of the
 * format: another opinion about any byte is another format.
 */
#include "delta/core/x86.h"

#include <string.h>

/* Bytes that are looked at, at most: prefixes, opcode, ModRM, SIB. */
#define X86_READ 32

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

/* What each of those characters says. */
#define MODRM	 0x80
#define RELATIVE 0x40 /* the immediate is a relative field */
#define GROUP	 0x20 /* the immediate only if ModRM says TEST */
#define OTHER	 0x10 /* no opcode of this map */
#define SIZE	 0x0f /* which row of sizes the immediate has */

static const uint8_t meaning[128] = {
	['.'] = 0,
	['m'] = MODRM,
	['-'] = OTHER,
	['p'] = OTHER,
	['x'] = OTHER,
	['b'] = 1,
	['B'] = MODRM | 1,
	['w'] = 2,
	['e'] = 3,
	['r'] = RELATIVE | 4,
	['o'] = 5,
	['z'] = 6,
	['Z'] = MODRM | 6,
	['v'] = 7,
	['g'] = MODRM | GROUP | 1,
	['G'] = MODRM | GROUP | 6,
};

enum width {
	WIDTH_32,
	WIDTH_16,
	WIDTH_64,
};

/* Bytes of an immediate, by the size of operands. */
static const uint8_t sizes[8][3] = { { 0, 0, 0 }, { 1, 1, 1 }, { 2, 2, 2 },
	{ 3, 3, 3 }, { 4, 4, 4 }, { 8, 8, 8 }, { 4, 2, 4 }, { 4, 2, 8 } };

static unsigned
meaning_of(char kind)
{
	return meaning[(unsigned char)kind];
}

/* --- one instruction -------------------------------------------------------- */

/* A ModRM byte, and what belongs to it. */
static unsigned
modrm_length(uint8_t b, uint8_t sib)
{
	unsigned mod = b >> 6, rm = b & 7, n = 1;

	if (mod == 3)
		return n;
	if (rm == 4) {
		n++;
		rm = sib & 7;
	}
	if (mod == 1)
		return n + 1;
	return mod == 2 || rm == 5 ? n + 4 : n;
}

/* What follows the opcode that ends at n. */
static unsigned
operands(const uint8_t *at, unsigned n, unsigned means, enum width w,
    struct x86 *out)
{
	unsigned size = sizes[means & SIZE][w];

	if (means & OTHER)
		return 0;
	out->field = means & RELATIVE ? n : 0;
	if (means & MODRM) {
		if ((at[n] & 0xc7) == 5)
			out->field = n + 1;
		if (means & GROUP && (at[n] & 0x38) > 8)
			size = 0;
		n += modrm_length(at[n], at[n + 1]);
	}
	return n + size;
}

/* VEX (C4, C5) and EVEX (62) before n: the bytes behind name a map. */
static unsigned
vector(const uint8_t *at, unsigned n, struct x86 *out)
{
	uint8_t opcode = at[n - 1];
	unsigned map = 1, means = MODRM;

	if (opcode == 0xc4)
		map = at[n] & 0x1f;
	else if (opcode == 0x62)
		map = at[n] & 7;
	if (map == 0 || map == 4 || map > 6)
		return 0;
	n += opcode == 0xc5 ? 1 : opcode == 0xc4 ? 2 : 3;
	if (map == 1)
		means = meaning_of(two_byte[at[n]]);
	else if (map == 3)
		means = MODRM | 1;
	return operands(at, n + 1, means, WIDTH_32, out);
}

/* 0F before n. */
static unsigned
escape(const uint8_t *at, unsigned n, struct x86 *out)
{
	unsigned means = meaning_of(two_byte[at[n++]]);

	if (at[n - 1] == 0x38 || at[n - 1] == 0x3a)
		means = at[n++ - 1] == 0x38 ? MODRM : MODRM | 1;
	return operands(at, n, means, WIDTH_32, out);
}

/* Length of what begins at `at`, of which X86_READ bytes can be read; 0 or more
 * than X86_MAX: no instruction. */
static unsigned
decode(const uint8_t *at, struct x86 *out)
{
	enum width w = WIDTH_32;
	unsigned n = 0;
	uint8_t b;

	for (; n < X86_MAX && one_byte[at[n]] == 'p'; n++)
		if (at[n] == 0x66)
			w = WIDTH_16;
	if ((at[n] & 0xf0) == 0x40)
		w = at[n++] & 8 ? WIDTH_64 : w;
	b = at[n++];
	out->lea = b == 0x8d;
	if (b == 0x0f)
		return escape(at, n, out);
	if (b == 0xc4 || b == 0xc5 || b == 0x62)
		return vector(at, n, out);
	return operands(at, n, meaning_of(one_byte[b]), w, out);
}

/* Near the end: what is not there makes an instruction too long. */
static unsigned
decode_end(const uint8_t *at, size_t len, struct x86 *out)
{
	uint8_t end[X86_READ] = { 0 };

	memcpy(end, at, len);
	return decode(end, out);
}

/* false: no instruction that fits in len bytes. */
static bool
decode_one(const uint8_t *at, size_t len, struct x86 *out)
{
	out->len = len < X86_READ ? decode_end(at, len, out) : decode(at, out);
	if (out->len == 0 || out->len > X86_MAX || out->len > len)
		return false;
	out->after = out->field ? out->len - out->field - 4 : 0;
	return true;
}

/* --- many of them ----------------------------------------------------------- */

/*
 * Most instructions are an opcode of the first map, some behind a REX.  Their
 * lengths are sums of what two tables say, and no branch depends on any byte:
 * branches that nobody can predict take most of the time otherwise.
 */
#define LEN   0x0f
#define RARE  0x20 /* for decode_one */
#define FIELD 0x40 /* has a relative field */

void
x86_init(struct x86_maps *maps)
{
	unsigned i, means;

	for (i = 0; i < 256; i++) {
		means = meaning_of(one_byte[i]);
		maps->one[i] =
		    (uint8_t)((means & MODRM) + (means & RELATIVE ? FIELD : 0) +
			1 + sizes[means & SIZE][WIDTH_32]);
		if (means & (OTHER | GROUP) || one_byte[i] == 'v')
			maps->one[i] |= RARE;
		maps->modrm[i] = (uint8_t)modrm_length((uint8_t)i, 0);
		if ((i & 0xc7) == 4)
			maps->modrm[i] |= RARE; /* its SIB says how long */
		if ((i & 0xc7) == 5)
			maps->modrm[i] |= FIELD;
	}
}

/* One of two numbers: the second where mask is all ones. */
static inline unsigned
choose(unsigned a, unsigned b, unsigned mask)
{
	return a ^ ((a ^ b) & mask);
}

/* From i on to an instruction that has a field, and x86_next's answer, or that
 * the tables do not know, or past end. */
static bool
next_common(const struct x86_maps *maps, const uint8_t *code, size_t end,
    size_t *at, struct x86 *out)
{
	unsigned rex = 0, opcode = 0, modrm = 0;
	const uint8_t *b;
	size_t i = *at;

	for (; i < end; i += rex + (opcode & LEN) + (modrm & LEN)) {
		b = code + i;
		rex = (*b & 0xf0) == 0x40;
		opcode = choose(maps->one[b[0]], maps->one[b[1]], -rex);
		modrm = choose(maps->modrm[b[1]], maps->modrm[b[2]], -rex) &
		    -(opcode >> 7);
		if ((opcode | modrm) & (FIELD | RARE))
			break;
	}
	*at = i;
	if (i >= end || (opcode | modrm) & RARE)
		return false;
	out->len = rex + (opcode & LEN) + (modrm & LEN);
	out->field = rex + (modrm ? 2 : 1);
	out->after = out->len - out->field - 4;
	out->lea = code[i + rex] == 0x8d;
	return true;
}

bool
x86_next(const struct x86_maps *maps, const uint8_t *code, size_t size,
    size_t *at, struct x86 *out)
{
	size_t end = size < X86_READ ? 0 : size - X86_READ + 1;

	for (;; *at += out->len) {
		if (next_common(maps, code, end, at, out))
			return true;
		if (*at >= size)
			return false;
		if (!decode_one(code + *at, size - *at, out))
			out->len = 1;
		else if (out->field)
			return true;
	}
}
