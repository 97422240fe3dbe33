/*
 * From a template to the words of a command. Each placeholder is filled inside of its word, so
 * whatever a prompt or a name holds stays one argument: there is no shell that could read it.
 */
#include "base/limits.h"
#include "work/agents.h"

static const struct {
	const char *word;
	size_t offset; /* in struct agent_fill */
} places[] = {
	{ "prompt", offsetof(struct agent_fill, prompt) },
	{ "prompt_file", offsetof(struct agent_fill, prompt_file) },
	{ "worktree", offsetof(struct agent_fill, worktree) },
	{ "name", offsetof(struct agent_fill, name) },
	{ "model", offsetof(struct agent_fill, model) },
};

bool agent_placeholder(struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (span_is(word, places[i].word))
			return true;
	return span_is(word, "model_args");
}

struct filling {
	const struct agent *a;
	const struct agent_fill *fill;
	struct buf *out;
	size_t count;
	bool prompted, modelled; /* what was put somewhere */
};

static int put_place(struct filling *f, struct span name, struct err *e)
{
	struct span value = SPAN_NONE;

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (span_is(name, places[i].word))
			value = *(const struct span *)((const char *)f->fill + places[i].offset);
	if (span_is(name, "model")) {
		f->modelled = true;
		if (!value.len)
			return err_set(e, -SK_EUSAGE,
				       "agent %.*s: its command wants a model and none is named: "
				       "nothing was started. Try: --model NAME",
				       SPAN_ARG(f->a->name));
	}
	if (span_is(name, "prompt") || span_is(name, "prompt_file"))
		f->prompted = true;
	if (value.len > AGENT_ARGUMENT_BYTES_MAX)
		return err_set(e, -SK_EUSAGE,
			       "agent %.*s: the prompt has %zu bytes, more than an argument may "
			       "have: nothing was started. Try: {prompt_file} in the place of "
			       "{prompt}",
			       SPAN_ARG(f->a->name), value.len);
	buf_put(f->out, value.p, value.len);
	return 0;
}

static int put_word(struct filling *f, struct span word, struct err *e)
{
	for (size_t i = 0; i < word.len; i++) {
		const char *close;
		int rc;

		if (word.p[i] == '{' && i + 1 < word.len && word.p[i + 1] == '{') {
			buf_putc(f->out, '{');
			i++;
			continue;
		}
		if (word.p[i] != '{') {
			buf_putc(f->out, word.p[i]);
			continue;
		}
		close = memchr(word.p + i, '}', word.len - i);
		INVARIANT(close); /* agents_load let it pass */
		rc = put_place(f, (struct span){ word.p + i + 1, (size_t)(close - word.p) - i - 1 },
			       e);
		if (rc < 0)
			return rc;
		i = (size_t)(close - word.p);
	}
	buf_putc(f->out, '\0');
	f->count++;
	return 0;
}

int agent_words(const struct agent *a, const struct agent_fill *fill, struct buf *out,
		size_t *count, enum agent_stdin *input, struct err *e)
{
	struct filling f = { .a = a, .fill = fill, .out = out };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->command.count; i++) {
		if (!span_is(a->command.v[i], "{model_args}")) {
			rc = put_word(&f, a->command.v[i], e);
			continue;
		}
		for (size_t k = 0; fill->model.len && rc == 0 && k < a->model_args.count; k++)
			rc = put_word(&f, a->model_args.v[k], e);
	}
	if (rc == 0 && fill->model.len && !f.modelled)
		rc = err_set(e, -SK_EUSAGE,
			     "agent %.*s: its command has no place for a model: nothing was "
			     "started. Try: {model} in its command",
			     SPAN_ARG(a->name));
	if (rc < 0)
		return rc;
	*count = f.count;
	*input = f.prompted ? AGENT_STDIN_EMPTY : AGENT_STDIN_PROMPT;
	return 0;
}
