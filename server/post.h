/*
 * The post: sends webhooks for the store.  No database, no key that signs
 * documents; it may only connect outwards.
 *
 *   store -> post  {"do":"event","id":n,"url":text,"body":{...}}
 *   post -> store  {"do":"delivered","id":n,"ok":bool,"tries":n,"status":n,
 *                   "error":text}          status 0: no HTTP answer came
 *
 * The body is posted as application/json, with Sluice-Event: <id>, and, where
 * there is a secret, Sluice-Signature: sha256=<hex of HMAC-SHA-256 over it>.
 * Any 2xx is a delivery; a 4xx other than 408 and 429 is final; else it is
 * tried POST_TRIES times in all.
 */
#ifndef SLUICE_POST_H
#define SLUICE_POST_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define POST_TRIES     5
#define POST_QUEUE_MAX 256 /* events waiting; more are answered ok: false */

/*
 * post_run - the process: serves fd until the peer is gone.  only_url: refuse
 * any other (NULL: none is refused); secret_path: file whose bytes, without a
 * newline at the end, sign the body (NULL: unsigned).  Returns the exit status.
 */
int post_run(int fd, const char *only_url, const char *secret_path);

/* post_check - can that file be a secret for post_run. */
int post_check(const char *secret_path, struct err *e) MUST_CHECK;

/* post_wait_s - seconds until the next try after `tries` failed ones, or -1
 * when there is none; retry_after_s: what the answer asked for, or -1. */
int64_t post_wait_s(int tries, int64_t retry_after_s);

/* post_final - does this HTTP status (0: no answer) end the tries? */
bool post_final(int status);

#endif
