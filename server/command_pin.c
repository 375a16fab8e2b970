/*
 * Pins and groups: whom they reach, and what they take from whom.
 */
#include <inttypes.h>
#include <string.h>

#include "manifest/cohort.h"
#include "server/choice.h"
#include "server/command.h"

/* held - all clients of the scope are kept on low by a pin already. */
static bool
held(const struct channel_state *c, const struct scope *s)
{
	return channel_state_pin_holds(c, SCOPE_CHANNEL, "") ||
	    (s->kind != SCOPE_CHANNEL &&
		channel_state_pin_holds(c, s->kind, s->name));
}

/* take_one - before not_before nobody has had what is taken. */
static int
take_one(struct channel_state *c, struct scope *s, int64_t now_s, struct err *e)
{
	if (c->not_before_s > now_s)
		return 0;
	if (position_take(s, &c->ladder, e) < 0)
		return command_refused(e, s);
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
	struct scope *own = channel_state_scope(c, SCOPE_GROUP, name);

	if (own != NULL)
		return held(c, own) ? 0 : take_one(c, own, now_s, e);
	if (channel_state_pin_holds(c, SCOPE_GROUP, name))
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
		if (channel_state_pin_holds(c, SCOPE_CHANNEL, "") ||
		    channel_state_pin_holds(c, SCOPE_PLATFORM, cmd->name) ||
		    (channel_state_scope(c, SCOPE_PLATFORM, cmd->name) ==
			    NULL &&
			!position_on_offer(&c->scopes[0], &c->ladder)))
			return 0;
		s = command_scope(c, cmd, e);
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
	    channel_state_scope_own(c, SCOPE_GROUP, cmd->name, e) == NULL)
		return -1;
	return command_stop(c, &rollback, e);
}

static struct pin *
find_pin(struct channel_state *c, const struct command *cmd)
{
	for (size_t i = 0; i < c->npins; i++) {
		if (c->pins[i].kind == cmd->kind &&
		    (command_wide(cmd) ||
			strcmp(c->pins[i].name, cmd->name) == 0))
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

int
command_pin(struct channel_state *c, const struct command *cmd, int64_t now_s,
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
	if (!command_wide(cmd))
		memcpy(p->name, cmd->name, strlen(cmd->name) + 1);
	p->seq = cmd->seq;
	return 0;
}

int
command_unpin(struct channel_state *c, const struct command *cmd, struct err *e)
{
	struct pin *p = find_pin(c, cmd);

	if (p == NULL)
		return err_set(e, ERR_MISSING, "there is no such pin");
	*p = c->pins[--c->npins];
	return 0;
}

int
command_group(struct channel_state *c, const struct command *cmd, int64_t now_s,
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
