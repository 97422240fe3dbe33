/* One tentacle's agent, from its order to its end, whoever is killed in between. */
#include "cmd/goal/agent_supervise.h"

static int agents_run_run(struct cmd_ctx *c, struct err *e)
{
	return agent_supervise(c, c->options->args[0], e);
}

static const struct option_row agents_run_options[] = {
	AGENT_ORDER_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_agents_run = {
	.path = "agents run",
	.summary = "run the agent of a tentacle, watched over",
	.usage = "NAME [--agent A] [--model M] [--timeout TIME] [--detach]",
	.about =
		"The agent is a task of the orchestrator, in the workstream tentacle-NAME: sk "
		"logs, "
		"sk why and sk workstream cancel know it, and it survives the end of this command "
		"and of the orchestrator. The kernel lets it write below the tentacle's scope, its "
		"worktree, the store of goals and temporary files only. What it changed outside of "
		"the scope all the same is named at the end.\n\n"
		"The exit code is 0 when it handed off, 11 when a person has to decide (no "
		"hand-off, a problem handed off, files outside of the scope), 75 when a limit "
		"parked it, 1 when it was killed without a word. It gets the environment of the "
		"orchestrator that runs it.",
	.example = "sk agents run docs\nsk agents run docs --agent codex --detach",
	.options = agents_run_options,
	.needs = NEED_GOALS | NEED_STATE,
	.args = ARG_TENTACLE,
	.args_min = 1,
	.args_max = 1,
	.run = agents_run_run,
};
