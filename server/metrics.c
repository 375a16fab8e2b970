/*
 * Writing the metrics.  Names and labels are listed in sluiced(8).
 */
#include "server/metrics.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* struct metrics is nothing but counters: one is named by its place. */
#define SUM(field) \
	sum(each, n, &each[0]->field - (const _Atomic uint64_t *)each[0])

static uint64_t
sum(const struct metrics *const *each, int n, ptrdiff_t place)
{
	uint64_t total = 0;

	for (int i = 0; i < n; i++)
		total += atomic_load_explicit(
		    (const _Atomic uint64_t *)each[i] + place,
		    memory_order_relaxed);
	return total;
}

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
polls(struct buf *out, const struct metrics *const *each, int n,
    const struct metrics_common *c, int channel)
{
	for (int k = 0; k < METRICS_KINDS; k++) {
		for (int r = 0; r < METRICS_RULES; r++) {
			uint64_t v = SUM(polls[channel][k][r]);

			if (v > 0)
				buf_printf(out,
				    "sluice_polls_total{channel=\"%s\","
				    "rung=\"%s\",rule=\"%s\"} %llu\n",
				    c->channels[channel],
				    rung_kind_name((enum rung_kind)k),
				    rule_name((enum rule)r),
				    (unsigned long long)v);
		}
	}
}

/* What is not there, or unknown, has no line: an alert on a low number must
 * not meet one that means nothing. */
static void
expires_one(struct buf *out, const struct metrics_common *c, const char *what,
    size_t place, int64_t now_s)
{
	char name[64], help[64];

	(void)snprintf(name, sizeof(name), "sluice_%s_expires_seconds", what);
	(void)snprintf(
	    help, sizeof(help), "Until the %s of the channel expires.", what);
	head(out, name, "gauge", help);
	for (int i = 0; i < c->nchannels; i++) {
		int64_t at_s;

		memcpy(
		    &at_s, (const char *)&c->validity[i] + place, sizeof(at_s));
		if (at_s != 0)
			buf_printf(out, "%s{channel=\"%s\"} %lld\n", name,
			    c->channels[i], (long long)(at_s - now_s));
	}
}

static void
expires(struct buf *out, const struct metrics_common *c, int64_t now_s)
{
	expires_one(out, c, "root", offsetof(struct validity, root_s), now_s);
	expires_one(out, c, "publication",
	    offsetof(struct validity, publication_s), now_s);
	expires_one(
	    out, c, "timestamp", offsetof(struct validity, timestamp_s), now_s);
}

static void
channels(struct buf *out, const struct metrics *const *each, int n,
    const struct metrics_common *c, int64_t now_s)
{
	head(out, "sluice_polls_total", "counter",
	    "Polls by channel, rung and the rule that decided.");
	for (int i = 0; i < c->nchannels; i++)
		polls(out, each, n, c, i);
	head(out, "sluice_polls_behind_total", "counter",
	    "Polls of clients that have seen more than this server has.");
	for (int i = 0; i < c->nchannels; i++)
		buf_printf(out,
		    "sluice_polls_behind_total{channel=\"%s\"} %llu\n",
		    c->channels[i], (unsigned long long)SUM(behind[i]));
	expires(out, c, now_s);
}

static void
number(struct buf *out, const char *name, const char *type, const char *help,
    int64_t v)
{
	head(out, name, type, help);
	buf_printf(out, "%s %lld\n", name, (long long)v);
}

void
metrics_write(struct buf *out, const struct metrics *const *each, int n,
    const struct metrics_common *common, int64_t now_s)
{
	channels(out, each, n, common, now_s);
	head(out, "sluice_responses_total", "counter", "Answers by status.");
	for (int i = 0; i < METRICS_STATUSES; i++) {
		uint64_t v = SUM(responses[i]);

		if (v > 0)
			buf_printf(out,
			    "sluice_responses_total{status=\"%d\"} %llu\n", i,
			    (unsigned long long)v);
	}
	number(out, "sluice_response_bytes_total", "counter",
	    "Bytes of answers' bodies.", (int64_t)SUM(bytes));
	number(out, "sluice_reports_total", "counter",
	    "Health reports acknowledged.", (int64_t)SUM(reports));
	number(out, "sluice_reports_limited_total", "counter",
	    "Health reports put off by a limit.",
	    (int64_t)SUM(reports_limited));
	number(out, "sluice_invalid_ids_total", "counter",
	    "Client IDs that are none.", (int64_t)SUM(invalid_ids));
	number(out, "sluice_connections", "gauge", "Open connections.",
	    (int64_t)SUM(connections));
	number(out, "sluice_store_asks", "gauge",
	    "Requests that wait for the store.", (int64_t)SUM(asks));
	number(out, "sluice_table_generation", "gauge",
	    "Generation of the choice table.", common->generation);
	if (common->table_s != 0)
		number(out, "sluice_table_age_seconds", "gauge",
		    "Since the choice table came.", now_s - common->table_s);
	number(out, "sluice_landlock_abi", "gauge",
	    "Landlock in force; 0: none.", common->sandbox.landlock);
	number(out, "sluice_seccomp", "gauge", "seccomp in force.",
	    common->sandbox.seccomp);
}
