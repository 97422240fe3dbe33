/*
 * The decisions of the loop. It keeps nothing that is not in the store: each step begins with what
 * is recorded, so it makes no difference whether the step before was made by this process. The
 * store is closed while criteria run.
 */
#include "cmd/goal/goal_loop_impl.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/goal/goal_context.h"
#include "core/goal_eval.h"
#include "os/capture.h"
#include "os/clock.h"
#include "os/fd.h"

#define CRITERIA_CUT 2 /* the criteria were interrupted */

/* What the command that was ended early said of it, and what it means for the loop. */
static int proof_cut(struct goal_loop *l, const struct captured *said)
{
	struct span line = captured_last_line(said);
	int number = agent_eyes_wait(&l->eyes, 0);

	l->interrupted = number ? number : SIGINT;
	if (span_starts(line, "sk: "))
		goal_loop_say("%.*s", (int)line.len - 4, line.p + 4);
	return goal_loop_end(
		l, CRITERIA_CUT,
		"interrupted while the criteria ran: the iteration is not closed, nothing was "
		"decided. Try: sk tentacle goal loop, which goes on from here");
}

/* Each line as it comes: a criterion may take as long as an agent. */
static int pass_on(void *ctx, struct span bytes)
{
	(void)ctx;
	(void)fd_write_all(STDERR_FILENO, bytes.p, bytes.len); /* nobody may be left to be told */
	return 0;
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
					    .cancel_signal = SIGTERM,
					    .sink = pass_on },
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

static int iteration_over(struct goal_loop *l, struct err *e)
{
	enum goal_verdict verdict;
	int rc;

	if (l->iterations_max && l->iterations >= l->iterations_max) {
		return goal_loop_end(
			l, EXIT_WORK_FAILED,
			"--max-iterations is reached; the criteria do not pass yet. Try: sk "
			"tentacle "
			"goal criteria list, then the same again");
	}
	rc = decide(l, DECISION_CONTINUE, "the criteria do not pass yet", &verdict, e);
	if (rc < 0)
		return rc;
	l->iterations++;
	if (verdict == VERDICT_GATED)
		return goal_loop_gated(l);
	if (verdict == VERDICT_OVER_BUDGET)
		return goal_loop_over_budget(l);
	return goal_loop_end(
		l, EXIT_NEEDS_HUMAN,
		"the criteria do not pass yet, and the next iteration has no tentacles. Try: sk "
		"tentacle goal criteria list, then sk tentacle create NAME, sk tentacle goal link "
		"NAME, and the same again");
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
		return goal_loop_end(
			l, EXIT_NEEDS_HUMAN,
			"nothing is left to do, and no criterion says whether the goal is reached. "
			"Try: sk tentacle goal criteria add, or sk tentacle goal eval --decision "
			"complete");
	}
	goal_loop_say("nothing is left to do: the criteria run (%zu)", criteria);
	rc = prove(l, e);
	if (rc < 0)
		return rc;
	if (rc == CRITERIA_CUT)
		return l->interrupted == SIGINT ? EXIT_INTERRUPTED : EXIT_TERMINATED;
	if (rc == 0 && tentacles)
		return iteration_over(l, e);
	if (rc == 0) {
		return goal_loop_end(
			l, EXIT_NEEDS_HUMAN,
			"the criteria do not pass, and there is no tentacle that could "
			"change that. "
			"Try: sk tentacle create NAME, then sk tentacle goal link NAME");
	}
	rc = decide(l, DECISION_COMPLETE, "all criteria pass", &verdict, e);
	if (rc < 0)
		return rc;
	if (verdict == VERDICT_GATED)
		return goal_loop_gated(l);
	return goal_loop_end(l, EXIT_DONE, "all criteria pass: the goal is completed");
}

#define GO_ON 1000 /* no exit code: there will be another step */

/* Whether parked work will go on by itself before the patience is over. */
static bool parked_soon(const struct goal_loop *l, int64_t now_ms)
{
	return l->parked && l->releases && l->due_ms && l->due_ms - now_ms <= l->patience_ms;
}

/* A person has to decide, and the goal says so until one did. */
static int in_trouble(struct goal_loop *l, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	const struct goal *g;
	int rc = goal_loop_open(l, GOALS_WRITE, &s, &g, e);

	if (rc < 0)
		return rc;
	for (size_t at = 0; at < l->trouble.len && why.len < NEEDS_HUMAN_BYTES_MAX;
	     at += strlen(l->trouble.p + at) + 1)
		buf_putf(&why, "%s%s", at ? "; " : GOAL_STUCK, l->trouble.p + at);
	goal_stuck(goal_store_turn(s), g, (struct span){ why.p, why.len }, &l->words);
	rc = goal_store_commit(s, e);
	return rc < 0 ? rc : goal_loop_in_trouble(l);
}

static int nobody_at_work(struct goal_loop *l, struct err *e)
{
	int64_t now_ms = clock_wall_ms(&clock_real);
	int64_t mono_ms = clock_mono_ms(&clock_real);
	bool soon = parked_soon(l, now_ms);

	if (!l->open && !l->trouble.len)
		return conclude(l, e);
	if (l->unrecorded || (l->due && l->releases) || l->again_ms ||
	    (l->ready && l->orders && !l->blocked.len))
		return GO_ON;
	if (l->trouble.len && !soon)
		return in_trouble(l, e);
	if (!l->quiet_ms)
		l->quiet_ms = mono_ms;
	if (mono_ms - l->quiet_ms < l->patience_ms && (soon || !l->parked))
		return GO_ON;
	if (l->trouble.len)
		return in_trouble(l, e);
	if (l->parked)
		return goal_loop_parked(l);
	if (l->by_hand)
		return goal_loop_by_hand(l);
	if (l->blocked.len)
		return goal_loop_end(l, EXIT_PARKED, "%s", l->blocked.p);
	return goal_loop_end(l, EXIT_NEEDS_HUMAN,
			     "nobody works on what is left. Try: sk tentacle status");
}

/* What only has to be written down. Returns 1 when something was, 0, or negative. */
static int tidy_up(struct goal_loop *l, struct err *e)
{
	bool due = l->due && l->releases && !l->interrupted;
	bool handed_off = l->unrecorded || l->unmerged;
	int rc = l->unmerged ? goal_loop_merge(l, e) : 0;

	if (rc == 0 && handed_off)
		rc = goal_loop_complete(l, e);
	if (rc == 0 && due)
		rc = goal_loop_free(l, e);
	return rc < 0 ? rc : handed_off || due;
}

static int over_budget(struct goal_loop *l, struct err *e)
{
	enum goal_verdict verdict;
	int rc = decide(l, DECISION_CONTINUE, "the budget is used up", &verdict, e);

	return rc < 0 ? rc : goal_loop_over_budget(l);
}

static int step(struct goal_loop *l, struct err *e)
{
	CLEANUP(buf_release) struct buf ready = BUF_INIT, watched = BUF_INIT;
	uint64_t seq = l->seq;
	int status = goal_loop_look(l, &ready, &watched, e), rc = status;

	if (rc >= 0)
		rc = tidy_up(l, e);
	if (rc > 0) {
		buf_truncate(&ready, 0);
		buf_truncate(&watched, 0);
		rc = status = goal_loop_look(l, &ready, &watched, e);
	}
	if (rc >= 0)
		rc = goal_loop_watch(l, &watched, &ready, e);
	if (rc < 0)
		return rc;
	if (l->interrupted)
		return l->at_work && l->calls < 3 ? GO_ON : goal_loop_left(l);
	if (status != GOAL_ACTIVE && !l->at_work)
		return goal_loop_not_active(l, (unsigned)status);
	if (l->over && !l->at_work && l->open)
		return over_budget(l, e);
	if (status == GOAL_ACTIVE && !l->over)
		rc = goal_loop_start(l, &ready, e);
	if (rc < 0)
		return rc;
	if (l->at_work || seq != l->seq)
		l->quiet_ms = 0;
	return l->at_work ? GO_ON : nobody_at_work(l, e);
}

/* Until the next look, when nothing is recorded: no longer than a pause lasts. */
static int64_t wait_ms(const struct goal_loop *l)
{
	int64_t left_ms = l->again_ms ? l->again_ms - clock_wall_ms(&clock_real) : l->poll_ms;

	if (left_ms > l->poll_ms)
		return l->poll_ms;
	return left_ms > 1 ? left_ms : 1;
}

int goal_loop_run(struct goal_loop *l, struct err *e)
{
	for (;;) {
		int rc = step(l, e);

		if (rc != GO_ON) {
			CLEANUP(buf_release) struct buf unmerged = BUF_INIT;

			goal_loop_say_unmerged(l, &unmerged);
			if (rc >= 0 && l->c->json)
				goal_loop_print(l, rc, &unmerged);
			return rc;
		}
		goal_loop_hear(l, agent_eyes_wait(&l->eyes, wait_ms(l)));
	}
}
