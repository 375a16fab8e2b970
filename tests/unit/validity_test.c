/*
 * What operators are told before documents expire.
 */
#include "server/validity.h"

#include <stdio.h>
#include <stdlib.h>

#include "manifest/base/json.h"
#include "server/worker.h"
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
	const struct validity v = { .root_s = NOW + 61 * DAY,
		.publication_s = NOW + 61 * DAY,
		.timestamp_s = NOW + 1 };
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
	const struct validity v = { .root_s = NOW + 60 * DAY,
		.publication_s = NOW,
		.timestamp_s = NOW + 1 };
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
	const struct validity v = { .root_s = NOW + 90 * DAY,
		.publication_s = NOW + 8 * DAY,
		.timestamp_s = NOW + 7 * DAY };
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

static void
a_short_life_is_fine_at_first(void)
{
	/* as published by default, and in a bundle */
	const struct validity v = { .root_s = NOW + 365 * DAY,
		.publication_s = NOW + 30 * DAY,
		.publication_from_s = NOW,
		.timestamp_s = NOW + 4 * DAY,
		.timestamp_from_s = NOW };
	const struct validity_of of = { "editor/stable", true, &v };
	AUTO_JSON list = json_array();

	CHECK_INT(validity_warn(list, &of, NOW), EXPIRY_FINE);
	CHECK_INT(validity_warn(list, &of, NOW + 3 * DAY - 1), EXPIRY_FINE);
	CHECK_INT(json_array_size(list), 0);
	CHECK_INT(validity_warn(list, &of, NOW + 3 * DAY), EXPIRY_7_DAYS);
	CHECK_INT(json_array_size(list), 1);
	CHECK_TEXT(text(list, 0, "what"), "bundle");
	CHECK_INT(validity_warn(list, &of, NOW + 23 * DAY), EXPIRY_EXPIRED);
	CHECK_INT(json_array_size(list), 3);
	CHECK_TEXT(text(list, 1, "what"), "publication");
	CHECK_TEXT(text(list, 1, "level"), "7 days");
	CHECK_TEXT(text(list, 2, "level"), "expired");
}

static void
the_least_of_several_channels(void)
{
	const struct validity all[] = {
		{ .root_s = 9, .timestamp_s = 4, .timestamp_from_s = 1 },
		{ .publication_s = 7, .publication_from_s = 3 },
		{ .root_s = 8, .timestamp_s = 5, .timestamp_from_s = 2 },
		{ .publication_s = 6, .publication_from_s = 1 },
		{ .publication_s = 7, .publication_from_s = 4 },
	};
	struct validity least = { 0 };

	for (size_t i = 0; i < COUNT(all); i++)
		validity_least(&least, &all[i]);
	CHECK_INT(least.root_s, 8);
	CHECK_INT(least.publication_s, 6);
	CHECK_INT(least.publication_from_s, 1);
	CHECK_INT(least.timestamp_s, 4);
	CHECK_INT(least.timestamp_from_s, 1);
}

/* Past the last place of the metrics all share one, with the worst of them. */
static void
channels_past_the_last_place_share_one(void)
{
	const size_t n = METRICS_CHANNELS + 3;
	struct table *t = calloc(1, sizeof(*t));
	struct worker_table *w;
	struct err e;

	t->channels = calloc(n, sizeof(*t->channels));
	t->nchannels = n;
	for (size_t i = 0; i < n; i++) {
		struct table_channel *c = &t->channels[i];

		snprintf(c->state.product, sizeof(c->state.product), "editor");
		snprintf(c->state.channel, sizeof(c->state.channel), "c%zu", i);
		c->validity.root_s = (int64_t)(1000 + i);
		if (i == n - 2)
			c->validity.root_s = 7;
		if (i == n - 1)
			c->validity.publication_s = 9;
	}
	w = worker_table_new(t, NULL, NOW, &e);
	CHECK(w != NULL);
	if (w == NULL)
		return;
	CHECK_INT(w->common.nchannels, METRICS_CHANNELS);
	CHECK_TEXT(w->common.channels[METRICS_CHANNELS - 1], "other");
	CHECK_INT(w->common.validity[0].root_s, 1000);
	CHECK_INT(w->common.validity[METRICS_CHANNELS - 1].root_s, 7);
	CHECK_INT(w->common.validity[METRICS_CHANNELS - 1].publication_s, 9);
	free(t->channels);
	free(w->places);
	free(w);
	free(t);
}

static void
a_timestamp_that_is_not_renewed(void)
{
	struct validity v = { .root_s = NOW + 365 * DAY,
		.publication_s = NOW + 365 * DAY,
		.timestamp_s = NOW };
	const struct validity_of of = { "editor/stable", false, &v };
	AUTO_JSON list = json_array();

	CHECK_INT(validity_warn(list, &of, NOW), EXPIRY_EXPIRED);
	CHECK_INT(json_array_size(list), 1);
	CHECK_TEXT(text(list, 0, "what"), "timestamp");
	CHECK_TEXT(text(list, 0, "text"),
	    "the timestamp has expired (2026-06-01T00:00:00Z):"
	    " the log says why the brake signs no other");
	/* what explains it is said alone */
	v.publication_s = NOW;
	CHECK_INT(validity_warn(list, &of, NOW), EXPIRY_EXPIRED);
	CHECK_INT(json_array_size(list), 2);
	CHECK_TEXT(text(list, 1, "what"), "publication");
}

static const struct tap_test tests[] = {
	TAP(what_lasts_is_not_named),
	TAP(the_worst_of_several),
	TAP(a_mirror_waits_for_bundles),
	TAP(a_timestamp_that_is_not_renewed),
	TAP(a_short_life_is_fine_at_first),
	TAP(the_least_of_several_channels),
	TAP(channels_past_the_last_place_share_one),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
