/*
 * Ids are unique in a store, names only in their plan. Whoever reads "task build does not exist"
 * after running a plan with a task of that name is lost, so the change is told when it is made.
 */
#include "cmd/run/run_names.h"

#define NAMES_MAX 5 /* named one by one; the rest is counted */

static void say_names(struct live *l, const struct state *st, const struct workstream *w,
		      int64_t since_ms)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	unsigned count = 0;

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (t->created_ms < since_ms || span_eq(t->id, t->name))
			continue;
		if (count++ < NAMES_MAX)
			buf_putf(&names, "%s%.*s", count > 1 ? ", " : "", SPAN_ARG(t->name));
	}
	if (!count)
		return;
	if (count > NAMES_MAX)
		buf_putf(&names, " and %u more", count - NAMES_MAX);
	live_say(l, "%.*s: %u task%s called %.*s.NAME here, because another workstream has %s: %s",
		 SPAN_ARG(w->id), count, count == 1 ? " is" : "s are", SPAN_ARG(w->id),
		 count == 1 ? "a task of that name" : "tasks of these names", names.p);
}

void run_say_names(struct live *l, const struct state *st, const struct submission *s,
		   int64_t since_ms)
{
	for (uint32_t i = 0; i < s->ws_count; i++) {
		uint32_t ws = state_ws(st, s->ws[i].name);

		if (ws != NO_ID)
			say_names(l, st, &st->ws[ws], since_ms);
	}
}
