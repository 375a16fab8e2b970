/*
 * Members of archives: which archive it is, order, and archives in archives.
 */
#include "delta/container.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX ((size_t)32 << 20)

static bool
grow(struct entries *m)
{
	size_t room = m->room ? 2 * m->room : 64;
	struct entry *at;

	if (m->n < m->room)
		return true;
	at = reallocarray(m->at, room, sizeof(*at));
	if (at == NULL)
		return false;
	m->at = at;
	m->room = room;
	return true;
}

void
container_put(struct entries *m, const struct entry *one)
{
	if (m->n == CONTAINER_ENTRIES || !grow(m))
		m->full = true;
	else
		m->at[m->n++] = *one;
}

/* "archive:name", without what no name should hold. */
static const char *
full_name(struct container *c, struct bytes name)
{
	size_t outer = strlen(c->in->name), i;
	struct err e;
	char *text;

	if (outer + 1 + name.len > CONTAINER_NAME)
		return NULL;
	text = arena_get(c->m->names, outer + name.len + 2, &e);
	if (text == NULL)
		return NULL;
	memcpy(text, c->in->name, outer);
	text[outer] = ':';
	for (i = 0; i < name.len; i++)
		text[outer + 1 + i] =
		    (char)(name.at[i] == '\0' ? '?' : name.at[i]);
	return text;
}

void
container_add(struct container *c, struct bytes name, const struct entry *add)
{
	struct entry member = *add;

	if (add->size == 0 || container_bytes(c, add->off, add->size) == NULL)
		return;
	member.name = full_name(c, name);
	if (member.name == NULL) {
		c->m->full = true;
		return;
	}
	member.off += c->in->off;
	member.depth = c->in->depth + 1;
	container_put(c->m, &member);
}

static int
by_offset(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Ascending; what overlaps its predecessor is left out: no archive that a tool
 * made has such members, and each byte is looked at once in each depth. */
static void
sort(struct entries *m, size_t first)
{
	uint64_t end = 0;
	size_t i, n = first;

	qsort(m->at + first, m->n - first, sizeof(*m->at), by_offset);
	for (i = first; i < m->n; i++) {
		if (m->at[i].off < end)
			continue;
		end = m->at[i].off + m->at[i].size;
		m->at[n++] = m->at[i];
	}
	m->n = n;
}

static void
list(struct entries *m, struct bytes file, const struct entry *in)
{
	struct container c = { m, file, in, m->n };
	size_t i, end;

	if (in->depth >= CONTAINER_DEPTH)
		return;
	if (!container_gzip(&c) && !container_ar(&c) && !container_tar(&c) &&
	    !container_asar(&c) && !container_zip(&c))
		return;
	if (m->n == c.first)
		return;
	sort(m, c.first);
	end = m->n;
	for (i = c.first; i < end; i++) {
		/* a copy: the list may move */
		struct entry inner = m->at[i];

		if (!inner.deflated)
			list(m, file, &inner);
	}
}

void
container_list_at(struct entries *m, struct bytes file, const struct entry *in)
{
	if (m->names == NULL && (m->names = arena_new(NAMES_MAX)) == NULL)
		return;
	if (in->off <= file.len && in->size <= file.len - in->off)
		list(m, file, in);
}

void
container_list(struct entries *m, struct bytes file)
{
	const struct entry whole = { .name = "", .size = file.len };

	memset(m, 0, sizeof(*m));
	container_list_at(m, file, &whole);
}

void
container_done(struct entries *m)
{
	free(m->at);
	arena_free(m->names);
	memset(m, 0, sizeof(*m));
}
