/*
 * The brake: holds the timestamp key of each channel and signs a timestamp
 * only for a snapshot of the one publication that it was given and that chains
 * to the root it trusts; never of an older one; never a round more than 7 days
 * ahead of the last until a person confirms.  Its memory (root, publication,
 * last round, highest rung signed) is a file of its own per channel, replaced
 * before an answer leaves.
 *
 * Messages (store asks, brake answers; errors as {"error","kind"}):
 *   {"do":"adopt","channel":"P/C","m":M,"roots":[doc...],
 *    "snapshots":[doc...],"targets":[doc or null...],"manifest":doc}
 *                                                -> {"ok":true,"rungs":n}
 *   {"do":"sign","channel":"P/C","m":M,"round":R,"signed_at":t,
 *    "expires":t,"views":[{"rung","cap_bp","pin_seq","urgent","jump"}...],"confirm":bool}
 *                                  -> {"timestamps":[text...]} (same order)
 *   {"do":"state","channel":"P/C"}
 *                      -> {"round","m","rung","rungs","root_version","keyid"}
 *
 * A doc is the document itself as a JSON value (it is canonical, so its bytes
 * follow), or its base64.  roots: those after the trusted root, in order (may
 * be empty).  manifest is the offer's; targets are each rung's, rung 1's among
 * them: from these the brake learns not_before and which rungs offer nothing.
 * Before not_before it signs no offer, and no rung whose targets are null.
 * adopt with the m that it has is a no-op when the snapshots are the same.
 *
 * m in sign is the publication whose rungs are meant: a database from a backup
 * may still be at an older one.
 *
 * Times (t) are Unix seconds.  One round may be signed in several messages of
 * at most BRAKE_VIEWS_MAX views, with the same signed_at and expires: signing
 * is deterministic.  rung in state: the highest signed, -1 none; views marked
 * "jump" (above the positions, for clients that have seen more) do not count.
 */
#ifndef SLUICE_BRAKE_H
#define SLUICE_BRAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define BRAKE_VIEWS_MAX	  96	       /* in one sign message */
#define BRAKE_AHEAD_MAX	  (7 * 1440)   /* rounds (minutes) past the last */
#define BRAKE_CONFIRM_MAX (366 * 1440) /* past its clock, when confirmed */
#define BRAKE_EXPIRES_MAX 86400	       /* seconds after signed_at */
#define BRAKE_CLOCK_SLACK 600	       /* seconds signed_at may be ahead */

/* brake_answer - one message to its answer (new reference); NULL with e set.
 * now_s is the brake's own clock. */
json_t *brake_answer(const char *dir, const json_t *ask, int64_t now_s,
    struct err *e) MUST_CHECK;

/* brake_run - the process: serves fd until the peer is gone.  dir is
 * STATE/brake, open to it alone (its sandbox is on).  Returns the exit
 * status. */
int brake_run(int fd, const char *dir);

/* brake_key_make - make DIR/<product>/<channel>/key (0600, raw seed in hex)
 * and key.pub (TUF key object); ERR_CONFLICT if there is one. */
int brake_key_make(const char *dir, const char *product, const char *channel,
    struct err *e) MUST_CHECK;

/*
 * brake_key_next - make key.next and key.next.pub beside them, for a root that
 * changes the brake key: the brake signs with the one that its trusted root
 * names, and key.next takes the place of key when such a root is adopted.
 * ERR_CONFLICT if there is a key.next, unless it is to be replaced;
 * ERR_MISSING if there is no key.
 */
int brake_key_next(const char *dir, const char *product, const char *channel,
    bool replace, struct err *e) MUST_CHECK;

/* brake_trust - give the brake its first root (channel add): checks that the
 * root names the channel's brake key among its timestamp keys.  The same root
 * again is no error, another one is ERR_CONFLICT. */
int brake_trust(const char *dir, const char *product, const char *channel,
    const char *root_path, struct err *e) MUST_CHECK;

#endif
