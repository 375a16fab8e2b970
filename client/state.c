/*
 * state.json in two copies.  What is in it is not trusted for more than
 * remembering: every document is verified again when it is read.
 */
#include "client/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"

#define STATE_SCHEMA "sluice-state/1"
#define TICKET_LIFE  (365 * 86400)

static const char *const copies[] = { "state.json", "state2.json" };

struct state_channel *
state_channel_get(struct state *s, const char *name)
{
	for (size_t i = 0; i < s->nchannels; i++)
		if (strcmp(s->channels[i].name, name) == 0)
			return &s->channels[i];
	return NULL;
}

struct state_channel *
state_channel_put(struct state *s, const char *name, struct err *e)
{
	struct state_channel *c = state_channel_get(s, name);

	if (c != NULL)
		return c;
	if (s->nchannels == STATE_CHANNELS) {
		err_set(e, ERR_LIMIT, "more than %d channels", STATE_CHANNELS);
		return NULL;
	}
	c = &s->channels[s->nchannels++];
	memset(c, 0, sizeof(*c));
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

int64_t
state_floor(struct state *s, const char *channel, int64_t configured)
{
	const struct state_channel *c = state_channel_get(s, channel);

	return c != NULL && c->floor_seq > configured ? c->floor_seq
						      : configured;
}

const struct state_release *
state_here(const struct state *s)
{
	return s->pending.seq != 0 ? &s->pending : &s->installed;
}

void
state_keys_of(struct state_keys *k, const struct role *doc)
{
	memset(k, 0, sizeof(*k));
	for (size_t i = 0; i < doc->nsigs && k->n < STATE_KEYS; i++)
		if (strlen(doc->sigs[i].keyid) == SHA256_HEX_SIZE - 1)
			memcpy(
			    k->id[k->n++], doc->sigs[i].keyid, SHA256_HEX_SIZE);
}

bool
state_keys_gone(const struct state_keys *k, const struct role *root)
{
	const struct role_keys *now = &root->roles[ROLE_TARGETS];

	for (size_t i = 0; i < k->n; i++)
		for (size_t j = 0; j < now->n; j++)
			if (strcmp(k->id[i], now->keyids[j]) == 0)
				return false;
	return k->n > 0;
}

static void
ticket_drop(struct state *s, size_t i)
{
	memmove(&s->tickets[i], &s->tickets[i + 1],
	    (s->ntickets - i - 1) * sizeof(s->tickets[0]));
	s->ntickets--;
}

void
state_ticket_keep(struct state *s, int64_t seq, int64_t now_s, const char *text)
{
	size_t mine = 0, last = 0;
	struct state_ticket *t;

	if (text[0] == 0 || strlen(text) >= STATE_TICKET)
		return;
	for (size_t i = s->ntickets; i-- > 0;)
		if (s->tickets[i].day_s < now_s - TICKET_LIFE)
			ticket_drop(s, i);
	for (size_t i = 0; i < s->ntickets; i++) {
		if (strcmp(s->tickets[i].text, text) == 0)
			return;
		if (s->tickets[i].seq == seq) {
			mine++;
			last = i;
		}
	}
	if (mine >= 2)
		ticket_drop(s, last);
	/* the very first ticket stays: it vouches for the machine's age */
	if (s->ntickets == STATE_TICKETS)
		ticket_drop(s, 1);
	t = &s->tickets[s->ntickets++];
	t->seq = seq;
	t->day_s = now_s;
	(void)snprintf(t->text, sizeof(t->text), "%s", text);
}

const char *
state_ticket_for(const struct state *s, int64_t seq, int64_t created_s)
{
	const struct state_ticket *best = NULL;

	for (size_t i = 0; i < s->ntickets; i++) {
		const struct state_ticket *t = &s->tickets[i];

		if (created_s == 0 && t->seq == seq)
			best = t;
		if (created_s != 0 && t->day_s / 86400 < created_s / 86400 &&
		    best == NULL)
			best = t;
	}
	return best == NULL ? NULL : best->text;
}

void
state_report_put(struct state *s, const char *text)
{
	if (strlen(text) >= STATE_REPORT)
		return;
	if (s->noutbox == STATE_OUTBOX) {
		memmove(s->outbox[0], s->outbox[1],
		    (STATE_OUTBOX - 1) * sizeof(s->outbox[0]));
		s->noutbox--;
	}
	(void)snprintf(s->outbox[s->noutbox++], STATE_REPORT, "%s", text);
}

/* --- reading ------------------------------------------------------------- */

static int
read_text(
    const json_t *o, const char *key, char *out, size_t room, struct err *e)
{
	const json_t *v = json_object_get(o, key);
	const char *s = json_string_value(v);

	if (v == NULL)
		return 0;
	if (s == NULL || strlen(s) >= room)
		return err_set(e, ERR_INPUT, "%s is no short text", key);
	(void)snprintf(out, room, "%s", s);
	return 0;
}

static int
read_int(const json_t *o, const char *key, int64_t *out, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	if (v == NULL)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return err_set(e, ERR_INPUT, "%s is no number", key);
	*out = json_integer_value(v);
	return 0;
}

static int
read_keys(const json_t *o, struct state_keys *k, struct err *e)
{
	const json_t *v = json_object_get(o, "keys");

	if (v == NULL)
		return 0;
	if (!json_is_array(v) || json_array_size(v) > STATE_KEYS)
		return err_set(e, ERR_INPUT, "keys is no short list");
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *s = json_string_value(json_array_get(v, i));

		if (s == NULL || strlen(s) != SHA256_HEX_SIZE - 1)
			return err_set(e, ERR_INPUT, "keys: no key ID");
		memcpy(k->id[k->n++], s, SHA256_HEX_SIZE);
	}
	return 0;
}

/* A release's version and name become parts of paths. */
static int
read_release(
    const json_t *doc, const char *key, struct state_release *r, struct err *e)
{
	const json_t *o = json_object_get(doc, key);

	if (o == NULL)
		return 0;
	if (!json_is_object(o) || read_int(o, "seq", &r->seq, e) < 0 ||
	    read_int(o, "created", &r->created_s, e) < 0 ||
	    read_text(o, "version", r->version, sizeof(r->version), e) < 0 ||
	    read_text(o, "channel", r->channel, sizeof(r->channel), e) < 0 ||
	    read_text(o, "name", r->name, sizeof(r->name), e) < 0 ||
	    read_text(o, "sha256", r->sha256, sizeof(r->sha256), e) < 0 ||
	    read_keys(o, &r->keys, e) < 0)
		return err_set(e, ERR_INPUT, "%s is no release", key);
	if (r->seq > INT32_MAX || semver_check(r->version, e) < 0 ||
	    (r->name[0] != 0 && !name_ok(r->name, sizeof(r->name) - 1)))
		return err_set(e, ERR_INPUT, "%s is no release", key);
	return 0;
}

static int
read_channels(const json_t *doc, struct state *s, struct err *e)
{
	const json_t *list = json_object_get(doc, "channels");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		char name[PRODUCT_MAX + 1] = "";
		struct state_channel *c;

		if (read_text(o, "name", name, sizeof(name), e) < 0)
			return -1;
		if (!name_ok(name, PRODUCT_MAX))
			return err_set(e, ERR_INPUT, "no channel's name");
		if ((c = state_channel_put(s, name, e)) == NULL ||
		    read_int(o, "floor_seq", &c->floor_seq, e) < 0 ||
		    read_int(o, "seen", &c->seen, e) < 0)
			return -1;
		c->keys.n = 0;
		if (read_keys(o, &c->keys, e) < 0)
			return -1;
	}
	return 0;
}

static int
read_tickets(const json_t *doc, struct state *s, struct err *e)
{
	const json_t *list = json_object_get(doc, "tickets");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		struct state_ticket *t = &s->tickets[s->ntickets];

		if (s->ntickets == STATE_TICKETS)
			return err_set(e, ERR_LIMIT, "too many tickets");
		if (read_int(o, "seq", &t->seq, e) < 0 ||
		    read_int(o, "day", &t->day_s, e) < 0 ||
		    read_text(o, "text", t->text, sizeof(t->text), e) < 0)
			return -1;
		s->ntickets++;
	}
	return 0;
}

static int
read_outbox(const json_t *doc, struct state *s, struct err *e)
{
	const json_t *list = json_object_get(doc, "outbox");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *t = json_string_value(json_array_get(list, i));

		if (t == NULL || strlen(t) >= STATE_REPORT)
			return err_set(e, ERR_INPUT, "outbox: no report");
		state_report_put(s, t);
	}
	return 0;
}

static int
read_all(const json_t *doc, struct state *s, struct err *e)
{
	const char *schema = json_string_value(json_object_get(doc, "schema"));

	if (schema == NULL || strcmp(schema, STATE_SCHEMA) != 0)
		return err_set(e, ERR_INPUT, "schema is not " STATE_SCHEMA);
	if (read_int(doc, "generation", &s->generation, e) < 0 ||
	    read_text(doc, "channel", s->channel, sizeof(s->channel), e) < 0 ||
	    read_text(
		doc, "machine_id", s->machine_id, sizeof(s->machine_id), e) < 0)
		return -1;
	if (s->channel[0] != 0 && !name_ok(s->channel, PRODUCT_MAX))
		return err_set(e, ERR_INPUT, "no channel's name");
	if (read_int(doc, "last_time", &s->last_time_s, e) < 0 ||
	    read_int(doc, "failed_seq", &s->failed_seq, e) < 0 ||
	    read_int(doc, "starts", &s->pending_starts, e) < 0 ||
	    read_int(doc, "checked", &s->checked_s, e) < 0 ||
	    read_text(doc, "result", s->result, sizeof(s->result), e) < 0 ||
	    read_text(doc, "offered", s->offered, sizeof(s->offered), e) < 0)
		return -1;
	if (read_release(doc, "installed", &s->installed, e) < 0 ||
	    read_release(doc, "previous", &s->previous, e) < 0 ||
	    read_release(doc, "pending", &s->pending, e) < 0 ||
	    read_channels(doc, s, e) < 0 || read_tickets(doc, s, e) < 0)
		return -1;
	return read_outbox(doc, s, e);
}

int
state_parse(struct state *s, struct bytes text, struct err *e)
{
	AUTO_JSON doc = json_read(text, STATE_MAX, e);

	memset(s, 0, sizeof(*s));
	if (doc == NULL)
		return err_in(e, "state");
	if (read_all(doc, s, e) < 0) {
		memset(s, 0, sizeof(*s));
		return err_in(e, "state");
	}
	return 0;
}

/* --- writing ------------------------------------------------------------- */

/*
 * jansson takes v over whatever happens, and fails on a NULL.  Failures add up
 * and are asked for once: a state that lacks a floor must not be written.
 */
static void
put(json_t *o, const char *key, json_t *v, int *bad)
{
	*bad |= json_object_set_new(o, key, v);
}

static void
append(json_t *list, json_t *v, int *bad)
{
	*bad |= json_array_append_new(list, v);
}

static void
put_text(json_t *o, const char *key, const char *s, int *bad)
{
	if (s[0] != 0 && utf8_ok(s, strlen(s)))
		put(o, key, json_string(s), bad);
}

static void
put_int(json_t *o, const char *key, int64_t v, int *bad)
{
	if (v != 0)
		put(o, key, json_integer(v), bad);
}

static void
put_keys(json_t *o, const struct state_keys *k, int *bad)
{
	json_t *list = json_array();

	for (size_t i = 0; i < k->n; i++)
		append(list, json_string(k->id[i]), bad);
	put(o, "keys", list, bad);
}

static void
put_release(
    json_t *doc, const char *key, const struct state_release *r, int *bad)
{
	json_t *o;

	if (r->seq == 0)
		return;
	o = json_object();
	put_int(o, "seq", r->seq, bad);
	put_text(o, "version", r->version, bad);
	put_text(o, "channel", r->channel, bad);
	put_text(o, "name", r->name, bad);
	put_text(o, "sha256", r->sha256, bad);
	put_int(o, "created", r->created_s, bad);
	put_keys(o, &r->keys, bad);
	put(doc, key, o, bad);
}

static void
put_lists(json_t *doc, const struct state *s, int *bad)
{
	json_t *channels = json_array(), *tickets = json_array();
	json_t *outbox = json_array();

	for (size_t i = 0; i < s->nchannels; i++) {
		json_t *o = json_object();

		put_text(o, "name", s->channels[i].name, bad);
		put_int(o, "floor_seq", s->channels[i].floor_seq, bad);
		put_int(o, "seen", s->channels[i].seen, bad);
		put_keys(o, &s->channels[i].keys, bad);
		append(channels, o, bad);
	}
	for (size_t i = 0; i < s->ntickets; i++) {
		json_t *o = json_object();

		put_int(o, "seq", s->tickets[i].seq, bad);
		put_int(o, "day", s->tickets[i].day_s, bad);
		put_text(o, "text", s->tickets[i].text, bad);
		append(tickets, o, bad);
	}
	for (size_t i = 0; i < s->noutbox; i++)
		if (utf8_ok(s->outbox[i], strlen(s->outbox[i])))
			append(outbox, json_string(s->outbox[i]), bad);
	put(doc, "channels", channels, bad);
	put(doc, "tickets", tickets, bad);
	put(doc, "outbox", outbox, bad);
}

int
state_text(const struct state *s, struct buf *out, struct err *e)
{
	AUTO_JSON doc = json_object();
	int bad = 0;

	put_text(doc, "schema", STATE_SCHEMA, &bad);
	put_int(doc, "generation", s->generation, &bad);
	put_text(doc, "channel", s->channel, &bad);
	put_text(doc, "machine_id", s->machine_id, &bad);
	put_int(doc, "last_time", s->last_time_s, &bad);
	put_int(doc, "failed_seq", s->failed_seq, &bad);
	put_int(doc, "starts", s->pending_starts, &bad);
	put_int(doc, "checked", s->checked_s, &bad);
	put_text(doc, "result", s->result, &bad);
	put_text(doc, "offered", s->offered, &bad);
	put_release(doc, "installed", &s->installed, &bad);
	put_release(doc, "previous", &s->previous, &bad);
	put_release(doc, "pending", &s->pending, &bad);
	put_lists(doc, s, &bad);
	if (bad != 0)
		return err_set(e, ERR_SYS, "out of memory");
	if (json_write(doc, out, e) < 0)
		return -1;
	buf_byte(out, '\n');
	return buf_ok(out, e);
}

/* --- the two copies ------------------------------------------------------- */

void
state_merge(struct state *s, const struct state *other)
{
	struct err e;

	if (other->last_time_s > s->last_time_s)
		s->last_time_s = other->last_time_s;
	for (size_t i = 0; i < other->nchannels; i++) {
		const struct state_channel *o = &other->channels[i];
		struct state_channel *c = state_channel_put(s, o->name, &e);

		if (c != NULL && o->floor_seq > c->floor_seq) {
			c->floor_seq = o->floor_seq;
			c->keys = o->keys;
		}
	}
}

/* 1: read; 0: missing or damaged. */
static int
load_one(struct state *s, const char *dir, const char *name, bool *damaged,
    struct err *e)
{
	AUTO_ARENA a = arena_new(STATE_MAX * 2);
	struct bytes text;
	char *path;

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if ((path = file_path(a, e, dir, name)) == NULL)
		return -1;
	if (file_read(a, path, STATE_MAX, &text, e) < 0) {
		if (e->kind == ERR_SYS)
			return -1;
		*damaged |= e->kind != ERR_MISSING;
		return 0;
	}
	if (state_parse(s, text, e) == 0)
		return 1;
	if (e->kind == ERR_SYS)
		return -1;
	*damaged = true;
	return 0;
}

int
state_load(struct state *s, const char *dir, bool *damaged, struct err *e)
{
	struct state *two = calloc(1, sizeof(*two));
	int a, b = 0;

	memset(s, 0, sizeof(*s));
	*damaged = false;
	if (two == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	a = load_one(s, dir, copies[0], damaged, e);
	if (a >= 0)
		b = load_one(two, dir, copies[1], damaged, e);
	if (a >= 0 && b == 1) {
		if (a == 0 || two->generation > s->generation) {
			struct state *one = malloc(sizeof(*one));

			if (one == NULL) {
				free(two);
				return err_set(e, ERR_SYS, "out of memory");
			}
			*one = *s;
			*s = *two;
			if (a == 1)
				state_merge(s, one);
			free(one);
		} else {
			state_merge(s, two);
		}
	}
	free(two);
	return a < 0 || b < 0 ? -1 : 0;
}

int
state_save(struct state *s, const char *dir, struct err *e)
{
	AUTO_BUF out;

	buf_init(&out, STATE_MAX);
	s->generation++;
	if (state_text(s, &out, e) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(copies); i++) {
		char path[4096];

		if (snprintf(path, sizeof(path), "%s/%s", dir, copies[i]) >=
		    (int)sizeof(path))
			return err_set(e, ERR_LIMIT, "%s: too long", dir);
		if (file_replace(path, out.at, out.len, 0600, e) < 0)
			return -1;
	}
	return 0;
}

/*
 * Whoever may write here names the root of all trust.  In a folder above, as
 * in /tmp, the sticky bit is enough.
 */
static int
only_ours(const char *dir, mode_t exempt, struct err *e)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_sys(e, "%s", dir);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(e, ERR_REFUSED,
		    "%s belongs to another user, who could change what this "
		    "one trusts",
		    dir);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    (st.st_mode & exempt) == 0)
		return err_set(e, ERR_REFUSED,
		    "%s may be written by others: chmod go-w", dir);
	return 0;
}

int
state_lock(const char *dir, bool wait, struct err *e)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s", dir) >=
	    (int)sizeof(path) - (int)sizeof("/lock"))
		return err_set(e, ERR_LIMIT, "%s: too long", dir);
	if (file_mkdirs(dir, 0700, e) < 0 || only_ours(dir, 0, e) < 0)
		return -1;
	*strrchr(path, '/') = 0;
	if (path[0] != 0 && only_ours(path, S_ISVTX, e) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	if ((fd = file_lock(path, wait, e)) < 0 && e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT,
		    "another run holds %s (try again later)", path);
	return fd;
}
