/*
 * Health reports and poll counts.
 */
#include "server/store/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "manifest/cohort.h"
#include "manifest/semver.h"
#include "server/store/outbox.h"
#include "server/store/reserve.h"
#include "server/store/schema.h"
#include "server/ticket.h"

#define BATCH_MAX 512 /* reports of one transaction */
#define ROWS_MAX  4096
#define POLLS_MAX 1000000000 /* of one row of a message: sums stay sums */
#define EVENT_MAX 32
#define DAY_SIZE  11
#define OTHER	  "other" /* what is not known: names must not fill the disk */

struct report {
	char channel[CHANNEL_ID_SIZE];
	char version[SEMVER_MAX + 1];
	char event[EVENT_MAX + 1];
	bool ticket; /* came with one for this release */
	int64_t front_id;
};

struct polls {
	char channel[CHANNEL_ID_SIZE];
	char version[SEMVER_MAX + 1];
	char os[PLATFORM_MAX + 1], arch[PLATFORM_MAX + 1];
	char day[DAY_SIZE];
	int64_t n;
};

struct reports {
	struct report list[BATCH_MAX];
	size_t n;
	struct polls polls[ROWS_MAX];
	size_t npolls;
};

static const char *const events[] = { "installed", "failed", "rolled_back",
	"left", "delta_failed", "ok", "crash", "error", "started", "alive" };

struct reports *
health_new(void)
{
	return calloc(1, sizeof(struct reports));
}

void
health_free(struct reports *r)
{
	free(r);
}

/* --- reports --- */

struct form {
	const char *product, *channel, *version, *event;
	const char *client_id, *os, *arch;
	int64_t seq;
	const json_t *tickets;
};

static const struct json_field form_fields[] = {
	JSON_TEXT(struct form, product, 1, PRODUCT_MAX),
	JSON_TEXT(struct form, channel, 1, PRODUCT_MAX),
	JSON_TEXT(struct form, version, 1, SEMVER_MAX),
	JSON_TEXT(struct form, event, 1, EVENT_MAX),
	JSON_F(JSON_FIELD_TEXT, struct form, client_id, true, 64, 64),
	JSON_F(JSON_FIELD_TEXT, struct form, os, true, 1, PLATFORM_MAX),
	JSON_F(JSON_FIELD_TEXT, struct form, arch, true, 1, PLATFORM_MAX),
	JSON_F(JSON_FIELD_INT, struct form, seq, true, 1, INT64_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct form, tickets, true, 0, 4),
};

static int
form_read(struct form *f, const json_t *body, struct arena *a, struct err *e)
{
	if (json_struct(body, form_fields, COUNT(form_fields), false, f, a, e) <
	    0)
		return err_in(e, "report");
	if (!name_ok(f->product, PRODUCT_MAX) ||
	    !name_ok(f->channel, PRODUCT_MAX) || !name_ok(f->event, EVENT_MAX))
		return err_set(e, ERR_INPUT, "report: a name is not one");
	if (semver_check(f->version, e) < 0 ||
	    (f->client_id != NULL && cohort_id_check(f->client_id, e) < 0))
		return err_in(e, "report");
	return 0;
}

/* Whether it carries this server's ticket for the release that it is about. */
static bool
has_ticket(struct store *s, const struct form *f)
{
	uint8_t key[TICKET_KEY_SIZE];
	char hex[HEX_SIZE(TICKET_KEY_SIZE)];
	struct ticket t;
	struct err e;

	if (f->client_id == NULL || f->tickets == NULL ||
	    schema_meta_get(s->db, "ticket_key", hex, sizeof(hex), &e) < 0 ||
	    hex_read(key, sizeof(key), hex) < 0)
		return false;
	for (size_t i = 0; i < json_array_size(f->tickets); i++) {
		const char *text =
		    json_string_value(json_array_get(f->tickets, i));

		if (text != NULL &&
		    ticket_verify(
			&t, text, key, f->client_id, f->product, &e) == 0 &&
		    t.seq == f->seq && strcmp(t.channel, f->channel) == 0)
			return true;
	}
	return false;
}

static const char *
known_event(const char *event)
{
	for (size_t i = 0; i < COUNT(events); i++)
		if (strcmp(events[i], event) == 0)
			return events[i];
	return OTHER;
}

static int
known_version(struct store *s, const char *channel, const char *version,
    const char **out, struct err *e)
{
	struct err failed = { .kind = ERR_NONE };
	int64_t n = db_int(s->db, &failed, 0,
	    "SELECT COUNT(*) FROM release WHERE channel = $1"
	    " AND version = $2",
	    BIND(V(channel), V(version)));

	*out = n > 0 ? version : OTHER;
	if (failed.kind == ERR_NONE)
		return 0;
	*e = failed;
	return -1;
}

static int
take(struct store *s, const struct form *f, int64_t front_id, struct arena *a,
    struct err *e)
{
	struct report *to = &s->reports->list[s->reports->n];
	const char *id = arena_printf(a, e, "%s/%s", f->product, f->channel);
	const char *version;

	if (id == NULL || channel_load(s->db, id, a, e) == NULL ||
	    known_version(s, id, f->version, &version, e) < 0)
		return -1;
	(void)snprintf(to->channel, sizeof(to->channel), "%s", id);
	(void)snprintf(to->version, sizeof(to->version), "%s", version);
	(void)snprintf(
	    to->event, sizeof(to->event), "%s", known_event(f->event));
	to->ticket = has_ticket(s, f);
	to->front_id = front_id;
	s->reports->n++;
	return 0;
}

void
health_report(struct store *s, const json_t *ask)
{
	int64_t id = json_integer_value(json_object_get(ask, "id"));
	AUTO_ARENA a = arena_new(1 << 20);
	struct form f = { .seq = 0 };
	struct err e;

	if (a == NULL)
		(void)err_set(&e, ERR_SYS, "no memory");
	else if (s->reports->n == BATCH_MAX)
		(void)err_set(&e, ERR_SYS, "too many reports at once");
	else if (form_read(&f, json_object_get(ask, "body"), a, &e) == 0 &&
	    take(s, &f, id, a, &e) == 0)
		return; /* answered by health_commit */
	outbox_refuse(s, id, &e);
}

/* --- polls --- */

static bool
copy_name(char *out, size_t room, const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	(void)snprintf(out, room, "%s",
	    s == NULL || s[0] == '\0' || strlen(s) >= room ? OTHER : s);
	return s != NULL;
}

/* Today, or yesterday for what front has collected until midnight: any other
 * day would only fill the disk. */
static void
known_day(char day[static DAY_SIZE])
{
	char text[TIME_TEXT_SIZE];
	int64_t now = clock_now_s();

	for (int back = 1; back >= 0; back--) {
		time_write(text, now - back * INT64_C(86400));
		text[DAY_SIZE - 1] = '\0';
		if (strcmp(day, text) == 0)
			return;
	}
	memcpy(day, text, DAY_SIZE);
}

static void
take_polls(struct store *s, const json_t *row)
{
	struct reports *r = s->reports;
	struct polls *to = &r->polls[r->npolls];

	to->n = json_integer_value(json_object_get(row, "n"));
	if (r->npolls == ROWS_MAX || to->n <= 0 || to->n > POLLS_MAX ||
	    !copy_name(to->channel, sizeof(to->channel), row, "channel") ||
	    !copy_name(to->day, sizeof(to->day), row, "day"))
		return;
	known_day(to->day);
	(void)copy_name(to->version, sizeof(to->version), row, "version");
	(void)copy_name(to->os, sizeof(to->os), row, "os");
	(void)copy_name(to->arch, sizeof(to->arch), row, "arch");
	r->npolls++;
}

void
health_polls(struct store *s, const json_t *ask)
{
	const json_t *rows = json_object_get(ask, "rows");

	for (size_t i = 0; i < json_array_size(rows); i++)
		if (s->reports->npolls < ROWS_MAX)
			take_polls(s, json_array_get(rows, i));
}

/* --- one transaction for many --- */

static int
put_report(
    struct db *db, const struct report *r, const char *day, struct err *e)
{
	return db_do(db, e,
	    "INSERT INTO report_count (channel, version, event, day, ticket,"
	    " n) VALUES ($1, $2, $3, $4, $5, 1)"
	    " ON CONFLICT (channel, day, version, event, ticket)"
	    " DO UPDATE SET n = report_count.n + 1",
	    BIND(V(r->channel), V(r->version), V(r->event), V(day),
		V((int64_t)r->ticket)));
}

/* Names that clients say of themselves: only those of releases are kept. */
static int
put_polls(struct store *s, const struct polls *p, struct err *e)
{
	const char *version, *channel = p->channel;
	int64_t known = db_int(s->db, e, -1,
	    "SELECT COUNT(*) FROM channel WHERE id = $1", BIND(V(channel)));
	int64_t platform = db_int(s->db, e, -1,
	    "SELECT COUNT(*) FROM release_platform WHERE channel = $1"
	    " AND platform = $2 || '-' || $3",
	    BIND(V(channel), V(p->os), V(p->arch)));

	if (known < 0 || platform < 0)
		return -1;
	if (known == 0)
		return 0;
	if (known_version(s, channel, p->version, &version, e) < 0)
		return -1;
	return db_do(s->db, e,
	    "INSERT INTO poll_count (channel, version, os, arch, day, n)"
	    " VALUES ($1, $2, $3, $4, $5, $6)"
	    " ON CONFLICT (channel, day, version, os, arch)"
	    " DO UPDATE SET n = poll_count.n + excluded.n",
	    BIND(V(channel), V(version), V(platform > 0 ? p->os : OTHER),
		V(platform > 0 ? p->arch : OTHER), V(p->day), V(p->n)));
}

static int
write_all(struct store *s, struct err *e)
{
	char day[TIME_TEXT_SIZE];
	AUTO_TX tx = tx_begin(s->db, e);

	time_write(day, clock_now_s());
	day[DAY_SIZE - 1] = '\0';
	if (tx == NULL)
		return -1;
	if (reserve_open(s))
		return err_set(e, ERR_SYS, "the server's disk is full");
	for (size_t i = 0; i < s->reports->n; i++)
		if (put_report(s->db, &s->reports->list[i], day, e) < 0)
			return -1;
	for (size_t i = 0; i < s->reports->npolls; i++)
		if (put_polls(s, &s->reports->polls[i], e) < 0)
			return -1;
	return tx_commit(&tx, e);
}

void
health_commit(struct store *s)
{
	struct reports *r = s->reports;
	struct err e;
	int result;

	if (r->n == 0 && r->npolls == 0)
		return;
	result = write_all(s, &e);
	for (size_t i = 0; i < r->n; i++)
		if (result == 0)
			outbox_answer(s, r->list[i].front_id, 202, NULL, -1);
		else
			outbox_refuse(s, r->list[i].front_id, &e);
	if (result < 0)
		log_error("counts_lost", F("rows", (int64_t)r->npolls),
		    F("error", (const char *)e.msg));
	r->n = 0;
	r->npolls = 0;
}

/* --- reading --- */

static json_t *
rows_json(struct rows *r, const char *const *names, struct err *e)
{
	json_t *list = json_array();
	char text[80];
	int more = -1;

	while (r != NULL && list != NULL && (more = rows_next(r, e)) > 0) {
		json_t *o = json_object();

		for (int i = 0; names[i] != NULL; i++) {
			bool number = names[i][0] == '#';
			row_copy(r, i, text, sizeof(text));
			(void)json_object_set_new(o, names[i] + number,
			    number ? json_integer(row_int(r, i))
				   : json_string(text));
		}
		(void)json_array_append_new(list, o);
	}
	if (more == 0)
		return list;
	json_decref(list);
	return NULL;
}

json_t *
health_counts(struct db *db, const char *channel, int64_t days, int64_t now_s,
    struct err *e)
{
	static const char *const poll_names[] = { "day", "version", "os",
		"arch", "#n", NULL };
	static const char *const report_names[] = { "day", "version", "event",
		"#n", "#tickets", NULL };
	char since[TIME_TEXT_SIZE];
	AUTO_ROWS p = NULL;
	AUTO_ROWS r = NULL;
	json_t *polls, *reports;

	time_write(since, now_s - (days - 1) * 86400);
	since[DAY_SIZE - 1] = '\0';
	p = db_rows(db, e,
	    "SELECT day, version, os, arch, n FROM poll_count"
	    " WHERE channel = $1 AND day >= $2 ORDER BY day DESC, n DESC",
	    BIND(V(channel), V((const char *)since)));
	r = db_rows(db, e,
	    "SELECT day, version, event, SUM(n), SUM(n * ticket)"
	    " FROM report_count WHERE channel = $1 AND day >= $2"
	    " GROUP BY day, version, event ORDER BY day DESC, version, event",
	    BIND(V(channel), V((const char *)since)));
	polls = rows_json(p, poll_names, e);
	reports = rows_json(r, report_names, e);
	if (polls != NULL && reports != NULL)
		return json_pack("{so so}", "polls", polls, "reports", reports);
	json_decref(polls);
	json_decref(reports);
	return NULL;
}
