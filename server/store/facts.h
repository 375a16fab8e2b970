/*
 * Facts: what a check finds of a publication, as JSON, and the rows that they
 * become.  Intake (judge.h) and the import of bundles (import_read.h) find the
 * same, and what they find is taken in by the same rules.
 */
#ifndef SLUICE_STORE_FACTS_H
#define SLUICE_STORE_FACTS_H

#include <jansson.h>

#include "manifest/publication.h"
#include "server/store/db.h"

/*
 * facts_make - what every publication has (new reference): "m","nblocks",
 * "ngood","offer_seq","fallback_seq","good_seq":[..],"version","expires_s",
 * "root_version","root_sha256","manifests":[sha256 per rung].  The caller adds
 * "roots":[{"version","sha256","size"}] and "files":[{"path","size","sha256",
 * "rungs","document"}] (all but roots).
 */
json_t *facts_make(const struct publication *p, struct err *e) MUST_CHECK;

/* facts_add_file - to the list of "files". */
int facts_add_file(json_t *list, const struct publication_file *f,
    const char *sha256, int64_t size, struct err *e) MUST_CHECK;

/* facts_add_root - to the list of "roots". */
int facts_add_root(json_t *list, int64_t version, const char *sha256,
    int64_t size, struct err *e) MUST_CHECK;

int64_t facts_number(const json_t *facts, const char *key);

/* facts_ladder - with ladder_check. */
int facts_ladder(
    const json_t *facts, struct ladder *out, struct err *e) MUST_CHECK;

/* facts_manifest - of a rung, from the blobs; in the arena, NULL with e. */
const struct manifest *facts_manifest(const json_t *facts, const char *state,
    size_t rung, struct arena *a, struct err *e) MUST_CHECK;

/* facts_put_roots, facts_put_files - their rows, in the caller's transaction.
 * Files take the place of all that the publication has; a root that is there
 * stays as it is. */
int facts_put_roots(struct db *db, const char *channel, const json_t *facts,
    struct err *e) MUST_CHECK;
int facts_put_files(struct db *db, const char *channel, const char *id,
    const json_t *facts, struct err *e) MUST_CHECK;

/*
 * facts_check_delta - the patch makes the artifact from its base, within the
 * memory that the manifest says and that clients grant.  dir: for the result.
 */
struct facts_delta {
	const struct artifact *to;
	const struct delta_entry *entry;
	const char *base, *patch, *dir; /* paths */
};
int facts_check_delta(const struct facts_delta *d, struct err *e) MUST_CHECK;

#endif
