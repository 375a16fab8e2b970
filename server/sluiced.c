/*
 * sluiced: the update server.  Verbs that make and check its state, and "run".
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "manifest/base/secret.h"
#include "manifest/base/text.h"
#include "manifest/base/verb.h"
#include "server/check.h"
#include "server/config.h"
#include "server/sandbox.h"
#include "server/store.h"
#include "server/supervise.h"

#define ARENA_MAX (1 << 20)
#define DAYS_MAX  3660

/* The configuration that every verb starts from; --state wins. */
static int
configure(const struct args *args, struct server_config *conf, struct arena **a,
    struct err *e)
{
	const char *state = args_text(args, "state", NULL);

	if ((*a = arena_new(ARENA_MAX)) == NULL)
		return err_set(e, ERR_SYS, "no memory");
	/* before SLUICED_STATE is read from there */
	if (state != NULL && setenv("SLUICED_STATE", state, 1) < 0)
		return err_sys(e, "SLUICED_STATE");
	return config_read(conf, args_text(args, "config", NULL), *a, e);
}

static int
cmd_run(const struct args *args, struct err *e)
{
	struct server_config conf;
	AUTO_ARENA a = NULL;

	if (configure(args, &conf, &a, e) < 0)
		return -1;
	log_open("supervisor", log_level_named(conf.log_level));
	if (supervise_run(&conf, e) < 0) {
		log_error("start_failed", F("error", (const char *)e->msg));
		return -1;
	}
	return 0;
}

static void
print_tokens(const struct store_tokens *t, bool json)
{
	if (json)
		printf("{\"publish\":\"%s\",\"read\":\"%s\"}\n", t->publish,
		    t->read);
	else
		printf("publish token: %s\nread token:    %s\n", t->publish,
		    t->read);
}

static int
cmd_init(const struct args *args, struct err *e)
{
	struct server_config conf;
	struct store_tokens tokens;
	char path[4096];
	AUTO_ARENA a = NULL;
	const char *const *channels;
	size_t n;

	channels = args_list(args, "channel", &n);
	if (configure(args, &conf, &a, e) < 0)
		return -1;
	if (store_init(conf.state, &tokens, e) == 0)
		print_tokens(&tokens, args_flag(args, "json"));
	else if (e->kind != ERR_CONFLICT || n == 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (store_key(conf.state, channels[i], path, sizeof(path), e) <
		    0)
			return err_in(e, "channel %s", channels[i]);
		if (args_flag(args, "json"))
			printf("{\"channel\":\"%s\",\"key\":\"%s\"}\n",
			    channels[i], path);
		else
			printf("brake key of %s: %s\n", channels[i], path);
	}
	return 0;
}

static void
print_trusted(const char *channel, const struct store_trusted *t)
{
	printf("%s  %s\ncompare this with what the root's holders say\n",
	    t->sha256, channel);
	if (t->first < t->version)
		printf("the chain to it begins with root %lld,\n%s\n",
		    (long long)t->first, t->first_sha256);
	if (t->first > 1)
		printf("machines that have only a root before %lld cannot"
		       " follow:\ngive the whole chain with --root DIR\n",
		    (long long)t->first);
}

static int
cmd_channel_add(const struct args *args, struct err *e)
{
	struct store_channel ask = { .id = args->argv[0],
		.mirror = args_flag(args, "mirror") };
	struct server_config conf;
	struct store_trusted t;
	AUTO_ARENA a = NULL;

	ask.roots = args_list(args, "root", &ask.nroots);
	if (ask.nroots == 0)
		return err_set(e, ERR_USAGE,
		    "channel add needs --root FILE, the root to trust, or the"
		    " chain of them");
	if (configure(args, &conf, &a, e) < 0 ||
	    store_channel_add(&conf, &ask, &t, e) < 0)
		return -1;
	if (t.shared[0] != '\0')
		(void)fprintf(stderr,
		    "sluiced: warning: %s and %s share %s: whoever has them"
		    " for the one ships on the other\n",
		    ask.id, t.shared_with, t.shared);
	if (args_flag(args, "json"))
		printf("{\"channel\":\"%s\",\"root_version\":%lld,"
		       "\"root_sha256\":\"%s\",\"first_version\":%lld,"
		       "\"first_sha256\":\"%s\"}\n",
		    ask.id, (long long)t.version, t.sha256, (long long)t.first,
		    t.first_sha256);
	else
		print_trusted(ask.id, &t);
	return 0;
}

static int
cmd_brake_next(const struct args *args, struct err *e)
{
	struct store_key_next next = { args->argv[0],
		args_flag(args, "replace") };
	struct server_config conf;
	AUTO_ARENA a = NULL;
	char path[4096];

	if (configure(args, &conf, &a, e) < 0)
		return -1;
	if (store_key_next(conf.state, &next, path, sizeof(path), e) < 0) {
		if (e->kind == ERR_CONFLICT)
			verb_hint("a root may name it already; --replace makes"
				  " another");
		return -1;
	}
	if (args_flag(args, "json"))
		printf("{\"channel\":\"%s\",\"key\":\"%s\"}\n", next.channel,
		    path);
	else
		printf("next brake key of %s: %s\nit signs once a root that"
		       " names it is published\n",
		    next.channel, path);
	return 0;
}

static void
print_imported(const json_t *facts)
{
	json_t *list = json_object_get(facts, "channels"), *c;
	char until[TIME_TEXT_SIZE];
	size_t i;

	json_array_foreach(list, i, c)
	{
		int64_t stamp_s = json_integer_value(
		    json_object_get(c, "timestamp_expires_s"));
		int64_t pub_s =
		    json_integer_value(json_object_get(c, "expires_s"));

		time_write(until, stamp_s < pub_s ? stamp_s : pub_s);
		printf("%s: publication %lld, %s of %s, served until %s\n",
		    json_string_value(json_object_get(c, "channel")),
		    (long long)json_integer_value(json_object_get(c, "m")),
		    json_string_value(json_object_get(c, "rung_kind")),
		    json_string_value(json_object_get(c, "rung_version")),
		    until);
	}
}

static int
cmd_import(const struct args *args, struct err *e)
{
	struct server_config conf;
	AUTO_ARENA a = NULL;
	AUTO_JSON facts = NULL;

	if (configure(args, &conf, &a, e) < 0 ||
	    (facts = store_import(&conf, args->argv[0], e)) == NULL)
		return -1;
	if (!args_flag(args, "json")) {
		print_imported(facts);
		return 0;
	}
	(void)json_object_del(facts, "blobs");
	(void)json_dumpf(facts, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	(void)putchar('\n');
	return 0;
}

static int
cmd_export(const struct args *args, struct err *e)
{
	struct store_export ask = { args_text(args, "out", NULL),
		args_text(args, "site", NULL), args_int(args, "days", 90) };
	struct server_config conf;
	AUTO_ARENA a = NULL;
	char key[64];
	int64_t rows;

	if (ask.out == NULL)
		return err_set(e, ERR_USAGE, "export-reports needs -o FILE");
	if (ask.days < 1 || ask.days > DAYS_MAX)
		return err_set(e, ERR_USAGE, "--days: 1 to %d", DAYS_MAX);
	if (configure(args, &conf, &a, e) < 0 ||
	    store_export(&conf, &ask, key, &rows, e) < 0)
		return -1;
	if (args_flag(args, "json"))
		printf(
		    "{\"key\":\"%s\",\"rows\":%lld}\n", key, (long long)rows);
	else
		printf("%lld counts, signed by %s\n", (long long)rows, key);
	return 0;
}

static int
cmd_check(const struct args *args, struct err *e)
{
	struct server_config conf;
	struct sandbox box = sandbox_probe();
	AUTO_ARENA a = NULL;

	if (configure(args, &conf, &a, e) < 0 || check_config(&conf, e) < 0)
		return -1;
	if (args_flag(args, "print"))
		config_print(stdout, &conf);
	else
		printf("configuration ok; landlock %d, seccomp %s\n",
		    box.landlock, box.seccomp ? "yes" : "no");
	return 0;
}

/* What a running server holds. */
static int
lock_state(const struct server_config *conf, struct arena *a, struct err *e)
{
	const char *path = file_path(a, e, conf->state, "lock");
	int fd;

	if (path == NULL)
		return -1;
	if ((fd = file_lock(path, false, e)) < 0)
		return err_in(e, "the server is running");
	return fd;
}

static int
cmd_prune(const struct args *args, struct err *e)
{
	struct server_config conf;
	AUTO_ARENA a = NULL;
	AUTO_FD lock = -1;
	char text[32];
	int64_t freed;

	if (configure(args, &conf, &a, e) < 0 ||
	    (lock = lock_state(&conf, a, e)) < 0 ||
	    store_prune(&conf, &freed, e) < 0)
		return -1;
	if (args_flag(args, "json"))
		printf("{\"freed\":%lld}\n", (long long)freed);
	else
		printf("freed %s\n", size_text(text, sizeof(text), freed));
	return 0;
}

static void
print_restored(const json_t *list)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		const char *channel =
		    json_string_value(json_object_get(v, "channel"));
		const char *error =
		    json_string_value(json_object_get(v, "error"));
		int64_t m = json_integer_value(json_object_get(v, "brake_m"));

		if (error != NULL)
			printf("%s: %s\n", channel, error);
		else if (m > json_integer_value(json_object_get(v, "m")))
			printf("%s: publication %lld is missing: push it"
			       " again; what is unfinished is halted then\n",
			    channel, (long long)m);
		else
			printf("%s: what is unfinished is halted at the next"
			       " start\n",
			    channel);
	}
}

static int
cmd_restored(const struct args *args, struct err *e)
{
	struct server_config conf;
	AUTO_ARENA a = NULL;
	AUTO_FD lock = -1;
	AUTO_JSON list = NULL;

	if (configure(args, &conf, &a, e) < 0 ||
	    (lock = lock_state(&conf, a, e)) < 0 ||
	    (list = store_restored(&conf, e)) == NULL)
		return -1;
	if (!args_flag(args, "json")) {
		print_restored(list);
		return 0;
	}
	(void)json_dumpf(list, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	(void)putchar('\n');
	return 0;
}

// clang-format off
static const struct opt common[] = {
	{ "config", 'c', OPT_TEXT, "FILE",
	    "configuration (" CONFIG_FILE " if there is one)" },
	{ "state", 's', OPT_TEXT, "DIR", "state directory" },
	{ "json", 0, OPT_FLAG, NULL, "print JSON" },
};
static const struct opt init_opts[] = {
	{ "channel", 0, OPT_LIST, "PRODUCT/CHANNEL",
	    "make this channel's brake key too; may be repeated" },
};
static const struct opt channel_opts[] = {
	{ "root", 0, OPT_LIST, "FILE|DIR",
	    "the root to trust, and those before it" },
	{ "mirror", 0, OPT_FLAG, NULL, "served from bundles; needs no brake" },
};
static const struct opt next_opts[] = {
	{ "replace", 0, OPT_FLAG, NULL, "instead of one that waits already" },
};
static const struct opt export_opts[] = {
	{ "out", 'o', OPT_TEXT, "FILE", "where the counts go" },
	{ "site", 0, OPT_TEXT, "NAME", "this site's name (from its key)" },
	{ "days", 0, OPT_INT, "N", "how far back (90)" },
};
static const struct opt check_opts[] = {
	{ "print", 'n', OPT_FLAG, NULL, "print the effective configuration" },
};
static const struct verb verbs[] = {
	{ "run", "", "serve until SIGTERM", cmd_run, NULL, 0, 0, 0 },
	{ "init", "", "make the state directory, tokens and brake keys",
	    cmd_init, init_opts, COUNT(init_opts), 0, 0 },
	{ "channel add", "PRODUCT/CHANNEL", "trust a channel's root",
	    cmd_channel_add, channel_opts, COUNT(channel_opts), 1, 1 },
	{ "brake next", "PRODUCT/CHANNEL", "make the brake key that is to follow",
	    cmd_brake_next, next_opts, COUNT(next_opts), 1, 1 },
	{ "import", "FILE", "take a bundle into the channels mirrored here",
	    cmd_import, NULL, 0, 1, 1 },
	{ "export-reports", "", "what clients reported, for the server outside",
	    cmd_export, export_opts, COUNT(export_opts), 0, 0 },
	{ "check", "", "check the configuration without starting", cmd_check,
	    check_opts, COUNT(check_opts), 0, 0 },
	{ "restored", "", "the state comes from a backup (server stopped)",
	    cmd_restored, NULL, 0, 0, 0 },
	{ "prune", "", "drop what nothing names any more (server stopped)",
	    cmd_prune, NULL, 0, 0, 0 },
};
static const struct program program = {
	"sluiced", "update server: hands each client its rung of a signed"
	" ladder", verbs, COUNT(verbs), common, COUNT(common), NULL,
};
// clang-format on

int
main(int argc, char **argv)
{
	struct err e;

	if (secret_process(&e) < 0) {
		(void)fprintf(stderr, "sluiced: error: %s\n", e.msg);
		return 2;
	}
	/* from the kernel's randomness, while it can still be opened */
	json_object_seed(0);
	return verb_main(&program, argc, argv);
}
