/*
 * Where documents and artifacts come from: a server or a mirror over HTTP, or
 * a folder of the same layout (url file:///...).  It knows no document.
 */
#ifndef SLUICE_CLIENT_ORIGIN_H
#define SLUICE_CLIENT_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "client/config.h"
#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/fetch.h"

struct origin {
	const char *url; /* of the server, without trailing slash */
	const char *product, *channel;
	const char *query;     /* "?id=...", for what is chosen per client */
	const char *ca_file;   /* NULL: the system's */
	struct fetch *fetch;   /* made when first needed */
	char ticket[160];      /* of the last answer that had one */
	int64_t retry_after_s; /* asked for by the last failure; -1: none */
	bool local;	       /* the last download failed on our own disk */
};

void origin_init(struct origin *s, const struct config *c, const char *channel);
void origin_done(struct origin *s);
#define AUTO_ORIGIN CLEANUP(origin_done) struct origin

/*
 * origin_get - a document below the channel, at most max bytes, within 30 s.
 * personal: with the query.  ERR_MISSING: there is none.
 */
int origin_get(struct origin *s, const char *path, bool personal, size_t max,
    struct arena *a, struct bytes *out, struct err *e) MUST_CHECK;

/* A file to be appended to fd, which holds its first `have` bytes. */
struct origin_file {
	const char *path; /* below the channel */
	int fd;
	int64_t have, size;
	int64_t deadline_s, min_speed;
	int (*progress)(void *ctx, int64_t done); /* bytes of the whole file */
	void *ctx;
};

/*
 * origin_download - the rest of a file.  The descriptor then holds the whole
 * file, or more or less of it when the source is wrong: the caller checks.
 * ERR_LIMIT: the source has another file than the first bytes are of (it is
 * longer than signed, or has no bytes there: 416).
 */
int origin_download(
    struct origin *s, const struct origin_file *f, struct err *e) MUST_CHECK;

/*
 * origin_post - JSON to a path of the server itself.  ERR_MISSING: the source
 * is a folder; ERR_INPUT: the server will never take it (400, 404, 413).
 */
int origin_post(struct origin *s, const char *path, const char *json,
    struct err *e) MUST_CHECK;

#endif
