/*
 * The choice table: what front needs to answer every poll without asking
 * anyone.  Store builds it as one JSON document, hands it over as a sealed
 * memfd, and front swaps it in whole.
 *
 * {"generation":N, "ticket_key":hex, "now_s":N, "channels":[{
 *    "state": {...struct channel_state as JSON...}, "signed_s":N,
 *    "root_s":N, "publication_s":N, "timestamp_s":N,
 *    "publication_from_s":N, "timestamp_from_s":N (struct validity),
 *    "views": [{"scope","rung","high","pin_seq","timestamp":text}],
 *    "manifests": ["<sha256>" per rung],
 *    "files": [{"path","sha256","size"}] }]}
 *
 * Tokens are not in it: front asks store for every authenticated request.
 * files lists what may be served to anyone: roots; and of the publication in
 * force and those replaced less than metadata_keep ago, what those rungs name
 * that somebody was given.
 */
#ifndef SLUICE_TABLE_H
#define SLUICE_TABLE_H

#include <jansson.h>

#include "manifest/base/arena.h"
#include "manifest/base/buf.h"
#include "manifest/base/digest.h"
#include "server/choice.h"
#include "server/file_list.h"
#include "server/validity.h"

struct table_view {
	int scope, rung;
	bool high;
	int64_t pin_seq;
	const char *timestamp; /* the document */
	size_t len;
	char etag[SHA256_HEX_SIZE];
};

struct table_channel {
	struct channel_state state;
	/* when the views were made, which choice_make gets as its now_s;
	 * written as 0: the table's now_s */
	int64_t signed_s;
	struct validity validity;
	const struct table_view *views; /* sorted by scope, rung, high, pin */
	size_t nviews;
	const char *manifests[LADDER_MAX]; /* sha256 hex by rung */
	struct file_list files;
};

struct table {
	struct arena *arena; /* holds everything, the table included */
	int64_t generation;
	int64_t now_s; /* when it was made */
	uint8_t ticket_key[32];
	struct table_channel *channels; /* sorted by product, channel */
	size_t nchannels;
};

#define TABLE_MAX (64 * 1024 * 1024) /* bytes of the JSON text */

/* table_write - JSON of a table; table_read - the reverse (frees with
 * table_free). */
int table_write(
    const struct table *t, struct buf *out, struct err *e) MUST_CHECK;
struct table *table_read(struct bytes text, struct err *e) MUST_CHECK;
void table_free(struct table *t);

/* table_channel, table_view, table_file - look up; NULL if not there. */
const struct table_channel *table_channel(
    const struct table *t, const char *product, const char *channel);
const struct table_view *table_view(
    const struct table_channel *c, const struct choice *ch);
const struct listed_file *table_file(
    const struct table_channel *c, const char *path);

#endif
