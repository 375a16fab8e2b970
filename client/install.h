/*
 * The install folder:
 *
 *	INSTALL/releases/<seq>-<version>/<name>   mode 0755, never changed again
 *	INSTALL/current -> releases/<seq>-<version>
 *
 * A release is complete before it has its name, and `current` is switched by
 * one rename, so that a kill at any point leaves a release that works.  Steps
 * 17 and 18.
 */
#ifndef SLUICE_CLIENT_INSTALL_H
#define SLUICE_CLIENT_INSTALL_H

#include <stdint.h>

#include "client/state.h"
#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define INSTALL_PATH 4096

/* A release that is being put together. */
struct slot {
	char folder[INSTALL_PATH]; /* releases/.new */
	char file[INSTALL_PATH];   /* in it */
	char final[INSTALL_PATH];  /* releases/<seq>-<version> */
	int fd;			   /* of file, read and write; -1: none */
};

/*
 * install_look - what `current` names: seq and version (the rest is empty),
 * seq 0 when there is no `current`.  ERR_CONFLICT when it is no symlink of
 * ours.
 */
int install_look(
    const char *install, struct state_release *out, struct err *e) MUST_CHECK;

/* install_folder - releases/<seq>-<version>, absolute. */
int install_folder(char out[static INSTALL_PATH], const char *install,
    const struct state_release *r, struct err *e) MUST_CHECK;

/*
 * install_file - the file of a release: by its name, or, where the state does
 * not know it, the only one in the folder.  ERR_MISSING when there is none.
 */
int install_file(char out[static INSTALL_PATH], const char *install,
    const struct state_release *r, struct err *e) MUST_CHECK;

/* install_whole - whether a release is there with the file of this digest. */
int install_whole(const char *install, const struct state_release *r,
    struct err *e) MUST_CHECK;

/* install_begin - an empty, private slot; install_slot_done removes what is left. */
int install_begin(struct slot *s, const char *install,
    const struct state_release *r, struct err *e) MUST_CHECK;

/* install_copy - from a verified descriptor into the slot's file. */
int install_copy(struct slot *s, int from, struct err *e) MUST_CHECK;

/*
 * install_finish - verify what the slot's descriptor holds against r->sha256,
 * sync it, and give the folder its name.
 */
int install_finish(
    struct slot *s, const struct state_release *r, struct err *e) MUST_CHECK;

void install_slot_done(struct slot *s);
#define AUTO_SLOT CLEANUP(install_slot_done) struct slot

/* install_switch - let `current` name r, atomically; seq 0: no `current`. */
int install_switch(const char *install, const struct state_release *r,
    struct err *e) MUST_CHECK;

/* install_prune - remove every release but these (seq 0: none). */
int install_prune(const char *install, const struct state_release *const *keep,
    size_t n, struct err *e) MUST_CHECK;

#endif
