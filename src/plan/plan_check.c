/*
 * Names are tied to numbers only now, when every file has been read: a need may name a task further
 * down, in another file, or a whole matrix. Cycles are looked for when all needs are known; the
 * common case, none, costs one linear pass.
 */
#include <stdlib.h>

#include "core/submit_cycle.h"
#include "plan/plan_model.h"

static struct span task_name(const void *ctx, size_t index)
{
	return ((const struct plan_file *)ctx)->tasks[index].name;
}

static struct span ws_name(const void *ctx, size_t index)
{
	return ((const struct plan *)ctx)->files[index].name;
}

static const struct plan_file *file_find(const struct plan *p, struct span ws)
{
	for (size_t i = 0; i < p->file_count; i++)
		if (span_eq(p->files[i].name, ws))
			return &p->files[i];
	return NULL;
}

int plan_task_find(struct plan *p, const struct plan_file *file, struct span name,
		   struct task_range *out, const char **near)
{
	const char *slash = memchr(name.p, '/', name.len);
	struct reading r = { &p->problems, NULL, NULL, &p->text };
	uint32_t found;

	if (slash) {
		struct span ws = { name.p, (size_t)(slash - name.p) };

		file = file_find(p, ws);
		name = (struct span){ slash + 1, name.len - ws.len - 1 };
		if (!file && near)
			*near = value_nearest(&r, ws, &(struct words){ ws_name, p, p->file_count });
		if (!file && near && !(*near)[0])
			*near = "; no plan of this run is that workstream. Try: add its plan to "
				"the command";
		if (!file)
			return -SK_ENOTFOUND;
	}
	found = map_find(&file->names, name);
	if (found == MAP_NONE) {
		if (near)
			*near = value_suggest(&r, name,
					      &(struct words){ task_name, file, file->task_count });
		return -SK_ENOTFOUND;
	}
	if (found & IS_GROUP)
		*out = (struct task_range){ file->tasks[found & ~IS_GROUP].first,
					    file->tasks[found & ~IS_GROUP].count };
	else
		*out = (struct task_range){ found, 1 };
	return 0;
}

/* Something refers to a file that could not be read: what it refers to cannot be judged. */
static bool judged(const struct plan *p, struct span name)
{
	bool broken = false;

	for (size_t i = 0; i < p->file_count; i++)
		broken |= p->files[i].broken;
	return !broken || !memchr(name.p, '/', name.len);
}

static const struct plan_task *declared_of(const struct plan *p, uint32_t task)
{
	return &p->files[p->out->tasks[task].ws].tasks[p->declared[task]];
}

static int add_need(struct plan *p, size_t *capacity, uint32_t need)
{
	mem_grow(&p->out->needs, capacity, (size_t)p->out->needs_count + 1, sizeof(*p->out->needs));
	p->out->needs[p->out->needs_count++] = need;
	return 0;
}

static int tie_want(struct plan *p, uint32_t task, const struct want *want, size_t *capacity)
{
	const struct plan_task *t = declared_of(p, task);
	struct reading r = { &p->problems, t->source, NULL, &p->text };
	struct span name = p->out->tasks[task].name;
	const char *near = "";
	struct task_range range;

	if (plan_task_find(p, &p->files[p->out->tasks[task].ws], want->text, &range, &near) < 0) {
		if (!judged(p, want->text))
			return 0;
		return value_problem(&r, want->node, "task %s depends on unknown task %s%s",
				     value_quote(&r, name), value_quote(&r, want->text), near);
	}
	if (task - range.first < range.count)
		return value_problem(&r, want->node,
				     "task %s depends on itself. Try: take it out of needs",
				     value_quote(&r, name));
	if (p->out->needs_count - p->out->tasks[task].needs_at + (uint64_t)range.count > NEEDS_MAX)
		return value_problem(&r, want->node,
				     "more than %d dependencies of one task. Try: fewer",
				     NEEDS_MAX);
	if (p->out->needs_count + (uint64_t)range.count > PLAN_NEEDS_MAX)
		return value_problem(&r, want->node,
				     "more than %d dependencies in one run. Try: fewer",
				     PLAN_NEEDS_MAX);
	for (uint32_t i = 0; i < range.count; i++)
		add_need(p, capacity, range.first + i);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts what was added for `task` and drops what is there twice. */
static void settle_needs(struct plan *p, uint32_t task)
{
	struct task_spec *t = &p->out->tasks[task];
	uint32_t count = p->out->needs_count - t->needs_at, kept = 0, *needs;

	if (count == 0)
		return;
	needs = p->out->needs + t->needs_at;
	if (count > 1)
		qsort(needs, count, sizeof(*needs), by_number);
	for (uint32_t i = 0; i < count; i++)
		if (i == 0 || needs[i] != needs[i - 1])
			needs[kept++] = needs[i];
	t->needs_count = kept;
	p->out->needs_count = t->needs_at + kept;
}

static void tie_all(struct plan *p)
{
	size_t capacity = 0;

	for (uint32_t i = 0; i < p->out->task_count && !problems_full(&p->problems); i++) {
		p->out->tasks[i].needs_at = p->out->needs_count;
		for (size_t w = p->wants_at[i]; w < p->wants_at[i + 1]; w++)
			tie_want(p, i, &p->wants[w], &capacity);
		settle_needs(p, i);
	}
}

/* blocks: is the same fact from the other side; a folder in which the two disagree was edited by
 * halves. */
static void check_blocks(struct plan *p, const struct plan_file *f, const struct plan_task *t)
{
	struct reading r = { &p->problems, t->source, NULL, &p->text };

	if (t->blocks->kind == NODE_MAP) {
		value_list(&r, t->blocks);
		return;
	}
	for (const struct node *at = value_first(t->blocks); at; at = value_next(t->blocks, at)) {
		const char *near = "";
		struct task_range range;
		struct span name;
		const struct task_spec *other;

		if (value_text(&r, at, &name) < 0)
			return;
		if (plan_task_find(p, f, name, &range, &near) < 0) {
			value_problem(&r, at, "task %s blocks unknown task %s%s",
				      value_quote(&r, t->name), value_quote(&r, name), near);
			continue;
		}
		if (range.count == 0) /* it has a problem of its own */
			continue;
		other = &p->out->tasks[range.first];
		if (other->needs_count == 0 ||
		    !bsearch(&t->first, p->out->needs + other->needs_at, other->needs_count,
			     sizeof(uint32_t), by_number))
			value_problem(&r, at,
				      "task %s blocks %s, which does not list it in its "
				      "dependencies. Try: add it there",
				      value_quote(&r, t->name), value_quote(&r, name));
	}
}

/* Where the first task of the cycle says that it needs the second. */
static const struct node *want_between(struct plan *p, uint32_t task, uint32_t need)
{
	struct task_range range;

	for (size_t w = p->wants_at[task]; w < p->wants_at[task + 1]; w++)
		if (plan_task_find(p, &p->files[p->out->tasks[task].ws], p->wants[w].text, &range,
				   NULL) == 0 &&
		    need - range.first < range.count)
			return p->wants[w].node;
	INVARIANT(!"the edge of a cycle was never written");
	return NULL;
}

static void report_cycle(void *ctx, const struct graph_cycle *cycle)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct plan *p = ctx;
	struct reading r = { &p->problems, declared_of(p, cycle->nodes[0])->source, NULL,
			     &p->text };

	if (problems_full(&p->problems) ||
	    (p->options->halt_on_cycle && !submit_cycle_crosses(p->out, cycle)))
		return;
	submit_put_cycle(p->out, cycle, &text);
	value_problem(&r, want_between(p, cycle->nodes[0], cycle->nodes[1]), "%s. %s", text.p,
		      submit_cycle_remedy(p->out, cycle));
}

void plan_check(struct plan *p)
{
	tie_all(p);
	if (problems_full(&p->problems))
		return;
	for (size_t i = 0; i < p->file_count; i++)
		for (size_t t = 0; t < p->files[i].task_count; t++)
			if (p->files[i].tasks[t].blocks && p->files[i].tasks[t].count > 0)
				check_blocks(p, &p->files[i], &p->files[i].tasks[t]);
	submit_cycles(p->out, report_cycle, p);
}
