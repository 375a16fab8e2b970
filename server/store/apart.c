/*
 * Comparing the roots of channels.
 */
#include "server/store/apart.h"

#include <string.h>

#include "server/store/blobs.h"

static size_t
in_both(const struct role_keys *a, const struct role_keys *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			n += strcmp(a->keyids[i], b->keyids[k]) == 0;
	return n;
}

static bool
same_minisign(const struct role *a, const struct role *b)
{
	for (size_t i = 0; i < a->nminisign; i++)
		for (size_t k = 0; k < b->nminisign; k++)
			if (memcmp(a->minisign[i].public, b->minisign[k].public,
				sizeof(a->minisign[i].public)) == 0)
				return true;
	return false;
}

const char *
apart_shared(const struct role *a, const struct role *b)
{
	const struct role_keys *x = &a->roles[ROLE_TARGETS];
	const struct role_keys *y = &b->roles[ROLE_TARGETS];
	int least = x->threshold < y->threshold ? x->threshold : y->threshold;

	if (in_both(x, y) >= (size_t)least)
		return "release keys that meet a threshold";
	if (in_both(&a->roles[ROLE_TIMESTAMP], &b->roles[ROLE_TIMESTAMP]) > 0)
		return "a timestamp key";
	return same_minisign(a, b) ? "a minisign key" : NULL;
}

int
apart_find(struct db *db, const struct apart_ask *ask, struct apart *out,
    struct arena *a, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT c.id, r.sha256 FROM channel c JOIN root r"
	    " ON r.channel = c.id AND r.version = c.root_version"
	    " WHERE c.id <> $1 ORDER BY c.id",
	    BIND(V(ask->channel)));
	int more = -1;

	while (r != NULL && (more = rows_next(r, e)) > 0) {
		const char *sha256 = row_text(r, 1, a);
		const struct role *other;
		struct bytes file;

		if ((out->channel = row_text(r, 0, a)) == NULL ||
		    sha256 == NULL)
			return err_set(e, ERR_SYS, "no memory");
		if (blobs_read(ask->state, sha256, ROLE_ROOT_MAX, &file, a, e) <
			0 ||
		    (other = role_read(a, ROLE_ROOT, file, ROLE_STRICT, e)) ==
			NULL)
			return err_in(e, "root of %s", out->channel);
		if ((out->what = apart_shared(ask->root, other)) != NULL)
			return 1;
	}
	return more;
}
