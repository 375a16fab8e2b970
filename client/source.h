/*
 * Where documents and artifacts come from: a server or a mirror over HTTP, or
 * a folder of the same layout (url file:///...).  It knows no document.
 */
#ifndef SLUICE_CLIENT_SOURCE_H
#define SLUICE_CLIENT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/config.h"
#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/fetch.h"

struct source {
	const char *url; /* of the server, without trailing slash */
	const char *product, *channel;
	const char *query;     /* "?id=...", for what is chosen per client */
	const char *ca_file;   /* NULL: the system's */
	struct fetch *fetch;   /* made when first needed */
	char ticket[160];      /* of the last answer that had one */
	int64_t retry_after_s; /* asked for by the last failure; -1: none */
};

void source_init(struct source *s, const struct config *c, const char *channel);
void source_done(struct source *s);
#define AUTO_SOURCE CLEANUP(source_done) struct source

/*
 * source_get - a document below the channel, at most max bytes, within 30 s.
 * personal: with the query.  ERR_MISSING: there is none.
 */
int source_get(struct source *s, const char *path, bool personal, size_t max,
    struct arena *a, struct bytes *out, struct err *e) MUST_CHECK;

/* A file to be appended to fd, which holds its first `have` bytes. */
struct source_file {
	const char *path; /* below the channel */
	int fd;
	int64_t have, size;
	int64_t deadline_s, min_speed;
	int (*progress)(void *ctx, int64_t done); /* bytes of the whole file */
	void *ctx;
};

/*
 * source_download - the rest of a file.  The descriptor then holds the whole
 * file, or more or less of it when the source is wrong: the caller checks.
 */
int source_download(
    struct source *s, const struct source_file *f, struct err *e) MUST_CHECK;

/* source_post - JSON to a path of the server itself; ERR_MISSING where there
 * is no server (a folder, or 404). */
int source_post(struct source *s, const char *path, const char *json,
    const char *const *headers, struct err *e) MUST_CHECK;

/* source_escape - text as it may stand in a query. */
char *source_escape(
    struct arena *a, const char *text, struct err *e) MUST_CHECK;

#endif
