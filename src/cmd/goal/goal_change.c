/* Each of the many commands on a goal differs in one decision; the way around it is the same. */
#include "cmd/goal/goal_change.h"

int goal_change_begin(struct goal_change *x, struct cmd_ctx *c, unsigned flags, struct err *e)
{
	int rc;

	x->c = c;
	x->words = goals_words(c, &x->actor);
	rc = goals_open_goal(c, flags | GOALS_WRITE, &x->s, &x->g, e);
	if (rc < 0)
		return rc;
	x->id = span_dup(x->g->id);
	x->turn = goal_store_turn(x->s);
	return 0;
}

int goal_change_end(struct goal_change *x, int rc, struct err *e)
{
	if (rc < 0)
		return goal_store_refused(x->s, rc, e);
	rc = goal_store_commit(x->s, e);
	x->g = goals_find(goal_store_goals(x->s), span_of(x->id));
	x->turn = goal_store_turn(x->s);
	return rc;
}

void goal_change_release(struct goal_change *x)
{
	goal_store_close(x->s);
	mem_free(&x->id);
	*x = (struct goal_change)GOAL_CHANGE_INIT;
}
