/*
 * The flow.  Each step is a file of its own; this one only connects them.
 */
#include "client/update.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/decide.h"
#include "client/download.h"
#include "client/install.h"
#include "client/patch.h"
#include "client/pending.h"
#include "client/poll.h"
#include "client/report.h"
#include "manifest/base/clock.h"
#include "manifest/base/text.h"

struct flow {
	struct sluice *s;
	int flags;
	struct poll poll;
	struct decision decision;
	struct sluice_result *out;
};

static int
progressed(void *ctx, int stage, int64_t done, int64_t total)
{
	struct sluice *s = ctx;

	if (s->progress == NULL)
		return 0;
	return s->progress(s->ctx, stage, done, total) == 0 ? 0 : -1;
}

static void
fill_installed(struct flow *f)
{
	const struct state_release *here = client_here(f->s);

	f->out->installed_seq = here->seq;
	(void)snprintf(f->out->installed_version,
	    sizeof(f->out->installed_version), "%s", here->version);
}

static void
outcome(struct flow *f, enum action action, const char *reason)
{
	static const int public[] = { SLUICE_NOTHING, SLUICE_UP, SLUICE_BACK,
		SLUICE_NOT_YET, SLUICE_FORBIDDEN };
	struct state *st = f->s->state;

	f->out->action = public[action];
	(void)snprintf(f->out->reason, sizeof(f->out->reason), "%s", reason);
	(void)snprintf(
	    st->result, sizeof(st->result), "%s", decide_action_name(action));
}

/* Steps 2 to 10. */
static int
ask(struct flow *f, struct err *e)
{
	struct sluice *s = f->s;
	struct poll *p = &f->poll;

	*p = (struct poll){ .config = &s->config,
		.state = s->state,
		.origin = &s->origin,
		.arena = s->run,
		.channel = s->channel,
		.dir = s->channel_dir,
		.state_dir = s->state_dir,
		.client_id = s->client_id[0] != 0 ? s->client_id : NULL,
		.system_s = clock_now_s(),
		.bundle_s = s->bundle_s,
		.ask = (f->flags & SLUICE_ASKED) != 0 };
	if (poll_run(p, e) < 0) {
		f->out->retry_after_s = s->origin.retry_after_s;
		if (e->kind == ERR_MISSING && p->trust.root == NULL)
			client_hint_root(s);
		return -1;
	}
	if (p->clock_behind)
		client_notice(s,
		    "the system's clock is behind the time that "
		    "this machine has seen signed");
	if (p->floor_anew)
		client_notice(s,
		    "root replaced the release keys: the floor "
		    "is taken anew");
	return 0;
}

static enum back_policy
policy(const struct config *c)
{
	if (strcmp(c->allow_rollback, "no") == 0)
		return BACK_NO;
	return strcmp(c->allow_rollback, "ask") == 0 ? BACK_ASK : BACK_YES;
}

/* Steps 11 to 15. */
static void
judge(struct flow *f)
{
	const struct sluice *s = f->s;
	const struct state_release *here = client_here(s);
	const struct manifest *m = f->poll.manifest;
	const struct role *t = f->poll.trust.timestamp;
	struct decide d = { .manifest = m,
		.os = s->config.os,
		.arch = s->config.arch,
		.os_version = s->config.os_version,
		.now_s = f->poll.now_s,
		.bundle_s = s->bundle_s,
		.installed_seq = here->seq,
		.installed_version = here->version,
		.installed_disowned =
		    state_keys_gone(&here->keys, f->poll.trust.root) &&
		    strcmp(here->channel, s->channel) == 0,
		.floor_seq = f->poll.floor_seq,
		.failed_seq = s->state->failed_seq,
		.cap_bp = t->cap_bp,
		.pin_seq = t->pin_seq,
		.bucket = m->offer
		    ? cohort_bucket(m->rollout.salt, s->client_id)
		    : BUCKET_NO_ID,
		.ask = (f->flags & SLUICE_ASKED) != 0,
		.group = s->config.early != NULL,
		.back_now = (f->flags & SLUICE_BACK_NOW) != 0,
		.policy = policy(&s->config) };

	f->decision = decide_make(&d);
}

static void
tell(struct flow *f)
{
	const struct manifest *m = f->poll.manifest;
	const struct decision *d = &f->decision;
	struct sluice_result *out = f->out;
	struct state *st = f->s->state;

	out->seq = m->seq;
	(void)snprintf(out->version, sizeof(out->version), "%s",
	    m->version == NULL ? "" : m->version);
	(void)snprintf(st->offered, sizeof(st->offered), "%s",
	    m->version == NULL ? "" : m->version);
	(void)snprintf(out->notes_url, sizeof(out->notes_url), "%s",
	    m->notes_url == NULL ? "" : m->notes_url);
	out->critical = m->critical;
	out->security = m->security;
	out->urgent = f->poll.trust.timestamp->urgent;
	out->again_s = d->again_s;
	out->needs_consent = d->consent;
	out->download_size = d->artifact == NULL ? 0 : d->artifact->size;
	outcome(f, d->action, d->reason);
}

/* The owner's word, before anything is downloaded. */
static bool
consented(struct flow *f)
{
	struct sluice *s = f->s;

	if (s->consent != NULL ? s->consent(s->ctx, f->out) == 1
			       : !f->decision.consent)
		return true;
	outcome(f, ACTION_NOT_YET, "the owner has not consented");
	return false;
}

static void
name_release(struct flow *f, struct state_release *r)
{
	const struct manifest *m = f->poll.manifest;
	const struct artifact *a = f->decision.artifact;

	memset(r, 0, sizeof(*r));
	r->seq = m->seq;
	r->created_s = m->created_s;
	(void)snprintf(r->version, sizeof(r->version), "%s", m->version);
	(void)snprintf(r->channel, sizeof(r->channel), "%s", m->channel);
	(void)snprintf(r->name, sizeof(r->name), "%s", a->name);
	hex_write(r->sha256, a->sha256, sizeof(a->sha256));
	state_keys_of(&r->keys, f->poll.trust.targets);
}

/* Steps 15 to 18: a complete slot. */
static int
prepare(struct flow *f, const struct state_release *r, struct err *e)
{
	struct sluice *s = f->s;
	const struct state_release *here = client_here(s);
	char installed[INSTALL_PATH];
	struct patch p = { .origin = &s->origin,
		.config = &s->config,
		.targets = f->poll.trust.targets,
		.folder = s->downloads,
		.artifact = f->decision.artifact,
		.progress = progressed,
		.ctx = s };
	AUTO_SLOT slot = { .fd = -1 };
	struct err why;

	if (install_whole(s->config.install, r, &why) == 0)
		return 0; /* the kept previous one, or from a killed run */
	if (here->seq != 0 &&
	    install_file(installed, s->config.install, here, &why) == 0)
		p.installed = installed;
	if (install_begin(&slot, s->config.install, r, e) < 0)
		return -1;
	p.slot = &slot;
	if (patch_run(&p, e) < 0) {
		f->out->retry_after_s = s->origin.retry_after_s;
		return -1;
	}
	f->out->delta = p.delta;
	if (p.delta < 0) {
		client_notice(
		    s, "the delta failed, took the full file: %s", p.why.msg);
		report_put(s, "delta_failed", p.why.msg, r, here);
	}
	if (install_finish(&slot, r, e) < 0)
		return -1;
	return download_drop(s->downloads, e);
}

static int
carry_out(struct flow *f, struct err *e)
{
	struct state_release r, before = *client_here(f->s);
	int rc;

	if (f->s->config.install == NULL)
		return err_set(e, ERR_USAGE, "install is not configured");
	if (strlen(f->decision.artifact->name) >= STATE_NAME)
		return err_set(e, ERR_LIMIT, "the artifact's name is too long");
	if (!consented(f))
		return 0;
	name_release(f, &r);
	if (prepare(f, &r, e) < 0)
		return -1;
	rc = pending_switch(f->s, &r, f->out->urgent, e);
	f->out->changed = client_here(f->s)->seq != before.seq;
	return rc;
}

/* Step 20; a report that does not arrive waits for the next run. */
static void
deliver(struct sluice *s)
{
	struct err e;
	size_t before = s->state->noutbox;

	if (before == 0)
		return;
	if (report_send(s, &e) < 0 && e.kind != ERR_MISSING)
		client_notice(s, "report: %s", e.msg);
	if (s->state->noutbox != before && client_save(s, &e) < 0)
		client_notice(s, "report: %s", e.msg);
}

/* The same bytes, signed anew or on another channel: those count from now. */
static void
restamp(struct flow *f)
{
	struct state_release *here = &f->s->state->installed, now;
	const struct manifest *m = f->poll.manifest;

	f->decision.artifact =
	    manifest_artifact(m, f->s->config.os, f->s->config.arch);
	if (f->decision.artifact == NULL || here->seq != m->seq)
		return;
	name_release(f, &now);
	if (here->sha256[0] == 0 || strcmp(here->sha256, now.sha256) == 0)
		*here = now;
}

static int
act(struct flow *f, bool install, struct err *e)
{
	struct err why;

	judge(f);
	tell(f);
	if (f->decision.action == ACTION_NOTHING)
		restamp(f);
	/* step 11 */
	if (f->decision.drop && download_drop(f->s->downloads, &why) < 0)
		client_notice(f->s, "%s", why.msg);
	switch (f->decision.action) {
	case ACTION_NOTHING:
	case ACTION_NOT_YET:
		return 0;
	case ACTION_REFUSED:
		return err_set(e, ERR_REFUSED, "%s", f->decision.reason);
	case ACTION_UP:
	case ACTION_BACK:
		break;
	}
	return install ? carry_out(f, e) : 0;
}

int
update_run(struct sluice *s, int flags, bool install, struct sluice_result *out,
    struct err *e)
{
	struct flow f = { .s = s, .flags = flags, .out = out };
	struct err other;
	bool answered;
	int rc = 0;

	if (pending_recover(s, &other) < 0) {
		if (other.kind != ERR_REFUSED) {
			*e = other;
			return -1;
		}
		client_notice(s, "%s", other.msg);
	}
	rc = ask(&f, e);
	answered = rc == 0 || e->kind != ERR_SYS;
	if (rc == 0 && f.poll.behind) {
		out->behind = 1;
		outcome(&f, ACTION_NOTHING,
		    "this source is behind what this machine has seen");
	} else if (rc == 0) {
		rc = act(&f, install, e);
	}
	fill_installed(&f);
	if (rc == 0 && client_save(s, e) < 0)
		rc = -1;
	/* reports wait for a source that takes them, or answers at all */
	if (install && s->bundle_s == 0 && answered)
		deliver(s);
	return rc;
}

/* Step 19's way back, by the user's word. */
int
update_rollback(struct sluice *s, struct sluice_result *out, struct err *e)
{
	struct state *st = s->state;
	struct flow f = { .s = s, .out = out };
	struct state_release to, left;

	if (s->config.install == NULL)
		return err_set(e, ERR_USAGE, "install is not configured");
	if (pending_recover(s, e) < 0)
		return -1;
	/* a pending release was never committed: the one before is kept */
	to = st->pending.seq != 0 ? st->installed : st->previous;
	left = *client_here(s);
	if (to.seq == 0 || to.seq >= left.seq)
		return err_set(e, ERR_REFUSED, "no older release is kept here");
	if (to.seq < client_floor(s))
		return err_set(e, ERR_REFUSED,
		    "%s (%lld) is below the floor %lld", to.version,
		    (long long)to.seq, (long long)client_floor(s));
	if (install_whole(s->config.install, &to, e) < 0)
		return err_in(e, "the kept release");
	st->failed_seq = left.seq;
	report_put(s, "left", NULL, &left, &to);
	if (pending_switch(s, &to, false, e) < 0)
		return -1;
	out->changed = 1;
	out->seq = to.seq;
	(void)snprintf(out->version, sizeof(out->version), "%s", to.version);
	outcome(&f, ACTION_BACK, "back to the kept release, as asked");
	fill_installed(&f);
	if (client_save(s, e) < 0)
		return -1;
	deliver(s);
	return 0;
}
