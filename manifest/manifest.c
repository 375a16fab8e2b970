/*
 * Asking a channel manifest.  Reading is manifest_read.c, writing
 * manifest_write.c; the rules it obeys by itself are manifest_rules.c, those
 * between manifests publication_rules.c.
 */
#include "manifest/manifest.h"

#include <string.h>

#include "manifest/cohort.h"

static const char *const kind_names[] = { [MANIFEST_RELEASE] = "release",
	[MANIFEST_HALT] = "halt",
	[MANIFEST_ROLLBACK] = "rollback" };

const char *
manifest_kind_name(enum manifest_kind k)
{
	return (size_t)k < COUNT(kind_names) ? kind_names[k] : "unknown";
}

const struct artifact *
manifest_artifact(const struct manifest *m, const char *os, const char *arch)
{
	for (size_t i = 0; i < m->nartifacts; i++)
		if (strcmp(m->artifacts[i].os, os) == 0 &&
		    strcmp(m->artifacts[i].arch, arch) == 0)
			return &m->artifacts[i];
	return NULL;
}

int64_t
manifest_start(const struct manifest *m)
{
	return m->not_before_s != 0 ? m->not_before_s : m->created_s;
}

int
manifest_envelope(const struct manifest *m, int64_t now_s, int64_t *next_s)
{
	if (!m->offer) {
		if (next_s != NULL)
			*next_s = 0;
		return BP_ALL;
	}
	return cohort_envelope(m->rollout.plan, m->rollout.nplan,
	    manifest_start(m), now_s, next_s);
}

static bool
from_covers(const struct rollback_from *f, const char *os, const char *arch)
{
	size_t n = strlen(os);

	for (size_t i = 0; i < f->nplatforms; i++) {
		const char *p = f->platforms[i];

		if (strncmp(p, os, n) == 0 && p[n] == '-' &&
		    strcmp(p + n + 1, arch) == 0)
			return true;
	}
	return f->nplatforms == 0;
}

int
manifest_may_go_back(const struct manifest *m, int64_t installed_seq,
    const char *os, const char *arch, int64_t floor_seq, int64_t now_s,
    struct err *e)
{
	const struct rollback *r = &m->rollback;

	if (!m->permission)
		return err_set(e, ERR_REFUSED, "nothing allows going back");
	if (r->to_seq != m->seq || installed_seq <= m->seq)
		return err_set(e, ERR_REFUSED,
		    "the permission to go back does not lead to release %lld",
		    (long long)m->seq);
	if (m->seq < floor_seq)
		return err_set(e, ERR_REFUSED,
		    "release %lld is below the floor %lld", (long long)m->seq,
		    (long long)floor_seq);
	if (now_s >= r->not_after_s)
		return err_set(
		    e, ERR_REFUSED, "the permission to go back has expired");
	for (size_t i = 0; i < r->nfrom; i++)
		if (r->from[i].seq == installed_seq &&
		    from_covers(&r->from[i], os, arch))
			return 0;
	return err_set(e, ERR_REFUSED,
	    "no permission to go back from release %lld on %s-%s",
	    (long long)installed_seq, os, arch);
}
