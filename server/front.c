/*
 * The main thread of front: the line to store.  Tables and answers come in
 * here and go to the workers' inboxes.
 */
#include "server/front.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/ipc.h"
#include "server/worker.h"

#define RETRY_MS 200 /* while store is too busy to listen */

struct front {
	const struct server_config *conf;
	struct worker_team team;
	int signal_fd, blobs_fd;
	struct worker_table *newest; /* counted for us too */
	int64_t told;		     /* generation that store knows of */
	bool greeted;
};

int
front_workers(const struct server_config *conf)
{
	long n = conf->workers;

	if (n == 0)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (int)n;
}

/* --- tables --------------------------------------------------------------- */

static struct table *
read_table(int fd, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, TABLE_MAX);
	if (fd < 0) {
		(void)err_set(e, ERR_INPUT, "a table without its text");
		return NULL;
	}
	if (ipc_memfd_read(fd, TABLE_MAX, &text, e) < 0)
		return NULL;
	return table_read(buf_bytes(&text), e);
}

static void
take_table(struct front *f, int fd)
{
	struct table *t;
	struct worker_table *w = NULL;
	struct err e;

	if ((t = read_table(fd, &e)) != NULL)
		w = worker_table_new(t,
		    f->newest != NULL ? &f->newest->common : NULL,
		    clock_now_s(), &e);
	if (w == NULL) {
		log_error("table_refused", F("error", (const char *)e.msg));
		return;
	}
	w->common.sandbox = f->team.sandbox;
	atomic_store(&w->users, f->team.n + 1);
	worker_table_drop(f->newest);
	f->newest = w;
	for (int i = 0; i < f->team.n; i++)
		if (worker_tell(f->team.workers[i], w, NULL, -1, &e) < 0) {
			/* it keeps the one that it has */
			worker_table_drop(w);
			log_error(
			    "table_refused", F("error", (const char *)e.msg));
		}
}

/* Tell store what has happened; again later if it does not listen. */
static void
tell_store(struct front *f)
{
	struct worker_table *t = f->newest;
	struct err e;

	if (!f->greeted) {
		AUTO_JSON m = json_pack("{s:s}", "do", "hello");

		f->greeted =
		    m != NULL && ipc_send(f->team.store_fd, m, -1, &e) == 0;
	}
	if (t != NULL && t->common.generation != f->told &&
	    atomic_load(&t->adopted) == f->team.n) {
		AUTO_JSON m = json_pack("{s:s, s:I}", "do", "tabled",
		    "generation", (json_int_t)t->common.generation);

		if (m == NULL || ipc_send(f->team.store_fd, m, -1, &e) < 0)
			return;
		f->told = t->common.generation;
		log_info("table", F("generation", t->common.generation),
		    F("channels", (int64_t)t->table->nchannels));
	}
}

static bool
all_told(const struct front *f)
{
	return f->greeted &&
	    (f->newest == NULL || f->newest->common.generation == f->told ||
		atomic_load(&f->newest->adopted) < f->team.n);
}

/* --- messages ------------------------------------------------------------- */

static void
take_answer(struct front *f, json_t *m, int fd)
{
	int64_t id = json_integer_value(json_object_get(m, "id"));
	int i = relay_worker(id);
	struct err e;

	if (i >= f->team.n) {
		json_decref(m);
		if (fd >= 0)
			(void)close(fd);
	} else if (worker_tell(f->team.workers[i], NULL, m, fd, &e) < 0) {
		log_error("answer_lost", F("error", (const char *)e.msg));
	}
}

/* Store is a new process: what the one before had read is not answered. */
static void
tell_started(struct front *f)
{
	struct err e;

	for (int i = 0; i < f->team.n; i++)
		if (worker_tell(f->team.workers[i], NULL,
			json_pack("{s:s}", "do", "started"), -1, &e) < 0)
			log_error(
			    "answer_lost", F("error", (const char *)e.msg));
}

/* Everything that store has sent; false when it is gone. */
static bool
read_store(struct front *f)
{
	for (;;) {
		json_t *m;
		const char *what;
		struct err e;
		int fd, n = ipc_receive(f->team.store_fd, &m, &fd, &e);

		if (n == 0)
			return false;
		if (n < 0 && e.kind == ERR_LIMIT)
			return true;
		if (n < 0) {
			log_error(
			    "message_refused", F("error", (const char *)e.msg));
			return e.kind != ERR_SYS;
		}
		what = json_string_value(json_object_get(m, "do"));
		if (what != NULL && strcmp(what, "answer") == 0) {
			take_answer(f, m, fd);
			continue;
		}
		if (what != NULL && strcmp(what, "started") == 0)
			tell_started(f);
		else if (what != NULL && strcmp(what, "table") == 0)
			take_table(f, fd);
		else
			log_error("message_refused", F("do", what));
		json_decref(m);
		if (fd >= 0)
			(void)close(fd);
	}
}

static bool
loop(struct front *f)
{
	struct pollfd p[] = {
		{ .fd = f->signal_fd, .events = POLLIN },
		{ .fd = f->team.store_fd, .events = POLLIN },
		{ .fd = f->team.adopted_fd, .events = POLLIN },
	};
	uint64_t n;

	for (;;) {
		tell_store(f);
		if (poll(p, COUNT(p), all_told(f) ? -1 : RETRY_MS) < 0 &&
		    errno != EINTR)
			return false;
		if ((p[0].revents & POLLIN) != 0)
			return true;
		if ((p[2].revents & POLLIN) != 0)
			(void)!read(f->team.adopted_fd, &n, sizeof(n));
		if ((p[1].revents & (POLLIN | POLLHUP)) != 0 &&
		    !read_store(f)) {
			log_error("store_gone", F("fd", f->team.store_fd));
			return false;
		}
	}
}

/* --- start and end -------------------------------------------------------- */

static int
open_all(struct front *f, struct err *e)
{
	char path[4096];
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	f->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	f->team.adopted_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->signal_fd < 0 || f->team.adopted_fd < 0)
		return err_sys(e, "signalfd and eventfd");
	if (snprintf(path, sizeof(path), "%s/blobs", f->conf->state) >=
	    (int)sizeof(path))
		return err_set(e, ERR_LIMIT, "state: the path is too long");
	f->blobs_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->blobs_fd < 0)
		return err_sys(e, "%s", path);
	if (fcntl(f->team.store_fd, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "store's socket");
	f->team.limits = peer_limits_new(e);
	f->team.failures = peer_limits_new(e);
	return f->team.limits != NULL && f->team.failures != NULL ? 0 : -1;
}

static int
start(struct front *f, int listen_fd, struct err *e)
{
	struct worker_team *t = &f->team;
	int want = front_workers(f->conf);

	if (open_all(f, e) < 0 || sandbox_front(f->conf, &t->sandbox, e) < 0)
		return -1;
	log_info("fenced", F("landlock", t->sandbox.landlock),
	    F("seccomp", t->sandbox.seccomp ? "yes" : "no"));
	/* each needs to know how many there are */
	t->n = want;
	for (int i = 0; i < want; i++) {
		t->workers[i] = worker_new(t, i, listen_fd, f->blobs_fd, e);
		if (t->workers[i] == NULL)
			return -1;
	}
	for (int i = 0; i < want; i++)
		if (worker_start(t->workers[i], e) < 0)
			return -1;
	return 0;
}

/* Workers leave by themselves, within seconds; meanwhile store's answers still
 * come through. */
static void
finish(struct front *f)
{
	struct pollfd p = { .fd = f->team.store_fd, .events = POLLIN };
	int n = f->team.n, left = 0;

	atomic_store(&f->team.stop, true);
	while (left < n) {
		if (pthread_tryjoin_np(f->team.workers[left]->thread, NULL) ==
		    0) {
			left++;
			continue;
		}
		if (poll(&p, 1, 20) > 0 && !read_store(f))
			p.fd = -1;
	}
	for (int i = 0; i < n; i++)
		worker_free(f->team.workers[i]);
	worker_table_drop(f->newest);
	peer_limits_free(f->team.limits);
	peer_limits_free(f->team.failures);
}

int
front_run(int store_fd, int listen_fd, const struct server_config *conf)
{
	struct front *f = calloc(1, sizeof(*f));
	struct err e;
	bool asked;

	if (f == NULL)
		return 2;
	f->conf = conf;
	f->team.conf = conf;
	f->team.store_fd = store_fd;
	if (start(f, listen_fd, &e) < 0) {
		log_error("start_failed", F("error", (const char *)e.msg));
		return 2;
	}
	asked = loop(f);
	finish(f);
	free(f);
	return asked ? 0 : 2;
}
