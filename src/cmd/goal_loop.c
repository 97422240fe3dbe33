/*
 * The decisions of the loop. It keeps nothing that is not in the store: each step begins with what
 * is recorded, so it makes no difference whether the step before was made by this process. The
 * store is closed while criteria run.
 */
#include "cmd/goal_loop_impl.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/goal_context.h"
#include "core/goal_eval.h"
#include "os/capture.h"
#include "os/clock.h"

static int exit_interrupted(const struct goal_loop *l)
{
	return l->interrupted == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
}

#define CRITERIA_CUT 2 /* the criteria were interrupted */

/* What the command that was ended early said of it, and what it means for the loop. */
static int proof_cut(struct goal_loop *l, const struct captured *said)
{
	struct span line = captured_last_line(said);
	int number = agent_eyes_wait(&l->eyes, 0);

	l->interrupted = number ? number : SIGINT;
	if (span_starts(line, "sk: "))
		goal_loop_say("%.*s", (int)line.len - 4, line.p + 4);
	goal_loop_say("goal loop: interrupted while the criteria ran: the iteration is not closed, "
		      "nothing was decided. Try: the same again");
	return CRITERIA_CUT;
}

/* Runs all criteria by the command that does: 1 when all passed, 0 when not, CRITERIA_CUT, or
 * negative. */
static int prove(struct goal_loop *l, struct err *e)
{
	CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
	CLEANUP(buf_release) struct buf limit = BUF_INIT;
	char *argv[] = { (char *)"sk",
			 (char *)"tentacle",
			 (char *)"goal",
			 (char *)"criteria",
			 (char *)"check",
			 (char *)"--goal",
			 l->goal_id,
			 NULL,
			 NULL };
	struct span line;
	int rc;

	if (l->criterion_ms) {
		buf_putf(&limit, "--timeout=%lldms", (long long)l->criterion_ms);
		argv[ARRAY_LEN(argv) - 2] = limit.p;
	}
	rc = capture_run(&(struct capture){ .path = "/proc/self/exe",
					    .argv = argv,
					    .envp = environ,
					    .output_bytes_max = GOAL_FILE_BYTES_MAX,
					    .limit_ms = GOAL_PROOF_LIMIT_MS,
					    .cancel_fd = l->eyes.loop.signal_fd,
					    .cancel_signal = SIGTERM },
			 &said);
	if (rc == -ECANCELED)
		return proof_cut(l, &said);
	if (rc < 0)
		return err_set(e, -SK_EIO, "criteria: they could not be run: %s", strerror(-rc));
	if (said.exit <= 1)
		return said.exit == 0;
	line = captured_last_line(&said);
	if (span_starts(line, "sk: "))
		line = (struct span){ line.p + 4, line.len - 4 };
	return err_set(e, -SK_EWORK, "%.*s", SPAN_ARG(line));
}

/* The exit code, or negative. */
static int decide(struct goal_loop *l, enum goal_decision decision, const char *notes,
		  enum goal_verdict *verdict, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal_eval ask = { .decision = decision,
				       .notes = span_of(notes),
				       .source = SPAN_LIT("goal loop") };
	const struct goal *g;
	int rc = goal_loop_open(l, GOALS_WRITE, &s, &g, e);

	if (rc == 0)
		rc = goal_eval(goal_store_turn(s), g, &ask, &l->words, verdict);
	else
		return rc;
	rc = rc < 0 ? goal_store_refused(s, rc, e) : goal_store_commit(s, e);
	g = goals_find(goal_store_goals(s), span_of(l->goal_id));
	if (rc == 0 && g)
		goal_context_refresh(s, g, l->c->now_ms);
	return rc;
}

static int stop_gated(void)
{
	goal_loop_say("a gate blocks. Try: sk tentacle goal gate list, then sk tentacle goal gate "
		      "approve ID "
		      "and the same again");
	return EXIT_AWAITING_GATE;
}

static int stop_over_budget(void)
{
	goal_loop_say("the budget is used up: the goal needs a person. Try: sk tentacle goal "
		      "budget, then sk "
		      "tentacle goal resume");
	return EXIT_OVER_BUDGET;
}

static int stop_trouble(const struct goal_loop *l)
{
	for (size_t at = 0; at < l->trouble.len; at += strlen(l->trouble.p + at) + 1)
		goal_loop_say("%s", l->trouble.p + at);
	goal_loop_say("a person has to decide. Try: sk tentacle status");
	return EXIT_NEEDS_HUMAN;
}

static int stop_parked(const struct goal_loop *l)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	if (l->due_ms) {
		buf_puts(&when, " before ");
		buf_put_when(&when, l->due_ms);
		buf_puts(&when, " UTC");
	}
	goal_loop_say("what is left is parked and not due%s. Try: the same again then; sk "
		      "retry-queue list",
		      when.len ? when.p : "");
	return EXIT_PARKED;
}

/* Whether something that counts at every moment is used up, and not only at an iteration's end. */
static int over_now(struct goal_loop *l, bool *over, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc = goal_loop_open(l, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	*over = agent_budget_spent(g, l->c->now_ms);
	return 0;
}

static int iteration_over(struct goal_loop *l, struct err *e)
{
	enum goal_verdict verdict;
	int rc;

	if (l->iterations_max && l->iterations >= l->iterations_max) {
		goal_loop_say("--max-iterations is reached; the criteria do not pass yet. Try: sk "
			      "tentacle "
			      "goal criteria list, then the same again");
		return EXIT_WORK_FAILED;
	}
	rc = decide(l, DECISION_CONTINUE, "the criteria do not pass yet", &verdict, e);
	if (rc < 0)
		return rc;
	l->iterations++;
	if (verdict == VERDICT_GATED)
		return stop_gated();
	if (verdict == VERDICT_OVER_BUDGET)
		return stop_over_budget();
	goal_loop_say(
		"the criteria do not pass yet, and the next iteration has no tentacles. Try: sk "
		"tentacle goal criteria list, then sk tentacle create NAME, sk tentacle goal link "
		"NAME, and the same again");
	return EXIT_NEEDS_HUMAN;
}

/* All that there was is done: the proof decides. The exit code, or negative. */
static int conclude(struct goal_loop *l, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	enum goal_verdict verdict;
	const struct goal *g;
	const struct iteration *now;
	size_t tentacles, criteria;
	int rc = goal_loop_open(l, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	now = goal_iteration(g, g->iteration);
	tentacles = now ? now->tentacles.count : 0;
	criteria = g->criteria.count;
	goals_close(&s);
	if (!criteria) {
		goal_loop_say(
			"nothing is left to do, and no criterion says whether the goal is reached. "
			"Try: sk tentacle goal criteria add, or sk tentacle goal eval --decision "
			"complete");
		return EXIT_NEEDS_HUMAN;
	}
	rc = prove(l, e);
	if (rc < 0)
		return rc;
	if (rc == CRITERIA_CUT)
		return exit_interrupted(l);
	if (rc == 0 && tentacles)
		return iteration_over(l, e);
	if (rc == 0) {
		goal_loop_say("the criteria do not pass, and there is no tentacle that could "
			      "change that. "
			      "Try: sk tentacle create NAME, then sk tentacle goal link NAME");
		return EXIT_NEEDS_HUMAN;
	}
	rc = decide(l, DECISION_COMPLETE, "all criteria pass", &verdict, e);
	if (rc < 0)
		return rc;
	if (verdict == VERDICT_GATED)
		return stop_gated();
	goal_loop_say("all criteria pass: the goal is completed");
	return EXIT_DONE;
}

/* The exit code that a status calls for in which nothing is started. */
static int exit_of_status(int status)
{
	switch (status) {
	case GOAL_COMPLETED:
		return EXIT_DONE;
	case GOAL_AWAITING_GATE:
		return stop_gated();
	case GOAL_NEEDS_HUMAN:
		goal_loop_say("the goal needs a person. Try: sk tentacle goal status");
		return EXIT_NEEDS_HUMAN;
	default:
		goal_loop_say("the goal is %s: nothing was started. Try: sk tentacle goal resume",
			      goal_state_word((unsigned)status));
		return EXIT_REFUSED;
	}
}

static void cancel_all(struct goal_loop *l, const struct buf *watched)
{
	for (size_t at = 0; at < watched->len; at += strlen(watched->p + at) + 1) {
		CLEANUP(captured_release) struct captured said = CAPTURED_INIT;
		CLEANUP(buf_release) struct buf state = BUF_INIT;
		char task[80];
		char *argv[] = { (char *)"sk",
				 (char *)"workstream",
				 (char *)"cancel",
				 (char *)"--yes",
				 NULL,
				 task,
				 NULL };

		agent_task_name(span_of(watched->p + at), task);
		buf_putf(&state, "--state-dir=%s", l->c->paths->state_dir);
		argv[4] = state.p;
		(void)capture_run(&(struct capture){ .path = "/proc/self/exe",
						     .argv = argv,
						     .envp = environ,
						     .output_bytes_max = GOAL_FILE_BYTES_MAX,
						     .limit_ms = AGENT_START_LIMIT_MS },
				  &said);
	}
	l->cancelled = true;
}

static void hear(struct goal_loop *l, int number, const struct buf *watched)
{
	if (!number)
		return;
	if (!l->interrupted && number == SIGINT) {
		goal_loop_say("draining: agents at work go to their end, nothing new starts; "
			      "Ctrl-C again "
			      "cancels them");
	} else if (!l->cancelled) {
		goal_loop_say("cancelling: the agents at work are ended");
		cancel_all(l, watched);
	}
	l->interrupted = number;
}

#define GO_ON 1000 /* no exit code: there will be another step */

static int nobody_at_work(struct goal_loop *l, struct err *e)
{
	int64_t now_ms = clock_wall_ms(&clock_real);
	int64_t mono_ms = clock_mono_ms(&clock_real);

	if (l->interrupted)
		return exit_interrupted(l);
	if (l->trouble.len)
		return stop_trouble(l);
	if (!l->open)
		return conclude(l, e);
	if (l->unrecorded)
		return GO_ON;
	if (l->parked && l->releases && l->due_ms && l->due_ms <= now_ms)
		return GO_ON;
	if (!l->quiet_ms)
		l->quiet_ms = mono_ms;
	if (l->ready && l->orders && !l->blocked.len)
		return GO_ON;
	if (mono_ms - l->quiet_ms < l->patience_ms &&
	    !(l->parked && (!l->releases || l->due_ms - now_ms > l->patience_ms)))
		return GO_ON;
	if (l->parked)
		return stop_parked(l);
	goal_loop_say("%s", l->blocked.len ? l->blocked.p
					   : "nobody works on what is left: sk tentacle status");
	return l->blocked.len ? EXIT_PARKED : EXIT_NEEDS_HUMAN;
}

static int step(struct goal_loop *l, struct buf *watched, struct err *e)
{
	CLEANUP(buf_release) struct buf ready = BUF_INIT;
	enum goal_verdict verdict;
	bool over = false, active;
	int rc = goal_loop_complete(l, e);

	if (rc == 0 && l->releases && !l->interrupted)
		rc = goal_loop_free(l, e);
	if (rc < 0)
		return rc;
	buf_truncate(watched, 0);
	rc = goal_loop_look(l, &ready, watched, e);
	if (rc < 0)
		return rc;
	active = rc == GOAL_ACTIVE;
	if (!active && !l->at_work)
		return exit_of_status(rc);
	rc = goal_loop_watch(l, watched, &ready, e);
	if (rc == 0)
		rc = over_now(l, &over, e);
	if (rc < 0)
		return rc;
	if (over && !l->at_work && l->open) {
		rc = decide(l, DECISION_CONTINUE, "the budget is used up", &verdict, e);
		return rc < 0 ? rc : stop_over_budget();
	}
	if (active && !over && !l->trouble.len)
		rc = goal_loop_start(l, &ready, e);
	if (rc < 0)
		return rc;
	if (l->at_work) {
		l->quiet_ms = 0;
		return GO_ON;
	}
	return nobody_at_work(l, e);
}

int goal_loop_run(struct goal_loop *l, struct err *e)
{
	CLEANUP(buf_release) struct buf watched = BUF_INIT;

	for (;;) {
		int rc = step(l, &watched, e);

		if (rc != GO_ON)
			return rc;
		hear(l, agent_eyes_wait(&l->eyes, l->poll_ms), &watched);
	}
}
