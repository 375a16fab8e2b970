/*
 * References in Go's function table (Go 1.20 and later, runtime/symtab.go):
 * pairs (function, its record), then records of 32-bit distances, each from a
 * base of its own.  The bases come with the patch.
 */
#include "delta/core/scan.h"

enum {
	GO_TEXT,
	GO_NAME,
	GO_PCTAB,
	GO_FUNCTAB,
	GO_FUNC
};

/* struct _func: fixed part and its fields */
#define RECORD	    44
#define F_ENTRY	    0
#define F_NAME	    4
#define F_PCSP	    16
#define F_PCFILE    20
#define F_PCLN	    24
#define F_NPCDATA   28
#define F_NFUNCDATA 43

static void
add(struct sites *s, uint64_t at, unsigned base)
{
	uint64_t off = s->region->off + at;
	uint32_t value = number_u32(s->bytes + off);

	/* offset 0 and ~0 say that there is nothing */
	if (value != UINT32_MAX && (value != 0 || base == GO_TEXT))
		sites_add(s, off, (enum site_kind)(SITE_GO + base));
}

static void
record(struct sites *s, uint64_t at)
{
	const struct region *r = s->region;
	uint64_t npcdata, nfuncdata, i;
	const uint8_t *f;

	/* records ascend: none is read twice */
	if (at > r->size || r->size - at < RECORD || r->off + at < s->free)
		return;
	f = s->bytes + r->off + at;
	npcdata = number_u32(f + F_NPCDATA);
	nfuncdata = f[F_NFUNCDATA];
	if (npcdata + nfuncdata > (r->size - at - RECORD) / 4)
		return;
	add(s, at + F_ENTRY, GO_TEXT);
	add(s, at + F_NAME, GO_NAME);
	add(s, at + F_PCSP, GO_PCTAB);
	add(s, at + F_PCFILE, GO_PCTAB);
	add(s, at + F_PCLN, GO_PCTAB);
	for (i = 0; i < npcdata; i++)
		add(s, at + RECORD + 4 * i, GO_PCTAB);
	for (; i < npcdata + nfuncdata; i++)
		add(s, at + RECORD + 4 * i, GO_FUNC);
}

void
scan_go(struct sites *s)
{
	const struct region *r = s->region;
	uint64_t table = s->member->go[GO_FUNCTAB] - r->va, i, n, first;
	const uint8_t *at;

	if (table >= r->size || r->size - table < 8)
		return;
	/* the first record follows the table: so long is that */
	at = s->bytes + r->off + table;
	first = number_u32(at + 4);
	if (first > r->size - table)
		return;
	n = first / 8;
	for (i = 0; i < n; i++) {
		add(s, table + 8 * i, GO_TEXT);
		add(s, table + 8 * i + 4, GO_FUNCTAB);
	}
	for (i = 0; i < n; i++)
		record(s, table + number_u32(at + 8 * i + 4));
}
