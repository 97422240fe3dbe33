/*
 * The agents that are known without a configuration. Each is told to print what happens as JSON,
 * because its errors are then told apart from what it talks about, and to ask nobody: nobody is
 * there. What it may write is the kernel's business (os/landlock.h), so it is given leave to edit.
 */
#include "base/limits.h"
#include "work/agents.h"

#define WORDS_MAX 12

static const struct {
	const char *name, *provider;
	const char *command[WORDS_MAX], *model_args[4], *write_paths[4];
} known[] = {
	{ "claude",
	  "anthropic",
	  { "claude", "-p", "--output-format", "stream-json", "--verbose", "--permission-mode",
	    "acceptEdits", "{model_args}" },
	  { "--model", "{model}" },
	  { "~/.claude", "~/.claude.json" } },
	{ "copilot",
	  "github",
	  { "copilot", "--allow-all-tools", "{model_args}", "-p", "{prompt}" },
	  { "--model", "{model}" },
	  { "~/.copilot" } },
	{ "codex",
	  "openai",
	  { "codex", "exec", "--json", "--full-auto", "{model_args}", "-" },
	  { "--model", "{model}" },
	  { "~/.codex" } },
};

static void put_words(struct arena *text, struct texts *out, const char *const *words, size_t max)
{
	size_t count = 0;

	while (count < max && words[count])
		count++;
	out->v = arena_alloc(text, (count + 1) * sizeof(*out->v));
	out->count = count;
	for (size_t i = 0; i < count; i++)
		out->v[i] = span_of(words[i]);
}

struct agent *agents_add(struct agents *a, struct span name, enum agent_source source)
{
	struct agent *fresh;

	mem_grow(&a->v, &a->capacity, a->count + 1, sizeof(*a->v));
	fresh = &a->v[a->count++];
	*fresh = (struct agent){ .name = arena_copy(&a->text, name),
				 .source = source,
				 .timeout_ms = AGENT_TIMEOUT_MS,
				 .max_parallel = AGENT_PARALLEL_DEFAULT };
	fresh->provider = fresh->name; /* its limits are its own */
	return fresh;
}

void agents_add_known(struct agents *a)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct agent *one = agents_add(a, span_of(known[i].name), AGENT_BUILT_IN);

		one->provider = span_of(known[i].provider);
		put_words(&a->text, &one->command, known[i].command, WORDS_MAX);
		put_words(&a->text, &one->model_args, known[i].model_args, 4);
		put_words(&a->text, &one->write_paths, known[i].write_paths, 4);
	}
}
