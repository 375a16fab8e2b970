/*
 * The chain of root documents, from the first to the newest, put together from
 * files that a person trusts and from a source that nobody does.
 */
#ifndef SLUICE_CHAIN_H
#define SLUICE_CHAIN_H

#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/role.h"
#include "manifest/trust.h"
#include "signer/source.h"

#define CHAIN_MAX (TRUST_ROOTS_MAX + 1)

struct chain {
	struct bytes files[CHAIN_MAX + 1]; /* by version; len 0: not there */
	int64_t newest;
	int64_t anchor; /* lowest version that a person gave; 0: none */
};

/* chain_files - root documents that the person in front trusts. */
int chain_files(struct chain *c, const char *const *paths, size_t n,
    struct arena *a, struct err *e) MUST_CHECK;

/*
 * chain_source - the roots that a source has; *newest gets the last of them (0:
 * none).  ERR_AUTH when one differs from a file that was given.
 */
int chain_source(struct chain *c, struct source *s, int64_t *newest,
    struct err *e) MUST_CHECK;

/*
 * chain_root - root number version, after following the chain to it from the
 * first.  product NULL: whatever the first says.  now_s > 0: the root must not
 * have expired.
 */
struct chain_ask {
	const char *product, *channel;
	int64_t version, now_s;
};
const struct role *chain_root(const struct chain *c,
    const struct chain_ask *ask, struct arena *a, struct err *e) MUST_CHECK;

#endif
