/*
 * The layout of a file with any number of executables in it, each a member of
 * the image: for the generator alone.
 */
#ifndef SLUICE_LAYOUTS_H
#define SLUICE_LAYOUTS_H

#include "delta/layout.h"

struct layouts {
	struct image image;	   /* owned; image_done, or moved to tables */
	char (*name)[LAYOUT_NAME]; /* of each region; owned */
	struct pages pages;	   /* of a file that is a signed Mach-O */
	struct layout *scratch;	   /* owned */
};

/* layouts_init - of a file of so many bytes, as expanded, without members;
 * layouts_done frees, after a failure as well. */
int layouts_init(
    struct layouts *l, uint64_t file_size, struct err *e) MUST_CHECK;
void layouts_done(struct layouts *l);

/*
 * layouts_add - make a member of the executable that lies in the file from off
 * on, len bytes.  The index of the member; -1: there is none, it is damaged, or
 * there are too many already.  What is added must not share bytes with others.
 * If it is the whole file, l->pages is filled as well.
 */
int layouts_add(
    struct layouts *l, struct bytes file, uint64_t off, uint64_t len);

/* layouts_pair - member i of old became member k of new: pairs them, and their
 * regions by kind and name. */
void layouts_pair(struct layouts *old, int i, const struct layouts *new, int k);

#endif
