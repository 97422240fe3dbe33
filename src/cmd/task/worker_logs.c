/* What a worker itself had to say: starts, sweeps, what it could not do. What its tasks print is in
 * logs of their own. */
#include "cmd/cmd.h"

#include "cmd/task/log_tail.h"
#include "cmd/task/thing.h"

#define LINES_DEFAULT 50

static void print_lines(struct cmd_ctx *c, struct span id, struct span rest)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "worker_log");
		json_span(&j, "worker_id", id);
		json_array(&j, "lines");
		while (rest.len)
			json_span(&j, NULL, log_tail_line(&rest));
		json_array_end(&j);
		json_close(&j);
		return;
	}
	while (rest.len) {
		out_visible(c->out, log_tail_line(&rest));
		out_puts(c->out, "\n");
	}
}

static int worker_logs_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT, text = BUF_INIT;
	struct span id;
	uint32_t worker;
	int rc = thing_worker(c, &worker, e);

	if (rc < 0)
		return rc;
	id = c->view->st.workers[worker].id;
	buf_putf(&name, "worker_%.*s", SPAN_ARG(id));
	rc = log_tail(c->view->dir, (struct span){ name.p, name.len },
		      options_number(c->options, "lines", LINES_DEFAULT), &text, e);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(e, -SK_ENOTFOUND,
			       "worker \"%.*s\" has written nothing to logs/%s.log. Try: sk worker "
			       "check %.*s",
			       SPAN_ARG(id), name.p, SPAN_ARG(id));
	print_lines(c, id, (struct span){ text.p, text.len });
	return EXIT_DONE;
}

static const struct option_row worker_logs_options[] = {
	WORKER_ID_OPTION,
	{ .name = "lines",
	  .letter = 'n',
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "the last N lines (default 50)",
	  .min = 1,
	  .max = 1000000 },
	{ .name = NULL },
};

const struct cmd cmd_worker_logs = {
	.path = "worker logs",
	.alias = "show_worker_logs",
	.summary = "show what a worker said of itself",
	.usage = "[-n N] WORKER",
	.about = "At most the last 64 KiB; all of it is in logs/worker_<id>.log of the state "
		 "folder. "
		 "What tasks print is shown by sk logs.",
	.example = "sk worker logs local\nsk worker logs --worker-id local -n 200",
	.options = worker_logs_options,
	.needs = NEED_VIEW,
	.args = ARG_WORKER,
	.args_max = 1,
	.run = worker_logs_run,
};
