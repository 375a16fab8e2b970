/*
 * The request target as the server understands it: a path of plain names and a
 * query.  Everything doubtful is refused, so that nothing downstream has to
 * wonder what "..", "%2f" or an empty segment might mean.  Pure.
 */
#ifndef SLUICE_URL_H
#define SLUICE_URL_H

#include <stddef.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define URL_MAX	      2048 /* bytes of a request target */
#define URL_PAIRS_MAX 24

struct url_pair {
	const char *key, *value;
};

struct url {
	char path[URL_MAX + 1];	 /* decoded */
	char query[URL_MAX + 1]; /* decoded, cut at the marks */
	struct url_pair pairs[URL_PAIRS_MAX];
	size_t npairs;
};

/*
 * url_read - fill u from a raw target.  Path: "/" alone, or segments of
 * [A-Za-z0-9._~+-] (percent-encoding undone once) of which none is empty, "."
 * or "..".  Query: pairs key=value, no control bytes, no key twice; "+" means
 * itself.  Whatever else: ERR_INPUT; too much of it: ERR_LIMIT.
 */
int url_read(struct url *u, const char *raw, struct err *e) MUST_CHECK;

/* url_query - the value of a key, or NULL. */
const char *url_query(const struct url *u, const char *key);

#endif
