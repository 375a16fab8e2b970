/*
 * The decision about one manifest, in the order of the steps of update.h.
 * There is no code path from a pin to an older version: pin_seq is only ever
 * an upper bound.
 */
#include "client/decide.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "manifest/semver.h"

const char *
decide_action_name(enum action a)
{
	static const char *const names[] = { "nothing", "up", "back", "not-yet",
		"refused" };

	return (size_t)a < COUNT(names) ? names[a] : "?";
}

PRINTF(3, 4)
static void
say(struct decision *out, enum action action, const char *fmt, ...)
{
	va_list ap;

	out->action = action;
	va_start(ap, fmt);
	(void)vsnprintf(out->reason, sizeof(out->reason), fmt, ap);
	va_end(ap);
}

/* Dotted numbers, missing parts are 0; anything else ends the comparison. */
static bool
older(const char *have, const char *want)
{
	for (;;) {
		char *h, *w;
		unsigned long a = strtoul(have, &h, 10);
		unsigned long b = strtoul(want, &w, 10);

		if (a != b)
			return a < b;
		if (*h != '.' && *w != '.')
			return false;
		have = *h == '.' ? h + 1 : h;
		want = *w == '.' ? w + 1 : w;
		if (*h != '.' && *h != 0)
			return false;
	}
}

static bool
repairs(const struct manifest *m, int64_t seq)
{
	for (size_t i = 0; i < m->nrepairs; i++)
		if (seq != 0 && m->repairs[i] == seq)
			return true;
	return false;
}

static bool
permission_names(const struct manifest *m, int64_t seq)
{
	for (size_t i = 0; m->permission && i < m->rollback.nfrom; i++)
		if (m->rollback.from[i].seq == seq)
			return true;
	return false;
}

/* What holds in both directions; true if the way is free. */
static bool
common(const struct decide *d, struct decision *out)
{
	const struct manifest *m = d->manifest;
	char at[TIME_TEXT_SIZE];

	if (m->seq < d->floor_seq) { /* steps 12, 13 */
		say(out, ACTION_REFUSED,
		    "%s (%" PRId64 ") is below the floor %" PRId64, m->version,
		    m->seq, d->floor_seq);
		return false;
	}
	if (d->pin_seq != 0 && m->seq > d->pin_seq) { /* step 13 */
		say(out, ACTION_NOT_YET,
		    "pinned: nothing above release %" PRId64 " is installed",
		    d->pin_seq);
		return false;
	}
	if (m->not_before_s > d->now_s) { /* step 9, by hand too */
		time_write(at, m->not_before_s);
		say(out, ACTION_NOT_YET, "%s may not be installed before %s",
		    m->version, at);
		out->again_s = m->not_before_s;
		return false;
	}
	out->artifact = manifest_artifact(m, d->os, d->arch); /* step 15 */
	if (out->artifact == NULL) {
		say(out, ACTION_NOTHING, "%s has nothing for %s-%s", m->version,
		    d->os, d->arch);
		return false;
	}
	if (m->minimum_os != NULL && d->os_version != NULL &&
	    older(d->os_version, m->minimum_os)) {
		say(out, ACTION_NOT_YET, "%s needs %s %s or newer", m->version,
		    d->os, m->minimum_os);
		return false;
	}
	return true;
}

/* Step 12: the installed release is above the named one. */
static void
above(const struct decide *d, struct decision *out)
{
	const struct manifest *m = d->manifest;
	struct err e = { 0 };

	if (d->back_now) {
		if (common(d, out))
			say(out, ACTION_BACK, "back to %s, as asked",
			    m->version);
		return;
	}
	if (!permission_names(m, d->installed_seq)) {
		say(out, ACTION_NOTHING,
		    "%s is newer than %s, which the channel names",
		    d->installed_version, m->version);
		return;
	}
	if (manifest_may_go_back(m, d->installed_seq, d->os, d->arch,
		d->floor_seq, d->now_s, &e) < 0) {
		say(out,
		    m->seq < d->floor_seq ? ACTION_REFUSED : ACTION_NOTHING,
		    "stays: %s", e.msg);
		return;
	}
	if (!common(d, out))
		return;
	if (d->policy == BACK_NO) {
		say(out, ACTION_NOTHING,
		    "stays: the owner does not allow going back to %s",
		    m->version);
		return;
	}
	out->consent = d->policy == BACK_ASK;
	say(out, ACTION_BACK, "%s was withdrawn%s%s", d->installed_version,
	    m->rollback.reason[0] != 0 ? ": " : "", m->rollback.reason);
}

/* Step 14: whether this machine is admitted to an offer. */
static bool
admitted(const struct decide *d, struct decision *out)
{
	const struct manifest *m = d->manifest;
	int64_t next_s = 0;
	int limit;

	if (!m->offer || d->ask || d->group || repairs(m, d->installed_seq))
		return true;
	limit = manifest_envelope(m, d->now_s, &next_s);
	if (d->cap_bp < limit) {
		limit = d->cap_bp;
		next_s = 0; /* the server's, at no known time */
	}
	if (d->bucket < limit)
		return true;
	say(out, ACTION_NOT_YET,
	    "%s is being rolled out: bucket %d is not below %d", m->version,
	    d->bucket, limit);
	out->again_s = next_s;
	return false;
}

/* Step 13: a higher number with a lower version is a way back in disguise. */
static bool
lower_version(const struct decide *d, struct decision *out)
{
	const struct manifest *m = d->manifest;
	struct err e = { 0 };

	if (d->installed_seq == 0 || d->installed_version == NULL ||
	    semver_cmp(m->version, d->installed_version) >= 0)
		return false;
	if (d->ask || d->back_now)
		return false;
	if (d->policy == BACK_YES && permission_names(m, d->installed_seq) &&
	    manifest_may_go_back(m, d->installed_seq, d->os, d->arch,
		d->floor_seq, d->now_s, &e) == 0)
		return false;
	say(out, ACTION_NOT_YET,
	    "%s is a lower version than %s: ask for it by hand", m->version,
	    d->installed_version);
	return true;
}

static void
below(const struct decide *d, struct decision *out)
{
	const struct manifest *m = d->manifest;

	if (!common(d, out) || lower_version(d, out))
		return;
	if (m->seq == d->failed_seq && !d->ask) { /* step 19 */
		say(out, ACTION_NOT_YET,
		    "%s failed or was left on this machine: ask for it by hand",
		    m->version);
		return;
	}
	if (!admitted(d, out))
		return;
	say(out, ACTION_UP, "%s",
	    m->critical	      ? "a critical update"
		: m->security ? "a security update"
			      : "an update");
}

struct decision
decide_make(const struct decide *d)
{
	const struct manifest *m = d->manifest;
	struct decision out = { .action = ACTION_NOTHING };

	/* step 11: before everything, whatever follows */
	out.drop = m->kind != MANIFEST_RELEASE;
	/* step 9; a bundle has an expiry of its own */
	if (m->expires_s <= (d->bundle_s != 0 ? d->bundle_s : d->now_s)) {
		say(&out, ACTION_REFUSED, "the manifest has expired");
		return out;
	}
	if (m->seq == 0 || m->version == NULL) {
		say(&out, ACTION_NOTHING,
		    "the channel names no release for this machine now");
		return out;
	}
	if (m->seq == d->installed_seq)
		say(&out, ACTION_NOTHING, "%s is up to date", m->version);
	else if (m->seq < d->installed_seq && !d->installed_disowned)
		above(d, &out);
	else
		below(d, &out);
	if (out.action != ACTION_UP && out.action != ACTION_BACK)
		out.artifact = NULL;
	return out;
}
