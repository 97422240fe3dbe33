/* The same words for the same thing on every page: who reads the answer of one command should know
 * what the next one will say. */
#include "cmd/goal/goal_page.h"

#include "base/limits.h"

static const enum style status_styles[GOAL_STATE_COUNT] = {
	[GOAL_ACTIVE] = STYLE_GOOD,        [GOAL_PAUSED] = STYLE_WARN,
	[GOAL_AWAITING_GATE] = STYLE_WARN, [GOAL_NEEDS_HUMAN] = STYLE_BAD,
	[GOAL_COMPLETED] = STYLE_GOOD,     [GOAL_ABANDONED] = STYLE_DIM,
};

void goal_json(struct cmd_ctx *c, const struct goal *g)
{
	struct json j;

	json_open(&j, c->out, "goal");
	doc_encode_members(&goal_type, g, DOC_COMPACT, false, &c->out->buf);
	json_close(&j);
}

void json_doc(struct json *j, const char *key, const struct doc_type *type, const void *doc)
{
	json_object(j, key);
	doc_encode_members(type, doc, DOC_COMPACT, true, &j->out->buf);
	json_object_end(j);
}

static void put_why(struct out *out, const struct goal *g)
{
	struct span why = g->status == GOAL_PAUSED          ? g->pause_reason
			  : g->status == GOAL_NEEDS_HUMAN   ? g->needs_human_reason
			  : g->status == GOAL_AWAITING_GATE ? g->awaiting_gate_reason
							    : SPAN_NONE;

	if (g->status == GOAL_AWAITING_GATE && g->awaiting_gate_id.len) {
		out_puts(out, ": ");
		out_visible(out, g->awaiting_gate_id);
	}
	if (!why.len)
		return;
	out_puts(out, ": ");
	out_visible(out, why);
}

void goal_put_status(struct out *out, const struct goal *g)
{
	out_style(out, status_styles[g->status], goal_state_word(g->status));
	put_why(out, g);
}

void goal_put_line(struct out *out, const struct goal *g)
{
	out_puts(out, "goal ");
	out_visible(out, g->title);
	out_putf(out, " (%.8s): ", g->id.p);
	goal_put_status(out, g);
	out_putf(out, ", iteration %llu\n", (unsigned long long)g->iteration);
}

void goal_put_next(const struct goal *g, struct buf *out)
{
	const struct gate *gate = goal_blocking_gate(g);

	switch (g->status) {
	case GOAL_PAUSED:
		buf_puts(out, "sk tentacle goal resume\n");
		break;
	case GOAL_AWAITING_GATE:
		if (gate)
			buf_putf(out, "sk tentacle goal gate approve %.*s --reason TEXT\n",
				 SPAN_ARG(gate->id));
		buf_puts(out, "sk tentacle goal resume\n");
		break;
	case GOAL_NEEDS_HUMAN:
		buf_puts(out, "sk tentacle goal why\nsk tentacle goal resume\n");
		break;
	case GOAL_ACTIVE:
		buf_puts(out, "sk tentacle goal next-iter\n");
		break;
	default:
		buf_puts(out, "sk tentacle goal init --title TEXT\n");
	}
}

void goal_put_budget(struct out *out, const struct goal *g, int64_t now_ms)
{
	struct goal_use use[GOAL_LIMIT_COUNT];
	struct table table = TABLE_INIT(3);

	goal_use_read(g, now_ms, use);
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++) {
		CLEANUP(buf_release) struct buf used = BUF_INIT, limit = BUF_INIT;

		if (!use[i].limit)
			continue;
		if (i == GOAL_LIMIT_COST) {
			buf_put_cost(&used, use[i].used);
			buf_put_cost(&limit, use[i].limit);
		} else {
			buf_put_u64(&used, use[i].used);
			buf_put_u64(&limit, use[i].limit);
		}
		table_cell(&table, STYLE_PLAIN, "%s", goal_limit_text(i));
		table_cell(&table, use[i].next ? STYLE_WARN : STYLE_PLAIN, "%s of %s", used.p,
			   limit.p);
		table_cell(&table, STYLE_WARN, "%s",
			   use[i].over   ? "over"
			   : use[i].next ? "none left for another iteration"
					 : "");
	}
	if (table.count)
		out_puts(out, "\nbudget\n");
	table_print(&table, out, 2);
	table_release(&table);
}

int goal_cost_option(const char *option, const char *text, uint64_t *micros, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (cost_decode(span_of(text), micros) == 0)
		return 0;
	buf_put_quoted(&shown, span_of(text), NAME_BYTES_MAX);
	return err_set(e, -SK_EUSAGE,
		       "--%s %s: expected an amount such as 2.50, with at most six digits behind "
		       "the point: nothing was changed",
		       option, shown.p);
}

int goal_limits_read(const struct cmd_ctx *c, struct goal_budget *budget, struct err *e)
{
	const struct options *o = c->options;
	const char *cost = options_text(o, "max-cost");
	int rc;

	budget->max_iterations = options_number(o, "max-iterations", budget->max_iterations);
	budget->max_tentacles = options_number(o, "max-tentacles", budget->max_tentacles);
	budget->timeout_minutes = options_number(o, "timeout", budget->timeout_minutes);
	budget->max_tokens = options_number(o, "max-tokens", budget->max_tokens);
	if (!cost)
		return 0;
	rc = goal_cost_option("max-cost", cost, &budget->max_cost_micros, e);
	if (rc == 0 && budget->max_cost_micros == 0)
		return err_set(e, -SK_EUSAGE,
			       "--max-cost 0: a limit is more than nothing: nothing was changed");
	return rc;
}
