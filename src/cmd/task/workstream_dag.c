/* The dependencies of a workstream: as levels for a terminal, as Graphviz source, drawn, or as a
 * document. */
#include "cmd/cmd.h"

#include "cmd/task/dag.h"
#include "cmd/next.h"
#include "cmd/task/thing.h"

/* How to get out of a cycle: cut its last edge, the one that most likely was written last. */
static void put_next(const struct dag *d, struct buf *next)
{
	const struct task *needed, *task;

	if (!d->cycle_count && d->w->flags & WSF_HALTED)
		next_add(next, "sk workstream resume --workstream-id %.*s", SPAN_ARG(d->w->id));
	if (!d->cycle_count)
		return;
	task = dag_task(d, d->cycle[d->cycle_at[1] - 1]);
	needed = dag_task(d, d->cycle[0]);
	next_add(next, "sk dep remove --from %.*s --to %.*s", SPAN_ARG(needed->id),
		 SPAN_ARG(task->id));
	next_add(next, "sk task cancel --task-id %.*s", SPAN_ARG(needed->id));
}

static int workstream_dag_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf source = BUF_INIT, next = BUF_INIT;
	CLEANUP(dag_release) struct dag d = { 0 };
	const char *format = options_text(c->options, "format");
	uint32_t ws;
	int rc = thing_workstream(c, &ws, e);

	if (rc < 0)
		return rc;
	dag_init(&d, &c->view->st, ws);
	if (format && strcmp(format, "svg") == 0)
		return dag_draw(c, &d, e);
	if (format && strcmp(format, "dot") == 0) {
		dag_put_dot(&d, &source);
		out_put(c->out, source.p, source.len);
	} else if (c->json) {
		dag_put_json(c, &d);
	} else {
		dag_put_text(c, &d);
		put_next(&d, &next);
		out_next(c->out, &next);
	}
	return EXIT_DONE;
}

static const struct option_row workstream_dag_options[] = {
	WORKSTREAM_ID_OPTION,
	{ .name = "format",
	  .kind = OPTION_CHOICE,
	  .value = "text|dot|svg|json",
	  .summary = "levels, Graphviz source, a drawing, or a document" },
	{ .name = NULL },
};

const struct cmd cmd_workstream_dag = {
	.path = "workstream dag",
	.alias = "visualize_dag",
	.summary = "show what needs what: levels, longest way, cycles",
	.usage = "[--format text|dot|svg|json] WORKSTREAM",
	.about = "A star marks the longest way, an exclamation mark a cycle. svg needs the program "
		 "dot (package graphviz); where it is not installed the exit code is 2 and nothing "
		 "is drawn.",
	.example =
		"sk workstream dag nightly\nsk workstream dag nightly --format svg > nightly.svg",
	.options = workstream_dag_options,
	.needs = NEED_VIEW | CMD_ASIDE,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_dag_run,
};
