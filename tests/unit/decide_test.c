/*
 * The client's decision, rule by rule.  Each case is a good manifest with a
 * few words changed; the numbers are the client algorithm's steps.
 */
#include "client/decide.h"

#include <stdio.h>
#include <string.h>

#include "manifest/cohort.h"
#include "tests/tap.h"

#define NOW INT64_C(1780272000)
#define DAY INT64_C(86400)

/* A machine with 1.5.0 (5) and an offer of 1.9.0 (9) to 2500 of 10000. */
struct sample {
	struct decide d;
	struct manifest m;
	struct artifact artifact;
	struct stage plan[3];
	struct rollback_from from[1];
	int64_t repairs[1];
};

static void
sample(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->plan[0] = (struct stage){ 2500, 0, DAY };
	s->plan[1] = (struct stage){ 5000, NOW + 10 * DAY, DAY };
	s->plan[2] = (struct stage){ 10000, NOW + 20 * DAY, 0 };
	s->artifact = (struct artifact){ .os = "linux",
		.arch = "x86_64",
		.name = "editor",
		.path = "1.9.0/linux-x86_64/editor",
		.size = 10 };
	s->from[0] = (struct rollback_from){ .seq = 12 };
	s->repairs[0] = 5;
	s->m = (struct manifest){ .product = "editor",
		.channel = "stable",
		.seq = 9,
		.version = "1.9.0",
		.created_s = NOW - 3600,
		.expires_s = NOW + 30 * DAY,
		.kind = MANIFEST_RELEASE,
		.offer = true,
		.rollout = { .salt = "stable/2.4.0",
		    .control_bp = 1000,
		    .plan = s->plan,
		    .nplan = 3 },
		.rollback = { .from = s->from,
		    .nfrom = 1,
		    .to_seq = 9,
		    .reason = "it crashes",
		    .not_after_s = NOW + DAY },
		.artifacts = &s->artifact,
		.nartifacts = 1 };
	s->d = (struct decide){ .manifest = &s->m,
		.os = "linux",
		.arch = "x86_64",
		.now_s = NOW,
		.installed_seq = 5,
		.installed_version = "1.5.0",
		.cap_bp = 10000,
		.bucket = 2499 };
}

/* Not an offer: hold, halt or rollback naming the release. */
static void
low(struct sample *s, enum manifest_kind kind)
{
	s->m.offer = false;
	s->m.kind = kind;
	s->d.cap_bp = 0;
}

static void
installed(struct sample *s, int64_t seq, const char *version)
{
	s->d.installed_seq = seq;
	s->d.installed_version = version;
}

/* --- the changes, one line each ------------------------------------------- */

static void
nothing_changed(struct sample *s)
{
	(void)s;
}
static void
bucket_at_the_limit(struct sample *s)
{
	s->d.bucket = 2500;
}
static void
cap_below_the_envelope(struct sample *s)
{
	s->d.cap_bp = 2000;
}
static void
cap_above_the_envelope(struct sample *s)
{
	s->d.bucket = 4000;
	s->d.cap_bp = 10000;
}
static void
cap_zero(struct sample *s)
{
	s->d.bucket = 0;
	s->d.cap_bp = 0;
}
static void
second_stage(struct sample *s)
{
	s->d.bucket = 4999;
	s->d.now_s = NOW + 10 * DAY;
}
static void
no_id(struct sample *s)
{
	s->d.bucket = BUCKET_NO_ID;
}
static void
outside_but_asked(struct sample *s)
{
	s->d.bucket = 9998;
	s->d.ask = true;
}
static void
outside_but_early(struct sample *s)
{
	s->d.bucket = 9998;
	s->d.group = true;
}
static void
outside_but_repaired(struct sample *s)
{
	s->d.bucket = 9998;
	s->m.repairs = s->repairs;
	s->m.nrepairs = 1;
}
static void
repairs_another(struct sample *s)
{
	outside_but_repaired(s);
	s->repairs[0] = 6;
}
static void
nothing_installed(struct sample *s)
{
	installed(s, 0, "");
}
static void
same_release(struct sample *s)
{
	installed(s, 9, "1.9.0");
}
static void
no_release(struct sample *s)
{
	low(s, MANIFEST_RELEASE);
	s->m.seq = 0;
	s->m.version = NULL;
	s->m.nartifacts = 0;
}
static void
hold_above_us(struct sample *s)
{
	low(s, MANIFEST_RELEASE);
	s->d.bucket = 9999;
}
static void
halt_above_us(struct sample *s)
{
	low(s, MANIFEST_HALT);
	s->d.bucket = 9999;
}
static void
halt_below_us(struct sample *s)
{
	low(s, MANIFEST_HALT);
	installed(s, 12, "1.12.0");
}
static void
halt_below_us_asked(struct sample *s)
{
	halt_below_us(s);
	s->d.ask = true;
}
static void
rollback_of_ours(struct sample *s)
{
	low(s, MANIFEST_ROLLBACK);
	s->m.permission = true;
	installed(s, 12, "1.12.0");
}
static void
rollback_above_us(struct sample *s)
{
	rollback_of_ours(s);
	installed(s, 5, "1.5.0");
}
static void
rollback_of_another(struct sample *s)
{
	rollback_of_ours(s);
	installed(s, 13, "1.13.0");
}
static void
rollback_too_late(struct sample *s)
{
	rollback_of_ours(s);
	s->d.now_s = s->m.rollback.not_after_s;
}
static void
rollback_below_the_floor(struct sample *s)
{
	rollback_of_ours(s);
	s->d.floor_seq = 10;
}
static void
rollback_forbidden(struct sample *s)
{
	rollback_of_ours(s);
	s->d.policy = BACK_NO;
}
static void
rollback_if_asked(struct sample *s)
{
	rollback_of_ours(s);
	s->d.policy = BACK_ASK;
}
static void
rollback_above_the_pin(struct sample *s)
{
	rollback_of_ours(s);
	s->d.pin_seq = 8;
}
static void
hold_with_permission(struct sample *s)
{
	rollback_of_ours(s);
	s->m.kind = MANIFEST_RELEASE;
}
static void
back_by_hand(struct sample *s)
{
	low(s, MANIFEST_RELEASE);
	installed(s, 12, "1.12.0");
	s->d.back_now = true;
}
static void
back_by_hand_below_the_floor(struct sample *s)
{
	back_by_hand(s);
	s->d.floor_seq = 10;
}
static void
below_the_floor(struct sample *s)
{
	s->d.floor_seq = 10;
	s->d.ask = true;
}
static void
at_the_floor(struct sample *s)
{
	s->d.floor_seq = 9;
}
static void
pinned_below(struct sample *s)
{
	s->d.pin_seq = 8;
	s->d.ask = true;
}
static void
pinned_at(struct sample *s)
{
	s->d.pin_seq = 9;
}
static void
pinned_below_what_is_installed(struct sample *s)
{
	low(s, MANIFEST_RELEASE);
	installed(s, 12, "1.12.0");
	s->d.pin_seq = 9;
}
static void
too_early(struct sample *s)
{
	s->m.not_before_s = NOW + 1;
	s->d.ask = true;
}
static void
just_in_time(struct sample *s)
{
	s->m.not_before_s = NOW;
}
static void
expired(struct sample *s)
{
	s->m.expires_s = NOW;
}
static void
expired_halt(struct sample *s)
{
	low(s, MANIFEST_HALT);
	s->m.expires_s = NOW;
}
static void
other_arch(struct sample *s)
{
	s->d.arch = "aarch64";
}
static void
other_os(struct sample *s)
{
	s->d.os = "windows";
}
static void
os_too_old(struct sample *s)
{
	s->m.minimum_os = "6.10";
	s->d.os_version = "6.9.12";
}
static void
os_just_right(struct sample *s)
{
	s->m.minimum_os = "6.10";
	s->d.os_version = "6.10";
}
static void
os_shorter(struct sample *s)
{
	s->m.minimum_os = "10.0.1";
	s->d.os_version = "10";
}
static void
lower_version(struct sample *s)
{
	installed(s, 5, "2.0.0");
}
static void
lower_version_asked(struct sample *s)
{
	lower_version(s);
	s->d.ask = true;
}
static void
failed_here(struct sample *s)
{
	s->d.failed_seq = 9;
}
static void
failed_here_asked(struct sample *s)
{
	failed_here(s);
	s->d.ask = true;
}
static void
failed_before(struct sample *s)
{
	s->d.failed_seq = 8;
}
/* a thief's release with the highest number; its keys are gone */
static void
disowned(struct sample *s)
{
	low(s, MANIFEST_RELEASE);
	installed(s, INT32_MAX, "1.5.9");
	s->d.installed_disowned = true;
}
static void
owned(struct sample *s)
{
	disowned(s);
	s->d.installed_disowned = false;
}
static void
disowned_but_the_same(struct sample *s)
{
	disowned(s);
	installed(s, 9, "1.9.0");
}
static void
disowned_and_higher(struct sample *s)
{
	disowned(s);
	installed(s, 12, "1.12.0");
}

static void
disowned_and_permitted(struct sample *s)
{
	disowned_and_higher(s);
	s->m.kind = MANIFEST_ROLLBACK;
	s->m.permission = true;
}

struct row {
	const char *name;
	void (*change)(struct sample *);
	enum action action;
	bool drop;
};

#define R(fn, action)                  \
	{                              \
#fn, fn, action, false \
	}
#define D(fn, action)                 \
	{                             \
#fn, fn, action, true \
	}

/* clang-format off */
static const struct row rows[] = {
	/* 9, 15: what holds for all */
	R(expired, ACTION_REFUSED),
	R(too_early, ACTION_NOT_YET),
	R(just_in_time, ACTION_UP),
	R(no_release, ACTION_NOTHING),
	R(other_arch, ACTION_NOTHING),
	R(other_os, ACTION_NOTHING),
	R(os_too_old, ACTION_NOT_YET),
	R(os_just_right, ACTION_UP),
	R(os_shorter, ACTION_NOT_YET),
	/* 11: halt and rollback drop what has been fetched */
	D(expired_halt, ACTION_REFUSED),
	D(halt_above_us, ACTION_UP),
	D(halt_below_us, ACTION_NOTHING),
	D(halt_below_us_asked, ACTION_NOTHING),
	/* 12: going back */
	D(rollback_of_ours, ACTION_BACK),
	D(rollback_above_us, ACTION_UP),
	D(rollback_of_another, ACTION_NOTHING),
	D(rollback_too_late, ACTION_NOTHING),
	D(rollback_below_the_floor, ACTION_REFUSED),
	D(rollback_forbidden, ACTION_NOTHING),
	D(rollback_if_asked, ACTION_BACK),
	D(rollback_above_the_pin, ACTION_NOT_YET),
	R(hold_with_permission, ACTION_BACK),
	R(back_by_hand, ACTION_BACK),
	R(back_by_hand_below_the_floor, ACTION_REFUSED),
	/* 13: going up */
	R(nothing_changed, ACTION_UP),
	R(nothing_installed, ACTION_UP),
	R(same_release, ACTION_NOTHING),
	R(hold_above_us, ACTION_UP),
	R(below_the_floor, ACTION_REFUSED),
	R(at_the_floor, ACTION_UP),
	R(pinned_below, ACTION_NOT_YET),
	R(pinned_at, ACTION_UP),
	R(pinned_below_what_is_installed, ACTION_NOTHING),
	R(lower_version, ACTION_NOT_YET),
	R(lower_version_asked, ACTION_UP),
	/* 14: the percentage */
	R(bucket_at_the_limit, ACTION_NOT_YET),
	R(cap_below_the_envelope, ACTION_NOT_YET),
	R(cap_above_the_envelope, ACTION_NOT_YET),
	R(cap_zero, ACTION_NOT_YET),
	R(second_stage, ACTION_UP),
	R(no_id, ACTION_NOT_YET),
	R(outside_but_asked, ACTION_UP),
	R(outside_but_early, ACTION_UP),
	R(outside_but_repaired, ACTION_UP),
	R(repairs_another, ACTION_NOT_YET),
	/* 19: what did not work here */
	R(failed_here, ACTION_NOT_YET),
	R(failed_here_asked, ACTION_UP),
	R(failed_before, ACTION_UP),
	/* keys that root has replaced */
	R(owned, ACTION_NOTHING),
	R(disowned, ACTION_UP),
	R(disowned_but_the_same, ACTION_NOTHING),
	R(disowned_and_higher, ACTION_NOT_YET),
	D(disowned_and_permitted, ACTION_UP),
};
/* clang-format on */

static void
decide_follows_every_rule(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sample s;
		struct decision got;
		bool right;

		sample(&s);
		rows[i].change(&s);
		got = decide_make(&s.d);
		right = CHECK_TEXT(decide_action_name(got.action),
		    decide_action_name(rows[i].action));
		right &= CHECK_INT(got.drop, rows[i].drop);
		right &= CHECK(got.reason[0] != 0);
		right &= CHECK((got.artifact != NULL) ==
		    (got.action == ACTION_UP || got.action == ACTION_BACK));
		if (!right)
			tap_note("%s: %s", rows[i].name, got.reason);
	}
}

static void
decide_says_when_to_come_again(void)
{
	struct sample s;

	sample(&s);
	bucket_at_the_limit(&s);
	CHECK_INT(decide_make(&s.d).again_s, NOW + 10 * DAY);
	sample(&s);
	too_early(&s);
	CHECK_INT(decide_make(&s.d).again_s, NOW + 1);
	sample(&s);
	cap_below_the_envelope(&s); /* only the server knows */
	CHECK_INT(decide_make(&s.d).again_s, 0);
}

static void
decide_asks_the_owner_only_for_the_way_back(void)
{
	struct sample s;

	sample(&s);
	rollback_if_asked(&s);
	CHECK(decide_make(&s.d).consent);
	sample(&s);
	rollback_of_ours(&s);
	CHECK(!decide_make(&s.d).consent);
	sample(&s);
	s.d.policy = BACK_ASK;
	CHECK(!decide_make(&s.d).consent);
}

/* However pins, floors and installed releases lie: a pin moves nobody back,
 * and nothing below the floor is ever chosen. */
static void
decide_never_goes_below_floor_or_back_by_a_pin(void)
{
	for (int64_t seq = 1; seq < 8; seq++) {
		for (int64_t here = 0; here < 8; here++) {
			for (int64_t pin = 0; pin < 8; pin++) {
				for (int64_t floor = 0; floor < 8; floor++) {
					struct sample s;
					struct decision got;

					sample(&s);
					low(&s, MANIFEST_RELEASE);
					s.m.seq = seq;
					installed(&s, here, "1.0.0");
					s.d.pin_seq = pin;
					s.d.floor_seq = floor;
					s.d.ask = true;
					got = decide_make(&s.d);
					CHECK(got.action != ACTION_BACK);
					if (got.action != ACTION_UP)
						continue;
					CHECK(seq > here && seq >= floor);
					CHECK(pin == 0 || seq <= pin);
				}
			}
		}
	}
}

static const struct tap_test tests[] = {
	TAP(decide_follows_every_rule),
	TAP(decide_says_when_to_come_again),
	TAP(decide_asks_the_owner_only_for_the_way_back),
	TAP(decide_never_goes_below_floor_or_back_by_a_pin),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
