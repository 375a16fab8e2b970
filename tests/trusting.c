/*
 * See trusting.h.
 */
#include "tests/trusting.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

struct trust
trusting_start(struct repo *r, struct bytes root, int mode)
{
	struct trust t;
	struct err e;

	if (!CHECK(trust_start(&t, r->arena, mode, REPO_NOW_S, r->product,
		       r->channel, root, &e) == 0) ||
	    !CHECK(trust_roots_done(&t, &e) == 0)) {
		tap_note("%s", e.msg);
		abort();
	}
	return t;
}

int
trusting_follow(struct trust *t, const struct repo_view *v, struct err *e)
{
	if (trust_timestamp(t, v->timestamp, NULL, e) < 0)
		return -1;
	if (trust_snapshot_needed(t) && trust_snapshot(t, v->snapshot, e) < 0)
		return -1;
	if (trust_targets_needed(t) && trust_targets(t, v->targets, e) < 0)
		return -1;
	return 0;
}

struct trust
trusting_stored(struct repo *r, struct bytes root, const struct repo_view *v)
{
	struct trust t = trusting_start(r, root, ROLE_STRICT);
	struct err e;

	CHECK_INT(trust_stored(&t, ROLE_TIMESTAMP, v->timestamp, &e), 0);
	CHECK_INT(trust_stored(&t, ROLE_SNAPSHOT, v->snapshot, &e), 0);
	CHECK_INT(trust_stored(&t, ROLE_TARGETS, v->targets, &e), 0);
	return t;
}

struct repo_view
trusting_view(struct repo *r, int64_t version)
{
	struct target t = repo_target("manifest.json", repo_text("{}"));

	return repo_view(r, version, &t, 1);
}

void
trusting_says(const struct err *e, enum err_kind kind, const char *text)
{
	bool right = CHECK_INT(e->kind, kind);

	if (!CHECK(strstr(e->msg, text) != NULL) || !right)
		tap_note("said \"%s\", not \"%s\"", e->msg, text);
}
