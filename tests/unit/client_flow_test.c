/*
 * The install flow against whole signed publications in a folder, through the
 * public header: up, back, behind, failing, killed.
 */
#include "client/libsluice.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "tests/ladder_fixture.h"
#include "tests/tap.h"

#define PRODUCT "editor"
#define CHANNEL "stable"

/* A site and a machine in a folder of their own. */
struct world {
	char dir[512];
	const char *channel;
	struct ladder_fixture *f;
	int64_t round;
};

static void
world_done(struct world *w)
{
	ladder_fixture_free(w->f);
}
#define AUTO_WORLD CLEANUP(world_done) struct world

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

static void
publish(struct world *w, int64_t seq, int ngood)
{
	int64_t now_s = (int64_t)time(NULL);
	struct ladder_fixture *f =
	    ladder_fixture_new(PRODUCT, w->channel, seq, ngood);

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
static void
serve(struct world *w, int rung)
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
		    PRODUCT, w->channel, f->files[i].path);
		put(path, f->files[i].data.at, f->files[i].data.len);
	}
	(void)snprintf(
	    name, sizeof(name), "%lld.snapshot.json", (long long)version);
	meta = repo_meta(
	    "snapshot.json", version, ladder_fixture_find(f, name)->data);
	t = repo_timestamp(f->repo, ++w->round, &meta);
	(void)snprintf(path, sizeof(path), "%s/site/%s/%s/timestamp.json",
	    w->dir, PRODUCT, w->channel);
	put(path, t.at, t.len);
}

static int
rung(const struct world *w, enum rung_kind kind, int64_t seq)
{
	int n = ladder_rung(&w->f->ladder, 0, kind, seq);

	CHECK(n >= 0);
	return n;
}

/* A configuration with more lines, and a handle of it. */
static struct sluice *
machine(const struct world *w, const char *more)
{
	char path[1024], text[4096];
	struct sluice_options o = { .size = sizeof(o), .config = path };
	struct sluice *s;

	(void)snprintf(path, sizeof(path), "%s/sluice.conf", w->dir);
	(void)snprintf(text, sizeof(text),
	    "url = file://%s/site\nproduct = " PRODUCT "\nchannel = " CHANNEL
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

static void
trust(const struct world *w)
{
	struct sluice *s = machine(w, "");
	char root[1024];

	(void)snprintf(root, sizeof(root), "%s/site/" PRODUCT "/%s/1.root.json",
	    w->dir, w->channel);
	if (!CHECK_INT(sluice_init(s, root, NULL), SLUICE_OK))
		tap_note("%s", sluice_error(s));
	sluice_close(s);
}

static void
world_new(struct world *w, const char *name)
{
	memset(w, 0, sizeof(*w));
	w->channel = CHANNEL;
	(void)snprintf(w->dir, sizeof(w->dir), "%s/%s", tap_tmpdir(), name);
	publish(w, 9, 2);
	serve(w, 0);
	trust(w);
}

static int
update(
    const struct world *w, const char *more, int flags, struct sluice_result *r)
{
	struct sluice *s = machine(w, more);
	int code;

	*r = (struct sluice_result){ .size = sizeof(*r) };
	code = sluice_update(s, flags, r);
	if (code != SLUICE_OK)
		tap_note("%s", sluice_error(s));
	sluice_close(s);
	return code;
}

/* What `current` gives; seq 0: nothing. */
static void
installed(const struct world *w, int64_t seq)
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

static bool
kept(const struct world *w, const char *name)
{
	char path[1024];

	(void)snprintf(
	    path, sizeof(path), "%s/install/releases/%s", w->dir, name);
	return file_exists(path);
}

/* From nothing to 8 (hold), then 9 (offer). */
static void
at_nine(struct world *w)
{
	struct sluice_result r;

	CHECK_INT(update(w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 8);
	serve(w, rung(w, RUNG_OFFER, 0));
	CHECK_INT(update(w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 9);
}

static void
flow_goes_up_and_keeps_the_previous(void)
{
	AUTO_WORLD w;
	struct sluice_result r;
	struct sluice *s;

	world_new(&w, "up");
	s = machine(&w, "");
	r = (struct sluice_result){ .size = sizeof(r) };
	CHECK_INT(sluice_check(s, 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_UP);
	CHECK_INT(r.changed, 0);
	sluice_close(s);
	installed(&w, 0);
	at_nine(&w);
	installed(&w, 9);
	CHECK(kept(&w, "8-1.8.0") && kept(&w, "9-1.9.0"));
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOTHING);
	CHECK_INT(r.changed, 0);
	/* the next publication: 8 goes */
	publish(&w, 10, 2);
	serve(&w, 1);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	installed(&w, 10);
	CHECK(!kept(&w, "8-1.8.0") && kept(&w, "9-1.9.0"));
}

static void
flow_goes_back_by_permission_only(void)
{
	AUTO_WORLD w;
	struct sluice_result r;

	world_new(&w, "back");
	at_nine(&w);
	serve(&w, rung(&w, RUNG_HALT, 0));
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOTHING);
	installed(&w, 9);
	serve(&w, rung(&w, RUNG_ROLLBACK, 8));
	CHECK_INT(update(&w, "allow_rollback = no\n", 0, &r), SLUICE_OK);
	installed(&w, 9);
	CHECK_INT(update(&w, "allow_rollback = ask\n", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	installed(&w, 9);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_BACK);
	CHECK_INT(r.changed, 1);
	installed(&w, 8);
}

static void
flow_ignores_a_source_that_is_behind(void)
{
	AUTO_WORLD w;
	struct sluice_result r;

	world_new(&w, "behind");
	at_nine(&w);
	w.round = 0;
	serve(&w, 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.behind, 1);
	CHECK_INT(r.action, SLUICE_NOTHING);
	/* a new timestamp of an old view */
	w.round = 100;
	serve(&w, 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.behind, 1);
	installed(&w, 9);
}

static void
flow_obeys_cap_pin_and_offline(void)
{
	AUTO_WORLD w;
	struct sluice_result r;

	world_new(&w, "cap");
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	w.f->repo->timestamp.cap_bp = 1;
	serve(&w, 1);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	w.f->repo->timestamp.cap_bp = 10000;
	w.f->repo->timestamp.pin_seq = 8;
	serve(&w, 1);
	CHECK_INT(update(&w, "", SLUICE_ASKED, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	w.f->repo->timestamp.pin_seq = 0;
	w.f->repo->timestamp.offline = true;
	serve(&w, 1);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_REFUSED);
	installed(&w, 8);
	CHECK_INT(update(&w, "mirror = yes\n", 0, &r), SLUICE_OK);
	installed(&w, 9);
}

static void
flow_rolls_back_by_hand(void)
{
	AUTO_WORLD w;
	struct sluice_result r = { .size = sizeof(r) };
	struct sluice *s;

	world_new(&w, "hand");
	at_nine(&w);
	s = machine(&w, "floor_seq = 9\n");
	CHECK_INT(sluice_rollback(s, &r), SLUICE_REFUSED);
	sluice_close(s);
	installed(&w, 9);
	s = machine(&w, "");
	CHECK_INT(sluice_rollback(s, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 8);
	installed(&w, 8);
	CHECK_INT(sluice_rollback(s, &r), SLUICE_REFUSED);
	sluice_close(s);
	/* not up again by itself, but by hand */
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	installed(&w, 8);
	CHECK_INT(update(&w, "", SLUICE_ASKED, &r), SLUICE_OK);
	installed(&w, 9);
}

static void
flow_takes_a_failing_release_back(void)
{
	AUTO_WORLD w;
	struct sluice_result r;

	world_new(&w, "fail");
	CHECK_INT(update(&w, "self_test = /bin/true\n", 0, &r), SLUICE_OK);
	installed(&w, 8);
	serve(&w, 1);
	CHECK_INT(
	    update(&w, "self_test = /bin/false\n", 0, &r), SLUICE_REFUSED);
	installed(&w, 8);
	CHECK_INT(update(&w, "self_test = /bin/false\n", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	CHECK_INT(update(&w, "self_test = sleep 60\nself_test_time = 1s\n",
		      SLUICE_ASKED, &r),
	    SLUICE_REFUSED);
	installed(&w, 8);
	CHECK_INT(
	    update(&w, "self_test = test -f {}/editor.tar\n", SLUICE_ASKED, &r),
	    SLUICE_OK);
	installed(&w, 9);
}

static void
flow_goes_back_after_too_many_starts(void)
{
	static const char more[] = "confirm = yes\nmax_starts = 2\n";
	AUTO_WORLD w;
	struct sluice_result r;
	struct sluice_status st = { .size = sizeof(st) };
	struct sluice *s;

	world_new(&w, "loop");
	CHECK_INT(update(&w, more, 0, &r), SLUICE_OK);
	s = machine(&w, more);
	CHECK_INT(sluice_started(s), SLUICE_OK);
	CHECK_INT(sluice_confirm(s), SLUICE_OK);
	serve(&w, 1);
	CHECK_INT(update(&w, more, 0, &r), SLUICE_OK);
	installed(&w, 9);
	CHECK_INT(sluice_status(s, &st), SLUICE_OK);
	CHECK_INT(st.pending_seq, 9);
	CHECK_INT(st.installed_seq, 8);
	CHECK_INT(sluice_started(s), SLUICE_OK);
	CHECK_INT(sluice_started(s), SLUICE_OK);
	CHECK_INT(sluice_started(s), SLUICE_REFUSED);
	sluice_close(s);
	installed(&w, 8);
}

static void
flow_refuses_changed_bytes(void)
{
	AUTO_WORLD w;
	struct sluice_result r;
	struct ladder_fixture_file *file = NULL;

	world_new(&w, "bytes");
	for (size_t i = 0; i < w.f->nfiles; i++)
		if (strstr(w.f->files[i].path, "1.8.0/linux") != NULL)
			file = &w.f->files[i];
	if (!CHECK(file != NULL))
		return;
	file->data = repo_text("linuxX\n");
	serve(&w, 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_REFUSED);
	installed(&w, 0);
	file->data = repo_text("linux8");
	serve(&w, 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_REFUSED);
	file->data = repo_text("linux8\nlinux8\n");
	serve(&w, 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_REFUSED);
	installed(&w, 0);
	file->data = repo_text("linux8\n");
	serve(&w, 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	installed(&w, 8);
}

static void
flow_trusts_one_root_of_the_right_fingerprint(void)
{
	AUTO_WORLD w;
	struct sluice *s;
	char root[1024], wrong[65];

	world_new(&w, "root");
	memset(wrong, '0', 64);
	wrong[64] = 0;
	(void)snprintf(root, sizeof(root),
	    "%s/site/" PRODUCT "/" CHANNEL "/1.root.json", w.dir);
	s = machine(&w, "");
	CHECK_INT(sluice_init(s, root, wrong), SLUICE_REFUSED);
	CHECK_INT(sluice_init(s, root, NULL), SLUICE_REFUSED); /* again */
	CHECK_INT(sluice_channel(s, "canary"), SLUICE_UNKNOWN);
	CHECK(sluice_hint(s)[0] != 0);
	CHECK_INT(sluice_channel(s, CHANNEL), SLUICE_OK);
	sluice_close(s);
}

static void
follow(const struct world *w, const char *channel)
{
	struct sluice *s = machine(w, "");

	CHECK_INT(sluice_channel(s, channel), SLUICE_OK);
	sluice_close(s);
}

static void
flow_keeps_what_is_installed_across_channels(void)
{
	AUTO_WORLD w;
	struct sluice_result r;

	world_new(&w, "channels");
	at_nine(&w);
	w.channel = "canary";
	publish(&w, 12, 2);
	serve(&w, 1);
	trust(&w);
	follow(&w, "canary");
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	installed(&w, 12);
	follow(&w, CHANNEL);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOTHING);
	installed(&w, 12);
	CHECK_INT(update(&w, "floor_seq = 10\n", SLUICE_BACK_NOW, &r),
	    SLUICE_REFUSED);
	installed(&w, 12);
	CHECK_INT(update(&w, "", SLUICE_BACK_NOW, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_BACK);
	installed(&w, 9);
}

static void
flow_installs_anew_what_has_vanished(void)
{
	AUTO_WORLD w;
	struct sluice_result r;
	char path[1024];
	struct err e;

	world_new(&w, "vanished");
	at_nine(&w);
	(void)snprintf(
	    path, sizeof(path), "%s/install/releases/9-1.9.0", w.dir);
	CHECK_INT(file_remove_tree(path, &e), 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	installed(&w, 9);
	/* and remembers nothing but what `current` says */
	(void)snprintf(path, sizeof(path), "%s/state/" PRODUCT, w.dir);
	(void)snprintf(path + strlen(path), 32, "/state.json");
	CHECK_INT(unlink(path), 0);
	(void)snprintf(
	    path, sizeof(path), "%s/state/" PRODUCT "/state2.json", w.dir);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 9);
	CHECK_INT(r.changed, 0);
}

/* Killed at any point: `current` is whole, and the next run ends well. */
static void
flow_survives_a_kill_at_any_point(void)
{
	/* else being killed in the test counts against the release */
	static const char more[] = "self_test = /bin/true\nmax_starts = 99\n";
	AUTO_WORLD w;
	struct sluice_result r;
	int64_t seq = 9;

	world_new(&w, "kill");
	CHECK_INT(update(&w, "", 0, &r), SLUICE_OK);
	for (int i = 0; i < 60; i++) {
		struct timespec t = { .tv_nsec = i * 400 * 1000 };
		struct sluice_status st = { .size = sizeof(st) };
		struct sluice *s;
		pid_t pid;

		serve(&w, 1);
		if ((pid = fork()) == 0) {
			(void)update(&w, more, 0, &r);
			_exit(0);
		}
		(void)nanosleep(&t, NULL);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		s = machine(&w, more);
		CHECK_INT(sluice_status(s, &st), SLUICE_OK);
		sluice_close(s);
		CHECK(st.path[0] != 0 && file_exists(st.path));
		CHECK_INT(st.floor_seq, 0);
		if (i % 6 != 5)
			continue;
		CHECK_INT(update(&w, more, 0, &r), SLUICE_OK);
		installed(&w, seq);
		publish(&w, ++seq, 2);
	}
}

static const struct tap_test tests[] = {
	TAP(flow_goes_up_and_keeps_the_previous),
	TAP(flow_goes_back_by_permission_only),
	TAP(flow_ignores_a_source_that_is_behind),
	TAP(flow_obeys_cap_pin_and_offline),
	TAP(flow_rolls_back_by_hand),
	TAP(flow_takes_a_failing_release_back),
	TAP(flow_goes_back_after_too_many_starts),
	TAP(flow_refuses_changed_bytes),
	TAP(flow_trusts_one_root_of_the_right_fingerprint),
	TAP(flow_keeps_what_is_installed_across_channels),
	TAP(flow_installs_anew_what_has_vanished),
	TAP(flow_survives_a_kill_at_any_point),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
