/*
 * What the files of the store process share: one struct, made by store_run and
 * passed down.  No logic here.
 */
#ifndef SLUICE_CONTEXT_H
#define SLUICE_CONTEXT_H

#include <jansson.h>
#include <sys/types.h>

#include "server/config.h"
#include "server/store/channel.h"

#define WAITING_MAX 64 /* operators whose change front has not yet taken */
#define CLIENTS_MAX 64 /* connections of the admin socket */
#define JOBS_MAX    8  /* children at work */
#define OUTBOX_MAX  4096

enum job_kind {
	JOB_CHECK,
	JOB_BLOB
};

/* A child at work; its answer comes through fd as one JSON object. */
struct job {
	enum job_kind kind;
	pid_t pid;
	int fd;
	int64_t deadline_ms; /* clock_mono_ms */
	struct buf answer;
	char channel[CHANNEL_ID_SIZE]; /* JOB_CHECK */
	char id[SHA256_HEX_SIZE];      /* publication, or blob */
	int64_t size;		       /* JOB_BLOB */
	int64_t front_id;	       /* JOB_BLOB: the request to answer */
};

/* A message that front's socket had no room for yet. */
struct outbox {
	json_t *message;
	int fd;
};

/* A connection of the admin socket. */
struct client {
	int fd; /* -1: free */
	struct buf in, out;
	size_t sent;
	uid_t uid;
	pid_t pid;
	bool member; /* by group only: no tokens */
	int64_t deadline_ms;
	int64_t generation; /* > 0: answer once front has this table */
};

struct store {
	const struct server_config *conf;
	struct db *db;
	int front_fd, brake_fd, post_fd; /* post_fd -1: no webhook */
	int admin_fd;
	gid_t admin_gid;    /* -1: none */
	int64_t notices;    /* sent to post since start; their IDs */
	int64_t generation; /* of the newest table sent */
	int64_t tabled;	    /* of the newest that front has taken */
	bool reserve_open;  /* reserve.h */
	bool table_due;	    /* something that the table holds has changed */
	struct job jobs[JOBS_MAX];
	size_t njobs;
	struct client clients[CLIENTS_MAX];
	struct outbox outbox[OUTBOX_MAX]; /* ring, to front */
	size_t outbox_at, outbox_n;
	struct reports *reports; /* health.h: not yet committed */
	struct err sign_error;	 /* the brake's last word; msg "": it signed */
	int64_t ticked_ms, pruned_s;
};

#endif
