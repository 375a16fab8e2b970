/*
 * The rows of publications, from the list that was pushed to the one that is in
 * force: their states, and what intake found (facts).  Their files are
 * pushed.h's until they are switched to.
 */
#ifndef SLUICE_PUBLICATIONS_H
#define SLUICE_PUBLICATIONS_H

#include <jansson.h>

#include "manifest/base/digest.h"
#include "server/store/db.h"

enum publications_state {
	PUBLICATION_OPEN,     /* its files may come */
	PUBLICATION_CHECKING, /* a child judges it */
	PUBLICATION_PREPARED, /* found good; the switch to it is due */
	PUBLICATION_ACCEPTED, /* in force */
	PUBLICATION_REPLACED, /* was in force */
	PUBLICATION_REFUSED,
};
#define PUBLICATIONS(state) (1u << (state)) /* sets of states */

/* The same for statements that join publications with something else. */
#define PUBLICATIONS_SQL_REPLACED "('replaced')"
#define PUBLICATIONS_SQL_SERVED	  "('accepted', 'replaced')"
#define PUBLICATIONS_SQL_UNTAKEN  "('open', 'refused')"
/* whose files may come: those of the one in force may have been lost */
#define PUBLICATIONS_SQL_WANTED "('open', 'refused', 'accepted')"

#define PUBLICATIONS_FACTS_MAX (16u << 20)

struct publications_row {
	char id[SHA256_HEX_SIZE]; /* of the pushed list */
	int64_t m;
	enum publications_state state;
	char who[40];
	char kind[16], error[400]; /* why refused */
};

const char *publications_state_name(enum publications_state s);

/* publications_find - 1, 0 if there is none, -1. */
int publications_find(struct db *db, const char *channel, const char *id,
    struct publications_row *out, struct err *e) MUST_CHECK;

/* publications_list - those in one of the states, by rising m; the number. */
int publications_list(struct db *db, const char *channel, unsigned states,
    struct publications_row **out, struct arena *a, struct err *e) MUST_CHECK;

/* publications_facts - what was found when it was checked (new reference). */
json_t *publications_facts(struct db *db, const char *channel, const char *id,
    struct err *e) MUST_CHECK;

/* publications_switched - when it came in force; 0: never, or none, or e. */
int64_t publications_switched(
    struct db *db, const char *channel, const char *id, struct err *e);

/* publications_open - a list was pushed, for the first time or again. */
struct publications_new {
	const char *channel, *id, *who;
	int64_t m, now_s;
};
int publications_open(
    struct db *db, const struct publications_new *n, struct err *e) MUST_CHECK;

/* publications_move - to another state; ERR_MISSING if there is none. */
int publications_move(struct db *db, const char *channel, const char *id,
    enum publications_state to, struct err *e) MUST_CHECK;
/* publications_prepare - with facts (all but their files). */
int publications_prepare(struct db *db, const char *channel, const char *id,
    const json_t *facts, struct err *e) MUST_CHECK;
/* publications_accept - in the place of the one in force. */
int publications_accept(struct db *db, const char *channel, const char *id,
    int64_t now_s, struct err *e) MUST_CHECK;
int publications_refuse(struct db *db, const char *channel, const char *id,
    const struct err *why, struct err *e) MUST_CHECK;

/* publications_give - these rungs (bits) were given to somebody. */
int publications_give(struct db *db, const char *channel, const char *id,
    int64_t rungs, struct err *e) MUST_CHECK;

/* publications_drop - with its files. */
int publications_drop(struct db *db, const char *channel, const char *id,
    struct err *e) MUST_CHECK;
/* publications_trim - of those not taken yet only this one and the newest. */
int publications_trim(struct db *db, const char *channel, const char *id,
    int64_t keep, struct err *e) MUST_CHECK;

#endif
