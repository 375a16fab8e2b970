/*
 * The verbs of sluice tuf: the folder of trusted documents, the two base URLs,
 * the folder of artifacts.
 */
#include "client/tuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/refresh.h"
#include "manifest/base/clock.h"
#include "manifest/base/digest.h"
#include "manifest/base/fetch.h"
#include "manifest/base/file.h"
#include "manifest/base/text.h"

#define AGENT	    "sluice-tuf/" SLUICE_VERSION
#define MEMORY_MAX  ((size_t)1 << 30) /* a limit: documents, parsed */
#define DOCUMENT_S  30
#define ARTIFACT_S  600		/* at least, for a whole one */
#define SPEED_MIN   (16 * 1024) /* bytes/s over the whole of a long one */
#define FOLDER_MODE 0755
#define FILE_MODE   0644
#define PART	    ".sluice-XXXXXX"

struct tuf {
	struct arena *arena;
	struct fetch *fetch;
	int lock;
	const char *url, *target_url, *target_dir;
	struct trust trust;
	struct refresh refresh;
};

static void
tuf_done(struct tuf *t)
{
	fetch_free(t->fetch);
	arena_free(t->arena);
	if (t->lock >= 0)
		(void)close(t->lock);
}
#define AUTO_TUF CLEANUP(tuf_done) struct tuf

static const char *
option(const struct args *a, const char *name, struct err *e)
{
	const char *text = args_text(a, name, NULL);

	if (text == NULL || text[0] == '\0') {
		err_set(e, ERR_USAGE, "--%s is needed", name);
		return NULL;
	}
	return text;
}

/* A URL below a base that may or may not end in a slash. */
static char *
below(struct arena *a, const char *base, const char *name, struct err *e)
{
	return arena_printf(a, e, "%.*s/%s", (int)url_length(base), base, name);
}

static int
status_check(const struct fetch_answer *answer, const char *url, struct err *e)
{
	if (answer->status == 200)
		return 0;
	if (fetch_absent(answer))
		return err_set(e, ERR_MISSING, "%.200s: not there", url);
	return err_set(e, ERR_SYS, "%.200s: answered %d", url, answer->status);
}

static int
get(void *ctx, const char *name, size_t max, struct bytes *out, struct err *e)
{
	struct tuf *t = ctx;
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer;

	if ((r.url = below(t->refresh.arena, t->url, name, e)) == NULL)
		return -1;
	r.max = (int64_t)max;
	r.deadline_s = DOCUMENT_S;
	if (fetch_run(t->fetch, &r, &answer, t->refresh.arena, e) < 0 ||
	    status_check(&answer, r.url, e) < 0)
		return -1;
	*out = answer.body;
	return 0;
}

/* The folder itself is locked: nothing but trusted documents lies in it. */
static int
open_folder(struct tuf *t, const char *dir, struct err *e)
{
	t->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->lock < 0)
		return err_sys(e, "%s", dir);
	if (flock(t->lock, LOCK_EX) < 0)
		return err_sys(e, "%s: cannot lock", dir);
	t->refresh = (struct refresh){ .trust = &t->trust,
		.arena = t->arena,
		.dir = dir,
		.get = get,
		.ctx = t };
	return 0;
}

static int
trust_file(struct tuf *t, struct bytes root, struct err *e)
{
	return trust_start(&t->trust, t->arena, ROLE_FOREIGN, clock_now_s(),
	    NULL, NULL, root, e);
}

/* --- verbs ----------------------------------------------------------------- */

static int
init(struct tuf *t, const struct args *a, struct err *e)
{
	const char *dir = option(a, "metadata-dir", e);
	struct bytes root;

	if (dir == NULL)
		return -1;
	if (a->argc != 2)
		return err_set(e, ERR_USAGE, "init needs: TRUSTED_ROOT_FILE");
	if (file_read(t->arena, a->argv[1], ROLE_ROOT_MAX, &root, e) < 0 ||
	    trust_file(t, root, e) < 0)
		return err_in(e, "%.100s", a->argv[1]);
	if (file_mkdirs(dir, FOLDER_MODE, e) < 0 || open_folder(t, dir, e) < 0)
		return -1;
	return refresh_keep(&t->refresh, "root.json", root, e);
}

/* What init has left; before that there is none. */
static int
trusted_root(struct tuf *t, const char *dir, struct bytes *root, struct err *e)
{
	if (!file_exists(dir))
		(void)err_set(e, ERR_MISSING, "%.200s: no such folder", dir);
	else if (open_folder(t, dir, e) == 0 &&
	    refresh_kept(&t->refresh, "root.json", ROLE_ROOT_MAX, root, e) == 0)
		return 0;
	if (e->kind == ERR_MISSING)
		verb_hint("sluice tuf --metadata-dir %s init "
			  "TRUSTED_ROOT_FILE",
		    dir);
	return -1;
}

static int
tuf_refresh(struct tuf *t, const struct args *a, struct err *e)
{
	const char *dir = option(a, "metadata-dir", e);
	struct bytes root;
	bool behind;

	if (dir == NULL || (t->url = option(a, "metadata-url", e)) == NULL ||
	    trusted_root(t, dir, &root, e) < 0)
		return -1;
	if (trust_file(t, root, e) < 0)
		return err_in(e, "%.100s", dir);
	if ((t->fetch = fetch_new(AGENT, e)) == NULL ||
	    refresh_roots(&t->refresh, e) < 0 ||
	    refresh_stored(&t->refresh, e) < 0 ||
	    refresh_timestamp(&t->refresh, &behind, e) < 0)
		return -1;
	return refresh_roles(&t->refresh, e);
}

static int
cmd_refresh(struct tuf *t, const struct args *a, struct err *e)
{
	if (a->argc != 1)
		return err_set(e, ERR_USAGE, "refresh takes no argument");
	return tuf_refresh(t, a, e);
}

/* --- artifacts ------------------------------------------------------------- */

/* From the descriptor: what is checked is what is there afterwards. */
static int
check_artifact(int fd, const struct target *t, struct err *e)
{
	uint8_t is[SHA256_SIZE], is512[SHA512_SIZE];
	int64_t size = 0;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read again");
	if (!t->only512) {
		if (digest_fd(fd, is, &size, NULL, NULL, e) < 0)
			return -1;
		if (memcmp(is, t->sha256, sizeof(is)) != 0)
			return err_set(
			    e, ERR_AUTH, "SHA-256 is not the signed one");
	}
	if (t->sha512 != NULL) {
		if (lseek(fd, 0, SEEK_SET) < 0)
			return err_sys(e, "cannot read again");
		if (digest_fd_sha512(fd, is512, &size, e) < 0)
			return -1;
		if (memcmp(is512, t->sha512, sizeof(is512)) != 0)
			return err_set(
			    e, ERR_AUTH, "SHA-512 is not the signed one");
	}
	if (size != t->length)
		return err_set(e, ERR_AUTH, "%lld bytes, but %lld were signed",
		    (long long)size, (long long)t->length);
	return 0;
}

static bool
is_there(const char *path, const struct target *t)
{
	AUTO_FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	struct err e;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == t->length && check_artifact(fd, t, &e) == 0;
}

static bool
is_escape(const char *s)
{
	static const char hex[] = "0123456789abcdefABCDEF";

	return s[0] == '%' && s[1] != '\0' && strchr(hex, s[1]) != NULL &&
	    s[2] != '\0' && strchr(hex, s[2]) != NULL;
}

/*
 * A target's path is a path-relative URL: what may stand in one stays, escapes
 * too, all else is escaped.
 */
static char *
url_path(struct arena *a, const char *path, struct err *e)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~!$&'()*+,;=:@/";
	char *out = arena_get(a, 3 * strlen(path) + 1, e), *at = out;

	if (*path == '/')
		path++;
	for (; out != NULL && *path != '\0'; path++) {
		if (strchr(plain, *path) != NULL || is_escape(path))
			*at++ = *path;
		else
			at += snprintf(at, 4, "%%%02X", (unsigned char)*path);
	}
	return out;
}

static int
fetch_artifact(
    struct tuf *t, const struct target *target, int fd, struct err *e)
{
	struct arena *a = t->refresh.arena;
	struct fetch_request r = FETCH_REQUEST;
	struct fetch_answer answer;
	const char *path = target->path;

	if (t->trust.root->consistent &&
	    (path = role_path(a, target, e)) == NULL)
		return -1;
	if ((path = url_path(a, path, e)) == NULL ||
	    (r.url = below(a, t->target_url, path, e)) == NULL)
		return -1;
	r.max = target->length;
	r.deadline_s = ARTIFACT_S + target->length / SPEED_MIN;
	r.sink_fd = fd;
	if (fetch_run(t->fetch, &r, &answer, a, e) < 0)
		return -1;
	return status_check(&answer, r.url, e);
}

/* Beside its place, checked, then moved there: no reader sees another. */
static int
download_to(
    struct tuf *t, const struct target *target, const char *path, struct err *e)
{
	char *part = file_path(t->refresh.arena, e, t->target_dir, PART);
	mode_t mask = umask(0);
	AUTO_FD fd = -1;

	(void)umask(mask);
	if (part == NULL)
		return -1;
	if ((fd = mkostemp(part, O_CLOEXEC)) < 0)
		return err_sys(e, "%s", part);
	if (fetch_artifact(t, target, fd, e) == 0 &&
	    check_artifact(fd, target, e) == 0) {
		if (fchmod(fd, FILE_MODE & ~mask) == 0 && fsync(fd) == 0 &&
		    rename(part, path) == 0)
			return file_sync_dir(t->target_dir, e);
		(void)err_sys(e, "%s", path);
	}
	(void)unlink(part);
	return -1;
}

static int
download_one(struct tuf *t, const char *name, struct err *e)
{
	struct arena *a = t->refresh.arena;
	const struct target *target = refresh_target(&t->refresh, name, e);
	char *file, *path;

	if (target == NULL || (file = refresh_name(a, name, "", e)) == NULL ||
	    (path = file_path(a, e, t->target_dir, file)) == NULL)
		return -1;
	if (!is_there(path, target) && download_to(t, target, path, e) < 0)
		return -1;
	(void)printf("%s\n", path);
	return 0;
}

/* What one search reads is forgotten before the next. */
static int
download_all(struct tuf *t, const char *const *names, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_ARENA a = arena_new(MEMORY_MAX);
		char shown[128];
		int rc;

		if (a == NULL)
			return err_set(e, ERR_SYS, "out of memory");
		t->trust.arena = t->refresh.arena = a;
		rc = download_one(t, names[i], e);
		t->trust.arena = t->refresh.arena = t->arena;
		if (rc < 0)
			return err_in(
			    e, "%s", text_safe(shown, sizeof(shown), names[i]));
	}
	return 0;
}

static int
download(struct tuf *t, const struct args *a, struct err *e)
{
	size_t n;
	const char *const *names = args_list(a, "target-name", &n);

	if (a->argc != 1)
		return err_set(
		    e, ERR_USAGE, "download takes no argument (--target-name)");
	if (n == 0)
		return err_set(e, ERR_USAGE, "--target-name is needed");
	if ((t->target_url = option(a, "target-base-url", e)) == NULL ||
	    (t->target_dir = option(a, "target-dir", e)) == NULL ||
	    tuf_refresh(t, a, e) < 0 ||
	    file_mkdirs(t->target_dir, FOLDER_MODE, e) < 0)
		return -1;
	return download_all(t, names, n, e);
}

int
tuf_cmd(const struct args *a, struct err *e)
{
	static const struct {
		const char *name;
		int (*run)(struct tuf *t, const struct args *a, struct err *e);
	} verbs[] = {
		{ "init", init },
		{ "refresh", cmd_refresh },
		{ "download", download },
	};
	AUTO_TUF t = { .arena = arena_new(MEMORY_MAX), .lock = -1 };

	if (t.arena == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (strcmp(a->argv[0], verbs[i].name) == 0)
			return verbs[i].run(&t, a, e);
	return err_set(e, ERR_USAGE, "no such verb of tuf: %.40s", a->argv[0]);
}
