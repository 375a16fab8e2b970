/*
 * What came of each delta, for people and for programs.
 */
#include <string.h>

#include "manifest/base/text.h"
#include "signer/deltas.h"

static void
print_made(FILE *f, const struct delta_job *j)
{
	char size[32];

	(void)fprintf(f, "%-14s %10s  saves %2d %%, %.1f s",
	    deltaplan_ending(j->how.format),
	    size_text(size, sizeof(size), j->size), j->saving_bp / 100,
	    (double)j->ms / 1000);
	if (j->how.why[0] != '\0')
		(void)fprintf(f, "; %s", j->how.why);
}

void
deltas_print(FILE *f, const struct deltas *d)
{
	for (size_t i = 0; i < d->njobs; i++) {
		const struct delta_job *j = &d->jobs[i];

		(void)fprintf(f, "%-10s %s from %s", i == 0 ? "deltas" : "",
		    j->piece->path, j->from_version);
		if (j->share_bp >= 0)
			(void)fprintf(f, " (%d.%02d %% have it)",
			    j->share_bp / 100, j->share_bp % 100);
		(void)fputs(": ", f);
		if (j->size > 0)
			print_made(f, j);
		else
			(void)fprintf(f, "none, %s", j->how.why);
		(void)fputc('\n', f);
	}
}

json_t *
deltas_json(const struct deltas *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->njobs; i++) {
		const struct delta_job *j = &d->jobs[i];
		bool made = j->size > 0;
		json_t *v = json_pack("{ss ss sb ss}", "to", j->piece->path,
		    "from_version", j->from_version, "made", (int)made, "why",
		    j->how.why);

		if (j->share_bp >= 0)
			(void)json_object_set_new(
			    v, "share_bp", json_integer(j->share_bp));
		if (made) {
			(void)json_object_set_new(
			    v, "format", json_string(j->how.format));
			(void)json_object_set_new(
			    v, "size", json_integer(j->size));
			(void)json_object_set_new(
			    v, "compressed_size", json_integer(j->packed));
			(void)json_object_set_new(
			    v, "saving_bp", json_integer(j->saving_bp));
			(void)json_object_set_new(v, "ms", json_integer(j->ms));
		}
		(void)json_array_append_new(list, v);
	}
	return list;
}
