/*
 * Following roots.  What a person gave must be in the chain byte for byte, so
 * everything else in it is either history or signed by what they trust.
 */
#include "signer/chain.h"

#include <string.h>

#include "manifest/base/file.h"

static int
chain_put(struct chain *c, int64_t version, struct bytes file, const char *name,
    struct err *e)
{
	struct bytes *old;

	if (version < 1 || version > CHAIN_MAX)
		return err_set(e, ERR_LIMIT, "%s: root version %lld", name,
		    (long long)version);
	old = &c->files[version];
	if (old->len > 0 &&
	    (old->len != file.len || memcmp(old->at, file.at, file.len) != 0))
		return err_set(e, ERR_AUTH,
		    "%s: another root %lld than the one given", name,
		    (long long)version);
	*old = file;
	if (version > c->newest)
		c->newest = version;
	return 0;
}

int
chain_files(struct chain *c, const char *const *paths, size_t n,
    struct arena *a, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes file;
		const struct role *r;

		if (file_read(a, paths[i], ROLE_ROOT_MAX, &file, e) < 0)
			return -1;
		r = role_read(a, ROLE_ROOT, file, ROLE_STRICT, e);
		if (r == NULL)
			return err_in(e, "%s", paths[i]);
		if (chain_put(c, r->version, file, paths[i], e) < 0)
			return -1;
		if (c->anchor == 0 || r->version < c->anchor)
			c->anchor = r->version;
	}
	return 0;
}

int
chain_source(struct chain *c, struct source *s, int64_t *newest, struct err *e)
{
	*newest = 0;
	for (int64_t v = 1; v <= CHAIN_MAX; v++) {
		char *name =
		    arena_printf(s->arena, e, "%lld.root.json", (long long)v);
		struct bytes file;

		if (name == NULL)
			return -1;
		if (source_read(s, name, ROLE_ROOT_MAX, s->arena, &file, e) <
		    0) {
			if (e->kind != ERR_MISSING)
				return -1;
			e->kind = ERR_NONE;
			return 0;
		}
		if (chain_put(c, v, file, s->where, e) < 0)
			return -1;
		*newest = v;
	}
	return 0;
}

static const struct role *
first(const struct chain *c, struct arena *a, struct err *e)
{
	if (c->newest == 0) {
		(void)err_set(e, ERR_USAGE, "no root: --root FILE is needed");
		return NULL;
	}
	for (int64_t v = 1; v <= c->newest; v++) {
		if (c->files[v].len > 0)
			continue;
		(void)err_set(e, ERR_USAGE,
		    "root %lld is missing: the whole chain from root 1 is"
		    " needed (--root for each)",
		    (long long)v);
		return NULL;
	}
	return role_read(a, ROLE_ROOT, c->files[1], ROLE_STRICT, e);
}

const struct role *
chain_root(const struct chain *c, const struct chain_ask *ask, struct arena *a,
    struct err *e)
{
	const struct role *one = first(c, a, e);
	struct trust t;

	if (one == NULL)
		return NULL;
	if (ask->product != NULL &&
	    (strcmp(one->product, ask->product) != 0 ||
		strcmp(one->channel, ask->channel) != 0)) {
		(void)err_set(e, ERR_USAGE, "the root is of %s/%s, not %s/%s",
		    one->product, one->channel, ask->product, ask->channel);
		return NULL;
	}
	if (trust_start(&t, a, ROLE_STRICT, ask->now_s, one->product,
		one->channel, c->files[1], e) < 0) {
		(void)err_in(e, "root 1");
		return NULL;
	}
	for (int64_t v = 2; v <= ask->version; v++) {
		if (trust_root(&t, c->files[v], e) < 0) {
			(void)err_in(e, "root %lld", (long long)v);
			return NULL;
		}
	}
	if (ask->now_s > 0 && trust_roots_done(&t, e) < 0)
		return NULL;
	return t.root;
}
