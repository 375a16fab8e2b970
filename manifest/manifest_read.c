/*
 * Reading the channel manifest: canonical bytes to struct.  Bounds of single
 * fields are the tables below; rules between fields are manifest_rules.c.
 */
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "manifest/manifest.h"
#include "manifest/minisign.h"
#include "manifest/semver.h"

/* clang-format off */
#define FIELD(key, kind, st, member, opt, min, max) \
	{ key, JSON_FIELD_##kind, opt, offsetof(st, member), min, max }
/* clang-format on */
#define READ(r, v, table, out) \
	json_struct(v, table, COUNT(table), (r)->strict, out, (r)->a, (r)->e)

#define URL_MAX	       2048
#define REASON_MAX     500
#define MINIMUM_OS_MAX 64
#define FORMAT_MAX     32
#define DURATION_MAX_S (INT64_C(3660) * 86400) /* ten years */

struct reader {
	struct arena *a;
	bool strict;
	struct err *e;
};

/* The document's objects and what they are read into. */
struct top {
	const char *schema, *kind;
	const json_t *release, *rollout, *artifacts, *rollback;
	const json_t *repairs, *versions;
	struct manifest m;
};
struct stage_in {
	int64_t percent_bp;
	struct stage s;
};
struct rollout_in {
	int64_t control_bp;
	const json_t *plan;
	struct rollout r;
};
struct artifact_in {
	const json_t *signatures, *deltas;
	struct artifact a;
};
struct from_in {
	const json_t *platforms;
	struct rollback_from f;
};
struct rollback_in {
	const json_t *from;
	struct rollback r;
};

/* clang-format off */
static const struct json_field top_fields[] = {
	FIELD("schema", TEXT, struct top, schema, false, 1, 32),
	FIELD("product", TEXT, struct top, m.product, false, 1, PRODUCT_MAX),
	FIELD("channel", TEXT, struct top, m.channel, false, 1, PRODUCT_MAX),
	FIELD("seq", INT, struct top, m.seq, false, 0, MANIFEST_SEQ_MAX),
	FIELD("version", TEXT, struct top, m.version, true, 1, SEMVER_MAX),
	FIELD("created", TIME, struct top, m.created_s, false, 0, 0),
	FIELD("not_before", TIME, struct top, m.not_before_s, true, 0, 0),
	FIELD("expires", TIME, struct top, m.expires_s, false, 0, 0),
	FIELD("kind", TEXT, struct top, kind, false, 1, 32),
	FIELD("floor_seq", INT, struct top, m.floor_seq, false, 0,
	    MANIFEST_SEQ_MAX),
	FIELD("release", OBJECT, struct top, release, false, 0, 0),
	FIELD("rollout", OBJECT, struct top, rollout, true, 0, 0),
	FIELD("artifacts", ARRAY, struct top, artifacts, false, 0,
	    MANIFEST_ARTIFACTS_MAX),
	FIELD("rollback", OBJECT, struct top, rollback, true, 0, 0),
};
static const struct json_field release_fields[] = {
	FIELD("notes_url", TEXT, struct top, m.notes_url, true, 1, URL_MAX),
	FIELD("critical", BOOL, struct top, m.critical, false, 0, 0),
	FIELD("security", BOOL, struct top, m.security, false, 0, 0),
	FIELD("minimum_os", TEXT, struct top, m.minimum_os, true, 1,
	    MINIMUM_OS_MAX),
	FIELD("repairs", ARRAY, struct top, repairs, false, 0,
	    MANIFEST_REPAIRS_MAX),
	FIELD("repairs_versions", ARRAY, struct top, versions, true, 1,
	    MANIFEST_REPAIRS_MAX),
};
static const struct json_field rollout_fields[] = {
	FIELD("salt", TEXT, struct rollout_in, r.salt, false, 2 * SALT_BYTES,
	    2 * SALT_BYTES),
	FIELD("control_bp", INT, struct rollout_in, control_bp, false, 0,
	    BP_ALL - 1),
	FIELD("plan", ARRAY, struct rollout_in, plan, false, 1,
	    MANIFEST_STAGES_MAX),
};
static const struct json_field stage_fields[] = {
	FIELD("percent_bp", INT, struct stage_in, percent_bp, false, 0,
	    BP_ALL),
	FIELD("not_before", TIME, struct stage_in, s.not_before_s, true, 0, 0),
	FIELD("min_duration_s", INT, struct stage_in, s.min_duration_s, false,
	    0, DURATION_MAX_S),
};
static const struct json_field artifact_fields[] = {
	FIELD("os", TEXT, struct artifact_in, a.os, false, 1, PLATFORM_MAX),
	FIELD("arch", TEXT, struct artifact_in, a.arch, false, 1,
	    PLATFORM_MAX),
	FIELD("name", TEXT, struct artifact_in, a.name, false, 1,
	    ARTIFACT_NAME_MAX),
	FIELD("path", TEXT, struct artifact_in, a.path, false, 1, 512),
	FIELD("size", INT, struct artifact_in, a.size, false, 1,
	    MANIFEST_INT_MAX),
	FIELD("sha256", HEX, struct artifact_in, a.sha256, false, 0,
	    SHA256_SIZE),
	FIELD("signatures", OBJECT, struct artifact_in, signatures, false, 0,
	    0),
	FIELD("deltas", ARRAY, struct artifact_in, deltas, false, 0,
	    MANIFEST_DELTAS_MAX),
};
static const struct json_field signature_fields[] = {
	FIELD("minisign", TEXT, struct artifact, minisign, true, 1,
	    BASE64_SIZE(MINISIGN_FILE_MAX) - 1),
	FIELD("ed25519", TEXT, struct artifact, ed25519, true, 88, 88),
};
static const struct json_field delta_fields[] = {
	FIELD("from_seq", INT, struct delta_entry, from_seq, false, 1,
	    MANIFEST_SEQ_MAX),
	FIELD("from_version", TEXT, struct delta_entry, from_version, false, 1,
	    SEMVER_MAX),
	FIELD("from_sha256", HEX, struct delta_entry, from_sha256, false, 0,
	    SHA256_SIZE),
	FIELD("format", TEXT, struct delta_entry, format, false, 1,
	    FORMAT_MAX),
	FIELD("path", TEXT, struct delta_entry, path, false, 1, 512),
	FIELD("size", INT, struct delta_entry, size, false, 1,
	    MANIFEST_INT_MAX),
	FIELD("sha256", HEX, struct delta_entry, sha256, false, 0,
	    SHA256_SIZE),
	FIELD("max_memory", INT, struct delta_entry, max_memory, false, 0,
	    MANIFEST_INT_MAX),
};
static const struct json_field rollback_fields[] = {
	FIELD("from", ARRAY, struct rollback_in, from, false, 1,
	    MANIFEST_FROM_MAX),
	FIELD("to_seq", INT, struct rollback_in, r.to_seq, false, 1,
	    MANIFEST_SEQ_MAX),
	FIELD("reason", TEXT, struct rollback_in, r.reason, false, 0,
	    REASON_MAX),
	FIELD("not_after", TIME, struct rollback_in, r.not_after_s, false, 0,
	    0),
};
static const struct json_field from_fields[] = {
	FIELD("seq", INT, struct from_in, f.seq, false, 1, MANIFEST_SEQ_MAX),
	FIELD("platforms", ARRAY, struct from_in, platforms, true, 1,
	    MANIFEST_PLATFORMS_MAX),
};
/* clang-format on */

/* An array of strings of 1..max bytes; NULL with the error set. */
static const char **
read_texts(struct reader *r, const json_t *v, size_t max)
{
	size_t n = json_array_size(v);
	const char **out = arena_array(r->a, n, sizeof(*out), r->e);

	for (size_t i = 0; out != NULL && i < n; i++) {
		const json_t *item = json_array_get(v, i);
		size_t len = json_string_length(item);

		if (!json_is_string(item) || len < 1 || len > max) {
			err_set(r->e, ERR_INPUT,
			    "entry %zu is not a string of 1 to %zu bytes", i,
			    max);
			return NULL;
		}
		out[i] = arena_text(r->a, json_string_value(item), r->e);
		if (out[i] == NULL)
			return NULL;
	}
	return out;
}

static int
read_release(struct reader *r, struct top *t)
{
	struct manifest *m = &t->m;
	int64_t *seqs;

	if (READ(r, t->release, release_fields, t) < 0)
		return -1;
	m->nrepairs = json_array_size(t->repairs);
	m->repairs = seqs = arena_array(r->a, m->nrepairs, sizeof(*seqs), r->e);
	if (seqs == NULL)
		return -1;
	for (size_t i = 0; i < m->nrepairs; i++) {
		const json_t *item = json_array_get(t->repairs, i);

		if (!json_is_integer(item))
			return err_set(r->e, ERR_INPUT,
			    "repairs: entry %zu is not a number", i);
		seqs[i] = json_integer_value(item);
	}
	if (t->versions == NULL)
		return 0;
	if (json_array_size(t->versions) != m->nrepairs)
		return err_set(r->e, ERR_INPUT,
		    "repairs_versions is not as long as repairs");
	m->repairs_versions = read_texts(r, t->versions, SEMVER_MAX);
	return m->repairs_versions == NULL ? -1 : 0;
}

static int
read_rollout(struct reader *r, struct top *t)
{
	struct rollout_in in = { 0 };
	struct stage *plan;
	size_t n;

	if (READ(r, t->rollout, rollout_fields, &in) < 0)
		return -1;
	n = json_array_size(in.plan);
	plan = arena_array(r->a, n, sizeof(*plan), r->e);
	if (plan == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct stage_in st = { 0 };

		if (READ(r, json_array_get(in.plan, i), stage_fields, &st) < 0)
			return err_in(r->e, "stage %zu", i + 1);
		plan[i] = st.s;
		plan[i].percent_bp = (int)st.percent_bp;
	}
	in.r.control_bp = (int)in.control_bp;
	in.r.plan = plan;
	in.r.nplan = n;
	t->m.rollout = in.r;
	t->m.offer = true;
	return 0;
}

static int
read_deltas(struct reader *r, const json_t *v, struct artifact *out)
{
	size_t n = json_array_size(v);
	struct delta_entry *d = arena_array(r->a, n, sizeof(*d), r->e);

	if (d == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (READ(r, json_array_get(v, i), delta_fields, &d[i]) < 0)
			return err_in(r->e, "delta %zu", i);
	out->deltas = d;
	out->ndeltas = n;
	return 0;
}

static int
read_artifacts(struct reader *r, struct top *t)
{
	size_t n = json_array_size(t->artifacts);
	struct artifact *out = arena_array(r->a, n, sizeof(*out), r->e);

	if (out == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(t->artifacts, i);
		struct artifact_in in = { 0 };

		if (READ(r, v, artifact_fields, &in) < 0 ||
		    READ(r, in.signatures, signature_fields, &in.a) < 0 ||
		    read_deltas(r, in.deltas, &in.a) < 0)
			return err_in(r->e, "artifact %zu", i);
		out[i] = in.a;
	}
	t->m.artifacts = out;
	t->m.nartifacts = n;
	return 0;
}

static int
read_rollback(struct reader *r, struct top *t)
{
	struct rollback_in in = { 0 };
	struct rollback_from *from;
	size_t n;

	if (READ(r, t->rollback, rollback_fields, &in) < 0)
		return -1;
	n = json_array_size(in.from);
	from = arena_array(r->a, n, sizeof(*from), r->e);
	if (from == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct from_in f = { 0 };

		if (READ(r, json_array_get(in.from, i), from_fields, &f) < 0)
			return err_in(r->e, "from %zu", i);
		if (f.platforms != NULL) {
			f.f.nplatforms = json_array_size(f.platforms);
			f.f.platforms =
			    read_texts(r, f.platforms, PLATFORM_MAX);
			if (f.f.platforms == NULL)
				return err_in(r->e, "from %zu: platforms", i);
		}
		from[i] = f.f;
	}
	in.r.from = from;
	in.r.nfrom = n;
	t->m.rollback = in.r;
	t->m.permission = true;
	return 0;
}

static int
read_kind(struct top *t, struct err *e)
{
	for (int k = MANIFEST_RELEASE; k <= MANIFEST_ROLLBACK; k++)
		if (strcmp(t->kind,
			manifest_kind_name((enum manifest_kind)k)) == 0) {
			t->m.kind = (enum manifest_kind)k;
			return 0;
		}
	return err_set(e, ERR_INPUT, "kind is none of release, halt, rollback");
}

static int
read_parts(struct reader *r, struct top *t)
{
	if (read_kind(t, r->e) < 0)
		return -1;
	if (read_release(r, t) < 0)
		return err_in(r->e, "release");
	if (t->rollout != NULL && read_rollout(r, t) < 0)
		return err_in(r->e, "rollout");
	if (read_artifacts(r, t) < 0)
		return -1;
	if (t->rollback != NULL && read_rollback(r, t) < 0)
		return err_in(r->e, "rollback");
	return manifest_rules(&t->m, r->strict, r->e);
}

/*
 * One meaning, one spelling: whoever compares manifests by digest can rely on
 * it.  This also refuses nulls and empty optional parts.
 */
static int
check_spelling(const struct manifest *m, struct bytes file, struct err *e)
{
	AUTO_BUF b;

	buf_init(&b, MANIFEST_MAX);
	if (manifest_emit(m, &b, e) < 0)
		return -1;
	if (b.len != file.len || memcmp(b.at, file.at, b.len) != 0)
		return err_set(
		    e, ERR_INPUT, "not in canonical form (sluice-formats(5))");
	return 0;
}

const struct manifest *
manifest_read(struct arena *a, struct bytes file, bool strict, struct err *e)
{
	struct reader r = { a, strict, e };
	struct top *t = arena_get(a, sizeof(*t), e);
	AUTO_JSON v = NULL;

	if (t == NULL || (v = json_read(file, MANIFEST_MAX, e)) == NULL)
		return NULL;
	if (READ(&r, v, top_fields, t) < 0)
		return NULL;
	if (strcmp(t->schema, MANIFEST_SCHEMA) != 0) {
		err_set(e, ERR_INPUT, "schema is not " MANIFEST_SCHEMA);
		return NULL;
	}
	if (read_parts(&r, t) < 0 ||
	    (strict && check_spelling(&t->m, file, e) < 0))
		return NULL;
	return &t->m;
}
