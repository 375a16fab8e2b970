/*
 * HTTP client requests, over libcurl: bounded in size and time, http and
 * https only, redirects on the same scheme only, no proxies' tricks.  Used by
 * every program that asks a server for something; it knows no document.
 */
#ifndef SLUICE_FETCH_H
#define SLUICE_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"

struct fetch; /* one connection pool; not for use by two threads */

struct fetch_request {
	const char *method; /* NULL: GET */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; or NULL*/
	struct bytes body;	    /* POST and PUT from memory */
	int body_fd;		    /* or, when body_len >= 0, from here */
	int64_t body_offset, body_len; /* bytes of body_fd; -1: not used */
	int64_t max;		       /* most bytes of the answer's body */
	int64_t deadline_s;	       /* for the whole exchange; 0: 30 */
	int64_t min_speed;	       /* bytes/s over 30 s; 0: 100 */
	int sink_fd;	     /* body goes here when >= 0, else memory */
	int64_t resume_from; /* Range: bytes=N- when > 0 */
	/* progress - called with the body bytes so far; return -1 to stop */
	int (*progress)(void *ctx, int64_t done);
	void *ctx;
};

#define FETCH_REQUEST            \
	((struct fetch_request){ \
	    .body_fd = -1, .body_len = -1, .sink_fd = -1, .max = 1 << 20 })

struct fetch_answer {
	int status;	       /* HTTP status */
	struct bytes body;     /* in the arena; empty with sink_fd */
	int64_t received;      /* body bytes */
	int64_t retry_after_s; /* -1: none */
	char content_type[64];
	char location[256]; /* Content-Location */
	char ticket[160];   /* Sluice-Ticket */
	bool local; /* on failure: it was our own file, not the source */
};

struct fetch *fetch_new(const char *user_agent, struct err *e) MUST_CHECK;
void fetch_free(struct fetch *f);

/* fetch_set_ca - trust the certificates of this file instead of the system's,
 * for every request from now on. */
int fetch_set_ca(
    struct fetch *f, const char *ca_file, struct err *e) MUST_CHECK;

/*
 * fetch_run - perform one request.  0 with the answer filled for every
 * complete HTTP exchange whatever its status; ERR_LIMIT when the body would
 * pass max (nothing past it is written), ERR_SYS for network failures and
 * deadlines.
 */
int fetch_run(struct fetch *f, const struct fetch_request *r,
    struct fetch_answer *out, struct arena *a, struct err *e) MUST_CHECK;

/* fetch_absent - the status says that there is no such file: 404, 410, and 403,
 * which object stores say of one. */
bool fetch_absent(const struct fetch_answer *answer);

#endif
