/*
 * What would happen, worked out by the same code that would do it: the plan compiler, the
 * comparison with the state and the graph. It reads the state without a lock and writes nothing.
 */
#include "cmd/run_plan.h"

#include "base/limits.h"
#include "base/when.h"
#include "cmd/view.h"
#include "core/graph.h"
#include "core/submit_find.h"
#include "core/task_def.h"

struct dry {
	const struct submission *s;
	const struct state *st; /* or NULL */
	unsigned flags;
	uint32_t *needs_at, *needs, *stage, *path;
	uint64_t *estimate_ms;
	uint32_t path_count, stage_count;
	uint64_t path_ms, total_ms;
	uint32_t to_run, done, held;
};

static void dry_release(struct dry *d)
{
	mem_free(&d->needs_at);
	mem_free(&d->needs);
	mem_free(&d->stage);
	mem_free(&d->path);
	mem_free(&d->estimate_ms);
}

/* What the run would do with a task: NULL = run it, else why not. */
static const char *skipped(const struct dry *d, uint32_t spec)
{
	uint32_t task =
		d->st && !(d->flags & SUBMIT_NEW_RUN) ? submit_find_spec(d->st, d->s, spec) : NO_ID;

	if (task != NO_ID && d->st->tasks[task].state == TASK_COMPLETED)
		return "completed already";
	if (task != NO_ID && d->st->tasks[task].worker != NO_ID)
		return "at work already";
	return d->s->tasks[spec].selected ? NULL : "left out by --only or --from";
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
			d->done += skipped(d, i)[0] != 'l';
			d->held += skipped(d, i)[0] == 'l';
		} else {
			d->to_run++;
		}
		d->total_ms += d->estimate_ms[i];
	}
	d->needs_at[s->task_count] = at;
	g = (struct graph){ s->task_count, d->needs_at, d->needs };
	graph_stages(&g, d->stage);
	d->path_count = graph_critical_path(&g, d->estimate_ms, d->path, &d->path_ms);
	for (uint32_t i = 0; i < s->task_count; i++)
		if (d->stage[i] > d->stage_count)
			d->stage_count = d->stage[i];
}

#define STAGES_SHOWN 50
#define TASKS_SHOWN 12

static void print_stage(const struct dry *d, struct out *out, uint32_t stage)
{
	uint32_t shown = 0, more = 0;

	out_putf(out, "  stage %-3u", (unsigned)stage);
	for (uint32_t i = 0; i < d->s->task_count; i++) {
		if (d->stage[i] != stage)
			continue;
		if (shown++ >= TASKS_SHOWN) {
			more++;
			continue;
		}
		out_puts(out, " ");
		out_style(out, skipped(d, i) ? STYLE_DIM : STYLE_PLAIN, "");
		out_visible(out, d->s->tasks[i].name);
		if (skipped(d, i))
			out_putf(out, " (%s)", skipped(d, i));
		out_puts(out, ",");
	}
	if (more)
		out_putf(out, " and %u more,", (unsigned)more);
	buf_truncate(&out->buf, out->buf.len - 1);
	out_puts(out, "\n");
}

static void print_text(const struct dry *d, struct out *out)
{
	CLEANUP(buf_release) struct buf length = BUF_INIT;

	for (uint32_t i = 0; i < d->s->ws_count; i++)
		out_putf(out, "workstream %.*s from %.*s\n", SPAN_ARG(d->s->ws[i].name),
			 SPAN_ARG(d->s->ws[i].plan));
	for (uint32_t stage = 1; stage <= d->stage_count && stage <= STAGES_SHOWN; stage++)
		print_stage(d, out, stage);
	if (d->stage_count > STAGES_SHOWN)
		out_putf(out, "  and %u more stages\n", (unsigned)(d->stage_count - STAGES_SHOWN));
	out_puts(out, "critical path:");
	for (uint32_t i = 0; i < d->path_count && i < TASKS_SHOWN; i++)
		out_putf(out, "%s %.*s", i ? " ->" : "", SPAN_ARG(d->s->tasks[d->path[i]].name));
	if (d->path_count > TASKS_SHOWN)
		out_putf(out, " -> ... (%u tasks)", (unsigned)d->path_count);
	buf_put_duration(&length, (int64_t)d->path_ms);
	out_putf(out, ", at most %s by estimates and time-outs\n", length.p);
	out_putf(out, "%u to run, %u done already, %u left out. Nothing was started.\n",
		 (unsigned)d->to_run, (unsigned)d->done, (unsigned)d->held);
}

static void print_json(const struct dry *d, struct out *out)
{
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
			print_text(&d, c->out);
	}
	dry_release(&d);
	submit_report_release(&report);
	view_free(view);
	return rc;
}
