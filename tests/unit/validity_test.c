/*
 * What operators are told before documents expire.
 */
#include "server/validity.h"

#include "manifest/base/json.h"
#include "tests/tap.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1780272000) /* 2026-06-01T00:00:00Z */

static const char *
text(const json_t *list, size_t i, const char *key)
{
	const char *s =
	    json_string_value(json_object_get(json_array_get(list, i), key));

	return s == NULL ? "" : s;
}

static void
what_lasts_is_not_named(void)
{
	const struct validity v = { NOW + 61 * DAY, NOW + 61 * DAY, NOW + 1 };
	const struct validity none = { 0 };
	struct validity_of of = { "editor/stable", false, &v };
	AUTO_JSON list = json_array();

	CHECK_INT(validity_warn(list, &of, NOW), EXPIRY_FINE);
	of.v = &none;
	of.mirror = true;
	CHECK_INT(validity_warn(list, &of, NOW), EXPIRY_FINE);
	CHECK_INT(json_array_size(list), 0);
}

static void
the_worst_of_several(void)
{
	const struct validity v = { NOW + 60 * DAY, NOW, NOW + 1 };
	const struct validity_of of = { "editor/stable", false, &v };
	AUTO_JSON list = json_array();

	CHECK_INT(validity_warn(list, &of, NOW), EXPIRY_EXPIRED);
	CHECK_INT(json_array_size(list), 2);
	CHECK_TEXT(text(list, 0, "channel"), "editor/stable");
	CHECK_TEXT(text(list, 0, "what"), "root");
	CHECK_TEXT(text(list, 0, "expires"), "2026-07-31T00:00:00Z");
	CHECK_TEXT(text(list, 0, "level"), "60 days");
	CHECK_TEXT(text(list, 0, "text"),
	    "the root expires within 60 days (2026-07-31T00:00:00Z):"
	    " sluice-sign root next");
	CHECK_TEXT(text(list, 1, "text"),
	    "the publication has expired (2026-06-01T00:00:00Z):"
	    " sluice-sign renew");
}

static void
a_mirror_waits_for_bundles(void)
{
	const struct validity v = { NOW + 90 * DAY, NOW + 8 * DAY,
		NOW + 7 * DAY };
	const struct validity_of of = { "editor/stable", true, &v };
	AUTO_JSON list = json_array();

	CHECK_INT(validity_warn(list, &of, NOW), EXPIRY_7_DAYS);
	CHECK_INT(json_array_size(list), 2);
	CHECK_TEXT(text(list, 0, "text"),
	    "the publication expires within 30 days (2026-06-09T00:00:00Z):"
	    " sluiced import of a newer bundle");
	CHECK_TEXT(text(list, 1, "what"), "bundle");
	CHECK_TEXT(text(list, 1, "level"), "7 days");
}

static const struct tap_test tests[] = {
	TAP(what_lasts_is_not_named),
	TAP(the_worst_of_several),
	TAP(a_mirror_waits_for_bundles),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
