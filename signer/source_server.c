/*
 * The server as a source: GET /v1/publications/P/C and /v1/blobs/<sha256>.
 */
#include "signer/source_server.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"

#define ANSWER_MAX	(4 << 20)
#define FILES_MAX	20000
#define BLOB_DEADLINE_S (6 * 3600)

struct base_doc {
	const char *product, *channel, *version;
	int64_t m, seq, next_seq, fallback_seq, root_version;
	int64_t created;
	const json_t *good_seq, *withdrawn_seq, *pin_seq, *files;
};

static const struct json_field base_fields[] = {
	JSON_TEXT(struct base_doc, product, 1, PRODUCT_MAX),
	JSON_TEXT(struct base_doc, channel, 1, PRODUCT_MAX),
	JSON_INT(struct base_doc, m, 0, INT32_MAX),
	JSON_F(JSON_FIELD_TEXT, struct base_doc, version, true, 1, 64),
	JSON_F(JSON_FIELD_INT, struct base_doc, seq, true, 0, MANIFEST_INT_MAX),
	JSON_F(JSON_FIELD_INT, struct base_doc, next_seq, true, 0,
	    MANIFEST_INT_MAX),
	JSON_F(JSON_FIELD_INT, struct base_doc, fallback_seq, true, 0,
	    MANIFEST_INT_MAX),
	JSON_F(
	    JSON_FIELD_ARRAY, struct base_doc, good_seq, true, 0, LADDER_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct base_doc, withdrawn_seq, true, 0,
	    LADDER_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct base_doc, pin_seq, true, 0, LADDER_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct base_doc, files, true, 0, FILES_MAX),
};

struct file_doc {
	const char *path;
	int64_t size;
	uint8_t sha256[SHA256_SIZE];
};

static const struct json_field file_fields[] = {
	JSON_TEXT(struct file_doc, path, 1, TARGET_PATH_MAX),
	JSON_INT(struct file_doc, size, 0, MANIFEST_INT_MAX),
	JSON_F(JSON_FIELD_HEX, struct file_doc, sha256, false, 0, SHA256_SIZE),
};

int
source_server_refused(const struct fetch_answer *answer, struct err *e)
{
	struct err ignored = { 0 };
	AUTO_JSON v = json_read(answer->body, ANSWER_MAX, &ignored);
	const char *text = json_string_value(json_object_get(v, "error"));
	const char *kind = json_string_value(json_object_get(v, "kind"));
	enum err_kind k = ERR_SYS;
	char safe[200];

	if (kind != NULL)
		k = err_kind_named(kind);
	else if (answer->status == 401)
		k = ERR_AUTH;
	else if (answer->status == 403)
		k = ERR_REFUSED;
	else if (answer->status == 404)
		k = ERR_MISSING;
	else if (answer->status == 409)
		k = ERR_CONFLICT;
	else if (answer->status == 413)
		k = ERR_LIMIT;
	if (text == NULL)
		return err_set(e, k, "the server answered %d", answer->status);
	return err_set(
	    e, k, "the server says: %s", text_safe(safe, sizeof(safe), text));
}

static int
read_seqs(int64_t out[LADDER_MAX], int *n, const json_t *list, struct err *e)
{
	*n = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (!json_is_integer(v) || *n == LADDER_MAX)
			return err_set(e, ERR_INPUT, "a bad release number");
		out[(*n)++] = json_integer_value(v);
	}
	return 0;
}

static int
read_files(struct source *s, const json_t *list, struct err *e)
{
	size_t n = json_array_size(list);
	struct source_file *files = arena_array(s->arena, n, sizeof(*files), e);

	if (files == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct file_doc d = { 0 };

		if (json_struct(json_array_get(list, i), file_fields,
			COUNT(file_fields), false, &d, s->arena, e) < 0)
			return err_in(e, "files");
		files[i].path = d.path;
		files[i].size = d.size;
		memcpy(files[i].sha256, d.sha256, SHA256_SIZE);
	}
	s->files = files;
	s->nfiles = n;
	return 0;
}

/* The answer, from JSON. */
static int
read_base(struct source *s, const json_t *v, struct err *e)
{
	struct base_doc d = { .next_seq = 1 };
	struct publication_base *b = &s->base;

	if (json_struct(
		v, base_fields, COUNT(base_fields), false, &d, s->arena, e) < 0)
		return -1;
	*b = (struct publication_base){
		.m = d.m,
		.seq = d.seq,
		.version = d.version,
		.next_seq = d.next_seq,
		.fallback_seq = d.fallback_seq,
	};
	s->m = d.m;
	if (read_seqs(b->good_seq, &b->ngood, d.good_seq, e) < 0 ||
	    read_seqs(b->withdrawn_seq, &b->nwithdrawn, d.withdrawn_seq, e) <
		0 ||
	    read_seqs(b->pin_seq, &b->npins, d.pin_seq, e) < 0)
		return -1;
	return read_files(s, d.files, e);
}

static int
get(struct source *s, const char *url, int64_t max, struct fetch_answer *out,
    struct err *e)
{
	struct fetch_request r = FETCH_REQUEST;

	r.url = url;
	r.headers = s->headers;
	r.max = max;
	memset(out, 0, sizeof(*out));
	if (fetch_run(s->fetch, &r, out, s->arena, e) < 0)
		return -1;
	return out->status == 200 ? 0 : source_server_refused(out, e);
}

int
source_server_open(
    struct source *s, const struct source_ask *ask, struct err *e)
{
	AUTO_JSON v = NULL;
	struct fetch_answer answer;
	char *url;

	s->url = arena_printf(
	    s->arena, e, "%.*s", (int)url_length(ask->where), ask->where);
	if (s->url == NULL)
		return -1;
	if (ask->product == NULL || ask->token == NULL)
		return err_set(
		    e, ERR_USAGE, "%s: a folder is needed here", ask->where);
	s->headers[0] = (const char *)ask->token->at;
	if ((s->fetch = fetch_new("sluice-sign/" SLUICE_VERSION, e)) == NULL)
		return -1;
	url = arena_printf(s->arena, e, "%s/v1/publications/%s/%s", s->url,
	    ask->product, ask->channel);
	if (url == NULL)
		return -1;
	if (get(s, url, ANSWER_MAX, &answer, e) < 0)
		return err_in(e, "%s", url);
	v = json_read(answer.body, ANSWER_MAX, e);
	if (v == NULL || read_base(s, v, e) < 0)
		return err_in(e, "%s", url);
	return 0;
}

const struct source_file *
source_server_find(const struct source *s, const char *path)
{
	for (size_t i = 0; i < s->nfiles; i++) {
		if (strcmp(s->files[i].path, path) == 0)
			return &s->files[i];
	}
	return NULL;
}

static char *
blob_url(
    struct source *s, const uint8_t sha256[static SHA256_SIZE], struct err *e)
{
	char hex[SHA256_HEX_SIZE];

	hex_write(hex, sha256, SHA256_SIZE);
	return arena_printf(s->arena, e, "%s/v1/blobs/%s", s->url, hex);
}

int
source_server_read(struct source *s, const char *path, size_t max,
    struct arena *a, struct bytes *out, struct err *e)
{
	const struct source_file *f = source_server_find(s, path);
	struct fetch_answer answer;
	uint8_t sum[SHA256_SIZE];
	char *url;

	if (f == NULL)
		return err_set(
		    e, ERR_MISSING, "%s: the server has no %s", s->url, path);
	if (f->size > (int64_t)max)
		return err_set(
		    e, ERR_LIMIT, "%s: longer than %zu bytes", path, max);
	if ((url = blob_url(s, f->sha256, e)) == NULL)
		return -1;
	if (get(s, url, f->size > 65536 ? f->size : 65536, &answer, e) < 0)
		return err_in(e, "%s", path);
	sha256(sum, answer.body.at, answer.body.len);
	if ((int64_t)answer.body.len != f->size ||
	    memcmp(sum, f->sha256, sizeof(sum)) != 0)
		return err_set(
		    e, ERR_AUTH, "%s: other bytes than announced", path);
	out->len = answer.body.len;
	out->at = arena_bytes(a, answer.body.at, answer.body.len, e);
	return out->at == NULL ? -1 : 0;
}

int
source_server_copy(struct source *s, const struct publication_file *f,
    const char *to, struct err *e)
{
	AUTO_FD fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer = { 0 };

	if (fd < 0)
		return err_sys(e, "%s", to);
	if ((r.url = blob_url(s, f->sha256, e)) == NULL)
		return -1;
	r.headers = s->headers;
	r.max = f->size > 65536 ? f->size : 65536;
	r.deadline_s = BLOB_DEADLINE_S;
	r.sink_fd = fd;
	if (fetch_run(s->fetch, &r, &answer, s->arena, e) < 0 ||
	    answer.status != 200) {
		(void)unlink(to);
		return answer.status == 0 ? -1
					  : source_server_refused(&answer, e);
	}
	return 0;
}
