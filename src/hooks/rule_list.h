/*
 * The rules, in the order in which they are asked: RULE(name, events). A rule is rule_<name> in
 * src/hooks/rule_<name>.c. Included with different meanings of RULE; therefore without an include
 * guard.
 */
RULE(seen, ON(SESSION_START) | ON(PROMPT) | ON(PRE_TOOL) | ON(POST_TOOL))
RULE(take_back, ON(SESSION_START) | ON(PROMPT) | ON(PRE_TOOL) | ON(POST_TOOL))
RULE(guard, ON(PRE_TOOL))
RULE(banner, ON(SESSION_START))
RULE(session_end, ON(SESSION_END))
RULE(compaction, ON(PRE_COMPACT))
RULE(agent_stop, ON(TURN_END) | ON(SUBAGENT_STOP))
RULE(limit, ON(TURN_FAILED))
