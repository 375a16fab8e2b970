/*
 * A pushed list of files.
 */
#include "server/store/pushed.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/store/blobs.h"
#include "server/store/publications.h"

#define SEGMENT_MAX   255 /* bytes of a part of a path: NAME_MAX */
#define OPEN_MAX_KEPT 32  /* pushes of a channel that are not taken yet */

/* A path below the channel: names without dots in front, no empty part. */
static int
path_check(const char *path, struct arena *a, struct err *e)
{
	char *copy = arena_text(a, path, e), *rest = copy, *part;

	if (copy == NULL)
		return -1;
	if (strlen(path) > TARGET_PATH_MAX)
		return err_set(e, ERR_INPUT, "a path is too long");
	while ((part = strsep(&rest, "/")) != NULL)
		if (!name_ok(part, SEGMENT_MAX))
			return err_set(e, ERR_INPUT,
			    "'%.80s' is not a path of a publication", path);
	return 0;
}

static int
read_file(struct listed_file *out, const json_t *v,
    const struct server_config *conf, struct arena *a, struct err *e)
{
	static const struct json_field fields[] = {
		JSON_TEXT(struct listed_file, path, 1, TARGET_PATH_MAX),
		JSON_TEXT(struct listed_file, sha256, 64, 64),
		JSON_INT(struct listed_file, size, 0, INT64_MAX),
	};

	if (json_struct(v, fields, COUNT(fields), true, out, a, e) < 0 ||
	    path_check(out->path, a, e) < 0)
		return -1;
	if (!blobs_name_ok(out->sha256))
		return err_set(
		    e, ERR_INPUT, "%s: sha256 is not one", out->path);
	if (out->size > conf->file_max)
		return err_set(e, ERR_LIMIT,
		    "%s: files of more than %lld bytes are not taken here",
		    out->path, (long long)conf->file_max);
	return 0;
}

static int
path_cmp(const void *pa, const void *pb)
{
	const struct listed_file *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

static int
read_files(struct pushed *out, const json_t *list,
    const struct server_config *conf, struct arena *a, struct err *e)
{
	size_t n = json_array_size(list);
	struct listed_file *files = arena_array(a, n + 1, sizeof(*files), e);

	if (files == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (read_file(&files[i], json_array_get(list, i), conf, a, e) <
		    0)
			return -1;
	qsort(files, n, sizeof(*files), path_cmp);
	for (size_t i = 1; i < n; i++)
		if (strcmp(files[i - 1].path, files[i].path) == 0)
			return err_set(
			    e, ERR_INPUT, "%s is listed twice", files[i].path);
	out->files = (struct file_list){ files, n };
	return 0;
}

int
pushed_read(struct pushed *out, const char *body,
    const struct server_config *conf, struct arena *a, struct err *e)
{
	struct form {
		int64_t m;
		const json_t *files;
	} form;
	const struct json_field fields[] = {
		JSON_INT(struct form, m, 1, ROLE_VERSION_MAX / LADDER_MAX),
		JSON_F(JSON_FIELD_ARRAY, struct form, files, false, 1,
		    conf->files_max),
	};
	size_t max = (size_t)conf->publication_max;
	AUTO_JSON v = NULL;
	AUTO_BUF canon;

	buf_init(&canon, 2 * max);
	if (body == NULL)
		return err_set(e, ERR_INPUT, "a body is needed");
	v = json_read(
	    (struct bytes){ (const uint8_t *)body, strlen(body) }, max, e);
	if (v == NULL ||
	    json_struct(v, fields, COUNT(fields), true, &form, a, e) < 0 ||
	    read_files(out, form.files, conf, a, e) < 0 ||
	    json_canon(v, &canon, e) < 0 || buf_ok(&canon, e) < 0)
		return -1;
	out->m = form.m;
	sha256_hex(out->id, canon.at, canon.len);
	return 0;
}

int
pushed_put(struct db *db, const char *channel, const struct pushed *p,
    const char *who, int64_t now_s, struct err *e)
{
	AUTO_TX tx = tx_begin(db, e);
	const char *id = p->id;
	struct publications_new row = { channel, id, who, p->m, now_s };

	if (tx == NULL || publications_open(db, &row, e) < 0 ||
	    db_do(db, e,
		"DELETE FROM publication_file WHERE channel = $1"
		" AND publication = $2",
		BIND(V(channel), V(id))) < 0)
		return -1;
	for (size_t i = 0; i < p->files.n; i++) {
		const struct listed_file *f = &p->files.at[i];

		if (db_do(db, e,
			"INSERT INTO publication_file (channel, publication,"
			" path, size, sha256, rungs, document)"
			" VALUES ($1, $2, $3, $4, $5, 0, 0)",
			BIND(V(channel), V(id), V(f->path), V(f->size),
			    V(f->sha256))) < 0)
			return -1;
	}
	/* who opens more than can be meant loses the oldest */
	if (publications_trim(db, channel, id, OPEN_MAX_KEPT, e) < 0)
		return -1;
	return tx_commit(&tx, e);
}

int
pushed_rows(struct rows *r, int64_t room, struct file_list *out,
    struct arena *a, struct err *e)
{
	struct listed_file *files;
	size_t n = 0, kept = 0;
	int more = 0;

	if (r == NULL || room < 0 ||
	    (files = arena_array(a, (size_t)room + 1, sizeof(*files), e)) ==
		NULL)
		return -1;
	while (n < (size_t)room && (more = rows_next(r, e)) > 0) {
		files[n].path = row_text(r, 0, a);
		files[n].sha256 = row_text(r, 1, a);
		files[n].size = row_int(r, 2);
		if (files[n].path == NULL || files[n].sha256 == NULL)
			return err_set(e, ERR_SYS, "no memory for the files");
		n++;
	}
	qsort(files, n, sizeof(*files), path_cmp);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 ||
		    strcmp(files[kept - 1].path, files[i].path) != 0)
			files[kept++] = files[i];
	*out = (struct file_list){ files, kept };
	return more < 0 ? -1 : 0;
}

int
pushed_list(struct db *db, const char *channel, const char *id,
    struct file_list *out, struct arena *a, struct err *e)
{
	int64_t room = db_int(db, e, -1,
	    "SELECT COUNT(*) FROM publication_file WHERE channel = $1"
	    " AND publication = $2",
	    BIND(V(channel), V(id)));
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT path, sha256, size FROM publication_file"
	    " WHERE channel = $1 AND publication = $2",
	    BIND(V(channel), V(id)));

	return pushed_rows(r, room, out, a, e);
}

int
pushed_roots(struct db *db, const char *channel, struct file_list *out,
    struct arena *a, struct err *e)
{
	int64_t room = db_int(db, e, -1,
	    "SELECT COUNT(*) FROM root WHERE channel = $1", BIND(V(channel)));
	AUTO_ROWS r = db_rows(db, e,
	    "SELECT CAST(version AS TEXT) || '.root.json', sha256, size"
	    " FROM root WHERE channel = $1",
	    BIND(V(channel)));

	return pushed_rows(r, room, out, a, e);
}

/* Whether the blob is there; else *offset gets what has arrived of it. */
static int
have(struct store *s, const struct listed_file *f, struct arena *a,
    int64_t *offset, struct err *e)
{
	int64_t size = db_int(s->db, e, -1,
	    "SELECT size FROM blob WHERE sha256 = $1", BIND(V(f->sha256)));
	struct err none;
	char *path;

	if (size >= 0 && blobs_there(s->conf->state, f->sha256, size))
		return 1;
	if ((path = blobs_incoming(s->conf->state, f->sha256, a, e)) == NULL)
		return -1;
	*offset = file_size(path, &none);
	/* too long: whoever sent that lied about its size */
	if (*offset < 0 || *offset > f->size)
		*offset = 0;
	return 0;
}

json_t *
pushed_missing(struct store *s, const struct file_list *files, struct err *e)
{
	AUTO_ARENA a = arena_new(16 << 20);
	json_t *list = json_array(), *listed = json_object();
	int64_t offset;
	int n = 0;

	for (size_t i = 0; a != NULL && i < files->n && n >= 0; i++) {
		const char *sha256 = files->at[i].sha256;

		if (json_object_get(listed, sha256) != NULL)
			continue;
		if ((n = have(s, &files->at[i], a, &offset, e)) != 0)
			continue;
		(void)json_object_set_new(listed, sha256, json_true());
		if (json_array_append_new(list,
			json_pack("{ss sI}", "sha256", sha256, "offset",
			    (json_int_t)offset)) < 0)
			n = err_set(e, ERR_SYS, "no memory");
	}
	json_decref(listed);
	if (a != NULL && n >= 0)
		return list;
	json_decref(list);
	return NULL;
}
