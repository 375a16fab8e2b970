/*
 * Taking in what a site without a network has counted.
 */
#include "server/store/sites.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/minisign.h"
#include "manifest/semver.h"

#define SCHEMA	   "sluice-reports/1"
#define COUNTS_MAX 20000
#define EVENT_MAX  32
#define DAY_LENGTH 10
#define AHEAD_S	   86400
#define COUNT_MAX  INT32_MAX /* of one day: no sum of them overflows */

struct report_file {
	const char *minisig;
	const json_t *reports;
};

struct report {
	const char *schema, *site, *from;
	int64_t until;
	const json_t *counts;
};

struct count {
	const char *channel, *day, *version, *event;
	int64_t n;
};

static const struct json_field file_fields[] = {
	JSON_TEXT(struct report_file, minisig, 1, MINISIGN_FILE_MAX),
	JSON_F(JSON_FIELD_OBJECT, struct report_file, reports, false, 0, 0),
};
static const struct json_field report_fields[] = {
	JSON_TEXT(struct report, schema, 1, 32),
	JSON_TEXT(struct report, site, 1, PRODUCT_MAX),
	JSON_TEXT(struct report, from, DAY_LENGTH, DAY_LENGTH),
	JSON_F(JSON_FIELD_TIME, struct report, until, false, 0, 0),
	JSON_F(JSON_FIELD_ARRAY, struct report, counts, false, 0, COUNTS_MAX),
};
static const struct json_field count_fields[] = {
	JSON_TEXT(struct count, channel, 3, CHANNEL_ID_SIZE - 1),
	JSON_TEXT(struct count, day, DAY_LENGTH, DAY_LENGTH),
	JSON_TEXT(struct count, version, 1, SEMVER_MAX),
	JSON_TEXT(struct count, event, 1, EVENT_MAX),
	JSON_INT(struct count, n, 1, COUNT_MAX),
};

struct taking {
	struct operation *o;
	struct report r;
	char until[TIME_TEXT_SIZE];	 /* its last day */
	char key[MINISIGN_KEY_TEXT + 1]; /* of the site; "": not known */
	int64_t until_s;		 /* of the report before; 0: none */
	int64_t taken, skipped;
};

static bool
day_ok(const char *day)
{
	char text[TIME_TEXT_SIZE];
	int64_t at;

	return snprintf(text, sizeof(text), "%sT00:00:00Z", day) == 20 &&
	    time_read(text, &at) == 0;
}

static int
read_report(struct taking *t, const json_t *v, struct err *e)
{
	if (json_struct(v, report_fields, COUNT(report_fields), true, &t->r,
		t->o->a, e) < 0)
		return err_in(e, "reports");
	if (strcmp(t->r.schema, SCHEMA) != 0)
		return err_set(e, ERR_INPUT, "reports: not " SCHEMA);
	if (!name_ok(t->r.site, PRODUCT_MAX) || !day_ok(t->r.from))
		return err_set(e, ERR_INPUT, "reports: a name is not one");
	if (t->r.until > t->o->now_s + AHEAD_S)
		return err_set(e, ERR_REFUSED, "reports: of the future");
	time_write(t->until, t->r.until);
	t->until[DAY_LENGTH] = '\0';
	return strcmp(t->r.from, t->until) > 0
	    ? err_set(e, ERR_INPUT, "reports: end before they begin")
	    : 0;
}

static int
read_site(struct taking *t, struct err *e)
{
	AUTO_ROWS r = db_rows(t->o->s->db, e,
	    "SELECT key, until_s FROM site WHERE name = $1",
	    BIND(V(t->r.site)));
	int n;

	if (r == NULL || (n = rows_next(r, e)) < 0)
		return -1;
	if (n > 0) {
		row_copy(r, 0, t->key, sizeof(t->key));
		t->until_s = row_int(r, 1);
	}
	return 0;
}

/* The site's key is the one that an operator vouched for at first. */
static int
check_signed(struct taking *t, const struct report_file *f, struct err *e)
{
	const char *given = operate_text(t->o, "key", NULL);
	struct minisign_key k;
	struct minisign_sig sig;
	uint8_t hash[MINISIGN_HASH_SIZE];
	AUTO_BUF text;

	if (t->key[0] == '\0' && given == NULL)
		return err_set(e, ERR_USAGE,
		    "site %s is new: give its key, after comparing it",
		    t->r.site);
	if (minisign_key_read(&k, given != NULL ? given : t->key, e) < 0)
		return err_in(e, "key");
	if (t->key[0] == '\0')
		minisign_key_write(t->key, &k);
	else if (given != NULL) {
		char line[MINISIGN_KEY_TEXT + 1];

		minisign_key_write(line, &k);
		if (strcmp(line, t->key) != 0)
			return err_set(e, ERR_REFUSED,
			    "site %s has another key", t->r.site);
	}
	buf_init(&text, SITES_FILE_MAX);
	if (minisign_read(&sig,
		(struct bytes){
		    (const uint8_t *)f->minisig, strlen(f->minisig) },
		e) < 0 ||
	    json_write(f->reports, &text, e) < 0 || buf_ok(&text, e) < 0)
		return -1;
	minisign_hash(hash, buf_bytes(&text));
	return minisign_verify(&k, &sig, hash, e);
}

/* "unknown" and "other" stand for versions, too. */
static int
check_count(const struct count *c, struct err *e)
{
	struct err no;

	if (!day_ok(c->day) || !name_ok(c->event, EVENT_MAX) ||
	    (!name_ok(c->version, SEMVER_MAX) &&
		semver_check(c->version, &no) < 0))
		return err_set(e, ERR_INPUT,
		    "reports: a day, a version or an event is not one");
	return 0;
}

static int
put_count(struct taking *t, const struct count *c, struct err *e)
{
	struct db *db = t->o->s->db;
	int64_t known = db_int(db, e, -1,
	    "SELECT COUNT(*) FROM channel WHERE id = $1", BIND(V(c->channel)));

	if (known < 0)
		return -1;
	/* a clock that was wrong for a while is no reason to lose the rest */
	if (known == 0 || strcmp(c->day, t->r.from) < 0 ||
	    strcmp(c->day, t->until) > 0) {
		t->skipped++;
		return 0;
	}
	t->taken++;
	return db_do(db, e,
	    "INSERT INTO site_count (site, channel, version, event, day, n)"
	    " VALUES ($1, $2, $3, $4, $5, $6)"
	    " ON CONFLICT (site, channel, day, version, event)"
	    " DO UPDATE SET n = excluded.n",
	    BIND(V(t->r.site), V(c->channel), V(c->version), V(c->event),
		V(c->day), V(c->n)));
}

static int
put_all(struct taking *t, struct err *e)
{
	struct db *db = t->o->s->db;

	if (db_do(db, e,
		"INSERT INTO site (name, key, until_s, imported_s)"
		" VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET"
		" until_s = excluded.until_s,"
		" imported_s = excluded.imported_s",
		BIND(V(t->r.site), V((const char *)t->key), V(t->r.until),
		    V(t->o->now_s))) < 0 ||
	    db_do(db, e, "DELETE FROM site_count WHERE site = $1 AND day >= $2",
		BIND(V(t->r.site), V(t->r.from))) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(t->r.counts); i++) {
		struct count c;

		if (json_struct(json_array_get(t->r.counts, i), count_fields,
			COUNT(count_fields), true, &c, t->o->a, e) < 0)
			return err_in(e, "reports: counts");
		if (check_count(&c, e) < 0 || put_count(t, &c, e) < 0)
			return -1;
	}
	return 0;
}

json_t *
sites_import(struct operation *o, struct err *e)
{
	const char *text = operate_text(o, "file", "");
	struct taking t = { .o = o };
	struct report_file f;
	AUTO_JSON v =
	    json_read((struct bytes){ (const uint8_t *)text, strlen(text) },
		SITES_FILE_MAX, e);
	AUTO_TX tx = NULL;

	if (v == NULL ||
	    json_struct(v, file_fields, COUNT(file_fields), true, &f, o->a, e) <
		0 ||
	    read_report(&t, f.reports, e) < 0 || read_site(&t, e) < 0 ||
	    check_signed(&t, &f, e) < 0)
		return NULL;
	if (t.r.until < t.until_s) {
		(void)err_set(e, ERR_REFUSED,
		    "these reports of %s are older than what is here",
		    t.r.site);
		return NULL;
	}
	/* the file is in the table, not in the audit log */
	(void)json_object_del((json_t *)(uintptr_t)o->ask, "file");
	if ((tx = tx_begin(o->s->db, e)) == NULL || put_all(&t, e) < 0 ||
	    operate_audit(o, "", "", e) < 0 ||
	    (!o->dry_run && tx_commit(&tx, e) < 0))
		return NULL;
	return json_pack("{sb sb ss ss sI sI}", "ok", 1, "dry_run",
	    (int)o->dry_run, "site", t.r.site, "key", t.key, "taken",
	    (json_int_t)t.taken, "skipped", (json_int_t)t.skipped);
}

/* --- reading -------------------------------------------------------------- */

static json_t *
site_of(json_t *list, const char *name, int64_t until_s)
{
	char until[TIME_TEXT_SIZE];
	json_t *last = json_array_get(list, json_array_size(list) - 1);
	const char *is = json_string_value(json_object_get(last, "site"));

	if (is != NULL && strcmp(is, name) == 0)
		return last;
	time_write(until, until_s);
	(void)json_array_append_new(list,
	    json_pack("{ss ss s[]}", "site", name, "until", until, "counts"));
	return json_array_get(list, json_array_size(list) - 1);
}

json_t *
sites_show(struct db *db, const char *channel, struct err *e)
{
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT c.site, s.until_s, c.version, c.event, SUM(c.n)"
	    " FROM site_count c JOIN site s ON s.name = c.site"
	    " WHERE c.channel = $1 GROUP BY c.site, s.until_s, c.version,"
	    " c.event ORDER BY c.site, c.version, c.event",
	    BIND(V(channel)));
	json_t *list = json_array();
	char site[PRODUCT_MAX + 1], version[SEMVER_MAX + 1];
	char event[EVENT_MAX + 1];
	int more = -1;

	while (r != NULL && (more = rows_next(r, e)) > 0) {
		row_copy(r, 0, site, sizeof(site));
		row_copy(r, 2, version, sizeof(version));
		row_copy(r, 3, event, sizeof(event));
		(void)json_array_append_new(
		    json_object_get(
			site_of(list, site, row_int(r, 1)), "counts"),
		    json_pack("{ss ss sI}", "version", version, "event", event,
			"n", (json_int_t)row_int(r, 4)));
	}
	if (more == 0)
		return list;
	json_decref(list);
	return NULL;
}
