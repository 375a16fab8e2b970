/*
 * The brake is handed a publication: roots that follow the one that it trusts,
 * and every rung's snapshot, each verified here.  Of all that it keeps the
 * root and the snapshots' digests.
 */
#include <inttypes.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "server/brake_state.h"

/* document - the bytes of a doc of a message: canonical JSON, or base64. */
static int
document(const json_t *v, size_t max, struct arena *a, struct bytes *out,
    struct err *e)
{
	AUTO_BUF text;
	uint8_t *at;
	size_t len;

	if (json_is_string(v)) {
		len = json_string_length(v);
		at = arena_get(a, len + 1, e);
		if (at == NULL)
			return -1;
		if (base64_read(at, len + 1, &len, json_string_value(v)) < 0)
			return err_set(e, ERR_INPUT, "not base64");
		*out = (struct bytes){ at, len };
		return 0;
	}
	buf_init(&text, max);
	if (!json_is_object(v))
		return err_set(e, ERR_INPUT, "not a document");
	if (json_write(v, &text, e) < 0 || buf_ok(&text, e) < 0)
		return -1;
	at = arena_bytes(a, text.at, text.len, e);
	*out = (struct bytes){ at, text.len };
	return at == NULL ? -1 : 0;
}

static const struct role *
read_role(const struct brake_state *s, const json_t *v, enum role_kind kind,
    struct arena *a, struct err *e)
{
	const struct role *doc;
	struct bytes file;

	if (document(v, role_max(kind), a, &file, e) < 0)
		return NULL;
	doc = role_read(a, kind, file, ROLE_STRICT, e);
	if (doc == NULL)
		return NULL;
	if (strcmp(doc->product, s->product) != 0 ||
	    strcmp(doc->channel, s->channel) != 0) {
		err_set(e, ERR_REFUSED, "it is of %s/%s", doc->product,
		    doc->channel);
		return NULL;
	}
	return doc;
}

static int
follow_roots(
    struct brake_state *s, const json_t *roots, struct arena *a, struct err *e)
{
	const json_t *v;
	size_t i;

	json_array_foreach(roots, i, v)
	{
		const struct role *next = read_role(s, v, ROLE_ROOT, a, e);

		if (next == NULL)
			return err_in(
			    e, "root after %" PRId64, s->root->version);
		if (next->version != s->root->version + 1)
			return err_set(e, ERR_REFUSED,
			    "root %" PRId64 " does not follow %" PRId64,
			    next->version, s->root->version);
		if (role_verify(next, s->root, next, true, e) < 0 ||
		    role_verify(next, next, s->root, true, e) < 0)
			return err_in(e, "root %" PRId64, next->version);
		s->root = next;
	}
	return 0;
}

/* One publication as it is handed over. */
struct handed {
	int64_t m;
	const json_t *roots, *snapshots, *targets, *manifest;
	/* verified */
	const struct role *snapshot[LADDER_MAX];
};

static const struct json_field handed_fields[] = {
	JSON_INT(struct handed, m, 1, INT32_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct handed, roots, false, 0, 256),
	JSON_F(
	    JSON_FIELD_ARRAY, struct handed, snapshots, false, 2, LADDER_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct handed, targets, false, 2, LADDER_MAX),
	JSON_F(JSON_FIELD_ANY, struct handed, manifest, false, 0, 0),
};

static int
verify_snapshots(
    struct brake_state *s, struct handed *h, struct arena *a, struct err *e)
{
	int n = (int)json_array_size(h->snapshots);

	s->nrungs = n;
	for (int i = 0; i < n; i++) {
		int64_t version = LADDER_MAX * h->m + i;
		const struct role *doc =
		    read_role(s, json_array_get(h->snapshots, (size_t)i),
			ROLE_SNAPSHOT, a, e);

		if (doc == NULL)
			return err_in(e, "snapshot %" PRId64, version);
		if (doc->version != version)
			return err_set(e, ERR_REFUSED,
			    "snapshot %" PRId64 " stands where %" PRId64
			    " belongs",
			    doc->version, version);
		if (role_verify(doc, s->root, NULL, true, e) < 0)
			return err_in(e, "snapshot %" PRId64, version);
		h->snapshot[i] = doc;
		s->rungs[i].length = (int64_t)doc->file.len;
		sha256(s->rungs[i].sha256, doc->file.at, doc->file.len);
	}
	return 0;
}

/* rung_manifest - the target that a rung's own targets document names. */
static const struct target *
rung_manifest(const struct brake_state *s, const struct handed *h, int i,
    struct arena *a, struct err *e)
{
	const struct metafile *meta = role_meta(h->snapshot[i], "targets.json");
	const struct role *doc = read_role(
	    s, json_array_get(h->targets, (size_t)i), ROLE_TARGETS, a, e);
	const struct target *t;

	if (doc == NULL)
		return NULL;
	if (meta == NULL || !meta->hashed) {
		err_set(e, ERR_REFUSED, "the snapshot has no digest of it");
		return NULL;
	}
	if (metafile_check(meta, doc->file, e) < 0 ||
	    role_verify(doc, s->root, NULL, true, e) < 0)
		return NULL;
	t = role_target(doc, MANIFEST_TARGET);
	if (t == NULL)
		err_set(e, ERR_REFUSED, "no %s in it", MANIFEST_TARGET);
	return t;
}

/* verify_offer - not_before, and the rungs that do not offer. */
static int
verify_offer(struct brake_state *s, const struct handed *h, struct arena *a,
    struct err *e)
{
	const struct target *offer = rung_manifest(s, h, 1, a, e);
	const struct manifest *m;
	struct bytes file;
	uint8_t sum[SHA256_SIZE];

	if (offer == NULL)
		return err_in(e, "targets of rung 1");
	if (document(h->manifest, MANIFEST_MAX, a, &file, e) < 0)
		return err_in(e, "the offer's manifest");
	sha256(sum, file.at, file.len);
	if ((int64_t)file.len != offer->length ||
	    memcmp(sum, offer->sha256, sizeof(sum)) != 0)
		return err_set(e, ERR_AUTH,
		    "the offer's manifest is not the one that rung 1 names");
	m = manifest_read(a, file, true, e);
	if (m == NULL)
		return err_in(e, "the offer's manifest");
	if (!m->offer)
		return err_set(e, ERR_REFUSED, "rung 1 offers nothing");
	s->not_before_s = m->not_before_s;
	s->early = 0;
	for (int i = 0; i < s->nrungs; i++) {
		const struct target *t;

		if (i == 1 || json_is_null(json_array_get(h->targets, i)))
			continue;
		t = rung_manifest(s, h, i, a, e);
		if (t == NULL)
			return err_in(e, "targets of rung %d", i);
		if (memcmp(t->sha256, offer->sha256, SHA256_SIZE) != 0)
			s->early |= UINT32_C(1) << i;
	}
	return 0;
}

static bool
same_rungs(const struct brake_state *a, const struct brake_state *b)
{
	if (a->nrungs != b->nrungs)
		return false;
	for (int i = 0; i < a->nrungs; i++) {
		if (a->rungs[i].length != b->rungs[i].length ||
		    memcmp(a->rungs[i].sha256, b->rungs[i].sha256,
			SHA256_SIZE) != 0)
			return false;
	}
	return true;
}

json_t *
brake_adopt(
    struct brake_state *s, const json_t *ask, struct arena *a, struct err *e)
{
	AUTO_BRAKE_KEY key = { 0 };
	const struct brake_state before = *s;
	struct handed h = { 0 };

	if (json_struct(
		ask, handed_fields, COUNT(handed_fields), false, &h, a, e) < 0)
		return NULL;
	if (json_array_size(h.targets) != json_array_size(h.snapshots)) {
		err_set(e, ERR_INPUT, "targets: one entry for each snapshot");
		return NULL;
	}
	if (h.m < s->m) {
		err_set(e, ERR_REFUSED,
		    "publication %" PRId64 " is older than %" PRId64, h.m,
		    s->m);
		return NULL;
	}
	if (follow_roots(s, h.roots, a, e) < 0 ||
	    brake_key_load(&key, s, s->root, e) < 0 ||
	    verify_snapshots(s, &h, a, e) < 0 || verify_offer(s, &h, a, e) < 0)
		return NULL;
	if (h.m == before.m && !same_rungs(s, &before)) {
		err_set(e, ERR_REFUSED,
		    "publication %" PRId64 " was handed over with other rungs",
		    h.m);
		return NULL;
	}
	if (h.m > before.m)
		s->top = -1;
	s->m = h.m;
	if (brake_state_write(s, e) < 0 ||
	    (key.next && brake_key_promote(s, e) < 0))
		return NULL;
	return json_pack("{sb si}", "ok", 1, "rungs", s->nrungs);
}
