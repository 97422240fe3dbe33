/*
 * The session ends: the goal is paused durably first, then the next session is told. The host waits
 * a second and a half at most, so nothing else is done here; when somebody holds the store for that
 * long the wish is written beside it, for whoever opens it next. An agent that was sent out ends
 * its own session in its worktree; that is no end of the goal's.
 */
#include "base/limits.h"
#include "core/goal_session.h"
#include "hooks/goal_hook.h"
#include "work/sessions.h"

#include <errno.h>

static void put_reason(const struct hook *h, struct buf *out)
{
	struct span said = h->payload.reason;

	if (said.len > HOOK_WORD_BYTES_MAX)
		said.len = HOOK_WORD_BYTES_MAX;
	buf_puts(out, SESSION_END_REASON);
	if (said.len)
		buf_put_visible(out, said);
	else
		buf_puts(out, "other");
}

/* Whether somebody else is at work here. The one that ends is not, from now on. */
static bool others_go_on(struct hook *h)
{
	CLEANUP(fd_close) int octogent = goal_hook_folder(h);
	int others;

	if (octogent < 0)
		return false;
	if (h->payload.session.len)
		sessions_gone(octogent, h->payload.session);
	others = h->host.who.pid ? sessions_others(octogent, &h->host.who, h->now_ms) : 0;
	if (others > 0)
		hook_log(h, "session_end", "info", SPAN_LIT("another session is at work"));
	return others > 0;
}

/* Somebody holds the store. What is there now is enough to write the wish down. */
static int leave_for_later(struct hook *h, struct span reason, struct err *e)
{
	CLEANUP(goal_hook_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc;

	hook_log(h, "session_end", "info", span_of(e->text));
	err_clear(e);
	rc = goal_hook_open(h, 0, &s, e);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	g = goals_chosen(goal_store_goals(s));
	if (!g || goal_hook_tentacle(h, s) || !goal_session_still_ended(g, h->now_ms))
		return 0;
	rc = goal_hook_pend(h, s, g, reason, e);
	return rc < 0 ? rc : 1;
}

int rule_session_end(struct hook *h, struct err *e)
{
	CLEANUP(goal_hook_close) struct goal_store *s = NULL;
	CLEANUP(buf_release) struct buf reason = BUF_INIT;
	const struct goal_words words = goal_hook_words(h);
	struct span session = h->payload.session, previous;
	const struct goal *g;
	int rc;

	if (others_go_on(h))
		return 0;
	put_reason(h, &reason);
	rc = goal_hook_open(h, GOALS_WRITE | GOALS_HURRY, &s, e);
	if (rc == -SK_EBUSY)
		return leave_for_later(h, (struct span){ reason.p, reason.len }, e);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	g = goals_chosen(goal_store_goals(s));
	if (!g || goal_hook_tentacle(h, s))
		return 0;
	if (session.len > HOOK_WORD_BYTES_MAX)
		session.len = HOOK_WORD_BYTES_MAX;
	previous = span_of(goal_state_word(g->status));
	rc = goal_session_pause(goal_store_turn(s), g, ON_SESSION_END, session,
				(struct span){ reason.p, reason.len }, &words);
	if (rc < 0)
		return goal_store_refused(s, rc, e);
	if (rc == 0)
		return 0;
	rc = goal_store_commit(s, e);
	if (rc < 0)
		return rc;
	g = goals_chosen(goal_store_goals(s));
	rc = goal_hook_leave(h, s, g, previous, (struct span){ reason.p, reason.len }, 0, e);
	return rc < 0 ? rc : 1;
}
