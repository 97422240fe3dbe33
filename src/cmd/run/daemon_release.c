/* The other half of --paused. */
#include <errno.h>

#include "cmd/run/ask.h"
#include "cmd/cmd.h"
#include "cmd/view.h"
#include "os/fd.h"

static int daemon_release_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(answer_release) struct answer answer = ANSWER_INIT;
	struct control_request request = { .kind = CONTROL_RELEASE };
	int state_fd = paths_open(c->paths, false, &why), rc = 0;
	struct json j;

	if (state_fd < 0 && state_fd != -ENOENT)
		return view_paths_problem(state_fd, &why, e);
	if (state_fd >= 0)
		rc = ask(state_fd, &request, &answer, e);
	fd_close(&state_fd);
	if (rc == 0)
		return err_set(e, -SK_EREFUSED,
			       "orchestrator: none is at work: nothing was released. Try: sk "
			       "daemon start");
	if (rc < 0)
		return rc;
	done_elsewhere(c->done, "the daemon is at work", "daemon status");
	if (c->json) {
		json_open(&j, c->out, "daemon");
		json_text(&j, "state", "running");
		json_u64(&j, "pid", answer.reply.pid);
		json_close(&j);
	} else {
		out_putf(c->out, "at work (pid %llu)\nnext: sk status\n",
			 (unsigned long long)answer.reply.pid);
	}
	return EXIT_DONE;
}

const struct cmd cmd_daemon_release = {
	.path = "daemon release",
	.summary = "let a paused daemon begin",
	.usage = "",
	.about = "One that is not paused goes on as it is.",
	.example = "sk daemon release",
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = daemon_release_run,
};
