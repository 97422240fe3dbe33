/* The memory is about to go, the session is not: the goal stays as it is, and only a breadcrumb is
 * left for the moment after. One that tells of a pause is not written over. */
#include "hooks/goal_hook.h"

#include <errno.h>

int rule_compaction(struct hook *h, struct err *e)
{
	CLEANUP(goal_hook_close) struct goal_store *s = NULL;
	const struct goal *g;
	int rc = goal_hook_open(h, 0, &s, e);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	g = goals_chosen(goal_store_goals(s));
	if (!g || goal_state_final(g->status) || g->status == GOAL_PAUSED ||
	    goal_hook_tentacle(h, s))
		return 0;
	rc = goal_hook_leave(h, s, g, span_of(goal_state_word(g->status)), SPAN_LIT("compaction"),
			     0, e);
	return rc < 0 ? rc : 1;
}
