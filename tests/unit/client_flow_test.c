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
#include "tests/client_world.h"
#include "tests/tap.h"

static bool
kept(const struct client_world *w, const char *name)
{
	char path[1024];

	(void)snprintf(
	    path, sizeof(path), "%s/install/releases/%s", w->dir, name);
	return file_exists(path);
}

/* From nothing to 8 (hold), then 9 (offer). */
static void
at_nine(struct client_world *w)
{
	struct sluice_result r;

	CHECK_INT(client_world_update(w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 8);
	client_world_serve(w, client_world_rung(w, RUNG_OFFER, 0));
	CHECK_INT(client_world_update(w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 9);
}

static void
flow_goes_up_and_keeps_the_previous(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;
	struct sluice *s;

	client_world_new(&w, "up");
	s = client_world_machine(&w, "");
	r = (struct sluice_result){ .size = sizeof(r) };
	CHECK_INT(sluice_check(s, 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_UP);
	CHECK_INT(r.changed, 0);
	sluice_close(s);
	client_world_runs(&w, 0);
	at_nine(&w);
	client_world_runs(&w, 9);
	CHECK(kept(&w, "8-1.8.0") && kept(&w, "9-1.9.0"));
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOTHING);
	CHECK_INT(r.changed, 0);
	/* the next publication: 8 goes */
	client_world_publish(&w, 10, 2);
	client_world_serve(&w, 1);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	client_world_runs(&w, 10);
	CHECK(!kept(&w, "8-1.8.0") && kept(&w, "9-1.9.0"));
}

static void
flow_goes_back_by_permission_only(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;

	client_world_new(&w, "back");
	at_nine(&w);
	client_world_serve(&w, client_world_rung(&w, RUNG_HALT, 0));
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOTHING);
	client_world_runs(&w, 9);
	client_world_serve(&w, client_world_rung(&w, RUNG_ROLLBACK, 8));
	CHECK_INT(
	    client_world_update(&w, "allow_rollback = no\n", 0, &r), SLUICE_OK);
	client_world_runs(&w, 9);
	CHECK_INT(client_world_update(&w, "allow_rollback = ask\n", 0, &r),
	    SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	client_world_runs(&w, 9);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_BACK);
	CHECK_INT(r.changed, 1);
	client_world_runs(&w, 8);
}

static void
flow_ignores_a_source_that_is_behind(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;

	client_world_new(&w, "behind");
	at_nine(&w);
	w.round = 0;
	client_world_serve(&w, 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.behind, 1);
	CHECK_INT(r.action, SLUICE_NOTHING);
	/* a new timestamp of an old view */
	w.round = 100;
	client_world_serve(&w, 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.behind, 1);
	client_world_runs(&w, 9);
}

static void
flow_obeys_cap_pin_and_offline(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;

	client_world_new(&w, "cap");
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	w.f->repo->timestamp.cap_bp = 1;
	client_world_serve(&w, 1);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	w.f->repo->timestamp.cap_bp = 10000;
	w.f->repo->timestamp.pin_seq = 8;
	client_world_serve(&w, 1);
	CHECK_INT(client_world_update(&w, "", SLUICE_ASKED, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	w.f->repo->timestamp.pin_seq = 0;
	w.f->repo->timestamp.offline = true;
	client_world_serve(&w, 1);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_REFUSED);
	client_world_runs(&w, 8);
	CHECK_INT(client_world_update(&w, "mirror = yes\n", 0, &r), SLUICE_OK);
	client_world_runs(&w, 9);
}

static void
flow_rolls_back_by_hand(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r = { .size = sizeof(r) };
	struct sluice *s;

	client_world_new(&w, "hand");
	at_nine(&w);
	s = client_world_machine(&w, "floor_seq = 9\n");
	CHECK_INT(sluice_rollback(s, &r), SLUICE_REFUSED);
	sluice_close(s);
	client_world_runs(&w, 9);
	s = client_world_machine(&w, "");
	CHECK_INT(sluice_rollback(s, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 8);
	client_world_runs(&w, 8);
	CHECK_INT(sluice_rollback(s, &r), SLUICE_REFUSED);
	sluice_close(s);
	/* not up again by itself, but by hand */
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	client_world_runs(&w, 8);
	CHECK_INT(client_world_update(&w, "", SLUICE_ASKED, &r), SLUICE_OK);
	client_world_runs(&w, 9);
}

static void
flow_takes_a_failing_release_back(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;

	client_world_new(&w, "fail");
	CHECK_INT(client_world_update(&w, "self_test = /bin/true\n", 0, &r),
	    SLUICE_OK);
	client_world_runs(&w, 8);
	client_world_serve(&w, 1);
	CHECK_INT(client_world_update(&w, "self_test = /bin/false\n", 0, &r),
	    SLUICE_REFUSED);
	client_world_runs(&w, 8);
	CHECK_INT(client_world_update(&w, "self_test = /bin/false\n", 0, &r),
	    SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOT_YET);
	CHECK_INT(client_world_update(&w,
		      "self_test = sleep 60\nself_test_time = 1s\n",
		      SLUICE_ASKED, &r),
	    SLUICE_REFUSED);
	client_world_runs(&w, 8);
	CHECK_INT(client_world_update(&w, "self_test = test -f {}/editor.tar\n",
		      SLUICE_ASKED, &r),
	    SLUICE_OK);
	client_world_runs(&w, 9);
}

static void
flow_goes_back_after_too_many_starts(void)
{
	static const char more[] = "confirm = yes\nmax_starts = 2\n";
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;
	struct sluice_status st = { .size = sizeof(st) };
	struct sluice *s;

	client_world_new(&w, "loop");
	CHECK_INT(client_world_update(&w, more, 0, &r), SLUICE_OK);
	s = client_world_machine(&w, more);
	CHECK_INT(sluice_started(s), SLUICE_OK);
	CHECK_INT(sluice_confirm(s), SLUICE_OK);
	client_world_serve(&w, 1);
	CHECK_INT(client_world_update(&w, more, 0, &r), SLUICE_OK);
	client_world_runs(&w, 9);
	CHECK_INT(sluice_status(s, &st), SLUICE_OK);
	CHECK_INT(st.pending_seq, 9);
	CHECK_INT(st.installed_seq, 8);
	CHECK_INT(sluice_started(s), SLUICE_OK);
	CHECK_INT(sluice_started(s), SLUICE_OK);
	CHECK_INT(sluice_started(s), SLUICE_REFUSED);
	sluice_close(s);
	client_world_runs(&w, 8);
}

static void
flow_refuses_changed_bytes(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;
	struct ladder_fixture_file *file = NULL;

	client_world_new(&w, "bytes");
	for (size_t i = 0; i < w.f->nfiles; i++)
		if (strstr(w.f->files[i].path, "1.8.0/linux") != NULL)
			file = &w.f->files[i];
	if (!CHECK(file != NULL))
		return;
	file->data = repo_text("linuxX\n");
	client_world_serve(&w, 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_REFUSED);
	client_world_runs(&w, 0);
	file->data = repo_text("linux8");
	client_world_serve(&w, 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_REFUSED);
	file->data = repo_text("linux8\nlinux8\n");
	client_world_serve(&w, 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_REFUSED);
	client_world_runs(&w, 0);
	file->data = repo_text("linux8\n");
	client_world_serve(&w, 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	client_world_runs(&w, 8);
}

static void
flow_trusts_one_root_of_the_right_fingerprint(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice *s;
	char root[1024], wrong[65];

	client_world_new(&w, "root");
	memset(wrong, '0', 64);
	wrong[64] = 0;
	(void)snprintf(root, sizeof(root),
	    "%s/site/" CLIENT_WORLD_PRODUCT "/" CLIENT_WORLD_CHANNEL
	    "/1.root.json",
	    w.dir);
	s = client_world_machine(&w, "");
	CHECK_INT(sluice_init(s, root, wrong), SLUICE_REFUSED);
	CHECK_INT(sluice_init(s, root, NULL), SLUICE_REFUSED); /* again */
	CHECK_INT(sluice_channel(s, "canary"), SLUICE_UNKNOWN);
	CHECK(sluice_hint(s)[0] != 0);
	CHECK_INT(sluice_channel(s, CLIENT_WORLD_CHANNEL), SLUICE_OK);
	sluice_close(s);
}

static void
follow(const struct client_world *w, const char *channel)
{
	struct sluice *s = client_world_machine(w, "");

	CHECK_INT(sluice_channel(s, channel), SLUICE_OK);
	sluice_close(s);
}

static void
flow_keeps_what_is_installed_across_channels(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;

	client_world_new(&w, "channels");
	at_nine(&w);
	w.channel = "canary";
	client_world_publish(&w, 12, 2);
	client_world_serve(&w, 1);
	client_world_trust(&w);
	follow(&w, "canary");
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	client_world_runs(&w, 12);
	follow(&w, CLIENT_WORLD_CHANNEL);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_NOTHING);
	client_world_runs(&w, 12);
	CHECK_INT(
	    client_world_update(&w, "floor_seq = 10\n", SLUICE_BACK_NOW, &r),
	    SLUICE_REFUSED);
	client_world_runs(&w, 12);
	CHECK_INT(client_world_update(&w, "", SLUICE_BACK_NOW, &r), SLUICE_OK);
	CHECK_INT(r.action, SLUICE_BACK);
	client_world_runs(&w, 9);
}

static void
flow_installs_anew_what_has_vanished(void)
{
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;
	char path[1024];
	struct err e;

	client_world_new(&w, "vanished");
	at_nine(&w);
	(void)snprintf(
	    path, sizeof(path), "%s/install/releases/9-1.9.0", w.dir);
	CHECK_INT(file_remove_tree(path, &e), 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	client_world_runs(&w, 9);
	/* and remembers nothing but what `current` says */
	(void)snprintf(
	    path, sizeof(path), "%s/state/" CLIENT_WORLD_PRODUCT, w.dir);
	(void)snprintf(path + strlen(path), 32, "/state.json");
	CHECK_INT(unlink(path), 0);
	(void)snprintf(path, sizeof(path),
	    "%s/state/" CLIENT_WORLD_PRODUCT "/state2.json", w.dir);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	CHECK_INT(r.installed_seq, 9);
	CHECK_INT(r.changed, 0);
}

/* Killed at any point: `current` is whole, and the next run ends well. */
static void
flow_survives_a_kill_at_any_point(void)
{
	/* else being killed in the test counts against the release */
	static const char more[] = "self_test = /bin/true\nmax_starts = 99\n";
	AUTO_CLIENT_WORLD w;
	struct sluice_result r;
	int64_t seq = 9;

	client_world_new(&w, "kill");
	CHECK_INT(client_world_update(&w, "", 0, &r), SLUICE_OK);
	for (int i = 0; i < 60; i++) {
		struct timespec t = { .tv_nsec = i * 400 * 1000 };
		struct sluice_status st = { .size = sizeof(st) };
		struct sluice *s;
		pid_t pid;

		client_world_serve(&w, 1);
		if ((pid = fork()) == 0) {
			(void)client_world_update(&w, more, 0, &r);
			_exit(0);
		}
		(void)nanosleep(&t, NULL);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		s = client_world_machine(&w, more);
		CHECK_INT(sluice_status(s, &st), SLUICE_OK);
		sluice_close(s);
		CHECK(st.path[0] != 0 && file_exists(st.path));
		CHECK_INT(st.floor_seq, 0);
		if (i % 6 != 5)
			continue;
		CHECK_INT(client_world_update(&w, more, 0, &r), SLUICE_OK);
		client_world_runs(&w, seq);
		client_world_publish(&w, ++seq, 2);
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
