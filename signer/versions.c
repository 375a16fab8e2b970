/*
 * The list of versions: read, summed over days, shares.
 */
#include "signer/versions.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/cohort.h"

#define VERSIONS_MAX ((size_t)32 << 20)
#define POLLS_MAX    ((int64_t)1 << 32) /* so that sums times 10000 fit */
#define ROWS_MAX     (1 << 14)

struct list_in {
	const char *channel;
	const json_t *polls;
};

static const struct json_field list_fields[] = {
	JSON_TEXT(struct list_in, channel, 1, 200),
	JSON_F(JSON_FIELD_ARRAY, struct list_in, polls, false, 0, ROWS_MAX),
};

static const struct json_field row_fields[] = {
	JSON_TEXT(struct versions_row, version, 0, 128),
	JSON_TEXT(struct versions_row, os, 0, 128),
	JSON_TEXT(struct versions_row, arch, 0, 128),
	JSON_INT(struct versions_row, n, 0, POLLS_MAX),
};

static bool
same(const struct versions_row *a, const struct versions_row *b)
{
	return strcmp(a->version, b->version) == 0 &&
	    strcmp(a->os, b->os) == 0 && strcmp(a->arch, b->arch) == 0;
}

static void
add(struct versions *v, const struct versions_row *row)
{
	for (size_t i = 0; i < v->n; i++) {
		if (same(&v->rows[i], row)) {
			v->rows[i].n += row->n;
			return;
		}
	}
	v->rows[v->n++] = *row;
}

int
versions_parse(struct versions *v, struct bytes text, const char *channel,
    struct arena *a, struct err *e)
{
	AUTO_JSON doc = json_read(text, VERSIONS_MAX, e);
	struct list_in in = { 0 };
	struct versions_row row;
	size_t n;

	*v = (struct versions){ 0 };
	if (doc == NULL ||
	    json_struct(
		doc, list_fields, COUNT(list_fields), false, &in, a, e) < 0)
		return -1;
	if (strcmp(in.channel, channel) != 0)
		return err_set(e, ERR_INPUT, "it is of %s", in.channel);
	n = json_array_size(in.polls);
	if ((v->rows = arena_array(a, n + 1, sizeof(*v->rows), e)) == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		row = (struct versions_row){ 0 };
		if (json_struct(json_array_get(in.polls, i), row_fields,
			COUNT(row_fields), false, &row, a, e) < 0)
			return err_in(e, "polls: row %zu", i);
		add(v, &row);
	}
	return 0;
}

int
versions_read(struct versions *v, const char *path, const char *channel,
    struct arena *a, struct err *e)
{
	bool input = strcmp(path, "-") == 0;
	const char *name = input ? "standard input" : path;
	AUTO_FD fd =
	    input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct bytes text;

	if (fd < 0)
		return err_sys(e, "--versions %s", name);
	if (file_read_fd(a, fd, name, VERSIONS_MAX, &text, e) < 0 ||
	    versions_parse(v, text, channel, a, e) < 0)
		return err_in(e, "--versions %s", name);
	return 0;
}

int
versions_share_bp(const struct versions *v, const char *version, const char *os,
    const char *arch)
{
	int64_t all = 0, these = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct versions_row *r = &v->rows[i];

		if (strcmp(r->os, os) != 0 || strcmp(r->arch, arch) != 0)
			continue;
		all += r->n;
		if (strcmp(r->version, version) == 0)
			these += r->n;
	}
	return all == 0 ? -1 : (int)(these * BP_ALL / all);
}
