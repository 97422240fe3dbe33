/*
 * Which file an attempt writes to, and the lines of ours in it. A first attempt gets a file without
 * a name (task_log.h); one whose log is there already appends to it, and so do all where files
 * without a name cannot be had. The log of whatever goes wrong is shown before it is reported, so
 * who reads of a failure finds it.
 */
#include "worker/worker_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/when.h"
#include "os/fd.h"

#define SHOWN_BYTES_MAX 300
#define NAME_BYTES (TASK_ID_BYTES_MAX + 8)

static void log_name(const struct attempt *a, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%.*s.log", SPAN_ARG(a->task_id));
}

/* The file without a name that the attempt has, or NULL. */
static struct task_log *hidden(struct worker_run *w, const struct attempt *a)
{
	struct task_log *l = a->slot < LOGS_NAMELESS_MAX ? &w->logs[a->slot] : NULL;

	return l && l->pending ? l : NULL;
}

static void say_unwritten(struct worker_run *w, const struct attempt *a)
{
	worker_say(w, "cannot write to the log of task %.*s", SPAN_ARG(a->task_id));
}

static int open_named(const struct worker_run *w, const struct attempt *a)
{
	char name[NAME_BYTES];

	log_name(a, name);
	return fd_open_at(w->log_folder.fd, name, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0600);
}

static void put_header(struct worker_run *w, const struct attempt *a, const struct command_def *def,
		       bool first, struct buf *line)
{
	char when[WHEN_TEXT_LEN];

	when_encode(clock_wall_ms(w->clock), when);
	buf_reserve(line, 512);
	if (!first)
		buf_putc(line, '\n'); /* whatever came before may lack its last newline */
	buf_putf(line, "=== %.*s task %.*s", WHEN_TEXT_LEN, when, SPAN_ARG(a->task_id));
	if (a->run_no > 1)
		buf_putf(line, " run %llu", (unsigned long long)a->run_no);
	buf_putf(line, " attempt %llu", (unsigned long long)a->number);
	if (a->phase != PHASE_MAIN) {
		buf_puts(line, a->phase == PHASE_BEFORE ? " before rule " : " after rule ");
		buf_put_visible(line, a->rule_name);
	}
	buf_puts(line, ": ");
	command_put_shown(line, def, SHOWN_BYTES_MAX);
	buf_putc(line, '\n');
}

/* Begins without a name, or goes on so. Returns a descriptor or a negative code. */
static int begin_hidden(struct worker_run *w, const struct attempt *a,
			const struct command_def *def)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	char name[NAME_BYTES];
	int fd;

	if (a->slot >= LOGS_NAMELESS_MAX)
		return -ENOTSUP;
	log_name(a, name);
	if (!hidden(w, a) && task_log_begin(&w->logs[a->slot], &w->log_folder, name) != 1)
		return -EEXIST;
	put_header(w, a, def, w->logs[a->slot].head.len == 0, &line);
	fd = task_log_add(&w->logs[a->slot], &w->log_folder, (struct span){ line.p, line.len });
	if (fd < 0)
		attempt_show_log(w, a, true);
	return fd;
}

int attempt_begin_log(struct worker_run *w, const struct attempt *a, const struct command_def *def)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	bool first = a->number == 1 && a->run_no <= 1 && a->rule == 0 && a->phase != PHASE_AFTER;
	int fd = begin_hidden(w, a, def);

	if (fd >= 0)
		return fd;
	fd = open_named(w, a);
	if (fd < 0)
		return fd;
	put_header(w, a, def, first, &line);
	if (fd_write_all(fd, line.p, line.len) < 0)
		say_unwritten(w, a);
	return fd;
}

int attempt_open_log(struct worker_run *w, const struct attempt *a)
{
	attempt_show_log(w, a, true);
	return open_named(w, a);
}

bool attempt_hides_log(struct worker_run *w, const struct attempt *a)
{
	return hidden(w, a) != NULL;
}

void attempt_show_log(struct worker_run *w, const struct attempt *a, bool last)
{
	struct task_log *l = hidden(w, a);
	char name[NAME_BYTES];

	log_name(a, name);
	if (l && task_log_name(l, &w->log_folder, name, last) < 0)
		say_unwritten(w, a);
}

void attempt_log_step(struct worker_run *w, const struct attempt *a, bool good)
{
	const struct task_log *l = hidden(w, a);

	if (l && (!good || !task_log_is_quiet(l)))
		attempt_show_log(w, a, true);
}

void attempt_close_log(struct worker_run *w, const struct attempt *a)
{
	struct task_log *l = hidden(w, a);

	if (l && task_log_keep(l) < 0)
		attempt_show_log(w, a, true);
}

/* Whether the next byte of the file begins a line. */
static bool at_line_start(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last;

	return size <= 0 || pread(fd, &last, 1, size - 1) != 1 || last == '\n';
}

void attempt_log_end(struct worker_run *w, const struct attempt *a, struct span how)
{
	CLEANUP(fd_close) int log_fd = attempt_open_log(w, a);
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	char when[WHEN_TEXT_LEN];

	if (log_fd < 0)
		return;
	when_encode(clock_wall_ms(w->clock), when);
	buf_putf(&line, "%s=== %.*s ", at_line_start(log_fd) ? "" : "\n", WHEN_TEXT_LEN, when);
	buf_put_visible(&line, how);
	buf_putc(&line, '\n');
	if (fd_write_all(log_fd, line.p, line.len) < 0)
		say_unwritten(w, a);
}
