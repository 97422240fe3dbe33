/*
 * A message is made of texts of its own, because state and batch go on changing while it waits. Its
 * standard input is a file in memory: writing it cannot block, however slowly it is read. Events of
 * one turn that have one cause are one message, the most severe of them: a critical task that takes
 * its workstream down must not ring twice.
 */
#include "daemon/notify_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/scan.h"
#include "base/when.h"
#include "core/task_def.h"
#include "os/fd.h"
#include "os/proc.h"

#define LOG_NAME "notify.log"
#define LOOK_MS 20 /* at the end of a run, when nobody tells of SIGCHLD */

extern char **environ;

static void notice_release(struct notice *one)
{
	buf_release(&one->argv);
	buf_release(&one->run);
	buf_release(&one->cwd);
	buf_release(&one->vars);
	buf_release(&one->json);
}

void notifier_init(struct notifier *n, const struct clock *clock, int state_fd)
{
	*n = (struct notifier){ .clock = clock, .state_fd = state_fd };
}

static void end_run(struct notice_run *run)
{
	kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		;
	run->pid = 0;
}

void notifier_release(struct notifier *n)
{
	for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++)
		if (n->running[i].pid)
			end_run(&n->running[i]);
	for (size_t i = 0; i < n->count; i++)
		notice_release(&n->queue[i]);
	mem_free(&n->queue);
	n->count = n->capacity = 0;
}

static void put_member(struct buf *json, struct buf *vars, const char *key, const char *var,
		       struct span value)
{
	if (!value.len)
		return;
	buf_putf(json, "%s\"%s\":", json->len > 1 ? "," : "", key);
	buf_put_json(json, value);
	if (memchr(value.p, '\0', value.len))
		return; /* no variable can hold it */
	buf_puts(vars, var);
	buf_put(vars, value.p, value.len);
	buf_putc(vars, '\0');
}

/* The event with the members by which such records are known. */
static void put_event(const struct event *ev, struct notice *out)
{
	CLEANUP(buf_release) struct buf seq = BUF_INIT;
	const struct event_row *row = &event_rows[ev->kind];
	char when[WHEN_TEXT_LEN];
	struct buf *json = &out->json, *vars = &out->vars;

	when_encode(ev->at_ms, when);
	buf_putf(&seq, "%llu", (unsigned long long)ev->seq);
	buf_puts(json, "{\"schema_version\":\"1.0.0\",\"seq\":");
	buf_put(json, seq.p, seq.len);
	buf_putf(vars, "SK_EVENT_SEQ=%s", seq.p);
	buf_putc(vars, '\0');
	put_member(json, vars, "timestamp",
		   "SK_EVENT_TIMESTAMP=", (struct span){ when, sizeof(when) });
	put_member(json, vars, "event", "SK_EVENT=", span_of(row->word));
	put_member(json, vars, "severity",
		   "SK_EVENT_SEVERITY=", span_of(severity_word(row->severity)));
	put_member(json, vars, "workstream_id", "SK_EVENT_WORKSTREAM_ID=", ev->workstream_id);
	put_member(json, vars, "task_id", "SK_EVENT_TASK_ID=", ev->task_id);
	put_member(json, vars, "worker_id", "SK_EVENT_WORKER_ID=", ev->worker_id);
	put_member(json, vars, "resource_id", "SK_EVENT_RESOURCE_ID=", ev->resource_id);
	put_member(json, vars, "error", "SK_EVENT_ERROR=", ev->error);
	if (ev->tasks.len)
		buf_putf(json, ",\"tasks\":%.*s", SPAN_ARG(ev->tasks));
	if (ev->failed_tasks.len)
		buf_putf(json, ",\"failed_tasks\":%.*s", SPAN_ARG(ev->failed_tasks));
	buf_puts(json, "}\n");
}

static void put_command(const struct command_def *def, struct notice *out)
{
	struct scan_text word;
	struct scan s;

	out->timeout_ms = def->timeout_ms;
	if (!def->argv.len) {
		scan_unescape(&out->run, def->run);
		buf_putc(&out->run, '\0');
		return;
	}
	scan_init(&s, def->argv);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &word);
		scan_unescape(&out->argv, word);
		buf_putc(&out->argv, '\0');
	}
}

static void put_cwd(struct span def, struct buf *out)
{
	struct scan_text key, cwd = { SPAN_NONE, false };
	struct scan s;

	scan_init(&s, def);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		if (span_is(key.raw, "cwd"))
			scan_string(&s, &cwd);
		else
			scan_skip(&s, NULL);
	}
	scan_unescape(out, cwd);
	buf_putc(out, '\0');
}

static void enqueue(struct notifier *n, const struct workstream *w, const struct event *ev)
{
	struct command_def def;
	struct notice one = { .seq = ev->seq };

	if (ws_def_notify(w->def, &def) != 1)
		return;
	if (n->count == NOTIFY_QUEUE_MAX) {
		n->dropped++;
		return;
	}
	put_command(&def, &one);
	put_cwd(w->def, &one.cwd);
	put_event(ev, &one);
	mem_grow(&n->queue, &n->capacity, n->count + 1, sizeof(*n->queue));
	n->queue[n->count++] = one;
}

/* By what all share. */
static bool concerned(const struct workstream *w, bool missed)
{
	return w->id.len && (missed ? !ws_state_final(w->state) : w->active);
}

/* Of a workstream: to its own. Of all: once to each different command of those that are at work. */
static void address(struct notifier *n, const struct state *st, const struct event *ev, bool missed)
{
	uint32_t ws = ev->workstream_id.len ? state_ws(st, ev->workstream_id) : NO_ID;

	if (ev->workstream_id.len) {
		if (ws != NO_ID)
			enqueue(n, &st->ws[ws], ev);
		return;
	}
	for (uint32_t i = 0; i < st->ws_count; i++) {
		bool known = !concerned(&st->ws[i], missed);

		for (uint32_t k = 0; k < i && !known; k++)
			known = concerned(&st->ws[k], missed) &&
				span_eq(st->ws[k].def, st->ws[i].def);
		if (!known)
			enqueue(n, &st->ws[i], ev);
	}
}

/* Which event of the batch has this number, or `otherwise`. */
static size_t find_event(const struct events *batch, uint64_t seq, size_t otherwise)
{
	size_t low = 0, high = batch->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (batch->v[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < batch->count && batch->v[low].seq == seq ? low : otherwise;
}

/*
 * What brought this event about, out of the same batch, or itself. The failure of a workstream
 * names no cause: it is the task of it that failed before.
 */
static size_t cause_of(const struct events *batch, size_t i)
{
	const struct event *ev = &batch->v[i];

	if (ev->caused_by)
		return ev->caused_by < ev->seq ? find_event(batch, ev->caused_by, i) : i;
	for (size_t k = i; ev->kind == EV_WS_FAILED && k-- > 0;)
		if (batch->v[k].kind == EV_TASK_FAILED &&
		    span_eq(batch->v[k].workstream_id, ev->workstream_id))
			return k;
	return i;
}

/* The first event of this batch in the chain of causes. */
static size_t root_of(const struct events *batch, size_t i)
{
	for (size_t cause = cause_of(batch, i); cause != i; cause = cause_of(batch, i))
		i = cause;
	return i;
}

void notifier_queue(struct notifier *n, const struct state *st, const struct events *batch,
		    bool missed)
{
	CLEANUP(mem_free) uint32_t *chosen = NULL; /* by root: the event to tell, and one more */
	bool any = false;

	for (size_t i = 0; i < batch->count && !any; i++)
		any = event_rows[batch->v[i].kind].severity >= SEVERITY_ERROR;
	if (!any)
		return;
	n->unkept = true;
	chosen = mem_zalloc(batch->count * sizeof(*chosen));
	for (size_t i = 0; i < batch->count; i++) {
		enum severity severity = event_rows[batch->v[i].kind].severity;
		size_t root = root_of(batch, i);

		if (severity >= SEVERITY_ERROR &&
		    (!chosen[root] ||
		     severity >= event_rows[batch->v[chosen[root] - 1].kind].severity))
			chosen[root] = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < batch->count; i++)
		if (chosen[i])
			address(n, st, &batch->v[chosen[i] - 1], missed);
}

void notifier_note(struct notifier *n, const struct state *st, const struct events *batch)
{
	if (batch->count)
		n->seen_seq = batch->v[batch->count - 1].seq;
	notifier_queue(n, st, batch, false);
}

static int open_log(const struct notifier *n)
{
	int fd =
		fd_open_at(n->state_fd, LOG_NAME, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0600);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_size > NOTIFY_LOG_BYTES_MAX && ftruncate(fd, 0) < 0)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* Appends the texts of a list, and NULL. */
static void add_texts(char ***v, size_t *count, size_t *capacity, const struct buf *list)
{
	for (size_t at = 0; at < list->len; at += strlen(list->p + at) + 1) {
		mem_grow(v, capacity, *count + 2, sizeof(**v));
		(*v)[(*count)++] = list->p + at;
	}
	mem_grow(v, capacity, *count + 1, sizeof(**v));
	(*v)[*count] = NULL;
}

static char **make_environment(const struct notice *one)
{
	size_t count = 0, capacity = 0;
	char **v = NULL;

	for (char **at = environ; *at; at++) {
		mem_grow(&v, &capacity, count + 2, sizeof(*v));
		v[count++] = *at;
	}
	add_texts(&v, &count, &capacity, &one->vars);
	return v;
}

static pid_t start(struct notifier *n, const struct notice *one)
{
	CLEANUP(fd_close) int input = fd_input((struct span){ one->json.p, one->json.len });
	CLEANUP(fd_close) int log = open_log(n);
	CLEANUP(mem_free) char **environment = make_environment(one);
	CLEANUP(mem_free) char **argv = NULL;
	char *shell[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", one->run.p, NULL };
	char path[PATH_MAX] = "/bin/sh";
	const char *cwd = one->cwd.len > 1 ? one->cwd.p : NULL, *list = getenv("PATH");
	enum proc_step step = PROC_STEP_CLONE;
	size_t count = 0, capacity = 0;
	struct proc_spawn s = { .path = path,
				.argv = shell,
				.envp = environment,
				.cwd = cwd,
				.stdin_fd = input,
				.stdout_fd = log,
				.stderr_fd = log,
				.cgroup_fd = -1,
				.dies_with_parent = true };
	int rc = input < 0 ? input : log < 0 ? log : 0;

	if (rc == 0 && one->argv.len) {
		add_texts(&argv, &count, &capacity, &one->argv);
		s.argv = argv;
		rc = proc_find_program(argv[0], list ? list : "/usr/bin:/bin", cwd, path,
				       sizeof(path));
	}
	return rc < 0 ? rc : proc_spawn(&s, &step);
}

static int told(struct notifier *n, struct err *e, const char *how)
{
	if (n->told)
		return 0;
	n->told = true;
	return err_set(e, -SK_EIO,
		       "notify: %s; the work goes on, and this is said only once. What it printed "
		       "is in " LOG_NAME " of the state folder",
		       how);
}

/* What has ended is reaped, what takes too long is killed. */
static int look_after(struct notifier *n, struct err *e)
{
	int64_t now_ms = clock_mono_ms(n->clock);
	int rc = 0;

	for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++) {
		struct notice_run *run = &n->running[i];
		int status = 0, found;

		if (!run->pid)
			continue;
		found = (int)waitpid(run->pid, &status, WNOHANG);
		n->unkept |= found != 0 || now_ms >= run->deadline_ms;
		if (found != 0) {
			run->pid = 0;
			if (found > 0 && status != 0 && rc == 0)
				rc = told(n, e, "the command failed");
		} else if (now_ms >= run->deadline_ms) {
			end_run(run);
			if (rc == 0)
				rc = told(n, e, "the command took too long and was killed");
		}
	}
	return rc;
}

int notifier_run(struct notifier *n, struct err *e)
{
	int rc = look_after(n, e);

	for (size_t i = 0; i < NOTIFY_RUNNING_MAX && n->count; i++) {
		struct notice one = n->queue[0];
		pid_t pid;

		if (n->running[i].pid)
			continue;
		memmove(n->queue, n->queue + 1, --n->count * sizeof(*n->queue));
		pid = start(n, &one);
		if (pid > 0)
			n->running[i] =
				(struct notice_run){ pid, clock_mono_ms(n->clock) + one.timeout_ms,
						     one.seq };
		else if (rc == 0)
			rc = told(n, e, "the command cannot be started");
		notice_release(&one);
	}
	if (n->dropped && rc == 0)
		rc = told(n, e, "more messages than can be sent: some were left out");
	notifier_keep(n, false);
	return rc;
}

static bool busy(const struct notifier *n)
{
	for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++)
		if (n->running[i].pid)
			return true;
	return n->count > 0;
}

int64_t notifier_due(const struct notifier *n)
{
	int64_t due_ms = notifier_keep_due(n);
	bool room = false;

	for (size_t i = 0; i < NOTIFY_RUNNING_MAX; i++) {
		room |= !n->running[i].pid;
		if (n->running[i].pid && n->running[i].deadline_ms < due_ms)
			due_ms = n->running[i].deadline_ms;
	}
	return n->count && room ? 0 : due_ms;
}

int notifier_finish(struct notifier *n, struct err *e)
{
	int64_t until_ms = clock_mono_ms(n->clock) + NOTIFY_STOP_MS;
	int rc = notifier_run(n, e);

	while (busy(n) && clock_mono_ms(n->clock) < until_ms) {
		int found;

		poll(NULL, 0, LOOK_MS);
		found = rc == 0 ? notifier_run(n, e) : notifier_run(n, NULL);
		rc = rc == 0 ? found : rc;
	}
	if (busy(n) && rc == 0)
		rc = told(n, e, "the last messages took too long and are left to the next start");
	notifier_keep(n, true);
	notifier_release(n);
	return rc;
}
