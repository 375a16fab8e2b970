/*
 * From fields to canonical bytes: what the signer and the brake sign, and the
 * file around it.  No key is seen here; signatures come from the caller.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "manifest/manifest.h"
#include "manifest/role.h"

/* The revision whose rules we follow; clients look at the 1 only. */
#define SPEC_VERSION "1.0.31"

/* The last second that time_write can write. */
#define TIME_MAX_S INT64_C(253402300799)

/* json_object_set_new, where NULL for the value means no memory. */
static int
set_new(json_t *object, const char *key, json_t *value, struct err *e)
{
	if (value == NULL || json_object_set_new(object, key, value) < 0)
		return err_set(e, ERR_SYS, "%s: no memory", key);
	return 0;
}

static int
set_time(json_t *object, const char *key, int64_t unix_s, struct err *e)
{
	char text[TIME_TEXT_SIZE];

	if (unix_s < 0 || unix_s > TIME_MAX_S)
		return err_set(
		    e, ERR_INPUT, "%s: %" PRId64 " is no time", key, unix_s);
	time_write(text, unix_s);
	return set_new(object, key, json_string(text), e);
}

static int
set_extra(json_t *signed_, const struct role_head *h, struct err *e)
{
	AUTO_JSON all = h->extra == NULL ? json_object() : json_copy(h->extra);

	if (!name_ok(h->product, PRODUCT_MAX) ||
	    !name_ok(h->channel, PRODUCT_MAX))
		return err_set(
		    e, ERR_INPUT, "product or channel is not a name");
	if (set_new(all, "product", json_string(h->product), e) < 0 ||
	    set_new(all, "channel", json_string(h->channel), e) < 0)
		return -1;
	return set_new(signed_, "x-sluice", json_incref(all), e);
}

int
role_build(json_t *signed_, enum role_kind kind, const struct role_head *h,
    struct buf *out, struct err *e)
{
	const char *name = role_name(kind);

	if (h->version < 1 || h->version > ROLE_VERSION_MAX)
		return err_set(e, ERR_INPUT,
		    "%s.json: version %" PRId64 " is not in 1..%" PRId32, name,
		    h->version, ROLE_VERSION_MAX);
	if (set_new(signed_, "_type", json_string(name), e) < 0 ||
	    set_new(signed_, "spec_version", json_string(SPEC_VERSION), e) <
		0 ||
	    set_new(signed_, "version", json_integer(h->version), e) < 0 ||
	    set_time(signed_, "expires", h->expires_s, e) < 0 ||
	    set_extra(signed_, h, e) < 0 || json_canon(signed_, out, e) < 0)
		return err_in(e, "%s.json", name);
	return buf_ok(out, e);
}

static int
sig_cmp(const void *a, const void *b)
{
	return strcmp(((const struct role_sig *)a)->keyid,
	    ((const struct role_sig *)b)->keyid);
}

/* Key IDs and signatures are hex: nothing in them needs escaping. */
static int
sig_check(const struct role_sig *s, struct err *e)
{
	uint8_t id[KEYID_SIZE / 2];

	if (hex_read(id, sizeof id, s->keyid) < 0 || !key_sig_ours(s->sig))
		return err_set(e, ERR_INPUT,
		    "a key ID or a signature is not lower-case hex");
	return 0;
}

int
role_wrap(struct bytes signed_, const struct role_sig *sigs, size_t n,
    struct buf *out, struct err *e)
{
	struct role_sig sorted[ROLE_SIGS_MAX];

	if (n > COUNT(sorted))
		return err_set(
		    e, ERR_LIMIT, "more than %zu signatures", COUNT(sorted));
	for (size_t i = 0; i < n; i++) {
		if (sig_check(&sigs[i], e) < 0)
			return -1;
		sorted[i] = sigs[i];
	}
	qsort(sorted, n, sizeof *sorted, sig_cmp);

	buf_text(out, "{\"signatures\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && sig_cmp(&sorted[i - 1], &sorted[i]) == 0)
			return err_set(e, ERR_INPUT, "two signatures by key %s",
			    sorted[i].keyid);
		buf_printf(out, "%s{\"keyid\":\"%s\",\"sig\":\"%s\"}",
		    i > 0 ? "," : "", sorted[i].keyid, sorted[i].sig);
	}
	buf_text(out, "],\"signed\":");
	json_canon_text(signed_, out);
	buf_byte(out, '}');
	return buf_ok(out, e);
}

static int
timestamp_meta(json_t *signed_, const struct metafile *m, struct err *e)
{
	char hex[SHA256_HEX_SIZE];

	if (!m->hashed || m->length < 0 || m->version < 1)
		return err_set(e, ERR_INPUT,
		    "snapshot.json without version, length or digest");
	hex_write(hex, m->sha256, sizeof m->sha256);
	return set_new(signed_, "meta",
	    json_pack("{s:{s:{s:s},s:I,s:I}}", "snapshot.json", "hashes",
		"sha256", hex, "length", (json_int_t)m->length, "version",
		(json_int_t)m->version),
	    e);
}

int
timestamp_build(
    const struct timestamp_fields *t, struct buf *out, struct err *e)
{
	AUTO_JSON signed_ = json_object();
	AUTO_JSON xs = json_object();
	const struct role_head head = { t->product, t->channel, t->version,
		t->expires_s, xs };

	if (t->cap_bp < 0 || t->cap_bp > BP_ALL || t->pin_seq < 0)
		return err_set(e, ERR_INPUT,
		    "timestamp.json: cap_bp or pin_seq is out of bounds");
	if (set_time(xs, "signed_at", t->signed_at_s, e) < 0 ||
	    set_new(xs, "cap_bp", json_integer(t->cap_bp), e) < 0)
		return -1;
	if (t->pin_seq > 0 &&
	    set_new(xs, "pin_seq", json_integer(t->pin_seq), e) < 0)
		return -1;
	if (t->urgent && set_new(xs, "urgent", json_true(), e) < 0)
		return -1;
	if (t->offline && set_new(xs, "offline", json_true(), e) < 0)
		return -1;
	if (timestamp_meta(signed_, &t->snapshot, e) < 0)
		return err_in(e, "timestamp.json");
	return role_build(signed_, ROLE_TIMESTAMP, &head, out, e);
}
