/*
 * The protocol of pending.  Every write of the state stands before the step
 * that it announces.
 */
#include "client/pending.h"

#include <stdio.h>
#include <string.h>

#include "client/install.h"
#include "client/report.h"
#include "client/selftest.h"

#define RESTART_S 300

static void
stage(struct sluice *s, int which)
{
	if (s->progress != NULL)
		(void)s->progress(s->ctx, which, 0, 0);
}

/* What nothing needs any more; a failure costs room, not correctness. */
static void
prune(struct sluice *s)
{
	const struct state *st = s->state;
	const struct state_release *keep[] = { &st->installed, &st->previous,
		&st->pending };
	struct err e;

	if (install_prune(s->config.install, keep, COUNT(keep), &e) < 0)
		client_notice(s, "old releases: %s", e.msg);
}

static int
commit(struct sluice *s, struct err *e)
{
	struct state *st = s->state;
	struct state_release from = st->installed;

	if (from.seq != 0 && from.seq != st->pending.seq)
		st->previous = from;
	st->installed = st->pending;
	memset(&st->pending, 0, sizeof(st->pending));
	st->pending_starts = 0;
	if (st->failed_seq == st->installed.seq)
		st->failed_seq = 0;
	report_put(s,
	    st->installed.seq < from.seq ? "rolled_back" : "installed", NULL,
	    &st->installed, &from);
	if (client_save(s, e) < 0)
		return -1;
	prune(s);
	return 0;
}

/*
 * Local way back: needs no permission, it is what was just left.  Below the
 * floor there is no way back; then the new release stays.
 */
static int
take_back(struct sluice *s, const char *why, struct err *e)
{
	struct state *st = s->state;
	struct state_release failed = st->pending;

	report_put(s, "failed", why, &failed, &st->installed);
	st->failed_seq = failed.seq;
	if (st->installed.seq != 0 && st->installed.seq < client_floor(s)) {
		client_notice(s,
		    "%s failed (%s), but %s is below the floor: it stays",
		    failed.version, why, st->installed.version);
		return commit(s, e);
	}
	/* first the word, so that a kill does not try it again */
	if (client_save(s, e) < 0 ||
	    install_switch(s->config.install, &st->installed, e) < 0)
		return -1;
	memset(&st->pending, 0, sizeof(st->pending));
	st->pending_starts = 0;
	if (client_save(s, e) < 0)
		return -1;
	prune(s);
	if (st->installed.seq == 0)
		return err_set(e, ERR_REFUSED,
		    "%s failed: %s; nothing was installed before",
		    failed.version, why);
	return err_set(e, ERR_REFUSED, "%s failed: %s; back to %s",
	    failed.version, why, st->installed.version);
}

static int
restart(struct sluice *s, bool urgent, struct err *e)
{
	const struct state_release *here = client_here(s);
	char folder[INSTALL_PATH];
	struct selftest t = { .command = s->config.restart,
		.folder = folder,
		.version = here->version,
		.urgent = urgent,
		.limit_s = RESTART_S };
	struct err why;

	if (t.command == NULL) {
		if (urgent)
			client_notice(s,
			    "urgent: leave the running release "
			    "now, start %s",
			    here->version);
		return 0;
	}
	if (install_folder(folder, s->config.install, here, e) < 0)
		return -1;
	stage(s, SLUICE_STAGE_RESTART);
	if (selftest_run(&t, &why) < 0)
		client_notice(s, "restart: %s", why.msg);
	return 0;
}

/* Whether the program's own word is needed; the way back needs none. */
static bool
awaits(const struct sluice *s)
{
	return s->config.confirm &&
	    s->state->pending.seq > s->state->installed.seq;
}

static int
test(struct sluice *s, bool urgent, struct err *e)
{
	struct state *st = s->state;
	char folder[INSTALL_PATH];
	struct selftest t = { .command = s->config.self_test,
		.folder = folder,
		.version = st->pending.version,
		.urgent = urgent,
		.limit_s = s->config.self_test_s };
	struct err why = { 0 };

	if (install_folder(folder, s->config.install, &st->pending, e) < 0)
		return -1;
	if (t.command != NULL) {
		stage(s, SLUICE_STAGE_TEST);
		if (selftest_run(&t, &why) < 0)
			return take_back(s, why.msg, e);
	}
	return awaits(s) ? 0 : commit(s, e);
}

int
pending_switch(struct sluice *s, const struct state_release *to, bool urgent,
    struct err *e)
{
	struct state *st = s->state;

	st->pending = *to;
	st->pending_starts = 0;
	if (st->failed_seq == to->seq)
		st->failed_seq = 0; /* asked for by hand: it gets its chance */
	if (client_save(s, e) < 0 ||
	    install_switch(s->config.install, to, e) < 0)
		return -1;
	if (test(s, urgent, e) < 0)
		return -1;
	return restart(s, urgent, e);
}

/* `current` names something that the state does not know. */
static int
adopt(struct sluice *s, const struct state_release *here, struct err *e)
{
	struct state *st = s->state;
	struct state_release was = st->installed;

	if (here->seq == was.seq && strcmp(here->version, was.version) == 0)
		return 0;
	if (here->seq != 0 && here->seq == st->previous.seq) {
		st->installed = st->previous;
		st->previous = was;
	} else {
		st->installed = *here;
		if (st->previous.seq == here->seq)
			memset(&st->previous, 0, sizeof(st->previous));
	}
	if (here->seq != 0)
		client_notice(
		    s, "taking %s as what is installed", here->version);
	return client_save(s, e);
}

/* What is really there: a dangling `current` counts as nothing. */
static int
look(struct sluice *s, struct state_release *here, struct err *e)
{
	char file[INSTALL_PATH];
	struct err gone;

	if (install_look(s->config.install, here, e) < 0)
		return -1;
	if (here->seq != 0 &&
	    install_file(file, s->config.install, here, &gone) < 0) {
		client_notice(s, "%s", gone.msg);
		memset(here, 0, sizeof(*here));
	}
	return 0;
}

int
pending_adopt(struct sluice *s, struct err *e)
{
	struct state_release here;

	if (s->state->pending.seq != 0)
		return 0;
	return look(s, &here, e) < 0 ? -1 : adopt(s, &here, e);
}

int
pending_recover(struct sluice *s, struct err *e)
{
	struct state *st = s->state;
	struct state_release here;

	if (s->config.install == NULL)
		return 0;
	if (look(s, &here, e) < 0)
		return -1;
	if (st->pending.seq == 0)
		return adopt(s, &here, e);
	if (here.seq != st->pending.seq) {
		/* killed before the switch, or after the way back */
		memset(&st->pending, 0, sizeof(st->pending));
		st->pending_starts = 0;
		if (client_save(s, e) < 0)
			return -1;
		return adopt(s, &here, e);
	}
	if (st->failed_seq == st->pending.seq)
		return take_back(s, "killed on the way back", e);
	if (awaits(s))
		return 0;
	/* killed in the self-test: it may have been what crashed us */
	if (++st->pending_starts >= s->config.max_starts)
		return take_back(s, "the self-test never ended", e);
	if (client_save(s, e) < 0)
		return -1;
	return test(s, false, e);
}

int
pending_started(struct sluice *s, struct err *e)
{
	struct state *st = s->state;

	if (st->pending.seq == 0)
		return 0;
	if (++st->pending_starts > s->config.max_starts)
		return take_back(s, "it never said that it works", e);
	return client_save(s, e);
}

int
pending_confirmed(struct sluice *s, struct err *e)
{
	return s->state->pending.seq == 0 ? 0 : commit(s, e);
}
