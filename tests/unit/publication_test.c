/*
 * Loading publications and the rules between their rungs; those between one
 * publication and the next are in publication_follows_test.c.  Each hostile
 * one is a good one with one edit.
 */
#include "manifest/publication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "tests/ladder_fixture.h"
#include "tests/tap.h"

#define ARENA_MAX (64 << 20)

static const struct publication *
load_at(struct ladder_fixture *f, int64_t now_s, struct err *e)
{
	e->msg[0] = '\0';
	return ladder_fixture_load(f, f->repo->arena, now_s, e);
}

/* What is there (built or damaged) is refused with a reason that says this. */
static void
refused(struct ladder_fixture *f, const char *why)
{
	struct err e;

	if (CHECK(load_at(f, REPO_NOW_S, &e) == NULL) &&
	    !CHECK(strstr(e.msg, why) != NULL))
		tap_note("\"%s\" does not say \"%s\"", e.msg, why);
}

static void
refused_built(struct ladder_fixture *f, const char *why)
{
	ladder_fixture_build(f);
	refused(f, why);
}

/* One edit on release 9 over 8, 7, 6. */
static void
refused_edit(void (*edit)(struct ladder_fixture *, int, struct manifest *),
    int index, const char *why)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);

	f->edit = edit;
	f->edit_index = index;
	refused_built(f, why);
}

static void
refused_targets(
    void (*edit)(struct ladder_fixture *, int, struct target *, size_t *),
    int index, const char *why)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);

	f->edit_targets = edit;
	f->edit_index = index;
	refused_built(f, why);
}

static void
drop_rung(struct ladder_fixture *f, int index)
{
	ladder_fixture_drop(f, ladder_fixture_rung_path(f, index, "snapshot"));
	ladder_fixture_drop(f, ladder_fixture_rung_path(f, index, "targets"));
}

static void
a_good_publication_loads(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);
	const struct publication *p;

	f->attachment = true;
	p = ladder_fixture_good(f);
	CHECK_TEXT(p->product, "editor");
	CHECK_TEXT(p->channel, "stable");
	CHECK_INT(p->nrungs, 21);
	CHECK_INT(p->ladder.nblocks, 4);
	CHECK_INT(p->ladder.ngood, 3);
	CHECK_INT(p->ladder.offer_seq, 9);
	CHECK_INT(p->ladder.fallback_seq, 8);
	CHECK_INT(p->ladder.good_seq[2], 6);
	CHECK(p->offer == p->rungs[1].manifest && p->offer->offer);
	CHECK_INT(p->expires_s, REPO_NOW_S + 30 * REPO_DAY_S);
	for (int i = 0; i < p->nrungs; i++) {
		const struct rung *r = &p->rungs[i];
		struct ladder_fixture_file *file = ladder_fixture_find(
		    f, ladder_fixture_rung_path(f, i, "snapshot"));
		struct err e;

		CHECK_INT(r->index, i);
		CHECK_INT(r->kind, ladder_kind(&p->ladder, i));
		CHECK_INT(r->block, ladder_block(&p->ladder, i));
		CHECK_INT(r->manifest->seq, ladder_seq(&p->ladder, i));
		CHECK(metafile_check(&r->snapshot_meta, file->data, &e) == 0);
	}
}

static void
a_first_publication_has_nothing_below(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 1, 0);
	const struct publication *p = ladder_fixture_good(f);

	CHECK_INT(p->nrungs, 9);
	CHECK_INT(p->ladder.fallback_seq, 0);
	CHECK(p->rungs[0].manifest->version == NULL);
}

static void
the_largest_ladder_has_32_rungs(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 40, 29);

	CHECK_INT(ladder_fixture_good(f)->nrungs, 32);
	CHECK_INT(f->ladder.nblocks, 1);
}

static void
a_missing_rung_is_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);

	for (int i = 0; i < 21; i++) {
		(void)ladder_fixture_good(f);
		drop_rung(f, i);
		refused(f, i == 20 ? "whole blocks" : "missing");
	}
	ladder_fixture_build(f);
	ladder_fixture_drop(f, ladder_fixture_rung_path(f, 4, "targets"));
	refused(f, ".targets.json: no such file");
	for (int i = 0; i < 21; i++)
		drop_rung(f, i);
	refused(f, "no rung");
	/* whole blocks fewer are a publication, signed by nobody otherwise */
	ladder_fixture_build(f);
	for (int i = 16; i < 21; i++)
		drop_rung(f, i);
	f->ladder.nblocks = 3;
	CHECK(load_at(f, REPO_NOW_S, &(struct err){ 0 }) != NULL);
}

/* Every rung well signed, two in each other's place. */
static void
swap_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	int other = f->edit_index + (index == f->edit_index);

	if (index == f->edit_index || index == f->edit_index + 1)
		*m = ladder_fixture_manifest(f, other);
}

static void
swapped_rungs_are_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);

	for (int i = 0; i < 20; i++) {
		struct err e;

		f->edit = swap_edit;
		f->edit_index = i;
		ladder_fixture_build(f);
		if (!CHECK(load_at(f, REPO_NOW_S, &e) == NULL))
			tap_note("rungs %d and %d", i, i + 1);
		CHECK_INT(e.kind, ERR_INPUT);
	}
}

static void
swapped_files_are_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);
	struct ladder_fixture_file *a, *b;
	struct bytes was;

	ladder_fixture_build(f);
	a = ladder_fixture_find(f, ladder_fixture_rung_path(f, 0, "snapshot"));
	b = ladder_fixture_find(f, ladder_fixture_rung_path(f, 2, "snapshot"));
	was = a->data;
	a->data = b->data;
	b->data = was;
	refused(f, "288");
	b->data = a->data;
	a->data = was;
	a = ladder_fixture_find(f, ladder_fixture_rung_path(f, 0, "targets"));
	b = ladder_fixture_find(f, ladder_fixture_rung_path(f, 2, "targets"));
	a->data = b->data;
	refused(f, ".targets.json");
}

static void
other_channel_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index % 5 == f->edit_index)
		m->channel = "canary";
}

static void
other_product_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->product = "browser";
}

static void
another_channels_manifest_is_refused(void)
{
	refused_edit(other_channel_edit, 0, "belongs to editor/canary");
	refused_edit(other_channel_edit, 3, "belongs to editor/canary");
	refused_edit(other_product_edit, 0, "belongs to browser/stable");
}

/* Signed by this channel's keys, but for another channel. */
static void
another_channels_role_is_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);
	AUTO_LADDER_FIXTURE g = ladder_fixture_new("editor", "canary", 9, 3);

	ladder_fixture_build(f);
	ladder_fixture_build(g);
	g->root = f->root;
	refused(g, "belongs to editor/canary, not to editor/stable");
}

static void
reason_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->rollback.reason = "another";
}

static void
notes_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->notes_url = "https://example.org/";
}

static void
blocks_that_differ_are_refused(void)
{
	refused_edit(reason_edit, 13, "differ from those of rung 3");
	refused_edit(notes_edit, 6, "differ from those of rung 1");
	refused_edit(notes_edit, 1, "differ from those of rung 1");
}

static void
drop_target(struct ladder_fixture *f, int index, struct target *t, size_t *n)
{
	(void)t;
	if (index == f->edit_index)
		--*n;
}

static void
add_target(struct ladder_fixture *f, int index, struct target *t, size_t *n)
{
	if (index == f->edit_index) {
		t[*n] = t[1];
		t[(*n)++].path = "1.9.0/linux-x86_64/another";
	}
}

static void
add_attachment(struct ladder_fixture *f, int index, struct target *t, size_t *n)
{
	if (index == f->edit_index) {
		t[*n] = t[1];
		t[(*n)++].path = "1.9.0/attach/sbom.json";
	}
}

static void
resize_target(struct ladder_fixture *f, int index, struct target *t, size_t *n)
{
	(void)n;
	if (index == f->edit_index)
		t[1].length++;
}

static void
redigest_target(
    struct ladder_fixture *f, int index, struct target *t, size_t *n)
{
	if (index == f->edit_index)
		t[*n - 1].sha256[31] ^= 1;
}

static void
no_manifest(struct ladder_fixture *f, int index, struct target *t, size_t *n)
{
	(void)n;
	if (index == f->edit_index)
		t[0].path = "manifest.yaml";
}

static void
targets_are_exactly_what_the_manifest_names(void)
{
	refused_targets(drop_target, 0, "do not have 1.8.0/windows-x86_64");
	refused_targets(drop_target, 20, "rung 20, rollback");
	refused_targets(add_target, 1, "name 5 files");
	refused_targets(add_target, 0, "name 4 files");
	refused_targets(add_attachment, 0, "name 4 files");
	refused_targets(add_attachment, 6, "differ from those of rung 1");
	refused_targets(resize_target, 2, "as the manifest says");
	refused_targets(redigest_target, 1, "as the manifest says");
	refused_targets(no_manifest, 0, "does not name manifest.json");
}

static void
floor_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->floor_seq--;
}

static void
the_floor_is_the_same_on_every_rung(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 3);

	f->floor_seq = 7; /* below it lies the last rollback, to 6 */
	refused_built(f, "below the floor 7");
	f->floor_seq = 6;
	CHECK_INT(ladder_fixture_good(f)->rungs[0].manifest->floor_seq, 6);
	f->edit = floor_edit;
	f->edit_index = 0;
	refused_built(f, "floor_seq 5 does not agree");
	/* a floor at the offer: nothing to go back to, but a fallback */
	f->edit = NULL;
	f->floor_seq = 9;
	f->ladder.ngood = 0;
	CHECK_INT(ladder_fixture_good(f)->rungs[0].manifest->floor_seq, 8);
	CHECK_INT(ladder_fixture_good(f)->nrungs, 9);
}

static void
created_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->created_s--;
}

static void
expires_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->expires_s++;
}

static void
not_before_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->not_before_s = m->created_s + 60;
}

static void
the_rungs_share_their_times(void)
{
	refused_edit(created_edit, 0, "created");
	refused_edit(expires_edit, 2, "expires at another time");
	refused_edit(not_before_edit, 0, "not_before");
}

static void
from_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	static const struct rollback_from from = { .seq = 10 };

	if (index == f->edit_index)
		m->rollback.from = &from;
}

/* Only for one of the platforms that the offer and the target both have. */
static void
from_platform_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	static const char *platforms[] = { "linux-x86_64" };
	static const struct rollback_from from = {
		.seq = 9, .platforms = platforms, .nplatforms = 1
	};

	if (index == f->edit_index)
		m->rollback.from = &from;
}

static void
rollbacks_let_go_of_the_offer(void)
{
	refused_edit(from_edit, 3, "no permission to go back from release 9");
	refused_edit(from_platform_edit, 4, "on windows-x86_64");
}

static void
version_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	struct manifest other = ladder_fixture_manifest(f, 4); /* seq 7 */

	if (m->seq == 6) {
		m->version = other.version;
		m->artifacts = other.artifacts;
	}
	(void)index;
}

static void
bytes_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	static struct artifact a;

	if (index != f->edit_index)
		return;
	a = m->artifacts[0];
	a.sha256[0] ^= 1;
	m->artifacts = &a;
	m->nartifacts = 1;
}

static void
a_release_is_one_version_and_one_set_of_files(void)
{
	refused_edit(version_edit, 0, "version 1.7.0");
	refused_edit(bytes_edit, 2, "has other artifacts here than in rung 0");
}

static void
path_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	static struct artifact a;

	if (index != f->edit_index)
		return;
	a = m->artifacts[0];
	a.path = "../../etc/passwd";
	a.name = "passwd";
	m->artifacts = &a;
	m->nartifacts = 1;
}

static void
double_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	static struct artifact a[2];

	if (index != f->edit_index)
		return;
	a[0] = a[1] = m->artifacts[0];
	m->artifacts = a;
}

static void
huge_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index == f->edit_index)
		m->seq = INT64_MAX;
}

static char huge_text[300 * 1024];

static void
oversized_edit(struct ladder_fixture *f, int index, struct manifest *m)
{
	if (index != f->edit_index)
		return;
	memset(huge_text, 'x', sizeof(huge_text) - 1);
	m->minimum_os = huge_text;
}

static void
manifests_out_of_bounds_are_refused(void)
{
	/* the targets that would list it do not get as far as the manifest */
	refused_edit(path_edit, 0, "not an allowed path");
	refused_edit(double_edit, 1, "named twice");
	refused_edit(huge_edit, 0, "seq");
	refused_edit(oversized_edit, 0, "at most 262144");
}

static void
documents_that_have_expired_are_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 1);
	struct err e;
	int64_t end = REPO_NOW_S + 30 * REPO_DAY_S;

	ladder_fixture_build(f);
	CHECK(load_at(f, end - 1, &e) != NULL);
	CHECK(load_at(f, end, &e) == NULL);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK(strstr(e.msg, "manifest.json: expired on 2026-07-01") != NULL);
	CHECK(load_at(f, 0, &e) != NULL);
	f->repo->expires_s[ROLE_SNAPSHOT] = REPO_NOW_S;
	refused_built(f, "288");
	f->repo->expires_s[ROLE_SNAPSHOT] = REPO_NOW_S + 7;
	CHECK_INT(ladder_fixture_good(f)->expires_s, REPO_NOW_S + 7);
	f->repo->expires_s[ROLE_ROOT] = REPO_NOW_S;
	refused_built(f, "root has expired");
}

static void
other_keys_are_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 1);

	f->repo->signers[ROLE_TARGETS] = repo_keys(1, "mallory");
	refused_built(f, ".targets.json");
	f->repo->signers[ROLE_TARGETS] = repo_keys(1, "brake");
	refused_built(f, ".targets.json");
	f->repo->signers[ROLE_TARGETS].n = 0;
	f->repo->signers[ROLE_SNAPSHOT] = repo_keys(1, "mallory");
	refused_built(f, ".snapshot.json");
}

static void
minisign_signatures_are_checked(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 9, 1);
	const struct publication_file *files;
	const struct publication *p;
	struct err e;
	size_t n;

	f->repo->minisign = repo_keys(1, "minisign");
	p = ladder_fixture_good(f);
	CHECK(publication_files(p, f->repo->arena, &files, &n, &e) == 0);
	for (size_t i = 0; i < n; i++) {
		struct ladder_fixture_file *file;
		struct bytes was;

		if (strstr(files[i].path, ".minisig") == NULL)
			continue;
		CHECK(files[i].size == -1 && files[i].document);
		file = ladder_fixture_find(f, files[i].path);
		was = file->data;
		file->data = repo_minisign(f->repo, &f->repo->minisign.key[0],
		    "x", repo_text("other"));
		refused(f, ".minisig");
		file->data = repo_text("untrusted");
		refused(f, ".minisig");
		file->data = was;
		ladder_fixture_drop(f, files[i].path);
		refused(f, ".minisig: no such file");
		ladder_fixture_put(f, files[i].path, was);
	}
	f->repo->minisign.key[0] = repo_key("mallory");
	ladder_fixture_build(f);
	f->root = p->root;
	refused(f, "root does not name");
}

/* No bit of a document can be changed: hold's files, one after the other. */
static void
any_flipped_bit_is_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 1, 0);
	AUTO_ARENA a = arena_new(ARENA_MAX);
	const struct publication *p;
	const struct publication_file *files;
	size_t n;
	struct err e;

	f->ladder.nblocks = 1;
	p = ladder_fixture_good(f);
	CHECK(publication_files(p, f->repo->arena, &files, &n, &e) == 0);
	for (size_t i = 0; i < n; i++) {
		struct ladder_fixture_file *file =
		    ladder_fixture_find(f, files[i].path);
		size_t len = file->data.len;
		uint8_t *bytes = malloc(len);

		if (!files[i].document || !(files[i].rungs & 1)) {
			free(bytes);
			continue;
		}
		memcpy(bytes, file->data.at, len);
		file->data.at = bytes;
		for (size_t k = 0; k < 8 * len; k++) {
			bytes[k / 8] ^= (uint8_t)(1 << k % 8);
			arena_reset(a);
			if (!CHECK(ladder_fixture_load(f, a, REPO_NOW_S, &e) ==
				NULL))
				tap_note("%s bit %zu", files[i].path, k);
			bytes[k / 8] ^= (uint8_t)(1 << k % 8);
		}
		for (size_t k = 0; k < len; k++) {
			file->data.len = k;
			arena_reset(a);
			CHECK(
			    ladder_fixture_load(f, a, REPO_NOW_S, &e) == NULL);
		}
		file->data.len = len;
		arena_reset(a);
		CHECK(ladder_fixture_load(f, a, REPO_NOW_S, &e) != NULL);
		file->data.at = arena_bytes(f->repo->arena, bytes, len, &e);
		free(bytes);
	}
}

static void
m_out_of_bounds_is_refused(void)
{
	AUTO_LADDER_FIXTURE f = ladder_fixture_new("editor", "stable", 1, 0);

	ladder_fixture_build(f);
	f->ladder.m = 0;
	refused(f, "m 0");
	f->ladder.m = INT64_MAX;
	refused(f, "m 9223372036854775807");
	f->ladder.m = 7;
	refused(f, "no rung 224");
}

static const struct tap_test tests[] = {
	TAP(m_out_of_bounds_is_refused),
	TAP(a_good_publication_loads),
	TAP(a_first_publication_has_nothing_below),
	TAP(the_largest_ladder_has_32_rungs),
	TAP(a_missing_rung_is_refused),
	TAP(swapped_rungs_are_refused),
	TAP(swapped_files_are_refused),
	TAP(another_channels_manifest_is_refused),
	TAP(another_channels_role_is_refused),
	TAP(blocks_that_differ_are_refused),
	TAP(targets_are_exactly_what_the_manifest_names),
	TAP(the_floor_is_the_same_on_every_rung),
	TAP(the_rungs_share_their_times),
	TAP(rollbacks_let_go_of_the_offer),
	TAP(a_release_is_one_version_and_one_set_of_files),
	TAP(manifests_out_of_bounds_are_refused),
	TAP(documents_that_have_expired_are_refused),
	TAP(other_keys_are_refused),
	TAP(minisign_signatures_are_checked),
	TAP(any_flipped_bit_is_refused),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
