/*
 * The brake: what it takes, what it refuses, what it remembers.
 */
#include "server/brake.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "server/ipc.h"
#include "tests/ladder_fixture.h"
#include "tests/tap.h"

#define MINUTES (REPO_NOW_S / 60)

static char dir[256];
static struct err e;

/* A brake with the fixtures' key, that trusts root 1 of f. */
static void
put_key(const char *name, const char *key)
{
	char path[512], text[128], hex[HEX_SIZE(32)];
	uint8_t seed[32];
	int n = snprintf(text, sizeof(text), "sluice test key %s", key);

	sha256(seed, text, (size_t)n);
	hex_write(hex, seed, sizeof(seed));
	snprintf(path, sizeof(path), "%s/editor/stable", dir);
	CHECK_INT(file_mkdirs(path, 0700, &e), 0);
	snprintf(path, sizeof(path), "%s/editor/stable/%s", dir, name);
	CHECK_INT(file_replace(path, hex, 64, 0600, &e), 0);
}

static int
trust(struct bytes root)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/root.json", dir);
	CHECK_INT(file_replace(path, root.at, root.len, 0600, &e), 0);
	return brake_trust(dir, "editor", "stable", path, &e);
}

static struct ladder_fixture *
start(int64_t seq, bool fresh)
{
	struct ladder_fixture *f =
	    ladder_fixture_new("editor", "stable", seq, 2);

	ladder_fixture_build(f);
	if (!fresh)
		return f;
	snprintf(dir, sizeof(dir), "%s/brake", tap_tmpdir());
	CHECK_INT(file_remove_tree(dir, &e), 0);
	put_key("key", "brake");
	CHECK_INT(trust(ladder_fixture_find(f, "1.root.json")->data), 0);
	return f;
}

static json_t *
doc(struct bytes b)
{
	json_t *v = json_read(b, ROLE_TARGETS_MAX, &e);

	CHECK(v != NULL);
	return v;
}

/* The message that hands f over. */
static json_t *
hand(struct ladder_fixture *f)
{
	json_t *snapshots = json_array(), *targets = json_array();
	json_t *manifest = NULL;
	char path[256];
	AUTO_ARENA a = arena_new(64 << 20);
	const struct publication *p = ladder_fixture_load(f, a, REPO_NOW_S, &e);

	if (!CHECK(p != NULL))
		tap_note("%s", e.msg);
	for (int i = 0; i < ladder_rungs(&f->ladder); i++) {
		long long v = ladder_version(&f->ladder, i);

		snprintf(path, sizeof(path), "%lld.snapshot.json", v);
		json_array_append_new(
		    snapshots, doc(ladder_fixture_find(f, path)->data));
		snprintf(path, sizeof(path), "%lld.targets.json", v);
		json_array_append_new(
		    targets, doc(ladder_fixture_find(f, path)->data));
	}
	if (p != NULL)
		manifest = doc(p->rungs[1].manifest_file);
	return json_pack("{ss ss sI s[] so so so}", "do", "adopt", "channel",
	    "editor/stable", "m", (json_int_t)f->ladder.m, "roots", "snapshots",
	    snapshots, "targets", targets, "manifest", manifest);
}

static int
tell(const json_t *ask)
{
	json_t *out = brake_answer(dir, ask, REPO_NOW_S, &e);

	if (out == NULL)
		return -1;
	json_decref(out);
	return 0;
}

static int
adopt(struct ladder_fixture *f)
{
	AUTO_JSON ask = hand(f);

	return tell(ask);
}

static int64_t state(const char *key);

static json_t *
sign_ask(int64_t round, int rung)
{
	return json_pack("{ss ss sI sI sI sI s[{si si si sb}]}", "do", "sign",
	    "channel", "editor/stable", "m", (json_int_t)state("m"), "round",
	    (json_int_t)round, "signed_at", (json_int_t)REPO_NOW_S, "expires",
	    (json_int_t)(REPO_NOW_S + 3600), "views", "rung", rung, "cap_bp",
	    rung == 1 ? 2500 : 0, "pin_seq", 0, "urgent", 0);
}

static json_t *
sign(int64_t round, int rung)
{
	AUTO_JSON ask = sign_ask(round, rung);

	return brake_answer(dir, ask, REPO_NOW_S, &e);
}

static int
signs(int64_t round, int rung)
{
	AUTO_JSON out = sign(round, rung);

	return out == NULL ? -1 : 0;
}

static int
sign_with(int64_t round, const char *key, json_t *value)
{
	AUTO_JSON ask = sign_ask(round, 1);

	json_object_set_new(ask, key, value);
	return tell(ask);
}

static int64_t
state(const char *key)
{
	AUTO_JSON ask =
	    json_pack("{ss ss}", "do", "state", "channel", "editor/stable");
	AUTO_JSON out = brake_answer(dir, ask, REPO_NOW_S, &e);

	CHECK(out != NULL);
	return json_integer_value(json_object_get(out, key));
}

static void
timestamps_verify_and_name_their_snapshot(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);
	AUTO_ARENA a = arena_new(1 << 20);
	AUTO_JSON out = NULL;
	const struct role *t;
	const char *text;

	if (!CHECK_INT(adopt(f), 0))
		tap_note("%s", e.msg);
	out = sign(MINUTES, 1);
	if (!CHECK(out != NULL)) {
		tap_note("%s", e.msg);
		return;
	}
	text = json_string_value(
	    json_array_get(json_object_get(out, "timestamps"), 0));
	t = role_read(a, ROLE_TIMESTAMP,
	    (struct bytes){ (const uint8_t *)text, strlen(text) }, ROLE_STRICT,
	    &e);
	if (!CHECK(t != NULL))
		return;
	CHECK_INT(role_verify(t, f->root, NULL, true, &e), 0);
	CHECK_INT(t->version, 32 * MINUTES + 1);
	CHECK_INT(t->meta[0].version, ladder_version(&f->ladder, 1));
	CHECK_INT(t->cap_bp, 2500);
	CHECK_INT(t->signed_at_s, REPO_NOW_S);
	CHECK(!t->offline);
	CHECK(strlen(text) < 1000);
}

static void
rounds_only_go_up(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);
	AUTO_JSON one = NULL;
	AUTO_JSON two = NULL;

	CHECK_INT(signs(MINUTES, 1), -1); /* nothing was handed over */
	CHECK_INT(adopt(f), 0);
	one = sign(MINUTES, 1);
	two = sign(MINUTES, 1);
	CHECK(one != NULL && json_equal(one, two));
	CHECK_INT(signs(MINUTES, 3), 0); /* the rest of the same round */
	CHECK_INT(
	    sign_with(MINUTES, "expires", json_integer(REPO_NOW_S + 3601)), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK_INT(signs(MINUTES - 1, 1), -1);
	CHECK_INT(signs(MINUTES + 1, 0), 0);
	CHECK_INT(state("round"), MINUTES + 1);
	CHECK_INT(state("rung"), 3);
	CHECK_INT(signs(MINUTES, 1), -1);
}

static void
far_rounds_wait_for_a_person(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);

	CHECK_INT(adopt(f), 0);
	CHECK_INT(signs(MINUTES + BRAKE_AHEAD_MAX + 1, 1), -1);
	CHECK_INT(signs(MINUTES - 20000, 1), 0);
	CHECK_INT(signs(MINUTES, 1), -1);
	CHECK(strstr(e.msg, "7 days") != NULL);
	CHECK_INT(sign_with(MINUTES, "confirm", json_true()), 0);
	CHECK_INT(signs(MINUTES + BRAKE_AHEAD_MAX, 1), 0);
	/* one a second is slow enough, jumping is not */
	CHECK_INT(signs(MINUTES + BRAKE_AHEAD_MAX + 1, 1), -1);
	CHECK_INT(sign_with(MINUTES + BRAKE_AHEAD_MAX + 1, "signed_at",
		      json_integer(REPO_NOW_S + 1)),
	    0);
	CHECK_INT(signs(MINUTES + BRAKE_AHEAD_MAX + 3, 1), -1);
	/* whoever has stolen store would confirm everything */
	CHECK_INT(
	    sign_with(MINUTES + BRAKE_CONFIRM_MAX + 1, "confirm", json_true()),
	    -1);
	CHECK_INT(
	    sign_with(MINUTES + BRAKE_CONFIRM_MAX, "confirm", json_true()), 0);
}

static void
only_what_it_holds_is_signed(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);

	CHECK_INT(adopt(f), 0);
	CHECK_INT(sign_with(MINUTES, "m", json_integer(f->ladder.m - 1)), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK_INT(sign_with(MINUTES, "m", json_integer(f->ladder.m + 1)), -1);
	CHECK_INT(sign_with(MINUTES, "m", json_null()), -1);
	CHECK_INT(state("round"), 0);
	CHECK_INT(signs(MINUTES, 1), 0);
}

static void
times_are_bounded(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);

	CHECK_INT(adopt(f), 0);
	CHECK_INT(
	    sign_with(MINUTES, "expires", json_integer(REPO_NOW_S + 86401)),
	    -1);
	CHECK_INT(sign_with(MINUTES, "expires", json_integer(REPO_NOW_S)), -1);
	CHECK_INT(sign_with(MINUTES, "signed_at",
		      json_integer(REPO_NOW_S + BRAKE_CLOCK_SLACK + 1)),
	    -1);
	CHECK_INT(sign_with(MINUTES, "views", json_array()), -1);
	CHECK_INT(signs(MINUTES, 31), -1);
	CHECK_INT(state("round"), 0);
	CHECK_INT(
	    sign_with(MINUTES, "expires", json_integer(REPO_NOW_S + 86400)), 0);
}

static void
no_older_publication_is_signed(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);
	AUTO_LADDER_FIXTURE next = start(6, false);
	AUTO_LADDER_FIXTURE other = start(6, false);

	CHECK_INT(adopt(f), 0);
	CHECK_INT(signs(MINUTES, 2), 0);
	if (!CHECK_INT(adopt(next), 0))
		tap_note("%s", e.msg);
	CHECK_INT(state("rung"), -1);
	CHECK_INT(adopt(next), 0);
	CHECK_INT(adopt(f), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	/* the round of the publication before is over */
	CHECK_INT(signs(MINUTES, 1), -1);
	CHECK_INT(signs(MINUTES + 1, 1), 0);
	/* the same m with other rungs */
	other->repo->expires_s[ROLE_SNAPSHOT]--;
	ladder_fixture_build(other);
	CHECK_INT(adopt(other), -1);
	CHECK_INT(state("m"), next->ladder.m);
}

/* edit - one thing is wrong with what is handed over. */
static int
adopt_with(struct ladder_fixture *f, const char *key, size_t at, json_t *value)
{
	AUTO_JSON ask = hand(f);

	json_array_set_new(json_object_get(ask, key), at, value);
	return tell(ask);
}

static void
forged_rungs_are_refused(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);
	AUTO_LADDER_FIXTURE evil = ladder_fixture_new("editor", "stable", 5, 2);
	AUTO_JSON good = hand(f);
	AUTO_JSON bad = NULL;
	const json_t *snapshots = json_object_get(good, "snapshots");
	const json_t *targets = json_object_get(good, "targets");

	evil->repo->signers[ROLE_SNAPSHOT] = repo_keys(1, "brake");
	ladder_fixture_build(evil);
	bad = json_deep_copy(good);
	json_array_set_new(json_object_get(bad, "snapshots"), 3,
	    doc(ladder_fixture_find(evil, "16003.snapshot.json")->data));
	CHECK_INT(tell(bad), -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK_INT(adopt_with(f, "snapshots", 3,
		      json_deep_copy(json_array_get(snapshots, 4))),
	    -1);
	CHECK_INT(adopt_with(f, "targets", 3,
		      json_deep_copy(json_array_get(targets, 1))),
	    -1);
	CHECK_INT(adopt_with(f, "targets", 1, json_null()), -1);
	json_object_del(bad, "snapshots");
	CHECK_INT(tell(bad), -1);
	json_object_set_new(good, "manifest", json_object());
	CHECK_INT(tell(good), -1);
	CHECK_INT(state("m"), 0);
}

static void
other_channels_are_refused(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);
	AUTO_LADDER_FIXTURE beta = ladder_fixture_new("editor", "beta", 5, 2);
	AUTO_JSON ask = NULL;

	CHECK_INT(adopt(f), 0);
	ladder_fixture_build(beta);
	ask = hand(beta);
	CHECK_INT(tell(ask), -1);
	CHECK_INT(trust(ladder_fixture_find(beta, "1.root.json")->data), -1);
	json_object_set_new(ask, "channel", json_string("editor/../x"));
	CHECK_INT(tell(ask), -1);
	CHECK_INT(e.kind, ERR_USAGE);
	json_object_set_new(ask, "channel", json_string("editor/canary"));
	CHECK_INT(tell(ask), -1);
	CHECK_INT(e.kind, ERR_MISSING);
}

static void
no_offer_before_not_before(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);

	f->not_before_s = REPO_NOW_S + 1;
	ladder_fixture_build(f);
	CHECK_INT(adopt(f), 0);
	CHECK_INT(signs(MINUTES, 1), -1);
	CHECK(strstr(e.msg, "not_before") != NULL);
	CHECK_INT(signs(MINUTES, 5), -1); /* the offer of block 2 */
	CHECK_INT(signs(MINUTES, 0), 0);
	CHECK_INT(signs(MINUTES, 2), 0);
	/* rungs whose targets it has not seen might be offers */
	CHECK_INT(adopt_with(f, "targets", 2, json_null()), 0);
	CHECK_INT(signs(MINUTES + 1, 2), -1);
	CHECK_INT(signs(MINUTES + 1, 6), 0);
}

/* with_root - hand f over behind a root 2 with these timestamp keys. */
static int
with_root(struct ladder_fixture *f, const char *keys, const char *signers)
{
	AUTO_JSON ask = NULL;

	f->repo->roles[ROLE_TIMESTAMP] = repo_keys(1, keys);
	f->repo->signers[ROLE_ROOT] = repo_keys(2, signers);
	ask = hand(f);
	json_array_append_new(
	    json_object_get(ask, "roots"), doc(repo_root(f->repo, 2)));
	return tell(ask);
}

static void
a_new_root_must_name_the_brake(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);

	CHECK_INT(with_root(f, "other twin", "root-1 root-2"), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK_INT(with_root(f, "brake twin", "release-1 brake"), -1);
	CHECK_INT(state("root_version"), 1);
	CHECK_INT(with_root(f, "brake twin", "root-2 root-3"), 0);
	CHECK_INT(state("root_version"), 2);
	CHECK_INT(signs(MINUTES, 1), 0);
}

static void
a_new_brake_key_takes_over(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);
	char path[512];

	put_key("key.next", "brake-2");
	CHECK_INT(adopt(f), 0);
	CHECK_INT(signs(MINUTES, 1), 0);
	CHECK_INT(with_root(f, "brake-2 twin", "root-1 root-2"), 0);
	CHECK_INT(signs(MINUTES + 1, 1), 0);
	snprintf(path, sizeof(path), "%s/editor/stable/key.next", dir);
	CHECK(!file_exists(path));
	CHECK_INT(state("root_version"), 2);
}

static void
keys_are_made_once(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct bytes file, again;
	char path[512];

	snprintf(dir, sizeof(dir), "%s/keys", tap_tmpdir());
	CHECK_INT(brake_key_make(dir, "editor", "stable", &e), 0);
	CHECK_INT(brake_key_make(dir, "editor", "stable", &e), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
	CHECK_INT(brake_key_next(dir, "editor", "stable", false, &e), 0);
	snprintf(path, sizeof(path), "%s/editor/stable/key.next", dir);
	CHECK_INT(file_read(a, path, 100, &file, &e), 0);
	CHECK_INT(brake_key_next(dir, "editor", "stable", false, &e), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
	CHECK_INT(brake_key_next(dir, "editor", "stable", true, &e), 0);
	CHECK_INT(file_read(a, path, 100, &again, &e), 0);
	CHECK(memcmp(file.at, again.at, 64) != 0);
	CHECK_INT(brake_key_next(dir, "editor", "beta", false, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(brake_key_make(dir, "..", "stable", &e), -1);
	snprintf(path, sizeof(path), "%s/editor/stable/key", dir);
	CHECK_INT(file_read(a, path, 100, &file, &e), 0);
	CHECK_INT(file.len, 64);
	snprintf(path, sizeof(path), "%s/editor/stable/key.pub", dir);
	CHECK_INT(file_read(a, path, 1000, &file, &e), 0);
	CHECK(strstr((const char *)file.at, "\"keytype\":\"ed25519\"") != NULL);
}

static void
nothing_leaves_that_is_not_remembered(void)
{
	AUTO_LADDER_FIXTURE f = start(5, true);
	struct rlimit was, none;

	CHECK_INT(adopt(f), 0);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &was), 0);
	signal(SIGXFSZ, SIG_IGN);
	none = was;
	none.rlim_cur = 1;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &none), 0);
	CHECK_INT(signs(MINUTES, 1), -1);
	CHECK_INT(e.kind, ERR_SYS);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &was), 0);
	CHECK_INT(state("round"), 0);
	CHECK_INT(signs(MINUTES, 1), 0);
}

static void
the_process_answers_until_its_peer_is_gone(void)
{
	AUTO_JSON ask =
	    json_pack("{ss ss}", "do", "state", "channel", "editor/stable");
	AUTO_JSON out = NULL;
	int fds[2], status = -1;
	pid_t pid;

	ladder_fixture_free(start(5, true));
	CHECK_INT(ipc_pair(fds, &e), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		close(STDERR_FILENO);
		_exit(brake_run(fds[1], dir));
	}
	close(fds[1]);
	out = ipc_ask(fds[0], ask, &e);
	CHECK_INT(json_integer_value(json_object_get(out, "root_version")), 1);
	json_object_set_new(ask, "do", json_string("dance"));
	CHECK(ipc_ask(fds[0], ask, &e) == NULL);
	CHECK_INT(e.kind, ERR_USAGE);
	close(fds[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

static const struct tap_test tests[] = {
	TAP(timestamps_verify_and_name_their_snapshot),
	TAP(rounds_only_go_up),
	TAP(far_rounds_wait_for_a_person),
	TAP(times_are_bounded),
	TAP(only_what_it_holds_is_signed),
	TAP(no_older_publication_is_signed),
	TAP(forged_rungs_are_refused),
	TAP(other_channels_are_refused),
	TAP(no_offer_before_not_before),
	TAP(a_new_root_must_name_the_brake),
	TAP(a_new_brake_key_takes_over),
	TAP(keys_are_made_once),
	TAP(nothing_leaves_that_is_not_remembered),
	TAP(the_process_answers_until_its_peer_is_gone),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
