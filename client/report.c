/*
 * Reports carry the hashed ID and the tickets, and the digests of the views
 * that were used, so that anyone can compare what machines were shown.
 */
#include "client/report.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"

#define DETAIL_MAX 200

static void
put(json_t *o, const char *key, const char *text)
{
	if (text != NULL && text[0] != 0)
		(void)json_object_set_new(o, key, json_string(text));
}

static void
put_digest(json_t *o, const char *key, const char *dir, const char *name)
{
	char path[4096], hex[SHA256_HEX_SIZE];
	uint8_t sum[SHA256_SIZE];
	struct err ignored;
	int64_t size;

	if (dir == NULL ||
	    snprintf(path, sizeof(path), "%s/%s", dir, name) >=
		(int)sizeof(path) ||
	    digest_file(path, sum, &size, &ignored) < 0)
		return;
	hex_write(hex, sum, sizeof(sum));
	put(o, key, hex);
}

static void
put_tickets(json_t *o, const struct report *r, const struct state *s)
{
	const char *mine = state_ticket_for(s, r->release->seq, 0);
	const char *before = r->release->created_s == 0
	    ? NULL
	    : state_ticket_for(s, 0, r->release->created_s);
	json_t *list = json_array();

	if (mine != NULL)
		(void)json_array_append_new(list, json_string(mine));
	if (before != NULL && before != mine)
		(void)json_array_append_new(list, json_string(before));
	(void)json_object_set_new(o, "tickets", list);
}

int
report_write(const struct report *r, const struct sluice *s, struct buf *out,
    struct err *e)
{
	AUTO_JSON o = json_object();
	char detail[DETAIL_MAX], at[TIME_TEXT_SIZE];

	if (o == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	time_write(at, clock_now_s());
	put(o, "client_id", s->client_id);
	put(o, "product", s->config.product);
	put(o, "channel",
	    r->release->channel[0] != 0 ? r->release->channel : s->channel);
	put(o, "version", r->release->version);
	(void)json_object_set_new(o, "seq", json_integer(r->release->seq));
	put(o, "os", s->config.os);
	put(o, "arch", s->config.arch);
	put(o, "event", r->event);
	put(o, "at", at);
	if (r->detail != NULL)
		put(o, "detail", text_safe(detail, sizeof(detail), r->detail));
	if (r->from != NULL && r->from->seq != 0)
		put(o, "from_version", r->from->version);
	put_digest(o, "timestamp_sha256", s->channel_dir, "timestamp.json");
	put_digest(o, "targets_sha256", s->channel_dir, "targets.json");
	put_tickets(o, r, s->state);
	return json_write(o, out, e);
}

void
report_put(struct sluice *s, const char *event, const char *detail,
    const struct state_release *release, const struct state_release *from)
{
	struct report r = { event, detail, release, from };
	struct err e;
	AUTO_BUF out;

	buf_init(&out, STATE_REPORT);
	if (!s->config.report || release->seq == 0)
		return;
	if (report_write(&r, s, &out, &e) < 0) {
		client_notice(s, "report: %s", e.msg);
		return;
	}
	state_report_put(s->state, buf_str(&out));
}

int
report_send(struct sluice *s, struct err *e)
{
	struct state *st = s->state;

	while (st->noutbox > 0) {
		if (origin_post(&s->origin, "v1/health", st->outbox[0], e) <
		    0) {
			if (e->kind == ERR_MISSING) /* a folder */
				st->noutbox = 0;
			if (e->kind != ERR_INPUT)
				return -1;
			client_notice(s, "a report is dropped: %s", e->msg);
		}
		memmove(st->outbox[0], st->outbox[1],
		    (st->noutbox - 1) * sizeof(st->outbox[0]));
		st->noutbox--;
	}
	return 0;
}
