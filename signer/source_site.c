/*
 * Reading documents of a channel by HTTP.
 */
#include "signer/source_site.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define COPY_DEADLINE_S (6 * 3600)

int
source_site_open(struct source *s, const struct source_ask *ask, struct err *e)
{
	s->url = arena_printf(
	    s->arena, e, "%.*s", (int)url_length(ask->where), ask->where);
	if (s->url == NULL)
		return -1;
	s->site = true;
	s->fetch = fetch_new("sluice-sign/" SLUICE_VERSION, e);
	return s->fetch == NULL ? -1 : 0;
}

int
source_site_read(struct source *s, const char *path, size_t max,
    struct arena *a, struct bytes *out, struct err *e)
{
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer = { 0 };
	char *url = arena_printf(a, e, "%s/%s", s->url, path);

	if (url == NULL)
		return -1;
	r.url = url;
	r.max = (int64_t)max;
	if (fetch_run(s->fetch, &r, &answer, a, e) < 0)
		return err_in(e, "%s", url);
	if (answer.status != 200)
		return err_set(e, answer.status == 404 ? ERR_MISSING : ERR_SYS,
		    "%s: the server answered %d", url, answer.status);
	*out = answer.body;
	return 0;
}

int
source_site_copy(struct source *s, const struct publication_file *f,
    const char *to, struct err *e)
{
	AUTO_FD fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer = { 0 };
	char *url = arena_printf(s->arena, e, "%s/%s", s->url, f->path);

	if (fd < 0)
		return err_sys(e, "%s", to);
	if (url == NULL)
		return -1;
	r.url = url;
	r.max = f->size > 65536 ? f->size : 65536;
	r.deadline_s = COPY_DEADLINE_S;
	r.sink_fd = fd;
	if (fetch_run(s->fetch, &r, &answer, s->arena, e) == 0 &&
	    answer.status == 200)
		return 0;
	(void)unlink(to);
	return answer.status == 0
	    ? err_in(e, "%s", url)
	    : err_set(e, answer.status == 404 ? ERR_MISSING : ERR_SYS,
		  "%s: the server answered %d", url, answer.status);
}
