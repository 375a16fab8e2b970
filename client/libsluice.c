/*
 * The public functions: each opens a call on the handle, runs a step of the
 * flow and turns the error value into a code.  Contracts: libsluice.h.
 */
#include "client/libsluice.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "client/install.h"
#include "client/media.h"
#include "client/pending.h"
#include "client/poll.h"
#include "client/report.h"
#include "client/update.h"
#include "client/watch.h"
#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/trust.h"

#define KEEP_MEMORY (1024 * 1024)

/* Copy as much of ours as the caller's struct has room for. */
static int
give(void *out, size_t room, void *ours, size_t size, struct err *e)
{
	if (out == NULL)
		return 0;
	if (room < sizeof(size_t))
		return err_set(e, ERR_USAGE, "size is not set");
	memcpy(ours, &room, sizeof(room));
	memcpy(out, ours, room < size ? room : size);
	return 0;
}

static int
code(struct sluice *s, int rc)
{
	if (rc >= 0) {
		s->err = (struct err){ 0 };
		s->hint[0] = 0;
		return SLUICE_OK;
	}
	/* what is missing, held or unreachable tells nothing about updates */
	if (s->err.kind == ERR_CONFLICT)
		return SLUICE_UNKNOWN;
	return err_exit(s->err.kind);
}

static int
begin(struct sluice *s, int flags)
{
	s->err = (struct err){ 0 };
	s->hint[0] = 0;
	if (!s->opened)
		return err_set(&s->err, ERR_USAGE, "the handle was not opened");
	return client_begin(s, (flags & SLUICE_WAIT) != 0, &s->err);
}

static int
end(struct sluice *s, int rc)
{
	client_end(s);
	return code(s, rc);
}

/* The result goes out whatever came of the call; out may be NULL. */
static int
finish(struct sluice *s, int rc, struct sluice_result *out,
    struct sluice_result *r)
{
	struct err e;

	if (out != NULL && give(out, out->size, r, sizeof(*r), &e) < 0) {
		s->err = e;
		rc = -1;
	}
	return end(s, rc);
}

const char *
sluice_version(void)
{
	return SLUICE_VERSION;
}

const char *
sluice_error(const struct sluice *s)
{
	return s == NULL ? "out of memory" : s->err.msg;
}

const char *
sluice_hint(const struct sluice *s)
{
	return s == NULL ? "" : s->hint;
}

static int
configure(struct sluice *s, const struct sluice_options *o)
{
	struct sluice_options full = { 0 };
	struct config_override over;

	if (o != NULL && o->size < sizeof(size_t))
		return err_set(&s->err, ERR_USAGE, "size is not set");
	if (o != NULL)
		memcpy(
		    &full, o, o->size < sizeof(full) ? o->size : sizeof(full));
	over = (struct config_override){ .file = full.config,
		.url = full.url,
		.state = full.state,
		.install = full.install,
		.product = full.product,
		.channel = full.channel };
	s->ctx = full.ctx;
	s->progress = full.progress;
	s->consent = full.consent;
	s->notice = full.notice;
	return config_load(&s->config, &over, s->keep, &s->err);
}

int
sluice_open(struct sluice **out, const struct sluice_options *o)
{
	struct sluice *s = calloc(1, sizeof(*s));

	*out = s;
	if (s == NULL)
		return SLUICE_UNKNOWN;
	s->lock = -1;
	if ((s->keep = arena_new(KEEP_MEMORY)) == NULL) {
		err_set(&s->err, ERR_SYS, "out of memory");
		return SLUICE_UNKNOWN;
	}
	if (configure(s, o) < 0)
		return SLUICE_UNKNOWN;
	s->opened = true;
	return SLUICE_OK;
}

void
sluice_close(struct sluice *s)
{
	if (s == NULL)
		return;
	client_end(s);
	arena_free(s->keep);
	free(s);
}

static int
init(struct sluice *s, const char *file, const char *fingerprint)
{
	char channel[PRODUCT_MAX + 1], hex[SHA256_HEX_SIZE];
	struct bytes root;

	if (file_read(s->run, file, ROLE_ROOT_MAX, &root, &s->err) < 0)
		return -1;
	sha256_hex(hex, root.at, root.len);
	if (fingerprint != NULL && strcmp(hex, fingerprint) != 0) {
		client_hint(s, "the file's fingerprint is %s", hex);
		return err_set(&s->err, ERR_AUTH,
		    "%s is not the root of that fingerprint", file);
	}
	return poll_trust_root(
	    &s->config, root, clock_now_s(), channel, s->run, &s->err);
}

int
sluice_init(struct sluice *s, const char *root_file, const char *fingerprint)
{
	int rc = begin(s, 0);

	if (rc == 0)
		rc = init(s, root_file, fingerprint);
	client_end(s);
	if (rc < 0 && s->err.kind == ERR_CONFLICT)
		return SLUICE_REFUSED;
	return code(s, rc);
}

static int
run(struct sluice *s, int flags, bool install, struct sluice_result *out)
{
	struct sluice_result r = { .size = sizeof(r), .retry_after_s = -1 };
	int rc = begin(s, flags);

	if (rc == 0)
		rc = update_run(s, flags, install, &r, &s->err);
	return finish(s, rc, out, &r);
}

int
sluice_check(struct sluice *s, int flags, struct sluice_result *out)
{
	return run(s, flags, false, out);
}

int
sluice_update(struct sluice *s, int flags, struct sluice_result *out)
{
	return run(s, flags, true, out);
}

int
sluice_update_bundle(
    struct sluice *s, const char *bundle, int flags, struct sluice_result *out)
{
	struct sluice_result r = { .size = sizeof(r), .retry_after_s = -1 };
	struct err e;
	int rc = begin(s, flags);

	if (rc == 0 && (rc = media_stage(s, bundle, &s->err)) == 0) {
		rc = update_run(s, flags, true, &r, &s->err);
		if (media_drop(s, &e) < 0)
			client_notice(s, "%s", e.msg);
	}
	return finish(s, rc, out, &r);
}

int
sluice_inspect(struct sluice *s, const char *bundle,
    void (*fact)(void *ctx, const char *key, const char *value), void *ctx)
{
	s->err = (struct err){ 0 };
	s->hint[0] = 0;
	return code(s, media_inspect(s, bundle, fact, ctx, &s->err));
}

int
sluice_rollback(struct sluice *s, struct sluice_result *out)
{
	struct sluice_result r = { .size = sizeof(r), .retry_after_s = -1 };
	int rc = begin(s, 0);

	if (rc == 0)
		rc = update_rollback(s, &r, &s->err);
	return finish(s, rc, out, &r);
}

static int
channel(struct sluice *s, const char *name)
{
	struct state *st = s->state;
	struct bytes root;
	char *dir;

	if (!name_ok(name, PRODUCT_MAX))
		return err_set(&s->err, ERR_USAGE, "no channel's name");
	if ((dir = config_channel_dir(&s->config, name, s->run, &s->err)) ==
	    NULL)
		return -1;
	if (poll_root(&s->config, name, dir, s->run, &root, &s->err) < 0) {
		if (s->err.kind == ERR_MISSING)
			client_hint_root(s);
		return -1;
	}
	(void)snprintf(st->channel, sizeof(st->channel), "%s", name);
	return client_save(s, &s->err);
}

int
sluice_channel(struct sluice *s, const char *name)
{
	int rc = begin(s, 0);

	return end(s, rc < 0 ? rc : channel(s, name));
}

int
sluice_started(struct sluice *s)
{
	int rc = begin(s, SLUICE_WAIT);

	return end(s, rc < 0 ? rc : pending_started(s, &s->err));
}

int
sluice_confirm(struct sluice *s)
{
	int rc = begin(s, SLUICE_WAIT);

	return end(s, rc < 0 ? rc : pending_confirmed(s, &s->err));
}

static int
report(struct sluice *s, const char *event, const char *detail)
{
	const struct state_release *here = client_here(s);
	size_t before;
	struct err e;
	int rc;

	if (event != NULL && !name_ok(event, 32))
		return err_set(
		    &s->err, ERR_USAGE, "an event is one short word");
	if (event != NULL && here->seq == 0)
		return err_set(&s->err, ERR_MISSING, "nothing is installed");
	if (event != NULL)
		report_put(s, event, detail, here, NULL);
	before = s->state->noutbox;
	if (event != NULL && client_save(s, &s->err) < 0)
		return -1;
	rc = report_send(s, &s->err);
	if (before != s->state->noutbox && client_save(s, &e) < 0)
		client_notice(s, "report: %s", e.msg);
	return rc;
}

int
sluice_report(struct sluice *s, const char *event, const char *detail)
{
	int rc = begin(s, SLUICE_WAIT);

	return end(s, rc < 0 ? rc : report(s, event, detail));
}

static void
copy(char *out, size_t room, const char *text)
{
	(void)snprintf(out, room, "%s", text);
}

static void
status_of_state(struct sluice *s, struct sluice_status *o)
{
	const struct state *st = s->state;
	char path[INSTALL_PATH];
	struct err none;

	copy(o->product, sizeof(o->product), s->config.product);
	copy(o->channel, sizeof(o->channel), s->channel);
	copy(o->client_id, sizeof(o->client_id), s->client_id);
	(void)snprintf(o->platform, sizeof(o->platform), "%s-%s", s->config.os,
	    s->config.arch);
	o->installed_seq = st->installed.seq;
	o->previous_seq = st->previous.seq;
	o->pending_seq = st->pending.seq;
	o->failed_seq = st->failed_seq;
	copy(o->installed_version, sizeof(o->installed_version),
	    st->installed.version);
	copy(o->previous_version, sizeof(o->previous_version),
	    st->previous.version);
	copy(o->pending_version, sizeof(o->pending_version),
	    st->pending.version);
	copy(o->result, sizeof(o->result), st->result);
	copy(o->offered_version, sizeof(o->offered_version), st->offered);
	o->checked_s = st->checked_s;
	o->reports_waiting = (int)st->noutbox;
	o->bucket = -1;
	if (s->config.install != NULL && client_here(s)->seq != 0 &&
	    install_file(path, s->config.install, client_here(s), &none) == 0)
		(void)snprintf(o->path, sizeof(o->path), "%.*s",
		    (int)sizeof(o->path) - 1, path);
}

/* From the trusted files; a machine without any has a status all the same. */
static void
status_of_trust(struct sluice *s, struct sluice_status *o)
{
	struct poll p = { .config = &s->config,
		.state = s->state,
		.arena = s->run,
		.channel = s->channel,
		.dir = s->channel_dir,
		.system_s = clock_now_s() };
	const struct state_channel *c = state_channel_get(s->state, s->channel);
	struct err none;

	o->floor_seq = client_floor(s);
	o->seen = c == NULL ? 0 : c->seen;
	if (poll_stored(&p, &none) < 0)
		return;
	o->root_version = p.trust.root->version;
	o->root_expires_s = p.trust.root->expires_s;
	if (p.trust.timestamp != NULL) {
		o->timestamp_expires_s = p.trust.timestamp->expires_s;
		o->stale = p.trust.timestamp->expires_s <= p.now_s;
	}
	if (p.manifest != NULL && p.manifest->offer)
		o->bucket =
		    cohort_bucket(p.manifest->rollout.salt, s->client_id);
}

int
sluice_status(struct sluice *s, struct sluice_status *out)
{
	struct sluice_status full = { .size = sizeof(full) };
	int rc = begin(s, SLUICE_WAIT);

	if (rc == 0 && s->config.install != NULL)
		rc = pending_adopt(s, &s->err);
	if (rc == 0) {
		status_of_state(s, &full);
		status_of_trust(s, &full);
		rc = give(out, out->size, &full, sizeof(full), &s->err);
	}
	return end(s, rc);
}

int64_t
sluice_delay_s(const struct sluice *s, int failures, int64_t retry_after_s)
{
	uint32_t random = 0;

	if (sodium_init() >= 0)
		random = randombytes_random();
	return watch_delay_s(
	    &(struct watch){ .interval_s = s->config.interval_s,
		.failures = failures,
		.retry_after_s = retry_after_s,
		.random = random });
}
