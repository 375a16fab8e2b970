/*
 * The history of releases: which of them everybody has had, which were taken
 * back.  From it follow the fallback, the good list and the withdrawn list
 * that the next publication must build on.
 */
#ifndef SLUICE_RELEASE_H
#define SLUICE_RELEASE_H

#include "manifest/publication.h"
#include "server/store/channel.h"

#define VERSION_SIZE 72 /* a version with NUL, as channel_state has it */

/*
 * release_add - a publication has been switched to: its release and platforms
 * (a renewal may add platforms), and the releases that the permission of its
 * hold names are withdrawn from now on.
 */
int release_add(struct db *db, const char *channel,
    const struct manifest *offer, const struct manifest *hold, int64_t now_s,
    struct err *e) MUST_CHECK;

/*
 * release_note - after every change of state, and whenever time may have
 * raised a cap: on each platform of the offer, whether everybody may have it
 * (reached), has had it taken away (spoiled) or is led back from it
 * (withdrawn).  Pins and groups do not count.
 */
int release_note(struct db *db, const char *channel,
    const struct channel_state *state, int64_t now_s, struct err *e) MUST_CHECK;

/* release_base - what the next publication of the channel builds on. */
int release_base(struct db *db, const struct channel *c,
    struct publication_base *out, struct arena *a, struct err *e) MUST_CHECK;

/* release_seq - of a version; ERR_MISSING. */
int64_t release_seq(struct db *db, const char *channel, const char *version,
    struct err *e) MUST_CHECK;
/* release_platforms - those of all releases that the channel has had, sorted;
 * the number. */
int release_platforms(struct db *db, const char *channel,
    const char *const **out, struct arena *a, struct err *e) MUST_CHECK;
/* release_version - of a seq; "" where it is not known (or seq is 0). */
int release_version(struct db *db, const char *channel, int64_t seq,
    char out[static VERSION_SIZE], struct err *e) MUST_CHECK;

#endif
