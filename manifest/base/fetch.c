/*
 * HTTP requests over libcurl.
 */
#include "manifest/base/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define DEADLINE_S    30
#define CONNECT_S     15
#define MIN_SPEED     100
#define MIN_SPEED_S   30
#define ERROR_BODY    65536 /* what is kept of an error's body with a sink */
#define REDIRECTS_MAX 4

struct fetch {
	CURL *curl;
	char agent[128];
	char ca_file[1024]; /* "": the system's */
};

/* One running exchange. */
struct exchange {
	struct fetch *f;
	const struct fetch_request *r;
	struct fetch_answer *out;
	struct buf body;
	int64_t sent;
	bool limit, stopped, failed;
	struct err e;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
start(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct fetch *
fetch_new(const char *user_agent, struct err *e)
{
	struct fetch *f = calloc(1, sizeof(*f));

	(void)pthread_once(&once, start);
	if (f != NULL)
		f->curl = curl_easy_init();
	if (f == NULL || f->curl == NULL) {
		free(f);
		err_set(e, ERR_SYS, "cannot start libcurl");
		return NULL;
	}
	(void)snprintf(f->agent, sizeof(f->agent), "%s", user_agent);
	return f;
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	curl_easy_cleanup(f->curl);
	free(f);
}

int
fetch_set_ca(struct fetch *f, const char *ca_file, struct err *e)
{
	if (strlen(ca_file) >= sizeof(f->ca_file))
		return err_set(e, ERR_LIMIT, "%.100s...: too long", ca_file);
	(void)snprintf(f->ca_file, sizeof(f->ca_file), "%s", ca_file);
	return 0;
}

static long
status_of(const struct exchange *x)
{
	long status = 0;

	(void)curl_easy_getinfo(x->f->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Whether the body of this answer goes to the sink; an error's does not. */
static bool
to_sink(struct exchange *x)
{
	long status = status_of(x);

	if (x->r->sink_fd < 0 || (status != 200 && status != 206))
		return false;
	/* the server ignored Range: the file starts again */
	if (x->out->received == 0 && x->r->resume_from > 0 && status == 200 &&
	    (ftruncate(x->r->sink_fd, 0) < 0 ||
		lseek(x->r->sink_fd, 0, SEEK_SET) < 0)) {
		x->failed = true;
		(void)err_sys(&x->e, "download");
	}
	return true;
}

static size_t
on_body(char *at, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	size_t len = size * n;
	bool sink = to_sink(x);
	int64_t max = x->r->sink_fd >= 0 && !sink ? ERROR_BODY : x->r->max;

	if (x->failed)
		return 0;
	if ((int64_t)len > max - x->out->received) {
		x->limit = true;
		return 0;
	}
	if (!sink) {
		buf_add(&x->body, at, len);
	} else if (file_write_all(x->r->sink_fd, at, len, "download", &x->e) <
	    0) {
		x->failed = true;
		return 0;
	}
	x->out->received += (int64_t)len;
	if (x->r->progress != NULL &&
	    x->r->progress(x->r->ctx, x->out->received) < 0) {
		x->stopped = true;
		return 0;
	}
	return len;
}

static size_t
on_upload(char *at, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	int64_t left = x->r->body_len - x->sent;
	size_t want = size * n;
	ssize_t got;

	if ((int64_t)want > left)
		want = (size_t)left;
	do
		got =
		    pread(x->r->body_fd, at, want, x->r->body_offset + x->sent);
	while (got < 0 && errno == EINTR);
	if (got < 0 || (got == 0 && want > 0)) {
		x->failed = true;
		err_set(&x->e, ERR_SYS, "upload: the file became shorter");
		return CURL_READFUNC_ABORT;
	}
	x->sent += got;
	if (x->r->progress != NULL && x->r->progress(x->r->ctx, x->sent) < 0) {
		x->stopped = true;
		return CURL_READFUNC_ABORT;
	}
	return (size_t)got;
}

/* Copy the value when the line is this header. */
static bool
header_is(
    const char *line, size_t len, const char *name, char *out, size_t room)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 &&
	    (line[len - 1] == '\r' || line[len - 1] == '\n' ||
		line[len - 1] == ' '))
		len--;
	if (len >= room)
		len = 0; /* a value that long is none of ours */
	memcpy(out, line, len);
	out[len] = 0;
	return true;
}

static size_t
on_header(char *at, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	struct fetch_answer *o = x->out;
	size_t len = size * n;
	char number[24];

	if (header_is(at, len, "Retry-After", number, sizeof(number))) {
		if (int_read(number, 0, 604800, &o->retry_after_s) < 0)
			o->retry_after_s = -1;
	} else if (!header_is(at, len, "Content-Type", o->content_type,
		       sizeof(o->content_type)) &&
	    !header_is(at, len, "Content-Location", o->location,
		sizeof(o->location))) {
		(void)header_is(
		    at, len, "Sluice-Ticket", o->ticket, sizeof(o->ticket));
	}
	return len;
}

static void
set_limits(struct exchange *x)
{
	CURL *c = x->f->curl;
	const struct fetch_request *r = x->r;
	bool tls = strncmp(r->url, "https:", 6) == 0;

	if (x->f->ca_file[0] != 0)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, x->f->ca_file);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT,
	    (long)(r->deadline_s > 0 ? r->deadline_s : DEADLINE_S));
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT,
	    (long)(r->min_speed > 0 ? r->min_speed : MIN_SPEED));
	(void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)MIN_SPEED_S);
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	(void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	/* a redirect may not leave TLS */
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(
	    c, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
#else
	(void)curl_easy_setopt(
	    c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
	(void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS,
	    (long)(tls ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void
set_body(struct exchange *x)
{
	CURL *c = x->f->curl;
	const struct fetch_request *r = x->r;
	const char *method = r->method == NULL ? "GET" : r->method;

	if (r->body_len >= 0) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_upload);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, x);
		(void)curl_easy_setopt(
		    c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->body_len);
	} else if (strcmp(method, "HEAD") == 0) {
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (strcmp(method, "GET") != 0) {
		(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS,
		    r->body.len == 0 ? "" : (const char *)r->body.at);
		(void)curl_easy_setopt(
		    c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
	}
	if (strcmp(method, "HEAD") != 0)
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

static void
slist_freep(struct curl_slist **l)
{
	curl_slist_free_all(*l);
}

static int
add_header(struct curl_slist **list, const char *text, struct err *e)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (longer == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	*list = longer;
	return 0;
}

static int
set_headers(struct exchange *x, struct curl_slist **list, struct err *e)
{
	char range[64];

	/* no round trip for 100-continue; no form type on JSON */
	if (add_header(list, "Expect:", e) < 0 ||
	    add_header(list, "Content-Type: application/json", e) < 0)
		return -1;
	for (size_t i = 0; x->r->headers != NULL && x->r->headers[i] != NULL;
	     i++)
		if (add_header(list, x->r->headers[i], e) < 0)
			return -1;
	if (x->r->resume_from > 0) {
		(void)snprintf(range, sizeof(range), "Range: bytes=%lld-",
		    (long long)x->r->resume_from);
		if (add_header(list, range, e) < 0)
			return -1;
	}
	(void)curl_easy_setopt(x->f->curl, CURLOPT_HTTPHEADER, *list);
	return 0;
}

static int
outcome(struct exchange *x, CURLcode rc, struct arena *a, struct err *e)
{
	const char *url = x->r->url;

	if (x->limit)
		return err_set(e, ERR_LIMIT, "%.200s: longer than %lld bytes",
		    url, (long long)x->r->max);
	if (x->stopped)
		return err_set(e, ERR_REFUSED, "stopped");
	if (x->failed) {
		x->out->local = true;
		*e = x->e;
		return err_in(e, "%.150s", url);
	}
	if (rc != CURLE_OK)
		return err_set(
		    e, ERR_SYS, "%.200s: %s", url, curl_easy_strerror(rc));
	if (buf_ok(&x->body, e) < 0)
		return err_in(e, "%.150s", url);
	x->out->status = (int)status_of(x);
	x->out->body.len = x->body.len;
	x->out->body.at = arena_bytes(a, buf_str(&x->body), x->body.len, e);
	return x->out->body.at == NULL ? -1 : 0;
}

int
fetch_run(struct fetch *f, const struct fetch_request *r,
    struct fetch_answer *out, struct arena *a, struct err *e)
{
	struct exchange x = { .f = f, .r = r, .out = out };
	CLEANUP(slist_freep) struct curl_slist *headers = NULL;
	CURLcode rc;
	int done;

	*out = (struct fetch_answer){ .retry_after_s = -1 };
	buf_init(&x.body, r->sink_fd >= 0 ? ERROR_BODY : (size_t)r->max);
	curl_easy_reset(f->curl); /* keeps the connections */
	(void)curl_easy_setopt(f->curl, CURLOPT_USERAGENT, f->agent);
	(void)curl_easy_setopt(f->curl, CURLOPT_URL, r->url);
	(void)curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, &x);
	(void)curl_easy_setopt(f->curl, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(f->curl, CURLOPT_HEADERDATA, &x);
	set_limits(&x);
	set_body(&x);
	if (set_headers(&x, &headers, e) < 0) {
		buf_done(&x.body);
		return -1;
	}
	rc = curl_easy_perform(f->curl);
	done = outcome(&x, rc, a, e);
	buf_done(&x.body);
	return done;
}

bool
fetch_absent(const struct fetch_answer *answer)
{
	return answer->status == 403 || answer->status == 404 ||
	    answer->status == 410;
}
