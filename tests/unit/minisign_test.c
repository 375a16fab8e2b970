/*
 * minisign's formats: both ways, everything that must not pass, and the real
 * program where it is installed.
 */
#include "manifest/minisign.h"

#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "tests/repo.h"
#include "tests/tap.h"

#define COMMENT "timestamp:1780272000\tfile:manifest.json\tseq:7"

/* Made by minisign 0.11 (-G -W, -S); the file holds "sluice\n". */
#define REAL_PUB                                                    \
	"untrusted comment: minisign public key 7281572B49DAE0ED\n" \
	"RWTt4NpJK1eBch5NWWeS/IZtD6O5cG2iwHcIK468Hp1DiU/Rec1vXzME\n"
#define REAL_SIG                                                       \
	"untrusted comment: signature from minisign secret key\n"      \
	"RUTt4NpJK1eBcgI1MuFyIq0xy97ohgOxqA7Z1rqdtYdeCUqwz4Or1qsTcem2" \
	"jyBXyuLDkE+LU/Reap48odz+HDdnH32aKqnEtQQ=\n"                   \
	"trusted comment: timestamp:1780272000\tfile:f\n"              \
	"njr5EAeSwYpMgOCopvo8shOCPZ44tdg+3NVzPlEuJMBdRAd8BxZdOm8vJZ7R" \
	"befTyHO0j13nhVHW1YwtluvHBg==\n"

struct fixture {
	struct repo *repo;
	struct repo_key signer;
	struct minisign_key key;
	struct bytes message, sig;
	uint8_t hash[MINISIGN_HASH_SIZE];
};

static struct fixture
fixture(void)
{
	struct fixture f = { .repo = repo_new("editor", "stable") };

	f.signer = repo_key("minisign-1");
	f.key = repo_minisign_key(&f.signer);
	f.message = repo_text("{\"schema\":\"sluice/1\"}");
	f.sig = repo_minisign(f.repo, &f.signer, COMMENT, f.message);
	minisign_hash(f.hash, f.message);
	return f;
}

/* Read and verify, as every user does. */
static int
check(const struct fixture *f, struct bytes sig, struct err *e)
{
	struct minisign_sig s;

	if (minisign_read(&s, sig, e) < 0)
		return -1;
	return minisign_verify(&f->key, &s, f->hash, e);
}

static void
minisign_takes_its_own_signatures(void)
{
	struct fixture f = fixture();
	struct minisign_sig s;
	struct err e;

	CHECK_INT(check(&f, f.sig, &e), 0);
	CHECK_INT(minisign_read(&s, f.sig, &e), 0);
	CHECK_TEXT(s.trusted, COMMENT);
	repo_free(f.repo);
}

static void
minisign_takes_what_minisign_made(void)
{
	struct minisign_key k;
	struct minisign_sig s;
	uint8_t hash[MINISIGN_HASH_SIZE];
	AUTO_BUF file = { 0 };
	struct err e;

	CHECK_INT(minisign_key_read(&k, REAL_PUB, &e), 0);
	CHECK_INT(minisign_read(&s, repo_text(REAL_SIG), &e), 0);
	minisign_hash(hash, repo_text("sluice\n"));
	CHECK_INT(minisign_verify(&k, &s, hash, &e), 0);
	minisign_hash(hash, repo_text("sluice"));
	CHECK_INT(minisign_verify(&k, &s, hash, &e), -1);
	buf_init(&file, 1000);
	minisign_key_file(&file, &k);
	CHECK_TEXT(buf_str(&file), REAL_PUB);
}

/*
 * Every bit but those of the untrusted comment, which nobody signs: there the
 * file may stay readable, with the same meaning.
 */
static void
minisign_refuses_every_changed_bit(void)
{
	struct fixture f = fixture();
	const uint8_t *nl = memchr(f.sig.at, '\n', f.sig.len);
	size_t from = (size_t)(nl - f.sig.at), passed = 0;
	uint8_t *copy = malloc(f.sig.len);
	struct err e;

	for (size_t bit = 8 * from; bit < 8 * f.sig.len; bit++) {
		memcpy(copy, f.sig.at, f.sig.len);
		copy[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		passed += check(&f, (struct bytes){ copy, f.sig.len }, &e) == 0;
	}
	CHECK_INT(passed, 0);
	free(copy);
	repo_free(f.repo);
}

static void
minisign_refuses_every_truncation(void)
{
	struct fixture f = fixture();
	struct err e;

	/* the last byte is a newline, which minisign does not ask for */
	for (size_t n = 0; n + 1 < f.sig.len; n++)
		if (!CHECK(check(&f, (struct bytes){ f.sig.at, n }, &e) < 0))
			tap_note("at %zu", n);
	CHECK_INT(check(&f, (struct bytes){ f.sig.at, f.sig.len - 1 }, &e), 0);
	repo_free(f.repo);
}

/* Line i (from 0) replaced by text. */
static struct bytes
with_line(struct fixture *f, int line, const char *text)
{
	const char *from = (const char *)f->sig.at;
	struct bytes out;
	AUTO_BUF b;
	struct err e;

	buf_init(&b, 2 * MINISIGN_FILE_MAX);
	for (int i = 0; *from != '\0'; i++) {
		size_t n = strcspn(from, "\n");

		if (i == line)
			buf_text(&b, text);
		else
			buf_add(&b, from, n);
		buf_byte(&b, '\n');
		from += n + 1;
	}
	out.len = b.len;
	out.at = arena_bytes(f->repo->arena, b.at, b.len, &e);
	return out;
}

static void
minisign_refuses_legacy_and_unknown_algorithms(void)
{
	static const char *const algs[] = { "Ed", "ed", "eD", "EE" };
	struct fixture f = fixture();
	uint8_t box[74] = { 0 };
	char text[BASE64_SIZE(74)];
	struct err e;

	memcpy(box + 2, f.key.id, 8);
	crypto_sign_detached(
	    box + 10, NULL, f.message.at, f.message.len, f.signer.secret);
	for (size_t i = 0; i < COUNT(algs); i++) {
		memcpy(box, algs[i], 2);
		base64_write(text, box, sizeof box);
		CHECK_INT(check(&f, with_line(&f, 1, text), &e), -1);
		if (i == 0)
			CHECK(strstr(e.msg, "legacy") != NULL);
	}
	repo_free(f.repo);
}

static void
minisign_refuses_another_trusted_comment(void)
{
	struct fixture f = fixture();
	struct err e;

	CHECK_INT(check(&f,
		      with_line(&f, 2,
			  "trusted comment: timestamp:1780272000\t"
			  "file:manifest.json\tseq:8"),
		      &e),
	    -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK_INT(check(&f, with_line(&f, 2, "trusted comment: "), &e), -1);
	CHECK_INT(check(&f, with_line(&f, 2, "trusted comment:"), &e), -1);
	CHECK_INT(
	    check(&f, with_line(&f, 2, "trusted comment: a\033[2Jb"), &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_INT(check(&f, with_line(&f, 2, "trusted comment: \xff"), &e), -1);
	CHECK_INT(check(&f, with_line(&f, 2, COMMENT), &e), -1);
	repo_free(f.repo);
}

static void
minisign_refuses_another_key(void)
{
	struct fixture f = fixture();
	struct repo_key other = repo_key("minisign-2");
	struct bytes sig = repo_minisign(f.repo, &other, COMMENT, f.message);
	struct minisign_key mixed = repo_minisign_key(&other);
	struct err e;

	CHECK_INT(check(&f, sig, &e), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	/* our ID on another's key, and another's ID on our key */
	memcpy(mixed.id, f.key.id, sizeof mixed.id);
	f.key = mixed;
	CHECK_INT(check(&f, f.sig, &e), -1);
	f.key = repo_minisign_key(&f.signer);
	f.key.id[0] ^= 1;
	CHECK_INT(check(&f, f.sig, &e), -1);
	CHECK(strstr(e.msg, "not by") != NULL);
	repo_free(f.repo);
}

static void
minisign_refuses_other_files(void)
{
	static const char *const odd[] = { "", "\n", "untrusted comment: x\n",
		"\n\n\n\n", "untrusted comment: x\n\n\n\n" };
	struct fixture f = fixture();
	AUTO_BUF b = { 0 };
	struct err e;

	for (size_t i = 0; i < COUNT(odd); i++)
		CHECK_INT(check(&f, repo_text(odd[i]), &e), -1);
	buf_init(&b, 100000);
	buf_add(&b, f.sig.at, f.sig.len);
	buf_byte(&b, '\n');
	CHECK_INT(check(&f, buf_bytes(&b), &e), -1);
	buf_reset(&b);
	buf_add(&b, f.sig.at, f.sig.len);
	buf_byte(&b, 0);
	CHECK_INT(check(&f, buf_bytes(&b), &e), -1);
	while (b.len <= MINISIGN_FILE_MAX)
		buf_byte(&b, 'x');
	CHECK_INT(check(&f, buf_bytes(&b), &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	repo_free(f.repo);
}

static void
minisign_bounds_the_trusted_comment(void)
{
	struct fixture f = fixture();
	char text[MINISIGN_COMMENT_MAX + 2] = "";
	char line[MINISIGN_COMMENT_MAX + 64];
	struct bytes sig;
	struct err e;

	memset(text, 'c', MINISIGN_COMMENT_MAX);
	sig = repo_minisign(f.repo, &f.signer, text, f.message);
	CHECK_INT(check(&f, sig, &e), 0);
	text[MINISIGN_COMMENT_MAX] = 'c';
	snprintf(line, sizeof line, "trusted comment: %s", text);
	CHECK_INT(check(&f, with_line(&f, 2, line), &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	repo_free(f.repo);
}

static void
minisign_keys_go_both_ways(void)
{
	struct fixture f = fixture();
	char text[MINISIGN_KEY_TEXT + 1], more[200];
	struct minisign_key k;
	AUTO_BUF file = { 0 };
	struct err e;

	minisign_key_write(text, &f.key);
	CHECK_INT(strlen(text), MINISIGN_KEY_TEXT);
	CHECK(strncmp(text, "RW", 2) == 0);
	CHECK_INT(minisign_key_read(&k, text, &e), 0);
	CHECK(memcmp(&k, &f.key, sizeof k) == 0);
	buf_init(&file, 1000);
	minisign_key_file(&file, &f.key);
	CHECK_INT(minisign_key_read(&k, buf_str(&file), &e), 0);
	CHECK(memcmp(&k, &f.key, sizeof k) == 0);

	snprintf(more, sizeof more, "%sx", text);
	CHECK_INT(minisign_key_read(&k, more, &e), -1);
	snprintf(more, sizeof more, "%s\n%s\n", text, text);
	CHECK_INT(minisign_key_read(&k, more, &e), -1);
	CHECK_INT(minisign_key_read(&k, "", &e), -1);
	CHECK_INT(minisign_key_read(&k, "untrusted comment: x\n", &e), -1);
	text[1] = 'X';
	CHECK_INT(minisign_key_read(&k, text, &e), -1);
	text[MINISIGN_KEY_TEXT - 1] = '\0';
	CHECK_INT(minisign_key_read(&k, text, &e), -1);
	repo_free(f.repo);
}

/* --- the real program --- */

/* Exit status of a program with its output thrown away; -1: not there. */
static int
run(const char *const argv[])
{
	posix_spawn_file_actions_t to;
	pid_t pid;
	int status, rc;

	posix_spawn_file_actions_init(&to);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(
		    &to, fd, "/dev/null", O_RDWR, 0);
	rc = posix_spawnp(
	    &pid, argv[0], &to, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&to);
	if (rc != 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) != 127
	    ? WEXITSTATUS(status)
	    : -1;
}

static const char *
put(const char *name, struct bytes content)
{
	static char paths[8][4096];
	static int next;
	char *path = paths[next++ % 8];
	struct err e;

	snprintf(path, sizeof paths[0], "%s/%s", tap_tmpdir(), name);
	if (content.at != NULL)
		CHECK_INT(
		    file_replace(path, content.at, content.len, 0600, &e), 0);
	return path;
}

static void
minisign_the_program_takes_ours(void)
{
	struct fixture f = fixture();
	const char *message = put("m", f.message);
	const char *sig = put("m.minisig", f.sig);
	const char *other = put("other", repo_text("{}"));
	AUTO_BUF key;

	buf_init(&key, 1000);
	minisign_key_file(&key, &f.key);
	const char *pub = put("m.pub", buf_bytes(&key));
	const char *const good[] = { "minisign", "-V", "-q", "-m", message,
		"-x", sig, "-p", pub, NULL };
	const char *const bad[] = { "minisign", "-V", "-q", "-m", other, "-x",
		sig, "-p", pub, NULL };
	int rc = run(good);

	if (rc < 0) {
		tap_skip("no minisign");
	} else {
		CHECK_INT(rc, 0);
		CHECK_INT(run(bad), 1);
		f.sig = with_line(&f, 2, "trusted comment: another");
		(void)put("m.minisig", f.sig);
		CHECK_INT(run(good), 1);
	}
	repo_free(f.repo);
}

static void
minisign_takes_the_programs(void)
{
	struct fixture f = fixture();
	struct bytes none = { 0 }, text;
	const char *message = put("p", f.message), *pub = put("p.pub", none);
	const char *sec = put("p.sec", none), *sig = put("p.minisig", none);
	const char *const make[] = { "minisign", "-G", "-W", "-f", "-p", pub,
		"-s", sec, NULL };
	const char *const sign[] = { "minisign", "-S", "-W", "-s", sec, "-m",
		message, "-x", sig, "-t", COMMENT, NULL };
	struct err e;

	if (run(make) != 0) {
		tap_skip("no minisign that makes keys without a password");
		repo_free(f.repo);
		return;
	}
	CHECK_INT(run(sign), 0);
	CHECK_INT(
	    file_read(f.repo->arena, pub, MINISIGN_FILE_MAX, &text, &e), 0);
	CHECK_INT(minisign_key_read(&f.key, (const char *)text.at, &e), 0);
	CHECK_INT(
	    file_read(f.repo->arena, sig, MINISIGN_FILE_MAX, &text, &e), 0);
	CHECK_INT(check(&f, text, &e), 0);
	repo_free(f.repo);
}

static const struct tap_test tests[] = {
	TAP(minisign_takes_its_own_signatures),
	TAP(minisign_takes_what_minisign_made),
	TAP(minisign_refuses_every_changed_bit),
	TAP(minisign_refuses_every_truncation),
	TAP(minisign_refuses_legacy_and_unknown_algorithms),
	TAP(minisign_refuses_another_trusted_comment),
	TAP(minisign_refuses_another_key),
	TAP(minisign_refuses_other_files),
	TAP(minisign_bounds_the_trusted_comment),
	TAP(minisign_keys_go_both_ways),
	TAP(minisign_the_program_takes_ours),
	TAP(minisign_takes_the_programs),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
