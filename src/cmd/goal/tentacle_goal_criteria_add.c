/* What has to be true at the end, as a command that can tell. */
#include "base/limits.h"
#include "cmd/goal/criteria_check.h"
#include "cmd/goal/goal_change.h"
#include "cmd/goal/goal_page.h"

static void print_added(struct cmd_ctx *c, const struct goal *g, struct span id)
{
	struct json j;

	if (!c->json) {
		out_putf(c->out, "criterion %.*s: unverified\n", SPAN_ARG(id));
		return;
	}
	json_open(&j, c->out, "criterion");
	doc_encode_members(&criterion_type, goal_criterion(g, id), DOC_COMPACT, false,
			   &c->out->buf);
	json_close(&j);
}

static int check_words(const struct criterion *fresh, struct err *e)
{
	if (fresh->command.len > COMMAND_BYTES_MAX || fresh->command.len > DOC_TEXT_BYTES_MAX)
		return err_set(e, -SK_EUSAGE,
			       "--verify-cmd: longer than %d bytes: nothing was changed. Try: a "
			       "script that it names",
			       DOC_TEXT_BYTES_MAX);
	if (fresh->description.len > DOC_TEXT_BYTES_MAX)
		return err_set(e, -SK_EUSAGE, "--desc: longer than %d bytes: nothing was changed",
			       DOC_TEXT_BYTES_MAX);
	if (!fresh->description.len && !fresh->command.len)
		return err_set(e, -SK_EUSAGE,
			       "criterion: say what is to be true: nothing was changed. Try: sk "
			       "tentacle goal criteria add --desc TEXT --verify-cmd COMMAND");
	return 0;
}

static int tentacle_goal_criteria_add_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goal_change_release) struct goal_change x = GOAL_CHANGE_INIT;
	struct criterion fresh = { .id = span_of(options_text(c->options, "id")),
				   .description = span_of(options_text(c->options, "desc")),
				   .command = span_of(options_text(c->options, "verify-cmd")) };
	CLEANUP(mem_free) char *added = NULL;
	int64_t timeout_ms = 0;
	struct span id;
	int rc = criteria_timeout_option(c, &timeout_ms, e);

	fresh.timeout_s = (uint64_t)timeout_ms / 1000;
	if (rc == 0)
		rc = check_words(&fresh, e);
	if (rc == 0)
		rc = goal_change_begin(&x, c, GOALS_NAMED, e);
	if (rc < 0)
		return rc;
	rc = goal_criterion_add(x.turn, x.g, &fresh, &x.words, &id);
	if (rc == 0)
		added = span_dup(id);
	rc = goal_change_end(&x, rc, e);
	if (rc < 0)
		return rc;
	print_added(c, x.g, span_of(added));
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_criteria_add_options[] = {
	{ .name = "desc", .kind = OPTION_TEXT, .value = "TEXT", .summary = "what is to be true" },
	{ .name = "id",
	  .kind = OPTION_TEXT,
	  .value = "NAME",
	  .summary = "its name (sc-1, sc-2, ...)" },
	{ .name = "verify-cmd",
	  .kind = OPTION_TEXT,
	  .value = "COMMAND",
	  .summary = "succeeds when it is; run by the shell in the root of the repository" },
	{ .name = "timeout",
	  .kind = OPTION_DURATION,
	  .value = "S",
	  .summary = "how long the command may take (60)" },
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_criteria_add = {
	.path = "tentacle goal criteria add",
	.summary = "add what has to be true, and its proof",
	.usage = "--desc TEXT [--id NAME] [--verify-cmd COMMAND] [--timeout S]",
	.example = "sk goal criteria add --id tests --desc \"all pass\" --verify-cmd \"make test\"",
	.options = tentacle_goal_criteria_add_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_criteria_add_run,
};
