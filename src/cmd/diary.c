/* Running something of a task by hand may change the world, although the state stays as it is: the
 * next person should be able to read of it. */
#include "cmd/diary.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/interventions.h"

int diary_task(const struct cmd_ctx *c, struct span task_id, int result, const char *message,
	       struct err *e)
{
	const char *given = options_text(c->options, "operator"), *user = getenv("USER");
	const char *reason = options_text(c->options, "reason");
	char uid[32];
	struct intervention line = { .at_ms = c->now_ms,
				     .script = span_of(c->cmd->path),
				     .args = &task_id,
				     .arg_count = 1,
				     .reason = reason ? span_of(reason) : SPAN_NONE,
				     .entity_type = SPAN_LIT("task"),
				     .entity_id = task_id,
				     .result = intervention_result_of(result),
				     .message = span_of(message) };

	snprintf(uid, sizeof(uid), "uid %u", (unsigned)getuid());
	line.operator_name = span_of(given ? given : user && *user ? user : uid);
	return interventions_add(c->view->dir, &line, e);
}
