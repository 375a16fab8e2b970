/*
 * sluice-report/1.
 */
#include "signer/report.h"

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/describe.h"

#define REPORT_MAX (4 << 20)

static json_t *
keys_json(const struct keyring *ring)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ring->n; i++) {
		const struct signer *k = &ring->keys[i];

		json_array_append_new(list,
		    json_pack("{ss ss ss}", "role", keyfile_role_name(k->role),
			"keyid", k->public.id, "source",
			signer_kind_name(k->kind)));
	}
	return list;
}

static json_t *
document_json(const struct role *doc)
{
	char hex[SHA256_HEX_SIZE], expires[TIME_TEXT_SIZE];
	json_t *sigs = json_array();

	sha256_hex(hex, doc->file.at, doc->file.len);
	time_write(expires, doc->expires_s);
	for (size_t i = 0; i < doc->nsigs; i++)
		json_array_append_new(sigs, json_string(doc->sigs[i].keyid));
	return json_pack("{ss sI sI ss ss so}", "type", role_name(doc->kind),
	    "version", (json_int_t)doc->version, "size",
	    (json_int_t)doc->file.len, "sha256", hex, "expires", expires,
	    "signed_by", sigs);
}

static int
dump(const char *at, size_t len, void *out)
{
	buf_add(out, at, len);
	return 0;
}

/* Those of a bundle are of several channels, each says of which. */
static void
add_stamps(json_t *list, const struct report *r, bool channels)
{
	for (size_t i = 0; i < r->nstamps; i++) {
		const struct report_stamp *s = &r->stamps[i];
		json_t *v = document_json(s->doc);

		(void)json_object_set_new(v, "file", json_string(s->file));
		if (channels) {
			(void)json_object_set_new(
			    v, "product", json_string(s->doc->product));
			(void)json_object_set_new(
			    v, "channel", json_string(s->doc->channel));
		}
		json_array_append_new(list, v);
	}
}

/* What a report is about; references are put's. */
struct about {
	const char *product, *channel; /* NULL: several */
	json_t *documents, *publication, *bundle;
};

static int
put(const struct report *r, const struct about *about, struct err *e)
{
	char now[TIME_TEXT_SIZE];
	AUTO_JSON v = NULL;
	AUTO_BUF b;

	buf_init(&b, REPORT_MAX);
	time_write(now, r->now_s);
	v = json_pack("{ss ss ss* ss* ss sb so so so* so*}", "schema",
	    REPORT_SCHEMA, "verb", r->verb, "product", about->product,
	    "channel", about->channel, "time", now, "complete",
	    (int)r->complete, "keys", keys_json(r->ring), "documents",
	    about->documents, "publication", about->publication, "bundle",
	    about->bundle);
	if (v == NULL ||
	    json_dump_callback(v, dump, &b, JSON_INDENT(2) | JSON_SORT_KEYS) <
		0)
		return err_set(e, ERR_SYS, "cannot make the report");
	buf_byte(&b, '\n');
	if (buf_ok(&b, e) < 0)
		return -1;
	return file_replace(r->path, b.at, b.len, 0644, e);
}

int
report_root(const struct report *r, const struct role *root, struct err *e)
{
	struct about about = { root->product, root->channel, NULL, NULL, NULL };

	if (r->path == NULL)
		return 0;
	about.documents = json_array();
	json_array_append_new(about.documents, document_json(root));
	return put(r, &about, e);
}

int
report_publication(const struct report *r, const struct publication *p,
    json_t *deltas, struct err *e)
{
	struct about about = { p->product, p->channel, NULL, NULL, NULL };

	if (r->path == NULL) {
		json_decref(deltas);
		return 0;
	}
	about.documents = json_array();
	for (int i = 0; i < p->nrungs; i++) {
		json_array_append_new(
		    about.documents, document_json(p->rungs[i].targets));
		json_array_append_new(
		    about.documents, document_json(p->rungs[i].snapshot));
	}
	add_stamps(about.documents, r, false);
	about.publication = describe_json(p);
	if (deltas != NULL)
		(void)json_object_set_new(about.publication, "deltas", deltas);
	return put(r, &about, e);
}

int
report_keyless(
    const struct report *r, const struct publication *p, struct err *e)
{
	struct about about = { p->product, p->channel, NULL, NULL, NULL };

	if (r->path == NULL)
		return 0;
	about.documents = json_array();
	add_stamps(about.documents, r, false);
	about.publication = describe_json(p);
	return put(r, &about, e);
}

int
report_bundle(const struct report *r, json_t *bundle, struct err *e)
{
	struct about about = { NULL, NULL, NULL, NULL, bundle };

	if (r->path == NULL) {
		json_decref(bundle);
		return 0;
	}
	about.documents = json_array();
	add_stamps(about.documents, r, true);
	return put(r, &about, e);
}
