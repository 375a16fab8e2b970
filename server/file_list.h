/*
 * Files of a channel by their path: what a push names, what a publication has,
 * what front serves.
 */
#ifndef SLUICE_FILE_LIST_H
#define SLUICE_FILE_LIST_H

#include <stddef.h>
#include <stdint.h>

struct listed_file {
	const char *path;   /* below the channel */
	const char *sha256; /* hex: the blob */
	int64_t size;
};

struct file_list {
	const struct listed_file *at; /* sorted by path, each once */
	size_t n;
};

#endif
