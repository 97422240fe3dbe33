/*
 * The floor under every task runner: starts a command COUNT times, IN_FLIGHT at a time, and does
 * nothing else. Prints the microseconds each took. Whatever a runner needs beyond this is its own
 * doing. With LOG_DIR each command writes to a new file there, which can cost more than the start
 * itself on a file system from which many files were just removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Where the command's output goes: nowhere, or to a new file of its own. */
static int open_log(const char *log_dir, long number)
{
	char path[4096];
	int fd;

	if (!log_dir)
		return open("/dev/null", O_WRONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/%ld.log", log_dir, number);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		fprintf(stderr, "spawn_loop: cannot create %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static void start(char **argv, int log)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, log, 1);
	posix_spawn_file_actions_adddup2(&actions, log, 2);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(log);
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
	const char *log_dir = getenv("LOG_DIR");
	long count = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	long in_flight = argc > 3 ? strtol(argv[2], NULL, 10) : 0;
	double from;

	if (count < 1 || in_flight < 1) {
		fprintf(stderr,
			"usage: [LOG_DIR=DIR] spawn_loop COUNT IN_FLIGHT COMMAND [ARGUMENT...]\n");
		return 2;
	}
	from = now_us();
	for (long i = 0; i < count; i++) {
		if (i >= in_flight)
			reap();
		start(argv + 3, open_log(log_dir, i));
	}
	for (long i = 0; i < (count < in_flight ? count : in_flight); i++)
		reap();
	printf("%.2f\n", (now_us() - from) / (double)count);
	return 0;
}
