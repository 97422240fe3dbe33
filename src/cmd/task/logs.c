/*
 * Output of tasks is foreign text: a program can print escape sequences that retitle a terminal,
 * hide lines or answer for the user. So it is shown line by line with everything made visible;
 * --raw gives the bytes, but never to a terminal. Following ends when the task has ended and
 * everything it wrote was shown.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/task/log_file.h"
#include "cmd/task/story.h"
#include "cmd/view.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/watch.h"

#define CHUNK_BYTES 65536
#define FOLLOW_POLL_MS 1000

struct logs_run {
	struct cmd_ctx *c;
	struct span id;       /* of the task */
	uint64_t only;        /* attempt asked for, or 0 */
	struct log_header of; /* of the line being read; attempt 0: not known */
	int dir, fd;          /* state folder; log file or -1 */
	uint64_t at, to;      /* what is still to be shown; to = UINT64_MAX: whatever comes */
	struct buf line;      /* begun, not ended yet */
	bool raw;
	/* following: */
	uint64_t seq; /* journal read so far */
	bool final;
};

static void show_line(struct logs_run *r, struct span line)
{
	struct out *out = r->c->out;
	bool header = log_is_header(line, &r->of), dim = out->color && log_is_mark(line);
	struct json j;

	if (line.len && line.p[line.len - 1] == '\r')
		line.len--;
	if (r->c->json) {
		if (header)
			return;
		json_open(&j, out, "log_line");
		json_span(&j, "task_id", r->id);
		if (r->of.attempt)
			json_u64(&j, "attempt", r->of.attempt);
		else
			json_null(&j, "attempt");
		if (r->of.run)
			json_u64(&j, "run_no", r->of.run);
		else
			json_null(&j, "run_no");
		json_span(&j, "text", line);
		json_close(&j);
		return;
	}
	if (dim)
		out_puts(out, "\033[2m");
	out_visible(out, line);
	if (dim)
		out_puts(out, "\033[0m");
	out_puts(out, "\n");
}

static void show_bytes(struct logs_run *r, struct span bytes)
{
	while (bytes.len) {
		const char *end = memchr(bytes.p, '\n', bytes.len);
		size_t len = end ? (size_t)(end - bytes.p) : bytes.len;

		buf_put(&r->line, bytes.p, len);
		if (end || r->line.len >= CHUNK_BYTES) {
			show_line(r, (struct span){ r->line.p, r->line.len });
			buf_truncate(&r->line, 0);
		}
		len += end != NULL;
		bytes = (struct span){ bytes.p + len, bytes.len - len };
	}
}

/* Shows what the file has. Returns 0 or a negative code with *e filled. */
static int drain(struct logs_run *r, struct err *e)
{
	char chunk[CHUNK_BYTES];

	while (r->at < r->to && !r->c->out->error) {
		size_t want =
			r->to - r->at < sizeof(chunk) ? (size_t)(r->to - r->at) : sizeof(chunk);
		ssize_t len = pread(r->fd, chunk, want, (off_t)r->at);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return err_set(e, -errno, "cannot read the log of %.*s: %s",
				       SPAN_ARG(r->id), strerror(errno));
		if (len == 0)
			return 0;
		r->at += (uint64_t)len;
		if (r->raw)
			out_put(r->c->out, chunk, (size_t)len);
		else
			show_bytes(r, (struct span){ chunk, (size_t)len });
	}
	return 0;
}

static void end_line(struct logs_run *r)
{
	if (r->line.len)
		show_line(r, (struct span){ r->line.p, r->line.len });
	buf_truncate(&r->line, 0);
}

static int no_such_attempt(struct logs_run *r, struct err *e)
{
	return err_set(e, -SK_ENOTFOUND,
		       "task \"%.*s\" has no output of attempt %llu. Try: sk why %.*s",
		       SPAN_ARG(r->id), (unsigned long long)r->only, SPAN_ARG(r->id));
}

/* Finds where to begin in the file that was just opened. */
static int place(struct logs_run *r, struct err *e)
{
	uint64_t lines = options_number(r->c->options, "lines", 0), to;
	int rc = log_find_attempt(r->fd, r->only, &r->at, &to);

	if (rc == 0)
		return no_such_attempt(r, e);
	if (rc > 0 && lines)
		rc = log_last_lines(r->fd, lines, &r->at, to);
	if (rc < 0)
		return err_set(e, rc, "cannot read the log of %.*s: %s", SPAN_ARG(r->id),
			       strerror(-rc));
	r->of.attempt = r->only;
	r->to = r->only && to != UINT64_MAX ? to : UINT64_MAX;
	return 0;
}

static int on_event(void *ctx, const struct event *ev, struct span line)
{
	struct logs_run *r = ctx;

	(void)line;
	if (ev->seq <= r->seq)
		return 0;
	r->seq = ev->seq;
	if (ev->transition && event_rows[ev->kind].type == EVENT_TYPE_TASK &&
	    span_eq(ev->task_id, r->id))
		r->final = task_state_final(ev->to);
	return 0;
}

/* Opens the file when it has come into being. Returns 1 when it is open, 0 when not yet. */
static int open_log(struct logs_run *r, struct err *e)
{
	int rc;

	if (r->fd >= 0)
		return 1;
	r->fd = log_file_open(r->dir, r->id, e);
	if (r->fd == -ENOENT)
		return 0;
	if (r->fd < 0)
		return r->fd;
	rc = place(r, e);
	return rc < 0 ? rc : 1;
}

/* Shows what is there; -SK_... or 1 when there is nothing more to come, else 0. */
static int follow_once(struct logs_run *r, struct err *e)
{
	int64_t began_ms;
	bool final =
		r->final; /* known before the file is read: what came before the end is in it */
	int rc = open_log(r, e);

	if (rc > 0)
		rc = drain(r, e);
	if (rc < 0)
		return rc;
	if (out_flush(r->c->out) < 0 || final || (r->fd >= 0 && r->at >= r->to))
		return 1;
	began_ms = clock_mono_ms(&clock_real);
	rc = store_scan(&r->c->view->vfs, r->seq + 1, on_event, r, e);
	if (rc < 0)
		return rc;
	return watch_rest(STDOUT_FILENO, clock_mono_ms(&clock_real) - began_ms) == -EPIPE;
}

static int watch_all(struct logs_run *r, int watch, struct buf *why)
{
	CLEANUP(fd_close) int logs = paths_open_inside(r->dir, "logs", false, why);
	int rc = watch_add(watch, r->dir);

	if (rc == 0 && logs >= 0)
		rc = watch_add(watch, logs);
	return rc;
}

/* "task "unit" has not started yet: waits for build" */
static void put_unstarted(const struct logs_run *r, uint32_t task, struct buf *out)
{
	CLEANUP(buf_release) struct buf story = BUF_INIT;
	const struct task *t = &r->c->view->st.tasks[task];
	bool waits = t->state == TASK_PENDING || t->state == TASK_QUEUED;

	story_put(r->c->view, task, r->c->now_ms, &story);
	buf_putf(out, "task \"%.*s\" %s: ", SPAN_ARG(t->id),
		 t->attempt && !waits         ? "has printed nothing"
		 : task_state_final(t->state) ? "never started"
					      : "has not started yet");
	if (!waits)
		buf_putf(out, "%s%s", task_state_word(t->state), story.len ? ", " : "");
	buf_put(out, story.p, story.len);
}

/* Before the first line may come for a long time. */
static void say_follow(struct logs_run *r, uint32_t task)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct task *t = &r->c->view->st.tasks[task];

	if (r->final)
		return;
	if (t->state == TASK_PENDING || t->state == TASK_QUEUED) {
		put_unstarted(r, task, &text);
		buf_puts(&text, ". Following; Ctrl-C ends this");
		print_problem(text.p);
	}
	if (!r->c->view->alive)
		print_problem("no orchestrator runs: following what a worker may still write. "
			      "Ctrl-C ends this");
}

/* Nothing on stdout is the answer, and this says that it is one. */
static int say_silent(const struct logs_run *r, const char *more)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putf(&text, "task \"%.*s\" has printed nothing%s", SPAN_ARG(r->id), more);
	print_problem(text.p);
	return EXIT_DONE;
}

static int follow(struct logs_run *r, uint32_t task, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int watch = watch_open();
	int rc = watch < 0 ? watch : watch_all(r, watch, &why);

	if (rc < 0)
		return err_set(e, rc, "cannot watch the log: %s", strerror(-rc));
	say_follow(r, task);
	for (;;) {
		rc = follow_once(r, e);
		if (rc < 0)
			return rc;
		if (rc > 0)
			break;
		if (r->final)
			continue; /* it ended meanwhile: one more look at the file */
		rc = watch_wait(watch, STDOUT_FILENO, FOLLOW_POLL_MS);
		if (rc == -EPIPE)
			break;
		if (rc < 0)
			return err_set(e, rc, "cannot watch the log: %s", strerror(-rc));
	}
	end_line(r);
	return r->fd < 0 && r->final ? say_silent(r, "") : EXIT_DONE;
}

static int no_log(struct logs_run *r, uint32_t task, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct task *t = &r->c->view->st.tasks[task];

	if (t->attempt && r->only && r->only != t->attempt)
		return no_such_attempt(r, e);
	if (t->attempt && t->state == TASK_COMPLETED)
		return say_silent(r, "");
	if (t->attempt && (t->state == TASK_RUNNING || t->state == TASK_VALIDATING))
		return say_silent(r, " yet");
	put_unstarted(r, task, &text);
	return err_set(e, -SK_ENOTFOUND, "%s. Try: sk why %.*s", text.p, SPAN_ARG(t->id));
}

static int show(struct logs_run *r, uint32_t task, struct err *e)
{
	int rc;

	if (options_has(r->c->options, "follow"))
		return follow(r, task, e);
	rc = open_log(r, e);
	if (rc == 0)
		return no_log(r, task, e);
	if (rc > 0)
		rc = drain(r, e);
	if (rc == 0)
		end_line(r);
	return rc;
}

static int logs_run(struct cmd_ctx *c, struct err *e)
{
	struct logs_run r = { .c = c, .fd = -1, .raw = options_has(c->options, "raw") };
	uint32_t task;
	int rc;

	if (r.raw && c->out->terminal)
		return err_set(
			e, -SK_EREFUSED,
			"logs: --raw would let the task's output control this terminal: nothing "
			"was shown. Try: sk logs --raw %s | less",
			c->options->args[0]);
	if (r.raw && c->json)
		return err_set(e, -SK_EUSAGE,
			       "logs: --raw and JSON exclude each other: nothing was shown. Try: "
			       "sk help logs");
	if (!c->view)
		return view_missing(c->paths, e);
	rc = view_task(c->view, c->options->args[0], &task, e);
	if (rc < 0)
		return rc;
	r.id = c->view->st.tasks[task].id;
	r.only = options_number(c->options, "attempt", 0);
	r.dir = c->view->dir;
	r.seq = c->view->st.last_seq;
	r.final = task_state_final(c->view->st.tasks[task].state);
	rc = show(&r, task, e);
	fd_close(&r.fd);
	buf_release(&r.line);
	return rc;
}

static const struct option_row logs_options[] = {
	{ .name = "follow",
	  .letter = 'f',
	  .kind = OPTION_FLAG,
	  .summary = "go on until the task has ended" },
	{ .name = "attempt",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "only the output of attempt N",
	  .min = 1 },
	{ .name = "lines",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "only the last N lines",
	  .min = 1,
	  .max = 1000000 },
	{ .name = "raw",
	  .kind = OPTION_FLAG,
	  .summary = "the bytes as they were written; not to a terminal" },
	{ .name = NULL },
};

const struct cmd cmd_logs = {
	.path = "logs",
	.summary = "show what a task printed",
	.usage = "[-f] [--attempt N] [--lines N] [--raw] TASK",
	.about = "Both output streams in the order in which they were written, attempts behind "
		 "each other. Control "
		 "characters are made visible, so nothing in the output can act on the terminal. A "
		 "task that went well without a word has no log, and nothing is shown.",
	.example = "sk logs unit\nsk logs -f unit\nsk logs --attempt 2 --lines 50 unit",
	.options = logs_options,
	.needs = NEED_VIEW,
	.args = ARG_TASK,
	.args_min = 1,
	.args_max = 1,
	.run = logs_run,
};
