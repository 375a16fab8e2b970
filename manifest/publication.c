/*
 * What a publication is made of: file names and the files that its rungs name.
 * Loading is publication_load.c, the rules between the rungs
 * publication_rules.c, those between two publications publication_follows.c.
 */
#include "manifest/publication.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"

#define SNAPSHOT_SUFFIX ".snapshot.json"

/* The version in "N.snapshot.json"; 0: another name. */
static int64_t
snapshot_version(const char *path)
{
	char digits[16];
	size_t n = strspn(path, "0123456789");
	int64_t v;

	if (n == 0 || n >= sizeof(digits) || path[0] == '0' ||
	    strcmp(path + n, SNAPSHOT_SUFFIX) != 0)
		return 0;
	memcpy(digits, path, n);
	digits[n] = '\0';
	return int_read(digits, 1, ROLE_VERSION_MAX, &v) < 0 ? 0 : v;
}

int64_t
publication_m(const char *const *paths, size_t n)
{
	int64_t m = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t of = snapshot_version(paths[i]) / LADDER_MAX;

		if (of > m)
			m = of;
	}
	return m;
}

struct collector {
	const struct publication *p;
	struct arena *a;
	struct publication_file *files;
	size_t n;
	struct err *e;
};

/* Rungs of the same place in later blocks have the same targets. */
static uint32_t
rungs_alike(const struct publication *p, int index)
{
	int step = 2 + p->ladder.ngood;
	uint32_t mask = 0;

	if (index == 0)
		return 1;
	for (int i = index; i < p->nrungs; i += step)
		mask |= UINT32_C(1) << i;
	return mask;
}

static int
add_document(struct collector *c, const struct rung *r, const struct role *doc)
{
	struct publication_file *f = &c->files[c->n++];

	f->path = arena_printf(c->a, c->e, "%lld.%s.json",
	    (long long)doc->version, role_name(doc->kind));
	f->size = (int64_t)doc->file.len;
	sha256(f->sha256, doc->file.at, doc->file.len);
	f->rungs = UINT32_C(1) << r->index;
	f->document = true;
	return f->path == NULL ? -1 : 0;
}

static int
add_target(struct collector *c, const struct rung *r, const struct target *t)
{
	struct publication_file *f = &c->files[c->n++];
	const char *path = role_path(c->a, t, c->e);

	if (path == NULL)
		return -1;
	f->path = arena_printf(c->a, c->e, "targets/%s", path);
	f->size = t->length;
	memcpy(f->sha256, t->sha256, SHA256_SIZE);
	f->rungs = rungs_alike(c->p, r->index);
	f->document = strcmp(t->path, MANIFEST_TARGET) == 0;
	if (f->path == NULL)
		return -1;
	if (!f->document || c->p->root->nminisign == 0)
		return 0;
	c->files[c->n] = (struct publication_file){
		.path = arena_printf(c->a, c->e, "%s.minisig", f->path),
		.size = -1,
		.rungs = f->rungs,
		.document = true,
	};
	return c->files[c->n++].path == NULL ? -1 : 0;
}

static int
collect(struct collector *c)
{
	int first_blocks = 3 + c->p->ladder.ngood;
	size_t room = 0;

	for (int i = 0; i < c->p->nrungs; i++)
		room += 2 +
		    (i < first_blocks ? c->p->rungs[i].targets->ntargets + 1
				      : 0);
	c->files = arena_array(c->a, room, sizeof(*c->files), c->e);
	if (c->files == NULL)
		return -1;
	for (int i = 0; i < c->p->nrungs; i++) {
		const struct rung *r = &c->p->rungs[i];

		if (add_document(c, r, r->snapshot) < 0 ||
		    add_document(c, r, r->targets) < 0)
			return -1;
		for (size_t k = 0; i < first_blocks && k < r->targets->ntargets;
		     k++)
			if (add_target(c, r, &r->targets->targets[k]) < 0)
				return -1;
	}
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct publication_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

int
publication_files(const struct publication *p, struct arena *a,
    const struct publication_file **out, size_t *n, struct err *e)
{
	struct collector c = { .p = p, .a = a, .e = e };
	struct publication_file *f;
	size_t kept = 0;

	if (collect(&c) < 0)
		return -1;
	f = c.files;
	qsort(f, c.n, sizeof(*f), by_path);
	for (size_t i = 0; i < c.n; i++) {
		if (kept == 0 || strcmp(f[kept - 1].path, f[i].path) != 0) {
			f[kept++] = f[i];
			continue;
		}
		/* the path holds the digest: only the length could differ */
		if (f[kept - 1].size != f[i].size)
			return err_set(e, ERR_INPUT,
			    "%s has two different lengths", f[i].path);
		f[kept - 1].rungs |= f[i].rungs;
	}
	*out = f;
	*n = kept;
	return 0;
}
