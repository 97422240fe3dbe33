/*
 * The configuration is read as strictly as a plan, by the same reader: an agent that runs for hours
 * with a misspelt limit costs more than a refusal. A file says only what differs from what is known
 * already, member by member, so a person who wants another time limit need not repeat a command.
 */
#include "work/agents.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "plan/plan_rule.h"
#include "plan/plan_text.h"
#include "plan/plan_value.h"
#include "plan/plan_yaml.h"

void agents_release(struct agents *a)
{
	mem_free(&a->v);
	arena_release(&a->text);
	*a = (struct agents)AGENTS_INIT;
}

const struct agent *agents_find(const struct agents *a, struct span name)
{
	for (size_t i = 0; i < a->count; i++)
		if (span_eq(a->v[i].name, name))
			return &a->v[i];
	return NULL;
}

/* One file on its way into *to. */
struct config {
	struct reading r;
	struct agents *to;
	enum agent_source source;
};

/* A word of a command: what stands in single brackets must be a placeholder. */
static int check_word(const struct reading *r, const struct node *n, struct span word)
{
	for (size_t i = 0; i < word.len; i++) {
		const char *close;
		struct span name;

		if (word.p[i] != '{')
			continue;
		if (i + 1 < word.len && word.p[i + 1] == '{') {
			i++;
			continue;
		}
		close = memchr(word.p + i, '}', word.len - i);
		name = (struct span){ word.p + i + 1,
				      close ? (size_t)(close - word.p) - i - 1 : 0 };
		if (!close || !agent_placeholder(name))
			return value_problem(r, n,
					     "%s: this is no placeholder. Try: {prompt}, "
					     "{prompt_file}, {worktree}, {name}, {model} or "
					     "{model_args}; {{ for the bracket itself",
					     value_quote(r, word));
		if (span_is(name, "model_args") && word.len != name.len + 2)
			return value_problem(r, n,
					     "%s: {model_args} stands for several words. Try: "
					     "\"{model_args}\" as a word of its own",
					     value_quote(r, word));
	}
	return 0;
}

/* A list of words into the agents' own memory; `filled`: they may hold placeholders. */
static int read_words(struct config *c, const struct node *n, bool filled, struct texts *out)
{
	struct texts words = { NULL, 0 };
	int rc = value_list(&c->r, n);

	if (rc == 0 && n->len > AGENT_WORDS_MAX)
		rc = value_problem(&c->r, n, "%.*s: more than %d words", SPAN_ARG(node_key(n)),
				   AGENT_WORDS_MAX);
	if (rc < 0)
		return rc;
	words.v = arena_alloc(&c->to->text, (n->len + 1) * sizeof(*words.v));
	for (const struct node *word = n->child; word; word = word->next) {
		struct span text;

		rc = value_line(&c->r, word, COMMAND_BYTES_MAX, &text);
		if (rc == 0 && filled)
			rc = check_word(&c->r, word, text);
		if (rc < 0)
			return rc;
		words.v[words.count++] = arena_copy(&c->to->text, text);
	}
	*out = words;
	return 0;
}

static int read_command(struct config *c, const struct node *n, struct texts *out)
{
	if (n->kind != NODE_LIST || n->len == 0)
		return value_problem(&c->r, n,
				     "command: expected a list of words, found %s: no shell reads "
				     "it. Try: [my-agent, --file, \"{prompt_file}\"]",
				     n->kind == NODE_LIST ? "an empty one" : node_kind_words(n));
	return read_words(c, n, true, out);
}

static bool variable_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] != '_' && !(name.p[i] >= 'A' && name.p[i] <= 'Z') &&
		    !(name.p[i] >= 'a' && name.p[i] <= 'z') &&
		    !(i > 0 && name.p[i] >= '0' && name.p[i] <= '9'))
			return false;
	return name.len > 0;
}

static int read_env(struct config *c, const struct node *n, struct texts *out)
{
	CLEANUP(buf_release) struct buf pair = BUF_INIT;
	struct texts env = { NULL, 0 };
	int rc = value_map(&c->r, n);

	if (rc == 0 && n->len > AGENT_WORDS_MAX)
		rc = value_problem(&c->r, n, "env: more than %d variables", AGENT_WORDS_MAX);
	if (rc < 0)
		return rc;
	env.v = arena_alloc(&c->to->text, (n->len + 1) * sizeof(*env.v));
	for (const struct node *m = n->child; m; m = m->next) {
		struct span value;

		if (!variable_name(node_key(m)) || span_starts(node_key(m), "SK_"))
			return problem_add(c->r.problems, c->r.source, node_key_place(m),
					   "env: %s cannot be set. Try: a name of letters, digits "
					   "and _ that does not begin with SK_",
					   value_quote(&c->r, node_key(m)));
		rc = value_text(&c->r, m, &value);
		if (rc < 0)
			return rc;
		buf_truncate(&pair, 0);
		buf_putf(&pair, "%.*s=%.*s", SPAN_ARG(node_key(m)), SPAN_ARG(value));
		env.v[env.count++] = arena_copy(&c->to->text, (struct span){ pair.p, pair.len });
	}
	*out = env;
	return 0;
}

static int read_paths(struct config *c, const struct node *n, struct texts *out)
{
	int rc = read_words(c, n, false, out);

	for (size_t i = 0; rc == 0 && i < out->count; i++)
		if (out->v[i].p[0] != '/' && !span_starts(out->v[i], "~/"))
			rc = value_problem(&c->r, n,
					   "write_paths: %s is not absolute. Try: ~/.cache/agent",
					   value_quote(&c->r, out->v[i]));
	return rc;
}

enum {
	AGENT_COMMAND,
	AGENT_MODEL_ARGS,
	AGENT_ENV,
	AGENT_WRITE_PATHS,
	AGENT_PROVIDER,
	AGENT_MODEL,
	AGENT_TIMEOUT,
	AGENT_PARALLEL,
	AGENT_SLOTS
};

static int read_lists(struct config *c, const struct node *const *slots, struct agent *a)
{
	int rc = 0;

	if (slots[AGENT_COMMAND])
		rc = read_command(c, slots[AGENT_COMMAND], &a->command);
	if (rc == 0 && slots[AGENT_MODEL_ARGS])
		rc = read_words(c, slots[AGENT_MODEL_ARGS], true, &a->model_args);
	for (size_t i = 0; rc == 0 && i < a->model_args.count; i++)
		if (span_is(a->model_args.v[i], "{model_args}"))
			rc = value_problem(&c->r, slots[AGENT_MODEL_ARGS],
					   "model_args: it cannot hold itself. Try: [--model, "
					   "\"{model}\"]");
	if (rc == 0 && slots[AGENT_ENV])
		rc = read_env(c, slots[AGENT_ENV], &a->env);
	if (rc == 0 && slots[AGENT_WRITE_PATHS])
		rc = read_paths(c, slots[AGENT_WRITE_PATHS], &a->write_paths);
	return rc;
}

static int read_values(struct config *c, const struct node *const *slots, struct agent *a)
{
	int rc = 0;

	if (slots[AGENT_PROVIDER]) {
		rc = value_name(&c->r, slots[AGENT_PROVIDER], &a->provider);
		a->provider = arena_copy(&c->to->text, a->provider);
	}
	if (rc == 0 && slots[AGENT_MODEL]) {
		rc = value_line(&c->r, slots[AGENT_MODEL], NAME_BYTES_MAX, &a->model);
		a->model = arena_copy(&c->to->text, a->model);
	}
	if (rc == 0 && slots[AGENT_TIMEOUT])
		rc = timeout_read(&c->r, slots[AGENT_TIMEOUT], &a->timeout_ms);
	if (rc == 0 && slots[AGENT_PARALLEL])
		rc = value_integer(&c->r, slots[AGENT_PARALLEL], 1, AGENT_PARALLEL_MAX,
				   &a->max_parallel);
	return rc;
}

static int read_agent(struct config *c, const struct node *n)
{
	static const struct field words[] = {
		{ "command", AGENT_COMMAND },   { "model_args", AGENT_MODEL_ARGS },
		{ "env", AGENT_ENV },           { "write_paths", AGENT_WRITE_PATHS },
		{ "provider", AGENT_PROVIDER }, { "model", AGENT_MODEL },
		{ "timeout", AGENT_TIMEOUT },   { "max_parallel", AGENT_PARALLEL },
	};
	static const struct fields fields = { words, ARRAY_LEN(words), AGENT_SLOTS, "an agent",
					      false };
	const char *problem = name_problem(node_key(n));
	const struct node *slots[AGENT_SLOTS];
	struct agent *a;
	int rc;

	if (problem)
		return problem_add(c->r.problems, c->r.source, node_key_place(n), "agent %s: %s%s",
				   value_quote(&c->r, node_key(n)), problem,
				   value_name_advice(c->r.problems, node_key(n)));
	a = (struct agent *)agents_find(c->to, node_key(n));
	if (!a && c->to->count == AGENTS_MAX)
		return value_problem(&c->r, n, "more than %d agents", AGENTS_MAX);
	if (!a)
		a = agents_add(c->to, node_key(n), c->source);
	a->source = c->source;
	rc = value_fields(&c->r, n, &fields, slots);
	if (rc == 0)
		rc = read_lists(c, slots, a);
	if (rc == 0)
		rc = read_values(c, slots, a);
	if (rc == 0 && !a->command.count)
		rc = value_problem(&c->r, n,
				   "agent %.*s has no command. Try: command: [my-agent, --file, "
				   "\"{prompt_file}\"]",
				   SPAN_ARG(node_key(n)));
	return rc;
}

enum { CONFIG_AGENTS, CONFIG_DEFAULT, CONFIG_RELEASE, CONFIG_WORKTREE, CONFIG_MERGE, CONFIG_SLOTS };

static int read_root(struct config *c, const struct node *root)
{
	static const struct field words[] = { { "agents", CONFIG_AGENTS },
					      { "default_agent", CONFIG_DEFAULT },
					      { "auto_release", CONFIG_RELEASE },
					      { "worktree", CONFIG_WORKTREE },
					      { "merge", CONFIG_MERGE } };
	static const struct fields fields = { words, ARRAY_LEN(words), CONFIG_SLOTS,
					      "the configuration", false };
	const struct node *slots[CONFIG_SLOTS];
	int rc = value_fields(&c->r, root, &fields, slots);

	if (rc == 0 && slots[CONFIG_AGENTS])
		rc = value_map(&c->r, slots[CONFIG_AGENTS]);
	if (rc < 0)
		return rc;
	if (slots[CONFIG_AGENTS])
		for (const struct node *n = slots[CONFIG_AGENTS]->child; n; n = n->next)
			if (read_agent(c, n) < 0)
				rc = -SK_EUSAGE;
	if (rc == 0 && slots[CONFIG_RELEASE])
		rc = value_bool(&c->r, slots[CONFIG_RELEASE], &c->to->auto_release);
	if (rc == 0 && slots[CONFIG_WORKTREE])
		rc = value_bool(&c->r, slots[CONFIG_WORKTREE], &c->to->worktree);
	if (rc == 0 && slots[CONFIG_MERGE])
		rc = value_bool(&c->r, slots[CONFIG_MERGE], &c->to->merge);
	if (rc == 0 && slots[CONFIG_DEFAULT]) {
		struct span name;

		rc = value_name(&c->r, slots[CONFIG_DEFAULT], &name);
		if (rc == 0 && !agents_find(c->to, name))
			return value_problem(&c->r, slots[CONFIG_DEFAULT],
					     "default_agent: there is no agent %s. Try: one of "
					     "sk agents list",
					     value_quote(&c->r, name));
		if (rc == 0)
			c->to->chosen = arena_copy(&c->to->text, name);
	}
	return rc;
}

static void read_file(struct problems *p, const char *path, enum agent_source source,
		      struct agents *to)
{
	struct config c = { .to = to, .source = source };
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct node_tree tree = { 0 };

	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	c.r = (struct reading){ p, problems_source(p, span_of(path)), NULL, &to->text };
	if (text_read(p, c.r.source, path, AGENT_CONFIG_BYTES_MAX, &raw) < 0 || raw.len == 0)
		return;
	if (text_check(p, c.r.source, (struct span){ raw.p, raw.len }) == 0 &&
	    yaml_read(p, c.r.source, (struct span){ raw.p, raw.len }, &tree) == 0)
		(void)read_root(&c, tree.root);
	node_tree_release(&tree);
}

int agents_load(const char *user_file, const char *repository_file, struct agents *out,
		struct err *e)
{
	struct problems problems = { .count = 0 };
	int rc;

	agents_add_known(out);
	if (user_file)
		read_file(&problems, user_file, AGENT_USER, out);
	if (repository_file)
		read_file(&problems, repository_file, AGENT_REPOSITORY, out);
	rc = problems_report(&problems, NULL, e);
	problems_release(&problems);
	return rc;
}

int agents_choose(const struct agents *a, struct span asked, struct span tentacles,
		  const struct agent **out, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT, shown = BUF_INIT;
	struct span name = asked.len ? asked : tentacles.len ? tentacles : a->chosen;

	if (!name.len)
		return err_set(e, -SK_EUSAGE,
			       "no agent is named, and there is no default_agent in the "
			       "configuration: nothing was started. Try: --agent claude");
	*out = agents_find(a, name);
	if (*out)
		return 0;
	for (size_t i = 0; i < a->count; i++)
		buf_putf(&names, "%s%.*s", i ? ", " : "", SPAN_ARG(a->v[i].name));
	buf_put_quoted(&shown, name, NAME_BYTES_MAX);
	return err_set(e, -SK_ENOTFOUND,
		       "agent %s: there is none of that name: nothing was started. Try: one of %s",
		       shown.p, names.p);
}
