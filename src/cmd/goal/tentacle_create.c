/* The record comes first and the files follow: a kill in between leaves a whole tentacle, whose
 * missing files the next command writes. */
#include "cmd/goal/tentacles.h"
#include "cmd/next.h"
#include "core/tentacle_new.h"

static void print_created(struct cmd_ctx *c, const struct goals *all, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	const struct goal *chosen = goals_chosen(all);

	if (c->json) {
		tentacle_print_json(c, t);
		return;
	}
	out_putf(c->out, "tentacle %.*s: " TENTACLES_DIR "/%.*s\n", SPAN_ARG(t->name),
		 SPAN_ARG(t->name));
	if (!t->goal_id.len && chosen && !goal_state_final(chosen->status))
		next_add(&next, "sk tentacle goal link %.*s", SPAN_ARG(t->name));
	next_add(&next, "sk tentacle todo %.*s add TEXT", SPAN_ARG(t->name));
	next_add(&next, "sk tentacle dispatch %.*s", SPAN_ARG(t->name));
	out_next(c->out, &next);
}

static int check_folder(struct goal_store *s, const char *typed, struct err *e)
{
	const struct goal_file_problem *all;
	const struct tentacle *same;
	struct span name = span_of(typed);
	size_t count;

	if (goals_tentacle(goal_store_goals(s), name))
		(void)goal_store_tentacle(s, typed, &same, NULL);
	count = goal_store_problems(s, &all);
	for (size_t i = 0; i < count; i++)
		if (all[i].tentacle && span_is(name, all[i].subject))
			return err_set(e, -SK_EREFUSED,
				       "tentacle \"%.*s\": exists, but %s. Try: sk tentacle goal "
				       "repair --tentacle %.*s",
				       SPAN_ARG(name), all[i].text, SPAN_ARG(name));
	if (tentacle_folder_there(s, name) && !goals_tentacle(goal_store_goals(s), name))
		return err_set(e, -SK_EREFUSED,
			       "tentacle \"%.*s\": %s/" TENTACLES_DIR "/%.*s is there and belongs "
			       "to no tentacle: no tentacle was made. Try: move it aside",
			       SPAN_ARG(name), goal_store_dir(s), SPAN_ARG(name));
	return 0;
}

static int create(struct cmd_ctx *c, struct arena *arena, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	struct tentacle_new fresh = {
		.name = tentacles_name(c),
		.description = span_of(options_text(c->options, "desc")),
		.agent = span_of(options_text(c->options, "agent")),
		.model = span_of(options_text(c->options, "model")),
		.goal_id = span_of(options_text(c->options, "goal-id")),
		.iteration = options_number(c->options, "iteration", 0),
	};
	const struct tentacle *t;
	char id[37];
	int rc = uuid_make(id, e);

	if (rc == 0 && fresh.iteration && !fresh.goal_id.len)
		rc = err_set(e, -SK_EUSAGE,
			     "--iteration: of which goal? No tentacle was made. Try: --goal-id ID, "
			     "or sk tentacle goal link NAME afterwards");
	if (rc == 0)
		rc = tentacles_check_name(fresh.name, e);
	if (rc == 0)
		rc = tentacles_open_store(c, GOALS_WRITE | GOALS_CREATE | GOALS_NAMED, &s, e);
	if (rc < 0)
		return rc;
	fresh.id = span_of(id);
	texts_add_options(arena, &fresh.scope, c, "scope", true);
	texts_add_options(arena, &fresh.skills, c, "skill", false);
	texts_add_options(arena, &fresh.depends_on, c, "depends-on", true);
	rc = check_folder(s, c->options->args[0], e);
	if (rc < 0)
		return rc;
	rc = tentacle_begin(goal_store_turn(s), &fresh, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	rc = tentacles_commit(s, fresh.name, &t, e);
	if (rc == 0)
		rc = context_make(s, t, options_has(c->options, "briefing"), e);
	if (rc < 0)
		return rc;
	print_created(c, goal_store_goals(s), t);
	return EXIT_DONE;
}

static int tentacle_create_run(struct cmd_ctx *c, struct err *e)
{
	struct arena arena = ARENA_INIT;
	int rc = create(c, &arena, e);

	arena_release(&arena);
	return rc;
}

static const struct option_row tentacle_create_options[] = {
	{ .name = "scope",
	  .kind = OPTION_TEXT,
	  .value = "A,B",
	  .repeats = true,
	  .summary = "what it may change: paths, folders, patterns" },
	{ .name = "desc", .kind = OPTION_TEXT, .value = "TEXT", .summary = "what it is about" },
	{ .name = "skill",
	  .kind = OPTION_TEXT,
	  .value = "NAME",
	  .repeats = true,
	  .summary = "a skill its agent should use" },
	{ .name = "goal-id",
	  .kind = OPTION_TEXT,
	  .completes = ARG_GOAL,
	  .value = "ID",
	  .summary = "link it to this goal (a beginning of its id will do)" },
	{ .name = "iteration",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .min = 1,
	  .summary = "of that goal (the present one)" },
	{ .name = "depends-on",
	  .kind = OPTION_TEXT,
	  .completes = ARG_TENTACLE,
	  .value = "A,B",
	  .repeats = true,
	  .summary = "tentacles that must succeed first" },
	{ .name = "agent",
	  .kind = OPTION_TEXT,
	  .value = "NAME",
	  .summary = "which agent of the configuration does it" },
	{ .name = "model", .kind = OPTION_TEXT, .value = "NAME", .summary = "with this model" },
	{ .name = "briefing", .kind = OPTION_FLAG, .summary = "put what is known into CONTEXT.md" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_create = {
	.path = "tentacle create",
	.summary = "begin a named piece of work for an agent",
	.usage = "NAME [--scope A,B] [--desc TEXT]",
	.about = "Makes .octogent/tentacles/NAME with CONTEXT.md and todo.md, which people and "
		 "agents write, and meta.json, which shows what is recorded.",
	.example = "sk tentacle create port-parser --scope src/parse --desc \"Port it to C\"",
	.options = tentacle_create_options,
	.needs = NEED_GOALS,
	.args = ARG_TEXT,
	.args_min = 1,
	.args_max = 1,
	.run = tentacle_create_run,
};
