/*
 * When documents expire: the root's own word, what intake found in the
 * publication, the round that was signed last.
 */
#include "server/store/validity_read.h"

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

static void
read_publication(struct validity *v, struct db *db, const char *channel)
{
	struct err e;
	char id[SHA256_HEX_SIZE];
	AUTO_JSON facts = NULL;
	AUTO_ROWS r = db_rows(db, &e,
	    "SELECT p.id, p.m FROM publication p JOIN channel c"
	    " ON c.id = p.channel AND c.publication = p.id WHERE c.id = $1",
	    BIND(V(channel)));

	if (r == NULL || rows_next(r, &e) <= 0)
		return;
	row_copy(r, 0, id, sizeof(id));
	if ((facts = publications_facts(db, channel, id, &e)) == NULL)
		return;
	v->publication_s =
	    json_integer_value(json_object_get(facts, "expires_s"));
	v->publication_from_s = expiry_signed_s(row_int(r, 1));
}

static void
read_timestamp(struct validity *v, struct db *db, const char *channel)
{
	struct err e;
	AUTO_ROWS r = db_rows(db, &e,
	    "SELECT expires_s, signed_at_s FROM round WHERE channel = $1"
	    " AND views <> '' ORDER BY round DESC LIMIT 1",
	    BIND(V(channel)));

	if (r == NULL || rows_next(r, &e) <= 0)
		return;
	v->timestamp_s = row_int(r, 0);
	v->timestamp_from_s = row_int(r, 1);
}

struct validity
validity_read(struct db *db, const char *state, const char *channel)
{
	struct validity v = { .root_s = root_s(db, state, channel) };

	read_publication(&v, db, channel);
	read_timestamp(&v, db, channel);
	return v;
}
