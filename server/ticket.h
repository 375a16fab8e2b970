/*
 * The Sluice-Ticket: proof that this server handed this client this view on
 * this day.  A keyed hash, nothing stored.  Its key signs no document; store
 * lends it to front.  Pure.
 *
 *	"v1." base64url(kind[1] day[2] seq[5] channel[1..64] tag[16])
 *
 * Big-endian; the tag is BLAKE2b keyed over "sluice-ticket-v1" 00 client_id 00
 * product 00 and the bytes before it.  Clients need not look inside.
 */
#ifndef SLUICE_TICKET_H
#define SLUICE_TICKET_H

#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/ladder.h"
#include "manifest/manifest.h"

#define TICKET_KEY_SIZE	 32
#define TICKET_TEXT_SIZE 128 /* with NUL */

/* What a ticket says. */
struct ticket {
	enum rung_kind kind;
	int64_t day; /* days since 1970-01-01 UTC */
	int64_t seq; /* release that the view names; 0: none */
	char channel[PRODUCT_MAX + 1];
};

/*
 * ticket_make - the header's value for a client.  The same poll on the same
 * day gives the same ticket.  ERR_LIMIT: a field is out of range.
 */
int ticket_make(char out[static TICKET_TEXT_SIZE],
    const uint8_t key[static TICKET_KEY_SIZE], const struct ticket *t,
    const char *client_id, const char *product, struct err *e) MUST_CHECK;

/*
 * ticket_verify - read a ticket of this client and product.  ERR_INPUT:
 * malformed; ERR_AUTH: not made by this key for them.  out is filled only on
 * success; the caller judges channel, seq, kind and day.
 */
int ticket_verify(struct ticket *out, const char *text,
    const uint8_t key[static TICKET_KEY_SIZE], const char *client_id,
    const char *product, struct err *e) MUST_CHECK;

#endif
