/*
 * sluice-sign push: hand a publication directory to a server.  By digest: the
 * server names what it lacks and from which byte on, so that a push that was
 * cut off goes on where it was, and a second one does nothing.
 */
#include "signer/push.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/text.h"
#include "signer/source_server.h"
#include "signer/token.h"
#include "signer/verbs.h"

#define PUSH_BUSY_TRIES 60
#define PUSH_WAIT_S	3600 /* for the server to check everything */

static void
push_done(struct push *p)
{
	fetch_free(p->fetch);
	progress_free(p->progress);
	existing_done(&p->there);
	secret_done(&p->token);
}

static void
pause_ms(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

int
push_ask(
    struct push *p, const struct fetch_request *r, struct fetch_answer *out)
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

struct fetch_request
push_request(const struct push *p, const char *method, const char *url)
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
	struct fetch_request r = push_request(p, "POST", p->base);
	struct fetch_answer answer;
	json_t *v;

	r.body = p->list.body;
	if (push_ask(p, &r, &answer) < 0)
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
			if (strcmp(state, "accepted") == 0 &&
			    json_array_size(missing) == 0)
				return 1;
			progress_free(p->progress);
			p->progress =
			    progress_new("push", push_blobs_bytes(p, missing));
			if (push_blobs(p, missing) == 0)
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
		struct fetch_request r = push_request(p, "GET", url);
		struct fetch_answer answer;
		AUTO_JSON v = NULL;
		const char *state;

		if (push_ask(p, &r, &answer) < 0)
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
	struct fetch_request r = push_request(p, "POST", url);
	struct fetch_answer answer;

	r.body = (struct bytes){ (const uint8_t *)"{}", 2 };
	if (url == NULL || push_ask(p, &r, &answer) < 0)
		return -1;
	if (answer.status != 202 && answer.status != 200)
		return source_server_refused(&answer, p->e);
	return wait_state(p, id);
}

/* --- the verb ------------------------------------------------------------- */

static int
push_open(struct push *p, const struct args *args)
{
	struct existing_ask ask_dir = { .source = { .where = args->argv[0] } };
	size_t len = strlen(args->argv[1]);
	char *url = arena_text(p->a, args->argv[1], p->e);

	if (source_is_url(args->argv[0]) || !source_is_url(args->argv[1]))
		return err_set(p->e, ERR_USAGE,
		    "push wants a folder and then a server's address");
	if (url == NULL || token_read(&p->token, args, p->e) < 0 ||
	    existing_open(&p->there, &ask_dir, p->a, p->e) < 0)
		return -1;
	if (p->there.pub == NULL)
		return err_set(
		    p->e, ERR_MISSING, "%s: nothing published", args->argv[0]);
	while (len > 0 && url[len - 1] == '/')
		url[--len] = '\0';
	p->url = url;
	p->base = arena_printf(p->a, p->e, "%s/v1/publications/%s/%s", url,
	    p->there.pub->product, p->there.pub->channel);
	p->headers[0] = "Content-Type: application/json";
	p->headers[1] = (const char *)p->token.at;
	p->fetch = fetch_new("sluice-sign/" SLUICE_VERSION, p->e);
	if (p->base == NULL || p->fetch == NULL)
		return -1;
	return push_list_make(
	    &p->list, &p->there, verbs_jobs(args), p->a, p->e);
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

	p.there.source.dirfd = -1;
	if (push_open(&p, args) < 0 || (rc = upload(&p, id)) < 0)
		return -1;
	progress_free(p.progress);
	p.progress = NULL;
	if (rc == 0 && commit(&p, id) < 0)
		return -1;
	(void)printf("%s/%s %s (release %lld) m %lld %s\n",
	    p.there.pub->product, p.there.pub->channel,
	    p.there.pub->offer->version, (long long)p.there.pub->offer->seq,
	    (long long)p.there.pub->ladder.m,
	    rc == 1 ? "was there already" : "accepted");
	return 0;
}

const struct verb push_verb = { "push", "DIR URL",
	"hand a publication directory to a server", push_cmd, opts, COUNT(opts),
	2, 2 };
