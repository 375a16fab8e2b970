/*
 * The shared library as an embedding program meets it: libsluice.so.0, its
 * public header, and nothing else of ours inside it is visible.
 */
#include "client/libsluice.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static void *library;

/* Data pointers and functions share a representation here (POSIX). */
#define FUNCTION(name)                            \
	__extension__ __typeof__(&name) name##_ = \
	    (__typeof__(&name))dlsym(library, #name)

static void
library_opens(void)
{
	const char *build = getenv("SLUICE_BUILD");
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/lib/libsluice.so.0",
	    build != NULL ? build : "build");
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!CHECK(library != NULL))
		tap_note("%s", dlerror());
}

static void
library_shows_its_header_and_nothing_else(void)
{
	static const char *const shown[] = { "sluice_version", "sluice_open",
		"sluice_close", "sluice_error", "sluice_hint", "sluice_init",
		"sluice_check", "sluice_update", "sluice_rollback",
		"sluice_channel", "sluice_started", "sluice_confirm",
		"sluice_report", "sluice_status", "sluice_delay_s" };
	static const char *const hidden[] = { "state_parse", "trust_start",
		"manifest_read", "file_replace", "err_set", "delta_apply" };

	if (library == NULL) {
		tap_skip("no library");
		return;
	}
	for (size_t i = 0; i < COUNT(shown); i++)
		CHECK(dlsym(library, shown[i]) != NULL);
	for (size_t i = 0; i < COUNT(hidden); i++)
		CHECK(dlsym(library, hidden[i]) == NULL);
}

static int
configure(char path[static 1024])
{
	FILE *f;

	(void)snprintf(path, 1024, "%s/sluice.conf", tap_tmpdir());
	if ((f = fopen(path, "w")) == NULL)
		return -1;
	(void)fprintf(f,
	    "url = file:///nonexistent\nproduct = editor\n"
	    "state = %s/state\nmachine_id = machine-1\n",
	    tap_tmpdir());
	return fclose(f);
}

static void
library_is_used_by_its_header_alone(void)
{
	char path[1024];
	struct sluice_options o = { .size = sizeof(o), .config = path };
	struct sluice_result r = { .size = sizeof(r) };
	struct sluice_status st = { .size = sizeof(st) };
	struct sluice *s = NULL;

	if (library == NULL) {
		tap_skip("no library");
		return;
	}
	FUNCTION(sluice_open);
	FUNCTION(sluice_close);
	FUNCTION(sluice_check);
	FUNCTION(sluice_status);
	FUNCTION(sluice_error);
	FUNCTION(sluice_hint);
	FUNCTION(sluice_version);

	CHECK(strchr(sluice_version_(), '.') != NULL);
	if (!CHECK_INT(configure(path), 0))
		return;
	CHECK_INT(sluice_open_(&s, &o), SLUICE_OK);
	CHECK_INT(sluice_status_(s, &st), SLUICE_OK);
	CHECK_TEXT(st.product, "editor");
	CHECK_TEXT(st.channel, "stable");
	CHECK_TEXT(st.client_id,
	    "06bcd0dcc4a930d59abb8ad6ec4a32fc186de028932dbc7c9990b6e72f72ba68");
	CHECK_INT(sluice_check_(s, 0, &r), SLUICE_UNKNOWN);
	CHECK(strstr(sluice_error_(s), "root") != NULL);
	CHECK(sluice_hint_(s)[0] != 0);
	sluice_close_(s);
}

/* An older program's smaller struct is not written past its end. */
static void
library_respects_the_size_of_structs(void)
{
	char path[1024];
	struct sluice_options o = { .size = sizeof(o), .config = path };
	struct {
		struct sluice_status st;
	} both;
	struct sluice *s = NULL;
	size_t small = offsetof(struct sluice_status, platform);

	if (library == NULL) {
		tap_skip("no library");
		return;
	}
	FUNCTION(sluice_open);
	FUNCTION(sluice_close);
	FUNCTION(sluice_status);

	if (!CHECK_INT(configure(path), 0))
		return;
	memset(&both, 0xa5, sizeof(both));
	both.st.size = small;
	CHECK_INT(sluice_open_(&s, &o), SLUICE_OK);
	CHECK_INT(sluice_status_(s, &both.st), SLUICE_OK);
	CHECK_TEXT(both.st.product, "editor");
	CHECK_INT(both.st.size, small);
	CHECK_INT((unsigned char)both.st.platform[0], 0xa5);
	both.st.size = 1;
	CHECK_INT(sluice_status_(s, &both.st), SLUICE_UNKNOWN);
	sluice_close_(s);
	CHECK_INT(
	    sluice_open_(&s, &(struct sluice_options){ 0 }), SLUICE_UNKNOWN);
	sluice_close_(s);
}

static const struct tap_test tests[] = {
	TAP(library_opens),
	TAP(library_shows_its_header_and_nothing_else),
	TAP(library_is_used_by_its_header_alone),
	TAP(library_respects_the_size_of_structs),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
