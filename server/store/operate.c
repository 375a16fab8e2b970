/*
 * What operators ask: the table of verbs and what they have in common.
 */
#include "server/store/operate.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "server/store/audit.h"
#include "server/store/move.h"
#include "server/store/notify.h"
#include "server/store/prune.h"
#include "server/store/reserve.h"
#include "server/store/rounds.h"
#include "server/store/show.h"
#include "server/store/sites.h"
#include "server/store/tokens.h"

#define ARENA_MAX  (64u << 20)
#define REASON_MAX 500
#define AUDIT_ROWS 50

enum {
	VERB_CHANNEL = 1, /* names a channel */
	VERB_CHANGE = 2,  /* needs a reason */
	VERB_OWNER = 4,	  /* not for members of the group */
};

typedef json_t *verb_run(struct operation *o, struct err *e);

struct verb_entry {
	const char *name;
	verb_run *run;
	int flags;
	enum command_verb command; /* of move_run */
};

const char *
operate_text(const struct operation *o, const char *key, const char *none)
{
	const char *s = json_string_value(json_object_get(o->ask, key));

	return s == NULL || s[0] == '\0' ? none : s;
}

int64_t
operate_int(const struct operation *o, const char *key, int64_t none)
{
	const json_t *v = json_object_get(o->ask, key);

	return json_is_integer(v) ? json_integer_value(v) : none;
}

/* The request without what the row says elsewhere. */
static const char *
arguments(const struct operation *o, struct err *e)
{
	static const char *const elsewhere[] = { "verb", "channel", "reason",
		"dry_run" };
	AUTO_JSON v = json_copy((json_t *)(uintptr_t)o->ask);
	AUTO_BUF b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		(void)json_object_del(v, elsewhere[i]);
	if (v == NULL || json_write(v, &b, e) < 0 || buf_ok(&b, e) < 0)
		return NULL;
	return arena_text(o->a, buf_str(&b), e);
}

int
operate_audit(
    struct operation *o, const char *before, const char *after, struct err *e)
{
	struct audit row = { .at_s = o->now_s,
		.who = o->who->name,
		.verb = o->verb,
		.channel = o->channel == NULL ? "" : o->channel->id,
		.arguments = arguments(o, e),
		.reason = o->reason,
		.before = before,
		.after = after };

	return row.arguments == NULL ? -1 : audit_add(o->s->db, &row, e);
}

/* --- verbs that concern no position --- */

static json_t *
token_create(struct operation *o, struct err *e)
{
	char text[TOKEN_TEXT_SIZE];
	int64_t ttl = operate_int(o, "ttl_s", 0);
	struct token_new t = { .scopes = operate_text(o, "scopes", ""),
		.note = operate_text(o, "note", ""),
		.expires_s = ttl > 0 ? o->now_s + ttl : 0 };
	AUTO_TX tx = tx_begin(o->s->db, e);

	if (tx == NULL || tokens_create(o->s->db, &t, o->now_s, text, e) < 0 ||
	    operate_audit(o, "", "", e) < 0 ||
	    (!o->dry_run && tx_commit(&tx, e) < 0))
		return NULL;
	return o->dry_run ? json_pack("{sb sb}", "ok", 1, "dry_run", 1)
			  : json_pack("{sb ss}", "ok", 1, "token", text);
}

static json_t *
token_revoke(struct operation *o, struct err *e)
{
	AUTO_TX tx = tx_begin(o->s->db, e);

	if (tx == NULL ||
	    tokens_revoke(o->s->db, operate_text(o, "id", ""), o->now_s, e) <
		0 ||
	    operate_audit(o, "", "", e) < 0 ||
	    (!o->dry_run && tx_commit(&tx, e) < 0))
		return NULL;
	return json_pack("{sb sb}", "ok", 1, "dry_run", (int)o->dry_run);
}

static json_t *
token_list(struct operation *o, struct err *e)
{
	json_t *list = tokens_list(o->s->db, e);

	return list == NULL ? NULL
			    : json_pack("{sb so}", "ok", 1, "tokens", list);
}

static json_t *
prune(struct operation *o, struct err *e)
{
	struct pruned done;

	if (prune_run(o->s->db, o->s->conf,
		&(struct prune){ o->now_s, o->dry_run }, &done, e) < 0)
		return NULL;
	return json_pack("{sb sb sI sI sI}", "ok", 1, "dry_run",
	    (int)o->dry_run, "publications", (json_int_t)done.publications,
	    "files", (json_int_t)done.files, "bytes", (json_int_t)done.bytes);
}

static json_t *
audit(struct operation *o, struct err *e)
{
	json_t *rows =
	    audit_list(o->s->db, o->channel == NULL ? "" : o->channel->id,
		operate_int(o, "limit", AUDIT_ROWS), e);

	return rows == NULL ? NULL
			    : json_pack("{sb so}", "ok", 1, "audit", rows);
}

static json_t *
verify(struct operation *o, struct err *e)
{
	char last[SHA256_HEX_SIZE];
	int64_t n = audit_verify(o->s->db, last, e);

	return n < 0 ? NULL
		     : json_pack("{sb sI ss}", "ok", 1, "rows", (json_int_t)n,
			   "last", last);
}

/* A clock that is far ahead is believed once a person says so. */
static json_t *
confirm(struct operation *o, struct err *e)
{
	struct round_start start = { "confirm", o->now_s,
		o->s->conf->timestamp_validity_s };
	struct channel *c = o->channel;
	AUTO_TX tx = tx_begin(o->s->db, e);

	if (tx == NULL || rounds_start(o->s->db, c, &start, e) < 0 ||
	    channel_save(o->s->db, c, e) < 0 || operate_audit(o, "", "", e) < 0)
		return NULL;
	if (!o->dry_run) {
		if (tx_commit(&tx, e) < 0 ||
		    rounds_sign(o->s, c->id, true, e) < 0)
			return NULL;
		o->waits = true;
	}
	return json_pack("{sb sb sI}", "ok", 1, "dry_run", (int)o->dry_run,
	    "round", (json_int_t)c->round);
}

/* The database was changed from outside (channel add). */
static json_t *
reload(struct operation *o, struct err *e)
{
	(void)e;
	o->s->table_due = true;
	o->waits = true;
	return json_pack("{sb}", "ok", 1);
}

#define MOVE(name, command)                                         \
	{                                                           \
		name, move_run, VERB_CHANNEL | VERB_CHANGE, command \
	}
#define ASK(name, run, flags)       \
	{                           \
		name, run, flags, 0 \
	}

static const struct verb_entry verbs[] = {
	ASK("status", show_status, 0),
	ASK("channels", show_channels, 0),
	ASK("why", show_why, VERB_CHANNEL),
	ASK("versions", show_versions, VERB_CHANNEL),
	ASK("history", show_history, VERB_CHANNEL),
	ASK("audit", audit, 0),
	ASK("audit-verify", verify, 0),
	MOVE("percent", COMMAND_PERCENT),
	MOVE("halt", COMMAND_HALT),
	MOVE("resume", COMMAND_RESUME),
	MOVE("rollback", COMMAND_ROLLBACK),
	MOVE("kill", COMMAND_KILL),
	MOVE("pin", COMMAND_PIN),
	MOVE("unpin", COMMAND_UNPIN),
	MOVE("group-add", COMMAND_GROUP_ADD),
	MOVE("group-remove", COMMAND_GROUP_REMOVE),
	ASK("confirm", confirm, VERB_CHANNEL | VERB_CHANGE),
	ASK("token-create", token_create, VERB_CHANGE | VERB_OWNER),
	ASK("token-list", token_list, VERB_OWNER),
	ASK("token-revoke", token_revoke, VERB_CHANGE | VERB_OWNER),
	ASK("prune", prune, 0),
	ASK("reports-import", sites_import, VERB_CHANGE),
	ASK("reload", reload, 0),
};

static const struct verb_entry *
find(const char *name)
{
	for (size_t i = 0; name != NULL && i < COUNT(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int
prepare(struct operation *o, const struct verb_entry *v, struct err *e)
{
	const char *channel = operate_text(o, "channel", NULL);

	if ((v->flags & VERB_OWNER) != 0 && o->who->member)
		return err_set(e, ERR_REFUSED,
		    "tokens are for root and the server's own user");
	o->reason = operate_text(o, "reason", "");
	if ((v->flags & VERB_CHANGE) != 0 && o->reason[0] == '\0')
		return err_set(e, ERR_USAGE, "a change needs a reason");
	if (strlen(o->reason) > REASON_MAX)
		return err_set(e, ERR_USAGE, "the reason is too long");
	o->change = (v->flags & VERB_CHANGE) != 0;
	if (channel == NULL && (v->flags & VERB_CHANNEL) == 0)
		return 0;
	if (channel == NULL)
		return err_set(e, ERR_USAGE, "name a channel");
	o->channel = channel_load(o->s->db, channel, o->a, e);
	if (o->channel == NULL)
		return -1;
	if (o->channel->mirror && o->change)
		return err_set(e, ERR_REFUSED,
		    "%s mirrors bundles: a site that must halt by itself gets"
		    " a root and a brake of its own",
		    channel);
	return 0;
}

static void
tell(const struct operation *o)
{
	const char *channel =
	    o->channel == NULL ? "the server" : o->channel->id;
	struct err e;
	const char *text =
	    arena_printf(o->a, &e, "%s of %s by an operator", o->verb, channel);
	struct notice n = { .event = o->verb,
		.channel = o->channel == NULL ? "" : o->channel->id,
		.who = o->who->name,
		.reason = o->reason,
		.text = text == NULL ? o->verb : text };

	notify_send(o->s, &n);
}

json_t *
operate(struct store *s, const struct asker *who, const json_t *ask,
    int64_t *generation, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	struct operation o = {
		.s = s, .who = who, .ask = ask, .a = a, .now_s = clock_now_s()
	};
	const struct verb_entry *v;
	json_t *answer;

	*generation = 0;
	if (a == NULL) {
		(void)err_set(e, ERR_SYS, "no memory");
		return NULL;
	}
	o.verb = operate_text(&o, "verb", "");
	o.dry_run = json_is_true(json_object_get(ask, "dry_run"));
	if ((v = find(o.verb)) == NULL) {
		(void)err_set(e, ERR_USAGE, "no verb '%.40s'", o.verb);
		return NULL;
	}
	o.command = v->command;
	if (prepare(&o, v, e) < 0)
		return NULL;
	if (o.change && !o.dry_run)
		reserve_use(s);
	if ((answer = v->run(&o, e)) == NULL)
		return NULL;
	if (o.change && !o.dry_run)
		tell(&o);
	/* the loop sends the table before it goes to sleep */
	if (o.waits)
		*generation = s->generation + 1;
	return answer;
}
