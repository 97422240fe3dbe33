/* The graph for a terminal: one level behind the other, each task with what it needs. Arrows drawn
 * with letters stop being readable at ten tasks; names never do. */
#include "cmd/task/dag.h"

#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/task/story.h"

static void put_needs(const struct dag *d, uint32_t node, struct buf *out)
{
	const struct graph *g = &d->g.graph;
	const struct task *t = dag_task(d, node);
	const char *between = "needs ";

	for (uint32_t i = g->needs_at[node]; i < g->needs_at[node + 1]; i++) {
		buf_putf(out, "%s%.*s", between, SPAN_ARG(dag_task(d, g->needs[i])->id));
		between = ", ";
	}
	for (uint32_t i = 0; i < t->needs_count; i++) {
		const struct task *need = &d->st->tasks[t->needs[i] & ~WAIVED];
		bool waived = t->needs[i] & WAIVED;

		if (!waived && &d->st->ws[need->ws] == d->w)
			continue;
		buf_putf(out, "%s%.*s (%s)", between, SPAN_ARG(need->id),
			 waived ? "waived" : "of another workstream");
		between = ", ";
	}
}

static void put_node(const struct dag *d, struct table *t, uint32_t node)
{
	CLEANUP(buf_release) struct buf notes = BUF_INIT;
	const struct task *k = dag_task(d, node);
	size_t critical;

	if (k->flags & TASK_CRITICAL)
		buf_puts(&notes, "critical; ");
	critical = notes.len;
	put_needs(d, node, &notes);
	if (notes.len == critical && critical)
		buf_truncate(&notes, critical - 2);
	table_span(t, d->on_cycle[node] ? STYLE_BAD : STYLE_BOLD,
		   d->on_cycle[node]  ? SPAN_LIT("!")
		   : d->on_path[node] ? SPAN_LIT("*")
				      : SPAN_LIT(" "));
	table_span(t, STYLE_PLAIN, k->id);
	table_span(t, story_style(k->state), span_of(task_state_word(k->state)));
	table_span(t, STYLE_PLAIN, (struct span){ notes.p, notes.len });
}

static void print_cycles(struct cmd_ctx *c, const struct dag *d)
{
	for (uint32_t i = 0; i < d->cycle_count; i++) {
		CLEANUP(buf_release) struct buf text = BUF_INIT;
		uint32_t first = d->cycle_at[i];

		buf_puts(&text, "Cycle: ");
		for (uint32_t k = first; k < d->cycle_at[i + 1]; k++)
			buf_putf(&text, "%.*s needs ", SPAN_ARG(dag_task(d, d->cycle[k])->id));
		buf_putf(&text, "%.*s", SPAN_ARG(dag_task(d, d->cycle[first])->id));
		fit_text(c->out, (struct span){ text.p, text.len }, 0);
	}
}

/* All nodes of one level, by their place in the plan. */
static void print_level(struct cmd_ctx *c, const struct dag *d, const uint32_t *nodes,
			uint32_t count)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(4);

	for (uint32_t i = 0; i < count; i++)
		put_node(d, &t, nodes[i]);
	fit_table(&t, c->out, 2);
}

static void print_unordered(struct cmd_ctx *c, const struct dag *d)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(4);

	for (uint32_t i = 0; i < d->count; i++)
		if (!d->stage[i])
			put_node(d, &t, i);
	if (!t.count)
		return;
	fit_heading(c->out, "On a cycle or behind one");
	fit_table(&t, c->out, 2);
}

static void print_path(struct cmd_ctx *c, const struct dag *d)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	if (d->path_count < 2)
		return;
	buf_puts(&text, "* the longest way, at most ");
	buf_put_duration(&text, (int64_t)d->path_ms);
	buf_puts(&text, " by estimates or time limits: ");
	for (uint32_t i = 0; i < d->path_count; i++)
		buf_putf(&text, "%s%.*s", i ? " > " : "", SPAN_ARG(dag_task(d, d->path[i])->id));
	out_puts(c->out, "\n");
	fit_text(c->out, (struct span){ text.p, text.len }, 0);
}

void dag_put_text(struct cmd_ctx *c, const struct dag *d)
{
	uint32_t at = 0;

	out_putf(c->out, "%.*s: %u tasks in %u level%s\n", SPAN_ARG(d->w->id), d->count, d->stages,
		 d->stages == 1 ? "" : "s");
	print_cycles(c, d);
	for (uint32_t level = 1; level <= d->stages; level++) {
		uint32_t end = at;

		while (end < d->ordered && d->stage[d->order[end]] == level)
			end++;
		out_putf(c->out, "\nLevel %u\n", level);
		print_level(c, d, d->order + at, end - at);
		at = end;
	}
	print_unordered(c, d);
	print_path(c, d);
}
