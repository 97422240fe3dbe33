/*
 * An attempt is a row of steps: before rules and the command, or after rules. A step is over when
 * its process has been reaped *and* nothing it started lives any more; only then is anything
 * reported, so "finished" means that nothing of it can still write to the repository. Whatever ends
 * a step (its own exit, its time limit, a cancel) goes the same way: TERM to all, a grace, KILL
 * until nothing is left. What does not end even then waits inside the kernel; it is named in the
 * report and given up, so that one dead network disk does not hold a slot for ever.
 */
#include "worker/worker_impl.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "os/fd.h"
#include "worker/output.h"

#define NEVER INT64_MAX
#define PAUSE_FIRST_US 1000
#define PAUSE_MAX_US 50000
#define EXIT_BAD_OUTPUT \
	65 /* EX_DATAERR: the command said 0, but what it wrote to SK_OUTPUT cannot be used */

void attempt_free(struct attempt *a)
{
	if (!a)
		return;
	buf_release(&a->line);
	buf_release(&a->scratch);
	mem_free(&a);
}

void attempt_report(struct worker_run *w, struct attempt *a)
{
	struct worker_msg m = { .kind = MSG_FINISHED,
				.task_id = a->task_id,
				.attempt = a->number,
				.workstream_id = a->workstream_id,
				.run_no = a->run_no };

	m.result = a->result;
	m.result.validation = a->validation;
	link_report(&w->link, &m, clock_mono_us(w->clock));
	attempt_free(a);
}

/* Reports an attempt that holds a slot, and frees the slot. */
static void finish(struct worker_run *w, struct attempt *a, enum outcome outcome, struct span error,
		   struct span outputs)
{
	a->result.outcome = outcome;
	a->result.error = error;
	a->result.outputs = outputs;
	attempt_close_log(w, a);
	w->slots[a->slot] = NULL;
	w->running--;
	attempt_report(w, a);
}

static const char *const phase_words[] = { "before", "main", "after" };

/* "before rule git_clean failed: " or nothing. */
static void put_rule(const struct attempt *a, struct buf *text)
{
	if (a->phase == PHASE_MAIN)
		return;
	buf_putf(text, "%s rule ", phase_words[a->phase]);
	buf_put_visible(text, a->rule_name);
	buf_puts(text, " failed: ");
}

static void log_unstarted(struct worker_run *w, const struct attempt *a, struct span why)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_puts(&text, "could not start: ");
	buf_put(&text, why.p, why.len);
	attempt_log_end(w, a, (struct span){ text.p, text.len });
}

static void finish_unstarted(struct worker_run *w, struct attempt *a, const struct buf *why)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	put_rule(a, &text);
	buf_put(&text, why->p, why->len);
	log_unstarted(w, a, (struct span){ text.p, text.len });
	finish(w, a, a->phase == PHASE_BEFORE ? OUTCOME_PRECHECK : OUTCOME_SPAWN_FAILED,
	       (struct span){ text.p, text.len }, SPAN_NONE);
}

static void report_started(struct worker_run *w, const struct attempt *a)
{
	struct worker_msg m = { .kind = MSG_STARTED,
				.task_id = a->task_id,
				.attempt = a->number,
				.workstream_id = a->workstream_id,
				.run_no = a->run_no,
				.pid = (uint64_t)a->pid,
				.at_ms = clock_wall_ms(w->clock) };

	link_report(&w->link, &m, a->begun_us);
}

/* A definition that cannot be read is our own mistake elsewhere, but the task must not hang because
 * of it. */
static void finish_unreadable(struct worker_run *w, struct attempt *a)
{
	static const struct span why = SPAN_LIT("the definition of the task cannot be read");

	log_unstarted(w, a, why);
	finish(w, a, OUTCOME_SPAWN_FAILED, why, SPAN_NONE);
}

/* Starts the step the attempt stands at, passing over phases without rules. */
static void run_step(struct worker_run *w, struct attempt *a)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct command_def def;
	int rc = task_def_command(a->def, phase_words[a->phase], a->rule, &def);

	if (rc == 0 && a->phase == PHASE_BEFORE) {
		a->phase = PHASE_MAIN;
		a->rule = 0;
		rc = task_def_command(a->def, phase_words[a->phase], a->rule, &def);
	}
	if (rc == 0 && a->phase == PHASE_AFTER) {
		finish(w, a, OUTCOME_EXIT, SPAN_NONE, SPAN_NONE);
		return;
	}
	if (rc != 1) {
		finish_unreadable(w, a);
		return;
	}
	a->rule_name = def.name;
	a->timeout_ms = a->phase == PHASE_MAIN && a->limit_ms ? a->limit_ms : def.timeout_ms;
	a->stage = STAGE_RUN;
	a->ending = END_BY_ITSELF;
	a->main_gone = false;
	a->left_most = 0;
	a->outputs_before = w->outputs;
	a->pid = attempt_spawn(w, a, &def, &why);
	a->begun_us = clock_mono_us(w->clock);
	a->deadline_us = a->timeout_ms > 0 ? a->begun_us + a->timeout_ms * 1000 : NEVER;
	a->poll_us = NEVER;
	a->log_due_us = a->begun_us + LOG_NAME_AFTER_MS * 1000;
	if (a->pid < 0) {
		finish_unstarted(w, a, &why);
		return;
	}
	if (a->phase == PHASE_MAIN)
		report_started(w, a);
}

/* What went wrong, from the step's status and the last lines of its log. */
static void put_failure(struct worker_run *w, const struct attempt *a, bool abandoned,
			struct buf *text)
{
	CLEANUP(buf_release) struct buf tail = BUF_INIT;
	CLEANUP(fd_close) int log_fd = attempt_open_log(w, a);

	put_rule(a, text);
	if (a->ending == END_TIMEOUT && a->phase != PHASE_MAIN) {
		buf_puts(text, "ended after its time limit of ");
		buf_put_duration(text, a->timeout_ms);
	} else if (a->phase != PHASE_MAIN && WIFEXITED(a->status)) {
		buf_putf(text, "exit %d", WEXITSTATUS(a->status));
	} else if (a->phase != PHASE_MAIN) {
		buf_putf(text, "signal %d", WTERMSIG(a->status));
	}
	if (abandoned)
		buf_putf(text,
			 "%s%u process(es) do not end even by SIGKILL: they wait inside the kernel",
			 text->len ? "; " : "", tree_left(&w->tree, a->slot));
	if (log_fd >= 0)
		output_tail(log_fd, &tail);
	if (tail.len && text->len)
		buf_puts(text, ": ");
	buf_put(text, tail.p, tail.len);
}

/* An end that its output does not tell. One by exit code is left to the journal, so that the log of
 * an ordinary end costs nothing. */
static void log_ending(struct worker_run *w, const struct attempt *a)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (a->ending == END_CANCEL || a->cancelled) {
		buf_puts(&text, "cancelled");
	} else if (a->ending == END_TIMEOUT) {
		buf_puts(&text, "timed out after ");
		if (a->timeout_ms % 1000)
			buf_put_duration(&text, a->timeout_ms);
		else
			buf_putf(&text, "%llds", (long long)a->timeout_ms / 1000);
		buf_puts(&text, ": ended");
	} else if (WIFSIGNALED(a->status)) {
		buf_putf(&text, "killed by signal %d", WTERMSIG(a->status));
	}
	if (text.len)
		attempt_log_end(w, a, (struct span){ text.p, text.len });
}

/* The outcome of the last step. */
static enum outcome judge(struct attempt *a)
{
	if (a->ending == END_CANCEL)
		return OUTCOME_KILLED;
	if (a->ending == END_TIMEOUT)
		return OUTCOME_TIMEOUT;
	if (!WIFEXITED(a->status)) {
		a->result.signal = (uint64_t)WTERMSIG(a->status);
		return OUTCOME_SIGNAL;
	}
	a->result.exit_code = WEXITSTATUS(a->status);
	return OUTCOME_EXIT;
}

static void finish_main(struct worker_run *w, struct attempt *a, struct buf *text)
{
	CLEANUP(buf_release) struct buf outputs = BUF_INIT, name = BUF_INIT;

	output_folder_look(w->outputs_fd, clock_mono_us(w->clock), &w->outputs);
	if (!output_folder_same(&a->outputs_before, &w->outputs))
		attempt_output_name(a, &name);
	if (name.len && output_read(w->outputs_fd, name.p, &outputs, text) < 0) {
		a->result.exit_code = EXIT_BAD_OUTPUT;
		attempt_log_end(w, a, (struct span){ text->p, text->len });
	}
	finish(w, a, OUTCOME_EXIT, (struct span){ text->p, text->len },
	       (struct span){ outputs.p, outputs.len });
}

/* The step's processes are all gone, or given up. */
static void step_over(struct worker_run *w, struct attempt *a, bool abandoned)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	enum outcome outcome;
	bool good;

	if (a->stage != STAGE_RUN)
		w->ending--;
	if (a->phase != PHASE_BEFORE || a->ending != END_BY_ITSELF || a->cancelled)
		a->result.duration_ms += (uint64_t)(clock_mono_us(w->clock) - a->begun_us) / 1000;
	a->result.leftovers += a->left_most;
	outcome = judge(a);
	good = outcome == OUTCOME_EXIT && a->result.exit_code == 0 && !abandoned;
	attempt_log_step(w, a, good);
	if (!good)
		put_failure(w, a, abandoned, &text);
	if (!good || (a->cancelled && a->phase != PHASE_MAIN))
		log_ending(w, a);
	tree_over(&w->tree, a->slot, abandoned);
	if (good && a->phase == PHASE_MAIN) {
		finish_main(w, a, &text);
	} else if (good && !a->cancelled) {
		a->rule++;
		run_step(w, a);
	} else if (good) {
		finish(w, a, OUTCOME_KILLED, SPAN_NONE, SPAN_NONE);
	} else {
		CLEANUP(buf_release) struct buf name = BUF_INIT;

		attempt_output_name(a, &name);
		if (a->phase == PHASE_MAIN)
			output_remove(w->outputs_fd, name.p);
		if (a->phase == PHASE_BEFORE && outcome != OUTCOME_KILLED)
			outcome = OUTCOME_PRECHECK;
		finish(w, a, outcome, (struct span){ text.p, text.len }, SPAN_NONE);
	}
}

/* Sends TERM to everything and arms the KILL behind it. */
static void begin_ending(struct worker_run *w, struct attempt *a, int64_t grace_ms)
{
	int64_t now_us = clock_mono_us(w->clock);
	unsigned told;

	a->stage = STAGE_TERM;
	a->deadline_us = now_us + grace_ms * 1000;
	a->pause_us = PAUSE_FIRST_US;
	a->poll_us = now_us + a->pause_us;
	w->ending++;
	told = tree_signal(&w->tree, a->slot, SIGTERM);
	if (a->main_gone && told > a->left_most)
		a->left_most = told;
}

/* Looks whether the step is over; called when its process is gone, and again while what it left
 * behind is ended. */
static void look(struct worker_run *w, struct attempt *a)
{
	unsigned left;

	if (!a->main_gone)
		return;
	left = tree_left(&w->tree, a->slot);
	if (left - w->tree.undecided > a->left_most)
		a->left_most = left - w->tree.undecided;
	if (left == 0)
		step_over(w, a, false);
	else if (a->stage == STAGE_RUN)
		begin_ending(w, a, LEFTOVER_GRACE_MS);
}

static void tick_ending(struct worker_run *w, struct attempt *a, int64_t now_us)
{
	struct attempt **place = &w->slots[a->slot];
	struct attempt *before = a;

	look(w, a);
	if (*place != before || a->stage == STAGE_RUN)
		return; /* it is over, or at its next step */
	if (now_us >= a->deadline_us && a->stage == STAGE_KILL) {
		step_over(w, a, true);
		return;
	}
	if (now_us >= a->deadline_us) {
		a->stage = STAGE_KILL;
		a->deadline_us = now_us + KILL_GRACE_MS * 1000;
		a->pause_us = PAUSE_FIRST_US;
	}
	if (a->stage == STAGE_KILL)
		tree_kill(&w->tree, a->slot);
	a->pause_us = a->pause_us * 2 > PAUSE_MAX_US ? PAUSE_MAX_US : a->pause_us * 2;
	a->poll_us = now_us + a->pause_us;
}

static void tick_log(struct worker_run *w, struct attempt *a, int64_t now_us, int64_t *next_us)
{
	if (now_us >= a->log_due_us) {
		attempt_show_log(w, a, false);
		a->log_due_us = attempt_hides_log(w, a) ? now_us + LOG_COPY_MS * 1000 : NEVER;
	}
	if (a->log_due_us < *next_us)
		*next_us = a->log_due_us;
}

void attempts_tick(struct worker_run *w, int64_t *next_us)
{
	int64_t now_us = clock_mono_us(w->clock);

	for (unsigned i = 0; i < w->slot_count; i++) {
		struct attempt *a = w->slots[i];

		if (a && a->stage == STAGE_RUN && now_us >= a->deadline_us) {
			a->ending = END_TIMEOUT;
			begin_ending(w, a, w->grace_ms);
		} else if (a && a->stage != STAGE_RUN &&
			   (now_us >= a->poll_us || now_us >= a->deadline_us)) {
			tick_ending(w, a, now_us);
		}
		a = w->slots[i];
		if (a)
			tick_log(w, a, now_us, next_us);
		if (a && a->deadline_us < *next_us)
			*next_us = a->deadline_us;
		if (a && a->poll_us < *next_us)
			*next_us = a->poll_us;
	}
}

static struct attempt *find_pid(const struct worker_run *w, pid_t pid)
{
	for (unsigned i = 0; i < w->slot_count; i++)
		if (w->slots[i] && w->slots[i]->pid == pid && !w->slots[i]->main_gone)
			return w->slots[i];
	return NULL;
}

static void note_exit(struct worker_run *w, struct attempt *a, int status,
		      const struct rusage *used)
{
	struct result *r = &a->result;

	a->main_gone = true;
	a->status = status;
	tree_main_gone(&w->tree, a->slot);
	r->cpu_ms += (uint64_t)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000 +
		     (uint64_t)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) / 1000;
	if ((uint64_t)used->ru_maxrss > r->peak_kb)
		r->peak_kb = (uint64_t)used->ru_maxrss;
}

void attempts_reap(struct worker_run *w)
{
	struct rusage used;
	bool mains = false;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
		struct attempt *a = find_pid(w, pid);

		if (a)
			note_exit(w, a, status, &used);
		mains |= a != NULL;
	}
	if (!mains && w->ending == 0)
		return;
	/* All are reaped before any is looked at: a zombie of one task is no leftover of another.
	 */
	for (unsigned i = 0; i < w->slot_count; i++)
		if (w->slots[i] && w->slots[i]->main_gone)
			look(w, w->slots[i]);
}

void attempt_cancel(struct worker_run *w, struct attempt *a)
{
	a->cancelled = true;
	if (a->stage != STAGE_RUN || a->main_gone)
		return; /* it ends already; a second cancel changes nothing */
	a->ending = END_CANCEL;
	begin_ending(w, a, w->grace_ms);
}

static struct attempt *list_take(struct attempt_list *l)
{
	struct attempt *a = l->first;

	l->first = a->next;
	if (!l->first)
		l->end = &l->first;
	l->count--;
	a->next = NULL;
	return a;
}

static void start(struct worker_run *w, struct attempt *a, unsigned slot)
{
	a->slot = slot;
	w->slots[slot] = a;
	w->running++;
	if (a->refusal.len) {
		log_unstarted(w, a, a->refusal);
		finish(w, a, OUTCOME_SPAWN_FAILED, a->refusal, SPAN_NONE);
		return;
	}
	if (attempt_read_def(a) < 0) {
		finish_unreadable(w, a);
		return;
	}
	a->phase = a->validation ? PHASE_AFTER : a->has_before ? PHASE_BEFORE : PHASE_MAIN;
	run_step(w, a);
}

void attempts_start(struct worker_run *w)
{
	unsigned slot = 0;

	while (w->running < w->slots_wanted && worker_waiting(w) > 0) {
		while (w->slots[slot])
			slot = (slot + 1) % w->slot_count;
		start(w, list_take(w->validations.count ? &w->validations : &w->waiting), slot);
	}
}
