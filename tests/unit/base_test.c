/* Arena, buffers, files, configuration, verbs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/buf.h"
#include "manifest/base/conf.h"
#include "manifest/base/digest.h"
#include "manifest/base/file.h"
#include "manifest/base/verb.h"
#include "tests/tap.h"

static void
kinds_have_names(void)
{
	for (int k = ERR_USAGE; k <= ERR_SYS; k++)
		CHECK_INT(err_kind_named(err_name((enum err_kind)k)), k);
	CHECK_INT(err_kind_named("chef"), ERR_SYS);
	CHECK_INT(err_kind_named(""), ERR_SYS);
	/* who reports an error does not make it a success */
	CHECK_INT(err_kind_named("none"), ERR_SYS);
}

static void
messages_hide_passwords(void)
{
	struct err e = { 0 };

	err_set(&e, ERR_SYS, "%s: answered 500 (see %s)",
	    "https://joe:s3cret@host.example/a@b?c", "http://jane@x");
	CHECK_TEXT(
	    e.msg, "https://host.example/a@b?c: answered 500 (see http://x)");
	err_in(&e, "ftp://p:w@q");
	err_in(&e, "ftp://p:w@q");
	CHECK_TEXT(e.msg,
	    "ftp://q: https://host.example/a@b?c: answered 500 (see http://x)");
	errno = ENOENT;
	err_sys(&e, "a@b://c@d:1@e");
	CHECK_TEXT(e.msg, "a@b://e: No such file or directory");
	err_set(&e, ERR_SYS, "x@y: http://");
	CHECK_TEXT(e.msg, "x@y: http://");
}

static void
arena_has_a_limit(void)
{
	AUTO_ARENA a = arena_new(10000);
	struct err e = { 0 };
	char *s = arena_text(a, "kept", &e);

	CHECK_TEXT(s, "kept");
	CHECK(arena_get(a, 9000, &e) != NULL);
	CHECK(arena_get(a, 9000, &e) == NULL);
	CHECK_INT(e.kind, ERR_LIMIT);
	CHECK(arena_array(a, SIZE_MAX / 2, 4, &e) == NULL);
	CHECK_TEXT(s, "kept");
	CHECK(arena_get(a, 0, &e) != NULL);
	arena_reset(a);
	CHECK_TEXT(arena_printf(a, &e, "%d-%s", 7, "x"), "7-x");
}

static void
buffer_latches_its_failure(void)
{
	AUTO_BUF b;
	struct err e;

	buf_init(&b, 5);
	CHECK_TEXT(buf_str(&b), "");
	buf_text(&b, "abc");
	buf_printf(&b, "%d", 123);
	CHECK_INT(buf_ok(&b, &e), -1);
	buf_text(&b, "d");
	CHECK_TEXT(buf_str(&b), "abc");
	buf_reset(&b);
	buf_printf(&b, "%05d", 42);
	CHECK_INT(buf_ok(&b, &e), 0);
	CHECK_TEXT(buf_str(&b), "00042");
}

static const char *
in_tmp(struct arena *a, const char *name)
{
	struct err e;

	return file_path(a, &e, tap_tmpdir(), name);
}

static void
files_are_replaced_whole(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	const char *path = in_tmp(a, "file");
	struct err e;
	struct bytes got;
	struct stat st;

	CHECK_INT(file_read(a, path, 10, &got, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(file_replace(path, "one", 3, 0600, &e), 0);
	CHECK_INT(file_create(path, "two", 3, 0600, &e), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
	CHECK_INT(file_replace(path, "three", 5, 0644, &e), 0);
	CHECK_INT(file_read(a, path, 5, &got, &e), 0);
	CHECK_INT(got.len, 5);
	CHECK_BYTES(got.at, "three", 6);
	CHECK_INT(file_read(a, path, 4, &got, &e), -1);
	CHECK_INT(e.kind, ERR_LIMIT);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0644);
	CHECK_INT(file_read(a, tap_tmpdir(), 10, &got, &e), -1);
	CHECK_INT(file_copy(path, in_tmp(a, "copy"), 0600, &e), 0);
	CHECK_INT(file_size(in_tmp(a, "copy"), &e), 5);
}

static int
count_files(void *ctx, const char *path, int64_t size, struct err *e)
{
	struct buf *b = ctx;

	(void)e;
	buf_printf(b, "%s:%d ", path, (int)size);
	return 0;
}

static void
trees_are_walked_and_removed_without_following_links(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	AUTO_BUF b;
	const char *top = in_tmp(a, "tree");
	struct err e;
	AUTO_FD dir = -1;

	buf_init(&b, 1000);
	CHECK_INT(file_mkdirs(in_tmp(a, "tree/x/y"), 0700, &e), 0);
	CHECK_INT(file_mkdirs(in_tmp(a, "tree/x/y"), 0700, &e), 0);
	CHECK_INT(file_replace(in_tmp(a, "tree/x/y/f"), "1", 1, 0600, &e), 0);
	CHECK_INT(file_replace(in_tmp(a, "tree/b"), "22", 2, 0600, &e), 0);
	CHECK_INT(file_each(top, count_files, &b, &e), 0);
	CHECK_TEXT(buf_str(&b), "b:2 x/y/f:1 ");
	CHECK_INT(file_replace(in_tmp(a, "outside"), "3", 1, 0600, &e), 0);
	CHECK_INT(symlink(in_tmp(a, "outside"), in_tmp(a, "tree/link")), 0);
	CHECK_INT(file_each(top, count_files, &b, &e), -1);
	dir = open(top, O_RDONLY | O_DIRECTORY);
	CHECK_INT(file_open_beneath(dir, "../outside", O_RDONLY, 0, &e), -1);
	CHECK_INT(file_open_beneath(dir, "link", O_RDONLY, 0, &e), -1);
	CHECK_INT(file_open_beneath(dir, "/etc/passwd", O_RDONLY, 0, &e), -1);
	CHECK_INT(file_remove_tree(top, &e), 0);
	CHECK(!file_exists(top));
	CHECK(file_exists(in_tmp(a, "outside")));
	CHECK_INT(file_remove_tree(top, &e), 0);
}

static void
one_process_holds_a_lock(void)
{
	AUTO_ARENA a = arena_new(1 << 16);
	struct err e;
	AUTO_FD one = file_lock(in_tmp(a, "lock"), false, &e);
	AUTO_FD two = file_lock(in_tmp(a, "lock"), false, &e);

	CHECK(one >= 0);
	CHECK_INT(two, -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
}

static void
digests_match_the_standard(void)
{
	char hex[SHA256_HEX_SIZE];
	uint8_t d[SHA256_SIZE];
	AUTO_ARENA a = arena_new(1 << 16);
	const char *path = in_tmp(a, "abc");
	int64_t size;
	struct err e;

	sha256_hex(hex, "abc", 3); /* FIPS 180-4 example */
	CHECK_TEXT(hex,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
	    "ff61f20015ad");
	CHECK_INT(file_replace(path, "abc", 3, 0600, &e), 0);
	CHECK_INT(digest_file(path, d, &size, &e), 0);
	CHECK_INT(size, 3);
	hex_write(hex, d, sizeof(d));
	CHECK(strncmp(hex, "ba7816bf", 8) == 0);
}

struct conf {
	const char *url;
	int64_t workers, size, wait;
	bool report;
};
static const struct conf_key keys[] = {
	{ "url", CONF_TEXT, offsetof(struct conf, url), 1, 20, NULL, "where" },
	{ "workers", CONF_INT, offsetof(struct conf, workers), 1, 8, "2", "n" },
	{ "size", CONF_SIZE, offsetof(struct conf, size), 0, 1 << 20, "4K",
	    "bytes" },
	{ "wait", CONF_DURATION, offsetof(struct conf, wait), 0, 86400, "4h",
	    "time" },
	{ "report", CONF_BOOL, offsetof(struct conf, report), 0, 0, "yes",
	    "whether" },
};

static int
read_conf(const char *text, struct conf *c, struct err *e)
{
	static struct arena *a;
	const char *path;

	arena_free(a);
	a = arena_new(1 << 20);
	*c = (struct conf){ 0 };
	path = in_tmp(a, "conf");
	if (file_replace(path, text, strlen(text), 0600, e) < 0)
		return -1;
	return conf_read(c, keys, COUNT(keys), path, true, "SLTEST", a, e);
}

static void
configuration_is_strict(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "nope = 1\n", "conf:1: unknown key: nope" },
		{ "\nworkers = 2\nworkers = 2\n", "conf:3: workers is set" },
		{ "workers = 9\n", "workers = 9" },
		{ "workers 3\n", "not \"key = value\"" },
		{ "report = maybe\n", "yes or no" },
		{ "url = 123456789012345678901\n", "1 to 20" },
		{ "size = 2M\n", "size = 2M" },
		{ "\xff\n", "UTF-8" },
	};
	struct conf c;
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK_INT(read_conf(bad[i].text, &c, &e), -1);
		CHECK_INT(err_exit(e.kind), 2);
		if (!CHECK(strstr(e.msg, bad[i].why) != NULL))
			tap_note("%s", e.msg);
	}
	CHECK_INT(read_conf("# all\n url =  a b \nreport=no\n", &c, &e), 0);
	CHECK_TEXT(c.url, "a b");
	CHECK(!c.report);
	CHECK_INT(c.workers, 2);
	CHECK_INT(c.size, 4096);
	CHECK_INT(c.wait, 14400);
	CHECK_INT(setenv("SLTEST_WORKERS", "5", 1), 0);
	CHECK_INT(read_conf("workers = 3\n", &c, &e), 0);
	CHECK_INT(c.workers, 5);
	CHECK_INT(unsetenv("SLTEST_WORKERS"), 0);
}

static int seen_percent;
static size_t seen_list;

static int
run_set(const struct args *a, struct err *e)
{
	size_t n;

	(void)e;
	(void)args_list(a, "item", &n);
	seen_list = n;
	seen_percent = (int)args_int(a, "percent", -1);
	return a->argc + (args_flag(a, "yes") ? 10 : 0);
}

static int
run_missing(const struct args *args, struct err *err)
{
	(void)args;
	return err_set(err, ERR_MISSING, "not there");
}

static int
run_fail(const struct args *a, struct err *e)
{
	(void)a;
	return err_set(e, ERR_REFUSED, "no");
}

static int
verbs(const char *a, const char *b, const char *c, const char *d)
{
	static const struct opt opts[] = {
		{ "yes", 'y', OPT_FLAG, NULL, "yes" },
		{ "percent", 0, OPT_PERCENT, "N", "percent" },
		{ "item", 0, OPT_LIST, "X", "item" },
	};
	static const struct opt common[] = {
		{ "state", 0, OPT_TEXT, "DIR", "state" },
	};
	static const struct verb table[] = {
		{ "set", "[X]", "set", run_set, opts, COUNT(opts), 0, 2 },
		{ "set up", "", "set up", run_fail, NULL, 0, 0, 0 },
		{ "foreign", "X", "", run_missing, NULL, 0, 0, 1 },
		{ "known", "X", "", run_missing, NULL, 0, 0, 1 },
	};
	static const struct program p = { "prog", "about", table, COUNT(table),
		common, COUNT(common), "foreign" };
	const char *argv[] = { "prog", a, b, c, d, NULL };
	int argc = 1;

	while (argv[argc] != NULL)
		argc++;
	return verb_main(&p, argc, (char **)(uintptr_t)argv);
}

static void
command_lines_are_parsed(void)
{
	CHECK_INT(verbs("set", NULL, NULL, NULL), 0);
	CHECK_INT(verbs("set", "a", "-y", "b"), 12);
	CHECK_INT(verbs("set", "--percent=12.5", NULL, NULL), 0);
	CHECK_INT(seen_percent, 1250);
	CHECK_INT(verbs("set", "--item=a", "--item", "b"), 0);
	CHECK_INT(seen_list, 2);
	CHECK_INT(verbs("--state", "x", "set", "a"), 1);
	CHECK_INT(verbs("set", "--", "-y", NULL), 1);
	/* refused and wrong */
	CHECK_INT(verbs("set", "up", NULL, NULL), 1);
	CHECK_INT(verbs("set", "--percent", "101", NULL), 2);
	CHECK_INT(verbs("set", "--percent", NULL, NULL), 2);
	CHECK_INT(verbs("set", "--yes=1", NULL, NULL), 2);
	CHECK_INT(verbs("set", "-y", "-y", NULL), 2);
	CHECK_INT(verbs("set", "--nope", NULL, NULL), 2);
	CHECK_INT(verbs("set", "a", "b", "c"), 2);
	CHECK_INT(verbs("nope", NULL, NULL, NULL), 2);
	/* one that fails with 1, wherever it stands and whyever it fails */
	CHECK_INT(verbs("known", NULL, NULL, NULL), 2);
	CHECK_INT(verbs("foreign", NULL, NULL, NULL), 1);
	CHECK_INT(verbs("--state", "x", "foreign", NULL), 1);
	CHECK_INT(verbs("--state", "x", "foreign", "--nope"), 1);
	CHECK_INT(verbs(NULL, NULL, NULL, NULL), 2);
}

int
main(void)
{
	static const struct tap_test tests[] = {
		TAP(kinds_have_names),
		TAP(messages_hide_passwords),
		TAP(arena_has_a_limit),
		TAP(buffer_latches_its_failure),
		TAP(files_are_replaced_whole),
		TAP(trees_are_walked_and_removed_without_following_links),
		TAP(one_process_holds_a_lock),
		TAP(digests_match_the_standard),
		TAP(configuration_is_strict),
		TAP(command_lines_are_parsed),
	};

	return tap_run(tests, COUNT(tests));
}
