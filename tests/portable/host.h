/*
 * What the programs here share: a host of the core in standard C.
 */
#ifndef SLUICE_PORTABLE_HOST_H
#define SLUICE_PORTABLE_HOST_H

#include <stdio.h>
#include <stdlib.h>

#include "manifest/base/base.h"
#include <stdint.h>

struct file {
	uint8_t *at;
	size_t len;
};

static inline NORETURN void
die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static inline struct file
read_file(const char *path)
{
	struct file f = { NULL, 0 };
	FILE *in = fopen(path, "rb");
	long n;

	if (in == NULL || fseek(in, 0, SEEK_END) != 0 || (n = ftell(in)) < 0)
		die(path);
	rewind(in);
	f.len = (size_t)n;
	f.at = malloc(f.len + 1);
	if (f.at == NULL || fread(f.at, 1, f.len, in) != f.len)
		die(path);
	(void)fclose(in);
	return f;
}

#endif
