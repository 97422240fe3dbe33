/* Which agents could be started here, before a night depends on one of them. */
#include <limits.h>

#include "base/when.h"
#include "cmd/goal/agent_config.h"
#include "cmd/fit.h"

static const char *const source_words[] = {
	[AGENT_BUILT_IN] = "built in",
	[AGENT_USER] = "user",
	[AGENT_REPOSITORY] = "repository",
};

struct found {
	char program[PATH_MAX];
	bool there;
};

static void look(const struct cmd_ctx *c, const struct agent *a, struct found *out)
{
	out->there = agent_program(a, c->goal_paths->root, out->program, sizeof(out->program)) == 0;
}

/* Whether somebody relies on it: a file names it, or it is the default. */
static bool wanted(const struct agents *all, const struct agent *a)
{
	return a->source != AGENT_BUILT_IN || span_eq(a->name, all->chosen);
}

static void print_json(struct cmd_ctx *c, const struct agents *all)
{
	struct json j;

	json_open(&j, c->out, "agents");
	json_span(&j, "default_agent", all->chosen);
	json_bool(&j, "auto_release", all->auto_release);
	json_array(&j, "agents");
	for (size_t i = 0; i < all->count; i++) {
		const struct agent *a = &all->v[i];
		struct found found;

		look(c, a, &found);
		json_object(&j, NULL);
		json_span(&j, "name", a->name);
		json_text(&j, "source", source_words[a->source]);
		json_span(&j, "provider", a->provider);
		json_array(&j, "command");
		for (size_t k = 0; k < a->command.count; k++)
			json_span(&j, NULL, a->command.v[k]);
		json_array_end(&j);
		json_text(&j, "program", found.there ? found.program : NULL);
		json_span(&j, "model", a->model);
		json_i64(&j, "timeout_ms", a->timeout_ms);
		json_i64(&j, "max_parallel", a->max_parallel);
		json_array(&j, "variables"); /* their names alone: values may be secrets */
		for (size_t k = 0; k < a->env.count; k++) {
			const char *end = memchr(a->env.v[k].p, '=', a->env.v[k].len);

			json_span(&j, NULL,
				  (struct span){ a->env.v[k].p, (size_t)(end - a->env.v[k].p) });
		}
		json_array_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_close(&j);
}

static void print_text(struct cmd_ctx *c, const struct agents *all)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(6);

	for (size_t i = 0; i < all->count; i++) {
		CLEANUP(buf_release) struct buf limit = BUF_INIT;
		const struct agent *a = &all->v[i];
		struct found found;

		look(c, a, &found);
		if (a->timeout_ms)
			buf_put_duration(&limit, a->timeout_ms);
		else
			buf_puts(&limit, "no limit");
		table_span(&t, span_eq(a->name, all->chosen) ? STYLE_BOLD : STYLE_PLAIN, a->name);
		table_span(&t, STYLE_PLAIN, a->provider);
		table_cell(&t, STYLE_DIM, "%s", limit.p);
		table_cell(&t, STYLE_DIM, "%lld at once", (long long)a->max_parallel);
		table_cell(&t, STYLE_DIM, "%s", source_words[a->source]);
		table_cell(&t, found.there ? STYLE_GOOD : STYLE_WARN, "%s",
			   found.there ? found.program : "not found");
	}
	table_print(&t, c->out, 0);
	if (all->chosen.len)
		out_putf(c->out, "default: %.*s\n", SPAN_ARG(all->chosen));
	if (!all->auto_release)
		out_puts(c->out, "parked work is not released by itself\n");
	if (!all->worktree)
		out_puts(c->out, "agents work in the main checkout\n");
	if (!all->merge)
		out_puts(c->out, "handed off work is not merged by itself\n");
}

static int check(const struct cmd_ctx *c, const struct agents *all, struct err *e)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct agent *a = &all->v[i];
		CLEANUP(buf_release) struct buf word = BUF_INIT;
		struct found found;

		look(c, a, &found);
		if (found.there || !wanted(all, a))
			continue;
		buf_put_quoted(&word, a->command.v[0], 200);
		return err_set(e, -SK_EWORK,
			       "agent %.*s: its program %s is not found. Try: install it, or "
			       "another command in config.yaml",
			       SPAN_ARG(a->name), word.p);
	}
	return 0;
}

static int agents_list_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(agents_release) struct agents all = AGENTS_INIT;
	int rc = agent_config_load(c, &all, e);

	if (rc == 0 && options_has(c->options, "check"))
		rc = check(c, &all, e);
	if (rc < 0)
		return rc;
	if (c->json)
		print_json(c, &all);
	else
		print_text(c, &all);
	return EXIT_DONE;
}

static const struct option_row agents_list_options[] = {
	{ .name = "check",
	  .kind = OPTION_FLAG,
	  .summary = "fail when an agent that a file names, or the default, is not installed" },
	{ .name = NULL },
};

const struct cmd cmd_agents_list = {
	.path = "agents list",
	.summary = "show which agents can be started here",
	.usage = "[--check]",
	.about = "claude, copilot and codex are known. ~/.config/holdfast/config.yaml and "
		 ".octogent/config.yaml "
		 "change them and add others; the latter wins, member by member:\n\n"
		 "  agents:\n"
		 "    claude: {timeout: 1h, model: opus}\n"
		 "    local:\n"
		 "      command: [my-agent, --in, \"{worktree}\", --file, \"{prompt_file}\"]\n"
		 "      provider: openai        # whose limits it meets\n"
		 "      env: {MY_KEY: secret}   # given to the agent alone, never printed\n"
		 "      max_parallel: 2\n"
		 "      write_paths: [~/.cache/my-agent]\n"
		 "  default_agent: claude\n"
		 "  auto_release: true          # of parked work, when its time has come\n"
		 "  worktree: true              # a run gets a worktree of its own\n"
		 "  merge: true                 # sk goal loop merges what was handed off well\n\n"
		 "A command is a list of words; no shell reads it. {prompt}, {prompt_file}, "
		 "{worktree}, {name} and {model} stand for their values, {model_args} for the "
		 "words "
		 "of model_args when there is a model. Without {prompt} and {prompt_file} the "
		 "prompt comes on standard input.",
	.example = "sk agents list --check",
	.options = agents_list_options,
	.needs = NEED_GOALS,
	.args = ARG_NONE,
	.run = agents_list_run,
};
