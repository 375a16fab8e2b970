/*
 * sluice-sign push: hand a publication directory to a server.  By digest: the
 * server names what it lacks and from which byte on, so that a push that was
 * cut off goes on where it was, and a second one does nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/previous.h"
#include "signer/progress.h"
#include "signer/push_list.h"
#include "signer/source_server.h"
#include "signer/token.h"
#include "signer/verbs.h"

#define PUSH_ANSWER_MAX (4 << 20)
#define PUSH_TRIES	5
#define PUSH_BUSY_TRIES 60
#define PUSH_WAIT_S	3600 /* for the server to check everything */
#define PUSH_PUT_S	(6 * 3600)

struct push {
	struct previous prev; /* what is pushed */
	struct push_list list;
	struct fetch *fetch;
	const char *headers[3]; /* content type, token; PUT from the token on */
	const char *base;	/* URL/v1/publications/P/C */
	const char *url;
	struct secret token;
	struct progress *progress;
	int64_t sent; /* of the file that is on its way */
	struct arena *a;
	struct err *e;
};

static void
push_done(struct push *p)
{
	fetch_free(p->fetch);
	progress_free(p->progress);
	previous_done(&p->prev);
	secret_done(&p->token);
}

static void
pause_ms(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* One exchange; a busy server is asked again, for a while. */
static int
ask(struct push *p, const struct fetch_request *r, struct fetch_answer *out)
{
	for (int i = 0;; i++) {
		memset(out, 0, sizeof(*out));
		out->retry_after_s = -1;
		if (fetch_run(p->fetch, r, out, p->a, p->e) < 0)
			return -1;
		if (out->status != 503 || i == PUSH_BUSY_TRIES)
			return 0;
		pause_ms(out->retry_after_s > 0 && out->retry_after_s < 60
			? out->retry_after_s * 1000
			: 1000);
	}
}

static struct fetch_request
request(const struct push *p, const char *method, const char *url)
{
	struct fetch_request r = FETCH_REQUEST;

	r.method = method;
	r.url = url;
	r.headers = p->headers;
	r.max = PUSH_ANSWER_MAX;
	return r;
}

/* --- what is missing ------------------------------------------------------ */

/* 409: somebody was faster; say what to build on. */
static int
moved_on(struct push *p, const json_t *v)
{
	const json_t *base = json_object_get(v, "base");
	const char *version =
	    json_string_value(json_object_get(base, "version"));
	char safe[80];

	if (base != NULL)
		verb_hint("build on m %lld, %s: publish --previous %s",
		    (long long)json_integer_value(json_object_get(base, "m")),
		    version == NULL ? "nothing"
				    : text_safe(safe, sizeof(safe), version),
		    p->url);
	return err_set(p->e, ERR_CONFLICT,
	    "%s: another publication is there already", p->url);
}

/* Announce the files.  The answer is the server's, parsed. */
static json_t *
announce(struct push *p)
{
	struct fetch_request r = request(p, "POST", p->base);
	struct fetch_answer answer;
	json_t *v;

	r.body = p->list.body;
	if (ask(p, &r, &answer) < 0)
		return NULL;
	if (answer.status == 409) {
		v = json_read(answer.body, PUSH_ANSWER_MAX, p->e);
		if (v != NULL)
			(void)moved_on(p, v);
		json_decref(v);
		return NULL;
	}
	if (answer.status != 200) {
		(void)source_server_refused(&answer, p->e);
		return NULL;
	}
	return json_read(answer.body, PUSH_ANSWER_MAX, p->e);
}

static int
on_sent(void *ctx, int64_t done)
{
	struct push *p = ctx;

	progress_add(p->progress, done - p->sent);
	p->sent = done;
	return 0;
}

/* --- blobs ---------------------------------------------------------------- */

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
		struct fetch_request r = request(p, "PUT", url);
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
		if (url == NULL || ask(p, &r, &answer) < 0)
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

static int
put_missing(struct push *p, const json_t *missing)
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

static int64_t
missing_bytes(const struct push *p, const json_t *missing)
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

/*
 * Announce and upload; when the network fails, announce again and go on where
 * the server is.  1: it is running already.
 */
static int
upload(struct push *p, char id[static SHA256_HEX_SIZE])
{
	for (int i = 0;; i++) {
		AUTO_JSON v = announce(p);
		const char *text = json_string_value(json_object_get(v, "id"));
		const json_t *missing = json_object_get(v, "missing");
		const char *state =
		    json_string_value(json_object_get(v, "state"));

		if (v != NULL &&
		    (text == NULL || state == NULL ||
			strlen(text) != SHA256_HEX_SIZE - 1 ||
			strspn(text, "0123456789abcdef") !=
			    SHA256_HEX_SIZE - 1))
			return err_set(p->e, ERR_INPUT,
			    "%s: not the answer of a sluiced", p->base);
		if (v != NULL) {
			memcpy(id, text, SHA256_HEX_SIZE);
			if (strcmp(state, "accepted") == 0)
				return 1;
			progress_free(p->progress);
			p->progress =
			    progress_new("push", missing_bytes(p, missing));
			if (put_missing(p, missing) == 0)
				return 0;
		}
		if (p->e->kind != ERR_SYS || i == PUSH_TRIES)
			return -1;
		pause_ms(500 << i);
	}
}

/* --- commit --------------------------------------------------------------- */

static int
wait_state(struct push *p, const char *id)
{
	char *url = arena_printf(p->a, p->e, "%s/%s", p->base, id);
	int64_t until = clock_mono_ms() + PUSH_WAIT_S * 1000;

	if (url == NULL)
		return -1;
	for (int64_t ms = 50; clock_mono_ms() < until;
	     ms = ms < 1000 ? ms * 2 : ms) {
		struct fetch_request r = request(p, "GET", url);
		struct fetch_answer answer;
		AUTO_JSON v = NULL;
		const char *state;

		if (ask(p, &r, &answer) < 0)
			return -1;
		if (answer.status != 200)
			return source_server_refused(&answer, p->e);
		v = json_read(answer.body, PUSH_ANSWER_MAX, p->e);
		state = json_string_value(json_object_get(v, "state"));
		if (state == NULL)
			return err_set(p->e, ERR_INPUT, "%s: no state", url);
		if (strcmp(state, "accepted") == 0)
			return 0;
		if (strcmp(state, "refused") == 0) {
			(void)source_server_refused(&answer, p->e);
			return err_in(p->e, "refused");
		}
		pause_ms(ms);
	}
	return err_set(p->e, ERR_SYS, "the server is still checking: %s", url);
}

static int
commit(struct push *p, const char *id)
{
	char *url = arena_printf(p->a, p->e, "%s/%s/commit", p->base, id);
	struct fetch_request r = request(p, "POST", url);
	struct fetch_answer answer;

	r.body = (struct bytes){ (const uint8_t *)"{}", 2 };
	if (url == NULL || ask(p, &r, &answer) < 0)
		return -1;
	if (answer.status != 202 && answer.status != 200)
		return source_server_refused(&answer, p->e);
	return wait_state(p, id);
}

/* --- the verb ------------------------------------------------------------- */

static int
push_open(struct push *p, const struct args *args)
{
	struct previous_ask ask_dir = { .source = { .where = args->argv[0] } };
	size_t len = strlen(args->argv[1]);
	char *url = arena_text(p->a, args->argv[1], p->e);

	if (source_is_url(args->argv[0]) || !source_is_url(args->argv[1]))
		return err_set(p->e, ERR_USAGE,
		    "push wants a folder and then a server's address");
	if (url == NULL || token_read(&p->token, args, p->e) < 0 ||
	    previous_open(&p->prev, &ask_dir, p->a, p->e) < 0)
		return -1;
	if (p->prev.pub == NULL)
		return err_set(
		    p->e, ERR_MISSING, "%s: nothing published", args->argv[0]);
	while (len > 0 && url[len - 1] == '/')
		url[--len] = '\0';
	p->url = url;
	p->base = arena_printf(p->a, p->e, "%s/v1/publications/%s/%s", url,
	    p->prev.pub->product, p->prev.pub->channel);
	p->headers[0] = "Content-Type: application/json";
	p->headers[1] = (const char *)p->token.at;
	p->fetch = fetch_new("sluice-sign/" SLUICE_VERSION, p->e);
	if (p->base == NULL || p->fetch == NULL)
		return -1;
	return push_list_make(&p->list, &p->prev, verbs_jobs(args), p->a, p->e);
}

static const struct opt opts[] = {
	{ "jobs", 'j', OPT_INT, "N", "threads (all processors)" },
	VERBS_OPT_TOKEN_FILE,
	VERBS_OPT_TOKEN_FD,
};

static int
push_cmd(const struct args *args, struct err *e)
{
	AUTO_ARENA a = verbs_arena();
	CLEANUP(push_done) struct push p = { .a = a, .e = e };
	char id[SHA256_HEX_SIZE];
	int rc;

	p.prev.source.dirfd = -1;
	if (push_open(&p, args) < 0 || (rc = upload(&p, id)) < 0)
		return -1;
	progress_free(p.progress);
	p.progress = NULL;
	if (rc == 0 && commit(&p, id) < 0)
		return -1;
	(void)printf("%s/%s %s (release %lld) m %lld %s\n", p.prev.pub->product,
	    p.prev.pub->channel, p.prev.pub->offer->version,
	    (long long)p.prev.pub->offer->seq, (long long)p.prev.pub->ladder.m,
	    rc == 1 ? "was there already" : "accepted");
	return 0;
}

const struct verb push_verb = { "push", "DIR URL",
	"hand a publication directory to a server", push_cmd, opts, COUNT(opts),
	2, 2 };
