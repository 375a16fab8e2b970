/*
 * Reading, signing and copying the files of a release.
 */
#include "signer/pieces.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/role.h"
#include "signer/jobs.h"

#define PIECES_MAX (MANIFEST_ARTIFACTS_MAX + 64)

static int
place(struct pieces *p, struct piece *x, struct err *e)
{
	x->path = x->os == NULL
	    ? arena_printf(p->arena, e, "%s/attach/%s", p->version, x->name)
	    : arena_printf(p->arena, e, "%s/%s-%s/%s", p->version, x->os,
		  x->arch, x->name);
	if (x->path == NULL)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->list[i].path, x->path) == 0 ||
		    (x->os != NULL && p->list[i].os != NULL &&
			strcmp(p->list[i].os, x->os) == 0 &&
			strcmp(p->list[i].arch, x->arch) == 0))
			return err_set(e, ERR_USAGE,
			    "%s: this platform or name is there twice",
			    x->path);
	}
	return 0;
}

int
pieces_add(struct pieces *p, const char *text, bool attach, struct err *e)
{
	struct piece *x;
	char *copy = arena_text(p->arena, text, e);
	char *file = copy, *eq = NULL, *dash = NULL;

	if (copy == NULL)
		return -1;
	if (p->list == NULL) {
		p->list =
		    arena_array(p->arena, PIECES_MAX, sizeof(*p->list), e);
		p->sums =
		    arena_array(p->arena, PIECES_MAX, sizeof(*p->sums), e);
		if (p->list == NULL || p->sums == NULL)
			return -1;
	}
	if (p->n == PIECES_MAX)
		return err_set(e, ERR_LIMIT, "too many files");
	x = &p->list[p->n];
	memset(x, 0, sizeof(*x));
	if (!attach) {
		eq = strchr(copy, '=');
		dash =
		    eq == NULL ? NULL : memchr(copy, '-', (size_t)(eq - copy));
		if (dash == NULL)
			return err_set(e, ERR_USAGE,
			    "--artifact %s: not OS-ARCH=FILE", text);
		*eq = *dash = '\0';
		x->os = copy;
		x->arch = dash + 1;
		file = eq + 1;
	}
	x->name = strrchr(file, '/') == NULL ? file : strrchr(file, '/') + 1;
	if ((x->os != NULL &&
		(!name_ok(x->os, PLATFORM_MAX) ||
		    !name_ok(x->arch, PLATFORM_MAX))) ||
	    !name_ok(x->name, ARTIFACT_NAME_MAX))
		return err_set(e, ERR_USAGE,
		    "%s: platform or file name does not fit in a path", text);
	if (place(p, x, e) < 0)
		return -1;
	if (access(file, R_OK) < 0)
		return err_sys(e, "%s", file);
	p->sums[p->n++].from = file;
	return 0;
}

int
pieces_digest(struct pieces *p, struct err *e)
{
	if (sums_run(p->sums, p->n, p->threads, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (p->sums[i].size == 0)
			return err_set(
			    e, ERR_INPUT, "%s is empty", p->sums[i].from);
	}
	return 0;
}

char *
pieces_comment(const struct pieces *p, const char *file, struct err *e)
{
	return arena_printf(p->arena, e,
	    "timestamp:%lld\tfile:%s\tproduct:%s\tchannel:%s\tseq:%lld"
	    "\tversion:%s",
	    (long long)p->now_s, file, p->product, p->channel,
	    (long long)p->seq, p->version == NULL ? "none" : p->version);
}

/* --- signatures of files ------------------------------------------------- */

struct mapped {
	void *at;
	size_t len;
};

static void
unmapp(struct mapped *m)
{
	if (m->at != MAP_FAILED && m->at != NULL)
		(void)munmap(m->at, m->len);
}

/* What a thread makes; put into the arena when all are done. */
struct made {
	uint8_t hash[MINISIGN_HASH_SIZE];
	struct signer_sig plain; /* len 0: none */
};

struct sign_job {
	const struct pieces *p;
	struct made *made;
};

static int
sign_one(void *ctx, size_t i, struct err *e)
{
	struct sign_job *j = ctx;
	const struct sums_file *f = &j->p->sums[i];
	AUTO_FD fd = -1;
	CLEANUP(unmapp) struct mapped m = { NULL, (size_t)f->size };
	uint8_t sum[SHA256_SIZE];

	if (j->p->list[i].os == NULL)
		return 0;
	if ((fd = open(f->from, O_RDONLY | O_CLOEXEC)) < 0)
		return err_sys(e, "%s", f->from);
	m.at = mmap(NULL, m.len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m.at == MAP_FAILED)
		return err_sys(e, "%s", f->from);
	/* what is signed is what was digested */
	sha256(sum, m.at, m.len);
	if (memcmp(sum, f->sha256, sizeof(sum)) != 0)
		return err_set(
		    e, ERR_CONFLICT, "%s changed while it was read", f->from);
	minisign_hash(j->made[i].hash, (struct bytes){ m.at, m.len });
	if (j->p->minisign->kind != SIGNER_FILE)
		return 0;
	return signer_sign(j->p->minisign, SIGNER_PLAIN,
	    (struct bytes){ m.at, m.len }, &j->made[i].plain, e);
}

static int
keep(struct pieces *p, size_t i, const struct made *made, struct err *e)
{
	struct piece *x = &p->list[i];
	char *comment = pieces_comment(p, x->name, e);
	char text[BASE64_SIZE(MINISIGN_FILE_MAX)];
	AUTO_BUF file;

	buf_init(&file, MINISIGN_FILE_MAX);
	if (comment == NULL ||
	    keyring_minisign(p->minisign, made->hash, comment, &file, e) < 0)
		return -1;
	base64_write(text, file.at, file.len);
	if ((x->minisign = arena_text(p->arena, text, e)) == NULL)
		return -1;
	if (made->plain.len == 0)
		return 0;
	base64_write(text, made->plain.at, made->plain.len);
	return (x->ed25519 = arena_text(p->arena, text, e)) == NULL ? -1 : 0;
}

int
pieces_sign(struct pieces *p, struct err *e)
{
	struct sign_job job = { p, NULL };
	struct jobs jobs = { sign_one, &job, p->n, p->threads };

	if (p->minisign == NULL)
		return 0;
	job.made = arena_array(p->arena, p->n, sizeof(*job.made), e);
	if (job.made == NULL || jobs_run(&jobs, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		if (p->list[i].os != NULL && keep(p, i, &job.made[i], e) < 0)
			return -1;
	}
	return 0;
}

int
pieces_copy(const struct pieces *p, struct outdir *s, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		struct target t = { .path = p->list[i].path,
			.length = p->sums[i].size };
		char *path, *full;

		memcpy(t.sha256, p->sums[i].sha256, SHA256_SIZE);
		if ((path = role_path(p->arena, &t, e)) == NULL)
			return -1;
		path = arena_printf(p->arena, e, "targets/%s", path);
		if (path == NULL || (full = outdir_path(s, path, e)) == NULL ||
		    file_copy(p->sums[i].from, full, 0644, e) < 0)
			return -1;
	}
	return 0;
}
