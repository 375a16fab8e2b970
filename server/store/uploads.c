/*
 * Uploads and downloads of single files.
 */
#include "server/store/uploads.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/log.h"
#include "server/store/blobs.h"
#include "server/store/intake.h"
#include "server/store/jobs.h"
#include "server/store/outbox.h"
#include "server/store/publications.h"

#define KEEP_FREE	 (INT64_C(64) << 20) /* or a 20th of the disk */
#define HASH_DEADLINE_MS (30 * 60 * 1000)    /* for files of any size */

struct upload {
	int64_t id, offset, size;
	const char *sha256, *token;
};

static int
read_ask(struct upload *u, const json_t *ask, struct err *e)
{
	u->id = json_integer_value(json_object_get(ask, "id"));
	u->offset = json_integer_value(json_object_get(ask, "offset"));
	u->size = json_integer_value(json_object_get(ask, "size"));
	u->sha256 = json_string_value(json_object_get(ask, "sha256"));
	u->token = json_string_value(json_object_get(ask, "token"));
	if (!blobs_name_ok(u->sha256))
		return err_set(
		    e, ERR_INPUT, "a file is named by its SHA-256 in hex");
	return 0;
}

static bool
is_stored(struct store *s, const char *sha256, int64_t *size)
{
	struct err e = { .kind = ERR_NONE };

	*size = db_int(s->db, &e, -1, "SELECT size FROM blob WHERE sha256 = $1",
	    BIND(V(sha256)));
	return *size >= 0 && blobs_there(s->conf->state, sha256, *size);
}

/* Only what an open publication names may take room on the disk, and what the
 * one in force lacks. */
static int
check_wanted(struct store *s, const struct upload *u, struct err *e)
{
	int64_t n = db_int(s->db, e, -1,
	    "SELECT (SELECT COUNT(*) FROM publication_file f"
	    "  JOIN publication p"
	    "  ON p.channel = f.channel AND p.id = f.publication"
	    "  WHERE f.sha256 = $1 AND f.size = $2"
	    "  AND p.state IN " PUBLICATIONS_SQL_WANTED ")"
	    " + (SELECT COUNT(*) FROM root WHERE sha256 = $1 AND size = $2)",
	    BIND(V(u->sha256), V(u->size)));

	if (n == 0)
		return err_set(e, ERR_REFUSED,
		    "no open publication names this file with this size");
	return n < 0 ? -1 : 0;
}

/* An upload must leave room for what the server itself writes: with a full
 * disk nothing can be halted any more.  Until it is taken in there are two. */
static int
check_room(int fd, const struct upload *u, struct err *e)
{
	struct statvfs v;
	int64_t block, rest = 2 * u->size - u->offset, left, keep;

	if (fstatvfs(fd, &v) < 0)
		return err_sys(e, "incoming");
	block = (int64_t)v.f_frsize;
	left = (int64_t)v.f_bavail * block;
	keep = (int64_t)v.f_blocks / 20 * block;
	if (left - (keep < KEEP_FREE ? keep : KEEP_FREE) >= rest)
		return 0;
	return err_set(e, ERR_LIMIT,
	    "the server's disk is too full for this file of %lld bytes",
	    (long long)u->size);
}

/* Open incoming/<sha256> at the offset.  -2: it is at *at instead. */
static int
open_at(struct store *s, const struct upload *u, int64_t *at, struct err *e)
{
	AUTO_ARENA a = arena_new(65536);
	char *path =
	    a == NULL ? NULL : blobs_incoming(s->conf->state, u->sha256, a, e);
	AUTO_FD fd = -1;
	struct stat st;
	int out;

	if (path == NULL)
		return err_set(e, ERR_SYS, "no memory");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	/* somebody has lied about its size */
	if (st.st_size > u->size) {
		if (ftruncate(fd, 0) < 0)
			return err_sys(e, "%s", path);
		st.st_size = 0;
	}
	*at = st.st_size;
	if (u->offset != st.st_size)
		return -2;
	if (check_room(fd, u, e) < 0)
		return -1;
	if (lseek(fd, u->offset, SEEK_SET) < 0)
		return err_sys(e, "%s", path);
	out = fd;
	fd = -1;
	return out;
}

void
uploads_open(struct store *s, const json_t *ask)
{
	struct upload u;
	struct err e;
	char who[32];
	int64_t size, at = 0;
	int fd;

	if (read_ask(&u, ask, &e) < 0 ||
	    intake_token(s, u.token, "publish", who, &e) < 0) {
		outbox_refuse(s, u.id, &e);
		return;
	}
	if (is_stored(s, u.sha256, &size) || jobs_find(s, JOB_BLOB, u.sha256)) {
		outbox_answer(s, u.id, 204, NULL, -1);
		return;
	}
	if (check_wanted(s, &u, &e) < 0 ||
	    (fd = open_at(s, &u, &at, &e)) == -1) {
		outbox_refuse(s, u.id, &e);
		return;
	}
	outbox_answer(s, u.id, fd < 0 ? 409 : 200,
	    json_pack("{sI}", "offset", (json_int_t)at), fd < 0 ? -1 : fd);
}

/* --- taking it in --- */

/* The child. */
static json_t *
take(const struct store *s, const struct job *j, const void *input,
    struct err *e)
{
	(void)input;
	return blobs_take(s->conf->state, j->id, j->size, e) < 0
	    ? NULL
	    : json_pack("{sb}", "ok", 1);
}

void
uploads_end(struct store *s, const json_t *ask)
{
	struct job about = { .kind = JOB_BLOB,
		.deadline_ms = clock_mono_ms() + HASH_DEADLINE_MS };
	struct upload u;
	struct err e;
	int64_t size;

	if (read_ask(&u, ask, &e) < 0) {
		outbox_refuse(s, u.id, &e);
		return;
	}
	if (is_stored(s, u.sha256, &size)) {
		outbox_answer(s, u.id, 204, NULL, -1);
		return;
	}
	if (jobs_find(s, JOB_BLOB, u.sha256)) {
		(void)err_set(&e, ERR_CONFLICT, "it is being taken in");
		outbox_refuse(s, u.id, &e);
		return;
	}
	about.size = u.size;
	about.front_id = u.id;
	(void)snprintf(about.id, sizeof(about.id), "%s", u.sha256);
	if (jobs_start(s, &about, take, NULL, &e) < 0)
		outbox_refuse(s, u.id, &e);
}

static int
record(struct store *s, const struct job *done, struct err *e)
{
	return db_do(s->db, e,
	    "INSERT INTO blob (sha256, size, added_s) VALUES ($1, $2, $3)"
	    " ON CONFLICT (sha256) DO NOTHING",
	    BIND(V((const char *)done->id), V(done->size), V(clock_now_s())));
}

void
uploads_taken(struct store *s, const struct job *done, const json_t *answer,
    const struct err *why)
{
	AUTO_ARENA a = arena_new(65536);
	struct err e;
	char *path =
	    a == NULL ? NULL : blobs_incoming(s->conf->state, done->id, a, &e);

	/* whatever it was, it is of no more use: stored, or other bytes */
	if (path != NULL && (answer != NULL || why->kind != ERR_SYS))
		(void)unlink(path);
	if (answer == NULL) {
		e = *why;
		/* 401 is for tokens */
		if (e.kind == ERR_AUTH)
			e.kind = ERR_INPUT;
		outbox_refuse(s, done->front_id, &e);
		return;
	}
	if (record(s, done, &e) < 0)
		outbox_refuse(s, done->front_id, &e);
	else
		outbox_answer(s, done->front_id, 204, NULL, -1);
}

/* --- reading --- */

void
uploads_blob(struct store *s, const json_t *ask)
{
	AUTO_ARENA a = arena_new(65536);
	struct upload u;
	struct err e;
	char who[32], *path;
	int64_t size;
	int fd = -1;

	if (a == NULL || read_ask(&u, ask, &e) < 0 ||
	    intake_token(s, u.token, "read", who, &e) < 0) {
		outbox_refuse(s, u.id, &e);
		return;
	}
	if (!is_stored(s, u.sha256, &size))
		(void)err_set(&e, ERR_MISSING, "there is no such file");
	else if ((path = blobs_path(s->conf->state, u.sha256, a, &e)) != NULL &&
	    (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
		(void)err_sys(&e, "%s", path);
	if (fd < 0)
		outbox_refuse(s, u.id, &e);
	else
		outbox_answer(s, u.id, 200,
		    json_pack("{sI}", "size", (json_int_t)size), fd);
}
