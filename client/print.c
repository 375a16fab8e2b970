/*
 * Results and states in words and in JSON.
 */
#include "client/print.h"

#include <inttypes.h>
#include <stdio.h>

#include "manifest/base/base.h"
#include "manifest/base/text.h"

static const char *
action_name(int action)
{
	static const char *const names[] = { "nothing", "up", "back", "not-yet",
		"refused" };

	return action >= 0 && (size_t)action < COUNT(names) ? names[action]
							    : "?";
}

static void
put_time(json_t *o, const char *key, int64_t at_s)
{
	char text[TIME_TEXT_SIZE];

	if (at_s <= 0) {
		(void)json_object_set_new(o, key, json_null());
		return;
	}
	time_write(text, at_s);
	(void)json_object_set_new(o, key, json_string(text));
}

static void
put_text(json_t *o, const char *key, const char *text)
{
	(void)json_object_set_new(
	    o, key, text[0] != 0 ? json_string(text) : json_null());
}

static void
put_int(json_t *o, const char *key, int64_t n)
{
	(void)json_object_set_new(o, key, json_integer(n));
}

static void
put_bool(json_t *o, const char *key, int yes)
{
	(void)json_object_set_new(o, key, json_boolean(yes));
}

int
print_json(json_t *o, struct err *e)
{
	int rc = json_dumpf(o, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);

	json_decref(o);
	(void)putchar('\n');
	return rc < 0 ? err_set(e, ERR_SYS, "cannot write JSON") : 0;
}

int
print_result_json(const struct sluice_result *r, struct err *e)
{
	json_t *o = json_object();

	put_text(o, "action", action_name(r->action));
	put_bool(o, "changed", r->changed);
	put_text(o, "version", r->version);
	put_int(o, "seq", r->seq);
	put_text(o, "installed_version", r->installed_version);
	put_int(o, "installed_seq", r->installed_seq);
	put_text(o, "reason", r->reason);
	put_int(o, "download_size", r->download_size);
	put_bool(o, "critical", r->critical);
	put_bool(o, "security", r->security);
	put_bool(o, "urgent", r->urgent);
	put_bool(o, "behind", r->behind);
	put_text(o, "delta",
	    r->delta > 0       ? "used"
		: r->delta < 0 ? "failed"
			       : "none");
	put_time(o, "again", r->again_s);
	put_text(o, "notes_url", r->notes_url);
	return print_json(o, e);
}

void
print_result(const struct sluice_result *r)
{
	const char *from = r->installed_version;

	if (r->changed)
		(void)printf("installed %s: %s%s\n", from, r->reason,
		    r->delta > 0       ? " (by delta)"
			: r->delta < 0 ? " (the delta failed)"
				       : "");
	else if (r->action == SLUICE_UP || r->action == SLUICE_BACK)
		(void)printf("%s is offered: %s\n", r->version, r->reason);
	else
		(void)printf("%s\n", r->reason);
	if (!r->changed && r->notes_url[0] != 0 && r->action == SLUICE_UP)
		(void)printf("notes: %s\n", r->notes_url);
}

int
print_status_json(const struct sluice_status *st, struct err *e)
{
	json_t *o = json_object();

	put_text(o, "product", st->product);
	put_text(o, "channel", st->channel);
	put_text(o, "client_id", st->client_id);
	put_text(o, "platform", st->platform);
	put_int(o, "installed_seq", st->installed_seq);
	put_text(o, "installed_version", st->installed_version);
	put_int(o, "previous_seq", st->previous_seq);
	put_text(o, "previous_version", st->previous_version);
	put_int(o, "pending_seq", st->pending_seq);
	put_text(o, "pending_version", st->pending_version);
	put_int(o, "failed_seq", st->failed_seq);
	put_int(o, "floor_seq", st->floor_seq);
	put_int(o, "seen", st->seen);
	put_text(o, "path", st->path);
	put_time(o, "checked", st->checked_s);
	put_text(o, "result", st->result);
	put_text(o, "offered_version", st->offered_version);
	put_int(o, "root_version", st->root_version);
	put_time(o, "root_expires", st->root_expires_s);
	put_time(o, "timestamp_expires", st->timestamp_expires_s);
	put_bool(o, "stale", st->stale);
	(void)json_object_set_new(o, "bucket",
	    st->bucket < 0 ? json_null() : json_integer(st->bucket));
	put_int(o, "reports_waiting", st->reports_waiting);
	return print_json(o, e);
}

void
print_status(const struct sluice_status *st)
{
	char at[TIME_TEXT_SIZE] = "never";

	if (st->checked_s > 0)
		time_write(at, st->checked_s);
	(void)printf("product    %s, channel %s, %s\n", st->product,
	    st->channel, st->platform);
	if (st->installed_seq == 0)
		(void)printf("installed  nothing\n");
	else
		(void)printf("installed  %s (%" PRId64 ")  %s\n",
		    st->installed_version, st->installed_seq, st->path);
	if (st->pending_seq != 0)
		(void)printf("pending    %s (%" PRId64 "), not confirmed yet\n",
		    st->pending_version, st->pending_seq);
	if (st->previous_seq != 0)
		(void)printf("kept       %s (%" PRId64 ")\n",
		    st->previous_version, st->previous_seq);
	if (st->failed_seq != 0)
		(void)printf("left       release %" PRId64
			     ", not tried again by itself\n",
		    st->failed_seq);
	(void)printf("floor      %" PRId64 "\n", st->floor_seq);
	(void)printf("checked    %s%s%s\n", at,
	    st->result[0] != 0 ? ", then: " : "", st->result);
	if (st->root_version != 0) {
		time_write(at, st->root_expires_s);
		(void)printf("root       version %" PRId64 ", until %s\n",
		    st->root_version, at);
	} else {
		(void)printf("root       none trusted yet\n");
	}
	if (st->stale)
		(void)printf("stale      the last signed answer has expired\n");
	if (st->bucket >= 0)
		(void)printf("bucket     %d\n", st->bucket);
	(void)printf("client     %s\n", st->client_id);
	if (st->reports_waiting > 0)
		(void)printf("reports    %d waiting\n", st->reports_waiting);
}
