/* Ends whoever serves the store, a `sk run` as well. Nobody there is no mistake. */
#include "cmd/run/serve.h"
#include "ctl/control_msg.h"

static int daemon_stop_run(struct cmd_ctx *c, struct err *e)
{
	const struct options *o = c->options;
	bool now = options_has(o, "now"), leave = options_has(o, "leave");
	unsigned how = now ? STOP_CANCEL : leave ? STOP_LEAVE : STOP_DRAIN;
	struct json j;
	int rc;

	if (now && leave)
		return err_set(e, -SK_EUSAGE,
			       "--now and --leave exclude each other: nothing was stopped. Try: sk "
			       "help daemon stop");
	rc = serve_stop(c, how,
			options_has(o, "timeout") ? (int64_t)options_number(o, "timeout", 0) : -1,
			e);
	if (rc < 0)
		return rc;
	if (rc)
		done_elsewhere(c->done, "the daemon was stopped", "daemon status");
	if (c->json) {
		json_open(&j, c->out, "daemon");
		json_text(&j, "state", rc ? "stopped" : "not_running");
		json_close(&j);
	} else {
		out_puts(c->out, rc ? "stopped\n" : "nobody is at work here\n");
	}
	return EXIT_DONE;
}

static const struct option_row daemon_stop_options[] = {
	{ .name = "now", .kind = OPTION_FLAG, .summary = "end what runs" },
	{ .name = "leave",
	  .kind = OPTION_FLAG,
	  .summary = "what runs goes on with its worker; the next start takes it over" },
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "TIME",
	  .summary = "give up waiting after this; it goes on stopping" },
	{ .name = NULL },
};

const struct cmd cmd_daemon_stop = {
	.path = "daemon stop",
	.summary = "let the orchestrator end in good order",
	.usage = "[--now|--leave] [--timeout TIME]",
	.about =
		"Running tasks go to their end first; --now ends them, --leave leaves them to the "
		"next start.\n"
		"Tasks that have not ended run again when the plan or the daemon is started again.",
	.example = "sk daemon stop\nsk daemon stop --now",
	.options = daemon_stop_options,
	.needs = NEED_STATE,
	.args = ARG_NONE,
	.run = daemon_stop_run,
};
