/*
 * What front passes on to store: reports, the publish API, uploads; tables and
 * counts.
 */
#include "server/front.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/json.h"
#include "server/ipc.h"
#include "tests/edge.h"
#include "tests/tap.h"

static struct err e;

/* --- what store answers --------------------------------------------------- */

static int
post_report(const char *body)
{
	char request[9000];
	int fd = edge_dial();

	(void)snprintf(request, sizeof(request),
	    "POST /v1/health HTTP/1.1\r\n" EDGE_HOST
	    "Content-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
	edge_say(fd, request, strlen(request));
	return fd;
}

static void
a_report_is_acknowledged_when_store_has_it(void)
{
	AUTO_FD fd = post_report("{\"event\":\"ok\"}");
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int got;
	AUTO_JSON m = edge_expect("report", &got);

	CHECK_TEXT(edge_text(json_object_get(m, "body"), "event"), "ok");
	CHECK_INT(poll(&p, 1, 100), 0);
	edge_answer(m, 202, NULL, -1);
	CHECK_INT(edge_status(edge_hear(fd, false)), 202);
}

static void
bad_reports_never_reach_store(void)
{
	char *body = calloc(1, 6001);
	AUTO_FD a = post_report("{\"event\":");
	AUTO_FD b = post_report("[1]");
	AUTO_FD c = -1;

	CHECK_INT(edge_status(edge_hear(a, false)), 400);
	CHECK_INT(edge_status(edge_hear(b, false)), 400);
	memset(body, ' ', 6000);
	c = post_report(body);
	CHECK_INT(edge_status(edge_hear(c, false)), 413);
	free(body);
}

static void
a_client_that_leaves_harms_nobody(void)
{
	int fd = post_report("{\"event\":\"gone\"}"), got;
	AUTO_JSON m = edge_expect("report", &got);

	(void)close(fd);
	edge_answer(m, 202, NULL, -1);
	edge_answer(m, 202, NULL, -1); /* and nobody asked for this one */
	CHECK_INT(edge_status(edge_get("/healthz", "")), 200);
}

static void
the_publish_api_is_passed_on(void)
{
	AUTO_FD fd = edge_dial();
	const char request[] =
	    "POST /v1/publications/editor/stable/ab/commit?x=1 HTTP/1.1\r\n" EDGE_HOST
	    "Authorization: Bearer slc_1_secret\r\nContent-Length: "
	    "2\r\n\r\n{}";
	const char *got;
	int none;
	AUTO_JSON m = NULL;

	edge_say(fd, request, sizeof(request) - 1);
	m = edge_expect("api", &none);
	CHECK_TEXT(edge_text(m, "method"), "POST");
	CHECK_TEXT(
	    edge_text(m, "path"), "/v1/publications/editor/stable/ab/commit");
	CHECK_TEXT(edge_text(m, "token"), "slc_1_secret");
	CHECK_TEXT(edge_text(m, "body"), "{}");
	CHECK_TEXT(edge_text(json_object_get(m, "query"), "x"), "1");
	edge_answer(m, 409,
	    json_pack("{s:s, s:s}", "error", "moved on", "kind", "conflict"),
	    -1);
	got = edge_hear(fd, false);
	CHECK_INT(edge_status(got), 409);
	CHECK(edge_has(got, "\"kind\":\"conflict\""));
}

static void
a_long_body_comes_as_a_memfd(void)
{
	const int len = 100000;
	char *body = malloc((size_t)len + 1);
	char head[256];
	AUTO_FD fd = edge_dial();
	AUTO_BUF text;
	AUTO_JSON m = NULL;
	int got = -1;

	memset(body, '[', (size_t)len);
	body[len] = 0;
	buf_init(&text, (size_t)len);
	(void)snprintf(head, sizeof(head),
	    "POST /v1/publications/editor/stable HTTP/1.1\r\n" EDGE_HOST
	    "Content-Length: %d\r\n\r\n",
	    len);
	edge_say(fd, head, strlen(head));
	edge_say(fd, body, (size_t)len);
	m = edge_expect("api", &got);
	CHECK(json_is_true(json_object_get(m, "in_fd")));
	CHECK(json_is_null(json_object_get(m, "token")));
	CHECK_INT(ipc_memfd_read(got, (size_t)len, &text, &e), 0);
	CHECK_TEXT(buf_str(&text), body);
	(void)close(got);
	edge_answer(m, 401, NULL, -1);
	CHECK_INT(edge_status(edge_hear(fd, false)), 401);
	free(body);
}

static void
an_upload_goes_to_the_descriptor_of_store(void)
{
	char path[300], head[400];
	AUTO_FD fd = edge_dial();
	AUTO_FD file = -1;
	AUTO_JSON m = NULL;
	AUTO_JSON end = NULL;
	int none;

	(void)snprintf(path, sizeof(path), "%s/upload", tap_tmpdir());
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(write(file, edge_big, 1000), 1000);
	(void)snprintf(head, sizeof(head),
	    "PUT /v1/blobs/%s?offset=1000&size=%d HTTP/1.1\r\n" EDGE_HOST
	    "Authorization: Bearer slc_1_s\r\nContent-Length: %d\r\n\r\n",
	    edge_big_sha, EDGE_BIG, EDGE_BIG - 1000);
	edge_say(fd, head, strlen(head));
	edge_say(fd, edge_big + 1000, EDGE_BIG - 1000);
	m = edge_expect("upload", &none);
	CHECK_TEXT(edge_text(m, "sha256"), edge_big_sha);
	CHECK_INT(json_integer_value(json_object_get(m, "offset")), 1000);
	edge_answer(m, 200, NULL, file);
	end = edge_expect("uploaded", &none);
	CHECK_INT(json_integer_value(json_object_get(end, "size")), EDGE_BIG);
	CHECK_INT(lseek(file, 0, SEEK_END), EDGE_BIG);
	edge_answer(end, 204, NULL, -1);
	CHECK_INT(edge_status(edge_hear(fd, true)), 204);
}

static void
a_refused_upload_hears_why(void)
{
	char head[400];
	AUTO_FD fd = edge_dial();
	AUTO_JSON m = NULL;
	const char *got;
	int none;

	(void)snprintf(head, sizeof(head),
	    "PUT /v1/blobs/%s?offset=0&size=%d HTTP/1.1\r\n" EDGE_HOST
	    "Content-Length: %d\r\n\r\n",
	    edge_big_sha, EDGE_BIG, EDGE_BIG);
	edge_say(fd, head, strlen(head));
	edge_say(fd, edge_big, EDGE_BIG);
	m = edge_expect("upload", &none);
	edge_answer(m, 409, json_pack("{s:i}", "offset", 77), -1);
	got = edge_hear(fd, false);
	CHECK_INT(edge_status(got), 409);
	CHECK(edge_has(got, "{\"offset\":77}"));
	CHECK_INT(edge_status(
		      edge_ask("PUT /v1/blobs/xyz?size=1 HTTP/1.1\r\n" EDGE_HOST
			       "Content-Length: 1\r\n\r\nx")),
	    400);
}

static void
a_blob_is_sent_from_its_descriptor(void)
{
	char target[200], path[300];
	AUTO_FD fd = edge_dial();
	AUTO_FD blob = -1;
	AUTO_JSON m = NULL;
	const char *got;
	int none;

	(void)snprintf(path, sizeof(path), "%s/blobs/%.2s/%s", tap_tmpdir(),
	    edge_big_sha, edge_big_sha);
	blob = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(target, sizeof(target),
	    "GET /v1/blobs/%s HTTP/1.1\r\n" EDGE_HOST
	    "Range: bytes=5-9\r\n\r\n",
	    edge_big_sha);
	edge_say(fd, target, strlen(target));
	m = edge_expect("blob", &none);
	edge_answer(m, 200, NULL, blob);
	got = edge_hear(fd, false);
	CHECK_INT(edge_status(got), 206);
	CHECK(memcmp(strstr(got, "\r\n\r\n") + 4, edge_big + 5, 5) == 0);
}

static void
wrong_tokens_have_to_wait(void)
{
	int none, status = 401;

	/* one was wrong before */
	for (int i = 0; i < 4; i++) {
		AUTO_FD fd = edge_dial();
		AUTO_JSON m = NULL;
		const char request[] = "GET /v1/publications/editor/stable "
				       "HTTP/1.1\r\n" EDGE_HOST "\r\n";

		edge_say(fd, request, sizeof(request) - 1);
		m = edge_expect("api", &none);
		edge_answer(m, 401, NULL, -1);
		status = edge_status(edge_hear(fd, false));
		CHECK_INT(status, 401);
	}
	CHECK_INT(
	    edge_status(edge_get("/v1/publications/editor/stable", "")), 429);
	CHECK_INT(
	    edge_status(edge_get("/editor/stable/timestamp.json", "")), 200);
}

static void
a_new_table_is_taken_and_acknowledged(void)
{
	AUTO_JSON m = NULL;
	int none;

	edge_table(2);
	m = edge_expect("tabled", &none);
	CHECK_INT(json_integer_value(json_object_get(m, "generation")), 2);
	CHECK(edge_has(edge_get("/healthz", ""), "\"generation\":2"));
}

static void
polls_are_counted_by_row(void)
{
	AUTO_JSON m = edge_expect("polls", &(int){ 0 });
	const json_t *row = json_array_get(json_object_get(m, "rows"), 0);

	CHECK_TEXT(edge_text(row, "channel"), "editor/stable");
	CHECK_INT(strlen(edge_text(row, "day")), 10);
	CHECK(json_integer_value(json_object_get(row, "n")) >= 1);
}

static void
it_ends_when_told_to(void)
{
	edge_stop();
}

static const struct tap_test tests[] = {
	TAP(edge_hello),
	TAP(a_report_is_acknowledged_when_store_has_it),
	TAP(bad_reports_never_reach_store),
	TAP(a_client_that_leaves_harms_nobody),
	TAP(the_publish_api_is_passed_on),
	TAP(a_long_body_comes_as_a_memfd),
	TAP(an_upload_goes_to_the_descriptor_of_store),
	TAP(a_refused_upload_hears_why),
	TAP(a_blob_is_sent_from_its_descriptor),
	TAP(wrong_tokens_have_to_wait),
	TAP(a_new_table_is_taken_and_acknowledged),
	TAP(polls_are_counted_by_row),
	TAP(it_ends_when_told_to),
};

int
main(void)
{
	edge_start();
	return tap_run(tests, COUNT(tests));
}
