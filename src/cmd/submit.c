/* A plan for the daemon: recorded, then left to it. */
#include <poll.h>

#include "base/limits.h"
#include "cmd/run_beside.h"
#include "cmd/view.h"
#include "os/clock.h"
#include "os/fd.h"

#define LOOK_AGAIN_MS 20

static void print_submitted(struct cmd_ctx *c, const struct submission *s)
{
	struct json j;

	if (!c->json) {
		out_puts(c->out, "next: sk wait");
		for (uint32_t i = 0; i < s->ws_count; i++)
			out_putf(c->out, " %.*s", SPAN_ARG(s->ws[i].name));
		out_puts(c->out, ", or to look: sk status\n");
		return;
	}
	json_open(&j, c->out, "submitted");
	json_array(&j, "workstreams");
	for (uint32_t i = 0; i < s->ws_count; i++)
		json_span(&j, NULL, s->ws[i].name);
	json_array_end(&j);
	json_u64(&j, "tasks", s->task_count);
	json_close(&j);
}

/* Whoever holds the lock without listening has just begun, or ends while another one is about to
 * begin. */
static bool somebody_begins(int state_fd, int64_t until_ms)
{
	return state_fd >= 0 && clock_mono_ms(&clock_real) < until_ms &&
	       lock_probe(state_fd, ORCHESTRATOR_LOCK, NULL) == 1;
}

static int hand_over(struct cmd_ctx *c, const struct run_request *request, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int logs_fd = -1;
	CLEANUP(fd_close) int state_fd = paths_open(c->paths, false, &why);
	int64_t until_ms = clock_mono_ms(&clock_real) + CONTROL_PATIENCE_MS;
	bool wait = options_has(c->options, "wait");
	enum beside_end end = BESIDE_NOBODY;
	int rc = 0;

	if (state_fd >= 0) {
		logs_fd = paths_open_inside(state_fd, "logs", true, &why);
		rc = run_beside(c, request, logs_fd, wait, &end, e);
	}
	while (rc >= 0 && end == BESIDE_NOBODY && somebody_begins(state_fd, until_ms)) {
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		rc = run_beside(c, request, logs_fd, wait, &end, e);
	}
	if (rc >= 0 && end == BESIDE_NOBODY)
		return err_set(e, -SK_EREFUSED,
			       "orchestrator: none is at work here: nothing was submitted. Try: sk "
			       "daemon start, then the same again; or sk run %s",
			       c->options->args[0]);
	if (rc >= 0 && end == BESIDE_LOST)
		return err_set(e, -SK_EBUSY,
			       "orchestrator: it is gone before the end; what was submitted is "
			       "recorded. Try: sk daemon start, then sk wait");
	if (rc >= 0 && !wait)
		print_submitted(c, &request->submission);
	return rc;
}

static int submit_run(struct cmd_ctx *c, struct err *e)
{
	struct run_request request;
	int rc = run_request_load(c, &request, e);

	if (rc == 0)
		rc = hand_over(c, &request, e);
	run_request_release(&request);
	return rc;
}

static const struct option_row submit_options[] = {
	RUN_PLAN_OPTIONS,
	{ .name = "wait",
	  .letter = 'w',
	  .kind = OPTION_FLAG,
	  .summary = "look on until it has ended" },
	{ .name = "quiet",
	  .letter = 'q',
	  .kind = OPTION_FLAG,
	  .summary = "no progress, only the summary" },
	{ .name = NULL },
};

const struct cmd cmd_submit = {
	.path = "submit",
	.summary = "hand a plan to the daemon and return",
	.usage = "[-p KEY=VALUE]... [--wait] PLAN...",
	.about = "The plan is read here and recorded by the orchestrator that is at work; when "
		 "this returns it\n"
		 "survives anything. Several workstreams run at the same time. How many tasks "
		 "run at once is the\n"
		 "daemon's option, and max_parallel in the plan.",
	.example = "sk submit nightly.yaml\nsk submit --wait -p version=1.2 release.yaml",
	.options = submit_options,
	.needs = NEED_STATE,
	.args = ARG_FILE,
	.args_min = 1,
	.args_max = 64,
	.run = submit_run,
};
