/* Iteration 1 is open from the first moment: tentacles can be linked before anything is decided. */
#include "core/goal_init.h"

#include "base/err.h"
#include "core/goal_budget.h"
#include "core/goal_edit.h"

int goal_begin(struct turn *t, const struct goal_new *fresh, const struct goal_words *words)
{
	const struct goal *chosen = goals_chosen(&t->st->goals);
	struct iteration *first;
	struct goal g;
	int rc;

	if (chosen && !goal_state_final(chosen->status) && !fresh->beside)
		return turn_refuse(t, -SK_EREFUSED,
				   "goal \"%.*s\" is %s: nothing was changed. Try: sk tentacle "
				   "goal status, or --force to begin another one beside it",
				   SPAN_ARG(chosen->title), goal_state_word(chosen->status));
	doc_clear(&goal_type, &g);
	g.id = fresh->id;
	g.title = fresh->title.len ? fresh->title : SPAN_LIT("Unnamed Goal");
	g.description = fresh->description;
	g.budget = fresh->budget;
	g.iteration = 1;
	g.created_ms = g.active_since_ms = t->now_ms;
	rc = goal_check_words(t, &g);
	if (rc == 0)
		rc = goal_budget_check(t, &g.budget);
	if (rc < 0)
		return rc;
	first = doc_list_add(&iteration_type, goal_arena(t), &g.iterations);
	first->number = 1;
	first->started_ms = t->now_ms;
	rc = goal_move(t, &g, ON_GOAL_INIT, words);
	if (rc == 0)
		goal_choose(t, goals_find(&t->st->goals, fresh->id), words);
	return rc;
}
