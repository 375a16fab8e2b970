/*
 * Uploading what a server lacks.
 */
#include <fcntl.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "manifest/base/verb.h"
#include "signer/push.h"
#include "signer/source_server.h"

#define PUSH_PUT_S (6 * 3600)

static int
on_sent(void *ctx, int64_t done)
{
	struct push *p = ctx;

	progress_add(p->progress, done - p->sent);
	p->sent = done;
	return 0;
}

/* 409 on a blob: go on from where the server is. */
static int
put_offset(struct push *p, const struct fetch_answer *answer, int64_t *offset)
{
	AUTO_JSON v = json_read(answer->body, PUSH_ANSWER_MAX, p->e);
	const json_t *at = json_object_get(v, "offset");

	if (!json_is_integer(at))
		return source_server_refused(answer, p->e);
	*offset = json_integer_value(at);
	return 0;
}

static int
put_blob(struct push *p, const struct push_file *f, int64_t offset)
{
	AUTO_FD fd = open(f->local, O_RDONLY | O_CLOEXEC);
	char hex[SHA256_HEX_SIZE];

	if (fd < 0)
		return err_sys(p->e, "%s", f->local);
	hex_write(hex, f->sha256, SHA256_SIZE);
	for (int i = 0; i < PUSH_TRIES; i++) {
		char *url = arena_printf(p->a, p->e,
		    "%s/v1/blobs/%s?offset=%lld&size=%lld", p->url, hex,
		    (long long)offset, (long long)f->size);
		struct fetch_request r = push_request(p, "PUT", url);
		struct fetch_answer answer;

		if (offset < 0 || offset > f->size)
			return err_set(p->e, ERR_INPUT,
			    "the server has more of %s than there is", f->path);
		r.headers = p->headers + 1;
		r.body_fd = fd;
		r.body_offset = offset;
		r.body_len = f->size - offset;
		r.deadline_s = PUSH_PUT_S;
		r.progress = on_sent;
		r.ctx = p;
		p->sent = 0;
		if (url == NULL || push_ask(p, &r, &answer) < 0)
			return -1;
		if (answer.status == 204 || answer.status == 200)
			return 0;
		if (answer.status != 409)
			return source_server_refused(&answer, p->e);
		if (put_offset(p, &answer, &offset) < 0)
			return -1;
	}
	return err_set(p->e, ERR_CONFLICT,
	    "%s: the server keeps losing its place", f->path);
}

int
push_blobs(struct push *p, const json_t *missing)
{
	for (size_t i = 0; i < json_array_size(missing); i++) {
		const json_t *v = json_array_get(missing, i);
		const char *hex =
		    json_string_value(json_object_get(v, "sha256"));
		uint8_t sum[SHA256_SIZE];
		const struct push_file *f;

		if (hex == NULL || hex_read(sum, sizeof(sum), hex) < 0)
			return err_set(p->e, ERR_INPUT,
			    "the server asks for something that is no digest");
		f = push_list_find(&p->list, sum);
		if (f == NULL || f->local == NULL) {
			verb_hint("publish --complete brings the files of"
				  " older releases");
			return err_set(p->e, ERR_MISSING,
			    "the server lacks %s, which is not here",
			    f == NULL ? hex : f->path);
		}
		if (put_blob(p, f,
			json_integer_value(json_object_get(v, "offset"))) < 0)
			return err_in(p->e, "%s", f->path);
	}
	return 0;
}

int64_t
push_blobs_bytes(const struct push *p, const json_t *missing)
{
	int64_t total = 0;

	for (size_t i = 0; i < json_array_size(missing); i++) {
		const json_t *v = json_array_get(missing, i);
		const char *hex =
		    json_string_value(json_object_get(v, "sha256"));
		uint8_t sum[SHA256_SIZE];
		const struct push_file *f;

		if (hex == NULL || hex_read(sum, sizeof(sum), hex) < 0 ||
		    (f = push_list_find(&p->list, sum)) == NULL)
			continue;
		total +=
		    f->size - json_integer_value(json_object_get(v, "offset"));
	}
	return total;
}
