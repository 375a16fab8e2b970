/*
 * Making a bundle: bundling.c reads the command line and opens each channel
 * (bundling_public.c: without a token), bundling_pick.c says what goes in,
 * bundling_write.c writes it, bundling_say.c says what was done.  What a bundle
 * is, manifest/bundle.h; who reads one begins at manifest/bundle_file.h.
 */
#ifndef SLUICE_BUNDLING_H
#define SLUICE_BUNDLING_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/bundle.h"
#include "signer/existing.h"
#include "signer/keyring.h"

struct bundling_file {
	struct bundle_member m; /* first: bundle_order sorts by it */
	struct bytes bytes;	/* a document; at NULL: */
	struct source *source;	/* where a target is read from, or NULL: */
	const char *local;	/* a program of this machine */
	const char *path;	/* of the target, below the channel */
};

struct bundling_channel {
	const char *id; /* "product/channel" */
	struct existing there;
	int rung;  /* that its timestamp names, in there.pub->rungs */
	bool only; /* there.pub has that rung alone: a server's public view */
	int64_t round; /* of the timestamp that is in place; 0: none, unknown */
	bool everybody;		   /* may have what is on offer */
	const struct signer *list; /* signs the list */
	struct keyring stamps;	  /* timestamp keys that root names; borrowed */
	const struct role *stamp; /* bundling_pick: the timestamp */
};

struct bundling {
	struct arena *a;
	const char *out;
	int64_t split; /* bytes of a part; 0: one file */
	int64_t created_s, expires_s;
	const char *rung;	      /* wanted; NULL: by the state */
	const char *const *platforms; /* none: all */
	size_t nplatforms;
	const char *const *versions; /* beside the rung's own */
	size_t nversions;
	struct bundling_channel *channels;
	size_t nchannels;
	struct bundling_file *files;
	size_t nfiles;
	const struct bundle *since; /* NULL: all goes in */
	const char *since_sha256;
	/* written */
	struct bytes list;
	int parts;
	int64_t bytes;
};

/*
 * bundling_rung - the rung of a bundle: the offer where everybody may have it,
 * the way back where it was withdrawn, else hold.  name (NULL: none) is a
 * person's word: hold, offer, halt, rollback-VERSION.  Pure.
 */
int bundling_rung(const struct publication *p,
    const struct publication_base *base, const char *name, bool *everybody,
    struct err *e) MUST_CHECK;

/*
 * bundling_public_open - open a channel below the URL in ask as clients see it;
 * bundling_public - and what there is to see: there.pub and base, only, round
 * and everybody are set.  Nothing that has expired.
 */
int bundling_public_open(struct bundling_channel *c, struct existing_ask *ask,
    struct arena *a, struct err *e) MUST_CHECK;
int bundling_public(struct bundling_channel *c, int64_t now_s, struct arena *a,
    struct err *e) MUST_CHECK;

/* bundling_pick - add the files of one channel. */
int bundling_pick(
    struct bundling *b, struct bundling_channel *c, struct err *e) MUST_CHECK;

/* bundling_program - add a program that travels along. */
int bundling_program(
    struct bundling *b, const char *file, struct err *e) MUST_CHECK;

/* bundling_list - sort the files, mark what is there already, write the list. */
int bundling_list(
    struct bundling *b, struct buf *out, struct err *e) MUST_CHECK;

/* bundling_json - what was made (new reference); bundling_print - the same for
 * people.  sha256: of the list. */
json_t *bundling_json(const struct bundling *b, const char *sha256);
void bundling_print(const struct bundling *b, const char *sha256);

/* bundling_write - sign the list and write the archive. */
int bundling_write(struct bundling *b, struct err *e) MUST_CHECK;

#endif
