/*
 * Who gets which rung: a pure function of (channel state, request).  The order
 * of the rules is decide()'s; what `seen` changes is above_seen()'s.
 */
#include "server/choice.h"

#include <string.h>

#include "manifest/cohort.h"
#include "server/position.h"

/* A position as a client meets it. */
struct place {
	int scope;
	int low, high;
	bool urgent;
};

const char *
rule_name(enum rule r)
{
	static const char *const names[] = { [RULE_NOTHING] = "nothing",
		[RULE_KILL] = "kill",
		[RULE_HALT] = "halt",
		[RULE_ROLLBACK] = "rollback",
		[RULE_PIN] = "pin",
		[RULE_GROUP] = "group",
		[RULE_ASK] = "ask",
		[RULE_HAS] = "installed",
		[RULE_REPAIR] = "repair",
		[RULE_PERCENTAGE] = "percentage",
		[RULE_WAIT] = "wait",
		[RULE_SEEN_HIGH] = "seen",
		[RULE_MIRROR] = "mirror" };

	return (size_t)r < COUNT(names) ? names[r] : "unknown";
}

static bool
given(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* too_early - the offer may not be had by anyone yet, in whatever way. */
static bool
too_early(const struct channel_state *c, int64_t now_s)
{
	return c->not_before_s > now_s;
}

/* --- places -------------------------------------------------------------- */

static struct place
place_of(const struct channel_state *c, int scope)
{
	const struct scope *s = &c->scopes[scope];

	return (struct place){ scope, s->low, s->high, s->urgent };
}

/* place_unknown - the channel's, for clients that do not name a platform. */
static struct place
place_unknown(const struct channel_state *c)
{
	struct place p = place_of(c, 0);

	if (p.low < c->stop_floor)
		p.low = c->stop_floor;
	if (p.high < c->stop_floor)
		p.high = c->stop_floor;
	return p;
}

static int
find_scope(
    const struct channel_state *c, enum scope_kind kind, const char *name)
{
	if (!given(name))
		return -1;
	for (size_t i = 1; i < c->nscopes; i++) {
		if (c->scopes[i].kind == kind &&
		    strcmp(c->scopes[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

/*
 * stricter - does a's stop come before b's?  An offer is the weakest, then a
 * halt, then rollbacks, the older the stronger; then the more urgent.
 */
static bool
stricter(const struct ladder *l, const struct place *a, const struct place *b)
{
	static const int order[] = { [RUNG_HOLD] = 0,
		[RUNG_OFFER] = 0,
		[RUNG_HALT] = 1,
		[RUNG_ROLLBACK] = 2 };
	enum rung_kind ka = ladder_kind(l, a->high);
	enum rung_kind kb = ladder_kind(l, b->high);

	if (order[ka] != order[kb])
		return order[ka] > order[kb];
	if (ka == RUNG_ROLLBACK &&
	    ladder_seq(l, a->high) != ladder_seq(l, b->high))
		return ladder_seq(l, a->high) < ladder_seq(l, b->high);
	return a->urgent && !b->urgent;
}

/*
 * place_for - the group's position, where a group that was pinned back has
 * one, unless the platform has been stopped harder than that; else the
 * platform's own; else the channel's.
 */
static struct place
place_for(const struct channel_state *c, const struct request *q)
{
	int group = find_scope(c, SCOPE_GROUP, q->group);
	int platform = find_scope(c, SCOPE_PLATFORM, q->platform);
	struct place here, own;

	if (platform > 0)
		here = place_of(c, platform);
	else if (given(q->platform))
		here = place_of(c, 0);
	else
		here = place_unknown(c);
	if (group < 0)
		return here;
	own = place_of(c, group);
	return stricter(&c->ladder, &here, &own) ? here : own;
}

/* --- pins ---------------------------------------------------------------- */

static int64_t
stricter_pin(int64_t a, int64_t b)
{
	if (a == 0 || (b != 0 && b < a))
		return b;
	return a;
}

/* pin_for - the strictest of the pins that reach the client; 0: none. */
static int64_t
pin_for(const struct channel_state *c, const char *platform, const char *group)
{
	int64_t seq = 0;

	for (size_t i = 0; i < c->npins; i++) {
		const struct pin *p = &c->pins[i];
		bool reaches = p->kind == SCOPE_CHANNEL;

		if (p->kind == SCOPE_PLATFORM)
			reaches =
			    given(platform) && strcmp(p->name, platform) == 0;
		else if (p->kind == SCOPE_GROUP)
			reaches = given(group) && strcmp(p->name, group) == 0;
		if (reaches)
			seq = stricter_pin(seq, p->seq);
	}
	return seq;
}

/* --- the decision -------------------------------------------------------- */

/* last_stage - the plan's last stage has come. */
static bool
last_stage(const struct channel_state *c, int64_t now_s)
{
	int64_t at = c->start_s;

	if (c->nplan == 0)
		return false;
	for (size_t i = 0; i + 1 < c->nplan; i++) {
		if (c->plan[i].min_duration_s > 0 &&
		    __builtin_add_overflow(at, c->plan[i].min_duration_s, &at))
			return false;
	}
	return at <= now_s && c->plan[c->nplan - 1].not_before_s <= now_s;
}

int
choice_cap(const struct channel_state *c, const struct scope *s, int64_t now_s)
{
	int envelope =
	    cohort_envelope(c->plan, c->nplan, c->start_s, now_s, NULL);
	int cap = s->percent_bp < envelope ? s->percent_bp : envelope;

	if (!position_on_offer(s, &c->ladder) || too_early(c, now_s))
		return 0;
	/* The last stage, fully opened: the control slice gets it too. */
	if (last_stage(c, now_s) &&
	    s->percent_bp >= c->plan[c->nplan - 1].percent_bp)
		return cap;
	return cap < BP_ALL - c->control_bp ? cap : BP_ALL - c->control_bp;
}

static bool
listed(const struct channel_state *c, const char *group)
{
	for (size_t i = 0; given(group) && i < c->ngroups; i++) {
		if (strcmp(c->groups[i], group) == 0)
			return true;
	}
	return false;
}

static bool
repairs(const struct channel_state *c, const char *version)
{
	for (size_t i = 0; given(version) && i < c->nrepairs; i++) {
		if (strcmp(c->repairs[i], version) == 0)
			return true;
	}
	return false;
}

static enum rule
stop_rule(const struct ladder *l, const struct place *p)
{
	if (p->urgent)
		return RULE_KILL;
	return ladder_kind(l, p->high) == RUNG_ROLLBACK ? RULE_ROLLBACK
							: RULE_HALT;
}

/*
 * decide - the rule that speaks; RULE_PIN and RULE_WAIT mean low, all others
 * high.  Whoever has the offer installed already keeps it in view: nothing is
 * handed out by that, and a hotfix's client (which passes the percentage by
 * its old version) would be moved down otherwise as soon as it had updated.
 */
static enum rule
decide(const struct channel_state *c, const struct request *q,
    const struct place *p, int64_t now_s, const struct choice *ch)
{
	if (ladder_kind(&c->ladder, p->high) != RUNG_OFFER)
		return stop_rule(&c->ladder, p);
	if (ch->pin_seq != 0 && c->ladder.offer_seq > ch->pin_seq)
		return RULE_PIN;
	if (too_early(c, now_s))
		return RULE_WAIT;
	if (listed(c, q->group))
		return RULE_GROUP;
	if (q->ask)
		return RULE_ASK;
	if (given(q->version) && strcmp(q->version, c->offer_version) == 0)
		return RULE_HAS;
	if (repairs(c, q->version))
		return RULE_REPAIR;
	if (ch->bucket < choice_cap(c, &c->scopes[p->scope], now_s))
		return RULE_PERCENTAGE;
	return RULE_WAIT;
}

/*
 * above_seen - the lowest rung of the same meaning that is not below what the
 * client has seen; the wanted one where there is none (the client then finds
 * this source behind, and does nothing).
 */
static int
above_seen(const struct ladder *l, int wanted, int seen)
{
	int top = ladder_rungs(l);

	for (int r = seen; r < top; r++) {
		if (ladder_same(l, r, wanted))
			return r;
	}
	return wanted;
}

struct choice
choice_make(
    const struct channel_state *c, const struct request *q, int64_t now_s)
{
	struct choice ch = { .rung = -1, .rule = RULE_NOTHING };
	const struct ladder *l = &c->ladder;
	struct place p;
	bool low;
	int seen;

	if (l->m == 0 || c->nscopes == 0)
		return ch;
	if (c->mirror) {
		ch.rule = RULE_MIRROR;
		ch.rung = c->mirror_rung;
		ch.bucket = cohort_bucket(c->salt, q->id);
		ch.high = ladder_kind(l, ch.rung) == RUNG_OFFER;
		return ch;
	}
	p = place_for(c, q);
	ch.scope = p.scope;
	ch.bucket = cohort_bucket(c->salt, q->id);
	ch.pin_seq = pin_for(c, q->platform, q->group);
	ch.rule = decide(c, q, &p, now_s, &ch);
	low = ch.rule == RULE_PIN || ch.rule == RULE_WAIT;
	ch.rung = low ? p.low : p.high;
	seen = q->seen > 0 ? ladder_index(l, q->seen) : -1;
	if (seen > ch.rung) {
		if (low && seen <= p.high && !too_early(c, now_s)) {
			ch.rung = p.high;
			ch.rule = RULE_SEEN_HIGH;
		} else {
			ch.rung = above_seen(l, ch.rung, seen);
		}
	}
	ch.high = ladder_kind(l, ch.rung) == RUNG_OFFER;
	return ch;
}

/* --- every view that choice_make may name -------------------------------- */

struct views {
	struct view *out;
	size_t room, n;
};

/* rungs_of - bits of the rungs that clients at a place may be given. */
static uint32_t
rungs_of(const struct channel_state *c, const struct place *p, bool early)
{
	const struct ladder *l = &c->ladder;
	int n = ladder_rungs(l);
	uint32_t bits = 0;

	for (int r = p->low; r < n; r++) {
		if (ladder_same(l, r, p->low))
			bits |= UINT32_C(1) << r;
		if (r >= p->high && ladder_same(l, r, p->high) &&
		    !(early && ladder_kind(l, r) == RUNG_OFFER))
			bits |= UINT32_C(1) << r;
	}
	return bits;
}

/* pins_of - the pin_seq values of a scope's clients, ascending, no two equal;
 * at most PINS_MAX + 1. */
static size_t
pins_of(const struct channel_state *c, const struct scope *s,
    int64_t out[static PINS_MAX + 1])
{
	int64_t base = pin_for(c, s->kind == SCOPE_PLATFORM ? s->name : NULL,
	    s->kind == SCOPE_GROUP ? s->name : NULL);
	size_t n = 0;

	out[n++] = base;
	for (size_t i = 0; i < c->npins; i++) {
		int64_t seq = stricter_pin(base, c->pins[i].seq);
		size_t at = 0;

		/* another platform's never meets this platform's clients */
		if (c->pins[i].kind == s->kind && s->kind != SCOPE_CHANNEL)
			continue;
		while (at < n && out[at] < seq)
			at++;
		if (at < n && out[at] == seq)
			continue;
		memmove(out + at + 1, out + at, (n - at) * sizeof(*out));
		out[at] = seq;
		n++;
	}
	return n;
}

static void
add_view(struct views *v, const struct view *view)
{
	if (v->out != NULL && v->n < v->room)
		v->out[v->n] = *view;
	v->n++;
}

static void
add_scope(
    const struct channel_state *c, int scope, int64_t now_s, struct views *v)
{
	const struct scope *s = &c->scopes[scope];
	struct place p = place_of(c, scope), unknown = place_unknown(c);
	bool early = too_early(c, now_s);
	uint32_t bits = rungs_of(c, &p, early);
	int64_t pins[PINS_MAX + 1];
	size_t npins = pins_of(c, s, pins);
	int top = ladder_rungs(&c->ladder);

	if (scope == 0)
		bits |= rungs_of(c, &unknown, early);
	for (int r = 0; r < top; r++) {
		bool offer = ladder_kind(&c->ladder, r) == RUNG_OFFER;

		if ((bits & UINT32_C(1) << r) == 0)
			continue;
		for (size_t i = 0; i < npins; i++)
			add_view(v,
			    &(struct view){ .scope = scope,
				.rung = r,
				.high = offer,
				.cap_bp = offer ? choice_cap(c, s, now_s) : 0,
				.pin_seq = pins[i],
				.urgent = s->urgent && !offer,
				.jump = r > p.high &&
				    (scope != 0 || r > unknown.high) });
	}
}

int
choice_views(const struct channel_state *c, int64_t now_s, struct view *out,
    size_t room, struct err *e)
{
	struct views v = { .out = out, .room = room };

	if (c->ladder.m == 0)
		return 0;
	for (size_t i = 0; i < c->nscopes; i++)
		add_scope(c, (int)i, now_s, &v);
	if (v.n > VIEWS_MAX || (out != NULL && v.n > room))
		return err_set(e, ERR_LIMIT,
		    "%zu different views are too many: take off pins, or let "
		    "platforms follow the channel",
		    v.n);
	return (int)v.n;
}
