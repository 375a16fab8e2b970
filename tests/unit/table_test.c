/*
 * The choice table: written, read, looked up; hostile input refused.
 */
#include "server/table.h"

#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

#define SUM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct err e;

/* Views and files in no order. */
static const struct table_view views[] = {
	{ .rung = 1, .high = true, .pin_seq = 4, .timestamp = "{\"c\":3}" },
	{ .scope = 1, .rung = 0, .timestamp = "{\"d\":4}" },
	{ .rung = 0, .timestamp = "{\"a\":1}" },
	{ .rung = 1, .high = true, .timestamp = "{\"b\":2}" },
};
static const struct listed_file files[] = {
	{ "targets/1.0.0/linux-x86_64/b", SUM, 12 },
	{ "1.root.json", SUM, 1000 },
	{ "targets/1.0.0/linux-x86_64/a", SUM, 0 },
};

static void
fill(struct table_channel *c, const char *channel, struct table_view *own)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->state.product, sizeof(c->state.product), "editor");
	snprintf(c->state.channel, sizeof(c->state.channel), "%s", channel);
	c->state.ladder =
	    (struct ladder){ .m = 7, .nblocks = 1, .offer_seq = 3 };
	c->state.nscopes = 2;
	c->state.scopes[0].high = 1;
	c->state.scopes[1] = c->state.scopes[0];
	c->state.scopes[1].kind = SCOPE_PLATFORM;
	snprintf(c->state.scopes[1].name, sizeof(c->state.scopes[1].name),
	    "linux-x86_64");
	memcpy(own, views, sizeof(views));
	for (size_t i = 0; i < COUNT(views); i++)
		own[i].len = strlen(own[i].timestamp);
	c->views = own;
	c->nviews = COUNT(views);
	c->files = (struct file_list){ files, COUNT(files) };
	c->manifests[0] = SUM;
	c->signed_s = strcmp(channel, "beta") == 0 ? 1780271940 : 0;
	c->validity = (struct validity){ .root_s = 1780280000,
		.publication_s = 1780270000,
		.publication_from_s = 1780260000 };
	c->manifests[1] = SUM;
}

static void
write_table(struct buf *out)
{
	static struct table_channel channels[2];
	static struct table_view own[2][COUNT(views)];
	struct table t = { .generation = 12,
		.now_s = 1780272000,
		.ticket_key = { 1, 2, 3 },
		.channels = channels,
		.nchannels = 2 };

	fill(&channels[0], "stable", own[0]);
	fill(&channels[1], "beta", own[1]);
	CHECK_INT(table_write(&t, out, &e), 0);
}

static void
tables_are_read_as_written(void)
{
	AUTO_BUF text;
	AUTO_BUF again;
	struct table *t;
	const struct table_channel *c;

	buf_init(&text, TABLE_MAX);
	buf_init(&again, TABLE_MAX);
	write_table(&text);
	t = table_read(buf_bytes(&text), &e);
	if (!CHECK(t != NULL)) {
		tap_note("%s", e.msg);
		return;
	}
	CHECK_INT(t->generation, 12);
	CHECK_INT(t->now_s, 1780272000);
	CHECK_INT(t->ticket_key[2], 3);
	CHECK_INT(t->nchannels, 2);
	c = table_channel(t, "editor", "stable");
	if (CHECK(c != NULL)) {
		CHECK_TEXT(c->state.channel, "stable");
		CHECK_TEXT(c->manifests[1], SUM);
		CHECK_INT(c->signed_s, t->now_s);
		CHECK_INT(c->validity.root_s, 1780280000);
		CHECK_INT(c->validity.publication_s, 1780270000);
		CHECK_INT(c->validity.timestamp_s, 0);
		CHECK_INT(c->validity.publication_from_s, 1780260000);
		CHECK_INT(c->validity.timestamp_from_s, 0);
		c = table_channel(t, "editor", "beta");
		CHECK_INT(c->signed_s, 1780271940);
		CHECK(c->manifests[2] == NULL);
	}
	CHECK(table_channel(t, "editor", "canary") == NULL);
	CHECK(table_channel(t, "", "") == NULL);
	CHECK_INT(table_write(t, &again, &e), 0);
	table_free(t);
	/* sorted now; the same once more */
	t = table_read(buf_bytes(&again), &e);
	if (!CHECK(t != NULL))
		return;
	buf_reset(&text);
	CHECK_INT(table_write(t, &text, &e), 0);
	CHECK(
	    text.len == again.len && memcmp(text.at, again.at, text.len) == 0);
	table_free(t);
}

static void
look_ups_find_every_entry(void)
{
	AUTO_BUF text;
	struct table *t;
	const struct table_channel *c;

	buf_init(&text, TABLE_MAX);
	write_table(&text);
	t = table_read(buf_bytes(&text), &e);
	if (!CHECK(t != NULL))
		return;
	c = table_channel(t, "editor", "beta");
	for (size_t i = 0; i < COUNT(views); i++) {
		struct choice ch = { .scope = views[i].scope,
			.rung = views[i].rung,
			.high = views[i].high,
			.pin_seq = views[i].pin_seq };
		const struct table_view *v = table_view(c, &ch);
		char etag[SHA256_HEX_SIZE];

		if (!CHECK(v != NULL))
			continue;
		CHECK_TEXT(v->timestamp, views[i].timestamp);
		sha256_hex(etag, v->timestamp, v->len);
		CHECK_TEXT(v->etag, etag);
		ch.pin_seq = 99;
		CHECK(table_view(c, &ch) == NULL);
	}
	for (size_t i = 0; i < COUNT(files); i++) {
		const struct listed_file *f = table_file(c, files[i].path);

		if (CHECK(f != NULL))
			CHECK_INT(f->size, files[i].size);
	}
	CHECK(table_file(c, "targets/1.0.0/linux-x86_64") == NULL);
	CHECK(table_file(c, "") == NULL);
	table_free(t);
}

static void
broken_tables_are_refused(void)
{
	static const char *const edits[][2] = {
		{ "\"generation\":12", "\"generation\":-1" },
		{ "\"high\":1,", "\"high\":9," },
		{ "\"channels\":[", "\"channel\":[" },
		{ "\"rung\":0", "\"rung\":32" },
		{ "\"nblocks\":1", "\"nblocks\":9" },
		{ "\"kind\":\"platform\"", "\"kind\":\"planet\"" },
		{ "\"ticket_key\":\"01", "\"ticket_key\":\"0X" },
		{ "\"size\":12", "\"size\":-12" },
	};
	AUTO_BUF text;

	buf_init(&text, TABLE_MAX);
	write_table(&text);
	for (size_t i = 0; i < COUNT(edits); i++) {
		const char *at = strstr(buf_str(&text), edits[i][0]);
		AUTO_BUF bad;
		struct table *t;

		buf_init(&bad, TABLE_MAX);
		if (!CHECK(at != NULL)) {
			tap_note("%s", edits[i][0]);
			continue;
		}
		buf_add(&bad, text.at, (size_t)(at - buf_str(&text)));
		buf_text(&bad, edits[i][1]);
		buf_text(&bad, at + strlen(edits[i][0]));
		t = table_read(buf_bytes(&bad), &e);
		if (!CHECK(t == NULL))
			tap_note("%s", edits[i][1]);
		table_free(t);
	}
	for (size_t len = 0; len < text.len; len += 97) {
		struct table *t =
		    table_read((struct bytes){ text.at, len }, &e);

		CHECK(t == NULL);
		table_free(t);
	}
}

static const struct tap_test tests[] = {
	TAP(tables_are_read_as_written),
	TAP(look_ups_find_every_entry),
	TAP(broken_tables_are_refused),
};

int
main(void)
{
	return tap_run(tests, COUNT(tests));
}
