/*
 * The output folder while it is being made: a folder beside it, renamed at the
 * end, so that OUT is whole or not there.
 */
#ifndef SLUICE_STAGE_H
#define SLUICE_STAGE_H

#include <stdbool.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct stage_dir {
	const char *out;     /* what it will be called */
	const char *partial; /* OUT.partial, locked while we work */
	const char *dir;     /* OUT.partial/new */
	const char *work;    /* scratch: OUT.partial/work, or the person's */
	int lock;
	bool replaces; /* OUT is there and will be exchanged */
	struct arena *arena;
};

/*
 * stage_open - ERR_CONFLICT if OUT exists or another process is making it;
 * what a killed one left behind is removed.  work NULL: inside OUT.partial.
 */
int stage_open(struct stage_dir *s, const char *out, const char *work,
    struct arena *a, struct err *e) MUST_CHECK;
/*
 * stage_again - the same for an OUT that is there: begins with all its files
 * (links to them: replace files, never write into them).
 */
int stage_again(struct stage_dir *s, const char *out, struct arena *a,
    struct err *e) MUST_CHECK;
/* stage_done - remove everything that was not committed. */
void stage_done(struct stage_dir *s);
#define AUTO_STAGE CLEANUP(stage_done) struct stage_dir

/* stage_path - where a file of the output lies now; its folder is made. */
char *stage_path(
    struct stage_dir *s, const char *path, struct err *e) MUST_CHECK;

int stage_write(struct stage_dir *s, const char *path, struct bytes file,
    struct err *e) MUST_CHECK;

int stage_commit(struct stage_dir *s, struct err *e) MUST_CHECK;

#endif
