/*
 * How long what a channel serves is valid, and what its operators are told
 * before that ends.  The operators' status, /healthz and /metrics all say what
 * stands here.
 */
#ifndef SLUICE_VALIDITY_H
#define SLUICE_VALIDITY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "manifest/expiry.h"

/* When documents expire, in Unix seconds; 0: there is none, or unknown. */
struct validity {
	int64_t root_s;
	int64_t publication_s; /* the first of snapshots, targets, manifests */
	int64_t timestamp_s;   /* those signed last */
	/* and when these were signed; a root does not say it of itself */
	int64_t publication_from_s, timestamp_from_s;
};

/*
 * validity_warn - append to list, for each document that people must see to
 * and whose level (manifest/expiry.h) is not fine, {"channel", "what": "root" |
 * "publication" | "bundle" | "timestamp", "expires", "level", "text"}; text is
 * for people and says what to do.  A bundle is a mirror's timestamp: those of
 * other channels the server renews by itself, so that one is named when it has
 * expired though the rest has not.  Returns the worst level.
 */
struct validity_of {
	const char *channel;
	bool mirror;
	const struct validity *v;
};
enum expiry_level validity_warn(
    json_t *list, const struct validity_of *of, int64_t now_s);

/* validity_least - of two, for each document the one that ends first. */
void validity_least(struct validity *into, const struct validity *other);

#endif
