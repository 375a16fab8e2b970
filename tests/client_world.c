/*
 * See client_world.h.
 */
#include "tests/client_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "manifest/base/file.h"
#include "tests/tap.h"

void
client_world_done(struct client_world *w)
{
	ladder_fixture_free(w->f);
}
static void
put(const char *path, const void *at, size_t len)
{
	char folder[2048];
	struct err e = { 0 };

	(void)snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = 0;
	if (file_mkdirs(folder, 0755, &e) < 0 ||
	    file_replace(path, at, len, 0644, &e) < 0) {
		tap_note("%s", e.msg);
		abort();
	}
}

void
client_world_publish(struct client_world *w, int64_t seq, int ngood)
{
	int64_t now_s = (int64_t)time(NULL);
	struct ladder_fixture *f =
	    ladder_fixture_new(CLIENT_WORLD_PRODUCT, w->channel, seq, ngood);

	ladder_fixture_free(w->f);
	w->f = f;
	f->created_s = now_s - 10 * REPO_DAY_S;
	f->expires_s = now_s + 30 * REPO_DAY_S;
	for (int i = 0; i < ROLE_KINDS; i++)
		f->repo->expires_s[i] = now_s + 30 * REPO_DAY_S;
	f->repo->timestamp.signed_at_s = now_s;
	f->repo->timestamp.cap_bp = 10000;
}

/* Put the publication and the timestamp of one rung in place. */
void
client_world_serve(struct client_world *w, int rung)
{
	struct ladder_fixture *f = w->f;
	int64_t version = ladder_version(&f->ladder, rung);
	char path[2048], name[64];
	struct metafile meta;
	struct bytes t;

	if (f->nfiles == 0)
		ladder_fixture_build(f);
	for (size_t i = 0; i < f->nfiles; i++) {
		(void)snprintf(path, sizeof(path), "%s/site/%s/%s/%s", w->dir,
		    CLIENT_WORLD_PRODUCT, w->channel, f->files[i].path);
		put(path, f->files[i].data.at, f->files[i].data.len);
	}
	(void)snprintf(
	    name, sizeof(name), "%lld.snapshot.json", (long long)version);
	meta = repo_meta(
	    "snapshot.json", version, ladder_fixture_find(f, name)->data);
	t = repo_timestamp(f->repo, ++w->round, &meta);
	(void)snprintf(path, sizeof(path), "%s/site/%s/%s/timestamp.json",
	    w->dir, CLIENT_WORLD_PRODUCT, w->channel);
	put(path, t.at, t.len);
}

int
client_world_rung(
    const struct client_world *w, enum rung_kind kind, int64_t seq)
{
	int n = ladder_rung(&w->f->ladder, 0, kind, seq);

	CHECK(n >= 0);
	return n;
}

/* A configuration with more lines, and a handle of it. */
struct sluice *
client_world_machine(const struct client_world *w, const char *more)
{
	char path[1024], text[4096];
	struct sluice_options o = { .size = sizeof(o), .config = path };
	struct sluice *s;

	(void)snprintf(path, sizeof(path), "%s/sluice.conf", w->dir);
	(void)snprintf(text, sizeof(text),
	    "url = file://%s/site\nproduct = " CLIENT_WORLD_PRODUCT
	    "\nchannel = " CLIENT_WORLD_CHANNEL
	    "\nstate = %s/state\ninstall = %s/install\nos = linux\n"
	    "arch = x86_64\nmachine_id = machine-1\n%s",
	    w->dir, w->dir, w->dir, more);
	put(path, text, strlen(text));
	if (sluice_open(&s, &o) != SLUICE_OK) {
		tap_note("%s", sluice_error(s));
		abort();
	}
	return s;
}

void
client_world_trust(const struct client_world *w)
{
	struct sluice *s = client_world_machine(w, "");
	char root[1024];

	(void)snprintf(root, sizeof(root),
	    "%s/site/" CLIENT_WORLD_PRODUCT "/%s/1.root.json", w->dir,
	    w->channel);
	if (!CHECK_INT(sluice_init(s, root, NULL), SLUICE_OK))
		tap_note("%s", sluice_error(s));
	sluice_close(s);
}

void
client_world_new(struct client_world *w, const char *name)
{
	memset(w, 0, sizeof(*w));
	w->channel = CLIENT_WORLD_CHANNEL;
	(void)snprintf(w->dir, sizeof(w->dir), "%s/%s", tap_tmpdir(), name);
	client_world_publish(w, 9, 2);
	client_world_serve(w, 0);
	client_world_trust(w);
}

int
client_world_update(const struct client_world *w, const char *more, int flags,
    struct sluice_result *r)
{
	struct sluice *s = client_world_machine(w, more);
	int code;

	*r = (struct sluice_result){ .size = sizeof(*r) };
	code = sluice_update(s, flags, r);
	if (code != SLUICE_OK)
		tap_note("%s", sluice_error(s));
	sluice_close(s);
	return code;
}

/* What `current` gives; seq 0: nothing. */
void
client_world_runs(const struct client_world *w, int64_t seq)
{
	char path[1024], want[64], got[64] = "";
	FILE *f;

	(void)snprintf(
	    path, sizeof(path), "%s/install/current/editor.tar", w->dir);
	want[0] = 0;
	if (seq != 0)
		(void)snprintf(
		    want, sizeof(want), "linux%lld\n", (long long)seq);
	if ((f = fopen(path, "r")) != NULL) {
		if (fgets(got, sizeof(got), f) == NULL)
			got[0] = 0;
		(void)fclose(f);
	}
	CHECK_TEXT(got, want);
}
