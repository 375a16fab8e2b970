/*
 * sluiced import: a mirror takes in a bundle.  The bundle is read by a child
 * behind intake's fence (import_read.h); its answer is taken in (import_take.h),
 * and a running server told.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/sandbox.h"
#include "server/store.h"
#include "server/store/blobs.h"
#include "server/store/import_read.h"
#include "server/store/import_take.h"
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
		rc = import_take(&(struct import_take){ w->conf, w->db,
				     w->facts, w->a, w->now_s },
		    e);
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
