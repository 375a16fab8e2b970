/*
 * TUF documents by themselves: what may be written, read and verified.
 */
#include "manifest/role.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "tests/repo.h"
#include "tests/tap.h"

static void
role_reads_what_was_built(void)
{
	struct repo_set s = repo_set();
	const struct role *r;

	r = repo_read(s.repo, ROLE_ROOT, s.file[ROLE_ROOT], ROLE_STRICT);
	CHECK_INT(r->version, 1);
	CHECK_INT(r->expires_s, s.repo->expires_s[ROLE_ROOT]);
	CHECK_TEXT(r->product, "editor");
	CHECK_TEXT(r->channel, "stable");
	CHECK(r->consistent);
	CHECK_INT(r->nkeys, 6);
	CHECK_INT(r->roles[ROLE_ROOT].n, 3);
	CHECK_INT(r->roles[ROLE_ROOT].threshold, 2);
	CHECK_INT(r->roles[ROLE_TIMESTAMP].n, 2);
	CHECK_INT(r->nsigs, 3);
	CHECK_INT(r->nminisign, 2);

	r = repo_read(
	    s.repo, ROLE_TIMESTAMP, s.file[ROLE_TIMESTAMP], ROLE_STRICT);
	CHECK_INT(r->nmeta, 1);
	CHECK_INT(role_meta(r, "snapshot.json")->version, 70);
	CHECK_INT(
	    role_meta(r, "snapshot.json")->length, s.file[ROLE_SNAPSHOT].len);
	CHECK_INT(r->signed_at_s, REPO_NOW_S);
	CHECK_INT(r->cap_bp, 2500);
	CHECK_INT(r->pin_seq, 41);
	CHECK(r->urgent);
	CHECK(!r->offline);
	CHECK(s.file[ROLE_TIMESTAMP].len < 800);

	r = repo_read(
	    s.repo, ROLE_SNAPSHOT, s.file[ROLE_SNAPSHOT], ROLE_STRICT);
	CHECK(role_meta(r, "targets.json") != NULL);
	CHECK(role_meta(r, "other.json") == NULL);
	repo_free(s.repo);
}

static void
role_finds_targets(void)
{
	struct repo_set s = repo_set();
	const struct role *r =
	    repo_read(s.repo, ROLE_TARGETS, s.file[ROLE_TARGETS], ROLE_STRICT);
	const struct target *t = role_target(r, "1.2.0/linux-x86_64/app.bin");
	struct err e;

	CHECK_INT(r->ntargets, 3);
	CHECK_TEXT(r->targets[0].path, "1.2.0/attach/sbom.json");
	CHECK_TEXT(r->targets[2].path, "manifest.json");
	CHECK(role_target(r, "app.bin") == NULL);
	CHECK(role_target(r, "") == NULL);
	CHECK_INT(t->length, 3);
	CHECK_TEXT(role_path(s.repo->arena, t, &e),
	    "1.2.0/linux-x86_64/"
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	    ".app.bin");
	t = role_target(r, "manifest.json");
	CHECK_TEXT(role_path(s.repo->arena, t, &e),
	    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	    ".manifest.json");
	repo_free(s.repo);
}

static void
role_signed_bytes_are_what_was_signed(void)
{
	struct repo_set s = repo_set();

	for (int k = 0; k < ROLE_KINDS; k++) {
		const struct role *a = repo_read(
		    s.repo, (enum role_kind)k, s.file[k], ROLE_STRICT);
		const struct role *b = repo_read(
		    s.repo, (enum role_kind)k, s.file[k], ROLE_FOREIGN);

		CHECK_INT(a->signed_.len, b->signed_.len);
		CHECK(
		    memcmp(a->signed_.at, b->signed_.at, a->signed_.len) == 0);
		CHECK(a->signed_.at[0] == '{');
		CHECK(b->product == NULL);
	}
	repo_free(s.repo);
}

/* --- signatures --- */

static struct bytes
wrap_text(
    struct repo *r, struct bytes signed_, const struct role_sig *sigs, size_t n)
{
	AUTO_BUF b = { 0 };
	struct err e;
	struct bytes out;

	buf_init(&b, ROLE_ROOT_MAX);
	buf_text(&b, "{\"signatures\":[");
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s{\"keyid\":\"%s\",\"sig\":\"%s\"}",
		    i > 0 ? "," : "", sigs[i].keyid, sigs[i].sig);
	buf_text(&b, "],\"signed\":");
	buf_add(&b, signed_.at, signed_.len);
	buf_text(&b, "}");
	out.len = b.len;
	out.at = arena_bytes(r->arena, b.at, b.len, &e);
	return out;
}

static int
verify(struct repo *r, enum role_kind kind, struct bytes file,
    struct bytes root, int mode, struct err *e)
{
	const struct role *ro = repo_read(r, ROLE_ROOT, root, mode);
	const struct role *doc = role_read(r->arena, kind, file, mode, e);

	if (doc == NULL)
		return -1;
	return role_verify(doc, ro, NULL, mode == ROLE_STRICT, e);
}

static void
role_verifies_the_threshold(void)
{
	struct repo_set s = repo_set();
	struct bytes root = s.file[ROLE_ROOT];
	struct err e;

	for (int mode = 0; mode < 2; mode++) {
		for (int k = 0; k < ROLE_KINDS; k++)
			CHECK_INT(verify(s.repo, (enum role_kind)k, s.file[k],
				      root, mode, &e),
			    0);
		s.repo->signers[ROLE_ROOT] = repo_keys(0, "root-3 root-1");
		CHECK_INT(verify(s.repo, ROLE_ROOT, repo_root(s.repo, 1), root,
			      mode, &e),
		    0);
		s.repo->signers[ROLE_ROOT] = repo_keys(0, "root-2");
		CHECK_INT(verify(s.repo, ROLE_ROOT, repo_root(s.repo, 1), root,
			      mode, &e),
		    -1);
		CHECK_INT(e.kind, ERR_AUTH);
		CHECK_TEXT(
		    e.msg, "root.json: 1 of 2 signatures that root 1 asks for");
	}
	repo_free(s.repo);
}

static void
role_counts_one_key_once(void)
{
	struct repo_set s = repo_set();
	struct bytes root = s.file[ROLE_ROOT], file;
	const struct role *r = repo_read(s.repo, ROLE_ROOT, root, ROLE_STRICT);
	const struct role_sig twice[2] = { r->sigs[0], r->sigs[0] };
	AUTO_BUF b = { 0 };
	struct err e;

	file = wrap_text(s.repo, r->signed_, twice, 2);
	CHECK_INT(verify(s.repo, ROLE_ROOT, file, root, ROLE_STRICT, &e), -1);
	CHECK(strstr(e.msg, "twice") != NULL);
	CHECK(role_read(s.repo->arena, ROLE_ROOT, file, ROLE_FOREIGN, &e) ==
	    NULL);
	CHECK(strstr(e.msg, "twice") != NULL);
	buf_init(&b, 100000);
	CHECK_INT(role_wrap(r->signed_, twice, 2, &b, &e), -1);
	repo_free(s.repo);
}

/* One public key under two IDs would meet a threshold of two by itself. */
static void
role_counts_one_key_under_two_names_once(void)
{
	struct repo_set s = repo_set();
	struct repo_key k = repo_key("release-1"),
			other = repo_key("release-2");
	struct bytes root, file = s.file[ROLE_TARGETS];
	const struct role *doc;
	struct role_sig sigs[2];
	char hex[65], other_hex[65];
	struct err e;

	s.repo->roles[ROLE_TARGETS] = repo_keys(2, "release-1 release-2");
	root = repo_root(s.repo, 1);
	hex_write(hex, k.public, 32);
	hex_write(other_hex, other.public, 32);
	root = repo_replaced(s.repo, root, other_hex, hex);
	CHECK(
	    role_read(s.repo->arena, ROLE_ROOT, root, ROLE_STRICT, &e) == NULL);

	doc = repo_read(s.repo, ROLE_TARGETS, file, ROLE_FOREIGN);
	sigs[0] = doc->sigs[0];
	sigs[1] = (struct role_sig){ other.id, doc->sigs[0].sig };
	file = wrap_text(s.repo, doc->signed_, sigs, 2);
	CHECK_INT(
	    verify(s.repo, ROLE_TARGETS, file, root, ROLE_FOREIGN, &e), -1);
	CHECK(strstr(e.msg, "1 of 2") != NULL);
	repo_free(s.repo);
}

static void
role_refuses_a_key_named_twice(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct bytes root;
	struct err e;

	r->roles[ROLE_TARGETS] = repo_keys(2, "release-1 release-1");
	root = repo_root(r, 1);
	for (int mode = 0; mode < 2; mode++) {
		CHECK(role_read(r->arena, ROLE_ROOT, root, mode, &e) == NULL);
		CHECK(strstr(e.msg, "named twice") != NULL);
	}
}

static void
role_strict_knows_every_signer(void)
{
	struct repo_set s = repo_set();
	struct bytes root = s.file[ROLE_ROOT], file;
	const struct role *a, *b;
	struct err e;

	/* release-1 counts; the brake does not sign targets */
	s.repo->signers[ROLE_TARGETS] = repo_keys(0, "release-1 brake");
	file = repo_targets(s.repo, 3, NULL, 0);
	CHECK_INT(
	    verify(s.repo, ROLE_TARGETS, file, root, ROLE_FOREIGN, &e), 0);
	CHECK_INT(
	    verify(s.repo, ROLE_TARGETS, file, root, ROLE_STRICT, &e), -1);
	CHECK(strstr(e.msg, "does not name") != NULL);

	/* unless another root names it, as when keys are rotated */
	s.repo->roles[ROLE_TARGETS] = repo_keys(1, "brake");
	a = repo_read(s.repo, ROLE_ROOT, root, ROLE_STRICT);
	b = repo_read(s.repo, ROLE_ROOT, repo_root(s.repo, 2), ROLE_STRICT);
	CHECK_INT(role_verify(
		      repo_read(s.repo, ROLE_TARGETS, file, 1), a, b, true, &e),
	    0);
	CHECK_INT(role_verify(
		      repo_read(s.repo, ROLE_TARGETS, file, 1), b, a, true, &e),
	    0);
	repo_free(s.repo);
}

/* A holder who leaves signs the root that no longer names them. */
static void
role_own_signatures_of_a_root(void)
{
	struct repo_set s = repo_set();
	const struct role *one =
	    repo_read(s.repo, ROLE_ROOT, s.file[ROLE_ROOT], ROLE_STRICT);
	const struct role *two;
	struct err e;

	CHECK_INT(role_verify_own(one, &e), 0);
	s.repo->signers[ROLE_ROOT] = repo_keys(0, "root-1 root-2 brake");
	two = repo_read(s.repo, ROLE_ROOT, repo_root(s.repo, 2), ROLE_STRICT);
	CHECK_INT(role_verify_own(two, &e), 0);
	/* before the first there was nobody */
	one = repo_read(s.repo, ROLE_ROOT, repo_root(s.repo, 1), ROLE_STRICT);
	CHECK_INT(role_verify_own(one, &e), -1);
	CHECK(strstr(e.msg, "does not name") != NULL);
	s.repo->signers[ROLE_ROOT] = repo_keys(0, "brake release-1");
	two = repo_read(s.repo, ROLE_ROOT, repo_root(s.repo, 2), ROLE_STRICT);
	CHECK_INT(role_verify_own(two, &e), -1);
	CHECK(strstr(e.msg, "0 of 2 signatures") != NULL);
	repo_free(s.repo);
}

static void
role_strict_wants_every_signature_good(void)
{
	struct repo_set s = repo_set();
	struct bytes root = s.file[ROLE_ROOT], file;
	const struct role *r = repo_read(s.repo, ROLE_ROOT, root, ROLE_STRICT);
	struct role_sig sigs[3] = { r->sigs[0], r->sigs[1], r->sigs[2] };
	struct err e;

	sigs[2].sig = sigs[1].sig;
	file = wrap_text(s.repo, r->signed_, sigs, 3);
	CHECK_INT(verify(s.repo, ROLE_ROOT, file, root, ROLE_FOREIGN, &e), 0);
	CHECK_INT(verify(s.repo, ROLE_ROOT, file, root, ROLE_STRICT, &e), -1);
	CHECK(strstr(e.msg, "does not verify") != NULL);
	sigs[0].sig = sigs[1].sig;
	file = wrap_text(s.repo, r->signed_, sigs, 3);
	CHECK_INT(verify(s.repo, ROLE_ROOT, file, root, ROLE_FOREIGN, &e), -1);
	repo_free(s.repo);
}

static void
role_reads_signatures_in_one_order(void)
{
	struct repo_set s = repo_set();
	const struct role *r =
	    repo_read(s.repo, ROLE_ROOT, s.file[ROLE_ROOT], ROLE_STRICT);
	struct role_sig sigs[3] = { r->sigs[2], r->sigs[0], r->sigs[1] };
	AUTO_BUF b = { 0 };
	struct err e;

	CHECK(role_read(s.repo->arena, ROLE_ROOT,
		  wrap_text(s.repo, r->signed_, sigs, 3), ROLE_STRICT,
		  &e) == NULL);
	buf_init(&b, 100000);
	CHECK_INT(role_wrap(r->signed_, sigs, 3, &b, &e), 0);
	CHECK_INT(b.len, s.file[ROLE_ROOT].len);
	CHECK(memcmp(b.at, s.file[ROLE_ROOT].at, b.len) == 0);
	repo_free(s.repo);
}

static void
role_wrong_keys_do_not_count(void)
{
	struct repo_set s = repo_set();
	AUTO_REPO other = repo_new("editor", "stable");
	struct err e;

	other->roles[ROLE_TARGETS] = repo_keys(1, "release-beta");
	CHECK_INT(verify(s.repo, ROLE_TARGETS, repo_targets(other, 3, NULL, 0),
		      s.file[ROLE_ROOT], ROLE_FOREIGN, &e),
	    -1);
	/* the right ID, another's signature */
	struct repo_key k = repo_key("release-beta");

	memcpy(k.id, repo_key("release-1").id, sizeof k.id);
	other->roles[ROLE_TARGETS].key[0] = k;
	CHECK_INT(verify(s.repo, ROLE_TARGETS, repo_targets(other, 3, NULL, 0),
		      s.file[ROLE_ROOT], ROLE_FOREIGN, &e),
	    -1);
	repo_free(s.repo);
}

/* --- others' documents --- */

static void
role_reads_indented_foreign_documents(void)
{
	struct repo_set s = repo_set();
	struct err e;

	for (int k = 0; k < ROLE_KINDS; k++) {
		AUTO_JSON v = json_read(s.file[k], ROLE_TARGETS_MAX, &e);
		json_t *sg = json_object_get(v, "signed");
		char *text;
		const struct role *r;

		json_object_set_new(sg, "x-other",
		    json_string("tab\t \"quoted\" \\ \xc3\xa9 /"));
		text = json_dumps(v, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		r = repo_read(
		    s.repo, (enum role_kind)k, repo_text(text), ROLE_FOREIGN);
		CHECK(strstr((const char *)r->signed_.at,
			  "\"x-other\":\"tab\t \\\"quoted\\\" \\\\ "
			  "\xc3\xa9 /\"") != NULL);
		CHECK(role_read(s.repo->arena, (enum role_kind)k,
			  repo_text(text), ROLE_STRICT, &e) == NULL);
		free(text);
	}
	repo_free(s.repo);
}

/* --- building --- */

static void
role_build_refuses_what_nobody_would_read(void)
{
	static const struct role_head wrong[] = {
		{ "a", "b", 0, 1, NULL },
		{ "a", "b", INT64_C(1) << 31, 1, NULL },
		{ "a", "b", 1, -1, NULL },
		{ "a", "b", 1, INT64_C(253402300800), NULL },
		{ "../a", "b", 1, 1, NULL },
		{ "a", "", 1, 1, NULL },
	};
	static const struct role_head right = { "a", "b", 1, 1, NULL };
	AUTO_JSON v = json_object();
	AUTO_BUF b = { 0 };
	struct err e;

	buf_init(&b, 1000);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		CHECK_INT(role_build(v, ROLE_TARGETS, &wrong[i], &b, &e), -1);
		CHECK_INT(e.kind, ERR_INPUT);
	}
	buf_reset(&b);
	CHECK_INT(role_build(v, ROLE_TARGETS, &right, &b, &e), 0);
	CHECK_TEXT(buf_str(&b),
	    "{\"_type\":\"targets\",\"expires\":\"1970-01-01T00:00:01Z\","
	    "\"spec_version\":\"1.0.31\",\"version\":1,"
	    "\"x-sluice\":{\"channel\":\"b\",\"product\":\"a\"}}");
}

static void
role_timestamp_bounds(void)
{
	struct timestamp_fields t = { .product = "a",
		.channel = "b",
		.version = 1,
		.expires_s = 1,
		.snapshot = { .version = 1, .length = 5, .hashed = true } };
	AUTO_BUF b = { 0 };
	struct err e;

	buf_init(&b, 10000);
	CHECK_INT(timestamp_build(&t, &b, &e), 0);
	CHECK(strstr(buf_str(&b), "pin_seq") == NULL);
	CHECK(strstr(buf_str(&b), "urgent") == NULL);
	CHECK(strstr(buf_str(&b), "offline") == NULL);
	CHECK(strstr(buf_str(&b), "\"cap_bp\":0") != NULL);
	t.cap_bp = 10001;
	CHECK_INT(timestamp_build(&t, &b, &e), -1);
	t.cap_bp = 10000;
	t.pin_seq = -1;
	CHECK_INT(timestamp_build(&t, &b, &e), -1);
	t.pin_seq = 0;
	t.snapshot.hashed = false;
	CHECK_INT(timestamp_build(&t, &b, &e), -1);
}

static void
metafile_check_says_what_differs(void)
{
	struct metafile m = repo_meta("a.json", 1, repo_text("abc"));
	struct err e;

	CHECK_INT(metafile_check(&m, repo_text("abc"), &e), 0);
	CHECK_INT(metafile_check(&m, repo_text("abd"), &e), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK_INT(metafile_check(&m, repo_text("abcd"), &e), -1);
	CHECK_TEXT(e.msg, "a.json: 4 bytes, but 3 were signed");
	m.length = -1;
	CHECK_INT(metafile_check(&m, repo_text("abcd"), &e), -1);
	m.hashed = false;
	CHECK_INT(metafile_check(&m, repo_text("abcd"), &e), 0);
}

static const struct tap_test tests[] = {
	TAP(role_reads_what_was_built),
	TAP(role_finds_targets),
	TAP(role_signed_bytes_are_what_was_signed),
	TAP(role_verifies_the_threshold),
	TAP(role_counts_one_key_once),
	TAP(role_counts_one_key_under_two_names_once),
	TAP(role_refuses_a_key_named_twice),
	TAP(role_strict_knows_every_signer),
	TAP(role_own_signatures_of_a_root),
	TAP(role_strict_wants_every_signature_good),
	TAP(role_reads_signatures_in_one_order),
	TAP(role_wrong_keys_do_not_count),
	TAP(role_reads_indented_foreign_documents),
	TAP(role_build_refuses_what_nobody_would_read),
	TAP(role_timestamp_bounds),
	TAP(metafile_check_says_what_differs),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
