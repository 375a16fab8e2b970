/*
 * The brake's keys on disk and in memory.  A seed never leaves guarded memory
 * but for the file that holds it, in hex.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/key.h"
#include "server/brake.h"
#include "server/brake_state.h"

#define SEED_HEX (2 * crypto_sign_SEEDBYTES)

void
brake_key_done(struct brake_key *k)
{
	secret_done(&k->secret);
}

static int
key_path(
    char *out, size_t room, const char *folder, const char *name, struct err *e)
{
	int n = snprintf(out, room, "%s/%s", folder, name);

	if (n < 0 || (size_t)n >= room)
		return err_set(e, ERR_LIMIT, "%s: path too long", folder);
	return 0;
}

/* read_seed - the file into guarded memory, nowhere else. */
static int
read_seed(struct secret *seed, const char *path, struct err *e)
{
	AUTO_SECRET hex = { 0 };
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "%s: there is no key", path);
	if (fd < 0)
		return err_sys(e, "%s", path);
	if (sodium_init() < 0)
		return err_set(e, ERR_SYS, "libsodium does not start");
	if (secret_new(&hex, SEED_HEX + 2, e) < 0 ||
	    secret_new(seed, crypto_sign_SEEDBYTES, e) < 0)
		return -1;
	n = file_pread(fd, hex.at, hex.len, 0);
	if (n < 0)
		return err_sys(e, "%s", path);
	if (n == SEED_HEX + 1 && hex.at[SEED_HEX] == '\n')
		n--;
	if (n == SEED_HEX) {
		hex.at[SEED_HEX] = '\0';
		if (hex_read(seed->at, seed->len, (const char *)hex.at) == 0)
			return 0;
	}
	return err_set(e, ERR_INPUT, "%s: not a brake key", path);
}

static int
load_named(struct brake_key *k, const struct brake_state *s, const char *name,
    struct err *e)
{
	AUTO_SECRET seed = { 0 };
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	char path[4096];

	if (key_path(path, sizeof(path), s->folder, name, e) < 0 ||
	    read_seed(&seed, path, e) < 0)
		return -1;
	brake_key_done(k);
	if (secret_new(&k->secret, crypto_sign_SECRETKEYBYTES, e) < 0)
		return -1;
	crypto_sign_seed_keypair(public, k->secret.at, seed.at);
	key_id_ed25519(k->id, public);
	return 0;
}

static bool
names(const struct role *root, const char *id)
{
	const struct role_keys *keys = &root->roles[ROLE_TIMESTAMP];

	for (size_t i = 0; i < keys->n; i++) {
		if (strcmp(keys->keyids[i], id) == 0)
			return true;
	}
	return false;
}

int
brake_key_load(struct brake_key *k, const struct brake_state *s,
    const struct role *root, struct err *e)
{
	if (root->roles[ROLE_TIMESTAMP].threshold != 1)
		return err_set(e, ERR_REFUSED,
		    "root asks for %d timestamp signatures, not 1",
		    root->roles[ROLE_TIMESTAMP].threshold);
	if (load_named(k, s, "key", e) < 0 && e->kind != ERR_MISSING)
		return -1;
	k->next = false;
	if (names(root, k->id))
		return 0;
	if (load_named(k, s, "key.next", e) < 0 && e->kind != ERR_MISSING)
		return -1;
	k->next = true;
	if (names(root, k->id))
		return 0;
	return err_set(e, ERR_REFUSED,
	    "root %lld does not name this server's brake key",
	    (long long)root->version);
}

int
brake_key_promote(const struct brake_state *s, struct err *e)
{
	static const char *const moves[][2] = { { "key.next", "key" },
		{ "key.next.pub", "key.pub" } };
	char from[4096], to[4096];

	for (size_t i = 0; i < COUNT(moves); i++) {
		if (key_path(from, sizeof(from), s->folder, moves[i][0], e) <
			0 ||
		    key_path(to, sizeof(to), s->folder, moves[i][1], e) < 0)
			return -1;
		if (rename(from, to) < 0 && errno != ENOENT)
			return err_sys(e, "%s", to);
	}
	return file_sync_dir(s->folder, e);
}

static int
write_public(const char *path, const uint8_t *public, struct err *e)
{
	AUTO_JSON v = key_json_ed25519(public);
	AUTO_BUF out;

	buf_init(&out, 4096);
	if (v == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (json_write(v, &out, e) < 0 || buf_ok(&out, e) < 0)
		return -1;
	return file_replace(path, out.at, out.len, 0644, e);
}

static int
make(const struct brake_state *s, const char *name, struct err *e)
{
	AUTO_SECRET seed = { 0 }, secret = { 0 }, hex = { 0 };
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	char path[4096], public_path[4096], public_name[16];

	(void)snprintf(public_name, sizeof(public_name), "%s.pub", name);
	if (key_path(path, sizeof(path), s->folder, name, e) < 0 ||
	    key_path(public_path, sizeof(public_path), s->folder, public_name,
		e) < 0)
		return -1;
	if (file_mkdirs(s->folder, 0700, e) < 0)
		return -1;
	if (file_exists(path))
		return err_set(e, ERR_CONFLICT, "%s: there is a key", path);
	if (sodium_init() < 0)
		return err_set(e, ERR_SYS, "libsodium does not start");
	if (secret_new(&seed, crypto_sign_SEEDBYTES, e) < 0 ||
	    secret_new(&secret, crypto_sign_SECRETKEYBYTES, e) < 0 ||
	    secret_new(&hex, SEED_HEX + 1, e) < 0)
		return -1;
	randombytes_buf(seed.at, seed.len);
	crypto_sign_seed_keypair(public, secret.at, seed.at);
	hex_write((char *)hex.at, seed.at, seed.len);
	/* public first: a key without it would be of no use to anyone */
	if (write_public(public_path, public, e) < 0)
		return -1;
	return file_create(path, hex.at, SEED_HEX, 0600, e);
}

/* open_for - the folder of "product/channel". */
static int
open_for(struct brake_state *s, const char *dir, const char *product,
    const char *channel, struct arena *a, struct err *e)
{
	char *both = arena_printf(a, e, "%s/%s", product, channel);

	return both == NULL ? -1 : brake_state_open(s, dir, both, a, e);
}

int
brake_key_make(
    const char *dir, const char *product, const char *channel, struct err *e)
{
	AUTO_ARENA a = arena_new(BRAKE_ARENA_MAX);
	struct brake_state s;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (open_for(&s, dir, product, channel, a, e) < 0)
		return -1;
	return make(&s, "key", e);
}

int
brake_key_next(const char *dir, const char *product, const char *channel,
    bool replace, struct err *e)
{
	AUTO_ARENA a = arena_new(BRAKE_ARENA_MAX);
	struct brake_state s;
	char *key, *next;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (open_for(&s, dir, product, channel, a, e) < 0 ||
	    (key = file_path(a, e, s.folder, "key")) == NULL ||
	    (next = file_path(a, e, s.folder, "key.next")) == NULL)
		return -1;
	if (!file_exists(key))
		return err_set(
		    e, ERR_MISSING, "%s: there is no key to follow", key);
	if (replace && unlink(next) < 0 && errno != ENOENT)
		return err_sys(e, "%s", next);
	return make(&s, "key.next", e);
}
