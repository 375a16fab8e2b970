/*
 * Health reports that travel by hand: a site without a network counts what its
 * clients report (health.h) and exports the counts as one signed file; the
 * server outside takes them in as an arm of their own, which is shown and has
 * no vote.
 *
 *	{"minisig": text, "reports": {"schema":"sluice-reports/1", "site",
 *	 "from": day, "until": time, "counts":[{"channel","day","version",
 *	 "event","n"}...]}}
 *
 * canonical JSON; the signature is over the canonical form of "reports".
 */
#ifndef SLUICE_SITES_H
#define SLUICE_SITES_H

#include "server/store/operate.h"

#define SITES_FILE_MAX (512 * 1024)

/* sites_import - the verb reports-import: {"file": text, "key": text}. */
json_t *sites_import(struct operation *o, struct err *e) MUST_CHECK;

/* sites_show - what sites said of a channel: [{"site","until","counts":[
 * {"version","event","n"}]}], summed over the days that are kept. */
json_t *sites_show(
    struct db *db, const char *channel, struct err *e) MUST_CHECK;

#endif
