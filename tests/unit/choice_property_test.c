/*
 * The promises about who gets what, against random histories: a seeded
 * generator plays operators, publications, renewals and time; model clients
 * poll.  Foreign ones accept what an unmodified TUF client would; ours send
 * what they have seen and check the offer themselves.  Wrong variants of the
 * choice have to be caught, else the promises are not tested.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/command.h"
#include "server/position.h"
#include "tests/choice_world.h"
#include "tests/tap.h"

static const char *const variant_names[] = { "right", "no stop", "no take",
	"no pins", "no floor", "no seen", "no envelope", "no control",
	"no has" };

static struct world world;

/* --- the choice under test ----------------------------------------------- */

static struct choice
choose(struct world *w, const struct request *q)
{
	static struct channel_state other;
	struct request r = *q;
	struct choice ch;

	if (w->variant == RIGHT || w->variant == NO_TAKE)
		return choice_make(&w->c, q, w->now_s);
	other = w->c;
	if (w->variant == NO_PINS)
		other.npins = 0;
	if (w->variant == NO_FLOOR)
		other.stop_floor = 0;
	if (w->variant == NO_SEEN)
		r.seen = 0;
	if (w->variant == NO_CONTROL)
		other.control_bp = 0;
	if (w->variant == NO_HAS)
		other.offer_version[0] = '\0';
	if (w->variant == NO_ENVELOPE) {
		other.nplan = 1;
		other.plan[0] = (struct stage){ .percent_bp = 10000 };
	}
	ch = choice_make(&other, &r, w->now_s);
	if (w->variant == NO_STOP &&
	    (ch.rule == RULE_HALT || ch.rule == RULE_ROLLBACK)) {
		ch.rung = 1;
		ch.high = true;
	}
	return ch;
}

/* --- clients ------------------------------------------------------------- */

static int64_t
lower_pin(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static int64_t
pin_of(const struct world *w, const struct client *c, bool platform)
{
	int64_t seq = w->channel_pin;

	if (platform && c->platform >= 0)
		seq = lower_pin(seq, w->pin[c->platform]);
	if (c->group >= 0)
		seq = lower_pin(seq, w->group_pin[c->group]);
	return seq;
}

static bool
stopped(const struct world *w, const struct client *c, bool platform)
{
	if (c->group >= 0 && w->group_stop[c->group])
		return true;
	if (platform && c->platform >= 0)
		return w->stop[c->platform];
	for (int p = 0; p < PLATFORMS; p++) {
		if (w->own_stop[p])
			return true;
	}
	return w->channel_stop;
}

static const struct scope *
scope_of(struct world *w, const struct client *c, bool platform)
{
	const struct scope *s = NULL;

	if (platform && c->platform >= 0)
		s = channel_state_scope(
		    &w->c, SCOPE_PLATFORM, world_platforms[c->platform]);
	return s != NULL ? s : &w->c.scopes[0];
}

/* cap - DESIGN's sentence, written a second time. */
static int
cap(struct world *w, const struct scope *s)
{
	int64_t next_s;
	int open = cohort_envelope(
	    w->c.plan, w->c.nplan, w->c.start_s, w->now_s, &next_s);
	int last = w->c.plan[w->c.nplan - 1].percent_bp;
	int top = BP_ALL - w->c.control_bp;

	if (w->now_s < w->c.not_before_s)
		return 0;
	if (next_s == 0 && open == last && s->percent_bp == last)
		top = BP_ALL;
	if (s->percent_bp < open)
		open = s->percent_bp;
	return open < top ? open : top;
}

struct poll {
	struct client *c;
	struct request q;
	char version[32];
	bool platform; /* says it this time */
};

static void
check_view(struct world *w, const struct poll *p, const struct choice *ch)
{
	for (int i = 0; i < w->nviews; i++) {
		const struct view *v = &w->views[i];

		if (v->scope == ch->scope && v->rung == ch->rung &&
		    v->high == ch->high && v->pin_seq == ch->pin_seq)
			return;
	}
	world_wrong(w, "a choice without a view", p->c);
}

/* check_offer - may an automatic poll be given the offer? */
static void
check_offer(struct world *w, const struct poll *p, const struct choice *ch)
{
	const struct scope *s = scope_of(w, p->c, p->platform);
	int64_t pin = pin_of(w, p->c, p->platform);
	bool pinned = pin != 0 && pin < w->c.ladder.offer_seq;
	bool has =
	    p->c->says_version && strcmp(p->version, w->c.offer_version) == 0;
	bool repaired = p->c->says_version && w->c.nrepairs > 0 &&
	    strcmp(p->version, w->c.repairs[0]) == 0;

	if (stopped(w, p->c, p->platform))
		world_wrong(w, "a stopped release was offered", p->c);
	if (w->now_s < w->c.not_before_s)
		world_wrong(w, "an offer before not_before", p->c);
	if (p->q.seen == 0 && pinned)
		world_wrong(w, "an offer past a pin", p->c);
	if (p->q.seen == 0 && p->c->group < 0 && !p->q.ask && !has &&
	    !repaired && ch->bucket >= cap(w, s))
		world_wrong(w, "an offer past the percentage", p->c);
	if (ch->rule == RULE_PERCENTAGE && s->percent_bp == 0 &&
	    p->c->group < 0)
		world_wrong(w, "0 % is somebody", p->c);
}

/* check_kept - whoever has seen the offer that stands keeps it in view. */
static void
check_kept(struct world *w, const struct poll *p, const struct choice *ch)
{
	const struct scope *s = scope_of(w, p->c, p->platform);

	if (p->c->group < 0 && p->platform && p->q.seen > 0 &&
	    w->now_s >= w->c.not_before_s &&
	    position_on_offer(s, &w->c.ladder) &&
	    p->q.seen == ladder_version(&w->c.ladder, s->high) &&
	    ch->rung != s->high)
		world_wrong(w, "an offer that stands was taken away", p->c);
}

/* check_no_offer - everybody means everybody, and groups are let in. */
static void
check_no_offer(struct world *w, const struct poll *p)
{
	const struct scope *s = scope_of(w, p->c, p->platform);
	int64_t pin = pin_of(w, p->c, p->platform);

	if (stopped(w, p->c, p->platform) ||
	    (pin != 0 && pin < w->c.ladder.offer_seq) ||
	    w->now_s < w->c.not_before_s || !p->platform || p->c->group >= 0)
		return;
	if (p->q.seen > ladder_version(&w->c.ladder, s->high))
		return; /* it came from another position */
	if (cap(w, s) == BP_ALL || p->q.ask)
		world_wrong(w, "100 % is not everybody", p->c);
}

/* install - what the client does with a view that it has accepted. */
static void
install(struct world *w, const struct poll *p, const struct choice *ch)
{
	const struct ladder *l = &w->c.ladder;
	enum rung_kind kind = ladder_kind(l, ch->rung);
	int64_t seq = ladder_seq(l, ch->rung);
	int64_t pin = pin_of(w, p->c, p->platform);
	struct client *c = p->c;
	int view_cap = choice_cap(&w->c, &w->c.scopes[ch->scope], w->now_s);
	int open = cohort_envelope(
	    w->c.plan, w->c.nplan, w->c.start_s, w->now_s, NULL);

	if (seq == 0 || seq == c->installed)
		return;
	if (kind == RUNG_ROLLBACK && seq < c->installed)
		c->installed = seq;
	if (seq < c->installed)
		return;
	if (!c->ours) {
		c->installed = seq;
		return;
	}
	if (ch->pin_seq != 0 && seq > ch->pin_seq)
		return;
	if (kind == RUNG_OFFER && !p->q.ask && c->group < 0 &&
	    (ch->bucket >= view_cap || ch->bucket >= open))
		return;
	if (pin != 0 && seq > pin)
		world_wrong(w, "a pinned client installed something newer", c);
	if (kind == RUNG_OFFER && stopped(w, c, p->platform))
		world_wrong(w, "a stopped release was installed", c);
	c->installed = seq;
}

/* none_above - nothing of the wanted meaning is left above what it has seen */
static bool
none_above(struct world *w, const struct poll *p)
{
	const struct ladder *l = &w->c.ladder;
	struct request q = p->q;
	int seen = ladder_index(l, q.seen);
	struct choice ch;

	q.seen = 0;
	ch = choice_make(&w->c, &q, w->now_s);
	for (int r = seen; r < ladder_rungs(l); r++) {
		if (ladder_same(l, r, ch.rung))
			return false;
	}
	return true;
}

static struct poll
some_poll(struct world *w, struct client *c)
{
	struct poll p = { .c = c, .platform = c->platform >= 0 };

	world_version(p.version, c->installed);
	if (c->ours) {
		if (world_roll(w, 20) == 0)
			p.platform = false;
		p.q.seen = c->snapshot;
		p.q.ask = world_roll(w, 12) == 0;
		p.q.group = c->group >= 0 ? world_groups[c->group] : NULL;
	}
	p.q.id = c->id[0] != '\0' ? c->id : NULL;
	p.q.platform = p.platform ? world_platforms[c->platform] : NULL;
	return p;
}

static void
poll_one(struct world *w, struct client *c)
{
	struct poll p = some_poll(w, c);
	struct choice ch;
	int64_t snapshot;

	p.q.version = c->says_version ? p.version : NULL;
	ch = choose(w, &p.q);
	w->polls++;
	check_view(w, &p, &ch);
	check_kept(w, &p, &ch);
	if (ch.pin_seq != pin_of(w, c, p.platform))
		world_wrong(w, "not the strictest pin", c);
	if (ladder_kind(&w->c.ladder, ch.rung) == RUNG_OFFER) {
		check_offer(w, &p, &ch);
		w->offers++;
	} else {
		check_no_offer(w, &p);
		w->stops += ch.rule == RULE_HALT || ch.rule == RULE_ROLLBACK;
	}
	snapshot = ladder_version(&w->c.ladder, ch.rung);
	if (snapshot < c->snapshot) {
		w->behind++;
		if (!c->ours)
			world_wrong(w, "a foreign client was moved down", c);
		else if (!none_above(w, &p))
			world_wrong(w, "a client was moved down", c);
		return;
	}
	c->snapshot = snapshot;
	install(w, &p, &ch);
}

/* --- what must be possible at any time ----------------------------------- */

static void
check_stop(struct world *w, const struct command *cmd)
{
	static struct channel_state after;
	struct err e = { 0 };

	after = w->c;
	if (command_apply(&after, cmd, w->now_s, &e) < 0) {
		world_wrong(w, "what is on offer cannot be stopped", NULL);
		return;
	}
	for (int i = 0; i < 6; i++) {
		struct client *c = &w->clients[world_roll(w, CLIENTS)];
		struct poll p = some_poll(w, c);
		struct choice ch = choice_make(&after, &p.q, w->now_s);

		if (cmd->kind == SCOPE_PLATFORM && p.platform &&
		    strcmp(p.q.platform, cmd->name) != 0)
			continue;
		if (ladder_kind(&after.ladder, ch.rung) == RUNG_OFFER)
			world_wrong(w, "a stop left somebody the offer", c);
	}
}

static void
check_stops(struct world *w)
{
	struct command cmd = { .verb = COMMAND_HALT, .name = "" };

	check_stop(w, &cmd);
	cmd.verb = COMMAND_KILL;
	check_stop(w, &cmd);
	cmd.kind = SCOPE_PLATFORM;
	cmd.name = world_platforms[world_roll(w, PLATFORMS)];
	check_stop(w, &cmd);
	cmd.verb = COMMAND_HALT;
	check_stop(w, &cmd);
	cmd.verb = COMMAND_ROLLBACK;
	for (size_t i = 0; i < w->c.nscopes; i++) {
		const struct scope *s = &w->c.scopes[i];

		for (int g = 0; g < w->c.ladder.ngood; g++) {
			cmd.kind = s->kind;
			cmd.name = s->name;
			cmd.seq = w->c.ladder.good_seq[g];
			if (s->kind != SCOPE_GROUP && i > 0 &&
			    position_on_offer(s, &w->c.ladder))
				check_stop(w, &cmd);
		}
	}
}

/* --- histories ----------------------------------------------------------- */

static void
start(struct world *w, enum variant variant, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->variant = variant;
	w->quiet = variant != RIGHT;
	w->seed = seed;
	w->rng = seed;
	w->now_s = NOW_S;
	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &w->clients[i];
		char machine[32];

		snprintf(
		    machine, sizeof(machine), "machine-%d-%" PRIu64, i, seed);
		if (i % 6 != 5)
			cohort_client_id(c->id, "editor", machine);
		c->platform = i % 4 == 3 ? -1 : i % 4;
		c->ours = (i / 12) % 2 == 0;
		c->group = c->ours && i % 5 < GROUPS ? i % 5 : -1;
		c->says_version = (i / 4) % 2 == 0 || c->ours;
	}
	world_publish(w);
}

static void
step(struct world *w)
{
	struct err e = { 0 };
	int what = world_roll(w, 60);

	if (what < 3)
		world_publish(w);
	else if (what < 5)
		world_renew(w);
	else if (what < 35)
		w->now_s += world_roll(w, 12) * HOUR_S;
	else
		world_command(w);
	w->nviews =
	    choice_views(&w->c, w->now_s, w->views, COUNT(w->views), &e);
	if (w->nviews < 0) {
		world_wrong(w, e.msg, NULL);
		w->nviews = 0;
	}
	for (int i = 0; i < 8; i++)
		poll_one(w, &w->clients[world_roll(w, CLIENTS)]);
	if (w->variant == RIGHT && world_roll(w, 4) == 0)
		check_stops(w);
}

/* play - one history; stops at the first violation. */
static int
play(struct world *w, enum variant variant, uint64_t seed, int steps)
{
	start(w, variant, seed);
	for (w->step = 0; w->step < steps && w->violations == 0; w->step++)
		step(w);
	return w->violations;
}

static void
no_promise_is_broken(void)
{
	int64_t polls = 0, offers = 0, stops = 0, behind = 0, commands = 0;
	int64_t refused = 0;
	int bad = 0;

	/* a second or two; slower under sanitizers, never longer than that */
	for (uint64_t seed = 1; seed <= 150 && bad < 5; seed++) {
		if (clock() > 10 * CLOCKS_PER_SEC)
			break;
		bad += play(&world, RIGHT, seed, 400) != 0;
		polls += world.polls;
		offers += world.offers;
		stops += world.stops;
		behind += world.behind;
		commands += world.commands;
		refused += world.refused;
	}
	CHECK_INT(bad, 0);
	tap_note("polls %" PRId64 ", offers %" PRId64 ", stops %" PRId64
		 ", behind %" PRId64 ", commands %" PRId64 ", refused %" PRId64,
	    polls, offers, stops, behind, commands, refused);
	/* the histories have to reach what they are about */
	CHECK(offers > polls / 20);
	CHECK(stops > polls / 20);
	CHECK(refused < commands * 3 / 4);
}

static void
wrong_choices_are_caught(void)
{
	for (int v = RIGHT + 1; v < VARIANTS; v++) {
		uint64_t seed = 1;

		while (seed <= 100 &&
		    play(&world, (enum variant)v, seed, 400) == 0)
			seed++;
		if (!CHECK(seed <= 100))
			tap_note("not caught: %s", variant_names[v]);
	}
}

static const struct tap_test tests[] = {
	TAP(no_promise_is_broken),
	TAP(wrong_choices_are_caught),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
