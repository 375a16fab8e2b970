/*
 * Asking a server through its admin socket: one line each way.
 */
#include "server/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "manifest/base/buf.h"
#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "manifest/base/verb.h"

#define ANSWER_MAX (32 << 20)
#define WAIT_S	   60 /* the server answers within 10 s, whatever happens */

static int
open_socket(const char *path, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = WAIT_S };
	int fd;

	if (strlen(path) >= sizeof(at.sun_path))
		return err_set(e, ERR_USAGE, "%s: the path is too long", path);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	(void)err_sys(e, "%s", path);
	if (errno == ENOENT || errno == ECONNREFUSED)
		verb_hint("is the server running? --socket or --state says "
			  "where");
	else if (errno == EACCES)
		verb_hint("root, the server's user and its admin_group may");
	(void)close(fd);
	return -1;
}

static int
read_line(int fd, struct buf *out, struct err *e)
{
	char room[65536];
	ssize_t n;

	while (out->len == 0 || out->at[out->len - 1] != '\n') {
		n = read(fd, room, sizeof(room));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "answer of the server");
		if (n == 0)
			return err_set(e, ERR_SYS,
			    out->len == 0
				? "the server closed without an answer"
				: "the answer of the server is cut");
		buf_add(out, room, (size_t)n);
		if (buf_ok(out, e) < 0)
			return -1;
	}
	return 0;
}

static int
send_line(int fd, const json_t *ask, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, ANSWER_MAX);
	if (ask == NULL)
		return err_set(e, ERR_INPUT, "an argument is not UTF-8");
	if (json_write(ask, &text, e) < 0)
		return -1;
	buf_byte(&text, '\n');
	return buf_ok(&text, e) < 0
	    ? -1
	    : file_write_all(fd, text.at, text.len, "admin socket", e);
}

json_t *
ctl_ask(const char *socket_path, const json_t *ask, struct err *e)
{
	AUTO_FD fd = open_socket(socket_path, e);
	AUTO_BUF line;
	AUTO_JSON answer = NULL;
	const char *kind, *error;

	buf_init(&line, ANSWER_MAX);
	if (fd < 0 || send_line(fd, ask, e) < 0)
		return NULL;
	if (read_line(fd, &line, e) < 0 ||
	    (answer = json_read(buf_bytes(&line), ANSWER_MAX, e)) == NULL)
		return NULL;
	if (json_is_true(json_object_get(answer, "ok")))
		return json_incref(answer);
	kind = json_string_value(json_object_get(answer, "kind"));
	error = json_string_value(json_object_get(answer, "error"));
	(void)err_set(e, err_kind_named(kind == NULL ? "" : kind), "%s",
	    error == NULL ? "the server gave no reason" : error);
	return NULL;
}
