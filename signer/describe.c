/*
 * What people read before and after they sign.
 */
#include "signer/describe.h"

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "signer/plan.h"

static void
print_time(FILE *f, const char *label, int64_t at_s)
{
	char text[TIME_TEXT_SIZE];

	if (at_s <= 0)
		return;
	time_write(text, at_s);
	(void)fprintf(f, "%-10s %s\n", label, text);
}

static void
print_artifact(FILE *f, const struct artifact *x)
{
	char hex[SHA256_HEX_SIZE], size[32];

	hex_write(hex, x->sha256, SHA256_SIZE);
	(void)fprintf(f, "  %s  %s-%s  %s  %s\n", hex, x->os, x->arch, x->name,
	    size_text(size, sizeof(size), x->size));
	for (size_t i = 0; i < x->ndeltas; i++)
		(void)fprintf(f, "    delta from %s  %s (%d %%)\n",
		    x->deltas[i].from_version,
		    size_text(size, sizeof(size), x->deltas[i].size),
		    (int)(x->deltas[i].size * 100 / x->size));
}

void
describe_manifest(FILE *f, const struct manifest *m)
{
	(void)fprintf(f, "%-10s ", manifest_kind_name(m->kind));
	if (m->seq == 0)
		(void)fprintf(f, "none\n");
	else
		(void)fprintf(f, "%s (release %lld)%s%s\n", m->version,
		    (long long)m->seq, m->critical ? " critical" : "",
		    m->security ? " security" : "");
	print_time(f, "created", m->created_s);
	print_time(f, "not before", m->not_before_s);
	print_time(f, "expires", m->expires_s);
	if (m->floor_seq > 0)
		(void)fprintf(
		    f, "floor      release %lld\n", (long long)m->floor_seq);
	if (m->notes_url != NULL)
		(void)fprintf(f, "notes      %s\n", m->notes_url);
	if (m->minimum_os != NULL)
		(void)fprintf(f, "minimum os %s\n", m->minimum_os);
	for (size_t i = 0; i < m->nrepairs; i++)
		(void)fprintf(
		    f, "repairs    release %lld\n", (long long)m->repairs[i]);
	if (m->offer) {
		(void)fprintf(f, "plan       ");
		plan_print(f, &m->rollout);
		(void)fprintf(f, "\nsalt       %s\n", m->rollout.salt);
	}
	for (size_t i = 0; m->permission && i < m->rollback.nfrom; i++)
		(void)fprintf(f, "%s%lld",
		    i == 0 ? "back from  release " : ", ",
		    (long long)m->rollback.from[i].seq);
	if (m->permission)
		(void)fprintf(f, "\n");
	for (size_t i = 0; i < m->nartifacts; i++)
		print_artifact(f, &m->artifacts[i]);
}

void
describe_publication(FILE *f, const struct publication *p)
{
	const struct ladder *l = &p->ladder;
	const struct manifest *hold = p->rungs[0].manifest;
	char expires[TIME_TEXT_SIZE];

	time_write(expires, p->expires_s);
	(void)fprintf(f,
	    "%s/%s  m %lld, %d rungs (versions %lld to %lld), root %lld,"
	    " until %s\n",
	    p->product, p->channel, (long long)l->m, p->nrungs,
	    (long long)ladder_version(l, 0),
	    (long long)ladder_version(l, p->nrungs - 1),
	    (long long)p->root->version, expires);
	describe_manifest(f, p->offer);
	if (hold->version != NULL)
		(void)fprintf(f, "fallback   %s (release %lld)\n",
		    hold->version, (long long)hold->seq);
	else
		(void)fprintf(f, "fallback   none\n");
	for (size_t i = 0; hold->permission && i < hold->rollback.nfrom; i++)
		(void)fprintf(f, "withdrawn  release %lld\n",
		    (long long)hold->rollback.from[i].seq);
	for (int i = 0; i < l->ngood; i++)
		(void)fprintf(f, "%s%s", i == 0 ? "back to    " : ", ",
		    p->rungs[3 + i].manifest->version);
	if (l->ngood > 0)
		(void)fprintf(f, "\n");
	if (l->nblocks == 1)
		(void)fprintf(f, "no lift    a halt is for good\n");
}

void
describe_rungs(FILE *f, const struct publication *p)
{
	for (int i = 0; i < 3 + p->ladder.ngood && i < p->nrungs; i++) {
		const struct rung *r = &p->rungs[i];

		(void)fprintf(f, "%2d %-8s %s  %s\n", i,
		    rung_kind_name(r->kind), r->manifest_sha256,
		    r->manifest->version == NULL ? "none"
						 : r->manifest->version);
	}
}

void
describe_files(FILE *f, const struct check *c, const char *dir)
{
	char size[32];

	(void)fprintf(f, "files      %zu (%s) in %s\n", c->files,
	    size_text(size, sizeof(size), c->bytes), dir);
	if (c->absent > 0)
		(void)fprintf(f,
		    "           %zu of older releases are not here\n",
		    c->absent);
	if (c->applied > 0 || c->unapplied > 0)
		(void)fprintf(f,
		    "deltas     %zu applied, %zu without the"
		    " old file here\n",
		    c->applied, c->unapplied);
}

/* --- JSON ----------------------------------------------------------------- */

static json_t *
artifact_json(const struct artifact *x)
{
	char hex[SHA256_HEX_SIZE];
	json_t *deltas = json_array();

	hex_write(hex, x->sha256, SHA256_SIZE);
	for (size_t i = 0; i < x->ndeltas; i++)
		json_array_append_new(deltas,
		    json_pack("{ss sI ss}", "from_version",
			x->deltas[i].from_version, "size",
			(json_int_t)x->deltas[i].size, "path",
			x->deltas[i].path));
	return json_pack("{ss ss ss ss sI ss so}", "os", x->os, "arch", x->arch,
	    "name", x->name, "path", x->path, "size", (json_int_t)x->size,
	    "sha256", hex, "deltas", deltas);
}

static json_t *
rungs_json(const struct publication *p)
{
	json_t *list = json_array();

	for (int i = 0; i < p->nrungs; i++) {
		const struct rung *r = &p->rungs[i];

		json_array_append_new(list,
		    json_pack("{si ss si sI ss* ss}", "index", i, "kind",
			rung_kind_name(r->kind), "block", r->block, "seq",
			(json_int_t)r->manifest->seq, "version",
			r->manifest->version, "manifest", r->manifest_sha256));
	}
	return list;
}

json_t *
describe_json(const struct publication *p)
{
	const struct manifest *m = p->offer;
	char expires[TIME_TEXT_SIZE], created[TIME_TEXT_SIZE];
	json_t *artifacts = json_array(), *plan = json_array();

	time_write(expires, p->expires_s);
	time_write(created, m->created_s);
	for (size_t i = 0; i < m->nartifacts; i++)
		json_array_append_new(
		    artifacts, artifact_json(&m->artifacts[i]));
	for (size_t i = 0; i < m->rollout.nplan; i++)
		json_array_append_new(plan,
		    json_pack("{si sI}", "percent_bp",
			m->rollout.plan[i].percent_bp, "min_duration_s",
			(json_int_t)m->rollout.plan[i].min_duration_s));
	return json_pack("{ss ss sI sI sI ss sI sI ss ss sb sb so so si ss so}",
	    "product", p->product, "channel", p->channel, "m",
	    (json_int_t)p->ladder.m, "root_version",
	    (json_int_t)p->root->version, "seq", (json_int_t)m->seq, "version",
	    m->version, "fallback_seq", (json_int_t)p->ladder.fallback_seq,
	    "floor_seq", (json_int_t)m->floor_seq, "created", created,
	    "expires", expires, "critical", (int)m->critical, "security",
	    (int)m->security, "artifacts", artifacts, "plan", plan,
	    "control_bp", m->rollout.control_bp, "salt", m->rollout.salt,
	    "rungs", rungs_json(p));
}
