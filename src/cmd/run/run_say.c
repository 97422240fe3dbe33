/* The same words whether this process takes the plan to its end or another one does. */
#include "cmd/run/run_say.h"

#include <unistd.h>

#include "core/submit_find.h"

/* Completed tasks whose definition the plan has changed meanwhile: they keep what they did. */
static uint32_t changed_too_late(const struct state *st, const struct submission *s)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < s->task_count; i++) {
		uint32_t task = submit_find_spec(st, s, i);

		if (task != NO_ID && st->tasks[task].state == TASK_COMPLETED)
			count += !span_eq(st->tasks[task].def, s->tasks[i].def);
	}
	return count;
}

void run_say_submission(struct live *l, const struct cmd_ctx *c, const struct run_request *r,
			const struct submit_report *report, const struct state *st, unsigned slots)
{
	const struct submission *s = &r->submission;
	CLEANUP(mem_free) char *here = getcwd(NULL, 0);
	uint32_t too_late =
		r->flags & SUBMIT_NEW_RUN || !report->changed ? 0 : changed_too_late(st, s);

	if (here && strcmp(here, c->paths->root) != 0)
		live_say(l, "state and tasks live in %s", c->paths->root);
	if (too_late)
		live_say(l,
			 "%u %s completed before the plan changed; not run again "
			 "(--new-run runs everything again)",
			 (unsigned)too_late, too_late == 1 ? "task was" : "tasks were");
	if (report->all_completed)
		return; /* the summary says it */
	if (report->fresh && slots)
		live_say(l, "%.*s: %u task%s, %u at a time", SPAN_ARG(s->ws[0].name),
			 (unsigned)s->task_count, PLURAL(s->task_count), slots);
	else if (report->fresh)
		live_say(l, "%.*s: %u task%s", SPAN_ARG(s->ws[0].name), (unsigned)s->task_count,
			 PLURAL(s->task_count));
	else
		live_say(l,
			 "%.*s: going on; completed earlier %u of %u, at work %u, "
			 "tried again %u",
			 SPAN_ARG(s->ws[0].name), (unsigned)report->kept_completed,
			 (unsigned)s->task_count, (unsigned)report->live,
			 (unsigned)report->retried);
}
