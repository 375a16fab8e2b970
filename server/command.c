/*
 * What operators say, turned into moves of the scopes it concerns: pure, all
 * or nothing.  The moves themselves are position.c.
 */
#include "server/command.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "server/choice.h"

int
command_refused(struct err *e, const struct scope *s)
{
	if (s->kind == SCOPE_CHANNEL)
		return -1;
	return err_in(
	    e, "%s %s", s->kind == SCOPE_GROUP ? "group" : "platform", s->name);
}

bool
command_wide(const struct command *cmd)
{
	return cmd->kind == SCOPE_CHANNEL;
}

struct scope *
command_scope(struct channel_state *c, const struct command *cmd, struct err *e)
{
	struct scope *s;

	if (cmd->kind == SCOPE_PLATFORM)
		return channel_state_scope_own(c, cmd->kind, cmd->name, e);
	s = channel_state_scope(c, cmd->kind, cmd->name);
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
		if (command_wide(cmd) && s->kind != SCOPE_CHANNEL)
			return 0;
		err_set(e, ERR_REFUSED, "halted: resume first");
		return command_refused(e, s);
	}
	s->percent_bp = cmd->percent_bp;
	if (choice_cap(c, s, now_s) < before &&
	    position_take(s, &c->ladder, e) < 0)
		return command_refused(e, s);
	return 0;
}

static int
apply_percent(struct channel_state *c, const struct command *cmd, int64_t now_s,
    struct err *e)
{
	if (percent_bound(c, cmd->percent_bp, now_s, e) < 0)
		return -1;
	if (!command_wide(cmd)) {
		struct scope *s = command_scope(c, cmd, e);

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
	bool own = !command_wide(cmd);
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
	return rc < 0 ? command_refused(e, s) : 0;
}

int
command_stop(struct channel_state *c, const struct command *cmd, struct err *e)
{
	if (!command_wide(cmd)) {
		struct scope *s = command_scope(c, cmd, e);

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
	struct scope *s = command_scope(c, cmd, e);

	if (s == NULL)
		return -1;
	if (position_on_offer(s, &c->ladder)) {
		err_set(e, ERR_REFUSED, "nothing is halted or rolled back");
		return command_refused(e, s);
	}
	if (position_lift(s, &c->ladder, e) < 0)
		return command_refused(e, s);
	s->own_stop = false;
	return 0;
}

static int
apply_resume(struct channel_state *c, const struct command *cmd, struct err *e)
{
	const struct scope *passed = NULL;
	int moved = 0;

	if (!command_wide(cmd))
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
			return command_refused(e, s);
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

/* --- all of them --------------------------------------------------------- */

static int
check(const struct channel_state *c, const struct command *cmd, struct err *e)
{
	size_t max = cmd->kind == SCOPE_GROUP ? PRODUCT_MAX : PLATFORM_MAX;

	if (!command_wide(cmd) &&
	    (cmd->name == NULL || !name_ok(cmd->name, max)))
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
		return command_stop(c, cmd, e);
	case COMMAND_RESUME:
		return apply_resume(c, cmd, e);
	case COMMAND_PIN:
		return command_pin(c, cmd, now_s, e);
	case COMMAND_UNPIN:
		return command_unpin(c, cmd, e);
	case COMMAND_GROUP_ADD:
	case COMMAND_GROUP_REMOVE:
		return command_group(c, cmd, now_s, e);
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
	channel_state_stop_floor(&next);
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
