/*
 * Its stdout is a pipe to us until it says that it is ready; its stderr is a log, so that the
 * sentence with which it may give up can be repeated to the person who waits.
 */
#include "cmd/run/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/view.h"
#include "os/fd.h"
#include "os/proc.h"

#define VARIABLE "SK_DETACHED"
#define READY "ready\n"
#define MARK "sk: " /* in front of what a command says */
#define FAREWELL_BYTES_MAX 16384
#define LOG_NAME "orchestrator.log"

bool background_is(void)
{
	return getenv(VARIABLE) != NULL;
}

void background_ready(void)
{
	int null_fd;

	if (!getenv(VARIABLE))
		return;
	unsetenv(VARIABLE); /* workers and tasks inherit the environment */
	(void)fd_write_all(STDOUT_FILENO, READY, sizeof(READY) - 1);
	null_fd = fd_open_at(AT_FDCWD, "/dev/null", O_WRONLY, 0);
	if (null_fd >= 0)
		dup2(null_fd, STDOUT_FILENO);
	fd_close(&null_fd);
}

/* The words of the background process: the command, the options that were given, the arguments. */
static char **build_words(const struct cmd_ctx *c, const struct background *b, struct buf *storage)
{
	size_t count = 0, capacity = 0, at = 0;
	char **words = NULL;

	buf_putf(storage, "sk%c", 0);
	for (size_t i = 0; b->words[i]; i++)
		buf_putf(storage, "%s%c", b->words[i], 0);
	buf_putf(storage, "--state-dir%c%s%c", 0, c->paths->state_dir, 0);
	for (size_t i = 0; i < c->options->given_count; i++) {
		const struct option_given *g = &c->options->given[i];

		if ((b->without && strcmp(g->row->name, b->without) == 0) ||
		    strcmp(g->row->name, "state-dir") == 0 || strcmp(g->row->name, "json") == 0 ||
		    strcmp(g->row->name, "format") == 0)
			continue;
		if (g->row->kind == OPTION_FLAG)
			buf_putf(storage, "--%s%c", g->row->name, 0);
		else
			buf_putf(storage, "--%s=%s%c", g->row->name, g->text, 0);
	}
	buf_putf(storage, "--%c", 0);
	for (size_t i = 0; i < c->options->arg_count; i++)
		buf_putf(storage, "%s%c", c->options->args[i], 0);
	while (at < storage->len) {
		mem_grow(&words, &capacity, count + 2, sizeof(*words));
		words[count++] = storage->p + at;
		at += strlen(storage->p + at) + 1;
	}
	words[count] = NULL;
	return words;
}

static int open_log(const struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	int state_fd = paths_open(c->paths, true, &why), logs_fd, fd;

	if (state_fd < 0)
		return view_paths_problem(state_fd, &why, e);
	logs_fd = paths_open_inside(state_fd, "logs", true, &why);
	fd_close(&state_fd);
	if (logs_fd < 0)
		return view_paths_problem(logs_fd, &why, e);
	fd = fd_open_at(logs_fd, LOG_NAME, O_WRONLY | O_CREAT | O_APPEND, 0600);
	fd_close(&logs_fd);
	if (fd < 0)
		return err_set(e, fd, "%s/logs/%s: cannot be opened: %s. Nothing was started",
			       c->paths->state_dir, LOG_NAME, strerror(-fd));
	return fd;
}

/*
 * The sentence with which the other process gave up: the last one in the log that is a command's.
 * An orchestrator that is at work writes there as well.
 */
static void read_farewell(int log_fd, off_t from, struct err *e, int code)
{
	char text[FAREWELL_BYTES_MAX], path[64];
	const char *said, *at;
	ssize_t len;
	off_t end;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", log_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	if (end - from > FAREWELL_BYTES_MAX - 1)
		from = end - (FAREWELL_BYTES_MAX - 1);
	len = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);
	fd_close(&fd);
	text[len > 0 ? len : 0] = '\0';
	said = strncmp(text, MARK, sizeof(MARK) - 1) == 0 ? text : NULL;
	for (at = text; (at = strstr(at, "\n" MARK)); at++)
		said = at + 1;
	if (said)
		err_set(e, code, "%.*s", (int)strcspn(said + sizeof(MARK) - 1, "\n"),
			said + sizeof(MARK) - 1);
	else
		err_set(e, code,
			"the background process ended before it was ready, without a word: see "
			"logs/%s. Try: the same again",
			LOG_NAME);
}

static int wait_ready(int pipe_fd)
{
	char word[sizeof(READY)] = "";
	size_t len = 0;

	while (len < sizeof(READY) - 1) {
		ssize_t n = read(pipe_fd, word + len, sizeof(READY) - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return strcmp(word, READY) == 0;
}

static int code_of_exit(int exit_status)
{
	static const int codes[] = { SK_EWORK,    SK_EUSAGE, SK_ENOTFOUND, SK_EREFUSED,
				     SK_ECONFIRM, SK_EBUSY,  SK_ECORRUPT,  SK_EIO };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if ((int)exit_of(-codes[i]) == exit_status)
			return -codes[i];
	return -SK_EIO;
}

int background_start(struct cmd_ctx *c, const struct background *b, struct err *e)
{
	CLEANUP(buf_release) struct buf storage = BUF_INIT;
	CLEANUP(mem_free) char **words = build_words(c, b, &storage);
	int ends[2] = { -1, -1 }, log_fd = open_log(c, e), null_fd, status = 0;
	enum proc_step failed;
	struct proc_spawn s;
	off_t from;
	pid_t pid;

	if (log_fd < 0)
		return log_fd;
	null_fd = fd_open_at(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	from = lseek(log_fd, 0, SEEK_END);
	if (null_fd < 0 || pipe2(ends, O_CLOEXEC) < 0 || setenv(VARIABLE, "1", 1) < 0)
		return err_set(e, -SK_EIO,
			       "cannot prepare the background process: %s. Nothing was started",
			       strerror(errno));
	s = (struct proc_spawn){ .path = "/proc/self/exe",
				 .argv = words,
				 .envp = environ,
				 .stdin_fd = null_fd,
				 .stdout_fd = ends[1],
				 .stderr_fd = log_fd,
				 .cgroup_fd = -1 };
	pid = proc_spawn(&s, &failed);
	fd_close(&ends[1]);
	fd_close(&null_fd);
	if (pid < 0) {
		fd_close(&ends[0]);
		fd_close(&log_fd);
		return err_set(e, -SK_EIO,
			       "cannot start the background process: %s. Nothing was started",
			       strerror((int)-pid));
	}
	if (!wait_ready(ends[0])) {
		waitpid(pid, &status, 0);
		read_farewell(log_fd, from, e,
			      code_of_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 8));
	} else {
		done_elsewhere(c->done, "it is at work in the background", "daemon status");
		b->told(c, pid);
	}
	fd_close(&ends[0]);
	fd_close(&log_fd);
	return e->code;
}
