/*
 * Rollout plans, from defaults, from the command line, from a file.
 */
#include "signer/plan.h"

#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"

#define PLAN_FILE_MAX 65536
#define DAY_S	      86400

void
plan_default(struct plan *p, const char *channel)
{
	static const int steps[] = { 1000, 2500, 5000, BP_ALL };

	memset(p, 0, sizeof(*p));
	p->control_bp = PLAN_CONTROL_DEFAULT;
	if (strcmp(channel, "canary") == 0 || strcmp(channel, "beta") == 0) {
		p->stages[p->n++].percent_bp = BP_ALL;
		return;
	}
	for (size_t i = 0; i < COUNT(steps); i++) {
		p->stages[p->n++] = (struct stage){
			.percent_bp = steps[i],
			.min_duration_s = steps[i] == BP_ALL ? 0 : DAY_S,
		};
	}
}

/* how: where the stages are from. */
static int
check_rises(const struct plan *p, const char *how, struct err *e)
{
	const struct stage *s = p->stages;

	for (size_t i = 1; i < p->n; i++) {
		if (s[i].percent_bp < s[i - 1].percent_bp)
			return err_set(e, ERR_USAGE,
			    "%s: stage %zu has %g percent, less than the %g of"
			    " the stage before",
			    how, i + 1, s[i].percent_bp / 100.0,
			    s[i - 1].percent_bp / 100.0);
	}
	return 0;
}

int
plan_stages(struct plan *p, const char *const *text, size_t n, struct err *e)
{
	char percent[16];

	if (n > MANIFEST_STAGES_MAX)
		return err_set(
		    e, ERR_LIMIT, "more than %d stages", MANIFEST_STAGES_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(text[i], ":");
		struct stage *s = &p->stages[i];

		*s = (struct stage){ 0 };
		if (len >= sizeof(percent))
			return err_set(e, ERR_USAGE,
			    "--stage %s: not PERCENT:DURATION", text[i]);
		memcpy(percent, text[i], len);
		percent[len] = '\0';
		if (percent_read(percent, &s->percent_bp) < 0 ||
		    (text[i][len] == ':' &&
			duration_read(text[i] + len + 1, INT32_MAX,
			    &s->min_duration_s) < 0))
			return err_set(e, ERR_USAGE,
			    "--stage %s: not PERCENT:DURATION", text[i]);
	}
	p->n = n;
	return check_rises(p, "--stage", e);
}

struct plan_doc {
	int64_t control_bp;
	const json_t *plan;
};

struct stage_doc {
	int64_t percent_bp, min_duration_s, not_before;
};

static const struct json_field plan_fields[] = {
	JSON_F(JSON_FIELD_INT, struct plan_doc, control_bp, true, 0, BP_ALL),
	JSON_F(JSON_FIELD_ARRAY, struct plan_doc, plan, false, 1,
	    MANIFEST_STAGES_MAX),
};

static const struct json_field stage_fields[] = {
	JSON_INT(struct stage_doc, percent_bp, 0, BP_ALL),
	JSON_F(JSON_FIELD_INT, struct stage_doc, min_duration_s, true, 0,
	    INT32_MAX),
	JSON_F(JSON_FIELD_TIME, struct stage_doc, not_before, true, 0, 0),
};

int
plan_file(struct plan *p, const char *path, struct arena *a, struct err *e)
{
	AUTO_JSON v = NULL;
	struct plan_doc d = { .control_bp = p->control_bp };
	struct bytes file;

	if (file_read(a, path, PLAN_FILE_MAX, &file, e) < 0)
		return -1;
	v = json_read(file, PLAN_FILE_MAX, e);
	if (v == NULL ||
	    json_struct(v, plan_fields, COUNT(plan_fields), true, &d, a, e) < 0)
		return err_in(e, "%s", path);
	p->control_bp = (int)d.control_bp;
	p->n = json_array_size(d.plan);
	for (size_t i = 0; i < p->n; i++) {
		struct stage_doc s = { 0 };

		if (json_struct(json_array_get(d.plan, i), stage_fields,
			COUNT(stage_fields), true, &s, a, e) < 0)
			return err_in(e, "%s: stage %zu", path, i + 1);
		p->stages[i] = (struct stage){ (int)s.percent_bp, s.not_before,
			s.min_duration_s };
	}
	return check_rises(p, path, e);
}

static void
print_bp(FILE *f, int bp)
{
	if (bp % 100 == 0)
		(void)fprintf(f, "%d %%", bp / 100);
	else
		(void)fprintf(f, "%d.%02d %%", bp / 100, bp % 100);
}

static void
print_duration(FILE *f, int64_t s)
{
	if (s % DAY_S == 0 && s > DAY_S)
		(void)fprintf(f, " %lldd", (long long)(s / DAY_S));
	else if (s % 3600 == 0)
		(void)fprintf(f, " %lldh", (long long)(s / 3600));
	else
		(void)fprintf(f, " %llds", (long long)s);
}

void
plan_print(FILE *f, const struct rollout *r)
{
	char when[TIME_TEXT_SIZE];

	for (size_t i = 0; i < r->nplan; i++) {
		const struct stage *s = &r->plan[i];

		if (i > 0)
			(void)fprintf(f, ", ");
		print_bp(f, s->percent_bp);
		if (s->not_before_s > 0) {
			time_write(when, s->not_before_s);
			(void)fprintf(f, " from %s", when);
		}
		if (s->min_duration_s > 0)
			print_duration(f, s->min_duration_s);
	}
	(void)fprintf(f, "; control ");
	print_bp(f, r->control_bp);
}
