/*
 * Between two records anything may happen to the goal: other commands work on it, people edit it.
 * So each result is recorded against the goal as it is then, and one whose criterion was changed
 * meanwhile is told and not recorded.
 */
#include "cmd/goal/criteria_check.h"

#include "base/limits.h"
#include "base/when.h"
#include "cmd/goal/criteria_page.h"
#include "cmd/fit.h"
#include "core/goal_gates.h"
#include "os/clock.h"
#include "work/criterion_run.h"

static void checked_release(struct checked *k)
{
	mem_free(&k->id);
	mem_free(&k->command);
	mem_free(&k->evidence);
	mem_free(&k->tree);
	mem_free(&k->stall_tree);
}

void criteria_check_close(struct criteria_check *k)
{
	for (size_t i = 0; i < k->count; i++)
		checked_release(&k->v[i]);
	mem_free(&k->v);
	mem_free(&k->goal_id);
	mem_free(&k->root);
	interrupt_close(&k->signal);
}

static void add(struct criteria_check *k, const struct criterion *c)
{
	struct checked *one;

	if (!c->command.len) {
		k->skipped++;
		return;
	}
	one = &k->v[k->count++];
	*one = (struct checked){ .id = span_dup(c->id), .command = span_dup(c->command) };
	one->limit_ms = (int64_t)c->timeout_s * 1000;
}

static bool chosen(const struct criteria_check *k, const char *id)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->v[i].id, id) == 0)
			return true;
	return false;
}

static int choose(struct criteria_check *k, struct goal_store *s, const struct goal *g,
		  struct err *e)
{
	const struct criterion *all = g->criteria.v;
	bool named = options_has(k->c->options, "id");
	const char *id;

	k->v = mem_zalloc((g->criteria.count + 1) * sizeof(*k->v));
	for (size_t i = 0; !named && i < g->criteria.count; i++)
		add(k, &all[i]);
	for (size_t i = 0; (id = options_each(k->c->options, "id", i)) != NULL; i++) {
		const struct criterion *c = goal_criterion(g, span_of(id));

		if (!c)
			return goal_store_refused(s,
						  goal_no_such(goal_store_turn(s), "criterion",
							       span_of(id), &criterion_type,
							       &g->criteria),
						  e);
		if (!chosen(k, id))
			add(k, c);
	}
	return 0;
}

int criteria_timeout_option(const struct cmd_ctx *c, int64_t *out_ms, struct err *e)
{
	uint64_t ms = options_number(c->options, "timeout", 1000);

	if (ms < 1000 || ms > TIMEOUT_S_MAX * 1000ULL)
		return err_set(e, -SK_EUSAGE,
			       "--timeout %s: expected 1..%d seconds: nothing was done",
			       options_text(c->options, "timeout"), TIMEOUT_S_MAX);
	*out_ms = options_has(c->options, "timeout") ? (int64_t)ms : 0;
	return 0;
}

static int check_status(const struct goal *g, bool loops, struct err *e)
{
	if (goal_state_final(g->status))
		return err_set(e, -SK_EREFUSED,
			       "goal \"%.*s\" is %s: nothing was run. Try: sk tentacle goal init "
			       "--title TEXT to start again",
			       SPAN_ARG(g->title), goal_state_word(g->status));
	if (loops && g->status == GOAL_NEEDS_HUMAN)
		return err_set(e, -SK_EHUMAN,
			       "goal \"%.*s\" needs a human (%.*s): nothing was run. Try: sk "
			       "tentacle goal resume when the cause is mended",
			       SPAN_ARG(g->title), SPAN_ARG(g->needs_human_reason));
	return 0;
}

static void remember_stalls(struct criteria_check *k, const struct goal *g)
{
	for (size_t i = 0; i < k->count; i++) {
		struct checked *one = &k->v[i];
		struct span tree;

		if (stall_recorded(g, goal_criterion(g, span_of(one->id)), &one->stall, &tree))
			one->stall_tree = span_dup(tree);
	}
}

int criteria_check_open(struct criteria_check *k, struct cmd_ctx *c, bool loops, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc = goals_open_goal(c, GOALS_NAMED, &s, &g, e);

	*k = (struct criteria_check)CRITERIA_CHECK_INIT;
	k->c = c;
	k->words = goals_words(c, &k->actor);
	if (rc == 0)
		rc = check_status(g, loops, e);
	if (rc == 0)
		rc = choose(k, s, g, e);
	if (rc == 0)
		rc = criteria_timeout_option(c, &k->timeout_ms, e);
	if (rc < 0)
		return rc;
	if (loops)
		remember_stalls(k, g);
	k->goal_id = span_dup(g->id);
	k->root = mem_strdup(goal_store_root(s));
	return interrupt_open(&k->signal, e);
}

int criteria_check_goal(struct criteria_check *k, struct goal_store **s, const struct goal **g,
			struct err *e)
{
	int rc;

	k->c->now_ms = clock_wall_ms(&clock_real);
	rc = goals_open(k->c, GOALS_WRITE | GOALS_NAMED, s, e);
	return rc < 0 ? rc : goal_store_goal(*s, k->goal_id, g, e);
}

static int record(struct criteria_check *k, struct checked *one, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc = criteria_check_goal(k, &s, &g, e);

	if (rc < 0)
		return rc;
	one->recorded = goal_criterion_result(goal_store_turn(s), g, &one->outcome, &k->words) == 1;
	return goal_store_commit(s, e);
}

static void print_one(struct criteria_check *k, const struct checked *one)
{
	CLEANUP(buf_release) struct buf took = BUF_INIT;
	struct out *out = k->c->out;

	if (k->c->json)
		return;
	buf_put_duration(&took, (int64_t)one->outcome.duration_ms);
	out_putf(out, "%s  ", one->id);
	if (one->outcome.exit_code == 0)
		out_style(out, STYLE_GOOD, "passed");
	else if (one->outcome.exit_code == -1)
		out_style(out, STYLE_BAD, "took too long, was ended");
	else
		out_style(out, STYLE_BAD, "failed");
	if (one->outcome.exit_code > 0)
		out_putf(out, " with %lld", (long long)one->outcome.exit_code);
	out_putf(out, " (%s)%s\n", took.p,
		 one->recorded ? "" : ", not recorded: it was changed meanwhile");
	if (one->outcome.exit_code != 0)
		fit_lines(out, text_end(span_of(one->evidence), EVIDENCE_BYTES_MAX), 2);
	out_flush(out); /* the next one may take minutes */
}

static void take_outcome(struct checked *one, struct criterion_run *run, const char *tree)
{
	mem_free(&one->evidence);
	mem_free(&one->tree);
	one->evidence = run->evidence.p ? buf_take(&run->evidence) : mem_strdup("");
	one->tree = tree ? mem_strdup(tree) : NULL;
	memcpy(one->digest, run->digest, sizeof(run->digest));
	memcpy(one->normal_digest, run->normal_digest, sizeof(run->normal_digest));
	one->ran = true;
	one->retry_at_ms = run->exit_code != 0 && run->limit.retryable ? run->limit.retry_at_ms : 0;
	one->outcome = (struct criterion_outcome){
		.id = span_of(one->id),
		.command = span_of(one->command),
		.exit_code = run->exit_code,
		.evidence = span_of(one->evidence),
		.output_digest = span_of(one->digest),
		.normal_digest = span_of(one->normal_digest),
		.tree = span_of(one->tree),
		.output_len = run->output.len,
		.duration_ms = run->duration_ms,
	};
	stall_note(&one->stall, &one->outcome);
	if (one->stall.count <= one->recorded_count)
		one->recorded_count = 0; /* it says something else now */
	one->outcome.identical = one->stall.count;
}

/* Goes on counting where the last loop stopped, or not. */
static void settle_stall(struct checked *one, const char *tree)
{
	if (!one->stall_tree)
		return;
	if (tree && strcmp(tree, one->stall_tree) == 0)
		one->recorded_count = one->stall.count;
	else
		one->stall = (struct stall){ 0, 0 };
	mem_free(&one->stall_tree);
}

static int run_one(struct criteria_check *k, struct checked *one, const char *tree, struct err *e)
{
	CLEANUP(criterion_run_release) struct criterion_run run = { .exit_code = 0 };
	int64_t limit_ms = k->timeout_ms   ? k->timeout_ms
			   : one->limit_ms ? one->limit_ms
					   : CRITERION_TIMEOUT_S * 1000LL;
	int rc = criterion_run(one->command, k->root, limit_ms, k->signal.fd,
			       clock_wall_ms(&clock_real), &run, e);

	if (rc < 0)
		return rc;
	if (run.cancelled) {
		interrupt_note(&k->signal);
		k->cut = one->id;
		return 0;
	}
	take_outcome(one, &run, tree);
	rc = record(k, one, e);
	if (rc == 0)
		print_one(k, one);
	return rc;
}

int criteria_check_run(struct criteria_check *k, struct err *e)
{
	CLEANUP(mem_free) char *tree = goal_tree_now(k->c, k->root, NULL);
	bool passed = true;

	for (size_t i = 0; i < k->count; i++) {
		k->v[i].ran = false;
		settle_stall(&k->v[i], tree);
	}
	for (size_t i = 0; i < k->count && !k->signal.number; i++) {
		int rc = run_one(k, &k->v[i], tree, e);

		if (rc < 0)
			return rc;
		passed &= k->v[i].ran && k->v[i].outcome.exit_code == 0;
	}
	return passed && !k->signal.number;
}

struct criterion_outcome *criteria_outcomes(const struct criteria_check *k)
{
	struct criterion_outcome *all = mem_zalloc((k->count + 1) * sizeof(*all));

	for (size_t i = 0; i < k->count; i++)
		all[i] = k->v[i].outcome;
	return all;
}

int criteria_interrupted(const struct criteria_check *k, uint64_t attempt)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT;
	size_t recorded = 0;

	for (size_t i = 0; i < k->count; i++)
		recorded += k->v[i].ran && k->v[i].recorded;
	buf_puts(&line, attempt ? "verify-loop: interrupted" : "criteria: interrupted");
	if (k->cut)
		buf_putf(&line, " while %s ran", k->cut);
	if (attempt)
		buf_putf(&line, " at attempt %llu", (unsigned long long)attempt);
	buf_putf(&line, ": %zu of %zu result%s %s recorded", recorded, k->count, PLURAL(k->count),
		 recorded == 1 ? "is" : "are");
	if (k->cut)
		buf_putf(&line, "; %s was ended with all it had started and is not recorded",
			 k->cut);
	buf_putf(&line, ". Try: sk tentacle goal %s", attempt ? "verify-loop" : "criteria check");
	print_problem(line.p);
	return interrupt_exit(&k->signal);
}
