/*
 * Reports for machines: what a run has signed, with which keys.  Written when
 * all is done; a run that failed writes none.
 */
#ifndef SLUICE_REPORT_H
#define SLUICE_REPORT_H

#include <jansson.h>

#include "manifest/publication.h"
#include "signer/keyring.h"

#define REPORT_SCHEMA "sluice-report/1"
#define REPORT_OPT                                         \
	{                                                  \
		"report", 0, OPT_TEXT, "FILE",             \
		    "write what was signed there, as JSON" \
	}

/* A timestamp that was signed, and where it lies. */
struct report_stamp {
	const char *file;
	const struct role *doc;
};

struct report {
	const char *path; /* NULL: none is wanted */
	const char *verb;
	int64_t now_s;
	const struct keyring *ring;
	bool complete; /* thresholds are met */
	const struct report_stamp *stamps;
	size_t nstamps;
};

/* report_root - of root sign; file: as it was written. */
int report_root(
    const struct report *r, const struct role *root, struct err *e) MUST_CHECK;

/* report_publication - of publish, renew and add; takes the reference to what
 * came of deltas (NULL: none were to be made). */
int report_publication(const struct report *r, const struct publication *p,
    json_t *deltas, struct err *e) MUST_CHECK;

/* report_keyless - of keyless: nothing of the publication was signed. */
int report_keyless(const struct report *r, const struct publication *p,
    struct err *e) MUST_CHECK;

/* report_bundle - of bundle; takes the reference to what it prints. */
int report_bundle(
    const struct report *r, json_t *bundle, struct err *e) MUST_CHECK;

#endif
