/*
 * Writing the channel manifest: struct to JSON tree to canonical bytes.  Which
 * keys are left out when empty is decided here once; strict reading compares
 * with it.
 */
#include <errno.h>
#include <jansson.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/manifest.h"

/*
 * jansson takes over v whatever happens and fails on a NULL object or value,
 * so failures add up and are asked for once, at the end of the tree.
 */
static void
put(json_t *o, const char *key, json_t *v, int *bad)
{
	*bad |= json_object_set_new(o, key, v);
}

static void
put_text(json_t *o, const char *key, const char *s, int *bad)
{
	if (s != NULL)
		put(o, key, json_string(s), bad);
}

static void
put_int(json_t *o, const char *key, int64_t i, int *bad)
{
	put(o, key, json_integer(i), bad);
}

static void
put_hex(json_t *o, const char *key, const uint8_t digest[static SHA256_SIZE],
    int *bad)
{
	char hex[SHA256_HEX_SIZE];

	hex_write(hex, digest, SHA256_SIZE);
	put(o, key, json_string(hex), bad);
}

static void
put_time(json_t *o, const char *key, int64_t unix_s, int *bad)
{
	char text[TIME_TEXT_SIZE];

	if (unix_s < 0 || unix_s > INT64_C(253402300799)) { /* year 9999 */
		*bad = -1;
		return;
	}
	time_write(text, unix_s);
	put(o, key, json_string(text), bad);
}

static json_t *
delta_tree(const struct delta_entry *d, int *bad)
{
	json_t *o = json_object();

	put_int(o, "from_seq", d->from_seq, bad);
	put_text(o, "from_version", d->from_version, bad);
	put_hex(o, "from_sha256", d->from_sha256, bad);
	put_text(o, "format", d->format, bad);
	put_text(o, "path", d->path, bad);
	put_int(o, "size", d->size, bad);
	put_hex(o, "sha256", d->sha256, bad);
	put_int(o, "max_memory", d->max_memory, bad);
	return o;
}

static json_t *
artifact_tree(const struct artifact *a, int *bad)
{
	json_t *o = json_object(), *sigs = json_object(), *list = json_array();

	put_text(o, "os", a->os, bad);
	put_text(o, "arch", a->arch, bad);
	put_text(o, "name", a->name, bad);
	put_text(o, "path", a->path, bad);
	put_int(o, "size", a->size, bad);
	put_hex(o, "sha256", a->sha256, bad);
	put_text(sigs, "minisign", a->minisign, bad);
	put_text(sigs, "ed25519", a->ed25519, bad);
	put(o, "signatures", sigs, bad);
	for (size_t i = 0; i < a->ndeltas; i++)
		*bad |=
		    json_array_append_new(list, delta_tree(&a->deltas[i], bad));
	put(o, "deltas", list, bad);
	return o;
}

static json_t *
release_tree(const struct manifest *m, int *bad)
{
	json_t *o = json_object(), *seqs = json_array(), *versions;

	put_text(o, "notes_url", m->notes_url, bad);
	put(o, "critical", json_boolean(m->critical), bad);
	put(o, "security", json_boolean(m->security), bad);
	put_text(o, "minimum_os", m->minimum_os, bad);
	for (size_t i = 0; i < m->nrepairs; i++)
		*bad |=
		    json_array_append_new(seqs, json_integer(m->repairs[i]));
	put(o, "repairs", seqs, bad);
	if (m->repairs_versions == NULL || m->nrepairs == 0)
		return o;
	versions = json_array();
	for (size_t i = 0; i < m->nrepairs; i++)
		*bad |= json_array_append_new(
		    versions, json_string(m->repairs_versions[i]));
	put(o, "repairs_versions", versions, bad);
	return o;
}

static json_t *
rollout_tree(const struct rollout *r, int *bad)
{
	json_t *o = json_object(), *plan = json_array();

	put_text(o, "salt", r->salt, bad);
	put_int(o, "control_bp", r->control_bp, bad);
	for (size_t i = 0; i < r->nplan; i++) {
		json_t *s = json_object();

		put_int(s, "percent_bp", r->plan[i].percent_bp, bad);
		if (r->plan[i].not_before_s != 0)
			put_time(s, "not_before", r->plan[i].not_before_s, bad);
		put_int(s, "min_duration_s", r->plan[i].min_duration_s, bad);
		*bad |= json_array_append_new(plan, s);
	}
	put(o, "plan", plan, bad);
	return o;
}

static json_t *
from_tree(const struct rollback_from *f, int *bad)
{
	json_t *o = json_object(), *platforms;

	put_int(o, "seq", f->seq, bad);
	if (f->nplatforms == 0)
		return o;
	platforms = json_array();
	for (size_t i = 0; i < f->nplatforms; i++)
		*bad |= json_array_append_new(
		    platforms, json_string(f->platforms[i]));
	put(o, "platforms", platforms, bad);
	return o;
}

static json_t *
rollback_tree(const struct rollback *r, int *bad)
{
	json_t *o = json_object(), *from = json_array();

	for (size_t i = 0; i < r->nfrom; i++)
		*bad |=
		    json_array_append_new(from, from_tree(&r->from[i], bad));
	put(o, "from", from, bad);
	put_int(o, "to_seq", r->to_seq, bad);
	put_text(o, "reason", r->reason == NULL ? "" : r->reason, bad);
	put_time(o, "not_after", r->not_after_s, bad);
	return o;
}

static json_t *
tree(const struct manifest *m, int *bad)
{
	json_t *o = json_object(), *artifacts = json_array();

	put_text(o, "schema", MANIFEST_SCHEMA, bad);
	put_text(o, "product", m->product, bad);
	put_text(o, "channel", m->channel, bad);
	put_int(o, "seq", m->seq, bad);
	put(o, "version",
	    m->version == NULL ? json_null() : json_string(m->version), bad);
	put_time(o, "created", m->created_s, bad);
	if (m->not_before_s != 0)
		put_time(o, "not_before", m->not_before_s, bad);
	put_time(o, "expires", m->expires_s, bad);
	put_text(o, "kind", manifest_kind_name(m->kind), bad);
	put_int(o, "floor_seq", m->floor_seq, bad);
	put(o, "release", release_tree(m, bad), bad);
	if (m->offer)
		put(o, "rollout", rollout_tree(&m->rollout, bad), bad);
	for (size_t i = 0; i < m->nartifacts; i++)
		*bad |= json_array_append_new(
		    artifacts, artifact_tree(&m->artifacts[i], bad));
	put(o, "artifacts", artifacts, bad);
	if (m->permission)
		put(o, "rollback", rollback_tree(&m->rollback, bad), bad);
	return o;
}

int
manifest_emit(const struct manifest *m, struct buf *out, struct err *e)
{
	int bad = 0;
	AUTO_JSON v = NULL;

	errno = 0;
	v = tree(m, &bad);
	if (bad != 0 && errno == ENOMEM)
		return err_set(e, ERR_SYS, "manifest: out of memory");
	if (bad != 0)
		return err_set(e, ERR_INPUT,
		    "manifest: a text is not UTF-8 or a time is past 9999");
	return json_canon(v, out, e) < 0 ? -1 : buf_ok(out, e);
}

int
manifest_write(const struct manifest *m, struct buf *out, struct err *e)
{
	AUTO_ARENA a = arena_new(64 * MANIFEST_MAX);
	AUTO_BUF b;

	buf_init(&b, MANIFEST_MAX);
	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (manifest_emit(m, &b, e) < 0 ||
	    manifest_read(a, buf_bytes(&b), true, e) == NULL)
		return err_in(e, "manifest");
	buf_add(out, b.at, b.len);
	return buf_ok(out, e);
}
