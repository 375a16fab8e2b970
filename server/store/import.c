/*
 * sluiced import: a mirror takes in a bundle.  The bundle is read by a child
 * behind intake's fence (import_read.h); here its answer becomes blobs, then
 * rows in one transaction: from then on the table that front serves from has
 * the bundle's documents, timestamp last.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/sandbox.h"
#include "server/store.h"
#include "server/store/audit.h"
#include "server/store/blobs.h"
#include "server/store/import_read.h"
#include "server/store/jobs.h"
#include "server/store/publications.h"
#include "server/store/release.h"
#include "server/store/rounds.h"
#include "server/store/schema.h"

#define ARENA_MAX  (512u << 20)
#define ANSWER_MAX (64 << 20)

struct importing {
	const struct server_config *conf;
	struct db *db;
	struct arena *a;
	struct import_read read;
	json_t *facts;
	int64_t now_s;
};

/* --- what this server mirrors --------------------------------------------- */

static int
read_root(struct importing *w, const char *id, struct bytes *out, struct err *e)
{
	char sha256[SHA256_HEX_SIZE];
	AUTO_ROWS r = db_rows(w->db, e,
	    "SELECT r.sha256 FROM root r JOIN channel c ON c.id = r.channel"
	    " WHERE c.id = $1 AND r.version = c.root_version",
	    BIND(V(id)));

	if (r == NULL || rows_next(r, e) <= 0)
		return err_set(
		    e, ERR_SYS, "the root of %s is not recorded", id);
	row_copy(r, 0, sha256, sizeof(sha256));
	return blobs_read(w->conf->state, sha256, ROLE_ROOT_MAX, out, w->a, e);
}

/* The timestamp of the import before, as the one view of the newest round. */
static int
read_timestamp(
    struct importing *w, const char *id, struct bytes *out, struct err *e)
{
	struct round *r;
	AUTO_JSON views = NULL;
	const char *text;
	int n = rounds_newest(w->db, id, &r, w->a, e);

	*out = (struct bytes){ NULL, 0 };
	if (n <= 0)
		return n;
	views = json_read(
	    (struct bytes){ (const uint8_t *)r->views, strlen(r->views) },
	    ANSWER_MAX, e);
	text = json_string_value(
	    json_object_get(json_array_get(views, 0), "timestamp"));
	if (text == NULL)
		return err_set(e, ERR_SYS, "a stored view is damaged");
	if ((text = arena_text(w->a, text, e)) == NULL)
		return -1;
	*out = (struct bytes){ (const uint8_t *)text, strlen(text) };
	return 0;
}

static int
add_channel(struct importing *w, struct import_channel *to, const char *id,
    struct err *e)
{
	char product[PRODUCT_MAX + 1], channel[PRODUCT_MAX + 1];

	if (channel_split(id, product, channel, e) < 0)
		return -1;
	to->id = id;
	to->product = arena_text(w->a, product, e);
	to->channel = arena_text(w->a, channel, e);
	if (to->product == NULL || to->channel == NULL)
		return -1;
	return read_root(w, id, &to->root, e) < 0 ||
		read_timestamp(w, id, &to->timestamp, e) < 0
	    ? -1
	    : 0;
}

static int
list_channels(struct importing *w, struct err *e)
{
	const char *const *ids;
	struct import_channel *list;
	int n = channel_list(w->db, &ids, w->a, e);

	if (n < 0 ||
	    (list = arena_array(w->a, (size_t)n + 1, sizeof(*list), e)) == NULL)
		return -1;
	for (int i = 0; i < n; i++) {
		const struct channel *c = channel_load(w->db, ids[i], w->a, e);

		if (c == NULL)
			return -1;
		if (c->mirror &&
		    add_channel(w, &list[w->read.nchannels++], ids[i], e) < 0)
			return -1;
	}
	w->read.channels = list;
	return 0;
}

/* --- the child ------------------------------------------------------------ */

static json_t *
child_read(struct importing *w, struct err *e)
{
	struct sandbox fence;

	if (sandbox_intake(w->conf->state, &fence, e) < 0)
		return NULL;
	return import_read(&w->read, w->a, e);
}

static NORETURN void
child(struct importing *w, int fd)
{
	struct err e = { .kind = ERR_NONE };
	json_t *v = child_read(w, &e);
	AUTO_BUF text;

	buf_init(&text, ANSWER_MAX);
	if (v == NULL)
		v = json_pack("{sb ss ss}", "ok", 0, "kind", err_name(e.kind),
		    "error", e.msg);
	if (v == NULL || json_write(v, &text, &e) < 0 ||
	    file_write_all(fd, text.at, text.len, "answer", &e) < 0)
		_exit(2);
	_exit(0);
}

static int
read_answer(struct importing *w, int fd, pid_t pid, struct err *e)
{
	const char *kind, *text;
	struct bytes answer;
	int status = 0;
	int rc = file_read_fd(w->a, fd, "answer", ANSWER_MAX, &answer, e);

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	/* a crash, or what the fence forbids, is the file's doing */
	if (WIFSIGNALED(status))
		return err_set(e,
		    WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM
			? ERR_SYS
			: ERR_INPUT,
		    "reading the bundle was ended by signal %d",
		    WTERMSIG(status));
	if (rc < 0 || (w->facts = json_read(answer, ANSWER_MAX, e)) == NULL)
		return err_in(e, "answer of the child");
	if (json_is_true(json_object_get(w->facts, "ok")))
		return 0;
	kind = json_string_value(json_object_get(w->facts, "kind"));
	text = json_string_value(json_object_get(w->facts, "error"));
	return err_set(e, err_kind_named(kind == NULL ? "" : kind), "%s",
	    text == NULL ? "no reason was given" : text);
}

/* The archive is opened first: behind the fence nothing can be. */
static int
read_bundle(struct importing *w, const char *path, struct err *e)
{
	AUTO_BUNDLE_FILE file = { 0 };
	AUTO_FD from = -1;
	int fds[2];
	pid_t pid;

	w->read.file = &file;
	if (bundle_file_open(&file, path, w->a, e) < 0)
		return -1;
	if (pipe(fds) < 0)
		return err_sys(e, "pipe");
	from = fds[0];
	if ((pid = fork()) < 0) {
		(void)close(fds[1]);
		return err_sys(e, "fork");
	}
	if (pid == 0)
		child(w, fds[1]);
	(void)close(fds[1]);
	return read_answer(w, from, pid, e);
}

/* --- blobs ---------------------------------------------------------------- */

static int
take_blob(struct importing *w, const json_t *b, struct err *e)
{
	const char *sha256 = json_string_value(json_object_get(b, "sha256"));
	int64_t size = json_integer_value(json_object_get(b, "size"));
	char *from, *to;

	if (!blobs_name_ok(sha256))
		return err_set(e, ERR_SYS, "answer of the child: no digest");
	if (blobs_there(w->conf->state, sha256, size))
		return 0;
	from = arena_printf(
	    w->a, e, "%s/" IMPORT_FOLDER "/%s", w->conf->state, sha256);
	to = blobs_incoming(w->conf->state, sha256, w->a, e);
	if (from == NULL || to == NULL)
		return -1;
	if (rename(from, to) < 0)
		return err_sys(e, "%s", to);
	if (blobs_take(w->conf->state, sha256, size, e) < 0)
		return -1;
	(void)unlink(to);
	return 0;
}

static int
take_blobs(struct importing *w, struct err *e)
{
	json_t *list = json_object_get(w->facts, "blobs");

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (take_blob(w, json_array_get(list, i), e) < 0)
			return -1;
	}
	return 0;
}

/* --- rows ----------------------------------------------------------------- */

struct taking {
	struct importing *w;
	const json_t *facts;
	struct channel *c;
	const char *id; /* of the publication: the list's digest */
	const char *before;
	int rung;
	const struct manifest *offer, *hold;
};

static int64_t
number(const struct taking *t, const char *key)
{
	return json_integer_value(json_object_get(t->facts, key));
}

static int
put_blob_rows(struct importing *w, struct err *e)
{
	json_t *list = json_object_get(w->facts, "blobs");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *b = json_array_get(list, i);
		const char *sha256 =
		    json_string_value(json_object_get(b, "sha256"));
		int64_t size = json_integer_value(json_object_get(b, "size"));

		if (db_do(w->db, e,
			"INSERT INTO blob (sha256, size, added_s)"
			" VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING",
			BIND(V(sha256), V(size), V(w->now_s))) < 0)
			return -1;
	}
	return 0;
}

static int
put_roots(struct taking *t, struct err *e)
{
	json_t *list = json_object_get(t->facts, "roots");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);
		const char *sha256 =
		    json_string_value(json_object_get(r, "sha256"));

		if (db_do(t->w->db, e,
			"INSERT INTO root (channel, version, sha256, size)"
			" VALUES ($1, $2, $3, $4)"
			" ON CONFLICT (channel, version) DO NOTHING",
			BIND(V((const char *)t->c->id),
			    V((int64_t)json_integer_value(
				json_object_get(r, "version"))),
			    V(sha256),
			    V((int64_t)json_integer_value(
				json_object_get(r, "size"))))) < 0)
			return -1;
	}
	return 0;
}

static int
put_files(struct taking *t, struct err *e)
{
	json_t *list = json_object_get(t->facts, "files");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *f = json_array_get(list, i);
		const char *path =
		    json_string_value(json_object_get(f, "path"));
		const char *sha256 =
		    json_string_value(json_object_get(f, "sha256"));
		int64_t size = json_integer_value(json_object_get(f, "size"));
		int64_t rungs = json_integer_value(json_object_get(f, "rungs"));
		int64_t document = json_is_true(json_object_get(f, "document"));

		if (db_do(t->w->db, e,
			"INSERT INTO publication_file (channel, publication,"
			" path, size, sha256, rungs, document)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7)"
			" ON CONFLICT (channel, publication, path) DO NOTHING",
			BIND(V((const char *)t->c->id), V(t->id), V(path),
			    V(size), V(sha256), V(rungs), V(document))) < 0)
			return -1;
	}
	return 0;
}

static int
put_publication(struct taking *t, struct err *e)
{
	struct db *db = t->w->db;
	const char *channel = t->c->id;
	struct publications_new row = { channel, t->id, "sluiced import",
		number(t, "m"), t->w->now_s };

	if (publications_open(db, &row, e) < 0 ||
	    publications_prepare(db, channel, t->id, t->facts, e) < 0 ||
	    publications_accept(db, channel, t->id, t->w->now_s, e) < 0 ||
	    publications_give(db, channel, t->id, INT64_C(1) << t->rung, e) < 0)
		return -1;
	return put_files(t, e);
}

/* The round that the timestamp is of, with its one view. */
static int
put_round(struct taking *t, struct err *e)
{
	const char *state = channel_state_text(&t->c->state, t->w->a, e);
	const char *stamp =
	    json_string_value(json_object_get(t->facts, "timestamp"));
	int64_t round = number(t, "timestamp_version") / LADDER_MAX;
	AUTO_JSON views =
	    json_pack("[{si si sb sI ss}]", "scope", 0, "rung", t->rung, "high",
		(int)(ladder_kind(&t->c->state.ladder, t->rung) == RUNG_OFFER),
		"pin_seq", (json_int_t)0, "timestamp", stamp);
	AUTO_BUF text;

	buf_init(&text, ANSWER_MAX);
	if (state == NULL || views == NULL || json_write(views, &text, e) < 0 ||
	    buf_ok(&text, e) < 0)
		return err_in(e, "round");
	t->c->round = round;
	/* the newest round is the one that counts: none may stand above it */
	if (db_do(t->w->db, e,
		"DELETE FROM round WHERE channel = $1 AND round >= $2",
		BIND(V((const char *)t->c->id), V(round))) < 0)
		return -1;
	return db_do(t->w->db, e,
		   "INSERT INTO round (channel, round, why, publication, state,"
		   " signed_at_s, expires_s, views)"
		   " VALUES ($1, $2, 'bundle', $3, $4, $5, $6, $7)",
		   BIND(V((const char *)t->c->id), V(round), V(t->id), V(state),
		       V(number(t, "signed_at_s")),
		       V(number(t, "timestamp_expires_s")),
		       V(buf_str(&text)))) < 0
	    ? -1
	    : 0;
}

static const struct manifest *
read_manifest(struct taking *t, size_t rung, struct err *e)
{
	const char *sha256 = json_string_value(
	    json_array_get(json_object_get(t->facts, "manifests"), rung));
	struct bytes file;

	if (!blobs_name_ok(sha256)) {
		(void)err_set(e, ERR_SYS, "answer of the child: no digest");
		return NULL;
	}
	return blobs_read(t->w->conf->state, sha256, MANIFEST_MAX, &file,
		   t->w->a, e) < 0
	    ? NULL
	    : manifest_read(t->w->a, file, true, e);
}

/* The state of a mirror: the ladder, and the rung that everybody gets. */
static int
make_state(struct taking *t, struct err *e)
{
	struct channel_state *s = &t->c->state;
	struct channel_state next = { .mirror = true };
	struct ladder l = { .m = number(t, "m"),
		.nblocks = (int)number(t, "nblocks"),
		.ngood = (int)number(t, "ngood"),
		.offer_seq = number(t, "offer_seq"),
		.fallback_seq = number(t, "fallback_seq") };
	const json_t *good = json_object_get(t->facts, "good_seq");

	for (size_t i = 0; i < json_array_size(good) && i < LADDER_MAX; i++)
		l.good_seq[i] = json_integer_value(json_array_get(good, i));
	memcpy(next.product, s->product, sizeof(next.product));
	memcpy(next.channel, s->channel, sizeof(next.channel));
	t->rung = (int)number(t, "rung");
	if (state_take_in(&next, &l, t->offer, false, e) < 0)
		return -1;
	if (t->rung < 0 || t->rung >= ladder_rungs(&l))
		return err_set(e, ERR_SYS, "answer of the child: no rung");
	next.mirror_rung = t->rung;
	next.nscopes = 1;
	next.scopes[0].low = t->rung;
	next.scopes[0].high = t->rung > 0 ? t->rung : 1;
	*s = next;
	return 0;
}

static int
put_audit(struct taking *t, struct err *e)
{
	const char *after = channel_state_text(&t->c->state, t->w->a, e);
	const char *arguments =
	    arena_printf(t->w->a, e, "{\"list\":\"%s\",\"m\":%lld,\"rung\":%d}",
		t->id, (long long)number(t, "m"), t->rung);
	struct audit row = { .at_s = t->w->now_s,
		.who = "sluiced import",
		.verb = "import",
		.channel = t->c->id,
		.arguments = arguments,
		.reason = "",
		.before = t->before,
		.after = after };

	return after == NULL || arguments == NULL
	    ? -1
	    : audit_add(t->w->db, &row, e);
}

static int
take_channel(struct taking *t, struct err *e)
{
	struct db *db = t->w->db;
	const char *id =
	    json_string_value(json_object_get(t->facts, "channel"));

	if (id == NULL || (t->c = channel_load(db, id, t->w->a, e)) == NULL)
		return -1;
	if (strcmp(t->c->publication, t->id) == 0)
		return 0; /* imported already */
	t->before = "";
	if (t->c->state.ladder.m > 0 &&
	    (t->before = channel_state_text(&t->c->state, t->w->a, e)) == NULL)
		return -1;
	if ((t->offer = read_manifest(t, 1, e)) == NULL ||
	    (t->hold = read_manifest(t, 0, e)) == NULL || make_state(t, e) < 0)
		return -1;
	t->c->root_version = number(t, "root_version");
	if (put_roots(t, e) < 0 || put_publication(t, e) < 0 ||
	    release_add(db, id, t->offer, t->hold, t->w->now_s, e) < 0 ||
	    put_round(t, e) < 0)
		return -1;
	(void)snprintf(
	    t->c->publication, sizeof(t->c->publication), "%s", t->id);
	return channel_save(db, t->c, e) < 0 ? -1 : put_audit(t, e);
}

static int
commit(struct importing *w, struct err *e)
{
	json_t *list = json_object_get(w->facts, "channels");
	AUTO_TX tx = tx_begin(w->db, e);

	if (tx == NULL || put_blob_rows(w, e) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct taking t = { .w = w,
			.facts = json_array_get(list, i),
			.id = json_string_value(
			    json_object_get(w->facts, "list")) };

		if (take_channel(&t, e) < 0)
			return -1;
	}
	return tx_commit(&tx, e);
}

/* --- all of it ------------------------------------------------------------ */

static int
run(struct importing *w, const char *path, struct err *e)
{
	char *folder = file_path(w->a, e, w->conf->state, IMPORT_FOLDER);
	struct err later;
	int rc;

	if (folder == NULL || list_channels(w, e) < 0)
		return -1;
	if (w->read.nchannels == 0)
		return err_set(e, ERR_REFUSED,
		    "this server mirrors no channel: sluiced channel add"
		    " PRODUCT/CHANNEL --root FILE --mirror");
	if (file_remove_tree(folder, e) < 0 || file_mkdirs(folder, 0700, e) < 0)
		return -1;
	rc = read_bundle(w, path, e);
	if (rc == 0)
		rc = take_blobs(w, e);
	if (rc == 0)
		rc = commit(w, e);
	if (file_remove_tree(folder, &later) < 0 && rc == 0) {
		*e = later;
		rc = -1;
	}
	return rc;
}

json_t *
store_import(const struct server_config *conf, const char *path, struct err *e)
{
	AUTO_ARENA a = arena_new(ARENA_MAX);
	AUTO_DB db = NULL;
	AUTO_FD lock = -1;
	struct importing w = { .conf = conf, .a = a, .now_s = clock_now_s() };
	char *lock_path;

	if (a == NULL) {
		(void)err_set(e, ERR_SYS, "no memory");
		return NULL;
	}
	w.read = (struct import_read){ .state = conf->state,
		.now_s = w.now_s,
		.allow_example_keys = conf->allow_example_keys };
	if ((lock_path = file_path(a, e, conf->state, "intake/lock")) == NULL ||
	    (lock = file_lock(lock_path, true, e)) < 0 ||
	    schema_open(&db, conf->state, DB_MUST_EXIST, e) < 0)
		return NULL;
	w.db = db;
	if (run(&w, path, e) < 0) {
		json_decref(w.facts);
		return NULL;
	}
	store_reload(conf);
	return w.facts;
}
