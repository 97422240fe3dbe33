/*
 * Rule WO3. The checkpoint is read and checked here, because the core knows no files; the one
 * writer gets the little of it that is used, and checks again that it is of this run.
 */
#include "cmd/task/act.h"

#include <poll.h>

#include "base/limits.h"
#include "cmd/view.h"
#include "os/clock.h"
#include "views/checkpoint.h"

#define LOOK_AGAIN_MS 20

/* What the act needs of the checkpoint; see core/act_rollback.c. */
static void put_used(const struct state *st, const struct checkpoint *from, struct buf *out)
{
	bool first = true;

	buf_putf(out, "{\"seq\":%llu,\"run_no\":%llu,\"failed\":[", (unsigned long long)from->seq,
		 (unsigned long long)from->run_no);
	for (size_t i = 0; i < from->count; i++) {
		if (from->tasks[i].state != TASK_FAILED)
			continue;
		buf_puts(out, first ? "" : ",");
		buf_put_json(out, st->tasks[from->tasks[i].task].id);
		first = false;
	}
	buf_puts(out, "],\"retry_count\":{");
	first = true;
	for (size_t i = 0; i < from->count; i++) {
		if (!from->tasks[i].retry_count)
			continue;
		buf_puts(out, first ? "" : ",");
		buf_put_json(out, st->tasks[from->tasks[i].task].id);
		buf_putf(out, ":%u", (unsigned)from->tasks[i].retry_count);
		first = false;
	}
	buf_puts(out, "}}");
}

/*
 * Checkpoints are written up to a second behind what they are of. So beside a live orchestrator the
 * first one of a run may only be coming, or one may be of what was recorded behind our look.
 */
static int read_latest(struct cmd_ctx *c, const char *typed, struct checkpoint *out, struct err *e)
{
	int64_t until_ms = clock_mono_ms(&clock_real) + CHECKPOINT_PATIENCE_MS;
	uint32_t ws = NO_ID;
	int rc = view_workstream(c->view, typed, &ws, e);

	while (rc == 0) {
		rc = checkpoint_read(&c->view->vfs, &c->view->st, ws, "latest", out, e);
		if ((rc != -SK_ENOTFOUND && rc != -SK_EREFUSED) || !c->view->alive ||
		    clock_mono_ms(&clock_real) >= until_ms)
			return rc;
		err_clear(e);
		if (c->view->lent)
			return err_set(e, -SK_EBUSY, "checkpoint: it may be coming: look again");
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		rc = view_reopen(c->paths, c->now_ms, &c->view, e);
		if (rc == 0)
			rc = view_workstream(c->view, typed, &ws, e);
	}
	return rc;
}

static int prepare(struct cmd_ctx *c, const char *typed, struct act *act, struct err *e)
{
	CLEANUP(checkpoint_release) struct checkpoint from = CHECKPOINT_INIT;
	CLEANUP(buf_release) struct buf used = BUF_INIT;
	const char *which = options_text(c->options, "to-checkpoint");
	uint32_t ws = NO_ID;
	int rc = c->view ? view_workstream(c->view, typed, &ws, e) : view_missing(c->paths, e);

	if (rc == 0 && c->view->st.ws[ws].state == WS_COMPLETED)
		return 0; /* refused by the core, whatever checkpoints there are */
	if (rc == 0 && (!which || strcmp(which, "latest") == 0))
		rc = read_latest(c, typed, &from, e);
	else if (rc == 0)
		rc = checkpoint_read(&c->view->vfs, &c->view->st, ws, which, &from, e);
	if (rc < 0)
		return rc;
	put_used(&c->view->st, &from, &used);
	act->checkpoint = arena_copy(&c->view->st.text, (struct span){ used.p, used.len });
	return 0;
}

static int workstream_rollback_run(struct cmd_ctx *c, struct err *e)
{
	static const struct act_page page = {
		ACT_ON_WORKSTREAM, "workstream-id",
		"this ends what runs in the workstream, and all but what is completed begins anew",
		prepare
	};
	struct act act = { .kind = ACT_WS_ROLLBACK };

	return act_run(c, &page, &act, e);
}

static const struct option_row workstream_rollback_options[] = {
	ACT_WS_OPTION,
	{ .name = "to-checkpoint",
	  .kind = OPTION_TEXT,
	  .value = "WHICH",
	  .summary = "latest (default), the record number of one, or its exact checkpoint_at" },
	ACT_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_workstream_rollback = {
	.path = "workstream rollback",
	.alias = "rollback_workstream",
	.summary = "go back to a checkpoint of a workstream",
	.usage = "[--to-checkpoint latest|SEQ] WORKSTREAM",
	.about =
		"In one step, all of it or nothing: what runs is ended, what is queued, was tried "
		"again, failed or was\n"
		"cancelled since is pending again with the retries it had used then, resources are "
		"given back, and a new\n"
		"checkpoint is written. What is completed stays completed: its changes are made. A "
		"completed workstream\n"
		"cannot be rolled back, and there are checkpoints only where records are, not for "
		"any moment. They lie in\n"
		".state/checkpoints, named by record.",
	.example = "sk workstream rollback nightly --dry-run\n"
		   "sk workstream rollback --workstream-id nightly --to-checkpoint latest --yes",
	.options = workstream_rollback_options,
	.needs = NEED_STATE | CMD_ASIDE,
	.args = ARG_WORKSTREAM,
	.args_max = 1,
	.run = workstream_rollback_run,
};
