/*
 * The rules that one manifest obeys by itself.  Every name that later becomes
 * part of a path is held to an alphabet here.  Pure.
 */
#include <stdio.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/manifest.h"
#include "manifest/minisign.h"
#include "manifest/semver.h"

#define PATH_DIR_MAX (SEMVER_MAX + 1 + PLATFORM_MAX + 1 + 1)

/* Printable ASCII without what ends a link in HTML, XML or a log line. */
static bool
url_ok(const char *s)
{
	if (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0)
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f ||
		    strchr("\"<>\\^`{|}", *s) != NULL)
			return false;
	return true;
}

static bool
text_ok(const char *s)
{
	if (!utf8_ok(s, strlen(s)))
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static bool
os_ok(const char *os)
{
	return name_ok(os, PLATFORM_MAX) && strchr(os, '-') == NULL;
}

/* "os-arch" as it stands in paths and in rollback.from.  The first '-' ends the
 * os; only an arch may hold more of them. */
static bool
platform_ok(const char *platform)
{
	const char *dash = strchr(platform, '-');

	return name_ok(platform, PLATFORM_MAX) && dash != NULL &&
	    name_ok(dash + 1, PLATFORM_MAX);
}

/* A list of release numbers in lo..hi, none of them twice. */
static int
check_seqs(const int64_t *seq, size_t n, int64_t lo, int64_t hi, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (seq[i] < lo || seq[i] > hi)
			return err_set(e, ERR_INPUT,
			    "release %lld is not in %lld..%lld",
			    (long long)seq[i], (long long)lo, (long long)hi);
		for (size_t k = 0; k < i; k++)
			if (seq[k] == seq[i])
				return err_set(e, ERR_INPUT,
				    "release %lld is named twice",
				    (long long)seq[i]);
	}
	return 0;
}

static int
check_release(const struct manifest *m, struct err *e)
{
	if (m->notes_url != NULL && !url_ok(m->notes_url))
		return err_set(e, ERR_INPUT,
		    "release: notes_url is not an http or https address");
	if (m->minimum_os != NULL && !text_ok(m->minimum_os))
		return err_set(
		    e, ERR_INPUT, "release: minimum_os has control characters");
	if (check_seqs(m->repairs, m->nrepairs, 1, m->seq - 1, e) < 0)
		return err_in(e, "release: repairs");
	if (m->repairs_versions == NULL)
		return 0;
	for (size_t i = 0; i < m->nrepairs; i++)
		if (semver_check(m->repairs_versions[i], e) < 0)
			return err_in(e, "release: repairs_versions");
	return 0;
}

static int
check_rollout(const struct rollout *r, struct err *e)
{
	uint8_t salt[SALT_BYTES];

	if (strlen(r->salt) != 2 * SALT_BYTES ||
	    hex_read(salt, sizeof(salt), r->salt) < 0)
		return err_set(e, ERR_INPUT,
		    "rollout: salt is not %d lower-case hex digits",
		    2 * SALT_BYTES);
	for (size_t i = 1; i < r->nplan; i++)
		if (r->plan[i].percent_bp < r->plan[i - 1].percent_bp)
			return err_set(e, ERR_INPUT,
			    "rollout: stage %zu lowers the percentage from "
			    "%d to %d",
			    i + 1, r->plan[i - 1].percent_bp,
			    r->plan[i].percent_bp);
	return 0;
}

static int
check_from(const struct rollback_from *f, int64_t to_seq, struct err *e)
{
	if (f->seq <= to_seq)
		return err_set(e, ERR_INPUT,
		    "going from release %lld to %lld is not going back",
		    (long long)f->seq, (long long)to_seq);
	for (size_t i = 0; i < f->nplatforms; i++) {
		if (!platform_ok(f->platforms[i]))
			return err_set(e, ERR_INPUT,
			    "from %lld: platform %zu is not a name",
			    (long long)f->seq, i);
		for (size_t k = 0; k < i; k++)
			if (strcmp(f->platforms[i], f->platforms[k]) == 0)
				return err_set(e, ERR_INPUT,
				    "from %lld: %s is named twice",
				    (long long)f->seq, f->platforms[i]);
	}
	return 0;
}

static int
check_rollback(const struct manifest *m, struct err *e)
{
	const struct rollback *r = &m->rollback;

	if (r->to_seq != m->seq)
		return err_set(e, ERR_INPUT,
		    "rollback: to_seq %lld is not the manifest's own %lld",
		    (long long)r->to_seq, (long long)m->seq);
	if (r->not_after_s <= m->created_s)
		return err_set(
		    e, ERR_INPUT, "rollback: not_after is not after created");
	if (!text_ok(r->reason))
		return err_set(
		    e, ERR_INPUT, "rollback: reason has control characters");
	for (size_t i = 0; i < r->nfrom; i++) {
		if (check_from(&r->from[i], r->to_seq, e) < 0)
			return err_in(e, "rollback");
		for (size_t k = 0; k < i; k++)
			if (r->from[k].seq == r->from[i].seq)
				return err_set(e, ERR_INPUT,
				    "rollback: release %lld is named twice",
				    (long long)r->from[i].seq);
	}
	return 0;
}

/* strict: one that is known here; else any name, for other readers. */
static bool
format_ok(const char *format, bool strict)
{
	static const char *const known[] = { "bsdiff40", "sluice-delta/1" };

	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(format, known[i]) == 0)
			return true;
	if (strict)
		return false;
	for (const char *s = format; *s != '\0'; s++)
		if (*s <= ' ' || *s >= 0x7f || *s == '"' || *s == '\\')
			return false;
	return true;
}

/* A delta lies beside its artifact, under a name of its own. */
static int
check_delta(const struct artifact *a, size_t i, const char *dir, bool strict,
    struct err *e)
{
	const struct delta_entry *d = &a->deltas[i];
	size_t n = strlen(dir);

	if (semver_check(d->from_version, e) < 0)
		return err_in(e, "from_version");
	if (!format_ok(d->format, strict))
		return err_set(e, ERR_INPUT, "unknown format");
	if (strncmp(d->path, dir, n) != 0 ||
	    !name_ok(d->path + n, DELTA_NAME_MAX))
		return err_set(
		    e, ERR_INPUT, "path is not a file name below %s", dir);
	if (strcmp(d->path, a->path) == 0)
		return err_set(e, ERR_INPUT, "path is the artifact's");
	for (size_t k = 0; k < i; k++) {
		const struct delta_entry *o = &a->deltas[k];

		if (strcmp(o->path, d->path) == 0)
			return err_set(
			    e, ERR_INPUT, "path is that of delta %zu", k);
		if (strcmp(o->format, d->format) == 0 &&
		    memcmp(o->from_sha256, d->from_sha256, SHA256_SIZE) == 0)
			return err_set(e, ERR_INPUT,
			    "starts from the same file as delta %zu", k);
	}
	return 0;
}

static int
check_signature(const struct artifact *a, struct err *e)
{
	uint8_t sig[MINISIGN_FILE_MAX];
	size_t n;

	if (a->ed25519 != NULL &&
	    (base64_read(sig, sizeof(sig), &n, a->ed25519) < 0 || n != 64))
		return err_set(e, ERR_INPUT,
		    "signatures: ed25519 is not 64 bytes in base64");
	if (a->minisign != NULL &&
	    (base64_read(sig, sizeof(sig), &n, a->minisign) < 0 || n == 0))
		return err_set(
		    e, ERR_INPUT, "signatures: minisign is not base64");
	return 0;
}

static int
check_artifact(const struct manifest *m, const struct artifact *a, bool strict,
    struct err *e)
{
	char dir[PATH_DIR_MAX];
	size_t n;

	if (!os_ok(a->os) || !name_ok(a->arch, PLATFORM_MAX) ||
	    strlen(a->os) + 1 + strlen(a->arch) > PLATFORM_MAX)
		return err_set(e, ERR_INPUT, "os and arch are not names");
	if (!name_ok(a->name, ARTIFACT_NAME_MAX))
		return err_set(e, ERR_INPUT, "name is not a file name");
	(void)snprintf(
	    dir, sizeof(dir), "%s/%s-%s/", m->version, a->os, a->arch);
	n = strlen(dir);
	if (strncmp(a->path, dir, n) != 0 || strcmp(a->path + n, a->name) != 0)
		return err_set(e, ERR_INPUT, "path is not %s%s", dir, a->name);
	if (check_signature(a, e) < 0)
		return -1;
	for (size_t i = 0; i < a->ndeltas; i++)
		if (check_delta(a, i, dir, strict, e) < 0)
			return err_in(e, "delta %zu", i);
	return 0;
}

static int
check_artifacts(const struct manifest *m, bool strict, struct err *e)
{
	if (m->nartifacts == 0)
		return err_set(e, ERR_INPUT, "a release without artifacts");
	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *a = &m->artifacts[i];

		if (check_artifact(m, a, strict, e) < 0)
			return err_in(e, "artifact %zu", i);
		if (manifest_artifact(m, a->os, a->arch) != a)
			return err_set(e, ERR_INPUT,
			    "artifact %zu: platform %s-%s is named twice", i,
			    a->os, a->arch);
	}
	return 0;
}

/* What a manifest that names no release must not have. */
static int
check_none(const struct manifest *m, struct err *e)
{
	if (m->version != NULL || m->nartifacts > 0 || m->offer ||
	    m->permission || m->kind == MANIFEST_ROLLBACK || m->critical ||
	    m->security || m->nrepairs > 0 || m->notes_url != NULL ||
	    m->minimum_os != NULL)
		return err_set(e, ERR_INPUT,
		    "seq 0 names no release, but other fields tell of one");
	return 0;
}

static int
check_kind(const struct manifest *m, struct err *e)
{
	if (m->offer && m->kind != MANIFEST_RELEASE)
		return err_set(e, ERR_INPUT, "a %s with a rollout",
		    manifest_kind_name(m->kind));
	if (m->offer && m->permission)
		return err_set(
		    e, ERR_INPUT, "an offer with the permission to go back");
	if (m->kind == MANIFEST_ROLLBACK && !m->permission)
		return err_set(e, ERR_INPUT,
		    "a rollback without the permission to go back");
	return 0;
}

int
manifest_rules(const struct manifest *m, bool strict, struct err *e)
{
	if (!name_ok(m->product, PRODUCT_MAX) ||
	    !name_ok(m->channel, PRODUCT_MAX))
		return err_set(
		    e, ERR_INPUT, "product and channel are not names");
	if (m->created_s < 1 || m->expires_s <= m->created_s ||
	    (m->not_before_s != 0 && m->expires_s <= m->not_before_s))
		return err_set(e, ERR_INPUT,
		    "expires is not after created and not_before");
	if (m->floor_seq > m->seq)
		return err_set(e, ERR_INPUT,
		    "floor_seq %lld is above the manifest's own seq %lld",
		    (long long)m->floor_seq, (long long)m->seq);
	if (check_kind(m, e) < 0)
		return -1;
	if (m->seq == 0)
		return check_none(m, e);
	if (m->version == NULL)
		return err_set(e, ERR_INPUT, "version is missing");
	if (semver_check(m->version, e) < 0)
		return err_in(e, "version");
	if (check_release(m, e) < 0 ||
	    (m->offer && check_rollout(&m->rollout, e) < 0) ||
	    (m->permission && check_rollback(m, e) < 0))
		return -1;
	return check_artifacts(m, strict, e);
}
