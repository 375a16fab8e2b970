/*
 * manifest_read on any bytes.  Beside not crashing: what is read is written
 * again, reads as before, and strictly where strict reading took it.
 */
#include "manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "manifest/cohort.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* Whoever asks a manifest gets an answer, whatever it holds. */
static void
ask(const struct manifest *m)
{
	struct err e;
	int64_t next;

	must(manifest_envelope(m, INT64_MAX, &next) <= BP_ALL);
	must(manifest_envelope(m, m->created_s, &next) >= 0);
	for (size_t i = 0; i < m->nartifacts; i++) {
		const struct artifact *a = &m->artifacts[i];

		must(manifest_artifact(m, a->os, a->arch) == a);
		if (manifest_may_go_back(m, m->seq + 1, a->os, a->arch, 0,
			m->created_s, &e) == 0)
			must(m->permission);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	AUTO_ARENA a = arena_new(64 * MANIFEST_MAX);
	AUTO_BUF once;
	AUTO_BUF twice;
	struct bytes file = { at, len };
	const struct manifest *m;
	struct err e;

	buf_init(&once, 2 * MANIFEST_MAX);
	buf_init(&twice, 2 * MANIFEST_MAX);
	if (manifest_read(a, file, true, &e) != NULL)
		must(manifest_read(a, file, false, &e) != NULL);
	m = manifest_read(a, file, false, &e);
	if (m == NULL)
		return 0;
	ask(m);
	must(manifest_emit(m, &once, &e) == 0);
	if (once.len > MANIFEST_MAX)
		return 0;
	m = manifest_read(a, buf_bytes(&once), false, &e);
	must(m != NULL);
	must(manifest_emit(m, &twice, &e) == 0);
	must(once.len == twice.len && memcmp(once.at, twice.at, once.len) == 0);
	return 0;
}
