/*
 * Short, because agents read it before anything else, and whole, because nobody is there to ask:
 * what to do, where, which files are theirs to change, and how to say that it is done. The command
 * for the hand-off is written out with its program, which may not be on the agent's PATH.
 */
#include "work/agent_prompt.h"

static void put_part(struct buf *out, const char *title, struct span text)
{
	if (!text.len)
		return;
	buf_putf(out, "\n## %s\n\n%.*s%s", title, SPAN_ARG(text),
		 text.p[text.len - 1] == '\n' ? "" : "\n");
}

static void put_scope(struct buf *out, const struct tentacle *t)
{
	if (!t->scope.count)
		return;
	buf_puts(out, "\n## Files you may change\n\n");
	for (size_t i = 0; i < t->scope.count; i++)
		buf_putf(out, "- %.*s\n", SPAN_ARG(t->scope.v[i]));
	buf_puts(out, "\nEverything else may be read and must stay as it is. When the work needs "
		      "more, hand off with --status SCOPE_ESCALATION.\n");
}

void agent_prompt_encode(const struct goals *all, const struct tentacle *t, const char *dir,
			 const char *work, const char *program, struct buf *out)
{
	const struct goal *g = t->goal_id.len ? goals_find(all, t->goal_id) : NULL;

	buf_putf(out,
		 "# %.*s\n\nYou work on one part of a larger plan, on your own and without "
		 "anybody to ask. Work in %s.\n",
		 SPAN_ARG(t->name), work);
	put_part(out, "Task", t->description);
	if (g) {
		put_part(out, "What it is for", g->title);
		put_part(out, "More about that", g->description);
	}
	put_part(out, "To-dos", t->todo);
	put_scope(out, t);
	buf_putf(out,
		 "\n## Context\n\nRead these first where they exist:\n- "
		 "%s/tentacles/%.*s/CONTEXT.md\n- %s/tentacles/%.*s/handoff.md, what others "
		 "said who worked on it before you\n",
		 dir, SPAN_ARG(t->name), dir, SPAN_ARG(t->name));
	buf_putf(out,
		 "\n## When you are done, or cannot go on\n\nHand off before you end, always, with "
		 "one command:\n\n    %s tentacle handoff %.*s \"what was done, what is left\" "
		 "--status DONE\n\nInstead of DONE: BLOCKED, TOO_BIG, AMBIGUOUS, REGRESSED, "
		 "SCOPE_ESCALATION, SCOPE_REDUCTION. Add --changed-file FILE for each file you "
		 "changed. Without a hand-off the work counts as not done.\n",
		 program, SPAN_ARG(t->name));
}
