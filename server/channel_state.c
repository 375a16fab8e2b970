/*
 * The state of one channel: its scopes, and what a publication does to it.
 * Pure; moves are position.c, operators' words command.c, its JSON
 * channel_state_json.c.
 */
#include "server/channel_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/position.h"

/* --- scopes -------------------------------------------------------------- */

struct scope *
channel_state_scope(
    struct channel_state *c, enum scope_kind kind, const char *name)
{
	if (kind == SCOPE_CHANNEL)
		return c->nscopes > 0 ? &c->scopes[0] : NULL;
	for (size_t i = 1; i < c->nscopes; i++) {
		if (c->scopes[i].kind == kind &&
		    strcmp(c->scopes[i].name, name) == 0)
			return &c->scopes[i];
	}
	return NULL;
}

struct scope *
channel_state_scope_own(struct channel_state *c, enum scope_kind kind,
    const char *name, struct err *e)
{
	struct scope *s = channel_state_scope(c, kind, name);

	if (s != NULL)
		return s;
	if (c->nscopes == 0 || kind == SCOPE_CHANNEL) {
		err_set(e, ERR_REFUSED, "nothing is published yet");
		return NULL;
	}
	if (c->nscopes == SCOPES_MAX) {
		err_set(e, ERR_LIMIT, "no more than %d positions in a channel",
		    SCOPES_MAX);
		return NULL;
	}
	s = &c->scopes[c->nscopes++];
	*s = c->scopes[0];
	s->kind = kind;
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

bool
channel_state_pin_holds(
    const struct channel_state *c, enum scope_kind kind, const char *name)
{
	for (size_t i = 0; i < c->npins; i++) {
		const struct pin *p = &c->pins[i];

		if (p->kind == kind && strcmp(p->name, name) == 0)
			return p->seq < c->ladder.offer_seq;
	}
	return false;
}

/*
 * stop_rung - the rung that a platform's own stop stands for among clients of
 * unknown platform: of its meaning, not below what the channel gives.
 */
static int
stop_rung(const struct channel_state *c, const struct scope *s)
{
	const struct ladder *l = &c->ladder;
	int from = s->high > c->scopes[0].high ? s->high : c->scopes[0].high;
	int n = ladder_rungs(l);

	for (int r = from; r < n; r++) {
		if (ladder_same(l, r, s->high))
			return r;
	}
	return s->high;
}

void
channel_state_stop_floor(struct channel_state *c)
{
	if (c->ladder.m == 0)
		return;
	for (size_t i = 1; i < c->nscopes; i++) {
		const struct scope *s = &c->scopes[i];
		int rung;

		if (s->kind != SCOPE_PLATFORM || !s->own_stop ||
		    position_on_offer(s, &c->ladder))
			continue;
		rung = stop_rung(c, s);
		if (rung > c->stop_floor)
			c->stop_floor = rung;
	}
}

void
channel_state_restore(struct channel_state *c, int rung)
{
	for (size_t i = 0; i < c->nscopes; i++)
		position_restore(&c->scopes[i], &c->ladder, rung);
	channel_state_stop_floor(c);
}

/* --- publications -------------------------------------------------------- */

static int
copy_text(
    char *out, size_t room, const char *s, const char *what, struct err *e)
{
	size_t len = strlen(s);

	if (len >= room)
		return err_set(
		    e, ERR_INPUT, "%s: longer than %zu bytes", what, room - 1);
	memcpy(out, s, len + 1);
	return 0;
}

int
channel_state_repair(
    struct channel_state *c, const char *version, struct err *e)
{
	for (size_t i = 0; i < c->nrepairs; i++) {
		if (strcmp(c->repairs[i], version) == 0)
			return 0;
	}
	if (c->nrepairs == MANIFEST_REPAIRS_MAX)
		return err_set(e, ERR_LIMIT,
		    "no more than %d repaired releases", MANIFEST_REPAIRS_MAX);
	if (copy_text(c->repairs[c->nrepairs], sizeof(c->repairs[0]), version,
		"repaired version", e) < 0)
		return -1;
	c->nrepairs++;
	return 0;
}

/* delta_version - the version of a release, as far as deltas name it. */
static const char *
delta_version(const struct manifest *m, int64_t seq)
{
	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *a = &m->artifacts[i];

		for (size_t k = 0; k < a->ndeltas; k++) {
			if (a->deltas[k].from_seq == seq)
				return a->deltas[k].from_version;
		}
	}
	return NULL;
}

static int
take_offer(struct channel_state *c, const struct manifest *offer, struct err *e)
{
	if (!offer->offer || offer->version == NULL ||
	    offer->rollout.nplan == 0 || offer->rollout.nplan > COUNT(c->plan))
		return err_set(e, ERR_INPUT, "not the manifest of an offer");
	if (copy_text(c->product, sizeof(c->product), offer->product, "product",
		e) < 0 ||
	    copy_text(c->channel, sizeof(c->channel), offer->channel, "channel",
		e) < 0 ||
	    copy_text(c->offer_version, sizeof(c->offer_version),
		offer->version, "version", e) < 0 ||
	    copy_text(
		c->salt, sizeof(c->salt), offer->rollout.salt, "salt", e) < 0)
		return -1;
	c->control_bp = offer->rollout.control_bp;
	c->nplan = offer->rollout.nplan;
	memcpy(c->plan, offer->rollout.plan, c->nplan * sizeof(c->plan[0]));
	c->start_s = manifest_start(offer);
	c->not_before_s = offer->not_before_s;
	for (size_t i = 0; i < offer->nrepairs; i++) {
		const char *version = offer->repairs_versions != NULL
		    ? offer->repairs_versions[i]
		    : delta_version(offer, offer->repairs[i]);

		if (version != NULL && channel_state_repair(c, version, e) < 0)
			return -1;
	}
	return 0;
}

static void
start_scopes(struct channel_state *c)
{
	memset(c->scopes, 0, sizeof(c->scopes));
	c->nscopes = 1;
	position_start(&c->scopes[0], &c->ladder, c->plan[0].percent_bp);
}

int
channel_state_take_in(struct channel_state *c, const struct ladder *l,
    const struct manifest *offer, bool renewal, struct err *e)
{
	struct channel_state next = *c;

	if (ladder_check(l, e) < 0)
		return -1;
	if (l->m <= c->ladder.m)
		return err_set(e, ERR_CONFLICT,
		    "publication %" PRId64 " is not after %" PRId64, l->m,
		    c->ladder.m);
	if (renewal &&
	    (c->ladder.m == 0 || l->offer_seq != c->ladder.offer_seq))
		return err_set(e, ERR_REFUSED,
		    "a renewal offers what is on offer already");
	if (!renewal)
		next.nrepairs = 0;
	next.ladder = *l;
	next.stop_floor = 0;
	if (take_offer(&next, offer, e) < 0)
		return -1;
	if (!renewal)
		start_scopes(&next);
	for (size_t i = 0; renewal && i < next.nscopes; i++) {
		if (position_renew(&next.scopes[i], &c->ladder, l, e) < 0)
			return -1;
	}
	channel_state_stop_floor(&next);
	*c = next;
	return 0;
}
