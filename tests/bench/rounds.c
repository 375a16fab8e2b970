/*
 * Compares commands by interleaved rounds: A B A B ..., because a machine
 * that is throttled for a while then slows all.  Prints one line of key=value:
 * medians of wall and CPU seconds and of peak memory, a_wall=... b_wall=...,
 * and as wall, cpu and mib the medians of the ratios B / A of each round
 * (above 1: A is better).
 *
 *	rounds N A... -- B...
 *	rounds N A... -- B... -- C...
 *
 * With three, the last is what both are compared with: wall, cpu and mib are
 * C / A, and wall2, cpu2 and mib2 are C / B.
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

#define ROUNDS_MAX   99
#define COMMANDS_MAX 3

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

/* Cut argv at each "--"; the number of commands, 0: they cannot be used. */
static int
commands(char **argv, char **at[COMMANDS_MAX])
{
	int i, n = 0;

	for (i = 0; argv[i] != NULL; i++) {
		if (strcmp(argv[i], "--") == 0)
			argv[i] = NULL;
		else if (i == 0 || argv[i - 1] == NULL)
			if (n++ < COMMANDS_MAX)
				at[n - 1] = argv + i;
	}
	return n >= 2 && n <= COMMANDS_MAX ? n : 0;
}

#define OF(field) offsetof(struct sample, field)

static void
print_ratios(
    const struct sample *of, const struct sample *peer, int n, const char *mark)
{
	printf(" wall%s=%.3f cpu%s=%.3f mib%s=%.3f", mark,
	    median(of, peer, n, OF(wall_s)), mark,
	    median(of, peer, n, OF(cpu_s)), mark,
	    median(of, peer, n, OF(peak_mib)));
}

int
main(int argc, char **argv)
{
	static struct sample got[COMMANDS_MAX][ROUNDS_MAX];
	char **at[COMMANDS_MAX];
	int i, k, n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
	int many = argc > 2 ? commands(argv + 2, at) : 0;

	if (n < 1 || n > ROUNDS_MAX || many == 0) {
		fprintf(stderr, "usage: rounds N A... -- B... [-- C...]\n");
		return 2;
	}
	for (i = 0; i < n; i++)
		for (k = 0; k < many; k++)
			got[k][i] = run(at[k]);
	for (k = 0; k < many; k++)
		printf("%s%c_wall=%.4f %c_cpu=%.4f %c_mib=%.1f",
		    k > 0 ? " " : "", 'a' + k,
		    median(got[k], NULL, n, OF(wall_s)), 'a' + k,
		    median(got[k], NULL, n, OF(cpu_s)), 'a' + k,
		    median(got[k], NULL, n, OF(peak_mib)));
	print_ratios(got[0], got[many - 1], n, "");
	if (many == 3)
		print_ratios(got[1], got[2], n, "2");
	printf("\n");
	return 0;
}
