/*
 * A host has to be told that sk wants to hear of its events. The text goes to standard output,
 * where a person or a script takes it; settings that belong to somebody else are not edited here.
 */
#include <limits.h>

#include "cmd/cmd.h"
#include "cmd/self.h"
#include "hooks/host_config.h"

static int hooks_config_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, place = BUF_INIT;
	enum hook_agent agent;
	char program[PATH_MAX];
	int rc;

	if (!hook_agent_of(span_of(c->options->args[0]), &agent) || agent == HOOK_BY_UNKNOWN)
		return err_set(e, -SK_EUSAGE,
			       "hooks config: \"%s\" is no host that is known (there is claude, "
			       "copilot, codex, gemini): nothing was printed. Try: sk hooks config "
			       "claude",
			       c->options->args[0]);
	rc = self_program(program, "nothing was printed", e);
	if (rc < 0)
		return rc;
	host_config_encode(agent, program, &text);
	out_put(c->out, text.p, text.len);
	buf_putf(&place, "this belongs into ~/%s, beside what is there already",
		 host_config_file(agent));
	print_problem(place.p);
	return EXIT_DONE;
}

const struct cmd cmd_hooks_config = {
	.path = "hooks config",
	.summary = "print what makes an agent's host tell sk its events",
	.usage = "HOST",
	.about =
		"HOST is claude, copilot, codex or gemini. Printed is a whole document of the "
		"host's settings, with the path of this sk. Where the file exists, add the members "
		"of \"hooks\" to those that are there. Copilot CLI also reads the settings of "
		"Claude Code: one of the two is enough. Codex and Gemini CLI ask you once whether "
		"they may run it.",
	.example =
		"sk hooks config claude\nsk hooks config copilot >~/.copilot/hooks/holdfast.json",
	.needs = CMD_SCRIPT,
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = hooks_config_run,
};
