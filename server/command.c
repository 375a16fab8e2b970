/*
 * What operators say, turned into moves of the scopes it concerns: pure, all
 * or nothing.  The moves themselves are position.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "server/choice.h"
#include "server/position.h"

/* what says whom a refusal is about */
static int
err_scope(struct err *e, const struct scope *s)
{
	if (s->kind == SCOPE_CHANNEL)
		return -1;
	return err_in(
	    e, "%s %s", s->kind == SCOPE_GROUP ? "group" : "platform", s->name);
}

static bool
wide(const struct command *cmd)
{
	return cmd->kind == SCOPE_CHANNEL;
}

/*
 * named_scope - the scope of a command that names one.  A platform gets its
 * own; a group has one only once it is pinned back.
 */
static struct scope *
named_scope(struct channel_state *c, const struct command *cmd, struct err *e)
{
	struct scope *s;

	if (cmd->kind == SCOPE_PLATFORM)
		return state_scope_own(c, cmd->kind, cmd->name, e);
	s = state_scope(c, cmd->kind, cmd->name);
	if (s == NULL)
		err_set(e, ERR_REFUSED,
		    "group %s follows the channel: only a group that was "
		    "pinned back has a position of its own",
		    cmd->name);
	return s;
}

/* --- percent ------------------------------------------------------------- */

static void
percent_text(char out[static 16], int bp)
{
	snprintf(out, 16, bp % 100 == 0 ? "%d %%" : "%d.%02d %%", bp / 100,
	    bp % 100);
}

static int
percent_bound(
    const struct channel_state *c, int percent_bp, int64_t now_s, struct err *e)
{
	int64_t next_s;
	int bound =
	    cohort_envelope(c->plan, c->nplan, c->start_s, now_s, &next_s);
	char when[TIME_TEXT_SIZE], text[16];

	if (percent_bp < 0 || percent_bp > BP_ALL)
		return err_set(
		    e, ERR_USAGE, "a percentage is 0 to 100, in hundredths");
	if (percent_bp <= bound)
		return 0;
	percent_text(text, bound);
	if (next_s == 0)
		return err_set(e, ERR_REFUSED,
		    "the signed plan allows %s and no more: publish", text);
	time_write(when, next_s);
	return err_set(
	    e, ERR_REFUSED, "the signed plan allows %s until %s", text, when);
}

/*
 * percent_one - lowering takes the offer from somebody only where the cap
 * falls: not between 100 % and 95 % while the control slice is held back.
 * A channel-wide raise passes by a platform's stop.
 */
static int
percent_one(struct channel_state *c, struct scope *s, const struct command *cmd,
    int64_t now_s, struct err *e)
{
	int before = choice_cap(c, s, now_s);

	if (cmd->percent_bp > s->percent_bp &&
	    !position_on_offer(s, &c->ladder)) {
		if (wide(cmd) && s->kind != SCOPE_CHANNEL)
			return 0;
		err_set(e, ERR_REFUSED, "halted: resume first");
		return err_scope(e, s);
	}
	s->percent_bp = cmd->percent_bp;
	if (choice_cap(c, s, now_s) < before &&
	    position_take(s, &c->ladder, e) < 0)
		return err_scope(e, s);
	return 0;
}

static int
apply_percent(struct channel_state *c, const struct command *cmd, int64_t now_s,
    struct err *e)
{
	if (percent_bound(c, cmd->percent_bp, now_s, e) < 0)
		return -1;
	if (!wide(cmd)) {
		struct scope *s = named_scope(c, cmd, e);

		return s == NULL ? -1 : percent_one(c, s, cmd, now_s, e);
	}
	for (size_t i = 0; i < c->nscopes; i++) {
		if (percent_one(c, &c->scopes[i], cmd, now_s, e) < 0)
			return -1;
	}
	return 0;
}

/* --- halt, rollback, kill, resume ---------------------------------------- */

/*
 * stop_one - halt, or roll back.  A scope that has gone back further by
 * itself, or that a kill without a target would bring forward, stays.
 */
static int
stop_one(struct channel_state *c, struct scope *s, const struct command *cmd,
    struct err *e)
{
	const struct ladder *l = &c->ladder;
	bool own = !wide(cmd);
	bool back = ladder_kind(l, s->high) == RUNG_ROLLBACK;
	int64_t to = cmd->seq != 0 ? cmd->seq : l->fallback_seq;
	int rc = 0;

	if (own)
		s->own_stop = true;
	if (cmd->verb == COMMAND_HALT)
		rc = position_halt(s, l, e);
	else if (!back || ladder_seq(l, s->high) >= to ||
	    !((s->own_stop && !own) ||
		(cmd->verb == COMMAND_KILL && cmd->seq == 0)))
		rc = position_rollback(s, l, cmd->seq, e);
	if (cmd->verb == COMMAND_KILL)
		s->urgent = true;
	return rc < 0 ? err_scope(e, s) : 0;
}

static int
apply_stop(struct channel_state *c, const struct command *cmd, struct err *e)
{
	if (!wide(cmd)) {
		struct scope *s = named_scope(c, cmd, e);

		return s == NULL ? -1 : stop_one(c, s, cmd, e);
	}
	for (size_t i = 0; i < c->nscopes; i++) {
		if (stop_one(c, &c->scopes[i], cmd, e) < 0)
			return -1;
	}
	return 0;
}

static int
resume_named(struct channel_state *c, const struct command *cmd, struct err *e)
{
	struct scope *s = named_scope(c, cmd, e);

	if (s == NULL)
		return -1;
	if (position_on_offer(s, &c->ladder)) {
		err_set(e, ERR_REFUSED, "nothing is halted or rolled back");
		return err_scope(e, s);
	}
	if (position_lift(s, &c->ladder, e) < 0)
		return err_scope(e, s);
	s->own_stop = false;
	return 0;
}

static int
apply_resume(struct channel_state *c, const struct command *cmd, struct err *e)
{
	const struct scope *passed = NULL;
	int moved = 0;

	if (!wide(cmd))
		return resume_named(c, cmd, e);
	for (size_t i = 0; i < c->nscopes; i++) {
		struct scope *s = &c->scopes[i];

		if (position_on_offer(s, &c->ladder))
			continue;
		if (s->own_stop) {
			passed = s;
			continue;
		}
		if (position_lift(s, &c->ladder, e) < 0)
			return err_scope(e, s);
		moved++;
	}
	if (moved > 0)
		return 0;
	if (passed == NULL)
		return err_set(
		    e, ERR_REFUSED, "nothing is halted or rolled back");
	return err_set(e, ERR_REFUSED,
	    "%s has a halt or rollback of its own: resume it by name",
	    passed->name);
}

/* --- pins and groups ----------------------------------------------------- */

/* held - all clients of the scope are kept on low by a pin already. */
static bool
held(const struct channel_state *c, const struct scope *s)
{
	return state_pin_holds(c, SCOPE_CHANNEL, "") ||
	    (s->kind != SCOPE_CHANNEL && state_pin_holds(c, s->kind, s->name));
}

/* take_one - before not_before nobody has had what is taken. */
static int
take_one(struct channel_state *c, struct scope *s, int64_t now_s, struct err *e)
{
	if (c->not_before_s > now_s)
		return 0;
	if (position_take(s, &c->ladder, e) < 0)
		return err_scope(e, s);
	return 0;
}

/*
 * take_group - the clients of a group are on its own scope, or else on any
 * but another group's.  sparing: not from scopes that admit everybody anyway.
 */
static int
take_group(struct channel_state *c, const char *name, bool sparing,
    int64_t now_s, struct err *e)
{
	struct scope *own = state_scope(c, SCOPE_GROUP, name);

	if (own != NULL)
		return held(c, own) ? 0 : take_one(c, own, now_s, e);
	if (state_pin_holds(c, SCOPE_GROUP, name))
		return 0;
	for (size_t i = 0; i < c->nscopes; i++) {
		struct scope *s = &c->scopes[i];

		if (s->kind == SCOPE_GROUP || held(c, s))
			continue;
		if (sparing && choice_cap(c, s, now_s) == BP_ALL)
			continue;
		if (take_one(c, s, now_s, e) < 0)
			return -1;
	}
	return 0;
}

/* pin_take - before the pin is there: whoever it reaches loses the offer. */
static int
pin_take(struct channel_state *c, const struct command *cmd, int64_t now_s,
    struct err *e)
{
	struct scope *s;

	if (cmd->seq >= c->ladder.offer_seq)
		return 0;
	if (cmd->kind == SCOPE_GROUP)
		return take_group(c, cmd->name, false, now_s, e);
	if (cmd->kind == SCOPE_PLATFORM) {
		if (state_pin_holds(c, SCOPE_CHANNEL, "") ||
		    state_pin_holds(c, SCOPE_PLATFORM, cmd->name) ||
		    (state_scope(c, SCOPE_PLATFORM, cmd->name) == NULL &&
			!position_on_offer(&c->scopes[0], &c->ladder)))
			return 0;
		s = named_scope(c, cmd, e);
		return s == NULL ? -1 : take_one(c, s, now_s, e);
	}
	for (size_t i = 0; i < c->nscopes; i++) {
		if (!held(c, &c->scopes[i]) &&
		    take_one(c, &c->scopes[i], now_s, e) < 0)
			return -1;
	}
	return 0;
}

/* pin_back - move whoever the pin reaches back, by the rollback rung. */
static int
pin_back(struct channel_state *c, const struct command *cmd, struct err *e)
{
	struct command rollback = *cmd;

	rollback.verb = COMMAND_ROLLBACK;
	if (cmd->kind == SCOPE_GROUP &&
	    state_scope_own(c, SCOPE_GROUP, cmd->name, e) == NULL)
		return -1;
	return apply_stop(c, &rollback, e);
}

static struct pin *
find_pin(struct channel_state *c, const struct command *cmd)
{
	for (size_t i = 0; i < c->npins; i++) {
		if (c->pins[i].kind == cmd->kind &&
		    (wide(cmd) || strcmp(c->pins[i].name, cmd->name) == 0))
			return &c->pins[i];
	}
	return NULL;
}

static int
pin_check(
    const struct channel_state *c, const struct command *cmd, struct err *e)
{
	const struct ladder *l = &c->ladder;

	if (cmd->seq < 1)
		return err_set(e, ERR_USAGE, "a pin names a release");
	if (!cmd->back)
		return 0;
	if (l->m != 0 && cmd->seq == l->offer_seq)
		return 0;
	for (int i = 0; l->m != 0 && i < l->ngood; i++) {
		if (l->good_seq[i] == cmd->seq)
			return 0;
	}
	return err_set(e, ERR_REFUSED,
	    "release %" PRId64 " is neither on offer nor one that this "
	    "publication goes back to",
	    cmd->seq);
}

static int
apply_pin(struct channel_state *c, const struct command *cmd, int64_t now_s,
    struct err *e)
{
	struct pin *p = find_pin(c, cmd);

	if (pin_check(c, cmd, e) < 0)
		return -1;
	if (c->ladder.m != 0) {
		if (cmd->back && cmd->seq != c->ladder.offer_seq) {
			if (pin_back(c, cmd, e) < 0)
				return -1;
		} else if (pin_take(c, cmd, now_s, e) < 0) {
			return -1;
		}
	}
	if (p == NULL) {
		if (c->npins == PINS_MAX)
			return err_set(
			    e, ERR_LIMIT, "no more than %d pins", PINS_MAX);
		p = &c->pins[c->npins++];
	}
	memset(p, 0, sizeof(*p));
	p->kind = cmd->kind;
	if (!wide(cmd))
		memcpy(p->name, cmd->name, strlen(cmd->name) + 1);
	p->seq = cmd->seq;
	return 0;
}

static int
apply_unpin(struct channel_state *c, const struct command *cmd, struct err *e)
{
	struct pin *p = find_pin(c, cmd);

	if (p == NULL)
		return err_set(e, ERR_MISSING, "there is no such pin");
	*p = c->pins[--c->npins];
	return 0;
}

static int
apply_group(struct channel_state *c, const struct command *cmd, int64_t now_s,
    struct err *e)
{
	size_t at = 0;

	if (cmd->kind != SCOPE_GROUP)
		return err_set(e, ERR_USAGE, "name a group");
	while (at < c->ngroups && strcmp(c->groups[at], cmd->name) != 0)
		at++;
	if (cmd->verb == COMMAND_GROUP_REMOVE) {
		if (at == c->ngroups)
			return err_set(e, ERR_MISSING,
			    "group %s is not admitted", cmd->name);
		if (c->ladder.m != 0 &&
		    take_group(c, cmd->name, true, now_s, e) < 0)
			return -1;
		memmove(c->groups[at], c->groups[c->ngroups - 1],
		    sizeof(c->groups[at]));
		c->ngroups--;
		return 0;
	}
	if (at < c->ngroups)
		return 0;
	if (c->ngroups == GROUPS_MAX)
		return err_set(
		    e, ERR_LIMIT, "no more than %d groups", GROUPS_MAX);
	memcpy(c->groups[c->ngroups++], cmd->name, strlen(cmd->name) + 1);
	return 0;
}

/* --- all of them --------------------------------------------------------- */

static int
check(const struct channel_state *c, const struct command *cmd, struct err *e)
{
	size_t max = cmd->kind == SCOPE_GROUP ? PRODUCT_MAX : PLATFORM_MAX;

	if (!wide(cmd) && (cmd->name == NULL || !name_ok(cmd->name, max)))
		return err_set(e, ERR_USAGE, "that is no name of a %s",
		    cmd->kind == SCOPE_GROUP ? "group" : "platform");
	switch (cmd->verb) {
	case COMMAND_PIN:
	case COMMAND_UNPIN:
	case COMMAND_GROUP_ADD:
	case COMMAND_GROUP_REMOVE:
		return 0;
	case COMMAND_PERCENT:
	case COMMAND_HALT:
	case COMMAND_RESUME:
	case COMMAND_ROLLBACK:
	case COMMAND_KILL:
		break;
	}
	if (c->ladder.m == 0)
		return err_set(e, ERR_REFUSED, "nothing is published yet");
	return 0;
}

static int
run(struct channel_state *c, const struct command *cmd, int64_t now_s,
    struct err *e)
{
	switch (cmd->verb) {
	case COMMAND_PERCENT:
		return apply_percent(c, cmd, now_s, e);
	case COMMAND_HALT:
	case COMMAND_ROLLBACK:
	case COMMAND_KILL:
		return apply_stop(c, cmd, e);
	case COMMAND_RESUME:
		return apply_resume(c, cmd, e);
	case COMMAND_PIN:
		return apply_pin(c, cmd, now_s, e);
	case COMMAND_UNPIN:
		return apply_unpin(c, cmd, e);
	case COMMAND_GROUP_ADD:
	case COMMAND_GROUP_REMOVE:
		return apply_group(c, cmd, now_s, e);
	}
	return err_set(e, ERR_USAGE, "no such command");
}

/*
 * stops - halting, rolling back and killing are never refused for the number
 * of views: what else is asked for leaves them half of the room.
 */
static bool
stops(enum command_verb v)
{
	return v == COMMAND_HALT || v == COMMAND_ROLLBACK || v == COMMAND_KILL;
}

int
command_apply(struct channel_state *c, const struct command *cmd, int64_t now_s,
    struct err *e)
{
	struct channel_state next = *c;
	int views;

	if (check(c, cmd, e) < 0 || run(&next, cmd, now_s, e) < 0)
		return -1;
	state_stop_floor(&next);
	/* as many as there will ever be: past not_before */
	views = choice_views(&next, INT64_MAX, NULL, 0, e);
	if (views < 0)
		return -1;
	if (views > VIEWS_MAX / 2 && !stops(cmd->verb))
		return err_set(e, ERR_LIMIT,
		    "that takes %d different views, more than %d: take off "
		    "pins first",
		    views, VIEWS_MAX / 2);
	*c = next;
	return 0;
}
