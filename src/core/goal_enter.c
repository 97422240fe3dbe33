/* Whatever tells of a status goes when the status does: a reason left over from last week misleads
 * whoever reads the goal next. */
#include "core/goal_enter.h"

static void leave(struct goal *g, int64_t now_ms)
{
	if (g->active_since_ms) {
		g->active_ms = goal_active_ms(g, now_ms);
		g->active_since_ms = 0;
	}
	g->paused_ms = 0;
	g->pause_reason = g->paused_session = SPAN_NONE;
	g->needs_human_ms = 0;
	g->needs_human_reason = SPAN_NONE;
	g->needs_human_criteria = (struct texts){ NULL, 0 };
	g->awaiting_gate_id = g->awaiting_gate_reason = SPAN_NONE;
}

void goal_enter(struct goal *draft, enum goal_state to, int64_t now_ms)
{
	struct span was = span_of(goal_state_word(draft->status));

	leave(draft, now_ms);
	draft->previous_status = to == GOAL_PAUSED || to == GOAL_NEEDS_HUMAN ? was : SPAN_NONE;
	switch (to) {
	case GOAL_ACTIVE:
		draft->active_since_ms = now_ms;
		break;
	case GOAL_PAUSED:
		draft->paused_ms = now_ms;
		break;
	case GOAL_NEEDS_HUMAN:
		draft->needs_human_ms = now_ms;
		break;
	case GOAL_COMPLETED:
		draft->completed_ms = now_ms;
		break;
	case GOAL_ABANDONED:
		draft->abandoned_ms = now_ms;
		break;
	default:
		break;
	}
}

struct evaluation *goal_evaluation_add(struct goal *draft, struct arena *arena, int64_t now_ms)
{
	struct evaluation *ev = doc_list_add(&evaluation_type, arena, &draft->eval_history);
	const struct gate *gates = draft->gates.v;
	const struct criterion *criteria = draft->criteria.v;

	ev->iteration = draft->iteration;
	ev->at_ms = now_ms;
	ev->gates_total = draft->gates.count;
	for (size_t i = 0; i < draft->gates.count; i++)
		ev->gates_passed += gates[i].status == GATE_PASSED;
	ev->criteria_total = draft->criteria.count;
	for (size_t i = 0; i < draft->criteria.count; i++)
		ev->criteria_verified += criteria[i].status == CRITERION_VERIFIED;
	return ev;
}
