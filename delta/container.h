/*
 * Which files lie in an archive, and where: for the generator alone, which
 * replaces what is deflated by its content before it looks for what is alike.
 * Knows tar (ustar, pax, GNU), zip and what is one by another name, ar and so
 * .deb, asar, gzip; archives that lie in archives too.  Reads bytes, inflates
 * nothing, writes nothing.
 */
#ifndef SLUICE_CONTAINER_H
#define SLUICE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"

#define CONTAINER_DEPTH	  4	/* archives in archives */
#define CONTAINER_ENTRIES 65536 /* what a patch can say about one file */
#define CONTAINER_NAME	  1024	/* longest name of a member */

struct entry {
	/* its path, ':' before what lies in an archive: ":a.zip:b/c".  What a
	 * gzip file holds has no name of its own. */
	const char *name;
	uint64_t off, size; /* bytes of the file */
	uint64_t raw;	    /* what a deflate stream is said to give */
	bool deflated;	    /* one raw deflate stream (RFC 1951) */
	bool zip;	    /* of a zip */
	unsigned depth;	    /* of archives around it */
};

struct entries {
	struct entry *at; /* owned */
	size_t n, room;
	struct arena *names; /* owned */
	bool full;	     /* of members or of names: some are missing */
};

/*
 * container_list - the members of a file, those of stored archives among them
 * as well.  A file that is no archive has none; of a damaged one those before
 * the damage.  Never fails: what is not listed is only compared as it is.
 *
 * Each lies in the file.  The members of one archive ascend and are disjoint;
 * no two deflated ones overlap.  Empty ones are left out.
 */
void container_list(struct entries *m, struct bytes file);

/*
 * container_list_at - as container_list for an archive that lies in the file,
 * as its name, place and depth say: its members are added to m.
 */
void container_list_at(
    struct entries *m, struct bytes file, const struct entry *in);

/* container_put - one more, whose name is borrowed; not when there are too
 * many. */
void container_put(struct entries *m, const struct entry *one);

void container_done(struct entries *m);

/* For the readers: add one member of the archive at m's present place; not one
 * that lies outside of it.  name need not end in NUL. */
struct container {
	struct entries *m;
	struct bytes file;
	const struct entry *in; /* the archive */
	size_t first;		/* its first member */
};
void container_add(
    struct container *c, struct bytes name, const struct entry *add);

/* Readers; false: not such an archive.  They add members in any order. */
bool container_ar(struct container *c);
bool container_asar(struct container *c);
bool container_gzip(struct container *c);
bool container_tar(struct container *c);
bool container_zip(struct container *c);

/* container_bytes - the n bytes at off of the archive; NULL: not in it. */
static inline const uint8_t *
container_bytes(const struct container *c, uint64_t off, uint64_t n)
{
	if (off > c->in->size || n > c->in->size - off)
		return NULL;
	return c->file.at + c->in->off + off;
}

#endif
