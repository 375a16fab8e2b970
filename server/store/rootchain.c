/*
 * Reading a chain of roots, and keeping it.
 */
#include "server/store/rootchain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/trust.h"
#include "server/store/blobs.h"
#include "server/store/channel.h"

#define LINKS_MAX (TRUST_ROOTS_MAX + 1) /* what a client follows in one run */

/* --- reading --- */

static int
add(struct rootchain *c, const char *path, struct arena *a, struct err *e)
{
	struct rootchain_link *to = &c->at[c->n];
	struct bytes file;

	if (c->n == LINKS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d roots", LINKS_MAX);
	if (file_read(a, path, ROLE_ROOT_MAX, &file, e) < 0)
		return err_in(e, "%s", path);
	to->root = role_read(a, ROLE_ROOT, file, ROLE_STRICT, e);
	if (to->root == NULL)
		return err_in(e, "%s", path);
	to->path = path;
	sha256_hex(to->sha256, file.at, file.len);
	c->n++;
	return 0;
}

static int
add_folder(
    struct rootchain *c, const char *folder, struct arena *a, struct err *e)
{
	size_t before = c->n;

	for (int64_t v = 1;; v++) {
		char *path = arena_printf(
		    a, e, "%s/%lld.root.json", folder, (long long)v);

		if (path == NULL)
			return -1;
		if (!file_exists(path))
			break;
		if (add(c, path, a, e) < 0)
			return -1;
	}
	return c->n > before ? 0
			     : err_set(e, ERR_USAGE,
				   "%s: there is no 1.root.json in it", folder);
}

static int
by_version(const void *pa, const void *pb)
{
	const struct rootchain_link *a = pa, *b = pb;

	return (a->root->version > b->root->version) -
	    (a->root->version < b->root->version);
}

/* In order, each once. */
static int
arrange(struct rootchain *c, struct err *e)
{
	size_t kept = 1;

	qsort(c->at, c->n, sizeof(*c->at), by_version);
	for (size_t i = 1; i < c->n; i++) {
		const struct rootchain_link *last = &c->at[kept - 1];
		int64_t step = c->at[i].root->version - last->root->version;

		if (step > 1)
			return err_set(e, ERR_USAGE,
			    "root %lld is missing: each is verified by the one"
			    " before",
			    (long long)last->root->version + 1);
		if (step == 0 && strcmp(c->at[i].sha256, last->sha256) != 0)
			return err_set(e, ERR_CONFLICT,
			    "%s and %s: two documents of version %lld",
			    last->path, c->at[i].path,
			    (long long)last->root->version);
		if (step == 1)
			c->at[kept++] = c->at[i];
	}
	c->n = kept;
	return 0;
}

static int
verify(const struct rootchain *c, struct arena *a, struct err *e)
{
	char product[PRODUCT_MAX + 1], channel[PRODUCT_MAX + 1];
	struct trust t;

	if (channel_split(c->channel, product, channel, e) < 0)
		return -1;
	if (trust_start(&t, a, ROLE_STRICT, clock_now_s(), product, channel,
		c->at[0].root->file, e) < 0)
		return err_in(e, "%s", c->at[0].path);
	for (size_t i = 1; i < c->n; i++)
		if (trust_root(&t, c->at[i].root->file, e) < 0)
			return err_in(e, "%s", c->at[i].path);
	return trust_roots_done(&t, e) < 0
	    ? err_in(e, "%s", rootchain_last(c)->path)
	    : 0;
}

int
rootchain_read(struct rootchain *c, const char *const *paths, size_t n,
    struct arena *a, struct err *e)
{
	struct stat st;

	c->n = 0;
	if ((c->at = arena_array(a, LINKS_MAX, sizeof(*c->at), e)) == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		bool folder = stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode);

		if ((folder ? add_folder(c, paths[i], a, e)
			    : add(c, paths[i], a, e)) < 0)
			return -1;
	}
	if (c->n == 0)
		return err_set(e, ERR_USAGE, "no root is given");
	return arrange(c, e) < 0 ? -1 : verify(c, a, e);
}

const struct rootchain_link *
rootchain_last(const struct rootchain *c)
{
	return &c->at[c->n - 1];
}

/* --- keeping --- */

/* As the push of a publication would leave it. */
static int
put_blob(const struct rootchain_link *l, struct db *db, const char *state,
    struct err *e)
{
	AUTO_ARENA a = arena_new(65536);
	const struct bytes *file = &l->root->file;
	char *path, *dir;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((dir = arena_printf(a, e, "%s/blobs/%.2s", state, l->sha256)) ==
		NULL ||
	    (path = blobs_path(state, l->sha256, a, e)) == NULL ||
	    file_mkdirs(dir, 0700, e) < 0 ||
	    file_replace(path, file->at, file->len, 0600, e) < 0)
		return -1;
	return db_do(db, e,
	    "INSERT INTO blob (sha256, size, added_s) VALUES ($1, $2, $3)"
	    " ON CONFLICT (sha256) DO NOTHING",
	    BIND(V((const char *)l->sha256), V((int64_t)file->len),
		V(clock_now_s())));
}

static int
put(const struct rootchain *c, const struct rootchain_link *l, struct db *db,
    struct err *e)
{
	int64_t version = l->root->version, others;
	struct err failed = { .kind = ERR_NONE };

	others = db_int(db, &failed, 0,
	    "SELECT COUNT(*) FROM root WHERE channel = $1 AND version = $2"
	    " AND sha256 <> $3",
	    BIND(V(c->channel), V(version), V((const char *)l->sha256)));
	if (failed.kind != ERR_NONE) {
		*e = failed;
		return -1;
	}
	if (others > 0)
		return err_set(e, ERR_CONFLICT,
		    "%s: this channel has another root %lld", l->path,
		    (long long)version);
	return db_do(db, e,
	    "INSERT INTO root (channel, version, sha256, size)"
	    " VALUES ($1, $2, $3, $4) ON CONFLICT (channel, version) DO NOTHING",
	    BIND(V(c->channel), V(version), V((const char *)l->sha256),
		V((int64_t)l->root->file.len)));
}

int
rootchain_put(
    const struct rootchain *c, struct db *db, const char *state, struct err *e)
{
	int fresh = 0, n;

	for (size_t i = 0; i < c->n; i++) {
		if ((n = put(c, &c->at[i], db, e)) < 0 ||
		    put_blob(&c->at[i], db, state, e) < 0)
			return -1;
		fresh += n;
	}
	return fresh;
}
