/*
 * Bundles: the list, the archive around it, and what a reader refuses.  Each
 * hostile bundle is one change away from a good one.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "manifest/base/file.h"
#include "manifest/base/pack.h"
#include "manifest/bundle_file.h"
#include "tests/repo.h"
#include "tests/tap.h"
#include "tests/trusting.h"

#define ITEMS 16
#define SPLIT 300

/* A member as it is put into the archive. */
struct item {
	char name[1200];
	struct bytes data;
	int64_t size; /* as the header says; -1: as it is */
	unsigned type;
	const char *link;
};

struct world {
	struct repo *repo;
	struct arena *a;
	struct bytes root;
	struct item items[ITEMS];
	size_t n;
	size_t listed; /* items from 2 to here are on the list */
	int64_t created_s, expires_s;
	const char *channel; /* on the list */
	struct repo_key list_key;
	struct bytes tail; /* after the frame */
	size_t zeros;	   /* after the tar */
};

/* --- building --------------------------------------------------------------- */

static void
put(struct world *w, const char *name, struct bytes data)
{
	struct item *i = &w->items[w->n++];

	memset(i, 0, sizeof(*i));
	(void)snprintf(i->name, sizeof(i->name), "%s", name);
	i->data = data;
	i->size = -1;
	i->type = AE_IFREG;
}

static struct bytes
hold_manifest(struct world *w)
{
	struct manifest m = { .product = "editor",
		.channel = "stable",
		.created_s = REPO_NOW_S - REPO_DAY_S,
		.expires_s = REPO_NOW_S + 30 * REPO_DAY_S,
		.kind = MANIFEST_RELEASE };
	struct err e;
	struct bytes out;
	AUTO_BUF b;

	buf_init(&b, MANIFEST_MAX);
	if (manifest_write(&m, &b, &e) < 0)
		abort();
	out.len = b.len;
	out.at = arena_bytes(w->a, b.at, b.len, &e);
	return out;
}

static void
world_open(struct world *w)
{
	char name[200], hex[SHA256_HEX_SIZE];
	struct repo_view v;
	struct target t;
	struct bytes m;

	memset(w, 0, sizeof(*w));
	w->repo = repo_new("editor", "stable");
	w->a = w->repo->arena;
	w->repo->timestamp.offline = true;
	w->created_s = REPO_NOW_S - 3600;
	w->expires_s = REPO_NOW_S + 90 * REPO_DAY_S;
	w->channel = "editor/stable";
	w->list_key = repo_key("twin");
	w->root = repo_root(w->repo, 1);
	m = hold_manifest(w);
	t = repo_target("manifest.json", m);
	v = repo_view(w->repo, 3200, &t, 1);
	sha256_hex(hex, m.at, m.len);
	put(w, BUNDLE_LIST, repo_text(""));
	put(w, "editor/stable/" BUNDLE_LIST ".minisig", repo_text(""));
	put(w, "editor/stable/1.root.json", w->root);
	put(w, "editor/stable/3200.snapshot.json", v.snapshot);
	put(w, "editor/stable/3200.targets.json", v.targets);
	put(w, "editor/stable/timestamp.json", v.timestamp);
	(void)snprintf(
	    name, sizeof(name), "editor/stable/targets/%s.manifest.json", hex);
	put(w, name, m);
	put(w, "editor/stable/targets/1.0.0/linux-x86_64/0123.editor",
	    repo_text("the program"));
	put(w, "client/sluice", repo_text("another"));
	w->listed = w->n;
}

static void
world_close(struct world *w)
{
	repo_free(w->repo);
}

/* Make the list and its signature from what the items are now. */
static void
world_list(struct world *w)
{
	struct bundle_member m[ITEMS] = { 0 };
	struct bundle b = { .created_s = w->created_s,
		.expires_s = w->expires_s,
		.channels = &w->channel,
		.nchannels = 1,
		.members = m };
	struct err e;
	AUTO_BUF out;

	for (size_t i = 2; i < w->listed; i++, b.nmembers++) {
		m[b.nmembers].path = w->items[i].name;
		m[b.nmembers].size = (int64_t)w->items[i].data.len;
		sha256(m[b.nmembers].sha256, w->items[i].data.at,
		    w->items[i].data.len);
	}
	buf_init(&out, BUNDLE_LIST_MAX);
	if (bundle_write(&b, &out, &e) < 0) {
		tap_note("%s", e.msg);
		abort();
	}
	w->items[0].data.len = out.len;
	w->items[0].data.at = arena_bytes(w->a, out.at, out.len, &e);
	w->items[1].data =
	    repo_minisign(w->repo, &w->list_key, "bundle", w->items[0].data);
}

static la_ssize_t
to_buf(struct archive *a, void *ctx, const void *at, size_t len)
{
	(void)a;
	buf_add(ctx, at, len);
	return (la_ssize_t)len;
}

static void
add_item(struct archive *a, const struct item *i)
{
	struct archive_entry *n = archive_entry_new();

	archive_entry_set_pathname(n, i->name);
	archive_entry_set_filetype(n, i->type);
	archive_entry_set_perm(n, 0644);
	archive_entry_set_size(n,
	    i->type != AE_IFREG ? 0
		: i->size >= 0	? i->size
				: (int64_t)i->data.len);
	if (i->link != NULL && i->type == AE_IFLNK)
		archive_entry_set_symlink(n, i->link);
	else if (i->link != NULL)
		archive_entry_set_hardlink(n, i->link);
	(void)archive_write_header(a, n);
	if (i->type == AE_IFREG && i->link == NULL)
		(void)archive_write_data(a, i->data.at, i->data.len);
	archive_entry_free(n);
}

static void
world_tar(const struct world *w, struct buf *tar)
{
	struct archive *a = archive_write_new();
	static const char zero[4096];

	archive_write_set_format_pax_restricted(a);
	(void)archive_write_open(a, tar, NULL, to_buf, NULL);
	for (size_t i = 0; i < w->n; i++)
		add_item(a, &w->items[i]);
	(void)archive_write_free(a);
	for (size_t left = w->zeros; left > 0;) {
		size_t n = left < sizeof(zero) ? left : sizeof(zero);

		buf_add(tar, zero, n);
		left -= n;
	}
}

/* One frame with the header that bundles have. */
static void
frame(const struct buf *plain, struct buf *out)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(plain->len) + 64;
	ZSTD_outBuffer to = { malloc(room), room, 0 };
	uint8_t end[UNPACK_SEAL_SIZE];
	ZSTD_inBuffer from = { plain->at, plain->len, 0 };

	if (c == NULL || to.dst == NULL)
		abort();
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, UNPACK_WINDOW_LOG);
	/* in two steps: one alone would say the size and shrink the window */
	if (ZSTD_isError(
		ZSTD_compressStream2(c, &to, &from, ZSTD_e_continue)) ||
	    ZSTD_compressStream2(c, &to, &from, ZSTD_e_end) != 0)
		abort();
	buf_add(out, to.dst, to.pos);
	memcpy(end, UNPACK_SEAL_MAGIC, 8);
	sha256(end + 8, to.dst, to.pos);
	buf_add(out, end, sizeof(end));
	free(to.dst);
	(void)ZSTD_freeCCtx(c);
}

static void
world_bytes(const struct world *w, struct buf *out)
{
	AUTO_BUF tar;

	buf_init(&tar, (size_t)1 << 30);
	world_tar(w, &tar);
	frame(&tar, out);
	buf_add(out, w->tail.at, w->tail.len);
}

static const char *
save(const struct buf *b, const char *name)
{
	static char path[300];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/%s", tap_tmpdir(), name);
	if (file_replace(path, b->at, b->len, 0600, &e) < 0)
		abort();
	return path;
}

/* --- reading ---------------------------------------------------------------- */

struct reader {
	struct world *w;
	struct bundle_file f;
	int64_t now_s;
	int written; /* members handed out before the end */
};

static int
documents(void *ctx, struct err *e)
{
	struct reader *r = ctx;
	const struct manifest *m;
	struct trust t;
	bool behind;

	if (trust_start(&t, r->w->a, ROLE_STRICT, r->now_s, "editor", "stable",
		r->w->root, e) < 0 ||
	    bundle_file_root(&r->f, &t, e) < 0)
		return -1;
	return bundle_file_view(&r->f, &t, &m, &behind, e);
}

static int
done(void *ctx, const struct bundle_member *m, int fd, struct err *e)
{
	struct reader *r = ctx;

	(void)m;
	(void)fd;
	(void)e;
	r->written++;
	return 0;
}

static int
read_path(struct world *w, const char *path, int64_t now_s, struct err *e)
{
	struct reader r = { .w = w, .now_s = now_s };
	struct bundle_take take = { documents, NULL, done, &r };
	int rc;

	*e = (struct err){ .kind = ERR_NONE };
	rc = bundle_file_open(&r.f, path, w->a, e);
	if (rc == 0)
		rc = bundle_file_each(&r.f, &take, e);
	bundle_file_done(&r.f);
	return rc;
}

static int
world_read(struct world *w, struct err *e)
{
	AUTO_BUF b;

	buf_init(&b, (size_t)1 << 30);
	world_bytes(w, &b);
	return read_path(w, save(&b, "bundle"), REPO_NOW_S, e);
}

/* It is refused, with one line that says this. */
static void
refused(struct world *w, const char *says)
{
	struct err e;

	if (!CHECK_INT(world_read(w, &e), -1))
		tap_note("wanted: %s", says);
	if (!CHECK(strstr(e.msg, says) != NULL))
		tap_note("%s (wanted: %s)", e.msg, says);
	CHECK(strchr(e.msg, '\n') == NULL);
	CHECK_INT(err_exit(e.kind), 1);
}

/* --- the list --------------------------------------------------------------- */

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

/* --- good bundles ----------------------------------------------------------- */

static void
bundle_is_read(void)
{
	struct world w;
	struct err e;

	world_open(&w);
	world_list(&w);
	if (!CHECK_INT(world_read(&w, &e), 0))
		tap_note("%s", e.msg);
	world_close(&w);
}

static int
pack_all(const struct world *w, const char *path, int64_t split, struct err *e)
{
	struct pack_ask ask = { path, split, w->created_s };
	AUTO_PACK p = pack_open(&ask, e);
	int parts = -1;
	int64_t bytes;

	for (size_t i = 0; p != NULL && i < w->n; i++) {
		const struct item *m = &w->items[i];

		if (pack_member(p, m->name, (int64_t)m->data.len, 0644, e) <
			0 ||
		    pack_data(p, m->data.at, m->data.len, e) < 0)
			return -1;
	}
	return p == NULL || pack_close(p, &parts, &bytes, e) < 0 ? -1 : parts;
}

static void
bundle_is_packed_to_the_same_bytes(void)
{
	char one[300], two[300];
	struct bytes a, b;
	struct world w;
	struct err e;

	world_open(&w);
	world_list(&w);
	(void)snprintf(one, sizeof(one), "%s/one", tap_tmpdir());
	(void)snprintf(two, sizeof(two), "%s/two", tap_tmpdir());
	CHECK_INT(pack_all(&w, one, 0, &e), 1);
	CHECK_INT(pack_all(&w, two, 0, &e), 1);
	if (CHECK_INT(file_read(w.a, one, 1 << 20, &a, &e), 0) &&
	    CHECK_INT(file_read(w.a, two, 1 << 20, &b, &e), 0) &&
	    CHECK_INT(a.len, b.len))
		CHECK_BYTES(a.at, b.at, a.len);
	if (!CHECK_INT(read_path(&w, one, REPO_NOW_S, &e), 0))
		tap_note("%s", e.msg);
	/* and nothing is written over */
	CHECK_INT(pack_all(&w, one, 0, &e), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
	world_close(&w);
}

static void
bundle_comes_in_parts(void)
{
	char path[300], part[400], aside[500];
	struct world w;
	struct err e;
	int n;

	world_open(&w);
	world_list(&w);
	(void)snprintf(path, sizeof(path), "%s/split", tap_tmpdir());
	n = pack_all(&w, path, SPLIT, &e);
	CHECK(n > 3);
	CHECK_INT(read_path(&w, path, REPO_NOW_S, &e), 0);
	(void)snprintf(part, sizeof(part), "%.300s.000", path);
	CHECK_INT(read_path(&w, part, REPO_NOW_S, &e), 0);
	for (int i = 0; i < n; i++) {
		(void)snprintf(part, sizeof(part), "%s.%03d", path, i);
		(void)snprintf(aside, sizeof(aside), "%s-aside", part);
		(void)rename(part, aside);
		CHECK_INT(read_path(&w, path, REPO_NOW_S, &e), -1);
		CHECK_INT(e.kind, ERR_INPUT);
		if (!CHECK(strstr(e.msg, "missing") != NULL))
			tap_note("part %d: %s", i, e.msg);
		(void)rename(aside, part);
	}
	world_close(&w);
}

/* --- hostile ones ----------------------------------------------------------- */

static void
swap(struct world *w, size_t a, size_t b)
{
	struct item keep = w->items[a];

	w->items[a] = w->items[b];
	w->items[b] = keep;
}

static void
drop(struct world *w, size_t i)
{
	memmove(&w->items[i], &w->items[i + 1],
	    (w->n - i - 1) * sizeof(w->items[0]));
	w->n--;
}

static void
link_to(struct world *w, size_t i, unsigned type, const char *to)
{
	w->items[i].type = type;
	w->items[i].link = to;
}

static void
members_are_those_of_the_list(void)
{
	static const char *const names[] = { "extra at the end", "extra inside",
		"missing", "last missing", "reordered", "twice", "renamed",
		"absolute", "dotdot", "over-long", "longer", "shorter",
		"other bytes", "symbolic link", "hard link", "folder", "fifo",
		"device", "no list", "no signature", "empty" };
	static const char *const says[] = { "does not name", "belongs",
		"belongs", "not there", "belongs", "belongs", "belongs",
		"belongs", "belongs", "belongs", "bytes where", "bytes where",
		"other bytes", "regular", "regular", "regular", "regular",
		"regular", "belongs", "belongs", "belongs" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct world w;

		world_open(&w);
		world_list(&w);
		switch (i) {
		case 0:
			put(&w, "client/zzz", repo_text("x"));
			break;
		case 1:
			put(&w, "editor/stable/4.x.json", repo_text("x"));
			swap(&w, 5, w.n - 1);
			break;
		case 2:
			drop(&w, 4);
			break;
		case 3:
			drop(&w, w.n - 1);
			break;
		case 4:
			swap(&w, 3, 4);
			break;
		case 5:
			w.items[4] = w.items[3];
			break;
		case 6:
			w.items[7].name[2] = 'X';
			break;
		case 7:
			(void)snprintf(w.items[7].name, sizeof(w.items[7].name),
			    "/etc/passwd");
			break;
		case 8:
			(void)snprintf(w.items[7].name, sizeof(w.items[7].name),
			    "../../etc/passwd");
			break;
		case 9:
			memset(w.items[7].name, 'x', 1000);
			w.items[7].name[1000] = '\0';
			break;
		case 10:
			w.items[7].data.len--;
			break;
		case 11:
			w.items[7].data = repo_text("the program ");
			break;
		case 12:
			w.items[7].data = repo_text("tha program");
			break;
		case 13:
			link_to(&w, 7, AE_IFLNK, "/etc/passwd");
			break;
		case 14:
			link_to(&w, 7, AE_IFREG, "client/sluice");
			break;
		case 15:
			link_to(&w, 7, AE_IFDIR, NULL);
			break;
		case 16:
			link_to(&w, 7, AE_IFIFO, NULL);
			break;
		case 17:
			link_to(&w, 7, AE_IFCHR, NULL);
			break;
		case 18:
			drop(&w, 0);
			break;
		case 19:
			drop(&w, 1);
			break;
		default:
			w.n = 0;
			break;
		}
		tap_note("%s", names[i]);
		refused(&w, says[i]);
		world_close(&w);
	}
}

static void
name_that_is_too_long_is_no_name(void)
{
	struct world w;

	world_open(&w);
	world_list(&w);
	memset(w.items[7].name, 'x', 1100);
	w.items[7].name[1100] = '\0';
	refused(&w, "too long");
	world_close(&w);
}

static void
archive_holds_no_more_than_it_says(void)
{
	struct bytes big = { calloc(1, 64 << 20), 64 << 20 };
	struct world w;

	world_open(&w);
	world_list(&w);
	/* a bomb for a member, for a document, for the list, after the end */
	w.items[7].data = big;
	refused(&w, "bytes where");
	world_close(&w);
	world_open(&w);
	world_list(&w);
	w.items[3].data = big;
	refused(&w, "bytes where");
	world_close(&w);
	world_open(&w);
	world_list(&w);
	w.items[0].data = big;
	refused(&w, "longer than");
	world_close(&w);
	world_open(&w);
	world_list(&w);
	w.zeros = 64 << 20;
	refused(&w, "holds more");
	world_close(&w);
	/* what its own signer lets grow past a document's size */
	world_open(&w);
	w.items[3].data = (struct bytes){ big.at, ROLE_TARGETS_MAX + 1 };
	world_list(&w);
	refused(&w, "too long for a document");
	world_close(&w);
	free((void *)(uintptr_t)big.at);
}

static void
nothing_follows_the_archive(void)
{
	struct world w;
	AUTO_BUF again;

	world_open(&w);
	world_list(&w);
	w.tail = repo_text("x");
	refused(&w, "follows");
	buf_init(&again, 1 << 24);
	w.tail = repo_text("");
	world_bytes(&w, &again);
	w.tail = buf_bytes(&again);
	refused(&w, "follows");
	world_close(&w);
}

static void
signatures_and_times_are_checked(void)
{
	struct world w;
	struct err e;

	world_open(&w);
	w.list_key = repo_key("release-1");
	world_list(&w);
	refused(&w, "not signed by a key");
	world_close(&w);

	world_open(&w);
	w.expires_s = REPO_NOW_S;
	world_list(&w);
	refused(&w, "the bundle expired");
	world_close(&w);

	/* judged as of the creation: timestamp, snapshot, targets */
	world_open(&w);
	w.created_s = REPO_NOW_S - 3600;
	world_list(&w);
	{
		AUTO_BUF b;

		buf_init(&b, 1 << 24);
		world_bytes(&w, &b);
		CHECK_INT(read_path(&w, save(&b, "bundle"),
			      REPO_NOW_S + 40 * REPO_DAY_S, &e),
		    w.repo->expires_s[ROLE_ROOT] > REPO_NOW_S + 40 * REPO_DAY_S
			? 0
			: -1);
	}
	world_close(&w);

	/* a server's own timestamp is no bundle's */
	world_open(&w);
	w.repo->timestamp.offline = false;
	w.items[5].data = repo_view(
	    w.repo, 3200, &(struct target){ .path = "manifest.json" }, 1)
			      .timestamp;
	world_list(&w);
	CHECK_INT(world_read(&w, &e), -1);
	world_close(&w);
}

static void
other_product_is_refused(void)
{
	struct world w;
	char text[1200];

	world_open(&w);
	w.channel = "viewer/stable";
	for (size_t i = 1; i < w.n - 1; i++) {
		(void)snprintf(
		    text, sizeof(text), "viewer%s", w.items[i].name + 6);
		memcpy(w.items[i].name, text, sizeof(text));
	}
	world_list(&w);
	refused(&w, "is of viewer/stable, not of editor/stable");
	world_close(&w);
}

/* --- every byte ------------------------------------------------------------- */

struct memory {
	struct bytes in;
	size_t at;
	struct buf out;
};

static ssize_t
memory_read(void *ctx, void *at, size_t room, struct err *e)
{
	struct memory *m = ctx;
	size_t n = m->in.len - m->at < room ? m->in.len - m->at : room;

	(void)e;
	memcpy(at, m->in.at + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static int
memory_member(void *ctx, const struct unpack_member *u, struct err *e)
{
	struct memory *m = ctx;

	buf_printf(&m->out, "%s %lld\n", u->name, (long long)u->size);
	return buf_ok(&m->out, e);
}

static int
memory_data(void *ctx, const void *at, size_t len, struct err *e)
{
	struct memory *m = ctx;

	buf_add(&m->out, at, len);
	return buf_ok(&m->out, e);
}

static int
walk(struct memory *m, struct bytes in, struct err *e)
{
	struct unpack_walk w = { memory_read, memory_member, memory_data, m };

	buf_reset(&m->out);
	m->in = in;
	m->at = 0;
	return unpack_walk(&w, e);
}

static void
every_cut_and_every_flipped_bit_is_noticed(void)
{
	struct world w;
	struct memory good, bad;
	struct err e;
	AUTO_BUF b;

	world_open(&w);
	world_list(&w);
	buf_init(&b, 1 << 24);
	buf_init(&good.out, 1 << 20);
	buf_init(&bad.out, 1 << 20);
	world_bytes(&w, &b);
	CHECK_INT(walk(&good, buf_bytes(&b), &e), 0);
	for (size_t i = 0; i < b.len; i++) {
		if (!CHECK_INT(walk(&bad, (struct bytes){ b.at, i }, &e), -1))
			tap_note("cut at %zu", i);
	}
	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		b.at[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (!CHECK_INT(walk(&bad, buf_bytes(&b), &e), -1))
			tap_note("bit %zu of byte %zu", bit % 8, bit / 8);
		b.at[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	buf_done(&good.out);
	buf_done(&bad.out);
	world_close(&w);
}

static const struct tap_test tests[] = {
	TAP(list_says_where_paths_belong),
	TAP(list_is_read),
	TAP(list_refuses_what_is_malformed),
	TAP(list_is_signed_by_a_key_that_root_names),
	TAP(bundle_is_read),
	TAP(bundle_is_packed_to_the_same_bytes),
	TAP(bundle_comes_in_parts),
	TAP(members_are_those_of_the_list),
	TAP(name_that_is_too_long_is_no_name),
	TAP(archive_holds_no_more_than_it_says),
	TAP(nothing_follows_the_archive),
	TAP(signatures_and_times_are_checked),
	TAP(other_product_is_refused),
	TAP(every_cut_and_every_flipped_bit_is_noticed),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
