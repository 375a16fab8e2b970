/*
 * The store process: one thread, one loop.  Each turn takes what has come,
 * writes reports in one transaction, hands front a new table if anything
 * changed, and sleeps.
 */
#include "server/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/ipc.h"
#include "server/store/admin.h"
#include "server/store/audit.h"
#include "server/store/health.h"
#include "server/store/intake.h"
#include "server/store/intake_check.h"
#include "server/store/jobs.h"
#include "server/store/outbox.h"
#include "server/store/prune.h"
#include "server/store/reserve.h"
#include "server/store/rounds.h"
#include "server/store/schema.h"
#include "server/store/switch.h"
#include "server/store/tables.h"
#include "server/store/uploads.h"

#define TURN_MESSAGES 512 /* of front, before others are looked at */
#define TICK_MS	      1000
#define PRUNE_S	      3600
#define FIXED_FDS     5
#define FDS_MAX	      (FIXED_FDS + CLIENTS_MAX + JOBS_MAX)

enum {
	FD_SIGNAL,
	FD_FRONT,
	FD_BRAKE,
	FD_POST,
	FD_ADMIN
};

/* --- messages of front --- */

static void
take_message(struct store *s, const json_t *m, int fd)
{
	static const struct {
		const char *name;
		void (*take)(struct store *s, const json_t *m);
	} takers[] = {
		{ "report", health_report },
		{ "polls", health_polls },
		{ "upload", uploads_open },
		{ "uploaded", uploads_end },
		{ "blob", uploads_blob },
	};
	const char *what = json_string_value(json_object_get(m, "do"));

	if (what == NULL)
		what = "";
	if (strcmp(what, "tabled") == 0) {
		s->tabled =
		    json_integer_value(json_object_get(m, "generation"));
		if (s->tabled > s->generation) /* it has not had that yet */
			s->tabled = 0;
		admin_tabled(s);
		return;
	}
	if (strcmp(what, "hello") == 0) {
		s->table_due = true;
		return;
	}
	if (strcmp(what, "api") == 0) {
		intake_api(s, m, fd);
		return;
	}
	for (size_t i = 0; i < COUNT(takers); i++)
		if (strcmp(takers[i].name, what) == 0) {
			takers[i].take(s, m);
			return;
		}
	log_warn("message_refused", F("do", what));
}

/* Everything that front has sent; 0 when it is gone. */
static int
read_front(struct store *s)
{
	for (int i = 0; i < TURN_MESSAGES; i++) {
		json_t *m;
		struct err e;
		int fd = -1, n = ipc_receive(s->front_fd, &m, &fd, &e);

		if (n == 0)
			return 0;
		if (n < 0 && e.kind == ERR_LIMIT)
			return 1;
		if (n < 0) {
			log_error(
			    "message_refused", F("error", (const char *)e.msg));
			if (e.kind == ERR_SYS)
				return 0;
			continue;
		}
		take_message(s, m, fd);
		json_decref(m);
		if (fd >= 0)
			(void)close(fd);
	}
	return 1;
}

static void
read_post(struct store *s)
{
	AUTO_JSON m = NULL;
	struct err e;
	int fd = -1, n = ipc_receive(s->post_fd, &m, &fd, &e);
	const char *error;

	if (fd >= 0)
		(void)close(fd);
	if (n == 0) {
		s->post_fd = -1;
		return;
	}
	if (n < 0 || json_is_true(json_object_get(m, "ok")))
		return;
	error = json_string_value(json_object_get(m, "error"));
	log_warn("notice_failed", F("error", error == NULL ? "" : error));
}

static void
read_job(struct store *s, pid_t pid)
{
	AUTO_JSON answer = NULL;
	struct job done;
	struct err e = { .kind = ERR_NONE };
	size_t i = 0;

	/* by pid: an earlier one that ended has moved the others */
	while (i < s->njobs && s->jobs[i].pid != pid)
		i++;
	if (i == s->njobs || jobs_read(s, i, &done, &answer, &e) == 0)
		return;
	switch (done.kind) {
	case JOB_CHECK:
		intake_check_done(s, &done, answer, &e);
		break;
	case JOB_BLOB:
		uploads_taken(s, &done, answer, &e);
		break;
	}
}

/* --- time --- */

static void
prune(struct store *s, int64_t now_s)
{
	struct prune p = { now_s, false };
	struct pruned done;
	struct err e;

	s->pruned_s = now_s;
	if (prune_run(s->db, s->conf, &p, &done, &e) < 0)
		log_error("prune_failed", F("error", (const char *)e.msg));
	else if (done.publications + done.files > 0) {
		s->table_due = true;
		log_info("pruned", F("publications", done.publications),
		    F("files", done.files), F("bytes", done.bytes));
	}
}

static void
retry_switches(struct store *s)
{
	AUTO_ARENA a = arena_new(1 << 20);
	const char *const *ids;
	struct err e;
	int n = a == NULL ? -1 : channel_list(s->db, &ids, a, &e);

	for (int i = 0; i < n; i++)
		if (switch_retry(s, ids[i], &e) < 0)
			log_error("switch_failed", F("channel", ids[i]),
			    F("error", (const char *)e.msg));
}

static void
tick(struct store *s)
{
	int64_t now_s = clock_now_s();
	struct err e;

	s->ticked_ms = clock_mono_ms();
	jobs_expire(s);
	admin_expire(s);
	reserve_keep(s);
	retry_switches(s);
	if (rounds_keep(s, now_s, &e) < 0)
		log_error("round_failed", F("error", (const char *)e.msg));
	if (now_s - s->pruned_s >= PRUNE_S)
		prune(s, now_s);
}

/* Front makes choices as of when each channel's views were signed: what time has
 * changed since is signed first. */
static void
send_table(struct store *s)
{
	int64_t now_s = clock_now_s();
	struct err e;

	if (rounds_keep(s, now_s, &e) < 0 || tables_send(s, now_s, &e) < 0)
		log_error("table_failed", F("error", (const char *)e.msg));
}

/* --- the loop --- */

static size_t
watch(struct store *s, int signal_fd, struct pollfd p[static FDS_MAX])
{
	size_t n = FIXED_FDS;

	memset(p, 0, FDS_MAX * sizeof(*p));
	p[FD_SIGNAL] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	p[FD_FRONT] = (struct pollfd){ .fd = s->front_fd,
		.events = s->outbox_n > 0 ? POLLIN | POLLOUT : POLLIN };
	/* only its end: it answers when asked */
	p[FD_BRAKE] = (struct pollfd){ .fd = s->brake_fd };
	p[FD_POST] = (struct pollfd){ .fd = s->post_fd, .events = POLLIN };
	p[FD_ADMIN] = (struct pollfd){ .fd = s->admin_fd, .events = POLLIN };
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		const struct client *c = &s->clients[i];
		bool answer = c->fd >= 0 && c->out.len > 0;
		bool waits = answer && c->generation > s->tabled;

		p[n++] = (struct pollfd){ .fd = waits ? -1 : c->fd,
			.events = answer ? POLLOUT : POLLIN };
	}
	for (size_t i = 0; i < s->njobs; i++)
		p[n++] =
		    (struct pollfd){ .fd = s->jobs[i].fd, .events = POLLIN };
	return n;
}

static void
take_others(
    struct store *s, const struct pollfd *p, size_t n, const pid_t *pids)
{
	if (p[FD_POST].revents != 0)
		read_post(s);
	for (size_t i = FIXED_FDS; i < FIXED_FDS + CLIENTS_MAX; i++)
		if (p[i].revents != 0 &&
		    s->clients[i - FIXED_FDS].fd == p[i].fd)
			admin_io(s, &s->clients[i - FIXED_FDS]);
	if (p[FD_ADMIN].revents != 0)
		admin_accept(s);
	for (size_t i = FIXED_FDS + CLIENTS_MAX; i < n; i++)
		if (p[i].revents != 0)
			read_job(s, pids[i - FIXED_FDS - CLIENTS_MAX]);
}

/* One turn; 1 to go on, 0 to end in order, -1 when a process is gone. */
static int
turn(struct store *s, int signal_fd)
{
	struct pollfd p[FDS_MAX];
	pid_t pids[JOBS_MAX];
	size_t n = watch(s, signal_fd, p);
	int64_t left = s->ticked_ms + TICK_MS - clock_mono_ms();
	struct err e;

	for (size_t i = 0; i < s->njobs; i++)
		pids[i] = s->jobs[i].pid;
	if (poll(p, n, left < 0 ? 0 : (int)left) < 0 && errno != EINTR)
		return -1;
	if (p[FD_SIGNAL].revents != 0)
		return 0;
	if ((p[FD_BRAKE].revents & (POLLHUP | POLLERR)) != 0) {
		log_error("brake_gone", F("process", "store"));
		return -1;
	}
	if ((p[FD_FRONT].revents & (POLLIN | POLLHUP)) != 0 &&
	    read_front(s) == 0) {
		log_error("front_gone", F("process", "store"));
		return -1;
	}
	health_commit(s);
	take_others(s, p, n, pids);
	if (clock_mono_ms() - s->ticked_ms >= TICK_MS)
		tick(s);
	if (s->table_due)
		send_table(s);
	if (outbox_flush(s, &e) < 0) {
		log_error("front_gone", F("error", (const char *)e.msg));
		return -1;
	}
	return 1;
}

/* A log that somebody has altered is no reason to serve nobody. */
static void
check_audit(struct store *s)
{
	char last[SHA256_HEX_SIZE];
	struct err e;
	int64_t n = audit_verify(s->db, last, &e);

	if (n < 0)
		log_error("audit_broken", F("error", (const char *)e.msg));
	else
		log_info("audit", F("rows", n), F("last", (const char *)last));
}

static int
start(struct store *s, struct err *e)
{
	/* above what front may have from the store before this one */
	s->generation = clock_now_s() * 1000;
	if ((s->reports = health_new()) == NULL)
		return err_set(e, ERR_SYS, "no memory");
	if (fcntl(s->front_fd, F_SETFL, O_NONBLOCK) < 0 ||
	    (s->post_fd >= 0 && fcntl(s->post_fd, F_SETFL, O_NONBLOCK) < 0))
		return err_sys(e, "fcntl");
	if (schema_open(&s->db, s->conf->state, DB_MUST_EXIST, e) < 0)
		return -1;
	reserve_keep(s);
	check_audit(s);
	if (switch_resume(s, e) < 0 || intake_check_resume(s, e) < 0)
		return -1;
	s->table_due = true;
	return outbox_send(s, json_pack("{ss}", "do", "started"), -1, e);
}

static void
stop(struct store *s)
{
	jobs_stop(s);
	admin_close(s);
	outbox_done(s);
	db_close(s->db);
	health_free(s->reports);
	free(s);
}

static int
signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
store_run(const struct store_lines *lines, const struct server_config *conf)
{
	struct store *s = calloc(1, sizeof(*s));
	int signal_fd = signals(), n = -1;
	struct err e;

	if (s == NULL || signal_fd < 0)
		return 2;
	s->conf = conf;
	s->front_fd = lines->front_fd;
	s->brake_fd = lines->brake_fd;
	s->post_fd = lines->post_fd;
	s->admin_fd = lines->admin_fd;
	s->admin_gid = lines->admin_gid;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		s->clients[i].fd = -1;
	if (start(s, &e) < 0)
		log_error("start_failed", F("error", (const char *)e.msg));
	else
		while ((n = turn(s, signal_fd)) > 0)
			continue;
	stop(s);
	(void)close(signal_fd);
	return n == 0 ? 0 : 2;
}
