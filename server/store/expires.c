/*
 * When documents expire: the root's own word, what intake found in the
 * publication, the round that was signed last.
 */
#include "server/store/expires.h"

#include "manifest/base/json.h"
#include "manifest/role.h"
#include "server/store/blobs.h"
#include "server/store/publications.h"

static int64_t
root_s(struct db *db, const char *state, const char *channel)
{
	struct err e;
	AUTO_ARENA a = arena_new(4 << 20);
	AUTO_ROWS r = db_rows(db, &e,
	    "SELECT r.sha256 FROM root r JOIN channel c ON c.id = r.channel"
	    " AND c.root_version = r.version WHERE c.id = $1",
	    BIND(V(channel)));
	const struct role *root;
	const char *sha256;
	struct bytes file;

	if (a == NULL || r == NULL || rows_next(r, &e) <= 0 ||
	    (sha256 = row_text(r, 0, a)) == NULL ||
	    blobs_read(state, sha256, ROLE_ROOT_MAX, &file, a, &e) < 0)
		return 0;
	root = role_read(a, ROLE_ROOT, file, ROLE_STRICT, &e);
	return root == NULL ? 0 : root->expires_s;
}

static int64_t
publication_s(struct db *db, const char *channel)
{
	struct err e;
	char id[SHA256_HEX_SIZE];
	AUTO_JSON facts = NULL;
	AUTO_ROWS r = db_rows(db, &e,
	    "SELECT publication FROM channel WHERE id = $1", BIND(V(channel)));

	if (r == NULL || rows_next(r, &e) <= 0)
		return 0;
	row_copy(r, 0, id, sizeof(id));
	if (id[0] == '\0' ||
	    (facts = publications_facts(db, channel, id, &e)) == NULL)
		return 0;
	return json_integer_value(json_object_get(facts, "expires_s"));
}

struct validity
expires_read(struct db *db, const char *state, const char *channel)
{
	struct err e;

	return (struct validity){
		.root_s = root_s(db, state, channel),
		.publication_s = publication_s(db, channel),
		.timestamp_s = db_int(db, &e, 0,
		    "SELECT expires_s FROM round WHERE channel = $1"
		    " AND views <> '' ORDER BY round DESC LIMIT 1",
		    BIND(V(channel))),
	};
}
