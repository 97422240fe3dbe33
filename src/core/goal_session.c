/* Only pauses that a session's end or a limit made are taken back; what a person paused stays so.
 */
#include "core/goal_session.h"

#include "base/limits.h"
#include "core/goal_enter.h"

int goal_session_pause(struct turn *t, const struct goal *g, enum trigger on, struct span session,
		       struct span reason, const struct goal_words *words)
{
	struct goal next = *g;
	int rc;

	if (g->status != GOAL_ACTIVE && g->status != GOAL_AWAITING_GATE)
		return 0;
	goal_enter(&next, GOAL_PAUSED, t->now_ms);
	next.pause_reason = reason;
	next.paused_session = session;
	rc = goal_move(t, &next, on, words);
	return rc < 0 ? rc : 1;
}

bool goal_session_still_ended(const struct goal *g, int64_t wanted_ms)
{
	return (g->status == GOAL_ACTIVE || g->status == GOAL_AWAITING_GATE) &&
	       g->created_ms <= wanted_ms && g->resumed_ms <= wanted_ms;
}

bool goal_session_returns(const struct goal *g, const struct session_facts *f)
{
	bool quota = span_starts(g->pause_reason, QUOTA_REASON);

	if (g->status != GOAL_PAUSED ||
	    (!quota && !span_starts(g->pause_reason, SESSION_END_REASON)))
		return false;
	if (quota && !f->speaks)
		return false;
	if (!g->paused_session.len && !f->session.len)
		return f->same_process && f->agent_process;
	return span_eq(g->paused_session, f->session) &&
	       (f->same_process || f->now_ms - g->paused_ms <= SESSION_GRACE_MS);
}
