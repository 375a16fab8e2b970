/*
 * Writes a program for a Mac with the tables by which its functions are unwound,
 * as linkers lay them out: .eh_frame, exception tables, and __unwind_info with
 * one page of functions and encodings and two that are compressed.
 *
 *     unwind x86|arm64 1|2 FILE
 *
 * The second version has two functions more, so that pages break elsewhere.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BASE	   ((uint64_t)1 << 32)
#define FILE_MAX   16384
#define HEADERS	   1024
#define FUNCTIONS  52 /* of the first version */
#define MORE	   2  /* in the second, */
#define BEFORE	   6  /* before this one */
#define REGULAR	   14 /* functions of the first page */
#define COMPRESSED 20 /* of the second; the third has what is left */
#define LSDA_EACH  4  /* one of so many functions has an exception table */
#define CIE	   28
#define FDE	   36

enum {
	TEXT,
	EXCEPT,
	UNWIND,
	FRAME,
	DATA,
	SECTIONS
};
static const char *const names[] = { "__text", "__gcc_except_tab",
	"__unwind_info", "__eh_frame", "__data" };

static uint8_t file[FILE_MAX];
static uint32_t at; /* where the next byte goes */
static uint32_t begin[SECTIONS], end[SECTIONS];
static uint32_t function[FUNCTIONS + MORE + 1], n;
static int arm;

static void
put(uint64_t value, int bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		file[at++] = (uint8_t)value;
}

static void
words(const uint32_t *word, int count)
{
	for (; count > 0; count--)
		put(*word++, 4);
}

/* --- sections ----------------------------------------------------------------- */

/* Function k: so many instructions that do nothing, a call, the end. */
static void
code(uint32_t k, uint32_t same)
{
	uint32_t i, to = function[k > 3 ? k - 3 : 0];

	function[k] = at;
	for (i = 0; i < 1 + same * 7 % 5; i++)
		put(arm ? 0xd503201f : 0x00401f0f, 4);
	if (arm)
		put(0x94000000 | ((to - at) / 4 & 0x3ffffff), 4);
	else
		put(0xe8 | (uint64_t)(to - at - 5) << 8, 5);
	put(arm ? 0xd65f03c0 : 0xc3, arm ? 4 : 1);
	while (at % 4 != 0)
		put(0x90, 1);
}

static void
text(int version)
{
	uint32_t k;

	for (k = 0; k < FUNCTIONS; k++) {
		if (k == BEFORE && version > 1) {
			code(n++, 91);
			code(n++, 92);
		}
		code(n++, k);
	}
	function[n] = at;
}

static void
frames(void)
{
	uint32_t k;

	words((uint32_t[]){ CIE - 4, 0 }, 2);
	put(1, 1);
	memcpy(file + at, "zPLR\0\1\x78\x10\7\x9b\0\0\0\0\x10\x10", 16);
	at = begin[FRAME] + CIE;
	for (k = 0; k < n; k++) {
		words((uint32_t[]){ FDE - 4, CIE + k * FDE + 4 }, 2);
		put((uint64_t)function[k] - at, 8);
		put(function[k + 1] - function[k], 8);
		put(8, 1);
		put(k % LSDA_EACH ? 0 : begin[EXCEPT] + 4 * k - (uint64_t)at,
		    8);
		put(0, 3);
	}
}

/* What unwinds function k: a frame that a word says, or its record. */
static uint32_t
encoding(uint32_t k)
{
	uint32_t lsda = k % LSDA_EACH ? 0 : 0x50000000;

	if (k % 3 == 0)
		return lsda | (arm ? 0x02001000 : 0x02010000) + (k & 12) * 256;
	return lsda | (arm ? 0x03000000 : 0x04000000) | (CIE + k * FDE);
}

static void
regular(uint32_t from, uint32_t to)
{
	put(2 | (uint64_t)8 << 32 | (uint64_t)(to - from) << 48, 8);
	for (; from < to; from++)
		words((uint32_t[]){ function[from], encoding(from) }, 2);
}

/* Each function has an encoding of its own, which the page ends with. */
static void
compressed(uint32_t from, uint32_t to)
{
	uint32_t many = to - from, k;

	put(3 | (uint64_t)12 << 32 | (uint64_t)many << 48, 8);
	put(12 + 4 * many | many << 16, 4);
	for (k = 0; k < many; k++)
		put((function[from + k] - function[from]) | k << 24, 4);
	for (k = from; k < to; k++)
		put(encoding(k), 4);
}

static void
unwind_info(void)
{
	const uint32_t header = 28, index = header + 4, lsda = index + 48;
	const uint32_t tables = (n + LSDA_EACH - 1) / LSDA_EACH;
	const uint32_t pages = lsda + 8 * tables;
	const uint32_t second = pages + 8 + 8 * REGULAR;
	const uint32_t third = second + 12 + 8 * COMPRESSED;
	uint32_t k;

	words((uint32_t[]){ 1, header, 0, header, 1, index, 4 }, 7);
	put(begin[DATA], 4);
	words((uint32_t[]){ function[0], pages, lsda }, 3);
	words((uint32_t[]){ function[REGULAR], second, lsda }, 3);
	words((uint32_t[]){ function[REGULAR + COMPRESSED], third, lsda }, 3);
	words((uint32_t[]){ function[n], 0, pages }, 3);
	for (k = 0; k < n; k += LSDA_EACH)
		words((uint32_t[]){ function[k], begin[EXCEPT] + 4 * k }, 2);
	regular(0, REGULAR);
	compressed(REGULAR, REGULAR + COMPRESSED);
	compressed(REGULAR + COMPRESSED, n);
}

static void
section(int which, int version)
{
	uint32_t k;

	begin[which] = at;
	switch (which) {
	case TEXT:
		text(version);
		break;
	case EXCEPT:
		for (k = 0; k < n; k++)
			put(0x0001ffff | k << 24, 4);
		break;
	case UNWIND:
		unwind_info();
		break;
	case FRAME:
		frames();
		break;
	default:
		for (k = 0; k < 9; k++)
			put(BASE + function[7 * k % n], 8);
	}
	end[which] = at;
	at = (at + 15) & ~15u;
}

/* --- headers ------------------------------------------------------------------ */

static void
name(const char *text)
{
	memcpy(file + at, text, strlen(text));
	at += 16;
}

static void
segment(const char *called, int from, int to, uint32_t protection)
{
	uint32_t low = from == TEXT ? 0 : begin[from], high = end[to - 1];
	int i;

	put(0x19, 4);
	put((uint64_t)(72 + 80 * (to - from)), 4);
	name(called);
	put(BASE + low, 8);
	put(high - low, 8);
	put(low, 8);
	put(high - low, 8);
	words((uint32_t[]){ protection, protection, (uint32_t)(to - from), 0 },
	    4);
	for (i = from; i < to; i++) {
		name(names[i]);
		name(called);
		put(BASE + begin[i], 8);
		put(end[i] - begin[i], 8);
		words((uint32_t[]){ begin[i], 3, 0, 0,
			  i == TEXT ? 0x80000400 : 0, 0, 0, 0 },
		    8);
	}
}

static void
headers(void)
{
	at = 0;
	words((uint32_t[]){ 0xfeedfacf, arm ? 0x0100000c : 0x01000007,
		  arm ? 0 : 3, 2, 2, 2 * 72 + 80 * SECTIONS, 1, 0 },
	    8);
	segment("__TEXT", TEXT, DATA, 5);
	segment("__DATA", DATA, SECTIONS, 3);
}

/* Twice: each section says where others begin. */
static uint32_t
lay_out(int version)
{
	int i, pass;

	for (pass = 0; pass < 2; pass++) {
		memset(file, 0, sizeof(file));
		at = HEADERS;
		n = 0;
		for (i = 0; i < SECTIONS; i++)
			section(i, version);
	}
	return at;
}

int
main(int argc, char **argv)
{
	uint32_t size;
	FILE *out;

	if (argc != 4 || (out = fopen(argv[3], "wb")) == NULL)
		return 2;
	arm = strcmp(argv[1], "arm64") == 0;
	size = lay_out(argv[2][0] - '0');
	headers();
	return fwrite(file, 1, size, out) == size && fclose(out) == 0 ? 0 : 1;
}
