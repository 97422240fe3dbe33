/*
 * Causes are told from what is known now, not from what was written down when the status changed: a
 * gate that was approved meanwhile is no cause any more. Advice is a command that can be typed as
 * it stands.
 */
#include "cmd/goal/goal_advice.h"

#include <stdio.h>

#include "base/when.h"
#include "cmd/goal/goal_page.h"
#include "cmd/goal/agent_order.h"
#include "cmd/goal/goal_blocked.h"
#include "cmd/goal/tentacles.h"
#include "core/goal_eval.h"
#include "core/goal_resume.h"
#include "core/tentacle_run.h"
#include "core/tentacle_work.h"

void goal_advice_release(struct goal_advice *a)
{
	for (size_t i = 0; i < a->count; i++) {
		mem_free(&a->causes[i].subject);
		mem_free(&a->causes[i].text);
	}
	mem_free(&a->causes);
	buf_release(&a->next);
}

/* Takes the text. */
static void add(struct goal_advice *a, const char *what, struct span subject, struct buf *text)
{
	mem_grow(&a->causes, &a->capacity, a->count + 1, sizeof(*a->causes));
	a->causes[a->count++] = (struct goal_cause){ what, span_dup(subject),
						     text->p ? buf_take(text) : mem_strdup("") };
}

static void add_status(struct goal_advice *a, const struct goal *g)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, goal_state_word(g->status));
	if (g->status == GOAL_PAUSED && g->pause_reason.len)
		buf_putf(&text, ": %.*s", SPAN_ARG(g->pause_reason));
	if (g->status == GOAL_NEEDS_HUMAN && g->needs_human_reason.len)
		buf_putf(&text, ": %.*s", SPAN_ARG(g->needs_human_reason));
	if (g->status == GOAL_AWAITING_GATE && g->awaiting_gate_id.len)
		buf_putf(&text, ": %.*s", SPAN_ARG(g->awaiting_gate_id));
	add(a, "status", SPAN_NONE, &text);
}

static void add_budget(struct goal_advice *a, const struct goal *g, int64_t now_ms)
{
	struct goal_use use[GOAL_LIMIT_COUNT];

	goal_use_read(g, now_ms, use);
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++) {
		struct buf text = BUF_INIT;

		if (!use[i].next)
			continue;
		if (i == GOAL_LIMIT_COST) {
			buf_put_cost(&text, use[i].used);
			buf_puts(&text, " of ");
			buf_put_cost(&text, use[i].limit);
		} else {
			buf_putf(&text, "%llu of %llu", (unsigned long long)use[i].used,
				 (unsigned long long)use[i].limit);
		}
		buf_putf(&text, " %s used", goal_limit_text(i));
		add(a, "budget", span_of(goal_limit_word(i)), &text);
	}
}

static void add_gates(struct goal_advice *a, const struct goal *g)
{
	const struct gate *all = g->gates.v;

	for (size_t i = 0; i < g->gates.count; i++) {
		struct buf text = BUF_INIT;

		if (all[i].status != GATE_PENDING && all[i].status != GATE_REJECTED)
			continue;
		buf_putf(&text, "%s", gate_words[all[i].status]);
		if (all[i].reason.len || all[i].description.len)
			buf_putf(&text, ": %.*s",
				 SPAN_ARG(all[i].reason.len ? all[i].reason : all[i].description));
		add(a, "gate", all[i].id, &text);
	}
}

static void add_criteria(struct goal_advice *a, const struct goal *g)
{
	const struct criterion *all = g->criteria.v;

	for (size_t i = 0; i < g->criteria.count; i++) {
		struct buf text = BUF_INIT;

		if (all[i].status != CRITERION_FAILED)
			continue;
		buf_puts(&text, "failed at ");
		buf_put_when(&text, all[i].failed_ms);
		buf_puts(&text, all[i].exit_code == -1 ? " UTC: it took too long" : " UTC");
		add(a, "criterion", all[i].id, &text);
	}
}

/* Behind how it stands: what happened. */
static void put_how(const struct tentacle *t, enum standing s, struct buf *out)
{
	CLEANUP(buf_release) struct buf how = BUF_INIT;

	if (s == STANDING_PARKED)
		return;
	if (!tentacle_put_trouble(t, &how) &&
	    (s == STANDING_FAILED || s == STANDING_STOPPED || s == STANDING_AWAITING_HANDOFF))
		tentacle_run_put(t, &how);
	if (how.len)
		buf_putf(out, ": %s", how.p);
}

static void add_tentacles(struct goal_advice *a, const struct goals *all, const struct goal *g)
{
	const struct iteration *it = goal_iteration(g, g->iteration);

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		struct span name = it->tentacles.v[i];
		enum standing s = tentacle_standing(all, name);
		const struct tentacle *t = goals_tentacle(all, name);
		struct buf text = BUF_INIT, left = BUF_INIT;

		if (t)
			tentacle_put_left(t, &left);
		if (left.len) {
			add(a, "work", name, &left);
			buf_release(&left);
		}
		if (standing_closes(s))
			continue;
		buf_puts(&text, standing_text(s));
		put_how(t, s, &text);
		if (s == STANDING_PARKED) {
			buf_putf(&text, " (%.*s)", SPAN_ARG(t->parked.kind));
			if (t->parked.due_ms) {
				buf_puts(&text, " until ");
				buf_put_when(&text, t->parked.due_ms);
				buf_puts(&text, " UTC");
			}
		}
		add(a, "tentacle", name, &text);
	}
}

/* Providers that take no work, while there is any left to be given out. */
static void add_providers(struct goal_advice *a, const struct goals *all, const struct goal *g)
{
	const struct iteration *it = goal_iteration(g, g->iteration);
	bool left = false;

	for (size_t i = 0; it && i < it->tentacles.count; i++)
		left |= !standing_closes(tentacle_standing(all, it->tentacles.v[i]));
	for (size_t i = 0; left && i < all->provider_count; i++) {
		struct buf text = BUF_INIT;

		const struct provider *p = &all->providers[i];

		if (!provider_put_blocked(all, p, a->now_ms, &text))
			continue;
		if (provider_is_open(p, a->now_ms))
			buf_putf(&text, "; to try at once: sk breaker reset %.*s", SPAN_ARG(p->id));
		add(a, "provider", p->id, &text);
	}
}

void goal_put_names(const struct goals *all, const struct goal *g, enum standing s, struct buf *out)
{
	const struct iteration *it = goal_iteration(g, g->iteration);
	bool any = false;

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		if (tentacle_standing(all, it->tentacles.v[i]) != s)
			continue;
		buf_putf(out, "%s%.*s", any ? ", " : "", SPAN_ARG(it->tentacles.v[i]));
		any = true;
	}
}

/* One command a tentacle that stands so. */
static void put_each(struct goal_advice *a, const struct goals *all, const struct goal *g,
		     enum standing s, const char *command)
{
	const struct iteration *it = goal_iteration(g, g->iteration);

	for (size_t i = 0; it && i < it->tentacles.count; i++)
		if (tentacle_standing(all, it->tentacles.v[i]) == s)
			buf_putf(&a->next, "sk tentacle %s %.*s\n", command,
				 SPAN_ARG(it->tentacles.v[i]));
}

/* Whether anything was handed off and is not merged, with the commands that do it. */
static bool put_merges(struct goal_advice *a, const struct goals *all, const struct goal *g)
{
	const struct iteration *it = goal_iteration(g, g->iteration);
	bool any = false;

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, it->tentacles.v[i]);

		if (!t || !tentacle_unmerged(t))
			continue;
		buf_putf(&a->next, "sk tentacle worktree %.*s merge --commit\n", SPAN_ARG(t->name));
		any = true;
	}
	return any;
}

/* All of the iteration is done: on, or to the end. */
static void advise_end(struct goal_advice *a, const struct goal *g, int64_t now_ms)
{
	const struct criterion *all = g->criteria.v;
	size_t verified = 0, unchecked = 0;

	for (size_t i = 0; i < g->criteria.count; i++) {
		verified += all[i].status == CRITERION_VERIFIED;
		unchecked += all[i].status == CRITERION_UNVERIFIED && all[i].command.len;
	}
	if (goal_blocking_gate(g)) {
		a->recommendation = "the work is done; a gate has to be judged";
		buf_putf(&a->next, "sk tentacle goal gate approve %.*s --reason TEXT\n",
			 SPAN_ARG(goal_blocking_gate(g)->id));
	} else if (unchecked) {
		a->recommendation = "the work is done; see what it proves";
		buf_puts(&a->next, "sk tentacle goal criteria check\n");
	} else if (g->criteria.count && verified == g->criteria.count) {
		a->recommendation = "everything is proved: complete the goal";
		buf_puts(&a->next, "sk tentacle goal eval --decision complete\n");
	} else if (goal_budget_spent(g, now_ms, NULL)) {
		a->recommendation = "nothing is left for another iteration: decide";
		buf_puts(&a->next, "sk tentacle goal budget\nsk tentacle goal eval --decision "
				   "continue --force-over-budget\n");
	} else {
		a->recommendation = "close the iteration and plan the next one";
		buf_puts(&a->next, "sk tentacle goal eval --decision continue --notes TEXT\n");
	}
}

#define ADVISED_LINKS_MAX 5

/* Nothing belongs to the iteration: what is there may be linked, else something has to be named.
 * Whoever works without tentacles checks the criteria. */
static void advise_plan(struct goal_advice *a, const struct goals *all, const struct goal *g)
{
	const struct criterion *criteria = g->criteria.v;
	size_t links = 0;

	a->recommendation = "plan the iteration: it has no tentacles yet";
	for (size_t i = 0; i < all->tentacle_count && links < ADVISED_LINKS_MAX; i++) {
		const struct tentacle *t = &all->tentacles[i];

		if (t->goal_id.len || t->status == TENTACLE_COMPLETED)
			continue;
		buf_putf(&a->next, "sk tentacle goal link %.*s\n", SPAN_ARG(t->name));
		links++;
	}
	if (!links)
		buf_puts(&a->next,
			 "sk tentacle create NAME --desc TEXT\nsk tentacle goal link NAME\n");
	for (size_t i = 0; i < g->criteria.count; i++)
		if (criteria[i].command.len) {
			buf_puts(&a->next, "sk tentacle goal criteria check\n");
			return;
		}
}

/* Whether the criteria, if any, are proved. */
static bool all_verified(const struct goal *g)
{
	size_t count[CRITERION_STATE_COUNT];

	goal_count_criteria(g, count);
	return g->criteria.count && count[CRITERION_VERIFIED] == g->criteria.count;
}

/* What a person can do about one that does not go on by itself. Whether there is anything. */
static bool put_way(struct goal_advice *a, const struct goals *all, const struct tentacle *t,
		    enum standing s, int64_t now_ms)
{
	char task[80];

	agent_task_name(t->name, task);
	switch (s) {
	case STANDING_PARKED:
		if (!t->parked.held && t->parked.due_ms && t->parked.due_ms > now_ms)
			return false;
		parked_put_release(all, t, now_ms, &a->next);
		return true;
	case STANDING_FAILED_NEEDS:
		buf_putf(&a->next, "sk tentacle dispatch %.*s --run --force\n", SPAN_ARG(t->name));
		return true;
	case STANDING_JUDGE:
		buf_putf(&a->next, "sk tentacle show %.*s\n", SPAN_ARG(t->name));
		if (t->terminal_status == HANDOFF_TOO_BIG)
			buf_putf(&a->next, "sk tentacle split %.*s PART PART\n", SPAN_ARG(t->name));
		buf_putf(&a->next, "sk tentacle complete %.*s\n", SPAN_ARG(t->name));
		return true;
	case STANDING_LOST:
	case STANDING_FAILED:
	case STANDING_STOPPED:
	case STANDING_AWAITING_HANDOFF:
		buf_putf(&a->next, "sk logs %s\nsk tentacle dispatch %.*s --run\n", task,
			 SPAN_ARG(t->name));
		return true;
	default:
		return false;
	}
}

static bool put_ways(struct goal_advice *a, const struct goals *all, const struct goal *g,
		     int64_t now_ms)
{
	const struct iteration *it = goal_iteration(g, g->iteration);
	bool any = false, resettable = false;

	for (size_t i = 0; it && i < it->tentacles.count; i++) {
		struct span name = it->tentacles.v[i];
		const struct tentacle *t = goals_tentacle(all, name);

		if (t && put_way(a, all, t, tentacle_standing(all, name), now_ms)) {
			any = true;
			resettable |=
				t->status != TENTACLE_PARKED && tentacle_resettable(all, name);
		}
	}
	if (resettable)
		buf_puts(&a->next, "sk tentacle goal resume --reset-failed\n");
	return any;
}

static void advise_active(struct goal_advice *a, const struct goals *all, const struct goal *g,
			  int64_t now_ms)
{
	size_t count[STANDING_COUNT], total = 0;

	goal_progress(all, g, g->iteration, count);
	for (int i = 0; i < STANDING_COUNT; i++)
		total += count[i];
	if (put_ways(a, all, g, now_ms)) {
		a->recommendation = "look at what went wrong, then put it back or complete it";
		put_each(a, all, g, STANDING_READY, "dispatch");
	} else if (count[STANDING_READY]) {
		a->recommendation = "begin what is ready";
		put_each(a, all, g, STANDING_READY, "dispatch");
	} else if (count[STANDING_RUNNING] || count[STANDING_DISPATCHED] ||
		   count[STANDING_ACTIVE]) {
		a->recommendation = "work is going on: wait for the hand-offs";
		buf_puts(&a->next, "sk tentacle status\n");
	} else if (count[STANDING_PARKED]) {
		a->recommendation = "what is left is parked: wait, let it go sooner, keep it "
				    "parked, or pause the goal";
		buf_puts(&a->next, "sk retry-queue list\n");
		parked_put_choices(all, &goal_iteration(g, g->iteration)->tentacles, now_ms,
				   &a->next);
		buf_puts(&a->next, "sk tentacle goal eval --decision pause --notes \"quota\"\n");
	} else if (count[STANDING_WAITING] || count[STANDING_FAILED_NEEDS]) {
		a->recommendation = "what is left waits for something that did not succeed";
		put_each(a, all, g, STANDING_FAILED_NEEDS, "show");
		put_each(a, all, g, STANDING_WAITING, "show");
	} else if (put_merges(a, all, g)) {
		a->recommendation = "the work is handed off: merge it, then see what it proves";
	} else if (total == 0 && !all_verified(g)) {
		advise_plan(a, all, g);
	} else {
		advise_end(a, g, now_ms);
	}
}

static void advise_human(struct goal_advice *a, const struct goals *all, const struct goal *g,
			 int64_t now_ms)
{
	a->recommendation = "mend the cause, then go on";
	if (span_starts(g->needs_human_reason, GOAL_STUCK)) {
		if (!put_ways(a, all, g, now_ms))
			buf_puts(&a->next, "sk tentacle status\n");
		buf_puts(&a->next, "sk tentacle goal resume\n");
	} else if (span_starts(g->needs_human_reason, "over_budget"))
		buf_puts(&a->next, "sk tentacle goal budget\nsk tentacle goal resume\n");
	else
		buf_puts(&a->next, "sk tentacle goal criteria list\nsk tentacle goal resume\nsk "
				   "tentacle goal verify-loop --escalate\n");
}

void goal_advise(const struct goals *all, const struct goal *g, int64_t now_ms,
		 struct goal_advice *out)
{
	*out = (struct goal_advice)GOAL_ADVICE_INIT;
	out->now_ms = now_ms;
	add_status(out, g);
	if (!goal_state_final(g->status)) {
		add_budget(out, g, now_ms);
		add_gates(out, g);
		add_criteria(out, g);
		add_tentacles(out, all, g);
		add_providers(out, all, g);
	}
	switch (g->status) {
	case GOAL_ACTIVE:
		advise_active(out, all, g, now_ms);
		return;
	case GOAL_NEEDS_HUMAN:
		(void)put_merges(out, all, g);
		advise_human(out, all, g, now_ms);
		return;
	case GOAL_PAUSED:
		out->recommendation = "go on when the cause of the pause is over";
		break;
	case GOAL_AWAITING_GATE:
		out->recommendation = "somebody has to judge the gate";
		break;
	default:
		out->recommendation = "it is at its end; a fresh start is another goal";
	}
	goal_put_next(g, &out->next);
}

int goal_advise_page(struct cmd_ctx *c, goal_page *text, goal_page *json, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	CLEANUP(goal_advice_release) struct goal_advice a = GOAL_ADVICE_INIT;
	const struct goal *g;
	int rc = goals_open_goal(c, 0, &s, &g, e);

	if (rc < 0)
		return rc;
	goals_warn(s);
	goal_advise(goal_store_goals(s), g, c->now_ms, &a);
	(c->json ? json : text)(c, goal_store_goals(s), g, &a);
	return EXIT_DONE;
}

void goal_count_criteria(const struct goal *g, size_t out[CRITERION_STATE_COUNT])
{
	const struct criterion *all = g->criteria.v;

	memset(out, 0, CRITERION_STATE_COUNT * sizeof(*out));
	for (size_t i = 0; i < g->criteria.count; i++)
		out[all[i].status]++;
}
