/*
 * Key files: round trip, what opens one and what does not, what a hostile file
 * may not ask for.
 */
#include "signer/keyfile.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "signer/pubkey.h"
#include "tests/tap.h"

static struct arena *a;
static struct err e;
static char dir[] = "/tmp/keyfile-XXXXXX";

static struct secret
pass_of(const char *text)
{
	struct secret s = { 0 };

	if (secret_new(&s, strlen(text), &e) < 0)
		abort();
	memcpy(s.at, text, strlen(text));
	return s;
}

static struct keyfile
made(enum keyfile_role role, const char *comment)
{
	struct keyfile_new how = { role, KDF_MINIMAL, comment };
	AUTO_SECRET pass = pass_of("correct horse");
	struct keyfile k;

	if (keyfile_make(&k, &how, &pass, a, &e) < 0)
		abort();
	return k;
}

static const char *
path_of(const char *name)
{
	return file_path(a, &e, dir, name);
}

static void
a_key_comes_back_from_its_file(void)
{
	struct keyfile k = made(KEYFILE_RELEASE, "Jane's"), r;
	const char *path = path_of("one");
	AUTO_SECRET pass = pass_of("correct horse");
	AUTO_SECRET sk = { 0 };
	struct pubkey public;
	uint8_t sig[64];

	CHECK_INT(keyfile_write(&k, path, a, &e), 0);
	if (!CHECK_INT(keyfile_read(&r, path, true, a, &e), 0))
		return;
	CHECK_TEXT(r.comment, "Jane's");
	CHECK_TEXT(r.keyid, k.keyid);
	CHECK_INT(r.role, KEYFILE_RELEASE);
	if (!CHECK_INT(keyfile_unlock(&r, &pass, &sk, &e), 0))
		return;
	(void)crypto_sign_detached(sig, NULL, (const uint8_t *)"x", 1, sk.at);
	CHECK_INT(
	    crypto_sign_verify_detached(sig, (const uint8_t *)"x", 1, k.public),
	    0);
	CHECK_INT(pubkey_read(&public, path_of("one.pub"), a, &e), 0);
	CHECK_TEXT(public.id, k.keyid);
	CHECK_INT(pubkey_read(&public, path, a, &e), 0);
	CHECK_TEXT(public.id, k.keyid);
}

static void
a_wrong_passphrase_opens_nothing(void)
{
	struct keyfile k = made(KEYFILE_ROOT, ""), r;
	AUTO_SECRET pass = pass_of("correct horsf");
	AUTO_SECRET sk = { 0 };

	CHECK_INT(keyfile_write(&k, path_of("two"), a, &e), 0);
	CHECK_INT(keyfile_read(&r, path_of("two"), true, a, &e), 0);
	CHECK_INT(keyfile_unlock(&r, &pass, &sk, &e), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK(sk.at == NULL);
}

/* The file with one text replaced by another of any length. */
static struct bytes
changed(struct bytes file, const char *from, const char *to)
{
	const char *text = (const char *)file.at;
	const char *at = strstr(text, from);
	char *out;

	if (at == NULL)
		abort();
	out = arena_printf(
	    a, &e, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return (struct bytes){ (const uint8_t *)out, strlen(out) };
}

static int
opens(struct bytes file)
{
	AUTO_SECRET pass = pass_of("correct horse");
	AUTO_SECRET sk = { 0 };
	struct keyfile k;

	if (keyfile_parse(&k, file, a, &e) < 0)
		return -1;
	return keyfile_unlock(&k, &pass, &sk, &e);
}

static void
a_changed_header_opens_nothing(void)
{
	struct keyfile k = made(KEYFILE_ROOT, "mine");
	struct bytes file;

	CHECK_INT(keyfile_write(&k, path_of("three"), a, &e), 0);
	CHECK_INT(file_read(a, path_of("three"), KEYFILE_MAX, &file, &e), 0);
	CHECK_INT(opens(file), 0);
	CHECK_INT(opens(changed(file, "\"mine\"", "\"yours\"")), -1);
	CHECK_INT(opens(changed(file, "\"root\"", "\"release\"")), -1);
	CHECK_INT(opens(changed(file, "\"ops\":1", "\"ops\":2")), -1);
	CHECK_INT(opens(changed(file, "argon2id", "argon2i")), -1);
}

static void
a_hostile_file_asks_for_too_much(void)
{
	struct keyfile k = made(KEYFILE_ROOT, ""), r;
	struct bytes file;

	CHECK_INT(keyfile_write(&k, path_of("four"), a, &e), 0);
	CHECK_INT(file_read(a, path_of("four"), KEYFILE_MAX, &file, &e), 0);
	CHECK_INT(
	    keyfile_parse(&r,
		changed(file, "\"mem\":8192", "\"mem\":1099511627776"), a, &e),
	    -1);
	CHECK_INT(
	    keyfile_parse(&r, changed(file, "\"ops\":1", "\"ops\":17"), a, &e),
	    -1);
	CHECK_INT(
	    keyfile_parse(&r, changed(file, "\"ops\":1", "\"ops\":0"), a, &e),
	    -1);
	CHECK_INT(keyfile_parse(
		      &r, changed(file, "\"box\":", "\"x\":1,\"box\":"), a, &e),
	    -1);
}

static void
a_key_that_others_can_read_is_refused(void)
{
	struct keyfile k = made(KEYFILE_ROOT, ""), r;
	const char *path = path_of("five");

	CHECK_INT(keyfile_write(&k, path, a, &e), 0);
	CHECK_INT(chmod(path, 0640), 0);
	CHECK_INT(keyfile_read(&r, path, true, a, &e), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	/* its public part may be looked at */
	CHECK_INT(keyfile_read(&r, path, false, a, &e), 0);
}

static void
nothing_is_ever_overwritten(void)
{
	struct keyfile k = made(KEYFILE_ROOT, "");
	const char *path = path_of("six");

	CHECK_INT(keyfile_write(&k, path, a, &e), 0);
	CHECK_INT(keyfile_write(&k, path, a, &e), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
	CHECK_INT(unlink(path), 0);
	/* the public half alone is in the way too, and stays alone */
	CHECK_INT(keyfile_write(&k, path, a, &e), -1);
	CHECK(!file_exists(path));
}

static void
a_minisign_key_has_minisign_s_public_file(void)
{
	struct keyfile k = made(KEYFILE_MINISIGN, "");
	struct minisign_key m, want;
	struct bytes file;

	keyfile_minisign(&want, &k);
	CHECK_INT(keyfile_write(&k, path_of("mini"), a, &e), 0);
	CHECK_INT(file_read(a, path_of("mini.pub"), KEYFILE_MAX, &file, &e), 0);
	CHECK_INT(minisign_key_read(&m, (const char *)file.at, &e), 0);
	CHECK_INT(memcmp(&m, &want, sizeof(m)), 0);
}

static const struct tap_test tests[] = {
	TAP(a_key_comes_back_from_its_file),
	TAP(a_wrong_passphrase_opens_nothing),
	TAP(a_changed_header_opens_nothing),
	TAP(a_hostile_file_asks_for_too_much),
	TAP(a_key_that_others_can_read_is_refused),
	TAP(nothing_is_ever_overwritten),
	TAP(a_minisign_key_has_minisign_s_public_file),
};

int
main(void)
{
	int rc;

	if (secret_process(&e) < 0 || mkdtemp(dir) == NULL ||
	    (a = arena_new(1 << 24)) == NULL)
		return 2;
	rc = tap_run(tests, COUNT(tests));
	if (file_remove_tree(dir, &e) < 0)
		rc = 2;
	arena_free(a);
	return rc;
}
