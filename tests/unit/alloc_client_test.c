/*
 * The updater's whole run with the n-th allocation failing: it installs or it
 * says that the machine failed; what it trusts, its floor and what it has seen
 * never go back, whatever the source shows; and a run with memory goes on.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "tests/alloc/failing.h"
#include "tests/client_world.h"
#include "tests/tap.h"

#define SOME 50 /* of the allocations of one run */

/* Nobody takes the power away here, and waiting for disks takes minutes. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

struct trial {
	struct client_world w;
	int64_t before, after; /* release that runs */
	bool behind;	       /* the source shows what was seen before */
	int64_t root;	       /* version of what was trusted, at least */
	int64_t timestamp, floor, seen;
};

static void
shell(const struct trial *t, const char *command)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (chdir(t->w.dir) == 0)
			(void)execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		abort();
}

/* --- what the machine remembers ------------------------------------------- */

static json_t *
state_file(const struct trial *t, const char *name)
{
	AUTO_ARENA a = arena_new(1 << 20);
	char path[1024];
	struct bytes text;
	struct err e;
	json_t *v = NULL;

	(void)snprintf(path, sizeof(path), "%s/state/%s/%s", t->w.dir,
	    CLIENT_WORLD_PRODUCT, name);
	if (file_read(a, path, 1 << 19, &text, &e) == 0)
		v = json_read(text, 1 << 19, &e);
	if (v == NULL)
		tap_note("%s: %s", name, e.msg);
	return v;
}

static int64_t
version_of(const struct trial *t, const char *role)
{
	char name[100];
	AUTO_JSON v = NULL;

	(void)snprintf(name, sizeof(name), "channels/%s/%s.json",
	    CLIENT_WORLD_CHANNEL, role);
	v = state_file(t, name);
	return json_integer_value(
	    json_object_get(json_object_get(v, "signed"), "version"));
}

static int64_t
remembered(const struct trial *t, const char *copy, const char *what)
{
	AUTO_JSON v = state_file(t, copy);
	const json_t *c = json_array_get(json_object_get(v, "channels"), 0);

	return json_integer_value(json_object_get(c, what));
}

/* --- a run ------------------------------------------------------------------ */

static int
run(void *ctx, struct err *e)
{
	struct trial *t = ctx;
	struct sluice_result r = { .size = sizeof(r) };
	struct sluice_options o = { .size = sizeof(o) };
	struct sluice *s = NULL;
	char conf[1024];
	int code;

	(void)snprintf(conf, sizeof(conf), "%s/sluice.conf", t->w.dir);
	o.config = conf;
	code = sluice_open(&s, &o);
	if (code == SLUICE_OK)
		code = sluice_update(s, 0, &r);
	if (code != SLUICE_OK)
		(void)err_set(e, code == SLUICE_UNKNOWN ? ERR_SYS : ERR_REFUSED,
		    "%s", s == NULL ? "no handle" : sluice_error(s));
	else if (t->behind && !r.behind)
		code = err_set(e, ERR_AUTH, "an old view was taken");
	sluice_close(s);
	return code == SLUICE_OK ? 0 : -1;
}

static bool
whole(const struct trial *t)
{
	AUTO_ARENA a = arena_new(1 << 20);
	char path[1024], want[32];
	struct bytes text;
	struct err e;

	(void)snprintf(
	    path, sizeof(path), "%s/install/current/editor.tar", t->w.dir);
	if (file_read(a, path, 1000, &text, &e) < 0) {
		tap_note("%s", e.msg);
		return false;
	}
	for (int64_t seq = t->before; seq <= t->after; seq++) {
		(void)snprintf(
		    want, sizeof(want), "linux%lld\n", (long long)seq);
		if (strcmp(want, (const char *)text.at) == 0)
			return true;
	}
	return false;
}

static void
after(void *ctx, int rc)
{
	static const char *const copies[] = { "state.json", "state2.json" };
	struct trial *t = ctx;
	struct err e = { .msg = "" };

	CHECK(whole(t));
	CHECK(version_of(t, "root") >= 1);
	if (t->root == 1)
		CHECK(version_of(t, "timestamp") >= t->timestamp);
	for (size_t i = 0; i < COUNT(copies); i++) {
		CHECK(remembered(t, copies[i], "floor_seq") >= t->floor);
		CHECK(remembered(t, copies[i], "seen") >= t->seen);
	}
	if (rc < 0 && !CHECK_INT(run(t, &e), 0))
		tap_note("afterwards: %s", e.msg);
	client_world_runs(&t->w, t->after);
	CHECK_INT(version_of(t, "root"), t->root);
	shell(t, "rm -rf state install && cp -a saved/state saved/install .");
}

/* The machine as it is now is where every run begins. */
static void
remember(struct trial *t)
{
	t->timestamp = version_of(t, "timestamp");
	t->floor = remembered(t, "state.json", "floor_seq");
	t->seen = remembered(t, "state.json", "seen");
	CHECK(t->timestamp > 0 && t->floor > 0 && t->seen > 0);
	shell(t, "mkdir saved && cp -a state install saved/");
}

/* 8 is installed, 9 on offer; the floor is 7. */
static void
begin(struct trial *t, const char *name)
{
	struct sluice_result r;
	struct client_world *w = &t->w;

	client_world_new(w, name);
	client_world_publish(w, 9, 2);
	w->f->floor_seq = 7;
	client_world_serve(w, 0);
	CHECK_INT(client_world_update(w, "", 0, &r), SLUICE_OK);
	client_world_runs(w, 8);
	t->root = 1;
	t->before = 8;
	t->after = 9;
}

static void
try(struct trial *t, const char *name)
{
	struct failing_trial f = { .name = name,
		.run = run,
		.after = after,
		.ctx = t,
		.good = true,
		.most = SOME };

	failing_try(&f);
	client_world_done(&t->w);
}

static void
alloc_update(void)
{
	struct trial t = { 0 };

	begin(&t, "update");
	remember(&t);
	client_world_serve(&t.w, 1);
	try(&t, "an update");
}

/* Both the round and the rung of what is shown are below what was seen. */
static void
alloc_source_behind(void)
{
	struct trial t = { 0 };
	struct sluice_result r;

	begin(&t, "behind");
	client_world_serve(&t.w, 1);
	CHECK_INT(client_world_update(&t.w, "", 0, &r), SLUICE_OK);
	client_world_runs(&t.w, 9);
	t.before = 9;
	t.behind = true;
	remember(&t);
	t.w.round = 0;
	client_world_serve(&t.w, 0);
	try(&t, "a source that is behind");
}

/* Root replaces the timestamp keys: what was seen is forgotten, and only so. */
static void
alloc_rotation(void)
{
	struct trial t = { 0 };
	struct repo *repo;
	struct bytes root;
	char path[1024];
	struct err e;

	begin(&t, "rotation");
	remember(&t);
	repo = t.w.f->repo;
	repo->roles[ROLE_TIMESTAMP] = repo_keys(1, "brake-2 twin-2");
	repo->signers[ROLE_TIMESTAMP] = repo_keys(1, "brake-2");
	root = repo_root(repo, 2);
	client_world_serve(&t.w, 1);
	(void)snprintf(path, sizeof(path), "%s/site/%s/%s/2.root.json", t.w.dir,
	    CLIENT_WORLD_PRODUCT, CLIENT_WORLD_CHANNEL);
	CHECK_INT(file_replace(path, root.at, root.len, 0644, &e), 0);
	t.root = 2;
	try(&t, "root replaces keys");
}

static const struct tap_test tests[] = {
	TAP(alloc_update),
	TAP(alloc_source_behind),
	TAP(alloc_rotation),
};

int
main(void)
{
	return failing_main(tests, COUNT(tests));
}
