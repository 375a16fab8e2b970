/*
 * One seam for both kinds of source.  Trust never depends on the transport.
 */
#include "client/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"

#define AGENT	   "sluice/" SLUICE_VERSION
#define DOCUMENT_S 30 /* step 5 */
#define FOLDER	   "file://"
#define COPY_BYTES 65536

void
origin_init(struct origin *s, const struct config *c, const char *channel)
{
	*s = (struct origin){ .url = c->url,
		.product = c->product,
		.channel = channel,
		.query = "",
		.ca_file = c->ca_file,
		.retry_after_s = -1 };
}

void
origin_done(struct origin *s)
{
	fetch_free(s->fetch);
	s->fetch = NULL;
}

static bool
is_folder(const struct origin *s)
{
	return strncmp(s->url, FOLDER, strlen(FOLDER)) == 0;
}

static int
ready(struct origin *s, struct err *e)
{
	if (s->url[0] == 0)
		return err_set(e, ERR_USAGE, "url is not configured");
	if (s->fetch == NULL && (s->fetch = fetch_new(AGENT, e)) == NULL)
		return -1;
	if (s->ca_file != NULL)
		return fetch_set_ca(s->fetch, s->ca_file, e);
	return 0;
}

/* The meaning of a status other than 200 and 206. */
static int
refuse(struct origin *s, const struct fetch_answer *answer, const char *path,
    struct err *e)
{
	if (answer->retry_after_s >= 0)
		s->retry_after_s = answer->retry_after_s;
	if (fetch_absent(answer))
		return err_set(e, ERR_MISSING, "%s: not there", path);
	/* 416: what is here already is longer than what is there */
	return err_set(e, answer->status == 416 ? ERR_LIMIT : ERR_SYS,
	    "%s: answered %d", path, answer->status);
}

static int
open_file(struct origin *s, const char *path, struct err *e)
{
	AUTO_FD dir =
	    open(s->url + strlen(FOLDER), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char below[2048];

	if (dir < 0)
		return err_sys(e, "%s", s->url);
	if (snprintf(below, sizeof(below), "%s/%s/%s", s->product, s->channel,
		path) >= (int)sizeof(below))
		return err_set(e, ERR_LIMIT, "%s: too long", path);
	return file_open_beneath(dir, below, O_RDONLY, 0, e);
}

int
origin_get(struct origin *s, const char *path, bool personal, size_t max,
    struct arena *a, struct bytes *out, struct err *e)
{
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer;

	if (is_folder(s)) {
		AUTO_FD fd = open_file(s, path, e);

		return fd < 0 ? -1 : file_read_fd(a, fd, path, max, out, e);
	}
	if (ready(s, e) < 0)
		return -1;
	r.url = arena_printf(a, e, "%s/%s/%s/%s%s", s->url, s->product,
	    s->channel, path, personal ? s->query : "");
	if (r.url == NULL)
		return -1;
	r.max = (int64_t)max;
	r.deadline_s = DOCUMENT_S;
	if (fetch_run(s->fetch, &r, &answer, a, e) < 0)
		return -1;
	if (answer.status != 200)
		return refuse(s, &answer, path, e);
	if (answer.ticket[0] != 0)
		memcpy(s->ticket, answer.ticket, sizeof(s->ticket));
	*out = answer.body;
	return 0;
}

/* From a folder: copy at most one byte more than promised. */
static int
copy_rest(struct origin *s, const struct origin_file *f, struct err *e)
{
	AUTO_FD from = open_file(s, f->path, e);
	char buf[COPY_BYTES];
	int64_t at = f->have;
	ssize_t n;

	if (from < 0)
		return -1;
	if (lseek(from, f->have, SEEK_SET) < 0)
		return err_sys(e, "%s", f->path);
	while (at <= f->size) {
		if ((n = read(from, buf, sizeof(buf))) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, "%s", f->path);
		}
		if (n == 0)
			return at == f->size
			    ? 0
			    : err_set(e, ERR_INPUT, "%s: shorter than signed",
				  f->path);
		if (at + n > f->size)
			return err_set(
			    e, ERR_LIMIT, "%s: longer than signed", f->path);
		s->local = true;
		if (file_write_all(f->fd, buf, (size_t)n, f->path, e) < 0)
			return -1;
		s->local = false;
		at += n;
		if (f->progress != NULL && f->progress(f->ctx, at) < 0)
			return err_set(e, ERR_REFUSED, "stopped");
	}
	return 0;
}

struct moving {
	const struct origin_file *f;
};

/* fetch counts the bytes of one answer; people want those of the file. */
static int
moved(void *ctx, int64_t done)
{
	const struct origin_file *f = ((struct moving *)ctx)->f;
	off_t at = lseek(f->fd, 0, SEEK_CUR);

	if (f->progress == NULL)
		return 0;
	return f->progress(f->ctx, at < 0 ? done : (int64_t)at);
}

int
origin_download(struct origin *s, const struct origin_file *f, struct err *e)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer;
	struct moving m = { f };

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	s->local = false;
	if (lseek(f->fd, f->have, SEEK_SET) < 0)
		return err_sys(e, "download");
	if (is_folder(s))
		return copy_rest(s, f, e);
	if (ready(s, e) < 0)
		return -1;
	r.url = arena_printf(
	    a, e, "%s/%s/%s/%s", s->url, s->product, s->channel, f->path);
	if (r.url == NULL)
		return -1;
	r.max = f->size; /* also when Range is ignored and it starts anew */
	r.deadline_s = f->deadline_s;
	r.min_speed = f->min_speed;
	r.sink_fd = f->fd;
	r.resume_from = f->have;
	r.progress = moved;
	r.ctx = &m;
	if (fetch_run(s->fetch, &r, &answer, a, e) < 0) {
		s->local = answer.local;
		return -1;
	}
	if (answer.status != 200 && answer.status != 206)
		return refuse(s, &answer, f->path, e);
	return 0;
}

int
origin_post(struct origin *s, const char *path, const char *json, struct err *e)
{
	AUTO_ARENA a = arena_new(1 << 20);
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer;

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (is_folder(s))
		return err_set(e, ERR_MISSING, "a folder takes no reports");
	if (ready(s, e) < 0)
		return -1;
	r.method = "POST";
	r.url = arena_printf(a, e, "%s/%s", s->url, path);
	if (r.url == NULL)
		return -1;
	r.body = (struct bytes){ (const uint8_t *)json, strlen(json) };
	r.max = 65536;
	if (fetch_run(s->fetch, &r, &answer, a, e) < 0)
		return -1;
	if (answer.status >= 200 && answer.status <= 299)
		return 0;
	if (answer.retry_after_s >= 0)
		s->retry_after_s = answer.retry_after_s;
	/* it will not like the same bytes better another time */
	return err_set(e,
	    answer.status == 400 || answer.status == 404 || answer.status == 413
		? ERR_INPUT
		: ERR_SYS,
	    "%s: answered %d", path, answer.status);
}
