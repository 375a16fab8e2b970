/*
 * From the bytes of a TUF document to struct role: its form, nothing else.
 * Who signed it is role.c, whether it is still good is trust.c.
 */
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/role.h"
#include "manifest/role_body.h"

struct head {
	const char *type, *spec, *expires;
	int64_t version;
};

static const struct json_field head_fields[] = {
	{ "_type", JSON_FIELD_TEXT, false, offsetof(struct head, type), 1, 32 },
	{ "spec_version", JSON_FIELD_TEXT, false, offsetof(struct head, spec),
	    1, 32 },
	{ "version", JSON_FIELD_INT, false, offsetof(struct head, version), 1,
	    ROLE_VERSION_MAX },
	JSON_TEXT(struct head, expires, 1, 64),
};

/* Ours in one form only; of others any that RFC 3339 has. */
static int
read_expires(const struct reading *in, const char *text, struct err *e)
{
	char shown[65];
	int rc = in->strict ? time_read(text, &in->r->expires_s)
			    : time_read_any(text, &in->r->expires_s);

	if (rc < 0)
		return err_set(e, ERR_INPUT,
		    "expires: \"%s\", expected a time as "
		    "2026-01-31T00:00:00Z",
		    text_safe(shown, sizeof shown, text));
	return 0;
}

/* The members that every signed object has. */
static int
read_head(const struct reading *in, const json_t *signed_, struct err *e)
{
	struct head h = { 0 };
	char shown[33];

	if (json_struct(signed_, head_fields, COUNT(head_fields), false, &h,
		in->a, e) < 0)
		return -1;
	if (strcmp(h.type, role_name(in->r->kind)) != 0)
		return err_set(e, ERR_INPUT, "_type is \"%s\"",
		    text_safe(shown, sizeof shown, h.type));
	if (strncmp(h.spec, "1.", 2) != 0 ||
	    strspn(h.spec, "0123456789.") != strlen(h.spec))
		return err_set(e, ERR_INPUT,
		    "spec_version is \"%s\", expected 1.x",
		    text_safe(shown, sizeof shown, h.spec));
	in->r->version = h.version;
	return read_expires(in, h.expires, e);
}

static const struct json_field sig_fields[] = {
	JSON_TEXT(struct role_sig, keyid, 1, JSON_STRING_MAX),
	JSON_TEXT(struct role_sig, sig, 0, JSON_STRING_MAX),
};

static int
read_sig(const struct reading *in, struct role_sig *s, const json_t *v,
    struct err *e)
{
	uint8_t id[KEYID_SIZE / 2];
	char *lower;

	if (json_struct(
		v, sig_fields, COUNT(sig_fields), in->strict, s, in->a, e) < 0)
		return -1;
	if (in->strict &&
	    (hex_read(id, sizeof id, s->keyid) < 0 || !key_sig_ours(s->sig)))
		return err_set(
		    e, ERR_INPUT, "keyid or sig is not lower-case hex");
	if (in->strict)
		return 0;
	lower = arena_text(in->a, s->sig, e);
	if (lower == NULL)
		return -1;
	(void)role_body_lower(lower, strlen(lower) + 1, s->sig);
	s->sig = lower;
	return 0;
}

/* A key that signs twice says nothing twice; which one would count? */
static int
check_twice(const struct role_sig *sigs, size_t n, struct err *e)
{
	char shown[KEYID_SIZE];

	for (size_t i = 0; i < n; i++)
		if (strcmp(sigs[i].keyid, sigs[n].keyid) == 0)
			return err_set(e, ERR_INPUT, "key %s signs twice",
			    text_safe(shown, sizeof shown, sigs[n].keyid));
	return 0;
}

/* Strict: ascending key IDs, so that nobody signs twice and order is fixed. */
static int
read_sigs(const struct reading *in, const json_t *sigs, struct err *e)
{
	struct role_sig *out;
	const json_t *v;
	size_t i;

	if (!json_is_array(sigs) || json_array_size(sigs) > ROLE_SIGS_MAX)
		return err_set(
		    e, ERR_INPUT, "not an array of at most %d", ROLE_SIGS_MAX);
	out = arena_array(in->a, json_array_size(sigs), sizeof *out, e);
	if (out == NULL)
		return -1;
	json_array_foreach(sigs, i, v)
	{
		if (read_sig(in, &out[i], v, e) < 0)
			return err_in(e, "entry %zu", i);
		if (in->strict && i > 0 &&
		    strcmp(out[i - 1].keyid, out[i].keyid) >= 0)
			return err_set(e, ERR_INPUT,
			    "key %s: twice, or not in the order of IDs",
			    out[i].keyid);
		if (!in->strict && check_twice(out, i, e) < 0)
			return -1;
	}
	in->r->sigs = out;
	in->r->nsigs = json_array_size(sigs);
	return 0;
}

/*
 * Our own documents are canonical byte for byte, but that the newlines of a
 * PEM key are escaped as JSON wants it.  Without those the signed bytes are the
 * end of the file but for the closing brace.
 */
static int
check_file(
    const struct reading *in, const struct buf *canon, size_t at, struct err *e)
{
	struct role *r = in->r;
	AUTO_BUF text;

	buf_init(&text, role_max(r->kind) + 64);
	json_canon_text(buf_bytes(canon), &text);
	if (buf_ok(&text, e) < 0)
		return -1;
	if (text.len != r->file.len ||
	    memcmp(text.at, r->file.at, text.len) != 0)
		return err_set(e, ERR_INPUT, "not in canonical form");
	r->signed_ = (struct bytes){ r->file.at + at, canon->len - 1 - at };
	if (text.len == canon->len)
		return 0;
	r->signed_.at = arena_bytes(in->a, canon->at + at, r->signed_.len, e);
	return r->signed_.at == NULL ? -1 : 0;
}

static int
canon_strict(const struct reading *in, const json_t *doc, struct buf *canon,
    struct err *e)
{
	size_t at;

	if (json_object_size(doc) != 2)
		return err_set(
		    e, ERR_INPUT, "members beside signatures and signed");
	buf_text(canon, "{\"signatures\":");
	if (json_canon(json_object_get(doc, "signatures"), canon, e) < 0)
		return -1;
	buf_text(canon, ",\"signed\":");
	at = canon->len;
	if (json_canon(json_object_get(doc, "signed"), canon, e) < 0)
		return -1;
	buf_text(canon, "}");
	if (buf_ok(canon, e) < 0)
		return -1;
	return check_file(in, canon, at, e);
}

static int
read_canon(const struct reading *in, const json_t *doc, struct err *e)
{
	AUTO_BUF canon = { 0 };
	struct role *r = in->r;

	/* the canonical form is never longer than what was parsed */
	buf_init(&canon, role_max(r->kind) + 64);
	if (in->strict)
		return canon_strict(in, doc, &canon, e);
	if (json_canon(json_object_get(doc, "signed"), &canon, e) < 0)
		return -1;
	r->signed_.len = canon.len;
	r->signed_.at = arena_bytes(in->a, canon.at, canon.len, e);
	return r->signed_.at == NULL ? -1 : 0;
}

static int
read_signed(const struct reading *in, json_t *signed_, struct err *e)
{
	if (read_head(in, signed_, e) < 0)
		return -1;
	if (in->strict &&
	    role_body_extra(in, json_object_get(signed_, "x-sluice"), e) < 0)
		return err_in(e, "x-sluice");
	return role_body(in, signed_, e);
}

static int
read_document(const struct reading *in, struct bytes file, struct err *e)
{
	AUTO_JSON doc = json_read(file, role_max(in->r->kind), e);
	json_t *signed_ = json_object_get(doc, "signed");

	if (doc == NULL)
		return -1;
	if (!json_is_object(signed_))
		return err_set(e, ERR_INPUT, "signed is not an object");
	in->r->file.len = file.len;
	in->r->file.at = arena_bytes(in->a, file.at, file.len, e);
	if (in->r->file.at == NULL)
		return -1;
	if (read_sigs(in, json_object_get(doc, "signatures"), e) < 0)
		return err_in(e, "signatures");
	if (read_canon(in, doc, e) < 0)
		return -1;
	return read_signed(in, signed_, e);
}

const struct role *
role_read(struct arena *a, enum role_kind kind, struct bytes file, int mode,
    struct err *e)
{
	struct reading in = { .a = a, .strict = mode == ROLE_STRICT };

	if ((in.r = arena_get(a, sizeof *in.r, e)) == NULL)
		return NULL;
	in.r->kind = kind;
	if (read_document(&in, file, e) < 0) {
		err_in(e, "%s.json", role_name(kind));
		return NULL;
	}
	return in.r;
}
