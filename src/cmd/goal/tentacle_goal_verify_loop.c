/*
 * Criteria tried again until they pass. It stops when trying helps no more: after three failures
 * that say the same, when the tries are used up, or when a service names a time that is far away.
 */
#include "base/limits.h"
#include "base/when.h"
#include "cmd/goal/criteria_check.h"
#include "cmd/goal/goal_page.h"
#include "cmd/next.h"
#include "os/clock.h"

enum loop_end { LOOP_PASSED, LOOP_STALLED, LOOP_EXHAUSTED, LOOP_PARKED, LOOP_INTERRUPTED };

static const char *const outcome_words[] = { "passed", "stall", "retry_exhausted", "parked",
					     "interrupted" };

struct loop_run {
	struct criteria_check k;
	uint64_t attempts, attempts_max;
	int64_t delay_ms;
	int64_t retry_at_ms; /* the latest time that a service named */
	enum loop_end outcome;
	bool escalated;
};

static int record_attempt(struct loop_run *r, struct err *e)
{
	CLEANUP(mem_free) struct criterion_outcome *all = criteria_outcomes(&r->k);
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc = criteria_check_goal(&r->k, &s, &g, e);

	if (rc < 0)
		return rc;
	goal_verify_attempt(goal_store_turn(s), g, r->attempts, all, r->k.count, &r->k.words);
	return goal_store_commit(s, e);
}

/* Whether every criterion that failed has failed in the same way often enough. */
static bool stalled(const struct loop_run *r)
{
	bool any = false;

	for (size_t i = 0; i < r->k.count; i++) {
		if (!r->k.v[i].stall.count)
			continue;
		if (r->k.v[i].stall.count < VERIFY_STALL_COUNT)
			return false;
		any = true;
	}
	return any;
}

/* The pause before the next attempt: doubled each time, and as long as a service asks for. */
static int64_t pause_ms(struct loop_run *r)
{
	int64_t cap = r->delay_ms > VERIFY_DELAY_MAX_MS ? r->delay_ms : VERIFY_DELAY_MAX_MS;
	int64_t ms = r->delay_ms, now_ms = clock_wall_ms(&clock_real);

	for (uint64_t i = 1; i < r->attempts && ms < cap; i++)
		ms *= 2;
	ms = ms > cap ? cap : ms;
	r->retry_at_ms = 0;
	for (size_t i = 0; i < r->k.count; i++)
		if (r->k.v[i].retry_at_ms > r->retry_at_ms)
			r->retry_at_ms = r->k.v[i].retry_at_ms;
	return r->retry_at_ms > now_ms + ms ? r->retry_at_ms - now_ms : ms;
}

static void say_pause(struct loop_run *r, int64_t ms)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (r->k.c->json)
		return;
	buf_put_duration(&text, ms);
	out_putf(r->k.c->out, "attempt %llu failed; the next one in %s%s\n",
		 (unsigned long long)r->attempts, text.p,
		 r->retry_at_ms ? ", as the output asks for" : "");
	out_flush(r->k.c->out);
}

static int loop(struct loop_run *r, struct err *e)
{
	for (;;) {
		int passed = criteria_check_run(&r->k, e), rc;
		int64_t ms;

		r->attempts++;
		if (passed < 0)
			return passed;
		r->outcome = r->k.signal.number ? LOOP_INTERRUPTED : LOOP_PASSED;
		if (r->k.signal.number)
			return 0;
		rc = record_attempt(r, e);
		if (rc < 0 || passed)
			return rc;
		r->outcome = stalled(r) ? LOOP_STALLED : LOOP_EXHAUSTED;
		if (r->outcome == LOOP_STALLED || r->attempts >= r->attempts_max)
			return 0;
		ms = pause_ms(r);
		r->outcome = LOOP_PARKED;
		if (ms > VERIFY_WAIT_MAX_MS && r->retry_at_ms)
			return 0;
		say_pause(r, ms);
		interrupt_wait(&r->k.signal, ms);
		r->outcome = LOOP_INTERRUPTED;
		if (r->k.signal.number)
			return 0;
	}
}

static int escalate(struct loop_run *r, struct err *e)
{
	CLEANUP(mem_free) struct criterion_outcome *all = criteria_outcomes(&r->k);
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc = criteria_check_goal(&r->k, &s, &g, e);

	if (rc < 0)
		return rc;
	r->escalated = goal_escalate(goal_store_turn(s), g, outcome_words[r->outcome], all,
				     r->k.count, &r->k.words) == 1;
	return goal_store_commit(s, e);
}

static void print_json(struct loop_run *r)
{
	struct json j;

	json_open(&j, r->k.c->out, "verify_loop");
	json_text(&j, "goal_id", r->k.goal_id);
	json_bool(&j, "all_passed", r->outcome == LOOP_PASSED);
	json_text(&j, "outcome", outcome_words[r->outcome]);
	json_u64(&j, "attempts", r->attempts);
	json_bool(&j, "escalated", r->escalated);
	json_time(&j, "retry_at", r->outcome == LOOP_PARKED ? r->retry_at_ms : 0);
	json_array(&j, "results");
	for (size_t i = 0; i < r->k.count; i++) {
		const struct checked *one = &r->k.v[i];

		json_object(&j, NULL);
		json_text(&j, "id", one->id);
		json_i64(&j, "exit_code", one->outcome.exit_code);
		json_text(&j, "output_hash", one->normal_digest);
		json_u64(&j, "output_len", one->outcome.output_len);
		json_u64(&j, "identical_failures", one->stall.count);
		json_u64(&j, "identical_earlier", one->recorded_count);
		json_text(&j, "evidence", one->evidence);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

/* Of the criterion that an earlier call has met most often, if one has. */
static void put_stall(struct loop_run *r)
{
	unsigned count = VERIFY_STALL_COUNT, earlier = 0;

	for (size_t i = 0; i < r->k.count; i++) {
		if (r->k.v[i].recorded_count <= earlier)
			continue;
		count = r->k.v[i].stall.count;
		earlier = r->k.v[i].recorded_count;
	}
	out_putf(r->k.c->out, "stalled: the same failure %u times", count);
	if (earlier)
		out_putf(r->k.c->out,
			 ", %u of them in earlier calls: nothing in the repository has changed "
			 "since",
			 earlier);
	out_puts(r->k.c->out, "\n");
}

static void print_text(struct loop_run *r)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT, next = BUF_INIT;
	struct out *out = r->k.c->out;

	switch (r->outcome) {
	case LOOP_PASSED:
		out_putf(out, "all passed at attempt %llu\n", (unsigned long long)r->attempts);
		return;
	case LOOP_STALLED:
		put_stall(r);
		break;
	case LOOP_EXHAUSTED:
		out_putf(out, "not passed after %llu attempt%s\n", (unsigned long long)r->attempts,
			 PLURAL(r->attempts));
		break;
	case LOOP_PARKED:
		buf_put_when(&when, r->retry_at_ms);
		out_putf(out, "a limit was met until %s UTC\n", when.p);
		next_add(&next, "sk tentacle goal verify-loop");
		out_next(out, &next);
		return;
	default:
		return;
	}
	if (r->escalated)
		out_puts(out, "the goal needs a human: mend the cause, then resume\n");
	next_add(&next, "sk tentacle goal criteria list");
	if (r->escalated)
		next_add(&next, "sk tentacle goal resume");
	out_next(out, &next);
}

static int finish(struct loop_run *r, struct err *e)
{
	bool failed = r->outcome == LOOP_STALLED || r->outcome == LOOP_EXHAUSTED;
	int rc = failed && options_has(r->k.c->options, "escalate") ? escalate(r, e) : 0;

	if (rc < 0)
		return rc;
	if (r->k.c->json)
		print_json(r);
	else
		print_text(r);
	if (r->outcome == LOOP_INTERRUPTED)
		return criteria_interrupted(&r->k, r->attempts);
	if (r->outcome == LOOP_PARKED)
		return EXIT_PARKED;
	if (r->escalated)
		return EXIT_NEEDS_HUMAN;
	return failed ? EXIT_WORK_FAILED : EXIT_DONE;
}

static int tentacle_goal_verify_loop_run(struct cmd_ctx *c, struct err *e)
{
	struct loop_run r = { .k = CRITERIA_CHECK_INIT };
	int rc;

	r.attempts_max = options_number(c->options, "max-retries", 3) + 1;
	r.delay_ms = (int64_t)options_number(c->options, "retry-delay", 10000);
	if (r.delay_ms > VERIFY_WAIT_MAX_MS)
		return err_set(e, -SK_EUSAGE,
			       "--retry-delay %s: expected 0..%d seconds: nothing was run",
			       options_text(c->options, "retry-delay"), VERIFY_WAIT_MAX_MS / 1000);
	rc = criteria_check_open(&r.k, c, true, e);
	if (rc == 0 && !r.k.count)
		rc = err_set(e, -SK_EWORK,
			     "goal: there is no criterion with a command: nothing was run. Try: sk "
			     "tentacle goal criteria add --desc TEXT --verify-cmd COMMAND");
	if (rc == 0)
		rc = loop(&r, e);
	if (rc == 0)
		rc = finish(&r, e);
	criteria_check_close(&r.k);
	return rc;
}

static const struct option_row tentacle_goal_verify_loop_options[] = {
	{ .name = "max-retries",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .max = VERIFY_RETRIES_MAX,
	  .summary = "attempts after the first one (3)" },
	{ .name = "retry-delay",
	  .kind = OPTION_DURATION,
	  .value = "S",
	  .summary = "before the second attempt (10); doubled before each later one" },
	{ .name = "escalate",
	  .kind = OPTION_FLAG,
	  .summary = "when it does not pass, the goal needs a human" },
	CRITERIA_OPTIONS,
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_verify_loop = {
	.path = "tentacle goal verify-loop",
	.summary = "check until all pass or trying helps no more",
	.usage = "[--max-retries N] [--retry-delay S] [--escalate] [--id CRITERION] [--timeout S]",
	.about = "It stops after three failures that say the same; times, durations, process "
		 "numbers, addresses and names of temporary files do not count as differences. "
		 "Failures of earlier calls count in, unless the repository or the command has "
		 "changed since, it has passed, or a person has resumed the goal. When the output "
		 "of a command says when a limit ends, the pause lasts until then, or the loop "
		 "leaves with 75 when that is more than an hour away. Every result and every "
		 "attempt is recorded at once: Ctrl-C or a kill takes nothing back. The exit code "
		 "is 0 when all passed, 1 when not, 11 when not and --escalate handed the goal to "
		 "a human.",
	.example = "sk tentacle goal verify-loop --max-retries 3 --retry-delay 60\n"
		   "sk tentacle goal verify-loop --escalate",
	.options = tentacle_goal_verify_loop_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_verify_loop_run,
};
