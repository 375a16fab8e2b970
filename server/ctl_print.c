/*
 * Answers of the server, for people.  --json prints them as they came.
 */
#include "server/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"

static const char *
text(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s == NULL ? "" : s;
}

static long long
number(const json_t *v, const char *key)
{
	return json_integer_value(json_object_get(v, key));
}

static const char *
or_none(const char *s, const char *none)
{
	return s[0] == '\0' ? none : s;
}

/* "25 %", "12.50 %" */
static const char *
percent(char out[static 32], long long bp)
{
	if (bp % 100 == 0)
		(void)snprintf(out, 32, "%lld %%", bp / 100);
	else
		(void)snprintf(out, 32, "%lld.%02lld %%", bp / 100, bp % 100);
	return out;
}

void
ctl_json(const json_t *answer)
{
	AUTO_BUF line;
	struct err e;

	buf_init(&line, SIZE_MAX / 4);
	if (json_write(answer, &line, &e) == 0)
		(void)puts(buf_str(&line));
}

/* --- positions --- */

static void
print_rung(const char *word, const json_t *r)
{
	(void)printf("%s %lld (%s %s)", word, number(r, "rung"),
	    text(r, "kind"), or_none(text(r, "version"), "no release"));
}

static void
print_scope(const json_t *s)
{
	const char *kind = text(s, "scope");
	char name[96], a[32], b[32];

	if (strcmp(kind, "channel") == 0)
		(void)snprintf(name, sizeof(name), "everybody");
	else
		(void)snprintf(
		    name, sizeof(name), "%s %s", kind, text(s, "name"));
	(void)printf("  %-22s ", name);
	print_rung("high", json_object_get(s, "high"));
	(void)fputs(", ", stdout);
	print_rung("low", json_object_get(s, "low"));
	(void)printf("; %s set, %s in force; blocks left: %lld%s%s\n",
	    percent(a, number(s, "percent_bp")),
	    percent(b, number(s, "cap_bp")), number(s, "blocks_left"),
	    json_is_true(json_object_get(s, "urgent")) ? "; urgent" : "",
	    json_is_true(json_object_get(s, "own_stop"))
		? "; own stop: resume it by name"
		: "");
}

static void
print_pins(const json_t *pins)
{
	size_t i;
	json_t *p;

	json_array_foreach(pins, i, p)
	{
		const char *name = text(p, "name");

		(void)printf("  %-22s %s%s%s at %s\n", i == 0 ? "pinned" : "",
		    text(p, "scope"), name[0] == '\0' ? "" : " ", name,
		    or_none(text(p, "version"), "an unknown release"));
	}
}

static void
print_state(const json_t *c)
{
	char bound[32];
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(c, "scopes"), i, v) print_scope(v);
	(void)printf(
	    "  %-22s %s", "plan allows", percent(bound, number(c, "bound_bp")));
	if (text(c, "bound_rises")[0] != '\0')
		(void)printf(" until %s", text(c, "bound_rises"));
	(void)putchar('\n');
	print_pins(json_object_get(c, "pins"));
	json_array_foreach(json_object_get(c, "groups"), i, v)(void) printf(
	    "  %-22s %s\n", i == 0 ? "groups" : "", json_string_value(v));
}

void
ctl_change(const json_t *answer)
{
	const json_t *before = json_object_get(answer, "before");
	const json_t *after = json_object_get(answer, "after");
	bool dry = json_is_true(json_object_get(answer, "dry_run"));

	if (before == NULL) {
		(void)puts(dry ? "nothing was changed" : "done");
		return;
	}
	(void)printf("%s before:\n", text(answer, "channel"));
	print_state(before);
	(void)printf(
	    "%s %s:\n", text(answer, "channel"), dry ? "would be" : "now");
	print_state(after);
	if (text(answer, "note")[0] != '\0')
		(void)printf("%s\n", text(answer, "note"));
}

/* --- status --- */

/* Sum per version of the newest day's polls. */
static void
print_polls(const json_t *polls)
{
	const char *day = "";
	json_t *sums = json_object(), *p;
	const char *version;
	long long total = 0;
	size_t i;

	json_array_foreach(polls, i, p)
	{
		if (i == 0)
			day = text(p, "day");
		if (strcmp(day, text(p, "day")) != 0)
			break;
		version = text(p, "version");
		total += number(p, "n");
		(void)json_object_set_new(sums, version,
		    json_integer(number(sums, version) + number(p, "n")));
	}
	if (total > 0) {
		(void)printf("  polls %-16s %lld:", day, total);
		json_object_foreach(sums, version, p)(void) printf(
		    " %s %lld", version, (long long)json_integer_value(p));
		(void)putchar('\n');
	}
	json_decref(sums);
}

/* What came by hand from places without a network; it has no vote. */
static void
print_sites(const json_t *sites)
{
	size_t i, k;
	json_t *s, *n;

	json_array_foreach(sites, i, s)
	{
		(void)printf("  site %-17s until %s:", text(s, "site"),
		    text(s, "until"));
		json_array_foreach(json_object_get(s, "counts"), k, n)(
		    void) printf(" %s %s %lld%s", text(n, "version"),
		    text(n, "event"), number(n, "n"),
		    k + 1 < json_array_size(json_object_get(s, "counts")) ? ","
									  : "");
		(void)putchar('\n');
	}
}

/* A mirror has one rung, and nothing to set. */
static void
print_where(const json_t *c)
{
	const json_t *s = json_array_get(json_object_get(c, "scopes"), 0);

	if (!json_is_true(json_object_get(c, "mirror"))) {
		print_state(c);
		return;
	}
	(void)printf("  %-22s of bundles", "mirror");
	if (s != NULL) {
		(void)fputs(", ", stdout);
		print_rung("everybody", json_object_get(s, "low"));
	}
	(void)putchar('\n');
}

static void
print_expiry(const json_t *c)
{
	size_t i;
	json_t *w;

	json_array_foreach(json_object_get(c, "warnings"), i, w)(void)
	    printf("  %-22s %s\n", "warning", text(w, "text"));
}

static void
print_channel(const json_t *c)
{
	char error[512];
	size_t i;
	json_t *v;

	(void)printf("%s\n", text(c, "channel"));
	if (number(c, "m") == 0) {
		(void)puts("  nothing is published");
	} else {
		(void)printf("  %-22s %s (release %lld), fallback %s\n",
		    "on offer", text(c, "version"), number(c, "seq"),
		    or_none(text(c, "fallback_version"), "none"));
		(void)printf("  %-22s %lld of %s, expires %s\n", "publication",
		    number(c, "m"), text(c, "published"), text(c, "expires"));
		(void)printf("  %-22s %lld, valid until %s%s\n", "round",
		    number(c, "round_signed"),
		    or_none(text(c, "timestamp_expires"), "nothing signed"),
		    number(c, "round") != number(c, "round_signed")
			? "; a newer one waits to be signed"
			: "");
		if (text(c, "not_before")[0] != '\0')
			(void)printf("  %-22s %s\n", "not before",
			    text(c, "not_before"));
	}
	print_expiry(c);
	print_where(c);
	print_polls(json_object_get(c, "polls"));
	json_array_foreach(json_object_get(c, "reports"), i, v)(void)
	    printf("  %-22s %s %s %s: %lld, with ticket %lld\n",
		i == 0 ? "reports" : "", text(v, "day"), text(v, "version"),
		text(v, "event"), number(v, "n"), number(v, "tickets"));
	print_sites(json_object_get(c, "sites"));
	json_array_foreach(json_object_get(c, "incoming"), i, v)(void)
	    printf("  %-22s %lld %s by %s%s%s\n", i == 0 ? "incoming" : "",
		number(v, "m"), text(v, "state"), text(v, "who"),
		text(v, "error")[0] == '\0' ? "" : ": ",
		text_safe(error, sizeof(error), text(v, "error")));
}

void
ctl_status(const json_t *answer)
{
	size_t i;
	json_t *c;

	json_array_foreach(json_object_get(answer, "channels"), i, c)
	    print_channel(c);
	if (json_array_size(json_object_get(answer, "channels")) == 0)
		(void)puts("no channels: sluiced channel add adds one");
	if (text(answer, "sign_error")[0] != '\0')
		(void)printf(
		    "the brake refuses: %s\n", text(answer, "sign_error"));
}

void
ctl_why(const json_t *answer)
{
	const json_t *r = json_object_get(answer, "rung");
	char a[32], b[32];

	if (r == NULL) {
		(void)puts("nothing is published");
		return;
	}
	(void)printf("rule     %s\nbucket   %lld\n", text(answer, "rule"),
	    number(answer, "bucket"));
	(void)printf("rung     %lld: %s, release %lld, version %s\n",
	    number(r, "rung"), text(r, "kind"), number(r, "seq"),
	    or_none(text(r, "version"), "none"));
	(void)printf(
	    "scope    %s %s\n", text(answer, "scope"), text(answer, "name"));
	(void)printf("percent  %s set, %s in force\n",
	    percent(a, number(answer, "percent_bp")),
	    percent(b, number(answer, "cap_bp")));
	if (number(answer, "pin_seq") != 0)
		(void)printf(
		    "pin      release %lld\n", number(answer, "pin_seq"));
}

/* --- lists --- */

void
ctl_versions(const json_t *answer)
{
	const json_t *polls = json_object_get(answer, "polls");
	json_t *totals = json_object(), *p;
	size_t i;

	json_array_foreach(polls, i, p)
	{
		const char *day = text(p, "day");

		(void)json_object_set_new(totals, day,
		    json_integer(number(totals, day) + number(p, "n")));
	}
	(void)puts("day         share    polls  version  platform");
	json_array_foreach(polls, i, p)
	{
		long long all = number(totals, text(p, "day"));
		long long n = number(p, "n");

		(void)printf("%s %5.1f %% %8lld  %s  %s-%s\n", text(p, "day"),
		    all == 0 ? 0.0 : 100.0 * (double)n / (double)all, n,
		    text(p, "version"), text(p, "os"), text(p, "arch"));
	}
	json_decref(totals);
}

void
ctl_history(const json_t *answer)
{
	char reason[600];
	size_t i;
	json_t *v;

	(void)puts("releases:");
	json_array_foreach(json_object_get(answer, "releases"), i, v)(void)
	    printf("  %-4lld %-16s %-20s %s%s%s%s\n", number(v, "seq"),
		text(v, "version"), text(v, "platform"),
		text(v, "everybody")[0] != '\0' ? "everybody since " : "",
		text(v, "everybody"), text(v, "spoiled"),
		text(v, "withdrawn")[0] != '\0' ? "; withdrawn" : "");
	(void)puts("actions:");
	json_array_foreach(json_object_get(answer, "audit"), i, v)(void)
	    printf("  %s %s by %s %s: %s\n", text(v, "at"), text(v, "verb"),
		text(v, "who"), text(v, "arguments"),
		text_safe(reason, sizeof(reason), text(v, "reason")));
}

void
ctl_audit(const json_t *answer)
{
	char reason[600];
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(answer, "audit"), i, v)(void)
	    printf("%lld %s %s %s by %s %s: %s\n", number(v, "n"),
		text(v, "at"), or_none(text(v, "channel"), "-"),
		text(v, "verb"), text(v, "who"), text(v, "arguments"),
		text_safe(reason, sizeof(reason), text(v, "reason")));
}

void
ctl_verified(const json_t *answer)
{
	(void)printf("%lld rows, unbroken; the last is %s\n",
	    number(answer, "rows"), or_none(text(answer, "last"), "none"));
}

void
ctl_tokens(const json_t *answer)
{
	char note[256];
	size_t i;
	json_t *t;

	json_array_foreach(json_object_get(answer, "tokens"), i, t)(void)
	    printf("%s  %-20s %s%s  used %s  %s\n", text(t, "id"),
		text(t, "scopes"),
		text(t, "revoked")[0] != '\0'	    ? "revoked "
		    : text(t, "expires")[0] != '\0' ? "until "
						    : "in force",
		text(t, "revoked")[0] != '\0' ? text(t, "revoked")
					      : text(t, "expires"),
		or_none(text(t, "used"), "never"),
		text_safe(note, sizeof(note), text(t, "note")));
}

void
ctl_channels(const json_t *answer)
{
	size_t i;
	json_t *c;

	json_array_foreach(json_object_get(answer, "channels"), i, c)(void)
	    printf("%s  root %lld  %s\n", text(c, "channel"),
		number(c, "root_version"), text(c, "fingerprint"));
}
