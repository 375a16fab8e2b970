/*
 * The brake: holds the timestamp key of each channel and signs a timestamp
 * only for a snapshot of the one publication that it was given and that chains
 * to the root it trusts; never of an older one; never a round more than 7 days
 * ahead of the last until a person confirms.  Its memory (root, publication,
 * last round, highest rung signed) is a file of its own per channel, replaced
 * before an answer leaves.
 *
 * Messages (store asks, brake answers; errors as {"error","kind"}):
 *   {"do":"adopt","channel":"P/C","m":M,"roots":[base64...],
 *    "snapshots":[base64...]}                     -> {"ok":true,"rungs":n}
 *   {"do":"sign","channel":"P/C","round":R,"signed_at":t,"expires":t,
 *    "views":[{"rung","cap_bp","pin_seq","urgent"}...],"confirm":bool}
 *                                  -> {"timestamps":[text...]} (same order)
 *   {"do":"state","channel":"P/C"} -> {"round","m","rung","root_version"}
 *
 * roots: the documents that follow the trusted root, in order (may be empty).
 * adopt with the m that it has is a no-op when the snapshots are the same.
 */
#ifndef SLUICE_BRAKE_H
#define SLUICE_BRAKE_H

#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

/* brake_run - the process: serves fd until the peer is gone.  dir is
 * STATE/brake, already open to it alone (its sandbox is on).  Returns the exit
 * status. */
int brake_run(int fd, const char *dir);

/* brake_key_make - make DIR/<product>/<channel>/key (0600, raw seed in hex)
 * and key.pub (TUF key object); ERR_CONFLICT if there is one. */
int brake_key_make(const char *dir, const char *product, const char *channel,
    struct err *e) MUST_CHECK;

/* brake_trust - give the brake its first root (channel add): checks that the
 * root names the channel's brake key among its timestamp keys. */
int brake_trust(const char *dir, const char *product, const char *channel,
    const char *root_path, struct err *e) MUST_CHECK;

#endif
