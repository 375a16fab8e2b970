/*
 * What operators ask: one table of verbs.  Changes are one transaction of
 * state, round and audit row; with dry_run they are worked out and shown, and
 * nothing is written.
 */
#ifndef SLUICE_OPERATE_H
#define SLUICE_OPERATE_H

#include "server/command.h"
#include "server/store/context.h"

struct asker {
	char name[64]; /* for the audit log: "uid 0 pid 12" */
	bool member;   /* by group only: no tokens */
};

/*
 * operate - answer one request (new reference; NULL with e).  *generation gets
 * the table that front must have before the answer may go out; 0: at once.
 */
json_t *operate(struct store *s, const struct asker *who, const json_t *ask,
    int64_t *generation, struct err *e) MUST_CHECK;

/* One request being answered; for the verbs' files. */
struct operation {
	struct store *s;
	const struct asker *who;
	const json_t *ask;
	struct arena *a;
	const char *verb, *reason;
	enum command_verb command; /* of the verbs of move.h */
	struct channel *channel;   /* NULL where the verb names none */
	int64_t now_s;
	bool dry_run, change;
	bool waits; /* the answer needs front to have the next table */
};

/* operate_text - a text member of the request, or none. */
const char *operate_text(
    const struct operation *o, const char *key, const char *none);
int64_t operate_int(const struct operation *o, const char *key, int64_t none);
/* operate_audit - the row of this operation, in the caller's transaction. */
int operate_audit(struct operation *o, const char *before, const char *after,
    struct err *e) MUST_CHECK;

#endif
