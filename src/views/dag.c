/*
 * The dependencies of one workstream, for people and drawing programs. An edge leads from the
 * prerequisite to the dependent, which is the direction of time and not that of "needs". What a
 * task needs of another workstream is a node, too, marked external: an edge must not end in
 * nothing.
 */
#include "views/documents.h"

#include "base/scan.h"
#include "core/link.h"
#include "core/task_def.h"
#include "views/put.h"

static void put_type(struct buf *out, const struct task *t)
{
	struct task_def def;

	if (task_def_decode(t->def, &def) == 0 && def.type.len)
		put_span(out, "type", def.type);
	else
		put_text(out, "type", "custom");
}

static void put_node(struct buf *out, const struct task *t)
{
	put_comma(out);
	buf_puts(out, "\n{");
	put_span(out, "task_id", t->id);
	put_span(out, "name", t->name);
	put_type(out, t);
	put_text(out, "status", task_state_word(t->state));
	if (t->flags & TASK_DROPPED)
		put_bool(out, "dropped", true);
}

static void put_edge(struct buf *out, struct span from, struct span to, bool waived)
{
	put_comma(out);
	buf_puts(out, "\n{");
	put_span(out, "from", from);
	put_span(out, "to", to);
	put_text(out, "type", waived ? "waived" : "depends_on");
	buf_putc(out, '}');
}

/* Calls fn for each need of the task that is there, with WAIVED where it holds. */
static void each_need(const struct state *st, const struct task *t,
		      void (*fn)(void *ctx, const struct task *t, uint32_t need), void *ctx)
{
	struct scan_text id;
	struct scan s;

	if (t->flags & TASK_DROPPED)
		return;
	for (uint32_t i = 0; !t->needs_raw.p && i < t->needs_count; i++)
		if (!task_gone(&st->tasks[t->needs[i] & ~WAIVED]))
			fn(ctx, t, t->needs[i]);
	if (!t->needs_raw.p)
		return;
	scan_init(&s, t->needs_raw); /* not linked yet */
	scan_array(&s);
	while (scan_item(&s)) {
		uint32_t need;

		scan_string(&s, &id);
		need = state_task(st, id.raw);
		if (need != NO_ID)
			fn(ctx, t, need);
	}
}

struct dag {
	const struct state *st;
	struct buf *out;
	uint32_t *external; /* tasks of other workstreams, each once, in the order they were met */
	size_t external_count, external_capacity;
	bool *seen; /* of each task: is in external */
};

static void add_external(void *ctx, const struct task *t, uint32_t need)
{
	struct dag *d = ctx;

	need &= ~WAIVED;
	if (d->st->tasks[need].ws == t->ws || d->seen[need])
		return;
	d->seen[need] = true;
	mem_grow(&d->external, &d->external_capacity, d->external_count + 1, sizeof(*d->external));
	d->external[d->external_count++] = need;
}

static void add_edge(void *ctx, const struct task *t, uint32_t need)
{
	struct dag *d = ctx;

	put_edge(d->out, d->st->tasks[need & ~WAIVED].id, t->id, need & WAIVED);
}

static void put_nodes(struct dag *d, const struct workstream *w)
{
	const struct state *st = d->st;

	d->seen = mem_zalloc(st->task_count * sizeof(*d->seen));
	put_open(d->out, "nodes", '[');
	for (size_t i = 0; i < w->task_count; i++) {
		put_node(d->out, &st->tasks[w->tasks[i]]);
		buf_putc(d->out, '}');
		each_need(st, &st->tasks[w->tasks[i]], add_external, d);
	}
	for (size_t i = 0; i < d->external_count; i++) {
		const struct task *t = &st->tasks[d->external[i]];

		put_node(d->out, t);
		put_span(d->out, "workstream_id", st->ws[t->ws].id);
		put_bool(d->out, "external", true);
		buf_putc(d->out, '}');
	}
	buf_putc(d->out, ']');
}

static void put_order(struct dag *d, uint32_t ws)
{
	const struct workstream *w = &d->st->ws[ws];
	uint32_t *order = mem_alloc(w->task_count * sizeof(*order)), count;
	struct ws_graph g;

	ws_graph_init(&g, d->st, ws);
	count = graph_order(&g.graph, order);
	put_open(d->out, "topological_order", '[');
	for (uint32_t i = 0; i < count; i++)
		put_id(d->out, d->st->tasks[w->tasks[order[i]]].id);
	buf_putc(d->out, ']');
	ws_graph_release(&g);
	mem_free(&order);
}

void dag_encode(struct view_source *src, uint32_t ws, struct view_stamp stamp, struct buf *out)
{
	const struct workstream *w = &src->st->ws[ws];
	struct dag d = { .st = src->st, .out = out };

	buf_putc(out, '{');
	put_text(out, "schema_version", VIEW_SCHEMA);
	put_span(out, "workstream_id", w->id);
	put_time(out, "generated_at", stamp.at_ms);
	put_u64(out, "source_seq", stamp.seq);
	put_nodes(&d, w);
	put_open(out, "edges", '[');
	for (size_t i = 0; i < w->task_count; i++)
		each_need(src->st, &src->st->tasks[w->tasks[i]], add_edge, &d);
	buf_putc(out, ']');
	put_order(&d, ws);
	buf_puts(out, "}\n");
	mem_free(&d.external);
	mem_free(&d.seen);
}
