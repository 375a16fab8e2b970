/*
 * See ladder_fixture.h.
 */
#include "tests/ladder_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/cohort.h"

static const struct {
	const char *os, *arch, *name;
} platforms[] = {
	{ "linux", "x86_64", "editor.tar" },
	{ "windows", "x86_64", "editor.exe" },
	{ "darwin", "arm64", "editor.pkg" },
};

static void
must(bool ok, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "tests/ladder_fixture: %s\n", e->msg);
	abort();
}

/* Memory of the repo; never NULL. */
static void *
get(struct ladder_fixture *f, size_t n, size_t size)
{
	struct err e = { .msg = "" };
	void *p = arena_array(f->repo->arena, n, size, &e);

	must(p != NULL, &e);
	return p;
}

static const char *
text(struct ladder_fixture *f, const char *a, int64_t i, const char *b)
{
	struct err e = { .msg = "" };
	char *s =
	    arena_printf(f->repo->arena, &e, "%s%lld%s", a, (long long)i, b);

	must(s != NULL, &e);
	return s;
}

static struct bytes
keep(struct ladder_fixture *f, const void *at, size_t len)
{
	struct err e = { .msg = "" };
	struct bytes b = { .len = len };

	b.at = arena_bytes(f->repo->arena, at, len, &e);
	must(b.at != NULL, &e);
	return b;
}

struct ladder_fixture *
ladder_fixture_new(
    const char *product, const char *channel, int64_t seq, int ngood)
{
	struct ladder_fixture *f = calloc(1, sizeof(*f));
	struct err e = { .msg = "no memory" };
	struct ladder *l;

	must(f != NULL, &e);
	f->repo = repo_new(product, channel);
	l = &f->ladder;
	l->m = 100 * seq;
	l->offer_seq = seq;
	l->ngood = ngood;
	for (int i = 0; i < ngood; i++)
		l->good_seq[i] = seq - 1 - i;
	l->fallback_seq = ngood > 0 ? seq - 1 : 0;
	l->nblocks = LADDER_BLOCKS;
	while (ladder_rungs(l) > LADDER_MAX)
		l->nblocks--;
	f->created_s = REPO_NOW_S;
	f->expires_s = REPO_NOW_S + 30 * REPO_DAY_S;
	for (int i = 0; i < 3; i++)
		f->plan[i] = (struct stage){
			.percent_bp = (int[]){ 1000, 5000, BP_ALL }[i],
			.min_duration_s = REPO_DAY_S,
		};
	f->rollout = (struct rollout){
		.salt = "00112233445566778899aabbccddeeff"
			"00112233445566778899aabbccddeeff",
		.control_bp = PLAN_CONTROL_DEFAULT,
		.plan = f->plan,
		.nplan = 3,
	};
	f->deltas = ngood > 0;
	f->platforms = 2;
	return f;
}

void
ladder_fixture_free(struct ladder_fixture *f)
{
	if (f == NULL)
		return;
	repo_free(f->repo);
	free(f);
}

const char *
ladder_fixture_version(struct ladder_fixture *f, int64_t seq)
{
	return text(f, "1.", seq, ".0");
}

struct ladder_fixture_file *
ladder_fixture_find(struct ladder_fixture *f, const char *path)
{
	for (size_t i = 0; i < f->nfiles; i++)
		if (strcmp(f->files[i].path, path) == 0)
			return &f->files[i];
	return NULL;
}

void
ladder_fixture_put(
    struct ladder_fixture *f, const char *path, struct bytes data)
{
	struct ladder_fixture_file *file = ladder_fixture_find(f, path);
	struct err e = { .msg = "too many files" };

	if (file == NULL) {
		must(f->nfiles < COUNT(f->files), &e);
		file = &f->files[f->nfiles++];
		file->path = (const char *)keep(f, path, strlen(path) + 1).at;
	}
	file->data = data;
}

void
ladder_fixture_drop(struct ladder_fixture *f, const char *path)
{
	struct ladder_fixture_file *file = ladder_fixture_find(f, path);

	if (file != NULL)
		*file = f->files[--f->nfiles];
}

/* A target's bytes go into the map under its consistent name. */
static struct target
put_target(struct ladder_fixture *f, const char *path, struct bytes data)
{
	struct err e = { .msg = "" };
	struct target t = repo_target(path, data);
	char *name = role_path(f->repo->arena, &t, &e), *full;

	must(name != NULL, &e);
	full = arena_printf(f->repo->arena, &e, "targets/%s", name);
	must(full != NULL, &e);
	ladder_fixture_put(f, full, data);
	return t;
}

static struct artifact
make_artifact(struct ladder_fixture *f, int64_t seq, int platform)
{
	struct err e = { .msg = "" };
	struct artifact a = {
		.os = platforms[platform].os,
		.arch = platforms[platform].arch,
		.name = platforms[platform].name,
	};
	const char *content = text(f, a.os, seq, "\n");
	struct target t;

	a.path = arena_printf(f->repo->arena, &e, "%s/%s-%s/%s",
	    ladder_fixture_version(f, seq), a.os, a.arch, a.name);
	must(a.path != NULL, &e);
	t = put_target(f, a.path, repo_text(content));
	a.size = t.length;
	memcpy(a.sha256, t.sha256, SHA256_SIZE);
	return a;
}

static void
add_delta(struct ladder_fixture *f, struct artifact *a, int64_t from_seq)
{
	struct err e = { .msg = "" };
	struct artifact old = make_artifact(f, from_seq, 0);
	struct delta_entry *d = get(f, 1, sizeof(*d));
	struct target t;

	d->from_seq = from_seq;
	d->from_version = ladder_fixture_version(f, from_seq);
	memcpy(d->from_sha256, old.sha256, SHA256_SIZE);
	d->format = "bsdiff40";
	d->path = arena_printf(f->repo->arena, &e, "%s.from-%s.bsdiff40",
	    a->path, d->from_version);
	must(d->path != NULL, &e);
	t = put_target(f, d->path, repo_text(text(f, "delta ", from_seq, "")));
	d->size = t.length;
	memcpy(d->sha256, t.sha256, SHA256_SIZE);
	d->max_memory = 1 << 20;
	a->deltas = d;
	a->ndeltas = 1;
}

static void
add_permission(
    struct ladder_fixture *f, struct manifest *m, const int64_t *seqs, int n)
{
	struct rollback_from *from = get(f, (size_t)n, sizeof(*from));

	for (int i = 0; i < n; i++)
		from[i].seq = seqs[i];
	m->permission = true;
	m->rollback = (struct rollback){
		.from = from,
		.nfrom = (size_t)n,
		.to_seq = m->seq,
		.reason = "it crashes",
		.not_after_s = f->expires_s,
	};
}

static void
add_artifacts(struct ladder_fixture *f, struct manifest *m)
{
	struct artifact *a = get(f, (size_t)f->platforms, sizeof(*a));

	for (int i = 0; i < f->platforms; i++)
		a[i] = make_artifact(f, m->seq, i);
	if (m->offer && f->deltas)
		add_delta(f, &a[0], f->ladder.fallback_seq);
	m->artifacts = a;
	m->nartifacts = (size_t)f->platforms;
}

struct manifest
ladder_fixture_manifest(struct ladder_fixture *f, int index)
{
	enum rung_kind kind = ladder_kind(&f->ladder, index);
	struct manifest m = {
		.product = f->repo->product,
		.channel = f->repo->channel,
		.seq = ladder_seq(&f->ladder, index),
		.created_s = f->created_s,
		.expires_s = f->expires_s,
	};

	m.kind = kind == RUNG_HALT  ? MANIFEST_HALT
	    : kind == RUNG_ROLLBACK ? MANIFEST_ROLLBACK
				    : MANIFEST_RELEASE;
	m.floor_seq = f->floor_seq < m.seq ? f->floor_seq : m.seq;
	if (m.seq == 0)
		return m;
	m.version = ladder_fixture_version(f, m.seq);
	if (kind == RUNG_OFFER) {
		m.offer = true;
		m.rollout = f->rollout;
		m.not_before_s = f->not_before_s;
		m.security = f->security;
	} else if (kind == RUNG_ROLLBACK) {
		add_permission(f, &m, &f->ladder.offer_seq, 1);
	} else if (f->nwithdrawn > 0) {
		add_permission(f, &m, f->withdrawn_seq, f->nwithdrawn);
	}
	add_artifacts(f, &m);
	return m;
}

static struct target
put_manifest(struct ladder_fixture *f, const struct manifest *m)
{
	AUTO_BUF b;
	struct err e = { .msg = "" };
	struct target t;
	const struct repo_keys *keys = &f->repo->minisign;

	buf_init(&b, 16 * MANIFEST_MAX);
	must(manifest_emit(m, &b, &e) == 0, &e);
	t = put_target(f, MANIFEST_TARGET, keep(f, b.at, b.len));
	if (keys->n > 0) {
		char *name = role_path(f->repo->arena, &t, &e), *full;

		must(name != NULL, &e);
		full = arena_printf(
		    f->repo->arena, &e, "targets/%s.minisig", name);
		must(full != NULL, &e);
		ladder_fixture_put(f, full,
		    repo_minisign(f->repo, &keys->key[0], "file:manifest.json",
			buf_bytes(&b)));
	}
	return t;
}

static void
build_rung(struct ladder_fixture *f, int index)
{
	struct manifest m = ladder_fixture_manifest(f, index);
	struct target targets[LADDER_FIXTURE_TARGETS_MAX];
	int64_t version = ladder_version(&f->ladder, index);
	struct repo_view view;
	size_t n = 0;

	if (f->edit != NULL)
		f->edit(f, index, &m);
	targets[n++] = put_manifest(f, &m);
	for (size_t i = 0; i < m.nartifacts; i++) {
		const struct artifact *a = &m.artifacts[i];

		targets[n] =
		    (struct target){ .path = a->path, .length = a->size };
		memcpy(targets[n++].sha256, a->sha256, SHA256_SIZE);
		for (size_t k = 0; k < a->ndeltas; k++) {
			const struct delta_entry *d = &a->deltas[k];

			targets[n] = (struct target){ .path = d->path,
				.length = d->size };
			memcpy(targets[n++].sha256, d->sha256, SHA256_SIZE);
		}
	}
	if (m.offer && f->attachment)
		targets[n++] =
		    put_target(f, text(f, "1.", m.seq, ".0/attach/sbom.json"),
			repo_text("{}"));
	if (f->edit_targets != NULL)
		f->edit_targets(f, index, targets, &n);
	view = repo_view(f->repo, version, targets, n);
	ladder_fixture_put(
	    f, text(f, "", version, ".snapshot.json"), view.snapshot);
	ladder_fixture_put(
	    f, text(f, "", version, ".targets.json"), view.targets);
}

static int
read_file(void *ctx, const char *path, size_t max, struct arena *a,
    struct bytes *out, struct err *e)
{
	const struct ladder_fixture_file *file = ladder_fixture_find(ctx, path);

	if (file == NULL)
		return err_set(e, ERR_MISSING, "no such file");
	if (file->data.len > max)
		return err_set(e, ERR_LIMIT, "%zu bytes, at most %zu allowed",
		    file->data.len, max);
	out->len = file->data.len;
	out->at = arena_bytes(a, file->data.at, out->len, e);
	return out->at == NULL ? -1 : 0;
}

void
ladder_fixture_build(struct ladder_fixture *f)
{
	struct err e = { .msg = "" };
	struct bytes root = repo_root(f->repo, 1);

	f->nfiles = 0;
	f->source = (struct publication_source){ read_file, f };
	f->root = role_read(f->repo->arena, ROLE_ROOT, root, ROLE_STRICT, &e);
	must(f->root != NULL, &e);
	ladder_fixture_put(f, "1.root.json", root);
	for (int i = 0; i < ladder_rungs(&f->ladder); i++)
		build_rung(f, i);
}

const struct publication *
ladder_fixture_load(
    struct ladder_fixture *f, struct arena *a, int64_t now_s, struct err *e)
{
	return publication_load(a, &f->source, f->root, f->ladder.m, now_s, e);
}

const struct publication *
ladder_fixture_good(struct ladder_fixture *f)
{
	const struct publication *p;
	struct err e = { .msg = "" };

	ladder_fixture_build(f);
	p = ladder_fixture_load(f, f->repo->arena, REPO_NOW_S, &e);
	must(p != NULL, &e);
	return p;
}

struct publication_base
ladder_fixture_base(const struct publication *p, bool good)
{
	struct publication_base b = {
		.m = p->ladder.m,
		.seq = p->offer->seq,
		.version = p->offer->version,
		.next_seq = p->offer->seq + 1,
		.fallback_seq = good ? p->offer->seq : p->ladder.fallback_seq,
		.created_s = p->offer->created_s,
	};

	if (good)
		b.good_seq[b.ngood++] = p->offer->seq;
	for (int i = 0; i < p->ladder.ngood; i++)
		b.good_seq[b.ngood++] = p->ladder.good_seq[i];
	return b;
}

const char *
ladder_fixture_rung_path(struct ladder_fixture *f, int index, const char *role)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%lld.%s.json",
	    (long long)ladder_version(&f->ladder, index), role);
	return path;
}
