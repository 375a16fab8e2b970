/*
 * minisign's file formats (jedisct1.github.io/minisign): public keys and
 * prehashed ("ED", BLAKE2b-512) signatures.
 */
#ifndef SLUICE_MINISIGN_H
#define SLUICE_MINISIGN_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/arena.h"
#include "manifest/base/base.h"
#include "manifest/base/buf.h"
#include "manifest/base/err.h"

#define MINISIGN_ID_SIZE     8
#define MINISIGN_HASH_SIZE   64 /* BLAKE2b-512 of the file */
#define MINISIGN_COMMENT_MAX 1024
#define MINISIGN_FILE_MAX    4096
#define MINISIGN_KEY_TEXT    56 /* base64 of a public key, without NUL */

struct minisign_key {
	uint8_t id[MINISIGN_ID_SIZE];
	uint8_t public[32];
};

struct minisign_sig {
	uint8_t id[MINISIGN_ID_SIZE];
	uint8_t sig[64];
	char trusted[MINISIGN_COMMENT_MAX + 1];
	uint8_t global[64];
};

/* minisign_key_read - the base64 line ("RW..."), or a whole .pub file. */
int minisign_key_read(
    struct minisign_key *out, const char *text, struct err *e) MUST_CHECK;

/* minisign_key_write - the base64 line, NUL-terminated. */
void minisign_key_write(
    char out[static MINISIGN_KEY_TEXT + 1], const struct minisign_key *k);

/* minisign_key_file - a whole .pub file, as minisign -G writes it. */
void minisign_key_file(struct buf *out, const struct minisign_key *k);

/* minisign_read - a .minisig file; prehashed signatures only. */
int minisign_read(
    struct minisign_sig *out, struct bytes text, struct err *e) MUST_CHECK;

/* minisign_write - the .minisig file of a signature. */
void minisign_write(struct buf *out, const struct minisign_sig *s);

/* minisign_hash - BLAKE2b-512. */
void minisign_hash(
    uint8_t out[static MINISIGN_HASH_SIZE], struct bytes message);

/* minisign_verify - both signatures (file and trusted comment). */
int minisign_verify(const struct minisign_key *k, const struct minisign_sig *s,
    const uint8_t hash[static MINISIGN_HASH_SIZE], struct err *e) MUST_CHECK;

#endif
