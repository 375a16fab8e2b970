/*
 * The choice table for front, made from what is signed: each channel's newest
 * signed round with the state that it was signed for, and the files that may
 * be served to anyone.
 */
#ifndef SLUICE_TABLES_H
#define SLUICE_TABLES_H

#include "server/store/context.h"
#include "server/table.h"

/* tables_make - build it (table_free); now_s is when the views were made. */
struct table *tables_make(struct db *db, const struct server_config *conf,
    int64_t now_s, struct err *e) MUST_CHECK;

/* tables_send - make the next generation and hand it to front. */
int tables_send(struct store *s, int64_t now_s, struct err *e) MUST_CHECK;

#endif
