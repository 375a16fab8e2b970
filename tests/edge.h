/*
 * A front process for tests, with the test as its store and its clients.  It
 * serves editor/stable: everybody is admitted, one small file and one big.
 */
#ifndef SLUICE_EDGE_H
#define SLUICE_EDGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "manifest/base/base.h"
#include "manifest/base/digest.h"
#include "manifest/base/json.h"

#define EDGE_ID \
	"06bcd0dcc4a930d59abb8ad6ec4a32fc186de028932dbc7c9990b6e72f72ba68"
#define EDGE_HOST	"Host: test\r\n"
#define EDGE_BIG	200000
#define EDGE_SMALL_SIZE 15 /* with NUL */

extern char edge_big[EDGE_BIG], edge_big_sha[SHA256_HEX_SIZE];
extern const char edge_small[EDGE_SMALL_SIZE];
extern char edge_small_sha[SHA256_HEX_SIZE];

/* edge_start - fork front; edge_stop - end it, and check that it ends well. */
void edge_start(void);
void edge_stop(void);

/* edge_hello - the beginning of every test: front says hello, serves nothing
 * before its first table, and says when it has it. */
void edge_hello(void);

/* The store's side: send a table; the next message of a kind ({} if none
 * comes; new reference); answer one (takes body over); a member's text. */
void edge_table(int generation);
json_t *edge_expect(const char *what, int *fd) MUST_CHECK;
void edge_answer(const json_t *question, int status, json_t *body, int fd);
const char *edge_text(const json_t *m, const char *key);

/* A client's: connect; send; one answer (valid until the next); request and
 * answer on a connection of its own; the same for GET; the status. */
int edge_dial(void) MUST_CHECK;
void edge_say(int fd, const char *text, size_t len);
const char *edge_hear(int fd, bool head_only);
const char *edge_ask(const char *request);
const char *edge_get(const char *target, const char *headers);
int edge_status(const char *got);
/* edge_has - does the answer hold this?  Says so if not. */
bool edge_has(const char *got, const char *what);

#endif
