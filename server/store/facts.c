/*
 * Facts about publications.
 */
#include "server/store/facts.h"

#include "delta/delta.h"
#include "manifest/base/json.h"
#include "server/store/blobs.h"

#define DELTA_MEMORY_MAX ((int64_t)1 << 30) /* what our client grants */

/* --- found ---------------------------------------------------------------- */

json_t *
facts_make(const struct publication *p, struct err *e)
{
	const struct ladder *l = &p->ladder;
	json_t *manifests = json_array(), *good = json_array(), *v;
	char root[SHA256_HEX_SIZE];

	sha256_hex(root, p->root->file.at, p->root->file.len);
	for (int i = 0; i < p->nrungs; i++)
		(void)json_array_append_new(
		    manifests, json_string(p->rungs[i].manifest_sha256));
	for (int i = 0; i < l->ngood; i++)
		(void)json_array_append_new(good, json_integer(l->good_seq[i]));
	v = json_pack("{sI si si sI sI so ss sI sI ss so}", "m",
	    (json_int_t)l->m, "nblocks", l->nblocks, "ngood", l->ngood,
	    "offer_seq", (json_int_t)l->offer_seq, "fallback_seq",
	    (json_int_t)l->fallback_seq, "good_seq", good, "version",
	    p->offer->version, "expires_s", (json_int_t)p->expires_s,
	    "root_version", (json_int_t)p->root->version, "root_sha256", root,
	    "manifests", manifests);
	if (v == NULL)
		(void)err_set(e, ERR_SYS, "no memory for the facts");
	return v;
}

int
facts_add_file(json_t *list, const struct publication_file *f,
    const char *sha256, int64_t size, struct err *e)
{
	json_t *v = json_pack("{ss sI ss sI sb}", "path", f->path, "size",
	    (json_int_t)size, "sha256", sha256, "rungs", (json_int_t)f->rungs,
	    "document", (int)f->document);

	return json_array_append_new(list, v) < 0
	    ? err_set(e, ERR_SYS, "no memory for the facts")
	    : 0;
}

int
facts_add_root(json_t *list, int64_t version, const char *sha256, int64_t size,
    struct err *e)
{
	json_t *v = json_pack("{sI ss sI}", "version", (json_int_t)version,
	    "sha256", sha256, "size", (json_int_t)size);

	return json_array_append_new(list, v) < 0
	    ? err_set(e, ERR_SYS, "no memory for the facts")
	    : 0;
}

/* --- read again ----------------------------------------------------------- */

int64_t
facts_number(const json_t *facts, const char *key)
{
	return json_integer_value(json_object_get(facts, key));
}

int
facts_ladder(const json_t *facts, struct ladder *out, struct err *e)
{
	const json_t *good = json_object_get(facts, "good_seq");

	*out = (struct ladder){ .m = facts_number(facts, "m"),
		.nblocks = (int)facts_number(facts, "nblocks"),
		.ngood = (int)facts_number(facts, "ngood"),
		.offer_seq = facts_number(facts, "offer_seq"),
		.fallback_seq = facts_number(facts, "fallback_seq") };
	for (size_t i = 0; i < json_array_size(good) && i < LADDER_MAX; i++)
		out->good_seq[i] = json_integer_value(json_array_get(good, i));
	return ladder_check(out, e);
}

const struct manifest *
facts_manifest(const json_t *facts, const char *state, size_t rung,
    struct arena *a, struct err *e)
{
	const char *sha256 = json_string_value(
	    json_array_get(json_object_get(facts, "manifests"), rung));
	struct bytes file;

	if (!blobs_name_ok(sha256)) {
		(void)err_set(e, ERR_SYS, "facts without manifest %zu", rung);
		return NULL;
	}
	return blobs_read(state, sha256, MANIFEST_MAX, &file, a, e) < 0
	    ? NULL
	    : manifest_read(a, file, true, e);
}

/* --- rows ----------------------------------------------------------------- */

int
facts_put_roots(
    struct db *db, const char *channel, const json_t *facts, struct err *e)
{
	const json_t *list = json_object_get(facts, "roots");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);
		const char *sha256 =
		    json_string_value(json_object_get(r, "sha256"));

		if (db_do(db, e,
			"INSERT INTO root (channel, version, sha256, size)"
			" VALUES ($1, $2, $3, $4)"
			" ON CONFLICT (channel, version) DO NOTHING",
			BIND(V(channel), V(facts_number(r, "version")),
			    V(sha256), V(facts_number(r, "size")))) < 0)
			return -1;
	}
	return 0;
}

static int
put_file(struct db *db, const char *channel, const char *id, const json_t *f,
    struct err *e)
{
	const char *path = json_string_value(json_object_get(f, "path"));
	const char *sha256 = json_string_value(json_object_get(f, "sha256"));
	int64_t document = json_is_true(json_object_get(f, "document"));

	return db_do(db, e,
	    "INSERT INTO publication_file (channel, publication, path, size,"
	    " sha256, rungs, document) VALUES ($1, $2, $3, $4, $5, $6, $7)",
	    BIND(V(channel), V(id), V(path), V(facts_number(f, "size")),
		V(sha256), V(facts_number(f, "rungs")), V(document)));
}

int
facts_put_files(struct db *db, const char *channel, const char *id,
    const json_t *facts, struct err *e)
{
	const json_t *files = json_object_get(facts, "files");

	/* what was pushed gives way to what the rungs name */
	if (db_do(db, e,
		"DELETE FROM publication_file WHERE channel = $1"
		" AND publication = $2",
		BIND(V(channel), V(id))) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(files); i++)
		if (put_file(db, channel, id, json_array_get(files, i), e) < 0)
			return -1;
	return 0;
}

/* --- deltas --------------------------------------------------------------- */

int
facts_check_delta(const struct facts_delta *d, struct err *e)
{
	int64_t memory = delta_patch_memory(d->patch, e);

	if (memory < 0)
		return -1;
	if (memory > d->entry->max_memory)
		return err_set(e, ERR_REFUSED,
		    "applying it needs more memory than it says");
	if (memory > DELTA_MEMORY_MAX)
		return err_set(e, ERR_REFUSED,
		    "applying it takes more memory than clients grant");
	return delta_check(d->entry->format, d->base, d->patch, d->dir,
	    d->to->size, d->to->sha256, e);
}
