/* Whether somebody serves the store, by the kernel's word, and whether he answers. */
#include <errno.h>

#include "base/when.h"
#include "cmd/run/ask.h"
#include "cmd/cmd.h"
#include "cmd/view.h"
#include "os/fd.h"

struct found {
	const char *state; /* a promise to scripts */
	uint64_t pid;
	const struct control_reply *reply; /* NULL unless it answered */
};

static void print_text(struct cmd_ctx *c, const struct found *f)
{
	const struct control_reply *r = f->reply;
	CLEANUP(buf_release) struct buf age = BUF_INIT;

	if (!f->pid) {
		out_puts(c->out, "not running\nnext: sk daemon start\n");
		return;
	}
	out_putf(c->out, "%s (pid %llu)\n", f->state, (unsigned long long)f->pid);
	if (!r && strcmp(f->state, "hangs") == 0)
		out_putf(c->out,
			 "next: sk daemon status, once more; or kill -9 %llu and sk daemon start: "
			 "its tasks go on meanwhile\n",
			 (unsigned long long)f->pid);
	if (!r)
		return;
	buf_put_duration(&age, c->now_ms - (int64_t)r->started_ms);
	out_putf(c->out, "  command      %.*s, version %.*s\n", SPAN_ARG(r->command),
		 SPAN_ARG(r->version));
	out_putf(c->out, "  since        %s ago\n", age.p);
	out_putf(c->out, "  state        %llu workstream%s, %llu task%s\n",
		 (unsigned long long)r->workstreams, PLURAL(r->workstreams),
		 (unsigned long long)r->tasks, PLURAL(r->tasks));
	if (r->paused)
		out_puts(c->out, "next: sk daemon release\n");
}

static void print_json(struct cmd_ctx *c, const struct found *f)
{
	const struct control_reply *r = f->reply;
	struct json j;

	json_open(&j, c->out, "daemon");
	json_text(&j, "state", f->state);
	if (f->pid)
		json_u64(&j, "pid", f->pid);
	if (r) {
		json_span(&j, "command", r->command);
		json_span(&j, "version", r->version);
		json_time(&j, "started_at", (int64_t)r->started_ms);
		json_bool(&j, "serves", r->serves);
		json_u64(&j, "workstreams", r->workstreams);
		json_u64(&j, "tasks", r->tasks);
	}
	json_close(&j);
}

static int probe(struct cmd_ctx *c, struct lock_holder *holder, struct answer *answer,
		 struct found *out, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	struct control_request request = { .kind = CONTROL_PING };
	int state_fd = paths_open(c->paths, false, &why), rc;

	*out = (struct found){ .state = "not_running" };
	if (state_fd == -ENOENT)
		return 0;
	if (state_fd < 0)
		return view_paths_problem(state_fd, &why, e);
	rc = lock_probe(state_fd, ORCHESTRATOR_LOCK, holder);
	if (rc == 1) {
		out->pid = holder->who.pid;
		rc = ask(state_fd, &request, answer, e);
		out->reply = rc == 1 ? &answer->reply : NULL;
		out->state = rc == -SK_EBUSY          ? "hangs"
			     : !out->reply            ? "busy" /* a command, or it ends */
			     : answer->reply.paused   ? "paused"
			     : answer->reply.draining ? "stopping"
						      : "running";
	}
	fd_close(&state_fd);
	return rc;
}

static int daemon_status_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(answer_release) struct answer answer = ANSWER_INIT;
	struct lock_holder holder = { .command = "" };
	struct found found;
	int rc = probe(c, &holder, &answer, &found, e);

	if (rc < 0 && rc != -SK_EBUSY)
		return rc;
	err_clear(e);
	if (c->json)
		print_json(c, &found);
	else
		print_text(c, &found);
	return rc < 0 ? EXIT_BUSY : found.pid ? EXIT_DONE : EXIT_NOT_FOUND;
}

const struct cmd cmd_daemon_status = {
	.path = "daemon status",
	.summary = "show whether an orchestrator is there and answers",
	.usage = "",
	.about = "Exit code 0: it answers, 3: there is none, 6: it does not answer. The states are "
		 "running, paused,\n"
		 "stopping, busy (a command holds the lock for a moment), hangs and not_running.",
	.example = "sk daemon status\nsk daemon status --json",
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = daemon_status_run,
};
