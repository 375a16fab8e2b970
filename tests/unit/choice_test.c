/*
 * Who gets which rung, rule by rule.
 */
#include "server/choice.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/cohort.h"
#include "server/command.h"
#include "server/position.h"
#include "tests/tap.h"

#define NOW_S INT64_C(1780272000)
#define DAY_S INT64_C(86400)

/* DESIGN's examples: buckets 6561 and 3087 with the salt stable/2.4.0 */
#define ID_6561 \
	"06bcd0dcc4a930d59abb8ad6ec4a32fc186de028932dbc7c9990b6e72f72ba68"
#define ID_3087 \
	"1a4612c6126de40ff04393cb600ea9dd74de121c63271aaa195845d6c25ad4e9"

/* Rungs as in position_test.c; the plan is at its last stage after 2 days. */
static struct channel_state c;
static struct err e;

static void
start(int percent_bp)
{
	c = (struct channel_state){
		.product = "editor",
		.channel = "stable",
		.ladder = { .m = 1000,
		    .nblocks = 4,
		    .ngood = 3,
		    .offer_seq = 6,
		    .fallback_seq = 5,
		    .good_seq = { 5, 4, 3 } },
		.offer_version = "1.6.0",
		.salt = "stable/2.4.0",
		.control_bp = 1000,
		.plan = { { .percent_bp = 5000, .min_duration_s = 2 * DAY_S },
		    { .percent_bp = 10000 } },
		.nplan = 2,
		.start_s = NOW_S,
		.repairs = { "1.5.9" },
		.nrepairs = 1,
		.nscopes = 1,
		.groups = { "early" },
		.ngroups = 1,
	};
	position_start(&c.scopes[0], &c.ladder, percent_bp);
}

static struct choice
ask(const struct request *q)
{
	return choice_make(&c, q, NOW_S + DAY_S);
}

static void
say(enum command_verb verb, const char *whom, int64_t value, bool back)
{
	struct command cmd = { .verb = verb,
		.name = whom,
		.percent_bp = (int)value,
		.seq = value,
		.back = back };

	if (whom[0] != '\0')
		cmd.kind =
		    strchr(whom, '-') != NULL ? SCOPE_PLATFORM : SCOPE_GROUP;
	CHECK_INT(command_apply(&c, &cmd, NOW_S + DAY_S, &e), 0);
}

static void
is(const struct request *q, int rung, enum rule rule)
{
	struct choice ch = ask(q);

	CHECK_INT(ch.rung, rung);
	CHECK_TEXT(rule_name(ch.rule), rule_name(rule));
	CHECK_INT(ch.high, ladder_kind(&c.ladder, ch.rung) == RUNG_OFFER);
}

static void
nothing_published_is_nothing(void)
{
	struct request q = { .id = ID_3087 };

	memset(&c, 0, sizeof(c));
	CHECK_INT(ask(&q).rung, -1);
	CHECK_INT(ask(&q).rule, RULE_NOTHING);
}

static void
buckets_are_the_designs(void)
{
	struct request q = { .id = ID_6561, .platform = "linux-x86_64" };

	start(5000);
	CHECK_INT(ask(&q).bucket, 6561);
	is(&q, 0, RULE_WAIT);
	q.id = ID_3087;
	CHECK_INT(ask(&q).bucket, 3087);
	is(&q, 1, RULE_PERCENTAGE);
	q.id = NULL;
	CHECK_INT(ask(&q).bucket, BUCKET_NO_ID);
	is(&q, 0, RULE_WAIT);
}

static void
caps_keep_the_control_slice_until_the_last_stage(void)
{
	struct request q = { .platform = "linux-x86_64" };
	const struct scope *s = &c.scopes[0];

	start(10000);
	CHECK_INT(choice_cap(&c, s, NOW_S - 1), 0);
	CHECK_INT(choice_cap(&c, s, NOW_S), 5000);
	CHECK_INT(choice_cap(&c, s, NOW_S + 2 * DAY_S), 10000);
	CHECK_INT(choice_make(&c, &q, NOW_S + 2 * DAY_S).rung, 1);
	c.scopes[0].percent_bp = 9500;
	CHECK_INT(choice_cap(&c, s, NOW_S + 2 * DAY_S), 9000);
	/* the stage before the last one at 100 % still has a control slice */
	c.scopes[0].percent_bp = 10000;
	c.plan[0].percent_bp = 10000;
	CHECK_INT(choice_cap(&c, s, NOW_S), 9000);
	say(COMMAND_HALT, "", 0, false);
	CHECK_INT(choice_cap(&c, s, NOW_S + 2 * DAY_S), 0);
}

static void
rules_pass_the_percentage_in_order(void)
{
	struct request q = { .id = ID_6561, .platform = "linux-x86_64" };

	start(0);
	is(&q, 0, RULE_WAIT);
	q.version = "1.5.9";
	is(&q, 1, RULE_REPAIR);
	q.version = "1.6.0";
	is(&q, 1, RULE_HAS);
	q.ask = true;
	is(&q, 1, RULE_ASK);
	q.group = "other";
	is(&q, 1, RULE_ASK);
	q.group = "early";
	is(&q, 1, RULE_GROUP);
	c.not_before_s = NOW_S + 2 * DAY_S;
	is(&q, 0, RULE_WAIT);
	c.not_before_s = 0;
	say(COMMAND_PIN, "", 5, false);
	is(&q, 2, RULE_PIN);
	say(COMMAND_HALT, "", 0, false);
	is(&q, 7, RULE_HALT);
	say(COMMAND_ROLLBACK, "", 4, false);
	is(&q, 9, RULE_ROLLBACK);
	say(COMMAND_KILL, "", 3, false);
	is(&q, 10, RULE_KILL);
	CHECK_INT(ask(&q).pin_seq, 5);
}

static void
the_strictest_pin_counts(void)
{
	struct request q = {
		.id = ID_3087, .platform = "linux-x86_64", .group = "early"
	};

	start(5000);
	say(COMMAND_PIN, "", 6, false);
	is(&q, 1, RULE_GROUP);
	CHECK_INT(ask(&q).pin_seq, 6);
	say(COMMAND_PIN, "early", 4, false);
	say(COMMAND_PIN, "linux-x86_64", 5, false);
	CHECK_INT(ask(&q).pin_seq, 4);
	q.group = NULL;
	CHECK_INT(ask(&q).pin_seq, 5);
	q.platform = NULL;
	CHECK_INT(ask(&q).pin_seq, 6);
}

static void
unknown_platforms_stop_with_any(void)
{
	struct request q = { .id = ID_3087 };

	start(5000);
	is(&q, 1, RULE_PERCENTAGE);
	say(COMMAND_ROLLBACK, "linux-x86_64", 4, false);
	is(&q, 4, RULE_ROLLBACK);
	q.platform = "darwin-arm64";
	is(&q, 1, RULE_PERCENTAGE);
	q.platform = "linux-x86_64";
	is(&q, 4, RULE_ROLLBACK);
}

static void
a_pinned_back_group_goes_back_alone(void)
{
	struct request q = {
		.id = ID_3087, .platform = "linux-x86_64", .group = "early"
	};

	start(5000);
	say(COMMAND_PIN, "early", 5, true);
	is(&q, 3, RULE_ROLLBACK);
	q.group = NULL;
	is(&q, 1, RULE_PERCENTAGE);
	/* a platform's harder stop wins */
	q.group = "early";
	say(COMMAND_HALT, "linux-x86_64", 0, false);
	is(&q, 3, RULE_ROLLBACK);
	say(COMMAND_KILL, "linux-x86_64", 4, false);
	is(&q, 4, RULE_KILL);
	say(COMMAND_RESUME, "early", 0, false);
	is(&q, 4, RULE_KILL);
}

static void
seen(int64_t version, int rung, enum rule rule)
{
	struct request q = {
		.id = ID_6561, .platform = "linux-x86_64", .seen = version
	};

	is(&q, rung, rule);
}

static void
seen_lifts_the_answer(void)
{
	int64_t v = 32 * INT64_C(1000);

	start(5000);
	seen(v, 0, RULE_WAIT);
	seen(v - 1, 0, RULE_WAIT);
	seen(v + 1, 1, RULE_SEEN_HIGH);
	seen(v + 2, 2, RULE_WAIT);
	seen(v + 8, 12, RULE_WAIT);
	seen(v + 18, 0, RULE_WAIT); /* nothing of hold's meaning is left */
	seen(v + 32, 0, RULE_WAIT); /* of a later publication: behind */
	say(COMMAND_HALT, "", 0, false);
	seen(v + 6, 7, RULE_HALT);
	say(COMMAND_ROLLBACK, "", 4, false);
	seen(v + 6, 9, RULE_ROLLBACK);
	start(5000);
	c.not_before_s = NOW_S + 2 * DAY_S;
	seen(v + 1, 2, RULE_WAIT);
}

static void
views_are_few_and_sorted(void)
{
	static struct view views[VIEWS_MAX];
	int n;

	start(2500);
	n = choice_views(&c, NOW_S + DAY_S, views, COUNT(views), &e);
	/* hold and four halts, four offers */
	CHECK_INT(n, 9);
	CHECK_INT(views[0].rung, 0);
	CHECK_INT(views[0].cap_bp, 0);
	CHECK_INT(views[1].rung, 1);
	CHECK_INT(views[1].cap_bp, 2500);
	CHECK(views[1].high && !views[1].jump);
	CHECK(views[2].jump);
	CHECK_INT(choice_views(&c, NOW_S, NULL, 0, &e), 9);
	CHECK_INT(choice_views(&c, NOW_S, views, 8, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	c.not_before_s = NOW_S + 1;
	CHECK_INT(choice_views(&c, NOW_S, views, COUNT(views), &e), 5);
	start(2500);
	say(COMMAND_KILL, "", 0, false);
	n = choice_views(&c, NOW_S, views, COUNT(views), &e);
	CHECK_INT(n, 4);
	CHECK(views[0].urgent);
	say(COMMAND_PIN, "early", 4, false);
	say(COMMAND_PIN, "linux-x86_64", 5, false);
	CHECK_INT(choice_views(&c, NOW_S, views, COUNT(views), &e), 12);
	CHECK_INT(views[0].pin_seq, 0);
	CHECK_INT(views[1].pin_seq, 4);
	CHECK_INT(views[2].pin_seq, 5);
}

/* A mirror has one timestamp: whoever asks gets it, whatever was seen. */
static void
mirrors_give_what_they_have(void)
{
	struct choice ch;

	start(2500);
	c.mirror = true;
	for (int rung = 0; rung < 5; rung++) {
		c.mirror_rung = rung;
		ch = ask(&(struct request){ .id = ID_6561,
		    .platform = "linux-x86_64",
		    .group = "early",
		    .seen = ladder_version(&c.ladder, 9) });
		CHECK_INT(ch.rung, rung);
		CHECK_INT(ch.scope, 0);
		CHECK_INT(ch.pin_seq, 0);
		CHECK(ch.high == (rung == 1));
		CHECK_TEXT(rule_name(ch.rule), "mirror");
	}
}

static const struct tap_test tests[] = {
	TAP(nothing_published_is_nothing),
	TAP(mirrors_give_what_they_have),
	TAP(buckets_are_the_designs),
	TAP(caps_keep_the_control_slice_until_the_last_stage),
	TAP(rules_pass_the_percentage_in_order),
	TAP(the_strictest_pin_counts),
	TAP(unknown_platforms_stop_with_any),
	TAP(a_pinned_back_group_goes_back_alone),
	TAP(seen_lifts_the_answer),
	TAP(views_are_few_and_sorted),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
