/*
 * See choice_world.h.
 */
#include "tests/choice_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

const char *const world_platforms[PLATFORMS] = { "linux-x86_64",
	"windows-x86_64", "darwin-arm64" };
const char *const world_groups[GROUPS] = { "early", "lts" };

void
world_wrong(struct world *w, const char *what, const struct client *c)
{
	if (w->violations++ == 0 && !w->quiet)
		tap_note("seed %" PRIu64 " step %d: %s (client %td)", w->seed,
		    w->step, what, c == NULL ? -1 : c - w->clients);
}

/* splitmix64 */
uint64_t
world_next(struct world *w)
{
	uint64_t z = w->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int
world_roll(struct world *w, int n)
{
	return (int)(world_next(w) % (uint64_t)n);
}

void
world_version(char out[static 32], int64_t seq)
{
	snprintf(out, 32, "1.%" PRId64 ".0", seq);
}

/* --- publications -------------------------------------------------------- */

static void
make_plan(struct world *w, struct rollout *r, struct stage *plan)
{
	static const int steps[] = { 100, 1000, 2500, 5000, 10000 };
	size_t n = 0;

	for (size_t i = 0; i < COUNT(steps); i++) {
		if (i + 1 < COUNT(steps) && world_roll(w, 3) == 0)
			continue;
		plan[n] = (struct stage){ .percent_bp = steps[i],
			.min_duration_s = world_roll(w, 48) * HOUR_S };
		if (world_roll(w, 6) == 0)
			plan[n].not_before_s =
			    w->now_s + world_roll(w, 72) * HOUR_S;
		n++;
	}
	if (world_roll(w, 10) == 0)
		n = 1; /* never more than its first stage */
	r->plan = plan;
	r->nplan = n;
	r->control_bp = world_roll(w, 4) == 0 ? 0 : 1000;
}

static void
forget_stops(struct world *w)
{
	w->channel_stop = false;
	memset(w->stop, 0, sizeof(w->stop));
	memset(w->own_stop, 0, sizeof(w->own_stop));
	memset(w->group_stop, 0, sizeof(w->group_stop));
}

void
world_publish(struct world *w)
{
	const struct ladder *before = &w->c.ladder;
	struct stage plan[8];
	char version[32], repaired[32], salt[65];
	const char *repairs_versions[1] = { repaired };
	int64_t repairs[1] = { before->offer_seq };
	struct ladder l = { .m = ladder_m(before->m, w->now_s),
		.nblocks = world_roll(w, 5) == 0 ? 1 : 4,
		.offer_seq = before->offer_seq + 1 + world_roll(w, 2) };
	struct manifest m = { .product = "editor",
		.channel = "stable",
		.seq = l.offer_seq,
		.version = version,
		.created_s = w->now_s,
		.kind = MANIFEST_RELEASE,
		.offer = true };
	struct err e;

	for (int64_t s = l.offer_seq - 1; s > 0 && l.ngood < 3; s--) {
		if (world_roll(w, 4) != 0)
			l.good_seq[l.ngood++] = s;
	}
	l.fallback_seq = l.ngood > 0 ? l.good_seq[0] : 0;
	world_version(version, l.offer_seq);
	world_version(repaired, before->offer_seq);
	snprintf(salt, sizeof(salt), "%064" PRIx64, world_next(w));
	m.rollout.salt = salt;
	make_plan(w, &m.rollout, plan);
	if (world_roll(w, 4) == 0)
		m.not_before_s = w->now_s + world_roll(w, 48) * HOUR_S;
	if (before->m != 0 && world_roll(w, 3) == 0) {
		m.repairs = repairs;
		m.repairs_versions = repairs_versions;
		m.nrepairs = 1;
	}
	if (channel_state_take_in(&w->c, &l, &m, false, &e) < 0) {
		world_wrong(w, e.msg, NULL);
		return;
	}
	forget_stops(w);
}

void
world_renew(struct world *w)
{
	struct channel_state was = w->c;
	struct ladder l = w->c.ladder;
	struct manifest m = { .product = "editor",
		.channel = "stable",
		.seq = l.offer_seq,
		.version = was.offer_version,
		.created_s = was.start_s,
		.not_before_s = was.not_before_s,
		.kind = MANIFEST_RELEASE,
		.offer = true };
	struct err e;

	l.m = ladder_m(l.m, w->now_s);
	if (world_roll(w, 6) == 0)
		l.nblocks = 1;
	m.rollout =
	    (struct rollout){ was.salt, was.control_bp, was.plan, was.nplan };
	if (channel_state_take_in(&w->c, &l, &m, true, &e) < 0) {
		w->refused++;
		if (l.nblocks > 1)
			world_wrong(w, "a renewal was refused", NULL);
	}
}

/* --- operators ----------------------------------------------------------- */

static int
index_of(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

static int64_t
some_seq(struct world *w)
{
	const struct ladder *l = &w->c.ladder;
	int at = world_roll(w, l->ngood + 2);

	if (at < l->ngood)
		return l->good_seq[at];
	return at == l->ngood ? l->offer_seq : 1 + world_roll(w, 40);
}

static struct command
some_command(struct world *w)
{
	static const enum command_verb often[] = { COMMAND_PERCENT,
		COMMAND_PERCENT, COMMAND_PERCENT, COMMAND_PERCENT,
		COMMAND_PERCENT, COMMAND_PERCENT, COMMAND_PERCENT,
		COMMAND_PERCENT, COMMAND_HALT, COMMAND_RESUME, COMMAND_RESUME,
		COMMAND_RESUME, COMMAND_RESUME, COMMAND_ROLLBACK, COMMAND_KILL,
		COMMAND_PIN, COMMAND_UNPIN, COMMAND_UNPIN, COMMAND_UNPIN,
		COMMAND_GROUP_ADD, COMMAND_GROUP_REMOVE };
	static const int percents[] = { 0, 100, 1000, 2000, 2500, 5000, 9000,
		9500, 10000 };
	struct command cmd = { .verb = often[world_roll(w, COUNT(often))] };
	int whom = world_roll(w, 12);

	cmd.percent_bp = percents[world_roll(w, COUNT(percents))];
	cmd.name = "";
	if (whom >= 5) {
		cmd.kind = SCOPE_PLATFORM;
		cmd.name = world_platforms[world_roll(w, PLATFORMS)];
	}
	/* every third history is about groups */
	if (whom == 11 || (whom >= 5 && w->seed % 3 == 0) ||
	    cmd.verb == COMMAND_GROUP_ADD || cmd.verb == COMMAND_GROUP_REMOVE) {
		cmd.kind = SCOPE_GROUP;
		cmd.name = world_groups[world_roll(w, GROUPS)];
	}
	if (cmd.verb == COMMAND_PIN ||
	    (cmd.verb == COMMAND_ROLLBACK && world_roll(w, 2) == 0) ||
	    (cmd.verb == COMMAND_KILL && world_roll(w, 4) == 0))
		cmd.seq = some_seq(w);
	cmd.back = cmd.verb == COMMAND_PIN && world_roll(w, 2) == 0;
	return cmd;
}

static void
note_stop(struct world *w, const struct command *cmd, bool on)
{
	int p;

	if (cmd->kind == SCOPE_GROUP) {
		w->group_stop[index_of(world_groups, GROUPS, cmd->name)] = on;
		return;
	}
	if (cmd->kind == SCOPE_PLATFORM) {
		p = index_of(world_platforms, PLATFORMS, cmd->name);
		w->own_stop[p] = on;
		w->stop[p] = on;
		return;
	}
	w->channel_stop = on;
	for (p = 0; p < PLATFORMS; p++)
		w->stop[p] = on || w->own_stop[p];
}

static void
note_pin(struct world *w, const struct command *cmd, int64_t seq)
{
	if (cmd->kind == SCOPE_CHANNEL)
		w->channel_pin = seq;
	else if (cmd->kind == SCOPE_PLATFORM)
		w->pin[index_of(world_platforms, PLATFORMS, cmd->name)] = seq;
	else
		w->group_pin[index_of(world_groups, GROUPS, cmd->name)] = seq;
}

/* note - what a command that was not refused has promised. */
static void
note(struct world *w, const struct command *cmd)
{
	switch (cmd->verb) {
	case COMMAND_HALT:
	case COMMAND_ROLLBACK:
	case COMMAND_KILL:
		note_stop(w, cmd, true);
		break;
	case COMMAND_RESUME:
		note_stop(w, cmd, false);
		break;
	case COMMAND_PIN:
		note_pin(w, cmd, cmd->seq);
		if (cmd->back && cmd->seq != w->c.ladder.offer_seq)
			note_stop(w, cmd, true);
		break;
	case COMMAND_UNPIN:
		note_pin(w, cmd, 0);
		break;
	case COMMAND_PERCENT:
	case COMMAND_GROUP_ADD:
	case COMMAND_GROUP_REMOVE:
		break;
	}
}

static void
check_moves(struct world *w, const struct channel_state *was)
{
	for (size_t i = 0; i < w->c.nscopes; i++) {
		const struct scope *s = &w->c.scopes[i];
		const struct scope *old =
		    i < was->nscopes ? &was->scopes[i] : &was->scopes[0];

		if (s->low > s->high || s->low < old->low ||
		    s->high < old->high)
			world_wrong(w, "a position moved down", NULL);
	}
	if (w->c.stop_floor < was->stop_floor)
		world_wrong(w, "the floor moved down", NULL);
}

void
world_command(struct world *w)
{
	struct command cmd = some_command(w);
	struct channel_state was = w->c;
	struct err e = { 0 };

	w->commands++;
	if (command_apply(&w->c, &cmd, w->now_s, &e) < 0) {
		w->refused++;
		if (memcmp(&was, &w->c, sizeof(was)) != 0)
			world_wrong(
			    w, "a refused command changed something", NULL);
		return;
	}
	if (w->variant == NO_TAKE && cmd.verb == COMMAND_PERCENT) {
		for (size_t i = 0; i < w->c.nscopes; i++) {
			const struct scope *old =
			    i < was.nscopes ? &was.scopes[i] : &was.scopes[0];

			w->c.scopes[i].low = old->low;
			w->c.scopes[i].high = old->high;
		}
	}
	check_moves(w, &was);
	note(w, &cmd);
}
