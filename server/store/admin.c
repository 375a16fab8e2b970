/*
 * The operator's socket.
 */
#include "server/store/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "manifest/base/clock.h"
#include "manifest/base/json.h"
#include "manifest/base/log.h"
#include "server/store.h"
#include "server/store/operate.h"

#define LINE_MAX_BYTES (1024 * 1024) /* reports of sites */
#define ANSWER_MAX     (32 << 20)
#define DEADLINE_MS    10000
#define GROUPS_OF_PEER 256

/* --- the socket --- */

int
store_group(const char *name, gid_t *out, struct err *e)
{
	const struct group *g;

	*out = (gid_t)-1;
	if (name == NULL)
		return 0;
	if ((g = getgrnam(name)) == NULL)
		return err_set(e, ERR_USAGE,
		    "admin_group = %s: there is no such group", name);
	*out = g->gr_gid;
	return 0;
}

int
store_listen(
    const struct server_config *conf, int *fd, gid_t *gid, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const char *path = conf->admin_socket;
	mode_t old;
	int result;

	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, ERR_USAGE, "%s: the path is too long", path);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (store_group(conf->admin_group, gid, e) < 0)
		return -1;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return err_sys(e, "socket");
	/* a server that was killed left it; the state's lock is ours */
	(void)unlink(path);
	old = umask(0077);
	result = bind(*fd, (struct sockaddr *)&at, sizeof(at));
	(void)umask(old);
	if (result < 0 || listen(*fd, 32) < 0)
		return err_sys(e, "%s", path);
	if (*gid != (gid_t)-1 &&
	    (chown(path, (uid_t)-1, *gid) < 0 || chmod(path, 0660) < 0))
		return err_sys(e, "%s", path);
	return 0;
}

void
admin_close(struct store *s)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];

		if (c->fd < 0)
			continue;
		(void)close(c->fd);
		c->fd = -1;
		buf_done(&c->in);
		buf_done(&c->out);
	}
	/* the supervisor removes it in the end */
	if (s->admin_fd >= 0)
		(void)close(s->admin_fd);
	s->admin_fd = -1;
}

/* --- who is it --- */

static bool
in_group(int fd, gid_t gid, gid_t own)
{
	gid_t list[GROUPS_OF_PEER];
	socklen_t len = sizeof(list);

	if (gid == (gid_t)-1)
		return false;
	if (own == gid)
		return true;
	/* the peer's own list when it connected: no look-up by name */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(*list); i++)
		if (list[i] == gid)
			return true;
	return false;
}

static int
identify(const struct store *s, struct client *c)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -1;
	c->uid = peer.uid;
	c->pid = peer.pid;
	c->member = peer.uid != 0 && peer.uid != geteuid();
	if (c->member && !in_group(c->fd, s->admin_gid, peer.gid)) {
		log_warn("admin_refused", F("uid", (int64_t)peer.uid),
		    F("pid", (int64_t)peer.pid));
		return -1;
	}
	return 0;
}

static void
drop(struct client *c)
{
	(void)close(c->fd);
	buf_done(&c->in);
	buf_done(&c->out);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

void
admin_accept(struct store *s)
{
	struct client *c = s->clients;
	int fd = accept4(s->admin_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	while (c < s->clients + CLIENTS_MAX && c->fd >= 0)
		c++;
	if (c == s->clients + CLIENTS_MAX) {
		(void)close(fd);
		return;
	}
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	c->deadline_ms = clock_mono_ms() + DEADLINE_MS;
	buf_init(&c->in, LINE_MAX_BYTES);
	buf_init(&c->out, ANSWER_MAX);
	if (identify(s, c) < 0)
		drop(c);
}

/* --- one request --- */

static void
put_answer(struct client *c, const json_t *answer)
{
	struct err e;

	if (json_write(answer, &c->out, &e) < 0) {
		buf_reset(&c->out);
		buf_text(&c->out,
		    "{\"error\":\"the answer is too long\",\"kind\":\"limit\","
		    "\"ok\":false}");
	}
	buf_byte(&c->out, '\n');
}

static void
put_error(struct client *c, const struct err *e)
{
	AUTO_JSON v = json_pack(
	    "{sb ss ss}", "ok", 0, "kind", err_name(e->kind), "error", e->msg);

	buf_reset(&c->out);
	if (v != NULL)
		put_answer(c, v);
	c->generation = 0;
}

static void
serve(struct store *s, struct client *c, size_t len)
{
	struct bytes line = { c->in.at, len };
	struct asker who = { .member = c->member };
	AUTO_JSON ask = NULL;
	AUTO_JSON answer = NULL;
	struct err e = { .kind = ERR_NONE };

	(void)snprintf(who.name, sizeof(who.name), "uid %lu pid %ld",
	    (unsigned long)c->uid, (long)c->pid);
	ask = json_read(line, LINE_MAX_BYTES, &e);
	if (ask != NULL)
		answer = operate(s, &who, ask, &c->generation, &e);
	if (answer == NULL)
		put_error(c, &e);
	else
		put_answer(c, answer);
	/* what the answer waits for has its own time */
	c->deadline_ms = clock_mono_ms() + DEADLINE_MS;
}

static void
read_some(struct store *s, struct client *c)
{
	char room[4096];
	ssize_t n = read(c->fd, room, sizeof(room));
	const uint8_t *end;
	struct err e;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	buf_add(&c->in, room, (size_t)n);
	if (buf_ok(&c->in, &e) < 0) {
		put_error(c, &e);
		return;
	}
	if ((end = memchr(c->in.at, '\n', c->in.len)) != NULL)
		serve(s, c, (size_t)(end - c->in.at));
}

static void
write_some(struct client *c)
{
	ssize_t n = write(c->fd, c->out.at + c->sent, c->out.len - c->sent);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->sent += (size_t)n;
	if (n <= 0 || c->sent == c->out.len)
		drop(c);
}

void
admin_io(struct store *s, struct client *c)
{
	if (c->out.len == 0)
		read_some(s, c);
	if (c->fd >= 0 && c->out.len > 0 && c->generation <= s->tabled)
		write_some(c);
}

void
admin_tabled(struct store *s)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];

		if (c->fd >= 0 && c->out.len > 0 && c->generation > 0 &&
		    c->generation <= s->tabled)
			admin_io(s, c);
	}
}

void
admin_expire(struct store *s)
{
	int64_t now = clock_mono_ms();
	struct err e;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &s->clients[i];

		if (c->fd < 0 || now < c->deadline_ms)
			continue;
		if (c->generation <= s->tabled) {
			drop(c);
			continue;
		}
		(void)err_set(&e, ERR_SYS,
		    "recorded, but not in effect yet: %s",
		    s->sign_error.msg[0] != '\0' ? s->sign_error.msg
						 : "front has not taken it");
		put_error(c, &e);
		c->deadline_ms = now + DEADLINE_MS;
		admin_io(s, c);
	}
}
