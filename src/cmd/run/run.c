/*
 * The main job: a plan to its end, whatever is killed on the way. The command is thin: it feeds the
 * plan and the signals of a person into an orchestrator and shows what was committed. Everything
 * that must survive is below.
 */
#include "cmd/run/background.h"
#include "cmd/cmd.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/run/live.h"
#include "cmd/task/remains.h"
#include "cmd/run/run_beside.h"
#include "cmd/run/run_names.h"
#include "cmd/run/run_plan.h"
#include "cmd/run/run_say.h"
#include "cmd/run/run_summary.h"
#include "cmd/run/served.h"
#include "cmd/run/timing.h"
#include "core/submit_find.h"
#include "daemon/orchestrator.h"
#include "os/clock.h"
#include "os/fd.h"
#include "cmd/view.h"

#define LOOK_AGAIN_MS 10

struct run {
	struct cmd_ctx *c;
	struct run_request request;
	struct orchestrator *orchestrator;
	struct served_by served;
	struct orchestrator_start start, said;
	struct submit_report report; /* what was found before anything began */
	struct live live;
	int state_fd, logs_fd;
	unsigned interrupts; /* 0 go on, 1 drain, 2 cancel */
	enum exit_code interrupted_by;
};

static void on_committed(void *ctx, const struct state *st, const struct events *batch)
{
	struct run *r = ctx;

	event_range_add_batch(&r->c->done->tasks, batch);
	live_events(&r->live, st, batch);
}

static void on_trouble(void *ctx, const char *sentence)
{
	struct run *r = ctx;

	live_say(&r->live, "%s", sentence);
}

static int open_state(struct run *r, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	r->state_fd = paths_open(r->c->paths, true, &why);
	if (r->state_fd < 0)
		return view_paths_problem(r->state_fd, &why, e);
	r->logs_fd = paths_open_inside(r->state_fd, "logs", true, &why);
	return r->logs_fd < 0 ? view_paths_problem(r->logs_fd, &why, e) : 0;
}

/* The plan against the state, under the lock: what is refused here leaves no trace. */
static int admit(void *ctx, const struct state *st, struct err *e)
{
	struct run *r = ctx;

	if (submit_check(st, &r->request.submission, r->request.flags, &r->report) < 0)
		return run_refuse_changes(&r->request, &r->report, e);
	return 0;
}

static int64_t exhausted_after_ms(const struct run *r)
{
	int64_t ms = (int64_t)options_number(r->c->options, "exhausted-after", EXHAUSTED_AFTER_MS);

	return ms ? ms : EXHAUSTED_AT_ONCE;
}

static int open_orchestrator(struct run *r, struct err *e)
{
	struct orchestrator_observer observer = { r, on_committed, on_trouble };
	struct orchestrator_options options = { .state_fd = r->state_fd,
						.state_dir = r->c->paths->state_dir,
						.program = "/proc/self/exe",
						.command = "sk run",
						.slots = r->request.slots,
						.capabilities = r->request.capabilities,
						.exhausted_after_ms = exhausted_after_ms(r),
						.remains = &worker_remains,
						.show = served_show,
						.show_ctx = &r->served,
						.admit = admit,
						.admit_ctx = r };
	int rc = worker_timing_read(&options.timing, e);

	r->served = (struct served_by){ r->c->paths, r->state_fd };
	return rc < 0 ? rc : orchestrator_open(&options, &observer, &r->orchestrator, &r->start, e);
}

static void say_start(struct run *r)
{
	const struct orchestrator_start *s = &r->start;

	if (s->store.torn_bytes)
		live_say(&r->live,
			 "journal: torn last record at line %llu, byte %llu (%llu bytes%s; "
			 "state is at seq %llu",
			 (unsigned long long)s->store.torn_line,
			 (unsigned long long)s->store.torn_offset,
			 (unsigned long long)s->store.torn_bytes,
			 s->store.torn_zeros ? ", zero-filled tail) dropped"
					     : ") dropped and kept aside",
			 (unsigned long long)orchestrator_state(r->orchestrator)->last_seq);
	if (s->store.snapshot_rebuilt)
		live_say(&r->live, "current.json could not be read; it was rebuilt from the "
				   "journal and the old one kept aside");
	if (s->unclean)
		live_say(&r->live,
			 "the last orchestrator ended without stopping; nothing recorded is lost");
}

/*
 * What was found out about workers since it was last said: those of an earlier run register, or are
 * seen to be dead, one after the other and at any time.
 */
static void say_workers(struct run *r)
{
	const struct orchestrator_start *s = &r->start, *said = &r->said;
	unsigned collected = s->collected - said->collected, killed = s->killed - said->killed,
		 lost = s->lost - said->lost;

	if (collected || killed || lost)
		live_say(&r->live,
			 "a worker is gone: read %u result%s it had kept, ended %u process%s it "
			 "left, %u task%s %s with it",
			 collected, PLURAL(collected), killed, killed == 1 ? "" : "es", lost,
			 PLURAL(lost), lost == 1 ? "was" : "were");
	if (s->adopted != said->adopted)
		live_say(&r->live, "took over %u task%s that went on meanwhile",
			 (unsigned)(s->adopted - said->adopted),
			 PLURAL(s->adopted - said->adopted));
	r->said = *s;
}

static int submit(struct run *r, struct err *e)
{
	struct input in = { .kind = IN_SUBMIT,
			    .submission = &r->request.submission,
			    .submit_flags = r->request.flags,
			    .operator_name = span_of(r->request.operator_name) };

	int rc;

	run_say_submission(&r->live, r->c, &r->request, &r->report,
			   orchestrator_state(r->orchestrator), r->request.slots);
	rc = orchestrator_input(r->orchestrator, &in, e);
	if (rc == 0 && r->report.created)
		run_say_names(&r->live, orchestrator_state(r->orchestrator), &r->request.submission,
			      r->c->now_ms);
	return rc;
}

static int on_signal(struct run *r, int number, struct err *e)
{
	struct input in = { .kind = IN_INTERRUPT,
			    .operator_name = span_of(r->request.operator_name),
			    .reason = SPAN_LIT(INTERRUPTED_REASON) };

	if (number == SIGWINCH) {
		live_draw(&r->live, orchestrator_state(r->orchestrator),
			  clock_wall_ms(&clock_real));
		return 0;
	}
	if (number != SIGINT && number != SIGTERM)
		return 0; /* a closed terminal stops nothing */
	r->interrupted_by = number == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
	if (number == SIGINT)
		r->interrupts++;
	else if (r->interrupts < 2)
		r->interrupts = 2;
	orchestrator_drain(r->orchestrator);
	if (r->interrupts == 1) {
		r->live.notice = "draining: what runs goes to its end, nothing new starts; Ctrl-C "
				 "again cancels it";
		live_say(&r->live, "%s", r->live.notice);
		return 0;
	}
	if (r->interrupts > 2) {
		live_say(&r->live, "leaving at once; what has not ended yet stays with its worker");
		return 0;
	}
	r->live.notice = "cancelling: ending what runs; Ctrl-C again leaves without waiting for it";
	live_say(&r->live, "%s", r->live.notice);
	return orchestrator_input(r->orchestrator, &in, e);
}

/* `sk daemon stop` reaches a run as well: it is taken as the key press that means the same. */
static int obey(struct run *r, struct err *e)
{
	switch (orchestrator_wish(r->orchestrator)) {
	case WISH_DRAIN:
		return r->interrupts < 1 ? on_signal(r, SIGINT, e) : 0;
	case WISH_CANCEL:
		return r->interrupts < 2 ? on_signal(r, SIGTERM, e) : 0;
	case WISH_LEAVE:
		if (r->interrupts < 3) {
			r->interrupts = 2;
			return on_signal(r, SIGINT, e);
		}
		return 0;
	case WISH_NONE:
		break;
	}
	return 0;
}

/* Anything left that will happen without a person? */
static bool goes_on(const struct run *r)
{
	const struct state *st = orchestrator_state(r->orchestrator);

	for (size_t i = 0; i < st->ws_count; i++) {
		const struct workstream *w = &st->ws[i];

		if (!w->active)
			continue;
		if (r->interrupts > 2)
			return false;
		if (r->interrupts ? w->assigned > 0 : ws_live(w))
			return true;
	}
	return false;
}

static int turn_until_done(struct run *r, struct err *e)
{
	int64_t next_draw_ms = 0;
	int rc = 0;

	while (rc == 0 && goes_on(r)) {
		int signals[8], count = 0;
		int64_t now_ms;

		rc = orchestrator_turn(r->orchestrator, live_interval_ms(&r->live), signals, &count,
				       e);
		for (int i = 0; i < count && rc == 0; i++)
			rc = on_signal(r, signals[i], e);
		if (rc == 0)
			rc = obey(r, e);
		say_workers(r);
		now_ms = clock_wall_ms(&clock_real);
		if (rc < 0 || !r->live.terminal ||
		    (r->live.drawn && now_ms < next_draw_ms && now_ms > next_draw_ms - 1000))
			continue;
		live_draw(&r->live, orchestrator_state(r->orchestrator), now_ms);
		next_draw_ms = now_ms + live_interval_ms(&r->live) / 2;
	}
	live_clear(&r->live);
	return rc;
}

static int run_to_end(struct run *r, struct err *e)
{
	struct run_summary summary = { .counts = { 0 } };
	int rc = submit(r, e);

	if (rc == 0) {
		run_summary_init(&summary, &r->request.submission);
		submission_release(
			&r->request.submission); /* a large plan should not stay twice in memory */
		malloc_trim(0);
		background_ready();
		rc = turn_until_done(r, e);
	}
	if (rc == 0)
		run_summary_fill(&summary, orchestrator_state(r->orchestrator), r->c->paths);
	summary.took_ms = clock_wall_ms(&clock_real) - r->c->now_ms;
	if (rc == 0) {
		rc = orchestrator_stop(r->orchestrator, e);
	} else {
		orchestrator_free(r->orchestrator);
	}
	r->orchestrator = NULL;
	if (rc == 0)
		rc = run_summary_print(&summary, r->c, r->report.all_completed,
				       r->interrupts ? (int)r->interrupted_by : 0);
	run_summary_release(&summary);
	return rc;
}

/* A plan that another orchestrator has recorded needs nobody in the background. */
static int hand_over(struct run *r, enum beside_end *end, struct err *e)
{
	bool detached = background_is();
	int rc = run_beside(r->c, &r->request, r->logs_fd, !detached, end, e);

	if (detached && rc >= 0 && *end == BESIDE_DONE)
		background_ready();
	return rc;
}

/*
 * Becomes the orchestrator, or hands the plan to the one there is. Between the two tries it may
 * have ended, or be a command that holds the lock for a moment only, so both are tried until one
 * of them succeeds; and when who took the plan dies before its end, we go on with it.
 */
static int open_or_hand_over(struct run *r, struct err *e)
{
	int64_t until_ms = clock_mono_ms(&clock_real) + CONTROL_PATIENCE_MS;

	for (;;) {
		enum beside_end end = BESIDE_DONE;
		int rc = open_orchestrator(r, e);

		if (rc != -SK_EBUSY)
			return rc;
		err_clear(e);
		rc = hand_over(r, &end, e);
		if (rc == -ECONNRESET && !(r->request.flags & SUBMIT_NEW_RUN))
			rc = -SK_EBUSY; /* if it was recorded, it is found to be the same */
		if ((rc < 0 && rc != -SK_EBUSY) || (rc >= 0 && end == BESIDE_DONE))
			return rc;
		if (end == BESIDE_LOST) {
			live_say(&r->live, "going on with it here");
			until_ms = clock_mono_ms(&clock_real) + CONTROL_PATIENCE_MS;
		} else if (clock_mono_ms(&clock_real) >= until_ms) {
			return rc < 0 ? rc : open_orchestrator(r, e);
		}
		err_clear(e);
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

static int run_foreground(struct run *r, struct err *e)
{
	const char *no_color = getenv("NO_COLOR");
	int rc = run_check_capabilities(r->c, &r->request, e);

	if (rc == 0)
		rc = open_state(r, e);
	if (rc < 0)
		return rc;
	live_open(&r->live, r->logs_fd,
		  !options_has(r->c->options, "no-color") && !(no_color && *no_color),
		  options_has(r->c->options, "quiet"), r->request.submission.task_count,
		  r->c->now_ms);
	rc = open_or_hand_over(r, e);
	if (rc == 0 && r->orchestrator) {
		say_start(r);
		say_workers(r);
		rc = run_to_end(r, e);
	}
	live_release(&r->live);
	return rc;
}

static void tell_detached(struct cmd_ctx *c, pid_t pid)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "detached");
		json_i64(&j, "pid", pid);
		json_close(&j);
		return;
	}
	out_putf(c->out,
		 "running in the background (pid %d)\n"
		 "to look: sk status, sk events -f\n"
		 "to stop: sk daemon stop lets running tasks finish, with --now it cancels them\n",
		 (int)pid);
}

static const char *const run_words[] = { "run", NULL };
static const struct background detached = { run_words, "detach", tell_detached };

static int run_run(struct cmd_ctx *c, struct err *e)
{
	struct run r = { .c = c, .report = { .changes = BUF_INIT }, .state_fd = -1, .logs_fd = -1 };
	int rc;

	if (options_has(c->options, "halt-on-cycle") && options_has(c->options, "dry-run"))
		return err_set(e, -SK_EUSAGE,
			       "--halt-on-cycle and --dry-run exclude each other; nothing was "
			       "started. Try: sk help run");
	rc = run_request_load(c, &r.request, e);
	run_request_size(c, &r.request);
	if (rc == 0 && options_has(c->options, "dry-run"))
		rc = run_dry(c, &r.request, e);
	else if (rc == 0 && options_has(c->options, "detach"))
		rc = background_start(c, &detached, e);
	else if (rc == 0)
		rc = run_foreground(&r, e);
	submit_report_release(&r.report);
	run_request_release(&r.request);
	fd_close(&r.logs_fd);
	fd_close(&r.state_fd);
	return rc;
}

static const struct option_row run_options[] = {
	{ .name = "jobs",
	  .letter = 'j',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .max = SLOTS_MAX,
	  .summary = "tasks at the same time (default: the plan's max_parallel, else the number of "
		     "processors)" },
	RUN_PLAN_OPTIONS,
	{ .name = "dry-run",
	  .letter = 'n',
	  .kind = OPTION_FLAG,
	  .summary = "show stages, critical path and what would be skipped; run nothing" },
	{ .name = "detach",
	  .letter = 'd',
	  .kind = OPTION_FLAG,
	  .summary = "go on in the background" },
	{ .name = "capabilities",
	  .kind = OPTION_TEXT,
	  .value = "A,B@1.2",
	  .summary = "what this machine offers to tasks that ask for it" },
	{ .name = "exhausted-after",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "announce a resource that someone waits for after this (default 1m; 0: at "
		     "once)" },
	{ .name = "quiet",
	  .letter = 'q',
	  .kind = OPTION_FLAG,
	  .summary = "no progress, only the summary" },
	{ .name = NULL },
};

const struct cmd cmd_run = {
	.path = "run",
	.summary = "run a plan to its end, going on where it was left",
	.usage = "[-j N] [-p KEY=VALUE]... PLAN...",
	.about = "PLAN is a YAML or JSON file, or a folder with one JSON file a task. Running the "
		 "same plan again goes on\n"
		 "where the last run stopped: what is completed is not run again, what still runs "
		 "is taken over.\n"
		 "\n"
		 "Ctrl-C lets running tasks finish and starts nothing new; a second Ctrl-C, or\n"
		 "SIGTERM, cancels them. A closed terminal\n"
		 "stops nothing. Exit code 0: all done, 1: a task failed, 130 or 143: interrupted.",
	.example = "sk run nightly.yaml\nsk run -j 4 --dry-run nightly.yaml\nsk run -p version=1.2 "
		   "release.yaml\n"
		   "\n"
		   "# nightly.yaml, a plan:\n"
		   "workstream: nightly\n"
		   "tasks:\n"
		   "  build: {run: make -j2, timeout: 10m, retries: 2}\n"
		   "  test:  {run: make test, needs: [build], critical: true}\n"
		   "  docs:  {run: make docs, needs: [build]}",
	.options = run_options,
	.needs = NEED_STATE,
	.args = ARG_FILE,
	.args_min = 1,
	.args_max = 64,
	.run = run_run,
};
