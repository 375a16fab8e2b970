/*
 * Which deltas, by which method, how many at once.
 */
#include "signer/deltaplan.h"

#include <stdio.h>
#include <string.h>

#include "delta/delta.h"
#include "manifest/base/text.h"
#include "manifest/cohort.h"

int
deltaplan_formats_read(
    const char *text, enum deltaplan_formats *out, struct err *e)
{
	static const char *const names[] = { [DELTAPLAN_SLUICE] = "sluice",
		[DELTAPLAN_BSDIFF40] = "bsdiff40",
		[DELTAPLAN_BOTH] = "both" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i], text) == 0) {
			*out = (enum deltaplan_formats)i;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE,
	    "--delta-format %s: neither sluice, bsdiff40 nor both", text);
}

const char *
deltaplan_ending(const char *format)
{
	return strcmp(format, DELTA_SLUICE1) == 0 ? "sluice" : "bsdiff40";
}

bool
deltaplan_base(bool kept, int share_bp, int least_bp)
{
	return kept || (share_bp >= 0 && share_bp >= least_bp);
}

static int64_t
memory_for(const struct deltaplan_pair *p, const char *format)
{
	return strcmp(format, DELTA_SLUICE1) == 0
	    ? p->native
	    : delta_memory(format, p->old_size, p->new_size);
}

bool
deltaplan_format(
    const struct deltaplan_pair *p, int nth, struct deltaplan_choice *out)
{
	/* who asks for bsdiff40 has clients that read nothing else, so only
	 * the native format gives way to another */
	bool second = p->formats == DELTAPLAN_BSDIFF40 || nth == 1;
	const char *want = second ? DELTA_BSDIFF40 : DELTA_SLUICE1;
	char need[32], room[32];

	if (nth > (p->formats == DELTAPLAN_BOTH ? 1 : 0))
		return false;
	out->why[0] = '\0';
	out->format = want;
	out->memory = memory_for(p, want);
	if (out->memory <= p->memory)
		return true;
	(void)size_text(need, sizeof(need), out->memory);
	(void)size_text(room, sizeof(room), p->memory);
	out->memory = memory_for(p, DELTA_BSDIFF40);
	if (p->formats == DELTAPLAN_SLUICE && out->memory <= p->memory) {
		out->format = DELTA_BSDIFF40;
		(void)snprintf(out->why, sizeof(out->why),
		    "%s would take %s of memory, not %s", want, need, room);
		return true;
	}
	out->format = NULL;
	out->memory = 0;
	(void)snprintf(out->why, sizeof(out->why),
	    "making it would take %s of memory, not %s", need, room);
	return true;
}

int
deltaplan_saving_bp(int64_t patch_size, int64_t packed_size)
{
	/* sizes of files: 2^40 bytes times 10^4 fit */
	if (packed_size <= 0 || patch_size > packed_size * 2)
		return -BP_ALL;
	return (int)(BP_ALL - patch_size * BP_ALL / packed_size);
}

bool
deltaplan_in_time(const struct deltaplan_time *t, int64_t next)
{
	int64_t left = t->budget_ms - t->spent_ms;

	if (t->budget_ms == 0)
		return true;
	if (left <= 0)
		return false;
	if (t->done == 0)
		return true; /* the first tells the speed */
	return (double)t->spent_ms / (double)t->done *
	    ((double)t->running + (double)next) <=
	    (double)left;
}

int
deltaplan_side_by_side(
    const int64_t *need, size_t n, int threads, int64_t memory)
{
	int64_t most = 1;
	int64_t room;

	for (size_t i = 0; i < n; i++)
		most = need[i] > most ? need[i] : most;
	room = memory / most;
	if ((int64_t)threads > room)
		threads = (int)room;
	if (threads > (int)n)
		threads = (int)n;
	return threads < 1 ? 1 : threads;
}
