/*
 * What the graph says about time and width, in the form of a plan: stages, the longest way, what
 * each stage wants. It depends on definitions and dependencies alone, so it stays the same while
 * the tasks run. A task without an estimate counts with its time limit, as everywhere.
 */
#include "views/documents.h"

#include "core/link.h"
#include "views/put.h"

struct plan {
	const struct state *st;
	const struct workstream *w;
	struct ws_graph g;
	uint32_t *stage; /* of each node */
	uint32_t *order; /* nodes by stage */
	bool *critical;  /* of each node */
	uint32_t *path;  /* the longest way */
	uint32_t ordered, path_count;
	uint64_t path_ms, total_ms;
};

static void plan_init(struct plan *p, const struct state *st, uint32_t ws)
{
	size_t count = st->ws[ws].task_count;

	*p = (struct plan){ .st = st, .w = &st->ws[ws] };
	ws_graph_init(&p->g, st, ws);
	p->stage = mem_alloc(count * sizeof(*p->stage));
	p->order = mem_alloc(count * sizeof(*p->order));
	p->path = mem_alloc(count * sizeof(*p->path));
	p->critical = mem_zalloc(count * sizeof(*p->critical));
	for (size_t i = 0; i < count; i++)
		if (st->tasks[p->w->tasks[i]].flags & TASK_DROPPED)
			p->g.estimate_ms[i] = 0; /* it will never run */
	graph_stages(&p->g.graph, p->stage);
	p->ordered = graph_order(&p->g.graph, p->order);
	p->path_count = graph_critical_path(&p->g.graph, p->g.estimate_ms, p->path, &p->path_ms);
	for (uint32_t i = 0; i < p->path_count; i++)
		p->critical[p->path[i]] = true;
}

static void plan_release(struct plan *p)
{
	ws_graph_release(&p->g);
	mem_free(&p->stage);
	mem_free(&p->order);
	mem_free(&p->path);
	mem_free(&p->critical);
}

static const struct task *task_at(const struct plan *p, uint32_t node)
{
	return &p->st->tasks[p->w->tasks[node]];
}

/* All that the tasks of order[first..end) ask for together. */
static void put_requirements(const struct plan *p, uint32_t first, uint32_t end, struct buf *out)
{
	uint64_t *sum = mem_zalloc(p->st->resource_count * sizeof(*sum));

	for (uint32_t i = first; i < end; i++) {
		const struct task *t = task_at(p, p->order[i]);

		for (uint8_t k = 0; k < t->resource_count; k++)
			sum[t->resources[k].resource] +=
				resource_amount(&p->st->resources[t->resources[k].resource],
						t->resources[k].amount);
	}
	put_open(out, "resource_requirements", '{');
	for (size_t i = 0; i < p->st->resource_count; i++)
		if (sum[i]) {
			put_comma(out);
			buf_put_json(out, p->st->resources[i].id);
			buf_putc(out, ':');
			buf_put_u64(out, sum[i]);
		}
	buf_putc(out, '}');
	mem_free(&sum);
}

/* With so many at a time no stage is shorter than its longest task, nor than its work shared out.
 */
static uint64_t stage_ms(const struct plan *p, uint32_t first, uint32_t end, uint32_t width)
{
	uint64_t longest = 0, sum = 0;

	for (uint32_t i = first; i < end; i++) {
		uint64_t ms = p->g.estimate_ms[p->order[i]];

		longest = ms > longest ? ms : longest;
		sum += ms;
	}
	sum = (sum + width - 1) / width;
	return sum > longest ? sum : longest;
}

static void put_stage(struct plan *p, uint32_t first, uint32_t end, struct buf *out)
{
	uint32_t width = end - first;
	bool critical = false;
	uint64_t ms;

	if (p->w->max_parallel && p->w->max_parallel < width)
		width = p->w->max_parallel;
	ms = stage_ms(p, first, end, width);
	p->total_ms += ms;
	put_comma(out);
	buf_puts(out, "\n{");
	put_u64(out, "stage", p->stage[p->order[first]]);
	put_open(out, "parallel_tasks", '[');
	for (uint32_t i = first; i < end; i++) {
		put_id(out, task_at(p, p->order[i])->id);
		critical |= p->critical[p->order[i]];
	}
	buf_putc(out, ']');
	put_u64(out, "max_parallelism", width);
	put_thousandths(out, "estimated_duration_seconds", ms);
	put_bool(out, "critical_path", critical);
	put_requirements(p, first, end, out);
	buf_putc(out, '}');
}

void execution_plan_encode(struct view_source *src, uint32_t ws, struct view_stamp stamp,
			   struct buf *out)
{
	CLEANUP(plan_release) struct plan p;

	plan_init(&p, src->st, ws);
	buf_putc(out, '{');
	put_text(out, "schema_version", VIEW_SCHEMA);
	put_span(out, "workstream_id", p.w->id);
	put_time(out, "generated_at", stamp.at_ms);
	put_u64(out, "source_seq", stamp.seq);
	put_open(out, "stages", '[');
	for (uint32_t first = 0, end = 0; first < p.ordered; first = end) {
		while (end < p.ordered && p.stage[p.order[end]] == p.stage[p.order[first]])
			end++;
		put_stage(&p, first, end, out);
	}
	buf_putc(out, ']');
	put_thousandths(out, "total_estimated_duration", p.total_ms);
	put_thousandths(out, "critical_path_duration", p.path_ms);
	put_open(out, "critical_path_tasks", '[');
	for (uint32_t i = 0; i < p.path_count; i++)
		put_id(out, task_at(&p, p.path[i])->id);
	buf_puts(out, "]}\n");
}
