/*
 * Who gets what: client IDs, buckets, the envelope.  Integers only, so that
 * anyone can recompute a decision.
 */
#ifndef SLUICE_COHORT_H
#define SLUICE_COHORT_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/digest.h"
#include "manifest/base/err.h"

#define BP_ALL	       10000 /* basis points: everybody */
#define BUCKET_NO_ID   9999  /* the bucket of a client without an ID */
#define CLIENT_ID_SIZE SHA256_HEX_SIZE

/*
 * cohort_client_id - lower-case hex SHA-256 of
 * "sluice-client-v1" 00 product 00 machine-id.
 */
void cohort_client_id(char out[static CLIENT_ID_SIZE], const char *product,
    const char *machine_id);

/* cohort_id_check - 0 if s is 64 lower-case hex digits. */
int cohort_id_check(const char *s, struct err *e) MUST_CHECK;

/*
 * cohort_bucket - 0..9999: the first 8 bytes, big-endian, of
 * SHA-256(salt 00 client_id), times 10000, shifted right by 64 bits.
 * client_id NULL or "": BUCKET_NO_ID.
 */
int cohort_bucket(const char *salt, const char *client_id);

struct stage;

/*
 * cohort_envelope - the percentage (basis points) that a signed plan allows at
 * now_s: the percent_bp of the last stage whose earliest start has come; 0 if
 * none has.  A stage's earliest start is the later of its not_before_s and
 * start_s plus the min_duration_s of all stages before it.
 *
 *   start_s   the publication's not_before, or created where it has none
 *   next_s    if not NULL: when the value next changes, 0 if never
 *
 * Saturates on overflow: a stage that would start past the end of time never
 * does.
 */
int cohort_envelope(const struct stage *plan, size_t n, int64_t start_s,
    int64_t now_s, int64_t *next_s);

#endif
