/*
 * Patches of the native delta format made by hand to do harm, stream by stream,
 * uncompressed.
 */
#include "delta/core/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zstd.h>

#include "delta/core/number.h"
#include "delta/core/patch.h"
#include "delta/delta.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "tests/patching.h"
#include "tests/tap.h"

static enum err_kind
apply(int old, int patch, const void *want, size_t len, struct err *e)
{
	return patching_apply(
	    DELTA_SLUICE1, old, patch, (struct bytes){ want, len }, e);
}

/* --- forged patches -------------------------------------------------------------*/

#define OLD_SIZE  256
#define NEW_SIZE  200
#define PATCH_MAX 4096

struct forged {
	uint8_t old[OLD_SIZE], new[NEW_SIZE], patch[PATCH_MAX];
	uint8_t stream[FORMAT_STREAMS][512];
	size_t len[FORMAT_STREAMS];
	struct format f;
	size_t n; /* of the patch */
};

/* The pointers of old's second half lie in a region of pointers at 0x1000. */
#define TABLES_PLAIN "01 00 00 00 00 00 00"
#define TABLES_SITES                                                         \
	"01 02 01 01 80 20 03 80 20 80 02 80 01 00 01 01 80 20 03 80 20 80 " \
	"02 48 00 01 01 00 00 00"
/* Old is an executable with a base of 0 and this region, new is none. */
#define TABLES_REGION(r) "01 00 01 01 00 " r " 00 00 00 00 00 00"
#define TABLES_PAGES(p)	 "01 00 00 00 " p " 00 00"

static size_t
hex(uint8_t *out, const char *text)
{
	size_t n = 0;
	unsigned byte;
	int used;

	while (sscanf(text, " %2x%n", &byte, &used) == 1) {
		out[n++] = (uint8_t)byte;
		text += used;
	}
	return n;
}

static void
set(struct forged *f, enum format_stream s, const char *text)
{
	f->len[s] = hex(f->stream[s], text);
}

/* Header and streams as they stand. */
static void
assemble(struct forged *f)
{
	int s;

	for (s = 0; s < FORMAT_STREAMS; s++) {
		f->f.part[s].raw = f->len[s];
		f->f.part[s].packed = f->len[s];
	}
	f->n = format_write(&f->f, f->patch);
	for (s = 0; s < FORMAT_STREAMS; s++) {
		memcpy(f->patch + f->n, f->stream[s], f->len[s]);
		f->n += f->len[s];
	}
}

/*
 * A good patch: 192 bytes of old, then 8 new ones.  With sites, two pointers
 * are among them; they do not change.
 */
static void
forge(struct forged *f, bool sites)
{
	memset(f, 0, sizeof(*f));
	patching_noise(f->old, OLD_SIZE, 7);
	memset(f->old + 128, 0, 128);
	number_put_u64(f->old + 136, 0x1010);
	number_put_u64(f->old + 160, 0x1020);
	memcpy(f->new, f->old, 192);
	memset(f->new + 192, 'n', 8);
	f->f.old_size = OLD_SIZE;
	f->f.new_size = NEW_SIZE;
	f->f.old_expanded = OLD_SIZE;
	f->f.new_expanded = NEW_SIZE;
	f->f.memory = 1 << 30;
	sha256(f->f.old_sha256, f->old, OLD_SIZE);
	sha256(f->f.new_sha256, f->new, NEW_SIZE);
	set(f, FORMAT_TABLES, sites ? TABLES_SITES : TABLES_PLAIN);
	set(f, FORMAT_BLOCK_SHIFT, "00");
	set(f, FORMAT_BLOCK_LEN, "c0 01");
	set(f, FORMAT_LITERAL_LEN, "00");
	set(f, FORMAT_LITERAL, "6e 6e 6e 6e 6e 6e 6e 6e");
	assemble(f);
}

static enum err_kind
apply_forged(const struct forged *f, struct err *e)
{
	AUTO_FD old = patching_with(f->old, OLD_SIZE);
	AUTO_FD patch = patching_with(f->patch, f->n);

	return apply(old, patch, f->new, NEW_SIZE, e);
}

static void
the_patches_that_are_changed_below_are_good(void)
{
	struct forged *f = malloc(sizeof(*f));
	struct err e;

	forge(f, false);
	CHECK_INT(apply_forged(f, &e), ERR_NONE);
	forge(f, true);
	CHECK_INT(apply_forged(f, &e), ERR_NONE);
	CHECK_TEXT(e.msg, "");
	free(f);
}

/* eight members of 128 regions */
#define FULL	"80 01 80 01 80 01 80 01 80 01 80 01 80 01 80 01 "
#define MANY	"ff ff ff ff ff ff ff ff ff 01" /* 2^64 - 1 */
#define LARGEST "ff ff ff ff ff ff ff ff 7f"	/* 2^63 - 1 */

struct attack {
	const char *name;
	enum format_stream stream;
	const char *bytes;
	bool sites;
	enum err_kind want;
};

static const struct attack attacks[] = {
	/* tables */
	{ "no tables", FORMAT_TABLES, "", false, ERR_INPUT },
	{ "tables cut", FORMAT_TABLES, "01 00 00", false, ERR_INPUT },
	{ "bytes behind the tables", FORMAT_TABLES, TABLES_PLAIN " 00", false,
	    ERR_INPUT },
	{ "two blocks, one there", FORMAT_TABLES, "02 00 00 00 00 00 00", false,
	    ERR_INPUT },
	{ "no block, one there", FORMAT_TABLES, "00 00 00 00 00 00 00", false,
	    ERR_INPUT },
	{ "2^64 blocks", FORMAT_TABLES, MANY " 00 00 00 00 00 00", false,
	    ERR_INPUT },
	{ "2^63 blocks", FORMAT_TABLES, LARGEST " 00 00 00 00 00 00", false,
	    ERR_INPUT },
	{ "a reference that is none", FORMAT_TABLES, "01 01 00 00 00 00 00",
	    false, ERR_INPUT },
	{ "2^64 references", FORMAT_TABLES, "01 " MANY " 00 00 00 00 00", false,
	    ERR_INPUT },
	{ "fewer references than there are", FORMAT_TABLES,
	    "01 01 01 01 80 20 03 80 20 80 02 80 01 00 01 01 80 20 03 80 20 80 "
	    "02 48 00 01 01 00 00 00",
	    false, ERR_INPUT },
	{ "129 regions", FORMAT_TABLES, "01 00 01 81 01 00 00 00 00 00 00",
	    false, ERR_INPUT },
	{ "a region of an unknown kind", FORMAT_TABLES,
	    TABLES_REGION("0b 00 00 10 00"), false, ERR_INPUT },
	{ "a region outside the file", FORMAT_TABLES,
	    TABLES_REGION("03 00 80 04 01 00"), false, ERR_INPUT },
	{ "a region across the end", FORMAT_TABLES,
	    TABLES_REGION("03 00 00 81 02 00"), false, ERR_INPUT },
	{ "a region before the file", FORMAT_TABLES,
	    TABLES_REGION("03 00 01 10 00"), false, ERR_INPUT },
	{ "a region at 2^63", FORMAT_TABLES,
	    TABLES_REGION("03 80 80 80 80 80 80 80 80 80 01 00 10 00"), false,
	    ERR_INPUT },
	{ "a region of 2^64 bytes", FORMAT_TABLES,
	    TABLES_REGION("03 00 00 " MANY " 00"), false, ERR_INPUT },
	{ "a region of 2^64 bytes in memory", FORMAT_TABLES,
	    TABLES_REGION("03 00 00 10 " MANY ""), false, ERR_INPUT },
	{ "sizes that wrap around", FORMAT_TABLES,
	    TABLES_REGION("03 00 00 02 fe ff ff ff ff ff ff ff ff 01"), false,
	    ERR_INPUT },
	{ "an empty region", FORMAT_TABLES, TABLES_REGION("03 00 00 00 00"),
	    false, ERR_INPUT },
	{ "regions that overlap in the file", FORMAT_TABLES,
	    "01 00 01 02 00 00 00 00 10 00 00 00 1f 10 00 00 00 00 00 00 00 "
	    "00",
	    false, ERR_INPUT },
	{ "a pair that is not there", FORMAT_TABLES,
	    "01 00 01 01 00 00 00 00 10 00 00 00 01 00 00 00", false,
	    ERR_INPUT },
	{ "a Go address out of bounds", FORMAT_TABLES,
	    TABLES_REGION("08 00 00 10 00 " MANY " 00 00 00 00"), false,
	    ERR_INPUT },
	{ "a number that is too long", FORMAT_TABLES,
	    "81 80 80 80 80 80 80 80 80 80 80 00 00 00 00 00 00 00", false,
	    ERR_INPUT },
	{ "a number that is not the shortest", FORMAT_TABLES,
	    "81 00 00 00 00 00 00 00", false, ERR_INPUT },
	/* members */
	{ "1025 members", FORMAT_TABLES, "01 00 81 08 00 00 00 00", false,
	    ERR_INPUT },
	{ "2^64 members", FORMAT_TABLES, "01 00 " MANY " 00 00 00 00", false,
	    ERR_INPUT },
	{ "4097 regions in 33 members", FORMAT_TABLES,
	    "01 00 21 " FULL FULL FULL FULL "01 00 00 00 00", false,
	    ERR_INPUT },
	{ "members that are not there", FORMAT_TABLES, "01 00 02 00 00 00",
	    false, ERR_INPUT },
	{ "a member without regions", FORMAT_TABLES,
	    "01 00 01 00 00 00 00 00 00 00", false, ERR_NONE },
	{ "a member's pair that is not there", FORMAT_TABLES,
	    "01 00 01 00 00 00 01 00 00 00", false, ERR_INPUT },
	{ "a member's pair of 2^64", FORMAT_TABLES,
	    "01 00 01 00 00 00 " MANY " 00 00 00", false, ERR_INPUT },
	{ "a base of 2^48", FORMAT_TABLES,
	    "01 00 01 00 80 80 80 80 80 80 40 00 00 00 00 00", false,
	    ERR_INPUT },
	{ "a region at 2^48", FORMAT_TABLES,
	    TABLES_REGION("03 80 80 80 80 80 80 40 00 10 00"), false,
	    ERR_INPUT },
	{ "a region across 2^48", FORMAT_TABLES,
	    TABLES_REGION("03 ff ff ff ff ff ff 3f 00 10 00"), false,
	    ERR_INPUT },
	{ "a region that ends at 2^48", FORMAT_TABLES,
	    TABLES_REGION("00 f0 ff ff ff ff ff 3f 00 10 00"), false,
	    ERR_NONE },
	{ "a Go address of 2^48", FORMAT_TABLES,
	    TABLES_REGION("08 00 00 10 00 80 80 80 80 80 80 40 00 00 00 00"),
	    false, ERR_INPUT },
	{ "members that share bytes", FORMAT_TABLES,
	    "01 00 02 01 01 00 00 00 00 10 00 00 00 00 1f 10 00 00 00 00 00 "
	    "00 00 00 00",
	    false, ERR_INPUT },
	{ "members side by side", FORMAT_TABLES,
	    "01 00 02 01 01 00 00 00 00 10 00 00 00 00 00 10 00 00 00 00 00 "
	    "00 00 00 00",
	    false, ERR_NONE },
	/* page hashes */
	{ "page hashes without pages", FORMAT_TABLES,
	    TABLES_PAGES("01 0c 00 00"), false, ERR_INPUT },
	{ "page hashes of pages of 256 bytes", FORMAT_TABLES,
	    TABLES_PAGES("01 08 01 01"), false, ERR_INPUT },
	{ "page hashes of pages of 128 KiB", FORMAT_TABLES,
	    TABLES_PAGES("01 11 01 01"), false, ERR_INPUT },
	{ "page hashes behind the end", FORMAT_TABLES,
	    TABLES_PAGES("01 0c 01 aa 01"), false, ERR_INPUT },
	{ "page hashes of what follows them", FORMAT_TABLES,
	    TABLES_PAGES("01 0c 20 10"), false, ERR_INPUT },
	{ "2^64 page hashes", FORMAT_TABLES, TABLES_PAGES("" MANY " 0c 10 10"),
	    false, ERR_INPUT },
	{ "page hashes over new bytes", FORMAT_TABLES,
	    TABLES_PAGES("01 0c 10 10"), false, ERR_AUTH },
	/* blocks */
	{ "an empty block", FORMAT_BLOCK_LEN, "00", false, ERR_INPUT },
	{ "a block longer than new", FORMAT_BLOCK_LEN, "c9 01", false,
	    ERR_INPUT },
	{ "a block of 2^64 bytes", FORMAT_BLOCK_LEN, MANY, false, ERR_INPUT },
	{ "a length that is cut", FORMAT_BLOCK_LEN, "c0", false, ERR_INPUT },
	{ "no length", FORMAT_BLOCK_LEN, "", false, ERR_INPUT },
	{ "a length too many", FORMAT_BLOCK_LEN, "c0 01 01", false, ERR_INPUT },
	{ "literals longer than new", FORMAT_LITERAL_LEN, "c9 01", false,
	    ERR_INPUT },
	{ "literals of 2^64 bytes", FORMAT_LITERAL_LEN, MANY, false,
	    ERR_INPUT },
	{ "literals and block that wrap around", FORMAT_LITERAL_LEN,
	    "c1 fe ff ff ff ff ff ff ff 01", false, ERR_INPUT },
	{ "a block before old", FORMAT_BLOCK_SHIFT, "02", false, ERR_INPUT },
	{ "a block across the end of old", FORMAT_BLOCK_SHIFT, "84 02", false,
	    ERR_INPUT },
	{ "a block behind old", FORMAT_BLOCK_SHIFT, "84 08", false, ERR_INPUT },
	{ "a block at 2^63", FORMAT_BLOCK_SHIFT,
	    "fc ff ff ff ff ff ff ff ff 01", false, ERR_INPUT },
	{ "another block", FORMAT_BLOCK_SHIFT, "04", false, ERR_AUTH },
	/* decisions */
	{ "no literals", FORMAT_LITERAL, "", false, ERR_INPUT },
	{ "literals cut", FORMAT_LITERAL, "6e 6e", false, ERR_INPUT },
	{ "literals too many", FORMAT_LITERAL, "6e 6e 6e 6e 6e 6e 6e 6e 6e",
	    false, ERR_INPUT },
	{ "other literals", FORMAT_LITERAL, "6e 6e 6e 6e 6e 6e 6e 6f", false,
	    ERR_AUTH },
	{ "a run without its word", FORMAT_WORD_RUN, "00", false, ERR_INPUT },
	/* a run that ends behind the file says nothing wrong */
	{ "a run of 2^64", FORMAT_WORD_RUN, MANY, false, ERR_NONE },
	{ "a run behind the end", FORMAT_WORD_RUN, "ff 7f", false, ERR_NONE },
	{ "a run that is cut", FORMAT_WORD_RUN, "ff", false, ERR_INPUT },
	{ "choices nobody asked for", FORMAT_WORD_CHOICE, "00", false,
	    ERR_INPUT },
	{ "differences nobody asked for", FORMAT_BYTE, "00", false, ERR_INPUT },
	{ "bytes of words nobody asked for", FORMAT_WORD_2, "00", false,
	    ERR_INPUT },
	{ "a run without its reference", FORMAT_SITE_RUN, "01", true,
	    ERR_INPUT },
	{ "a reference's bytes nobody asked for", FORMAT_SITE_RAW, "00", true,
	    ERR_INPUT },
	{ "a run before old's end", FORMAT_BYTE_RUN, "00", false, ERR_NONE },
};

static void
forged_patches_are_refused(void)
{
	struct forged *f = malloc(sizeof(*f));
	struct err e;
	size_t i;

	CHECK(COUNT(attacks) >= 40);
	for (i = 0; i < COUNT(attacks); i++) {
		const struct attack *a = &attacks[i];

		forge(f, a->sites);
		set(f, a->stream, a->bytes);
		assemble(f);
		if (!CHECK_INT(apply_forged(f, &e), a->want))
			tap_note("%s: %s", a->name, e.msg);
	}
	free(f);
}

/* --- forged tables of executables ----------------------------------------------- */

/* Old's second half is a region of a kind at 0x1000, with n references. */
#define TABLES_WALK(n, kind) \
	"01 " n " 01 01 00 " kind " 80 20 80 02 80 01 00 00 00 00 00 00 00"
#define UNWIND(n)  TABLES_WALK(n, "09")
#define RELOC(n)   TABLES_WALK(n, "0a")
#define HEAD	   "01 00 00 00 00 00 00 00 00 00 00 00 "
#define NO_PERSONS "00 00 00 00 00 00 00 00 "
#define TENS	   "10 a0 10 a0 10 a0 10 a0 10 a0 10 a0 10 a0 10 a0 10 a0 10 a0 "
#define NOWHERE	   "00 00 00 00 00 00 00 00 00 00 00 00 "

/* Where a table is not, or not as it should be, there are no references; the
 * number that the patch says is compared with theirs. */
static const struct {
	const char *name, *tables;
	enum err_kind want;
	const char *old; /* its second half */
} walks[] = {
	{ "an index behind the region", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "80 00 00 00 02 00 00 00" },
	{ "an index at 2^32", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "f0 ff ff ff 02 00 00 00" },
	{ "an index of 2^32 entries", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 ff ff ff ff" },
	{ "an index whose end wraps around", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 56 55 55 15" },
	{ "an index of one entry", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 01 00 00 00 10 10 00 00" },
	{ "an index over the header", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "00 00 00 00 02 00 00 00" },
	{ "2^32 personalities", UNWIND("00"), ERR_NONE,
	    HEAD "1c 00 00 00 ff ff ff ff 1c 00 00 00 02 00 00 00" },
	{ "personalities at 2^32", UNWIND("00"), ERR_NONE,
	    HEAD "fc ff ff ff 02 00 00 00 1c 00 00 00 02 00 00 00" },
	{ "exception tables behind the region", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 02 00 00 00 " NOWHERE
			    "00 00 00 00 00 00 00 00 ff ff ff ff" },
	{ "pages that are one", UNWIND("00"), ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 03 00 00 00 "
			    "10 10 00 00 40 00 00 00 00 00 00 00 "
			    "20 10 00 00 40 00 00 00 00 00 00 00 " },
	{ "a page behind the region", UNWIND("01"), ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 02 00 00 00 "
			    "10 10 00 00 fc ff ff ff 00 00 00 00 " },
	{ "a page cut by the end", UNWIND("01"), ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 02 00 00 00 "
			    "10 10 00 00 78 00 00 00 00 00 00 00 " },
	{ "a page of 65535 entries, those behind the region", UNWIND("01"),
	    ERR_NONE,
	    HEAD NO_PERSONS "1c 00 00 00 02 00 00 00 "
			    "10 10 00 00 34 00 00 00 00 00 00 00 " NOWHERE
			    "03 00 00 00 ff ff ff ff ff ff ff ff" },
	/* the first is the page's own word; no page was begun before */
	{ "a page of 65535 entries", UNWIND("12"), ERR_AUTH,
	    HEAD NO_PERSONS "1c 00 00 00 02 00 00 00 "
			    "10 10 00 00 34 00 00 00 00 00 00 00 " NOWHERE
			    "03 00 00 00 00 00 ff ff 00 00 ff ff" },
	{ "a block of no bytes", RELOC("00"), ERR_NONE,
	    "00 10 00 00 00 00 00 00" },
	{ "a block of 7 bytes", RELOC("00"), ERR_NONE,
	    "00 10 00 00 07 00 00 00" },
	{ "a block of 10 bytes", RELOC("00"), ERR_NONE,
	    "00 10 00 00 0a 00 00 00 10 a0" },
	{ "a block of 2^32 bytes", RELOC("00"), ERR_NONE,
	    "00 10 00 00 fc ff ff ff 10 a0 20 a0" },
	{ "a block across the end", RELOC("00"), ERR_NONE,
	    "00 10 00 00 84 00 00 00 10 a0 20 a0" },
	{ "a block to the end", RELOC("03"), ERR_NONE,
	    "00 10 00 00 80 00 00 00 10 a0 20 a0" },
	{ "blocks of nothing", RELOC("00"), ERR_NONE,
	    "00 10 00 00 08 00 00 00 00 10 00 00 08 00 00 00" },
	{ "a page at 2^32", RELOC("01"), ERR_AUTH,
	    "ff ff ff ff 0c 00 00 00 ff af ff af" },
	{ "a reference in each half word", RELOC("3d"), ERR_NONE,
	    "00 10 00 00 80 00 00 00 " TENS TENS TENS TENS TENS TENS },
	{ "more references than half words", TABLES_WALK("81 01", "0a"),
	    ERR_INPUT, "" },
};

static void
fill_old(struct forged *f, const char *text)
{
	memset(f->old + 128, 0, 128);
	(void)hex(f->old + 128, text);
	memcpy(f->new, f->old, 192);
	sha256(f->f.old_sha256, f->old, OLD_SIZE);
	sha256(f->f.new_sha256, f->new, NEW_SIZE);
}

static void
forged_tables_of_executables_do_no_harm(void)
{
	struct forged *f = malloc(sizeof(*f));
	struct err e;
	size_t i;

	for (i = 0; i < COUNT(walks); i++) {
		forge(f, false);
		fill_old(f, walks[i].old);
		set(f, FORMAT_TABLES, walks[i].tables);
		assemble(f);
		if (!CHECK_INT(apply_forged(f, &e), walks[i].want))
			tap_note("%s: %s", walks[i].name, e.msg);
	}
	free(f);
}

/*
 * The pointers of old are in the second of two members, whose addresses begin
 * where those of the first do; its region moved by 4096, and they with it.
 */
static void
a_second_member_has_addresses_of_its_own(void)
{
	struct forged *f = malloc(sizeof(*f));
	struct err e;

	forge(f, true);
	number_put_u64(f->new + 136, 0x2010);
	number_put_u64(f->new + 160, 0x2020);
	sha256(f->f.new_sha256, f->new, NEW_SIZE);
	set(f, FORMAT_TABLES,
	    "01 02 02 01 01 80 20 00 80 20 00 40 00 80 20 03 80 20 80 01 80 01 "
	    "00 02 01 01 80 20 00 80 20 00 40 00 80 40 03 80 40 80 01 48 00 "
	    "01 02 01 02 00 00 00");
	assemble(f);
	CHECK_INT(apply_forged(f, &e), ERR_NONE);
	CHECK_TEXT(e.msg, "");
	free(f);
}

/* Exceptions of every kind, with what belongs to them and without. */
static void
forged_exceptions_are_refused(void)
{
	struct forged *f = malloc(sizeof(*f));
	char choice[4];
	struct err e;
	int c;

	for (c = 0; c < 256; c++) {
		(void)snprintf(choice, sizeof(choice), "%02x", (unsigned)c);
		forge(f, true);
		set(f, FORMAT_SITE_RUN, "00");
		set(f, FORMAT_SITE_CHOICE, choice);
		assemble(f);
		/* 0 and 2 say what is so anyway, 1 knows nothing near */
		CHECK_INT(apply_forged(f, &e),
		    c == 0 || c == 1 || c == 2 ? ERR_NONE : ERR_INPUT);
		forge(f, false);
		set(f, FORMAT_WORD_RUN, "00");
		set(f, FORMAT_WORD_CHOICE, choice);
		assemble(f);
		CHECK_INT(apply_forged(f, &e), c <= 3 ? ERR_NONE : ERR_INPUT);
	}
	free(f);
}

/* --- headers and coders -----------------------------------------------------------*/

static void
forged_headers_are_refused(void)
{
	static const struct {
		const char *name;
		size_t at;
		const char *bytes;
		enum err_kind want;
	} rows[] = {
		{ "magic", 0, "00", ERR_INPUT },
		{ "the next version", 7, "32", ERR_INPUT },
		{ "another old size", 8, "ff 00", ERR_INPUT },
		{ "an old size of 2^64", 8, "ff ff ff ff ff ff ff ff",
		    ERR_INPUT },
		{ "another new size", 16, "c9 00", ERR_INPUT },
		{ "a new size of 2^63", 16, "00 00 00 00 00 00 00 80",
		    ERR_INPUT },
		{ "another old file", 40, "00 00 00 00", ERR_AUTH },
		{ "another new file", 72, "00 00 00 00", ERR_AUTH },
		{ "no memory", 104, "00 00 00 00 00 00 00 00", ERR_INPUT },
		{ "a stream of 2^64 bytes", 112, MANY, ERR_INPUT },
		{ "a coder that is not known", 113, "07", ERR_INPUT },
		{ "old bytes as a dictionary for tables", 113, "03",
		    ERR_INPUT },
		{ "zstd that is none", 113, "01", ERR_INPUT },
		{ "xz that is none", 113, "02", ERR_INPUT },
	};
	struct forged *f = malloc(sizeof(*f));
	struct err e;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		forge(f, false);
		(void)hex(f->patch + rows[i].at, rows[i].bytes);
		if (!CHECK_INT(apply_forged(f, &e), rows[i].want))
			tap_note("%s: %s", rows[i].name, e.msg);
	}
	free(f);
}

static void
memory_is_bounded_by_the_caller_and_by_the_patch(void)
{
	struct forged *f = malloc(sizeof(*f));
	struct delta_apply d = { .format = DELTA_SLUICE1,
		.out_size = NEW_SIZE,
		.memory_max = 1 << 20 };
	struct err e = { 0 };

	forge(f, false);
	memcpy(d.out_sha256, f->f.new_sha256, SHA256_SIZE);
	AUTO_FD old = patching_with(f->old, OLD_SIZE);
	AUTO_FD patch = patching_with(f->patch, f->n);
	AUTO_FD out = patching_file();
	d.old_fd = old;
	d.patch_fd = patch;
	d.out_fd = out;
	CHECK_INT(delta_apply(&d, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	CHECK_INT(patching_size(out), 0);
	free(f);
}

/* Literals packed by zstd: n zero bytes where the patch says 8. */
static enum err_kind
packed_literals(const uint8_t *packed, size_t n, struct err *e)
{
	struct forged *f = malloc(sizeof(*f));
	enum err_kind kind;

	forge(f, false);
	assemble(f);
	memcpy(f->stream[FORMAT_LITERAL], packed, n);
	f->f.part[FORMAT_LITERAL].coder = FORMAT_ZSTD;
	f->f.part[FORMAT_LITERAL].packed = n;
	f->n -= 8;
	f->n = format_write(&f->f, f->patch);
	for (int s = 0; s < FORMAT_STREAMS; s++) {
		size_t len = f->f.part[s].packed;

		memcpy(f->patch + f->n, f->stream[s], len);
		f->n += len;
	}
	kind = apply_forged(f, e);
	free(f);
	return kind;
}

static void
a_bomb_stops_at_its_bound(void)
{
	enum {
		N = 64 << 20
	};
	uint8_t *zeros = calloc(1, N), *packed = malloc(N / 16);
	struct err e;
	size_t n = ZSTD_compress(packed, N / 16, "nnnnnnnn", 8, 1);

	CHECK_INT(packed_literals(packed, n, &e), ERR_NONE);
	n = ZSTD_compress(packed, N / 16, zeros, 1 << 16, 1);
	CHECK(n < 500);
	CHECK(packed_literals(packed, n, &e) != ERR_NONE);
	free(zeros);
	free(packed);
}

/* --- sizes over 2^31 ---------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
#define SLOW true
#else
#define SLOW false
#endif
#define HUGE_SIZE (((uint64_t)1 << 31) + 4099)

static int
count_zeros(void *ctx, const uint8_t *at, size_t len, struct err *e)
{
	uint64_t *n = ctx;

	(void)e;
	CHECK(at[0] == 0 && at[len - 1] == 0);
	*n += len;
	return 0;
}

/* One block from a sparse file of more than 2^31 bytes; nothing is written. */
static void
files_over_two_gigabytes_are_applied(void)
{
	struct forged *f = malloc(sizeof(*f));
	AUTO_FD fd = patching_file();
	uint64_t n = 0;
	struct patch_apply a = {
		.old_size = HUGE_SIZE, .write = count_zeros, .ctx = &n
	};
	struct err e = { 0 };
	void *old;

	if (SLOW) {
		tap_skip("takes a minute with the sanitizer");
		free(f);
		return;
	}
	if (ftruncate(fd, (off_t)HUGE_SIZE) < 0)
		abort();
	old = mmap(NULL, HUGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	if (old == MAP_FAILED) {
		tap_skip("no room for the file");
		free(f);
		return;
	}
	forge(f, false);
	f->f.old_size = f->f.new_size = HUGE_SIZE;
	f->f.old_expanded = f->f.new_expanded = HUGE_SIZE;
	/* the second half first, then the first: offsets past 2^31 */
	set(f, FORMAT_TABLES, "02 00 00 00 00 00 00");
	f->len[FORMAT_BLOCK_LEN] =
	    number_write(f->stream[FORMAT_BLOCK_LEN], HUGE_SIZE - 4096);
	f->len[FORMAT_BLOCK_LEN] += number_write(
	    f->stream[FORMAT_BLOCK_LEN] + f->len[FORMAT_BLOCK_LEN], 4096);
	f->len[FORMAT_BLOCK_SHIFT] = number_write(
	    f->stream[FORMAT_BLOCK_SHIFT], number_zigzag(4096) << 1);
	f->len[FORMAT_BLOCK_SHIFT] += number_write(
	    f->stream[FORMAT_BLOCK_SHIFT] + f->len[FORMAT_BLOCK_SHIFT],
	    number_zigzag(-(int64_t)HUGE_SIZE) << 1);
	set(f, FORMAT_LITERAL_LEN, "00 00");
	set(f, FORMAT_LITERAL, "");
	assemble(f);
	a.old = old;
	a.patch = f->patch;
	a.patch_size = f->n;
	CHECK_INT(patch_apply(&a, &e), 0);
	CHECK_TEXT(e.msg, "");
	CHECK(n == HUGE_SIZE);
	(void)munmap(old, HUGE_SIZE);
	free(f);
}

static const struct tap_test tests[] = {
	TAP(the_patches_that_are_changed_below_are_good),
	TAP(forged_patches_are_refused),
	TAP(forged_tables_of_executables_do_no_harm),
	TAP(a_second_member_has_addresses_of_its_own),
	TAP(forged_exceptions_are_refused),
	TAP(forged_headers_are_refused),
	TAP(memory_is_bounded_by_the_caller_and_by_the_patch),
	TAP(a_bomb_stops_at_its_bound),
	TAP(files_over_two_gigabytes_are_applied),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
