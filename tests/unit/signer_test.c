/*
 * Sources of signatures: references, what may be signed, commands and agents
 * that lie, hang or give up, and public keys in all their files.
 */
#include "signer/signer.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "signer/ecdsa.h"
#include "signer/rootdoc.h"
#include "signer/tokenuri.h"
#include "tests/tap.h"

static struct arena *a;
static struct err e;
static const char *dir;

static const uint8_t document[] = "{\"_type\":\"root\",\"version\":1}";
#define DOCUMENT ((struct bytes){ document, sizeof(document) - 1 })

static struct bytes
text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static const char *
file_of(const char *name, const char *text, mode_t mode)
{
	const char *path = file_path(a, &e, dir, name);

	if (path == NULL ||
	    file_replace(path, text, strlen(text), mode, &e) < 0)
		abort();
	return path;
}

/* --- references ----------------------------------------------------------- */

static void
references_name_their_source(void)
{
	CHECK_INT(signer_kind_of("release.key"), SIGNER_FILE);
	CHECK_INT(signer_kind_of("./pkcs11:x"), SIGNER_FILE);
	CHECK_INT(signer_kind_of("ssh-agent:x"), SIGNER_AGENT);
	CHECK_INT(signer_kind_of("pkcs11:token=x"), SIGNER_PKCS11);
	CHECK_INT(signer_kind_of("cmd:a b"), SIGNER_COMMAND);
}

static void
a_uri_is_read(void)
{
	struct tokenuri u;

	CHECK_INT(tokenuri_read(&u,
		      "pkcs11:token=My%20token;id=%00%ff;object=a%3Bb;"
		      "slot-id=7;type=private?module-path=/lib/m%2b.so",
		      &e),
	    0);
	CHECK_TEXT(u.token, "My token");
	CHECK_TEXT(u.object, "a;b");
	CHECK_TEXT(u.module_path, "/lib/m+.so");
	CHECK_INT(u.nid, 2);
	CHECK_INT(u.id[1], 255);
	CHECK_INT(u.slot, 7);
	CHECK_INT(tokenuri_read(&u, "pkcs11:object=x", &e), 0);
	CHECK_INT(u.slot, -1);
	CHECK_TEXT(u.token, "");
}

static void
a_bad_uri_is_refused(void)
{
	static const char *const bad[] = { "", "pkcs11",
		"pkcs11:", "pkcs11:token=x",
		"pkcs11:object=", "pkcs11:object=%", "pkcs11:object=%4",
		"pkcs11:object=%zz", "pkcs11:object=%00",
		"pkcs11:object=a;object=b", "pkcs11:id=%01;id=%02",
		"pkcs11:object=a;nonsense=1", "pkcs11:object=a;type=cert",
		"pkcs11:object=a?pin-value=1234",
		"pkcs11:object=a?pin-source=file:/pin",
		"pkcs11:object=a;module-path=/x", "pkcs11:object=a?object=b",
		"pkcs11:object=a;slot-id=x", "pkcs11:object=a;slot-id=-1",
		"pkcs11:object=a;;token=b", "pkcs11:object",
		"pkcs11:object=0123456789012345678901234567890123456789012345"
		"678901234567890123456789012345678901234567890123456789012345"
		"67890123456789012345678901234567890" };
	struct tokenuri u;

	for (size_t i = 0; i < COUNT(bad); i++) {
		if (!CHECK_INT(tokenuri_read(&u, bad[i], &e), -1))
			tap_note("%s", bad[i]);
		CHECK_INT(e.kind, ERR_USAGE);
	}
}

/* --- what may be signed --------------------------------------------------- */

static void
only_documents_go_to_other_sources(void)
{
	uint8_t hash[64];

	CHECK_INT(signer_may(SIGNER_TUF, DOCUMENT, &e), 0);
	CHECK_INT(signer_may(SIGNER_TUF, text_of("{\"_type\":\""), &e), -1);
	CHECK_INT(
	    signer_may(SIGNER_TUF, text_of(" {\"_type\":\"root"), &e), -1);
	CHECK_INT(signer_may(SIGNER_TUF, text_of("{\"a\":1}"), &e), -1);
	CHECK_INT(signer_may(SIGNER_TUF, text_of(""), &e), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	memset(hash, 0xab, sizeof(hash));
	CHECK_INT(
	    signer_may(SIGNER_MINISIGN, (struct bytes){ hash, 64 }, &e), 0);
	CHECK_INT(
	    signer_may(SIGNER_MINISIGN, (struct bytes){ hash, 63 }, &e), -1);
	/* what could be a login is not signed, hash or not */
	memcpy(hash, "\0\0\0\x20", 4);
	CHECK_INT(
	    signer_may(SIGNER_MINISIGN, (struct bytes){ hash, 64 }, &e), -1);
	memcpy(hash, "SSHSIG", 6);
	CHECK_INT(
	    signer_may(SIGNER_MINISIGN, (struct bytes){ hash, 64 }, &e), -1);
	CHECK_INT(signer_may(SIGNER_PLAIN, DOCUMENT, &e), -1);
}

/* --- ECDSA ---------------------------------------------------------------- */

static void
der_of_r_and_s(void)
{
	uint8_t rs[64] = { 0 }, out[ECDSA_DER_MAX], again[ECDSA_DER_MAX];
	char hex[HEX_SIZE(ECDSA_DER_MAX)];
	size_t n, m;

	rs[31] = 0x80;
	rs[63] = 1;
	CHECK_INT(ecdsa_raw(out, &n, rs, &e), 0);
	CHECK_INT(n, 9);
	CHECK_BYTES(out, "\x30\x07\x02\x02\x00\x80\x02\x01\x01", 9);
	CHECK_INT(ecdsa_der(again, &m, (struct bytes){ out, n }, &e), 0);
	CHECK(m == n && memcmp(out, again, n) == 0);
	/* a high s becomes the low one, and only that is ours */
	memset(rs, 0x91, sizeof(rs));
	CHECK_INT(ecdsa_raw(out, &n, rs, &e), 0);
	CHECK_INT(n, 6 + 33 + 32);
	hex_write(hex, out, n);
	CHECK(key_sig_ours(hex));
	hex[2 * n - 64] = '9';
	CHECK(!key_sig_ours(hex));
	CHECK(key_sig_ours("3007020200800201"
			   "01"));
	CHECK(!key_sig_ours("300702020080020101"
			    "00"));
	/* zero, and what is not below the order */
	memset(rs, 0, sizeof(rs));
	CHECK_INT(ecdsa_raw(out, &n, rs, &e), -1);
	memset(rs, 0xff, sizeof(rs));
	CHECK_INT(ecdsa_raw(out, &n, rs, &e), -1);
	CHECK_INT(ecdsa_der(out, &n, (struct bytes){ rs, 64 }, &e), -1);
}

/* A key of this run, and its signature in DER. */
static EVP_PKEY *
p256_key(struct pubkey *k)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	uint8_t point[80];
	size_t n;

	if (key == NULL ||
	    EVP_PKEY_get_octet_string_param(
		key, "encoded-pub-key", point, sizeof(point), &n) != 1 ||
	    pubkey_p256(k, (struct bytes){ point, n }, &e) < 0)
		abort();
	return key;
}

static void
p256_sign(EVP_PKEY *key, struct bytes message, char *hex)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t der[ECDSA_DER_MAX], ours[ECDSA_DER_MAX];
	size_t n = sizeof(der), m;

	if (md == NULL ||
	    EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, der, &n, message.at, message.len) != 1 ||
	    ecdsa_der(ours, &m, (struct bytes){ der, n }, &e) < 0)
		abort();
	EVP_MD_CTX_free(md);
	hex_write(hex, ours, m);
}

/* A root that one P-256 key has signed. */
static void
p256_root(struct buf *file)
{
	struct rootdoc d = { .product = "editor",
		.channel = "stable",
		.version = 1,
		.expires_s = 2000000000 };
	uint8_t public[3][32] = { { 0 } };
	struct pubkey k;
	EVP_PKEY *key = p256_key(&k);
	char hex[HEX_SIZE(ECDSA_DER_MAX)];
	struct role_sig sig = { k.id, hex };
	const struct role *r;
	AUTO_BUF bare;

	buf_init(&bare, ROLE_ROOT_MAX);
	for (size_t i = 0; i < ROOTDOC_SETS; i++)
		d.sets[i].threshold = 1;
	if (rootdoc_add(&d, KEYFILE_ROOT, &k, &e) < 0)
		abort();
	for (size_t i = 1; i < ROOTDOC_SETS; i++) {
		public[i][0] = (uint8_t)(i + 1);
		pubkey_ed25519(&k, public[i]);
		if (rootdoc_add(&d, (enum keyfile_role)i, &k, &e) < 0)
			abort();
	}
	k = d.sets[KEYFILE_ROOT].keys[0];
	if (rootdoc_write(&d, &bare, &e) < 0 ||
	    (r = role_read(a, ROLE_ROOT, buf_bytes(&bare), ROLE_STRICT, &e)) ==
		NULL)
		abort();
	p256_sign(key, r->signed_, hex);
	if (role_wrap(r->signed_, &sig, 1, file, &e) < 0)
		abort();
	EVP_PKEY_free(key);
}

static bool
root_good(struct bytes file)
{
	AUTO_ARENA mine = arena_new(1 << 20);
	const struct role *r =
	    role_read(mine, ROLE_ROOT, file, ROLE_STRICT, &e);

	return r != NULL && role_verify(r, r, NULL, true, &e) == 0;
}

static void
every_bit_of_a_p256_root_counts(void)
{
	AUTO_BUF file;
	size_t passed = 0;

	buf_init(&file, ROLE_ROOT_MAX);
	p256_root(&file);
	if (!CHECK(root_good(buf_bytes(&file))))
		tap_note("%s", e.msg);
	for (size_t i = 0; i < 8 * file.len; i++) {
		file.at[i / 8] ^= (uint8_t)(1 << i % 8);
		if (root_good(buf_bytes(&file))) {
			tap_note("bit %zu of byte %zu", i % 8, i / 8);
			passed++;
		}
		file.at[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK_INT(passed, 0);
}

/* --- commands ------------------------------------------------------------- */

static void
answers_of_commands_are_read(void)
{
	uint8_t sig[64], out[COMMAND_SIG_MAX];
	char text[BASE64_SIZE(64)];
	size_t n;

	memset(sig, 0xc3, sizeof(sig));
	base64_write(text, sig, sizeof(sig));
	CHECK_INT(command_answer((struct bytes){ sig, 64 }, out, &n, &e), 0);
	CHECK(n == 64 && memcmp(out, sig, 64) == 0);
	CHECK_INT(command_answer(text_of(text), out, &n, &e), 0);
	CHECK(n == 64 && memcmp(out, sig, 64) == 0);
	CHECK_INT(command_answer(text_of(arena_printf(
				     a, &e, "%.60s\n%s\r\n", text, text + 60)),
		      out, &n, &e),
	    0);
	CHECK(n == 64 && memcmp(out, sig, 64) == 0);
	CHECK_INT(command_answer(text_of(""), out, &n, &e), -1);
	CHECK_INT(command_answer(
		      text_of(arena_printf(a, &e, "%099d", 1)), out, &n, &e),
	    -1);
}

/* A signer behind a script that has the secret key of PUB in the test. */
static int
command_signs(const char *script, int64_t timeout_s, struct signer_sig *out)
{
	static const char seed[32] = "0123456789abcdef0123456789abcdef";
	uint8_t public[32], secret[64];
	struct signer_ask ask = { .timeout_s = timeout_s };
	struct pubkey k;
	struct signer s;
	AUTO_BUF pub;
	const char *path;
	char *ref;
	int rc;

	buf_init(&pub, PUBKEY_FILE_MAX);
	crypto_sign_seed_keypair(public, secret, (const uint8_t *)seed);
	pubkey_ed25519(&k, public);
	if (pubkey_write(&k, &pub, &e) < 0)
		abort();
	(void)file_of("cmd.pub", buf_str(&pub), 0644);
	path = file_of(
	    "cmd.sh", arena_printf(a, &e, "#!/bin/sh\n%s\n", script), 0755);
	ref = arena_printf(a, &e, "cmd:%s/cmd.pub  %s one two", dir, path);
	if (signer_open(&s, ref, KEYFILE_ROOT, &ask, a, &e) < 0)
		return -1;
	rc = signer_sign(&s, SIGNER_TUF, DOCUMENT, out, &e);
	signer_close(&s);
	return rc;
}

static void
a_command_signs(void)
{
	static const char seed[32] = "0123456789abcdef0123456789abcdef";
	uint8_t public[32], secret[64], sig[64];
	char text[BASE64_SIZE(64)];
	struct signer_sig out;

	crypto_sign_seed_keypair(public, secret, (const uint8_t *)seed);
	crypto_sign_detached(sig, NULL, document, DOCUMENT.len, secret);
	base64_write(text, sig, sizeof(sig));
	CHECK_INT(command_signs(arena_printf(a, &e,
				    "[ \"$(cat)\" = '%s' ] || exit 1\n"
				    "[ \"$1 $2\" = 'one two' ] || exit 2\n"
				    "[ \"$SLUICE_ROLE\" = root ] || exit 3\n"
				    "[ -z \"$LEAK\" ] || exit 4\n"
				    "echo %s",
				    (const char *)document, text),
		      60, &out),
	    0);
	CHECK(out.len == 64 && memcmp(out.at, sig, 64) == 0);
	/* one bit of it wrong: verified before anybody gets it */
	text[0] = text[0] == 'A' ? 'B' : 'A';
	CHECK_INT(
	    command_signs(arena_printf(a, &e, "echo %s", text), 60, &out), -1);
	CHECK_INT(e.kind, ERR_AUTH);
}

static void
a_command_that_fails_is_told_apart(void)
{
	static const struct {
		const char *script;
		enum err_kind kind;
		const char *says;
	} cases[] = {
		{ "echo no >&2; exit 3", ERR_REFUSED, "exit status 3" },
		{ "exit 0", ERR_INPUT, "0 bytes" },
		{ "kill -9 $$", ERR_SYS, "signal 9" },
		{ "exec /nonexistent/x", ERR_SYS, "cannot be run" },
		{ "head -c 100000 /dev/zero", ERR_INPUT, "no signature" },
	};
	struct signer_sig out;
	struct err quiet;
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)dup2(null, STDERR_FILENO);
		CHECK_INT(command_signs(cases[i].script, 60, &out), -1);
		quiet = e;
		(void)dup2(saved, STDERR_FILENO);
		CHECK_INT(quiet.kind, cases[i].kind);
		if (!CHECK(strstr(quiet.msg, cases[i].says) != NULL))
			tap_note("%s", quiet.msg);
	}
	(void)close(saved);
	(void)close(null);
}

static void
a_command_that_hangs_is_ended(void)
{
	struct signer_sig out;
	int64_t began = clock_mono_ms();

	CHECK_INT(command_signs("sleep 30", 1, &out), -1);
	CHECK_INT(e.kind, ERR_SYS);
	/* it closes its output, and does not end */
	CHECK_INT(command_signs("exec >&-; sleep 30", 1, &out), -1);
	CHECK(strstr(e.msg, "does not end") != NULL);
	CHECK(clock_mono_ms() - began < 15000);
}

static void
a_bad_command_is_refused(void)
{
	struct signer_ask ask = { .timeout_s = 5 };
	static const char *const none[] = { "SLUICE_TEST_NO_SUCH" };
	struct signer s;

	CHECK_INT(signer_open(&s, "cmd:", KEYFILE_ROOT, &ask, a, &e), -1);
	CHECK_INT(e.kind, ERR_USAGE);
	CHECK_INT(signer_open(&s, "cmd:only", KEYFILE_ROOT, &ask, a, &e), -1);
	CHECK_INT(e.kind, ERR_USAGE);
	CHECK_INT(
	    signer_open(&s, "cmd:/nonexistent x", KEYFILE_ROOT, &ask, a, &e),
	    -1);
	CHECK_INT(e.kind, ERR_MISSING);
	ask.env = none;
	ask.nenv = 1;
	CHECK_INT(signer_open(&s, arena_printf(a, &e, "cmd:%s/cmd.pub x", dir),
		      KEYFILE_ROOT, &ask, a, &e),
	    -1);
	CHECK(strstr(e.msg, "SLUICE_TEST_NO_SUCH") != NULL);
}

/* --- agents --------------------------------------------------------------- */

static const uint8_t agent_key[32] = { 1, 2, 3 };

static void
put_number(struct buf *b, size_t n)
{
	const uint8_t at[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
		(uint8_t)(n >> 8), (uint8_t)n };

	buf_add(b, at, sizeof(at));
}

/* The reply of an agent with one key. */
static void
agent_list(struct buf *b)
{
	put_number(b, 1 + 4 + 4 + 51 + 4 + 1);
	buf_byte(b, 12);
	put_number(b, 1);
	put_number(b, 51);
	put_number(b, 11);
	buf_text(b, "ssh-ed25519");
	put_number(b, 32);
	buf_add(b, agent_key, 32);
	put_number(b, 1);
	buf_text(b, "k");
}

static void
read_some(int fd)
{
	uint8_t at[4096];

	(void)!read(fd, at, sizeof(at));
}

/* A process that answers a list, then the given bytes, then hangs up. */
static pid_t
agent_start(const char *path, struct bytes list, struct bytes reply, bool stay)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), c;
	pid_t pid;

	memcpy(at.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(fd, 1) < 0 || (pid = fork()) < 0)
		abort();
	if (pid > 0) {
		(void)close(fd);
		return pid;
	}
	if ((c = accept(fd, NULL, NULL)) >= 0) {
		read_some(c);
		(void)!write(c, list.at, list.len);
		read_some(c);
		(void)!write(c, reply.at, reply.len);
		if (stay)
			(void)sleep(30);
	}
	_exit(0);
}

/* What a signature by such an agent comes to. */
static int
agent_answers(struct bytes list, struct bytes reply, bool stay)
{
	struct signer_ask ask = { .timeout_s = 1 };
	const char *path = file_path(a, &e, dir, "agent");
	struct signer_sig out;
	struct signer s;
	pid_t pid = agent_start(path, list, reply, stay);
	int rc;

	(void)setenv("SSH_AUTH_SOCK", path, 1);
	rc = signer_open(&s, "ssh-agent:k", KEYFILE_ROOT, &ask, a, &e);
	if (rc == 0) {
		rc = signer_sign(&s, SIGNER_TUF, DOCUMENT, &out, &e);
		signer_close(&s);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return rc;
}

static void
agents_that_lie_are_refused(void)
{
	AUTO_BUF list;
	AUTO_BUF reply;
	struct bytes nothing = { document, 0 };

	buf_init(&list, 1024);
	buf_init(&reply, 1024);
	agent_list(&list);
	/* no list, half a list, a list of 4 GB */
	CHECK_INT(agent_answers(nothing, nothing, false), -1);
	CHECK_INT(
	    agent_answers((struct bytes){ list.at, 20 }, nothing, false), -1);
	CHECK_INT(
	    agent_answers(
		(struct bytes){ (const uint8_t *)"\xff\xff\xff\xff\x0c", 5 },
		nothing, false),
	    -1);
	CHECK_INT(e.kind, ERR_INPUT);
	/* a refusal */
	CHECK_INT(
	    agent_answers(buf_bytes(&list),
		(struct bytes){ (const uint8_t *)"\0\0\0\1\5", 5 }, false),
	    -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	/* silence */
	CHECK_INT(agent_answers(buf_bytes(&list), nothing, true), -1);
	CHECK(strstr(e.msg, "in time") != NULL);
	/* well-formed, and by nobody */
	put_number(&reply, 1 + 4 + 83);
	buf_byte(&reply, 14);
	put_number(&reply, 83);
	put_number(&reply, 11);
	buf_text(&reply, "ssh-ed25519");
	put_number(&reply, 64);
	for (int i = 0; i < 64; i++)
		buf_byte(&reply, (uint8_t)i);
	CHECK_INT(
	    agent_answers(buf_bytes(&list), buf_bytes(&reply), false), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK(strstr(e.msg, "ssh-agent:k: ") == e.msg);
}

/* --- public keys ---------------------------------------------------------- */

static void
public_keys_of_all_files_are_the_same(void)
{
	/* ssh-keygen and openssl on the key of RFC 8032, 7.1, test 1 */
	static const char tuf[] =
	    "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"d75a980182b10ab"
	    "7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"},\"scheme\":"
	    "\"ed25519\"}";
	static const char ssh[] =
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz"
	    "2qYjJa8CGmj3B1Ea me@here\n";
	static const char pem[] =
	    "-----BEGIN PUBLIC KEY-----\n"
	    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
	    "-----END PUBLIC KEY-----\n";
	struct pubkey k[3];
	AUTO_BUF out;

	buf_init(&out, PUBKEY_FILE_MAX);
	CHECK_INT(pubkey_parse(&k[0], text_of(tuf), a, &e), 0);
	CHECK_INT(pubkey_parse(&k[1], text_of(ssh), a, &e), 0);
	CHECK_INT(pubkey_parse(&k[2], text_of(pem), a, &e), 0);
	CHECK_TEXT(k[0].id, k[1].id);
	CHECK_TEXT(k[0].id, k[2].id);
	CHECK_INT(pubkey_write(&k[2], &out, &e), 0);
	CHECK_TEXT(buf_str(&out), tuf);
}

static void
a_p256_key_keeps_its_id(void)
{
	/* a key of openssl's */
	static const char pem[] =
	    "-----BEGIN PUBLIC KEY-----\n"
	    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKVP/fpc5Cgbxu2Ni8EJUT0hxdvi9\n"
	    "RBgl5JiviMm4P/BOAiZu5r4yOKYn9yoYvxh4CZCFtfojNXzeBpkyBbOIzA==\n"
	    "-----END PUBLIC KEY-----\n";
	struct pubkey k, again;
	AUTO_BUF out;

	buf_init(&out, PUBKEY_FILE_MAX);
	if (!CHECK_INT(pubkey_parse(&k, text_of(pem), a, &e), 0))
		return;
	CHECK_INT(k.type, KEY_ECDSA_P256);
	CHECK_TEXT(k.id,
	    "92d7477c7094b42e4d7e444f03433cd612e3fb1a3374c0f964ec71041bd1c211");
	CHECK_INT(pubkey_write(&k, &out, &e), 0);
	CHECK(strchr(buf_str(&out), '\n') == NULL);
	CHECK_INT(pubkey_parse(&again, buf_bytes(&out), a, &e), 0);
	CHECK_TEXT(again.id, k.id);
}

static void
other_public_keys_are_refused(void)
{
	static const char *const bad[] = { "", "{}", "ssh-ed25519",
		"ssh-ed25519 !!!!", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",
		"-----BEGIN PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----",
		"-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n",
		"-----BEGIN "
		"PRIVATE KEY-----\nMCow\n",
		/* P-256 with a point that does not lie on it */
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKVP/fpc5Cgbxu2Ni8EJUT0hxdv"
		"i9\nRBgl5JiviMm4P/BOAiZu5r4yOKYn9yoYvxh4CZCFtfojNXzeBpkyBbOIzQ"
		"==\n-----END PUBLIC KEY-----\n" };
	struct pubkey k;

	for (size_t i = 0; i < COUNT(bad); i++) {
		if (!CHECK_INT(pubkey_parse(&k, text_of(bad[i]), a, &e), -1))
			tap_note("%s", bad[i]);
	}
}

static const struct tap_test tests[] = {
	TAP(references_name_their_source),
	TAP(a_uri_is_read),
	TAP(a_bad_uri_is_refused),
	TAP(only_documents_go_to_other_sources),
	TAP(der_of_r_and_s),
	TAP(every_bit_of_a_p256_root_counts),
	TAP(answers_of_commands_are_read),
	TAP(a_command_signs),
	TAP(a_command_that_fails_is_told_apart),
	TAP(a_command_that_hangs_is_ended),
	TAP(a_bad_command_is_refused),
	TAP(agents_that_lie_are_refused),
	TAP(public_keys_of_all_files_are_the_same),
	TAP(a_p256_key_keeps_its_id),
	TAP(other_public_keys_are_refused),
};

int
main(void)
{
	int rc;

	if ((a = arena_new(1 << 24)) == NULL || sodium_init() < 0)
		return 2;
	dir = tap_tmpdir();
	(void)setenv("LEAK", "this", 1);
	rc = tap_run(tests, COUNT(tests));
	arena_free(a);
	return rc;
}
