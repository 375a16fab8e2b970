/*
 * Rollout plans: who may have an offer, and when.
 */
#ifndef SLUICE_PLAN_H
#define SLUICE_PLAN_H

#include <stddef.h>
#include <stdio.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/manifest.h"

struct plan {
	struct stage stages[MANIFEST_STAGES_MAX];
	size_t n;
	int control_bp;
};

/*
 * plan_stages and plan_file refuse what no manifest may say: a stage that
 * lowers the percentage of the one before.
 */

/* plan_default - canary and beta: everybody at once; any other channel 10, 25,
 * 50, 100 % with 24 h before each step. */
void plan_default(struct plan *p, const char *channel);

/* plan_stages - from "25:24h" ... "100" (percent:duration before the next). */
int plan_stages(struct plan *p, const char *const *text, size_t n,
    struct err *e) MUST_CHECK;

/* plan_file - from JSON: {"control_bp":1000,"plan":[{"percent_bp":1000,
 * "min_duration_s":86400,"not_before":"..."}, ...]}. */
int plan_file(struct plan *p, const char *path, struct arena *a,
    struct err *e) MUST_CHECK;

/* plan_print - one line: "10 % 24h, 25 % 24h, 100 %; control 10 %". */
void plan_print(FILE *f, const struct rollout *r);

#endif
