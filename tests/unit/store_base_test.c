/*
 * The release history: which release is the fallback, which are good, which
 * are withdrawn, after what operators and plans do.
 */
#include "server/store/release.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/cohort.h"
#include "server/command.h"
#include "server/store/refused_keys.h"
#include "server/store/schema.h"
#include "tests/tap.h"

#define NOW 1800000000
#define ID  "editor/stable"

static int made;

struct world {
	struct db *db;
	struct arena *a;
	struct channel *c;
};

/* A channel with nothing published. */
static struct world
fresh(void)
{
	struct world w = { .a = arena_new(8 << 20) };
	struct err e = { 0 };
	char state[512], path[600];

	(void)snprintf(
	    state, sizeof(state), "%s/base-%d", tap_tmpdir(), made++);
	(void)snprintf(path, sizeof(path), "%s/db", state);
	CHECK(file_mkdirs(path, 0700, &e) == 0);
	CHECK(schema_open(&w.db, state, DB_CREATE, &e) == 0);
	CHECK(db_do(w.db, &e,
		  "INSERT INTO channel (id, product, channel, root_version,"
		  " publication, state, round, created_s)"
		  " VALUES ($1, 'editor', 'stable', 1, '', '', 0, 0)",
		  BIND(V(ID))) == 1);
	w.c = channel_load(w.db, ID, w.a, &e);
	CHECK(w.c != NULL);
	return w;
}

static void
done(struct world *w)
{
	db_close(w->db);
	arena_free(w->a);
}

/* Publish release seq on two platforms with these good releases; a plan that
 * begins with half and allows everybody at once. */
static void
publish(struct world *w, int64_t seq, const int64_t *good, int ngood)
{
	static const struct stage plan[] = { { .percent_bp = 5000 },
		{ .percent_bp = BP_ALL } };
	const struct artifact artifacts[] = {
		{ .os = "linux", .arch = "x86_64" },
		{ .os = "windows", .arch = "x86_64" },
	};
	char version[16];
	struct manifest offer = { .product = "editor",
		.channel = "stable",
		.seq = seq,
		.version = version,
		.created_s = NOW,
		.offer = true,
		.artifacts = artifacts,
		.nartifacts = COUNT(artifacts),
		.rollout = { .salt = "00",
		    .control_bp = 1000,
		    .plan = plan,
		    .nplan = 2 } };
	struct manifest hold = { .product = "editor" };
	struct ladder l = { .m = 1000 + seq,
		.nblocks = 4,
		.ngood = ngood,
		.offer_seq = seq,
		.fallback_seq = ngood > 0 ? good[0] : 0 };
	struct err e;

	(void)snprintf(version, sizeof(version), "1.%d.0", (int)seq);
	for (int i = 0; i < ngood; i++)
		l.good_seq[i] = good[i];
	if (!CHECK(channel_state_take_in(&w->c->state, &l, &offer, false, &e) ==
		0))
		tap_note("%s", e.msg);
	CHECK(release_add(w->db, ID, &offer, &hold, NOW, &e) == 0);
	CHECK(release_note(w->db, ID, &w->c->state, NOW, &e) == 0);
	CHECK(channel_save(w->db, w->c, &e) == 0);
}

static void
command(struct world *w, enum command_verb verb, const char *platform,
    int64_t number)
{
	struct command cmd = { .verb = verb,
		.kind = platform == NULL ? SCOPE_CHANNEL : SCOPE_PLATFORM,
		.name = platform == NULL ? "" : platform };
	struct err e;

	if (verb == COMMAND_PERCENT)
		cmd.percent_bp = (int)number;
	else
		cmd.seq = number;
	if (!CHECK(command_apply(&w->c->state, &cmd, NOW, &e) == 0))
		tap_note("%s", e.msg);
	CHECK(release_note(w->db, ID, &w->c->state, NOW, &e) == 0);
}

static struct publication_base
base(struct world *w)
{
	struct publication_base b;
	struct err e;

	if (!CHECK(release_base(w->db, w->c, &b, w->a, &e) == 0))
		tap_note("%s", e.msg);
	return b;
}

static void
nothing_published_is_no_base(void)
{
	struct world w = fresh();
	struct publication_base b = base(&w);

	CHECK_INT(b.m, 0);
	CHECK_INT(b.next_seq, 1);
	CHECK_INT(b.fallback_seq, 0);
	CHECK_INT(b.ngood + b.nwithdrawn + b.npins, 0);
	CHECK(b.version == NULL);
	done(&w);
}

static void
release_is_good_once_everybody_has_it(void)
{
	struct world w = fresh();
	struct publication_base b;

	publish(&w, 1, NULL, 0);
	CHECK_INT(base(&w).fallback_seq, 0);
	command(&w, COMMAND_PERCENT, NULL, BP_ALL);
	b = base(&w);
	CHECK_INT(b.fallback_seq, 1);
	CHECK_INT(b.ngood, 1);
	CHECK_INT(b.seq, 1);
	CHECK_INT(b.next_seq, 2);
	CHECK_TEXT(b.version, "1.1.0");
	CHECK_INT(b.created_s, NOW);
	/* lowered: no more; raised again: again */
	command(&w, COMMAND_PERCENT, NULL, 5000);
	CHECK_INT(base(&w).fallback_seq, 0);
	command(&w, COMMAND_PERCENT, NULL, BP_ALL);
	CHECK_INT(base(&w).fallback_seq, 1);
	done(&w);
}

/* Release 1 has gone to everybody, 2 is on offer over it. */
static struct world
second_release(void)
{
	struct world w = fresh();
	const int64_t good[] = { 1 };

	publish(&w, 1, NULL, 0);
	command(&w, COMMAND_PERCENT, NULL, BP_ALL);
	publish(&w, 2, good, 1);
	return w;
}

static void
one_platform_that_lacks_it_is_enough(void)
{
	struct world w = fresh();

	publish(&w, 1, NULL, 0);
	command(&w, COMMAND_PERCENT, NULL, BP_ALL);
	command(&w, COMMAND_HALT, "windows-x86_64", 0);
	CHECK_INT(base(&w).fallback_seq, 0);
	command(&w, COMMAND_RESUME, "windows-x86_64", 0);
	CHECK_INT(base(&w).fallback_seq, 1);
	done(&w);
}

static void
rolled_back_release_is_withdrawn(void)
{
	struct world w = second_release();
	const int64_t good[] = { 1 };
	struct publication_base b;

	command(&w, COMMAND_PERCENT, NULL, BP_ALL);
	CHECK_INT(base(&w).fallback_seq, 2);
	command(&w, COMMAND_ROLLBACK, NULL, 0);
	b = base(&w);
	CHECK_INT(b.fallback_seq, 1);
	CHECK_INT(b.nwithdrawn, 1);
	CHECK_INT(b.withdrawn_seq[0], 2);
	/* still so when the repair is out, until that is the fallback */
	publish(&w, 3, good, 1);
	CHECK_INT(base(&w).nwithdrawn, 1);
	CHECK_INT(base(&w).fallback_seq, 1);
	command(&w, COMMAND_PERCENT, NULL, BP_ALL);
	b = base(&w);
	CHECK_INT(b.fallback_seq, 3);
	CHECK_INT(b.nwithdrawn, 0);
	CHECK_INT(b.ngood, 2);
	CHECK_INT(b.good_seq[1], 1);
	done(&w);
}

static void
lifted_rollback_is_not_withdrawn(void)
{
	struct world w = second_release();

	command(&w, COMMAND_ROLLBACK, NULL, 0);
	CHECK_INT(base(&w).nwithdrawn, 1);
	command(&w, COMMAND_RESUME, NULL, 0);
	CHECK_INT(base(&w).nwithdrawn, 0);
	done(&w);
}

static void
halt_withdraws_nothing_by_itself(void)
{
	struct world w = second_release();

	command(&w, COMMAND_HALT, NULL, 0);
	CHECK_INT(base(&w).nwithdrawn, 0);
	CHECK_INT(base(&w).fallback_seq, 1);
	done(&w);
}

static void
pins_do_not_count_but_are_told(void)
{
	struct world w = second_release();
	struct publication_base b;

	command(&w, COMMAND_PERCENT, NULL, BP_ALL);
	command(&w, COMMAND_PIN, "linux-x86_64", 1);
	b = base(&w);
	CHECK_INT(b.npins, 1);
	CHECK_INT(b.pin_seq[0], 1);
	CHECK_INT(b.fallback_seq, 2);
	done(&w);
}

static void
channel_state_survives_the_database(void)
{
	struct world w = fresh();
	struct channel *again;
	struct err e;

	publish(&w, 1, NULL, 0);
	command(&w, COMMAND_PIN, NULL, 1);
	CHECK(channel_save(w.db, w.c, &e) == 0);
	again = channel_load(w.db, ID, w.a, &e);
	CHECK(again != NULL &&
	    memcmp(&again->state, &w.c->state, sizeof(again->state)) == 0);
	CHECK(channel_load(w.db, "editor/none", w.a, &e) == NULL);
	CHECK_INT(e.kind, ERR_MISSING);
	done(&w);
}

/* Whatever ID is written before it. */
static int
check_minisign(const char *path, int *n, struct err *e)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct minisign_key key;
	struct bytes file;

	if (file_read(a, path, 4096, &file, e) < 0 ||
	    minisign_key_read(&key, (const char *)file.at, e) < 0)
		return -1;
	CHECK(refused_keys_minisign(&key));
	key.id[0] ^= 1;
	CHECK(refused_keys_minisign(&key));
	key.public[0] ^= 1;
	CHECK(!refused_keys_minisign(&key));
	(*n)++;
	return 0;
}

/* Tests run from the top of the tree. */
static int
check_example(void *ctx, const char *path, int64_t size, struct err *e)
{
	char full[300], id[SHA256_HEX_SIZE];
	size_t len = strlen(path);
	uint8_t raw[SHA256_SIZE];
	int *n = ctx;

	if (len < 4 || strcmp(path + len - 4, ".pub") != 0)
		return 0;
	(void)snprintf(full, sizeof(full), "keys-example/%s", path);
	if (strncmp(path, "minisign", 8) == 0)
		return check_minisign(full, n, e);
	/* a TUF key's file is its ID's text */
	if (digest_file(full, raw, &size, e) < 0)
		return -1;
	hex_write(id, raw, sizeof(raw));
	if (!CHECK(refused_keys_known(id)))
		tap_note("%s: %s", path, id);
	(*n)++;
	return 0;
}

static void
every_example_key_is_refused(void)
{
	struct err e = { 0 };
	int n = 0;

	if (!file_exists("keys-example/README.md")) {
		tap_skip("keys-example/ is not here");
		return;
	}
	CHECK(file_each("keys-example", check_example, &n, &e) == 0);
	CHECK_INT(n, 7);
	CHECK(!refused_keys_known("00"));
}

static const struct tap_test tests[] = {
	TAP(nothing_published_is_no_base),
	TAP(release_is_good_once_everybody_has_it),
	TAP(one_platform_that_lacks_it_is_enough),
	TAP(rolled_back_release_is_withdrawn),
	TAP(lifted_rollback_is_not_withdrawn),
	TAP(halt_withdraws_nothing_by_itself),
	TAP(pins_do_not_count_but_are_told),
	TAP(channel_state_survives_the_database),
	TAP(every_example_key_is_refused),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
