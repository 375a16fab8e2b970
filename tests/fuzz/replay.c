/*
 * Runs a fuzz target over its kept inputs, without a fuzzer: what once broke a
 * parser is tried again in every `make check`, with any compiler.  Where a target
 * knows how to change its inputs, they are tried changed as well, in the same
 * way each time.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/base/base.h"
#include "manifest/base/file.h"
#include "tests/fuzz/mutate.h"

#define INPUT_MAX (16 << 20)
/* Changes of each input, where the target makes them itself. */
#define CHANGES 48

#pragma weak LLVMFuzzerCustomMutator

static int failed;
static struct mutate bytes = { 1 };

/* One byte is another, is there twice or is gone. */
size_t
LLVMFuzzerMutate(uint8_t *at, size_t len, size_t room)
{
	size_t i = (size_t)mutate_below(&bytes, len + 1);

	switch (mutate_below(&bytes, 3)) {
	case 0:
		if (i < len && len > 1) {
			memmove(at + i, at + i + 1, len - i - 1);
			return len - 1;
		}
		break;
	case 1:
		if (len < room) {
			memmove(at + i + 1, at + i, len - i);
			at[i] = (uint8_t)mutate_below(&bytes, 256);
			return len + 1;
		}
		break;
	default:
		if (i < len)
			at[i] ^= (uint8_t)(1 << mutate_below(&bytes, 8));
	}
	return len;
}

/* The input with one to four changes. */
static void
change(struct bytes input)
{
	const size_t room = 2 * input.len + 4096;
	uint8_t *at = malloc(room), *copy;
	unsigned seed, n;
	size_t len;

	if (at == NULL)
		abort();
	for (seed = 0; seed < CHANGES; seed++) {
		memcpy(at, input.at, len = input.len);
		for (n = 0; n <= seed % 4 && len <= room; n++)
			len = LLVMFuzzerCustomMutator(
			    at, len, room, 4 * seed + n);
		if (len > room || (copy = malloc(len + (len == 0))) == NULL)
			abort();
		memcpy(copy, at, len);
		LLVMFuzzerTestOneInput(copy, len);
		free(copy);
	}
	free(at);
}

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
	if (LLVMFuzzerCustomMutator && input.len > 0)
		change(input);
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
