/* Running something of a task by hand may change the world, although the state stays as it is: the
 * next person should be able to read of it. */
#include "cmd/task/diary.h"

#include "base/limits.h"
#include "cmd/who.h"
#include "store/interventions.h"

int diary_task(const struct cmd_ctx *c, struct span task_id, int result, const char *message,
	       struct err *e)
{
	const char *reason = options_text(c->options, "reason");
	char operator_name[WHO_BYTES];
	struct intervention line = { .at_ms = c->now_ms,
				     .script = span_of(c->cmd->path),
				     .args = &task_id,
				     .arg_count = 1,
				     .reason = reason ? span_of(reason) : SPAN_NONE,
				     .entity_type = SPAN_LIT("task"),
				     .entity_id = task_id,
				     .result = intervention_result_of(result),
				     .message = span_of(message) };

	who_acts(options_text(c->options, "operator"), operator_name);
	line.operator_name = span_of(operator_name);
	return interventions_add(c->view->dir, &line, e);
}

static bool has_a_member(const char *option)
{
	static const char *const names[] = { "dry-run", "yes", "reason", "operator" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(option, names[i]) == 0)
			return true;
	return false;
}

size_t diary_words(const struct options *o, struct buf *text, struct span *out)
{
	size_t count = 0;

	buf_reserve(text, INTERVENTION_TEXT_BYTES_MAX);
	for (size_t i = 0; i < o->given_count && count < INTERVENTION_ARGS_MAX; i++) {
		const struct option_given *g = &o->given[i];

		if (has_a_member(g->row->name))
			continue;
		if (text->len + strlen(g->row->name) + 3 > INTERVENTION_TEXT_BYTES_MAX)
			break;
		out[count] = (struct span){ text->p + text->len, strlen(g->row->name) + 2 };
		buf_putf(text, "--%s", g->row->name);
		count++;
		if (g->row->kind != OPTION_FLAG && count < INTERVENTION_ARGS_MAX)
			out[count++] = span_of(g->text);
	}
	for (size_t i = 0; i < o->arg_count && count < INTERVENTION_ARGS_MAX; i++)
		out[count++] = span_of(o->args[i]);
	return count;
}
