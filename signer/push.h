/*
 * A push on its way: what push.c and push_blobs.c share.
 */
#ifndef SLUICE_PUSH_H
#define SLUICE_PUSH_H

#include <jansson.h>
#include <stdint.h>

#include "manifest/base/fetch.h"
#include "manifest/base/progress.h"
#include "manifest/base/secret.h"
#include "signer/existing.h"
#include "signer/push_list.h"

#define PUSH_ANSWER_MAX (4 << 20)
#define PUSH_TRIES	5

struct push {
	struct existing there; /* what is pushed */
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

/* push_ask - one exchange; a busy server is asked again, for a while. */
int push_ask(struct push *p, const struct fetch_request *r,
    struct fetch_answer *out) MUST_CHECK;

/* push_request - with the token and an answer's limit. */
struct fetch_request push_request(
    const struct push *p, const char *method, const char *url);

/* push_blobs - upload what the server says is missing, each from the byte on
 * that it lacks. */
int push_blobs(struct push *p, const json_t *missing) MUST_CHECK;

/* push_blobs_bytes - how much that is. */
int64_t push_blobs_bytes(const struct push *p, const json_t *missing);

#endif
