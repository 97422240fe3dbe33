/*
 * What workers say, and what follows. Reports may be late, repeated or about something that was
 * taken away meanwhile: task, attempt and incarnation must all fit, else the report is recorded as
 * stale and changes nothing.
 */
#include "core/turn.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/limits.h"

#define SIGNAL_KILL 9

/*
 * A new run counts its attempts from the beginning, and may give the id of a task to another
 * workstream. A report of the run before may still be on its way then.
 */
static bool same_run(const struct workstream *w, const struct input *in)
{
	return !in->run_no || (in->run_no == w->run_no && span_eq(in->workstream_id, w->id));
}

/* The task a report is about, or NO_ID when the report is stale (which is then recorded). */
static uint32_t report_subject(struct turn *t, const struct input *in)
{
	uint32_t task = state_task(t->st, in->task_id);
	const struct task *subject = task == NO_ID ? NULL : &t->st->tasks[task];
	const struct worker *w =
		!subject || subject->worker == NO_ID ? NULL : &t->st->workers[subject->worker];
	struct event *ev;

	if (w && subject->attempt == in->attempt && w->incarnation == in->incarnation &&
	    span_eq(w->id, in->worker_id) && same_run(&t->st->ws[subject->ws], in))
		return task;
	ev = turn_event(t, EV_STALE_RESULT_IGNORED);
	ev->task_id = turn_copy(t, in->task_id);
	ev->worker_id = turn_copy(t, in->worker_id);
	ev->attempt = in->attempt;
	ev->incarnation = in->incarnation;
	turn_apply(t);
	return NO_ID;
}

static void start_task(struct turn *t, uint32_t task, uint64_t pid)
{
	struct event *ev = turn_task_move(t, task, ON_WORKER_STARTED);

	INVARIANT(ev != NULL);
	ev->worker_id = t->st->workers[t->st->tasks[task].worker].id;
	ev->pid = pid;
	turn_apply(t);
}

void turn_started(struct turn *t, const struct input *in)
{
	uint32_t task = report_subject(t, in);

	if (task != NO_ID && t->st->tasks[task].state == TASK_QUEUED)
		start_task(t, task, in->pid);
}

/*
 * 2^n seconds, or base * 2^(n-1), with n retries counted already; +/-50 % when asked; at most
 * RETRY_DELAY_MAX_MS. The spread ends at that limit instead of being cut there: many tasks that
 * wait long would else all come back at the same moment.
 */
static int64_t retry_delay_ms(const struct task *task, unsigned retry_count)
{
	uint64_t delay = task->backoff_ms ? task->backoff_ms : 2000, low, high;

	for (unsigned i = 1; i < retry_count && delay < RETRY_DELAY_MAX_MS; i++)
		delay *= 2;
	if (delay > RETRY_DELAY_MAX_MS)
		delay = RETRY_DELAY_MAX_MS;
	if (!(task->flags & TASK_JITTER))
		return (int64_t)delay;
	low = delay / 2;
	high = low + delay < RETRY_DELAY_MAX_MS ? low + delay : RETRY_DELAY_MAX_MS;
	return (int64_t)(low + hash64(task->id.p, task->id.len, task->attempt) % (high - low + 1));
}

/* A worker may report any number; what is recorded fits what the state keeps. */
static void put_result(struct event *ev, const struct result *r)
{
	ev->exit_code = r->exit_code == (int32_t)r->exit_code ? r->exit_code : -1;
	ev->signal = r->signal < UINT8_MAX ? r->signal : UINT8_MAX;
	ev->duration_ms = r->duration_ms;
	ev->cpu_ms = r->cpu_ms;
	ev->peak_kb = r->peak_kb;
	ev->leftovers = r->leftovers;
}

static const char *signal_name(uint64_t signal)
{
	static const char *const names[] = {
		[1] = "HUP",   [2] = "INT",   [3] = "QUIT",  [4] = "ILL",   [6] = "ABRT",
		[7] = "BUS",   [8] = "FPE",   [9] = "KILL",  [11] = "SEGV", [13] = "PIPE",
		[14] = "ALRM", [15] = "TERM", [24] = "XCPU", [25] = "XFSZ", [31] = "SYS"
	};

	return signal < ARRAY_LEN(names) && names[signal] ? names[signal] : "?";
}

/* What went wrong, for people: the kind of end, then what the worker found worth quoting. */
static struct span result_error(struct turn *t, const struct task *task, const struct result *r)
{
	const char *colon = r->error.len ? ": " : "";

	switch (r->outcome) {
	case OUTCOME_SIGNAL:
		return turn_text(t, "killed by signal %d (%s)%s%.*s", (int)r->signal,
				 signal_name(r->signal), colon, SPAN_ARG(r->error));
	case OUTCOME_TIMEOUT:
		return turn_text(t, "timed out after %g s%s%.*s", task->timeout_ms / 1000.0, colon,
				 SPAN_ARG(r->error));
	case OUTCOME_PRECHECK:
	case OUTCOME_SPAWN_FAILED:
		return turn_copy(t, r->error.len ? r->error : SPAN_LIT("could not be started"));
	default:
		return turn_text(t, "exit code %d%s%.*s", (int)r->exit_code, colon,
				 SPAN_ARG(r->error));
	}
}

static void put_retry(const struct turn *t, struct event *ev, const struct task *subject)
{
	ev->retry_count = subject->retry_count + 1u;
	ev->retry_at_ms = t->now_ms + retry_delay_ms(subject, subject->retry_count + 1u);
}

static void fail_or_retry(struct turn *t, uint32_t task, const struct result *r, enum trigger on)
{
	const struct task *subject = &t->st->tasks[task];
	struct span error = result_error(t, subject, r);
	struct event *ev = turn_task_move(t, task, on);

	INVARIANT(ev != NULL);
	ev->error = error;
	put_result(ev, r);
	if (ev->to == TASK_RETRYING)
		put_retry(t, ev, subject);
	turn_apply(t);
}

/* It was told to end before the plan was run again; now that it has ended, it can. */
static void run_again(struct turn *t, uint32_t task)
{
	struct event *ev = turn_task_move(t, task, ON_MANUAL_RETRY);

	INVARIANT(ev != NULL);
	ev->reason = SPAN_LIT("the plan was run again");
	turn_apply(t);
	t->st->tasks[task].flags &= (uint16_t)~TASK_AGAIN;
}

/* Back to pending, as the rollback wanted it; what never began needs no end of its own. */
static void finish_restored(struct turn *t, uint32_t task)
{
	const struct task *subject = &t->st->tasks[task];
	uint64_t retry_count = subject->retry_count;
	struct event *ev = turn_task_move(t, task, ON_WORKSTREAM_ROLLBACK);

	INVARIANT(ev != NULL);
	if (ev->to == TASK_CANCELLED) {
		turn_apply(t);
		ev = turn_task_move(t, task, ON_ROLLBACK_RESTORE);
		INVARIANT(ev != NULL);
	}
	ev->retry_count = retry_count;
	turn_apply(t);
}

/* The attempt ended because we wanted it to end. */
static void finish_cancelled(struct turn *t, uint32_t task)
{
	const struct task *subject = &t->st->tasks[task];
	bool ws_failed = t->st->ws[subject->ws].state == WS_FAILED;
	struct event *ev;

	if (subject->flags & TASK_RESTORE && !ws_state_final(t->st->ws[subject->ws].state)) {
		finish_restored(t, task);
		return;
	}
	ev = turn_task_move(t, task, ws_failed ? ON_WORKSTREAM_FAILED : ON_USER_CANCELLED);
	INVARIANT(ev != NULL);
	ev->reason = subject->reason;
	ev->waive = subject->flags & TASK_WAIVES ? 1 : 0;
	turn_apply(t);
	if (subject->flags & TASK_AGAIN && !ws_failed && !t->st->draining)
		run_again(t, task);
}

/* The attempt is lost through no fault of its own: done again, without using up a retry. */
static void lose_attempt(struct turn *t, uint32_t task, const char *error)
{
	const struct task *subject = &t->st->tasks[task];
	struct event *ev;

	if (subject->flags & TASK_CANCELLING) {
		finish_cancelled(t, task);
		return;
	}
	ev = turn_task_move(t, task, ON_WORKER_LOST);
	if (!ev)
		return; /* validating: its rules are run again by the next worker, no transition */
	ev->error = span_of(error);
	if (ev->to == TASK_RETRYING) {
		ev->reassign_count = subject->state == TASK_RUNNING ? subject->reassign_count + 1u
								    : subject->reassign_count;
		ev->retry_at_ms = t->now_ms;
	}
	turn_apply(t);
}

static void finish_validation(struct turn *t, uint32_t task, const struct result *r)
{
	const struct task *subject = &t->st->tasks[task];
	struct span error;
	struct event *ev;

	if (r->outcome == OUTCOME_EXIT && r->exit_code == 0) {
		INVARIANT(turn_task_move(t, task, ON_VALIDATION_PASSED) != NULL);
		turn_apply(t);
		return;
	}
	if (subject->flags & TASK_CANCELLING) {
		finish_cancelled(t, task);
		return;
	}
	error = r->error.len ? turn_copy(t, r->error) : result_error(t, subject, r);
	ev = turn_task_event(t, EV_VALIDATION_FAILED, task);
	ev->attempt = subject->attempt;
	ev->exit_code = r->exit_code;
	ev->signal = r->signal;
	ev->error = error;
	t->cause = turn_apply(t);
	ev = turn_task_move(t, task, ON_VALIDATION_FAILED);
	INVARIANT(ev != NULL);
	ev->error = error;
	put_result(ev, r);
	turn_apply(t);
}

static void finish_well(struct turn *t, uint32_t task, const struct result *r)
{
	struct event *ev = turn_task_move(t, task, ON_EXECUTION_COMPLETED);

	INVARIANT(ev != NULL);
	put_result(ev, r);
	ev->outputs = turn_copy(t, r->outputs);
	turn_apply(t);
	if (t->st->tasks[task].flags & TASK_HAS_AFTER)
		return; /* the row's effect has the after rules run */
	INVARIANT(turn_task_move(t, task, ON_VALIDATION_PASSED) != NULL);
	turn_apply(t);
}

static void finish_timeout(struct turn *t, uint32_t task, const struct result *r)
{
	const struct task *subject = &t->st->tasks[task];
	struct event *ev = turn_task_event(t, EV_TASK_TIMEOUT, task);

	ev->attempt = subject->attempt;
	ev->timeout_ms = subject->timeout_ms;
	t->cause = turn_apply(t);
	fail_or_retry(t, task, r, ON_TASK_TIMEOUT);
}

void turn_finished(struct turn *t, const struct input *in)
{
	const struct result *r = &in->result;
	uint32_t task = report_subject(t, in);
	const struct task *subject;

	if (task == NO_ID)
		return;
	subject = &t->st->tasks[task];
	if (r->validation != (subject->state == TASK_VALIDATING)) {
		if (!r->validation)
			return; /* the command's end, repeated; registering saw to its rules */
		lose_attempt(t, task, "the worker reported rules of a command that had not ended");
		return;
	}
	if (r->validation && r->outcome != OUTCOME_KILLED) {
		finish_validation(t, task, r);
		return;
	}
	if (subject->state == TASK_QUEUED && r->outcome <= OUTCOME_TIMEOUT)
		start_task(t, task, 0);
	if (r->outcome == OUTCOME_KILLED)
		lose_attempt(t, task, "the worker ended it");
	else if (r->outcome == OUTCOME_EXIT && r->exit_code == 0)
		finish_well(t, task, r);
	else if (subject->flags & TASK_CANCELLING)
		finish_cancelled(t, task);
	else if (r->outcome == OUTCOME_TIMEOUT)
		finish_timeout(t, task, r);
	else
		fail_or_retry(t, task, r,
			      subject->state == TASK_QUEUED ? ON_PRECHECK_FAILED
							    : ON_EXECUTION_FAILED);
}

void turn_unknown_to_worker(struct turn *t, const struct input *in)
{
	uint32_t task = state_task(t->st, in->task_id);
	const struct task *subject = task == NO_ID ? NULL : &t->st->tasks[task];

	if (!subject || subject->worker == NO_ID || subject->attempt != in->attempt)
		return;
	if (subject->state == TASK_RUNNING || subject->flags & TASK_CANCELLING) {
		lose_attempt(t, task, "its worker knows nothing of it");
		return;
	}
	/* Never arrived: the very same assignment is sent again. */
	effects_add(t->fx,
		    (struct effect){ subject->state == TASK_VALIDATING ? FX_VALIDATE : FX_ASSIGN,
				     task, subject->ws, subject->worker, subject->attempt });
}

/* The operator ended its worker and did not want it done elsewhere: an end like any bad one. */
static void fail_attempt(struct turn *t, uint32_t task)
{
	const struct task *subject = &t->st->tasks[task];
	struct event *ev;

	if (subject->state != TASK_RUNNING || subject->flags & TASK_CANCELLING) {
		lose_attempt(t, task, "its worker was shut down by force");
		return;
	}
	ev = turn_task_move(t, task, ON_EXECUTION_FAILED);
	INVARIANT(ev != NULL);
	ev->error = SPAN_LIT("its worker was shut down by force");
	ev->signal = SIGNAL_KILL;
	if (ev->to == TASK_RETRYING)
		put_retry(t, ev, subject);
	turn_apply(t);
}

void turn_worker_gone(struct turn *t, const struct input *in, enum trigger on)
{
	bool failed;
	uint32_t worker = state_worker(t->st, in->worker_id);
	const struct worker *w;
	uint32_t *tasks;
	size_t count;
	struct event *ev;

	if (worker == NO_ID || t->st->workers[worker].incarnation != in->incarnation ||
	    t->st->workers[worker].state == WORKER_SHUTDOWN)
		return;
	w = &t->st->workers[worker];
	count = w->assigned;
	tasks = mem_alloc(count * sizeof(*tasks));
	if (count)
		memcpy(tasks, w->tasks, count * sizeof(*tasks));
	failed = w->leave & LEAVE_FORCED && !(w->leave & LEAVE_REASSIGN);
	if (w->leave & LEAVE_FORCED)
		on = ON_FORCE_SHUTDOWN;
	for (size_t i = 0; i < count; i++) {
		if (failed)
			fail_attempt(t, tasks[i]);
		else
			lose_attempt(t, tasks[i], "its worker is gone");
	}
	mem_free(&tasks);
	ev = turn_worker_move(t, worker, on);
	if (!ev)
		ev = turn_worker_move(t, worker, ON_FORCE_SHUTDOWN);
	INVARIANT(ev != NULL);
	ev->reason = turn_copy(t, in->reason);
	turn_apply(t);
}

static void request_end(struct turn *t, uint32_t task, const struct input *in)
{
	struct event *ev = turn_task_event(t, EV_TASK_CANCEL_REQUESTED, task);

	ev->attempt = t->st->tasks[task].attempt;
	ev->operator_name = turn_copy(t, in->operator_name);
	ev->reason = turn_copy(t, in->reason);
	ev->waive = in->waive;
	turn_apply(t);
}

int turn_cancel_task(struct turn *t, const struct input *in)
{
	uint32_t task = state_task(t->st, in->task_id);
	unsigned asked = task == NO_ID ? 0 : t->st->tasks[task].flags;
	struct event *ev;

	if (task == NO_ID) {
		if (t->why)
			buf_putf(t->why, "there is no task \"%.*s\"", SPAN_ARG(in->task_id));
		return -SK_ENOTFOUND;
	}
	if (t->st->tasks[task].worker != NO_ID) {
		/* An end that was asked for already may still be made one that others go on after.
		 */
		if (!(asked & TASK_CANCELLING) || (in->waive && !(asked & TASK_WAIVES)))
			request_end(t, task, in);
		return 0;
	}
	ev = turn_task_move(t, task, ON_USER_CANCELLED);
	if (!ev) {
		if (t->why)
			buf_putf(t->why, "task \"%.*s\" is %s", SPAN_ARG(in->task_id),
				 task_state_word(t->st->tasks[task].state));
		return -SK_EREFUSED;
	}
	ev->operator_name = turn_copy(t, in->operator_name);
	ev->reason = turn_copy(t, in->reason);
	ev->waive = in->waive;
	turn_apply(t);
	return 0;
}

void turn_interrupt(struct turn *t, const struct input *in)
{
	for (size_t i = 0; i < t->st->worker_count; i++) {
		for (size_t k = 0; k < t->st->workers[i].assigned; k++) {
			uint32_t task = t->st->workers[i].tasks[k];

			if (!(t->st->tasks[task].flags & TASK_CANCELLING) &&
			    t->st->ws[t->st->tasks[task].ws].active)
				request_end(t, task, in);
		}
	}
}
