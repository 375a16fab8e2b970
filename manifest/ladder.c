/*
 * The ladder: arithmetic between indices, meanings and versions.  What the
 * rungs' documents say is publication.h; who stands where, server/position.h.
 */
#include "manifest/ladder.h"

const char *
rung_kind_name(enum rung_kind k)
{
	static const char *const names[] = { [RUNG_HOLD] = "hold",
		[RUNG_OFFER] = "offer",
		[RUNG_HALT] = "halt",
		[RUNG_ROLLBACK] = "rollback" };

	return (size_t)k < COUNT(names) ? names[k] : "unknown";
}

/* The rungs of one block: offer, halt, the rollbacks. */
static int
block_size(const struct ladder *l)
{
	return 2 + l->ngood;
}

static int
check_good(const struct ladder *l, struct err *e)
{
	int64_t above = l->offer_seq;

	for (int i = 0; i < l->ngood; i++) {
		if (l->good_seq[i] < 1 || l->good_seq[i] >= above)
			return err_set(e, ERR_INPUT,
			    "ladder: release %lld cannot be gone back to after "
			    "%lld: newest first, below the offer",
			    (long long)l->good_seq[i], (long long)above);
		above = l->good_seq[i];
	}
	if (l->ngood > 0 && l->fallback_seq != l->good_seq[0])
		return err_set(e, ERR_INPUT,
		    "ladder: the first rollback leads to %lld, the fallback is "
		    "%lld",
		    (long long)l->good_seq[0], (long long)l->fallback_seq);
	return 0;
}

int
ladder_check(const struct ladder *l, struct err *e)
{
	if (l->m < 1 || l->m > LADDER_M_MAX)
		return err_set(e, ERR_INPUT, "ladder: m %lld is not in 1..%d",
		    (long long)l->m, LADDER_M_MAX);
	if (l->nblocks < 1 || l->nblocks > LADDER_MAX || l->ngood < 0 ||
	    l->ngood > LADDER_MAX || ladder_rungs(l) > LADDER_MAX)
		return err_set(e, ERR_INPUT,
		    "ladder: %d blocks with %d rollbacks each are not in "
		    "1..%d rungs",
		    l->nblocks, l->ngood, LADDER_MAX);
	if (l->offer_seq < 1)
		return err_set(e, ERR_INPUT, "ladder: nothing is on offer");
	if (l->fallback_seq < 0 || l->fallback_seq >= l->offer_seq)
		return err_set(e, ERR_INPUT,
		    "ladder: the fallback %lld is not below the offer %lld",
		    (long long)l->fallback_seq, (long long)l->offer_seq);
	return check_good(l, e);
}

int
ladder_rungs(const struct ladder *l)
{
	return 1 + l->nblocks * block_size(l);
}

enum rung_kind
ladder_kind(const struct ladder *l, int index)
{
	if (index <= 0)
		return RUNG_HOLD;
	switch ((index - 1) % block_size(l)) {
	case 0:
		return RUNG_OFFER;
	case 1:
		return RUNG_HALT;
	default:
		return RUNG_ROLLBACK;
	}
}

int
ladder_block(const struct ladder *l, int index)
{
	return index <= 0 ? -1 : (index - 1) / block_size(l);
}

int64_t
ladder_seq(const struct ladder *l, int index)
{
	switch (ladder_kind(l, index)) {
	case RUNG_OFFER:
		return l->offer_seq;
	case RUNG_ROLLBACK:
		return l->good_seq[(index - 1) % block_size(l) - 2];
	case RUNG_HOLD:
	case RUNG_HALT:
		break;
	}
	return l->fallback_seq;
}

int64_t
ladder_version(const struct ladder *l, int index)
{
	return LADDER_MAX * l->m + index;
}

int
ladder_index(const struct ladder *l, int64_t version)
{
	/* compared without multiplying: a version may be any number */
	if (version < 0 || version / LADDER_MAX != l->m ||
	    version % LADDER_MAX >= ladder_rungs(l))
		return -1;
	return (int)(version % LADDER_MAX);
}

bool
ladder_same(const struct ladder *l, int a, int b)
{
	enum rung_kind ka = ladder_kind(l, a), kb = ladder_kind(l, b);

	if (ka == RUNG_OFFER || kb == RUNG_OFFER)
		return ka == kb;
	if (ka == RUNG_ROLLBACK || kb == RUNG_ROLLBACK)
		return ka == kb && ladder_seq(l, a) == ladder_seq(l, b);
	return true;
}

static bool
rung_is(const struct ladder *l, int index, enum rung_kind kind, int64_t seq)
{
	return ladder_kind(l, index) == kind &&
	    (kind != RUNG_ROLLBACK || ladder_seq(l, index) == seq);
}

int
ladder_rung(const struct ladder *l, int block, enum rung_kind kind, int64_t seq)
{
	int n = ladder_rungs(l);

	for (int i = 0; i < n; i++)
		if (ladder_block(l, i) == block && rung_is(l, i, kind, seq))
			return i;
	return -1;
}

int
ladder_next(const struct ladder *l, int from, enum rung_kind kind, int64_t seq)
{
	int n = ladder_rungs(l);

	for (int i = from < 0 ? 0 : from; i < n; i++)
		if (rung_is(l, i, kind, seq))
			return i;
	return -1;
}

static int64_t
later(int64_t previous, int64_t now_s)
{
	int64_t minutes = now_s / 60;

	return previous + 1 > minutes ? previous + 1 : minutes;
}

bool
ladder_lists(const int64_t *list, int n, int64_t seq)
{
	for (int i = 0; i < n; i++) {
		if (list[i] == seq)
			return true;
	}
	return false;
}

int64_t
ladder_m(int64_t previous_m, int64_t now_s)
{
	return later(previous_m, now_s);
}

int64_t
ladder_round(int64_t previous_round, int64_t now_s)
{
	return later(previous_round, now_s);
}
