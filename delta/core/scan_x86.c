/*
 * References in x86-64 code: calls and jumps of 32 bits, and operands relative
 * to the instruction pointer.
 */
#include "delta/core/scan.h"
#include "delta/core/x86.h"

static bool
kind_of(unsigned after, enum site_kind *kind)
{
	static const enum site_kind kinds[] = { SITE_X86, SITE_X86_1,
		SITE_X86_2, SITE_KINDS, SITE_X86_4 };

	if (after >= COUNT(kinds) || kinds[after] == SITE_KINDS)
		return false;
	*kind = kinds[after];
	return true;
}

void
scan_x86(struct sites *s)
{
	const struct region *r = s->region;
	const uint8_t *code = s->bytes + r->off;
	uint64_t target, field;
	enum site_kind kind;
	struct x86_maps maps;
	struct x86 x;
	size_t at;

	x86_init(&maps);
	for (at = 0; x86_next(&maps, code, (size_t)r->size, &at, &x);
	     at += x.len) {
		if (!kind_of(x.after, &kind))
			continue;
		field = at + x.field;
		target = r->va + at + x.len + number_s32(code + field);
		if (!member_holds(s->member, target))
			continue;
		sites_add(s, r->off + field, kind);
		if (x.lea)
			sites_base(s, target);
	}
}
