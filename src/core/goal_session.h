/*
 * A goal and the session of an agent that works on it. Some hosts say "session end" after every
 * answer, and start anew with the next prompt: so the end of a session pauses the goal at once,
 * which survives whatever comes next, and the pause is taken back by the next event of the same
 * session, without anybody noticing. It is the same session when its id is the same and either its
 * process is the one that ended it, or it comes back within SESSION_GRACE_MS (a host may start a
 * process for each event); without ids, when it is the same process and that is known to be an
 * agent's. Another session is shown how to go on, and decides itself.
 */
#ifndef SK_GOAL_SESSION_H
#define SK_GOAL_SESSION_H

#include "core/goal_turn.h"

#define SESSION_END_REASON "session_end:" /* with the host's word behind it */
#define QUOTA_REASON "quota:"             /* with a word of core/quota.h behind it */

/*
 * Pauses a goal that is active or waits for a gate, because its session ended (ON_SESSION_END) or
 * met a limit (ON_QUOTA_HIT). Returns 1; 0 when it is in another status, and nothing was changed;
 * or a negative code.
 */
int goal_session_pause(struct turn *t, const struct goal *g, enum trigger on, struct span session,
		       struct span reason, const struct goal_words *words);

/*
 * Whether a pause that was wanted at that moment, and could not be recorded then, is to be recorded
 * now: nobody has begun or resumed the goal since.
 */
bool goal_session_still_ended(const struct goal *g, int64_t wanted_ms);

/* Whose event it is. */
struct session_facts {
	struct span session; /* its id, or empty */
	bool same_process;   /* the process of the event is the one that ended the session */
	bool agent_process;  /* and its name is one of an agent's */
	bool speaks;         /* somebody begins or says something: not a tool that still ran */
	int64_t now_ms;
};

/* Whether the event takes the pause back. */
bool goal_session_returns(const struct goal *g, const struct session_facts *facts);

#endif
