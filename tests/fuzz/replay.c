/*
 * Runs a fuzz target over its kept inputs, without a fuzzer: what once broke a
 * parser is tried again in every `make check`, with any compiler.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/base.h"
#include "manifest/base/file.h"

#define INPUT_MAX (16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static int failed;

static int
replay_one(void *ctx, const char *path, int64_t size, struct err *e)
{
	const char *dir = ctx;
	AUTO_ARENA a = arena_new(2 * INPUT_MAX);
	const char *full = file_path(a, e, dir, path);
	struct bytes input;
	uint8_t *copy;

	(void)size;
	if (full == NULL || file_read(a, full, INPUT_MAX, &input, e) < 0)
		return -1;
	/* exactly as many bytes as there are: a sanitizer sees one more */
	copy = malloc(input.len + (input.len == 0));
	if (copy == NULL)
		return err_sys(e, "replay");
	if (input.len > 0)
		memcpy(copy, input.at, input.len);
	printf("# %s\n", path);
	LLVMFuzzerTestOneInput(copy, input.len);
	free(copy);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char dir[4096];
	struct err e = { 0 };

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	name = name ? name + 1 : argv[0];
	if (strncmp(name, "fuzz-", 5) == 0)
		name += 5;
	(void)snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", name);
	if (file_each(dir, replay_one, dir, &e) < 0) {
		printf("# %s\n", e.msg);
		failed = 1;
	}
	printf("%sok 1 - %s survives its corpus\n1..1\n", failed ? "not " : "",
	    name);
	return failed;
}
