/*
 * What would be started now, and why not the rest. Each reason is what the order itself would be
 * refused with, worked out by the same decision on a copy that is thrown away, so the plan cannot
 * promise what dispatch does not keep.
 */
#include "base/limits.h"
#include "cmd/goal/agent_order.h"
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"
#include "core/agent_turn.h"
#include "core/breaker.h"
#include "core/goal_eval.h"
#include "core/goal_progress.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"

enum part { SELECTED, DEFERRED, RESOLVED, PART_COUNT };

struct planned {
	const struct tentacle *t;
	enum part part;
	struct buf text; /* the command, why not, or how it ended */
};

struct plan_page {
	struct cmd_ctx *c;
	struct goal_store *s;
	const struct goal *g;
	struct agents agents;
	struct planned *v;
	size_t count, room;
	struct buf eval; /* why the iteration cannot be closed; "" when it can */
};

static void plan_page_release(struct plan_page *p)
{
	for (size_t i = 0; i < p->count; i++)
		buf_release(&p->v[i].text);
	mem_free(&p->v);
	buf_release(&p->eval);
	agents_release(&p->agents);
	goal_store_close(p->s);
}

static void put_option(const struct cmd_ctx *c, const char *name, struct buf *out)
{
	const char *value = options_text(c->options, name);

	if (!value)
		return;
	buf_putf(out, " --%s ", name);
	buf_put_quoted(out, span_of(value), NAME_BYTES_MAX);
}

static void put_flag(const struct cmd_ctx *c, const char *name, struct buf *out)
{
	if (options_has(c->options, name))
		buf_putf(out, " --%s", name);
}

/* With an agent that is known here it is run, else its prompt is printed. */
static void put_command(const struct plan_page *p, const struct tentacle *t, bool runs,
			struct buf *out)
{
	buf_putf(out, "sk tentacle dispatch %.*s", SPAN_ARG(t->name));
	if (runs) {
		buf_puts(out, " --run");
		put_option(p->c, "agent", out);
	}
	put_option(p->c, "model", out);
	put_flag(p->c, "worktree", out);
	put_flag(p->c, "briefing", out);
	put_flag(p->c, "no-bundle", out);
}

/* The agent that would do it, or NULL when nothing names one. */
static const struct agent *agent_for(const struct plan_page *p, const struct tentacle *t)
{
	struct err ignored = ERR_INIT;
	const struct agent *agent = NULL;

	if (agents_choose(&p->agents, span_of(options_text(p->c->options, "agent")), t->agent,
			  &agent, &ignored) < 0)
		return NULL;
	return agent;
}

/* Whether it may begin; else why not is appended. */
static bool may_begin(struct plan_page *p, const struct tentacle *t, enum standing s,
		      const struct agent *agent, struct buf *why)
{
	struct turn *turn = goal_store_turn(p->s);
	struct span need = tentacle_waits_for(&turn->st->goals, t);

	if (tentacle_put_trouble(t, why))
		return false;
	if (s == STANDING_PARKED) {
		buf_putf(why, "parked (%.*s). Try: sk retry-queue list", SPAN_ARG(t->parked.kind));
		return false;
	}
	if (need.len) {
		buf_putf(why, "waits for %.*s", SPAN_ARG(need));
		return false;
	}
	if (s != STANDING_READY && s != STANDING_FAILED && s != STANDING_STOPPED &&
	    s != STANDING_LOST && s != STANDING_AWAITING_HANDOFF) {
		buf_puts(why, standing_text(s));
		return false;
	}
	buf_truncate(turn->why, 0);
	if (!agent || breaker_admit(turn, agent->provider, t->name) == 0)
		return true;
	buf_puts(why, turn->why->p);
	buf_truncate(turn->why, 0);
	return false;
}

static void plan_one(struct plan_page *p, const struct tentacle *t)
{
	enum standing s = tentacle_standing(goal_store_goals(p->s), t->name);
	const struct agent *agent = agent_for(p, t);
	struct planned *one = &p->v[p->count++];

	*one = (struct planned){ t, DEFERRED, BUF_INIT };
	if (standing_closes(s)) {
		one->part = RESOLVED;
		buf_puts(&one->text, t->terminal_status ? handoff_words[t->terminal_status]
							: tentacle_state_word(t->status));
	} else if (may_begin(p, t, s, agent, &one->text)) {
		if (p->room) {
			p->room--;
			one->part = SELECTED;
			put_command(p, t, agent != NULL, &one->text);
		} else {
			buf_puts(&one->text, "no more than --concurrency at the same time");
		}
	}
}

static void make_plan(struct plan_page *p)
{
	const struct iteration *now = goal_iteration(p->g, p->g->iteration);
	const struct goals *all = goal_store_goals(p->s);
	size_t count = now ? now->tentacles.count : 0;

	p->room = (size_t)options_number(p->c->options, "concurrency", GOAL_LOOP_PARALLEL);
	for (size_t i = 0; i < count; i++) {
		enum standing s = tentacle_standing(all, now->tentacles.v[i]);

		if (p->room && (s == STANDING_RUNNING || s == STANDING_DISPATCHED))
			p->room--;
	}
	p->v = mem_zalloc((count + 1) * sizeof(*p->v));
	for (size_t i = 0; i < count; i++) {
		const struct tentacle *t = goals_tentacle(all, now->tentacles.v[i]);

		if (t)
			plan_one(p, t);
	}
}

/* Whether the iteration could be closed: decided in a store of its own, which is never committed.
 */
static int rehearse_eval(struct plan_page *p, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal_eval ask = { .decision = DECISION_CONTINUE };
	const struct goal_words words = { .reason = SPAN_NONE };
	enum goal_verdict verdict = VERDICT_DONE;
	struct err why = ERR_INIT;
	const struct goal *g;
	int rc = goals_open_goal(p->c, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	rc = goal_eval(goal_store_turn(s), g, &ask, &words, &verdict);
	if (rc < 0)
		goal_store_refused(s, rc, &why);
	if (rc < 0)
		buf_puts(&p->eval, why.text);
	else if (verdict == VERDICT_GATED)
		buf_puts(&p->eval, "a gate blocks. Try: sk tentacle goal gate list");
	else if (verdict == VERDICT_OVER_BUDGET)
		buf_puts(&p->eval, "the budget is used up. Try: sk tentacle goal budget");
	return 0;
}

static void print_json(struct plan_page *p)
{
	static const char *const keys[] = { "selected", "deferred", "resolved" };
	static const char *const texts[] = { "command", "reason", "outcome" };
	struct json j;

	json_open(&j, p->c->out, "dispatch_plan");
	json_span(&j, "goal_id", p->g->id);
	json_u64(&j, "iteration", p->g->iteration);
	for (int part = 0; part < PART_COUNT; part++) {
		json_array(&j, keys[part]);
		for (size_t i = 0; i < p->count; i++) {
			if ((int)p->v[i].part != part)
				continue;
			json_object(&j, NULL);
			json_span(&j, "tentacle", p->v[i].t->name);
			json_text(&j, texts[part], p->v[i].text.p);
			json_object_end(&j);
		}
		json_array_end(&j);
	}
	json_bool(&j, "eval_passes", !p->eval.len);
	json_text(&j, "eval_refusal", p->eval.len ? p->eval.p : NULL);
	json_close(&j);
}

static void print_text(struct plan_page *p)
{
	static const char *const heads[] = { "to start now", "not now", "done" };
	struct out *out = p->c->out;

	goal_put_line(out, p->g);
	for (int part = 0; part < PART_COUNT; part++) {
		bool any = false;

		for (size_t i = 0; i < p->count; i++) {
			if ((int)p->v[i].part != part)
				continue;
			if (!any)
				out_putf(out, "\n%s\n", heads[part]);
			any = true;
			out_putf(out, "  %.*s: ", SPAN_ARG(p->v[i].t->name));
			out_visible(out, span_of(p->v[i].text.p));
			out_puts(out, "\n");
		}
	}
	if (!p->count)
		out_puts(out,
			 "\nthe iteration has no tentacles. Try: sk tentacle goal link NAME\n");
	out_puts(out, "\neval: ");
	out_visible(out,
		    p->eval.len ? span_of(p->eval.p) : SPAN_LIT("the iteration can be closed"));
	out_puts(out, "\n");
}

static int refuse_status(const struct goal *g, struct err *e)
{
	int code = g->status == GOAL_NEEDS_HUMAN     ? -SK_EHUMAN
		   : g->status == GOAL_AWAITING_GATE ? -SK_EGATE
						     : -SK_EREFUSED;

	return err_set(e, code,
		       "goal \"%.*s\" is %s: nothing would be started. Try: sk tentacle goal %s",
		       SPAN_ARG(g->title), goal_state_word(g->status),
		       g->status == GOAL_PAUSED      ? "resume"
		       : goal_state_final(g->status) ? "list"
						     : "next-iter");
}

static int tentacle_goal_dispatch_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(plan_page_release) struct plan_page p = { .c = c, .agents = AGENTS_INIT };
	int rc = agent_config_load(c, &p.agents, e);

	if (rc == 0)
		rc = goals_open_goal(c, 0, &p.s, &p.g, e);
	if (rc == 0 && p.g->status != GOAL_ACTIVE)
		rc = refuse_status(p.g, e);
	if (rc < 0)
		return rc;
	goals_warn(p.s);
	make_plan(&p);
	rc = rehearse_eval(&p, e);
	if (rc < 0)
		return rc;
	if (c->json)
		print_json(&p);
	else
		print_text(&p);
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_dispatch_options[] = {
	{ .name = "concurrency",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .max = AGENT_PARALLEL_MAX,
	  .summary = "agents at the same time (4)" },
	{ .name = "agent", .kind = OPTION_TEXT, .value = "A", .summary = "for all of them" },
	{ .name = "model", .kind = OPTION_TEXT, .value = "M", .summary = "likewise" },
	{ .name = "briefing", .kind = OPTION_FLAG, .summary = "with what is known about the work" },
	{ .name = "no-bundle",
	  .kind = OPTION_FLAG,
	  .summary = "without the bundle of instructions and skills" },
	{ .name = "worktree", .kind = OPTION_FLAG, .summary = "each in a worktree of its own" },
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_dispatch = {
	.path = "tentacle goal dispatch",
	.summary = "plan what to start now; changes nothing",
	.usage = "[--concurrency N] [--agent A] [--model M] [--worktree]",
	.about = "Names the tentacles of the present iteration that can begin, each with the exact "
		 "command; those that cannot, each with the reason; those that are done; and "
		 "whether the iteration could be closed. Where an agent is configured the commands "
		 "run it, else they print the prompt. sk tentacle goal loop does it by itself. The "
		 "goal must be active (exit 4, 10 at a gate, 11 when it needs a person).",
	.example =
		"sk tentacle goal dispatch\nsk tentacle goal dispatch --concurrency 2 --worktree "
		"--format json",
	.options = tentacle_goal_dispatch_options,
	.needs = NEED_GOALS,
	.args = ARG_NONE,
	.run = tentacle_goal_dispatch_run,
};
