/*
 * For fuzz targets whose inputs have a structure: they mutate the parts of an
 * input and put it together again, so that lengths, counts and checksums do not
 * end every run at once.
 */
#ifndef SLUICE_FUZZ_MUTATE_H
#define SLUICE_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"

/* The target itself, and how it changes an input if it does that itself. */
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);
size_t LLVMFuzzerCustomMutator(
    uint8_t *at, size_t len, size_t room, unsigned seed);

/* By libFuzzer; in replays by a few changes of bytes. */
size_t LLVMFuzzerMutate(uint8_t *at, size_t len, size_t room);

/* Decisions, by the seed that libFuzzer gives; the state is never 0. */
struct mutate {
	uint64_t state;
};
struct mutate mutate_begin(unsigned seed);

/* mutate_below - a number below n, which is not 0. */
uint64_t mutate_below(struct mutate *m, uint64_t n);

/* mutate_number - another number: near it, near a bound that was given, or at
 * one of those where arithmetic goes wrong. */
uint64_t mutate_number(struct mutate *m, uint64_t was, uint64_t bound);

/* mutate_file - a file of these bytes without a name; the caller closes. */
int mutate_file(const void *at, size_t len) MUST_CHECK;

/* mutate_u32 - four bytes, least first: how inputs say lengths. */
uint32_t mutate_u32(const uint8_t *at);
void mutate_put_u32(uint8_t *at, uint32_t n);

#endif
