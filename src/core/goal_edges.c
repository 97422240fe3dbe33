/*
 * The life of a goal. Completed and abandoned are the end: a fresh start is a new goal. A goal that
 * waits for a gate leaves that state only when no gate blocks any more.
 */
#include "core/edge.h"

#define ROW(id, from, on, to, event)                                   \
	{                                                              \
		id, from, ON_##on, 0, 0, GOAL_##to, EV_GOAL_##event, 0 \
	}
#define LIVE(id, from, on, to, event) ROW(id, GOAL_##from, on, to, event)

/* clang-format off */
static const struct edge goal_edges[] = {
	/*   id      from           on              to             event */
	ROW( "GO1",  NO_STATE,      GOAL_INIT,      ACTIVE,        CREATED),
	LIVE("GO2",  ACTIVE,        EVAL_CONTINUE,  ACTIVE,        CONTINUED),
	LIVE("GO3",  ACTIVE,        EVAL_PAUSE,     PAUSED,        PAUSED),
	LIVE("GO3",  AWAITING_GATE, EVAL_PAUSE,     PAUSED,        PAUSED),
	LIVE("GO4",  ACTIVE,        EVAL_COMPLETE,  COMPLETED,     COMPLETED),
	LIVE("GO5",  ACTIVE,        EVAL_ABANDON,   ABANDONED,     ABANDONED),
	LIVE("GO5",  PAUSED,        EVAL_ABANDON,   ABANDONED,     ABANDONED),
	LIVE("GO5",  AWAITING_GATE, EVAL_ABANDON,   ABANDONED,     ABANDONED),
	LIVE("GO5",  NEEDS_HUMAN,   EVAL_ABANDON,   ABANDONED,     ABANDONED),
	LIVE("GO6",  ACTIVE,        GATE_BLOCKS,    AWAITING_GATE, GATED),
	LIVE("GO7",  AWAITING_GATE, GATES_CLEARED,  ACTIVE,        UNGATED),
	LIVE("GO8",  ACTIVE,        OVER_BUDGET,    NEEDS_HUMAN,   ESCALATED),
	LIVE("GO9",  ACTIVE,        VERIFY_STALLED, NEEDS_HUMAN,   ESCALATED),
	LIVE("GO9",  AWAITING_GATE, VERIFY_STALLED, NEEDS_HUMAN,   ESCALATED),
	LIVE("GO10", ACTIVE,        SESSION_END,    PAUSED,        PAUSED),
	LIVE("GO10", AWAITING_GATE, SESSION_END,    PAUSED,        PAUSED),
	LIVE("GO11", PAUSED,        GOAL_RESUME,    ACTIVE,        RESUMED),
	LIVE("GO11", NEEDS_HUMAN,   GOAL_RESUME,    ACTIVE,        RESUMED),
	LIVE("GO11", AWAITING_GATE, GOAL_RESUME,    ACTIVE,        RESUMED),
	LIVE("GO12", PAUSED,        GATE_BLOCKS,    AWAITING_GATE, GATED),
	LIVE("GO12", NEEDS_HUMAN,   GATE_BLOCKS,    AWAITING_GATE, GATED),
	LIVE("GO13", ACTIVE,        QUOTA_HIT,      PAUSED,        PAUSED),
	LIVE("GO13", AWAITING_GATE, QUOTA_HIT,      PAUSED,        PAUSED),
	LIVE("GO14", ACTIVE,        AGENTS_STUCK,   NEEDS_HUMAN,   ESCALATED),
};
/* clang-format on */

const struct life goal_life = {
	"goal",           goal_edges,      ARRAY_LEN(goal_edges),
	GOAL_STATE_COUNT, goal_state_word, goal_state_final,
};
