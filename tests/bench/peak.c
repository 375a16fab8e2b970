/*
 * The most memory of its own that a command has at any one time, in MiB: what
 * it maps from files does not count, since that is the page cache's.  Looks
 * every millisecond at RssAnon and RssShmem in /proc.
 *
 *	peak COMMAND...
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manifest/base/base.h"

static long
field_kib(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

static long
own_kib(pid_t pid)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return 0;
	text[n] = 0;
	return field_kib(text, "\nRssAnon:") + field_kib(text, "\nRssShmem:");
}

int
main(int argc, char **argv)
{
	long now, most = 0;
	int status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: peak COMMAND...\n");
		return 2;
	}
	pid = fork();
	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0) {
		now = own_kib(pid);
		most = now > most ? now : most;
		(void)usleep(1000);
	}
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return 1;
	printf("%.1f\n", (double)most / 1024);
	return 0;
}
