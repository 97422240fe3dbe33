/*
 * Short, because it is read before anything else, and whole, because nobody is there to ask: what
 * to do, where, which files are theirs to change, and how to say that it is done.
 */
#include "work/prompt.h"

#include "core/todo.h"
#include "work/tentacle_dir.h"

static void put_text(struct buf *out, const char *title, struct span text)
{
	if (!text.len)
		return;
	buf_putf(out, "\n## %s\n\n%.*s%s", title, SPAN_ARG(text),
		 text.p[text.len - 1] == '\n' ? "" : "\n");
}

/* A list that stands here twice is read as two lists. */
static void put_context(const struct prompt *p, struct buf *out)
{
	CLEANUP(buf_release) struct buf own = BUF_INIT;

	context_own_words(p->t, p->context, &own);
	put_text(out, "Context", (struct span){ own.p, own.len });
}

static void put_todos(const struct prompt *p, struct buf *out)
{
	struct todo_item item;
	size_t at = 0;

	buf_puts(out, "\n## To do\n\n");
	if (p->only.len) {
		buf_putf(out, "- [ ] %.*s\n\nThis one only: others work on the rest.\n",
			 SPAN_ARG(p->only));
		return;
	}
	while (todo_next(p->t->todo, &at, &item))
		if (!item.done)
			buf_putf(out, "%*s- [ ] %.*s\n", (int)item.depth, "", SPAN_ARG(item.text));
	buf_putf(out,
		 "\nCheck each off as soon as it is done: %s tentacle todo %.*s done N, with "
		 "the numbers of %s tentacle todo %.*s list.\n",
		 p->program, SPAN_ARG(p->t->name), p->program, SPAN_ARG(p->t->name));
}

static void put_scope(const struct tentacle *t, struct buf *out)
{
	if (!t->scope.count)
		return;
	buf_puts(out, "\n## Files you may change\n\n");
	for (size_t i = 0; i < t->scope.count; i++)
		buf_putf(out, "- %.*s\n", SPAN_ARG(t->scope.v[i]));
	buf_puts(out, "\nEverything else may be read and stays as it is. When the work needs more, "
		      "hand off with --status SCOPE_ESCALATION.\n");
}

static void put_end(const struct prompt *p, struct buf *out)
{
	buf_putf(out,
		 "\n## When you are done, or cannot go on\n\nHand off before you end, always, with "
		 "one command:\n\n    %s tentacle handoff %.*s \"what was done, what is left\" "
		 "--status DONE --changed-file FILE\n\nInstead of DONE: BLOCKED, TOO_BIG, "
		 "AMBIGUOUS, REGRESSED, SCOPE_ESCALATION or SCOPE_REDUCTION. A quota or a rate "
		 "limit is BLOCKED: say what the service said, word for word.\n",
		 p->program, SPAN_ARG(p->t->name));
}

void prompt_encode(const struct prompt *p, struct buf *out)
{
	const struct tentacle *t = p->t;
	const struct goal *g = t->goal_id.len ? goals_find(p->all, t->goal_id) : NULL;

	buf_putf(out, "# %.*s\n\nYou work on one part of a larger plan, on your own. Work in %s.\n",
		 SPAN_ARG(t->name), p->work);
	if (t->worktree.prepared && span_is(t->worktree.path, p->work))
		buf_putf(out,
			 "That is a checkout of your own, on the branch %.*s: commit there what "
			 "belongs together. It is merged by others when you have handed off.\n",
			 SPAN_ARG(t->worktree.branch));
	if (g) {
		put_text(out, "What it is for", g->title);
		put_text(out, "More about that", g->description);
	}
	put_context(p, out);
	put_todos(p, out);
	put_scope(t, out);
	for (size_t i = 0; i < t->skills.count; i++)
		buf_putf(out, "%s- %.*s\n", i ? "" : "\n## Skills to use\n\n",
			 SPAN_ARG(t->skills.v[i]));
	buf_putf(out,
		 "\n## Read first, where it exists\n\n- %s/tentacles/%.*s/handoff.md: what "
		 "others said who worked on it before you\n",
		 p->dir, SPAN_ARG(t->name));
	if (p->bundle)
		buf_putf(out,
			 "- %s/tentacles/%.*s/bundle/: instructions and skills of this "
			 "repository; begin with manifest.json\n",
			 p->dir, SPAN_ARG(t->name));
	put_end(p, out);
}
