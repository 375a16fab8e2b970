/*
 * What intake thinks of a pushed publication: signatures, every digest and
 * length, every delta, versions, fallback.  Runs in a child behind a fence of
 * its own; it has no database, only files, and its answer is JSON.
 */
#ifndef SLUICE_JUDGE_H
#define SLUICE_JUDGE_H

#include <jansson.h>

#include "manifest/publication.h"
#include "server/file_list.h"

struct judging {
	const char *state; /* directory */
	const char *product, *channel;
	int64_t m, now_s;
	int64_t root_version; /* trusted */
	const char *root_sha256;
	struct file_list pushed, roots; /* roots: trusted, all versions */
	/* the running publication; n = 0: none */
	struct file_list running;
	int64_t running_m;
	const char *running_root_sha256; /* what it was verified with */
	struct publication_base base;
	bool allow_example_keys;
};

/*
 * judge_run - the facts of the publication (new reference) or NULL with e:
 * facts_make's with "ok":true, "renewal":bool, "roots" (new ones), "files" and
 * "delta_bases":[sha256].
 */
json_t *judge_run(const struct judging *c, struct err *e) MUST_CHECK;

#endif
