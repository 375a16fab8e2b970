/*
 * Compares two commands by interleaved rounds: A B A B ..., because a machine
 * that is throttled for a while then slows both.  Prints one line of
 * key=value: medians of wall and CPU seconds and of peak memory, and the
 * medians of the pairwise ratios B / A (above 1: A is faster).
 *
 *	rounds N A... -- B...
 *
 * An argument "=CMD" alone is run by sh -c.  Output of the commands is thrown
 * away; a command that fails ends the run with status 1.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "manifest/base/base.h"

#define ROUNDS_MAX 99

struct sample {
	double wall_s, cpu_s, peak_mib;
};

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static NORETURN void
child(char **argv)
{
	char *shell[] = { NULL, NULL, NULL, NULL };
	static char sh[] = "/bin/sh", c[] = "-c";
	int null = open("/dev/null", O_WRONLY);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(127);
	if (argv[0][0] == '=' && argv[1] == NULL) {
		shell[0] = sh;
		shell[1] = c;
		shell[2] = argv[0] + 1;
		argv = shell;
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static struct sample
run(char **argv)
{
	struct timespec from, to;
	struct rusage use;
	struct sample s;
	int status;
	pid_t pid;

	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (pid == 0)
		child(argv);
	if (pid < 0 || wait4(pid, &status, 0, &use) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0) {
		fprintf(stderr, "rounds: %s failed\n", argv[0]);
		exit(1);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	s.wall_s = (double)(to.tv_sec - from.tv_sec) +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	s.cpu_s = seconds(use.ru_utime) + seconds(use.ru_stime);
	s.peak_mib = (double)use.ru_maxrss / 1024;
	return s;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The median of field (as an offset in struct sample) of b over that of a;
 * without b, of a. */
static double
median(const struct sample *a, const struct sample *b, int n, size_t field)
{
	double v[ROUNDS_MAX], x, y;
	int i;

	for (i = 0; i < n; i++) {
		memcpy(&x, (const char *)&a[i] + field, sizeof(x));
		if (b) {
			memcpy(&y, (const char *)&b[i] + field, sizeof(y));
			x = x > 0 ? y / x : 0;
		}
		v[i] = x;
	}
	qsort(v, (size_t)n, sizeof(v[0]), ascending);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int
main(int argc, char **argv)
{
	static struct sample a[ROUNDS_MAX], b[ROUNDS_MAX];
	int i, n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
	char **second = NULL;

	for (i = 2; i < argc && second == NULL; i++)
		if (strcmp(argv[i], "--") == 0) {
			argv[i] = NULL;
			second = argv + i + 1;
		}
	if (n < 1 || n > ROUNDS_MAX || second == NULL || *second == NULL ||
	    argv[2] == NULL) {
		fprintf(stderr, "usage: rounds N A... -- B...\n");
		return 2;
	}
	for (i = 0; i < n; i++) {
		a[i] = run(argv + 2);
		b[i] = run(second);
	}
#define OF(field) offsetof(struct sample, field)
	printf("a_wall=%.4f b_wall=%.4f ", median(a, NULL, n, OF(wall_s)),
	    median(b, NULL, n, OF(wall_s)));
	printf("a_cpu=%.4f b_cpu=%.4f ", median(a, NULL, n, OF(cpu_s)),
	    median(b, NULL, n, OF(cpu_s)));
	printf("a_mib=%.1f b_mib=%.1f ", median(a, NULL, n, OF(peak_mib)),
	    median(b, NULL, n, OF(peak_mib)));
	printf("wall=%.3f cpu=%.3f mib=%.3f\n", median(a, b, n, OF(wall_s)),
	    median(a, b, n, OF(cpu_s)), median(a, b, n, OF(peak_mib)));
	return 0;
}
