/* A plan for the daemon: recorded, then left to it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cmd/run/run_beside.h"
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

/* Whoever holds the lock without listening has just begun, or ends; and where something was
 * recorded a moment ago, a restart may be on its way. */
static bool somebody_begins(int state_fd)
{
	struct stat journal;

	if (lock_probe(state_fd, ORCHESTRATOR_LOCK, NULL) == 1)
		return true;
	return fstatat(state_fd, "transitions.jsonl", &journal, AT_SYMLINK_NOFOLLOW) == 0 &&
	       clock_wall_ms(&clock_real) - journal.st_mtim.tv_sec * 1000LL < LOCK_PATIENCE_MS;
}

struct handing {
	struct cmd_ctx *c;
	const struct run_request *request;
	int state_fd, logs_fd;
	int64_t until_ms;
	bool doubt; /* one that had read the plan went away without a word */
	enum beside_end end;
};

/* Only what is recorded once, however often it is asked for, may be asked for twice. */
static bool may_try_again(struct handing *h, int rc)
{
	if (h->state_fd < 0 || clock_mono_ms(&clock_real) >= h->until_ms)
		return false;
	if (rc == -ECONNRESET && !(h->request->flags & SUBMIT_NEW_RUN))
		return h->doubt = true;
	return rc == -SK_EBUSY ||
	       (rc >= 0 && h->end == BESIDE_NOBODY && somebody_begins(h->state_fd));
}

static int try_until_taken(struct handing *h, bool wait, struct err *e)
{
	int rc = 0;

	if (h->state_fd >= 0)
		rc = run_beside(h->c, h->request, h->logs_fd, wait, &h->end, e);
	while (may_try_again(h, rc)) {
		err_clear(e);
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		rc = run_beside(h->c, h->request, h->logs_fd, wait, &h->end, e);
	}
	if (rc >= 0 && h->end == BESIDE_NOBODY && h->doubt)
		return err_set(e, -ECONNRESET,
			       "orchestrator: it ended while it was asked; what it had recorded by "
			       "then is done. Try: sk daemon start, then the same again");
	return rc;
}

static int hand_over(struct cmd_ctx *c, const struct run_request *request, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct handing h = { .c = c,
			     .request = request,
			     .state_fd = paths_open(c->paths, false, &why),
			     .logs_fd = -1,
			     .until_ms = clock_mono_ms(&clock_real) + CONTROL_PATIENCE_MS,
			     .end = BESIDE_NOBODY };
	bool wait = options_has(c->options, "wait");
	int rc;

	if (h.state_fd >= 0)
		h.logs_fd = paths_open_inside(h.state_fd, "logs", true, &why);
	rc = try_until_taken(&h, wait, e);
	fd_close(&h.logs_fd);
	fd_close(&h.state_fd);
	if (rc >= 0 && h.end == BESIDE_NOBODY)
		return err_set(e, -SK_EREFUSED,
			       "orchestrator: none is at work here: nothing was submitted. Try: sk "
			       "daemon start, then the same again; or sk run %s",
			       c->options->args[0]);
	if (rc >= 0 && h.end == BESIDE_LOST)
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
