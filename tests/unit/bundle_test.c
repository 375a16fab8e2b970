/*
 * Bundles: the list, the archive around it, and what a reader refuses.  Each
 * hostile bundle is one change away from a good one.
 */
#include <archive_entry.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/pack.h"
#include "manifest/bundle_file.h"
#include "tests/bundle_world.h"
#include "tests/tap.h"
#include "tests/trusting.h"

#define SPLIT 300 /* bytes of a part */

/* --- reading ---------------------------------------------------------------- */

struct reader {
	struct bundle_world *w;
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
read_path(
    struct bundle_world *w, const char *path, int64_t now_s, struct err *e)
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
world_read(struct bundle_world *w, struct err *e)
{
	AUTO_BUF b;

	buf_init(&b, (size_t)1 << 30);
	bundle_world_bytes(w, &b);
	return read_path(w, bundle_world_save(&b, "bundle"), REPO_NOW_S, e);
}

/* It is refused, with one line that says this. */
static void
refused(struct bundle_world *w, const char *says)
{
	struct err e;

	if (!CHECK_INT(world_read(w, &e), -1))
		tap_note("wanted: %s", says);
	if (!CHECK(strstr(e.msg, says) != NULL))
		tap_note("%s (wanted: %s)", e.msg, says);
	CHECK(strchr(e.msg, '\n') == NULL);
	CHECK_INT(err_exit(e.kind), 1);
}

/* --- good bundles ----------------------------------------------------------- */

static void
bundle_is_read(void)
{
	struct bundle_world w;
	struct err e;

	bundle_world_open(&w);
	bundle_world_list(&w);
	if (!CHECK_INT(world_read(&w, &e), 0))
		tap_note("%s", e.msg);
	bundle_world_close(&w);
}

static int
pack_all(const struct bundle_world *w, const char *path, int64_t split,
    struct err *e)
{
	struct pack_ask ask = { path, split, w->created_s };
	AUTO_PACK p = pack_open(&ask, e);
	int parts = -1;
	int64_t bytes;

	for (size_t i = 0; p != NULL && i < w->n; i++) {
		const struct bundle_item *m = &w->items[i];

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
	struct bundle_world w;
	struct err e;

	bundle_world_open(&w);
	bundle_world_list(&w);
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
	bundle_world_close(&w);
}

static void
bundle_comes_in_parts(void)
{
	char path[300], part[400], aside[500];
	struct bundle_world w;
	struct err e;
	int n;

	bundle_world_open(&w);
	bundle_world_list(&w);
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
	bundle_world_close(&w);
}

/* A part of a bundle before that is longer would be taken for one of it. */
static void
bundle_is_not_mixed_with_what_is_there(void)
{
	char path[300], old[400];
	struct bundle_world w;
	struct err e;
	int n;

	bundle_world_open(&w);
	bundle_world_list(&w);
	(void)snprintf(path, sizeof(path), "%s/mixed", tap_tmpdir());
	(void)snprintf(old, sizeof(old), "%s.000.partial", path);
	CHECK_INT(file_replace(old, "", 0, 0644, &e), 0);
	n = pack_all(&w, path, SPLIT, &e);
	CHECK(n > 3);
	CHECK(!file_exists(old));
	for (int keep = 1; keep <= n; keep++) {
		for (int i = 0; i <= n; i++) {
			(void)snprintf(old, sizeof(old), "%s.%03d", path, i);
			if (i == keep)
				CHECK_INT(
				    file_replace(old, "", 0, 0644, &e), 0);
			else
				(void)unlink(old);
		}
		CHECK_INT(pack_all(&w, path, SPLIT, &e), -1);
		CHECK_INT(e.kind, ERR_CONFLICT);
		(void)snprintf(old, sizeof(old), "%s.000", path);
		CHECK(!file_exists(old));
		(void)snprintf(old, sizeof(old), "%s.000.partial", path);
		CHECK(!file_exists(old));
	}
	/* nor does a longer one that was ended leave its own for ever */
	(void)snprintf(old, sizeof(old), "%s.%03d", path, n);
	CHECK_INT(unlink(old), 0);
	for (int i = 0; i < n + 3; i++) {
		(void)snprintf(old, sizeof(old), "%s.%03d.partial", path, i);
		CHECK_INT(file_replace(old, "", 0, 0644, &e), 0);
	}
	CHECK_INT(pack_all(&w, path, SPLIT, &e), n);
	CHECK(!file_exists(old));
	bundle_world_close(&w);
}

static void
bundle_is_written_by_one_at_a_time(void)
{
	static uint8_t noise[1 << 20];
	char path[300], partial[320];
	struct pack_ask ask = { .path = path };
	struct bundle_world w;
	struct err e;
	int parts;
	int64_t bytes;

	bundle_world_open(&w);
	bundle_world_list(&w);
	(void)snprintf(path, sizeof(path), "%s/both", tap_tmpdir());
	(void)snprintf(partial, sizeof(partial), "%s.partial", path);
	randombytes_buf(noise, sizeof(noise));

	AUTO_PACK first = pack_open(&ask, &e);

	CHECK(first != NULL &&
	    pack_member(first, "a", sizeof(noise), 0644, &e) == 0 &&
	    pack_data(first, noise, sizeof(noise), &e) == 0);
	CHECK_INT(file_size(partial, &e) > 100000, 1);
	CHECK_INT(pack_all(&w, path, 0, &e), -1);
	CHECK_INT(e.kind, ERR_CONFLICT);
	CHECK(first != NULL && pack_close(first, &parts, &bytes, &e) == 0);
	CHECK_INT(file_size(path, &e), bytes);
	CHECK(!file_exists(partial));

	/* what lies in the way is not followed */
	CHECK_INT(unlink(path), 0);
	CHECK_INT(file_replace(path, "kept", 4, 0644, &e), 0);
	(void)snprintf(path, sizeof(path), "%s/other", tap_tmpdir());
	(void)snprintf(partial, sizeof(partial), "%s.partial", path);
	CHECK_INT(symlink("both", partial), 0);
	CHECK_INT(pack_all(&w, path, 0, &e), -1);
	(void)snprintf(path, sizeof(path), "%s/both", tap_tmpdir());
	CHECK_INT(file_size(path, &e), 4);
	bundle_world_close(&w);
}

/* --- hostile ones ----------------------------------------------------------- */

static void
swap(struct bundle_world *w, size_t a, size_t b)
{
	struct bundle_item keep = w->items[a];

	w->items[a] = w->items[b];
	w->items[b] = keep;
}

static void
drop(struct bundle_world *w, size_t i)
{
	memmove(&w->items[i], &w->items[i + 1],
	    (w->n - i - 1) * sizeof(w->items[0]));
	w->n--;
}

static void
link_to(struct bundle_world *w, size_t i, unsigned type, const char *to)
{
	w->items[i].type = type;
	w->items[i].link = to;
}

static void
change_order(struct bundle_world *w, size_t i)
{
	switch (i) {
	case 0:
		bundle_world_put(w, "client/zzz", repo_text("x"));
		break;
	case 1:
		bundle_world_put(w, "editor/stable/4.x.json", repo_text("x"));
		swap(w, 5, w->n - 1);
		break;
	case 2:
		drop(w, 4);
		break;
	case 3:
		drop(w, w->n - 1);
		break;
	case 4:
		swap(w, 3, 4);
		break;
	case 5:
		w->items[4] = w->items[3];
		break;
	case 6:
		w->items[7].name[2] = 'X';
		break;
	case 7:
		(void)snprintf(
		    w->items[7].name, sizeof(w->items[7].name), "/etc/passwd");
		break;
	default:
		break;
	}
}

static void
change_member(struct bundle_world *w, size_t i)
{
	switch (i) {
	case 8:
		(void)snprintf(w->items[7].name, sizeof(w->items[7].name),
		    "../../etc/passwd");
		break;
	case 9:
		memset(w->items[7].name, 'x', 1000);
		w->items[7].name[1000] = '\0';
		break;
	case 10:
		w->items[7].data.len--;
		break;
	case 11:
		w->items[7].data = repo_text("the program ");
		break;
	case 12:
		w->items[7].data = repo_text("tha program");
		break;
	case 13:
		link_to(w, 7, AE_IFLNK, "/etc/passwd");
		break;
	case 14:
		link_to(w, 7, AE_IFREG, "client/sluice");
		break;
	case 15:
		link_to(w, 7, AE_IFDIR, NULL);
		break;
	case 16:
		link_to(w, 7, AE_IFIFO, NULL);
		break;
	case 17:
		link_to(w, 7, AE_IFCHR, NULL);
		break;
	case 18:
		drop(w, 0);
		break;
	case 19:
		drop(w, 1);
		break;
	default:
		w->n = 0;
		break;
	}
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
		struct bundle_world w;

		bundle_world_open(&w);
		bundle_world_list(&w);
		if (i < 8)
			change_order(&w, i);
		else
			change_member(&w, i);
		tap_note("%s", names[i]);
		refused(&w, says[i]);
		bundle_world_close(&w);
	}
}

static void
name_that_is_too_long_is_no_name(void)
{
	struct bundle_world w;

	bundle_world_open(&w);
	bundle_world_list(&w);
	memset(w.items[7].name, 'x', 1100);
	w.items[7].name[1100] = '\0';
	refused(&w, "too long");
	bundle_world_close(&w);
}

static void
archive_holds_no_more_than_it_says(void)
{
	struct bytes big = { calloc(1, 64 << 20), 64 << 20 };
	struct bundle_world w;

	bundle_world_open(&w);
	bundle_world_list(&w);
	/* a bomb for a member, for a document, for the list, after the end */
	w.items[7].data = big;
	refused(&w, "bytes where");
	bundle_world_close(&w);
	bundle_world_open(&w);
	bundle_world_list(&w);
	w.items[3].data = big;
	refused(&w, "bytes where");
	bundle_world_close(&w);
	bundle_world_open(&w);
	bundle_world_list(&w);
	w.items[0].data = big;
	refused(&w, "longer than");
	bundle_world_close(&w);
	bundle_world_open(&w);
	bundle_world_list(&w);
	w.zeros = 64 << 20;
	refused(&w, "holds more");
	bundle_world_close(&w);
	/* what its own signer lets grow past a document's size */
	bundle_world_open(&w);
	w.items[3].data = (struct bytes){ big.at, ROLE_TARGETS_MAX + 1 };
	bundle_world_list(&w);
	refused(&w, "too long for a document");
	bundle_world_close(&w);
	free((void *)(uintptr_t)big.at);
}

static void
nothing_follows_the_archive(void)
{
	struct bundle_world w;
	AUTO_BUF again;

	bundle_world_open(&w);
	bundle_world_list(&w);
	w.tail = repo_text("x");
	refused(&w, "follows");
	buf_init(&again, 1 << 24);
	w.tail = repo_text("");
	bundle_world_bytes(&w, &again);
	w.tail = buf_bytes(&again);
	refused(&w, "follows");
	bundle_world_close(&w);
}

static void
signatures_and_times_are_checked(void)
{
	struct bundle_world w;
	struct err e;

	bundle_world_open(&w);
	w.list_key = repo_key("release-1");
	bundle_world_list(&w);
	refused(&w, "not signed by a key");
	bundle_world_close(&w);

	bundle_world_open(&w);
	w.expires_s = REPO_NOW_S;
	bundle_world_list(&w);
	refused(&w, "the bundle expired");
	bundle_world_close(&w);

	/* judged as of the creation: timestamp, snapshot, targets */
	bundle_world_open(&w);
	w.created_s = REPO_NOW_S - 3600;
	bundle_world_list(&w);
	{
		AUTO_BUF b;

		buf_init(&b, 1 << 24);
		bundle_world_bytes(&w, &b);
		CHECK_INT(read_path(&w, bundle_world_save(&b, "bundle"),
			      REPO_NOW_S + 40 * REPO_DAY_S, &e),
		    w.repo->expires_s[ROLE_ROOT] > REPO_NOW_S + 40 * REPO_DAY_S
			? 0
			: -1);
	}
	bundle_world_close(&w);

	/* a server's own timestamp is no bundle's */
	bundle_world_open(&w);
	w.repo->timestamp.offline = false;
	w.items[5].data = repo_view(
	    w.repo, 3200, &(struct target){ .path = "manifest.json" }, 1)
			      .timestamp;
	bundle_world_list(&w);
	CHECK_INT(world_read(&w, &e), -1);
	bundle_world_close(&w);
}

static void
other_product_is_refused(void)
{
	struct bundle_world w;
	char text[1200];

	bundle_world_open(&w);
	w.channel = "viewer/stable";
	for (size_t i = 1; i < w.n - 1; i++) {
		(void)snprintf(
		    text, sizeof(text), "viewer%s", w.items[i].name + 6);
		memcpy(w.items[i].name, text, sizeof(text));
	}
	bundle_world_list(&w);
	refused(&w, "is of viewer/stable, not of editor/stable");
	bundle_world_close(&w);
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
	struct bundle_world w;
	struct memory good, bad;
	struct err e;
	AUTO_BUF b;

	bundle_world_open(&w);
	bundle_world_list(&w);
	buf_init(&b, 1 << 24);
	buf_init(&good.out, 1 << 20);
	buf_init(&bad.out, 1 << 20);
	bundle_world_bytes(&w, &b);
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
	bundle_world_close(&w);
}

static const struct tap_test tests[] = {
	TAP(bundle_is_read),
	TAP(bundle_is_packed_to_the_same_bytes),
	TAP(bundle_comes_in_parts),
	TAP(bundle_is_not_mixed_with_what_is_there),
	TAP(bundle_is_written_by_one_at_a_time),
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
