/*
 * Makes a state folder for the tests of reading commands, through the real core and store: what it
 *writes is what an orchestrator would have written. It reads a small script on stdin, one step a
 *line:
 *
 *	limit RESOURCE N                        a resource
 *	ws NAME PLAN MAX_PARALLEL               the workstream that follow-up tasks belong to
 *	task NAME DEF NEEDS                     DEF as in task_def.h without blanks, NEEDS a,b or -
 *	submit                                  hands all that over
 *	orchestrator                            a start is recorded
 *	worker NAME SLOTS CAPABILITIES          a worker registers; its process is this one
 *	start TASK / finish TASK EXIT MS [TEXT] / kill TASK SIGNAL MS / valid TASK EXIT
 *	cancel TASK BY REASON                   an operator's act
 *	interrupt                               a person interrupts the run
 *	cycle WS A:B B:A                        a workstream that was halted: A needs B, B needs A
 *	silent WORKER / lose WORKER             it does not answer; its process is gone
 *	pass MS                                 the clock moves on
 *	log TASK ATTEMPT TEXT                   a line of output, written as the worker does
 *	stop                                    a clean stop is recorded
 *	hold                                    takes the orchestrator's lock, says "held", waits
 *for the next line
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/apply.h"
#include "core/decide.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/vfs.h"
#include "store/store.h"

struct maker {
	int dir;
	struct vfs vfs;
	struct store *store;
	struct state st;
	int64_t now_ms;
	struct submission plan;
	struct lock lock;
};

static void give_up(const char *what, const char *detail)
{
	fprintf(stderr, "state_maker: %s: %s\n", what, detail);
	exit(1);
}

static void step(struct maker *m, const struct input *in)
{
	struct events batch = EVENTS_INIT;
	struct effects fx = { NULL, 0, 0 };
	struct buf why = BUF_INIT;
	struct err e = ERR_INIT;

	if (core_step(&m->st, in, m->now_ms, &batch, &fx, &why) < 0)
		give_up("refused", why.p ? why.p : "");
	if (store_commit(m->store, &batch, m->st.epoch, &e) < 0)
		give_up("commit", e.text);
	events_release(&batch);
	effects_release(&fx);
	buf_release(&why);
}

static void schedule(struct maker *m)
{
	struct input in = { .kind = IN_SCHEDULE };

	step(m, &in);
}

static char *word(char **rest)
{
	char *found = strsep(rest, " ");

	return found ? found : (char *)"";
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

static void add_limit(struct maker *m, char *rest)
{
	struct submission *s = &m->plan;
	struct resource_spec spec = { .name = arena_copy(&s->text, span_of(word(&rest))) };

	spec.limit = (uint32_t)number(word(&rest));
	s->resources = mem_realloc(s->resources, (s->resource_count + 1) * sizeof(spec));
	s->resources[s->resource_count++] = spec;
}

static void add_ws(struct maker *m, char *rest)
{
	struct submission *s = &m->plan;
	struct ws_spec spec = { .name = arena_copy(&s->text, span_of(word(&rest))) };

	spec.plan = arena_copy(&s->text, span_of(word(&rest)));
	spec.max_parallel = (uint32_t)number(word(&rest));
	spec.def = SPAN_LIT("{\"cwd\":\"/\"}");
	s->ws = mem_realloc(s->ws, (s->ws_count + 1) * sizeof(spec));
	s->ws[s->ws_count++] = spec;
}

static void add_task(struct maker *m, char *rest)
{
	struct submission *s = &m->plan;
	struct task_spec spec = { .name = arena_copy(&s->text, span_of(word(&rest))),
				  .selected = true };
	char *needs, *need;

	spec.def = arena_copy(&s->text, span_of(word(&rest)));
	spec.ws = s->ws_count - 1;
	spec.needs_at = s->needs_count;
	needs = word(&rest);
	while (strcmp(needs, "-") != 0 && (need = strsep(&needs, ",")) != NULL) {
		for (uint32_t i = 0; i < s->task_count; i++) {
			if (!span_is(s->tasks[i].name, need) || s->tasks[i].ws != spec.ws)
				continue;
			s->needs = mem_realloc(s->needs, (s->needs_count + 1) * sizeof(*s->needs));
			s->needs[s->needs_count++] = i;
			spec.needs_count++;
		}
		if (!needs)
			break;
	}
	s->tasks = mem_realloc(s->tasks, (s->task_count + 1) * sizeof(spec));
	s->tasks[s->task_count++] = spec;
}

static void submit(struct maker *m)
{
	struct input in = { .kind = IN_SUBMIT, .submission = &m->plan };

	step(m, &in);
	submission_release(&m->plan);
	m->plan = (struct submission)SUBMISSION_INIT;
}

static void orchestrator(struct maker *m)
{
	struct proc_identity self;
	struct input in = { .kind = IN_ORCHESTRATOR_STARTED, .version = SPAN_LIT("test") };

	proc_self(&self);
	in.pid = self.pid;
	in.pid_start = self.start;
	in.boot_id = span_of(self.boot_id);
	step(m, &in);
}

static void worker(struct maker *m, char *rest)
{
	struct proc_identity self;
	struct input in = { .kind = IN_WORKER_SPAWNED, .worker_id = span_of(word(&rest)) };

	step(m, &in);
	proc_self(&self);
	in.kind = IN_WORKER_REGISTERED;
	in.incarnation = m->st.workers[state_worker(&m->st, in.worker_id)].incarnation;
	in.slots = number(word(&rest));
	in.capabilities = span_of(word(&rest));
	in.pid = self.pid;
	in.pid_start = self.start;
	in.boot_id = span_of(self.boot_id);
	in.nonce = SPAN_LIT("00000000000000000000000000000000");
	in.version = SPAN_LIT("test");
	in.kill_mode = SPAN_LIT("sweep");
	step(m, &in);
	schedule(m);
}

/* The identity of the task's current attempt, as its worker would report it. */
static struct input report(struct maker *m, enum input_kind kind, const char *task)
{
	struct input in = { .kind = kind, .task_id = span_of(task) };
	uint32_t index = state_task(&m->st, in.task_id);
	const struct task *t;

	if (index == NO_ID || m->st.tasks[index].worker == NO_ID)
		give_up("is not with a worker", task);
	t = &m->st.tasks[index];
	in.attempt = t->attempt;
	in.worker_id = m->st.workers[t->worker].id;
	in.incarnation = m->st.workers[t->worker].incarnation;
	in.pid = 4242;
	return in;
}

static void finish(struct maker *m, enum outcome outcome, bool validation, char *rest)
{
	struct input in = report(m, IN_FINISHED, word(&rest));

	in.result.outcome = outcome;
	in.result.validation = validation;
	if (outcome == OUTCOME_EXIT)
		in.result.exit_code = (int64_t)number(word(&rest));
	else
		in.result.signal = number(word(&rest));
	in.result.duration_ms = number(word(&rest));
	if (rest)
		in.result.error = span_of(rest);
	step(m, &in);
	schedule(m);
}

static void cancel(struct maker *m, char *rest)
{
	struct input in = { .kind = IN_CANCEL_TASK, .task_id = span_of(word(&rest)) };

	in.operator_name = span_of(word(&rest));
	in.reason = span_of(rest ? rest : "because");
	step(m, &in);
}

static void interrupt(struct maker *m)
{
	struct input in = { .kind = IN_INTERRUPT,
			    .operator_name = SPAN_LIT("alice"),
			    .reason = SPAN_LIT("the run was interrupted") };

	step(m, &in);
}

/* Records one fact as it is: for what decide refuses today, but journals may hold. */
static void record(struct maker *m, struct events *batch, const char *edge, uint8_t to,
		   enum trigger on)
{
	struct event *ev = &batch->v[batch->count - 1];
	char why[200] = "";

	ev->seq = m->st.last_seq + 1;
	if (edge) {
		ev->transition = true;
		ev->edge = span_of(edge);
		ev->from = TASK_NO_STATE;
		ev->to = to;
		ev->trigger = (uint8_t)on;
	}
	if (core_apply(&m->st, ev, NULL, why) < 0)
		give_up("cannot follow", why);
}

static void cycle(struct maker *m, char *rest)
{
	struct events batch = EVENTS_INIT;
	struct span ws = arena_copy(&batch.text, span_of(word(&rest)));
	struct buf names = BUF_INIT, needs = BUF_INIT;
	struct err e = ERR_INIT;
	struct event *ev = events_add(&batch, EV_WS_CREATED, m->now_ms);
	char *task;

	ev->workstream_id = ws;
	ev->run_no = 1;
	record(m, &batch, "W1", WS_PLANNED, ON_WORKSTREAM_CREATED);
	while (*(task = word(&rest))) {
		const char *need = strchr(task, ':') + 1;

		ev = events_add(&batch, EV_TASK_CREATED, m->now_ms);
		ev->workstream_id = ws;
		ev->task_id =
			arena_copy(&batch.text, (struct span){ task, (size_t)(need - task) - 1 });
		ev->def = SPAN_LIT("{\"run\":\"true\"}");
		buf_truncate(&needs, 0);
		buf_putf(&needs, "[\"%s\"]", need);
		ev->needs = arena_copy(&batch.text, (struct span){ needs.p, needs.len });
		buf_putf(&names, "%s\"%s\"", names.len ? "," : "[", need);
		record(m, &batch, "T1", TASK_PENDING, ON_TASK_CREATED);
	}
	ev = events_add(&batch, EV_CYCLE_DETECTED, m->now_ms);
	ev->workstream_id = ws;
	buf_putc(&names, ']');
	ev->tasks = (struct span){ names.p, names.len };
	record(m, &batch, NULL, 0, ON_NONE);
	if (store_commit(m->store, &batch, m->st.epoch, &e) < 0)
		give_up("commit", e.text);
	buf_release(&names);
	buf_release(&needs);
	events_release(&batch);
}

static void about_worker(struct maker *m, enum input_kind kind, char *rest)
{
	struct input in = { .kind = kind, .worker_id = span_of(word(&rest)) };
	uint32_t worker = state_worker(&m->st, in.worker_id);

	if (worker == NO_ID)
		give_up("no such worker", in.worker_id.p);
	in.incarnation = m->st.workers[worker].incarnation;
	step(m, &in);
	schedule(m);
}

static void pass(struct maker *m, char *rest)
{
	struct input in = { .kind = IN_TIME };

	m->now_ms += (int64_t)number(word(&rest));
	step(m, &in);
	schedule(m);
}

static void put_log(struct maker *m, char *rest)
{
	char path[NAME_BYTES_MAX + 16];
	const char *task = word(&rest);
	int fd;

	mkdirat(m->dir, "logs", 0700);
	snprintf(path, sizeof(path), "logs/%.*s.log", NAME_BYTES_MAX, task);
	fd = openat(m->dir, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%s\n", rest ? rest : "") < 0)
		give_up("cannot write", path);
	close(fd);
}

static void hold(struct maker *m)
{
	if (lock_take(m->dir, "orchestrator.lock", "sk run test.yaml", &m->lock, NULL) < 0)
		give_up("lock", "taken");
	printf("held\n");
	fflush(stdout);
}

static void obey(struct maker *m, char *line)
{
	char *rest = line;
	const char *verb = word(&rest);
	struct input in;

	if (strcmp(verb, "limit") == 0)
		add_limit(m, rest);
	else if (strcmp(verb, "ws") == 0)
		add_ws(m, rest);
	else if (strcmp(verb, "task") == 0)
		add_task(m, rest);
	else if (strcmp(verb, "submit") == 0)
		submit(m);
	else if (strcmp(verb, "orchestrator") == 0)
		orchestrator(m);
	else if (strcmp(verb, "worker") == 0)
		worker(m, rest);
	else if (strcmp(verb, "start") == 0)
		in = report(m, IN_STARTED, word(&rest)), step(m, &in);
	else if (strcmp(verb, "finish") == 0)
		finish(m, OUTCOME_EXIT, false, rest);
	else if (strcmp(verb, "valid") == 0)
		finish(m, OUTCOME_EXIT, true, rest);
	else if (strcmp(verb, "kill") == 0)
		finish(m, OUTCOME_SIGNAL, false, rest);
	else if (strcmp(verb, "timeout") == 0)
		finish(m, OUTCOME_TIMEOUT, false, rest);
	else if (strcmp(verb, "cancel") == 0)
		cancel(m, rest);
	else if (strcmp(verb, "interrupt") == 0)
		interrupt(m);
	else if (strcmp(verb, "cycle") == 0)
		cycle(m, rest);
	else if (strcmp(verb, "silent") == 0)
		about_worker(m, IN_WORKER_SILENT, rest);
	else if (strcmp(verb, "lose") == 0)
		about_worker(m, IN_WORKER_LOST, rest);
	else if (strcmp(verb, "pass") == 0)
		pass(m, rest);
	else if (strcmp(verb, "log") == 0)
		put_log(m, rest);
	else if (strcmp(verb, "stop") == 0)
		in = (struct input){ .kind = IN_ORCHESTRATOR_STOPPED }, step(m, &in);
	else if (strcmp(verb, "hold") == 0)
		hold(m);
	else
		give_up("unknown step", verb);
}

int main(int argc, char **argv)
{
	struct maker m = { .plan = SUBMISSION_INIT, .lock = LOCK_INIT };
	struct store_report found;
	struct err e = ERR_INIT;
	char *line = NULL;
	size_t capacity = 0;

	if (argc != 3)
		give_up("usage", "state_maker STATE_DIR AGE_MS");
	mkdir(argv[1], 0700);
	m.dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m.dir < 0)
		give_up("cannot open", argv[1]);
	m.now_ms = clock_wall_ms(&clock_real) - (int64_t)number(argv[2]);
	state_init(&m.st);
	vfs_real_open(&m.vfs, m.dir);
	if (store_open(&m.vfs, 0, "00112233445566ff", m.now_ms, &m.st, &m.store, &found, &e) < 0)
		give_up("open", e.text);
	while (getline(&line, &capacity, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			obey(&m, line);
	}
	lock_release(&m.lock);
	store_close(m.store);
	state_release(&m.st);
	submission_release(&m.plan);
	vfs_real_close(&m.vfs);
	free(line);
	return 0;
}
