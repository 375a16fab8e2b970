/*
 * sluice - the reference updater: verbs over libsluice.  It uses nothing of
 * the library but its public header; "tuf" is a client by itself (tuf.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/libsluice.h"
#include "client/print.h"
#include "client/tuf.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"
#include "manifest/base/text.h"
#include "manifest/base/verb.h"

#define EXIT_OFFERED 10 /* of check */

static const struct opt common[] = {
	{ "config", 'c', OPT_TEXT, "FILE", "configuration file" },
	{ "state", 0, OPT_TEXT, "DIR", "state folder" },
	{ "install", 0, OPT_TEXT, "DIR", "install folder" },
	{ "url", 0, OPT_TEXT, "URL", "server, mirror or folder to ask" },
};

static volatile sig_atomic_t stopped;

static void
on_signal(int n)
{
	(void)n;
	stopped = 1;
}

static void
closep(struct sluice **s)
{
	sluice_close(*s);
}
#define AUTO_SLUICE CLEANUP(closep) struct sluice *

/* The library's words become this program's error. */
static int
fail(const struct sluice *s, int code, struct err *e)
{
	if (sluice_hint(s)[0] != 0)
		verb_hint("%s", sluice_hint(s));
	return err_set(e, code == SLUICE_REFUSED ? ERR_REFUSED : ERR_SYS, "%s",
	    sluice_error(s));
}

/* --- what people see while it works ---------------------------------------- */

static int
on_progress(void *ctx, int stage, int64_t done, int64_t total)
{
	static const char *const names[] = { "", "delta", "download", "install",
		"self-test", "restart" };
	static int64_t last = -1;
	char size[32];
	int64_t now = total > 0 ? done * 100 / total : stage;

	(void)ctx;
	if (stopped)
		return 1;
	if (!isatty(STDERR_FILENO) || now == last)
		return 0;
	last = now;
	if (total > 0)
		(void)fprintf(stderr, "\r\033[K%s %3" PRId64 " %% of %s",
		    names[stage], now, size_text(size, sizeof(size), total));
	else
		(void)fprintf(stderr, "\r\033[K%s", names[stage]);
	if (total > 0 && done >= total)
		(void)fprintf(stderr, "\r\033[K");
	return 0;
}

static void
clear_line(void)
{
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "\r\033[K");
}

static int
on_consent(void *ctx, const struct sluice_result *r)
{
	char answer[16];

	(void)ctx;
	if (!r->needs_consent)
		return 1;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return 0;
	(void)fprintf(stderr, "%s -> %s: %s.  Go on? [y/N] ",
	    r->installed_version[0] != 0 ? r->installed_version : "nothing",
	    r->version, r->reason);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		return 0;
	return answer[0] == 'y' || answer[0] == 'Y';
}

static void
on_notice(void *ctx, const char *text)
{
	char safe[500];

	(void)ctx;
	clear_line();
	(void)fprintf(
	    stderr, "sluice: note: %s\n", text_safe(safe, sizeof(safe), text));
}

static int
open_handle(struct sluice **s, const struct args *a)
{
	struct sluice_options o = { .size = sizeof(o),
		.config = args_text(a, "config", getenv("SLUICE_CONFIG")),
		.state = args_text(a, "state", NULL),
		.install = args_text(a, "install", NULL),
		.url = args_text(a, "url", NULL),
		.progress = on_progress,
		.consent = on_consent,
		.notice = on_notice };

	return sluice_open(s, &o);
}

static int
start(struct sluice **s, const struct args *a, struct err *e)
{
	if (open_handle(s, a) == SLUICE_OK)
		return 0;
	verb_hint("sluice.conf(5) explains the configuration");
	return err_set(e, ERR_USAGE, "%s", sluice_error(*s));
}

/* --- results --------------------------------------------------------------- */

static int
show(const struct args *a, const struct sluice_result *r, struct err *e)
{
	clear_line();
	if (args_flag(a, "json"))
		return print_result_json(r, e);
	print_result(r);
	return 0;
}

/* --- verbs ----------------------------------------------------------------- */

static int
cmd_init(const struct args *a, struct err *e)
{
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	code = sluice_init(s, a->argv[0], args_text(a, "fingerprint", NULL));
	return code == SLUICE_OK ? 0 : fail(s, code, e);
}

static int
flags_of(const struct args *a)
{
	return args_flag(a, "ask") ? SLUICE_ASKED : 0;
}

static int
cmd_check(const struct args *a, struct err *e)
{
	struct sluice_result r = { .size = sizeof(r) };
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	code = sluice_check(s, flags_of(a), &r);
	if (code != SLUICE_OK)
		return fail(s, code, e);
	if (show(a, &r, e) < 0)
		return -1;
	return r.action == SLUICE_UP || r.action == SLUICE_BACK ? EXIT_OFFERED
								: 0;
}

static int
update_once(struct sluice *s, const struct args *a, int flags, struct err *e)
{
	struct sluice_result r = { .size = sizeof(r) };
	int code = sluice_update(s, flags, &r);

	if (code != SLUICE_OK) {
		clear_line();
		return fail(s, code, e);
	}
	return show(a, &r, e);
}

/* SIGTERM and SIGINT end the wait and, between two reads, a download. */
static int
watch(struct sluice *s, const struct args *a, struct err *e)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int failures = 0;

	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	while (!stopped) {
		struct sluice_result r = { .size = sizeof(r),
			.retry_after_s = -1 };
		struct timespec t = { 0 };
		int code = sluice_update(s, flags_of(a) | SLUICE_WAIT, &r);

		if (stopped)
			break;
		failures = code == SLUICE_UNKNOWN ? failures + 1 : 0;
		if (code != SLUICE_OK)
			(void)fprintf(
			    stderr, "sluice: error: %s\n", sluice_error(s));
		else if (show(a, &r, e) < 0)
			return -1;
		(void)fflush(stdout);
		t.tv_sec = sluice_delay_s(s, failures, r.retry_after_s);
		while (!stopped && nanosleep(&t, &t) < 0 && errno == EINTR)
			;
	}
	return 0;
}

static int
cmd_update(const struct args *a, struct err *e)
{
	struct sluice_result r = { .size = sizeof(r) };
	const char *bundle = args_text(a, "bundle", NULL);
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	if (args_flag(a, "watch") && bundle != NULL)
		return err_set(e, ERR_USAGE, "a bundle is not watched");
	if (args_flag(a, "watch"))
		return watch(s, a, e);
	if (bundle == NULL)
		return update_once(s, a, flags_of(a), e);
	code = sluice_update_bundle(s, bundle, flags_of(a), &r);
	clear_line();
	return code == SLUICE_OK ? show(a, &r, e) : fail(s, code, e);
}

static void
on_fact(void *ctx, const char *key, const char *value)
{
	json_t *o = ctx, *list = json_object_get(o, key);

	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(o, key, list);
	}
	(void)json_array_append_new(list, json_string(value));
}

static void
on_fact_text(void *ctx, const char *key, const char *value)
{
	char safe[1300];

	(void)ctx;
	(void)printf("%-9s %s\n", key, text_safe(safe, sizeof(safe), value));
}

/* What can be told without a configuration is told without one. */
static int
cmd_inspect(const struct args *a, struct err *e)
{
	AUTO_SLUICE s = NULL;
	bool as_json = args_flag(a, "json");
	json_t *facts;
	int code;

	code = open_handle(&s, a);
	if (code != SLUICE_OK &&
	    (args_text(a, "config", NULL) != NULL || s == NULL))
		return fail(s, code, e);
	facts = as_json ? json_object() : NULL;
	code = sluice_inspect(
	    s, a->argv[0], as_json ? on_fact : on_fact_text, facts);
	if (code != SLUICE_OK) {
		json_decref(facts);
		return fail(s, code, e);
	}
	if (as_json)
		return print_json(facts, e);
	(void)printf("verified  every byte, to the end\n");
	return 0;
}

static int
cmd_rollback(const struct args *a, struct err *e)
{
	struct sluice_result r = { .size = sizeof(r) };
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	code = sluice_rollback(s, &r);
	return code == SLUICE_OK ? show(a, &r, e) : fail(s, code, e);
}

static int
cmd_channel(const struct args *a, struct err *e)
{
	struct sluice_status st = { .size = sizeof(st) };
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	if (a->argc == 0) {
		if (args_flag(a, "now"))
			return err_set(e, ERR_USAGE, "--now needs a channel");
		if ((code = sluice_status(s, &st)) != SLUICE_OK)
			return fail(s, code, e);
		(void)printf("%s\n", st.channel);
		return 0;
	}
	if ((code = sluice_channel(s, a->argv[0])) != SLUICE_OK)
		return fail(s, code, e);
	if (!args_flag(a, "now"))
		return 0;
	return update_once(s, a, flags_of(a) | SLUICE_BACK_NOW, e);
}

static int
cmd_status(const struct args *a, struct err *e)
{
	struct sluice_status st = { .size = sizeof(st) };
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	if ((code = sluice_status(s, &st)) != SLUICE_OK)
		return fail(s, code, e);
	if (args_flag(a, "json"))
		return print_status_json(&st, e);
	print_status(&st);
	return 0;
}

static int
cmd_report(const struct args *a, struct err *e)
{
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	code = sluice_report(s, a->argc > 0 ? a->argv[0] : NULL,
	    a->argc > 1 ? a->argv[1] : NULL);
	return code == SLUICE_OK ? 0 : fail(s, code, e);
}

static int
cmd_started(const struct args *a, struct err *e)
{
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	code = sluice_started(s);
	return code == SLUICE_OK ? 0 : fail(s, code, e);
}

static int
cmd_confirm(const struct args *a, struct err *e)
{
	AUTO_SLUICE s = NULL;
	int code;

	if (start(&s, a, e) < 0)
		return -1;
	code = sluice_confirm(s);
	return code == SLUICE_OK ? 0 : fail(s, code, e);
}

/* clang-format off */
#define OPT_ASK  { "ask", 0, OPT_FLAG, NULL, \
    "a user asks by hand: passes the percentage" }
#define OPT_JSON { "json", 0, OPT_FLAG, NULL, "print JSON" }

static const struct opt opts_init[] = {
	{ "fingerprint", 0, OPT_TEXT, "HEX", "SHA-256 that the file must have" },
};
static const struct opt opts_check[] = { OPT_ASK, OPT_JSON };
static const struct opt opts_update[] = { OPT_ASK, OPT_JSON,
	{ "watch", 0, OPT_FLAG, NULL, "stay and poll at the interval" },
	{ "bundle", 'b', OPT_TEXT, "FILE", "from this bundle, no network" },
};
static const struct opt opts_json[] = { OPT_JSON };
static const struct opt opts_channel[] = { OPT_ASK, OPT_JSON,
	{ "now", 0, OPT_FLAG, NULL,
	    "go to what it names now, even back (not below the floor)" },
};
static const struct opt opts_tuf[] = {
	{ "metadata-dir", 0, OPT_TEXT, "DIR", "where trusted metadata is kept" },
	{ "metadata-url", 0, OPT_TEXT, "URL", "the repository's metadata" },
	{ "target-name", 0, OPT_LIST, "NAME", "a target to download" },
	{ "target-base-url", 0, OPT_TEXT, "URL", "the repository's targets" },
	{ "target-dir", 0, OPT_TEXT, "DIR", "where downloads are kept" },
};

static const struct verb verbs[] = {
	{ "init", "ROOT", "trust the root document that came with the product",
	    cmd_init, opts_init, COUNT(opts_init), 1, 1 },
	{ "check", "", "say whether there is an update (status 10)",
	    cmd_check, opts_check, COUNT(opts_check), 0, 0 },
	{ "update", "", "poll, verify, download and install",
	    cmd_update, opts_update, COUNT(opts_update), 0, 0 },
	{ "inspect", "FILE", "what is in a bundle, and whether it is sound",
	    cmd_inspect, opts_json, COUNT(opts_json), 1, 1 },
	{ "rollback", "", "go back to the kept previous release",
	    cmd_rollback, opts_json, COUNT(opts_json), 0, 0 },
	{ "channel", "[NAME]", "follow another channel from now on",
	    cmd_channel, opts_channel, COUNT(opts_channel), 0, 1 },
	{ "status", "", "what this machine has and knows",
	    cmd_status, opts_json, COUNT(opts_json), 0, 0 },
	{ "report", "[EVENT [DETAIL]]", "report health; deliver what waits",
	    cmd_report, NULL, 0, 0, 2 },
	{ "started", "", "the program starts (with confirm = yes)",
	    cmd_started, NULL, 0, 0, 0 },
	{ "confirm", "", "the program works (with confirm = yes)",
	    cmd_confirm, NULL, 0, 0, 0 },
	{ "tuf", "init ROOT | refresh | download",
	    "a plain client of any TUF repository (status 0 or 1)",
	    tuf_cmd, opts_tuf, COUNT(opts_tuf), 1, 2 },
};
/* clang-format on */

static const struct program program = {
	.name = "sluice",
	.about = "keep a product up to date, verified",
	.verbs = verbs,
	.nverbs = COUNT(verbs),
	.opts = common,
	.nopts = COUNT(common),
	.plain = "tuf", /* who asks for a TUF client asks only whether it did */
};

int
main(int argc, char **argv)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a limit is a full disk */
	return verb_main(&program, argc, argv);
}
