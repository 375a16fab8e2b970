/*
 * Releases on disk.  Names come from verified manifests and pass name_ok and
 * semver_check, so none leaves the folder.
 */
#include "client/install.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "manifest/base/text.h"
#include "manifest/semver.h"

#define RELEASES   "releases"
#define NEW	   ".new"
#define COPY_BYTES (256 * 1024)

static int
fits(int n, struct err *e)
{
	if (n < 0 || n >= INSTALL_PATH)
		return err_set(e, ERR_LIMIT, "a path is too long");
	return 0;
}

/* "<seq>-<version>" and nothing else. */
static int
name_read(const char *name, struct state_release *out)
{
	const char *dash = strchr(name, '-');
	char number[24];
	struct err e;

	memset(out, 0, sizeof(*out));
	if (dash == NULL || (size_t)(dash - name) >= sizeof(number))
		return -1;
	memcpy(number, name, (size_t)(dash - name));
	number[dash - name] = 0;
	if (int_read(number, 1, INT32_MAX, &out->seq) < 0 ||
	    semver_check(dash + 1, &e) < 0)
		return -1;
	(void)snprintf(out->version, sizeof(out->version), "%s", dash + 1);
	return 0;
}

int
install_look(const char *install, struct state_release *out, struct err *e)
{
	char path[INSTALL_PATH], to[INSTALL_PATH];
	ssize_t n;

	memset(out, 0, sizeof(*out));
	if (fits(snprintf(path, sizeof(path), "%s/current", install), e) < 0)
		return -1;
	if ((n = readlink(path, to, sizeof(to) - 1)) < 0) {
		if (errno == ENOENT)
			return 0;
		if (errno == EINVAL)
			return err_set(e, ERR_CONFLICT,
			    "%s is not a symlink: move it away", path);
		return err_sys(e, "%s", path);
	}
	to[n] = 0;
	if (strncmp(to, RELEASES "/", strlen(RELEASES) + 1) != 0 ||
	    name_read(to + strlen(RELEASES) + 1, out) < 0) {
		memset(out, 0, sizeof(*out));
		return err_set(e, ERR_CONFLICT,
		    "%s does not name a release of sluice: move it away", path);
	}
	return 0;
}

int
install_folder(char out[static INSTALL_PATH], const char *install,
    const struct state_release *r, struct err *e)
{
	return fits(snprintf(out, INSTALL_PATH, "%s/" RELEASES "/%lld-%s",
			install, (long long)r->seq, r->version),
	    e);
}

/* The only regular file of a folder. */
static int
only_file(const char *folder, char *name, size_t room, struct err *e)
{
	DIR *d = opendir(folder);
	const struct dirent *x;
	int n = 0;

	if (d == NULL)
		return errno == ENOENT
		    ? err_set(e, ERR_MISSING, "%s is not there", folder)
		    : err_sys(e, "%s", folder);
	while ((x = readdir(d)) != NULL) {
		if (x->d_name[0] == '.')
			continue;
		n++;
		(void)snprintf(name, room, "%s", x->d_name);
	}
	(void)closedir(d);
	if (n != 1)
		return err_set(
		    e, ERR_MISSING, "%s: cannot tell its file", folder);
	return 0;
}

int
install_file(char out[static INSTALL_PATH], const char *install,
    const struct state_release *r, struct err *e)
{
	char folder[INSTALL_PATH], name[STATE_NAME];

	if (install_folder(folder, install, r, e) < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "%s", r->name);
	if (name[0] == 0 && only_file(folder, name, sizeof(name), e) < 0)
		return -1;
	if (fits(snprintf(out, INSTALL_PATH, "%s/%s", folder, name), e) < 0)
		return -1;
	if (!file_exists(out))
		return err_set(e, ERR_MISSING, "%s is not there", out);
	return 0;
}

int
install_whole(const char *install, const struct state_release *r, struct err *e)
{
	char path[INSTALL_PATH], hex[SHA256_HEX_SIZE];
	uint8_t sum[SHA256_SIZE];
	int64_t size;

	if (install_file(path, install, r, e) < 0 ||
	    digest_file(path, sum, &size, e) < 0)
		return -1;
	hex_write(hex, sum, sizeof(sum));
	if (r->sha256[0] != 0 && strcmp(hex, r->sha256) != 0)
		return err_set(
		    e, ERR_AUTH, "%s is not what was installed", path);
	return 0;
}

int
install_begin(struct slot *s, const char *install,
    const struct state_release *r, struct err *e)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	if (install_folder(s->final, install, r, e) < 0 ||
	    fits(snprintf(s->folder, sizeof(s->folder), "%s/" RELEASES "/" NEW,
		     install),
		e) < 0 ||
	    fits(snprintf(s->file, sizeof(s->file),
		     "%s/" RELEASES "/" NEW "/%s", install, r->name),
		e) < 0)
		return -1;
	/* what a killed run left */
	if (file_remove_tree(s->folder, e) < 0 ||
	    file_mkdirs(install, 0755, e) < 0)
		return -1;
	if (file_mkdirs(s->folder, 0755, e) < 0)
		return -1;
	/* nobody else looks in before it is verified */
	if (chmod(s->folder, 0700) < 0)
		return err_sys(e, "%s", s->folder);
	s->fd = open(
	    s->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return s->fd < 0 ? err_sys(e, "%s", s->file) : 0;
}

int
install_copy(struct slot *s, int from, struct err *e)
{
	char *buf = malloc(COPY_BYTES);
	ssize_t n = 0;
	int rc = 0;

	if (buf == NULL)
		return err_set(e, ERR_SYS, "out of memory");
	if (lseek(from, 0, SEEK_SET) < 0 || ftruncate(s->fd, 0) < 0 ||
	    lseek(s->fd, 0, SEEK_SET) < 0)
		rc = err_sys(e, "%s", s->file);
	while (rc == 0 && (n = read(from, buf, COPY_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? err_sys(e, "%s", s->file)
			   : file_write_all(s->fd, buf, (size_t)n, s->file, e);
	}
	free(buf);
	return rc;
}

int
install_finish(struct slot *s, const struct state_release *r, struct err *e)
{
	uint8_t sum[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE], parent[INSTALL_PATH];
	int64_t size;

	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return err_sys(e, "%s", s->file);
	/* the descriptor that gets the name is the one that is verified */
	if (digest_fd(s->fd, sum, &size, NULL, NULL, e) < 0)
		return err_in(e, "%s", s->file);
	hex_write(hex, sum, sizeof(sum));
	if (strcmp(hex, r->sha256) != 0)
		return err_set(e, ERR_AUTH,
		    "%s: the result is not what was signed", r->name);
	if (fchmod(s->fd, 0755) < 0 || fsync(s->fd) < 0)
		return err_sys(e, "%s", s->file);
	if (chmod(s->folder, 0755) < 0)
		return err_sys(e, "%s", s->folder);
	if (file_sync_dir(s->folder, e) < 0 ||
	    file_remove_tree(s->final, e) < 0)
		return -1;
	if (rename(s->folder, s->final) < 0)
		return err_sys(e, "%s", s->final);
	s->folder[0] = 0;
	(void)snprintf(parent, sizeof(parent), "%s", s->final);
	*strrchr(parent, '/') = 0;
	return file_sync_dir(parent, e);
}

void
install_slot_done(struct slot *s)
{
	struct err ignored;

	if (s->fd >= 0)
		(void)close(s->fd);
	if (s->folder[0] != 0 && file_remove_tree(s->folder, &ignored) < 0)
		return; /* the next run removes it */
}

int
install_switch(
    const char *install, const struct state_release *r, struct err *e)
{
	char path[INSTALL_PATH], temp[INSTALL_PATH], to[INSTALL_PATH];

	if (fits(snprintf(path, sizeof(path), "%s/current", install), e) < 0 ||
	    fits(snprintf(temp, sizeof(temp), "%s/.current.new", install), e) <
		0 ||
	    fits(snprintf(to, sizeof(to), RELEASES "/%lld-%s",
		     (long long)r->seq, r->version),
		e) < 0)
		return -1;
	if (r->seq == 0) {
		if (unlink(path) < 0 && errno != ENOENT)
			return err_sys(e, "%s", path);
		return file_sync_dir(install, e);
	}
	if (unlink(temp) < 0 && errno != ENOENT)
		return err_sys(e, "%s", temp);
	if (symlink(to, temp) < 0)
		return err_sys(e, "%s", temp);
	if (rename(temp, path) < 0)
		return err_sys(e, "%s", path);
	return file_sync_dir(install, e);
}

static bool
kept(const char *name, const struct state_release *const *keep, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char is[SEMVER_MAX + 32];

		(void)snprintf(is, sizeof(is), "%lld-%s",
		    (long long)keep[i]->seq, keep[i]->version);
		if (keep[i]->seq != 0 && strcmp(is, name) == 0)
			return true;
	}
	return false;
}

int
install_prune(const char *install, const struct state_release *const *keep,
    size_t n, struct err *e)
{
	char folder[INSTALL_PATH], path[INSTALL_PATH];
	const struct dirent *x;
	int rc = 0;
	DIR *d;

	if (fits(snprintf(folder, sizeof(folder), "%s/" RELEASES, install), e) <
	    0)
		return -1;
	if ((d = opendir(folder)) == NULL)
		return errno == ENOENT ? 0 : err_sys(e, "%s", folder);
	while (rc == 0 && (x = readdir(d)) != NULL) {
		struct state_release is;

		/* only what is ours: a stranger's folder stays */
		if (name_read(x->d_name, &is) < 0 || kept(x->d_name, keep, n))
			continue;
		rc = fits(
		    snprintf(path, sizeof(path), "%s/%s", folder, x->d_name),
		    e);
		if (rc == 0)
			rc = file_remove_tree(path, e);
	}
	(void)closedir(d);
	return rc;
}
