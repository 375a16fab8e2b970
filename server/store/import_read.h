/*
 * Reading a bundle for a mirror: every member against the signed list, every
 * document of the ladder against root, every delta that can be tried.  Runs in
 * a child behind intake's fence; it has no database, writes only below
 * STATE/intake, and answers in JSON.
 */
#ifndef SLUICE_IMPORT_READ_H
#define SLUICE_IMPORT_READ_H

#include <jansson.h>
#include <stdint.h>

#include "manifest/bundle_file.h"

#define IMPORT_FOLDER "intake/import" /* below STATE; members by digest */

/* A channel that this server mirrors. */
struct import_channel {
	const char *id; /* "product/channel" */
	const char *product, *channel;
	struct bytes root;	/* trusted */
	struct bytes timestamp; /* of the import before; len 0: none */
};

struct import_read {
	const char *state; /* directory */
	int64_t now_s;
	bool allow_example_keys;
	struct bundle_file *file; /* opened before the fence went up */
	const struct import_channel *channels;
	size_t nchannels;
};

/*
 * import_read - {"ok":true,"list","created_s","expires_s","channels":[
 *   facts_make's with "channel","rung","rung_kind","rung_version","timestamp":text,"timestamp_version",
 *   "signed_at_s","timestamp_expires_s","roots" (all of the chain) and "files"],
 *  "blobs":[{"sha256","size"}] (in IMPORT_FOLDER)}, or NULL with e.
 */
json_t *import_read(
    const struct import_read *r, struct arena *a, struct err *e) MUST_CHECK;

#endif
