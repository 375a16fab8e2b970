/*
 * Operators' changes of positions, pins and groups.
 */
#include "server/store/move.h"

#include <string.h>

#include "manifest/base/json.h"
#include "server/store/adopt.h"
#include "server/store/publications.h"
#include "server/store/release.h"
#include "server/store/rounds.h"
#include "server/store/show.h"

/* The release that the command names: its version, as people know it. */
static int
read_release(const struct operation *o, struct command *cmd, struct err *e)
{
	const char *version = operate_text(o, "version", NULL);

	if (version == NULL) {
		if (cmd->verb == COMMAND_PIN)
			return err_set(e, ERR_USAGE, "a pin names a version");
		return 0;
	}
	cmd->seq = release_seq(o->s->db, o->channel->id, version, e);
	return cmd->seq < 0 ? -1 : 0;
}

/* One that was moved or pinned already may be named, to be freed again. */
static bool
is_set(const struct channel_state *c, const char *platform)
{
	for (size_t i = 1; i < c->nscopes; i++)
		if (c->scopes[i].kind == SCOPE_PLATFORM &&
		    strcmp(c->scopes[i].name, platform) == 0)
			return true;
	for (size_t i = 0; i < c->npins; i++)
		if (c->pins[i].kind == SCOPE_PLATFORM &&
		    strcmp(c->pins[i].name, platform) == 0)
			return true;
	return false;
}

/* A slip of the keyboard must not look like a halt. */
static int
check_platform(const struct operation *o, const char *platform, struct err *e)
{
	const char *const *list;
	int n = release_platforms(o->s->db, o->channel->id, &list, o->a, e);
	AUTO_BUF known;

	if (n < 0)
		return -1;
	buf_init(&known, SIZE_MAX / 4);
	for (int i = 0; i < n; i++) {
		if (strcmp(list[i], platform) == 0)
			return 0;
		buf_printf(&known, "%s%s", i == 0 ? "" : ", ", list[i]);
	}
	if (is_set(&o->channel->state, platform))
		return 0;
	if (buf_ok(&known, e) < 0)
		return -1;
	return err_set(e, ERR_MISSING,
	    "no release of %s is for '%.64s'; known platforms: %s",
	    o->channel->id, platform, n == 0 ? "none yet" : buf_str(&known));
}

static int
read_command(const struct operation *o, struct command *cmd, struct err *e)
{
	const char *platform = operate_text(o, "platform", NULL);
	const char *group = operate_text(o, "group", NULL);

	*cmd = (struct command){
		.verb = o->command, .kind = SCOPE_CHANNEL, .name = ""
	};
	if (platform != NULL && group != NULL)
		return err_set(
		    e, ERR_USAGE, "name a platform or a group, not both");
	if (platform != NULL) {
		if (check_platform(o, platform, e) < 0)
			return -1;
		cmd->kind = SCOPE_PLATFORM;
		cmd->name = platform;
	} else if (group != NULL) {
		cmd->kind = SCOPE_GROUP;
		cmd->name = group;
	}
	cmd->back = json_is_true(json_object_get(o->ask, "back"));
	if (cmd->verb == COMMAND_PERCENT) {
		int64_t bp = operate_int(o, "percent_bp", -1);

		if (bp < 0 || bp > 10000)
			return err_set(e, ERR_USAGE, "a percentage is needed");
		cmd->percent_bp = (int)bp;
	}
	return read_release(o, cmd, e);
}

static int
commit(
    struct operation *o, const char *before, const char *after, struct err *e)
{
	struct db *db = o->s->db;
	struct channel *c = o->channel;
	struct round_start start = { o->verb, o->now_s,
		o->s->conf->timestamp_validity_s };
	AUTO_TX tx = tx_begin(db, e);

	if (tx == NULL || rounds_start(db, c, &start, e) < 0 ||
	    channel_save(db, c, e) < 0 ||
	    release_note(db, c->id, &c->state, o->now_s, e) < 0 ||
	    operate_audit(o, before, after, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

/* Refused while a publication is half-way in: the brake may already sign
 * nothing of this one any more. */
static int
check_free(const struct operation *o, struct err *e)
{
	struct publications_row *list;
	int n = publications_list(o->s->db, o->channel->id,
	    PUBLICATIONS(PUBLICATION_PREPARED), &list, o->a, e);

	if (n > 0)
		return err_set(e, ERR_CONFLICT,
		    "a new publication is just being switched to; try again");
	return n < 0 ? -1 : 0;
}

/* What the states before and after do not say by themselves; NULL: nothing. */
static const char *
note(const struct operation *o, const struct command *cmd, bool changed)
{
	bool back = cmd->verb == COMMAND_ROLLBACK || cmd->verb == COMMAND_KILL;
	bool nowhere = back && o->channel->state.ladder.ngood == 0;

	if (nowhere)
		return changed ? "nothing to go back to: halted"
			       : "nothing to go back to, and halted already:"
				 " nothing to do";
	return changed ? NULL : "it is so already: nothing to do";
}

static json_t *
answer(
    const struct operation *o, json_t *before, const char *note, struct err *e)
{
	json_t *after = show_state(o->s->db, o->channel, o->now_s, e);

	if (after == NULL) {
		json_decref(before);
		return NULL;
	}
	return json_pack("{sb sb ss so so ss*}", "ok", 1, "dry_run",
	    (int)o->dry_run, "channel", o->channel->id, "before", before,
	    "after", after, "note", note);
}

/* change - 1; 0: it left everything as it was; -1. */
static int
change(struct operation *o, const struct command *cmd, struct err *e)
{
	struct channel_state *state = &o->channel->state;
	const char *before = channel_state_text(state, o->a, e), *after;
	int changed;

	if (before == NULL || command_apply(state, cmd, o->now_s, e) < 0 ||
	    (after = channel_state_text(state, o->a, e)) == NULL)
		return -1;
	changed = strcmp(before, after) != 0;
	if (o->dry_run)
		return changed;
	if (check_free(o, e) < 0 || adopt_check(o->s, o->channel, e) < 0 ||
	    commit(o, before, after, e) < 0)
		return -1;
	/* what cannot be signed now is tried again by rounds_keep */
	if (rounds_sign(o->s, o->channel->id, false, e) < 0)
		return err_in(e, "recorded, but not in effect yet");
	o->waits = state->ladder.m > 0;
	return changed;
}

json_t *
move_run(struct operation *o, struct err *e)
{
	struct command cmd;
	json_t *before;
	int changed;

	if (read_command(o, &cmd, e) < 0 ||
	    (before = show_state(o->s->db, o->channel, o->now_s, e)) == NULL)
		return NULL;
	if ((changed = change(o, &cmd, e)) < 0) {
		json_decref(before);
		return NULL;
	}
	return answer(o, before, note(o, &cmd, changed), e);
}
