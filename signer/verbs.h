/*
 * The verbs of sluice-sign, and what their command lines share.
 */
#ifndef SLUICE_SIGN_VERBS_H
#define SLUICE_SIGN_VERBS_H

#include <jansson.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/verb.h"

/* Memory of one run: documents and file lists, never file contents. */
#define VERBS_ARENA_MAX ((size_t)1 << 30)
#define VERBS_JOBS_MAX	64

#define VERBS_OPT_PASS_FD                                           \
	{                                                           \
		"pass-fd", 0, OPT_INT, "N",                         \
		    "passphrases from descriptor N, a line per key" \
	}
#define VERBS_OPT_TOKEN_FILE                                     \
	{                                                        \
		"token-file", 0, OPT_TEXT, "FILE",               \
		    "the server's token (or SLUICE_TOKEN in the" \
		    " environment)"                              \
	}
#define VERBS_OPT_TOKEN_FD                                             \
	{                                                              \
		"token-fd", 0, OPT_INT, "N", "token from descriptor N" \
	}
#define VERBS_OPT_JSON                                  \
	{                                               \
		"json", 0, OPT_FLAG, NULL, "print JSON" \
	}
#define VERBS_OPT_EXPIRES                                 \
	{                                                 \
		"expires", 0, OPT_DURATION, "DURATION",   \
		    "how long what is signed stays valid" \
	}

/* verbs_arena - the arena of a run; never NULL (exits when memory is out). */
struct arena *verbs_arena(void);

/* verbs_channel - split "product/channel" into the arena. */
int verbs_channel(const char *text, const char **product, const char **channel,
    struct arena *a, struct err *e) MUST_CHECK;

/* verbs_fd - --NAME N as a descriptor number, -1 when not given. */
int verbs_fd(const struct args *args, const char *name, int *out,
    struct err *e) MUST_CHECK;

/* verbs_jobs - --jobs N, default the number of processors. */
int verbs_jobs(const struct args *args);

/* verbs_expiry - now + --expires (or days_default days), as a date. */
int64_t verbs_expiry(
    const struct args *args, int64_t now_s, int64_t days_default);

/* verbs_print_json - on standard output, indented, keys sorted. */
int verbs_print_json(const json_t *v, struct err *e) MUST_CHECK;

/* verbs_say - one line of news on standard error. */
void verbs_say(const char *fmt, ...) PRINTF(1, 2);

/* One per file; the program's table is in sluice-sign.c. */
extern const struct verb keygen_verb;
extern const struct verb key_verb;
extern const struct verb status_verb;
extern const struct verb root_verb_init, root_verb_next, root_verb_sign;
extern const struct verb publish_verb;
extern const struct verb renew_verb;
extern const struct verb add_verb;
extern const struct verb keyless_verb;
extern const struct verb inspect_verb;
extern const struct verb diff_verb;
extern const struct verb verify_verb;
extern const struct verb push_verb;
extern const struct verb sums_verb;
extern const struct verb bundling_verb;

#endif
