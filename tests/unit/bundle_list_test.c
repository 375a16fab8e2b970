/*
 * The signed list of a bundle: its form, its paths, who signed it.
 */
#include <string.h>

#include "manifest/bundle.h"
#include "tests/repo.h"
#include "tests/tap.h"

static const char digest[] =
    "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";

static void
list_says_where_paths_belong(void)
{
	static const struct {
		const char *path;
		enum bundle_class is;
	} paths[] = {
		{ "editor/stable/1.root.json", BUNDLE_METADATA },
		{ "client/stable/1.root.json", BUNDLE_METADATA },
		{ "editor/stable/targets/ab.manifest.json", BUNDLE_MANIFEST },
		{ "editor/stable/targets/ab.manifest.json.minisig",
		    BUNDLE_MANIFEST },
		{ "editor/stable/targets/1.0.0/linux-x86_64/a", BUNDLE_TARGET },
		{ "client/sluice", BUNDLE_CLIENT },
		{ "editor/stable/targets/x", BUNDLE_NONE },
		{ "editor/stable/x.txt", BUNDLE_NONE },
		{ "editor/x.json", BUNDLE_NONE },
		{ "client/a/b", BUNDLE_NONE },
		{ "SHA256SUMS", BUNDLE_NONE },
		{ "", BUNDLE_NONE },
		{ "/etc/passwd", BUNDLE_NONE },
		{ "../editor/stable/1.root.json", BUNDLE_NONE },
		{ "editor/../stable/1.root.json", BUNDLE_NONE },
		{ "editor/stable/.hidden.json", BUNDLE_NONE },
		{ "editor/stable/targets/1.0.0/../x", BUNDLE_NONE },
		{ "editor/stable/targets/1.0.0//x", BUNDLE_NONE },
		{ "editor/stable/a b.json", BUNDLE_NONE },
		{ "editor/stable/1.root.json/", BUNDLE_NONE },
	};

	for (size_t i = 0; i < COUNT(paths); i++) {
		if (!CHECK_INT(bundle_class(paths[i].path), paths[i].is))
			tap_note("%s", paths[i].path);
	}
}

#define HEAD                               \
	"# sluice-bundle/1\n"              \
	"# created 2026-01-31T00:00:00Z\n" \
	"# expires 2026-05-01T00:00:00Z\n"
#define CHANNEL "# channel editor/stable\n"
#define LINE(size, path)                                                   \
	"# size " size "\n"                                                \
	"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9" \
	"  editor/stable/" path "\n"
#define HAVE(size, path)                                                    \
	"# have " size                                                      \
	" b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9" \
	"  editor/stable/" path "\n"
#define SINCE      \
	"# since " \
	"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9\n"

static void
list_is_read(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct err e;
	const struct bundle *b = bundle_read(a,
	    repo_text(HEAD SINCE CHANNEL LINE("12", "1.root.json")
		    LINE("3", "targets/1.0.0/linux-x86_64/x")
			HAVE("5", "targets/0.9.0/linux-x86_64/y")),
	    &e);

	if (!CHECK(b != NULL)) {
		tap_note("%s", e.msg);
		return;
	}
	CHECK_INT(b->expires_s - b->created_s, 90 * REPO_DAY_S);
	CHECK_TEXT(b->since, digest);
	CHECK_INT(b->nchannels, 1);
	CHECK_INT(b->nmembers, 3);
	CHECK_INT(bundle_bytes(b), 15);
	CHECK(b->members[2].have && !b->members[1].have);
	CHECK(bundle_find(b, "editor/stable/1.root.json") == &b->members[0]);
	CHECK(bundle_find(b, "editor/stable/2.root.json") == NULL);
}

static void
list_refuses_what_is_malformed(void)
{
	static const char *const wrong[] = {
		"",
		"x",
		HEAD,
		HEAD CHANNEL,
		HEAD LINE("1", "1.root.json"),
		HEAD CHANNEL LINE("01", "1.root.json"),
		HEAD CHANNEL LINE("-1", "1.root.json"),
		HEAD CHANNEL LINE("99999999999999999999", "1.root.json"),
		HEAD CHANNEL LINE("1", "../x.json"),
		HEAD CHANNEL LINE("1", "2.root.json") LINE("1", "1.root.json"),
		HEAD CHANNEL LINE("1", "1.root.json") LINE("1", "1.root.json"),
		HEAD CHANNEL LINE("1", "targets/1.0.0/a-b/x")
		    LINE("1", "1.root.json"),
		HEAD CHANNEL HAVE("1", "targets/1.0.0/a-b/x"),
		HEAD "# channel other/stable\n" LINE("1", "1.root.json"),
		HEAD "# channel editor\n" LINE("1", "1.root.json"),
		HEAD CHANNEL CHANNEL LINE("1", "1.root.json"),
		HEAD CHANNEL LINE("1", "1.root.json") "\n",
		HEAD CHANNEL LINE("1", "1.root.json") "# comment\n",
		HEAD CHANNEL "# size 1\nb94d  editor/stable/1.root.json\n",
		HEAD CHANNEL "# size 1\n",
		HEAD CHANNEL LINE("4398046511104", "1.root.json")
		    LINE("4398046511104", "2.root.json"),
		"# sluice-bundle/2\n# created 2026-01-31T00:00:00Z\n"
		"# expires 2026-05-01T00:00:00Z\n" CHANNEL LINE(
		    "1", "1.root.json"),
		"# sluice-bundle/1\n# created 2026-05-01T00:00:00Z\n"
		"# expires 2026-05-01T00:00:00Z\n" CHANNEL LINE(
		    "1", "1.root.json"),
		"# sluice-bundle/1\n# created yesterday\n"
		"# expires 2026-05-01T00:00:00Z\n" CHANNEL LINE(
		    "1", "1.root.json"),
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		AUTO_ARENA a = arena_new(8 << 20);
		struct err e = { 0 };

		if (!CHECK(bundle_read(a, repo_text(wrong[i]), &e) == NULL))
			tap_note("%s", wrong[i]);
		CHECK(e.msg[0] != '\0');
	}
}

static void
list_is_signed_by_a_key_that_root_names(void)
{
	AUTO_REPO r = repo_new("editor", "stable");
	struct repo_key twin = repo_key("twin"), mini = repo_key("mini");
	struct repo_key other = repo_key("release-1");
	struct bytes list = repo_text("a list\n");
	const struct role *root;
	struct err e;

	root = role_read(r->arena, ROLE_ROOT, repo_root(r, 1), ROLE_STRICT, &e);
	CHECK_INT(
	    bundle_verify(list, repo_minisign(r, &twin, "x", list), root, &e),
	    0);
	CHECK_INT(
	    bundle_verify(list, repo_minisign(r, &other, "x", list), root, &e),
	    -1);
	CHECK_INT(e.kind, ERR_AUTH);
	CHECK_INT(bundle_verify(repo_text("another\n"),
		      repo_minisign(r, &twin, "x", list), root, &e),
	    -1);
	/* where root names minisign keys, only those count */
	r->minisign = repo_keys(1, "mini");
	root = role_read(r->arena, ROLE_ROOT, repo_root(r, 1), ROLE_STRICT, &e);
	CHECK_INT(
	    bundle_verify(list, repo_minisign(r, &mini, "x", list), root, &e),
	    0);
	CHECK_INT(
	    bundle_verify(list, repo_minisign(r, &twin, "x", list), root, &e),
	    -1);
}

static const struct tap_test tests[] = {
	TAP(list_says_where_paths_belong),
	TAP(list_is_read),
	TAP(list_refuses_what_is_malformed),
	TAP(list_is_signed_by_a_key_that_root_names),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
