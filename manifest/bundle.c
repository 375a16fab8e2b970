/*
 * The list of a bundle: written, read, verified.
 */
#include "manifest/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/text.h"
#include "manifest/manifest.h"

#define HEAD	    "# sluice-bundle/1"
#define SEGMENT_MAX 255 /* bytes of a part of a path: NAME_MAX */

/* --- paths ---------------------------------------------------------------- */

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

/* Parts of good form; their number, 0 if it is none. */
static int
path_parts(const char *path)
{
	char part[SEGMENT_MAX + 1];
	int n = 0;

	if (strlen(path) > BUNDLE_PATH_MAX)
		return 0;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len > SEGMENT_MAX)
			return 0;
		memcpy(part, path, len);
		part[len] = '\0';
		if (!name_ok(part, n < 2 ? PRODUCT_MAX : SEGMENT_MAX))
			return 0;
		n++;
		if (path[len] == '\0')
			return n;
		path += len + 1;
	}
}

static const char *
part_at(const char *path, int n)
{
	while (n-- > 0)
		path = strchr(path, '/') + 1;
	return path;
}

enum bundle_class
bundle_class(const char *path)
{
	int n = path_parts(path);
	const char *third;

	if (n == 2 && strncmp(path, "client/", 7) == 0)
		return BUNDLE_CLIENT;
	if (n < 3)
		return BUNDLE_NONE;
	third = part_at(path, 2);
	if (n == 3)
		return ends_in(third, ".json") ? BUNDLE_METADATA : BUNDLE_NONE;
	if (strncmp(third, "targets/", 8) != 0)
		return BUNDLE_NONE;
	if (n > 4)
		return BUNDLE_TARGET;
	return ends_in(third, ".manifest.json") ||
		ends_in(third, ".manifest.json.minisig")
	    ? BUNDLE_MANIFEST
	    : BUNDLE_NONE;
}

int
bundle_order(const void *pa, const void *pb)
{
	const struct bundle_member *a = pa, *b = pb;
	enum bundle_class ca, cb;

	if (a->have != b->have)
		return a->have ? 1 : -1;
	ca = bundle_class(a->path);
	cb = bundle_class(b->path);
	if (ca != cb)
		return ca < cb ? -1 : 1;
	return strcmp(a->path, b->path);
}

char *
bundle_sig_path(struct arena *a, const char *channel, struct err *e)
{
	return arena_printf(a, e, "%s/" BUNDLE_LIST ".minisig", channel);
}

/* --- writing -------------------------------------------------------------- */

static void
emit(const struct bundle *b, struct buf *out)
{
	char when[TIME_TEXT_SIZE], hex[SHA256_HEX_SIZE];

	buf_text(out, HEAD "\n");
	time_write(when, b->created_s);
	buf_printf(out, "# created %s\n", when);
	time_write(when, b->expires_s);
	buf_printf(out, "# expires %s\n", when);
	if (b->since != NULL)
		buf_printf(out, "# since %s\n", b->since);
	for (size_t i = 0; i < b->nchannels; i++)
		buf_printf(out, "# channel %s\n", b->channels[i]);
	for (size_t i = 0; i < b->nmembers; i++) {
		const struct bundle_member *m = &b->members[i];

		hex_write(hex, m->sha256, SHA256_SIZE);
		buf_printf(out,
		    m->have ? "# have %lld %s  %s\n" : "# size %lld\n%s  %s\n",
		    (long long)m->size, hex, m->path);
	}
}

int
bundle_write(const struct bundle *b, struct buf *out, struct err *e)
{
	AUTO_ARENA a = arena_new(64 << 20);

	if (a == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (b->created_s < 0 || b->expires_s > INT64_C(253402300799) ||
	    b->created_s >= b->expires_s)
		return err_set(e, ERR_INPUT, "a bundle that never is valid");
	emit(b, out);
	if (buf_ok(out, e) < 0)
		return -1;
	return bundle_read(a, buf_bytes(out), e) == NULL ? -1 : 0;
}

/* --- reading -------------------------------------------------------------- */

struct reading {
	char *at; /* the rest, NUL-terminated */
	int line;
	struct bundle *b;
	const char **channels;
	struct bundle_member *members;
	struct err *e;
};

static int
refuse(struct reading *r, const char *why)
{
	return err_set(
	    r->e, ERR_INPUT, BUNDLE_LIST ": line %d: %s", r->line, why);
}

/* The next line; NULL at the end.  A line without an end is none. */
static char *
next_line(struct reading *r)
{
	char *line = r->at, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	r->at = end + 1;
	r->line++;
	return line;
}

/* The value of a line "# KEY VALUE" if that is what stands next, else NULL. */
static char *
take(struct reading *r, const char *key)
{
	size_t n = strlen(key);

	if (strncmp(r->at, "# ", 2) != 0 || strncmp(r->at + 2, key, n) != 0 ||
	    r->at[2 + n] != ' ')
		return NULL;
	r->at += 3 + n;
	return next_line(r);
}

static int
take_time(struct reading *r, const char *key, int64_t *out)
{
	const char *text = take(r, key);

	if (text == NULL || time_read(text, out) < 0)
		return refuse(r, "a time was expected");
	return 0;
}

static int
take_head(struct reading *r)
{
	const char *line = next_line(r), *text;
	uint8_t sum[SHA256_SIZE];

	if (line == NULL || strcmp(line, HEAD) != 0)
		return refuse(r, "not the list of a bundle");
	if (take_time(r, "created", &r->b->created_s) < 0 ||
	    take_time(r, "expires", &r->b->expires_s) < 0)
		return -1;
	if (r->b->created_s >= r->b->expires_s)
		return refuse(r, "a bundle that never is valid");
	if ((r->b->since = take(r, "since")) != NULL &&
	    hex_read(sum, sizeof(sum), r->b->since) < 0)
		return refuse(r, "not a digest");
	while ((text = take(r, "channel")) != NULL) {
		size_t n = r->b->nchannels;

		if (n == BUNDLE_CHANNELS_MAX)
			return refuse(r, "too many channels");
		if (path_parts(text) != 2 ||
		    (n > 0 && strcmp(r->channels[n - 1], text) >= 0))
			return refuse(r, "not a channel, or out of order");
		r->channels[n] = text;
		r->b->nchannels++;
	}
	return r->b->nchannels > 0 ? 0 : refuse(r, "no channel is named");
}

/* A path below one of the channels, or a program. */
static bool
belongs(const struct reading *r, const char *path)
{
	enum bundle_class c = bundle_class(path);

	if (c == BUNDLE_NONE || c == BUNDLE_CLIENT)
		return c == BUNDLE_CLIENT;
	for (size_t i = 0; i < r->b->nchannels; i++) {
		size_t n = strlen(r->channels[i]);

		if (strncmp(path, r->channels[i], n) == 0 && path[n] == '/')
			return true;
	}
	return false;
}

/* "<sha256>  <path>" */
static int
take_name(struct reading *r, char *line, struct bundle_member *m)
{
	const size_t hex = SHA256_HEX_SIZE - 1;

	if (line == NULL || strlen(line) < hex + 3 ||
	    strncmp(line + hex, "  ", 2) != 0)
		return refuse(r, "a digest and a name were expected");
	line[hex] = '\0';
	if (hex_read(m->sha256, SHA256_SIZE, line) < 0)
		return refuse(r, "a digest and a name were expected");
	m->path = line + hex + 2;
	return belongs(r, m->path)
	    ? 0
	    : refuse(r, "not a path of this bundle's channels");
}

static int
take_size(struct reading *r, const char *text, struct bundle_member *m)
{
	return int_read(text, 0, BUNDLE_SIZE_MAX, &m->size) < 0
	    ? refuse(r, "not a size")
	    : 0;
}

static int
take_member(struct reading *r)
{
	struct bundle_member *m = &r->members[r->b->nmembers];
	char *text, *name;

	if (r->b->nmembers == BUNDLE_MEMBERS_MAX)
		return refuse(r, "too many members");
	if ((text = take(r, "size")) != NULL) {
		if (take_size(r, text, m) < 0 ||
		    take_name(r, next_line(r), m) < 0)
			return -1;
	} else if (r->b->since != NULL && (text = take(r, "have")) != NULL) {
		m->have = true;
		if ((name = strchr(text, ' ')) == NULL)
			return refuse(r, "not a size");
		*name++ = '\0';
		if (take_size(r, text, m) < 0 || take_name(r, name, m) < 0)
			return -1;
	} else {
		return refuse(r, "not a line of a bundle's list");
	}
	if (r->b->nmembers > 0 && bundle_order(m - 1, m) >= 0)
		return refuse(r, "out of order, or there twice");
	r->b->nmembers++;
	return 0;
}

static int
read_all(struct reading *r)
{
	if (take_head(r) < 0)
		return -1;
	while (r->at[0] != '\0') {
		if (take_member(r) < 0)
			return -1;
	}
	if (bundle_bytes(r->b) > BUNDLE_SIZE_MAX)
		return refuse(r, "more than a bundle may hold");
	return r->b->nmembers > 0 ? 0 : refuse(r, "it lists nothing");
}

/* One list, one way to write it: leading zeros and the like are refused. */
static int
check_form(const struct bundle *b, struct bytes file, struct err *e)
{
	AUTO_BUF again;

	buf_init(&again, BUNDLE_LIST_MAX + 1);
	emit(b, &again);
	if (buf_ok(&again, e) < 0)
		return -1;
	if (again.len != file.len || memcmp(again.at, file.at, file.len) != 0)
		return err_set(e, ERR_INPUT,
		    BUNDLE_LIST ": not in the form that a bundle's list has");
	return 0;
}

const struct bundle *
bundle_read(struct arena *a, struct bytes file, struct err *e)
{
	struct reading r = { .e = e };
	size_t lines = 0;

	if (file.len > BUNDLE_LIST_MAX) {
		(void)err_set(e, ERR_LIMIT, BUNDLE_LIST ": too long");
		return NULL;
	}
	if (memchr(file.at, '\0', file.len) != NULL) {
		(void)err_set(e, ERR_INPUT, BUNDLE_LIST ": not text");
		return NULL;
	}
	for (size_t i = 0; i < file.len; i++)
		lines += file.at[i] == '\n';
	if (lines > BUNDLE_MEMBERS_MAX)
		lines = BUNDLE_MEMBERS_MAX;
	r.b = arena_get(a, sizeof(*r.b), e);
	r.at = (char *)arena_bytes(a, file.at, file.len, e);
	r.channels =
	    arena_array(a, BUNDLE_CHANNELS_MAX, sizeof(*r.channels), e);
	r.members = arena_array(a, lines + 1, sizeof(*r.members), e);
	if (r.b == NULL || r.at == NULL || r.channels == NULL ||
	    r.members == NULL)
		return NULL;
	r.b->channels = r.channels;
	r.b->members = r.members;
	return read_all(&r) < 0 || check_form(r.b, file, e) < 0 ? NULL : r.b;
}

const struct bundle_member *
bundle_find(const struct bundle *b, const char *path)
{
	for (size_t i = 0; i < b->nmembers; i++) {
		if (strcmp(b->members[i].path, path) == 0)
			return &b->members[i];
	}
	return NULL;
}

int64_t
bundle_bytes(const struct bundle *b)
{
	int64_t n = 0;

	for (size_t i = 0; i < b->nmembers; i++) {
		if (!b->members[i].have && n <= BUNDLE_SIZE_MAX)
			n += b->members[i].size;
	}
	return n;
}

/* --- who signed it -------------------------------------------------------- */

static int
verify_one(const struct minisign_key *k, const struct minisign_sig *s,
    const uint8_t hash[static MINISIGN_HASH_SIZE])
{
	struct err ignored;

	return minisign_verify(k, s, hash, &ignored);
}

int
bundle_verify(
    struct bytes list, struct bytes sig, const struct role *root, struct err *e)
{
	const struct role_keys *ids = &root->roles[ROLE_TIMESTAMP];
	uint8_t hash[MINISIGN_HASH_SIZE];
	struct minisign_sig s;

	if (minisign_read(&s, sig, e) < 0)
		return err_in(e, "signature of the list");
	minisign_hash(hash, list);
	for (size_t i = 0; i < root->nminisign; i++) {
		if (verify_one(&root->minisign[i], &s, hash) == 0)
			return 0;
	}
	for (size_t i = 0; root->nminisign == 0 && i < ids->n; i++) {
		const struct key *k = role_key(root, ids->keyids[i]);
		struct minisign_key m;

		if (k == NULL || k->type != KEY_ED25519)
			continue;
		/* made for TUF: it has no ID of this kind */
		memcpy(m.id, s.id, sizeof(m.id));
		memcpy(m.public, k->ed25519, sizeof(m.public));
		if (verify_one(&m, &s, hash) == 0)
			return 0;
	}
	return err_set(e, ERR_AUTH,
	    "the list is not signed by a key that %s/%s names", root->product,
	    root->channel);
}
