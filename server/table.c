/*
 * The choice table: from JSON into one arena, and back.  What is looked up for
 * every poll is sorted here once and found by halving.
 */
#include "server/table.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/base/json.h"
#include "manifest/base/text.h"

#define TABLE_ARENA_MAX (2 * (size_t)TABLE_MAX)
#define CHANNELS_MAX	1024
#define FILES_MAX	200000

/* --- order --------------------------------------------------------------- */

static int
cmp_int(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
cmp_view(const void *pa, const void *pb)
{
	const struct table_view *a = pa, *b = pb;
	int c = cmp_int(a->scope, b->scope);

	if (c == 0)
		c = cmp_int(a->rung, b->rung);
	if (c == 0)
		c = cmp_int(a->high, b->high);
	return c != 0 ? c : cmp_int(a->pin_seq, b->pin_seq);
}

static int
cmp_file(const void *pa, const void *pb)
{
	const struct listed_file *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

static int
cmp_names(
    const struct table_channel *c, const char *product, const char *channel)
{
	int d = strcmp(c->state.product, product);

	return d != 0 ? d : strcmp(c->state.channel, channel);
}

static int
cmp_channel(const void *pa, const void *pb)
{
	const struct table_channel *a = pa, *b = pb;

	return cmp_names(a, b->state.product, b->state.channel);
}

/* --- writing ------------------------------------------------------------- */

static json_t *
write_views(const struct table_channel *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->nviews; i++) {
		const struct table_view *v = &c->views[i];

		json_array_append_new(a,
		    json_pack("{si si sb sI ss%}", "scope", v->scope, "rung",
			v->rung, "high", v->high, "pin_seq",
			(json_int_t)v->pin_seq, "timestamp", v->timestamp,
			v->len));
	}
	return a;
}

static json_t *
write_files(const struct table_channel *c)
{
	json_t *a = json_array();

	for (size_t i = 0; i < c->files.n; i++)
		json_array_append_new(a,
		    json_pack("{ss ss sI}", "path", c->files.at[i].path,
			"sha256", c->files.at[i].sha256, "size",
			(json_int_t)c->files.at[i].size));
	return a;
}

static json_t *
write_channel(const struct table_channel *c, struct err *e)
{
	json_t *state = channel_state_write(&c->state, e);
	json_t *manifests = json_array();

	if (state == NULL) {
		json_decref(manifests);
		return NULL;
	}
	for (int i = 0;
	     c->state.ladder.m != 0 && i < ladder_rungs(&c->state.ladder); i++)
		json_array_append_new(manifests,
		    c->manifests[i] == NULL ? json_null()
					    : json_string(c->manifests[i]));
	return json_pack("{so sI sI sI sI sI sI so so so}", "state", state,
	    "signed_s", (json_int_t)c->signed_s, "root_s",
	    (json_int_t)c->validity.root_s, "publication_s",
	    (json_int_t)c->validity.publication_s, "timestamp_s",
	    (json_int_t)c->validity.timestamp_s, "publication_from_s",
	    (json_int_t)c->validity.publication_from_s, "timestamp_from_s",
	    (json_int_t)c->validity.timestamp_from_s, "views", write_views(c),
	    "manifests", manifests, "files", write_files(c));
}

int
table_write(const struct table *t, struct buf *out, struct err *e)
{
	AUTO_JSON v = NULL;
	json_t *channels = json_array();
	char key[HEX_SIZE(sizeof(t->ticket_key))];

	hex_write(key, t->ticket_key, sizeof(t->ticket_key));
	v = json_pack("{sI sI ss so}", "generation", (json_int_t)t->generation,
	    "now_s", (json_int_t)t->now_s, "ticket_key", key, "channels",
	    channels);
	if (v == NULL)
		return err_set(e, ERR_SYS, "choice table: no memory");
	for (size_t i = 0; i < t->nchannels; i++) {
		json_t *c = write_channel(&t->channels[i], e);

		if (c == NULL)
			return -1;
		json_array_append_new(channels, c);
	}
	if (json_write(v, out, e) < 0)
		return -1;
	return buf_ok(out, e);
}

/* --- reading ------------------------------------------------------------- */

struct view_doc {
	int64_t scope, rung, pin_seq;
	bool high;
	const char *timestamp;
};

static const struct json_field view_fields[] = {
	JSON_INT(struct view_doc, scope, 0, SCOPES_MAX - 1),
	JSON_INT(struct view_doc, rung, 0, LADDER_MAX - 1),
	JSON_INT(struct view_doc, pin_seq, 0, INT64_MAX),
	JSON_F(JSON_FIELD_BOOL, struct view_doc, high, false, 0, 0),
	JSON_TEXT(struct view_doc, timestamp, 1, 16384),
};

static int
read_views(
    struct table *t, struct table_channel *c, const json_t *list, struct err *e)
{
	struct table_view *views;

	c->nviews = json_array_size(list);
	views = arena_array(t->arena, c->nviews, sizeof(*views), e);
	if (views == NULL)
		return -1;
	for (size_t i = 0; i < c->nviews; i++) {
		struct view_doc d = { 0 };
		struct table_view *v = &views[i];

		if (json_struct(json_array_get(list, i), view_fields,
			COUNT(view_fields), true, &d, t->arena, e) < 0)
			return err_in(e, "view %zu", i);
		v->scope = (int)d.scope;
		v->rung = (int)d.rung;
		v->high = d.high;
		v->pin_seq = d.pin_seq;
		v->timestamp = d.timestamp;
		v->len = strlen(d.timestamp);
		sha256_hex(v->etag, v->timestamp, v->len);
	}
	qsort(views, c->nviews, sizeof(*views), cmp_view);
	c->views = views;
	return 0;
}

static const struct json_field file_fields[] = {
	JSON_TEXT(struct listed_file, path, 1, 2048),
	JSON_TEXT(struct listed_file, sha256, SHA256_HEX_SIZE - 1,
	    SHA256_HEX_SIZE - 1),
	JSON_INT(struct listed_file, size, 0, INT64_MAX),
};

static int
read_files(
    struct table *t, struct table_channel *c, const json_t *list, struct err *e)
{
	struct listed_file *files;
	size_t n = json_array_size(list);

	files = arena_array(t->arena, n, sizeof(*files), e);
	if (files == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (json_struct(json_array_get(list, i), file_fields,
			COUNT(file_fields), true, &files[i], t->arena, e) < 0)
			return err_in(e, "file %zu", i);
	}
	qsort(files, n, sizeof(*files), cmp_file);
	c->files = (struct file_list){ files, n };
	return 0;
}

static int
read_manifests(
    struct table *t, struct table_channel *c, const json_t *list, struct err *e)
{
	int rungs = c->state.ladder.m == 0 ? 0 : ladder_rungs(&c->state.ladder);

	if ((int)json_array_size(list) != rungs)
		return err_set(e, ERR_INPUT, "manifests: one for each rung");
	for (int i = 0; i < rungs; i++) {
		const json_t *v = json_array_get(list, (size_t)i);

		if (json_is_null(v))
			continue;
		if (json_string_length(v) != SHA256_HEX_SIZE - 1)
			return err_set(e, ERR_INPUT, "manifest %d", i);
		c->manifests[i] = arena_text(t->arena, json_string_value(v), e);
		if (c->manifests[i] == NULL)
			return -1;
	}
	return 0;
}

struct channel_doc {
	int64_t signed_s, root_s, publication_s, timestamp_s;
	int64_t publication_from_s, timestamp_from_s;
	const json_t *state, *views, *manifests, *files;
};

static const struct json_field channel_fields[] = {
	JSON_INT(struct channel_doc, signed_s, 0, INT64_MAX),
	JSON_INT(struct channel_doc, root_s, 0, INT64_MAX),
	JSON_INT(struct channel_doc, publication_s, 0, INT64_MAX),
	JSON_INT(struct channel_doc, timestamp_s, 0, INT64_MAX),
	JSON_INT(struct channel_doc, publication_from_s, 0, INT64_MAX),
	JSON_INT(struct channel_doc, timestamp_from_s, 0, INT64_MAX),
	JSON_F(JSON_FIELD_OBJECT, struct channel_doc, state, false, 0, 0),
	JSON_F(
	    JSON_FIELD_ARRAY, struct channel_doc, views, false, 0, VIEWS_MAX),
	JSON_F(JSON_FIELD_ARRAY, struct channel_doc, manifests, false, 0,
	    LADDER_MAX),
	JSON_F(
	    JSON_FIELD_ARRAY, struct channel_doc, files, false, 0, FILES_MAX),
};

static int
read_channel(
    struct table *t, struct table_channel *c, const json_t *v, struct err *e)
{
	struct channel_doc d = { 0 };

	if (json_struct(v, channel_fields, COUNT(channel_fields), true, &d,
		t->arena, e) < 0 ||
	    channel_state_read(d.state, &c->state, e) < 0 ||
	    read_views(t, c, d.views, e) < 0 ||
	    read_manifests(t, c, d.manifests, e) < 0 ||
	    read_files(t, c, d.files, e) < 0)
		return -1;
	c->signed_s = d.signed_s != 0 ? d.signed_s : t->now_s;
	c->validity = (struct validity){ d.root_s, d.publication_s,
		d.timestamp_s, d.publication_from_s, d.timestamp_from_s };
	return 0;
}

struct table_doc {
	int64_t generation, now_s;
	uint8_t ticket_key[32];
	const json_t *channels;
};

static const struct json_field table_fields[] = {
	JSON_INT(struct table_doc, generation, 0, INT64_MAX),
	JSON_INT(struct table_doc, now_s, 0, INT64_MAX),
	JSON_F(JSON_FIELD_HEX, struct table_doc, ticket_key, false, 32, 32),
	JSON_F(JSON_FIELD_ARRAY, struct table_doc, channels, false, 0,
	    CHANNELS_MAX),
};

static int
read_table(struct table *t, const json_t *v, struct err *e)
{
	struct table_doc d = { 0 };

	if (json_struct(v, table_fields, COUNT(table_fields), true, &d,
		t->arena, e) < 0)
		return -1;
	t->generation = d.generation;
	t->now_s = d.now_s;
	memcpy(t->ticket_key, d.ticket_key, sizeof(t->ticket_key));
	t->nchannels = json_array_size(d.channels);
	t->channels =
	    arena_array(t->arena, t->nchannels, sizeof(*t->channels), e);
	if (t->channels == NULL)
		return -1;
	for (size_t i = 0; i < t->nchannels; i++) {
		if (read_channel(t, &t->channels[i],
			json_array_get(d.channels, i), e) < 0)
			return err_in(e, "channel %zu", i);
	}
	qsort(t->channels, t->nchannels, sizeof(*t->channels), cmp_channel);
	return 0;
}

struct table *
table_read(struct bytes text, struct err *e)
{
	AUTO_JSON v = json_read(text, TABLE_MAX, e);
	struct arena *a;
	struct table *t;

	if (v == NULL) {
		err_in(e, "choice table");
		return NULL;
	}
	a = arena_new(TABLE_ARENA_MAX);
	if (a == NULL) {
		err_set(e, ERR_SYS, "choice table: no memory");
		return NULL;
	}
	t = arena_get(a, sizeof(*t), e);
	if (t == NULL)
		goto fail;
	t->arena = a;
	if (read_table(t, v, e) == 0)
		return t;
fail:
	err_in(e, "choice table");
	arena_free(a);
	return NULL;
}

void
table_free(struct table *t)
{
	if (t != NULL)
		arena_free(t->arena);
}

/* --- looking up ---------------------------------------------------------- */

const struct table_channel *
table_channel(const struct table *t, const char *product, const char *channel)
{
	size_t low = 0, high = t->nchannels;

	while (low < high) {
		size_t at = low + (high - low) / 2;
		int c = cmp_names(&t->channels[at], product, channel);

		if (c == 0)
			return &t->channels[at];
		if (c < 0)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

const struct table_view *
table_view(const struct table_channel *c, const struct choice *ch)
{
	struct table_view key = { .scope = ch->scope,
		.rung = ch->rung,
		.high = ch->high,
		.pin_seq = ch->pin_seq };

	if (c->nviews == 0)
		return NULL;
	return bsearch(&key, c->views, c->nviews, sizeof(*c->views), cmp_view);
}

const struct listed_file *
table_file(const struct table_channel *c, const char *path)
{
	struct listed_file key = { .path = path };

	if (c->files.n == 0)
		return NULL;
	return bsearch(
	    &key, c->files.at, c->files.n, sizeof(*c->files.at), cmp_file);
}
