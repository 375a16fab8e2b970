/*
 * What tests of trust begin with: a started state, a view followed, a stored
 * one.
 */
#ifndef SLUICE_TESTS_TRUSTING_H
#define SLUICE_TESTS_TRUSTING_H

#include "manifest/trust.h"
#include "tests/repo.h"

/* trusting_start - from root, at REPO_NOW_S, roots done; aborts if refused. */
struct trust trusting_start(struct repo *r, struct bytes root, int mode);

/* trusting_stored - as another process begins after one has stored a view. */
struct trust trusting_stored(
    struct repo *r, struct bytes root, const struct repo_view *v);

/* trusting_follow - the three as fetched.  0, or -1 at the first refusal. */
int trusting_follow(struct trust *t, const struct repo_view *v, struct err *e);

/* trusting_view - a view with one target, "manifest.json". */
struct repo_view trusting_view(struct repo *r, int64_t version);

/* trusting_says - check kind and part of the message of a refusal. */
void trusting_says(const struct err *e, enum err_kind kind, const char *text);

#endif
