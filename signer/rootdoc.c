/*
 * The rules of root documents, and their text.
 */
#include "signer/rootdoc.h"

#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"

static const enum role_kind kind_of[ROOTDOC_SETS] = {
	[KEYFILE_ROOT] = ROLE_ROOT,
	[KEYFILE_RELEASE] = ROLE_TARGETS,
	[KEYFILE_TIMESTAMP] = ROLE_TIMESTAMP,
};

int
rootdoc_add(struct rootdoc *d, enum keyfile_role set,
    const struct pubkey *public, struct err *e)
{
	struct rootdoc_set *s = &d->sets[set];

	if (s->n == ROOTDOC_KEYS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d %s keys",
		    ROOTDOC_KEYS_MAX, keyfile_role_name(set));
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->keys[i].id, public->id) == 0)
			return err_set(e, ERR_USAGE,
			    "the %s key %.16s... is there already",
			    keyfile_role_name(set), public->id);
	}
	s->keys[s->n++] = *public;
	return 0;
}

int
rootdoc_from(struct rootdoc *d, const struct role *root, struct err *e)
{
	struct pubkey public;

	memset(d, 0, sizeof(*d));
	d->product = root->product;
	d->channel = root->channel;
	d->version = root->version;
	d->expires_s = root->expires_s;
	for (size_t i = 0; i < ROOTDOC_SETS; i++) {
		const struct role_keys *rk = &root->roles[kind_of[i]];

		d->sets[i].threshold = rk->threshold;
		for (size_t j = 0; j < rk->n; j++) {
			const struct key *k = role_key(root, rk->keyids[j]);

			if (k == NULL)
				return err_set(
				    e, ERR_INPUT, "root: a key is missing");
			if (pubkey_from(&public, k, e) < 0 ||
			    rootdoc_add(d, (enum keyfile_role)i, &public, e) <
				0)
				return -1;
		}
	}
	memcpy(d->minisign, root->minisign, sizeof(d->minisign));
	d->nminisign = root->nminisign;
	return 0;
}

static int
remove_minisign(struct rootdoc *d, const char *id)
{
	char text[MINISIGN_KEY_TEXT + 1];

	for (size_t i = 0; i < d->nminisign; i++) {
		minisign_key_write(text, &d->minisign[i]);
		if (strcmp(text, id) != 0)
			continue;
		d->nminisign--;
		memmove(&d->minisign[i], &d->minisign[i + 1],
		    (d->nminisign - i) * sizeof(d->minisign[0]));
		return 0;
	}
	return -1;
}

int
rootdoc_remove(struct rootdoc *d, const char *id, struct err *e)
{
	struct rootdoc_set *in = NULL;
	size_t at = 0, len = strlen(id);

	if (remove_minisign(d, id) == 0)
		return 0;
	if (len < 8)
		return err_set(e, ERR_USAGE,
		    "%s: give at least 8 digits of the key ID", id);
	for (size_t i = 0; i < ROOTDOC_SETS; i++) {
		for (size_t j = 0; j < d->sets[i].n; j++) {
			if (strncmp(d->sets[i].keys[j].id, id, len) != 0)
				continue;
			if (in != NULL)
				return err_set(e, ERR_USAGE,
				    "%s: several keys begin like this", id);
			in = &d->sets[i];
			at = j;
		}
	}
	if (in == NULL)
		return err_set(e, ERR_MISSING, "%s: no such key in root", id);
	in->n--;
	memmove(&in->keys[at], &in->keys[at + 1],
	    (in->n - at) * sizeof(in->keys[0]));
	return 0;
}

static bool
set_has(const struct rootdoc_set *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->keys[i].id, id) == 0)
			return true;
	}
	return false;
}

static int
check_set(const struct rootdoc *d, size_t i, struct err *e)
{
	const struct rootdoc_set *s = &d->sets[i];
	const char *name = keyfile_role_name((enum keyfile_role)i);

	if (s->n == 0)
		return err_set(e, ERR_REFUSED, "root needs a %s key", name);
	if (s->threshold < 1 || s->threshold > (int64_t)s->n)
		return err_set(e, ERR_REFUSED,
		    "%zu %s keys cannot meet a threshold of %lld", s->n, name,
		    (long long)s->threshold);
	for (size_t j = 0; j < i; j++) {
		for (size_t k = 0; k < s->n; k++) {
			if (set_has(&d->sets[j], s->keys[k].id))
				return err_set(e, ERR_REFUSED,
				    "the key %.16s... is both %s and %s key",
				    s->keys[k].id,
				    keyfile_role_name((enum keyfile_role)j),
				    name);
		}
	}
	return 0;
}

/* One signature is enough for what minisign checks: no key of a role that wants
 * several may make it. */
static int
check_minisign(const struct rootdoc *d, struct err *e)
{
	for (size_t i = 0; i < ROOTDOC_SETS; i++) {
		const struct rootdoc_set *s = &d->sets[i];

		for (size_t k = 0; k < s->n * d->nminisign; k++) {
			const struct pubkey *key = &s->keys[k % s->n];

			if (key->type == KEY_ED25519 &&
			    memcmp(key->at, d->minisign[k / s->n].public,
				sizeof(d->minisign[0].public)) == 0)
				return err_set(e, ERR_REFUSED,
				    "the key %.16s... is both %s and minisign"
				    " key",
				    key->id,
				    keyfile_role_name((enum keyfile_role)i));
		}
	}
	return 0;
}

int
rootdoc_check(const struct rootdoc *d, int64_t now_s, struct err *e)
{
	char when[TIME_TEXT_SIZE];

	if (d->expires_s <= now_s) {
		time_write(when, d->expires_s);
		return err_set(e, ERR_REFUSED,
		    "root %lld expires %s, which is past: no client would"
		    " take anything with it",
		    (long long)d->version, when);
	}
	for (size_t i = 0; i < ROOTDOC_SETS; i++) {
		if (check_set(d, i, e) < 0)
			return -1;
	}
	if (d->sets[KEYFILE_TIMESTAMP].threshold != 1)
		return err_set(
		    e, ERR_REFUSED, "the timestamp threshold is always 1");
	return check_minisign(d, e);
}

static bool
same_minisign(const struct rootdoc *d, const struct rootdoc *o)
{
	for (size_t i = 0; i < d->nminisign * o->nminisign; i++)
		if (memcmp(d->minisign[i / o->nminisign].public,
			o->minisign[i % o->nminisign].public,
			sizeof(d->minisign[0].public)) == 0)
			return true;
	return false;
}

int
rootdoc_apart(const struct rootdoc *d, const struct role *other, struct err *e)
{
	struct rootdoc o;
	const struct rootdoc_set *mine = &d->sets[KEYFILE_RELEASE];
	const struct rootdoc_set *theirs = &o.sets[KEYFILE_RELEASE];
	int64_t shared = 0, least;

	if (rootdoc_from(&o, other, e) < 0)
		return -1;
	if (strcmp(o.product, d->product) == 0 &&
	    strcmp(o.channel, d->channel) == 0)
		return err_set(
		    e, ERR_USAGE, "--other names a root of the same channel");
	for (size_t i = 0; i < mine->n; i++)
		shared += set_has(theirs, mine->keys[i].id);
	least = mine->threshold < theirs->threshold ? mine->threshold
						    : theirs->threshold;
	if (shared >= least)
		return err_set(e, ERR_REFUSED,
		    "the release keys shared with %s/%s meet a threshold",
		    o.product, o.channel);
	for (size_t i = 0; i < d->sets[KEYFILE_TIMESTAMP].n; i++) {
		if (set_has(&o.sets[KEYFILE_TIMESTAMP],
			d->sets[KEYFILE_TIMESTAMP].keys[i].id))
			return err_set(e, ERR_REFUSED,
			    "a timestamp key is shared with %s/%s", o.product,
			    o.channel);
	}
	if (same_minisign(d, &o))
		return err_set(e, ERR_REFUSED,
		    "a minisign key is shared with %s/%s: one signature is"
		    " good for both",
		    o.product, o.channel);
	return 0;
}

/* --- writing ------------------------------------------------------------ */

static int
write_keys(const struct rootdoc *d, json_t *keys)
{
	for (size_t i = 0; i < ROOTDOC_SETS; i++) {
		const struct rootdoc_set *s = &d->sets[i];

		for (size_t j = 0; j < s->n; j++) {
			if (json_object_set_new(keys, s->keys[j].id,
				pubkey_json(&s->keys[j])) < 0)
				return -1;
		}
	}
	return 0;
}

static json_t *
role_json(const struct rootdoc_set *s)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(ids, json_string(s->keys[i].id));
	return json_pack(
	    "{so sI}", "keyids", ids, "threshold", (json_int_t)s->threshold);
}

static json_t *
minisign_json(const struct rootdoc *d)
{
	json_t *list = json_array();
	char text[MINISIGN_KEY_TEXT + 1];

	for (size_t i = 0; i < d->nminisign; i++) {
		minisign_key_write(text, &d->minisign[i]);
		json_array_append_new(list, json_string(text));
	}
	return json_pack("{so}", "minisign", list);
}

int
rootdoc_write(const struct rootdoc *d, struct buf *out, struct err *e)
{
	AUTO_JSON keys = json_object();
	AUTO_JSON xs = d->nminisign > 0 ? minisign_json(d) : NULL;
	AUTO_JSON v = json_pack("{sb sO s{so so so so}}", "consistent_snapshot",
	    1, "keys", keys, "roles", "root", role_json(&d->sets[KEYFILE_ROOT]),
	    "targets", role_json(&d->sets[KEYFILE_RELEASE]), "snapshot",
	    role_json(&d->sets[KEYFILE_RELEASE]), "timestamp",
	    role_json(&d->sets[KEYFILE_TIMESTAMP]));
	AUTO_BUF signed_;

	buf_init(&signed_, ROLE_ROOT_MAX);
	if (keys == NULL || v == NULL || write_keys(d, keys) < 0)
		return err_set(e, ERR_SYS, "out of memory");
	if (role_build(v, ROLE_ROOT,
		&(struct role_head){
		    d->product, d->channel, d->version, d->expires_s, xs },
		&signed_, e) < 0 ||
	    buf_ok(&signed_, e) < 0 ||
	    role_wrap(buf_bytes(&signed_), NULL, 0, out, e) < 0)
		return -1;
	return buf_ok(out, e);
}
