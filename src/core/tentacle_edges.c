/*
 * The life of a tentacle: what is true of it, not what somebody planned. A dispatched one was
 * handed to an agent that nobody here supervises; a running one has a process that is known; a lost
 * one had a process that is gone without a word; a failed one had a process that ended badly, a
 * stopped one was ended by somebody. While an agent runs under supervision nobody
 * completes or resets it: end the agent first.
 */
#include "core/edge.h"

#define ROW(id, from, on, to, event)                                           \
	{                                                                      \
		id, from, ON_##on, 0, 0, TENTACLE_##to, EV_TENTACLE_##event, 0 \
	}
#define LIVE(id, from, on, to, event) ROW(id, TENTACLE_##from, on, to, event)

/* clang-format off */
static const struct edge tentacle_edges[] = {
	/*   id      from              on                 to                event */
	ROW( "TE1",  NO_STATE,         TENTACLE_CREATED,  IDLE,             CREATED),
	LIVE("TE2",  IDLE,             DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE2",  ACTIVE,           DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE2",  DISPATCHED,       DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE2",  AWAITING_HANDOFF, DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE2",  FAILED,           DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE2",  STOPPED,          DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE2",  HANDED_OFF,       DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE2",  LOST,             DISPATCHED,        DISPATCHED,       DISPATCHED),
	LIVE("TE3",  IDLE,             AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE3",  ACTIVE,           AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE3",  DISPATCHED,       AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE3",  AWAITING_HANDOFF, AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE3",  FAILED,           AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE3",  STOPPED,          AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE3",  HANDED_OFF,       AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE3",  LOST,             AGENT_STARTED,     RUNNING,          STARTED),
	LIVE("TE4",  RUNNING,          AGENT_ENDED,       AWAITING_HANDOFF, ENDED),
	LIVE("TE12", RUNNING,          AGENT_FAILED,      FAILED,           ENDED),
	LIVE("TE13", RUNNING,          AGENT_STOPPED,     STOPPED,          ENDED),
	LIVE("TE5",  IDLE,             HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  ACTIVE,           HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  DISPATCHED,       HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  RUNNING,          HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  AWAITING_HANDOFF, HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  FAILED,           HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  STOPPED,          HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  HANDED_OFF,       HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  PARKED,           HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE5",  LOST,             HANDED_OFF,        HANDED_OFF,       HANDED_OFF),
	LIVE("TE6",  IDLE,             QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  ACTIVE,           QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  DISPATCHED,       QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  RUNNING,          QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  AWAITING_HANDOFF, QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  FAILED,           QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  STOPPED,          QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  HANDED_OFF,       QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  PARKED,           QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE6",  LOST,             QUOTA_HIT,         PARKED,           PARKED),
	LIVE("TE7",  PARKED,           QUOTA_RELEASED,    IDLE,             RELEASED),
	LIVE("TE8",  DISPATCHED,       OWNER_LOST,        LOST,             LOST),
	LIVE("TE8",  RUNNING,          OWNER_LOST,        LOST,             LOST),
	LIVE("TE9",  IDLE,             TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  ACTIVE,           TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  DISPATCHED,       TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  AWAITING_HANDOFF, TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  FAILED,           TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  STOPPED,          TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  HANDED_OFF,       TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  PARKED,           TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  LOST,             TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE9",  COMPLETED,        TENTACLE_RESUME,   ACTIVE,           RESUMED),
	LIVE("TE10", IDLE,             TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", ACTIVE,           TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", DISPATCHED,       TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", AWAITING_HANDOFF, TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", FAILED,           TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", STOPPED,          TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", HANDED_OFF,       TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", PARKED,           TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE10", LOST,             TENTACLE_COMPLETE, COMPLETED,        COMPLETED),
	LIVE("TE11", ACTIVE,           TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", DISPATCHED,       TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", AWAITING_HANDOFF, TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", FAILED,           TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", STOPPED,          TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", HANDED_OFF,       TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", PARKED,           TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", LOST,             TENTACLE_RESET,    IDLE,             RESET),
	LIVE("TE11", COMPLETED,        TENTACLE_RESET,    IDLE,             RESET),
};
/* clang-format on */

const struct life tentacle_life = {
	"tentacle",           tentacle_edges,      ARRAY_LEN(tentacle_edges),
	TENTACLE_STATE_COUNT, tentacle_state_word, tentacle_state_final,
};
