/*
 * The output folder while it is being made: a folder beside it, renamed at the
 * end, so that OUT is whole or not there.
 */
#ifndef SLUICE_OUTDIR_H
#define SLUICE_OUTDIR_H

#include <stdbool.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

struct outdir {
	const char *out;     /* what it will be called */
	const char *partial; /* OUT.partial, locked while we work */
	const char *dir;     /* OUT.partial/new */
	const char *work;    /* scratch: OUT.partial/work, or the person's */
	int lock;
	bool replaces; /* OUT is there and will be exchanged */
	struct arena *arena;
};

/* outdir_absent - ERR_CONFLICT if OUT exists: to say so before any work. */
int outdir_absent(const char *out, struct err *e) MUST_CHECK;

/*
 * outdir_open - ERR_CONFLICT if OUT exists or another process is making it;
 * what a killed one left behind is removed.  work NULL: inside OUT.partial.
 */
int outdir_open(struct outdir *s, const char *out, const char *work,
    struct arena *a, struct err *e) MUST_CHECK;
/*
 * outdir_again - the same for an OUT that is there: begins with all its files
 * (links to them: replace files, never write into them).
 */
int outdir_again(struct outdir *s, const char *out, struct arena *a,
    struct err *e) MUST_CHECK;
/* outdir_done - remove everything that was not committed. */
void outdir_done(struct outdir *s);
#define AUTO_OUTDIR CLEANUP(outdir_done) struct outdir

/* outdir_path - where a file of the output lies now; its folder is made. */
char *outdir_path(struct outdir *s, const char *path, struct err *e) MUST_CHECK;

int outdir_write(struct outdir *s, const char *path, struct bytes file,
    struct err *e) MUST_CHECK;

int outdir_commit(struct outdir *s, struct err *e) MUST_CHECK;

#endif
