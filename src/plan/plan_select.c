/* --only takes what a task needs along; --from takes what stands behind it. Both are one pass over
 * the edges. */
#include "core/graph.h"
#include "plan/plan_model.h"

/* Whether `name` fits `pattern`, in which * stands for any bytes. Goes back to the last star only,
 * so it is never slow. */
static bool fits(struct span pattern, struct span name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, mark = 0;

	while (n < name.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.len && pattern.p[p] == name.p[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

/* The declared names of all files, one after the other. */
static struct span declared_name(const void *ctx, size_t index)
{
	const struct plan *p = ctx;
	size_t file = 0;

	while (index >= p->files[file].task_count)
		index -= p->files[file++].task_count;
	return p->files[file].tasks[index].name;
}

static void refuse(struct plan *p, const char *option, struct span word, const char *near)
{
	struct reading r = { &p->problems, NULL, NULL, &p->text };
	struct words known = { declared_name, p, 0 };

	for (size_t i = 0; i < p->file_count; i++)
		known.count += p->files[i].task_count;
	if (!near[0])
		near = value_suggest(&r, word, &known);
	problem_add(&p->problems, NULL, (struct place){ 0, 0 }, "%s %s: no such task%s", option,
		    problem_quote(&p->problems, word), near);
}

/* Marks the tasks that a plain name stands for, in every workstream that has it. */
static void mark_name(struct plan *p, const char *option, struct span word, bool *marked)
{
	const char *near = "";
	bool slash = memchr(word.p, '/', word.len);
	bool found = false;

	for (size_t i = 0; i < p->file_count; i++) {
		struct task_range range;

		if (plan_task_find(p, &p->files[i], word, &range, slash ? &near : NULL) < 0)
			continue;
		found = true;
		for (uint32_t t = 0; t < range.count; t++)
			marked[range.first + t] = true;
		if (slash)
			break;
	}
	if (!found)
		refuse(p, option, word, near);
}

static void mark_pattern(struct plan *p, const char *option, struct span word, bool *marked)
{
	const struct submission *s = p->out;
	const char *slash = memchr(word.p, '/', word.len);
	struct span ws = slash ? (struct span){ word.p, (size_t)(slash - word.p) } : SPAN_LIT("*");
	struct span name = slash ? (struct span){ slash + 1, word.len - ws.len - 1 } : word;
	bool found = false;

	for (uint32_t i = 0; i < s->task_count; i++) {
		if (!fits(ws, s->ws[s->tasks[i].ws].name) || !fits(name, s->tasks[i].name))
			continue;
		marked[i] = found = true;
	}
	if (!found)
		refuse(p, option, word, "");
}

static void mark(struct plan *p, const char *option, const char *text, bool *marked)
{
	struct span word = span_of(text);

	if (memchr(word.p, '*', word.len))
		mark_pattern(p, option, word, marked);
	else
		mark_name(p, option, word, marked);
}

/* Every task comes behind what it needs, so one pass each way is enough. */
static void spread(const struct submission *s, bool *marked, bool to_needs)
{
	CLEANUP(mem_free) uint32_t *at = mem_alloc(((size_t)s->task_count + 1) * sizeof(*at));
	CLEANUP(mem_free) uint32_t *order = mem_alloc(((size_t)s->task_count + 1) * sizeof(*order));
	struct graph g = { s->task_count, at, s->needs };
	uint32_t ordered;

	for (uint32_t i = 0; i < s->task_count; i++)
		at[i] = s->tasks[i].needs_at;
	at[s->task_count] = s->needs_count;
	ordered = graph_order(&g, order);
	INVARIANT(ordered == s->task_count);
	for (uint32_t i = 0; i < ordered; i++) {
		uint32_t task = order[to_needs ? ordered - 1 - i : i];

		for (uint32_t e = at[task]; e < at[task + 1]; e++) {
			if (to_needs && marked[task])
				marked[s->needs[e]] = true;
			if (!to_needs && marked[s->needs[e]])
				marked[task] = true;
		}
	}
}

void plan_select(struct plan *p)
{
	const struct plan_options *o = p->options;
	CLEANUP(mem_free) bool *marked = NULL;

	if (o->only_count == 0 && !o->from)
		return;
	if (o->only_count > 0 && o->from) {
		problem_add(&p->problems, NULL, (struct place){ 0, 0 },
			    "--only and --from exclude each other. Try: one of them");
		return;
	}
	marked = mem_zalloc((size_t)p->out->task_count + 1);
	for (size_t i = 0; i < o->only_count; i++)
		mark(p, "--only", o->only[i], marked);
	if (o->from)
		mark_name(p, "--from", span_of(o->from), marked);
	if (p->problems.count > 0)
		return;
	spread(p->out, marked, o->only_count > 0);
	for (uint32_t i = 0; i < p->out->task_count; i++)
		p->out->tasks[i].selected = marked[i];
}
