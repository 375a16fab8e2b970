/*
 * Layouts of files: members side by side, each with its addresses.
 */
#include "delta/layouts.h"

#include <stdlib.h>
#include <string.h>

int
layouts_init(struct layouts *l, uint64_t file_size, struct err *e)
{
	memset(l, 0, sizeof(*l));
	l->image.file_size = file_size;
	l->name = calloc(IMAGE_REGIONS, sizeof(*l->name));
	l->scratch = calloc(1, sizeof(*l->scratch));
	if (image_room(&l->image, IMAGE_MEMBERS, IMAGE_REGIONS, e) < 0)
		return -1;
	l->image.members = l->image.n = 0;
	if (l->name == NULL || l->scratch == NULL)
		return err_sys(e, "layout");
	return 0;
}

void
layouts_done(struct layouts *l)
{
	image_done(&l->image);
	free(l->name);
	free(l->scratch);
	memset(l, 0, sizeof(*l));
}

/* The only member of another image, with its addresses and offsets. */
static void
append(struct image *m, const struct layout *one, uint64_t off)
{
	struct member *to = &m->member[m->members++];
	const struct member *from = &one->member;
	size_t i;

	to->base = to->bias + from->base;
	to->first = m->n;
	to->n = from->n;
	for (i = 0; i < IMAGE_GO; i++)
		to->go[i] = to->bias + from->go[i];
	for (i = 0; i < from->n; i++) {
		struct region *r = &m->at[m->n++];

		*r = one->region[i];
		r->va += to->bias;
		r->off += off;
		r->pair = -1;
	}
}

int
layouts_add(struct layouts *l, struct bytes file, uint64_t off, uint64_t len)
{
	struct image *m = &l->image;
	struct layout *one = l->scratch;
	const size_t before = m->n;
	struct err e;

	if (m->members == IMAGE_MEMBERS || !layout_inside(file, off, len) ||
	    !layout_read(one, (struct bytes){ file.at + off, (size_t)len }) ||
	    one->image.n > IMAGE_REGIONS - m->n)
		return -1;
	append(m, one, off);
	memcpy(l->name + before, one->name, one->image.n * sizeof(*l->name));
	if (image_check(m, &e) < 0) {
		/* it shares bytes with another */
		m->members--;
		m->n = before;
		(void)!image_check(m, &e);
		return -1;
	}
	if (off == 0 && len == file.len)
		l->pages = one->pages;
	return (int)m->members - 1;
}

void
layouts_pair(struct layouts *old, int i, const struct layouts *new, int k)
{
	struct member *from = &old->image.member[i];
	const struct member *to = &new->image.member[k];
	bool taken[IMAGE_MEMBER_REGIONS] = { false };
	size_t a, b;

	from->pair = k;
	for (a = from->first; a < from->first + from->n; a++) {
		for (b = to->first; b < to->first + to->n; b++) {
			if (taken[b - to->first] ||
			    new->image.at[b].kind != old->image.at[a].kind ||
			    strcmp(old->name[a], new->name[b]) != 0)
				continue;
			old->image.at[a].pair = (int)b;
			taken[b - to->first] = true;
			break;
		}
	}
}
