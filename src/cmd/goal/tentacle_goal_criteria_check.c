/* Each criterion once. Whoever wants them tried again and again uses verify-loop. */
#include "cmd/goal/criteria_check.h"
#include "cmd/goal/criteria_page.h"

static int print_json(struct criteria_check *k, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	const struct goal *g;
	struct json j;
	bool passed = k->count > 0;
	int rc = criteria_check_goal(k, &s, &g, e);

	if (rc < 0)
		return rc;
	json_open(&j, k->c->out, "criteria_check");
	json_span(&j, "goal_id", g->id);
	json_array(&j, "checked");
	for (size_t i = 0; i < k->count; i++) {
		passed &= k->v[i].ran && k->v[i].outcome.exit_code == 0;
		if (k->v[i].ran)
			json_text(&j, NULL, k->v[i].id);
	}
	json_array_end(&j);
	json_bool(&j, "all_passed", passed);
	json_bool(&j, "interrupted", k->signal.number != 0);
	criteria_json(&j, g, SPAN_NONE);
	json_close(&j);
	return 0;
}

static int check(struct criteria_check *k, struct err *e)
{
	int passed;

	if (!k->count)
		return err_set(
			e, -SK_EWORK,
			"goal: there is no criterion with a command: nothing was run. Try: sk "
			"tentacle goal criteria add --desc TEXT --verify-cmd COMMAND");
	passed = criteria_check_run(k, e);
	if (passed < 0)
		return passed;
	if (k->c->json && print_json(k, e) < 0)
		return e->code;
	if (k->signal.number)
		return criteria_interrupted(k, 0);
	if (k->skipped && !k->c->json)
		out_putf(k->c->out, "%zu without a command left out\n", k->skipped);
	return passed ? EXIT_DONE : EXIT_WORK_FAILED;
}

static int tentacle_goal_criteria_check_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(criteria_check_close) struct criteria_check k = CRITERIA_CHECK_INIT;
	int rc = criteria_check_open(&k, c, false, e);

	return rc < 0 ? rc : check(&k, e);
}

static const struct option_row tentacle_goal_criteria_check_options[] = {
	CRITERIA_OPTIONS,
	GOAL_OPTION,
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_criteria_check = {
	.path = "tentacle goal criteria check",
	.summary = "run the commands that prove the criteria",
	.usage = "[--id CRITERION] [--timeout S]",
	.about = "Each runs by the shell in the root of the repository; one that takes too long is "
		 "ended with all that it started. Each result is recorded as soon as it is there, "
		 "with the state of the repository it was about. The exit code is 0 when all "
		 "passed, "
		 "1 when one failed or there was nothing to run.",
	.example = "sk tentacle goal criteria check\nsk tentacle goal criteria check --id tests "
		   "--timeout 300",
	.options = tentacle_goal_criteria_check_options,
	.needs = NEED_GOALS,
	.alias = "tentacle goal verify|tentacle goal criteria run",
	.run = tentacle_goal_criteria_check_run,
};
