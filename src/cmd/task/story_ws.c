/*
 * A workstream has no state of its own for "nobody works on it any more": an interrupt leaves it
 * open, so that running the plan again goes on. People must be told all the same, so it is worked
 * out here from its tasks and from who is alive.
 */
#include "cmd/task/story.h"

#include "core/decide.h"

bool story_cancelled(const struct task *t)
{
	return t->state == TASK_CANCELLED && !(t->flags & (TASK_WAIVES | TASK_DROPPED));
}

/* Whether a worker still works on some task of it. */
static bool at_work(const struct view *v, const struct workstream *w)
{
	for (size_t i = 0; w->assigned && i < w->task_count; i++) {
		const struct task *t = &v->st.tasks[w->tasks[i]];

		if (t->worker != NO_ID &&
		    view_worker_life(&v->st.workers[t->worker]) != WORKER_GONE)
			return true;
	}
	return false;
}

static bool was_interrupted(const struct state *st, const struct workstream *w)
{
	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *t = &st->tasks[w->tasks[i]];

		if (story_cancelled(t) && span_is(t->reason, INTERRUPTED_REASON))
			return true;
	}
	return false;
}

bool story_ws_interrupted(const struct view *v, const struct workstream *w)
{
	if (ws_state_final(w->state) || !w->started_ms || at_work(v, w))
		return false;
	return !v->alive || was_interrupted(&v->st, w);
}

const char *story_ws_word(const struct view *v, const struct workstream *w)
{
	return story_ws_interrupted(v, w) ? "interrupted" : ws_state_word(w->state);
}

enum style story_ws_style(const struct view *v, const struct workstream *w)
{
	if (story_ws_interrupted(v, w))
		return STYLE_WARN;
	switch (w->state) {
	case WS_COMPLETED:
		return STYLE_GOOD;
	case WS_FAILED:
		return STYLE_BAD;
	case WS_CANCELLED:
		return STYLE_WARN;
	default:
		return STYLE_PLAIN;
	}
}

uint32_t story_fatal(const struct state *st, const struct workstream *w)
{
	uint32_t first = NO_ID;

	for (size_t i = 0; i < w->task_count; i++) {
		const struct task *other = &st->tasks[w->tasks[i]];

		if (other->flags & TASK_FATAL &&
		    (first == NO_ID || other->last_seq < st->tasks[first].last_seq))
			first = w->tasks[i];
	}
	return first;
}

void story_put_fatal(const struct task *fatal, struct buf *out)
{
	buf_putf(out, "because %.*s%s failed", SPAN_ARG(fatal->id),
		 fatal->flags & TASK_CRITICAL ? ", which is critical," : "");
}
