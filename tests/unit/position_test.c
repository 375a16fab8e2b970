/*
 * Moves of one position, and operators' commands on a channel, each with the
 * rungs that it must lead to.
 */
#include "server/command.h"

#include <string.h>

#include "server/table.h"
#include "tests/tap.h"

#define NOW_S INT64_C(1780272000)
#define DAY_S INT64_C(86400)

/* Releases 3, 4, 5 are good, 6 is on offer.  Rungs: 0 hold; 1 offer, 2 halt,
 * 3 4 5 back to 5 4 3; 6 offer, 7 halt, 8 9 10; 11..15; 16..20. */
static const struct ladder ladder = { .m = 1000,
	.nblocks = 4,
	.ngood = 3,
	.offer_seq = 6,
	.fallback_seq = 5,
	.good_seq = { 5, 4, 3 } };
static const struct ladder first = { .m = 1000, .nblocks = 4, .offer_seq = 1 };

static struct channel_state c;
static struct err e;

static int
take_in(const struct ladder *l, bool renewal)
{
	static const struct stage plan[] = {
		{ .percent_bp = 1000, .min_duration_s = DAY_S },
		{ .percent_bp = 5000, .min_duration_s = DAY_S },
		{ .percent_bp = 10000 },
	};
	struct manifest m = { .product = "editor",
		.channel = "stable",
		.version = "1.6.0",
		.seq = l->offer_seq,
		.created_s = NOW_S,
		.kind = MANIFEST_RELEASE,
		.offer = true,
		.rollout = { "salt", 1000, plan, COUNT(plan) } };

	return channel_state_take_in(&c, l, &m, renewal, &e);
}

static void
publish(const struct ladder *l)
{
	memset(&c, 0, sizeof(c));
	CHECK_INT(take_in(l, false), 0);
}

static int
say(enum command_verb verb, const char *platform, int64_t value)
{
	struct command cmd = { .verb = verb, .name = platform };

	if (platform[0] != '\0')
		cmd.kind = strchr(platform, '-') != NULL ? SCOPE_PLATFORM
							 : SCOPE_GROUP;
	cmd.percent_bp = (int)value;
	cmd.seq = verb == COMMAND_PERCENT ? 0 : value;
	return command_apply(&c, &cmd, NOW_S + 2 * DAY_S, &e);
}

static int
pin_back(const char *whom, int64_t seq)
{
	struct command cmd = {
		.verb = COMMAND_PIN, .name = whom, .seq = seq, .back = true
	};

	if (whom[0] != '\0')
		cmd.kind =
		    strchr(whom, '-') != NULL ? SCOPE_PLATFORM : SCOPE_GROUP;
	return command_apply(&c, &cmd, NOW_S + 2 * DAY_S, &e);
}

static void
at(const char *whom, int low, int high)
{
	const struct scope *s = &c.scopes[0];

	if (whom[0] != '\0')
		s = channel_state_scope(&c,
		    strchr(whom, '-') != NULL ? SCOPE_PLATFORM : SCOPE_GROUP,
		    whom);
	if (!CHECK(s != NULL))
		return;
	CHECK_INT(s->low, low);
	CHECK_INT(s->high, high);
}

static void
a_publication_starts_on_hold_and_first_offer(void)
{
	publish(&ladder);
	at("", 0, 1);
	CHECK_INT(c.scopes[0].percent_bp, 1000);
	CHECK_INT(position_blocks_left(&c.scopes[0], &c.ladder), 3);
}

static void
a_higher_percentage_moves_no_rung(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_PERCENT, "", 5000), 0);
	at("", 0, 1);
	CHECK_INT(c.scopes[0].percent_bp, 5000);
}

static void
a_lower_percentage_takes_the_offer(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_PERCENT, "", 5000), 0);
	CHECK_INT(say(COMMAND_PERCENT, "", 2000), 0);
	at("", 2, 6);
	CHECK_INT(say(COMMAND_PERCENT, "", 0), 0);
	at("", 7, 11);
}

static void
the_control_slice_loses_nothing(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_PERCENT, "", 9800), 0);
	CHECK_INT(say(COMMAND_PERCENT, "", 9200), 0);
	at("", 0, 1);
	CHECK_INT(say(COMMAND_PERCENT, "", 8999), 0);
	at("", 2, 6);
}

static void
percent_is_bounded_by_the_plan(void)
{
	struct command cmd = {
		.verb = COMMAND_PERCENT, .name = "", .percent_bp = 2500
	};

	publish(&ladder);
	CHECK_INT(command_apply(&c, &cmd, NOW_S + 60, &e), -1);
	CHECK_INT(e.kind, ERR_REFUSED);
	CHECK_TEXT(e.msg,
	    "the signed plan allows 10 % until "
	    "2026-06-02T00:00:00Z");
	CHECK_INT(command_apply(&c, &cmd, NOW_S + DAY_S, &e), 0);
	c.plan[2].percent_bp = 5000;
	cmd.percent_bp = 5001;
	CHECK_INT(command_apply(&c, &cmd, NOW_S + 9 * DAY_S, &e), -1);
	CHECK_TEXT(e.msg, "the signed plan allows 50 % and no more: publish");
}

static void
halt_is_for_everybody_and_idempotent(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_HALT, "", 0), 0);
	at("", 2, 2);
	CHECK_INT(say(COMMAND_HALT, "", 0), 0);
	at("", 2, 2);
	CHECK_INT(say(COMMAND_PERCENT, "", 5000), -1);
	CHECK_TEXT(e.msg, "halted: resume first");
	CHECK_INT(say(COMMAND_PERCENT, "", 500), 0);
	at("", 2, 2);
	CHECK_INT(say(COMMAND_RESUME, "", 0), 0);
	at("", 2, 6);
	CHECK_INT(say(COMMAND_RESUME, "", 0), -1);
}

static void
rollback_goes_up_to_its_rung(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_ROLLBACK, "", 4), 0);
	at("", 4, 4);
	CHECK_INT(say(COMMAND_ROLLBACK, "", 3), 0);
	at("", 5, 5);
	CHECK_INT(say(COMMAND_ROLLBACK, "", 0), 0);
	at("", 8, 8);
	CHECK_INT(say(COMMAND_ROLLBACK, "", 2), -1);
	at("", 8, 8);
	CHECK_INT(say(COMMAND_RESUME, "", 0), 0);
	at("", 8, 11);
}

static void
lift_past_the_fallback_is_refused(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_ROLLBACK, "", 4), 0);
	CHECK_INT(say(COMMAND_RESUME, "", 0), -1);
	CHECK(strstr(e.msg, "publish") != NULL);
	at("", 4, 4);
}

static void
the_last_block_keeps_its_stops(void)
{
	publish(&ladder);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(say(COMMAND_HALT, "", 0), 0);
		CHECK_INT(say(COMMAND_RESUME, "", 0), 0);
	}
	at("", 12, 16);
	CHECK_INT(say(COMMAND_PERCENT, "", 100), -1);
	CHECK(strstr(e.msg, "publish or renew first") != NULL);
	CHECK_INT(say(COMMAND_PIN, "", 5), -1);
	CHECK_INT(say(COMMAND_GROUP_ADD, "early", 0), 0);
	CHECK_INT(say(COMMAND_GROUP_REMOVE, "early", 0), -1);
	at("", 12, 16);
	for (int64_t to = 3; to <= 5; to++) {
		struct channel_state keep = c;

		CHECK_INT(say(COMMAND_ROLLBACK, "", to), 0);
		c = keep;
	}
	CHECK_INT(say(COMMAND_HALT, "", 0), 0);
	at("", 17, 17);
	CHECK_INT(say(COMMAND_RESUME, "", 0), -1);
	CHECK_INT(say(COMMAND_KILL, "", 0), 0);
	at("", 18, 18);
}

static void
kill_without_a_fallback_halts(void)
{
	publish(&first);
	CHECK_INT(say(COMMAND_KILL, "", 0), 0);
	at("", 2, 2);
	CHECK(c.scopes[0].urgent);
	CHECK_INT(say(COMMAND_RESUME, "", 0), 0);
	CHECK(!c.scopes[0].urgent);
	at("", 2, 3);
}

static void
kill_brings_nobody_forward(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_ROLLBACK, "", 3), 0);
	CHECK_INT(say(COMMAND_KILL, "", 0), 0);
	at("", 5, 5);
	CHECK(c.scopes[0].urgent);
}

static void
only_its_own_name_lifts_a_platforms_stop(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_HALT, "linux-x86_64", 0), 0);
	at("linux-x86_64", 2, 2);
	at("", 0, 1);
	CHECK_INT(c.stop_floor, 2);
	CHECK_INT(say(COMMAND_RESUME, "", 0), -1);
	CHECK(strstr(e.msg, "linux-x86_64") != NULL);
	CHECK_INT(say(COMMAND_HALT, "", 0), 0);
	CHECK_INT(say(COMMAND_RESUME, "", 0), 0);
	at("", 2, 6);
	at("linux-x86_64", 2, 2);
	CHECK_INT(c.stop_floor, 7);
	/* a channel-wide raise passes it by too */
	CHECK_INT(say(COMMAND_PERCENT, "", 5000), 0);
	CHECK_INT(
	    channel_state_scope(&c, SCOPE_PLATFORM, "linux-x86_64")->percent_bp,
	    1000);
	CHECK_INT(say(COMMAND_RESUME, "linux-x86_64", 0), 0);
	at("linux-x86_64", 2, 6);
	CHECK_INT(c.stop_floor, 7);
}

static void
a_platform_keeps_its_older_rollback(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_ROLLBACK, "linux-x86_64", 3), 0);
	CHECK_INT(say(COMMAND_ROLLBACK, "", 5), 0);
	at("", 3, 3);
	at("linux-x86_64", 5, 5);
}

static void
a_pin_takes_only_what_is_newer(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_PIN, "", 6), 0);
	at("", 0, 1);
	CHECK_INT(say(COMMAND_PIN, "", 5), 0);
	at("", 2, 6);
	CHECK_INT(c.npins, 1);
	/* nobody has it any more */
	CHECK_INT(say(COMMAND_PIN, "", 4), 0);
	CHECK_INT(say(COMMAND_PIN, "linux-x86_64", 4), 0);
	at("", 2, 6);
	CHECK_INT(c.nscopes, 1);
	CHECK_INT(say(COMMAND_UNPIN, "", 0), 0);
	CHECK_INT(say(COMMAND_UNPIN, "", 0), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	at("", 2, 6);
}

static void
a_platforms_pin_moves_the_platform_alone(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_PIN, "linux-x86_64", 5), 0);
	at("", 0, 1);
	at("linux-x86_64", 2, 6);
}

static void
pinned_back_groups_get_a_position(void)
{
	publish(&ladder);
	CHECK_INT(say(COMMAND_HALT, "lts", 0), -1);
	CHECK_INT(pin_back("lts", 2), -1);
	CHECK_INT(pin_back("lts", 4), 0);
	at("lts", 4, 4);
	at("", 0, 1);
	CHECK_INT(say(COMMAND_UNPIN, "lts", 0), 0);
	at("lts", 4, 4);
	CHECK_INT(pin_back("", 5), 0);
	at("", 3, 3);
	at("lts", 4, 4);
}

static void
refusals_change_nothing(void)
{
	struct channel_state was;

	publish(&ladder);
	CHECK_INT(say(COMMAND_HALT, "linux-x86_64", 0), 0);
	was = c;
	CHECK_INT(say(COMMAND_ROLLBACK, "", 2), -1);
	CHECK_INT(say(COMMAND_PERCENT, "linux-x86_64", 5000), -1);
	CHECK_INT(say(COMMAND_PERCENT, "../x-y", 500), -1);
	CHECK_INT(e.kind, ERR_USAGE);
	CHECK(memcmp(&was, &c, sizeof(c)) == 0);
}

static void
renew(int low, int high, int want_low, int want_high)
{
	struct ladder to = ladder;
	struct scope s = { .low = low, .high = high };

	to.m++;
	CHECK_INT(position_renew(&s, &ladder, &to, &e), 0);
	CHECK_INT(s.low, want_low);
	CHECK_INT(s.high, want_high);
}

static void
renewals_carry_positions_over(void)
{
	struct ladder one = ladder;
	struct scope s = { .low = 8, .high = 11 };

	renew(0, 1, 0, 1);
	renew(7, 11, 0, 1);
	renew(12, 12, 2, 2);
	renew(9, 9, 4, 4);
	renew(8, 11, 3, 6);
	one.nblocks = 1;
	CHECK_INT(position_renew(&s, &ladder, &one, &e), -1);
	one.ngood = 1;
	s = (struct scope){ .low = 9, .high = 9 };
	CHECK_INT(position_renew(&s, &ladder, &one, &e), -1);
	CHECK_INT(s.high, 9);
}

static void
restore(int high, int percent_bp, int signed_, int want)
{
	struct scope s = { .low = 0, .high = high, .percent_bp = percent_bp };

	position_restore(&s, &ladder, signed_);
	CHECK_INT(s.high, want);
}

static void
a_restored_rollout_is_halted(void)
{
	restore(1, 5000, 1, 2);
	restore(1, 5000, 7, 12);
	restore(1, 10000, 1, 1);
	restore(1, 10000, 3, 7);
	restore(6, 5000, 1, 7);
	restore(1, 5000, 17, 18);
	restore(1, 5000, 20, 20);
	restore(4, 5000, 4, 4);
}

static void
a_new_publication_ends_platforms_not_pins(void)
{
	struct ladder next = ladder;

	publish(&ladder);
	CHECK_INT(say(COMMAND_PERCENT, "", 5000), 0);
	CHECK_INT(say(COMMAND_HALT, "linux-x86_64", 0), 0);
	CHECK_INT(say(COMMAND_PIN, "", 5), 0);
	CHECK_INT(say(COMMAND_GROUP_ADD, "early", 0), 0);
	next.m++;
	CHECK_INT(take_in(&next, true), 0);
	CHECK_INT(c.nscopes, 2);
	CHECK_INT(c.scopes[0].percent_bp, 5000);
	at("linux-x86_64", 2, 2);
	CHECK_INT(c.stop_floor, 2);
	CHECK_INT(take_in(&next, false), -1);
	next.m++;
	next.offer_seq = 7;
	CHECK_INT(take_in(&next, true), -1);
	CHECK_INT(take_in(&next, false), 0);
	CHECK_INT(c.nscopes, 1);
	CHECK_INT(c.stop_floor, 0);
	CHECK_INT(c.npins, 1);
	CHECK_INT(c.ngroups, 1);
	at("", 0, 1);
	CHECK_INT(c.scopes[0].percent_bp, 1000);
}

static void
states_survive_json(void)
{
	static struct channel_state back;
	json_t *v;

	publish(&ladder);
	CHECK_INT(say(COMMAND_HALT, "linux-x86_64", 0), 0);
	CHECK_INT(say(COMMAND_PIN, "windows-x86_64", 5), 0);
	CHECK_INT(say(COMMAND_GROUP_ADD, "early", 0), 0);
	CHECK_INT(pin_back("lts", 4), 0);
	CHECK_INT(channel_state_repair(&c, "1.5.9", &e), 0);
	v = channel_state_write(&c, &e);
	CHECK(v != NULL);
	CHECK_INT(channel_state_read(v, &back, &e), 0);
	CHECK(!back.mirror);
	CHECK_INT(back.nscopes, 4);
	CHECK_INT(back.npins, 2);
	CHECK_TEXT(back.groups[0], "early");
	CHECK_TEXT(back.repairs[0], "1.5.9");
	CHECK_INT(back.stop_floor, 2);
	CHECK_INT(back.plan[1].percent_bp, 5000);
	for (size_t i = 0; i < c.nscopes; i++) {
		CHECK_INT(back.scopes[i].high, c.scopes[i].high);
		CHECK_INT(back.scopes[i].own_stop, c.scopes[i].own_stop);
		CHECK_TEXT(back.scopes[i].name, c.scopes[i].name);
	}
	json_object_set_new(v, "stop_floor", json_integer(21));
	CHECK_INT(channel_state_read(v, &back, &e), -1);
	json_decref(v);
	CHECK_INT(channel_state_read(NULL, &back, &e), -1);
}

static const struct tap_test tests[] = {
	TAP(a_publication_starts_on_hold_and_first_offer),
	TAP(a_higher_percentage_moves_no_rung),
	TAP(a_lower_percentage_takes_the_offer),
	TAP(the_control_slice_loses_nothing),
	TAP(percent_is_bounded_by_the_plan),
	TAP(halt_is_for_everybody_and_idempotent),
	TAP(rollback_goes_up_to_its_rung),
	TAP(lift_past_the_fallback_is_refused),
	TAP(the_last_block_keeps_its_stops),
	TAP(kill_without_a_fallback_halts),
	TAP(kill_brings_nobody_forward),
	TAP(only_its_own_name_lifts_a_platforms_stop),
	TAP(a_platform_keeps_its_older_rollback),
	TAP(a_pin_takes_only_what_is_newer),
	TAP(a_platforms_pin_moves_the_platform_alone),
	TAP(pinned_back_groups_get_a_position),
	TAP(refusals_change_nothing),
	TAP(renewals_carry_positions_over),
	TAP(a_restored_rollout_is_halted),
	TAP(a_new_publication_ends_platforms_not_pins),
	TAP(states_survive_json),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
