/*
 * Publication rows: states, one in force, lists, what is dropped.
 */
#include "server/store/publications.h"

#include <stdio.h>
#include <string.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/store/schema.h"
#include "tests/tap.h"

#define CHANNEL "editor/stable"
#define ALL	(~0u)

static struct err e;
static int made;

static struct db *
fresh(void)
{
	struct db *db = NULL;
	char state[512], path[600];

	(void)snprintf(
	    state, sizeof(state), "%s/publications-%d", tap_tmpdir(), made++);
	(void)snprintf(path, sizeof(path), "%s/db", state);
	CHECK(file_mkdirs(path, 0700, &e) == 0);
	CHECK(schema_open(&db, state, DB_CREATE, &e) == 0);
	CHECK(db_do(db, &e,
		  "INSERT INTO channel (id, product, channel, root_version,"
		  " publication, state, round, created_s)"
		  " VALUES ($1, 'editor', 'stable', 1, '', '', 0, 0)",
		  BIND(V(CHANNEL))) == 1);
	return db;
}

static void
add(struct db *db, const char *id, int64_t m)
{
	struct publications_new n = { CHANNEL, id, "token ab", m, m };

	CHECK_INT(publications_open(db, &n, &e), 0);
}

static enum publications_state
state(struct db *db, const char *id)
{
	struct publications_row row;

	CHECK_INT(publications_find(db, CHANNEL, id, &row, &e), 1);
	return row.state;
}

static void
one_is_in_force(void)
{
	AUTO_JSON facts = json_pack("{si s[]}", "m", 1, "files");
	AUTO_JSON kept = NULL;
	AUTO_DB db = fresh();

	add(db, "a", 1);
	add(db, "b", 2);
	CHECK_INT(state(db, "a"), PUBLICATION_OPEN);
	CHECK_INT(
	    publications_move(db, CHANNEL, "a", PUBLICATION_CHECKING, &e), 0);
	CHECK_INT(state(db, "a"), PUBLICATION_CHECKING);
	CHECK(publications_facts(db, CHANNEL, "a", &e) == NULL);
	CHECK_INT(publications_prepare(db, CHANNEL, "a", facts, &e), 0);
	kept = publications_facts(db, CHANNEL, "a", &e);
	CHECK_INT(json_integer_value(json_object_get(kept, "m")), 1);
	CHECK(json_object_get(kept, "files") == NULL);
	CHECK_INT(publications_accept(db, CHANNEL, "a", 7, &e), 0);
	CHECK_INT(publications_switched(db, CHANNEL, "a", &e), 7);
	CHECK_INT(publications_accept(db, CHANNEL, "b", 8, &e), 0);
	CHECK_INT(state(db, "a"), PUBLICATION_REPLACED);
	CHECK_INT(state(db, "b"), PUBLICATION_ACCEPTED);
}

static void
who_is_not_there_is_not_moved(void)
{
	AUTO_JSON facts = json_object();
	AUTO_DB db = fresh();
	struct publications_row row;

	CHECK_INT(publications_find(db, CHANNEL, "a", &row, &e), 0);
	CHECK_INT(
	    publications_move(db, CHANNEL, "a", PUBLICATION_OPEN, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(publications_prepare(db, CHANNEL, "a", facts, &e), -1);
	CHECK_INT(publications_accept(db, CHANNEL, "a", 1, &e), -1);
	CHECK(publications_facts(db, CHANNEL, "a", &e) == NULL);
	add(db, "a", 1);
	CHECK(db_do(db, &e, "UPDATE publication SET state = 'lost'", NO_BIND) ==
	    1);
	CHECK_INT(publications_find(db, CHANNEL, "a", &row, &e), -1);
	CHECK_INT(e.kind, ERR_SYS);
}

static void
lists_are_of_states_in_order(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	AUTO_DB db = fresh();
	struct publications_row *list;
	struct err why;

	(void)err_set(&why, ERR_REFUSED, "no");
	add(db, "c", 3);
	add(db, "a", 9);
	add(db, "b", 5);
	CHECK_INT(publications_refuse(db, CHANNEL, "b", &why, &e), 0);
	CHECK_INT(publications_list(db, CHANNEL, ALL, &list, a, &e), 3);
	CHECK_TEXT(list[0].id, "c");
	CHECK_TEXT(list[1].id, "b");
	CHECK_TEXT(list[1].kind, "refused");
	CHECK_TEXT(list[1].error, "no");
	CHECK_TEXT(list[2].id, "a");
	CHECK_INT(publications_list(db, CHANNEL, PUBLICATIONS(PUBLICATION_OPEN),
		      &list, a, &e),
	    2);
	CHECK_TEXT(list[1].id, "a");
	CHECK_INT(publications_list(db, CHANNEL,
		      PUBLICATIONS(PUBLICATION_PREPARED), &list, a, &e),
	    0);
	/* pushed again */
	add(db, "b", 5);
	CHECK_INT(state(db, "b"), PUBLICATION_OPEN);
}

static void
old_pushes_give_way(void)
{
	AUTO_ARENA a = arena_new(1 << 20);
	AUTO_DB db = fresh();
	struct publications_row *list;

	add(db, "a", 1);
	add(db, "b", 2);
	add(db, "c", 3);
	add(db, "d", 4);
	CHECK_INT(publications_accept(db, CHANNEL, "a", 5, &e), 0);
	CHECK_INT(publications_trim(db, CHANNEL, "b", 1, &e), 0);
	CHECK_INT(publications_list(db, CHANNEL, ALL, &list, a, &e), 3);
	CHECK_TEXT(list[0].id, "a");
	CHECK_TEXT(list[1].id, "b");
	CHECK_TEXT(list[2].id, "d");
	CHECK_INT(publications_drop(db, CHANNEL, "d", &e), 0);
	CHECK_INT(publications_list(db, CHANNEL, ALL, &list, a, &e), 2);
}

static const struct tap_test tests[] = {
	TAP(one_is_in_force),
	TAP(who_is_not_there_is_not_moved),
	TAP(lists_are_of_states_in_order),
	TAP(old_pushes_give_way),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
