/*
 * Messages between the processes of the server.  A message that is too long
 * for a packet is spilled: the packet says {"spill":length} and carries the
 * text as a sealed memfd.  The receiver trusts neither: it checks the seals
 * before it reads, so that a peer can neither change the text under it nor
 * make it wait on a pipe.
 */
#include "server/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static const char *const names[] = {
	[PROC_SUPERVISOR] = "supervisor",
	[PROC_FRONT] = "front",
	[PROC_STORE] = "store",
	[PROC_POST] = "post",
	[PROC_BRAKE] = "brake",
};

const char *
process_name(enum process p)
{
	return (size_t)p < COUNT(names) ? names[p] : "unknown";
}

int
ipc_pair(int fds[static 2], struct err *e)
{
	/* unix(7): a packet must fit the send buffer; the kernel halves what
	 * may be charged, and the answer to a request should never wait */
	const int room = 4 * IPC_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(e, "socketpair");
	for (int i = 0; i < 2; i++) {
		(void)setsockopt(
		    fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		(void)setsockopt(
		    fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	}
	return 0;
}

static int
send_packet(int fd, const void *at, size_t len, int send_fd, struct err *e)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec v = { .iov_base = (void *)(uintptr_t)at, .iov_len = len };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n;

	if (send_fd >= 0) {
		struct cmsghdr *c;

		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &send_fd, sizeof(int));
	}
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return err_set(e, ERR_LIMIT, "the other process is busy");
	if (n < 0)
		return err_sys(e, "send to the other process");
	return 0;
}

static int
send_spilled(int fd, const char *text, size_t len, struct err *e)
{
	struct bytes b = { (const uint8_t *)text, len };
	char packet[48];
	AUTO_FD mem = ipc_memfd(b, e);
	int n;

	if (mem < 0)
		return -1;
	n = snprintf(packet, sizeof(packet), "{\"spill\":%zu}", len);
	return send_packet(fd, packet, (size_t)n, mem, e);
}

int
ipc_send(int fd, const json_t *v, int send_fd, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, IPC_SPILL_MAX);
	if (v == NULL)
		return err_set(e, ERR_SYS, "no memory for a message");
	if (json_write(v, &text, e) < 0)
		return err_in(e, "a message");
	if (text.len <= IPC_MAX)
		return send_packet(fd, text.at, text.len, send_fd, e);
	if (send_fd >= 0)
		return err_set(e, ERR_LIMIT,
		    "a message of %zu bytes is too long", text.len);
	return send_spilled(fd, buf_str(&text), text.len, e);
}

/* Length of the next packet; 0 when the peer is gone; -1. */
static ssize_t
next_len(int fd, struct err *e)
{
	ssize_t n;

	do
		n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ECONNRESET)
		return 0;
	if (n < 0 && errno == EAGAIN)
		return err_set(e, ERR_LIMIT, "no message yet");
	if (n < 0)
		return err_sys(e, "receive from the other process");
	return n;
}

/* Take every descriptor that came along; keep the first, close others. */
static int
take_fd(struct msghdr *m)
{
	int kept = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	     c = CMSG_NXTHDR(m, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (kept < 0)
				kept = fd;
			else
				(void)close(fd);
		}
	}
	return kept;
}

static int
receive_packet(int fd, char *at, size_t len, int *got_fd, struct err *e)
{
	union {
		char room[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec v = { .iov_base = at, .iov_len = len };
	struct msghdr m = {
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t n;

	do
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "receive from the other process");
	*got_fd = take_fd(&m);
	if ((size_t)n != len || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		return err_set(e, ERR_INPUT, "a message was cut");
	return 0;
}

int
ipc_memfd_read(int fd, size_t max, struct buf *out, struct err *e)
{
	struct stat st;
	char part[16384];
	off_t at = 0;

	if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS || fstat(fd, &st) < 0)
		return err_set(e, ERR_INPUT, "not a sealed memfd");
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return err_set(e, ERR_LIMIT, "a sealed memfd is too long");
	while (at < st.st_size) {
		ssize_t n = pread(fd, part, sizeof(part), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, "read a sealed memfd");
		buf_add(out, part, (size_t)n);
		at += n;
	}
	return buf_ok(out, e);
}

/* The text of a spilled message replaces the packet that announced it. */
static json_t *
unspill(json_t *packet, int *got_fd, struct err *e)
{
	json_t *v = NULL;
	AUTO_BUF text;

	buf_init(&text, IPC_SPILL_MAX);
	if (*got_fd < 0)
		(void)err_set(e, ERR_INPUT, "a spilled message without text");
	else if (ipc_memfd_read(*got_fd, IPC_SPILL_MAX, &text, e) == 0)
		v = json_read(buf_bytes(&text), IPC_SPILL_MAX, e);
	if (*got_fd >= 0)
		(void)close(*got_fd);
	*got_fd = -1;
	json_decref(packet);
	return v;
}

int
ipc_receive(int fd, json_t **v, int *got_fd, struct err *e)
{
	AUTO_FREE char *text = NULL;
	ssize_t len;

	*v = NULL;
	*got_fd = -1;
	if ((len = next_len(fd, e)) <= 0)
		return (int)len;
	if (len > IPC_MAX) {
		/* an empty read drops the packet */
		(void)!recv(fd, NULL, 0, 0);
		return err_set(e, ERR_INPUT, "a message is too long");
	}
	if ((text = malloc((size_t)len)) == NULL)
		return err_set(e, ERR_SYS, "no memory for a message");
	if (receive_packet(fd, text, (size_t)len, got_fd, e) == 0)
		*v = json_read(
		    (struct bytes){ (const uint8_t *)text, (size_t)len },
		    IPC_MAX, e);
	if (*v != NULL && json_object_get(*v, "spill") != NULL)
		*v = unspill(*v, got_fd, e);
	if (*v != NULL && json_is_object(*v))
		return 1;
	if (*v != NULL)
		(void)err_set(e, ERR_INPUT, "a message is not an object");
	json_decref(*v);
	*v = NULL;
	if (*got_fd >= 0)
		(void)close(*got_fd);
	*got_fd = -1;
	return -1;
}

json_t *
ipc_ask(int fd, const json_t *v, struct err *e)
{
	AUTO_JSON answer = NULL;
	AUTO_FD extra = -1;
	const char *error, *kind;
	json_t *taken;
	int n;

	if (ipc_send(fd, v, -1, e) < 0)
		return NULL;
	if ((n = ipc_receive(fd, &answer, &extra, e)) < 0)
		return NULL;
	if (n == 0) {
		(void)err_set(e, ERR_SYS, "the other process is gone");
		return NULL;
	}
	error = json_string_value(json_object_get(answer, "error"));
	if (error != NULL) {
		kind = json_string_value(json_object_get(answer, "kind"));
		(void)err_set(
		    e, err_kind_named(kind != NULL ? kind : ""), "%s", error);
		return NULL;
	}
	taken = answer;
	answer = NULL;
	return taken;
}

int
ipc_memfd(struct bytes b, struct err *e)
{
	int fd = memfd_create("sluice", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_sys(e, "memfd_create");
	if (file_write_all(fd, b.at, b.len, "memfd", e) < 0 ||
	    (fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0 &&
		err_sys(e, "seal a memfd"))) {
		(void)close(fd);
		return -1;
	}
	(void)lseek(fd, 0, SEEK_SET);
	return fd;
}
