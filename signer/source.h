/*
 * Where a publication can be read from: a folder (a publication directory or a
 * keyless tree) or a server.  Nothing that comes from here is trusted.
 */
#ifndef SLUICE_SOURCE_H
#define SLUICE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/fetch.h"
#include "manifest/base/secret.h"
#include "manifest/publication.h"

struct source_file {
	const char *path;
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
};

/* A document that was read, with source_ask.once. */
struct source_read {
	const char *path;
	struct bytes file;
	const struct source_read *before;
};

struct source {
	const char *where; /* as it was given */
	struct arena *arena;
	int dirfd; /* the channel's folder; -1: a server */
	const char *dir;
	const char *url; /* the server or site, without a slash at the end */
	bool site;	 /* url is a channel's own, read as clients do */
	struct fetch *fetch;
	const char *headers[2]; /* the token's line (secret memory) */
	int64_t m;		/* newest publication there; 0: none */
	/* a server's: the files that it has, and what to build on */
	const struct source_file *files;
	size_t nfiles;
	struct publication_base base;
	bool once;
	const struct source_read *last;
};

struct source_ask {
	const char *where;	       /* DIR or URL */
	const char *product, *channel; /* NULL: whatever a folder holds */
	const struct secret *token;    /* needed for a server */
	bool site; /* a URL is a channel's own; then m stays 0 */
	bool once; /* what was read, and verified, is what is read again */
};

bool source_is_url(const char *where);

/* source_open - look what is there.  source_done on every path after. */
int source_open(struct source *s, const struct source_ask *ask, struct arena *a,
    struct err *e) MUST_CHECK;
void source_done(struct source *s);
#define AUTO_SOURCE CLEANUP(source_done) struct source

/* source_read - a document, for struct publication_source (ctx: the source).
 * With once, a must live as long as the source. */
int source_read(void *ctx, const char *path, size_t max, struct arena *a,
    struct bytes *out, struct err *e) MUST_CHECK;

/* source_has - whether the file is there, without reading it; a site's is
 * taken to be. */
bool source_has(const struct source *s, const char *path);

/*
 * source_copy - the bytes of an artifact to a new file, digest verified.
 * ERR_MISSING when the source does not have it.
 */
int source_copy(struct source *s, const struct publication_file *f,
    const char *to, struct err *e) MUST_CHECK;

#endif
