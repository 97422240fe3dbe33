/*
 * What would happen, worked out by the same code that would do it: the plan compiler, the
 * comparison with the state and the graph. It reads the state without a lock and writes nothing.
 */
#include "cmd/run/run_plan.h"

#include "base/limits.h"
#include "base/when.h"
#include "cmd/hint.h"
#include "cmd/view.h"
#include "core/graph.h"
#include "core/submit_find.h"
#include "core/task_def.h"
#include "core/worker_def.h"

struct dry {
	const struct submission *s;
	const struct state *st; /* or NULL */
	unsigned flags;
	uint32_t *needs_at, *needs, *stage, *path;
	uint64_t *estimate_ms;
	uint32_t *by_stage; /* all tasks, those of the first stage first */
	uint32_t path_count;
	uint64_t path_ms, total_ms;
	uint32_t to_run, done, completed, held; /* done: completed, or at work already */
};

static void dry_release(struct dry *d)
{
	mem_free(&d->needs_at);
	mem_free(&d->needs);
	mem_free(&d->stage);
	mem_free(&d->path);
	mem_free(&d->by_stage);
	mem_free(&d->estimate_ms);
}

/* Why a task is not run. In JSON these words are a promise. */
static const char completed[] = "completed already", at_work[] = "at work already",
		  left_out[] = "left out by --only or --from";

/* The task of the recorded run, or NO_ID. */
static uint32_t recorded(const struct dry *d, uint32_t spec)
{
	return d->st && !(d->flags & SUBMIT_NEW_RUN) ? submit_find_spec(d->st, d->s, spec) : NO_ID;
}

/* What the run would do with a task: NULL = run it, else one of the reasons above. */
static const char *skipped(const struct dry *d, uint32_t spec)
{
	uint32_t task = recorded(d, spec);

	if (task != NO_ID && d->st->tasks[task].state == TASK_COMPLETED)
		return completed;
	if (task != NO_ID && d->st->tasks[task].worker != NO_ID)
		return at_work;
	return d->s->tasks[spec].selected ? NULL : left_out;
}

static bool failed_before(const struct dry *d, uint32_t spec)
{
	uint32_t task = recorded(d, spec);

	return task != NO_ID && d->st->tasks[task].state == TASK_FAILED;
}

/* By counting: a chain has as many stages as tasks. */
static void sort_by_stage(struct dry *d)
{
	uint32_t count = d->s->task_count;
	CLEANUP(mem_free) uint32_t *begin = mem_zalloc(((size_t)count + 2) * sizeof(*begin));

	d->by_stage = mem_alloc(((size_t)count + 1) * sizeof(*d->by_stage));
	for (uint32_t i = 0; i < count; i++)
		begin[d->stage[i] + 1]++;
	for (uint32_t stage = 1; stage <= count; stage++)
		begin[stage + 1] += begin[stage];
	for (uint32_t i = 0; i < count; i++)
		d->by_stage[begin[d->stage[i]]++] = i;
}

static void dry_init(struct dry *d)
{
	const struct submission *s = d->s;
	struct graph g;
	uint32_t at = 0;

	d->needs_at = mem_alloc((s->task_count + 1) * sizeof(*d->needs_at));
	d->needs = mem_alloc((s->needs_count + 1) * sizeof(*d->needs));
	d->stage = mem_alloc((s->task_count + 1) * sizeof(*d->stage));
	d->path = mem_alloc((s->task_count + 1) * sizeof(*d->path));
	d->estimate_ms = mem_alloc((s->task_count + 1) * sizeof(*d->estimate_ms));
	for (uint32_t i = 0; i < s->task_count; i++) {
		struct task_def def = { .estimate_ms = 0 };

		d->needs_at[i] = at;
		for (uint32_t k = 0; k < s->tasks[i].needs_count; k++)
			d->needs[at++] = s->needs[s->tasks[i].needs_at + k];
		task_def_decode(s->tasks[i].def, &def);
		d->estimate_ms[i] = (uint64_t)(def.estimate_ms ? def.estimate_ms : def.timeout_ms);
		if (skipped(d, i)) {
			d->estimate_ms[i] = 0;
			d->done += skipped(d, i) != left_out;
			d->completed += skipped(d, i) == completed;
			d->held += skipped(d, i) == left_out;
		} else {
			d->to_run++;
		}
		d->total_ms += d->estimate_ms[i];
	}
	d->needs_at[s->task_count] = at;
	g = (struct graph){ s->task_count, d->needs_at, d->needs };
	graph_stages(&g, d->stage);
	d->path_count = graph_critical_path(&g, d->estimate_ms, d->path, &d->path_ms);
	sort_by_stage(d);
}

#define STAGES_SHOWN 50
#define TASKS_SHOWN 12

/* A task as a person names it: with its workstream where there are several. */
static void put_name(const struct dry *d, struct buf *out, uint32_t spec)
{
	if (d->s->ws_count > 1)
		buf_putf(out, "%.*s/", SPAN_ARG(d->s->ws[d->s->tasks[spec].ws].name));
	buf_putf(out, "%.*s", SPAN_ARG(d->s->tasks[spec].name));
}

/* A list that grows until it is long enough, and what was left of it. */
struct list {
	struct buf text;
	uint32_t shown, more;
};

static void list_add(struct list *l, const struct dry *d, uint32_t spec)
{
	if (l->shown == TASKS_SHOWN) {
		l->more++;
		return;
	}
	buf_puts(&l->text, l->shown++ ? ", " : "");
	put_name(d, &l->text, spec);
	if (failed_before(d, spec))
		buf_puts(&l->text, " (failed before)");
}

/* Prints the list behind what stands in the line already, its next lines at `indent`. */
static void list_print(struct list *l, struct out *out, unsigned indent)
{
	if (l->more)
		buf_putf(&l->text, " and %u more", (unsigned)l->more);
	out_hanging(out, l->text.p, indent);
	buf_release(&l->text);
}

static void print_stages(const struct dry *d, struct out *out)
{
	uint32_t shown = 0, more = 0;

	out_style(out, STYLE_BOLD, "runs, one stage after the other");
	out_puts(out, "\n");
	for (uint32_t at = 0; at < d->s->task_count;) {
		struct list l = { .text = BUF_INIT };
		uint32_t stage = d->stage[d->by_stage[at]];

		for (; at < d->s->task_count && d->stage[d->by_stage[at]] == stage; at++)
			if (!skipped(d, d->by_stage[at]))
				list_add(&l, d, d->by_stage[at]);
		if (l.shown == 0)
			continue;
		if (shown == STAGES_SHOWN) {
			more++;
			buf_release(&l.text);
			continue;
		}
		out_putf(out, "  %-2u ", (unsigned)++shown);
		list_print(&l, out, 5);
	}
	if (more)
		out_putf(out, "  and %u more stages\n", (unsigned)more);
}

/* The longest way through what runs. */
static void print_path(const struct dry *d, struct out *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	uint32_t shown = 0, count = 0;

	buf_puts(&text, "critical path: ");
	for (uint32_t i = 0; i < d->path_count; i++) {
		if (skipped(d, d->path[i]))
			continue;
		if (count++ >= TASKS_SHOWN)
			continue;
		buf_puts(&text, shown++ ? " -> " : "");
		put_name(d, &text, d->path[i]);
	}
	if (count > shown)
		buf_putf(&text, " -> ... (%u tasks)", (unsigned)count);
	buf_puts(&text, ", at most ");
	buf_put_duration(&text, (int64_t)d->path_ms);
	buf_puts(&text, " by estimates and time-outs");
	out_hanging(out, text.p, 2);
}

/* Number `index` of all workers that the plans name, each once; false behind the last. */
static bool find_worker_of_plan(const struct dry *d, unsigned index, struct worker_def *out)
{
	for (uint32_t i = 0; i < d->s->ws_count; i++) {
		struct worker_def worker;

		for (unsigned k = 0; ws_def_worker(d->s->ws[i].def, k, &worker) == 1; k++) {
			bool known = false;

			for (uint32_t before = 0; before < i && !known; before++)
				known = ws_def_names_worker(d->s->ws[before].def, worker.id);
			if (known || index-- > 0)
				continue;
			*out = worker;
			return true;
		}
	}
	return false;
}

static void print_workers(const struct dry *d, struct out *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct worker_def worker;

	for (unsigned i = 0; find_worker_of_plan(d, i, &worker); i++) {
		buf_puts(&text, i ? "; " : "workers of the plan: ");
		buf_putf(&text, "%.*s, %u slot%s", SPAN_ARG(worker.id), (unsigned)worker.slots,
			 worker.slots == 1 ? "" : "s");
		if (worker.capabilities.len > 2)
			buf_putf(&text, ", with %.*s", (int)worker.capabilities.len - 2,
				 worker.capabilities.p + 1);
	}
	if (text.len)
		out_hanging(out, text.p, 2);
}

/* All tasks that are not run for this reason, under it. */
static void print_skipped(const struct dry *d, struct out *out, const char *reason,
			  const char *heading)
{
	struct list l = { .text = BUF_INIT };

	for (uint32_t i = 0; i < d->s->task_count; i++)
		if (skipped(d, i) == reason)
			list_add(&l, d, i);
	if (l.shown == 0)
		return;
	out_puts(out, "\n");
	out_style(out, STYLE_BOLD, heading);
	out_puts(out, "\n  ");
	list_print(&l, out, 2);
}

static void print_counts(const struct dry *d, struct out *out)
{
	for (uint32_t i = 0; i < d->s->ws_count; i++)
		out_putf(out, "%s%.*s from %.*s", i ? ", " : "", SPAN_ARG(d->s->ws[i].name),
			 SPAN_ARG(d->s->ws[i].plan));
	if (d->to_run)
		out_putf(out, ": %u to run", (unsigned)d->to_run);
	else
		out_puts(out, ": nothing to run");
	if (d->completed)
		out_putf(out, ", %u completed already", (unsigned)d->completed);
	if (d->done > d->completed)
		out_putf(out, ", %u at work already", (unsigned)(d->done - d->completed));
	if (d->held)
		out_putf(out, ", %u left out", (unsigned)d->held);
	out_puts(out, "\n");
}

static void out_word(struct out *out, const char *word)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	buf_putc(&text, ' ');
	put_shell_word(&text, span_of(word));
	out_visible(out, (struct span){ text.p, text.len });
}

/* The words that were typed, without --dry-run. */
static void print_next(const struct dry *d, struct out *out, const struct options *o)
{
	bool again = d->to_run == 0 && d->done == d->completed;

	out_puts(out, "\nNothing was started. Try: sk run");
	if (again && !(d->flags & SUBMIT_NEW_RUN))
		out_puts(out, " --new-run");
	for (size_t i = 0; i < o->given_count; i++) {
		const struct option_given *g = &o->given[i];

		if (strcmp(g->row->name, "dry-run") == 0)
			continue;
		out_putf(out, " --%s", g->row->name);
		if (g->row->kind != OPTION_FLAG)
			out_word(out, g->text);
	}
	for (size_t i = 0; i < o->arg_count; i++)
		out_word(out, o->args[i]);
	out_puts(out, again ? ", which runs it again\n" : "\n");
}

static void print_text(const struct dry *d, struct out *out, const struct options *o)
{
	print_counts(d, out);
	if (d->to_run) {
		out_puts(out, "\n");
		print_stages(d, out);
		print_path(d, out);
		print_workers(d, out);
	}
	print_skipped(d, out, at_work, "at work already, taken over");
	print_skipped(d, out, completed, "completed already, not run again");
	print_skipped(d, out, left_out, "left out by --only or --from");
	print_next(d, out, o);
}

static void print_json(const struct dry *d, struct out *out)
{
	struct worker_def worker;
	struct json j;

	json_open(&j, out, "dry_run");
	json_u64(&j, "to_run", d->to_run);
	json_u64(&j, "done", d->done);
	json_u64(&j, "left_out", d->held);
	json_u64(&j, "critical_path_duration_ms", d->path_ms);
	json_u64(&j, "total_estimated_duration_ms", d->total_ms);
	json_array(&j, "critical_path_tasks");
	for (uint32_t i = 0; i < d->path_count; i++)
		json_span(&j, NULL, d->s->tasks[d->path[i]].name);
	json_array_end(&j);
	json_array(&j, "tasks");
	for (uint32_t i = 0; i < d->s->task_count; i++) {
		json_object(&j, NULL);
		json_span(&j, "name", d->s->tasks[i].name);
		json_span(&j, "workstream_id", d->s->ws[d->s->tasks[i].ws].name);
		json_u64(&j, "stage", d->stage[i]);
		json_text(&j, "skipped", skipped(d, i));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "workers");
	for (unsigned i = 0; find_worker_of_plan(d, i, &worker); i++) {
		json_object(&j, NULL);
		json_span(&j, "worker_id", worker.id);
		json_u64(&j, "slots", worker.slots);
		json_raw(&j, "capabilities",
			 worker.capabilities.len ? worker.capabilities : SPAN_LIT("[]"));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

int run_dry(struct cmd_ctx *c, const struct run_request *r, struct err *e)
{
	struct submit_report report = { .changes = BUF_INIT };
	struct dry d = { .s = &r->submission, .flags = r->flags };
	struct view *view = NULL;
	int rc = view_open(c->paths, c->now_ms, &view, e);

	if (rc < 0)
		return rc;
	if (view) {
		d.st = &view->st;
		rc = submit_check(d.st, d.s, r->flags, &report);
		if (rc < 0)
			rc = run_refuse_changes(r, &report, e);
	}
	if (rc == 0) {
		dry_init(&d);
		if (c->json)
			print_json(&d, c->out);
		else
			print_text(&d, c->out, c->options);
	}
	dry_release(&d);
	submit_report_release(&report);
	view_free(view);
	return rc;
}
