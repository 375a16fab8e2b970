/*
 * Gathers what judge.c needs from the database, and hands its answer to
 * switch.c.
 */
#include "server/store/intake_check.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/sandbox.h"
#include "server/store/jobs.h"
#include "server/store/publications.h"
#include "server/store/pushed.h"
#include "server/store/release.h"
#include "server/store/switch.h"

#define ARENA_MAX (64u << 20)

struct arrived {
	struct store *s;
	struct arena *a;
	struct channel *c;
	const char *publication;
	int64_t m;
};

/* The child. */
static json_t *
check(const struct store *s, const struct job *j, const void *input,
    struct err *e)
{
	struct sandbox fence;

	(void)j;
	if (sandbox_intake(s->conf->state, &fence, e) < 0)
		return NULL;
	return judge_run(input, e);
}

static int
root_sha256(struct store *s, const char *channel, int64_t version,
    const char **out, struct arena *a, struct err *e)
{
	AUTO_ROWS r = db_rows(s->db, e,
	    "SELECT sha256 FROM root WHERE channel = $1 AND version = $2",
	    BIND(V(channel), V(version)));

	if (r == NULL || rows_next(r, e) <= 0 ||
	    (*out = row_text(r, 0, a)) == NULL)
		return err_set(e, ERR_SYS, "root %lld is not recorded",
		    (long long)version);
	return 0;
}

/* The root that the running publication was verified with. */
static int
running_root(struct store *s, const struct channel *c, const char **out,
    struct arena *a, struct err *e)
{
	AUTO_JSON facts = publications_facts(s->db, c->id, c->publication, e);
	const char *sha256 =
	    json_string_value(json_object_get(facts, "root_sha256"));

	if (facts == NULL)
		return -1;
	if (sha256 == NULL)
		return err_set(e, ERR_SYS, "stored facts are damaged");
	return (*out = arena_text(a, sha256, e)) == NULL ? -1 : 0;
}

static int
gather(struct arrived *q, const struct channel *c, struct judging *out,
    struct err *e)
{
	struct store *s = q->s;

	out->state = s->conf->state;
	out->product = c->state.product;
	out->channel = c->state.channel;
	out->now_s = clock_now_s();
	out->root_version = c->root_version;
	out->allow_example_keys = s->conf->allow_example_keys;
	out->running_m = c->state.ladder.m;
	if (root_sha256(s, c->id, c->root_version, &out->root_sha256, q->a, e) <
		0 ||
	    pushed_list(s->db, c->id, q->publication, &out->pushed, q->a, e) <
		0 ||
	    pushed_roots(s->db, c->id, &out->roots, q->a, e) < 0 ||
	    release_base(s->db, c, &out->base, q->a, e) < 0)
		return -1;
	if (c->publication[0] == '\0')
		return 0;
	if (running_root(s, c, &out->running_root_sha256, q->a, e) < 0)
		return -1;
	return pushed_list(
	    s->db, c->id, c->publication, &out->running, q->a, e);
}

static int
all_there(struct arrived *q, const struct file_list *files, struct err *e)
{
	AUTO_JSON missing = pushed_missing(q->s, files, e);

	if (missing == NULL)
		return -1;
	if (json_array_size(missing) > 0)
		return err_set(e, ERR_INPUT, "%zu files have not arrived yet",
		    json_array_size(missing));
	return 0;
}

static int
start(struct arrived *q, struct err *e)
{
	const struct channel *c = q->c;
	struct judging input = { .m = q->m };
	struct job about = { .kind = JOB_CHECK,
		.deadline_ms = clock_mono_ms() + 1000 * q->s->conf->intake_s };

	if (gather(q, c, &input, e) < 0 || all_there(q, &input.pushed, e) < 0)
		return -1;
	(void)snprintf(about.channel, sizeof(about.channel), "%s", c->id);
	(void)snprintf(about.id, sizeof(about.id), "%s", q->publication);
	if (publications_move(
		q->s->db, c->id, q->publication, PUBLICATION_CHECKING, e) < 0)
		return -1;
	if (jobs_start(q->s, &about, check, &input, e) == 0)
		return 0;
	if (publications_move(q->s->db, c->id, q->publication, PUBLICATION_OPEN,
		&(struct err){ 0 }) < 0)
		log_error("reopen", F("id", q->publication));
	return -1;
}

int
intake_check_start(
    struct store *s, const char *channel, const char *id, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct arrived q = { .s = s, .a = a, .publication = id };
	struct publications_row row;
	int n;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((q.c = channel_load(s->db, channel, a, e)) == NULL ||
	    (n = publications_find(s->db, channel, id, &row, e)) < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_MISSING, "there is no such publication");
	q.m = row.m;
	return start(&q, e);
}

/* The checks that a server that ended has left. */
static int
resume(struct store *s, const char *channel, struct arena *a, struct err *e)
{
	struct publications_row *list;
	int n = publications_list(
	    s->db, channel, PUBLICATIONS(PUBLICATION_CHECKING), &list, a, e);
	struct err why, later;

	for (int i = 0; i < n; i++)
		if (intake_check_start(s, channel, list[i].id, &why) < 0 &&
		    switch_refuse(s, channel, list[i].id, &why, &later) < 0)
			log_error(
			    "refuse", F("error", (const char *)later.msg));
	return n < 0 ? -1 : 0;
}

int
intake_check_resume(struct store *s, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	const char *const *ids;
	int n;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if ((n = channel_list(s->db, &ids, a, e)) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (resume(s, ids[i], a, e) < 0)
			return -1;
	return 0;
}

void
intake_check_done(struct store *s, const struct job *done, const json_t *answer,
    const struct err *why)
{
	struct err e;

	if (answer == NULL) {
		if (switch_refuse(s, done->channel, done->id, why, &e) < 0)
			log_error("refuse", F("error", (const char *)e.msg));
		return;
	}
	if (switch_prepare(s, done->channel, done->id, answer, &e) < 0) {
		struct err later;

		if (switch_refuse(s, done->channel, done->id, &e, &later) < 0)
			log_error(
			    "refuse", F("error", (const char *)later.msg));
		return;
	}
	if (switch_finish(s, done->channel, done->id, &e) < 0)
		log_error("switch_failed",
		    F("channel", (const char *)done->channel),
		    F("id", (const char *)done->id),
		    F("error", (const char *)e.msg));
}
