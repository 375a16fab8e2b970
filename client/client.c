/*
 * A call on the handle: lock, state, identity.
 */
#include "client/client.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define RUN_MEMORY (128 * 1024 * 1024) /* a limit: documents, parsed */
#define RANDOM_ID  32
#define MACHINE_ID "/etc/machine-id"

void
client_notice(struct sluice *s, const char *fmt, ...)
{
	char text[500];
	va_list ap;

	if (s->notice == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->notice(s->ctx, text);
}

void
client_hint(struct sluice *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(s->hint, sizeof(s->hint), fmt, ap);
	va_end(ap);
}

void
client_hint_root(struct sluice *s)
{
	client_hint(s,
	    "sluice init ROOT --fingerprint HEX trusts the root document that"
	    " came with the product");
}

int
client_save(struct sluice *s, struct err *e)
{
	return state_save(s->state, s->state_dir, e);
}

const struct state_release *
client_here(const struct sluice *s)
{
	return state_here(s->state);
}

int64_t
client_floor(const struct sluice *s)
{
	return state_floor(s->state, s->channel, s->config.floor_seq);
}

/*
 * The first line of a file, if it looks like a machine ID; else *id stays as it
 * is.  -1 where nobody can tell: a new identity is for ever.
 */
static int
machine_file(struct sluice *s, const char **id, struct err *e)
{
	struct bytes text;
	char *line;

	if (file_read(s->run, MACHINE_ID, 256, &text, e) < 0)
		return e->kind == ERR_SYS ? -1 : 0;
	if ((line = arena_text(s->run, (const char *)text.at, e)) == NULL)
		return -1;
	line[strcspn(line, " \t\r\n")] = 0;
	if (strlen(line) >= 32) /* else "uninitialized" */
		*id = line;
	return 0;
}

/* The server never sees the machine ID, only its hash with the product. */
static int
identify(struct sluice *s, struct err *e)
{
	const char *id = s->config.machine_id;
	uint8_t random[RANDOM_ID];

	if (id == NULL && s->state->machine_id[0] != 0)
		id = s->state->machine_id;
	if (id == NULL && machine_file(s, &id, e) < 0)
		return -1;
	if (id == NULL) {
		if (sodium_init() < 0)
			return err_set(e, ERR_SYS, "no random numbers");
		randombytes_buf(random, sizeof(random));
		hex_write(s->state->machine_id, random, sizeof(random));
		if (client_save(s, e) < 0)
			return -1;
		id = s->state->machine_id;
	}
	cohort_client_id(s->client_id, s->config.product, id);
	return 0;
}

/* The channel that the rest of the call is about. */
static int
follow(struct sluice *s, const char *channel, struct err *e)
{
	/* the caller may hand in what lies in the state itself */
	(void)snprintf(s->channel, sizeof(s->channel), "%s", channel);
	s->channel_dir = config_channel_dir(&s->config, s->channel, s->run, e);
	if (s->channel_dir == NULL)
		return -1;
	origin_done(&s->origin);
	origin_init(&s->origin, &s->config, s->channel);
	return 0;
}

int
client_begin(struct sluice *s, bool wait, struct err *e)
{
	bool damaged = false;

	if ((s->run = arena_new(RUN_MEMORY)) == NULL ||
	    (s->state = calloc(1, sizeof(*s->state))) == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if ((s->state_dir = config_product_dir(&s->config, s->run, e)) ==
		NULL ||
	    (s->downloads = file_path(s->run, e, s->state_dir, "download")) ==
		NULL)
		return -1;
	if ((s->lock = state_lock(s->state_dir, wait, e)) < 0) {
		if (e->kind == ERR_SYS)
			client_hint(s, "does this user own %s? (--state)",
			    s->config.state);
		return -1;
	}
	if (state_load(s->state, s->state_dir, &damaged, e) < 0)
		return -1;
	if (damaged)
		client_notice(s, "%s of the state in %s: damaged; %s",
		    s->state->generation > 0 ? "a copy" : "both copies",
		    s->state_dir,
		    s->state->generation > 0 ? "the other one is used"
					     : "starting from what is there");
	if (identify(s, e) < 0)
		return -1;
	return follow(s,
	    s->state->channel[0] != 0 ? s->state->channel : s->config.channel,
	    e);
}

void
client_end(struct sluice *s)
{
	origin_done(&s->origin);
	if (s->lock >= 0)
		(void)close(s->lock);
	s->lock = -1;
	s->bundle_s = 0;
	free(s->state);
	s->state = NULL;
	arena_free(s->run);
	s->run = NULL;
}
