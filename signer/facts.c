/*
 * Facts of roots and publications.
 */
#include "signer/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "signer/plan.h"

#define LINE_MAX_BYTES 512

int
facts_init(struct facts *f, struct arena *a, struct err *e)
{
	f->n = 0;
	f->arena = a;
	f->lines = arena_array(a, FACTS_MAX, sizeof(*f->lines), e);
	return f->lines == NULL ? -1 : 0;
}

static int PRINTF(3, 4)
    add(struct facts *f, struct err *e, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (f->n == FACTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d lines", FACTS_MAX);
	f->lines[f->n] = arena_text(f->arena, line, e);
	return f->lines[f->n++] == NULL ? -1 : 0;
}

static int
add_time(struct facts *f, struct err *e, const char *what, int64_t at_s)
{
	char text[TIME_TEXT_SIZE];

	if (at_s <= 0)
		return 0;
	time_write(text, at_s);
	return add(f, e, "%s %s", what, text);
}

bool
facts_have(const struct facts *f, const char *line)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->lines[i], line) == 0)
			return true;
	}
	return false;
}

static void
print_only(char sign, const struct facts *f, const struct facts *other)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!facts_have(other, f->lines[i]))
			(void)printf("%c %s\n", sign, f->lines[i]);
	}
}

void
facts_print_changes(const struct facts *old, const struct facts *new)
{
	print_only('-', old, new);
	print_only('+', new, old);
}

int
facts_root(struct facts *f, const struct role *root, struct err *e)
{
	char mini[MINISIGN_KEY_TEXT + 1];

	if (add(f, e, "root version %lld", (long long)root->version) < 0 ||
	    add_time(f, e, "root expires", root->expires_s) < 0)
		return -1;
	for (int i = 0; i < ROLE_KINDS; i++) {
		const struct role_keys *rk = &root->roles[i];
		const char *name = role_name((enum role_kind)i);

		if (add(f, e, "%s threshold %d of %zu", name, rk->threshold,
			rk->n) < 0)
			return -1;
		for (size_t j = 0; j < rk->n; j++) {
			if (add(f, e, "%s key %s", name, rk->keyids[j]) < 0)
				return -1;
		}
	}
	for (size_t i = 0; i < root->nminisign; i++) {
		minisign_key_write(mini, &root->minisign[i]);
		if (add(f, e, "minisign key %s", mini) < 0)
			return -1;
	}
	return 0;
}

static int
facts_artifacts(struct facts *f, const struct manifest *m, struct err *e)
{
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *x = &m->artifacts[i];

		hex_write(hex, x->sha256, SHA256_SIZE);
		if (add(f, e, "artifact %s %s-%s %s %lld bytes", hex, x->os,
			x->arch, x->path, (long long)x->size) < 0)
			return -1;
		for (size_t k = 0; k < x->ndeltas; k++) {
			if (add(f, e, "delta %s-%s from %s %lld bytes", x->os,
				x->arch, x->deltas[k].from_version,
				(long long)x->deltas[k].size) < 0)
				return -1;
		}
	}
	return 0;
}

static int
facts_rollout(struct facts *f, const struct rollout *r, struct err *e)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int rc;

	if (out == NULL)
		return err_sys(e, "plan");
	plan_print(out, r);
	(void)fclose(out);
	rc = add(f, e, "plan %s", text);
	free(text);
	return rc < 0 ? -1 : add(f, e, "salt %s", r->salt);
}

static int
facts_offer(struct facts *f, const struct manifest *m, struct err *e)
{
	if (add(f, e, "offer %s (release %lld)", m->version,
		(long long)m->seq) < 0 ||
	    add_time(f, e, "created", m->created_s) < 0 ||
	    add_time(f, e, "not before", m->not_before_s) < 0 ||
	    add_time(f, e, "expires", m->expires_s) < 0 ||
	    add(f, e, "floor release %lld", (long long)m->floor_seq) < 0 ||
	    (m->critical && add(f, e, "critical") < 0) ||
	    (m->security && add(f, e, "security") < 0) ||
	    (m->notes_url != NULL && add(f, e, "notes %s", m->notes_url) < 0) ||
	    (m->minimum_os != NULL &&
		add(f, e, "minimum os %s", m->minimum_os) < 0))
		return -1;
	for (size_t i = 0; i < m->nrepairs; i++) {
		if (add(f, e, "repairs release %lld",
			(long long)m->repairs[i]) < 0)
			return -1;
	}
	if (facts_rollout(f, &m->rollout, e) < 0)
		return -1;
	return facts_artifacts(f, m, e);
}

/* What each rung leads to, without the dates that every publication has. */
static int
facts_rung(struct facts *f, const struct rung *r, struct err *e)
{
	const struct manifest *m = r->manifest;

	if (r->kind != RUNG_OFFER &&
	    add(f, e, "%s %s (release %lld)", rung_kind_name(r->kind),
		m->version == NULL ? "none" : m->version,
		(long long)m->seq) < 0)
		return -1;
	for (size_t i = 0; m->permission && i < m->rollback.nfrom; i++) {
		if (add(f, e, "%s %s back from release %lld",
			rung_kind_name(r->kind), m->version,
			(long long)m->rollback.from[i].seq) < 0)
			return -1;
	}
	return 0;
}

int
facts_publication(struct facts *f, const struct publication *p, struct err *e)
{
	const struct ladder *l = &p->ladder;

	if (facts_root(f, p->root, e) < 0 ||
	    add(f, e, "m %lld, versions %lld to %lld", (long long)l->m,
		(long long)ladder_version(l, 0),
		(long long)ladder_version(l, p->nrungs - 1)) < 0 ||
	    add(f, e, "ladder %d rungs, %d blocks", p->nrungs, l->nblocks) <
		0 ||
	    facts_offer(f, p->offer, e) < 0)
		return -1;
	for (int i = 0; i < 3 + l->ngood && i < p->nrungs; i++) {
		if (facts_rung(f, &p->rungs[i], e) < 0)
			return -1;
	}
	return 0;
}
