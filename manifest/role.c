/*
 * Questions to a document that was read: who signed it, what it lists.
 */
#include "manifest/role.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/delegation.h"

const char *
role_name(enum role_kind kind)
{
	static const char *const names[ROLE_KINDS] = {
		[ROLE_ROOT] = "root",
		[ROLE_TIMESTAMP] = "timestamp",
		[ROLE_SNAPSHOT] = "snapshot",
		[ROLE_TARGETS] = "targets",
	};

	return names[kind];
}

size_t
role_max(enum role_kind kind)
{
	static const size_t max[ROLE_KINDS] = {
		[ROLE_ROOT] = ROLE_ROOT_MAX,
		[ROLE_TIMESTAMP] = ROLE_TIMESTAMP_MAX,
		[ROLE_SNAPSHOT] = ROLE_SNAPSHOT_MAX,
		[ROLE_TARGETS] = ROLE_TARGETS_MAX,
	};

	return max[kind];
}

/* Whose signatures count: of root's role or of a delegation. */
struct signers {
	const struct key *keys;
	size_t nkeys;
	const struct role_keys *role;
};

static struct signers
of_root(const struct role *root, enum role_kind kind)
{
	return (struct signers){ root->keys, root->nkeys, &root->roles[kind] };
}

static const struct key *
find_key(const struct key *keys, size_t n, const char *keyid)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(keys[i].id, keyid) == 0)
			return &keys[i];
	return NULL;
}

const struct key *
role_key(const struct role *root, const char *keyid)
{
	return find_key(root->keys, root->nkeys, keyid);
}

/* The key of an ID that is named for the role, or NULL. */
static const struct key *
named_key(const struct signers *s, const char *keyid)
{
	for (size_t i = 0; i < s->role->n; i++)
		if (strcmp(s->role->keyids[i], keyid) == 0)
			return find_key(s->keys, s->nkeys, keyid);
	return NULL;
}

/* Keys that have signed; one value under two IDs is one key. */
struct tally {
	const struct key *keys[ROLE_SIGS_MAX];
	size_t n;
};

static void
tally_add(struct tally *t, const struct key *k)
{
	for (size_t i = 0; i < t->n; i++)
		if (key_same(t->keys[i], k))
			return;
	if (t->n < COUNT(t->keys))
		t->keys[t->n++] = k;
}

/* One signature; -1 only where strict. */
static int
judge(const struct role *doc, const struct role_sig *s,
    const struct role *const by[static 2], struct tally *t, struct err *e)
{
	struct signers from = of_root(by[0], doc->kind);
	const struct key *k = named_key(&from, s->keyid);
	bool counts = k != NULL;

	if (k == NULL && by[1] != NULL) {
		from = of_root(by[1], doc->kind);
		k = named_key(&from, s->keyid);
	}
	if (k == NULL)
		return err_set(e, ERR_AUTH,
		    "signed by key %.64s, which root %" PRId64
		    " does not name for it",
		    s->keyid, by[0]->version);
	if (key_verify(k, s->sig, doc->signed_, e) < 0)
		return -1;
	if (counts)
		tally_add(t, k);
	return 0;
}

int
role_verify(const struct role *doc, const struct role *root,
    const struct role *also, bool strict, struct err *e)
{
	const struct role *const by[2] = { root, also };
	const char *name = role_name(doc->kind);
	struct tally t = { .n = 0 };
	int threshold = root->roles[doc->kind].threshold;

	if (root->kind != ROLE_ROOT ||
	    (also != NULL && also->kind != ROLE_ROOT) || threshold < 1)
		return err_set(
		    e, ERR_INPUT, "%s.json: nothing to verify it with", name);
	for (size_t i = 0; i < doc->nsigs; i++)
		/* what could not be told is no signature that may be missing */
		if (judge(doc, &doc->sigs[i], by, &t, e) < 0 &&
		    (strict || e->kind == ERR_SYS))
			return err_in(e, "%s.json", name);
	if (t.n < (size_t)threshold)
		return err_set(e, ERR_AUTH,
		    "%s.json: %zu of %d signatures that root %" PRId64
		    " asks for",
		    name, t.n, threshold, root->version);
	return 0;
}

int
role_verify_own(const struct role *root, struct err *e)
{
	return role_verify(root, root, NULL, root->version == 1, e);
}

int
role_verify_delegated(const struct role *doc, const struct role *by,
    const struct delegation *d, struct err *e)
{
	struct signers from = { by->delegations->keys, by->delegations->nkeys,
		&d->keys };
	struct tally t = { .n = 0 };
	char shown[64];

	for (size_t i = 0; i < doc->nsigs; i++) {
		const struct role_sig *s = &doc->sigs[i];
		const struct key *k = named_key(&from, s->keyid);

		if (k == NULL)
			continue;
		if (key_verify(k, s->sig, doc->signed_, e) == 0)
			tally_add(&t, k);
		else if (e->kind == ERR_SYS)
			return -1;
	}
	if (t.n < (size_t)d->keys.threshold)
		return err_set(e, ERR_AUTH,
		    "%s.json: %zu of %d signatures that its delegation asks "
		    "for",
		    text_safe(shown, sizeof shown, d->name), t.n,
		    d->keys.threshold);
	return 0;
}

const struct metafile *
role_meta(const struct role *doc, const char *name)
{
	for (size_t i = 0; i < doc->nmeta; i++)
		if (strcmp(doc->meta[i].name, name) == 0)
			return &doc->meta[i];
	return NULL;
}

static int
path_cmp(const void *path, const void *t)
{
	return strcmp(path, ((const struct target *)t)->path);
}

const struct target *
role_target(const struct role *doc, const char *path)
{
	if (doc->ntargets == 0)
		return NULL;
	return bsearch(
	    path, doc->targets, doc->ntargets, sizeof *doc->targets, path_cmp);
}

int
metafile_check(const struct metafile *m, struct bytes file, struct err *e)
{
	uint8_t is[SHA256_SIZE], is512[SHA512_SIZE];
	char hex[SHA256_HEX_SIZE], shown[64];

	text_safe(shown, sizeof shown, m->name);
	if (m->length >= 0 && (uint64_t)m->length != file.len)
		return err_set(e, ERR_AUTH,
		    "%s: %zu bytes, but %" PRId64 " were signed", shown,
		    file.len, m->length);
	if (m->sha512 != NULL) {
		sha512(is512, file.at, file.len);
		if (memcmp(is512, m->sha512, sizeof is512) != 0)
			return err_set(e, ERR_AUTH,
			    "%s: SHA-512 is not the signed one", shown);
	}
	if (!m->hashed)
		return 0;
	sha256(is, file.at, file.len);
	if (memcmp(is, m->sha256, sizeof is) != 0) {
		hex_write(hex, is, sizeof is);
		return err_set(e, ERR_AUTH,
		    "%s: SHA-256 %s is not the signed one", shown, hex);
	}
	return 0;
}

char *
role_path(struct arena *a, const struct target *t, struct err *e)
{
	const char *slash = strrchr(t->path, '/');
	int dir = slash == NULL ? 0 : (int)(slash - t->path) + 1;
	char hex[SHA512_HEX_SIZE];

	if (t->first512)
		hex_write(hex, t->sha512, SHA512_SIZE);
	else
		hex_write(hex, t->sha256, sizeof t->sha256);
	return arena_printf(
	    a, e, "%.*s%s.%s", dir, t->path, hex, t->path + dir);
}
