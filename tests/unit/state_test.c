/*
 * The client's state: both copies, whatever is damaged; floors never sink.
 */
#include "client/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "tests/tap.h"

#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
fill(struct state *s, int64_t floor_seq)
{
	struct state_channel *c;
	struct err e;

	memset(s, 0, sizeof(*s));
	s->last_time_s = 1780272000;
	s->failed_seq = 7;
	s->installed.seq = 5;
	(void)snprintf(s->installed.version, SEMVER_MAX + 1, "1.5.0");
	(void)snprintf(s->installed.name, STATE_NAME, "editor");
	(void)snprintf(s->installed.keys.id[0], SHA256_HEX_SIZE, KEY_A);
	s->installed.keys.n = 1;
	c = state_channel_put(s, "stable", &e);
	c->floor_seq = floor_seq;
	c->keys = s->installed.keys;
	c->seen = 3201;
	state_ticket_keep(s, 5, 1780272000, "v1.abc");
	state_report_put(s, "{\"event\":\"ok\"}");
}

static void
dir_of(char out[static 512], const char *name)
{
	struct err e;

	(void)snprintf(out, 512, "%s/%s", tap_tmpdir(), name);
	CHECK_INT(file_mkdirs(out, 0700, &e), 0);
}

static void
put_file(const char *dir, const char *name, const char *text, size_t len)
{
	char path[600];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK_INT(file_replace(path, text, len, 0600, &e), 0);
}

static void
state_survives_writing_and_reading(void)
{
	struct state *a = calloc(2, sizeof(*a)), *b = a + 1;
	char dir[512];
	struct err e;
	bool damaged;
	AUTO_BUF one, two;

	buf_init(&one, STATE_MAX);
	buf_init(&two, STATE_MAX);
	dir_of(dir, "round");
	fill(a, 4);
	CHECK_INT(state_save(a, dir, &e), 0);
	CHECK_INT(state_load(b, dir, &damaged, &e), 0);
	CHECK(!damaged);
	CHECK_INT(state_text(a, &one, &e), 0);
	CHECK_INT(state_text(b, &two, &e), 0);
	CHECK_TEXT(buf_str(&two), buf_str(&one));
	CHECK_INT(b->generation, 1);
	CHECK_INT(state_channel_get(b, "stable")->floor_seq, 4);
	CHECK_TEXT(b->installed.version, "1.5.0");
	CHECK_TEXT(state_ticket_for(b, 5, 0), "v1.abc");
	free(a);
}

/* Every prefix of a copy, as a torn disk would leave it. */
static void
state_is_whole_with_either_copy_damaged(void)
{
	struct state *a = calloc(2, sizeof(*a)), *b = a + 1;
	static const char *const copies[] = { "state.json", "state2.json" };
	char dir[512];
	struct err e;
	bool damaged;
	AUTO_BUF text;

	buf_init(&text, STATE_MAX);
	dir_of(dir, "torn");
	fill(a, 4);
	CHECK_INT(state_text(a, &text, &e), 0);
	for (size_t which = 0; which < COUNT(copies); which++) {
		for (size_t len = 0; len < text.len - 1; len += 7) {
			CHECK_INT(state_save(a, dir, &e), 0);
			put_file(
			    dir, copies[which], (const char *)text.at, len);
			CHECK_INT(state_load(b, dir, &damaged, &e), 0);
			CHECK(damaged);
			CHECK_INT(b->installed.seq, 5);
			CHECK_INT(state_channel_get(b, "stable")->floor_seq, 4);
		}
	}
	free(a);
}

static void
state_takes_the_greater_floor_and_the_newer_copy(void)
{
	struct state *a = calloc(2, sizeof(*a)), *b = a + 1;
	char dir[512];
	struct err e;
	bool damaged;
	AUTO_BUF old, new;

	buf_init(&old, STATE_MAX);
	buf_init(&new, STATE_MAX);
	dir_of(dir, "floors");
	fill(a, 9);
	a->generation = 3;
	CHECK_INT(state_text(a, &old, &e), 0);
	fill(a, 4);
	a->generation = 4;
	a->installed.seq = 6;
	a->last_time_s = 10;
	CHECK_INT(state_text(a, &new, &e), 0);
	for (int turn = 0; turn < 2; turn++) {
		const struct buf *one = turn ? &old : &new;
		const struct buf *two = turn ? &new : &old;

		put_file(dir, "state.json", buf_str(one), one->len);
		put_file(dir, "state2.json", buf_str(two), two->len);
		CHECK_INT(state_load(b, dir, &damaged, &e), 0);
		CHECK_INT(b->installed.seq, 6);
		CHECK_INT(state_channel_get(b, "stable")->floor_seq, 9);
		CHECK_INT(b->last_time_s, 1780272000);
	}
	free(a);
}

static void
state_with_nothing_is_empty(void)
{
	struct state *a = calloc(1, sizeof(*a));
	char dir[512];
	struct err e;
	bool damaged;

	dir_of(dir, "empty");
	CHECK_INT(state_load(a, dir, &damaged, &e), 0);
	CHECK(!damaged);
	CHECK_INT(a->installed.seq, 0);
	put_file(dir, "state.json", "{}", 2);
	put_file(dir, "state2.json", "", 0);
	CHECK_INT(state_load(a, dir, &damaged, &e), 0);
	CHECK(damaged);
	CHECK_INT(a->nchannels, 0);
	free(a);
}

static void
state_refuses_hostile_names(void)
{
	static const char *const wrong[] = {
		"{\"schema\":\"sluice-state/1\",\"channel\":\"../x\"}",
		"{\"schema\":\"sluice-state/1\",\"installed\":{\"seq\":1,"
		"\"version\":\"../../etc\"}}",
		"{\"schema\":\"sluice-state/1\",\"installed\":{\"seq\":1,"
		"\"version\":\"1.0.0\",\"name\":\"../x\"}}",
		"{\"schema\":\"sluice-state/1\",\"installed\":{\"seq\":-1,"
		"\"version\":\"1.0.0\"}}",
		"{\"schema\":\"sluice-state/1\",\"channels\":[{\"name\":\"/\"}]}",
		"{\"schema\":\"sluice-state/2\"}",
		"[]",
	};
	struct state *s = calloc(1, sizeof(*s));
	struct err e;

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct bytes b = { (const uint8_t *)wrong[i],
			strlen(wrong[i]) };

		if (!CHECK_INT(state_parse(s, b, &e), -1))
			tap_note("%s", wrong[i]);
	}
	free(s);
}

static void
state_keys_are_gone_when_all_are(void)
{
	const char *ids[] = { KEY_B, KEY_A };
	struct role root = { .kind = ROLE_ROOT };
	struct state_keys k = { .n = 1, .id = { KEY_A } };
	struct state_keys none = { 0 };

	root.roles[ROLE_TARGETS].keyids = ids;
	root.roles[ROLE_TARGETS].n = 2;
	CHECK(!state_keys_gone(&k, &root));
	root.roles[ROLE_TARGETS].n = 1;
	CHECK(state_keys_gone(&k, &root));
	CHECK(!state_keys_gone(&none, &root));
}

static void
state_keeps_the_tickets_that_count(void)
{
	struct state *s = calloc(1, sizeof(*s));
	int64_t day = 86400, start = 20000 * day;
	char text[32];

	state_ticket_keep(s, 1, start, "first");
	for (int i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof(text), "t%d", i);
		state_ticket_keep(s, 2 + i / 4, start + i * day, text);
	}
	CHECK(s->ntickets <= STATE_TICKETS);
	/* the oldest vouches for the machine, the newest for the release */
	CHECK_TEXT(state_ticket_for(s, 0, start + 90 * day), "first");
	CHECK_TEXT(state_ticket_for(s, 26, 0), "t99");
	CHECK(state_ticket_for(s, 0, start) == NULL);
	CHECK(state_ticket_for(s, 99, 0) == NULL);
	/* but not for ever */
	state_ticket_keep(s, 50, start + 366 * day, "late");
	CHECK(strcmp(state_ticket_for(s, 0, start + 400 * day), "first") != 0);
	free(s);
}

static void
state_lock_admits_one(void)
{
	char dir[512];
	struct err e;
	int a, b;

	dir_of(dir, "lock");
	CHECK((a = state_lock(dir, false, &e)) >= 0);
	CHECK_INT(b = state_lock(dir, false, &e), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
	(void)close(a);
	CHECK((b = state_lock(dir, false, &e)) >= 0);
	(void)close(b);
}

static const struct tap_test tests[] = {
	TAP(state_survives_writing_and_reading),
	TAP(state_is_whole_with_either_copy_damaged),
	TAP(state_takes_the_greater_floor_and_the_newer_copy),
	TAP(state_with_nothing_is_empty),
	TAP(state_refuses_hostile_names),
	TAP(state_keys_are_gone_when_all_are),
	TAP(state_keeps_the_tickets_that_count),
	TAP(state_lock_admits_one),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
