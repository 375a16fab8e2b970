/*
 * Bundles for tests: a good one of editor/stable at REPO_NOW_S as a list of
 * members, each of which may be changed before it is packed.  Whatever fails
 * here is a broken test and aborts.
 */
#ifndef SLUICE_TESTS_BUNDLE_WORLD_H
#define SLUICE_TESTS_BUNDLE_WORLD_H

#include "manifest/bundle.h"
#include "tests/repo.h"

#define BUNDLE_WORLD_ITEMS 16

/* A member as it is put into the archive. */
struct bundle_item {
	char name[1200];
	struct bytes data;
	int64_t size; /* as the header says; -1: as it is */
	unsigned type;
	const char *link;
};

struct bundle_world {
	struct repo *repo;
	struct arena *a;
	struct bytes root;
	struct bundle_item items[BUNDLE_WORLD_ITEMS];
	size_t n;
	size_t listed; /* items from 2 to here are on the list */
	int64_t created_s, expires_s;
	const char *channel; /* on the list */
	struct repo_key list_key;
	struct bytes tail; /* after the frame */
	size_t zeros;	   /* after the tar */
};

/* bundle_world_open - members of a good bundle, but for list and signature;
 * bundle_world_close frees all. */
void bundle_world_open(struct bundle_world *w);
void bundle_world_close(struct bundle_world *w);

/* bundle_world_put - one more member, at the end. */
void bundle_world_put(
    struct bundle_world *w, const char *name, struct bytes data);

/* bundle_world_list - make the list and its signature from the members. */
void bundle_world_list(struct bundle_world *w);

/* bundle_world_bytes - append the bundle: tar, frame, seal, tail. */
void bundle_world_bytes(const struct bundle_world *w, struct buf *out);

/* bundle_world_save - to a file of the test's folder; its path until the next
 * call. */
const char *bundle_world_save(const struct buf *b, const char *name);

#endif
