/*
 * Trees for static sites: the publication below DIR/<product>/<channel>/, one
 * timestamp in place, the others beside the document root.
 */
#ifndef SLUICE_KEYLESS_H
#define SLUICE_KEYLESS_H

#include <stdint.h>

#include "manifest/publication.h"
#include "signer/keyring.h"
#include "signer/report.h"
#include "signer/source.h"

#define KEYLESS_DAYS 7 /* that pre-signed timestamps last */

struct keyless {
	const struct publication *pub;
	struct source *source; /* the publication directory */
	const struct keyring *ring;
	const char *dir;  /* the document root */
	const char *rung; /* in place: hold, offer, halt, rollback-VERSION;
	                     NULL: what is there now, else offer */
	int64_t now_s, expires_s;
	/* written: the timestamps that were signed */
	struct report_stamp stamps[LADDER_MAX + 1];
	size_t nstamps;
};

/*
 * keyless_write - copy what the tree lacks, sign a new round of timestamps,
 * put one in place last.  DIR.timestamps/<product>/<channel>/<rung>.json gets
 * the timestamps that the site may move to from there.
 */
int keyless_write(struct keyless *k, struct arena *a, struct err *e) MUST_CHECK;

#endif
