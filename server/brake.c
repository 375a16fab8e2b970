/*
 * The brake: from a message to signed timestamps.  It verifies everything that
 * it is handed with the root that it trusts; what it refuses, no other process
 * of the server can bring about.
 */
#include "server/brake.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "manifest/base/buf.h"
#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"
#include "server/brake_state.h"
#include "server/ipc.h"

/* --- signing ------------------------------------------------------------- */

struct sign {
	int64_t m, round, signed_at, expires;
	bool confirm;
	const json_t *views;
};

static const struct json_field sign_fields[] = {
	JSON_INT(struct sign, m, 1, INT32_MAX),
	JSON_INT(struct sign, round, 1, ROLE_VERSION_MAX / LADDER_MAX - 1),
	JSON_INT(struct sign, signed_at, 1, INT64_MAX / 2),
	JSON_INT(struct sign, expires, 1, INT64_MAX / 2),
	JSON_F(JSON_FIELD_BOOL, struct sign, confirm, true, 0, 0),
	JSON_F(JSON_FIELD_ARRAY, struct sign, views, false, 1, BRAKE_VIEWS_MAX),
};

struct sign_view {
	int64_t rung, cap_bp, pin_seq;
	bool urgent, jump;
};

static const struct json_field view_fields[] = {
	JSON_INT(struct sign_view, rung, 0, LADDER_MAX - 1),
	JSON_INT(struct sign_view, cap_bp, 0, BP_ALL),
	JSON_F(JSON_FIELD_INT, struct sign_view, pin_seq, true, 0,
	    MANIFEST_INT_MAX),
	JSON_F(JSON_FIELD_BOOL, struct sign_view, urgent, true, 0, 0),
	JSON_F(JSON_FIELD_BOOL, struct sign_view, jump, true, 0, 0),
};

/*
 * check_round - after the last, or the last one over again, for the same
 * publication and times; not so far ahead that the versions run out.  The
 * brake's own clock bounds it too, whatever was confirmed: store says that a
 * person did, and store may be stolen.
 */
static int
check_round(const struct brake_state *s, const struct sign *q, int64_t now_s,
    struct err *e)
{
	int64_t minutes = now_s / 60;
	bool next = s->round > 0 && q->round == s->round + 1;

	if (q->round == s->round && s->round_m == s->m &&
	    q->signed_at == s->signed_at_s && q->expires == s->expires_s)
		return 0;
	if (q->round <= s->round)
		return err_set(e, ERR_REFUSED,
		    "round %" PRId64 " is not after %" PRId64, q->round,
		    s->round);
	if (q->round <= minutes + BRAKE_AHEAD_MAX &&
	    (q->confirm || next || s->round == 0 ||
		q->round <= s->round + BRAKE_AHEAD_MAX))
		return 0;
	if (q->confirm && q->round <= minutes + BRAKE_CONFIRM_MAX)
		return 0;
	/* it was far ahead before: one a second */
	if (next && q->signed_at > s->signed_at_s &&
	    q->signed_at >= now_s - BRAKE_CLOCK_SLACK)
		return 0;
	return err_set(e, ERR_REFUSED,
	    "round %" PRId64 " is more than 7 days ahead of %" PRId64
	    ": check the clock, then confirm",
	    q->round, s->round > 0 ? s->round : minutes);
}

static int
check_times(const struct sign *q, int64_t now_s, struct err *e)
{
	if (q->signed_at > now_s + BRAKE_CLOCK_SLACK)
		return err_set(e, ERR_REFUSED,
		    "signed_at is %" PRId64 " s ahead of the brake's clock",
		    q->signed_at - now_s);
	if (q->expires <= q->signed_at ||
	    q->expires > q->signed_at + BRAKE_EXPIRES_MAX)
		return err_set(e, ERR_REFUSED,
		    "a timestamp expires within %d s of signed_at",
		    BRAKE_EXPIRES_MAX);
	return 0;
}

static int
check_view(const struct brake_state *s, const struct sign *q,
    const struct sign_view *v, struct err *e)
{
	if (v->rung >= s->nrungs)
		return err_set(
		    e, ERR_REFUSED, "there is no rung %" PRId64, v->rung);
	if (q->signed_at < s->not_before_s &&
	    (s->early & UINT32_C(1) << v->rung) == 0)
		return err_set(e, ERR_REFUSED,
		    "rung %" PRId64 " may not be had before not_before",
		    v->rung);
	return 0;
}

static json_t *
sign_view(const struct brake_state *s, const struct sign *q,
    const struct sign_view *v, const struct brake_key *key, struct err *e)
{
	const struct brake_rung *r = &s->rungs[v->rung];
	struct timestamp_fields t = { .product = s->product,
		.channel = s->channel,
		.version = LADDER_MAX * q->round + v->rung,
		.expires_s = q->expires,
		.signed_at_s = q->signed_at,
		.cap_bp = (int)v->cap_bp,
		.pin_seq = v->pin_seq,
		.urgent = v->urgent,
		.snapshot = { .name = "snapshot.json",
		    .version = LADDER_MAX * s->m + v->rung,
		    .length = r->length,
		    .hashed = true } };
	uint8_t raw[crypto_sign_BYTES];
	char hex[HEX_SIZE(crypto_sign_BYTES)];
	struct role_sig sig = { key->id, hex };
	AUTO_BUF body;
	AUTO_BUF file;
	json_t *out;

	buf_init(&body, ROLE_TIMESTAMP_MAX);
	buf_init(&file, ROLE_TIMESTAMP_MAX);
	memcpy(t.snapshot.sha256, r->sha256, SHA256_SIZE);
	if (timestamp_build(&t, &body, e) < 0)
		return NULL;
	crypto_sign_detached(raw, NULL, body.at, body.len, key->secret.at);
	hex_write(hex, raw, sizeof(raw));
	if (role_wrap(buf_bytes(&body), &sig, 1, &file, e) < 0 ||
	    buf_ok(&file, e) < 0)
		return NULL;
	out = json_stringn((const char *)file.at, file.len);
	if (out == NULL)
		err_set(e, ERR_SYS, "no memory");
	return out;
}

static int
sign_views(struct brake_state *s, const struct sign *q, json_t *list,
    struct arena *a, struct err *e)
{
	AUTO_BRAKE_KEY key = { 0 };
	const json_t *v;
	size_t i;

	if (brake_key_load(&key, s, s->root, e) < 0)
		return -1;
	json_array_foreach(q->views, i, v)
	{
		struct sign_view view = { 0 };
		json_t *text;

		if (json_struct(v, view_fields, COUNT(view_fields), true, &view,
			a, e) < 0 ||
		    check_view(s, q, &view, e) < 0)
			return -1;
		text = sign_view(s, q, &view, &key, e);
		if (text == NULL)
			return -1;
		if (json_array_append_new(list, text) < 0)
			return err_set(e, ERR_SYS, "no memory");
		if (!view.jump && view.rung > s->top)
			s->top = (int)view.rung;
	}
	return 0;
}

static json_t *
sign(struct brake_state *s, const json_t *ask, struct arena *a, int64_t now_s,
    struct err *e)
{
	AUTO_JSON list = json_array();
	struct sign q = { 0 };
	bool again;
	int top = s->top;

	if (json_struct(ask, sign_fields, COUNT(sign_fields), false, &q, a, e) <
	    0)
		return NULL;
	if (s->m == 0) {
		err_set(e, ERR_REFUSED, "no publication was handed over");
		return NULL;
	}
	if (q.m != s->m) {
		err_set(e, ERR_REFUSED,
		    "the brake holds publication %" PRId64 ", not %" PRId64
		    ": push it again",
		    s->m, q.m);
		return NULL;
	}
	if (check_round(s, &q, now_s, e) < 0 || check_times(&q, now_s, e) < 0)
		return NULL;
	again = q.round == s->round;
	if (sign_views(s, &q, list, a, e) < 0)
		return NULL;
	s->round = q.round;
	s->round_m = s->m;
	s->signed_at_s = q.signed_at;
	s->expires_s = q.expires;
	/* nothing leaves before it is remembered */
	if ((!again || s->top != top) && brake_state_write(s, e) < 0)
		return NULL;
	return json_pack("{sO}", "timestamps", list);
}

/* --- messages ------------------------------------------------------------ */

static json_t *
tell_state(const struct brake_state *s, struct err *e)
{
	AUTO_BRAKE_KEY key = { 0 };

	/* without a key there is still a state: a root that names another key
	 * has to find its way here */
	if (brake_key_load(&key, s, s->root, e) < 0) {
		log_warn("brake_keyless", F("channel", s->channel),
		    F("error", (const char *)e->msg));
		key.id[0] = '\0';
		e->kind = ERR_NONE;
	} else if (key.next && brake_key_promote(s, e) < 0) {
		/* a crash after the root was taken in, before its key was */
		return NULL;
	}
	return json_pack("{sI sI si si sI ss}", "round", (json_int_t)s->round,
	    "m", (json_int_t)s->m, "rung", s->top, "rungs", s->nrungs,
	    "root_version", (json_int_t)s->root->version, "keyid", key.id);
}

json_t *
brake_answer(const char *dir, const json_t *ask, int64_t now_s, struct err *e)
{
	AUTO_ARENA a = arena_new(BRAKE_ARENA_MAX);
	const char *verb = json_string_value(json_object_get(ask, "do"));
	const char *channel =
	    json_string_value(json_object_get(ask, "channel"));
	struct brake_state s;
	json_t *out = NULL;

	if (a == NULL) {
		err_set(e, ERR_SYS, "no memory");
		return NULL;
	}
	if (verb == NULL || channel == NULL) {
		err_set(e, ERR_USAGE, "a message has \"do\" and \"channel\"");
		return NULL;
	}
	if (brake_state_read(&s, dir, channel, a, e) < 0)
		return NULL;
	e->kind = ERR_NONE;
	if (strcmp(verb, "adopt") == 0)
		out = brake_adopt(&s, ask, a, e);
	else if (strcmp(verb, "sign") == 0)
		out = sign(&s, ask, a, now_s, e);
	else if (strcmp(verb, "state") == 0)
		out = tell_state(&s, e);
	else
		err_set(e, ERR_USAGE, "the brake does not know \"%s\"", verb);
	if (out == NULL && e->kind == ERR_NONE)
		err_set(e, ERR_SYS, "no memory");
	return out;
}

/* answer_one - send what brake_answer says; -1 only when the peer is gone. */
static int
answer_one(int fd, const char *dir, const json_t *ask)
{
	struct err e = { 0 };
	AUTO_JSON out = brake_answer(dir, ask, clock_now_s(), &e);

	if (out == NULL) {
		const char *verb =
		    json_string_value(json_object_get(ask, "do"));

		log_warn("brake_refused", F("do", verb == NULL ? "" : verb),
		    F("error", (const char *)e.msg));
		out = json_pack(
		    "{ss ss}", "error", e.msg, "kind", err_name(e.kind));
	}
	return out == NULL ? -1 : ipc_send(fd, out, -1, &e);
}

int
brake_run(int fd, const char *dir)
{
	for (;;) {
		AUTO_JSON ask = NULL;
		AUTO_FD got = -1;
		struct err e = { 0 };
		int n = ipc_receive(fd, &ask, &got, &e);

		if (n == 0)
			return 0;
		if (n < 0 || answer_one(fd, dir, ask) < 0) {
			log_error(
			    "brake_stops", F("error", (const char *)e.msg));
			return 2;
		}
	}
}
