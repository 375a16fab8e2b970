/*
 * Guessing references.
 */
#include "delta/core/refs.h"

#include <stdlib.h>
#include <string.h>

#define NEAR_BITS   16
#define NEAR_LOG    9
#define LEARNED_MIN 8
#define LEARNED_MAX 17
#define FIBONACCI   0x9e3779b97f4a7c15
#define LOW	    0xfff

static unsigned
learned_bits(uint64_t old_size)
{
	unsigned bits = LEARNED_MIN;

	while (bits < LEARNED_MAX && old_size >> (bits + 5) != 0)
		bits++;
	return bits;
}

uint64_t
refs_memory(uint64_t old_size)
{
	const unsigned bits = learned_bits(old_size);

	return (sizeof(struct refs_entry) << bits) +
	    ((uint64_t)1 << bits >> 3) + (sizeof(uint64_t) << NEAR_BITS);
}

int
refs_init(struct refs *r, const struct map *map, const struct sites *old,
    struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->map = map;
	r->old = old;
	r->bits = learned_bits(map->tables->old.file_size);
	r->learned = calloc((size_t)1 << r->bits, sizeof(*r->learned));
	r->used = calloc((size_t)1 << r->bits >> 6, sizeof(*r->used));
	r->near = calloc((size_t)1 << NEAR_BITS, sizeof(*r->near));
	if (r->learned == NULL || r->used == NULL || r->near == NULL)
		return err_set(e, ERR_SYS, "references: out of memory");
	return 0;
}

void
refs_done(struct refs *r)
{
	free(r->learned);
	free(r->used);
	free(r->near);
	r->learned = NULL;
	r->used = NULL;
	r->near = NULL;
}

static size_t
place(const struct refs *r, uint64_t target)
{
	return (size_t)((target * FIBONACCI) >> (64 - r->bits));
}

/* What was learned of a target; false: nothing. */
static bool
recall(const struct refs *r, uint64_t target, uint64_t *actual)
{
	const size_t at = place(r, target);

	if ((r->used[at >> 6] >> (at & 63) & 1) == 0 ||
	    r->learned[at].target != target)
		return false;
	*actual = r->learned[at].actual;
	return true;
}

static void
learn(struct refs *r, uint64_t target, uint64_t actual)
{
	const size_t at = place(r, target);

	r->used[at >> 6] |= (uint64_t)1 << (at & 63);
	r->learned[at] = (struct refs_entry){ target, actual };
}

static uint64_t *
near(const struct refs *r, uint64_t target)
{
	return &r->near[((target >> NEAR_LOG) * FIBONACCI) >> (64 - NEAR_BITS)];
}

/* The member of new that a reference comes to: that of its region, or the pair
 * of the old one; NULL: none. */
static const struct member *
member_of(
    const struct refs *r, const struct region *from, const struct region *to)
{
	const struct tables *t = r->map->tables;
	int pair;

	if (to)
		return image_member(&t->new, to);
	pair = image_member(&t->old, from)->pair;
	return pair >= 0 ? &t->new.member[pair] : NULL;
}

void
refs_begin(struct refs *r, const struct region *region, const struct site *site,
    uint64_t off_new, struct ref *x)
{
	const struct image *new = &r->map->tables->new;
	const struct region *to;
	uint64_t end, va = region->va + (site->off - region->off);

	to = region->pair >= 0 ? &new->at[region->pair] : NULL;
	if (to == NULL || off_new - to->off >= to->size)
		to = image_span(new, off_new, &end);
	x->kind = site->kind;
	x->width = site_width(site->kind);
	x->va = region_address(to, off_new);
	x->target = site_target(r->old, region, site);
	if (site->kind == SITE_TABLE)
		x->anchor =
		    map_address(r->map, sites_table(r->old, region, va));
	else if (site->kind == SITE_UNWIND)
		x->anchor = r->function;
	else
		x->anchor = site_anchor(
		    member_of(r, region, to), to, site->kind, x->va);
	if (x->kind == SITE_A64) {
		x->word = number_u32(r->old->bytes + site->off);
		a64_decode(x->word, &x->a64);
	}
	if (x->kind == SITE_RELOC)
		x->word = number_u16(r->old->bytes + site->off);
	if (!recall(r, x->target, &x->first))
		x->first = map_address(r->map, x->target);
}

void
refs_map(const struct refs *r, struct ref *x)
{
	x->mapped = map_address(r->map, x->target);
}

bool
refs_near(const struct refs *r, const struct ref *x, uint64_t *target)
{
	uint64_t shift = *near(r, x->target);

	*target = x->target + shift;
	return shift != 0;
}

void
refs_put(const struct ref *x, uint64_t target, uint8_t *out)
{
	uint64_t value = target - x->anchor;

	switch ((int)x->kind) {
	case SITE_A64:
		number_put_u32(out, a64_put(&x->a64, x->word, x->va, target));
		return;
	case SITE_RELOC:
		number_put_u16(
		    out, (x->word & ~(uint32_t)LOW) | ((uint32_t)value & LOW));
		return;
	case SITE_PAGE:
		number_put_u32(out, (uint32_t)value & ~(uint32_t)LOW);
		return;
	default:
		if (x->width == 8)
			number_put_u64(out, value);
		else if (x->width == 3)
			number_put_u24(out, (uint32_t)value);
		else
			number_put_u32(out, (uint32_t)value);
	}
}

void
refs_hit(struct refs *r, const struct ref *x, const uint8_t *field)
{
	struct a64 i;
	uint32_t w;

	if (x->kind != SITE_A64 || x->a64.form != A64_ADRP)
		return;
	w = number_u32(field);
	a64_decode(w, &i);
	if (i.form == A64_ADRP)
		r->page[i.reg] = a64_value(&i, w, x->va);
}

/* Where the field of an instruction points; false: not known. */
static bool
actual_a64(const struct refs *r, const struct ref *x, const uint8_t *field,
    uint64_t *actual)
{
	uint32_t w = number_u32(field);
	struct a64 i;

	a64_decode(w, &i);
	if (i.form != x->a64.form)
		return false;
	*actual = a64_value(&i, w, x->va);
	if (i.form == A64_ADRP)
		*actual += x->mapped & LOW;
	if (i.form == A64_LOW)
		*actual += r->page[i.reg];
	return i.form != A64_LOW || r->page[i.reg] != 0;
}

/* Whether a field says all of where it points: others hold but a part. */
static bool
learns(enum site_kind k)
{
	return k != SITE_RELOC && k != SITE_PAGE;
}

void
refs_miss(struct refs *r, const struct ref *x, const uint8_t *field)
{
	uint64_t actual;

	refs_hit(r, x, field);
	if (x->target == 0 || !learns(x->kind))
		return;
	if (x->kind == SITE_A64) {
		if (!actual_a64(r, x, field, &actual))
			return;
	} else {
		actual = x->anchor + site_value(x->kind, field);
	}
	*near(r, x->target) = actual - x->target;
	if (x->kind == SITE_A64 && x->a64.form == A64_ADRP)
		return;
	learn(r, x->target, actual);
}

void
refs_raw(struct refs *r, const struct ref *x, const uint8_t *field)
{
	if (x->kind == SITE_UNWIND)
		r->function = x->first - site_value(x->kind, field);
	else
		refs_miss(r, x, field);
}
