/*
 * The floor under every task runner: starts a command COUNT times, IN_FLIGHT at a time, and does
 * nothing else. Prints the microseconds each took. Whatever a runner needs beyond this is its own
 * doing.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void start(char **argv, const posix_spawn_file_actions_t *actions)
{
	pid_t pid;
	int rc = posix_spawnp(&pid, argv[0], actions, NULL, argv, environ);

	if (rc != 0) {
		fprintf(stderr, "spawn_loop: cannot start %s: %s\n", argv[0], strerror(rc));
		exit(1);
	}
}

static void reap(void)
{
	int status;

	if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "spawn_loop: a command did not end well\n");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	long count = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	long in_flight = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
	double from;

	if (count < 1 || in_flight < 1) {
		fprintf(stderr, "usage: spawn_loop COUNT IN_FLIGHT COMMAND [ARGUMENT...]\n");
		return 2;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	from = now_us();
	for (long i = 0; i < count; i++) {
		if (i >= in_flight)
			reap();
		start(argv + 3, &actions);
	}
	for (long i = 0; i < (count < in_flight ? count : in_flight); i++)
		reap();
	printf("%.2f\n", (now_us() - from) / (double)count);
	posix_spawn_file_actions_destroy(&actions);
	return 0;
}
