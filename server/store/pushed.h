/*
 * A pushed list of files: {"m":M,"files":[{"path","size","sha256"}...]}, read
 * strictly and kept as rows.
 */
#ifndef SLUICE_PUSHED_H
#define SLUICE_PUSHED_H

#include "server/store/context.h"
#include "server/store/judge.h"

struct pushed {
	char id[SHA256_HEX_SIZE]; /* SHA-256 of the canonical list */
	int64_t m;
	struct file_list files; /* sorted by path */
};

/* pushed_read - from the request's body. */
int pushed_read(struct pushed *out, const char *body,
    const struct server_config *conf, struct arena *a,
    struct err *e) MUST_CHECK;

/* pushed_put - rows of an open publication, replacing what an earlier attempt
 * left. */
int pushed_put(struct db *db, const char *channel, const struct pushed *p,
    const char *who, int64_t now_s, struct err *e) MUST_CHECK;

/* pushed_rows - a query for path, sha256 and size of room rows at most (-1: it
 * failed, as r NULL has); of two of one path one. */
int pushed_rows(struct rows *r, int64_t room, struct file_list *out,
    struct arena *a, struct err *e) MUST_CHECK;
/* pushed_list - a publication's files from the database, sorted by path. */
int pushed_list(struct db *db, const char *channel, const char *id,
    struct file_list *out, struct arena *a, struct err *e) MUST_CHECK;
/* pushed_roots - the channel's trusted roots, as files. */
int pushed_roots(struct db *db, const char *channel, struct file_list *out,
    struct arena *a, struct err *e) MUST_CHECK;

/* pushed_missing - what has not arrived yet, as JSON
 * [{"sha256","offset"}...]. */
json_t *pushed_missing(
    struct store *s, const struct file_list *files, struct err *e) MUST_CHECK;

#endif
