/*
 * sluicectl: the operator's program.  Every verb is one request to the
 * server's admin socket; what it means is decided there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/base/verb.h"
#include "server/ctl.h"

#define REPORTS_MAX   (512 * 1024)
#define STATE_DEFAULT "/var/lib/sluice"

/* --- asking --- */

static int
socket_path(const struct args *args, char *out, size_t room, struct err *e)
{
	const char *path = args_text(args, "socket", NULL);
	const char *state = args_text(args, "state", getenv("SLUICED_STATE"));
	int n;

	if (path == NULL && args_text(args, "state", NULL) == NULL)
		path = getenv("SLUICED_ADMIN_SOCKET");
	n = path != NULL ? snprintf(out, room, "%s", path)
			 : snprintf(out, room, "%s/admin.sock",
			       state != NULL ? state : STATE_DEFAULT);
	return n >= (int)room
	    ? err_set(e, ERR_USAGE, "the socket's path is too long")
	    : 0;
}

static void
set_text(json_t *ask, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		(void)json_object_set_new(ask, key, json_string(value));
}

typedef void printer(const json_t *answer);

/* Send, and print what comes back. */
static int
send_ask(const struct args *args, json_t *ask, printer *print, struct err *e)
{
	AUTO_JSON answer = NULL;
	char path[4096];

	if (socket_path(args, path, sizeof(path), e) < 0 ||
	    (answer = ctl_ask(path, ask, e)) == NULL)
		return -1;
	if (args_flag(args, "json"))
		ctl_json(answer);
	else
		print(answer);
	return fflush(stdout) == 0 ? 0 : err_sys(e, "standard output");
}

static json_t *
new_ask(const struct args *args, const char *verb)
{
	json_t *ask = json_object();

	set_text(ask, "verb", verb);
	if (args->argc > 0)
		set_text(ask, "channel", args->argv[0]);
	return ask;
}

/* A request that changes something: why, and whether it is only tried. */
static json_t *
new_change(const struct args *args, const char *verb, struct err *e)
{
	json_t *ask;

	if (args_text(args, "reason", NULL) == NULL) {
		(void)err_set(e, ERR_USAGE, "a change needs --reason TEXT");
		verb_hint("the reason is kept in the audit log");
		return NULL;
	}
	ask = new_ask(args, verb);
	set_text(ask, "reason", args_text(args, "reason", NULL));
	if (args_flag(args, "dry-run"))
		(void)json_object_set_new(ask, "dry_run", json_true());
	return ask;
}

static int
send_change(const struct args *args, json_t *ask, struct err *e)
{
	AUTO_JSON mine = ask;

	return send_ask(args, mine, ctl_change, e);
}

/* --- changes --- */

static int
percent_cmd(const struct args *args, struct err *e)
{
	json_t *ask;
	int bp;

	if (percent_read(args->argv[1], &bp) < 0)
		return err_set(e, ERR_USAGE,
		    "'%s' is not a percentage: 0 to 100, two decimals",
		    args->argv[1]);
	if ((ask = new_change(args, "percent", e)) == NULL)
		return -1;
	(void)json_object_set_new(ask, "percent_bp", json_integer(bp));
	set_text(ask, "platform", args_text(args, "platform", NULL));
	return send_change(args, ask, e);
}

/* halt and resume: the verb's own name is what is asked. */
static int
stop_cmd(const struct args *args, struct err *e)
{
	json_t *ask = new_change(args, args->verb->name, e);

	if (ask == NULL)
		return -1;
	set_text(ask, "platform", args_text(args, "platform", NULL));
	set_text(ask, "group", args_text(args, "group", NULL));
	return send_change(args, ask, e);
}

static int
rollback_cmd(const struct args *args, struct err *e)
{
	json_t *ask = new_change(args, args->verb->name, e);

	if (ask == NULL)
		return -1;
	set_text(ask, "platform", args_text(args, "platform", NULL));
	set_text(ask, "group", args_text(args, "group", NULL));
	set_text(ask, "version", args_text(args, "to", NULL));
	return send_change(args, ask, e);
}

static int
pin_cmd(const struct args *args, struct err *e)
{
	json_t *ask = new_change(args, "pin", e);

	if (ask == NULL)
		return -1;
	set_text(ask, "version", args->argv[1]);
	set_text(ask, "platform", args_text(args, "platform", NULL));
	set_text(ask, "group", args_text(args, "group", NULL));
	if (args_flag(args, "back"))
		(void)json_object_set_new(ask, "back", json_true());
	return send_change(args, ask, e);
}

static int
group_cmd(const struct args *args, struct err *e)
{
	bool add = strcmp(args->verb->name, "group add") == 0;
	json_t *ask = new_change(args, add ? "group-add" : "group-remove", e);

	if (ask == NULL)
		return -1;
	set_text(ask, "group", args->argv[1]);
	return send_change(args, ask, e);
}

static int
confirm_cmd(const struct args *args, struct err *e)
{
	json_t *ask = new_change(args, "confirm", e);

	return ask == NULL ? -1 : send_change(args, ask, e);
}

/* --- questions --- */

static int
status_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "status");

	return send_ask(args, ask, ctl_status, e);
}

static int
why_cmd(const struct args *args, struct err *e)
{
	static const char *const words[] = { "id", "os", "arch", "version",
		"group" };
	AUTO_JSON ask = new_ask(args, "why");

	for (size_t i = 0; i < COUNT(words); i++)
		set_text(ask, words[i], args_text(args, words[i], NULL));
	(void)json_object_set_new(
	    ask, "seen", json_integer(args_int(args, "seen", 0)));
	if (args_flag(args, "ask"))
		(void)json_object_set_new(ask, "ask", json_true());
	return send_ask(args, ask, ctl_why, e);
}

static int
versions_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "versions");

	(void)json_object_set_new(
	    ask, "days", json_integer(args_int(args, "days", 7)));
	return send_ask(args, ask, ctl_versions, e);
}

static int
history_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "history");

	(void)json_object_set_new(
	    ask, "limit", json_integer(args_int(args, "limit", 50)));
	return send_ask(args, ask, ctl_history, e);
}

static int
audit_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "audit");

	(void)json_object_set_new(
	    ask, "limit", json_integer(args_int(args, "limit", 50)));
	return send_ask(args, ask, ctl_audit, e);
}

static int
audit_verify_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "audit-verify");

	return send_ask(args, ask, ctl_verified, e);
}

static int
channel_list_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "channels");

	return send_ask(args, ask, ctl_channels, e);
}

/* --- tokens, retention --- */

static void
print_token(const json_t *answer)
{
	const char *t = json_string_value(json_object_get(answer, "token"));

	/* shown once: the server keeps only its digest */
	(void)puts(t == NULL ? "nothing was changed" : t);
}

static int
token_create_cmd(const struct args *args, struct err *e)
{
	const char *const *scopes;
	char words[64] = "";
	size_t n;
	json_t *v = new_change(args, "token-create", e);
	AUTO_JSON ask = v;

	if (v == NULL)
		return -1;
	scopes = args_list(args, "scope", &n);
	if (n == 0)
		return err_set(
		    e, ERR_USAGE, "a token needs --scope read or publish");
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(words);

		(void)snprintf(words + at, sizeof(words) - at, "%s%s",
		    i == 0 ? "" : " ", scopes[i]);
	}
	set_text(ask, "scopes", words);
	set_text(ask, "note", args_text(args, "note", NULL));
	(void)json_object_set_new(
	    ask, "ttl_s", json_integer(args_int(args, "expires", 0)));
	return send_ask(args, ask, print_token, e);
}

static int
token_list_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "token-list");

	return send_ask(args, ask, ctl_tokens, e);
}

static int
token_revoke_cmd(const struct args *args, struct err *e)
{
	json_t *ask = new_change(args, "token-revoke", e);

	if (ask == NULL)
		return -1;
	(void)json_object_del(ask, "channel");
	set_text(ask, "id", args->argv[0]);
	return send_change(args, ask, e);
}

static void
print_pruned(const json_t *v)
{
	char size[32];

	(void)printf("%s%lld publications, %lld files, %s\n",
	    json_is_true(json_object_get(v, "dry_run")) ? "would drop "
							: "dropped ",
	    (long long)json_integer_value(json_object_get(v, "publications")),
	    (long long)json_integer_value(json_object_get(v, "files")),
	    size_text(size, sizeof(size),
		json_integer_value(json_object_get(v, "bytes"))));
}

static int
prune_cmd(const struct args *args, struct err *e)
{
	AUTO_JSON ask = new_ask(args, "prune");

	if (args_flag(args, "dry-run"))
		(void)json_object_set_new(ask, "dry_run", json_true());
	return send_ask(args, ask, print_pruned, e);
}

static void
print_reports(const json_t *v)
{
	(void)printf(
	    "%s%lld counts of %s; %lld left out, of channels that are not"
	    " here or of days that it is not about\n",
	    json_is_true(json_object_get(v, "dry_run")) ? "would take " : "",
	    (long long)json_integer_value(json_object_get(v, "taken")),
	    json_string_value(json_object_get(v, "site")),
	    (long long)json_integer_value(json_object_get(v, "skipped")));
}

static int
reports_import_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = arena_new(4 << 20);
	struct bytes file;
	json_t *v;
	AUTO_JSON ask = NULL;
	AUTO_JSON report = NULL;

	if (a == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (file_read(a, args->argv[0], REPORTS_MAX, &file, e) < 0)
		return -1;
	report = json_read(file, REPORTS_MAX, e);
	if (!json_is_object(json_object_get(report, "reports")))
		return err_set(e, ERR_INPUT,
		    "%s: not what sluiced export-reports writes",
		    args->argv[0]);
	if ((ask = v = new_change(args, "reports-import", e)) == NULL)
		return -1;
	(void)json_object_del(v, "channel");
	set_text(v, "file", (const char *)file.at);
	set_text(v, "key", args_text(args, "key", NULL));
	return send_ask(args, v, print_reports, e);
}

/* --- tables --- */

// clang-format off
#define REASON  { "reason", 'r', OPT_TEXT, "TEXT", "why; kept in the audit log" }
#define DRY_RUN { "dry-run", 'n', OPT_FLAG, NULL, "show what would change, change nothing" }
#define PLATFORM { "platform", 0, OPT_TEXT, "OS-ARCH", "only this platform" }
#define GROUP { "group", 0, OPT_TEXT, "NAME", "only this group" }

static const struct opt common[] = {
	{ "socket", 0, OPT_TEXT, "PATH", "the server's admin socket" },
	{ "state", 's', OPT_TEXT, "DIR", "its state directory (SLUICED_STATE)" },
	{ "json", 0, OPT_FLAG, NULL, "print the answer as JSON" },
};
static const struct opt change[] = { REASON, DRY_RUN };
static const struct opt dry_run[] = { DRY_RUN };
static const struct opt percent[] = { REASON, DRY_RUN, PLATFORM };
static const struct opt stop[] = { REASON, DRY_RUN, PLATFORM, GROUP };
static const struct opt rollback[] = { REASON, DRY_RUN, PLATFORM, GROUP,
	{ "to", 0, OPT_TEXT, "VERSION", "go back to this one, not the fallback" },
};
static const struct opt pin[] = { REASON, DRY_RUN, PLATFORM, GROUP,
	{ "back", 0, OPT_FLAG, NULL, "move whoever is above it back" },
};
static const struct opt why[] = {
	{ "id", 0, OPT_TEXT, "CLIENT-ID", "64 hex digits; none: without an ID" },
	{ "os", 0, OPT_TEXT, "OS", "its system" },
	{ "arch", 0, OPT_TEXT, "ARCH", "its architecture" },
	{ "version", 0, OPT_TEXT, "VERSION", "what it has installed" },
	{ "group", 0, OPT_TEXT, "NAME", "the group that its owner chose" },
	{ "seen", 0, OPT_INT, "N", "the snapshot version that it has seen" },
	{ "ask", 0, OPT_FLAG, NULL, "its user asks by hand" },
};
static const struct opt versions[] = {
	{ "days", 0, OPT_INT, "N", "how far back (7)" },
};
static const struct opt history[] = {
	{ "limit", 0, OPT_INT, "N", "how many actions (50)" },
};
static const struct opt token[] = { REASON, DRY_RUN,
	{ "scope", 0, OPT_LIST, "SCOPE", "read or publish; may be repeated" },
	{ "note", 0, OPT_TEXT, "TEXT", "whose it is" },
	{ "expires", 0, OPT_DURATION, "TIME", "how long it is valid (for ever)" },
};

static const struct opt reports[] = { REASON, DRY_RUN,
	{ "key", 0, OPT_TEXT, "KEY", "the site's public key, the first time" },
};

#define OPTS(o) (o), COUNT(o)
static const struct verb verbs[] = {
	{ "status", "[CHANNEL]", "where everything stands", status_cmd, NULL, 0, 0, 1 },
	{ "percent", "CHANNEL N", "how many may have the offer", percent_cmd, OPTS(percent), 2, 2 },
	{ "halt", "CHANNEL", "take the offer away; nobody is moved back", stop_cmd, OPTS(stop), 1, 1 },
	{ "resume", "CHANNEL", "lift a halt or rollback", stop_cmd, OPTS(stop), 1, 1 },
	{ "rollback", "CHANNEL", "move everybody back to a good release", rollback_cmd, OPTS(rollback), 1, 1 },
	{ "kill", "CHANNEL", "roll back at once, not at the next start", rollback_cmd, OPTS(rollback), 1, 1 },
	{ "pin", "CHANNEL VERSION", "offer nothing newer than VERSION", pin_cmd, OPTS(pin), 2, 2 },
	{ "unpin", "CHANNEL", "take a pin off", stop_cmd, OPTS(stop), 1, 1 },
	{ "group add", "CHANNEL NAME", "admit a group, whatever the percentage", group_cmd, OPTS(change), 2, 2 },
	{ "group remove", "CHANNEL NAME", "no longer admit a group", group_cmd, OPTS(change), 2, 2 },
	{ "why", "CHANNEL", "which rung a client gets, and by which rule", why_cmd, OPTS(why), 1, 1 },
	{ "versions", "CHANNEL", "installed versions by day and share", versions_cmd, OPTS(versions), 1, 1 },
	{ "history", "CHANNEL", "releases and actions", history_cmd, OPTS(history), 1, 1 },
	{ "audit", "[CHANNEL]", "who did what, when and why", audit_cmd, OPTS(history), 0, 1 },
	{ "audit verify", "", "check the chain of the audit log", audit_verify_cmd, NULL, 0, 0, 0 },
	{ "confirm", "CHANNEL", "believe a clock that is far ahead", confirm_cmd, OPTS(change), 1, 1 },
	{ "token create", "", "make a token; it is shown once", token_create_cmd, OPTS(token), 0, 0 },
	{ "token list", "", "tokens, without their secrets", token_list_cmd, NULL, 0, 0, 0 },
	{ "token revoke", "ID", "end a token", token_revoke_cmd, OPTS(change), 1, 1 },
	{ "channel list", "", "channels and the roots that they trust", channel_list_cmd, NULL, 0, 0, 0 },
	{ "reports import", "FILE", "take in what a site without a network counted", reports_import_cmd, OPTS(reports), 1, 1 },
	{ "prune", "", "drop what nothing names any more", prune_cmd, OPTS(dry_run), 0, 0 },
};
static const struct program program = { "sluicectl",
	"watch and steer a sluice server", verbs, COUNT(verbs), common, COUNT(common), NULL };
// clang-format on

int
main(int argc, char **argv)
{
	return verb_main(&program, argc, argv);
}
