/* One look after an interruption: is anything wrong, with the goal or with one of its tentacles? */
#include "base/when.h"
#include "cmd/goal/goal_advice.h"
#include "cmd/goal/goal_page.h"
#include "cmd/hint.h"
#include "cmd/goal/tentacles.h"

enum health { HEALTHY, AT_RISK, NEEDS_ACTION };

static const char *const health_words[] = { "healthy", "at-risk", "needs-action" };
static const enum style health_styles[] = { STYLE_GOOD, STYLE_WARN, STYLE_BAD };

/* Four fifths of the time, one iteration or two tentacles left. */
static bool runs_short(const struct goal_use use[GOAL_LIMIT_COUNT])
{
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++) {
		uint64_t left = use[i].limit > use[i].used ? use[i].limit - use[i].used : 0;

		if (!use[i].limit)
			continue;
		if (i == GOAL_LIMIT_ITERATIONS  ? left <= 1
		    : i == GOAL_LIMIT_TENTACLES ? left <= 2
						: use[i].used >= use[i].limit / 5 * 4)
			return true;
	}
	return false;
}

static bool any_failed(const struct goal *g)
{
	const struct criterion *all = g->criteria.v;

	for (size_t i = 0; i < g->criteria.count; i++)
		if (all[i].status == CRITERION_FAILED)
			return true;
	return false;
}

static enum health judge(const struct goals *all, const struct goal *g, int64_t now_ms)
{
	struct goal_use use[GOAL_LIMIT_COUNT];
	size_t count[STANDING_COUNT];
	bool over = false;

	if (g->status == GOAL_COMPLETED)
		return HEALTHY;
	goal_use_read(g, now_ms, use);
	goal_progress(all, g, g->iteration, count);
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++)
		over |= use[i].over;
	if (g->status == GOAL_NEEDS_HUMAN || g->status == GOAL_AWAITING_GATE ||
	    g->status == GOAL_ABANDONED || over || count[STANDING_LOST] || count[STANDING_TRIAGE] ||
	    count[STANDING_JUDGE] || (g->status == GOAL_PAUSED && count[STANDING_PARKED]))
		return NEEDS_ACTION;
	if (g->status == GOAL_PAUSED || goal_blocking_gate(g) || any_failed(g) ||
	    count[STANDING_PARKED] || count[STANDING_AWAITING_HANDOFF] || count[STANDING_FAILED] ||
	    count[STANDING_STOPPED] || runs_short(use))
		return AT_RISK;
	return HEALTHY;
}

static void put_counts(struct json *j, const struct goal *g)
{
	const struct gate *gates = g->gates.v;
	size_t states[CRITERION_STATE_COUNT], blocking = 0;

	goal_count_criteria(g, states);
	for (size_t i = 0; i < g->gates.count; i++)
		blocking += gates[i].status == GATE_PENDING || gates[i].status == GATE_REJECTED;
	json_object(j, "gates");
	json_u64(j, "total", g->gates.count);
	json_u64(j, "blocking", blocking);
	json_array(j, "blocking_ids");
	for (size_t i = 0; i < g->gates.count; i++)
		if (gates[i].status == GATE_PENDING || gates[i].status == GATE_REJECTED)
			json_span(j, NULL, gates[i].id);
	json_array_end(j);
	json_object_end(j);
	json_object(j, "criteria");
	json_u64(j, "total", g->criteria.count);
	json_u64(j, "verified", states[CRITERION_VERIFIED]);
	json_u64(j, "failed", states[CRITERION_FAILED]);
	json_u64(j, "pending", states[CRITERION_UNVERIFIED]);
	json_object_end(j);
}

static void put_budget(struct json *j, const struct goal *g, int64_t now_ms)
{
	struct goal_use use[GOAL_LIMIT_COUNT];

	goal_use_read(g, now_ms, use);
	json_object(j, "budget");
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++) {
		json_object(j, goal_limit_word(i));
		json_u64(j, "used", use[i].used);
		if (use[i].limit)
			json_u64(j, "limit", use[i].limit);
		else
			json_null(j, "limit");
		json_bool(j, "over", use[i].over);
		json_bool(j, "used_up", use[i].next);
		json_object_end(j);
	}
	json_object_end(j);
}

static void put_span_or_null(struct json *j, const char *key, struct span text)
{
	if (text.len)
		json_span(j, key, text);
	else
		json_null(j, key);
}

static void put_tentacles(struct json *j, const struct goals *all, const struct goal *g,
			  int64_t now_ms, bool parked_only)
{
	const struct iteration *its = g->iterations.v;
	struct texts names = { NULL, 0 };
	struct arena arena = ARENA_INIT;

	for (size_t i = g->iterations.count; i-- > 0;)
		for (size_t k = 0; k < its[i].tentacles.count; k++)
			texts_add(&arena, &names, its[i].tentacles.v[k]);
	for (size_t i = 0; i < names.count; i++) {
		const struct tentacle *t = goals_tentacle(all, names.v[i]);

		if (!t || (parked_only && t->status != TENTACLE_PARKED))
			continue;
		json_object(j, NULL);
		if (parked_only) {
			json_span(j, "tentacle", t->name);
			doc_encode_members(&parked_type, &t->parked, DOC_COMPACT, false,
					   &j->out->buf);
		} else {
			tentacle_put_json(j, t, now_ms);
			json_text(j, "standing", standing_word(tentacle_standing(all, t->name)));
		}
		json_object_end(j);
	}
	arena_release(&arena);
}

static void print_json(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       const struct goal_advice *a)
{
	struct json j;

	json_open(&j, c->out, "resilience_status");
	json_span(&j, "goal_id", g->id);
	json_span(&j, "title", g->title);
	json_text(&j, "status", goal_state_word(g->status));
	json_text(&j, "health", health_words[judge(all, g, c->now_ms)]);
	json_u64(&j, "iteration", g->iteration);
	put_budget(&j, g, c->now_ms);
	put_counts(&j, g);
	put_span_or_null(&j, "needs_human_reason", g->needs_human_reason);
	put_span_or_null(&j, "awaiting_gate_id", g->awaiting_gate_id);
	put_span_or_null(&j, "awaiting_gate_reason", g->awaiting_gate_reason);
	put_span_or_null(&j, "pause_reason", g->pause_reason);
	json_time(&j, "paused_at", g->paused_ms);
	json_array(&j, "tentacles");
	put_tentacles(&j, all, g, c->now_ms, false);
	json_array_end(&j);
	json_array(&j, "retry_queue");
	put_tentacles(&j, all, g, c->now_ms, true);
	json_array_end(&j);
	json_text(&j, "recommendation", a->recommendation);
	json_next(&j, &a->next);
	json_close(&j);
}

static void put_row(struct table *table, const struct goals *all, struct span name, int64_t now_ms)
{
	const struct tentacle *t = goals_tentacle(all, name);
	enum standing s = tentacle_standing(all, name);
	CLEANUP(buf_release) struct buf age = BUF_INIT, note = BUF_INIT;

	table_span(table, STYLE_PLAIN, name);
	table_cell(table, standing_closes(s) && s != STANDING_TRIAGE ? STYLE_GOOD : STYLE_WARN,
		   "%s", standing_word(s));
	if (t) {
		buf_put_duration(&age, now_ms > t->updated_ms ? now_ms - t->updated_ms : 0);
		if (t->owner.pid)
			buf_putf(&note, "owner %s", tentacle_owner_word(t));
		if (t->terminal_status)
			buf_putf(&note, "%shanded off %s", note.len ? ", " : "",
				 handoff_words[t->terminal_status]);
		if (s == STANDING_PARKED && t->parked.due_ms) {
			buf_puts(&note, note.len ? ", until " : "until ");
			buf_put_when(&note, t->parked.due_ms);
			buf_puts(&note, " UTC");
		}
	}
	table_cell(table, STYLE_DIM, "%s", age.p ? age.p : "");
	table_cell(table, STYLE_DIM, "%s", note.p ? note.p : "");
}

static void print_text(struct cmd_ctx *c, const struct goals *all, const struct goal *g,
		       const struct goal_advice *a)
{
	const struct iteration *it = goal_iteration(g, g->iteration);
	enum health health = judge(all, g, c->now_ms);
	struct table table = TABLE_INIT(4);

	out_style(c->out, health_styles[health], health_words[health]);
	out_puts(c->out, "  ");
	goal_put_line(c->out, g);
	goal_put_budget(c->out, g, c->now_ms);
	for (size_t i = 0; it && i < it->tentacles.count; i++)
		put_row(&table, all, it->tentacles.v[i], c->now_ms);
	if (table.count)
		out_puts(c->out, "\ntentacles\n");
	table_print(&table, c->out, 2);
	table_release(&table);
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->causes[i].what, "gate") != 0 &&
		    strcmp(a->causes[i].what, "provider") != 0 &&
		    strcmp(a->causes[i].what, "criterion") != 0)
			continue;
		out_putf(c->out, "%s %s: ", a->causes[i].what, a->causes[i].subject);
		out_visible(c->out, span_of(a->causes[i].text));
		out_puts(c->out, "\n");
	}
	out_putf(c->out, "\n%s\n", a->recommendation);
	out_next(c->out, &a->next);
}

static int tentacle_goal_resilience_status_run(struct cmd_ctx *c, struct err *e)
{
	return goal_advise_page(c, print_text, print_json, e);
}

static const struct option_row tentacle_goal_resilience_status_options[] = {
	GOAL_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_resilience_status = {
	.path = "tentacle goal resilience-status",
	.summary = "show whether anything is wrong",
	.usage = "[--goal ID]",
	.about = "healthy, at-risk or needs-action, and each tentacle: how it stands, whether the "
		 "process that works on it lives, how long ago it changed, what was handed off, "
		 "until "
		 "when it is parked.",
	.example = "sk tentacle goal resilience-status --format json",
	.options = tentacle_goal_resilience_status_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_resilience_status_run,
};
