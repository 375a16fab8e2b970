/*
 * A channel's row: what it trusts, what runs, where its positions are.
 */
#ifndef SLUICE_CHANNEL_H
#define SLUICE_CHANNEL_H

#include "server/channel_state.h"
#include "server/store/db.h"

#define CHANNEL_ID_SIZE (2 * PRODUCT_MAX + 2)

struct channel {
	char id[CHANNEL_ID_SIZE];	   /* "product/channel" */
	int64_t root_version;		   /* newest trusted root */
	int64_t round;			   /* the last started; 0: none */
	char publication[SHA256_HEX_SIZE]; /* running; "": none */
	bool mirror;			   /* of bundles; it has no brake */
	struct channel_state state;	   /* ladder.m = 0: nothing published */
};

/* channel_split - "product/channel" into its names; ERR_INPUT. */
int channel_split(const char *id, char product[static PRODUCT_MAX + 1],
    char channel[static PRODUCT_MAX + 1], struct err *e) MUST_CHECK;

/* channel_load - in the arena; NULL with ERR_MISSING if there is none. */
struct channel *channel_load(
    struct db *db, const char *id, struct arena *a, struct err *e) MUST_CHECK;

/* channel_save - publication, round, root version and state. */
int channel_save(
    struct db *db, const struct channel *c, struct err *e) MUST_CHECK;

/* channel_list - the IDs of all, sorted; the number. */
int channel_list(struct db *db, const char *const **out, struct arena *a,
    struct err *e) MUST_CHECK;

/* channel_state_text - canonical JSON of a state, as the database keeps it. */
const char *channel_state_text(
    const struct channel_state *s, struct arena *a, struct err *e) MUST_CHECK;
/* channel_state_parse - the reverse; "" leaves nothing published. */
int channel_state_parse(const char *id, const char *text,
    struct channel_state *out, struct err *e) MUST_CHECK;

#endif
