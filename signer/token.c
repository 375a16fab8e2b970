/*
 * Where the server's token comes from.
 */
#include "signer/token.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manifest/base/file.h"
#include "signer/verbs.h"

#define TOKEN_MAX 512
#define PREFIX	  "Authorization: Bearer "

static int
token_header(struct secret *out, const char *token, size_t len, struct err *e)
{
	size_t pre = strlen(PREFIX);

	if (len == 0 || len > TOKEN_MAX)
		return err_set(e, ERR_USAGE, "the token is empty or too long");
	for (size_t i = 0; i < len; i++) {
		if (token[i] <= ' ' || token[i] > '~')
			return err_set(
			    e, ERR_USAGE, "the token has unfit characters");
	}
	if (secret_new(out, pre + len + 1, e) < 0)
		return -1;
	memcpy(out->at, PREFIX, pre);
	memcpy(out->at + pre, token, len);
	return 0;
}

static int
token_fd(struct secret *out, int fd, struct err *e)
{
	AUTO_SECRET line = { 0 };

	if (secret_passphrase(&line, fd, NULL, "token", 0, e) < 0)
		return -1;
	return token_header(out, (const char *)line.at, line.len, e);
}

static int
token_file(struct secret *out, const char *path, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO) != 0) {
		verb_hint("chmod 600 %s", path);
		return err_set(
		    e, ERR_AUTH, "%s: everybody can read the token", path);
	}
	if (token_fd(out, fd, e) < 0)
		return err_in(e, "%s", path);
	return 0;
}

bool
token_given(const struct args *args)
{
	return args_text(args, "token-file", NULL) != NULL ||
	    args_int(args, "token-fd", -1) >= 0 ||
	    getenv("SLUICE_TOKEN") != NULL;
}

int
token_read(struct secret *out, const struct args *args, struct err *e)
{
	const char *path = args_text(args, "token-file", NULL);
	const char *env = getenv("SLUICE_TOKEN");
	int fd, rc;

	if (verbs_fd(args, "token-fd", &fd, e) < 0)
		return -1;
	if (fd >= 0)
		return token_fd(out, fd, e);
	if (path != NULL)
		return token_file(out, path, e);
	if (env == NULL) {
		verb_hint("the operator of the server makes one (scope %s)",
		    strcmp(args->verb->name, "push") == 0 ? "publish" : "read");
		return err_set(e, ERR_USAGE,
		    "no token: use --token-file, --token-fd or SLUICE_TOKEN");
	}
	rc = token_header(out, env, strlen(env), e);
	(void)unsetenv("SLUICE_TOKEN");
	return rc;
}
