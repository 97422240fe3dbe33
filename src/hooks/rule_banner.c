/*
 * A new session knows nothing: it is told what was going on and the one command that goes on with
 * it. After a compaction the goal is active and only the memory is gone, so it is told where to
 * look. When the store cannot be read the breadcrumb alone must do.
 */
#include "base/when.h"
#include "core/goal_session.h"
#include "hooks/goal_hook.h"

#define TITLE_BYTES_MAX 200
#define RULER "---------------------------------\n"

static const char *label_of(struct span reason)
{
	if (span_is(reason, "compaction") || span_is(reason, SESSION_END_REASON "compaction"))
		return "context compaction";
	if (span_starts(reason, SESSION_END_REASON) || span_is(reason, "session_end"))
		return "session end";
	if (span_starts(reason, "quota"))
		return "quota limit";
	return "paused";
}

static void put_limit(struct buf *b, const char *what, uint64_t used, uint64_t limit)
{
	if (limit)
		buf_putf(b, "%s %llu of %llu\n", what, (unsigned long long)used,
			 (unsigned long long)limit);
}

static void put_banner(struct hook *h, const struct breadcrumb *c, bool paused)
{
	struct span title = c->goal_title.len ? c->goal_title : c->goal_id;
	struct buf *b = &h->context;

	buf_puts(b, RULER);
	buf_putf(b,
		 paused ? "Goal paused (%s): " : "Goal at work (%s): ", label_of(c->pause_reason));
	if (title.len)
		buf_put_quoted(b, title, TITLE_BYTES_MAX);
	else
		buf_puts(b, "(untitled)");
	buf_puts(b, paused ? "\nResume: " BREADCRUMB_RESUME
			     "\nLook first: sk tentacle goal status\n"
			   : "\nGo on: sk tentacle goal status, then sk tentacle status\n");
	if (paused && c->due_ms > h->now_ms) {
		buf_puts(b, "Not before ");
		buf_put_when(b, c->due_ms);
		buf_puts(b, " UTC: the provider said so\n");
	}
	put_limit(b, "Iteration", c->iteration, c->max_iterations);
	put_limit(b, "Tentacles", c->tentacle_count, c->max_tentacles);
	buf_puts(b, RULER);
}

/* What the store says goes before what the breadcrumb says. */
static void from_goal(struct breadcrumb *c, const struct goal *g)
{
	bool same = span_eq(c->goal_id, g->id);

	c->goal_id = g->id;
	c->goal_title = g->title;
	if (g->status == GOAL_PAUSED)
		c->pause_reason = g->pause_reason;
	c->due_ms = same ? c->due_ms : 0;
	c->iteration = g->iteration;
	c->max_iterations = g->budget.max_iterations;
	c->tentacle_count = goal_tentacle_count(g);
	c->max_tentacles = g->budget.max_tentacles;
}

int rule_banner(struct hook *h, struct err *e)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	CLEANUP(goal_hook_close) struct goal_store *s = NULL;
	struct breadcrumb c = { .paused_ms = 0 };
	bool there = goal_hook_breadcrumb(h, &arena, &c), compacted, paused;
	int rc = goal_hook_open(h, 0, &s, e);
	const struct goal *g;

	if (rc < 0) {
		if (there)
			put_banner(h, &c, !span_is(c.pause_reason, "compaction"));
		return e->code < 0 ? rc : there;
	}
	g = goals_chosen(goal_store_goals(s));
	if (!g || goal_state_final(g->status) || goal_hook_tentacle(h, s))
		return 0;
	paused = g->status == GOAL_PAUSED;
	compacted = span_is(h->payload.source, "compact") ||
		    (there && span_is(c.pause_reason, "compaction"));
	if (!paused && !compacted)
		return 0;
	if (!paused)
		c.pause_reason = SPAN_LIT("compaction");
	from_goal(&c, g);
	put_banner(h, &c, paused);
	if (!paused)
		breadcrumb_remove(goal_store_vfs(s));
	return 1;
}
