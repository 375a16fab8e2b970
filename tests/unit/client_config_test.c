/*
 * sluice.conf: defaults, refusals, overrides.
 */
#include "client/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "tests/tap.h"

static int
load(struct arena *a, const char *text, const struct config_override *over,
    struct config *c, struct err *e)
{
	struct config_override o =
	    over != NULL ? *over : (struct config_override){ 0 };
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/sluice.conf", tap_tmpdir());
	if (file_replace(path, text, strlen(text), 0600, e) < 0)
		return -1;
	o.file = path;
	return config_load(c, &o, a, e);
}

static void
config_has_defaults(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct config c;
	struct err e = { 0 };

	CHECK_INT(load(a,
		      "# a comment\n"
		      "url = https://updates.example.org/\n"
		      "product = editor\n",
		      NULL, &c, &e),
	    0);
	CHECK_TEXT(c.url, "https://updates.example.org");
	CHECK_TEXT(c.channel, "stable");
	CHECK_TEXT(c.state, "/var/lib/sluice");
	CHECK_TEXT(c.allow_rollback, "yes");
	CHECK_TEXT(c.os, "linux");
	CHECK(c.arch != NULL && c.arch[0] != 0);
	CHECK_INT(c.interval_s, 4 * 3600);
	CHECK_INT(c.max_starts, 3);
	CHECK(!c.mirror && c.report && c.delta && !c.confirm);
	CHECK(c.early == NULL && c.install == NULL && c.root == NULL);
}

static void
config_refuses_what_is_wrong(void)
{
#define GOOD "url = https://u.example\nproduct = editor\n"
	static const char *const wrong[] = {
		"url = https://u.example\n",
		"url = ftp://u.example\nproduct = editor\n",
		"url = file://relative\nproduct = editor\n",
		"url = https://u.example\nproduct = ../editor\n",
		"url = https://u.example\nproduct = a/b\n",
		GOOD "channel = .hidden\n",
		GOOD "channel = a b\n",
		GOOD "early = a/b\n",
		GOOD "state = relative\n",
		GOOD "install = relative/too\n",
		GOOD "allow_rollback = maybe\n",
		GOOD "interval = 5s\n",
		GOOD "interval = soon\n",
		GOOD "max_starts = 0\n",
		GOOD "mirror = 1\n",
		GOOD "nonsense = 1\n",
		GOOD "product = twice\n",
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO_ARENA a = arena_new(1 << 20);
		struct config c;
		struct err e = { 0 };

		if (!CHECK_INT(load(a, wrong[i], NULL, &c, &e), -1))
			tap_note("%s", wrong[i]);
		CHECK(e.msg[0] != 0);
	}
}

static void
config_is_overridden(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct config_override o = { .url = "file:///srv/mirror",
		.state = "/tmp/s",
		.install = "/opt/editor",
		.channel = "canary" };
	struct config c;
	struct err e = { 0 };

	CHECK_INT(setenv("SLUICE_INTERVAL", "1h", 1), 0);
	CHECK_INT(
	    load(a, GOOD "interval = 2h\nstate = /var/x\n", &o, &c, &e), 0);
	CHECK_INT(unsetenv("SLUICE_INTERVAL"), 0);
	CHECK_TEXT(c.url, "file:///srv/mirror");
	CHECK_TEXT(c.state, "/tmp/s");
	CHECK_TEXT(c.install, "/opt/editor");
	CHECK_TEXT(c.channel, "canary");
	CHECK_INT(c.interval_s, 3600);
	CHECK_TEXT(config_channel_dir(&c, "beta", a, &e),
	    "/tmp/s/editor/channels/beta");
}

static void
config_file_must_be_there_when_it_is_named(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct config_override o = { .file = "/nonexistent/sluice.conf" };
	struct config c;
	struct err e = { 0 };

	CHECK_INT(config_load(&c, &o, a, &e), -1);
}

static const struct tap_test tests[] = {
	TAP(config_has_defaults),
	TAP(config_refuses_what_is_wrong),
	TAP(config_is_overridden),
	TAP(config_file_must_be_there_when_it_is_named),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
