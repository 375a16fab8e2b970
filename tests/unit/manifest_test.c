/*
 * Reading, writing and asking manifests.  Hostile ones are made by changing
 * one string of a good file, or one field of a good struct.
 */
#include "manifest/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ladder_fixture.h"
#include "tests/tap.h"

#define ARENA_MAX (32 << 20)

/* A good manifest of each kind, in canonical bytes. */
struct sample {
	struct ladder_fixture *f;
	struct arena *a;
	struct bytes hold, offer, rollback;
};

static void
sample_done(struct sample *s)
{
	ladder_fixture_free(s->f);
	arena_free(s->a);
}
#define AUTO_SAMPLE CLEANUP(sample_done) struct sample

static struct bytes
written(struct sample *s, const struct manifest *m)
{
	AUTO_BUF b;
	struct err e = { .msg = "" };
	struct bytes out = { 0 };

	buf_init(&b, MANIFEST_MAX);
	if (!CHECK(manifest_write(m, &b, &e) == 0)) {
		tap_note("%s", e.msg);
		abort();
	}
	out.len = b.len;
	out.at = arena_bytes(s->f->repo->arena, b.at, b.len, &e);
	return out;
}

static struct sample
sample_new(void)
{
	struct sample s = { .f = ladder_fixture_new("editor", "stable", 9, 3),
		.a = arena_new(ARENA_MAX) };
	static const int64_t repairs[] = { 8, 6 };
	static const char *versions[] = { "1.8.0", "1.6.0" };
	struct manifest m;

	m = ladder_fixture_manifest(s.f, 0);
	s.hold = written(&s, &m);
	m = ladder_fixture_manifest(s.f, 3);
	s.rollback = written(&s, &m);
	m = ladder_fixture_manifest(s.f, 1);
	m.repairs = repairs;
	m.repairs_versions = versions;
	m.nrepairs = 2;
	m.notes_url = "https://example.org/notes/1.9.0.html";
	m.minimum_os = "10.0.19041";
	m.floor_seq = 4;
	m.not_before_s = m.created_s + 3600;
	s.f->plan[1].not_before_s = m.created_s + 5 * REPO_DAY_S;
	s.offer = written(&s, &m);
	return s;
}

/* The same bytes with the first (or only) occurrence of one text changed. */
static struct bytes
changed(struct sample *s, struct bytes file, const char *from, const char *to)
{
	const char *at = memmem(file.at, file.len, from, strlen(from));
	struct err e;
	size_t before;
	struct bytes out;
	uint8_t *p;

	if (!CHECK(at != NULL)) {
		tap_note("no %s", from);
		return file;
	}
	before = (size_t)(at - (const char *)file.at);
	out.len = file.len - strlen(from) + strlen(to);
	p = arena_array(s->f->repo->arena, out.len + 1, 1, &e);
	memcpy(p, file.at, before);
	memcpy(p + before, to, strlen(to));
	memcpy(p + before + strlen(to), at + strlen(from),
	    file.len - before - strlen(from));
	out.at = p;
	return out;
}

static bool
reads(struct sample *s, struct bytes file, bool strict)
{
	struct err e = { 0 };

	arena_reset(s->a);
	return manifest_read(s->a, file, strict, &e) != NULL;
}

/* Refused, and with a reason that holds this text. */
static void
refused(struct sample *s, struct bytes file, bool strict, const char *why)
{
	struct err e = { .msg = "" };

	arena_reset(s->a);
	if (CHECK(manifest_read(s->a, file, strict, &e) == NULL) &&
	    !CHECK(strstr(e.msg, why) != NULL))
		tap_note("\"%s\" does not say \"%s\"", e.msg, why);
	CHECK(e.kind == ERR_INPUT || e.kind == ERR_LIMIT);
}

static void
refused_change(struct sample *s, struct bytes file, const char *from,
    const char *to, const char *why)
{
	refused(s, changed(s, file, from, to), false, why);
}

static void
every_field_comes_back(void)
{
	AUTO_SAMPLE s = sample_new();
	struct err e;
	const struct manifest *m = manifest_read(s.a, s.offer, true, &e);

	if (!CHECK(m != NULL))
		return;
	CHECK_TEXT(m->product, "editor");
	CHECK_TEXT(m->channel, "stable");
	CHECK_INT(m->seq, 9);
	CHECK_TEXT(m->version, "1.9.0");
	CHECK_INT(m->created_s, REPO_NOW_S);
	CHECK_INT(m->not_before_s, REPO_NOW_S + 3600);
	CHECK_INT(m->kind, MANIFEST_RELEASE);
	CHECK_INT(m->floor_seq, 4);
	CHECK_TEXT(m->notes_url, "https://example.org/notes/1.9.0.html");
	CHECK_TEXT(m->minimum_os, "10.0.19041");
	CHECK_INT(m->nrepairs, 2);
	CHECK_INT(m->repairs[1], 6);
	CHECK_TEXT(m->repairs_versions[1], "1.6.0");
	CHECK(m->offer && !m->permission);
	CHECK_INT(m->rollout.control_bp, 1000);
	CHECK_INT(m->rollout.nplan, 3);
	CHECK_INT(m->rollout.plan[1].percent_bp, 5000);
	CHECK_INT(m->rollout.plan[1].not_before_s, REPO_NOW_S + 5 * REPO_DAY_S);
	CHECK_INT(m->nartifacts, 2);
	CHECK_TEXT(m->artifacts[0].path, "1.9.0/linux-x86_64/editor.tar");
	CHECK_INT(m->artifacts[0].ndeltas, 1);
	CHECK_INT(m->artifacts[0].deltas[0].from_seq, 8);
	CHECK_TEXT(m->artifacts[0].deltas[0].format, "bsdiff40");
	CHECK(manifest_artifact(m, "windows", "x86_64") == &m->artifacts[1]);
	CHECK(manifest_artifact(m, "windows", "arm64") == NULL);
}

static void
read_and_write_are_each_others_reverse(void)
{
	AUTO_SAMPLE s = sample_new();
	const struct bytes files[] = { s.hold, s.offer, s.rollback };

	for (size_t i = 0; i < COUNT(files); i++) {
		AUTO_BUF b;
		struct err e;
		const struct manifest *m;

		arena_reset(s.a);
		m = manifest_read(s.a, files[i], true, &e);
		buf_init(&b, MANIFEST_MAX);
		if (CHECK(m != NULL) && CHECK(manifest_write(m, &b, &e) == 0) &&
		    CHECK_INT(b.len, files[i].len))
			CHECK_BYTES(b.at, files[i].at, b.len);
	}
}

/* Golden: the bytes of a manifest that names no release. */
static void
no_release_is_seq_0(void)
{
	AUTO_SAMPLE s = sample_new();
	struct ladder_fixture *f = s.f;
	struct manifest m;
	struct bytes file;
	char text[1024];

	f->ladder.ngood = 0;
	f->ladder.fallback_seq = 0;
	m = ladder_fixture_manifest(f, 2);
	file = written(&s, &m);
	(void)snprintf(
	    text, sizeof(text), "%.*s", (int)file.len, (const char *)file.at);
	CHECK_TEXT(text,
	    "{\"artifacts\":[],\"channel\":\"stable\","
	    "\"created\":\"2026-06-01T00:00:00Z\","
	    "\"expires\":\"2026-07-01T00:00:00Z\",\"floor_seq\":0,"
	    "\"kind\":\"halt\",\"product\":\"editor\","
	    "\"release\":{\"critical\":false,\"repairs\":[],"
	    "\"security\":false},\"schema\":\"sluice/1\",\"seq\":0,"
	    "\"version\":null}");
	refused_change(&s, file, "null", "\"1.0.0\"", "seq 0 names no release");
	refused_change(
	    &s, file, "critical\":false", "critical\":true", "seq 0");
	refused_change(&s, file, "\"halt\"", "\"rollback\"", "rollback");
	refused_change(&s, file, "floor_seq\":0", "floor_seq\":1", "floor_seq");
	refused_change(&s, s.hold, "\"version\":\"1.8.0\"", "\"version\":null",
	    "version is missing");
}

static void
only_strict_reading_refuses_what_is_new(void)
{
	AUTO_SAMPLE s = sample_new();
	struct bytes file;

	file =
	    changed(&s, s.offer, "{\"artifacts\"", "{\"aaa\":1,\"artifacts\"");
	CHECK(reads(&s, file, false));
	refused(&s, file, true, "unknown key \"aaa\"");
	file = changed(&s, s.offer, "\"percent_bp\":1000",
	    "\"percent_bp\":1000,\"promote\":{}");
	CHECK(reads(&s, file, false));
	refused(&s, file, true, "unknown key \"promote\"");
	file = changed(&s, s.offer, "\"bsdiff40\"", "\"sluice-delta/1\"");
	CHECK(reads(&s, file, true));
	file = changed(&s, s.offer, "\"bsdiff40\"", "\"sluice-delta/2\"");
	CHECK(reads(&s, file, false));
	refused(&s, file, true, "unknown format");
}

static void
strict_reading_knows_one_spelling(void)
{
	AUTO_SAMPLE s = sample_new();
	static const char *const spellings[][2] = {
		{ "{\"artifacts\"", "{ \"artifacts\"" },
		{ "\"editor\"", "\"\\u0065ditor\"" },
		{ "\"seq\":9", "\"seq\":9 " },
		{ "{\"artifacts\"", "{\"rollback\":null,\"artifacts\"" },
		{ "\"minimum_os\":\"10.0.19041\"", "\"minimum_os\":null" },
	};

	for (size_t i = 0; i < COUNT(spellings); i++) {
		struct bytes file =
		    changed(&s, s.offer, spellings[i][0], spellings[i][1]);

		CHECK(reads(&s, file, false));
		refused(&s, file, true, "canonical");
	}
}

static void
fields_out_of_bounds_are_refused(void)
{
	AUTO_SAMPLE s = sample_new();
	static const char *const rows[][3] = {
		{ "sluice/1", "sluice/2", "schema" },
		{ "\"kind\":\"release\"", "\"kind\":\"pause\"", "kind" },
		{ "\"seq\":9", "\"seq\":-1", "seq" },
		{ "\"seq\":9", "\"seq\":9007199254740992", "seq" },
		{ "\"seq\":9", "\"seq\":2147483648", "seq" },
		{ "\"seq\":9", "\"seq\":9223372036854775808", "" },
		{ "\"seq\":9", "\"seq\":9.0", "fraction" },
		{ "\"seq\":9", "\"seq\":9e0", "fraction" },
		{ "\"seq\":9", "\"seq\":\"9\"", "seq" },
		{ "\"seq\":9,", "", "seq is missing" },
		{ "\"seq\":9", "\"seq\":9,\"seq\":9", "twice" },
		{ "floor_seq\":4", "floor_seq\":10", "floor_seq" },
		{ "\"1.9.0\"", "\"1.9\"", "version" },
		{ "\"1.9.0\"", "\"1.10.0\"", "path is not" },
		{ "\"2026-06-01T00:00:00Z\"", "\"2026-06-01\"", "created" },
		{ "\"2026-06-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\"",
		    "created" },
		{ "\"2026-06-01T00:00:00Z\"", "\"2026-07-01T00:00:00Z\"",
		    "expires" },
		{ "\"2026-06-01T01:00:00Z\"", "\"2026-07-01T00:00:00Z\"",
		    "expires" },
		{ "\"editor\"", "\"../editor\"", "names" },
		{ "\"stable\"", "\"sta ble\"", "names" },
		{ "\"stable\"", "\"\"", "channel" },
		{ "https://example", "javascript://example", "notes_url" },
		{ "https://example", "https://exa\\\"mple", "notes_url" },
		{ "10.0.19041", "10\\n", "control" },
		{ "10.0.19041", "\\u0000", "" },
		{ "[8,6]", "[8,9]", "repairs" },
		{ "[8,6]", "[8,8]", "twice" },
		{ "[8,6]", "[8,0]", "repairs" },
		{ "[8,6]", "[8,\"6\"]", "repairs" },
		{ "[8,6]", "[8]", "as long as" },
		{ "[\"1.8.0\",\"1.6.0\"]", "[\"1.8.0\",\"x\"]",
		    "repairs_versions" },
		{ "control_bp\":1000", "control_bp\":10000", "control_bp" },
		{ "percent_bp\":5000", "percent_bp\":999", "lowers" },
		{ "percent_bp\":10000", "percent_bp\":10001", "percent_bp" },
		{ "percent_bp\":1000", "percent_bp\":-1", "percent_bp" },
		{ "min_duration_s\":86400", "min_duration_s\":-1",
		    "min_duration_s" },
		{ "min_duration_s\":86400",
		    "min_duration_s\":9223372036854775807", "min_duration_s" },
		{ "\"00112233", "\"g0112233", "salt" },
		{ "\"00112233", "\"0112233", "salt" },
		{ "max_memory\":1048576", "max_memory\":-1", "max_memory" },
		{ "\"size\":7", "\"size\":0", "size" },
		{ "\"size\":7", "\"size\":9223372036854775807", "size" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		refused_change(&s, s.offer, rows[i][0], rows[i][1], rows[i][2]);
}

/* Whatever becomes a path is held to an alphabet and to its place. */
static void
names_that_leave_their_folder_are_refused(void)
{
	AUTO_SAMPLE s = sample_new();
	static const char *const rows[][2] = {
		{ "\"name\":\"editor.tar\"", "\"name\":\"../editor.tar\"" },
		{ "\"name\":\"editor.tar\"", "\"name\":\"..\"" },
		{ "\"name\":\"editor.tar\"", "\"name\":\"-rf\"" },
		{ "\"name\":\"editor.tar\"", "\"name\":\"a\\\\b\"" },
		{ "\"name\":\"editor.tar\"", "\"name\":\"other.tar\"" },
		{ "\"os\":\"linux\"", "\"os\":\"..\"" },
		{ "\"os\":\"linux\"", "\"os\":\"linux/x\"" },
		{ "\"os\":\"linux\"", "\"os\":\"lin-ux\"" },
		{ "\"arch\":\"x86_64\"", "\"arch\":\"../x86_64\"" },
		{ "1.9.0/linux-x86_64/editor.tar\"",
		    "../linux-x86_64/editor.tar\"" },
		{ "1.9.0/linux-x86_64/editor.tar\"",
		    "/1.9.0/linux-x86_64/editor.tar\"" },
		{ "1.9.0/linux-x86_64/editor.tar\"",
		    "1.9.0/windows-x86_64/editor.tar\"" },
		{ "1.9.0/linux-x86_64/editor.tar.from",
		    "1.9.0/linux-x86_64/../editor.tar.from" },
		{ "1.9.0/linux-x86_64/editor.tar.from",
		    "1.9.0/windows-x86_64/editor.tar.from" },
		{ "1.9.0/linux-x86_64/editor.tar.from-1.8.0.bsdiff40",
		    "1.9.0/linux-x86_64/editor.tar" },
		{ "1.9.0/linux-x86_64/editor.tar.from-1.8.0.bsdiff40",
		    "1.9.0/linux-x86_64/" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		refused_change(
		    &s, s.offer, rows[i][0], rows[i][1], "artifact 0");
}

static void
a_platform_or_a_delta_twice_is_refused(void)
{
	AUTO_SAMPLE s = sample_new();
	struct manifest m = ladder_fixture_manifest(s.f, 1);
	struct artifact a[2] = { m.artifacts[0], m.artifacts[0] };
	struct delta_entry d[2] = { *a[0].deltas, *a[0].deltas };
	AUTO_BUF b;
	struct err e = { .msg = "" };

	buf_init(&b, MANIFEST_MAX);
	m.artifacts = a;
	CHECK(manifest_write(&m, &b, &e) < 0);
	CHECK(strstr(e.msg, "platform linux-x86_64 is named twice") != NULL);
	m.nartifacts = 1;
	a[0].deltas = d;
	a[0].ndeltas = 2;
	CHECK(manifest_write(&m, &b, &e) < 0);
	CHECK(strstr(e.msg, "path is that of delta 0") != NULL);
	d[1].path = "1.9.0/linux-x86_64/other";
	CHECK(manifest_write(&m, &b, &e) < 0);
	CHECK(strstr(e.msg, "same file as delta 0") != NULL);
	d[1].from_sha256[0] ^= 1;
	CHECK(manifest_write(&m, &b, &e) == 0);
	m.nartifacts = 0;
	CHECK(manifest_write(&m, &b, &e) < 0);
	CHECK(strstr(e.msg, "without artifacts") != NULL);
}

static void
signatures_are_base64(void)
{
	AUTO_SAMPLE s = sample_new();
	struct manifest m = ladder_fixture_manifest(s.f, 0);
	struct artifact a = m.artifacts[0];
	char ed25519[89];
	AUTO_BUF b;
	struct err e = { .msg = "" };

	buf_init(&b, MANIFEST_MAX);
	m.artifacts = &a;
	m.nartifacts = 1;
	memset(ed25519, 'A', 86);
	memcpy(ed25519 + 86, "==", 3);
	a.ed25519 = ed25519;
	a.minisign = "dW50cnVzdGVk";
	CHECK(manifest_write(&m, &b, &e) == 0);
	ed25519[85] = 'B'; /* bits that no byte holds */
	CHECK(manifest_write(&m, &b, &e) < 0);
	ed25519[85] = 'A';
	a.minisign = "dW50!";
	CHECK(manifest_write(&m, &b, &e) < 0);
}

static void
kinds_and_parts_agree(void)
{
	AUTO_SAMPLE s = sample_new();

	refused_change(&s, s.offer, "\"kind\":\"release\"", "\"kind\":\"halt\"",
	    "a halt with a rollout");
	refused_change(&s, s.hold, "\"kind\":\"release\"",
	    "\"kind\":\"rollback\"", "without the permission");
	refused_change(&s, s.offer, "\"release\":{",
	    "\"rollback\":{\"from\":[{\"seq\":10}],\"not_after\":"
	    "\"2026-07-01T00:00:00Z\",\"reason\":\"\",\"to_seq\":9},"
	    "\"release\":{",
	    "an offer with the permission");
	CHECK(reads(&s,
	    changed(
		&s, s.rollback, "\"kind\":\"rollback\"", "\"kind\":\"halt\""),
	    true));
}

static void
permissions_lead_back_to_the_own_release(void)
{
	AUTO_SAMPLE s = sample_new();
	static const char *const rows[][3] = {
		{ "\"to_seq\":8", "\"to_seq\":7", "own" },
		{ "[{\"seq\":9}]", "[{\"seq\":8}]", "not going back" },
		{ "[{\"seq\":9}]", "[{\"seq\":9},{\"seq\":9}]", "twice" },
		{ "[{\"seq\":9}]", "[]", "from" },
		{ "[{\"seq\":9}]", "[{\"platforms\":[],\"seq\":9}]",
		    "platforms" },
		{ "[{\"seq\":9}]", "[{\"platforms\":[\"linux\"],\"seq\":9}]",
		    "not a name" },
		{ "[{\"seq\":9}]",
		    "[{\"platforms\":[\"a-b\",\"a-b\"],\"seq\":9}]", "twice" },
		{ "[{\"seq\":9}]", "[{\"platforms\":[7],\"seq\":9}]",
		    "not a string" },
		{ "it crashes", "it\\u001bcrashes", "control" },
		{ "\"not_after\":\"2026-07", "\"not_after\":\"2026-05",
		    "not_after" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		refused_change(
		    &s, s.rollback, rows[i][0], rows[i][1], rows[i][2]);
}

static void
going_back_needs_the_name_the_place_and_the_time(void)
{
	AUTO_SAMPLE s = sample_new();
	struct bytes file = changed(&s, s.rollback, "[{\"seq\":9}]",
	    "[{\"platforms\":[\"linux-x86_64\"],\"seq\":9},{\"seq\":10}]");
	struct err e;
	const struct manifest *m = manifest_read(s.a, file, true, &e);
	const struct manifest *hold = manifest_read(s.a, s.hold, true, &e);
	int64_t now = REPO_NOW_S, end = now + 30 * REPO_DAY_S;

	if (!CHECK(m != NULL && hold != NULL))
		return;
#define BACK(seq, os, arch, floor, t) \
	manifest_may_go_back(m, seq, os, arch, floor, t, &e)
	CHECK(BACK(9, "linux", "x86_64", 0, now) == 0);
	CHECK(BACK(9, "linux", "x86_64", 8, end - 1) == 0);
	CHECK(BACK(10, "windows", "arm64", 0, now) == 0);
	CHECK(BACK(9, "windows", "x86_64", 0, now) < 0);
	CHECK(BACK(9, "linux", "x86", 0, now) < 0);
	CHECK(BACK(9, "linux-x86", "64", 0, now) < 0);
	CHECK(BACK(11, "linux", "x86_64", 0, now) < 0);
	CHECK(BACK(8, "linux", "x86_64", 0, now) < 0);
	CHECK(BACK(9, "linux", "x86_64", 9, now) < 0);
	CHECK(BACK(9, "linux", "x86_64", 0, end) < 0);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK(manifest_may_go_back(hold, 9, "linux", "x86_64", 0, now, &e) < 0);
#undef BACK
}

static void
the_envelope_counts_from_not_before(void)
{
	AUTO_SAMPLE s = sample_new();
	struct err e;
	const struct manifest *m = manifest_read(s.a, s.offer, true, &e);
	const struct manifest *hold = manifest_read(s.a, s.hold, true, &e);
	int64_t next;

	if (!CHECK(m != NULL && hold != NULL))
		return;
	CHECK_INT(manifest_start(m), REPO_NOW_S + 3600);
	CHECK_INT(manifest_envelope(m, REPO_NOW_S, &next), 0);
	CHECK_INT(next, REPO_NOW_S + 3600);
	CHECK_INT(manifest_envelope(m, REPO_NOW_S + 3600, NULL), 1000);
	CHECK_INT(manifest_start(hold), REPO_NOW_S);
	CHECK_INT(manifest_envelope(hold, 0, &next), 10000);
	CHECK_INT(next, 0);
}

static void
more_than_256_kib_are_refused(void)
{
	AUTO_SAMPLE s = sample_new();
	struct err e;
	struct bytes big = { .len = MANIFEST_MAX + 1 };
	uint8_t *p = arena_array(s.f->repo->arena, big.len, 1, &e);

	memset(p, ' ', big.len);
	memcpy(p, s.hold.at, s.hold.len);
	big.at = p;
	refused(&s, big, false, "at most");
	big.len--;
	CHECK(reads(&s, big, false));
	refused(&s, big, true, "canonical");
}

static void
too_many_parts_are_refused(void)
{
	AUTO_SAMPLE s = sample_new();
	AUTO_BUF b;
	struct bytes file;

	buf_init(&b, MANIFEST_MAX);
	for (int i = 0; i <= MANIFEST_STAGES_MAX; i++)
		buf_text(&b,
		    i == 0 ? "\"plan\":[{\"min_duration_s\":0,\"percent_bp\":0}"
			   : ",{\"min_duration_s\":0,\"percent_bp\":0}");
	buf_text(&b, ",");
	file = changed(&s, s.offer, "\"plan\":[", buf_str(&b));
	refused(&s, file, false, "plan");
	buf_reset(&b);
	buf_text(&b, "[{\"seq\":9}");
	for (int i = 0; i < MANIFEST_FROM_MAX; i++)
		buf_printf(&b, ",{\"seq\":%d}", 10 + i);
	buf_text(&b, "]");
	file = changed(&s, s.rollback, "[{\"seq\":9}]", buf_str(&b));
	refused(&s, file, false, "from");
	buf_reset(&b);
	for (int i = 0; i < 100; i++)
		buf_text(&b, "[");
	file = changed(&s, s.hold, "[]", buf_str(&b));
	refused(&s, file, false, "nested");
}

/* Nothing shorter is a manifest, and nothing is read past the end: each try
 * has memory of its own, which sanitizers watch. */
static void
a_cut_off_file_is_refused(void)
{
	AUTO_SAMPLE s = sample_new();

	for (size_t n = 0; n < s.offer.len; n++) {
		uint8_t *p = malloc(n + (n == 0));

		memcpy(p, s.offer.at, n);
		if (!CHECK(!reads(&s, (struct bytes){ p, n }, false)))
			tap_note("of %zu bytes", n);
		free(p);
	}
}

/* A flipped bit may leave a manifest; it never leaves another spelling. */
static void
any_flipped_bit_is_survived(void)
{
	AUTO_SAMPLE s = sample_new();
	uint8_t *p = malloc(s.offer.len);
	int taken = 0;

	memcpy(p, s.offer.at, s.offer.len);
	for (size_t i = 0; i < 8 * s.offer.len; i++) {
		struct bytes file = { p, s.offer.len };
		const struct manifest *m;
		struct err e;
		AUTO_BUF b;

		p[i / 8] ^= (uint8_t)(1 << i % 8);
		arena_reset(s.a);
		(void)reads(&s, file, false);
		m = manifest_read(s.a, file, true, &e);
		buf_init(&b, MANIFEST_MAX);
		if (m != NULL) {
			taken++;
			CHECK(manifest_write(m, &b, &e) == 0 &&
			    b.len == file.len && memcmp(b.at, p, b.len) == 0);
		}
		p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(taken > 0); /* a digit of a digest, say */
	free(p);
}

static const struct tap_test tests[] = {
	TAP(every_field_comes_back),
	TAP(read_and_write_are_each_others_reverse),
	TAP(no_release_is_seq_0),
	TAP(only_strict_reading_refuses_what_is_new),
	TAP(strict_reading_knows_one_spelling),
	TAP(fields_out_of_bounds_are_refused),
	TAP(names_that_leave_their_folder_are_refused),
	TAP(a_platform_or_a_delta_twice_is_refused),
	TAP(signatures_are_base64),
	TAP(kinds_and_parts_agree),
	TAP(permissions_lead_back_to_the_own_release),
	TAP(going_back_needs_the_name_the_place_and_the_time),
	TAP(the_envelope_counts_from_not_before),
	TAP(more_than_256_kib_are_refused),
	TAP(too_many_parts_are_refused),
	TAP(a_cut_off_file_is_refused),
	TAP(any_flipped_bit_is_survived),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
