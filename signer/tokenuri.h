/*
 * pkcs11: URIs (RFC 7512), as much of them as choosing a key needs.
 *
 * Path: token, manufacturer, serial, model, object, id, slot-id, type.  Query:
 * module-path.  Anything else is refused rather than overlooked: it might have
 * chosen another key.  So are pin-value and pin-source: no secret belongs on a
 * command line.
 */
#ifndef SLUICE_TOKENURI_H
#define SLUICE_TOKENURI_H

#include <stddef.h>
#include <stdint.h>

#include "manifest/base/base.h"
#include "manifest/base/err.h"

#define TOKENURI_TEXT 128
#define TOKENURI_ID   64
#define TOKENURI_PATH 1024

struct tokenuri {
	/* "" where the URI does not say */
	char token[TOKENURI_TEXT];
	char manufacturer[TOKENURI_TEXT];
	char serial[TOKENURI_TEXT];
	char model[TOKENURI_TEXT];
	char object[TOKENURI_TEXT];
	char type[TOKENURI_TEXT];
	char module_path[TOKENURI_PATH];
	uint8_t id[TOKENURI_ID];
	size_t nid;
	int64_t slot; /* -1: not said */
};

/* tokenuri_read - "pkcs11:..."; ERR_USAGE says what is wrong with it. */
int tokenuri_read(
    struct tokenuri *out, const char *text, struct err *e) MUST_CHECK;

#endif
