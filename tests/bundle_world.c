/*
 * Building bundles, good ones and others.
 */
#include "tests/bundle_world.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "manifest/base/file.h"
#include "manifest/base/unpack.h"
#include "manifest/manifest.h"
#include "tests/tap.h"

void
bundle_world_put(struct bundle_world *w, const char *name, struct bytes data)
{
	struct bundle_item *i = &w->items[w->n++];

	memset(i, 0, sizeof(*i));
	(void)snprintf(i->name, sizeof(i->name), "%s", name);
	i->data = data;
	i->size = -1;
	i->type = AE_IFREG;
}

static struct bytes
hold_manifest(struct bundle_world *w)
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

void
bundle_world_open(struct bundle_world *w)
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
	bundle_world_put(w, BUNDLE_LIST, repo_text(""));
	bundle_world_put(
	    w, "editor/stable/" BUNDLE_LIST ".minisig", repo_text(""));
	bundle_world_put(w, "editor/stable/1.root.json", w->root);
	bundle_world_put(w, "editor/stable/3200.snapshot.json", v.snapshot);
	bundle_world_put(w, "editor/stable/3200.targets.json", v.targets);
	bundle_world_put(w, "editor/stable/timestamp.json", v.timestamp);
	(void)snprintf(
	    name, sizeof(name), "editor/stable/targets/%s.manifest.json", hex);
	bundle_world_put(w, name, m);
	bundle_world_put(w,
	    "editor/stable/targets/1.0.0/linux-x86_64/0123.editor",
	    repo_text("the program"));
	bundle_world_put(w, "client/sluice", repo_text("another"));
	w->listed = w->n;
}

void
bundle_world_close(struct bundle_world *w)
{
	repo_free(w->repo);
}

/* Make the list and its signature from what the items are now. */
void
bundle_world_list(struct bundle_world *w)
{
	struct bundle_member m[BUNDLE_WORLD_ITEMS] = { 0 };
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
add_item(struct archive *a, const struct bundle_item *i)
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
world_tar(const struct bundle_world *w, struct buf *tar)
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

void
bundle_world_bytes(const struct bundle_world *w, struct buf *out)
{
	AUTO_BUF tar;

	buf_init(&tar, (size_t)1 << 30);
	world_tar(w, &tar);
	frame(&tar, out);
	buf_add(out, w->tail.at, w->tail.len);
}

const char *
bundle_world_save(const struct buf *b, const char *name)
{
	static char path[300];
	struct err e;

	(void)snprintf(path, sizeof(path), "%s/%s", tap_tmpdir(), name);
	if (file_replace(path, b->at, b->len, 0600, &e) < 0)
		abort();
	return path;
}
